//! Stable codes.

use std::fmt;

use serde::{Serialize, Serializer};

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The configuration is not used.
    Error,
    /// It is used, but probably not as meant.
    Warning,
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal,)*) => {
        /// What kind of thing is wrong. Codes are never given a new meaning.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Code {
            $($(#[$doc])* $name,)*
        }

        impl Code {
            /// Every code.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The code as texts and scripts have it.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $code,)*
                }
            }
        }
    };
}

codes! {
    /// A configuration file cannot be read.
    UnreadableFile = "CFG001",
    /// A file is not TOML.
    Syntax = "CFG002",
    /// A key that does not exist.
    UnknownKey = "CFG003",
    /// A value of the wrong type.
    WrongType = "CFG004",
    /// A key that is needed.
    MissingKey = "CFG005",
    /// A value that is none of those that exist.
    UnknownValue = "CFG006",
    /// A number, or a length, out of its range.
    OutOfRange = "CFG007",
    /// A text that is not what it has to be.
    Malformed = "CFG008",
    /// An expression that is not CEL, or not one that a route can have.
    BadExpression = "CFG009",
    /// None, or more than one, of several keys that exclude each other.
    ExactlyOne = "CFG010",
    /// A name with characters or a length that names do not have.
    BadName = "CFG011",
    /// A secret written out instead of named.
    LiteralSecret = "CFG012",
    /// A secret that cannot be read.
    UnreadableSecret = "CFG013",
    /// A name that nothing has.
    UndefinedName = "CFG014",
    /// A further file, or the environment, says what only the first may.
    NotHere = "CFG015",
    /// A file that the configuration names does not exist.
    MissingFile = "CFG016",
    /// A path that leads out of its base directory.
    OutsideBase = "CFG017",
    /// Two of what may exist once.
    Duplicate = "CFG018",
    /// Two listeners on one address.
    AddressConflict = "CFG019",
    /// The admin API open to others without a token.
    ExposedAdmin = "CFG020",
    /// An egress contract over records whose number places are not known.
    UnknownNumberPlaces = "CFG021",
    /// A plugin that may be skipped in a chain under an egress contract.
    SkipUnderContract = "CFG022",
    /// A key that means nothing beside another.
    DoesNotApply = "CFG023",
    /// A plugin that cannot be loaded, or refuses its configuration.
    PluginRefused = "CFG024",
    /// A table that cannot be loaded.
    TableRefused = "CFG025",
    /// Validation and model disagree: a mistake in the gateway.
    Internal = "CFG099",
    /// Two routes that can give one destination the same record.
    OverlappingRoutes = "CFG101",
    /// Something that is configured and never used.
    Unused = "CFG102",
    /// A field that the dialect does not know.
    UnknownField = "CFG103",
    /// A source that accepts records from anyone.
    OpenSource = "CFG104",
    /// A route that leads to a retired destination.
    RetiredInRoute = "CFG105",
    /// Arrivals are removed while their repetitions may still come.
    ForgottenPushes = "CFG106",
    /// Credentials that others on the way can read.
    PlainCredentials = "CFG107",
    /// A secret that access tokens are made with, and that can be guessed.
    WeakSecret = "CFG108",
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}
