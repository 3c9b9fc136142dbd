//! Deliver and settle: one consumer per destination.
//!
//! Purpose: each destination follows the journal on its own schedule, until
//! every arrival of its range is accounted for. What became of an arrival is
//! settled together with the cursor, in one transaction.
//!
//! Invariants:
//! - No destination waits for another: each has its own cursor, tasks, breaker
//!   and lane in the plugin workers' queue.
//! - Same id, same bytes: the first attempt that does not succeed freezes its
//!   payload; retries send those bytes, and the egress contract is checked again
//!   each time.
//! - At least once: what was sent but not settled when the process died is sent
//!   again, with the same `webhook-id`.
//!
//! How it fails: an attempt that fails is retried ([`retry`]), or its delivery
//! is dead; a payload that cannot be made is suspended; when the journal cannot
//! settle, the consumer claims its destination again and goes on from what is
//! committed.

pub mod batch;
pub mod breaker;
pub mod consumer;
pub mod destination;
pub mod file;
pub mod fleet;
pub mod http;
pub mod payload;
pub mod policy;
pub mod prepare;
pub mod replay;
pub mod retry;
pub mod template;
mod window;

pub use destination::{Destination, Driver};
pub use fleet::Fleet;
pub use payload::Payload;
