//! Telling that the journal commits again. While it cannot, nothing can be told:
//! an alert is a commit itself.

use crate::{alert::Event, journal::Health};

/// Commits that failed, as far as they were told of.
#[derive(Debug, Default)]
pub(super) struct Commits {
    told: u64,
}

impl Commits {
    /// The event to raise where commits failed and the last one did not.
    pub(super) fn look_at(&mut self, health: &Health) -> Option<Event> {
        let failed_commits = health.failed_commits.saturating_sub(self.told);
        if failed_commits == 0 || !health.is_ok() {
            return None;
        }
        self.told = health.failed_commits;
        Some(Event::JournalRecovered { failed_commits })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::JournalError;

    #[test]
    fn a_recovery_is_told_once() {
        let mut commits = Commits::default();
        for (failed_commits, ok, told) in [
            (0, true, None),
            (1, false, None),
            (3, false, None),
            (3, true, Some(3)),
            (3, true, None),
            (4, true, Some(1)),
        ] {
            let failure = (!ok).then_some(JournalError::Busy { queue: 0 });
            let health = Health {
                failure,
                failed_commits,
                ..Health::default()
            };
            let told = told.map(|failed_commits| Event::JournalRecovered { failed_commits });
            assert_eq!(commits.look_at(&health), told, "{failed_commits} {ok}");
        }
    }
}
