//! Keys of days: listed, and dropped.

use std::collections::BTreeMap;

use axum::{Json, extract::State as Shared};

use super::{
    Admin,
    problem::Problem,
    view::{DropRequest, DropView, KeyView, KeysView},
};
use crate::journal::{JournalError, JournalReader, SealedDay};

/// Lists the keys with what they seal.
pub(super) async fn list(Shared(admin): Shared<Admin>) -> Result<Json<KeysView>, Problem> {
    let journal = &**admin.runtime.journal();
    let keys = views(journal, |_| true).await?;
    Ok(Json(KeysView { keys }))
}

/// Drops the keys that are meant, or only counts what they seal.
pub(super) async fn drop(
    Shared(admin): Shared<Admin>,
    Json(request): Json<DropRequest>,
) -> Result<Json<DropView>, Problem> {
    if request.day.is_some() == request.before.is_some() {
        return Err(Problem::bad_request(
            "say which: `day`, or all days `before` another",
        ));
    }
    let meant = |sealed: &SealedDay| {
        let is_meant = match (request.day, request.before) {
            (Some(day), _) => sealed.day == day,
            (None, Some(before)) => sealed.day < before,
            (None, None) => false,
        };
        is_meant && sealed.dropped.is_none()
    };
    let journal = &**admin.runtime.journal();
    let mut view = DropView {
        dry_run: request.dry_run,
        keys: views(journal, meant).await?,
        expired: BTreeMap::new(),
        lost_parts: BTreeMap::new(),
        erased: true,
    };
    if let (Some(day), true) = (request.day, view.keys.is_empty()) {
        return Err(Problem::not_found(format!("there is no key of {day}")));
    }
    if request.dry_run {
        return Ok(Json(view));
    }
    for key in &view.keys {
        if let Some(dropped) = admin.runtime.drop_key(key.day).await? {
            view.erased &= dropped.erased;
            for (destination, count) in dropped.expired {
                *view.expired.entry(destination).or_default() += count;
            }
            for (destination, count) in dropped.lost_parts {
                *view.lost_parts.entry(destination).or_default() += count;
            }
        }
    }
    Ok(Json(view))
}

async fn views(
    journal: &dyn JournalReader,
    meant: impl Fn(&SealedDay) -> bool,
) -> Result<Vec<KeyView>, JournalError> {
    let mut views = Vec::new();
    for sealed in journal.sealed_days().await? {
        if meant(&sealed) {
            let content = journal.sealed_content(sealed.day).await?;
            views.push(KeyView::new(&sealed, content));
        }
    }
    Ok(views)
}
