//! Sealed bodies, opened by OpenSSL through Python's `cryptography`.

use super::tool::CRYPTOGRAPHY;
use crate::{
    encryption::{config, key},
    harness::{Gateway, Receiver, SEED, VOICEMAIL, Workspace},
};

#[test]
fn a_sealed_journal_is_opened_by_its_documented_format() {
    if !CRYPTOGRAPHY.is_here() {
        return;
    }
    let crm = Receiver::start();
    let settings = config(&crm, "encryption.master.env = \"MASTER\"");
    let master = key(5);
    let gateway = Gateway::start_with(Workspace::new(&settings), &[("MASTER", &master)]);
    gateway.push("cdr", SEED);
    gateway.push("voicemail", VOICEMAIL);
    let workspace = gateway.stop();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/judges/open.py");
    let journal = workspace.path("data/journal.db").display().to_string();
    let printed = CRYPTOGRAPHY.prints(&[script, &journal, &master], &[]);
    assert_eq!(printed, format!("{SEED}\n{VOICEMAIL}\n"));
}
