//! The books by period.

use std::{collections::BTreeMap, str::FromStr};

use jiff::{Timestamp, Zoned, fmt::temporal::DateTimeParser, tz::TimeZone};
use serde::{Deserialize, Serialize};

use super::{CountsView, Moment};
use crate::journal::{HourlyLedger, Hours, State};

/// Which books are meant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeriodsQuery {
    /// The length of a period.
    pub by: Period,
    /// Of arrivals received in hours that begin at or after this time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Moment>,
    /// Of arrivals received in hours that begin before this time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Moment>,
    /// At this destination; else at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub destination: Option<String>,
    /// Where days and months begin; UTC if not said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tz: Option<String>,
}

impl PeriodsQuery {
    /// The hours that are meant when it is asked at `now`.
    #[must_use]
    pub fn hours(&self, now: Timestamp) -> Hours {
        Hours {
            since: self.since.map(|since| since.resolve(now)),
            until: self.until.map(|until| until.resolve(now)),
        }
    }

    /// The time zone that is meant.
    ///
    /// # Errors
    /// When there is none of this name.
    pub fn zone(&self) -> Result<TimeZone, UnknownZone> {
        let Some(name) = &self.tz else {
            return Ok(TimeZone::UTC);
        };
        let zone = DateTimeParser::new().parse_time_zone(name);
        zone.map_err(|_| UnknownZone)
    }
}

/// The text names no time zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "unknown time zone; expected a name such as Asia/Shanghai, for which the machine needs a time zone database, or an offset such as +08:00"
)]
pub struct UnknownZone;

/// The length of a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Period {
    /// An hour of UTC, shown in the time zone that was asked for.
    Hour,
    /// A day there. An hour that a day's beginning divides belongs to the day in
    /// which it begins.
    Day,
    /// A month there.
    Month,
}

/// The text names no [`Period`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected hour, day or month")]
pub struct UnknownPeriod;

impl FromStr for Period {
    type Err = UnknownPeriod;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "hour" => Ok(Self::Hour),
            "day" => Ok(Self::Day),
            "month" => Ok(Self::Month),
            _ => Err(UnknownPeriod),
        }
    }
}

impl Period {
    /// The period that a time is in.
    fn of(self, time: &Zoned) -> String {
        let format = match self {
            Self::Hour => "%Y-%m-%dT%H:%M%:z",
            Self::Day => "%Y-%m-%d",
            Self::Month => "%Y-%m",
        };
        time.strftime(format).to_string()
    }
}

/// The books by period.
#[derive(Debug, Serialize, Deserialize)]
pub struct PeriodsView {
    /// The length of a period.
    pub by: Period,
    /// Whether every ledger that was asked for whole is the sum of its entries.
    pub balanced: bool,
    /// Each destination.
    pub destinations: Vec<LedgerPeriodsView>,
}

/// The ledger of a destination by period.
#[derive(Debug, Serialize, Deserialize)]
pub struct LedgerPeriodsView {
    /// The destination.
    pub destination: String,
    /// Its ledger as of the same moment.
    pub counts: CountsView,
    /// What the entries add up to.
    pub sums: CountsView,
    /// Whether that is the ledger; `None` where only some hours were asked for.
    pub adds_up: Option<bool>,
    /// The entries in order of period, state and reason.
    pub entries: Vec<EntryView>,
}

/// Deliveries of what was received within a period, in one state for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryView {
    /// The period by its beginning: `2026-11-24`, `2026-11`, or an hour with its
    /// offset. `None` for arrivals that are not kept any more and whose time is
    /// not known.
    pub period: Option<String>,
    /// The state.
    pub state: State,
    /// The reason.
    pub reason: String,
    /// How many.
    pub deliveries: u64,
}

impl PeriodsView {
    /// The books of these ledgers.
    #[must_use]
    pub fn new(by: Period, destinations: Vec<LedgerPeriodsView>) -> Self {
        let agrees = |ledger: &LedgerPeriodsView| ledger.adds_up != Some(false);
        Self {
            by,
            balanced: destinations.iter().all(agrees),
            destinations,
        }
    }
}

