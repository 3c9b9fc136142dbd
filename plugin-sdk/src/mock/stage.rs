//! What stands in for the gateway around a stage: state, timers, clock, hosts that
//! answer, and what was derived.
//!
//! As in the gateway, a call that fails leaves nothing behind. Quotas are not
//! enforced, keys are.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet, VecDeque},
};

use super::{Host, Record};
use crate::{
    ConfigErrors, Fault, Kind, Outcome, Stage, config,
    stage::{
        Derived, EmitError,
        outgoing::{FetchError, Request, Response},
        state::StateError,
        timers::TimerError,
    },
};

/// Longest key, in bytes.
const MAX_KEY_BYTES: u64 = 512;

/// Longest value, in bytes, as in the gateway.
const MAX_VALUE_BYTES: u64 = 256 * 1024;

thread_local! {
    static STATE: RefCell<State> = const { RefCell::new(State::new()) };
}

#[derive(Clone)]
struct State {
    now_ms: u64,
    values: BTreeMap<String, (Vec<u8>, Option<u64>)>,
    timers: BTreeMap<String, u64>,
    derived: Vec<Derived>,
    answers: VecDeque<Result<Response, FetchError>>,
    requests: Vec<Request>,
}

impl State {
    const fn new() -> Self {
        Self {
            now_ms: 1_732_241_030_000,
            values: BTreeMap::new(),
            timers: BTreeMap::new(),
            derived: Vec::new(),
            answers: VecDeque::new(),
            requests: Vec::new(),
        }
    }

    fn value(&self, key: &str) -> Option<&Vec<u8>> {
        let (value, expires) = self.values.get(key)?;
        expires.is_none_or(|at| at > self.now_ms).then_some(value)
    }
}

/// Forgets everything.
pub(super) fn reset() {
    STATE.replace(State::new());
}

/// Configures a stage from JSON text, as the gateway does.
pub fn configure_stage<S: Stage>(json: &str) -> Result<S, ConfigErrors> {
    S::configure(config::read(json)?)
}

/// Has a stage process one record, as the gateway does: of a call that fails
/// nothing is kept.
pub fn process_stage<S: Stage>(stage: &S, record: &Record) -> Result<Outcome, Fault> {
    all_or_nothing(|| stage.process(record.cdr()))
}

/// Lets time pass, and fires the timers that are due by then, in order.
pub fn pass_time<S: Stage>(stage: &S, milliseconds: u64) -> Result<(), Fault> {
    let until = now_ms().saturating_add(milliseconds);
    loop {
        let next = STATE.with_borrow(|state| {
            let due = state.timers.iter().filter(|(_, at)| **at <= until);
            due.min_by_key(|(_, at)| **at)
                .map(|(key, at)| (key.clone(), *at))
        });
        let Some((key, due_ms)) = next else { break };
        all_or_nothing(|| {
            STATE.with_borrow_mut(|state| {
                state.now_ms = state.now_ms.max(due_ms);
                state.timers.remove(&key);
            });
            stage.timer(&key, due_ms)
        })?;
    }
    STATE.with_borrow_mut(|state| state.now_ms = until);
    Ok(())
}

fn all_or_nothing(call: impl FnOnce() -> Result<Outcome, Fault>) -> Result<Outcome, Fault> {
    let before = STATE.with_borrow(State::clone);
    let result = call();
    if result.is_err() {
        STATE.with_borrow_mut(|state| {
            // What was asked was asked, whatever became of the call.
            let requests = std::mem::take(&mut state.requests);
            let answers = std::mem::take(&mut state.answers);
            *state = State {
                answers,
                requests,
                ..before
            };
        });
    }
    result
}

impl Host {
    /// Has the hosts answer so, next time.
    #[must_use]
    pub fn with_answer(self, answer: Result<Response, FetchError>) -> Self {
        STATE.with_borrow_mut(|state| state.answers.push_back(answer));
        self
    }

    /// What hosts were asked so far.
    pub fn requests(&self) -> Vec<Request> {
        STATE.with_borrow(|state| state.requests.clone())
    }

    /// What was derived so far.
    pub fn derived(&self) -> Vec<Derived> {
        STATE.with_borrow(|state| state.derived.clone())
    }

    /// The timers that are set, with their times.
    pub fn timers(&self) -> BTreeMap<String, u64> {
        STATE.with_borrow(|state| state.timers.clone())
    }

    /// The keys that hold a value which has not expired.
    pub fn state_keys(&self) -> BTreeSet<String> {
        STATE.with_borrow(|state| {
            let keys = state.values.keys();
            keys.filter(|key| state.value(key).is_some())
                .cloned()
                .collect()
        })
    }
}

fn is_key(key: &str) -> bool {
    !key.is_empty() && key.len() as u64 <= MAX_KEY_BYTES
}

fn state_key(key: &str) -> Result<(), StateError> {
    is_key(key)
        .then_some(())
        .ok_or(StateError::BadKey(MAX_KEY_BYTES))
}

pub(crate) fn state_get(key: &str) -> Result<Option<Vec<u8>>, StateError> {
    state_key(key)?;
    Ok(STATE.with_borrow(|state| state.value(key).cloned()))
}

