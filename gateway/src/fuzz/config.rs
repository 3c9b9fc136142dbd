//! A configuration file as anybody may write it.

use crate::config::load_text;

/// A text is a configuration, or at least one error says why not; every place
/// that is named exists.
pub fn config(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let findings: Vec<_> = match load_text(text) {
        Ok(loaded) => loaded.warnings,
        Err(found) => {
            assert!(found.has_errors(), "refused without an error");
            found.errors.into_iter().chain(found.warnings).collect()
        }
    };
    let lines = text.lines().count() + 1;
    for found in findings {
        assert!(!found.message.is_empty(), "a finding without words");
        let line = found.location.line.unwrap_or(1);
        assert!((1..=lines).contains(&line), "beyond the file");
    }
}
