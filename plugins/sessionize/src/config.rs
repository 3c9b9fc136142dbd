//! The config.

use cdr_plugin_sdk::{ConfigErrors, Kind};
use schemars::JsonSchema;
use serde::Deserialize;

/// Longest wait, in seconds: what waits is held in the gateway's journal.
const MAX_WAIT_S: u64 = 7 * 24 * 3600;

/// Which pushes make a session, and how long it is waited for them.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SessionizeConfig {
    /// The kinds that a session is waited for. As soon as there is one of each, the
    /// joined record is made.
    #[serde(default = "call_and_recording")]
    pub need: Vec<Needed>,
    /// Time to wait for them after the first push of a session, in seconds.
    #[serde(default = "quarter_of_an_hour")]
    #[schemars(range(min = 1, max = MAX_WAIT_S))]
    pub wait_s: u64,
    /// What becomes of a session for which one is missing by then.
    #[serde(default)]
    pub on_timeout: OnTimeout,
    /// JSON Pointer of the session's id.
    #[serde(default = "session_id")]
    pub session_in: String,
}

/// A kind that a session is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Needed {
    /// The call.
    Cdr,
    /// A recording of it.
    Record,
    /// A voicemail.
    Voicemail,
    /// The online session.
    Imcdr,
}

/// What becomes of a session for which a kind is missing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum OnTimeout {
    /// What is there is joined, with the tag `session_missing`.
    #[default]
    Emit,
    /// Nothing is made of it. The pushes themselves are where their own routes took
    /// them.
    Drop,
}

impl From<Needed> for Kind {
    fn from(needed: Needed) -> Self {
        match needed {
            Needed::Cdr => Self::Cdr,
            Needed::Record => Self::Record,
            Needed::Voicemail => Self::Voicemail,
            Needed::Imcdr => Self::Imcdr,
        }
    }
}

impl SessionizeConfig {
    /// What the types cannot say.
    pub(crate) fn check(&self) -> Result<(), ConfigErrors> {
        let mut errors = ConfigErrors::new();
        if self.need.is_empty() {
            errors.push("/need", "name at least one kind");
        }
        if !(1..=MAX_WAIT_S).contains(&self.wait_s) {
            errors.push("/wait_s", format!("must be 1 to {MAX_WAIT_S}"));
        }
        errors.check_pointer("/session_in", &self.session_in);
        errors.or_else_make(|| ())
    }
}

fn call_and_recording() -> Vec<Needed> {
    vec![Needed::Cdr, Needed::Record]
}

fn quarter_of_an_hour() -> u64 {
    900
}

fn session_id() -> String {
    "/SessionId".to_owned()
}
