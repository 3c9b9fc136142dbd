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
    stage::{emit, state, timers},
};

pub use self::config::{Needed, OnTimeout, SessionizeConfig};
use self::session::{Part, Session};

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
        let Some(id) = cdr.get::<String>(&self.session_in)? else {
            return Ok(Outcome::ignored("no_session"));
        };
        let known: Option<Session> = state::get_json(&id)?;
        if known.as_ref().is_some_and(|session| session.joined) {
            return Ok(Outcome::ignored("late"));
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
        state::set_json(&id, &session, None)?;
        Ok(Outcome::Done)
    }

    fn timer(&self, id: &str, _: u64) -> Result<Outcome, Fault> {
        match state::get_json::<Session>(id)? {
            // Its values could be read no more: the key of their day was dropped.
            None => Ok(Outcome::ignored("gone")),
            Some(session) if session.joined => Ok(Outcome::ignored("joined")),
            Some(session) if self.on_timeout == OnTimeout::Emit => self.join(id, &session),
            Some(_) => {
                state::remove(id)?;
                count("dropped", 1);
                Ok(Outcome::ignored("timed_out"))
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
        count(
            if missing.is_empty() {
                "joined"
            } else {
                "timed_out"
            },
            1,
        );
        emit(&joined::record(id, session, &missing)?)?;
        state::set_json(id, &Session::joined(), Some(self.wait_ms))?;
        Ok(Outcome::Done)
    }
}

cdr_plugin_sdk::export_stage!(Sessionize, name = "sessionize");

#[cfg(test)]
mod tests;
