//! The files of destinations: what parts there are, and finishing them on demand.

use axum::{
    Json,
    extract::{Query, State as Shared},
};
use serde::Deserialize;

use super::{
    Admin,
    problem::Problem,
    view::{FilePartView, RotateRequest, RotateView},
};
use crate::{
    delivery::{Driver, fleet::AskError},
    journal::PartStage,
};

/// Most parts in one answer.
const MAX_LIMIT: usize = 10_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ListQuery {
    destination: Option<String>,
    stage: Option<PartStage>,
    limit: Option<usize>,
}

/// Parts of files, those begun last first for each destination.
pub(super) async fn list(
    Shared(admin): Shared<Admin>,
    Query(query): Query<ListQuery>,
) -> Result<Json<Vec<FilePartView>>, Problem> {
    let limit = query.limit.unwrap_or(100).min(MAX_LIMIT);
    let journal = admin.runtime.journal();
    let ledgers = journal.ledgers().await?;
    let names = ledgers.iter().map(|ledger| ledger.destination.as_str());
    let wanted = |name: &&str| query.destination.as_deref().is_none_or(|it| it == *name);
    let names: Vec<_> = names.filter(wanted).collect();
    if let (Some(name), true) = (&query.destination, names.is_empty()) {
        return Err(Problem::not_found(format!("no destination {name}")));
    }
    let mut found = Vec::new();
    for name in names {
        let parts = journal.file_parts(name, query.stage, limit).await?;
        // Those that a crash left empty hold nothing that anyone looks for.
        let parts = parts
            .into_iter()
            .filter(|part| part.records > 0 || part.stage != PartStage::Finished);
        found.extend(parts.map(|part| FilePartView::new(name, part)));
    }
    found.truncate(limit);
    Ok(Json(found))
}

/// Finishes parts that hold records.
pub(super) async fn rotate(
    Shared(admin): Shared<Admin>,
    Json(request): Json<RotateRequest>,
) -> Result<Json<RotateView>, Problem> {
    let mut view = RotateView::default();
    for name in files(&admin, request.destination.as_deref())? {
        let rotated = admin.runtime.fleet().rotate(&name).await?;
        if let Some(error) = rotated.failed {
            view.failed.insert(name.clone(), error);
        }
        view.finished.insert(name, rotated.parts);
    }
    tracing::info!(finished = ?view.finished, "parts are finished on demand");
    Ok(Json(view))
}

/// The file destinations that are meant.
fn files(admin: &Admin, wanted: Option<&str>) -> Result<Vec<String>, Problem> {
    let revision = admin.runtime.revision();
    let is_file = |driver: &Driver| matches!(driver, Driver::File(_));
    let Some(name) = wanted else {
        let files = revision.destinations.iter();
        let files = files.filter(|(_, destination)| is_file(&destination.driver));
        return Ok(files.map(|(name, _)| name.to_string()).collect());
    };
    match revision.destinations.get(name) {
        Some(destination) if is_file(&destination.driver) => Ok(vec![name.to_owned()]),
        Some(_) => Err(Problem::bad_request(format!("{name} writes no files"))),
        None => Err(AskError::Unknown(name.to_owned()).into()),
    }
}
