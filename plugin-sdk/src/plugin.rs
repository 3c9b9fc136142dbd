//! What an author implements, and what it answers.

use std::fmt;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use crate::{Cdr, ConfigErrors};

/// A plugin.
///
/// One value is made per instance and config, and serves many records.
pub trait Plugin: Sized + 'static {
    /// The plugin's part of the gateway's config. Its JSON Schema is what
    /// operators' editors complete from, so its fields deserve doc comments.
    /// [`NoConfig`](crate::NoConfig) where there is nothing to configure.
    ///
    /// `#[serde(deny_unknown_fields)]` is the author's choice, and a good one:
    /// it turns a misspelt key into an error instead of a silent default.
    type Config: DeserializeOwned + JsonSchema;

    /// Takes the config, checks what its types cannot say, and prepares what
    /// processing needs. Report every error, not only the first: the operator
    /// sees them all at once, with file and line.
    fn configure(config: Self::Config) -> Result<Self, ConfigErrors>;

    /// Processes one record.
    ///
    /// An `Err` suspends the record with the error's message, so `?` is right
    /// for whatever should not happen. Edits made before it do not leave the
    /// gateway.
    fn process(&self, cdr: Cdr<'_>) -> Result<Verdict, Fault>;
}

/// What becomes of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It goes on, with the edits that were made.
    Keep,
    /// It ends here for this destination, for a reason that the ledger counts
    /// by. Keep it short, one of few, and free of personal data.
    Drop(String),
    /// It waits for a person, for a reason that the delivery shows. Free of
    /// personal data.
    Suspend(String),
}

impl Verdict {
    /// A [`Verdict::Drop`].
    pub fn drop(reason: impl Into<String>) -> Self {
        Self::Drop(reason.into())
    }

    /// A [`Verdict::Suspend`].
    pub fn suspend(reason: impl Into<String>) -> Self {
        Self::Suspend(reason.into())
    }
}

/// Why a record could not be processed. It becomes a [`Verdict::Suspend`].
///
/// Any error turns into one with `?`. What its message says is shown to
/// operators: an error that quotes the record should be replaced by one that
/// names the place, with [`Fault::new`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault(String);

impl Fault {
    /// A fault with a message in the author's own words.
    pub fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }

    /// What the operator reads.
    pub fn message(&self) -> &str {
        &self.0
    }
}

impl<E: std::error::Error> From<E> for Fault {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Processes a record the way the gateway sees it: a fault is a suspension.
pub(crate) fn run<P: Plugin>(plugin: &P, cdr: Cdr<'_>) -> Verdict {
    plugin
        .process(cdr)
        .unwrap_or_else(|fault| Verdict::Suspend(fault.0))
}
