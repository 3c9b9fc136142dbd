//! Stages: plugins that see each arrival once, and may remember, wait, ask others
//! and make records of their own.
//!
//! A stage is one `impl` of [`Stage`] and one [`export_stage!`](crate::export_stage).
//! Here is one that counts the calls of each agent, and tells of an agent's calls an
//! hour after the first:
//!
//! ```
//! use cdr_plugin_sdk::{
//!     Cdr, ConfigErrors, Fault, Kind, NoConfig, Outcome, Stage,
//!     stage::{Derived, emit, state, timers},
//! };
//!
//! struct AgentHours;
//!
//! impl Stage for AgentHours {
//!     type Config = NoConfig;
//!
//!     fn configure(_: NoConfig) -> Result<Self, ConfigErrors> {
//!         Ok(Self)
//!     }
//!
//!     fn process(&self, cdr: Cdr<'_>) -> Result<Outcome, Fault> {
//!         let Some(agent) = cdr.get::<String>("/SeatUser/UserId")? else {
//!             return Ok(Outcome::ignored("no_agent"));
//!         };
//!         let calls: u32 = state::get_json(&agent)?.unwrap_or(0);
//!         if calls == 0 {
//!             timers::set_after(&agent, 3_600_000)?;
//!         }
//!         state::set_json(&agent, &(calls + 1), None)?;
//!         Ok(Outcome::Done)
//!     }
//!
//!     fn timer(&self, agent: &str, due_ms: u64) -> Result<Outcome, Fault> {
//!         let calls: u32 = state::get_json(agent)?.unwrap_or(0);
//!         state::remove(agent)?;
//!         let json = format!(r#"{{ "agent": "{agent}", "calls": {calls} }}"#);
//!         emit(&Derived::new(Kind::Cdr, format!("{agent}/{due_ms}"), json))?;
//!         Ok(Outcome::Done)
//!     }
//! }
//!
//! cdr_plugin_sdk::export_stage!(AgentHours);
//!
//! // A unit test, run by plain `cargo test`:
//! use cdr_plugin_sdk::mock;
//!
//! let host = mock::Host::new();
//! let stage: AgentHours = mock::configure_stage("{}").unwrap();
//! let call = mock::Record::call(r#"{ "SeatUser": { "UserId": "ada" } }"#);
//! for _ in 0..2 {
//!     assert_eq!(mock::process_stage(&stage, &call), Ok(Outcome::Done));
//! }
//! mock::pass_time(&stage, 3_600_000).unwrap();
//! assert_eq!(host.derived()[0].json, r#"{ "agent": "ada", "calls": 2 }"#);
//! ```
//!
//! # What a stage may rely on
//!
//! - It gets the arrivals of its sources **in order, one at a time**, and each one
//!   until it is done with. Memory of the instance may be lost at any moment; what
//!   must not be stands in [`state`].
//! - What a call changes (state, timers, derived records) is kept **all or not at
//!   all**, together with the stage's place in the journal. A call that fails is as
//!   if it had not been.
//! - A request by [`outgoing`] is no part of that: after a crash it is made again.

mod derived;
pub mod outgoing;
pub mod state;
pub mod timers;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use crate::{Cdr, ConfigErrors, Fault};

pub use derived::{Derived, EmitError, emit};

/// A stage.
///
/// One value is made per instance and config, and serves many records.
pub trait Stage: Sized + 'static {
    /// The stage's config, as of a [`Plugin`](crate::Plugin).
    type Config: DeserializeOwned + JsonSchema;

    /// Takes the config, as of a [`Plugin`](crate::Plugin).
    fn configure(config: Self::Config) -> Result<Self, ConfigErrors>;

    /// Processes one arrival. What it changes of the record is not kept.
    ///
    /// An `Err` fails the call with the error's message: nothing of it is kept, and
    /// the config's `on_error` says what happens next.
    fn process(&self, cdr: Cdr<'_>) -> Result<Outcome, Fault>;

    /// Called when a timer is due, with its key and the time that it was set to
    /// (Unix time in milliseconds). The timer is gone then, and may be set again.
    fn timer(&self, key: &str, due_ms: u64) -> Result<Outcome, Fault> {
        let _ = (key, due_ms);
        Ok(Outcome::ignored("no_timer"))
    }
}

/// What became of what a stage was called with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is done with.
    Done,
    /// The stage has nothing to do with it, for a reason that metrics count by:
    /// short, one of few, and free of personal data. What the call changed is kept.
    Ignored(String),
}

impl Outcome {
    /// An [`Outcome::Ignored`].
    pub fn ignored(reason: impl Into<String>) -> Self {
        Self::Ignored(reason.into())
    }
}
