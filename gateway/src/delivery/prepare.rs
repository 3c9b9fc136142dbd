//! Makes a payload of an arrival for one destination: route, chain, guard.

use std::sync::Arc;

use bytes::Bytes;

use super::{Destination, Payload, template::Facts};
use crate::{
    journal::Frozen,
    plugin::{Instances, Record, Workers},
    record::{Document, Pointer},
    route::{ChainOutcome, Decided, Journey, Routes, Suspension, guard::PayloadBody},
};

/// What became of making a payload.
#[derive(Debug)]
pub enum Prepared {
    /// Nothing is sent, for a reason.
    Skipped(String),
    /// A person has to look at it.
    Suspended(Suspension),
    /// A plugin failed that the destination has to stand still for.
    Halted(Suspension),
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
    let outcome = journey.through(routes, route, workers).await;
    let record = match outcome.map(kept) {
        Some(Ok(record)) => record,
        Some(Err(ended)) => return ended,
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
    let record = match kept(destination.chain.run(instances, record)) {
        Ok(record) => record,
        Err(ended) => return ended,
    };
    digests.extend(destination.chain.digests());
    let bytes = record.document.bytes();
    address(
        journey,
        destination,
        &record.document,
        bytes,
        digests.join(" "),
    )
}

/// Makes bytes ready that were frozen before: for the target of today, past the
/// contract of today.
pub async fn thaw(
    journey: &Arc<Journey>,
    destination: &Arc<Destination>,
    frozen: Frozen,
    workers: &Workers,
) -> Prepared {
    let (journey, name) = (journey.clone(), destination.name.clone());
    let destination = destination.clone();
    // It costs a parse and a scan: not for the async runtime.
    let thaw = move |_: &mut Instances| thawed(&journey, &destination, frozen);
    let prepared = workers.run(&name, thaw).await;
    prepared.unwrap_or_else(|_| host_fault())
}

fn thawed(journey: &Journey, destination: &Destination, frozen: Frozen) -> Prepared {
    match Document::parse(frozen.body.clone()) {
        Ok(document) => address(journey, destination, &document, frozen.body, frozen.digests),
        Err(error) => suspended("frozen_unreadable", error.to_string()),
    }
}

/// Renders the target, and holds the finished payload against the contract.
fn address(
    journey: &Journey,
    destination: &Destination,
    document: &Document,
    body: Bytes,
    digests: String,
) -> Prepared {
    let arrival = &journey.arrival;
    let lookup = |pointer: &Pointer| document.get(pointer);
    let target = destination.driver.target(&Facts {
        received: arrival.received,
        source: &arrival.source,
        kind: arrival.kind,
        id: arrival.id,
        cdr: &lookup,
    });
    let columns = destination.driver.columns();
    let cells = columns.map(|csv| (csv, csv.cells(document)));
    let payload = Payload {
        body: match &cells {
            Some((csv, cells)) => csv.line(cells).into(),
            None => body,
        },
        target,
        digests,
    };
    let named: Vec<_> = cells
        .iter()
        .flat_map(|(csv, cells)| csv.named(cells))
        .collect();
    let content = match &cells {
        Some(_) => PayloadBody::Cells(&named),
        None => PayloadBody::Json(document),
    };
    match violation(journey, destination, content, &payload) {
        None => Prepared::Ready(payload),
        Some(detail) => suspended("egress_violation", detail),
    }
}

fn violation(
    journey: &Journey,
    destination: &Destination,
    content: PayloadBody<'_>,
    payload: &Payload,
) -> Option<String> {
    let contract = destination.contract?;
    let headers = destination.driver.headers();
    let place = destination.driver.place();
    let found = payload.inspect(content, contract, journey.originals(), place, &headers);
    let violation = found.err()?;
    metrics::counter!("cdr_gateway_egress_violations_total", "destination" => destination.name.to_string())
        .increment(1);
    Some(violation.to_string())
}

/// The record that a chain let through, or what became of it instead.
fn kept(outcome: ChainOutcome) -> Result<Record, Prepared> {
    Err(match outcome {
        ChainOutcome::Kept(record) => return Ok(record),
        ChainOutcome::Dropped(reason) => Prepared::Skipped(reason),
        ChainOutcome::Suspended(suspension) => Prepared::Suspended(suspension),
        ChainOutcome::Halted(suspension) => Prepared::Halted(suspension),
    })
}

fn suspended(reason: &str, detail: String) -> Prepared {
    Prepared::Suspended(Suspension {
        reason: reason.into(),
        detail,
    })
}

/// The gateway itself failed on a record.
fn host_fault() -> Prepared {
    suspended(
        "host_fault",
        "the gateway itself failed on this record; its log has the details".into(),
    )
}
