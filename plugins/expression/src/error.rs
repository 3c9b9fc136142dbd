//! Why an expression has no answer for a record.

use cel::ExecutionError;

/// cel's name for the dot in `a.b`.
const SELECT: &str = "_._";

/// Why an expression has no answer for a record. cel's own messages quote the
/// values they tripped over; these do not.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvaluationError {
    /// The expression has another type than a condition.
    #[error("the expression gives a value of type {0}, not a bool")]
    NotBool(String),
    /// The expression has a type that JSON has not.
    #[error("the expression gives a value of type {0}, which JSON cannot say")]
    NotJson(String),
    /// The record lacks a member; none is named where the key was computed.
    #[error("the record has no {}; test with has() first", .0.as_deref().unwrap_or("such member"))]
    Missing(Option<String>),
    /// A member of something that is no object.
    #[error("a value of type {0} has no members; test for them first")]
    NoMembers(String),
    /// Operands of types that do not go together.
    #[error("{0}")]
    Overload(String),
    /// A function refused its arguments.
    #[error("function {0} refused its arguments")]
    Function(String),
    /// Anything else, in words of our own.
    #[error("{0}")]
    Other(&'static str),
}

impl EvaluationError {
    pub(super) fn of(error: &ExecutionError, source: &str) -> Self {
        match error {
            ExecutionError::NoSuchKey(key) => {
                // A key that the expression does not spell is a value of the
                // record.
                let spelt = source.contains(key.as_str());
                Self::Missing(spelt.then(|| key.to_string()))
            }
            ExecutionError::NoSuchOverload(error) => match error.argument_types() {
                [of, _] if error.function() == SELECT => Self::NoMembers(of.clone()),
                _ => Self::Overload(error.to_string()),
            },
            ExecutionError::FunctionError { function, .. } => Self::Function(function.clone()),
            ExecutionError::DivisionByZero(_) | ExecutionError::RemainderByZero(_) => {
                Self::Other("division by zero")
            }
            ExecutionError::Overflow(..) => Self::Other("a number is out of range"),
            ExecutionError::IndexOutOfBounds(_) => Self::Other("an index is out of bounds"),
            ExecutionError::ValuesNotComparable(..) => Self::Other("values cannot be compared"),
            ExecutionError::UnsupportedBinaryOperator(..) => {
                Self::Other("an operator does not take values of these types")
            }
            _ => Self::Other("a value has a type that the expression cannot use"),
        }
    }
}
