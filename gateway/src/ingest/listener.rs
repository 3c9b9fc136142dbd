//! The listener: one handler for all sources, found by path at each request, so
//! that a reload is one swap of a pointer.

use std::{sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    response::Response,
};
use http::{HeaderValue, header, request::Parts};
use tokio::time::{Instant, timeout_at};

use super::{
    admission::Admission,
    auth::OAuth2Client,
    body,
    dialect::{Answer, Head, Receipt, json},
    limits::{Gate, Limits},
    metrics,
    refusal::Refusal,
    source::{Endpoint, Source, Sources},
    token,
    triage::triage,
};
use crate::journal::JournalError;

/// What the listener serves: the sources and limits of the revision that runs,
/// and the admission that outlives revisions.
#[derive(Debug)]
pub struct Ingest {
    settings: ArcSwap<Settings>,
    admission: Admission,
}

#[derive(Debug)]
struct Settings {
    sources: Sources,
    request_timeout: Duration,
    gate: Arc<Gate>,
    /// Apart from that of records: who asks for a token is a stranger until its
    /// form was read.
    token_gate: Arc<Gate>,
}

impl Ingest {
    /// Serves these sources within these limits.
    pub fn new(sources: Sources, limits: &Limits, admission: Admission) -> Self {
        metrics::limits(limits);
        let settings = Settings {
            sources,
            request_timeout: limits.request_timeout,
            gate: Gate::new(limits.max_concurrency),
            token_gate: Gate::new(limits.max_token_requests),
        };
        Self {
            settings: ArcSwap::from_pointee(settings),
            admission,
        }
    }

    /// Serves other sources within other limits from the next request on.
    pub fn reload(&self, sources: Sources, limits: &Limits) {
        let old = self.settings.load();
        let was_shut = |name: &str| {
            let mut old = old.sources.iter();
            old.any(|source| &*source.name == name && source.valve.is_shut())
        };
        for source in sources.iter() {
            source.valve.set(was_shut(&source.name));
        }
        let gate = old.gate.resized(limits.max_concurrency);
        let token_gate = old.token_gate.resized(limits.max_token_requests);
        self.settings.store(Arc::new(Settings {
            sources,
            request_timeout: limits.request_timeout,
            gate,
            token_gate,
        }));
        self.admission.resize(limits);
        metrics::limits(limits);
    }

    /// Shuts the sources for which this holds, and opens the others.
    pub fn shut(&self, is_shut: impl Fn(&str) -> bool) {
        for source in self.settings.load().sources.iter() {
            source.valve.set(is_shut(&source.name));
        }
    }
}

/// The router of the ingest listener. The caller serves it, says who connected
/// ([`axum::extract::ConnectInfo`]), bounds the time that headers may take, and
/// drains it.
pub fn router(ingest: Arc<Ingest>) -> Router {
    Router::new().fallback(receive).with_state(ingest)
}

async fn receive(State(ingest): State<Arc<Ingest>>, request: Request) -> Response {
    let started = Instant::now();
    let settings = ingest.settings.load_full();
    let (head, body) = request.into_parts();
    let deadline = started + settings.request_timeout;
    let source = match settings.sources.at(head.uri.path()) {
        None => return refuse(None, &head, &Refusal::UnknownPath),
        Some(Endpoint::Token(source, client)) => {
            return give_token(&settings, source, client, &head, body, deadline).await;
        }
        Some(Endpoint::Push(source)) => source,
    };
    match take(&ingest.admission, &settings, source, &head, body, deadline).await {
        Ok(receipt) => {
            metrics::answered(&source.name, started.elapsed());
            respond(source.dialect.accepted(receipt))
        }
        Err(refusal) => refuse(Some(source), &head, &refusal),
    }
}

async fn give_token(
    settings: &Settings,
    source: &Arc<Source>,
    client: &OAuth2Client,
    head: &Parts,
    body: Body,
    deadline: Instant,
) -> Response {
    if !settings.sources.allow(source, head) {
        return refuse(Some(source), head, &Refusal::Address);
    }
    let _permit = match settings.token_gate.enter() {
        Ok(permit) => permit,
        Err(refusal) => return refuse(Some(source), head, &refusal),
    };
    let (answer, headers) = token::answer(source, client, head, body, deadline).await;
    let mut response = respond(answer);
    response.headers_mut().extend(headers);
    response
}

/// The order is the point: cheap checks that need no body come first, and
/// nothing is told to, or spent on, a stranger.
async fn take(
    admission: &Admission,
    settings: &Settings,
    source: &Arc<Source>,
    head: &Parts,
    body: Body,
    deadline: Instant,
) -> Result<Receipt, Refusal> {
    let Parts {
        method,
        uri,
        headers,
        ..
    } = head;
    let query = uri.query().unwrap_or_default();
    if !settings.sources.allow(source, head) {
        return Err(Refusal::Address);
    }
    if !source.auth.permits(headers, query) {
        return Err(Refusal::Unauthorised);
    }
    let kind = source.dialect.admit(&Head {
        method,
        query,
        headers,
    })?;
    if source.valve.is_shut() {
        return Err(Refusal::BacklogFull);
    }
    // Behind a commit that hangs nobody else has to wait.
    if admission.is_stalled() {
        return Err(Refusal::JournalStalled);
    }
    let _permit = settings.gate.enter()?;
    let _in_flight = metrics::InFlight::begin();
    let body = timeout_at(deadline, body::read(body, headers, source.max_body_bytes))
        .await
        .unwrap_or(Err(Refusal::TooSlow))?;
    let push = triage(source, kind, headers, body).await?;
    let admitted = timeout_at(deadline, admission.admit(push)).await;
    admitted
        .map_err(|_| Refusal::NotStored)?
        .map_err(|error| not_stored(source, &error))
}

fn not_stored(source: &Source, error: &JournalError) -> Refusal {
    match error {
        JournalError::Busy { .. } => Refusal::JournalBusy,
        JournalError::Full { .. } => Refusal::JournalFull,
        _ => {
            tracing::error!(source = %source.name, %error, "arrival not stored");
            Refusal::NotStored
        }
    }
}

/// Says no: in the log, in the metrics and to the sender.
fn refuse(source: Option<&Source>, head: &Parts, refusal: &Refusal) -> Response {
    let reason = refusal.reason();
    metrics::refused(source.map(|source| &source.name), refusal);
    let Some(source) = source else {
        // Strangers knock at every path; a line for each would drown the log.
        tracing::debug!(reason, "request refused");
        return respond(json::problem(refusal));
    };
    tracing::warn!(source = %source.name, reason, detail = %refusal, "request refused");
    let mut response = respond(source.dialect.refused(refusal));
    let headers = response.headers_mut();
    // What is left of the body is not read; the sender has to know that this
    // connection cannot carry another request.
    headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    if let Some(wait) = refusal.retry_after() {
        headers.insert(header::RETRY_AFTER, wait.as_secs().into());
    }
    if *refusal == Refusal::Method {
        headers.insert(header::ALLOW, HeaderValue::from_static("POST"));
    }
    let challenge = source.auth.challenge(&head.headers);
    if let (Refusal::Unauthorised, Some(challenge)) = (refusal, challenge) {
        let challenge = HeaderValue::from_static(challenge);
        headers.insert(header::WWW_AUTHENTICATE, challenge);
    }
    response
}

fn respond(answer: Answer) -> Response {
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() = answer.status;
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static(answer.content_type),
    );
    response
}

#[cfg(test)]
mod tests;
