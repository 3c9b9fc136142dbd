//! One turn of a stage, on a thread that may block.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use jiff::Timestamp;

use super::{SharedTurn, Stage, StageFailure, Turn};
use crate::{
    config::{model::StageOnError, revision::Revision},
    journal::{JournalError, StageStep, StageTimer},
    plugin::{
        Failure,
        instance::DEADLINE_TRIES,
        stage::{Outcome, StageInstance},
    },
    record::{Arrival, ArrivalId, Defect, Seq},
    route::when::View,
};

/// How much of a turn is committed at once at most, so that what waits for it does
/// not wait long, and no commit is large.
const LONGEST: Duration = Duration::from_millis(100);
const MAX_DERIVED: usize = 256;
const MAX_DERIVED_BYTES: usize = 1024 * 1024;

/// What a turn has to do.
pub(super) struct Work {
    pub(super) stage: Arc<Stage>,
    pub(super) revision: Arc<Revision>,
    /// A guest that is warm.
    pub(super) instance: Option<StageInstance>,
    pub(super) turn: Turn,
    /// Where the stage stands.
    pub(super) cursor: Seq,
    /// Timers, of which some may be due.
    pub(super) timers: Vec<StageTimer>,
    /// The arrivals that come next.
    pub(super) arrivals: Vec<Arc<Arrival>>,
}

/// What a turn did.
pub(super) struct Worked {
    /// The guest, if it can be used again.
    pub(super) instance: Option<StageInstance>,
    /// What is to be committed.
    pub(super) step: StageStep,
    /// Why it ended before everything was done, if it did for a reason.
    pub(super) stopped: Option<Stopped>,
    /// The last failure that it went on after.
    pub(super) passed: Option<StageFailure>,
    /// Whether the guest was called with something that is done with now.
    pub(super) called: bool,
}

/// Why a turn goes no further.
pub(super) enum Stopped {
    /// A call failed, and the stage halts on failures.
    Failed(StageFailure),
    /// The journal could not be read.
    Broken(JournalError),
}

/// Does a turn: timers that are due, then arrivals in order.
pub(super) fn run(work: Work) -> Worked {
    let Work {
        stage,
        revision,
        instance,
        turn,
        cursor,
        timers,
        arrivals,
    } = work;
    let now = turn.now();
    let mut run = Run {
        stage,
        revision,
        instance,
        turn: Arc::new(Mutex::new(turn)),
        began: Instant::now(),
        failed: 0,
        passed: None,
        called: false,
    };
    let mut cursor = cursor;
    let stopped = run.all(now, &timers, &arrivals, &mut cursor).err();
    let mut step = run.locked().take_step(cursor);
    step.failed = run.failed;
    Worked {
        instance: run.instance,
        step,
        stopped,
        passed: run.passed,
        called: run.called,
    }
}

struct Run {
    stage: Arc<Stage>,
    revision: Arc<Revision>,
    instance: Option<StageInstance>,
    turn: SharedTurn,
    began: Instant,
    failed: u64,
    passed: Option<StageFailure>,
    called: bool,
}

