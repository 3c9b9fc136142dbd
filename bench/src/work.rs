//! The works that gateway and floor are measured at.

use std::{fmt::Write as _, path::Path};

use clap::ValueEnum;

/// One work. The letters are those of the results.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Work {
    /// One file, no plugins.
    #[value(name = "a")]
    File,
    /// Attribution and filter for three destinations, two of which have the mask
    /// and an egress contract: two receivers, one request a record, and a file.
    #[value(name = "b")]
    Chain,
    /// The same with a hundred records a request.
    #[value(name = "c")]
    Batches,
}

impl Work {
    pub fn letter(self) -> &'static str {
        match self {
            Self::File => "a",
            Self::Chain => "b",
            Self::Batches => "c",
        }
    }

    /// The HTTP destinations that it has.
    pub fn receivers(self) -> &'static [&'static str] {
        match self {
            Self::File => &[],
            Self::Chain | Self::Batches => &["crm", "bi"],
        }
    }

    /// Records a request.
    pub fn batch(self) -> usize {
        match self {
            Self::File | Self::Chain => 1,
            Self::Batches => 100,
        }
    }

    /// The gateway's configuration for it: the quick start's, with receivers at
    /// these URLs.
    pub fn configuration(self, data: &Path, plugin_cache: &Path, urls: &[String]) -> String {
        let mut text = format!(
            r#"data_dir = "{}"
plugin_host.cache_dir = "{}"
ingest.listen = "127.0.0.1:0"
admin.listen = "127.0.0.1:0"
log.format = "json"
outgoing.allow = ["127.0.0.0/8"]

[source.tccc]
path = "/tccc"
dialect = "tccc"
auth.none = true
"#,
            data.display(),
            plugin_cache.display(),
        );
        text.push_str(match self {
            Self::File => ONE_FILE,
            Self::Chain | Self::Batches => CHAIN,
        });
        for (name, url) in self.receivers().iter().zip(urls) {
            // What an error writing to a string would be.
            let _ = write!(text, "\n[destination.{name}]\nhttp.url = {url:?}\n");
            if self.batch() > 1 {
                let _ = writeln!(text, "http.batch.max_records = {}", self.batch());
            }
            if *name == "bi" {
                text.push_str("chain = [\"mask\"]\nnumbers = \"masked\"\n");
            }
        }
        text
    }
}

const ONE_FILE: &str = r#"
[[route]]
name = "calls"
from = ["tccc"]
to = ["archive"]

[destination.archive]
file.path = "archive/{received:%Y-%m-%d}/{SdkAppId}.ndjson"
"#;

const CHAIN: &str = r#"
[plugin.attribution]
wasm = "builtin:attribution"

[plugin.mask]
wasm = "builtin:phone-mask"
config = { keep_first = 3, keep_last = 4 }

[plugin.worth-keeping]
wasm = "builtin:filter"
[[plugin.worth-keeping.config.rules]]
drop = "test_call"
when = 'has(cdr.UserRemark) && cdr.UserRemark == "gateway test"'

[[route]]
name = "calls"
from = ["tccc"]
when = 'kind == "cdr"'
chain = ["attribution", "worth-keeping"]
to = ["crm", "bi", "archive"]

[destination.archive]
file.path = "archive/{received:%Y-%m-%d}/{SdkAppId}.ndjson"
chain = ["mask"]
numbers = "masked"
"#;
