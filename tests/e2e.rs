//! End to end: the real binary against real HTTP receivers, real files and real
//! kills. One binary, so that it links once; every test is on its own ports and
//! in its own directory, and ends with `balance --verify`.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used
)]

mod harness;

mod abuse;
mod admin;
mod alerts;
mod batch;
mod books;
mod cli;
mod config;
mod contract;
mod crash;
mod disk;
mod edit;
mod encryption;
mod excerpts;
mod files;
mod guests;
mod hold;
mod inbound;
mod ingest;
mod isolation;
mod judges;
mod leak;
mod linger;
mod model;
mod network;
mod order;
mod outage;
mod plugin_cli;
mod plugins;
mod policy;
mod power;
mod pressure;
mod quota;
mod reload;
mod removal;
mod repair;
mod replay;
mod retention;
mod secrets;
mod seed;
mod stages;
mod tables;
mod transport;
