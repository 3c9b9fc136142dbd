//! Templates as any operator may write them, with values as any sender may.
//!
//! Input: a path in the first line, a URL in the second, then the document.

use std::path::Component;

use bytes::Bytes;
use jiff::Timestamp;
use url::Url;
use uuid::Uuid;

use super::text_line;
use crate::{
    delivery::template::{Facts, PathTemplate, UrlTemplate},
    record::{ArrivalId, Document, Kind, Pointer},
};

/// Longest name that file systems take, in bytes.
const MAX_NAME: usize = 255;

/// A path stays below its directory and can be a file's; a URL keeps its scheme,
/// host and port.
pub fn template(data: &[u8]) {
    let Some((path, rest)) = text_line(data) else {
        return;
    };
    let Some((url, text)) = text_line(rest) else {
        return;
    };
    let Ok(document) = Document::parse(Bytes::copy_from_slice(text)) else {
        return;
    };
    let lookup = |pointer: &Pointer| document.get(pointer);
    let facts = Facts {
        received: Timestamp::UNIX_EPOCH,
        source: "tccc",
        kind: Kind::Cdr,
        id: ArrivalId(Uuid::nil()),
        cdr: &lookup,
    };
    if let Ok(template) = PathTemplate::parse(path) {
        stays_below(&template, &facts);
    }
    if let Ok(template) = UrlTemplate::parse(url) {
        stays_at_host(&template, &facts);
    }
}

fn stays_below(template: &PathTemplate, facts: &Facts<'_>) {
    let path = template.render(facts);
    let mut names = 0;
    for component in path.components() {
        let Component::Normal(name) = component else {
            panic!("{component:?} in a rendered path");
        };
        let name = name.to_string_lossy();
        assert!(name.len() <= MAX_NAME, "a name of {} bytes", name.len());
        assert!(!name.contains(char::is_control), "a control character");
        names += 1;
    }
    assert!(names > 0, "an empty path");
    assert_eq!(path, template.render(facts), "another path the second time");
}

fn stays_at_host(template: &UrlTemplate, facts: &Facts<'_>) {
    let base = template.base();
    let rendered = template.render(facts);
    let Ok(url) = Url::parse(&rendered) else {
        panic!("no URL was made of a valid template");
    };
    assert_eq!(url.scheme(), base.scheme(), "another scheme");
    assert_eq!(url.host(), base.host(), "another host");
    assert_eq!(
        url.port_or_known_default(),
        base.port_or_known_default(),
        "another port"
    );
    assert!(url.username().is_empty() && url.password().is_none());
}
