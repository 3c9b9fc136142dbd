//! Puts other expectations into the text of a case, and leaves everything else as
//! it was written.

use toml::de::{DeTable, DeValue};

const EXPECT: &str = "expect";

/// The text with other expectations (`[expect]` and what belongs to it) in the
/// place of its own, or at its end where it has none. None where it is not TOML,
/// or says what it expects in another way than under `[expect]`.
pub(super) fn splice(text: &str, expect: &str) -> Option<String> {
    let table = DeTable::parse(text).ok()?;
    let said = table
        .get_ref()
        .iter()
        .find(|(key, _)| key.get_ref() == EXPECT);
    let Some((key, _)) = said else {
        let gap = if text.is_empty() { "" } else { "\n" };
        return Some(format!("{}{gap}{expect}", ended(text)));
    };
    let start = line_start(text, key.span().start);
    if !text.get(start..)?.trim_start().starts_with('[') {
        return None;
    }
    let mut others = Vec::new();
    for (key, value) in table.get_ref() {
        if key.get_ref() != EXPECT {
            others.push(key.span().start);
            places(value.get_ref(), &mut others);
        }
    }
    let next = others.into_iter().filter(|&other| other > start).min();
    let end = next.map_or(text.len(), |next| {
        before_notes(text, line_start(text, next))
    });
    // Expectations after that would be found in two places.
    let (before, after) = (text.get(..start)?, text.get(end..)?);
    let gap = if after.is_empty() { "" } else { "\n" };
    let whole = format!("{before}{expect}{gap}{after}");
    DeTable::parse(&whole).is_ok().then_some(whole)
}

/// Where all keys in a value stand.
fn places(value: &DeValue<'_>, found: &mut Vec<usize>) {
    match value {
        DeValue::Table(table) => {
            for (key, value) in table {
                found.push(key.span().start);
                places(value.get_ref(), found);
            }
        }
        DeValue::Array(list) => list.iter().for_each(|item| places(item.get_ref(), found)),
        _ => {}
    }
}

fn line_start(text: &str, at: usize) -> usize {
    let before = text.get(..at).unwrap_or_default();
    before.rfind('\n').map_or(0, |end| end + 1)
}

/// Where the comments and empty lines begin that stand before a line.
fn before_notes(text: &str, line: usize) -> usize {
    let mut start = line;
    while start > 0 {
        let above = line_start(text, start - 1);
        let note = text.get(above..start).unwrap_or_default().trim();
        if !note.starts_with('#') {
            break;
        }
        start = above;
    }
    start
}

/// The text with its last line ended.
fn ended(text: &str) -> String {
    if text.is_empty() || text.ends_with('\n') {
        text.to_owned()
    } else {
        format!("{text}\n")
    }
}

#[cfg(test)]
mod tests {
    use super::splice;

    #[test]
    fn everything_but_the_expectations_stays() {
        let now = "[expect]\nkeep = true\n";
        for (before, expected) in [
            ("", "[expect]\nkeep = true\n"),
            ("a = 1 # why", "a = 1 # why\n\n[expect]\nkeep = true\n"),
            (
                "# what\na = 1\n\n# so be it\n[expect]\ndrop = \"x\" # gone\n\n# rows\n[rows.vip]\n1 = \"x\"\n",
                "# what\na = 1\n\n# so be it\n[expect]\nkeep = true\n\n# rows\n[rows.vip]\n1 = \"x\"\n",
            ),
            (
                "a = '''\n[x]\n'''\n[expect]\nrecord = '''\n[\n[b]\n'''\n[[expect.refused]]\nat = \"\"\n[c]\n",
                "a = '''\n[x]\n'''\n[expect]\nkeep = true\n\n[c]\n",
            ),
        ] {
            assert_eq!(splice(before, now).as_deref(), Some(expected), "{before}");
        }
        for elsewhere in [
            "expect.drop = \"x\"\n",
            "expect = { keep = true }\n",
            "a = ",
        ] {
            assert_eq!(splice(elsewhere, now), None, "{elsewhere}");
        }
    }
}
