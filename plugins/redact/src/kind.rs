//! What is looked for.

use schemars::JsonSchema;
use serde::Deserialize;

/// What is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Numbers of resident identity cards of the People's Republic of China.
    IdCard,
    /// Numbers of bank cards.
    BankCard,
    /// E-mail addresses.
    Email,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::IdCard, Self::BankCard, Self::Email];

    /// Its name in config, replacements and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::IdCard => "id_card",
            Self::BankCard => "bank_card",
            Self::Email => "email",
        }
    }
}
