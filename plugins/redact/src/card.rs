//! Numbers of cards in a text: whole groups of digits, as people write them.

use std::ops::Range;

use cdr_number::{Chain, Scan};

use crate::{
    bank_card::{self, is_bank_card},
    id_card::{self, is_id_card},
    kind::Kind,
};

/// A card in a text, in bytes.
pub type Card = (Range<usize>, Kind);

/// How the digits of cards are grouped, beside all in one and in fours.
const ID_GROUPS: [&[usize]; 3] = [&[6, 8, 4], &[6, 8, 3], &[6, 6, 3]];
const AMERICAN_EXPRESS: &[usize] = &[4, 6, 5];

/// How a tenth check character is written.
const X: [&str; 3] = ["X", "x", "Ｘ"];

/// The cards in a text. Identifiers and what is masked hold none.
pub fn in_text(text: &str, scan: &Scan) -> Vec<Card> {
    let mut found = Vec::new();
    let chains = scan.chains().iter();
    for chain in chains.filter(|chain| !chain.identifier && !chain.masked) {
        let mut first = chain.groups.start;
        while first < chain.groups.end {
            first = match card(text, scan, chain, first) {
                Some((card, next)) => {
                    found.push(card);
                    next
                }
                None => first + 1,
            };
        }
    }
    found
}

/// The longest card that begins with a group, and the group after it.
fn card(text: &str, scan: &Scan, chain: &Chain, first: usize) -> Option<(Card, usize)> {
    if scan.groups().get(first)?.plus {
        return None;
    }
    (first + 1..=chain.groups.end).rev().find_map(|next| {
        let (place, kind) = kind(text, scan, first..next)?;
        Some(((place, kind), next))
    })
}

fn kind(text: &str, scan: &Scan, groups: Range<usize>) -> Option<Card> {
    let all = scan.span(groups.clone());
    let mut digits = scan.digits().get(all.clone())?.to_vec();
    let place = scan.place(all.start).start..scan.place(all.end - 1).end;
    if digits.len() > *bank_card::LENGTHS.end() {
        return None;
    }
    let lengths: Vec<usize> = scan
        .groups()
        .get(groups)?
        .iter()
        .map(|group| group.digits.len())
        .collect();
    if is_bank_card(&digits) && is_bank_grouping(&lengths) && !beside_letter(text, &place) {
        return Some((place, Kind::BankCard));
    }
    let is_id_grouping = lengths.len() == 1 || ID_GROUPS.contains(&lengths.as_slice());
    if !is_id_grouping {
        return None;
    }
    if digits.len() == id_card::LENGTH - 1 {
        let length = check_character(text, place.end)?;
        digits.push(b'X');
        return is_id_card(&digits).then_some((place.start..place.end + length, Kind::IdCard));
    }
    is_id_card(&digits).then_some((place, Kind::IdCard))
}

/// The length of an `X` that ends a word at an offset.
fn check_character(text: &str, offset: usize) -> Option<usize> {
    let rest = text.get(offset..)?;
    let x = X.iter().find(|x| rest.starts_with(**x))?;
    let next = rest.get(x.len()..)?.chars().next();
    let ends = next.is_none_or(|next| !next.is_ascii_alphanumeric());
    ends.then_some(x.len())
}

fn is_bank_grouping(lengths: &[usize]) -> bool {
    match lengths {
        [_] => true,
        [rest @ .., last] => {
            (rest.iter().all(|length| *length == 4) && *last <= 4) || lengths == AMERICAN_EXPRESS
        }
        [] => false,
    }
}

/// Whether a letter stands directly beside a place: then it is part of a longer
/// name, such as that of an order.
fn beside_letter(text: &str, place: &Range<usize>) -> bool {
    let before = text
        .get(..place.start)
        .and_then(|text| text.chars().next_back());
    let after = text.get(place.end..).and_then(|text| text.chars().next());
    let is_letter = |char: Option<char>| char.is_some_and(|char| char.is_ascii_alphabetic());
    is_letter(before) || is_letter(after)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cards() {
        use Kind::{BankCard, IdCard};
        let cases: &[(&str, &[(&str, Kind)])] = &[
            (
                "身份证11010519491231002X,谢谢",
                &[("11010519491231002X", IdCard)],
            ),
            ("11010519491231002x", &[("11010519491231002x", IdCard)]),
            ("110105 19491231 002X", &[("110105 19491231 002X", IdCard)]),
            ("110105491231002", &[("110105491231002", IdCard)]),
            (
                "１１０１０５１９４９１２３１００２Ｘ",
                &[("１１０１０５１９４９１２３１００２Ｘ", IdCard)],
            ),
            (
                "卡号 6222 0212 3456 7890 128",
                &[("6222 0212 3456 7890 128", BankCard)],
            ),
            ("6222021234567890128", &[("6222021234567890128", BankCard)]),
            (
                "4111-1111-1111-1111 x",
                &[("4111-1111-1111-1111", BankCard)],
            ),
            ("%34111111111111111", &[("%34111111111111111", BankCard)]),
            ("3782 822463 10005", &[("3782 822463 10005", BankCard)]),
            (
                "4111111111111111, 11010519491231002X",
                &[
                    ("4111111111111111", BankCard),
                    ("11010519491231002X", IdCard),
                ],
            ),
            ("A4111111111111111", &[]),
            ("94111111111111111", &[]),
            ("11010519491231002X1", &[]),
            ("411111 1111111111", &[]),
            ("4111 1111 1111 1112", &[]),
            ("110105194912310021", &[]),
            ("+4915112345678", &[]),
            ("008613123456789", &[]),
            ("1677140072 1677140081", &[]),
            ("1400482256-20241122-0091", &[]),
            ("99a1c8f8-eb3d-4xxx-8401-4111111111111111", &[]),
            ("4111****1111", &[]),
            ("", &[]),
        ];
        for (text, expected) in cases {
            let scan = Scan::of(text);
            let found: Vec<_> = in_text(text, &scan)
                .into_iter()
                .map(|(place, kind)| (&text[place], kind))
                .collect();
            assert_eq!(found, *expected, "{text}");
        }
    }
}
