//! Corrections: a record as a person says that it should have been.
//!
//! It is judged as the listener judges what arrives, so that it is not suspended
//! again for the same defect, and kept beside the original. Everything that waits
//! for it is resumed with it, or nothing is.

use std::{collections::BTreeSet, sync::Arc};

use axum::{
    Json,
    extract::{Path, State as Shared},
};
use bytes::Bytes;
use jiff::Timestamp;

use super::{
    Admin,
    problem::Problem,
    repair::because,
    select,
    view::{CorrectedView, CorrectionRequest},
};
use crate::{
    config::{compile::dialect, model::Config},
    ingest::triage::{self, Findings},
    journal::{Corrected, Fate, JournalReader, NewCorrection, State},
    record::{Arrival, Document, arrival::TAG_VIOLATIONS},
};

/// The largest request: a record of the largest limit that a source may have
/// (64 MiB), in JSON's escapes.
pub(super) const MAX_REQUEST_BYTES: usize = 144 * 1024 * 1024;

pub(super) async fn correct(
    Shared(admin): Shared<Admin>,
    Path(id): Path<String>,
    Json(request): Json<CorrectionRequest>,
) -> Result<Json<CorrectedView>, Problem> {
    let reason = because(Some(&request.because))?;
    let journal = admin.runtime.journal();
    let Some(arrival) = select::arrival(&**journal, &id).await? else {
        return Err(Problem::not_found(format!("no arrival {id}")));
    };
    if request.after != arrival.correction() {
        return Err(Problem::conflict(format!(
            "arrival {id} has correction {} by now, `after` says {}; look at it again",
            arrival.correction(),
            request.after
        )));
    }
    let revision = admin.runtime.revision();
    let body = Bytes::from(request.body);
    let found = judge(revision.config.clone(), arrival.clone(), body.clone()).await?;
    let mut view = effects(&**journal, &arrival, request.dead).await?;
    if request.dry_run {
        view.dry_run = true;
        return Ok(Json(view));
    }
    let correction = NewCorrection {
        after: request.after,
        at: Timestamp::now(),
        because: reason.to_string(),
        session: found.session,
        tags: found.tags,
        body,
        dead: request.dead,
        revision: revision.number,
    };
    let Corrected { number, resumed } = journal.correct(arrival.seq, correction).await?;
    tracing::info!(%id, correction = number, ?resumed, "a record is corrected");
    count(&resumed);
    view.correction = number;
    view.resumed = resumed.into_iter().collect();
    Ok(Json(view))
}

/// Judges the corrected record by its source, where there is still one, off the
/// async runtime.
async fn judge(
    config: Arc<Config>,
    arrival: Arc<Arrival>,
    body: Bytes,
) -> Result<Findings, Problem> {
    let judged = tokio::task::spawn_blocking(move || sort(&config, &arrival, &body));
    judged
        .await
        .unwrap_or_else(|_| Err(Problem::bad_request("the record could not be read")))
}

fn sort(config: &Config, arrival: &Arrival, body: &Bytes) -> Result<Findings, Problem> {
    let source = config.source.get(&*arrival.source);
    let limit = source.and_then(|source| source.max_body_bytes);
    let limit = limit.unwrap_or(config.ingest.max_body_bytes);
    if body.len() > limit {
        return Err(Problem::bad_request(format!(
            "the corrected record has {} bytes, source {} takes {limit}",
            body.len(),
            arrival.source
        )));
    }
    if body == arrival.record() {
        return Err(Problem::bad_request("the correction changes nothing"));
    }
    let Some(document) = triage::object(body) else {
        return Err(unreadable(body));
    };
    let mut found = match source.map(dialect) {
        Some(Ok(dialect)) => {
            let strict = source.is_some_and(|source| source.strict);
            triage::examine(&*dialect, strict, arrival.kind, &document)
        }
        _ => Findings {
            session: arrival.session.clone(),
            ..Findings::default()
        },
    };
    if let Some(defect) = found.defect {
        let violations = found.tags.get(TAG_VIOLATIONS);
        return Err(Problem::bad_request(format!(
            "the corrected record would be suspended again: {}{}",
            defect.explanation(),
            violations.map_or_else(String::new, |list| format!("; they are {list}"))
        )));
    }
    let others = arrival
        .tags
        .iter()
        .filter(|(name, _)| *name != TAG_VIOLATIONS);
    let others: Vec<_> = others
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    found.tags.extend(others);
    Ok(found)
}

fn unreadable(body: &Bytes) -> Problem {
    Problem::bad_request(match Document::parse(body.clone()) {
        Ok(_) => "the corrected record has to be a JSON object".to_owned(),
        Err(error) => format!("the corrected record cannot be read: {error}"),
    })
}

/// What a correction does at each destination, as things stand.
async fn effects(
    journal: &dyn JournalReader,
    arrival: &Arrival,
    dead: bool,
) -> Result<CorrectedView, Problem> {
    let retired = journal.ledgers().await?.into_iter();
    let retired: BTreeSet<_> = retired
        .filter(|ledger| ledger.retired)
        .map(|ledger| ledger.destination)
        .collect();
    let mut view = CorrectedView {
        arrival: arrival.id.to_string(),
        correction: arrival.correction() + 1,
        ..CorrectedView::default()
    };
    let mut fates = journal.fates(arrival.seq).await?;
    fates.sort_by(|a, b| a.destination.cmp(&b.destination));
    for Fate {
        destination, state, ..
    } in fates
    {
        let runs = !retired.contains(&destination);
        match state {
            State::Suspended if runs => view.resumed.push(destination),
            State::Dead if dead && runs => view.resumed.push(destination),
            State::Dead => view.dead.push(destination),
            State::Pending | State::Retrying if runs => view.waiting.push(destination),
            State::Delivered => view.delivered.push(destination),
            _ => {}
        }
    }
    Ok(view)
}

fn count(resumed: &BTreeSet<String>) {
    metrics::counter!("cdr_gateway_corrections_total").increment(1);
    for destination in resumed {
        metrics::counter!("cdr_gateway_deliveries_total", "destination" => destination.clone(), "state" => State::Retrying.as_str())
            .increment(1);
    }
}
