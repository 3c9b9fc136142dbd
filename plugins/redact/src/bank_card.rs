//! Numbers of bank cards (ISO/IEC 7812): the network's prefix, a length that it
//! has, and a check digit by Luhn.

use std::ops::RangeInclusive;

/// Fewest and most digits of a card.
pub const LENGTHS: RangeInclusive<usize> = 14..=19;

/// A network: a range of prefixes of the same length, and the lengths of its
/// numbers.
struct Network {
    prefixes: RangeInclusive<u32>,
    lengths: RangeInclusive<usize>,
}

const fn network(first: u32, last: u32, shortest: usize, longest: usize) -> Network {
    Network {
        prefixes: first..=last,
        lengths: shortest..=longest,
    }
}

/// `UnionPay` and the older cards of Chinese banks, Visa, Mastercard, American
/// Express, JCB, Discover, Diners Club. Visa numbers of 13 digits are no longer
/// issued, and phone numbers have as many.
const NETWORKS: [Network; 14] = [
    network(62, 62, 16, 19),
    network(81, 81, 16, 19),
    network(9558, 9558, 19, 19),
    network(60, 60, 16, 19),
    network(68, 68, 16, 19),
    network(4, 4, 16, 16),
    network(4, 4, 19, 19),
    network(51, 55, 16, 16),
    network(2221, 2720, 16, 16),
    network(34, 34, 15, 15),
    network(37, 37, 15, 15),
    network(3528, 3589, 16, 19),
    network(644, 659, 16, 19),
    network(36, 39, 14, 14),
];

/// Whether ASCII digits are the number of a card.
pub fn is_bank_card(digits: &[u8]) -> bool {
    LENGTHS.contains(&digits.len())
        && NETWORKS.iter().any(|network| {
            let prefix = prefix(digits, network.prefixes.start().ilog10() as usize + 1);
            network.lengths.contains(&digits.len()) && network.prefixes.contains(&prefix)
        })
        && luhn(digits)
}

fn prefix(digits: &[u8], length: usize) -> u32 {
    let digits = digits.iter().take(length);
    digits.fold(0, |number, digit| number * 10 + u32::from(digit - b'0'))
}

fn luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(
            |(index, digit)| match (index % 2, u32::from(digit - b'0')) {
                (0, digit) => digit,
                (_, digit) if digit > 4 => digit * 2 - 9,
                (_, digit) => digit * 2,
            },
        )
        .sum();
    sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers that the networks publish for tests, and neighbours of them.
    #[test]
    fn cards() {
        let cases = [
            ("4111111111111111", true),
            ("4111111111111112", false),
            ("5555555555554444", true),
            ("2223003122003222", true),
            ("378282246310005", true),
            ("371449635398431", true),
            ("3530111333300000", true),
            ("6011111111111117", true),
            ("6250941006528599", true),
            ("6222021234567890128", true),
            ("6222021234567890129", false),
            ("38520000023237", true),
            ("4222222222222", false),
            ("1111111111111117", false),
            ("1677140072000", false),
            ("8613123456789", false),
            ("", false),
        ];
        for (digits, expected) in cases {
            assert_eq!(is_bank_card(digits.as_bytes()), expected, "{digits}");
        }
    }
}
