//! Country calling codes of the world and how short their numbers are.
//!
//! Codes as assigned under ITU-T E.164; lengths from libphonenumber 9.0.43
//! (the shortest possible one over all regions that share a code).

/// The calling code that international digits begin with.
pub struct CallingCode {
    /// How many digits the code has.
    pub length: usize,
    /// How many digits a national number has at least.
    pub shortest: usize,
}

impl CallingCode {
    /// The code at the start of the digits. No code begins another one, so
    /// there is at most one.
    pub fn of(digits: &[u8]) -> Option<Self> {
        (1..=3).find_map(|length| {
            let value = digits.get(..length)?.iter().fold(0, |value, digit| {
                value * 10 + u16::from(digit.wrapping_sub(b'0'))
            });
            let index = CODES.binary_search_by_key(&value, |&(code, _)| code).ok()?;
            let &(_, shortest) = CODES.get(index)?;
            // `+0…` folds to the value of a shorter code.
            (digits.first() != Some(&b'0')).then(|| Self {
                length,
                shortest: usize::from(shortest),
            })
        })
    }
}

/// Code and shortest national number, by code.
#[rustfmt::skip]
const CODES: &[(u16, u8)] = &[
    (1, 7), (7, 10), (20, 8), (27, 5), (30, 10), (31, 5), (32, 8), (33, 9),
    (34, 9), (36, 8), (39, 6), (40, 6), (41, 9), (43, 4), (44, 7), (45, 8),
    (46, 6), (47, 5), (48, 6), (49, 4), (51, 8), (52, 10), (53, 6), (54, 10),
    (55, 8), (56, 9), (57, 8), (58, 10), (60, 8), (61, 5), (62, 7), (63, 6),
    (64, 5), (65, 8), (66, 8), (81, 8), (82, 5), (84, 7), (86, 7), (90, 7),
    (91, 8), (92, 8), (93, 9), (94, 9), (95, 6), (98, 4), (211, 9), (212, 9),
    (213, 8), (216, 8), (218, 9), (220, 7), (221, 9), (222, 8), (223, 8), (224, 8),
    (225, 10), (226, 8), (227, 8), (228, 8), (229, 10), (230, 7), (231, 7), (232, 8),
    (233, 8), (234, 10), (235, 8), (236, 8), (237, 8), (238, 7), (239, 7), (240, 9),
    (241, 7), (242, 9), (243, 7), (244, 9), (245, 7), (246, 7), (247, 5), (248, 7),
    (249, 9), (250, 8), (251, 9), (252, 6), (253, 8), (254, 7), (255, 9), (256, 9),
    (257, 8), (258, 8), (260, 9), (261, 9), (262, 9), (263, 7), (264, 8), (265, 7),
    (266, 8), (267, 7), (268, 8), (269, 7), (290, 4), (291, 7), (297, 7), (298, 6),
    (299, 6), (350, 8), (351, 9), (352, 4), (353, 7), (354, 7), (355, 6), (356, 8),
    (357, 8), (358, 5), (359, 6), (370, 8), (371, 8), (372, 7), (373, 8), (374, 8),
    (375, 6), (376, 6), (377, 8), (378, 8), (380, 9), (381, 6), (382, 8), (383, 8),
    (385, 7), (386, 5), (387, 8), (389, 8), (420, 9), (421, 6), (423, 7), (500, 5),
    (501, 7), (502, 8), (503, 7), (504, 8), (505, 8), (506, 8), (507, 7), (508, 6),
    (509, 8), (590, 9), (591, 8), (592, 7), (593, 8), (594, 9), (595, 6), (596, 9),
    (597, 6), (598, 4), (599, 7), (670, 7), (672, 6), (673, 7), (674, 7), (675, 7),
    (676, 5), (677, 5), (678, 5), (679, 7), (680, 7), (681, 6), (682, 5), (683, 4),
    (685, 5), (686, 5), (687, 6), (688, 5), (689, 6), (690, 4), (691, 7), (692, 7),
    (800, 8), (808, 8), (850, 8), (852, 5), (853, 7), (855, 8), (856, 8), (870, 9),
    (878, 12), (880, 6), (881, 9), (882, 7), (883, 8), (886, 7), (888, 11), (960, 7),
    (961, 7), (962, 8), (963, 8), (964, 8), (965, 7), (966, 9), (967, 7), (968, 7),
    (970, 8), (971, 5), (972, 7), (973, 8), (974, 7), (975, 7), (976, 8), (977, 8),
    (979, 9), (992, 9), (993, 8), (994, 9), (995, 9), (996, 9), (998, 9),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes() {
        let cases = [
            ("8613123456789", Some((2, 7))),
            ("85291234567", Some((3, 5))),
            ("12025550123", Some((1, 7))),
            ("0123456", None),
            ("9991234567", None),
            ("8", None),
            ("", None),
        ];
        for (digits, expected) in cases {
            let code = CallingCode::of(digits.as_bytes());
            assert_eq!(
                code.map(|code| (code.length, code.shortest)),
                expected,
                "{digits}"
            );
        }
    }

    #[test]
    fn no_code_begins_another_and_they_are_in_order() {
        assert!(CODES.is_sorted_by(|before, after| before.0 < after.0));
        for (code, _) in CODES {
            for (other, _) in CODES {
                let (code, other) = (code.to_string(), other.to_string());
                assert!(
                    code == other || !other.starts_with(&code),
                    "{code} begins {other}"
                );
            }
        }
    }
}
