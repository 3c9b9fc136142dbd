//! Deliveries: listed, shown, tried again.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    Json,
    extract::{Path, Query, State as Shared},
};
use serde::Deserialize;

use super::{
    Admin,
    problem::Problem,
    select,
    view::{ArrivalView, DeliveryView, RetryRequest, RetryView},
};
use crate::{
    journal::{Fate, JournalError, JournalReader, State},
    record::{Arrival, Seq},
};

/// Deliveries in one answer where the request does not say.
const DEFAULT_LIMIT: usize = 100;

/// Deliveries in one answer at most.
const MAX_LIMIT: usize = 1000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ListQuery {
    destination: Option<String>,
    state: Option<State>,
    reason: Option<String>,
    session: Option<String>,
    #[serde(default)]
    after: u64,
    limit: Option<usize>,
}

/// Lists deliveries in order of arrival: of one session with their attempts, or
/// of one destination or all, in one state or any.
pub(super) async fn list(
    Shared(admin): Shared<Admin>,
    Query(query): Query<ListQuery>,
) -> Result<Json<Vec<DeliveryView>>, Problem> {
    let journal = &**admin.runtime.journal();
    let limit = query.limit.unwrap_or(DEFAULT_LIMIT).min(MAX_LIMIT);
    let found = match &query.session {
        Some(session) => of_session(journal, session).await?,
        None => of_destinations(journal, &query, limit).await?,
    };
    let meant = |view: &DeliveryView| {
        let state = query.state.is_none_or(|state| view.state == state);
        let reason = query.reason.as_ref();
        let destination = query.destination.as_ref();
        state
            && reason.is_none_or(|reason| view.reason == *reason)
            && destination.is_none_or(|destination| view.destination == *destination)
    };
    let meant = found.into_iter().filter(meant).collect();
    Ok(Json(first_page(meant, limit)))
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

async fn of_session(
    journal: &dyn JournalReader,
    session: &str,
) -> Result<Vec<DeliveryView>, JournalError> {
    let mut found = Vec::new();
    let limit = select::MAX_SESSION_ARRIVALS;
    for arrival in journal.find_session(session, limit).await? {
        found.extend(deliveries(journal, &arrival).await?);
    }
    Ok(found)
}

async fn of_destinations(
    journal: &dyn JournalReader,
    query: &ListQuery,
    limit: usize,
) -> Result<Vec<DeliveryView>, Problem> {
    let known = journal.destinations().await?;
    let names = match &query.destination {
        Some(name) if known.contains(name) => vec![name.clone()],
        Some(name) => {
            return Err(Problem::not_found(format!(
                "no destination {name}; known are {}",
                known.join(", ")
            )));
        }
        None => known,
    };
    let mut found = Vec::new();
    for name in names {
        let after = Seq(query.after);
        let reason = query.reason.as_deref();
        let fates = fates(journal, &name, query.state, reason, after, limit).await?;
        for fate in fates {
            if let Some(arrival) = journal.get(fate.seq).await? {
                found.push(delivery(journal, &arrival, &fate).await?);
            }
        }
    }
    found.sort_by(|a, b| (a.seq, &a.destination).cmp(&(b.seq, &b.destination)));
    Ok(found)
}

/// A page of deliveries; with a reason, as many pages as it takes to fill one.
async fn fates(
    journal: &dyn JournalReader,
    destination: &str,
    state: Option<State>,
    reason: Option<&str>,
    mut after: Seq,
    limit: usize,
) -> Result<Vec<Fate>, JournalError> {
    let mut found = Vec::new();
    loop {
        let page = journal
            .deliveries(destination, state, after, MAX_LIMIT)
            .await?;
        let Some(last) = page.last() else {
            return Ok(found);
        };
        after = last.seq;
        let meant = |fate: &Fate| reason.is_none_or(|reason| fate.reason.as_str() == reason);
        found.extend(page.into_iter().filter(meant));
        if found.len() >= limit {
            found.truncate(limit);
            return Ok(found);
        }
    }
}

/// The deliveries of an arrival with their attempts.
async fn deliveries(
    journal: &dyn JournalReader,
    arrival: &Arc<Arrival>,
) -> Result<Vec<DeliveryView>, JournalError> {
    let mut views = Vec::new();
    for fate in journal.fates(arrival.seq).await? {
        let view = delivery(journal, arrival, &fate).await?;
        let attempts = journal.attempts(&fate.destination, arrival.seq).await?;
        views.push(view.with_attempts(&attempts));
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

/// Tries exceptions again now.
pub(super) async fn retry(
    Shared(admin): Shared<Admin>,
    Json(request): Json<RetryRequest>,
) -> Result<Json<RetryView>, Problem> {
    let selected = selection(&admin, &request).await?;
    let mut retried = BTreeMap::new();
    for (destination, seqs) in selected {
        let count = if request.dry_run {
            seqs.len()
        } else {
            admin.runtime.fleet().retry(&destination, seqs).await?
        };
        if count > 0 {
            retried.insert(destination, count);
        }
    }
    Ok(Json(RetryView {
        retried,
        dry_run: request.dry_run,
    }))
}

async fn selection(
    admin: &Admin,
    request: &RetryRequest,
) -> Result<BTreeMap<String, Vec<Seq>>, Problem> {
    let revision = admin.runtime.revision();
    let names: Vec<String> = match &request.destination {
        Some(name) => vec![name.clone()],
        None => revision
            .destinations
            .keys()
            .map(ToString::to_string)
            .collect(),
    };
    let journal = &**admin.runtime.journal();
    let mut selected = BTreeMap::new();
    match (request.state, request.arrivals.as_slice()) {
        (Some(state), []) if state.is_exception() => {
            for name in names {
                let reason = request.reason.as_deref();
                let seqs = select::exceptions(journal, &name, state, reason).await?;
                selected.insert(name, seqs);
            }
        }
        (None, ids) if !ids.is_empty() => {
            let seqs = arrivals(journal, ids).await?;
            for name in names {
                let mut kept = Vec::new();
                for &seq in &seqs {
                    if journal.exception(&name, seq).await?.is_some() {
                        kept.push(seq);
                    }
                }
                selected.insert(name, kept);
            }
        }
        _ => {
            return Err(Problem::bad_request(
                "give either `arrivals`, or a `state` that is retrying, suspended or dead",
            ));
        }
    }
    Ok(selected)
}

async fn arrivals(journal: &dyn JournalReader, ids: &[String]) -> Result<Vec<Seq>, Problem> {
    let mut seqs = Vec::new();
    for id in ids {
        match select::arrival(journal, id).await? {
            Some(arrival) => seqs.push(arrival.seq),
            None => return Err(Problem::not_found(format!("no arrival {id}"))),
        }
    }
    Ok(seqs)
}
