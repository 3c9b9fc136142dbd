//! URLs.

use std::fmt::Write as _;

use url::Url;

use super::{
    ABSENT, Facts, TemplateError, as_text,
    piece::{Part, Piece, split},
};

/// An `http` or `https` URL with placeholders in path and query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UrlTemplate {
    text: String,
    pieces: Vec<Piece>,
    base: Url,
}

impl UrlTemplate {
    /// Parses a URL.
    ///
    /// # Errors
    /// When it is neither `http` nor `https`, has no host, a user, a password
    /// or a fragment, when a placeholder or a brace stands before the path, or when a
    /// placeholder is wrong.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let pieces = split(text)?;
        let wrong = |offset, reason: &str| TemplateError::Url {
            offset,
            reason: reason.to_owned(),
        };
        let Some(authority) = ["http://", "https://"]
            .iter()
            .find(|scheme| text.starts_with(**scheme))
            .map(|scheme| scheme.len())
        else {
            return Err(wrong(0, "the URL begins with neither http:// nor https://"));
        };
        let path = text[authority..]
            .find(['/', '?', '#', '\\'])
            .map_or(text.len(), |at| authority + at);
        if let Some(early) = pieces
            .iter()
            .find(|piece| matches!(piece.part, Part::Value(_)) && piece.offset < path)
        {
            return Err(wrong(
                early.offset,
                "scheme, host and port of a URL are constant; placeholders stand in path and query",
            ));
        }
        // Doubled they would stand for one, in a host that is parsed with both.
        if let Some(brace) = text[authority..path].find(['{', '}']) {
            return Err(wrong(authority + brace, "no host has braces in its name"));
        }
        let base = Url::parse(&text[..path])
            .map_err(|error| wrong(authority, &format!("the URL is not valid: {error}")))?;
        if !base.username().is_empty() || base.password().is_some() {
            return Err(TemplateError::Credentials { offset: authority });
        }
        if let Some(fragment) = text.find('#') {
            return Err(wrong(
                fragment,
                "the URL has a fragment, which is never sent",
            ));
        }
        let bad = |c: char| c == '\\' || c.is_whitespace() || c.is_control();
        if let Some(at) = literals(&pieces).find_map(|(offset, run)| Some(offset + run.find(bad)?))
        {
            return Err(wrong(
                at,
                "the URL has a space, a backslash or a control character",
            ));
        }
        Ok(Self {
            text: text.to_owned(),
            pieces,
            base,
        })
    }

    /// The text that it was parsed from.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it is the same for every record.
    #[must_use]
    pub fn is_constant(&self) -> bool {
        let is_text = |piece: &Piece| matches!(piece.part, Part::Text(_));
        self.pieces.iter().all(is_text)
    }

    /// Scheme, host and port, which no record changes.
    #[must_use]
    pub fn base(&self) -> &Url {
        &self.base
    }

    /// The URL for a record.
    #[must_use]
    pub fn render(&self, facts: &Facts<'_>) -> String {
        let mut url = String::with_capacity(self.text.len() + 32);
        for piece in &self.pieces {
            match &piece.part {
                Part::Text(text) => url.push_str(text),
                Part::Value(value) => match value.value(facts) {
                    Some(value) => push_encoded(&mut url, &value),
                    None => url.push_str(ABSENT),
                },
            }
        }
        without_dot_segments(&url)
    }
}

as_text!(UrlTemplate, "url-template");

fn literals(pieces: &[Piece]) -> impl Iterator<Item = (usize, &str)> {
    pieces.iter().filter_map(|piece| match &piece.part {
        Part::Text(text) => Some((piece.offset, text.as_str())),
        Part::Value(_) => None,
    })
}

/// Percent-encodes all but the unreserved characters of RFC 3986.
fn push_encoded(url: &mut String, value: &str) {
    for byte in value.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                url.push(char::from(byte));
            }
            _ => {
                // Writing to a string does not fail.
                let _ = write!(url, "%{byte:02X}");
            }
        }
    }
}

/// Parts between slashes before the path: scheme, nothing, and the authority.
const AUTHORITY: usize = 3;

/// Replaces the dots of path segments that a client would resolve away, and so
/// leave the path that the template says.
fn without_dot_segments(url: &str) -> String {
    let (path, query) = match url.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (url, None),
    };
    let segments: Vec<_> = path
        .split('/')
        .enumerate()
        .map(|(index, segment)| {
            let is_of_path = index >= AUTHORITY;
            match segment.to_ascii_lowercase().replace("%2e", ".").as_str() {
                "." if is_of_path => "_",
                ".." if is_of_path => "__",
                _ => segment,
            }
        })
        .collect();
    let mut url = segments.join("/");
    if let Some(query) = query {
        url.push('?');
        url.push_str(query);
    }
    url
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use uuid::Uuid;

    use std::borrow::Cow;

    use super::*;
    use crate::record::{ArrivalId, Kind, Pointer};

    fn render(template: &str, json: &str) -> String {
        let cdr = |_: &Pointer| Some(Cow::Borrowed(json));
        UrlTemplate::parse(template)
            .expect(template)
            .render(&Facts {
                received: Timestamp::UNIX_EPOCH,
                source: "tccc",
                kind: Kind::Cdr,
                id: ArrivalId(Uuid::nil()),
                cdr: &cdr,
            })
    }

    #[test]
    fn values_are_encoded_and_stay_in_their_place() {
        let cases = [
            (
                r#""a b/c?d#e%""#,
                "http://h:1/a%20b%2Fc%3Fd%23e%25/x?q=a%20b%2Fc%3Fd%23e%25",
            ),
            (r#""..""#, "http://h:1/__/x?q=.."),
            (
                r#""移动""#,
                "http://h:1/%E7%A7%BB%E5%8A%A8/x?q=%E7%A7%BB%E5%8A%A8",
            ),
            ("null", "http://h:1/_/x?q=_"),
            ("7", "http://h:1/7/x?q=7"),
        ];
        for (json, expected) in cases {
            let url = render("http://h:1/{v}/x?q={v}", json);
            assert_eq!(url, expected, "{json}");
            let parsed = Url::parse(&url).expect("valid");
            assert_eq!(parsed.host_str(), Some("h"));
            assert_eq!(
                parsed.path_segments().map(Iterator::count),
                Some(2),
                "{json}"
            );
        }
        assert_eq!(render("http://h/.{v}/x", r#"".""#), "http://h/__/x");
        assert_eq!(render("http://./{v}", r#"".""#), "http://./_");
    }

    #[test]
    fn a_template_that_could_go_elsewhere_is_refused() {
        let cases = [
            ("ftp://h/x", 0),
            ("h/x", 0),
            ("http://{v}/x", 7),
            ("http://h{v}", 8),
            ("http://h:{v}/x", 9),
            ("http://h{{/x", 8),
            ("http://user:pw@h/x", 7),
            ("http://h/x#y", 10),
            ("http:///x", 7),
            ("http://h/a b", 10),
            ("http://h:99999/x", 7),
        ];
        for (template, offset) in cases {
            let error = UrlTemplate::parse(template).expect_err(template);
            assert_eq!(error.offset(), offset, "{template}: {error}");
        }
    }
}
