//! What a stage can call beyond what a transform can. All of it is handed to the
//! turn that is under way.

use std::{
    sync::{MutexGuard, PoisonError},
    time::Duration,
};

use wasmtime::component::{HasSelf, Linker};
use wasmtime_wasi::{WasiCtxView, WasiView};

use super::bindings::cdr::plugin::{
    derived::{self, EmitError, NewRecord},
    outcomes, outgoing,
    outgoing::{FetchError, Request, Response},
    state::{self, StateError},
    timers::{self, TimerError},
};
use crate::{
    plugin::{
        bindings::cdr::plugin::{host, record, tables, types},
        guest::Guest,
        wasi::{self, Sleeper},
    },
    stage::{SharedTurn, Turn, ask},
};

/// What wasmtime returns to say that the host cannot go on with this guest.
type Hosted<T> = wasmtime::Result<T>;

/// State of one instance of a stage.
pub struct StageGuest {
    pub(super) guest: Guest,
    /// There while a call is under way, but not while it is configured.
    pub(super) turn: Option<SharedTurn>,
}

impl StageGuest {
    fn turn(&mut self) -> Hosted<MutexGuard<'_, Turn>> {
        let Some(turn) = &self.turn else {
            wasmtime::bail!("a stage has nothing to call while it is configured");
        };
        Ok(turn.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// What is left of the call's time, which waiting for the gateway does not count
    /// against.
    pub(super) fn time_left(&mut self) -> Duration {
        let waited = self
            .turn()
            .map_or(Duration::ZERO, |mut turn| turn.take_waited());
        self.guest.waited(waited)
    }
}

/// What stages are linked against.
pub(super) fn add_to_linker(linker: &mut Linker<StageGuest>) -> wasmtime::Result<()> {
    wasi::add_to_linker(linker)?;
    record::add_to_linker::<_, HasSelf<Guest>>(linker, |stage| &mut stage.guest)?;
    tables::add_to_linker::<_, HasSelf<Guest>>(linker, |stage| &mut stage.guest)?;
    host::add_to_linker::<_, HasSelf<Guest>>(linker, |stage| &mut stage.guest)?;
    types::add_to_linker::<_, HasSelf<Guest>>(linker, |stage| &mut stage.guest)?;
    state::add_to_linker::<_, HasSelf<StageGuest>>(linker, |stage| stage)?;
    timers::add_to_linker::<_, HasSelf<StageGuest>>(linker, |stage| stage)?;
    outgoing::add_to_linker::<_, HasSelf<StageGuest>>(linker, |stage| stage)?;
    derived::add_to_linker::<_, HasSelf<StageGuest>>(linker, |stage| stage)?;
    outcomes::add_to_linker::<_, HasSelf<StageGuest>>(linker, |stage| stage)
}

impl WasiView for StageGuest {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        self.guest.ctx()
    }
}

impl Sleeper for StageGuest {
    fn patience(&self) -> Duration {
        self.guest.patience()
    }
}

impl outcomes::Host for StageGuest {}

impl state::Host for StageGuest {
    fn get(&mut self, key: String) -> Hosted<Result<Option<Vec<u8>>, StateError>> {
        let found = self.turn()?.get(&key)?;
        Ok(found
            .map(|value| value.map(|value| value.to_vec()))
            .map_err(StateError::from))
    }

    fn set(
        &mut self,
        key: String,
        value: Vec<u8>,
        ttl_ms: Option<u64>,
    ) -> Hosted<Result<(), StateError>> {
        let set = self.turn()?.set(key, value, ttl_ms)?;
        Ok(set.map_err(StateError::from))
    }

    fn remove(&mut self, key: String) -> Hosted<Result<bool, StateError>> {
        let removed = self.turn()?.remove(key)?;
        Ok(removed.map_err(StateError::from))
    }

    fn list(
        &mut self,
        prefix: String,
        after: Option<String>,
        limit: u32,
    ) -> Hosted<Result<Vec<String>, StateError>> {
        let listed = self.turn()?.list(&prefix, after.as_deref(), limit)?;
        Ok(listed.map_err(StateError::from))
    }
}

