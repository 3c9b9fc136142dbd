//! What a stage did, in one transaction.

use rusqlite::params;

use super::{Stage, state, timers};
use crate::journal::{
    JournalError, NewArrival, StageAdvanced, StageStep,
    sqlite::{
        append,
        group::Group,
        keys,
        trouble::{Trouble, to_sql},
    },
};

/// Commits a step.
///
/// Arrivals move the writer's memory of the journal's end along, which a savepoint
/// does not bring back: on an error that is done here.
pub(super) fn advance(
    group: &mut Group<'_>,
    name: &str,
    epoch: u64,
    step: StageStep,
) -> Result<StageAdvanced, Trouble> {
    let (tail, bytes) = (*group.tail, group.bytes);
    let rooms = (group.room, group.room_for_derived);
    let result = apply(group, name, epoch, step);
    if result.is_err() {
        *group.tail = tail;
        group.bytes = bytes;
        (group.room, group.room_for_derived) = rooms;
        keys::forget_newest(group);
    }
    result
}

fn apply(
    group: &mut Group<'_>,
    name: &str,
    epoch: u64,
    step: StageStep,
) -> Result<StageAdvanced, Trouble> {
    let mut stage = owned(group, name, epoch)?;
    if step.cursor < stage.cursor || step.cursor > group.tail.head.max(stage.cursor) {
        let problem = format!(
            "it cannot go from {} to {}, the newest arrival is {}",
            stage.cursor, step.cursor, group.tail.head
        );
        return Err(Trouble::refused(name, problem));
    }
    stage.cursor = step.cursor;
    stage.failed += step.failed;
    state::change(group, &mut stage, step.at, &step.state)?;
    timers::change(group, &mut stage, &step.timers)?;
    let (mut derived, mut repeated) = (Vec::new(), 0);
    for new in step.derived {
        if is_new(group, &new)? {
            derived.push(append::append_derived(group, new)?);
        } else {
            repeated += 1;
        }
    }
    stage.derived += derived.len() as u64;
    stage.repeated += repeated;
    stage.store(group.connection)?;
    Ok(StageAdvanced {
        held: stage.held,
        derived,
        repeated,
    })
}

fn owned(group: &Group<'_>, name: &str, epoch: u64) -> Result<Stage, Trouble> {
    let stage = Stage::load(group.connection, name)?;
    let stage = stage
        .ok_or_else(|| Trouble::refused(name, "no stage of this name has claimed".to_owned()))?;
    if stage.epoch == epoch {
        return Ok(stage);
    }
    Err(Trouble::Refused(JournalError::Fenced {
        destination: name.to_owned(),
        epoch,
        current: stage.epoch,
    }))
}

/// Notes the key of an arrival that comes next; false where one that is kept has it.
fn is_new(group: &Group<'_>, new: &NewArrival) -> Result<bool, Trouble> {
    let noted = group
        .connection
        .prepare_cached("INSERT OR IGNORE INTO derived_keys (key, seq) VALUES (?1, ?2)")?
        .execute(params![new.dedup.key, to_sql(group.tail.head.next().0)?])?;
    Ok(noted == 1)
}
