//! Replays: counted, started, shown and cancelled. What hands them out is
//! [`crate::delivery::replay`].

use std::collections::BTreeMap;

use axum::{
    Json,
    extract::{Path, State as Shared},
};
use jiff::Timestamp;

use super::{
    Admin,
    problem::Problem,
    repair::running,
    select::compile,
    view::{ReplayRequest, ReplayView, StartedView},
};
use crate::{
    delivery::replay::{Chooser, DELIVERED, MISSING, may_reopen},
    journal::{JournalError, JournalReader, Meant, NewReplay, Replay, ReplayState},
    record::Seq,
};

/// Replays that run at once.
const MAX_RUNNING: usize = 16;

/// Deliveries by state.
type Counted = BTreeMap<String, u64>;

/// Counts what is meant, and starts a replay of it.
pub(super) async fn start(
    Shared(admin): Shared<Admin>,
    Json(request): Json<ReplayRequest>,
) -> Result<Json<StartedView>, Problem> {
    if request.destinations.is_empty() {
        return Err(Problem::bad_request("say where to in `destinations`"));
    }
    for name in &request.destinations {
        running(&admin, Some(name))?;
    }
    let journal = admin.runtime.journal();
    let meant = meant(&**journal, &request).await?;
    fits_backlogs(&admin, &meant, &request.destinations).await?;
    let mut view = StartedView {
        replay: None,
        dry_run: request.dry_run,
        counted: BTreeMap::new(),
        unclear: 0,
        through: meant.last.0,
    };
    let chooser = Chooser::new(meant.clone())
        .map_err(|error| Problem::bad_request(format!("`when`: {error}")))?;
    for name in &request.destinations {
        let (counted, unclear) = count(&**journal, &chooser, &meant, name).await?;
        view.unclear += unclear;
        if !counted.is_empty() {
            view.counted.insert(name.clone(), counted);
        }
    }
    if !request.dry_run && !view.counted.is_empty() {
        view.replay = Some(begin(&admin, meant, &view.counted).await?);
    }
    Ok(Json(view))
}

async fn begin(
    admin: &Admin,
    meant: Meant,
    counted: &BTreeMap<String, Counted>,
) -> Result<u64, Problem> {
    let journal = admin.runtime.journal();
    let running = journal.replays(Some(ReplayState::Running)).await?;
    if running.len() >= MAX_RUNNING {
        return Err(Problem::conflict(format!(
            "{MAX_RUNNING} replays run already; wait for one, or cancel one"
        )));
    }
    let total = |(name, counted): (&String, &Counted)| (name.clone(), counted.values().sum());
    let replay = NewReplay {
        at: Timestamp::now(),
        meant,
        counted: counted.iter().map(total).collect(),
    };
    let id = journal.start_replay(replay).await?;
    tracing::info!(replay = id, ?counted, "a replay is started");
    admin.runtime.wake_replays();
    Ok(id)
}

/// What a request means, in positions.
async fn meant(journal: &dyn JournalReader, request: &ReplayRequest) -> Result<Meant, Problem> {
    let states = match (&request.states[..], request.only_missing) {
        ([], false) => DELIVERED.to_vec(),
        ([], true) => MISSING.to_vec(),
        (states, false) => states.to_vec(),
        (_, true) => {
            let why = "`states` and `only_missing` both say which; leave one out";
            return Err(Problem::bad_request(why));
        }
    };
    if let Some(state) = states.iter().find(|state| !may_reopen(**state)) {
        return Err(Problem::bad_request(format!(
            "what is {state} is on its way; `states` are delivered, skipped, suspended, dead, discarded and expired"
        )));
    }
    if let Some(when) = &request.when {
        compile(when)?;
    }
    let now = Timestamp::now();
    let first = match request.since {
        Some(since) => journal.first_since(since.resolve(now)).await?,
        None => Seq(1),
    };
    let end = match request.until {
        Some(until) => journal.first_since(until.resolve(now)).await?,
        None => journal.head().next(),
    };
    let last = Seq(end.0.saturating_sub(1));
    Ok(Meant {
        first,
        last: request
            .through
            .map_or(last, |through| last.min(Seq(through))),
        states,
        when: request.when.clone(),
        fresh_ids: request.fresh_ids,
    })
}

