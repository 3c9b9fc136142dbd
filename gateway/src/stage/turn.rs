//! A turn: what a stage does between two commits.
//!
//! A turn holds many calls. What a call changes is laid over what the calls before it
//! changed, and that over what the journal holds. A call that succeeds is kept, one
//! that fails is undone; the whole becomes one [`StageStep`].
//!
//! Invariants:
//! - A call sees its own changes, and those of the calls that were kept before it.
//! - What the stage holds is counted as it will be after the commit, so that no quota
//!   is exceeded within a turn.
//! - The clock stands still during a turn.
//!
//! How it fails: where the journal cannot be read the guest is interrupted, and
//! [`Turn::broken`] says why. That is never the guest's failure.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use tokio::runtime::Handle;

use super::{
    ask::{Answer, EmitError, FetchError, NewRecord, Request, StateError, TimerError},
    derive,
    outgoing::Outgoing,
};
use crate::{
    journal::{Journal, JournalError, NewArrival, StageHeld, StageStep, StageValue},
    plugin::stage::StateGrant,
    record::Seq,
};

/// Longest key of state, timers and derived records, and longest session, in bytes.
pub(super) const MAX_KEY_BYTES: usize = 512;

/// Largest value, in bytes: a session's records many times over.
const MAX_VALUE_BYTES: usize = 256 * 1024;

/// Keys that one `list` answers at most.
const MAX_LISTED: usize = 1000;

/// What a stage may do in a turn.
#[derive(Debug, Clone)]
pub struct Allowance {
    /// What it may remember and wait for.
    pub state: Option<StateGrant>,
    /// Records that one call may derive.
    pub max_derived: u32,
    /// Size of one of them, in bytes.
    pub max_record_bytes: usize,
    /// Requests that one call may make.
    pub max_requests: u32,
}

/// The journal could not be read; the call cannot go on.
#[derive(Debug, thiserror::Error)]
#[error("the journal could not be read")]
pub struct Broken;

/// What is asked may be refused, or the journal fails.
type Asked<T, E> = Result<Result<T, E>, Broken>;

/// What calls changed.
#[derive(Debug, Default, Clone)]
struct Changes {
    state: BTreeMap<String, Option<StageValue>>,
    timers: BTreeMap<String, Option<Timestamp>>,
    derived: Vec<NewArrival>,
    held: StageHeld,
}

/// A turn of a stage.
pub struct Turn {
    stage: Arc<str>,
    journal: Arc<dyn Journal>,
    runtime: Handle,
    outgoing: Arc<Outgoing>,
    allowance: Allowance,
    now: Timestamp,
    kept: Changes,
    call: Changes,
    requests: u32,
    waited: Duration,
    broken: Option<JournalError>,
}

impl Turn {
    /// A turn of a stage that holds so much. `runtime` is where the journal and hosts
    /// are waited for; calls are made on a thread that may block.
    #[must_use]
    pub fn new(
        stage: Arc<str>,
        journal: Arc<dyn Journal>,
        runtime: Handle,
        outgoing: Arc<Outgoing>,
        allowance: Allowance,
        held: StageHeld,
    ) -> Self {
        let kept = Changes {
            held,
            ..Changes::default()
        };
        Self {
            stage,
            journal,
            runtime,
            outgoing,
            allowance,
            now: Timestamp::now(),
            call: kept.clone(),
            kept,
            requests: 0,
            waited: Duration::ZERO,
            broken: None,
        }
    }

    /// The time of this turn.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// Begins a call: what was not kept of the one before is undone.
    pub fn begin(&mut self) {
        self.call = Changes {
            held: self.kept.held,
            ..Changes::default()
        };
        self.requests = 0;
        self.waited = Duration::ZERO;
    }

    /// Keeps what the call changed.
    pub fn keep(&mut self) {
        let call = std::mem::take(&mut self.call);
        self.kept.held = call.held;
        self.kept.state.extend(call.state);
        self.kept.timers.extend(call.timers);
        self.kept.derived.extend(call.derived);
        self.begin();
    }

    /// Why the journal could not be read, if so.
    pub fn take_broken(&mut self) -> Option<JournalError> {
        self.broken.take()
    }

    /// How long the gateway was waited for since this was asked last.
    pub fn take_waited(&mut self) -> Duration {
        std::mem::take(&mut self.waited)
    }

    /// Records and bytes that were derived so far.
    #[must_use]
    pub fn derived(&self) -> (usize, usize) {
        let bytes = self.kept.derived.iter().map(|new| new.body.len()).sum();
        (self.kept.derived.len(), bytes)
    }

