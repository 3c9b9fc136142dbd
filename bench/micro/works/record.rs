//! The document: opened, looked into, edited, written.

use std::hint::black_box;

use cdr_gateway::{
    ingest::dialect::{Dialect, Tccc},
    record::{Kind, Pattern},
};

use super::fixture::{SEED, TRANSFER, document, pointer};
use crate::work::{Doing, Work};

/// Far above what is made here.
const MAX_BYTES: usize = 1 << 20;

pub const WORKS: &[Work] = &[
    Work::new("record/parse", parse),
    Work::new("record/serde-json-value", serde_json_value),
    Work::new("record/get-first", get_first),
    Work::new("record/get-again", get_again),
    Work::new("record/select", select),
    Work::new("record/texts", texts),
    Work::new("record/set", set),
    Work::new("record/set-and-write", set_and_write),
];

fn parse() -> Doing {
    Box::new(|| drop(black_box(document(TRANSFER))))
}

/// What parsing costs by the library, to compare with.
fn serde_json_value() -> Doing {
    Box::new(|| {
        let value: serde_json::Value = serde_json::from_str(black_box(TRANSFER)).unwrap();
        drop(black_box(value));
    })
}

fn get_first() -> Doing {
    let place = pointer("/TelLocation/TelNumber");
    Box::new(move || {
        black_box(document(SEED).get(&place));
    })
}

fn get_again() -> Doing {
    let (document, place) = (document(SEED), pointer("/TelLocation/TelNumber"));
    Box::new(move || {
        black_box(document.get(black_box(&place)));
    })
}

fn select() -> Doing {
    let (document, pattern) = (
        document(TRANSFER),
        Pattern::parse("/ServeParticipants/*/Mobile").unwrap(),
    );
    Box::new(move || {
        black_box(document.select(black_box(&pattern)));
    })
}

fn texts() -> Doing {
    let document = document(TRANSFER);
    let places = Tccc.number_places(Kind::Cdr).iter().collect();
    Box::new(move || {
        black_box(document.texts(7, &places));
    })
}

fn set() -> Doing {
    let (document, place) = (document(SEED), pointer("/TelLocation/TelNumber"));
    Box::new(move || {
        let mut edited = document.clone();
        edited
            .set(&place, "\"0086184****7605\"", MAX_BYTES)
            .unwrap();
        drop(black_box(edited));
    })
}

fn set_and_write() -> Doing {
    let (document, place) = (document(SEED), pointer("/TelLocation/TelNumber"));
    Box::new(move || {
        let mut edited = document.clone();
        edited
            .set(&place, "\"0086184****7605\"", MAX_BYTES)
            .unwrap();
        black_box(edited.bytes());
    })
}
