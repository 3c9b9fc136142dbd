//! Deliveries that are to be tried again although nothing was tried in between.

use jiff::Timestamp;

use super::{
    backlog,
    destination::Destination,
    group::Group,
    keep::park,
    settle::{move_count, step, write_steps},
    trouble::Trouble,
};
use crate::journal::{Outcome, Parking, State};

/// A delivery that is an exception from now on, and what it was before.
pub(super) struct Reopened {
    /// The state that its last outcome gave it.
    pub before: State,
    /// What it is now.
    pub parking: Parking,
}

/// Notes deliveries of a destination, in order of arrival, and counts them anew.
/// The destination is left to be stored.
pub(super) fn reopen(
    group: &mut Group<'_>,
    destination: &mut Destination,
    at: Timestamp,
    reopened: &[Reopened],
) -> Result<(), Trouble> {
    let mut steps = Vec::with_capacity(reopened.len());
    for Reopened { before, parking } in reopened {
        let exception = &parking.exception;
        let (seq, state, reason) = (exception.seq, exception.state, exception.reason.clone());
        let outcome = Outcome::without_attempt(seq, state, reason, exception.revision);
        steps.push(step(group, &outcome)?);
        backlog::weigh(group.connection, destination, seq, Some(*before), state)?;
        move_count(destination, *before, exception.state)?;
        park(group, destination.id, parking)?;
    }
    write_steps(group, destination, at, &steps)
}
