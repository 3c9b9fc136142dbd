//! Why a place of the record could not be read or edited. The messages name
//! places, never values.

/// The value at a place is not of the type that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the value at {pointer} is not of type {expected}")]
pub struct FieldError {
    /// JSON Pointer of the place.
    pub pointer: String,
    /// The type that was asked for.
    pub expected: &'static str,
}

impl FieldError {
    pub(crate) fn new(pointer: &str, expected: &'static str) -> Self {
        Self {
            pointer: pointer.to_owned(),
            expected,
        }
    }
}

/// Why an edit was refused. The document is as it was before.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// The pointer is not valid RFC 6901.
    #[error("bad JSON pointer: {0}")]
    BadPointer(String),
    /// The value is not one JSON value.
    #[error("bad JSON value: {0}")]
    BadJson(String),
    /// The parent of the place does not exist or holds no members.
    #[error("the place to edit has no parent that holds members")]
    NoParent,
    /// The finished document would be larger than the limit, in bytes.
    #[error("the edited document would be larger than {0} bytes")]
    TooLarge(u64),
    /// The object holds another member of that name.
    #[error("the object holds another member of that name")]
    NameTaken,
}
