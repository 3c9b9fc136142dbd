//! Whether a value of the record is in a lookup table.

use cdr_plugin_sdk::{
    Cdr, ConfigErrors, Match,
    tables::{self, TableError},
};

use crate::config::{MatchMode, TableConfig};

#[derive(Debug)]
pub struct Membership {
    table: String,
    at: String,
    mode: MatchMode,
}

#[derive(Debug, thiserror::Error)]
pub enum MembershipError {
    #[error(transparent)]
    Table(#[from] TableError),
    #[error("the value at {0} is neither a string nor a number")]
    NotText(String),
}

impl Membership {
    pub fn new(config: &TableConfig, at: &str, errors: &mut ConfigErrors) -> Self {
        errors.check_pointer(&format!("{at}/at"), &config.at);
        // The record should not be what finds out that the table is missing.
        if let Err(error) = tables::lookup(&config.name, "") {
            errors.push(format!("{at}/name"), error.to_string());
        }
        Self {
            table: config.name.clone(),
            at: config.at.clone(),
            mode: config.mode,
        }
    }

    pub fn holds(&self, cdr: Cdr<'_>) -> Result<bool, MembershipError> {
        for found in cdr.select(&self.at) {
            let text = text(&found)?;
            if !text.is_empty() && self.contains(&text)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn contains(&self, key: &str) -> Result<bool, TableError> {
        match self.mode {
            MatchMode::Exact => Ok(tables::lookup(&self.table, key)?.is_some()),
            MatchMode::Prefix => Ok(tables::longest_prefix(&self.table, key)?.is_some()),
        }
    }
}

/// The value as a key; empty for `null`.
fn text(found: &Match) -> Result<String, MembershipError> {
    if let Some(text) = found.text() {
        return Ok(text);
    }
    match found.json.as_bytes() {
        b"null" => Ok(String::new()),
        [b'-' | b'0'..=b'9', ..] => Ok(found.json.clone()),
        _ => Err(MembershipError::NotText(found.pointer.clone())),
    }
}
