//! Metrics of stages.

use metrics::{Unit, describe_counter, describe_gauge, gauge};

use super::float;
use crate::{
    journal::{StageHeld, StageStanding},
    plugin::stage::StateGrant,
    record::Seq,
};

pub(super) fn describe() {
    describe_counter!(
        "cdr_gateway_stage_calls_total",
        "Records and timers that a stage came to, by stage and outcome: done, ignored, or the defect for which a record was passed over."
    );
    describe_counter!(
        "cdr_gateway_stage_failures_total",
        "Calls of a stage that failed, by stage and reason."
    );
    describe_counter!(
        "cdr_gateway_stage_derived_total",
        "Records that a stage made, by stage and outcome: derived, or repeated and left out."
    );
    describe_counter!(
        "cdr_gateway_stage_requests_total",
        "Requests of a stage to hosts, by stage and outcome."
    );
    describe_gauge!(
        "cdr_gateway_stage_halted",
        "Whether a stage goes no further since it fails."
    );
    describe_gauge!(
        "cdr_gateway_stage_lag_arrivals",
        "Arrivals that a stage has not come to yet, those of other sources included."
    );
    describe_gauge!(
        "cdr_gateway_stage_state_bytes",
        Unit::Bytes,
        "Keys and values that a stage remembers."
    );
    describe_gauge!(
        "cdr_gateway_stage_state_max_bytes",
        Unit::Bytes,
        "Limit on them; 0 where none is granted."
    );
    describe_gauge!(
        "cdr_gateway_stage_state_keys",
        "Keys that a stage remembers."
    );
    describe_gauge!(
        "cdr_gateway_stage_state_max_keys",
        "Limit on them; 0 where none is granted."
    );
    describe_gauge!("cdr_gateway_stage_timers", "Timers that a stage has set.");
    describe_gauge!(
        "cdr_gateway_stage_max_timers",
        "Limit on them; 0 where none is granted."
    );
}

pub(super) fn show(standing: &StageStanding, grant: Option<StateGrant>, head: Seq) {
    let StageHeld {
        state_bytes,
        state_keys,
        timers,
    } = standing.held;
    let of_grant = |limit: fn(StateGrant) -> u64| grant.map_or(0, limit);
    for (name, value) in [
        (
            "cdr_gateway_stage_lag_arrivals",
            head.0.saturating_sub(standing.cursor.0),
        ),
        ("cdr_gateway_stage_state_bytes", state_bytes),
        (
            "cdr_gateway_stage_state_max_bytes",
            of_grant(|grant| grant.max_bytes),
        ),
        ("cdr_gateway_stage_state_keys", state_keys),
        (
            "cdr_gateway_stage_state_max_keys",
            of_grant(|grant| grant.max_keys),
        ),
        ("cdr_gateway_stage_timers", timers),
        (
            "cdr_gateway_stage_max_timers",
            of_grant(|grant| grant.max_timers),
        ),
    ] {
        gauge!(name, "stage" => standing.stage.clone()).set(float(value));
    }
}