impl From<ask::StateError> for StateError {
    fn from(error: ask::StateError) -> Self {
        match error {
            ask::StateError::NotGranted => Self::NotGranted,
            ask::StateError::BadKey(limit) => Self::BadKey(limit),
            ask::StateError::TooLarge(limit) => Self::TooLarge(limit),
            ask::StateError::TooManyBytes(limit) => Self::TooManyBytes(limit),
            ask::StateError::TooManyKeys(limit) => Self::TooManyKeys(limit),
        }
    }
}

impl timers::Host for StageGuest {
    fn now_ms(&mut self) -> Hosted<u64> {
        let now = self.turn()?.now().as_millisecond();
        Ok(u64::try_from(now).unwrap_or_default())
    }

    fn set_at(&mut self, key: String, at_ms: u64) -> Hosted<Result<(), TimerError>> {
        let set = self.turn()?.set_timer(key, at_ms)?;
        Ok(set.map_err(TimerError::from))
    }

    fn set_after(&mut self, key: String, after_ms: u64) -> Hosted<Result<(), TimerError>> {
        let at_ms = self.now_ms()?.saturating_add(after_ms);
        self.set_at(key, at_ms)
    }

    fn cancel(&mut self, key: String) -> Hosted<Result<bool, TimerError>> {
        let cancelled = self.turn()?.cancel_timer(&key)?;
        Ok(cancelled.map_err(TimerError::from))
    }
}

impl From<ask::TimerError> for TimerError {
    fn from(error: ask::TimerError) -> Self {
        match error {
            ask::TimerError::NotGranted => Self::NotGranted,
            ask::TimerError::BadKey(limit) => Self::BadKey(limit),
            ask::TimerError::TooMany(limit) => Self::TooMany(limit),
        }
    }
}

impl outgoing::Host for StageGuest {
    fn fetch(&mut self, request: Request) -> Hosted<Result<Response, FetchError>> {
        let headers = request.headers.into_iter();
        let answer = self.turn()?.fetch(ask::Request {
            method: request.method,
            url: request.url,
            headers: headers.map(|one| (one.name, one.value)).collect(),
            body: request.body,
            timeout_ms: request.timeout_ms,
            max_age_ms: request.max_age_ms,
        });
        Ok(match answer {
            Ok(answer) => Ok(Response {
                status: answer.status,
                headers: (answer.headers.iter())
                    .map(|(name, value)| outgoing::Header {
                        name: name.clone(),
                        value: value.clone(),
                    })
                    .collect(),
                body: answer.body.to_vec(),
            }),
            Err(error) => Err(error.into()),
        })
    }
}

impl From<ask::FetchError> for FetchError {
    fn from(error: ask::FetchError) -> Self {
        match error {
            ask::FetchError::NotGranted(host) => Self::NotGranted(host),
            ask::FetchError::BadRequest(why) => Self::BadRequest(why),
            ask::FetchError::Timeout(limit) => Self::Timeout(limit),
            ask::FetchError::TooLarge(limit) => Self::TooLarge(limit),
            ask::FetchError::TooMany(limit) => Self::TooMany(limit),
            ask::FetchError::Failed(reason, message) => Self::Failed((reason, message)),
        }
    }
}

impl derived::Host for StageGuest {
    fn emit(&mut self, new: NewRecord) -> Hosted<Result<(), EmitError>> {
        let emitted = self.turn()?.emit(ask::NewRecord {
            kind: new.kind,
            key: new.key,
            session: new.session,
            json: new.json,
            tags: new.tags,
        });
        Ok(emitted.map_err(|error| match error {
            ask::EmitError::BadKind(kind) => EmitError::BadKind(kind),
            ask::EmitError::BadJson(why) => EmitError::BadJson(why),
            ask::EmitError::BadKey(limit) => EmitError::BadKey(limit),
            ask::EmitError::TooLarge(limit) => EmitError::TooLarge(limit),
            ask::EmitError::TooMany(limit) => EmitError::TooMany(limit),
        }))
    }
}
