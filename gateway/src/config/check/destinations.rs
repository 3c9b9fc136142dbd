//! Destinations: chains, headers, retries and renames that make sense.

use std::collections::BTreeMap;

use http::{HeaderName, HeaderValue};

use super::Check;
use crate::config::{
    diagnostic::Code,
    model::{Destination, Driver, HttpDriver, OnError},
    report::{Finding, Mark},
};

/// Headers that the gateway sets, or that belong to the transport.
const OWN_HEADERS: [&str; 10] = [
    "authorization",
    "connection",
    "content-length",
    "content-type",
    "host",
    "traceparent",
    "transfer-encoding",
    "webhook-id",
    "webhook-signature",
    "webhook-timestamp",
];

impl Check<'_, '_> {
    pub(super) fn destinations(&mut self) {
        let config = self.config;
        let mut renames = BTreeMap::new();
        let mut paths = BTreeMap::new();
        for (name, destination) in &config.destination {
            self.chain(&["destination", name, "chain"], &destination.chain);
            self.skipping(name, destination);
            self.waits(name, destination);
            if let Some(old) = &destination.renamed_from {
                self.rename(name, old, renames.insert(old, name).map(String::as_str));
            }
            match &destination.driver {
                Driver::Http(http) => self.headers(name, http),
                Driver::File(file) => {
                    let place = (config.base_dir(file), file.path.text());
                    if let Some(first) = paths.insert(place, name) {
                        self.same_file(name, first);
                    }
                }
            }
        }
    }

    /// A file has one writer, or its lines would mix.
    fn same_file(&mut self, name: &str, first: &str) {
        let finding = Finding::error(
            Code::Duplicate,
            format!("destination {first} writes the same files"),
        );
        self.add(
            &["destination", name, "file", "path"],
            Mark::Value,
            finding.help("give each destination a path or a base_dir of its own"),
        );
    }

    fn skipping(&mut self, name: &str, destination: &Destination) {
        if destination.numbers.is_none() {
            return;
        }
        for (index, one) in destination.chain.iter().enumerate() {
            if one.on_error == OnError::Skip {
                let finding = Finding::error(
                    Code::SkipUnderContract,
                    format!(
                        "{} may not be skipped in a chain under an egress contract",
                        one.plugin
                    ),
                );
                self.add(
                    &["destination", name, "chain", &index.to_string(), "on_error"],
                    Mark::Value,
                    finding.help("write on_error = \"suspend\", or leave it out"),
                );
            }
        }
    }

    fn waits(&mut self, name: &str, destination: &Destination) {
        let retry = &destination.retry;
        if retry.initial_ms > retry.max_ms {
            let message = format!(
                "the first wait ({} ms) is longer than the longest ({} ms)",
                retry.initial_ms, retry.max_ms
            );
            let finding = Finding::error(Code::OutOfRange, message);
            self.add(
                &["destination", name, "retry", "initial_ms"],
                Mark::Value,
                finding.help("lower retry.initial_ms or raise retry.max_ms"),
            );
        }
    }

    fn rename(&mut self, name: &str, old: &str, other: Option<&str>) {
        let problem = if self.is_said(&["destination", old]) {
            format!("destination {old} still exists")
        } else if let Some(other) = other {
            format!("destination {other} was renamed from {old} too")
        } else {
            return;
        };
        let finding = Finding::error(Code::Duplicate, problem);
        self.add(
            &["destination", name, "renamed_from"],
            Mark::Value,
            finding.help("a destination that was renamed is listed under its new name only"),
        );
    }

    fn headers(&mut self, name: &str, http: &HttpDriver) {
        for (header, value) in &http.headers {
            let path = ["destination", name, "http", "headers", header];
            let Ok(parsed) = HeaderName::try_from(header.as_str()) else {
                let finding =
                    Finding::error(Code::Malformed, format!("{header:?} is not a header name"));
                self.add(&path, Mark::Key, finding.help("use letters, digits and -"));
                continue;
            };
            if OWN_HEADERS.contains(&parsed.as_str()) {
                let finding = Finding::error(
                    Code::DoesNotApply,
                    format!("the gateway sets the header {parsed} itself"),
                );
                self.add(
                    &path,
                    Mark::Hidden,
                    finding.help("remove it; credentials belong into auth"),
                );
            }
            if HeaderValue::try_from(value.as_str()).is_err() {
                let finding = Finding::error(
                    Code::Malformed,
                    format!("the value of the header {parsed} has a control character"),
                );
                self.add(&path, Mark::Hidden, finding.help("write one line of text"));
            }
        }
    }
}
