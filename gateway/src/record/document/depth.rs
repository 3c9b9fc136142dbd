//! How deeply a JSON text nests.

/// The deepest nesting of objects and arrays that a document may have.
pub const MAX_DEPTH: usize = 64;

/// Whether valid JSON text nests at most `limit` containers deep.
pub(super) fn within(text: &str, limit: usize) -> bool {
    let opening = |byte: &&u8| matches!(byte, b'{' | b'[');
    // A text with few brackets cannot nest deeply: the common case, and a
    // quick count.
    text.as_bytes().iter().filter(opening).count() <= limit || deepest(text) <= limit
}

fn deepest(text: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let (mut in_string, mut escaped) = (false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'{' | b'[' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_containers_not_characters() {
        let cases = [
            ("1", 0, true),
            ("[]", 0, false),
            ("[[1],[2],[3]]", 2, true),
            ("[[[1]]]", 2, false),
            (r#"{"[[[":"\"[[["}"#, 1, true),
            (r#"["\\",[[]]]"#, 2, false),
        ];
        for (text, limit, expected) in cases {
            assert_eq!(within(text, limit), expected, "{text}");
        }
    }
}
