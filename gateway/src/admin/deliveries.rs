//! Deliveries: listed and shown.

use std::{collections::BTreeSet, sync::Arc};

use axum::{
    Json,
    extract::{Path, Query, State as Shared},
};
use serde::Deserialize;

use super::{
    Admin,
    problem::Problem,
    select::{self, Selector, Verdict},
    view::{ArrivalView, DeliveryView, NoMore, Selection},
};
use crate::{
    journal::{Fate, JournalError, JournalReader},
    record::{Arrival, Seq},
};

/// Deliveries in one answer where the request does not say.
const DEFAULT_LIMIT: usize = 100;

/// Deliveries in one answer at most.
const MAX_LIMIT: usize = 1000;

#[derive(Deserialize)]
pub(super) struct ListQuery {
    #[serde(flatten)]
    selection: Selection,
    session: Option<String>,
    #[serde(default)]
    after: u64,
    limit: Option<usize>,
    #[serde(flatten)]
    _no_more: NoMore,
}

/// Lists the deliveries that are meant in order of arrival; those of one session
/// or of named arrivals with their attempts.
pub(super) async fn list(
    Shared(admin): Shared<Admin>,
    Query(query): Query<ListQuery>,
) -> Result<Json<Vec<DeliveryView>>, Problem> {
    let journal = &**admin.runtime.journal();
    let limit = query.limit.unwrap_or(DEFAULT_LIMIT).min(MAX_LIMIT);
    let selector = Selector::new(journal, &query.selection).await?;
    let names = destinations(journal, query.selection.destination.as_deref()).await?;
    let seqs = match &query.session {
        Some(session) => Some(of_session(journal, session).await?),
        None => selector.named().cloned(),
    };
    let found = if let Some(seqs) = seqs {
        of_arrivals(journal, &selector, &names, &seqs).await?
    } else {
        let after = Seq(query.after).max(selector.start());
        of_destinations(journal, &selector, names, after, limit).await?
    };
    Ok(Json(first_page(found, limit)))
}

/// At most `limit` deliveries, and what else there is of the last arrival, so
/// that `after` its position goes on without a gap.
fn first_page(mut deliveries: Vec<DeliveryView>, limit: usize) -> Vec<DeliveryView> {
    if let Some(last) = deliveries.get(limit.saturating_sub(1)) {
        let last = last.seq;
        deliveries.retain(|delivery| delivery.seq <= last);
    }
    deliveries
}

/// The destinations that are meant, of those that the journal knows.
async fn destinations(
    journal: &dyn JournalReader,
    wanted: Option<&str>,
) -> Result<Vec<String>, Problem> {
    let known = journal.destinations().await?;
    match wanted {
        Some(name) if known.iter().any(|known| known == name) => Ok(vec![name.to_owned()]),
        Some(name) => Err(Problem::not_found(format!(
            "no destination {name}; known are {}",
            known.join(", ")
        ))),
        None => Ok(known),
    }
}

async fn of_session(
    journal: &dyn JournalReader,
    session: &str,
) -> Result<BTreeSet<Seq>, JournalError> {
    let limit = select::MAX_SESSION_ARRIVALS;
    let arrivals = journal.find_session(session, limit).await?;
    Ok(arrivals.iter().map(|arrival| arrival.seq).collect())
}

async fn of_arrivals(
    journal: &dyn JournalReader,
    selector: &Selector,
    names: &[String],
    seqs: &BTreeSet<Seq>,
) -> Result<Vec<DeliveryView>, JournalError> {
    let mut found = Vec::new();
    for &seq in seqs {
        let Some(arrival) = journal.get(seq).await? else {
            continue;
        };
        for fate in journal.fates(seq).await? {
            if names.contains(&fate.destination) && is_meant(journal, selector, &fate).await? {
                found.push(in_full(journal, &arrival, &fate).await?);
            }
        }
    }
    Ok(found)
}

async fn of_destinations(
    journal: &dyn JournalReader,
    selector: &Selector,
    names: Vec<String>,
    after: Seq,
    limit: usize,
) -> Result<Vec<DeliveryView>, Problem> {
    let mut found = Vec::new();
    for name in names {
        for fate in fates(journal, selector, &name, after, limit).await? {
            if let Some(arrival) = journal.get(fate.seq).await? {
                found.push(delivery(journal, &arrival, &fate).await?);
            }
        }
    }
    found.sort_by(|a, b| (a.seq, &a.destination).cmp(&(b.seq, &b.destination)));
    Ok(found)
}

/// A page of deliveries: as many pages of the journal's as it takes to fill one.
async fn fates(
    journal: &dyn JournalReader,
    selector: &Selector,
    destination: &str,
    mut after: Seq,
    limit: usize,
) -> Result<Vec<Fate>, JournalError> {
    let mut found = Vec::new();
    while found.len() < limit {
        let page = journal
            .deliveries(destination, selector.state(), after, MAX_LIMIT)
            .await?;
        let Some(last) = page.last() else {
            break;
        };
        after = last.seq;
        for fate in page {
            if found.len() >= limit || selector.is_past(fate.seq) {
                return Ok(found);
            }
            if is_meant(journal, selector, &fate).await? {
                found.push(fate);
            }
        }
    }
    Ok(found)
}

async fn is_meant(
    journal: &dyn JournalReader,
    selector: &Selector,
    fate: &Fate,
) -> Result<bool, JournalError> {
    let verdict = selector
        .judge(journal, fate.seq, fate.state, &fate.reason)
        .await?;
    Ok(verdict == Verdict::Meant)
}

/// A delivery with its attempts and its payload.
async fn in_full(
    journal: &dyn JournalReader,
    arrival: &Arrival,
    fate: &Fate,
) -> Result<DeliveryView, JournalError> {
    let view = delivery(journal, arrival, fate).await?;
    let attempts = journal.attempts(&fate.destination, arrival.seq).await?;
    let frozen = if fate.state.is_exception() {
        journal.frozen(&fate.destination, arrival.seq).await?
    } else {
        None
    };
    Ok(view.with_attempts(&attempts).with_frozen(frozen.as_ref()))
}

/// The deliveries of an arrival in full.
async fn deliveries(
    journal: &dyn JournalReader,
    arrival: &Arc<Arrival>,
) -> Result<Vec<DeliveryView>, JournalError> {
    let mut views = Vec::new();
    for fate in journal.fates(arrival.seq).await? {
        views.push(in_full(journal, arrival, &fate).await?);
    }
    Ok(views)
}

async fn delivery(
    journal: &dyn JournalReader,
    arrival: &Arrival,
    fate: &Fate,
) -> Result<DeliveryView, JournalError> {
    let exception = if fate.state.is_exception() {
        journal.exception(&fate.destination, fate.seq).await?
    } else {
        None
    };
    Ok(DeliveryView::new(arrival, fate, exception.as_ref()))
}

pub(super) async fn arrival(
    Shared(admin): Shared<Admin>,
    Path(id): Path<String>,
) -> Result<Json<ArrivalView>, Problem> {
    let journal = &**admin.runtime.journal();
    let Some(arrival) = select::arrival(journal, &id).await? else {
        return Err(Problem::not_found(format!("no arrival {id}")));
    };
    let deliveries = deliveries(journal, &arrival).await?;
    Ok(Json(ArrivalView::new(&arrival, deliveries)))
}
