//! Destinations: chains, headers, retries and renames that make sense.

use std::collections::BTreeMap;

use http::{HeaderName, HeaderValue};

use super::Check;
use crate::config::{
    diagnostic::Code,
    model::{Destination, DestinationAuth, Driver, HttpDriver, OnError},
    report::{Finding, Mark},
};

/// Headers that the gateway sets, or that belong to the transport.
const OWN_HEADERS: [&str; 11] = [
    "authorization",
    "connection",
    "content-encoding",
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
        let mut files = Vec::new();
        for (name, destination) in &config.destination {
            self.chain(&["destination", name, "chain"], &destination.chain);
            self.skipping(name, destination);
            self.waits(name, destination);
            self.policy(name, destination);
            self.backlog(name, destination);
            if let Some(old) = &destination.renamed_from {
                self.rename(name, old, renames.insert(old, name).map(String::as_str));
            }
            match &destination.driver {
                Driver::Http(http) => {
                    self.headers(name, http);
                    self.api_key(name, http);
                    self.batch(name, http);
                }
                Driver::File(file) => {
                    self.file(name, file, &mut files);
                }
            }
        }
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
                    finding.help(
                        "write on_error = \"suspend\", \"drop\" or \"halt\", or leave it out",
                    ),
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

    fn backlog(&mut self, name: &str, destination: &Destination) {
        let Some(backlog) = &destination.backlog else {
            return;
        };
        if backlog.max_bytes.is_none() && backlog.max_age_s.is_none() {
            let finding = Finding::error(Code::MissingKey, "the backlog has no limit");
            self.add(
                &["destination", name, "backlog"],
                Mark::Key,
                finding.help("set backlog.max_bytes, backlog.max_age_s, or both"),
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

    /// A batch goes to one URL.
    fn batch(&mut self, name: &str, http: &HttpDriver) {
        if http.batch.is_some() && !http.url.is_constant() {
            let finding = Finding::error(
                Code::DoesNotApply,
                "a batch needs one URL, and this one depends on the record",
            );
            self.add(
                &["destination", name, "http", "url"],
                Mark::Value,
                finding.help("remove the placeholders, or http.batch"),
            );
        }
    }

    /// The header of a key may be `authorization`, which nothing else sets then.
    fn api_key(&mut self, name: &str, http: &HttpDriver) {
        let Some(DestinationAuth::ApiKey(key)) = &http.auth else {
            return;
        };
        let header = key.header.to_ascii_lowercase();
        let own = OWN_HEADERS.contains(&header.as_str()) && header != "authorization";
        let said = http
            .headers
            .keys()
            .any(|it| it.eq_ignore_ascii_case(&header));
        let finding = if own {
            Finding::error(
                Code::DoesNotApply,
                format!("the gateway sets the header {header} itself"),
            )
            .help("name the header that the receiver reads its key from")
        } else if said {
            Finding::error(
                Code::Duplicate,
                format!("http.headers sets the header {header} too"),
            )
            .help("keep one of them")
        } else if HeaderName::try_from(header.as_str()).is_err() {
            Finding::error(
                Code::Malformed,
                format!("{:?} is not a header name", key.header),
            )
            .help("use letters, digits and -")
        } else {
            return;
        };
        let path = ["destination", name, "http", "auth", "api_key", "header"];
        self.add(&path, Mark::Value, finding);
    }
}
