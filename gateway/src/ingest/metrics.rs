//! What ingest counts. Labels are names of sources, kinds and reasons: all of
//! them from config or code, so that no sender can make new series.

use std::{sync::Arc, time::Duration};

use metrics::{
    Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram,
};

use super::{limits::Limits, refusal::Refusal};
use crate::{
    journal::NewArrival,
    record::{
        Defect,
        arrival::{TAG_CONFLICT, TAG_VIOLATIONS},
    },
};

const ACCEPTED: &str = "cdr_gateway_ingest_accepted_total";
const BYTES: &str = "cdr_gateway_ingest_body_bytes_total";
const DUPLICATES: &str = "cdr_gateway_ingest_duplicates_total";
const CONFLICTS: &str = "cdr_gateway_ingest_push_id_conflicts_total";
const DEFECTS: &str = "cdr_gateway_ingest_defects_total";
const VIOLATING: &str = "cdr_gateway_ingest_violating_total";
const REFUSED: &str = "cdr_gateway_ingest_refused_total";
const TOKENS: &str = "cdr_gateway_ingest_token_requests_total";
const SECONDS: &str = "cdr_gateway_ingest_request_seconds";
const IN_FLIGHT: &str = "cdr_gateway_ingest_in_flight_requests";
const MAX_CONCURRENCY: &str = "cdr_gateway_ingest_max_concurrency";
const MAX_TOKEN_REQUESTS: &str = "cdr_gateway_ingest_max_token_requests";
const REQUEST_TIMEOUT: &str = "cdr_gateway_ingest_request_timeout_seconds";
const REMEMBERED: &str = "cdr_gateway_ingest_dedup_entries";
const MAX_REMEMBERED: &str = "cdr_gateway_ingest_dedup_max_entries";
const DEDUP_WINDOW: &str = "cdr_gateway_ingest_dedup_window_seconds";

/// The label of a request to a path where no source listens. It cannot be the
/// name of a source.
const NO_SOURCE: &str = "";

/// Tells the metrics recorder what each metric of ingest means. To be called
/// once, after the recorder was installed.
pub fn describe_metrics() {
    describe_counter!(ACCEPTED, "Records committed, by source and kind.");
    describe_counter!(BYTES, Unit::Bytes, "Bytes of committed bodies, by source.");
    describe_counter!(
        DUPLICATES,
        "Pushes that repeated an earlier one, by source."
    );
    describe_counter!(
        CONFLICTS,
        "Pushes with the id of an earlier one and another body, by source. They are kept."
    );
    describe_counter!(
        DEFECTS,
        "Records kept though they cannot be processed, by source and defect."
    );
    describe_counter!(
        VIOLATING,
        "Records with values that break the dialect's tables, by source."
    );
    describe_counter!(REFUSED, "Requests refused, by source and reason.");
    describe_counter!(
        TOKENS,
        "Requests for access tokens, by source and outcome: issued, or the error of RFC 6749."
    );
    describe_histogram!(
        SECONDS,
        Unit::Seconds,
        "Time from a request's headers to its answer, by source; refused ones excluded."
    );
    describe_gauge!(IN_FLIGHT, "Requests being served.");
    describe_gauge!(MAX_CONCURRENCY, "Limit on requests being served.");
    describe_gauge!(
        MAX_TOKEN_REQUESTS,
        "Limit on requests for access tokens being served."
    );
    describe_gauge!(
        REQUEST_TIMEOUT,
        Unit::Seconds,
        "Limit on the time of one request."
    );
    describe_gauge!(REMEMBERED, "Pushes remembered for deduplication.");
    describe_gauge!(
        MAX_REMEMBERED,
        "Limit on pushes remembered for deduplication."
    );
    describe_gauge!(
        DEDUP_WINDOW,
        Unit::Seconds,
        "How long a push is remembered."
    );
}

pub(super) fn limits(limits: &Limits) {
    gauge!(MAX_CONCURRENCY).set(lossy(limits.max_concurrency));
    gauge!(MAX_TOKEN_REQUESTS).set(lossy(limits.max_token_requests));
    gauge!(REQUEST_TIMEOUT).set(limits.request_timeout.as_secs_f64());
    gauge!(MAX_REMEMBERED).set(lossy(limits.dedup_max_entries));
    gauge!(DEDUP_WINDOW).set(limits.dedup_window.as_secs_f64());
}

/// Counts an arrival, once it is called: the arrival itself belongs to the
/// journal by then.
pub(super) fn committed(arrival: &NewArrival) -> impl FnOnce() + use<> {
    let source = arrival.source.clone();
    let kind = arrival.kind.as_str();
    let bytes = arrival.body.len() as u64;
    let defect = arrival.defect.map(Defect::as_str);
    let violating = arrival.tags.contains_key(TAG_VIOLATIONS);
    let conflict = arrival.tags.contains_key(TAG_CONFLICT);
    move || {
        counter!(ACCEPTED, "source" => source.clone(), "kind" => kind).increment(1);
        counter!(BYTES, "source" => source.clone()).increment(bytes);
        if let Some(defect) = defect {
            counter!(DEFECTS, "source" => source.clone(), "defect" => defect).increment(1);
        }
        if violating {
            counter!(VIOLATING, "source" => source.clone()).increment(1);
        }
        if conflict {
            counter!(CONFLICTS, "source" => source).increment(1);
        }
    }
}

pub(super) fn duplicate(source: &Arc<str>) {
    counter!(DUPLICATES, "source" => source.clone()).increment(1);
}

pub(super) fn refused(source: Option<&Arc<str>>, refusal: &Refusal) {
    let source = source.map_or_else(|| Arc::from(NO_SOURCE), Arc::clone);
    counter!(REFUSED, "source" => source, "reason" => refusal.reason()).increment(1);
}

pub(super) fn token(source: &Arc<str>, outcome: &'static str) {
    counter!(TOKENS, "source" => source.clone(), "outcome" => outcome).increment(1);
}

pub(super) fn answered(source: &Arc<str>, after: Duration) {
    histogram!(SECONDS, "source" => source.clone()).record(after.as_secs_f64());
}

pub(super) fn remembered(entries: usize) {
    gauge!(REMEMBERED).set(lossy(entries));
}

/// Counts a request as being served for as long as it lives.
pub(super) struct InFlight(());

impl InFlight {
    pub(super) fn begin() -> Self {
        gauge!(IN_FLIGHT).increment(1.0);
        Self(())
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        gauge!(IN_FLIGHT).decrement(1.0);
    }
}

/// Gauges are floats; limits and counts here are far below 2^53.
#[allow(clippy::cast_precision_loss)]
fn lossy(count: usize) -> f64 {
    count as f64
}
