//! What is left of a value that goes.

use schemars::JsonSchema;
use serde::Deserialize;

/// What is left at a number place in the mode `remove`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Removed {
    /// The empty string, which is how the sender itself writes that there is no
    /// number.
    #[default]
    Empty,
    /// `null`.
    Null,
    /// Nothing: the member is gone, too.
    Member,
}
