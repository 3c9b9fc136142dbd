//! Joins what is pushed of one session into one record.
//!
//! ```toml
//! [plugin.sessionize]
//! wasm = "builtin:sessionize"
//! grant.state = {}
//! config = { need = ["cdr", "record"], wait_s = 900, on_timeout = "emit" }
//!
//! [stage.sessions]
//! plugin = "sessionize"
//! from = ["tccc"]
//! ```
//!
//! The first push of a session begins it. As soon as every needed kind is there, or
//! when the time is up, one record is derived: the call as it was pushed, byte for
//! byte, with the recordings as `Records` and the voicemails as `Voicemails` at its
//! end. It goes through routes, chains and contracts like a push, so that whoever
//! reads calls reads it.
//!
//! A session that was joined is remembered for as long again, so that what comes
//! late makes no second record: it is ignored and counted as `late`.

mod config;
mod joined;
mod session;

use cdr_plugin_sdk::{
    Cdr, ConfigErrors, Fault, Kind, Outcome, Stage, count,
    stage::{
        EmitError, emit,
        state::{self, StateError},
        timers,
    },
};

pub use self::config::{Needed, OnTimeout, SessionizeConfig};
use self::{
    joined::Unjoinable,
    session::{Part, Session},
};

/// Longest session id, in bytes: that of a key of the state.
const MAX_ID_BYTES: usize = 512;

/// The configured stage.
#[derive(Debug)]
pub struct Sessionize {
    need: Vec<Kind>,
    wait_ms: u64,
    on_timeout: OnTimeout,
    session_in: String,
}

impl Stage for Sessionize {
    type Config = SessionizeConfig;

    fn configure(config: SessionizeConfig) -> Result<Self, ConfigErrors> {
        config.check()?;
        Ok(Self {
            need: config.need.into_iter().map(Kind::from).collect(),
            wait_ms: config.wait_s.saturating_mul(1000),
            on_timeout: config.on_timeout,
            session_in: config.session_in,
        })
    }

    fn process(&self, cdr: Cdr<'_>) -> Result<Outcome, Fault> {
        let id = cdr.get::<String>(&self.session_in).ok().flatten();
        let Some(id) = id.filter(|id| (1..=MAX_ID_BYTES).contains(&id.len())) else {
            return Ok(ignored("no_session"));
        };
        let known: Option<Session> = state::get_json(&id)?;
        if known.as_ref().is_some_and(|session| session.joined) {
            return Ok(ignored("late"));
        }
        let is_first = known.is_none();
        let mut session = known.unwrap_or_default();
        if session.take(Part::of(cdr)?) {
            count("replaced", 1);
        }
        if self.missing(&session).next().is_none() {
            timers::cancel(&id)?;
            return self.join(&id, &session);
        }
        if is_first {
            timers::set_after(&id, self.wait_ms)?;
        }
        match state::set_json(&id, &session, None) {
            // What is there of the session is joined without it.
            Err(StateError::TooLarge(_)) if is_first => {
                timers::cancel(&id)?;
                Ok(ignored("too_large"))
            }
            Err(StateError::TooLarge(_)) => Ok(ignored("too_large")),
            kept => Ok(kept.map(|()| Outcome::Done)?),
        }
    }

    fn timer(&self, id: &str, _: u64) -> Result<Outcome, Fault> {
        match state::get_json::<Session>(id)? {
            // Its values could be read no more: the key of their day was dropped.
            None => Ok(ignored("gone")),
            Some(session) if session.joined => Ok(ignored("joined")),
            Some(session) if self.on_timeout == OnTimeout::Emit => self.join(id, &session),
            Some(_) => {
                state::remove(id)?;
                Ok(ignored("timed_out"))
            }
        }
    }
}

impl Sessionize {
    fn missing<'a>(&'a self, session: &'a Session) -> impl Iterator<Item = Kind> + 'a {
        let needed = self.need.iter().copied();
        needed.filter(|kind| !session.has(*kind))
    }

    fn join(&self, id: &str, session: &Session) -> Result<Outcome, Fault> {
        let missing: Vec<_> = self.missing(session).map(Kind::as_str).collect();
        let outcome = match joined::record(id, session, &missing) {
            Ok(derived) => match emit(&derived) {
                Err(EmitError::TooLarge(_)) => ignored("too_large"),
                made => {
                    made?;
                    count(
                        if missing.is_empty() {
                            "joined"
                        } else {
                            "incomplete"
                        },
                        1,
                    );
                    Outcome::Done
                }
            },
            Err(Unjoinable) => ignored("not_joinable"),
        };
        state::set_json(id, &Session::joined(), Some(self.wait_ms))?;
        Ok(outcome)
    }
}

/// Passes over a push, or what is there of a session, and counts it by its reason: a
/// record that is not as it should be holds up no other.
fn ignored(reason: &str) -> Outcome {
    count(reason, 1);
    Outcome::ignored(reason)
}

cdr_plugin_sdk::export_stage!(Sessionize, name = "sessionize");

#[cfg(test)]
mod tests;
