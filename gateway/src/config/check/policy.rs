//! Policies of destinations: limits that fit together, and that have something to
//! limit.

use super::Check;
use crate::config::{
    diagnostic::Code,
    model::{Concurrency, Destination, Driver},
    report::{Finding, Mark},
};

/// Keys that are about requests.
const OF_REQUESTS: [&str; 2] = ["rate", "order_by"];

impl Check<'_, '_> {
    pub(super) fn policy(&mut self, name: &str, destination: &Destination) {
        self.concurrency(name, destination);
        self.breaker(name, destination);
        self.order(name, destination);
        if matches!(destination.driver, Driver::File(_)) {
            for key in OF_REQUESTS {
                self.of_requests(name, key);
            }
        }
    }

    fn concurrency(&mut self, name: &str, destination: &Destination) {
        let Concurrency::Adaptive(range) = destination.concurrency else {
            return;
        };
        if range.min > range.max {
            let message = format!(
                "the floor ({}) is above the ceiling ({})",
                range.min, range.max
            );
            self.add(
                &["destination", name, "concurrency", "min"],
                Mark::Value,
                Finding::error(Code::OutOfRange, message)
                    .help("lower concurrency.min or raise concurrency.max"),
            );
        }
    }

    fn breaker(&mut self, name: &str, destination: &Destination) {
        let breaker = &destination.breaker;
        if breaker.min_attempts > breaker.window_attempts {
            let message = format!(
                "no {} attempts are among the newest {}",
                breaker.min_attempts, breaker.window_attempts
            );
            self.add(
                &["destination", name, "breaker", "min_attempts"],
                Mark::Value,
                Finding::error(Code::OutOfRange, message)
                    .help("lower breaker.min_attempts or raise breaker.window_attempts"),
            );
        }
        if breaker.probe_initial_ms > breaker.probe_max_ms {
            let message = format!(
                "the first probe ({} ms) would come later than the longest wait ({} ms)",
                breaker.probe_initial_ms, breaker.probe_max_ms
            );
            self.add(
                &["destination", name, "breaker", "probe_initial_ms"],
                Mark::Value,
                Finding::error(Code::OutOfRange, message)
                    .help("lower breaker.probe_initial_ms or raise breaker.probe_max_ms"),
            );
        }
    }

    fn order(&mut self, name: &str, destination: &Destination) {
        let in_batches = matches!(&destination.driver, Driver::Http(http) if http.batch.is_some());
        if destination.order_by.is_some() && in_batches {
            let message = "order_by sends the deliveries of a key one after the other, and http.batch several at once";
            self.add(
                &["destination", name, "order_by"],
                Mark::Key,
                Finding::error(Code::DoesNotApply, message).help("keep one of them"),
            );
        }
    }

    fn of_requests(&mut self, name: &str, key: &str) {
        if !self.is_said(&["destination", name, key]) {
            return;
        }
        let finding = Finding::error(
            Code::DoesNotApply,
            format!("{key} is about requests, and this destination writes files"),
        );
        self.add(
            &["destination", name, key],
            Mark::Key,
            finding.help("remove it"),
        );
    }
}
