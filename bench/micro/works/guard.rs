//! The egress guard: what came in is gathered, what leaves is inspected.

use std::hint::black_box;

use cdr_gateway::{
    ingest::dialect::{Dialect, Tccc},
    record::{Document, Kind, Pattern},
    route::guard::{Contract, Originals, PayloadBody, Target, inspect_body, inspect_target},
};

use super::fixture::{SEED, TRANSFER, document, pointer};
use crate::work::{Doing, Work};

pub const WORKS: &[Work] = &[
    Work::new("guard/gather-seed", || gather(SEED)),
    Work::new("guard/gather-transfer", || gather(TRANSFER)),
    Work::new("guard/inspect-masked", || look(Contract::Masked)),
    Work::new("guard/inspect-none", || look(Contract::None)),
];

fn places() -> &'static [Pattern] {
    Tccc.number_places(Kind::Cdr)
}

fn originals(document: &Document) -> Originals {
    Originals::gather(document, [], &places().iter().collect(), "CN")
}

fn gather(text: &'static str) -> Doing {
    let document = document(text);
    Box::new(move || drop(black_box(originals(black_box(&document)))))
}

/// A record that may leave: every number place is emptied.
fn look(contract: Contract) -> Doing {
    let document = document(SEED);
    let originals = originals(&document);
    let mut masked = document;
    for place in places() {
        let found: Vec<_> = masked
            .select(place)
            .into_iter()
            .map(|one| one.pointer)
            .collect();
        for place in found {
            masked.set(&pointer(&place), "\"\"", 1 << 20).unwrap();
        }
    }
    Box::new(move || {
        let target = Target {
            url: Some("https://bi.example/cdr"),
            headers: &[("content-type", "application/json")],
            file_name: None,
        };
        inspect_target(contract, &originals, black_box(&target)).unwrap();
        inspect_body(contract, &originals, black_box(PayloadBody::Json(&masked))).unwrap();
    })
}
