//! A session while it is waited for, as it is kept.

use cdr_plugin_sdk::{Cdr, Fault, Kind};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// What was pushed of a session so far.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Session {
    /// Whether its record was made.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) joined: bool,
    /// The pushes in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) parts: Vec<Part>,
}

/// One push.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Part {
    kind: String,
    /// The document, as it came.
    pub(crate) json: Box<RawValue>,
}

impl Part {
    pub(crate) fn of(cdr: Cdr<'_>) -> Result<Self, Fault> {
        Ok(Self {
            kind: cdr.kind().to_string(),
            json: RawValue::from_string(cdr.text())
                .map_err(|_| Fault::new("the record is not JSON"))?,
        })
    }

    pub(crate) fn is(&self, kind: Kind) -> bool {
        self.kind == kind.as_str()
    }
}

impl Session {
    /// A session whose record was made.
    pub(crate) fn joined() -> Self {
        Self {
            joined: true,
            parts: Vec::new(),
        }
    }

    pub(crate) fn has(&self, kind: Kind) -> bool {
        self.parts.iter().any(|part| part.is(kind))
    }

    /// Adds a push. Of a call there is one report: a newer one takes the place of the
    /// one before, which is true then.
    pub(crate) fn take(&mut self, part: Part) -> bool {
        let is_report = part.is(Kind::Cdr) || part.is(Kind::Imcdr);
        let mut known = self.parts.iter_mut();
        if let Some(known) = known.find(|known| is_report && known.kind == part.kind) {
            *known = part;
            return true;
        }
        self.parts.push(part);
        false
    }
}
