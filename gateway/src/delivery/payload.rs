//! What leaves for a destination, and its frozen form.

use bytes::Bytes;

use crate::{
    journal::Frozen,
    record::{ArrivalId, Document},
    route::guard::{self, Contract, Originals, PayloadBody, Violation},
};

/// Media type of a record.
const JSON: &str = "application/json";

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

impl Payload {
    /// As it is kept for retries: its bytes and id. Where they go is a setting of
    /// the transport, and rendered anew each time, so that a mended URL heals
    /// what was frozen before.
    #[must_use]
    pub fn freeze(&self, webhook_id: String) -> Frozen {
        Frozen {
            body: self.body.clone(),
            content_type: JSON.into(),
            target: None,
            headers: Vec::new(),
            webhook_id,
            digests: self.digests.clone(),
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
