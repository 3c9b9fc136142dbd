//! The options that say which records are meant.

use clap::Args;

use crate::admin::view::Moment;

/// By their time of receipt and by what they hold.
#[derive(Debug, Args)]
pub(super) struct RecordArgs {
    /// Only received at or after this time (RFC 3339), or so long ago: 90m, 2h, 1d
    #[arg(long, value_name = "TIME")]
    pub(super) since: Option<Moment>,
    /// Only received before this time (RFC 3339), or so long ago: 90m, 2h, 1d
    #[arg(long, value_name = "TIME")]
    pub(super) until: Option<Moment>,
    /// Only of records for which this CEL expression over kind, source, cdr and
    /// tags holds
    #[arg(long, value_name = "CEL")]
    pub(super) when: Option<String>,
}
