//! E-mail addresses in a text.

use std::ops::Range;

/// How the sign of an address is written: plain, full-width, percent-escaped.
const SIGNS: [&str; 3] = ["@", "＠", "%40"];

/// Addresses of phones, which have the same form.
const SCHEMES: [&str; 2] = ["sip:", "sips:"];

/// Where the addresses of a text stand, in bytes.
pub fn in_text(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some((at, sign)) = next_sign(text, from) {
        let after = at + sign.len();
        let (before, behind) = (text.get(from..at), text.get(after..));
        from = after;
        let (Some(before), Some(behind)) = (before, behind) else {
            continue;
        };
        let local = local_part(before);
        let domain = domain(behind);
        let is_phone = SCHEMES
            .iter()
            .any(|scheme| before.trim_end_matches(local).ends_with(scheme));
        if !local.is_empty() && domain > 0 && !is_phone {
            found.push(at - local.len()..after + domain);
            from = after + domain;
        }
    }
    found
}

fn next_sign(text: &str, from: usize) -> Option<(usize, &'static str)> {
    let rest = text.get(from..)?;
    // Most texts have none: one look at each byte says so.
    let begins_sign = |byte: u8| matches!(byte, b'@' | b'%' | 0xef);
    if !rest.bytes().any(begins_sign) {
        return None;
    }
    let signs = SIGNS
        .iter()
        .filter_map(|sign| Some((from + rest.find(sign)?, *sign)));
    signs.min()
}

/// What stands directly before the sign.
fn local_part(text: &str) -> &str {
    let is_local =
        |char: char| char.is_ascii_alphanumeric() || matches!(char, '.' | '_' | '+' | '-');
    let rest = text.trim_end_matches(is_local);
    let local = text.get(rest.len()..).unwrap_or_default();
    let local = local.get(escape(rest, local)..).unwrap_or_default();
    local.trim_start_matches(['.', '+', '-'])
}

/// How much of a text belongs to the escape that what is before it begins: `\n` and
/// `\u4e2d` of JSON in a string, `%20` of a URL. Cut in two it could not be read.
fn escape(before: &str, text: &str) -> usize {
    let slashes = before.len() - before.trim_end_matches('\\').len();
    if slashes % 2 == 1 {
        return if text.starts_with('u') { 5 } else { 1 };
    }
    let is_hex = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_percent = before.ends_with('%') && text.get(..2).is_some_and(is_hex);
    if is_percent { 2 } else { 0 }
}

/// How long the domain is that a text begins with: names with dots between them,
/// the last one of letters.
fn domain(text: &str) -> usize {
    let is_name = |char: char| char.is_ascii_alphanumeric() || matches!(char, '-' | '.');
    let length = text.find(|char| !is_name(char)).unwrap_or(text.len());
    let domain = text
        .get(..length)
        .unwrap_or_default()
        .trim_end_matches(['.', '-']);
    let Some((names, last)) = domain.rsplit_once('.') else {
        return 0;
    };
    let fits = last.len() >= 2
        && (last.bytes().all(|byte| byte.is_ascii_alphabetic()) || last.starts_with("xn--"));
    let is_whole = names.split('.').all(|name| !name.is_empty());
    if fits && is_whole { domain.len() } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        let cases: &[(&str, &[&str])] = &[
            ("zhangsan@tencent.com", &["zhangsan@tencent.com"]),
            (
                "邮箱li.si+x@mail.example.cn,谢谢",
                &["li.si+x@mail.example.cn"],
            ),
            ("12345@qq.com。", &["12345@qq.com"]),
            ("write to a@b.com. b@c.de", &["a@b.com", "b@c.de"]),
            ("?mail=li%40example.com&x=1", &["li%40example.com"]),
            ("李＠", &[]),
            ("li＠example.com", &["li＠example.com"]),
            ("sip:13123456789@pbx.example", &[]),
            ("sip:a@b.com mailto:c@d.com", &["c@d.com"]),
            ("a@b", &[]),
            ("a@b.1", &[]),
            ("@b.com", &[]),
            ("a@.com", &[]),
            ("a@@b.com", &[]),
            ("5@2.5.cm", &["5@2.5.cm"]),
            (r#"{"m":"\nli@x.com"}"#, &["li@x.com"]),
            (r"\u4e2dli@x.com", &["li@x.com"]),
            (r"\\nli@x.com", &["nli@x.com"]),
            (r"\n@x.com", &[]),
            ("?m=%20li%40x.com", &["li%40x.com"]),
            ("", &[]),
        ];
        for (text, expected) in cases {
            let found: Vec<_> = in_text(text)
                .into_iter()
                .map(|place| &text[place])
                .collect();
            assert_eq!(found, *expected, "{text}");
        }
    }
}
