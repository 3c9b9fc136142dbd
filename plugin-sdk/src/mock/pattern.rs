//! JSON Pointers and patterns, as tokens.

/// The unescaped tokens of a pointer; what is wrong with it otherwise.
pub(super) fn tokens(pointer: &str) -> Result<Vec<String>, String> {
    let mut parts = pointer.split('/');
    if parts.next() != Some("") {
        return Err("a pointer is empty or begins with a slash".to_owned());
    }
    parts.map(unescape).collect()
}

/// A token as a pointer writes it.
pub(super) fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

fn unescape(token: &str) -> Result<String, String> {
    let stray = token.replace("~0", "").replace("~1", "").contains('~');
    if stray {
        return Err("a tilde is followed by neither 0 nor 1".to_owned());
    }
    Ok(token.replace("~1", "/").replace("~0", "~"))
}

/// An array index as RFC 6901 writes it: no sign, no leading zero.
pub(super) fn index(token: &str) -> Option<usize> {
    let canonical = token == "0" || !token.starts_with(['0', '+']);
    canonical.then(|| token.parse().ok()).flatten()
}
