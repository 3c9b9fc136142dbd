//! Revision and books.

use axum::{
    Json,
    extract::{Query, State},
    response::{IntoResponse, Response},
};
use serde::Deserialize;

use super::{
    Admin,
    periods::periods,
    problem::Problem,
    view::{BalanceView, LedgerView, Moment, Period, PeriodsQuery, RevisionView},
};
use crate::{
    journal::{JournalReader, Verification},
    runtime::Reloaded,
};

pub(super) async fn revision(State(admin): State<Admin>) -> Result<Json<RevisionView>, Problem> {
    let revision = admin.runtime.revision();
    let summary = serde_json::to_value(&revision.summary);
    Ok(Json(RevisionView {
        revision: revision.number,
        digest: revision.digest.clone(),
        summary: summary.unwrap_or_default(),
    }))
}

pub(super) async fn reload(State(admin): State<Admin>) -> Result<Json<Reloaded>, Problem> {
    Ok(Json(admin.runtime.reload().await?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BalanceQuery {
    #[serde(default)]
    verify: bool,
    by: Option<Period>,
    since: Option<Moment>,
    until: Option<Moment>,
    destination: Option<String>,
    tz: Option<String>,
}

impl BalanceQuery {
    /// What is asked for by period, if anything is.
    fn periods(self) -> Result<Option<PeriodsQuery>, Problem> {
        let narrowed = self.since.is_some() || self.until.is_some();
        let narrowed = narrowed || self.destination.is_some() || self.tz.is_some();
        match self.by {
            None if narrowed => Err(Problem::bad_request(
                "`since`, `until`, `destination` and `tz` go with `by`: hour, day or month",
            )),
            Some(_) if self.verify => Err(Problem::bad_request(
                "`verify` recounts the whole books; leave `by` out, or `verify`",
            )),
            by => Ok(by.map(|by| PeriodsQuery {
                by,
                since: self.since,
                until: self.until,
                destination: self.destination,
                tz: self.tz,
            })),
        }
    }
}

pub(super) async fn balance(
    State(admin): State<Admin>,
    Query(query): Query<BalanceQuery>,
) -> Result<Response, Problem> {
    let journal = &**admin.runtime.journal();
    let verify = query.verify;
    Ok(match query.periods()? {
        Some(query) => Json(periods(journal, &query).await?).into_response(),
        None => Json(books(journal, verify).await?).into_response(),
    })
}

/// The books of a journal, recounted where asked for.
pub(crate) async fn books<J: JournalReader + ?Sized>(
    journal: &J,
    verify: bool,
) -> Result<BalanceView, crate::journal::JournalError> {
    if !verify {
        let ledgers = journal.ledgers().await?;
        let view = |ledger| LedgerView::new(ledger, Vec::new());
        let views = ledgers.iter().map(view).collect();
        return Ok(BalanceView::new(false, Vec::new(), views));
    }
    let audit = journal.verify().await?;
    let view = |found: Verification| LedgerView::new(&found.ledger, found.mismatches);
    let views = audit.destinations.into_iter().map(view).collect();
    Ok(BalanceView::new(true, audit.problems, views))
}
