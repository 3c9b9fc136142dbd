//! The Chinese numbering plan: what a national number is, once country code
//! and trunk zero are off.
//!
//! Area codes are checked by shape (10, 2x, three digits from 3 to 9), not
//! against a list: a new one must not go unmasked.

use crate::Form;

/// What a national number is; None where it fits nothing of the plan.
pub fn national(digits: &[u8]) -> Option<Form> {
    mobile(digits)
        .or_else(|| service(digits))
        .or_else(|| landline(digits))
}

/// A subscriber number that is dialled without its area code.
pub fn subscriber(digits: &[u8]) -> Option<Form> {
    let fits = matches!(digits, [b'2'..=b'9', rest @ ..] if matches!(rest.len(), 6 | 7));
    fits.then_some(Form::Subscriber)
}

fn mobile(digits: &[u8]) -> Option<Form> {
    let fits = digits.len() == 11 && matches!(digits, [b'1', b'3'..=b'9', ..]);
    fits.then_some(Form::Mobile)
}

/// Numbers that belong to a service instead of a place: 400 and 800, 700,
/// 950, 1010, premium 160 and 168, and 800 numbers for calls from abroad.
fn service(digits: &[u8]) -> Option<Form> {
    let fits = match digits {
        [b'4' | b'7' | b'8', b'0', b'0', rest @ ..] => rest.len() == 7,
        [b'9', b'5', b'0', rest @ ..] => matches!(rest.len(), 7 | 8),
        [b'1', b'6', b'0' | b'8', rest @ ..] => rest.len() == 5,
        [b'1', b'0', b'1', b'0', rest @ ..] => rest.len() == 4,
        [b'1', b'0', b'8', b'0', b'0', rest @ ..] | [b'2', b'1', b'8', b'0', b'0', rest @ ..] => {
            rest.len() == 7
        }
        _ => false,
    };
    fits.then_some(Form::Service)
}

fn landline(digits: &[u8]) -> Option<Form> {
    let (area, subscriber, lengths) = match digits {
        [b'1', b'0', rest @ ..] | [b'2', b'0'..=b'9', rest @ ..] => (2, rest, 8..=8),
        [b'3'..=b'9', _, _, rest @ ..] => (3, rest, 7..=8),
        _ => return None,
    };
    let fits = lengths.contains(&subscriber.len()) || short_service(subscriber);
    fits.then_some(Form::Landline { area })
}

/// The four- to six-digit service numbers that take an area code: banks
/// (955xx), local hotlines (96xxx, 123xx), operators (100xx).
fn short_service(digits: &[u8]) -> bool {
    match digits {
        [b'9', b'5' | b'6', rest @ ..] => matches!(rest.len(), 3 | 4),
        [b'1', b'0', b'0', rest @ ..] => rest.len() == 2,
        [b'1', b'2', b'3', rest @ ..] => matches!(rest.len(), 1 | 2),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn national_numbers() {
        let landline = |area| Some(Form::Landline { area });
        let cases = [
            ("13123456789", Some(Form::Mobile)),
            ("19912345678", Some(Form::Mobile)),
            ("12123456789", None),
            ("1312345678", None),
            ("4001234567", Some(Form::Service)),
            ("7001234567", Some(Form::Service)),
            ("8001234567", Some(Form::Service)),
            ("9501234567", Some(Form::Service)),
            ("95012345678", Some(Form::Service)),
            ("16812345", Some(Form::Service)),
            ("10104860", Some(Form::Service)),
            ("108001234567", Some(Form::Service)),
            ("1066247698", landline(2)),
            ("2066247698", landline(2)),
            ("206624769", None),
            ("75588886666", landline(3)),
            ("8516624769", landline(3)),
            ("75595588", landline(3)),
            ("75512345", landline(3)),
            ("7551234", landline(3)),
            ("75588886", None),
            ("75588", None),
        ];
        for (digits, form) in cases {
            assert_eq!(national(digits.as_bytes()), form, "{digits}");
        }
    }

    #[test]
    fn subscribers() {
        for (digits, fits) in [
            ("88886666", true),
            ("8888666", true),
            ("888866", false),
            ("888866669", false),
            ("12345678", false),
        ] {
            assert_eq!(subscriber(digits.as_bytes()).is_some(), fits, "{digits}");
        }
    }
}
