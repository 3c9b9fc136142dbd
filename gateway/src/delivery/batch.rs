//! Batches: several deliveries in one request, for receivers that can take it.
//!
//! Purpose: how a batch is formed ([`Forming`]), what its body and its id are
//! ([`join`], [`BatchId`]), and how a refused one is halved ([`halves`]). All of
//! it is pure; `consumer/batches.rs` has the deliveries.
//!
//! Invariants:
//! - Same id, same bytes: the id is made of the format and of the members' own
//!   ids, and each of those stands for certain bytes. Whoever leaves a batch
//!   makes another of it.
//! - A batch that failed stays as it is: it is sent again with the same members
//!   in the same order, whatever the limits of the day say.
//! - No innocent dies: a batch that is refused, or has used up its retries, is
//!   halved until the guilty record stands alone.
//!
//! How it fails: not by itself. A batch that the receiver refuses for the sake of
//! its sender rather than of a record ([`is_about_records`]) is not halved.

mod body;
mod forming;
mod id;
mod split;

pub use body::{join, length, media_type};
pub use forming::{Forming, Trigger};
pub use id::BatchId;
pub use split::{halves, is_about_records};
