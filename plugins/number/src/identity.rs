//! Which number it is, whatever it was written like.

use crate::{Form, Found, Scan};

/// The calling code of China, which its numbers are often written without.
const CHINA: &[u8] = b"86";

/// Calling codes whose national numbers may begin with a zero that belongs to
/// them: Italy, Côte d'Ivoire, Gabon, Congo, San Marino. Elsewhere a zero behind
/// the calling code is a trunk prefix that does not belong there.
const LEADING_ZERO: [&[u8]; 5] = [b"39", b"225", b"241", b"242", b"378"];

/// A number: its calling code, where it is known, and its national digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    digits: Vec<u8>,
    national: usize,
    /// What kind of number it is.
    pub form: Form,
}

impl Identity {
    /// The identity of a number that was found in a scan.
    #[must_use]
    pub fn of(scan: &Scan, found: &Found) -> Self {
        let form = found.number.form;
        let all = scan.digits().get(found.digits.clone()).unwrap_or_default();
        let (prefix, national) = all
            .split_at_checked(found.number.prefix)
            .unwrap_or((all, &[]));
        let code = match form {
            Form::Foreign => {
                let zeros = prefix.iter().take_while(|digit| **digit == b'0').count();
                prefix.get(zeros..).unwrap_or_default()
            }
            Form::Mobile | Form::Landline { .. } | Form::Service => CHINA,
            _ if found.number.prefix > 0 => CHINA,
            _ => &[],
        };
        let mut digits = Vec::with_capacity(code.len() + national.len());
        digits.extend_from_slice(code);
        digits.extend_from_slice(national);
        Self {
            digits,
            national: code.len(),
            form,
        }
    }

    /// Calling code and national digits, as they were written.
    #[must_use]
    pub fn digits(&self) -> &[u8] {
        &self.digits
    }

    /// How many digits the calling code has; none where it is not known.
    #[must_use]
    pub fn code_len(&self) -> usize {
        self.national
    }

    /// The calling code.
    #[must_use]
    pub fn code(&self) -> &[u8] {
        self.digits.get(..self.national).unwrap_or_default()
    }

    /// The national digits, as they were written.
    #[must_use]
    pub fn national(&self) -> &[u8] {
        self.digits.get(self.national..).unwrap_or_default()
    }

    /// How many zeros stand before the national number that do not belong to it.
    #[must_use]
    pub fn trunk(&self) -> usize {
        let is_trunk = self.form == Form::Foreign && !LEADING_ZERO.contains(&self.code());
        usize::from(is_trunk && self.national().first() == Some(&b'0'))
    }

    /// The number as E.164 writes it: `+8613123456789`. One whose calling code is
    /// not known, such as a subscriber's number without its area code, is its
    /// digits alone.
    #[must_use]
    pub fn international(&self) -> String {
        let national = self.national().get(self.trunk()..).unwrap_or_default();
        let plus = if self.code().is_empty() { "" } else { "+" };
        let mut text = String::with_capacity(1 + self.digits.len());
        text.push_str(plus);
        let digits = self.code().iter().chain(national);
        text.extend(digits.map(|&digit| char::from(digit)));
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::at_place;

    #[test]
    fn one_number_has_one_international_form() {
        let cases = [
            ("+8613123456789", "+8613123456789"),
            ("008613123456789", "+8613123456789"),
            ("13123456789", "+8613123456789"),
            ("1795113123456789", "+8613123456789"),
            ("１３１-2345-6789", "+8613123456789"),
            ("0086075588886666", "+8675588886666"),
            ("(0755) 8888 6666", "+8675588886666"),
            ("4001236666", "+864001236666"),
            ("+85291234567", "+85291234567"),
            ("0085291234567", "+85291234567"),
            ("+44 (0) 20 7946 0958", "+442079460958"),
            ("+39 06 1234 5678", "+390612345678"),
            ("+86 1234567890", "+861234567890"),
            ("88886666", "88886666"),
            ("12345678901234", "12345678901234"),
        ];
        for (text, expected) in cases {
            let scan = Scan::of(text);
            let found = at_place(&scan);
            let identity = Identity::of(&scan, &found[0]);
            assert_eq!(identity.international(), expected, "{text}");
        }
    }
}
