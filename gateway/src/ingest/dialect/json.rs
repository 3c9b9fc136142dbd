//! The plain dialect: a POST whose body is a JSON object.
//!
//! What it reports, where it names its session and where numbers stand is
//! said by the source's config. It has no tables, so that no value breaks them
//! and no field is unknown. Answers are JSON; refusals are problem details
//! (RFC 9457) with the member `reason`.

use std::sync::Arc;

use http::{HeaderMap, Method, StatusCode};
use serde_json::json;

use super::{Answer, Dialect, Head, Receipt, Session};
use crate::{
    ingest::refusal::Refusal,
    record::{Document, Kind, Pattern, Pointer},
};

const JSON: &str = "application/json";
const PROBLEM: &str = "application/problem+json";

/// The header that identifies a push, if the sender has one: the name that an
/// Internet-Draft of the IETF gives it.
const PUSH_ID: &str = "idempotency-key";

/// The `json` dialect, as one source configures it.
#[derive(Debug, Clone)]
pub struct Json {
    kind: Kind,
    session_at: Option<Pointer>,
    number_places: Vec<Pattern>,
}

impl Json {
    /// A dialect whose records are of `kind`, name their session at
    /// `session_at`, and hold numbers at `number_places`.
    pub fn new(kind: Kind, session_at: Option<Pointer>, number_places: Vec<Pattern>) -> Self {
        Self {
            kind,
            session_at,
            number_places,
        }
    }
}

impl Dialect for Json {
    fn name(&self) -> &'static str {
        "json"
    }

    fn admit(&self, head: &Head<'_>) -> Result<Kind, Refusal> {
        if head.method == Method::POST {
            Ok(self.kind)
        } else {
            Err(Refusal::Method)
        }
    }

    fn push_id<'a>(&self, headers: &'a HeaderMap) -> Option<&'a [u8]> {
        let id = headers.get(PUSH_ID)?.as_bytes().trim_ascii();
        (!id.is_empty()).then_some(id)
    }

    fn session(&self, _kind: Kind, document: &Document) -> Session {
        let Some(place) = &self.session_at else {
            return Session::NotAsked;
        };
        document
            .get(place)
            .and_then(|json| name(&json))
            .map_or(Session::Missing, Session::Named)
    }

    fn examine(&self, _kind: Kind, _document: &Document) -> Vec<String> {
        Vec::new()
    }

    fn number_places(&self, _kind: Kind) -> &[Pattern] {
        &self.number_places
    }

    fn knows_field(&self, _kind: Option<Kind>, _path: &[&str]) -> bool {
        true
    }

    fn accepted(&self, receipt: Receipt) -> Answer {
        let Receipt { id, duplicate } = receipt;
        Answer {
            status: StatusCode::OK,
            content_type: JSON,
            body: json!({"accepted": true, "id": id, "duplicate": duplicate}).to_string(),
        }
    }

    fn refused(&self, refusal: &Refusal) -> Answer {
        problem(refusal)
    }
}

/// The session that a JSON value names: a string, or a number as it is written.
fn name(json: &str) -> Option<Arc<str>> {
    if json.starts_with(|first: char| first == '-' || first.is_ascii_digit()) {
        return Some(Arc::from(json));
    }
    let text: String = serde_json::from_str(json).ok()?;
    (!text.is_empty()).then(|| Arc::from(text))
}

/// A refusal as problem details (RFC 9457). It is also the answer where no
/// source, and so no dialect, is known.
pub fn problem(refusal: &Refusal) -> Answer {
    let status = refusal.status();
    let body = json!({
        "type": "about:blank",
        "title": status.canonical_reason(),
        "status": status.as_u16(),
        "detail": refusal.to_string(),
        "reason": refusal.reason(),
    });
    Answer {
        status,
        content_type: PROBLEM,
        body: body.to_string(),
    }
}

#[cfg(test)]
mod tests;
