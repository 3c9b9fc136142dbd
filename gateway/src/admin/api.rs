//! Revision and books.

use axum::{
    Json,
    extract::{Query, State},
};
use serde::Deserialize;

use super::{
    Admin,
    problem::Problem,
    view::{BalanceView, LedgerView, RevisionView},
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
}

pub(super) async fn balance(
    State(admin): State<Admin>,
    Query(query): Query<BalanceQuery>,
) -> Result<Json<BalanceView>, Problem> {
    let journal = admin.runtime.journal();
    Ok(Json(books(&**journal, query.verify).await?))
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
