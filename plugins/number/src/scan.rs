//! The digits of a text, in groups and chains.
//!
//! A *group* is a run of digits with nothing between them; a *chain* is a run
//! of groups with nothing but separators between them, at most
//! [`WIDEST_GAP`] of them. One number is always inside one chain. A *run* goes
//! on over any number of separators, white space, commas and colons: where the
//! gateway's egress contract looks for the digits of a known number.

use std::ops::Range;

use smallvec::SmallVec;

use crate::{Glyph, identifier::Tracker};

/// Separators between two groups of one number, as libphonenumber has it.
const WIDEST_GAP: usize = 4;

/// Digits that a text usually has at most, and groups of them: so many need no
/// allocation.
const USUAL: usize = 32;
const USUAL_GROUPS: usize = 8;

/// The digits of one text.
#[derive(Debug, Clone, Default)]
pub struct Scan {
    /// The digits as ASCII, without anything between them.
    digits: SmallVec<[u8; USUAL]>,
    /// Where each digit stands in the text: offset and length in bytes.
    places: SmallVec<[(u32, u8); USUAL]>,
    groups: SmallVec<[Group; USUAL_GROUPS]>,
    chains: SmallVec<[Chain; USUAL_GROUPS]>,
    runs: SmallVec<[Range<usize>; USUAL_GROUPS]>,
}

/// A run of digits with nothing between them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Which digits of the scan.
    pub digits: Range<usize>,
    /// A plus sign stands before it.
    pub plus: bool,
}

/// A run of groups with only separators between them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    /// Which groups of the scan.
    pub groups: Range<usize>,
    /// A mask character stands before or after it: it is what is left visible
    /// of a masked number.
    pub masked: bool,
    /// It belongs to an identifier, such as a UUID.
    pub identifier: bool,
}

impl Scan {
    /// Reads a text of at most 4 GiB; what comes after is not read.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let mut reader = Reader::default();
        let mut offset = 0;
        let mut read = Glyph::at(text, offset);
        while let Some((glyph, length)) = read {
            let Ok(place) = u32::try_from(offset) else {
                break;
            };
            reader.identify(text, offset, glyph, length);
            offset += length;
            read = Glyph::at(text, offset);
            reader.take(glyph, read.map(|(next, _)| next), place, length);
        }
        reader.close_run(false);
        reader.scan
    }

    /// The digits as ASCII.
    #[must_use]
    pub fn digits(&self) -> &[u8] {
        &self.digits
    }

    /// The groups in their order.
    #[must_use]
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// The chains in their order.
    #[must_use]
    pub fn chains(&self) -> &[Chain] {
        &self.chains
    }

    /// The runs in their order, as groups.
    #[must_use]
    pub fn runs(&self) -> &[Range<usize>] {
        &self.runs
    }

    /// Where a digit stands in the text, in bytes.
    #[must_use]
    pub fn place(&self, digit: usize) -> Range<usize> {
        self.places.get(digit).map_or(0..0, |&(offset, length)| {
            let offset = offset as usize;
            offset..offset + usize::from(length)
        })
    }

    /// The digits from the first of one group to the last of another.
    #[must_use]
    pub fn span(&self, groups: Range<usize>) -> Range<usize> {
        match self.groups.get(groups) {
            Some([first, .., last]) => first.digits.start..last.digits.end,
            Some([only]) => only.digits.clone(),
            _ => 0..0,
        }
    }
}

/// What is known while a text is read from left to right.
#[derive(Default)]
struct Reader {
    scan: Scan,
    /// First group of the open run.
    run: usize,
    /// First group of the open chain.
    chain: usize,
    /// A mask stands before the open chain.
    chain_after_mask: bool,
    /// Nothing but separators since a plus sign.
    plus: bool,
    /// Nothing but separators since a mask.
    after_mask: bool,
    /// Separators since the last digit.
    gap: usize,
    identifiers: Tracker,
}

impl Reader {
    /// Chains do not cross the borders of identifiers. A chain is closed before
    /// the tracker moves on, while it still knows what the chain was part of.
    fn identify(&mut self, text: &str, offset: usize, glyph: Glyph, length: usize) {
        let is_word = matches!(glyph, Glyph::Digit(_) | Glyph::Letter | Glyph::Cross);
        let begins = self
            .identifiers
            .begins(text, offset, is_word && length == 1);
        if begins.is_some() || self.identifiers.ends(offset) {
            self.close_chain(false);
        }
        if let Some(length) = begins {
            self.identifiers.enter(offset + length);
        }
    }

    fn is_identifier(&self) -> bool {
        let first = self.scan.groups.get(self.chain);
        let place = first.map(|group| self.scan.place(group.digits.start));
        place.is_some_and(|place| self.identifiers.covers(place.start))
    }

    /// The last glyph was a digit.
    fn in_group(&self) -> bool {
        self.gap == 0 && self.chain < self.scan.groups.len()
    }

