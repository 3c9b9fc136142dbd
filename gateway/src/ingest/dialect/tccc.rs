//! The dialect of Tencent Cloud Contact Center.
//!
//! A push is a POST whose query says what it is (`?action=cdr&version=1`;
//! voicemail comes without a version) and whose header `X-TCCC-PUSH-UUID`
//! stays the same over its retries. The sender reads `ErrCode` in a JSON
//! answer; anything but 0 makes it try again, three times at most.
//! What may stand in a body is in [`fields`].

mod answer;
pub mod fields;
mod tables;

use std::sync::Arc;

use http::{HeaderMap, Method};

use super::{Answer, Dialect, Head, Receipt, Session};
use crate::{
    ingest::{
        query,
        refusal::{Refusal, Word},
    },
    record::{Document, Kind, Pattern},
};

/// The header that identifies a push.
const PUSH_ID: &str = "x-tccc-push-uuid";

/// The actions of the vendor's pushes, as they are told in a refusal.
const ACTIONS: &str = "cdr, record, voicemail and imcdr";

/// The version of the pushes that have one.
const VERSION: &str = "1";

/// The `tccc` dialect.
#[derive(Debug, Clone, Copy, Default)]
pub struct Tccc;

impl Dialect for Tccc {
    fn name(&self) -> &'static str {
        "tccc"
    }

    fn admit(&self, head: &Head<'_>) -> Result<Kind, Refusal> {
        if head.method != Method::POST {
            return Err(Refusal::Method);
        }
        let action = query::parameter(head.query, "action")
            .ok_or(Refusal::MissingAction { known: ACTIONS })?;
        let kind = action.parse::<Kind>().map_err(|_| Refusal::UnknownAction {
            action: Word::new(&action),
            known: ACTIONS,
        })?;
        match query::parameter(head.query, "version").as_deref() {
            Some(VERSION) => Ok(kind),
            None if kind == Kind::Voicemail => Ok(kind),
            _ => Err(Refusal::Version { expected: VERSION }),
        }
    }

    fn push_id<'a>(&self, headers: &'a HeaderMap) -> Option<&'a [u8]> {
        let id = headers.get(PUSH_ID)?.as_bytes().trim_ascii();
        (!id.is_empty()).then_some(id)
    }

    fn session(&self, _kind: Kind, document: &Document) -> Session {
        tables::session(document).map_or(Session::Missing, |id| Session::Named(Arc::from(id)))
    }

    fn examine(&self, kind: Kind, document: &Document) -> Vec<String> {
        tables::of(kind).violations(document)
    }

    fn number_places(&self, kind: Kind) -> &[Pattern] {
        tables::of(kind).number_places()
    }

    fn knows_field(&self, kind: Option<Kind>, path: &[&str]) -> bool {
        fields::ALL
            .iter()
            .filter(|field| kind.is_none_or(|kind| field.kinds.contains(&kind)))
            .any(|field| field.covers(path))
    }

    fn accepted(&self, _receipt: Receipt) -> Answer {
        answer::accepted()
    }

    fn refused(&self, refusal: &Refusal) -> Answer {
        answer::refused(refusal)
    }
}

#[cfg(test)]
mod tests;
