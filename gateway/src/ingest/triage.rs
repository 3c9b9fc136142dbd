//! What is kept as it is, kept with a mark, and refused.
//!
//! A record that cannot be processed is kept with its defect, so that somebody
//! sees it and nothing is lost; the sender could not send a better one. Only a
//! body that is not even JSON, from a sender that nothing identifies, is
//! refused: that is what scanners send.

use std::sync::Arc;

use bytes::Bytes;
use http::HeaderMap;
use jiff::Timestamp;

use super::{
    admission::Push,
    dialect::{Dialect, Session},
    refusal::Refusal,
    source::Source,
};
use crate::record::{Defect, Document, Kind, Tags, arrival::TAG_VIOLATIONS};

/// Bodies larger than this are looked at on a thread of their own: reading a
/// megabyte of JSON takes milliseconds, in which the runtime would serve nobody
/// else. A usual record has two thousand bytes.
const INLINE_BYTES: usize = 64 * 1024;

/// Makes a push of a request, or says why it is not taken.
pub(super) async fn triage(
    source: &Arc<Source>,
    kind: Kind,
    headers: &HeaderMap,
    body: Bytes,
) -> Result<Push, Refusal> {
    let push_id = source.dialect.push_id(headers).map(Box::from);
    if body.len() <= INLINE_BYTES {
        return sort(source, kind, push_id, body);
    }
    let source = source.clone();
    tokio::task::spawn_blocking(move || sort(&source, kind, push_id, body))
        .await
        .unwrap_or(Err(Refusal::NotStored))
}

fn sort(
    source: &Source,
    kind: Kind,
    push_id: Option<Box<[u8]>>,
    body: Bytes,
) -> Result<Push, Refusal> {
    let Findings {
        session,
        tags,
        defect,
    } = match object(&body) {
        Some(document) => examine(&*source.dialect, source.strict, kind, &document),
        None if source.auth.identifies() => Findings {
            defect: Some(Defect::Unreadable),
            ..Findings::default()
        },
        None => return Err(Refusal::NotJson),
    };
    Ok(Push {
        received: Timestamp::now(),
        source: source.name.clone(),
        kind,
        push_id,
        session,
        tags,
        defect,
        body,
    })
}

/// What a look at a document brought up.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    /// The session that it belongs to.
    pub(crate) session: Option<Arc<str>>,
    /// What it is tagged with.
    pub(crate) tags: Tags,
    /// Why it cannot be processed, if so.
    pub(crate) defect: Option<Defect>,
}

/// The document, where the body is a JSON object.
pub(crate) fn object(body: &Bytes) -> Option<Document> {
    let opens = body.trim_ascii_start().starts_with(b"{");
    opens.then(|| Document::parse(body.clone()).ok()).flatten()
}

/// The violations are tagged also where they are the reason to suspend: the
/// person who looks at it wants to know which ones.
pub(crate) fn examine(
    dialect: &dyn Dialect,
    strict: bool,
    kind: Kind,
    document: &Document,
) -> Findings {
    let mut findings = Findings::default();
    let violations = dialect.examine(kind, document);
    if !violations.is_empty() {
        let list = serde_json::Value::from(violations).to_string();
        findings.tags.insert(TAG_VIOLATIONS.to_owned(), list);
        findings.defect = strict.then_some(Defect::Violations);
    }
    match dialect.session(kind, document) {
        Session::Named(session) => findings.session = Some(session),
        Session::Missing => findings.defect = Some(Defect::NoSessionId),
        Session::NotAsked => {}
    }
    findings
}