    fn take(&mut self, glyph: Glyph, next: Option<Glyph>, offset: u32, length: usize) {
        let beside_mask = self.after_mask || matches!(next, Some(Glyph::Mask | Glyph::Cross));
        let beside_digit = self.in_group() || matches!(next, Some(Glyph::Digit(_)));
        match glyph {
            Glyph::Digit(digit) => self.digit(digit, offset, length),
            Glyph::Separator => self.separate(),
            Glyph::Plus => {
                self.separate();
                self.plus = true;
            }
            Glyph::Loose => self.close_chain(false),
            Glyph::Mask if beside_mask || beside_digit => self.mask(),
            Glyph::Cross if beside_mask => self.mask(),
            Glyph::Mask | Glyph::Cross | Glyph::Letter | Glyph::Other => self.close_run(false),
        }
    }

    fn mask(&mut self) {
        self.close_run(true);
        self.after_mask = true;
    }

    fn digit(&mut self, digit: u8, offset: u32, length: usize) {
        let next = self.scan.digits.len();
        if !self.in_group() {
            if self.chain == self.scan.groups.len() {
                self.chain_after_mask = self.after_mask;
            }
            self.scan.groups.push(Group {
                digits: next..next,
                plus: self.plus,
            });
        }
        self.scan.digits.push(digit);
        // The longest glyph is nine bytes.
        self.scan
            .places
            .push((offset, u8::try_from(length).unwrap_or(u8::MAX)));
        if let Some(group) = self.scan.groups.last_mut() {
            group.digits.end = next + 1;
        }
        self.gap = 0;
        (self.plus, self.after_mask) = (false, false);
    }

    fn separate(&mut self) {
        self.gap += 1;
        if self.gap > WIDEST_GAP {
            self.close_chain(false);
        }
    }

    fn close_run(&mut self, before_mask: bool) {
        self.close_chain(before_mask);
        let groups = self.run..self.scan.groups.len();
        if !groups.is_empty() {
            self.run = groups.end;
            self.scan.runs.push(groups);
        }
    }

    fn close_chain(&mut self, before_mask: bool) {
        let groups = self.chain..self.scan.groups.len();
        if !groups.is_empty() {
            let identifier = self.is_identifier();
            self.chain = groups.end;
            self.scan.chains.push(Chain {
                groups,
                masked: before_mask || self.chain_after_mask,
                identifier,
            });
        }
        self.gap = 0;
        (self.plus, self.after_mask) = (false, false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Chains between `|`, groups between spaces; `~` masked, `#` identifier.
    fn drawn(text: &str) -> String {
        let scan = Scan::of(text);
        let chain = |chain: &Chain| {
            let mark = if chain.masked { "~" } else { "" };
            let mark = if chain.identifier { "#" } else { mark };
            let groups = scan.groups()[chain.groups.clone()].iter().map(|group| {
                let digits = String::from_utf8_lossy(&scan.digits()[group.digits.clone()]);
                format!("{}{digits}", if group.plus { "+" } else { "" })
            });
            format!("{mark}{}", groups.collect::<Vec<_>>().join(" "))
        };
        scan.chains()
            .iter()
            .map(chain)
            .collect::<Vec<_>>()
            .join("|")
    }

    #[test]
    fn groups_and_chains() {
        let cases = [
            ("", ""),
            ("no digits", ""),
            (
                "客户改号 131-2345-6789,晚上 0755 8888 6666",
                "131 2345 6789|0755 8888 6666",
            ),
            (r#"{"tel":"+8613123456789","n":1}"#, "+8613123456789|1"),
            ("+ (86) 131", "+86 131"),
            ("%2B86%20131", "+86 131"),
            ("tel=+86１３１", "+86131"),
            ("A20241122-0091", "20241122 0091"),
            ("131     2345", "131|2345"),
            ("184xxxx7605", "~184|~7605"),
            ("0086 184 **** 7605", "~0086 184|~7605"),
            ("*******7605", "~7605"),
            ("131 x 2345", "131|2345"),
            ("131x2345", "131|2345"),
            ("131xx2345", "~131|~2345"),
            ("131*2345", "~131|~2345"),
            ("131,2345:6", "131|2345|6"),
            (
                "99a1c8f8-eb3d-4xxx-8401-5f6aa8761232-131",
                "#99|#1|#8|#8|#3|#4|#8401 5|#6|#8761232|131",
            ),
            ("vm/13123456789-1732240999.mp3", "13123456789 1732240999|3"),
        ];
        for (text, expected) in cases {
            assert_eq!(drawn(text), expected, "{text}");
        }
    }

    #[test]
    fn runs_go_on_over_more_than_chains() {
        let drawn = |text: &str| {
            let scan = Scan::of(text);
            let runs = scan.runs().iter().map(|run| {
                String::from_utf8_lossy(&scan.digits()[scan.span(run.clone())]).into_owned()
            });
            runs.collect::<Vec<_>>().join("|")
        };
        for (text, expected) in [
            ("131,\n2345:      6789", "13123456789"),
            ("131****6789", "131|6789"),
            ("131\"2345", "131|2345"),
            ("131x2345", "131|2345"),
        ] {
            assert_eq!(drawn(text), expected, "{text}");
        }
    }

    #[test]
    fn places_cover_what_was_written() {
        let text = "打 %EF%BC%911３";
        let scan = Scan::of(text);
        let written: Vec<&str> = (0..3).map(|digit| &text[scan.place(digit)]).collect();
        assert_eq!(written, ["%EF%BC%91", "1", "３"]);
        assert_eq!(scan.digits(), b"113");
        assert_eq!(scan.place(3), 0..0);
    }
}
