//! Route, chain, guard: what a destination gets of an arrival.
//!
//! A pure function of (arrival, revision): it can be run again at will. A
//! destination gets an arrival at most once, through the first route in file
//! order that matches and names it.
//!
//! How it fails: an error in `when` suspends the delivery at the destinations
//! that the route names; a plugin's failure suspends it unless its use says
//! otherwise; a number that a destination must not hold suspends it.

pub mod chain;
pub mod decision;
pub mod guard;
pub mod journey;
pub mod made;
pub mod when;

pub use chain::{Chain, ChainOutcome, PluginUse, Suspension};
pub use decision::{Decided, Decision, Route, Routes};
pub use journey::{Journey, Journeys, OwnChain};
pub use made::Made;
