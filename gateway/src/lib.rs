//! A plugin-based routing gateway for call detail records.
//!
//! The modules tell the journey of a record: it is received, admitted and
//! committed (`ingest`, `journal`), acknowledged, routed through a chain of
//! plugins past a guard (`route`, `plugin`, `record`), delivered and settled
//! (`delivery`). `config` makes revisions, `runtime` wires them up, `admin` and
//! `cli` let people look and act; `case` is what plugins are tested on. `ARCHITECTURE.md` is the map.

pub mod admin;
pub mod alert;
pub mod case;
pub mod cli;
pub mod config;
pub mod delivery;
#[cfg(any(test, fuzzing))]
pub mod fuzz;
pub mod ingest;
pub mod journal;
pub mod plugin;
pub mod record;
pub mod route;
pub mod runtime;
pub mod stage;
pub mod tls;
