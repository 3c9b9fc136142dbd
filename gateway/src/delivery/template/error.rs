//! What can be wrong with a template.

/// A template that cannot be used. Offsets are bytes from its beginning.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// A brace has no partner.
    #[error("a brace without its partner; write {{{{ or }}}} for a brace itself")]
    Brace {
        /// Where the brace stands.
        offset: usize,
    },
    /// The placeholder is none of those that exist.
    #[error("{reason}")]
    Placeholder {
        /// Where the placeholder begins.
        offset: usize,
        /// What is wrong with it and what to write.
        reason: String,
    },
    /// The path leads out of the directory that it is meant to stay in.
    #[error("the path leads out of its base directory: {reason}")]
    Outside {
        /// Where it does.
        offset: usize,
        /// What leads out.
        reason: &'static str,
    },
    /// The path is not one that a file can have.
    #[error("{reason}")]
    Path {
        /// Where it goes wrong.
        offset: usize,
        /// What is wrong.
        reason: &'static str,
    },
    /// The URL holds a user or a password.
    #[error("the URL holds a user or a password; they belong into `auth`")]
    Credentials {
        /// Where the host should begin.
        offset: usize,
    },
    /// The URL is not one that can be sent to.
    #[error("{reason}")]
    Url {
        /// Where it goes wrong.
        offset: usize,
        /// What is wrong.
        reason: String,
    },
}

impl TemplateError {
    /// Where in the template it goes wrong, in bytes from its beginning.
    #[must_use]
    pub fn offset(&self) -> usize {
        match self {
            Self::Brace { offset }
            | Self::Placeholder { offset, .. }
            | Self::Outside { offset, .. }
            | Self::Path { offset, .. }
            | Self::Credentials { offset }
            | Self::Url { offset, .. } => *offset,
        }
    }
}
