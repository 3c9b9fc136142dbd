//! File destinations.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Secret, Tls, duration::MONTH_S};
use crate::delivery::{
    file::{Compress, csv::Formulas},
    template::{PathTemplate, TrailerTemplate},
};

/// One line a record, in files.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FileDriver {
    /// Path of the file, below `base_dir`. May hold `{…}`, see the templates.
    pub path: PathTemplate,
    /// Directory that no file leaves, not even over a link below it. Relative to
    /// `data_dir`; `files` there if not set.
    pub base_dir: Option<PathBuf>,
    /// Bytes after which a part is finished and the next begins, before
    /// compression; of a sealed one as it is on disk.
    #[serde(default = "default_rotate_bytes")]
    #[schemars(range(min = 1024, max = 1_099_511_627_776_u64))]
    pub rotate_bytes: u64,
    /// Time after which a part is finished, from its first record.
    #[serde(default = "default_rotate_s")]
    #[schemars(range(min = 1, max = MONTH_S))]
    pub rotate_s: u64,
    /// What a line is.
    #[serde(default)]
    pub format: FileFormat,
    /// The columns of `format = "csv"`.
    pub csv: Option<CsvFormat>,
    /// How a part is compressed when it is finished: `gzip` (the file ends in
    /// `.gz`) or `zstd` (`.zst`). Not at all if not set.
    pub compress: Option<Compress>,
    /// Files held open at once; the one used longest ago is closed, and opened
    /// again when there is more for it.
    #[serde(default = "default_max_open")]
    #[schemars(range(min = 1, max = 65_536))]
    pub max_open: usize,
    /// Parts under way at once, be their files held open or not. When another one
    /// has to be begun, the one begun first is finished early.
    #[serde(default = "default_max_parts")]
    #[schemars(range(min = 1, max = 1_000_000))]
    pub max_parts: usize,
    /// An object store that finished parts are brought to, and removed here after
    /// that. The path of a part is its key. Without it they stay.
    pub upload: Option<Upload>,
}

/// An object store that speaks S3 and creates without replacing
/// (`If-None-Match`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Upload {
    /// The bucket.
    #[schemars(length(min = 1))]
    pub bucket: String,
    /// The region that requests are signed for.
    #[serde(default = "default_region")]
    #[schemars(length(min = 1))]
    pub region: String,
    /// Where it is, the bucket being the first segment of paths; AWS in that
    /// region if not set. Held to `outgoing.allow`.
    #[schemars(extend("format" = "http-url"))]
    pub endpoint: Option<String>,
    /// The access key's id.
    pub access_key_id: Secret,
    /// The access key.
    pub secret_access_key: Secret,
    /// How an `https` endpoint is proven.
    pub tls: Option<Tls>,
    /// Time for one request. A part is sent in one.
    #[serde(default = "default_upload_timeout_ms")]
    #[schemars(range(min = 100, max = 3_600_000))]
    pub timeout_ms: u64,
}

/// What a line is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FileFormat {
    /// One JSON document.
    #[default]
    Ndjson,
    /// Columns, quoted as RFC 4180 says.
    Csv,
}

/// Columns out of a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CsvFormat {
    /// The columns in order.
    #[schemars(length(min = 1))]
    pub columns: Vec<CsvColumn>,
    /// What stands between cells: one ASCII character that is neither a quote nor
    /// a line end.
    #[serde(default = "default_delimiter")]
    #[schemars(extend("format" = "csv-delimiter"))]
    pub delimiter: String,
    /// Whether the names of the columns are the first line of each part.
    #[serde(default = "default_header")]
    pub header: bool,
    /// The last line of each part that is finished. May hold `{records}`,
    /// `{first_id}` and `{last_id}`; stands as it is, not quoted.
    pub trailer: Option<TrailerTemplate>,
    /// What becomes of texts that spreadsheets take for formulas: `keep` leaves
    /// them as they are, `escape` puts a `'` before them, save numbers.
    #[serde(default)]
    pub formulas: Formulas,
}

/// One cell of each line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CsvColumn {
    /// Its name, for the header.
    #[schemars(length(min = 1))]
    pub name: String,
    /// Where its value stands in the document as it is about to leave. A string
    /// gives its text, an object or array its JSON, `null` or nothing an empty
    /// cell.
    #[schemars(extend("format" = "json-pointer"))]
    pub pointer: String,
}

fn default_rotate_bytes() -> u64 {
    256 * 1024 * 1024
}

fn default_rotate_s() -> u64 {
    60 * 60
}

fn default_max_open() -> usize {
    256
}

fn default_max_parts() -> usize {
    1000
}

fn default_region() -> String {
    "us-east-1".into()
}

fn default_upload_timeout_ms() -> u64 {
    300_000
}

fn default_delimiter() -> String {
    ",".into()
}

fn default_header() -> bool {
    true
}
