//! Makes TLS of the listeners ready.

use std::sync::Arc;

use super::problem::Problems;
use crate::{
    config::{
        diagnostic::Code,
        model::{Config, ServerTls},
    },
    tls::{Server, TlsProblem, watch::Servers},
};

pub(super) fn listeners(config: &Config, problems: &mut Problems<'_>) -> Servers {
    let mut server = |listener, tls: &Option<ServerTls>| {
        let loaded = Server::load(tls.as_ref()?);
        let found = match loaded {
            Ok(server) => return Some(Arc::new(server)),
            Err(found) => found,
        };
        let code = match found.problem {
            TlsProblem::Unreadable { .. } => Code::MissingFile,
            _ => Code::Malformed,
        };
        let path = [listener, "tls", found.key];
        problems.add(&path, code, found.to_string(), found.problem.remedy());
        None
    };
    Servers {
        ingest: server("ingest", &config.ingest.tls),
        admin: server("admin", &config.admin.tls),
    }
}
