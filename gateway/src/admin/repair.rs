//! Repair: exceptions are tried again or given up, by the consumer that owns
//! their destination.
//!
//! What is meant is found and repaired page by page. When a request fails half
//! way, what came before in the journal is repaired; the same request goes on
//! from there, since what is repaired is no longer meant, or repaired alike.

use std::collections::BTreeMap;

use axum::{Json, extract::State as Shared};

use super::{
    Admin,
    problem::Problem,
    select::Selector,
    view::{DiscardView, RepairRequest, RetryView, Tally},
};
use crate::{
    delivery::{consumer::Repair, fleet::AskError},
    journal::{JournalReader, Reason},
    record::Seq,
};

/// Tries exceptions again now.
pub(super) async fn retry(
    Shared(admin): Shared<Admin>,
    Json(request): Json<RepairRequest>,
) -> Result<Json<RetryView>, Problem> {
    if request.because.is_some() {
        let why = "`because` is said of what is discarded; leave it out to try again";
        return Err(Problem::bad_request(why));
    }
    let how = if request.rerun {
        Repair::Rerun
    } else {
        Repair::Retry
    };
    let (retried, tally) = repair(&admin, &request, &how).await?;
    Ok(Json(RetryView { retried, tally }))
}

/// Gives exceptions up.
pub(super) async fn discard(
    Shared(admin): Shared<Admin>,
    Json(request): Json<RepairRequest>,
) -> Result<Json<DiscardView>, Problem> {
    if request.rerun {
        let why = "`rerun` is said of what is tried again; leave it out to discard";
        return Err(Problem::bad_request(why));
    }
    let how = Repair::Discard {
        because: because(request.because.as_deref())?,
    };
    let (discarded, tally) = repair(&admin, &request, &how).await?;
    Ok(Json(DiscardView { discarded, tally }))
}

/// A person's reason: one short line.
pub(super) fn because(text: Option<&str>) -> Result<Reason, Problem> {
    let text = text.unwrap_or_default().trim();
    let length = text.chars().count();
    if length == 0 || length > Reason::MAX_CHARS || text.chars().any(char::is_control) {
        return Err(Problem::bad_request(format!(
            "say why in `because`: one line of 1 to {} characters",
            Reason::MAX_CHARS
        )));
    }
    Ok(Reason::from(text))
}

async fn repair(
    admin: &Admin,
    request: &RepairRequest,
    how: &Repair,
) -> Result<(BTreeMap<String, usize>, Tally), Problem> {
    let selection = &request.selection;
    if selection.is_empty() || selection.state.is_some_and(|state| !state.is_exception()) {
        return Err(Problem::bad_request(
            "say which: `arrivals`, `destination`, `reason`, `since`, `until`, `when`, or a `state` that is retrying, suspended or dead",
        ));
    }
    let names = running(admin, selection.destination.as_deref())?;
    let journal = &**admin.runtime.journal();
    let selector = Selector::new(journal, selection).await?;
    let mut tally = Tally {
        dry_run: request.dry_run,
        ..Tally::default()
    };
    let mut repaired = BTreeMap::new();
    for name in names {
        let count = at(admin, journal, &selector, &name, how, &mut tally).await?;
        if count > 0 {
            repaired.insert(name, count);
        }
    }
    if !request.dry_run {
        tracing::info!(?repaired, left_alone = tally.left_alone, "{}", done(how));
    }
    Ok((repaired, tally))
}

/// The destinations that are meant: exceptions are repaired by a consumer.
pub(super) fn running(admin: &Admin, wanted: Option<&str>) -> Result<Vec<String>, Problem> {
    let revision = admin.runtime.revision();
    match wanted {
        Some(name) if revision.destinations.contains_key(name) => Ok(vec![name.to_owned()]),
        Some(name) => Err(AskError::Unknown(name.to_owned()).into()),
        None => {
            let names = revision.destinations.keys();
            Ok(names.map(ToString::to_string).collect())
        }
    }
}

/// Repairs what is meant at a destination, or only counts it.
async fn at(
    admin: &Admin,
    journal: &dyn JournalReader,
    selector: &Selector,
    destination: &str,
    how: &Repair,
    tally: &mut Tally,
) -> Result<usize, Problem> {
    let mut count = 0;
    let mut next = Some(Seq(0));
    while let Some(after) = next {
        let page = selector.page(journal, destination, after).await?;
        next = page.next;
        tally.unclear += page.unclear;
        let meant = page.chosen.len();
        if tally.dry_run || meant == 0 {
            count += meant;
            continue;
        }
        let fleet = admin.runtime.fleet();
        let repaired = fleet.repair(destination, page.chosen, how).await?;
        count += repaired;
        tally.left_alone += meant.saturating_sub(repaired);
    }
    Ok(count)
}

fn done(how: &Repair) -> &'static str {
    match how {
        Repair::Retry => "deliveries are tried again",
        Repair::Rerun => "deliveries are processed and tried again",
        Repair::Discard { .. } => "deliveries are discarded",
        Repair::Expire { .. } => "deliveries are expired",
    }
}
