//! The egress guard: a finished payload is searched for the numbers that came
//! in, whatever the plugins did.
//!
//! *Originals* are gathered once per arrival ([`Originals::gather`]), and every
//! payload for a destination with a contract is inspected ([`inspect_body`],
//! [`inspect_target`]): every value and key of its body, its URL, headers and file name, after JSON and
//! percent unescaping, with full-width digits folded and separators dropped.
//!
//! Invariants:
//! - What cannot be inspected is refused, never let pass.
//! - A violation names a field, never what stands there.
//!
//! It catches mistakes, not malice: a number in base64, in words, or split over
//! two fields passes. The last four digits of a number, and numbers that arrive
//! masked, may pass.

mod digits;
mod needles;
mod originals;
mod phone;
mod unescape;

use std::{fmt, ops::ControlFlow};

use serde::{Deserialize, Serialize};

pub use originals::Originals;

use crate::record::{Document, document::Token, string};

/// The longest body that is searched for the arrival's numbers, in bytes. A
/// longer one is refused.
pub const MAX_BODY: usize = 8 * 1024 * 1024;

/// The longest body that is read for any number, in bytes. A longer one is
/// refused; reading is some hundred times slower than searching.
pub const MAX_READ_BODY: usize = originals::MAX_TEXT;

/// What a destination may hold of the numbers in a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Contract {
    /// None of the arrival's numbers in full.
    Masked,
    /// Nothing that reads as a phone number at all, nor what [`Contract::Masked`]
    /// refuses.
    None,
}

impl fmt::Display for Contract {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Masked => "masked",
            Self::None => "none",
        })
    }
}

/// Where a payload goes, and what it says of itself.
#[derive(Debug, Clone, Copy)]
pub struct Target<'a> {
    /// The URL, if it goes over HTTP.
    pub url: Option<&'a str>,
    /// Names and values of the headers that the config asks for. Those that the
    /// gateway makes itself are exempt, and not among them.
    pub headers: &'a [(&'a str, &'a str)],
    /// The path below the base directory, if it goes to a file.
    pub file_name: Option<&'a str>,
}

/// The body of a payload.
#[derive(Debug, Clone, Copy)]
pub enum PayloadBody<'a> {
    /// A JSON document.
    Json(&'a Document),
    /// Names and values of columns. Names are the config's, and not inspected.
    Cells(&'a [(&'a str, &'a str)]),
    /// Anything else, read as text.
    Raw(&'a [u8]),
}

/// A payload must not leave.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {cause}")]
pub struct Violation {
    /// Where: a JSON Pointer (empty for the whole document), `key under` the
    /// pointer of the object that holds the key, `column NAME`, `url`,
    /// `header NAME`, `file name` or `body`.
    pub field: String,
    /// Why.
    pub cause: Cause,
}

/// Why a payload must not leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Cause {
    /// A number stands there that the destination must not hold.
    #[error("holds a number that the destination must not get")]
    Number,
    /// Escapes stand in escapes, deeper than is looked.
    #[error("is escaped too deeply to be inspected")]
    TooDeep,
    /// The body is longer than [`MAX_BODY`] or [`MAX_READ_BODY`].
    #[error("is too large to be inspected")]
    TooLarge,
    /// Which numbers came in is not known: the arrival is no document or too
    /// large, or the region of its numbers is unknown.
    #[error("the arrival's numbers are not all known, so nothing can be let pass")]
    OriginalsUnknown,
}

/// Checks where a payload goes, and what it says of itself, against a contract.
pub fn inspect_target(
    contract: Contract,
    originals: &Originals,
    target: &Target<'_>,
) -> Result<(), Violation> {
    let guard = Guard::new(contract, originals)?;
    if let Some(url) = target.url {
        guard.text(url).map_err(|cause| violation("url", cause))?;
    }
    for (name, value) in target.headers {
        guard
            .text(value)
            .and_then(|()| guard.text(name))
            .map_err(|cause| violation(format!("header {name}"), cause))?;
    }
    if let Some(name) = target.file_name {
        guard
            .text(name)
            .map_err(|cause| violation("file name", cause))?;
    }
    Ok(())
}

/// Checks the body of a payload against a contract.
pub fn inspect_body(
    contract: Contract,
    originals: &Originals,
    body: PayloadBody<'_>,
) -> Result<(), Violation> {
    Guard::new(contract, originals)?.body(body)
}

/// Whether numbers can be read as those of this region (ISO 3166-1 alpha-2).
pub fn is_known_region(region: &str) -> bool {
    phone::Reader::for_region(region).is_some()
}

fn violation(field: impl Into<String>, cause: Cause) -> Violation {
    Violation {
        field: field.into(),
        cause,
    }
}

#[derive(Clone, Copy)]
struct Guard<'a> {
    contract: Contract,
    originals: &'a Originals,
}

impl<'a> Guard<'a> {
    fn new(contract: Contract, originals: &'a Originals) -> Result<Self, Violation> {
        if !originals.is_complete() {
            return Err(violation("body", Cause::OriginalsUnknown));
        }
        Ok(Self {
            contract,
            originals,
        })
    }

    fn body(self, body: PayloadBody<'_>) -> Result<(), Violation> {
        let length = match body {
            PayloadBody::Json(document) => document.len(),
            PayloadBody::Cells(cells) => cells.iter().map(|(_, value)| value.len()).sum(),
            PayloadBody::Raw(bytes) => bytes.len(),
        };
        let limit = match self.contract {
            Contract::Masked => MAX_BODY,
            Contract::None => MAX_READ_BODY,
        };
        if length > limit {
            return Err(violation("body", Cause::TooLarge));
        }
        match body {
            PayloadBody::Json(document) => self.document(document),
            PayloadBody::Cells(cells) => cells.iter().try_for_each(|(name, value)| {
                self.text(value)
                    .map_err(|cause| violation(format!("column {name}"), cause))
            }),
            PayloadBody::Raw(bytes) => self
                .text(&String::from_utf8_lossy(bytes))
                .map_err(|cause| violation("body", cause)),
        }
    }

    fn document(self, document: &Document) -> Result<(), Violation> {
        let mut found = Ok(());
        let _ = document.walk(&mut |place, token| {
            let (cause, is_key) = match token {
                Token::Key(raw) => (self.text(&string::decode(raw)), true),
                Token::String(raw) => (self.text(&string::decode(raw)), false),
                Token::Number(token) => (self.text(token), false),
                Token::Literal(_) => return ControlFlow::Continue(()),
            };
            let Err(cause) = cause else {
                return ControlFlow::Continue(());
            };
            let field = if is_key {
                key_field(&place.parent_pointer())
            } else {
                place.pointer()
            };
            found = Err(violation(field, cause));
            ControlFlow::Break(())
        });
        found
    }

    fn text(self, text: &str) -> Result<(), Cause> {
        let holds = |text: &str| match self.contract {
            Contract::Masked => self.originals.stand_in(text),
            Contract::None => self.originals.stand_in(text) || self.originals.reader_finds(text),
        };
        match unescape::any_form(text, holds) {
            Some(true) => Err(Cause::Number),
            Some(false) => Ok(()),
            None => Err(Cause::TooDeep),
        }
    }
}

fn key_field(parent: &str) -> String {
    match parent {
        "" => "key under the root".into(),
        parent => format!("key under {parent}"),
    }
}

#[cfg(test)]
mod tests;
