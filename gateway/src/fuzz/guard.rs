//! A payload as any chain may make it, held against a number that came in.
//!
//! Input: nine bytes that choose a mobile number, then the payload.

use bytes::Bytes;

use crate::{
    ingest::dialect::{Dialect, Tccc},
    record::{Document, Kind},
    route::guard::{Contract, Originals, PayloadBody, inspect_body},
};

const CHOICE: usize = 9;

/// What holds the number in plain digits is refused, be it a document or a text.
pub fn guard(data: &[u8]) {
    let Some((choice, payload)) = data.split_at_checked(CHOICE) else {
        return;
    };
    let digits: String = choice.iter().map(|byte| digit(*byte)).collect();
    let number = format!("13{digits}");
    let arrival = format!(r#"{{"SessionId":"s","Caller":"0086{number}"}}"#);
    let Ok(arrival) = Document::parse(Bytes::from(arrival)) else {
        return;
    };
    let places = Tccc.number_places(Kind::Cdr).iter().collect();
    let originals = Originals::gather(&arrival, [], &places, "CN");
    let holds = payload
        .windows(number.len())
        .any(|window| window == number.as_bytes());
    let parsed = Document::parse(Bytes::copy_from_slice(payload)).ok();
    let document = parsed.as_ref().map(PayloadBody::Json);
    for body in document.into_iter().chain([PayloadBody::Raw(payload)]) {
        for contract in [Contract::Masked, Contract::None] {
            let found = inspect_body(contract, &originals, body);
            assert!(!holds || found.is_err(), "{contract} let the number pass");
        }
    }
}

fn digit(byte: u8) -> char {
    char::from(b'0' + byte % 10)
}