impl LedgerPeriodsView {
    /// A ledger by periods, of all hours or some.
    #[must_use]
    pub fn new(hourly: &HourlyLedger, by: Period, zone: &TimeZone, hours: Hours) -> Self {
        let mut sums: BTreeMap<(Option<String>, State, String), u64> = BTreeMap::new();
        for entry in &hourly.entries {
            let hour = entry.hour.map(|hour| hour.to_zoned(zone.clone()));
            let period = hour.map(|hour| by.of(&hour));
            let key = (period, entry.state, entry.reason.to_string());
            *sums.entry(key).or_default() += entry.deliveries;
        }
        let total = hourly.sums();
        Self {
            destination: hourly.ledger.destination.clone(),
            counts: CountsView::from(&hourly.ledger.counts),
            sums: CountsView::from(&total),
            adds_up: hours.is_all().then_some(total == hourly.ledger.counts),
            entries: sums
                .into_iter()
                .map(|((period, state, reason), deliveries)| EntryView {
                    period,
                    state,
                    reason,
                    deliveries,
                })
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        journal::{Counts, Entry, Ledger},
        record::Seq,
    };

    fn hourly(hours: &[(Option<&str>, u64)]) -> HourlyLedger {
        let delivered = hours.iter().map(|(_, deliveries)| deliveries).sum();
        HourlyLedger {
            ledger: Ledger {
                destination: "crm".to_owned(),
                start: Seq(1),
                end: Seq(delivered),
                cursor: Seq(delivered),
                ahead: 0,
                epoch: 1,
                retired: false,
                counts: Counts {
                    delivered,
                    ..Counts::default()
                },
                removed: 0,
            },
            entries: hours
                .iter()
                .map(|(hour, deliveries)| Entry {
                    hour: hour.map(|hour| hour.parse().expect("a time")),
                    state: State::Delivered,
                    reason: "".into(),
                    deliveries: *deliveries,
                })
                .collect(),
        }
    }

    #[test]
    fn periods_are_those_of_the_place() {
        let hourly = hourly(&[
            (None, 5),
            (Some("2026-10-31T15:00:00Z"), 1),
            (Some("2026-10-31T16:00:00Z"), 2),
            (Some("2026-11-01T15:00:00Z"), 4),
        ]);
        for (tz, by, expected) in [
            (
                "UTC",
                "month",
                vec![("", 5), ("2026-10", 3), ("2026-11", 4)],
            ),
            (
                "+08:00",
                "month",
                vec![("", 5), ("2026-10", 1), ("2026-11", 6)],
            ),
            (
                "+08:00",
                "day",
                vec![("", 5), ("2026-10-31", 1), ("2026-11-01", 6)],
            ),
            (
                "-00:30",
                "hour",
                vec![
                    ("", 5),
                    ("2026-10-31T14:30-00:30", 1),
                    ("2026-10-31T15:30-00:30", 2),
                    ("2026-11-01T14:30-00:30", 4),
                ],
            ),
        ] {
            let query = PeriodsQuery {
                by: by.parse().expect("a period"),
                since: None,
                until: None,
                destination: None,
                tz: Some(tz.to_owned()),
            };
            let zone = query.zone().expect("a zone");
            let hours = query.hours(Timestamp::now());
            let view = LedgerPeriodsView::new(&hourly, query.by, &zone, hours);
            let found: Vec<_> = view
                .entries
                .iter()
                .map(|entry| {
                    (
                        entry.period.as_deref().unwrap_or_default(),
                        entry.deliveries,
                    )
                })
                .collect();
            assert_eq!(found, expected, "{tz}, {by}");
            assert_eq!(view.adds_up, Some(true));
        }
        assert_eq!("year".parse::<Period>(), Err(UnknownPeriod));
    }
}
