//! `cdr-gateway balance --by`

use std::io;

use clap::{Args, ValueEnum};

use super::super::print;
use crate::admin::view::{EntryView, LedgerPeriodsView, Moment, Period, PeriodsQuery, PeriodsView};

#[derive(Debug, Args)]
pub(super) struct PeriodArgs {
    /// Tell the books by hour, day or month of arrival, with reasons
    #[arg(long, value_name = "PERIOD", conflicts_with = "verify")]
    by: Option<Length>,
    /// Only hours that begin at or after this time: RFC 3339, or how long ago
    #[arg(long, value_name = "TIME", requires = "by")]
    since: Option<Moment>,
    /// Only hours that begin before this time
    #[arg(long, value_name = "TIME", requires = "by")]
    until: Option<Moment>,
    /// Only this destination
    #[arg(long, value_name = "NAME", requires = "by")]
    destination: Option<String>,
    /// Where days and months begin, such as Asia/Shanghai or +08:00; UTC if not
    /// said
    #[arg(long, value_name = "ZONE", requires = "by")]
    tz: Option<String>,
    /// Print CSV
    #[arg(long, requires = "by", conflicts_with = "json")]
    pub(super) csv: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Length {
    Hour,
    Day,
    Month,
}

impl PeriodArgs {
    /// What is asked for, if it is by period.
    pub(super) fn query(&self) -> Option<PeriodsQuery> {
        Some(PeriodsQuery {
            by: match self.by? {
                Length::Hour => Period::Hour,
                Length::Day => Period::Day,
                Length::Month => Period::Month,
            },
            since: self.since,
            until: self.until,
            destination: self.destination.clone(),
            tz: self.tz.clone(),
        })
    }
}

/// What is asked for, as the API is asked.
pub(super) fn pairs(query: &PeriodsQuery) -> Vec<(&'static str, String)> {
    let by = match query.by {
        Period::Hour => "hour",
        Period::Day => "day",
        Period::Month => "month",
    };
    let moment = |moment: &Option<Moment>| moment.as_ref().map(Moment::to_string);
    let pairs = [
        ("by", Some(by.to_owned())),
        ("since", moment(&query.since)),
        ("until", moment(&query.until)),
        ("destination", query.destination.clone()),
        ("tz", query.tz.clone()),
    ];
    let said = |(name, value): (&'static str, Option<String>)| Some((name, value?));
    pairs.into_iter().filter_map(said).collect()
}

const HEADER: [&str; 5] = ["destination", "period", "state", "reason", "deliveries"];

/// The entries of all destinations as rows.
fn rows(books: &PeriodsView) -> Vec<[String; 5]> {
    let mut rows = vec![HEADER.map(str::to_owned)];
    for ledger in &books.destinations {
        rows.extend(ledger.entries.iter().map(|entry| row(ledger, entry)));
    }
    rows
}

fn row(ledger: &LedgerPeriodsView, entry: &EntryView) -> [String; 5] {
    let unknown = || "not known".to_owned();
    [
        ledger.destination.clone(),
        entry.period.clone().unwrap_or_else(unknown),
        entry.state.to_string(),
        entry.reason.clone(),
        entry.deliveries.to_string(),
    ]
}

/// For people: a table, and what it adds up to.
pub(super) fn show(books: &PeriodsView) -> io::Result<()> {
    print::table(&rows(books))?;
    for ledger in &books.destinations {
        let name = &ledger.destination;
        let total: u64 = ledger.entries.iter().map(|entry| entry.deliveries).sum();
        print::line(match ledger.adds_up {
            Some(true) => format!("{name}: {total} deliveries, the sum of its ledger"),
            Some(false) => format!("{name}: {total} deliveries, NOT the sum of its ledger"),
            None => format!("{name}: {total} deliveries in these periods"),
        })?;
    }
    Ok(())
}

/// For spreadsheets.
pub(super) fn csv(books: &PeriodsView) -> anyhow::Result<()> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in rows(books) {
        writer.write_record(row)?;
    }
    let text = String::from_utf8(writer.into_inner()?)?;
    Ok(print::line(text.trim_end())?)
}
