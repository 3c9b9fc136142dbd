//! What a number place of a record says about the number behind it.

use cdr_number::{Form, Scan, at_place};

/// One number place, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reading {
    /// A Chinese number that has a place, as its national number.
    Plain(String),
    /// No such number. The digits that are visible at the end of a masked one
    /// are kept; empty where nothing is known.
    Hidden {
        /// What the number ends with.
        tail: String,
    },
    /// Another number: a service, an extension, another country.
    Elsewhere,
}

impl Reading {
    /// Reads a place; none is a place that the record has not.
    pub fn of(text: Option<&str>) -> Self {
        let text = text.unwrap_or_default();
        let scan = Scan::of(text);
        let digits = |range| String::from_utf8_lossy(scan.digits().get(range).unwrap_or_default());
        if scan.chains().iter().any(|chain| chain.masked) {
            let last = scan.groups().len();
            let tail = scan.span(last.saturating_sub(1)..last);
            let at_end = tail.clone().last().map(|digit| scan.place(digit).end) == Some(text.len());
            let tail = if at_end {
                digits(tail).into_owned()
            } else {
                String::new()
            };
            return Self::Hidden { tail };
        }
        match at_place(&scan).first() {
            Some(found) if matches!(found.number.form, Form::Mobile | Form::Landline { .. }) => {
                Self::Plain(digits(found.national()).into_owned())
            }
            None if text.is_empty() => Self::Hidden {
                tail: String::new(),
            },
            _ => Self::Elsewhere,
        }
    }

    /// The number of this place, or of another place that holds the same number
    /// and serves where this one is masked or empty.
    pub fn or<'a>(&'a self, other: &'a Self) -> Option<&'a str> {
        match (self, other) {
            (Self::Plain(number), _) => Some(number),
            (Self::Hidden { tail }, Self::Plain(number)) if number.ends_with(tail.as_str()) => {
                Some(number)
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hidden(tail: &str) -> Reading {
        Reading::Hidden { tail: tail.into() }
    }

    #[test]
    fn readings() {
        let plain = |number: &str| Reading::Plain(number.into());
        let cases = [
            (Some("008618486147605"), plain("18486147605")),
            (Some("0086075588886666"), plain("75588886666")),
            (Some("008602066247698"), plain("2066247698")),
            (Some("2066247698"), plain("2066247698")),
            (Some("13123456789"), plain("13123456789")),
            (Some("0086184xxxx7605"), hidden("7605")),
            (Some("138********"), hidden("")),
            (Some(""), hidden("")),
            (None, hidden("")),
            (Some("00864001236666"), Reading::Elsewhere),
            (Some("+85291234567"), Reading::Elsewhere),
            (Some("88886666"), Reading::Elsewhere),
            (Some("8021"), Reading::Elsewhere),
            (Some("anonymous"), Reading::Elsewhere),
        ];
        for (text, expected) in cases {
            assert_eq!(Reading::of(text), expected, "{text:?}");
        }
    }

    #[test]
    fn another_place_serves_where_it_agrees() {
        let other = Reading::Plain("18486147605".into());
        let cases = [
            (hidden("7605"), Some("18486147605")),
            (hidden(""), Some("18486147605")),
            (hidden("7606"), None),
            (Reading::Elsewhere, None),
            (Reading::Plain("13123456789".into()), Some("13123456789")),
        ];
        for (reading, expected) in cases {
            assert_eq!(reading.or(&other), expected, "{reading:?}");
        }
        assert_eq!(hidden("").or(&hidden("")), None);
    }
}
