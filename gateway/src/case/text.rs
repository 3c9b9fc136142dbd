//! JSON as text: every token as it is written, only the white space between them
//! made anew.

/// The text without white space between its tokens. Two texts that differ only
/// in that come to the same.
#[must_use]
pub fn compact(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for token in tokens(json) {
        text.push_str(token);
    }
    text
}

/// The text with a member or element a line.
#[must_use]
pub fn pretty(json: &str) -> String {
    let mut text = String::with_capacity(json.len() * 2);
    let mut depth = 0_usize;
    let mut before = "";
    for token in tokens(json) {
        let closes = matches!(token, "}" | "]");
        if closes {
            depth = depth.saturating_sub(1);
        }
        let opened = matches!(before, "{" | "[");
        if (opened && !closes) || (closes && !opened) || before == "," {
            text.push('\n');
            text.extend(std::iter::repeat_n("  ", depth));
        } else if before == ":" {
            text.push(' ');
        }
        text.push_str(token);
        if matches!(token, "{" | "[") {
            depth += 1;
        }
        before = token;
    }
    text
}

/// The tokens of a JSON text: strings with their quotes, numbers, literals and
/// punctuation. What is no JSON is cut somehow.
fn tokens(json: &str) -> impl Iterator<Item = &str> {
    let mut rest = json;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches([' ', '\t', '\n', '\r']);
        let length = match rest.as_bytes().first()? {
            b'"' => string_length(rest),
            b'{' | b'}' | b'[' | b']' | b':' | b',' => 1,
            _ => rest
                .find(|next: char| next.is_ascii_whitespace() || "{}[]:,\"".contains(next))
                .unwrap_or(rest.len()),
        };
        let (token, after) = rest.split_at(length);
        rest = after;
        Some(token)
    })
}

/// The length of the string that the text begins with, up to its end where the
/// closing quote is missing.
fn string_length(text: &str) -> usize {
    let mut escaped = false;
    let inner = text.bytes().enumerate().skip(1);
    for (index, byte) in inner {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return index + 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    const WRITTEN: &str = "{ \"a\" : [1.0, {} , []],\n\t\"b\\\"{,}\" :\"x y\" , \"电话\":null}";

    #[test]
    fn only_white_space_between_tokens_goes() {
        let expected = r#"{"a":[1.0,{},[]],"b\"{,}":"x y","电话":null}"#;
        assert_eq!(compact(WRITTEN), expected);
        assert_eq!(compact(&pretty(WRITTEN)), expected);
        for odd in ["", "\"unclosed", "tru", "\"\\"] {
            assert_eq!(compact(odd), odd);
        }
    }

    #[test]
    fn a_member_a_line() {
        let expected = "{\n  \"a\": [\n    1.0,\n    {},\n    []\n  ],\n  \"b\\\"{,}\": \"x y\",\n  \"电话\": null\n}";
        assert_eq!(pretty(WRITTEN), expected);
        assert_eq!(pretty("7"), "7");
    }
}
