//! Replay: what was settled is sent again, by the chains of today.
//!
//! Purpose: a receiver that lost a day, or gets a record's new form, is given it
//! again without anything being done by hand.
//!
//! Invariants:
//! - A replay is durable: it goes on after a restart where it was.
//! - What it reopens is an exception like any other, due at once. Few are at a
//!   time, and they share half of the slots, so that first attempts keep theirs.
//! - The consumer that owns a destination hands out its portions.
//!
//! How it fails: a destination that cannot be asked is asked again later; the
//! others go on. A person may cancel at any time.

mod choose;
mod conductor;

pub use choose::{Choice, Chooser};
pub use conductor::conduct;

use crate::journal::State;

/// What is sent again where nothing is said of states.
pub const DELIVERED: [State; 1] = [State::Delivered];

/// What a receiver has not got: everything that has been settled without being
/// delivered, and what waits for a person.
pub const MISSING: [State; 5] = [
    State::Skipped,
    State::Suspended,
    State::Dead,
    State::Discarded,
    State::Expired,
];

/// Whether deliveries in a state can be sent again: the others are on their way.
#[must_use]
pub fn may_reopen(state: State) -> bool {
    DELIVERED.contains(&state) || MISSING.contains(&state)
}
