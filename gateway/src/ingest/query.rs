//! Query parameters as senders really write them.

use std::borrow::Cow;

use url::form_urlencoded;

/// The value of a query parameter, decoded; of several, the last.
///
/// A sender that appends `?action=cdr` to a configured address that has a
/// query already (`…/tccc?token=x`) makes a second question mark, and what it
/// appends stands last. So a question mark separates parameters, too.
pub fn parameter<'a>(query: &'a str, name: &str) -> Option<Cow<'a, str>> {
    query
        .split('?')
        .flat_map(|part| form_urlencoded::parse(part.as_bytes()))
        .filter(|(key, _)| key == name)
        .last()
        .map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_was_appended() {
        for (query, name, value) in [
            ("action=cdr&version=1", "action", Some("cdr")),
            ("action=cdr&version=1", "version", Some("1")),
            ("token=s3?action=cdr&version=1", "token", Some("s3")),
            ("token=s3?action=cdr&version=1", "action", Some("cdr")),
            ("token=a%3Fb%26c", "token", Some("a?b&c")),
            ("action=mine&action=cdr", "action", Some("cdr")),
            ("action", "action", Some("")),
            ("", "action", None),
            ("%zz=%ff", "action", None),
        ] {
            assert_eq!(parameter(query, name).as_deref(), value, "{query}");
        }
    }
}
