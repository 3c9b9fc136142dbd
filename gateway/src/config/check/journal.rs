//! The journal: kept for long enough.

use super::Check;
use crate::config::{
    diagnostic::Code,
    report::{Finding, Mark},
};

impl Check<'_, '_> {
    /// The deduplication window is rebuilt from the journal at start.
    pub(super) fn journal(&mut self) {
        let (keep_s, window_s) = (
            self.config.journal.keep_s,
            self.config.ingest.dedup_window_s,
        );
        if keep_s >= window_s {
            return;
        }
        let message = format!(
            "arrivals are kept for {keep_s} s, less than the {window_s} s for which pushes are remembered: after a restart, repetitions of what is gone are kept twice"
        );
        let finding = Finding::warning(Code::ForgottenPushes, message);
        self.add(
            &["journal", "keep_s"],
            Mark::Value,
            finding.help("raise journal.keep_s, or lower ingest.dedup_window_s"),
        );
    }
}
