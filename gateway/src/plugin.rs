//! The plugin host: WASM components that implement the world `transform` of
//! `plugin-sdk/wit`, run as guests.
//!
//! Invariants:
//! - A guest reaches nothing but the record it is given, the lookup tables that
//!   it was granted, its own log lines and counters. WASI is linked, so that
//!   any toolchain's component loads, and sealed: no environment, and unless
//!   granted, a clock that stands still and randomness that repeats, since a
//!   transform is pure. Imports of anything else are refused.
//! - A guest is bounded in memory, time, output and log lines ([`limits`]).
//! - Any error out of a guest poisons its store (wasmtime refuses to enter it
//!   again), so the instance is thrown away with it; the next record gets a new
//!   one.
//! - Guests run on threads of their own ([`workers`]), fed by a queue that is
//!   fair to destinations, so that neither the async runtime nor another
//!   destination waits for one; a plugin takes its share of them and no more
//!   ([`budget`]).
//!
//! How it fails: loading fails with a [`LoadError`] before anything is switched
//! over; a call fails with a [`Failure`], which the chain turns into what the
//! plugin's use says (`on_error`).

pub mod account;
pub mod anatomy;
mod bindings;
pub mod budget;
pub mod builtin;
pub mod compiled;
pub mod component;
pub mod contract;
#[cfg(test)]
mod cost;
pub mod engine;
pub mod failure;
pub mod fetch;
pub mod grants;
mod guest;
mod host;
pub mod instance;
pub mod limits;
pub mod origin;
pub mod probe;
mod queue;
pub mod schema;
pub mod secrets;
pub mod stage;
pub mod store;
pub mod table;
mod told;
mod wasi;
pub mod workers;

pub use budget::Budget;
pub use compiled::{Compiled, NotAComponent};
pub use component::{LoadError, Plugin};
pub use engine::{CompileCache, Host};
pub use failure::Failure;
pub use grants::{Capability, Grants};
pub use instance::{Instances, Processed, Record, Verdict};
pub use limits::Limits;
pub use secrets::Secrets;
pub use table::{Table, Tables};
pub use workers::Workers;
