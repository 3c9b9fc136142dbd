//! A day of the calendar, in UTC.

use std::{fmt, str::FromStr};

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::record::ArrivalId;

const SECONDS: i64 = 24 * 60 * 60;

const MILLISECONDS: u64 = 24 * 60 * 60 * 1000;

/// A day in UTC, counted from 1970-01-01. Written as 2026-11-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(u32);

/// The text names no [`Day`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a day such as 2026-11-01")]
pub struct UnknownDay;

impl Day {
    /// The day of a time; the first one for times before it.
    #[must_use]
    pub fn of(time: Timestamp) -> Self {
        Self(u32::try_from(time.as_second().div_euclid(SECONDS)).unwrap_or(0))
    }

    /// The day of an arrival by its id, which never goes back.
    pub(in crate::journal) fn of_id(id: ArrivalId) -> Self {
        let ms = id.0.as_u64_pair().0 >> 16;
        Self(u32::try_from(ms / MILLISECONDS).unwrap_or(u32::MAX))
    }

    /// The day with this number; `None` beyond the calendar.
    pub(in crate::journal) fn from_number(number: i64) -> Option<Self> {
        let day = Self(u32::try_from(number).ok()?);
        Timestamp::from_second(day.begin()).ok().map(|_| day)
    }

    /// Days since 1970-01-01.
    #[must_use]
    pub fn number(self) -> u32 {
        self.0
    }

    /// The day after this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// The day so many days before this one.
    #[must_use]
    pub fn before(self, days: u32) -> Self {
        Self(self.0.saturating_sub(days))
    }

    fn begin(self) -> i64 {
        i64::from(self.0) * SECONDS
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Timestamp::from_second(self.begin()) {
            Ok(time) => TimeZone::UTC.to_datetime(time).date().fmt(f),
            Err(_) => write!(f, "day {}", self.0),
        }
    }
}

impl FromStr for Day {
    type Err = UnknownDay;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let date: Date = text.parse().map_err(|_| UnknownDay)?;
        // A date with a time of day would be taken for the date alone.
        if date.to_string() != text || date < Date::constant(1970, 1, 1) {
            return Err(UnknownDay);
        }
        let midnight = TimeZone::UTC.to_timestamp(date.at(0, 0, 0, 0));
        midnight.map(Self::of).map_err(|_| UnknownDay)
    }
}

impl Serialize for Day {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Day {
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
    fn a_day_is_that_of_utc() {
        for (time, day) in [
            ("2026-11-01T00:00:00Z", "2026-11-01"),
            ("2026-11-01T23:59:59.999Z", "2026-11-01"),
            ("2026-11-02T07:59:59+08:00", "2026-11-01"),
            ("1969-12-31T00:00:00Z", "1970-01-01"),
        ] {
            let found = Day::of(time.parse().expect(time));
            assert_eq!(found.to_string(), day, "{time}");
            assert_eq!(day.parse(), Ok(found), "{day}");
            assert_eq!(Day::from_number(found.number().into()), Some(found));
        }
        let first: Day = "2026-02-28".parse().expect("a day");
        assert_eq!(first.next().to_string(), "2026-03-01");
        assert_eq!(first.next().before(1), first);
        assert_eq!(Day::from_number(i64::from(u32::MAX)), None);
        for text in [
            "",
            "2026-02-30",
            "yesterday",
            "1969-12-31",
            "2026-11-01T12:00:00Z",
        ] {
            assert_eq!(text.parse::<Day>(), Err(UnknownDay), "{text}");
        }
    }
}
