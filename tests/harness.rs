//! Starts the gateway, plays sender and receiver, waits on conditions.

mod gateway;
mod guest;
mod parts;
mod raw;
mod receiver;
mod registry;
mod server;
mod soak;
mod store;
mod volume;
mod wait;

use std::collections::BTreeSet;

pub use gateway::{Gateway, Workspace, command};
pub use guest::{hostile, obedient};
pub use parts::parts;
pub use raw::{Peer, RawReceiver};
pub use receiver::{Received, Receiver};
pub use registry::{Registry, sha256};
pub use server::Server;
pub use soak::{not_proven, proven};
pub use store::ObjectStore;
pub use volume::Volume;
pub use wait::{until, until_within};

/// The vendor's sample, and the made-up records with the traps.
pub const SEED: &str = include_str!("records/seed.json");
pub const TRANSFER: &str = include_str!("records/inbound-transfer.json");
pub const VOICEMAIL: &str = include_str!("records/voicemail.json");
pub const RECORD: &str = include_str!("records/record.json");

/// The national numbers in the records, in every form that must not leave, down
/// to the subscriber part of the landline.
pub const NUMBERS: [&str; 5] = [
    "18486147605",
    "13123456789",
    "13800138000",
    "75588886666",
    "88886666",
];

/// The numbers that a text holds, whatever separators stand in them.
pub fn numbers_in(text: &str) -> BTreeSet<&'static str> {
    let plain: String = text
        .chars()
        .filter(|character| !matches!(character, ' ' | '-' | '.' | '(' | ')'))
        .collect();
    NUMBERS
        .into_iter()
        .filter(|number| plain.contains(number))
        .collect()
}

/// A configuration in which everything from a source `/tccc` goes to one
/// destination, with these settings.
pub fn all_to(destination: &str, settings: &str) -> String {
    format!(
        r#"
        [source.tccc]
        path = "/tccc"
        dialect = "tccc"
        [[route]]
        name = "all"
        from = ["tccc"]
        to = ["{destination}"]
        [destination.{destination}]
        {settings}
        "#
    )
}

/// A value out of a JSON text.
pub fn field(text: &str, pointer: &str) -> serde_json::Value {
    let value: serde_json::Value = serde_json::from_str(text).expect("JSON");
    value.pointer(pointer).cloned().unwrap_or_default()
}
