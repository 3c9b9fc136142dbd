//! What leaves for a destination, and its frozen form.

use std::sync::Arc;

use bytes::Bytes;

use crate::{
    journal::{BatchFormat, Frozen, Numbered},
    record::{ArrivalId, Seq},
    route::guard::Target,
};

/// Media type of a record.
pub(super) const JSON: &str = "application/json";

/// Stands before the number of a webhook id that is not the first; no name holds
/// it, so that the ids of two destinations never meet.
const NUMBER_MARK: char = '~';

/// A finished payload: the chain's result, addressed.
#[derive(Debug, Clone)]
pub struct Payload {
    /// The body.
    pub body: Bytes,
    /// The rendered URL, or the rendered path below the base directory.
    pub target: String,
    /// Names and digests of the plugins that made it and of their tables, separated
    /// by spaces.
    pub digests: Arc<str>,
}

/// The id that the receiver deduplicates by: the arrival's id and the
/// destination's name. It holds no dot, as Standard Webhooks asks, since names
/// hold none.
#[must_use]
pub fn webhook_id(arrival: ArrivalId, destination: &str) -> String {
    format!("{arrival}_{destination}")
}

/// What is known of the ids that a delivery was sent under before.
///
/// It stays until bytes under the next id were refused or accepted: a crash in
/// between uses that next id again, as it uses the first id again when it hits a
/// first attempt.
#[derive(Debug, Clone, Copy, Default)]
pub struct Before<'a> {
    /// What was frozen last, and is superseded.
    pub frozen: Option<&'a Frozen>,
    /// What was noted, since nothing is frozen once a delivery ends.
    pub numbered: Option<Numbered>,
}

/// What a payload is made of, as far as the numbers of ids go.
#[derive(Debug, Clone, Copy)]
pub struct MadeOf<'a> {
    /// The body that came of it.
    pub body: &'a [u8],
    /// The revision that made it.
    pub revision: u32,
    /// The correction that it was made of.
    pub correction: u32,
}

impl Before<'_> {
    /// The id of a payload that was made just now: the last id for the same bytes,
    /// else the next, `{arrival}_{destination}~2` and so on. Where the last bytes are
    /// gone, the same revision makes the same of the same record.
    #[must_use]
    pub fn next_id(&self, arrival: ArrivalId, destination: &str, made: MadeOf<'_>) -> String {
        let first = webhook_id(arrival, destination);
        let frozen = self.frozen.map(|old| (number_of(&old.webhook_id), old));
        let noted = self.numbered.map(|noted| noted.number);
        let Some(last) = frozen.map(|(number, _)| number).max(noted) else {
            return first;
        };
        let wants_other = (self.numbered).is_some_and(|it| it.revision == Numbered::UNKNOWN);
        let same = match (frozen, self.numbered) {
            _ if wants_other => false,
            (Some((number, old)), _) if number == last && old.body == made.body => {
                return old.webhook_id.clone();
            }
            (Some((number, _)), _) if number == last => false,
            (_, Some(noted)) => {
                (noted.revision, noted.correction) == (made.revision, made.correction)
            }
            _ => false,
        };
        match last.saturating_add(u64::from(!same)) {
            1 => first,
            number => format!("{first}{NUMBER_MARK}{number}"),
        }
    }
}

/// What a later replay has to know of what was sent: nothing where it was the
/// first of the record as received.
#[must_use]
pub fn to_note(seq: Seq, webhook_id: &str, revision: u32, correction: u32) -> Option<Numbered> {
    let number = number_of(webhook_id);
    (number > 1 || correction > 0).then_some(Numbered {
        seq,
        number,
        revision,
        correction,
    })
}

/// The number that an id ends in; 1 for the first, which shows none.
fn number_of(id: &str) -> u64 {
    let number = id.rsplit_once(NUMBER_MARK);
    number
        .and_then(|(_, number)| number.parse().ok())
        .unwrap_or(1)
}

