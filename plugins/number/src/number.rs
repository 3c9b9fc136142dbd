//! What the digits of one phone number mean: which are prefix, which are the
//! national number, and what kind of number it is.

use crate::{calling_code::CallingCode, china};

/// What kind of number it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A Chinese mobile number: 11 digits from 13 to 19.
    Mobile,
    /// A Chinese landline; its area code is the first `area` digits of the
    /// national number.
    Landline {
        /// Digits of the area code: 2 or 3.
        area: usize,
    },
    /// A Chinese number without a place: 400, 700, 800, 950, 1010, 160, 168.
    Service,
    /// 7 or 8 digits of a landline without its area code. Only a place that is
    /// known to hold a number makes it one; in free text it may be a date.
    Subscriber,
    /// A number of another country, by its calling code.
    Foreign,
    /// Six digits or fewer: an agent's extension, or a short code such as
    /// 10086. Not a personal number.
    Internal,
    /// None of these.
    Unknown,
}

/// One number: what it is, and where its national part begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Number {
    /// What kind of number it is.
    pub form: Form,
    /// How many digits stand before the national number: 0086, 86, a trunk
    /// zero, a foreign calling code, a carrier selection code such as 17951.
    pub prefix: usize,
}

/// No extension and no short code has more digits.
const LONGEST_INTERNAL: usize = 6;

/// `00` in front of fewer digits is a padded serial number, not a call abroad.
const FEWEST_ABROAD: usize = 8;

/// Digits of the longest international number, calling code included, as E.164
/// has it, and a trunk zero that does not belong there, as in `+44 (0) 20`.
const MOST_ABROAD: usize = 16;

/// Understands ASCII digits as one number; `plus` tells whether a plus sign
/// stood before them.
#[must_use]
pub fn understand(digits: &[u8], plus: bool) -> Number {
    let understood = if plus {
        international(digits, 0)
    } else {
        dialled_abroad(digits)
            .or_else(|| chinese(digits, 0))
            .or_else(|| bare_country_code(digits))
            .or_else(|| carrier_selected(digits))
            .or_else(|| china::subscriber(digits).map(|form| Number { form, prefix: 0 }))
    };
    understood.unwrap_or(Number {
        form: unknown(digits),
        prefix: 0,
    })
}

fn unknown(digits: &[u8]) -> Form {
    if digits.len() <= LONGEST_INTERNAL {
        Form::Internal
    } else {
        Form::Unknown
    }
}

fn dialled_abroad(digits: &[u8]) -> Option<Number> {
    let rest = digits.strip_prefix(b"00")?;
    let number = international(digits, 2)?;
    (number.form != Form::Foreign || rest.len() >= FEWEST_ABROAD).then_some(number)
}

/// A number whose calling code begins at `at`.
fn international(digits: &[u8], at: usize) -> Option<Number> {
    let rest = digits.get(at..)?;
    let code = CallingCode::of(rest)?;
    let prefix = at + code.length;
    let national = digits.get(prefix..)?;
    if rest.starts_with(b"86") {
        let form = unknown(national);
        return Some(chinese(digits, prefix).unwrap_or(Number { form, prefix }));
    }
    (national.len() >= code.shortest && rest.len() <= MOST_ABROAD).then_some(Number {
        form: Form::Foreign,
        prefix,
    })
}

/// A Chinese national number that begins at `at`, with or without trunk zero.
fn chinese(digits: &[u8], at: usize) -> Option<Number> {
    let rest = digits.get(at..)?;
    let trunk = usize::from(rest.starts_with(b"0"));
    let form = china::national(rest.get(trunk..)?)?;
    Some(Number {
        form,
        prefix: at + trunk,
    })
}

/// 86 without a sign, where what follows fits.
fn bare_country_code(digits: &[u8]) -> Option<Number> {
    digits.starts_with(b"86").then(|| chinese(digits, 2))?
}

/// A carrier selection code (12xxx, 11xxx, 179xx) in front of a number.
fn carrier_selected(digits: &[u8]) -> Option<Number> {
    let selects = matches!(digits, [b'1', b'1' | b'2', ..] | [b'1', b'7', b'9', ..]);
    selects.then(|| chinese(digits, 5))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form() {
        use Form::{Foreign, Internal, Landline, Mobile, Service, Subscriber, Unknown};
        let cases = [
            ("008613123456789", Mobile, "13123456789"),
            ("+8613123456789", Mobile, "13123456789"),
            ("8613123456789", Mobile, "13123456789"),
            ("13123456789", Mobile, "13123456789"),
            ("013123456789", Mobile, "13123456789"),
            ("0086013123456789", Mobile, "13123456789"),
            ("1795113123456789", Mobile, "13123456789"),
            ("0086400123456", Unknown, "400123456"),
            ("00864001236666", Service, "4001236666"),
            ("4001236666", Service, "4001236666"),
            ("7001236666", Service, "7001236666"),
            ("0086075588886666", Landline { area: 3 }, "75588886666"),
            ("008602066247698", Landline { area: 2 }, "2066247698"),
            ("00862066247698", Landline { area: 2 }, "2066247698"),
            ("+8602066247698", Landline { area: 2 }, "2066247698"),
            ("862066247698", Landline { area: 2 }, "2066247698"),
            ("02066247698", Landline { area: 2 }, "2066247698"),
            ("2066247698", Landline { area: 2 }, "2066247698"),
            ("08516624769", Landline { area: 3 }, "8516624769"),
            ("88886666", Subscriber, "88886666"),
            ("8888666", Subscriber, "8888666"),
            ("8021", Internal, "8021"),
            ("802", Internal, "802"),
            ("802100", Internal, "802100"),
            ("008610086", Internal, "10086"),
            ("+85291234567", Foreign, "91234567"),
            ("0085291234567", Foreign, "91234567"),
            ("+12025550123", Foreign, "2025550123"),
            ("+4402079460958", Foreign, "02079460958"),
            ("85291234567", Landline { area: 3 }, "85291234567"),
            ("12345678901234", Unknown, "12345678901234"),
            ("0012345678", Foreign, "2345678"),
            ("001234567", Unknown, "001234567"),
            ("+99912345678", Unknown, "99912345678"),
            ("00860", Internal, "0"),
            ("00", Internal, "00"),
            ("+", Internal, ""),
            ("", Internal, ""),
        ];
        for (text, form, national) in cases {
            let plus = text.starts_with('+');
            let digits = text.trim_start_matches('+').as_bytes();
            let number = understand(digits, plus);
            let rest = std::str::from_utf8(&digits[number.prefix..]).unwrap();
            assert_eq!((number.form, rest), (form, national), "{text}");
        }
    }
}
