//! Ingest: from an HTTP request to a committed arrival and an answer.
//!
//! The way of a request: its path names a source; its sender's address and
//! credentials are checked;
//! the source's dialect says what it reports; a permit is taken; the body is
//! read within its limits; triage looks at the document; admission commits it
//! once; the dialect words the answer.
//!
//! Invariants:
//!
//! - A sender sees success only after its record, or the record that it
//!   repeats, is on disk.
//! - Nothing of a body is read before the credentials were found right.
//! - Whatever comes from a sender who is known is kept, however broken, and its
//!   defect is visible; only what nobody vouches for is refused for its content.
//! - A reload changes sources and limits for all later requests at once. A
//!   request under way ends under the ones that it began with.
//! - Neither logs nor metrics nor answers repeat anything of a body, a query or
//!   a header. (An unknown action is shown where it is a plain word.)
//!
//! How it fails: with a [`Refusal`], counted under its reason and answered in
//! the sender's dialect. A request that fails has left nothing in the journal,
//! or (if the answer came too late) a record whose repetition is a duplicate.

pub mod admission;
pub mod auth;
mod body;
pub mod dialect;
mod limits;
mod listener;
mod metrics;
mod peer;
mod query;
mod refusal;
mod source;
mod token;
pub(crate) mod triage;
mod valve;

pub use admission::Admission;
pub use auth::{Auth, OAuth2Client};
pub use limits::Limits;
pub use listener::{Ingest, router};
pub use metrics::describe_metrics;
pub use peer::Networks;
pub use refusal::Refusal;
pub use source::{Endpoint, PathTaken, Source, Sources};
pub use valve::Valve;
