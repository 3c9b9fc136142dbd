//! What leaves for a destination, and its frozen form.

use bytes::Bytes;

use crate::{
    journal::{BatchFormat, Frozen},
    record::{ArrivalId, Document},
    route::guard::{self, Contract, Originals, PayloadBody, Violation},
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
    /// Names and digests of the plugins that made it, separated by spaces.
    pub digests: String,
}

/// The id that the receiver deduplicates by: the arrival's id and the
/// destination's name. It holds no dot, as Standard Webhooks asks, since names
/// hold none.
#[must_use]
pub fn webhook_id(arrival: ArrivalId, destination: &str) -> String {
    format!("{arrival}_{destination}")
}

/// The id of the bytes that a chain made when it was run again: the old one for
/// the same bytes, else the next, `{arrival}_{destination}~2` and so on.
///
/// The count is in the id of what is frozen, which stays until bytes under the
/// next id were refused or accepted: a crash in between uses that next id again,
/// as it uses the first id again when it hits a first attempt.
#[must_use]
pub fn rerun_webhook_id(
    arrival: ArrivalId,
    destination: &str,
    old: &Frozen,
    body: &[u8],
) -> String {
    if old.body == body {
        return old.webhook_id.clone();
    }
    let number = old.webhook_id.rsplit_once(NUMBER_MARK);
    let number: u64 = number
        .and_then(|(_, number)| number.parse().ok())
        .unwrap_or(1);
    let first = webhook_id(arrival, destination);
    format!("{first}{NUMBER_MARK}{}", number.saturating_add(1))
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
            digests: self.digests.clone(),
            superseded: false,
            correction,
        }
    }

    /// Checks it against an egress contract. `document` is its body.
    ///
    /// # Errors
    /// With the field that holds what the destination must not get.
    pub fn inspect(
        &self,
        document: &Document,
        contract: Contract,
        originals: &Originals,
        place: Place,
        headers: &[(&str, &str)],
    ) -> Result<(), Violation> {
        let (url, file_name) = match place {
            Place::Url => (Some(self.target.as_str()), None),
            Place::FileName => (None, Some(self.target.as_str())),
        };
        let payload = guard::Payload {
            body: PayloadBody::Json(document),
            url,
            headers,
            file_name,
        };
        guard::inspect(contract, originals, &payload)
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
                digests: String::new(),
            };
            let frozen = payload.freeze(old.clone(), None, 0);
            let id = rerun_webhook_id(arrival, "crm", &frozen, body.as_bytes());
            assert_eq!(id, expected, "{old} {body}");
        }
    }
}