    /// Whether a timer is still due, as the calls that were kept left it.
    #[must_use]
    pub fn is_due(&self, key: &str) -> bool {
        match self.kept.timers.get(key) {
            None => true,
            Some(at) => at.is_some_and(|at| at <= self.now),
        }
    }

    /// Takes a timer that fires away, within the call that it is fired by.
    pub fn take_timer(&mut self, key: &str) {
        self.call.held.timers = self.call.held.timers.saturating_sub(1);
        self.call.timers.insert(key.to_owned(), None);
    }

    /// Everything that was kept, as one step.
    #[must_use]
    pub fn take_step(&mut self, cursor: Seq) -> StageStep {
        let kept = std::mem::take(&mut self.kept);
        StageStep {
            state: kept.state,
            timers: kept.timers,
            derived: kept.derived,
            ..StageStep::new(self.now, cursor)
        }
    }

    /// The value of a key.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn get(&mut self, key: &str) -> Asked<Option<Bytes>, StateError> {
        if let Err(refused) = self.state_grant(key) {
            return Ok(Err(refused));
        }
        let found = self.value(key)?;
        Ok(Ok(found.map(|value| value.value)))
    }

    /// Keeps a value.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn set(
        &mut self,
        key: String,
        value: Vec<u8>,
        ttl_ms: Option<u64>,
    ) -> Asked<(), StateError> {
        let grant = match self.state_grant(&key) {
            Ok(grant) => grant,
            Err(refused) => return Ok(Err(refused)),
        };
        if value.len() > MAX_VALUE_BYTES {
            return Ok(Err(StateError::TooLarge(MAX_VALUE_BYTES as u64)));
        }
        let mut held = self.without(&key)?;
        held.state_keys += 1;
        held.state_bytes += size(&key, &value);
        if held.state_keys > grant.max_keys {
            return Ok(Err(StateError::TooManyKeys(grant.max_keys)));
        }
        if held.state_bytes > grant.max_bytes {
            return Ok(Err(StateError::TooManyBytes(grant.max_bytes)));
        }
        self.call.held = held;
        let value = StageValue {
            value: Bytes::from(value),
            expires: ttl_ms.map(|ttl| self.after(ttl)),
        };
        self.call.state.insert(key, Some(value));
        Ok(Ok(()))
    }

    /// Forgets a key; false where there was nothing.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn remove(&mut self, key: String) -> Asked<bool, StateError> {
        if let Err(refused) = self.state_grant(&key) {
            return Ok(Err(refused));
        }
        let held = self.without(&key)?;
        let was_there = held != self.call.held;
        self.call.held = held;
        self.call.state.insert(key, None);
        Ok(Ok(was_there))
    }

    /// Keys that begin with a prefix.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn list(
        &mut self,
        prefix: &str,
        after: Option<&str>,
        limit: u32,
    ) -> Asked<Vec<String>, StateError> {
        if self.allowance.state.is_none() {
            return Ok(Err(StateError::NotGranted));
        }
        let limit = usize::try_from(limit).map_or(MAX_LISTED, |limit| limit.min(MAX_LISTED));
        // Of what the journal holds, so many may be gone by now.
        let changed = self.kept.state.len() + self.call.state.len();
        let (journal, stage, now) = (self.journal.clone(), self.stage.clone(), self.now);
        let committed = self.wait(async {
            journal
                .stage_keys(&stage, prefix, after, now, limit + changed)
                .await
        })?;
        let mut keys: BTreeSet<String> = committed.into_iter().collect();
        for (key, value) in self.kept.state.iter().chain(&self.call.state) {
            let fits = key.starts_with(prefix) && after.is_none_or(|after| key.as_str() > after);
            if fits && value.is_some() {
                keys.insert(key.clone());
            } else {
                keys.remove(key);
            }
        }
        Ok(Ok(keys.into_iter().take(limit).collect()))
    }

    /// Sets a timer.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn set_timer(&mut self, key: String, at_ms: u64) -> Asked<(), TimerError> {
        let grant = match self.timer_grant(&key) {
            Ok(grant) => grant,
            Err(refused) => return Ok(Err(refused)),
        };
        if self.timer(&key)?.is_none() {
            if self.call.held.timers >= grant.max_timers {
                return Ok(Err(TimerError::TooMany(grant.max_timers)));
            }
            self.call.held.timers += 1;
        }
        self.call.timers.insert(key, Some(moment(at_ms)));
        Ok(Ok(()))
    }

    /// Unsets a timer; false where none was set.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn cancel_timer(&mut self, key: &str) -> Asked<bool, TimerError> {
        if let Err(refused) = self.timer_grant(key) {
            return Ok(Err(refused));
        }
        let was_set = self.timer(key)?.is_some();
        if was_set {
            self.take_timer(key);
        }
        Ok(Ok(was_set))
    }

    /// Derives a record.
    ///
    /// # Errors
    /// When it is refused.
    pub fn emit(&mut self, new: NewRecord) -> Result<(), EmitError> {
        let max = self.allowance.max_derived;
        if self.call.derived.len() >= usize::try_from(max).unwrap_or(usize::MAX) {
            return Err(EmitError::TooMany(max));
        }
        let new = derive::arrival(&self.stage, new, self.now, self.allowance.max_record_bytes)?;
        self.call.derived.push(new);
        Ok(())
    }

    /// Asks a host, and waits for its answer.
    ///
    /// # Errors
    /// When it may not, or there is no answer.
    pub fn fetch(&mut self, request: Request) -> Result<Answer, FetchError> {
        let max = self.allowance.max_requests;
        if self.requests >= max {
            return Err(FetchError::TooMany(max));
        }
        self.requests += 1;
        let started = Instant::now();
        let outgoing = self.outgoing.clone();
        let answer = self.runtime.block_on(outgoing.fetch(request));
        self.waited += started.elapsed();
        answer
    }

    fn state_grant(&self, key: &str) -> Result<StateGrant, StateError> {
        let grant = self.allowance.state.ok_or(StateError::NotGranted)?;
        if is_key(key) {
            Ok(grant)
        } else {
            Err(StateError::BadKey(MAX_KEY_BYTES as u64))
        }
    }

    fn timer_grant(&self, key: &str) -> Result<StateGrant, TimerError> {
        let grant = self.allowance.state.ok_or(TimerError::NotGranted)?;
        if is_key(key) {
            Ok(grant)
        } else {
            Err(TimerError::BadKey(MAX_KEY_BYTES as u64))
        }
    }

    /// What the stage holds without a key.
    fn without(&mut self, key: &str) -> Result<StageHeld, Broken> {
        let before = self.value(key)?;
        let mut held = self.call.held;
        if let Some(before) = before {
            held.state_keys = held.state_keys.saturating_sub(1);
            held.state_bytes = held.state_bytes.saturating_sub(size(key, &before.value));
        }
        Ok(held)
    }

    fn value(&mut self, key: &str) -> Result<Option<StageValue>, Broken> {
        let changed = self.call.state.get(key);
        if let Some(changed) = changed.or_else(|| self.kept.state.get(key)) {
            return Ok(changed.clone());
        }
        let (journal, stage, now) = (self.journal.clone(), self.stage.clone(), self.now);
        self.wait(async { journal.stage_value(&stage, key, now).await })
    }

    fn timer(&mut self, key: &str) -> Result<Option<Timestamp>, Broken> {
        let changed = self.call.timers.get(key);
        if let Some(changed) = changed.or_else(|| self.kept.timers.get(key)) {
            return Ok(*changed);
        }
        let (journal, stage) = (self.journal.clone(), self.stage.clone());
        self.wait(async { journal.stage_timer(&stage, key).await })
    }

    fn wait<T>(
        &mut self,
        read: impl Future<Output = Result<T, JournalError>>,
    ) -> Result<T, Broken> {
        let started = Instant::now();
        let result = self.runtime.block_on(read);
        self.waited += started.elapsed();
        result.map_err(|error| {
            self.broken = Some(error);
            Broken
        })
    }

    fn after(&self, ms: u64) -> Timestamp {
        let now = self.now.as_millisecond();
        moment(u64::try_from(now).unwrap_or(0).saturating_add(ms))
    }
}

fn is_key(key: &str) -> bool {
    (1..=MAX_KEY_BYTES).contains(&key.len())
}

fn size(key: &str, value: &[u8]) -> u64 {
    key.len() as u64 + value.len() as u64
}

/// A time that the journal can keep: what is too far away is at the end of time.
fn moment(ms: u64) -> Timestamp {
    let ms = i64::try_from(ms).unwrap_or(i64::MAX);
    let last = Timestamp::MAX
        .checked_sub(SignedDuration::from_secs(1))
        .unwrap_or(Timestamp::MAX);
    Timestamp::from_millisecond(ms).map_or(last, |at| at.min(last))
}
