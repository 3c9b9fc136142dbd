//! A time as people say it: a date, or how long ago.

use std::{fmt, str::FromStr};

use jiff::{SignedDuration, Span, SpanRelativeTo, Timestamp};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// A point in time: `2026-11-01T00:00:00Z` (RFC 3339), or so long before now:
/// `90m`, `2h`, `1d 12h`. A day has 24 hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// At a time.
    At(Timestamp),
    /// So long ago.
    Ago(SignedDuration),
}

/// The text names no [`Moment`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a time such as 2026-11-01T00:00:00Z, or how long ago, such as 90m, 2h or 1d")]
pub struct UnknownMoment;

impl Moment {
    /// The time that is meant when it is said at `now`; the first of all times
    /// where it would be before it.
    #[must_use]
    pub fn resolve(self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(time) => time,
            Self::Ago(duration) => now.checked_sub(duration).unwrap_or(Timestamp::MIN),
        }
    }
}

impl FromStr for Moment {
    type Err = UnknownMoment;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Ok(time) = text.parse() {
            return Ok(Self::At(time));
        }
        let span: Span = text.parse().map_err(|_| UnknownMoment)?;
        let duration = span.to_duration(SpanRelativeTo::days_are_24_hours());
        match duration {
            Ok(duration) if !duration.is_negative() => Ok(Self::Ago(duration)),
            _ => Err(UnknownMoment),
        }
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::At(time) => time.fmt(f),
            Self::Ago(duration) => duration.fmt(f),
        }
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_durations_are_understood() {
        let now: Timestamp = "2026-11-03T12:00:00Z".parse().unwrap();
        for (text, meant) in [
            ("2026-11-01T00:00:00Z", "2026-11-01T00:00:00Z"),
            ("2026-11-01T08:00:00+08:00", "2026-11-01T00:00:00Z"),
            ("2h", "2026-11-03T10:00:00Z"),
            ("90m", "2026-11-03T10:30:00Z"),
            ("1d 12h", "2026-11-02T00:00:00Z"),
            ("0s", "2026-11-03T12:00:00Z"),
        ] {
            let moment: Moment = text.parse().expect(text);
            assert_eq!(moment.resolve(now).to_string(), meant, "{text}");
            assert_eq!(moment.to_string().parse(), Ok(moment), "{text}");
        }
        for text in ["", "yesterday", "-2h", "2h ago", "2", "1mo"] {
            assert_eq!(text.parse::<Moment>(), Err(UnknownMoment), "{text}");
        }
    }
}
