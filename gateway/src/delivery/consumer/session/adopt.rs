//! Goes on under another revision.

use tokio::time::Instant;

use super::{Ended, Session};
use crate::delivery::Driver;

impl Session<'_> {
    /// Goes on with the new revision, unless the session has to end for it.
    pub(super) fn adopt_revision(&mut self) -> Option<Ended> {
        let revision = self.consumer.revision.borrow_and_update().clone();
        let Some(destination) = revision.destinations.get(&self.destination.name) else {
            return Some(Ended::Removed);
        };
        let is_file = matches!(destination.driver, Driver::File(_));
        let is_ordered_anew = destination.order_by != self.destination.order_by;
        if self.files.is_some() != is_file || is_ordered_anew {
            return Some(Ended::Changed);
        }
        self.destination = destination.clone();
        self.revision = revision;
        self.adopt_policy();
        self.adopt_batches();
        self.heed_config();
        let linger = self.linger();
        if let (Some(files), Driver::File(settings)) = (&mut self.files, &self.destination.driver) {
            files.reconfigure(settings, linger);
        }
        None
    }

    /// What waits is prepared anew under the new revision.
    fn adopt_policy(&mut self) {
        let destination = self.destination.clone();
        self.pace
            .change_to(destination.concurrency, destination.rate);
        let now = Instant::now().into_std();
        let rules = destination.breaker.clone();
        if let Some(outage) = self.breakers.receiver.obey(rules, now) {
            self.closed(outage);
        }
        self.breakers.hurry_guests(now);
    }
}
