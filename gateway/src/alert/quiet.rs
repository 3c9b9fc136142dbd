//! Quiet times: one type of alert about one subject is not told again too soon,
//! and nobody is left with what no longer holds.

use std::{collections::HashMap, time::Duration};

use tokio::time::Instant;

use super::Raised;

/// What was told of each subject, and what is held back.
#[derive(Debug, Default)]
pub(super) struct Quiet {
    subjects: HashMap<String, Subject>,
}

#[derive(Debug, Default)]
struct Subject {
    /// When each type was told last.
    told: HashMap<String, Instant>,
    /// The type that was told last.
    last: String,
    /// What was raised in the quiet time of its type and holds since, with the
    /// end of that time.
    held: Option<(Instant, Raised)>,
}

impl Quiet {
    /// The event back, if it may be told now.
    pub(super) fn admit(
        &mut self,
        raised: Raised,
        quiet: Duration,
        now: Instant,
    ) -> Option<Raised> {
        let name = raised.event.name();
        let subject = self.subjects.entry(raised.event.subject()).or_default();
        let due = subject.told.get(&name).map(|&told| told + quiet);
        match due {
            Some(due) if due > now => {
                // What was told last holds again: nothing is left to say.
                subject.held = (subject.last != name).then_some((due, raised));
                None
            }
            _ => {
                subject.tell(name, now);
                Some(raised)
            }
        }
    }

    /// When the next quiet time ends in which something is held back.
    pub(super) fn next_due(&self) -> Option<Instant> {
        let held = self.subjects.values().filter_map(|one| one.held.as_ref());
        held.map(|(due, _)| *due).min()
    }

    /// What was held back and may be told now. Subjects that were told of long
    /// ago are forgotten.
    pub(super) fn release(&mut self, quiet: Duration, now: Instant) -> Vec<Raised> {
        let mut released = Vec::new();
        self.subjects.retain(|_, subject| {
            if let Some((_, raised)) = subject.held.take_if(|(due, _)| *due <= now) {
                subject.tell(raised.event.name(), now);
                released.push(raised);
            }
            subject.held.is_some() || subject.told.values().any(|&told| told + quiet > now)
        });
        released
    }

    /// Everything that was held back, whether it may be told yet or not.
    pub(super) fn release_all(&mut self) -> Vec<Raised> {
        let subjects = std::mem::take(&mut self.subjects).into_values();
        let held = subjects.filter_map(|subject| subject.held);
        held.map(|(_, raised)| raised).collect()
    }
}

impl Subject {
    fn tell(&mut self, name: String, now: Instant) {
        self.told.insert(name.clone(), now);
        self.last = name;
        self.held = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::Event;

    fn raised(opened: bool, destination: &str) -> Raised {
        let destination = destination.to_owned();
        let event = if opened {
            Event::BreakerOpened { destination }
        } else {
            let open_s = 1;
            Event::BreakerClosed {
                destination,
                open_s,
            }
        };
        let at = jiff::Timestamp::UNIX_EPOCH;
        Raised { event, at }
    }

    #[test]
    fn a_flapping_subject_is_told_of_rarely_and_ends_with_the_truth() {
        const QUIET: Duration = Duration::from_secs(100);
        let begin = Instant::now();
        let at = |seconds| begin + Duration::from_secs(seconds);
        let mut quiet = Quiet::default();
        for (second, opened, destination, told) in [
            (0, true, "crm", true),
            (1, false, "crm", true),
            (2, true, "crm", false),
            (3, true, "bi", true),
            (4, false, "crm", false),
            (5, true, "crm", false),
            (6, false, "crm", false),
        ] {
            let event = quiet.admit(raised(opened, destination), QUIET, at(second));
            assert_eq!(event.is_some(), told, "{second}");
        }
        assert_eq!(quiet.next_due(), None, "closed was told, and holds");

        quiet.admit(raised(true, "crm"), QUIET, at(7));
        assert_eq!(quiet.next_due(), Some(at(100)), "open is news");
        assert!(quiet.release(QUIET, at(99)).is_empty());
        let released = quiet.release(QUIET, at(100));
        assert_eq!(released.len(), 1);
        assert_eq!(released[0].event.name(), "destination.breaker_opened");
        assert_eq!(quiet.next_due(), None);

        quiet.release(QUIET, at(300));
        assert!(quiet.subjects.is_empty(), "long ago");
    }
}
