//! When a certificate ends, and telling of it in time.

use std::collections::HashMap;

use jiff::Timestamp;
use rustls::pki_types::CertificateDer;
use x509_cert::{Certificate, der::Decode};

use crate::alert::Event;

/// Days before the end at which it is told; 0: it has ended.
const LEVELS: [i64; 4] = [0, 1, 7, 30];

const DAY_S: i64 = 24 * 60 * 60;

/// When a certificate ends; none where it cannot be read.
#[must_use]
pub fn not_after(certificate: &CertificateDer<'_>) -> Option<Timestamp> {
    let certificate = Certificate::from_der(certificate).ok()?;
    let not_after = certificate.tbs_certificate.validity.not_after;
    let seconds = i64::try_from(not_after.to_unix_duration().as_secs()).ok()?;
    Timestamp::from_second(seconds).ok()
}

/// What was told of each certificate, by the key of the configuration that
/// names it.
#[derive(Debug, Default)]
pub(super) struct Calendar {
    told: HashMap<String, (Timestamp, i64)>,
}

impl Calendar {
    /// Looks at a certificate. The event to raise where it came nearer to its
    /// end by a level.
    pub(super) fn look_at(
        &mut self,
        key: &str,
        not_after: Timestamp,
        now: Timestamp,
    ) -> Option<Event> {
        let left = not_after.as_second() - now.as_second();
        let days = LEVELS.into_iter().find(|level| left <= level * DAY_S);
        let Some(days) = days else {
            self.told.remove(key);
            return None;
        };
        if self.told.get(key) == Some(&(not_after, days)) {
            return None;
        }
        self.told.insert(key.to_owned(), (not_after, days));
        Some(Event::CertificateExpiring {
            key: key.to_owned(),
            days: days.unsigned_abs(),
            not_after,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_level_is_told_once_for_each_certificate() {
        let begin = Timestamp::UNIX_EPOCH;
        let at = |days: i64| Timestamp::from_second(days * DAY_S).expect("a time");
        let mut calendar = Calendar::default();
        for (not_after, now, told) in [
            (100, 69, None),
            (100, 70, Some(30)),
            (100, 71, None),
            (100, 94, Some(7)),
            (100, 99, Some(1)),
            (100, 100, Some(0)),
            (100, 200, None),
            (300, 201, None),
            (300, 299, Some(1)),
            (300, 299, None),
        ] {
            let event = calendar.look_at("ingest.tls", at(not_after), at(now));
            let days = event.map(|event| match event {
                Event::CertificateExpiring { days, .. } => days,
                other => panic!("{other:?}"),
            });
            assert_eq!(days, told, "{now}");
        }
        assert!(calendar.look_at("other", begin, begin).is_some());
    }
}
