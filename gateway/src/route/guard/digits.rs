//! Digits in a text: folded to ASCII, in groups, the separators between them
//! dropped.

use std::borrow::Cow;

/// Groups of digits with nothing but separators between them.
#[derive(Debug, Default)]
pub(super) struct Run {
    /// All digits of the run.
    pub(super) digits: String,
    /// Where each group begins in `digits`.
    pub(super) groups: Vec<usize>,
}

/// The ASCII digit that an ASCII or full-width digit stands for.
pub(super) fn fold(char: char) -> Option<char> {
    match char {
        '0'..='9' => Some(char),
        '０'..='９' => char::from_digit(u32::from(char) - u32::from('０'), 10),
        _ => None,
    }
}

/// A text with its full-width digits and plus signs as ASCII.
pub(super) fn fold_text(text: &str) -> Cow<'_, str> {
    let is_folded = |char| matches!(char, '＋' | '０'..='９');
    if text.is_ascii() || !text.contains(is_folded) {
        return Cow::Borrowed(text);
    }
    let folded = |char| match char {
        '＋' => '+',
        other => fold(other).unwrap_or(other),
    };
    Cow::Owned(text.chars().map(folded).collect())
}

/// Whether a character may part the digits of one number. A mask's characters
/// are none, so that what was masked does not close up.
pub(super) fn is_separator(char: char) -> bool {
    char.is_whitespace()
        || matches!(
            char,
            '-' | '.' | '(' | ')' | '[' | ']' | '/' | '+' | '_' | ',' | ';' | ':' | '\'' | '~'
                | '·' | '\u{ad}' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{ff0d}' | '\u{30fc}'
                | '（' | '）' | '．' | '／' | '＋' | '，' | '：' | '～'
                // Invisible: zero width, joiners, direction marks.
                | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}'
                | '\u{feff}'
        )
}

/// Whether `wanted` is true of any run of a text.
pub(super) fn any_run(text: &str, mut wanted: impl FnMut(&Run) -> bool) -> bool {
    let mut run = Run::default();
    let mut in_group = false;
    for char in text.chars() {
        if let Some(digit) = fold(char) {
            if !in_group {
                run.groups.push(run.digits.len());
            }
            run.digits.push(digit);
            in_group = true;
            continue;
        }
        in_group = false;
        if !is_separator(char) && !run.digits.is_empty() {
            if wanted(&run) {
                return true;
            }
            run.digits.clear();
            run.groups.clear();
        }
    }
    !run.digits.is_empty() && wanted(&run)
}

impl Run {
    /// Every text that consists of whole groups next to each other and has one
    /// of these lengths.
    pub(super) fn whole(
        &self,
        lengths: std::ops::RangeInclusive<usize>,
    ) -> impl Iterator<Item = &str> {
        self.groups
            .iter()
            .enumerate()
            .flat_map(move |(at, &start)| {
                let lengths = lengths.clone();
                let ends = self.groups.iter().skip(at + 1).copied();
                ends.chain([self.digits.len()])
                    .take_while({
                        let longest = *lengths.end();
                        move |end| end - start <= longest
                    })
                    .filter(move |end| lengths.contains(&(end - start)))
                    .filter_map(move |end| self.digits.get(start..end))
            })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn runs(text: &str) -> Vec<(String, Vec<usize>)> {
        let mut runs = Vec::new();
        any_run(text, |run| {
            runs.push((run.digits.clone(), run.groups.clone()));
            false
        });
        runs
    }

    #[test]
    fn finds_runs_and_groups() {
        type Runs = &'static [(&'static str, &'static [usize])];
        let cases: [(&str, Runs); 6] = [
            ("none", &[]),
            ("131-2345 6789", &[("13123456789", &[0, 3, 7])]),
            ("１３1\u{200b}2", &[("1312", &[0, 3])]),
            ("131****6789", &[("131", &[0]), ("6789", &[0])]),
            ("184xxxx7605", &[("184", &[0]), ("7605", &[0])]),
            ("+86 (0755) a 1", &[("860755", &[0, 2]), ("1", &[0])]),
        ];
        for (text, expected) in cases {
            let found = runs(text);
            let found: Vec<(&str, &[usize])> = found
                .iter()
                .map(|(digits, groups)| (digits.as_str(), groups.as_slice()))
                .collect();
            assert_eq!(found, expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn folding_leaves_what_is_not_folded(text in "[0-9０-９+＋a号 -]{0,30}|.{0,30}") {
            let each = |char| if char == '＋' { '+' } else { fold(char).unwrap_or(char) };
            let expected: String = text.chars().map(each).collect();
            prop_assert_eq!(fold_text(&text), expected);
        }
    }

    #[test]
    fn whole_groups_only() {
        let mut found = Vec::new();
        any_run("0755 8888 6666 5", |run| {
            found.extend(run.whole(7..=8).map(str::to_owned));
            false
        });
        assert_eq!(found, ["07558888", "88886666"]);
    }
}
