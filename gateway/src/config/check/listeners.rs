//! The two listeners: apart from each other, and closed to strangers.

use std::net::SocketAddr;

use super::Check;
use crate::config::{
    diagnostic::Code,
    report::{Finding, Mark},
};

impl Check<'_, '_> {
    pub(super) fn listeners(&mut self) {
        let ingest = self.config.ingest.listen;
        let admin = &self.config.admin;
        if collide(ingest, admin.listen) {
            let message = format!("ingest and admin both listen on port {}", ingest.port());
            let finding = Finding::error(Code::AddressConflict, message);
            self.add(
                &["admin", "listen"],
                Mark::Value,
                finding.help("give one of them another port"),
            );
        }
        if !admin.listen.ip().is_loopback() && !self.is_said(&["admin", "token"]) {
            let finding = Finding::error(
                Code::ExposedAdmin,
                "the admin API can be reached from other machines and has no token",
            );
            self.add(
                &["admin", "listen"],
                Mark::Value,
                finding.help("set admin.token.env or admin.token.file, or listen on 127.0.0.1"),
            );
        }
    }
}

/// Whether the second address cannot be bound beside the first. Port 0 is a
/// free one each time.
fn collide(one: SocketAddr, other: SocketAddr) -> bool {
    let any = one.ip().is_unspecified() || other.ip().is_unspecified();
    one.port() == other.port() && one.port() != 0 && (any || one.ip() == other.ip())
}
