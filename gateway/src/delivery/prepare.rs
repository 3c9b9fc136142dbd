//! Makes a payload of an arrival for one destination: route, chain, guard.

use std::sync::Arc;

use super::{Destination, Payload, template::Facts};
use crate::{
    plugin::{Instances, Record, Workers},
    record::Pointer,
    route::{ChainOutcome, Decided, Journey, Routes, Suspension},
};

/// What became of making a payload.
#[derive(Debug)]
pub enum Prepared {
    /// Nothing is sent, for a reason.
    Skipped(String),
    /// A person has to look at it.
    Suspended(Suspension),
    /// This is sent.
    Ready(Payload),
}

/// Runs route chain, own chain and guard for an arrival that was routed here.
pub async fn prepare(
    journey: &Arc<Journey>,
    routes: &Routes,
    destination: &Arc<Destination>,
    workers: &Workers,
) -> Prepared {
    let route = match journey.decision(routes).of(&destination.name) {
        Some(Decided::Through(route)) => *route,
        Some(Decided::Suspended { reason, detail }) => {
            return suspended(reason, detail.clone());
        }
        None => return Prepared::Skipped(journey.decision(routes).why_not().into()),
    };
    let outcome = journey
        .through(routes, route, workers, &destination.name)
        .await;
    let record = match outcome {
        Some(ChainOutcome::Kept(record)) => record,
        Some(ChainOutcome::Dropped { plugin, reason }) => {
            return Prepared::Skipped(dropped(&plugin, &reason));
        }
        Some(ChainOutcome::Suspended(suspension)) => return Prepared::Suspended(suspension),
        None => return host_fault(),
    };
    let before = routes
        .get(route)
        .map(|route| route.chain.digests())
        .unwrap_or_default();
    let (journey, for_job) = (journey.clone(), destination.clone());
    let finish =
        move |instances: &mut Instances| own(&journey, &for_job, instances, record, before);
    let finished = workers.run(&destination.name, finish).await;
    finished.unwrap_or_else(|_| host_fault())
}

/// The destination's own chain, its target and its contract, on a worker.
fn own(
    journey: &Journey,
    destination: &Destination,
    instances: &mut Instances,
    record: Record,
    mut digests: Vec<String>,
) -> Prepared {
    let record = match destination.chain.run(instances, record) {
        ChainOutcome::Kept(record) => record,
        ChainOutcome::Dropped { plugin, reason } => {
            return Prepared::Skipped(dropped(&plugin, &reason));
        }
        ChainOutcome::Suspended(suspension) => return Prepared::Suspended(suspension),
    };
    digests.extend(destination.chain.digests());
    let payload = Payload {
        body: record.document.bytes(),
        target: target(destination, &record),
        digests: digests.join(" "),
    };
    match check(journey, destination, &record, &payload) {
        None => Prepared::Ready(payload),
        Some(suspension) => Prepared::Suspended(suspension),
    }
}

/// Checks a payload against the destination's contract of today. Costs a scan:
/// not for the async runtime.
#[must_use]
pub fn check(
    journey: &Journey,
    destination: &Destination,
    record: &Record,
    payload: &Payload,
) -> Option<Suspension> {
    let contract = destination.contract?;
    let headers = destination.driver.headers();
    let place = destination.driver.place();
    let violation = payload
        .inspect(contract, journey.originals(record), place, &headers)
        .err()?;
    metrics::counter!("cdr_gateway_egress_violations_total", "destination" => destination.name.to_string())
        .increment(1);
    Some(Suspension {
        reason: "egress_violation".into(),
        detail: violation.to_string(),
    })
}

fn target(destination: &Destination, record: &Record) -> String {
    let lookup = |pointer: &Pointer| record.document.get(pointer);
    destination.driver.target(&Facts {
        received: record.arrival.received,
        source: &record.arrival.source,
        kind: record.arrival.kind,
        id: record.arrival.id,
        cdr: &lookup,
    })
}

fn dropped(plugin: &str, reason: &str) -> String {
    format!("{plugin}: {reason}")
}

fn suspended(reason: &str, detail: String) -> Prepared {
    Prepared::Suspended(Suspension {
        reason: reason.into(),
        detail,
    })
}

fn host_fault() -> Prepared {
    suspended(
        "host_fault",
        "the gateway itself failed on this record; its log has the details".into(),
    )
}
