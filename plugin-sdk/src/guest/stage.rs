//! A stage's side of the contract. What `export_stage!` expands to ends here.

use std::cell::OnceCell;

use super::{Handle, instance::report_panics};
use crate::{
    Cdr, Outcome, Stage, config,
    stage::{
        Derived, EmitError,
        outgoing::{FetchError, Request, Response},
        state::StateError,
        timers::TimerError,
    },
};

/// Generated from `wit/`.
#[allow(
    missing_docs,
    clippy::all,
    clippy::pedantic,
    reason = "generated: crossing the component boundary takes raw memory"
)]
pub mod bindings {
    wit_bindgen::generate!({
        world: "stage",
        path: "wit",
        with: {
            "cdr:plugin/record@0.1.0": crate::guest::bindings::cdr::plugin::record,
            "cdr:plugin/tables@0.1.0": crate::guest::bindings::cdr::plugin::tables,
            "cdr:plugin/host@0.1.0": crate::guest::bindings::cdr::plugin::host,
            "cdr:plugin/types@0.1.0": crate::guest::bindings::cdr::plugin::types,
        },
        export_macro_name: "export_stage_world",
        pub_export_macro: true,
    });
}

use bindings::cdr::plugin::{derived, outcomes, outgoing, state, timers};

/// Holds the stage between the host's calls.
pub struct StageInstance<S>(OnceCell<S>);

impl<S: Stage> StageInstance<S> {
    /// An instance that is not configured yet.
    pub const fn unconfigured() -> Self {
        Self(OnceCell::new())
    }

    /// Configures the stage. The contract has the host call this once.
    pub fn configure(&self, json: &str) -> Result<(), Vec<super::bindings::ConfigError>> {
        report_panics();
        let stage = config::read(json).and_then(S::configure);
        let stage = stage.map_err(|errors| {
            let errors = errors.into_iter();
            errors
                .map(|error| super::bindings::ConfigError {
                    pointer: error.pointer,
                    message: error.message,
                })
                .collect::<Vec<_>>()
        })?;
        assert!(self.0.set(stage).is_ok(), "the stage is configured twice");
        Ok(())
    }

    /// Processes one arrival.
    pub fn process(&self, cdr: &super::bindings::Cdr) -> outcomes::Outcome {
        self.run(|stage| stage.process(Cdr::new(Handle::new(cdr))))
    }

    /// Fires one timer.
    pub fn timer(&self, key: &str, due_ms: u64) -> outcomes::Outcome {
        self.run(|stage| stage.timer(key, due_ms))
    }

    fn run(&self, call: impl FnOnce(&S) -> Result<Outcome, crate::Fault>) -> outcomes::Outcome {
        let Some(stage) = self.0.get() else {
            return outcomes::Outcome::Failed("the stage was never configured".to_owned());
        };
        match call(stage) {
            Ok(Outcome::Done) => outcomes::Outcome::Done,
            Ok(Outcome::Ignored(reason)) => outcomes::Outcome::Ignored(reason),
            Err(fault) => outcomes::Outcome::Failed(fault.message().to_owned()),
        }
    }
}

/// Says what the stage is.
pub fn describe<S: Stage>(name: &str, version: &str) -> super::bindings::Description {
    report_panics();
    super::bindings::Description {
        name: name.to_owned(),
        version: version.to_owned(),
        config_schema: config::schema_of::<S::Config>(),
    }
}

pub(crate) fn state_get(key: &str) -> Result<Option<Vec<u8>>, StateError> {
    state::get(key).map_err(state_error)
}

pub(crate) fn state_set(key: &str, value: &[u8], ttl_ms: Option<u64>) -> Result<(), StateError> {
    state::set(key, value, ttl_ms).map_err(state_error)
}

pub(crate) fn state_remove(key: &str) -> Result<bool, StateError> {
    state::remove(key).map_err(state_error)
}

pub(crate) fn state_list(
    prefix: &str,
    after: Option<&str>,
    limit: u32,
) -> Result<Vec<String>, StateError> {
    state::list(prefix, after, limit).map_err(state_error)
}

fn state_error(error: state::StateError) -> StateError {
    match error {
        state::StateError::NotGranted => StateError::NotGranted,
        state::StateError::BadKey(limit) => StateError::BadKey(limit),
        state::StateError::TooLarge(limit) => StateError::TooLarge(limit),
        state::StateError::TooManyBytes(limit) => StateError::TooManyBytes(limit),
        state::StateError::TooManyKeys(limit) => StateError::TooManyKeys(limit),
    }
}

pub(crate) fn now_ms() -> u64 {
    timers::now_ms()
}

pub(crate) fn timer_set(key: &str, at_ms: u64) -> Result<(), TimerError> {
    timers::set_at(key, at_ms).map_err(timer_error)
}

pub(crate) fn timer_cancel(key: &str) -> Result<bool, TimerError> {
    timers::cancel(key).map_err(timer_error)
}

fn timer_error(error: timers::TimerError) -> TimerError {
    match error {
        timers::TimerError::NotGranted => TimerError::NotGranted,
        timers::TimerError::BadKey(limit) => TimerError::BadKey(limit),
        timers::TimerError::TooMany(limit) => TimerError::TooMany(limit),
    }
}

pub(crate) fn emit(new: &Derived) -> Result<(), EmitError> {
    let new = derived::NewRecord {
        kind: new.kind.as_str().to_owned(),
        key: new.key.clone(),
        session: new.session.clone(),
        json: new.json.clone(),
        tags: new.tags.clone(),
    };
    derived::emit(&new).map_err(|error| match error {
        derived::EmitError::BadKind(kind) => EmitError::BadKind(kind),
        derived::EmitError::BadJson(why) => EmitError::BadJson(why),
        derived::EmitError::BadKey(limit) => EmitError::BadKey(limit),
        derived::EmitError::TooLarge(limit) => EmitError::TooLarge(limit),
        derived::EmitError::TooMany(limit) => EmitError::TooMany(limit),
    })
}

pub(crate) fn fetch(request: &Request) -> Result<Response, FetchError> {
    let milliseconds =
        |time: std::time::Duration| u32::try_from(time.as_millis()).unwrap_or(u32::MAX);
    let headers = request.headers.iter();
    let request = outgoing::Request {
        method: request.method.clone(),
        url: request.url.clone(),
        headers: headers
            .map(|(name, value)| outgoing::Header {
                name: name.clone(),
                value: value.clone(),
            })
            .collect(),
        body: request.body.clone(),
        timeout_ms: request.timeout.map(milliseconds),
        max_age_ms: request.max_age.map(milliseconds),
    };
    match outgoing::fetch(&request) {
        Ok(answer) => Ok(Response {
            status: answer.status,
            headers: (answer.headers.into_iter())
                .map(|header| (header.name, header.value))
                .collect(),
            body: answer.body,
        }),
        Err(error) => Err(fetch_error(error)),
    }
}

fn fetch_error(error: outgoing::FetchError) -> FetchError {
    match error {
        outgoing::FetchError::NotGranted(host) => FetchError::NotGranted(host),
        outgoing::FetchError::BadRequest(why) => FetchError::BadRequest(why),
        outgoing::FetchError::Timeout(limit) => FetchError::Timeout(limit),
        outgoing::FetchError::TooLarge(limit) => FetchError::TooLarge(limit),
        outgoing::FetchError::TooMany(limit) => FetchError::TooMany(limit),
        outgoing::FetchError::Failed((reason, message)) => FetchError::Failed { reason, message },
    }
}