impl Payload {
    /// As it is kept for retries: its bytes and id, how it was joined with others,
    /// and the number of the correction that it was made of. Where they go is a
    /// setting of the transport, and rendered anew each time, so that a mended URL
    /// heals what was frozen before.
    #[must_use]
    pub fn freeze(
        &self,
        webhook_id: String,
        batch_format: Option<BatchFormat>,
        correction: u32,
    ) -> Frozen {
        Frozen {
            body: self.body.clone(),
            batch_format,
            webhook_id,
            digests: self.digests.to_string(),
            superseded: false,
            correction,
        }
    }

    /// Where it goes, as the egress guard looks at it.
    #[must_use]
    pub fn target<'a>(&'a self, place: Place, headers: &'a [(&'a str, &'a str)]) -> Target<'a> {
        let (url, file_name) = match place {
            Place::Url => (Some(self.target.as_str()), None),
            Place::FileName => (None, Some(self.target.as_str())),
        };
        Target {
            url,
            headers,
            file_name,
        }
    }
}

/// What the target of a payload is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// A URL.
    Url,
    /// A path.
    FileName,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn different_bytes_get_the_next_id() {
        let arrival: ArrivalId = "019aa5a5-6d1c-7e30-9c1f-2b1f5c1d0e4a".parse().unwrap();
        let first = webhook_id(arrival, "crm");
        let numbered = |number: u32| format!("{first}~{number}");
        for (old, body, expected) in [
            (first.clone(), "{}", first.clone()),
            (first.clone(), "[]", numbered(2)),
            (numbered(2), "{}", numbered(2)),
            (numbered(2), "[]", numbered(3)),
            // The destination had another name.
            (webhook_id(arrival, "old"), "[]", numbered(2)),
            (format!("{arrival}_old~7"), "[]", numbered(8)),
        ] {
            let payload = Payload {
                body: Bytes::from_static(b"{}"),
                target: String::new(),
                digests: Arc::default(),
            };
            let frozen = payload.freeze(old.clone(), None, 0);
            let before = Before {
                frozen: Some(&frozen),
                numbered: None,
            };
            let made = MadeOf {
                body: body.as_bytes(),
                revision: 1,
                correction: 0,
            };
            let id = before.next_id(arrival, "crm", made);
            assert_eq!(id, expected, "{old} {body}");
        }
    }

    #[test]
    fn what_was_noted_survives_deliveries_in_between() {
        let arrival: ArrivalId = "019aa5a5-6d1c-7e30-9c1f-2b1f5c1d0e4a".parse().unwrap();
        let payload = Payload {
            body: Bytes::from_static(b"{}"),
            target: String::new(),
            digests: Arc::default(),
        };
        let first = webhook_id(arrival, "crm");
        let frozen = |number: u64| payload.freeze(format!("{first}~{number}"), None, 0);
        let noted = |number, revision, correction| {
            Some(Numbered {
                seq: Seq(1),
                number,
                revision,
                correction,
            })
        };
        // What was frozen (of the same bytes), what was noted, and the number that
        // revision 7 gives to what it makes of correction 1.
        for (old, numbered, expected) in [
            (None, None, 1),
            (None, noted(1, 7, 1), 1),
            (None, noted(1, 7, 0), 2),
            (None, noted(1, 6, 1), 2),
            (None, noted(4, 7, 1), 4),
            (None, noted(4, Numbered::UNKNOWN, 1), 5),
            (Some(2), None, 2),
            (Some(2), noted(2, 6, 0), 2),
            (Some(2), noted(1, Numbered::UNKNOWN, 0), 3),
            (Some(2), noted(3, 7, 1), 3),
            (Some(2), noted(3, 6, 1), 4),
        ] {
            let old = old.map(frozen);
            let before = Before {
                frozen: old.as_ref(),
                numbered,
            };
            let made = MadeOf {
                body: b"{}",
                revision: 7,
                correction: 1,
            };
            let id = before.next_id(arrival, "crm", made);
            assert_eq!(number_of(&id), expected, "{old:?} {numbered:?}");
        }
    }
}