/// What a guest is called with.
enum Call<'a> {
    Timer(&'a StageTimer),
    Arrival(&'a Arc<Arrival>),
}

impl Run {
    fn all(
        &mut self,
        now: Timestamp,
        timers: &[StageTimer],
        arrivals: &[Arc<Arrival>],
        cursor: &mut Seq,
    ) -> Result<(), Stopped> {
        for timer in timers.iter().filter(|timer| timer.at <= now) {
            if self.is_enough() {
                return Ok(());
            }
            // One before it may have set it anew, or unset it.
            if self.locked().is_due(&timer.key) {
                self.call(&Call::Timer(timer))?;
            }
        }
        for arrival in arrivals {
            if self.is_enough() {
                return Ok(());
            }
            if self.takes(arrival)? {
                self.call(&Call::Arrival(arrival))?;
            }
            *cursor = arrival.seq;
        }
        Ok(())
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, Turn> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_enough(&self) -> bool {
        let (records, bytes) = self.locked().derived();
        records >= MAX_DERIVED || bytes >= MAX_DERIVED_BYTES || self.began.elapsed() >= LONGEST
    }

    /// Whether the stage sees an arrival.
    fn takes(&mut self, arrival: &Arc<Arrival>) -> Result<bool, Stopped> {
        if !self.stage.from.contains(&arrival.source) {
            return Ok(false);
        }
        let journey = self.revision.journey(arrival);
        let document = journey.document();
        let defect = arrival.defect.or(match document {
            Some(_) => None,
            None => Some(Defect::Unreadable),
        });
        let (None, Some(document)) = (defect, document) else {
            let defect = defect.map_or("unreadable", Defect::as_str);
            self.count(defect);
            return Ok(false);
        };
        let Some(when) = &self.stage.when else {
            return Ok(true);
        };
        let view = View {
            kind: arrival.kind,
            source: &arrival.source,
            tags: &arrival.tags,
            cdr: document,
        };
        match when.matches(&view) {
            Ok(matches) => Ok(matches),
            Err(error) => {
                let detail = format!("when of stage {}: {error}", self.stage.name);
                self.fail(Some(arrival.id), "route_error", detail)?;
                Ok(false)
            }
        }
    }

    /// Calls the guest, and keeps what that changed if it succeeds.
    fn call(&mut self, call: &Call<'_>) -> Result<(), Stopped> {
        let arrival = match call {
            Call::Timer(_) => None,
            Call::Arrival(arrival) => Some(arrival.id),
        };
        let result = self.tries(call);
        if let Some(error) = self.locked().take_broken() {
            return Err(Stopped::Broken(error));
        }
        self.called |= matches!(result, Ok(Outcome::Done | Outcome::Ignored(_)));
        let (reason, detail) = match result {
            Ok(Outcome::Done) => {
                self.locked().keep();
                self.count("done");
                return Ok(());
            }
            Ok(Outcome::Ignored(_)) => {
                self.locked().keep();
                self.count("ignored");
                return Ok(());
            }
            Ok(Outcome::Failed(detail)) => ("stage_failed".to_owned(), detail),
            Err(failure) => {
                self.keep_failure(call, &failure);
                (
                    format!("plugin_{}", failure.reason()),
                    format!("plugin {} {failure}", self.stage.plugin.name),
                )
            }
        };
        self.locked().begin();
        self.fail(arrival, &reason, detail)?;
        if let Call::Timer(timer) = call {
            // It went on without it.
            let mut turn = self.locked();
            turn.take_timer(&timer.key);
            turn.keep();
        }
        Ok(())
    }

    fn tries(&mut self, call: &Call<'_>) -> Result<Outcome, Failure> {
        let mut tried = 1;
        loop {
            match self.once(call) {
                Err(Failure::Deadline(_)) if tried < DEADLINE_TRIES => tried += 1,
                result => return result,
            }
        }
    }

    fn once(&mut self, call: &Call<'_>) -> Result<Outcome, Failure> {
        let plugin = self.stage.plugin.clone();
        let mut instance = match self.instance.take() {
            Some(instance) => instance,
            None => StageInstance::start(&plugin)?,
        };
        self.locked().begin();
        let outcome = match call {
            Call::Timer(timer) => {
                self.locked().take_timer(&timer.key);
                let due_ms = u64::try_from(timer.at.as_millisecond()).unwrap_or_default();
                instance.timer(&plugin, &timer.key, due_ms, &self.turn)
            }
            Call::Arrival(arrival) => {
                let record = self.revision.journey(arrival).record();
                let unreadable = || Failure::Trap("the record cannot be read".to_owned());
                instance.process(&plugin, record.ok_or_else(unreadable)?, &self.turn)
            }
        }?;
        self.instance = instance.keep(&plugin);
        Ok(outcome)
    }

    /// Keeps what the guest failed on, for its author: the record, so not where a timer
    /// fired.
    fn keep_failure(&self, call: &Call<'_>, failure: &Failure) {
        if let Call::Arrival(arrival) = call
            && let Some(record) = self.revision.journey(arrival).record()
        {
            let lane = format!("stage:{}", self.stage.name).into();
            self.stage.plugin.keep_failure(failure, &record, &lane);
        }
    }

    /// Notes a failure; stops where the stage halts on failures.
    fn fail(
        &mut self,
        arrival: Option<ArrivalId>,
        reason: &str,
        detail: String,
    ) -> Result<(), Stopped> {
        metrics::counter!("cdr_gateway_stage_failures_total", "stage" => self.stage.name.to_string(), "reason" => reason.to_owned())
            .increment(1);
        let failure = StageFailure {
            at: Timestamp::now(),
            arrival,
            reason: reason.to_owned(),
            detail,
        };
        match self.stage.on_error {
            StageOnError::Halt => Err(Stopped::Failed(failure)),
            StageOnError::Skip => {
                self.failed += 1;
                self.passed = Some(failure);
                Ok(())
            }
        }
    }

    fn count(&self, outcome: &'static str) {
        metrics::counter!("cdr_gateway_stage_calls_total", "stage" => self.stage.name.to_string(), "outcome" => outcome)
            .increment(1);
    }
}
