//! Owning, retiring and renaming destinations.

use super::{
    arrivals, destination::Destination, files, group::Group, holds, hourly, retention,
    tail::first_id_at, trouble::Trouble,
};
use crate::{
    journal::{Claim, Retire, Retirement, Start, State},
    record::Seq,
};

/// Reason of what was removed while its destination was retired.
const MISSED: &str = "removed_while_retired";

/// Makes the caller the owner of a destination.
pub(super) fn claim(group: &mut Group<'_>, name: &str, start: Start) -> Result<Claim, Trouble> {
    let connection = group.connection;
    if Destination::load(connection, name)?.is_none() {
        let first = first_of_range(group, start)?;
        Destination::create(connection, name, first)?;
    }
    let mut destination = Destination::load(connection, name)?
        .ok_or_else(|| Trouble::Malformed(format!("destination {name} cannot be stored")))?;
    destination.epoch += 1;
    if let Some(end) = destination.end.take() {
        pass_removed(group, &mut destination, end)?;
    }
    destination.store(connection)?;
    Ok(Claim {
        epoch: destination.epoch,
        start: destination.start,
        cursor: destination.cursor,
        ahead: destination.ahead,
        hold: holds::load(connection, destination.id)?,
        files: files::not_finished(connection, destination.id)?,
    })
}

/// What was removed while a destination was retired can be delivered no more: it
/// is in the range again, as expired.
fn pass_removed(
    group: &mut Group<'_>,
    destination: &mut Destination,
    retired_at: Seq,
) -> Result<(), Trouble> {
    let connection = group.connection;
    let removed_through = retention::removed_through(connection)?;
    let first = retired_at.next().max(destination.start);
    for gap in arrivals::gaps(connection, first, removed_through)? {
        let length = gap.end() - gap.start() + 1;
        destination.counts.expired += length;
        destination.removed.expired += length;
        let reason = group.names.reason(connection, &MISSED.into())?;
        let key = (hourly::UNKNOWN_HOUR, State::Expired, reason);
        hourly::keep_removed(connection, destination.id, &[(key, length)].into())?;
        destination.ahead.insert_range(gap);
    }
    destination.cursor = destination.ahead.advance(destination.cursor);
    Ok(())
}

/// A range has no holes, so it begins behind everything that was removed: older
/// arrivals that are kept for the sake of other destinations are not in it.
fn first_of_range(group: &Group<'_>, start: Start) -> Result<Seq, Trouble> {
    let whole_from = retention::removed_through(group.connection)?.next();
    let found = match start {
        Start::Now => None,
        Start::Beginning => arrivals::first_kept(group.connection, whole_from)?,
        Start::At(at) => {
            arrivals::first_not_before(group.connection, group.tail.head, first_id_at(at))?
        }
    };
    Ok(found.map_or(group.tail.head.next(), |(seq, _)| seq.max(whole_from)))
}

/// Freezes a destination's ledger, if it may.
pub(super) fn retire(
    group: &mut Group<'_>,
    name: &str,
    how: Retire,
) -> Result<Retirement, Trouble> {
    let Some(mut destination) = Destination::load(group.connection, name)? else {
        return Ok(Retirement::Unknown);
    };
    if destination.end.is_none() {
        let ledger = destination.ledger(group.tail.head);
        destination.end = Some(match how {
            Retire::AsItStands => group.tail.head,
            Retire::Settled { through } if ledger.is_settled(through) && ledger.ahead == 0 => {
                destination.cursor
            }
            Retire::Settled { .. } => {
                return Ok(Retirement::Unsettled(ledger.counts.unsettled()));
            }
        });
    }
    destination.epoch += 1;
    destination.store(group.connection)?;
    Ok(Retirement::Frozen)
}

/// Gives a destination another name.
pub(super) fn rename(group: &mut Group<'_>, from: &str, to: &str) -> Result<bool, Trouble> {
    let Some(mut destination) = Destination::load(group.connection, from)? else {
        return Ok(false);
    };
    if Destination::load(group.connection, to)?.is_some() {
        let problem = format!("it has a ledger of its own, {from} cannot take its name");
        return Err(Trouble::refused(to, problem));
    }
    destination.epoch += 1;
    to.clone_into(&mut destination.name);
    destination.store(group.connection)?;
    Ok(true)
}
