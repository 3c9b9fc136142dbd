//! Templates of URLs and paths.

use std::hint::black_box;

use cdr_gateway::delivery::template::{Facts, PathTemplate, UrlTemplate};

use super::fixture::{SEED, arrival, document};
use crate::work::{Doing, Work};

pub const WORKS: &[Work] = &[
    Work::new("template/url", url),
    Work::new("template/path", path),
];

fn url() -> Doing {
    let text = "https://crm.example/hooks/{kind}?session={/SessionId}";
    let template = UrlTemplate::parse(text).unwrap();
    with_facts(move |facts| {
        black_box(template.render(facts));
    })
}

fn path() -> Doing {
    let text = "archive/{received:%Y-%m-%d}/{SdkAppId}.ndjson";
    let template = PathTemplate::parse(text).unwrap();
    with_facts(move |facts| {
        black_box(template.render(facts));
    })
}

fn with_facts(render: impl Fn(&Facts<'_>) + 'static) -> Doing {
    let (arrival, document) = (arrival(SEED), document(SEED));
    Box::new(move || {
        render(&Facts {
            received: arrival.received,
            source: &arrival.source,
            kind: arrival.kind,
            id: arrival.id,
            cdr: &|pointer| document.get(pointer),
        });
    })
}
