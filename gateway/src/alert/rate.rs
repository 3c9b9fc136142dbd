//! Suspended and dead deliveries of the last minute, by destination.

use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

use tokio::time::Instant;

use super::Event;
use crate::{config::model, journal::State};

/// What rates are counted over.
const MINUTE: Duration = Duration::from_mins(1);

/// When deliveries were parked: for each destination and state the newest ones,
/// as many as make an alert.
#[derive(Debug, Default)]
pub(super) struct Rates {
    newest: HashMap<(String, State), VecDeque<Instant>>,
}

impl Rates {
    /// Notes one. The event to raise, where it makes too many within a minute;
    /// counting then begins anew.
    pub(super) fn note(
        &mut self,
        destination: &str,
        state: State,
        limits: &model::Alerts,
        now: Instant,
    ) -> Option<Event> {
        let limit = match state {
            State::Suspended => limits.suspended_per_minute,
            State::Dead => limits.dead_per_minute,
            _ => return None,
        };
        let key = (destination.to_owned(), state);
        let newest = self.newest.entry(key).or_default();
        newest.push_back(now);
        while newest.front().is_some_and(|&at| now - at >= MINUTE) {
            newest.pop_front();
        }
        if limit == 0 || newest.len() < limit {
            newest.drain(..newest.len().saturating_sub(limit));
            return None;
        }
        let count = newest.len();
        newest.clear();
        let destination = destination.to_owned();
        Some(match state {
            State::Dead => Event::Dead { destination, count },
            _ => Event::Suspended { destination, count },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_within_a_minute_make_an_event() {
        let limits = model::Alerts {
            suspended_per_minute: 3,
            dead_per_minute: 0,
            ..model::Alerts::default()
        };
        let begin = Instant::now();
        let mut rates = Rates::default();
        for (at_s, destination, state, raised) in [
            (0, "crm", State::Suspended, false),
            (1, "crm", State::Suspended, false),
            (2, "bi", State::Suspended, false),
            (3, "crm", State::Retrying, false),
            (4, "crm", State::Dead, false),
            (60, "crm", State::Suspended, false),
            (61, "crm", State::Suspended, false),
            (62, "crm", State::Suspended, true),
            (63, "crm", State::Suspended, false),
            (64, "crm", State::Suspended, false),
            (65, "crm", State::Suspended, true),
        ] {
            let now = begin + Duration::from_secs(at_s);
            let event = rates.note(destination, state, &limits, now);
            assert_eq!(event.is_some(), raised, "{at_s}");
        }
        assert!(rates.newest.values().all(|newest| newest.len() <= 3));
    }
}
