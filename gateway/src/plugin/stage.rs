//! The plugin host for stages: components that implement the world `stage` of
//! `plugin-sdk/wit`.
//!
//! A stage is a guest as any plugin is: sealed, bounded, thrown away after any error.
//! It may call more: what of it is granted, and within which limits, is for its
//! [`Turn`](crate::stage::Turn) to know. Time that it waits for the gateway (a host's answer, a look into
//! the journal) does not count against its deadline.

mod bindings;
mod component;
mod guest;
mod instance;

pub use component::{Grants, StagePlugin, StateGrant};
pub(super) use guest::StageGuest;
pub use instance::{Outcome, StageInstance};

/// Links what a stage may call.
pub(super) fn link(linker: &mut wasmtime::component::Linker<StageGuest>) -> wasmtime::Result<()> {
    guest::add_to_linker(linker)
}
