//! The function `matches`. CEL's own compiles its pattern on every call; here a
//! pattern is a literal, compiled with the expression.

use std::{collections::HashMap, sync::Arc};

use cel::{Context, ExecutionError, extractors::This};
use regex::Regex;

use super::WhenError;

/// Name of the function.
pub(super) const NAME: &str = "matches";

/// Patterns by their text.
pub(super) type Patterns = HashMap<String, Regex>;

/// Declares `text.matches(pattern)` and `matches(text, pattern)`.
pub(super) fn declare(
    context: &mut Context<'static, 'static>,
    patterns: Patterns,
) -> Result<(), WhenError> {
    let matches = move |This(text): This<Arc<String>>, pattern: Arc<String>| {
        patterns
            .get(pattern.as_str())
            .map(|regex| regex.is_match(&text))
            .ok_or_else(|| ExecutionError::function_error(NAME, "pattern not compiled"))
    };
    context
        .add_function(NAME, matches)
        .map_err(|error| WhenError::new(error.to_string()))
}