pub(crate) fn state_set(key: &str, value: &[u8], ttl_ms: Option<u64>) -> Result<(), StateError> {
    state_key(key)?;
    if value.len() as u64 > MAX_VALUE_BYTES {
        return Err(StateError::TooLarge(MAX_VALUE_BYTES));
    }
    STATE.with_borrow_mut(|state| {
        let expires = ttl_ms.map(|ttl| state.now_ms.saturating_add(ttl));
        state
            .values
            .insert(key.to_owned(), (value.to_vec(), expires));
    });
    Ok(())
}

pub(crate) fn state_remove(key: &str) -> Result<bool, StateError> {
    state_key(key)?;
    Ok(STATE.with_borrow_mut(|state| {
        let was_there = state.value(key).is_some();
        state.values.remove(key);
        was_there
    }))
}

#[allow(clippy::unnecessary_wraps, reason = "as the gateway's")]
pub(crate) fn state_list(
    prefix: &str,
    after: Option<&str>,
    limit: u32,
) -> Result<Vec<String>, StateError> {
    Ok(STATE.with_borrow(|state| {
        let keys = state.values.keys();
        keys.filter(|key| key.starts_with(prefix) && state.value(key).is_some())
            .filter(|key| after.is_none_or(|after| key.as_str() > after))
            .take(limit.min(1000) as usize)
            .cloned()
            .collect()
    }))
}

pub(crate) fn now_ms() -> u64 {
    STATE.with_borrow(|state| state.now_ms)
}

pub(crate) fn timer_set(key: &str, at_ms: u64) -> Result<(), TimerError> {
    if !is_key(key) {
        return Err(TimerError::BadKey(MAX_KEY_BYTES));
    }
    STATE.with_borrow_mut(|state| state.timers.insert(key.to_owned(), at_ms));
    Ok(())
}

#[allow(clippy::unnecessary_wraps, reason = "as the gateway's")]
pub(crate) fn timer_cancel(key: &str) -> Result<bool, TimerError> {
    Ok(STATE.with_borrow_mut(|state| state.timers.remove(key).is_some()))
}

pub(crate) fn emit(derived: &Derived) -> Result<(), EmitError> {
    if matches!(derived.kind, Kind::Event | Kind::Unknown) {
        return Err(EmitError::BadKind(derived.kind.to_string()));
    }
    if !is_key(&derived.key) {
        return Err(EmitError::BadKey(MAX_KEY_BYTES));
    }
    let object: Result<serde_json::Map<String, serde_json::Value>, _> =
        serde_json::from_str(&derived.json);
    object.map_err(|error| EmitError::BadJson(error.to_string()))?;
    STATE.with_borrow_mut(|state| {
        // The second record of a key is left out.
        if !state.derived.iter().any(|known| known.key == derived.key) {
            state.derived.push(derived.clone());
        }
    });
    Ok(())
}

pub(crate) fn fetch(request: &Request) -> Result<Response, FetchError> {
    STATE.with_borrow_mut(|state| {
        state.requests.push(request.clone());
        let nobody = || {
            Err(FetchError::Failed {
                reason: "connect".to_owned(),
                message: "the test has no answer (mock::Host::with_answer)".to_owned(),
            })
        };
        state.answers.pop_front().unwrap_or_else(nobody)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Cdr, NoConfig,
        stage::{emit as derive, state, timers},
    };

    /// Remembers every record, and fails on those that say so.
    struct Remember;

    impl Stage for Remember {
        type Config = NoConfig;

        fn configure(_: NoConfig) -> Result<Self, ConfigErrors> {
            Ok(Self)
        }

        fn process(&self, cdr: Cdr<'_>) -> Result<Outcome, Fault> {
            let session: String = cdr.get("/SessionId")?.unwrap_or_default();
            state::set(&session, b"seen", Some(1000))?;
            timers::set_after(&session, 500)?;
            derive(&Derived::new(Kind::Cdr, &session, "{}"))?;
            match cdr.json("/fail") {
                Some(_) => Err(Fault::new("told to")),
                None => Ok(Outcome::Done),
            }
        }
    }

    #[test]
    fn a_call_that_fails_leaves_nothing_behind() {
        let host = Host::new();
        let stage: Remember = configure_stage("{}").unwrap();
        let failing = Record::call(r#"{"SessionId":"a","fail":1}"#);
        assert!(process_stage(&stage, &failing).is_err());
        assert!(host.state_keys().is_empty() && host.timers().is_empty());
        assert!(host.derived().is_empty());

        let passing = Record::call(r#"{"SessionId":"a"}"#);
        for _ in 0..2 {
            assert_eq!(process_stage(&stage, &passing), Ok(Outcome::Done));
        }
        assert_eq!(host.derived().len(), 1, "one record of a key");
        pass_time(&stage, 999).unwrap();
        assert!(host.timers().is_empty() && !host.state_keys().is_empty());
        pass_time(&stage, 1).unwrap();
        assert!(host.state_keys().is_empty(), "expired");
    }
}
