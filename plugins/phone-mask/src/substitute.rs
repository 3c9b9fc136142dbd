//! What stands in the place of a number.

use crate::{
    encrypt::FormatPreserving, keep::Keep, known::Needle, pseudonym::Pseudonyms, removed::Removed,
};

/// The modes, ready for use.
#[derive(Debug)]
pub enum Substitute {
    /// Its first and last digits, asterisks between them.
    Keep(Keep),
    /// Nothing.
    Remove(Removed),
    /// A keyed hash of it.
    Pseudonym(Pseudonyms),
    /// Another number of the same shape.
    Encrypt(Box<FormatPreserving>),
}

/// What one number becomes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stead {
    /// A text, in the place of all of its digits and what stands between them.
    Text(String),
    /// As many digits, each in the place of one; a digit that is hidden is none.
    Digits(Vec<Option<u8>>),
}

impl Substitute {
    /// What stands in the place of digits of a number. None where the mode works
    /// digit by digit on whatever stands there ([`Substitute::Keep`]).
    pub fn of(&self, needle: &Needle) -> Option<Stead> {
        match self {
            Self::Keep(_) => None,
            Self::Remove(_) => Some(Stead::Text(String::new())),
            Self::Pseudonym(pseudonyms) => Some(Stead::Text(pseudonyms.of(&needle.number))),
            Self::Encrypt(encryption) => {
                let mut digits = encryption.of(&needle.number);
                Some(Stead::Digits(
                    digits.split_off(needle.from.min(digits.len())),
                ))
            }
        }
    }
}
