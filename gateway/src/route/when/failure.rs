//! From the errors of the CEL library to ours: lower case, with a position,
//! and without anything that a record holds.

use cel::{ExecutionError, ParseErrors};

use super::{Position, WhenError};

/// The first of the parser's errors: those after it are mostly its echoes.
pub(super) fn of_compiling(errors: &ParseErrors) -> WhenError {
    let Some(first) = errors.errors.first() else {
        return WhenError::new("not a CEL expression");
    };
    let coordinate = |value: isize| usize::try_from(value).ok().filter(|&value| value > 0);
    let at = coordinate(first.pos.0)
        .zip(coordinate(first.pos.1))
        .map(|(line, column)| Position { line, column });
    WhenError {
        message: format!("not a CEL expression: {}", uncapitalised(&first.msg)),
        at,
    }
}

/// Many of these errors carry the values themselves; only their kind is told.
pub(super) fn of_evaluating(error: &ExecutionError) -> WhenError {
    let message = match error {
        ExecutionError::NoSuchOverload(overload) => overload.to_string(),
        ExecutionError::UndeclaredReference(name) => format!("'{name}' is not declared"),
        ExecutionError::UnexpectedType { got, want } => format!("found {got} in place of {want}"),
        ExecutionError::FunctionError { function, .. } => {
            format!("the function '{function}' failed")
        }
        ExecutionError::NoSuchKey(_) => {
            "a member that the expression reads is not there; ask with has(…) first".into()
        }
        ExecutionError::IndexOutOfBounds(_) => "an index is beyond the end of its list".into(),
        ExecutionError::DivisionByZero(_) | ExecutionError::RemainderByZero(_) => {
            "a number is divided by zero".into()
        }
        ExecutionError::Overflow(operator, ..) => format!("a result of '{operator}' overflows"),
        ExecutionError::UnsupportedBinaryOperator(operator, ..) => {
            format!("'{operator}' does not fit the types of its operands")
        }
        ExecutionError::ValuesNotComparable(..) => "two values cannot be compared".into(),
        ExecutionError::InvalidArgumentCount { .. } | ExecutionError::MissingArgumentOrTarget => {
            "a function is called with the wrong number of arguments".into()
        }
        _ => "the expression has no result for this record".into(),
    };
    WhenError::new(message)
}

fn uncapitalised(text: &str) -> String {
    let text = text.trim().trim_end_matches('.');
    let mut chars = text.chars();
    match chars.next() {
        Some(first) => first.to_lowercase().chain(chars).collect(),
        None => String::new(),
    }
}
