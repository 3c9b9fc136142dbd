//! Makes a payload of an arrival for one destination: route, chain, guard.

use std::sync::Arc;

use bytes::Bytes;

use super::{Destination, Payload, template::Facts};
use crate::{
    journal::Frozen,
    plugin::{Instances, Workers},
    record::{Arrival, Document, Kind, Pointer},
    route::{
        ChainOutcome, Decided, Journey, Made, OwnChain, Routes, Suspension,
        guard::{Contract, Originals, PayloadBody, Violation, inspect_body, inspect_target},
    },
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
    let contract = destination.contract;
    let own = OwnChain {
        chain: &destination.chain,
        is_shared: destination.is_chain_shared,
        lane: &destination.name,
        contract: contract.filter(|_| destination.driver.columns().is_none()),
    };
    let Some(made) = journey.made(routes, route, &own, workers).await else {
        return host_fault();
    };
    if is_at_hand(journey, destination, &made) {
        return finish(journey, destination, &made);
    }
    let (journey, for_job) = (journey.clone(), destination.clone());
    let finish = move |_: &mut Instances| finish(&journey, &for_job, &made);
    let finished = workers.run(&destination.name, finish).await;
    finished.unwrap_or_else(|_| host_fault())
}

/// Whether nothing is left to do that is too much for the async runtime: a search
/// of the record for numbers, or of anything for any number.
fn is_at_hand(journey: &Journey, destination: &Destination, made: &Made) -> bool {
    match destination.contract {
        None => true,
        Some(Contract::None) => false,
        Some(contract) => {
            destination.driver.columns().is_none()
                && made.is_inspected(contract)
                && journey.knows_originals()
        }
    }
}

/// The target and the contract of what the chains made.
fn finish(journey: &Journey, destination: &Destination, made: &Made) -> Prepared {
    match made.outcome() {
        ChainOutcome::Kept(record) => {
            let document = &record.document;
            address(
                journey,
                destination,
                document,
                made.body(document),
                made.digests(),
                Some(made),
            )
        }
        ChainOutcome::Dropped(reason) => Prepared::Skipped(reason.clone()),
        ChainOutcome::Suspended(suspension) => Prepared::Suspended(suspension.clone()),
        ChainOutcome::Halted(suspension) => Prepared::Halted(suspension.clone()),
    }
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
        Ok(document) => {
            let digests = frozen.digests.into();
            address(journey, destination, &document, frozen.body, digests, None)
        }
        Err(error) => suspended("frozen_unreadable", error.to_string()),
    }
}

/// Renders the target, and holds the finished payload against the contract: what is
/// known of a document that chains `made` is not found out again.
fn address(
    journey: &Journey,
    destination: &Destination,
    document: &Document,
    body: Bytes,
    digests: Arc<str>,
    made: Option<&Made>,
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
    let is_own = is_own_word(arrival, &body);
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
    let inspect = |contract, originals: &Originals| match (&cells, made) {
        _ if is_own => Ok(()),
        (Some(_), _) => inspect_body(contract, originals, PayloadBody::Cells(&named)),
        (None, Some(made)) => made.inspect(document, contract, originals),
        (None, None) => inspect_body(contract, originals, PayloadBody::Json(document)),
    };
    match violation(journey, destination, &payload, inspect) {
        None => Prepared::Ready(payload),
        Some(detail) => suspended("egress_violation", detail),
    }
}

/// Whether a body is an event as the gateway made it. That repeats nothing of a
/// record, and its counts and times may read like phone numbers.
fn is_own_word(arrival: &Arrival, body: &[u8]) -> bool {
    arrival.kind == Kind::Event && arrival.body == body
}

fn violation(
    journey: &Journey,
    destination: &Destination,
    payload: &Payload,
    inspect_body: impl FnOnce(Contract, &Originals) -> Result<(), Violation>,
) -> Option<String> {
    let contract = destination.contract?;
    let originals = journey.originals();
    let place = destination.driver.place();
    let headers = destination.driver.headers();
    let found = inspect_target(contract, originals, &payload.target(place, &headers))
        .and_then(|()| inspect_body(contract, originals));
    let violation = found.err()?;
    metrics::counter!("cdr_gateway_egress_violations_total", "destination" => destination.name.to_string())
        .increment(1);
    Some(violation.to_string())
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