/// Whether what is meant may wait for the destinations: what is older than a
/// backlog may be would be given up, or shut sources, as soon as it waits.
async fn fits_backlogs(admin: &Admin, meant: &Meant, names: &[String]) -> Result<(), Problem> {
    let oldest = admin.runtime.journal().read(meant.first, 1, 1).await?;
    let Some(oldest) = oldest.first().filter(|oldest| oldest.seq <= meant.last) else {
        return Ok(());
    };
    let age_s = Timestamp::now().duration_since(oldest.received).as_secs();
    let revision = admin.runtime.revision();
    for name in names {
        let destination = revision.destinations.get(name.as_str());
        let backlog = destination.and_then(|destination| destination.backlog.as_ref());
        if let Some(max_age_s) = backlog.and_then(|backlog| backlog.max_age_s)
            && u64::try_from(age_s).is_ok_and(|age_s| age_s >= max_age_s)
        {
            return Err(Problem::bad_request(format!(
                "the oldest record is {age_s} s old, but backlog.max_age_s of destination {name} is {max_age_s}; say a later `since`, or raise the limit while the replay runs"
            )));
        }
    }
    Ok(())
}

async fn count(
    journal: &dyn JournalReader,
    chooser: &Chooser,
    meant: &Meant,
    destination: &str,
) -> Result<(Counted, u64), JournalError> {
    let (mut counted, mut unclear) = (Counted::new(), 0);
    let mut after = Seq(meant.first.0.saturating_sub(1));
    while after < meant.last {
        let found = chooser
            .next(journal, destination, after, usize::MAX)
            .await?;
        for (_, state) in found.chosen {
            *counted.entry(state.to_string()).or_default() += 1;
        }
        unclear += found.unclear;
        after = found.through;
    }
    Ok((counted, unclear))
}

/// Every replay that is remembered, newest first.
pub(super) async fn list(Shared(admin): Shared<Admin>) -> Result<Json<Vec<ReplayView>>, Problem> {
    let journal = &**admin.runtime.journal();
    let mut views = Vec::new();
    for replay in journal.replays(None).await?.iter().rev() {
        views.push(view(journal, replay).await?);
    }
    Ok(Json(views))
}

pub(super) async fn show(
    Shared(admin): Shared<Admin>,
    Path(id): Path<u64>,
) -> Result<Json<ReplayView>, Problem> {
    let journal = &**admin.runtime.journal();
    Ok(Json(view(journal, &find(journal, id).await?).await?))
}

/// Ends a replay: what it has handed out is still sent, and nothing more.
pub(super) async fn cancel(
    Shared(admin): Shared<Admin>,
    Path(id): Path<u64>,
) -> Result<Json<ReplayView>, Problem> {
    let journal = admin.runtime.journal();
    let cancelled = journal.end_replay(id, ReplayState::Cancelled, Timestamp::now());
    let cancelled = cancelled.await?;
    let replay = find(&**journal, id).await?;
    if !cancelled {
        return Err(Problem::conflict(format!(
            "replay {id} is {}",
            replay.state
        )));
    }
    tracing::info!(replay = id, "a replay is cancelled");
    admin.runtime.wake_replays();
    Ok(Json(view(&**journal, &replay).await?))
}

async fn find(journal: &dyn JournalReader, id: u64) -> Result<Replay, Problem> {
    let replays = journal.replays(None).await?;
    let found = replays.into_iter().find(|replay| replay.id == id);
    found.ok_or_else(|| Problem::not_found(format!("no replay {id}")))
}

async fn view(journal: &dyn JournalReader, replay: &Replay) -> Result<ReplayView, JournalError> {
    let before = Seq(replay.meant.first.0.saturating_sub(1));
    let mut waiting = Vec::with_capacity(replay.shares.len());
    for share in &replay.shares {
        let left = journal.replaying(&share.destination, before, share.position);
        waiting.push(left.await?);
    }
    Ok(ReplayView::new(replay, &waiting))
}
