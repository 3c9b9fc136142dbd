//! What Tencent Cloud Contact Center is answered.
//!
//! The vendor documents two members, `ErrMsg` and `ErrCode`, and 0 as the only
//! success. It leaves the other codes to the receiver: here a code is the HTTP
//! status followed by two digits that tell reasons with one status apart, so
//! that it can be read without a table. Codes are never given a second meaning.

use http::StatusCode;
use serde::Serialize;

use crate::ingest::{dialect::Answer, refusal::Refusal};

const JSON: &str = "application/json;charset=utf-8";

pub(super) fn accepted() -> Answer {
    answer(StatusCode::OK, "", 0)
}

pub(super) fn refused(refusal: &Refusal) -> Answer {
    answer(refusal.status(), &refusal.to_string(), code(refusal))
}

/// The reply in the vendor's own order.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Reply<'a> {
    err_msg: &'a str,
    err_code: u32,
}

fn answer(status: StatusCode, message: &str, code: u32) -> Answer {
    let reply = Reply {
        err_msg: message,
        err_code: code,
    };
    Answer {
        status,
        content_type: JSON,
        // A text and a number: there is nothing that could fail.
        body: serde_json::to_string(&reply).unwrap_or_default(),
    }
}

/// The `ErrCode` of a refusal.
fn code(refusal: &Refusal) -> u32 {
    match refusal {
        Refusal::MissingAction { .. } => 40001,
        Refusal::UnknownAction { .. } => 40002,
        Refusal::Version { .. } => 40003,
        Refusal::NotJson => 40004,
        Refusal::Undecodable => 40005,
        Refusal::Interrupted => 40006,
        Refusal::Unauthorised => 40101,
        Refusal::Address => 40301,
        Refusal::UnknownPath => 40401,
        Refusal::Method => 40501,
        Refusal::TooSlow => 40801,
        Refusal::TooLarge { .. } => 41301,
        Refusal::Encoding => 41501,
        Refusal::Overloaded => 50301,
        Refusal::JournalBusy => 50302,
        Refusal::JournalFull => 50303,
        Refusal::NotStored => 50304,
        Refusal::BacklogFull => 50305,
        Refusal::JournalStalled => 50306,
    }
}
