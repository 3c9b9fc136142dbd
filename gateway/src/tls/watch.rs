//! Follows the files of listeners while the gateway runs: new ones are taken up
//! by themselves, and someone hears of certificates near their end.
//!
//! The files are read every few seconds, which no file system and no way of
//! replacing them can fool, and taken up once they stand still: a certificate
//! whose key is still being written is not tried. How it fails: what cannot be
//! used is logged, counted and raised once, and the old certificate goes on.

use std::{path::PathBuf, sync::Arc, time::Duration};

use arc_swap::{ArcSwapOption, Guard};
use jiff::Timestamp;
use tokio::{sync::watch, task::JoinHandle, time::sleep};

use super::{Server, expiry::Calendar, expiry::not_after, pem, server::Files};
use crate::{
    alert::{Alerts, Event},
    config::{
        model::{Config, Driver},
        revision::Revision,
    },
};

/// Time between looks at the files.
const TICK: Duration = Duration::from_secs(3);

/// TLS of a listener as it is now; none where it speaks plainly.
pub type Slot = Arc<ArcSwapOption<Server>>;

/// TLS of both listeners.
#[derive(Clone, Default)]
pub struct Slots {
    /// Of the listener for sources.
    pub ingest: Slot,
    /// Of the admin listener.
    pub admin: Slot,
}

/// TLS of both listeners as a configuration has it.
#[derive(Clone, Default)]
pub struct Servers {
    /// Of the listener for sources.
    pub ingest: Option<Arc<Server>>,
    /// Of the admin listener.
    pub admin: Option<Arc<Server>>,
}

impl Slots {
    /// Has both listeners go on with these, from the next connection on.
    pub fn switch(&self, servers: &Servers) {
        self.ingest.store(servers.ingest.clone());
        self.admin.store(servers.admin.clone());
    }
}

/// Starts the task. It ends when `stop` becomes true.
pub fn start(
    slots: &Slots,
    alerts: Alerts,
    revision: watch::Receiver<Arc<Revision>>,
    mut stop: watch::Receiver<bool>,
) -> JoinHandle<()> {
    let of = |key, slot: &Slot| Followed {
        key,
        slot: slot.clone(),
        changed: None,
        refused: None,
    };
    let mut follower = Follower {
        followed: vec![
            of("ingest.tls", &slots.ingest),
            of("admin.tls", &slots.admin),
        ],
        clients: Clients::default(),
        calendar: Calendar::default(),
        alerts,
        revision,
    };
    tokio::spawn(async move {
        loop {
            let looking = tokio::task::spawn_blocking(move || {
                follower.look();
                follower
            });
            let Ok(back) = looking.await else { return };
            follower = back;
            tokio::select! {
                () = sleep(TICK) => {}
                _ = stop.wait_for(|stop| *stop) => return,
            }
        }
    })
}

struct Follower {
    followed: Vec<Followed>,
    clients: Clients,
    calendar: Calendar,
    alerts: Alerts,
    revision: watch::Receiver<Arc<Revision>>,
}

/// The files of one listener.
struct Followed {
    key: &'static str,
    slot: Slot,
    /// What the files held when they were seen to have changed.
    changed: Option<Seen>,
    /// What they held when they were refused.
    refused: Option<Seen>,
}

/// What the files held; none where they cannot be read.
type Seen = Option<Files>;

/// The certificates that destinations show, as the revision loaded them.
#[derive(Default)]
struct Clients {
    of: Option<Arc<Revision>>,
    ends: Vec<(String, Timestamp)>,
}

impl Follower {
    fn look(&mut self) {
        let now = Timestamp::now();
        for followed in &mut self.followed {
            if followed.look().is_err() {
                let key = followed.key.to_owned();
                self.alerts.raise(Event::CertificateRefused { key });
            }
        }
        let servers = self.followed.iter().filter_map(|followed| {
            let server = followed.slot.load_full()?;
            Some((followed.key.to_owned(), server.not_after))
        });
        let mut ends: Vec<_> = servers.collect();
        ends.extend_from_slice(self.clients.look(&self.revision.borrow()));
        for (key, not_after) in ends {
            let left = not_after.as_second() - now.as_second();
            // Far below 2^53 seconds.
            #[allow(clippy::cast_precision_loss)]
            metrics::gauge!("cdr_gateway_certificate_expiry_seconds", "key" => key.clone())
                .set(left as f64);
            if let Some(event) = self.calendar.look_at(&key, not_after, now) {
                tracing::warn!(key, %not_after, "certificate near its end, or beyond it; put a new one in its place");
                self.alerts.raise(event);
            }
        }
    }
}

/// Files changed and cannot be used.
struct Refused;

impl Followed {
    fn look(&mut self) -> Result<(), Refused> {
        let running = self.slot.load();
        let Some(server) = running.as_ref() else {
            return Ok(());
        };
        let files = Files::read(&server.settings);
        let seen = files.as_ref().ok().cloned();
        if seen.as_ref() == Some(&server.files) {
            (self.changed, self.refused) = (None, None);
            return Ok(());
        }
        let stands_still = self.changed.replace(seen.clone()).as_ref() == Some(&seen);
        if !stands_still || self.refused.as_ref() == Some(&seen) {
            return Ok(());
        }
        match files.and_then(|files| Server::of(&server.settings, files)) {
            Ok(new) => {
                tracing::info!(key = self.key, not_after = %new.not_after, "new certificate taken up");
                self.take_up(&running, new);
                Ok(())
            }
            Err(error) => {
                tracing::error!(key = self.key, %error, "the certificate on disk cannot be used; the old one goes on");
                self.refused = Some(seen);
                Err(Refused)
            }
        }
    }

    /// Unless a reload was faster.
    fn take_up(&self, running: &Guard<Option<Arc<Server>>>, new: Server) {
        self.slot.compare_and_swap(running, Some(Arc::new(new)));
    }
}

impl Clients {
    /// As of the last reload: only that takes new ones up.
    fn look(&mut self, revision: &Arc<Revision>) -> &[(String, Timestamp)] {
        if self.of.as_ref().is_none_or(|of| !Arc::ptr_eq(of, revision)) {
            self.of = Some(revision.clone());
            let files = client_files(&revision.config);
            let ends = files.filter_map(|(key, path)| {
                let pem = pem::read(&path).ok()?;
                let certificates = pem::certificates(&path, &pem).ok()?;
                Some((key, not_after(certificates.first()?)?))
            });
            self.ends = ends.collect();
        }
        &self.ends
    }
}

fn client_files(config: &Config) -> impl Iterator<Item = (String, PathBuf)> {
    config.destination.iter().filter_map(|(name, destination)| {
        let Driver::Http(http) = &destination.driver else {
            return None;
        };
        let file = http.tls.as_ref()?.client_cert_file.clone()?;
        Some((format!("destination.{name}.http.tls"), file))
    })
}
