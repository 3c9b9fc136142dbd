//! Destinations: listed, paused and resumed.

use axum::{
    Json,
    extract::{Path, State},
};

use super::{
    Admin,
    problem::Problem,
    repair::because,
    view::{CountsView, DestinationView, PauseRequest, Standing},
};
use crate::journal::{JournalError, Ledger};

pub(super) async fn list(
    State(admin): State<Admin>,
) -> Result<Json<Vec<DestinationView>>, Problem> {
    let mut views = Vec::new();
    for ledger in admin.runtime.journal().ledgers().await? {
        views.push(view(&admin, &ledger).await?);
    }
    Ok(Json(views))
}

pub(super) async fn show(
    State(admin): State<Admin>,
    Path(name): Path<String>,
) -> Result<Json<DestinationView>, Problem> {
    named(&admin, &name).await.map(Json)
}

/// Sends nothing any more, until it is resumed. One that is held already stays as
/// it is.
pub(super) async fn pause(
    State(admin): State<Admin>,
    Path(name): Path<String>,
    Json(request): Json<PauseRequest>,
) -> Result<Json<DestinationView>, Problem> {
    let because = because(Some(&request.because))?;
    admin.runtime.fleet().pause(&name, because).await?;
    named(&admin, &name).await.map(Json)
}

/// Sends again what a person paused or the receiver stopped.
pub(super) async fn resume(
    State(admin): State<Admin>,
    Path(name): Path<String>,
) -> Result<Json<DestinationView>, Problem> {
    admin.runtime.fleet().resume(&name).await?;
    named(&admin, &name).await.map(Json)
}

async fn named(admin: &Admin, name: &str) -> Result<DestinationView, Problem> {
    match admin.runtime.journal().ledger(name).await? {
        Some(ledger) => Ok(view(admin, &ledger).await?),
        None => Err(Problem::not_found(format!("no destination {name}"))),
    }
}

async fn view(admin: &Admin, ledger: &Ledger) -> Result<DestinationView, JournalError> {
    let revision = admin.runtime.revision();
    let name = ledger.destination.as_str();
    let running = revision.destinations.get(name);
    let status = admin.runtime.fleet().status(name);
    // Everything up to the cursor has passed, and what follows it has not.
    let oldest = match ledger.counts.pending {
        0 => None,
        _ => admin.runtime.journal().get(ledger.cursor.next()).await?,
    };
    Ok(DestinationView {
        destination: name.to_owned(),
        state: Standing::of(status.as_ref()),
        driver: running.map_or("retired", |it| it.driver.name()).into(),
        numbers: running.and_then(|it| it.contract.map(|contract| contract.to_string())),
        counts: CountsView::from(&ledger.counts),
        oldest_pending: oldest.map(|arrival| arrival.received),
        cursor: ledger.cursor.0,
        head: ledger.end.0,
        status,
    })
}
