//! The config as operators write it.

use cdr_plugin_sdk::ConfigErrors;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    encrypt::FormatPreserving,
    keep::Keep,
    key::{FEWEST_BYTES, Key},
    location::Detail,
    pseudonym::Pseudonyms,
    removed::Removed,
    substitute::Substitute,
};

/// The most that may stay visible at the front: more digits than these tell
/// nothing new about where a mobile number is registered.
const MOST_FIRST: usize = 7;

/// The most that may stay visible at the end: what egress contracts allow.
const MOST_LAST: usize = 4;

/// Digits that stay where the config does not say otherwise.
const FIRST: usize = 3;
const LAST: usize = 4;

/// The longest key id, and the digits that it may hold: with more of them a
/// pseudonym could look like a number.
const MOST_ID_CHARS: usize = 16;
const MOST_ID_DIGITS: usize = 4;

/// What becomes of numbers.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// What stands in the place of a number.
    pub mode: Mode,
    /// Mode `keep`: digits of the national number that stay visible at the
    /// front, 0 to 7; 3 if not set. Fewer stay where less than 4 digits would be
    /// hidden.
    #[schemars(range(min = 0, max = 7))]
    pub keep_first: Option<usize>,
    /// Mode `keep`: digits that stay visible at the end, 0 to 4; 4 if not set.
    #[schemars(range(min = 0, max = 4))]
    pub keep_last: Option<usize>,
    /// Mode `remove`: what is left at a number place; `empty` if not set.
    pub removed: Option<Removed>,
    /// Modes `pseudonym` and `fpe`: the secret key, of 32 bytes and more. Given
    /// by reference, as `secrets.key.env` or `secrets.key.file`.
    pub key: Option<Key>,
    /// Mode `pseudonym`: the name of the key, which stands in each pseudonym.
    /// Another key gets another name. Small letters, digits (at most 4) and `-`.
    #[schemars(length(min = 1, max = 16))]
    pub key_id: Option<String>,
    /// How much stays of where a number is registered (`CallerLocation`,
    /// `CalleeLocation`, `TelLocation`). If not set: `province` in mode `keep`,
    /// else `keep`.
    pub location: Option<Detail>,
    /// Whether numbers are also looked for outside the sender's number places:
    /// in remarks, URLs and other texts.
    pub free_text: bool,
}

/// What stands in the place of a number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Its first and last digits, with asterisks between them.
    #[default]
    Keep,
    /// Nothing.
    Remove,
    /// A keyed hash: the same for the same number, so that records can be joined.
    Pseudonym,
    /// Another number of the same shape, by format-preserving encryption (FF1).
    Fpe,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            mode: Mode::Keep,
            keep_first: None,
            keep_last: None,
            removed: None,
            key: None,
            key_id: None,
            location: None,
            free_text: true,
        }
    }
}

impl Config {
    /// How precise locations may be. What a pseudonym, an encrypted number or
    /// nothing stands for is not found out by a city; the digits that `keep`
    /// leaves are.
    pub fn detail(&self) -> Detail {
        self.location.unwrap_or(match self.mode {
            Mode::Keep => Detail::Province,
            Mode::Remove | Mode::Pseudonym | Mode::Fpe => Detail::Keep,
        })
    }

    /// What stands in the place of numbers. None where an error was added.
    pub fn substitute(&self, errors: &mut ConfigErrors) -> Option<Substitute> {
        self.check_applies(errors);
        match self.mode {
            Mode::Keep => Some(Substitute::Keep(self.keep(errors))),
            Mode::Remove => Some(Substitute::Remove(self.removed.unwrap_or_default())),
            Mode::Pseudonym => {
                let key = self.key(errors);
                let id = self.key_id(errors)?;
                Pseudonyms::new(key?, id).map(Substitute::Pseudonym)
            }
            Mode::Fpe => FormatPreserving::new(self.key(errors)?)
                .map(Box::new)
                .map(Substitute::Encrypt),
        }
    }

    /// What another mode than the chosen one takes would have no effect.
    fn check_applies(&self, errors: &mut ConfigErrors) {
        use Mode::{Fpe, Keep, Pseudonym, Remove};
        let cases: [(&str, bool, &[Mode], &str); 5] = [
            ("/keep_first", self.keep_first.is_some(), &[Keep], "`keep`"),
            ("/keep_last", self.keep_last.is_some(), &[Keep], "`keep`"),
            ("/removed", self.removed.is_some(), &[Remove], "`remove`"),
            (
                "/key_id",
                self.key_id.is_some(),
                &[Pseudonym],
                "`pseudonym`",
            ),
            (
                "/key",
                self.key.is_some(),
                &[Pseudonym, Fpe],
                "`pseudonym` or `fpe`",
            ),
        ];
        for (pointer, is_set, modes, names) in cases {
            if is_set && !modes.contains(&self.mode) {
                errors.push(pointer, format!("only applies with `mode` = {names}"));
            }
        }
    }

    fn keep(&self, errors: &mut ConfigErrors) -> Keep {
        let keep = Keep {
            first: self.keep_first.unwrap_or(FIRST),
            last: self.keep_last.unwrap_or(LAST),
        };
        if keep.first > MOST_FIRST {
            errors.push("/keep_first", format!("must be at most {MOST_FIRST}"));
        }
        if keep.last > MOST_LAST {
            errors.push("/keep_last", format!("must be at most {MOST_LAST}"));
        }
        keep
    }

    fn key(&self, errors: &mut ConfigErrors) -> Option<&str> {
        let Some(key) = &self.key else {
            errors.push("", "this mode needs a key: add `secrets.key.env = \"NAME\"` or `secrets.key.file = \"PATH\"` to the plugin");
            return None;
        };
        if key.expose().len() < FEWEST_BYTES {
            errors.push(
                "/key",
                format!(
                    "must have at least {FEWEST_BYTES} bytes; `openssl rand -base64 32` makes one"
                ),
            );
            return None;
        }
        Some(key.expose())
    }

    fn key_id(&self, errors: &mut ConfigErrors) -> Option<String> {
        let Some(id) = &self.key_id else {
            errors.push("", "this mode needs the name of its key: add `key_id`");
            return None;
        };
        let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let digits = id.bytes().filter(u8::is_ascii_digit).count();
        let is_short = (1..=MOST_ID_CHARS).contains(&id.len()) && digits <= MOST_ID_DIGITS;
        if !is_short || !id.bytes().all(fits) {
            errors.push(
                "/key_id",
                format!("must be 1 to {MOST_ID_CHARS} small letters, digits (at most {MOST_ID_DIGITS}) and hyphens"),
            );
            return None;
        }
        Some(id.clone())
    }
}
