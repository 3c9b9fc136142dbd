//! The options that say what a record should have been.

use std::{
    fs,
    io::{Read, Write},
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, bail};
use bytes::Bytes;
use clap::Args;

use crate::record::{Document, Pointer};

/// Members that are set or removed leave everything else as it was written.
#[derive(Debug, Args)]
#[group(required = true, multiple = true)]
pub(super) struct ChangeArgs {
    /// Set the value at a JSON Pointer; a text needs JSON's quotes:
    /// --set /Caller='"008613800138000"'
    #[arg(long, value_name = "POINTER=JSON", value_parser = assignment)]
    set: Vec<(Pointer, String)>,
    /// Remove what stands at a JSON Pointer
    #[arg(long, value_name = "POINTER")]
    remove: Vec<Pointer>,
    /// Take the whole record from a file, or from standard input with -
    #[arg(long, value_name = "FILE", conflicts_with_all = ["set", "remove", "editor"])]
    file: Option<PathBuf>,
    /// Open the record in $VISUAL or $EDITOR
    #[arg(long, conflicts_with_all = ["set", "remove"])]
    editor: bool,
}

fn assignment(text: &str) -> Result<(Pointer, String), String> {
    let (pointer, json) = text.split_once('=').ok_or("expected POINTER=JSON")?;
    let pointer = Pointer::parse(pointer).map_err(|error| error.to_string())?;
    Ok((pointer, json.to_owned()))
}

impl ChangeArgs {
    /// The record as it should be.
    pub(super) fn apply(&self, record: &str) -> anyhow::Result<String> {
        match &self.file {
            Some(path) if path == Path::new("-") => {
                let mut text = String::new();
                std::io::stdin().read_to_string(&mut text)?;
                Ok(text)
            }
            Some(path) => {
                fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
            }
            None if self.editor => in_editor(record),
            None => self.in_place(record),
        }
    }

    fn in_place(&self, record: &str) -> anyhow::Result<String> {
        let mut document = Document::parse(Bytes::copy_from_slice(record.as_bytes()))
            .context("nothing can be set in it; give the whole record with --file or --editor")?;
        for (pointer, json) in &self.set {
            document.set(pointer, json, usize::MAX).with_context(|| {
                format!("cannot set {pointer} (a text needs JSON's quotes, as in '\"text\"')")
            })?;
        }
        for pointer in &self.remove {
            if !document.remove(pointer) {
                bail!("nothing stands at {pointer}");
            }
        }
        Ok(String::from_utf8(document.bytes().to_vec())?)
    }
}

/// Lets a person change the text, in a file that nobody else may read and that is
/// gone afterwards.
fn in_editor(record: &str) -> anyhow::Result<String> {
    let editor = ["VISUAL", "EDITOR"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
        .context("set $VISUAL or $EDITOR, or give the record with --file")?;
    let mut file = tempfile::Builder::new()
        .prefix("record-")
        .suffix(".json")
        .tempfile()?;
    file.write_all(record.as_bytes())?;
    // By the shell, since people write editors with options.
    let status = Command::new("sh")
        .args(["-c", &format!("{editor} \"$1\""), "sh"])
        .arg(file.path())
        .status()
        .with_context(|| format!("cannot run {editor}"))?;
    if !status.success() {
        bail!("{editor} ended with {status}; nothing was done");
    }
    let edited = fs::read_to_string(file.path())?;
    // Editors end the last line, which is no wish to change the record.
    Ok(match edited.strip_suffix('\n') {
        Some(without) if !record.ends_with('\n') => without.to_owned(),
        _ => edited,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(set: &[&str], remove: &[&str]) -> ChangeArgs {
        let remove = remove.iter().map(|text| text.parse().unwrap());
        ChangeArgs {
            set: set.iter().map(|text| assignment(text).unwrap()).collect(),
            remove: remove.collect(),
            file: None,
            editor: false,
        }
    }

    #[test]
    fn what_is_not_meant_stays_as_it_was_written() {
        let record = r#"{ "a" : 1.0, "b":[1,2], "c": 123456789012345678901 }"#;
        for (set, remove, expected) in [
            (
                &["/b/0=2.50"][..],
                &[][..],
                r#"{ "a" : 1.0, "b":[2.50,2], "c": 123456789012345678901 }"#,
            ),
            (
                &[r#"/d="=""#],
                &["/b"],
                r#"{ "a" : 1.0, "c": 123456789012345678901 ,"d":"="}"#,
            ),
        ] {
            let changed = change(set, remove).apply(record).unwrap();
            let plain = |text: &str| text.replace(' ', "");
            assert_eq!(plain(&changed), plain(expected), "{set:?} {remove:?}");
        }
        for (set, remove, words) in [
            (&["/a=x"][..], &[][..], "quotes"),
            (&["/x/y=1"], &[], "cannot set /x/y"),
            (&[], &["/x"], "nothing stands at /x"),
        ] {
            let error = change(set, remove).apply(record).unwrap_err();
            assert!(format!("{error:#}").contains(words), "{error:#}");
        }
        let unreadable = change(&["/a=1"], &[]).apply("{\"a\":").unwrap_err();
        assert!(
            format!("{unreadable:#}").contains("--file"),
            "{unreadable:#}"
        );
    }
}
