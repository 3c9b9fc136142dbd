//! Writes cases: new ones, such as a record on which a plugin failed, and what
//! was found into those that are there.
//!
//! Long records go to files of their own beside the case, where editors know them
//! for what they are.

mod splice;

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde::Serialize;
use serde_json::Value;

use self::splice::splice;
use super::{Case, Expect, Found, Json, Outcome, folder::Named, text};
use crate::record::{Document, Pointer};

/// Records up to this length stand in the case itself, in bytes: about two lines.
const MAX_INLINE_BYTES: usize = 200;

/// Why a case could not be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// It is there already.
    #[error("{} is there already; choose another name", .0.display())]
    Exists(PathBuf),
    /// The system refused.
    #[error("cannot write {path}: {source}")]
    Io {
        /// The file.
        path: String,
        /// What the system said.
        source: io::Error,
    },
    /// TOML has no way to say it; a config with null in it is such a case.
    #[error("cannot be written as TOML: {0}")]
    NotToml(#[from] toml::ser::Error),
    /// What is expected is not written as a table of its own.
    #[error(
        "{0} does not say what it expects under [expect]; write it so, or take it out, for --update to find its place"
    )]
    NoPlace(String),
}

/// A file of a case: the end of its name, such as `.toml`, and its text.
pub type File = (&'static str, String);

/// The files of a case that stands nowhere yet.
///
/// # Errors
/// When TOML cannot say it.
pub fn files(case: &Case) -> Result<Vec<File>, WriteError> {
    let mut case = case.clone();
    let mut files = Vec::new();
    // As it came, white space and all: that may be what it is about.
    files.extend(beside(&mut case.record).map(|text| (".in.json", text)));
    let out = case.expect.as_mut().map(|expect| &mut expect.record);
    let out = out.and_then(beside);
    files.extend(out.map(|text| (".out.json", format!("{}\n", text::pretty(&text)))));
    files.push((".toml", toml(&case)?));
    Ok(files)
}

/// Takes out a record that is too long to stand in the case.
fn beside(record: &mut Option<Json>) -> Option<String> {
    let text = record.as_ref().and_then(Json::text)?;
    let is_long = text.len() > MAX_INLINE_BYTES || text.contains('\n');
    let text = is_long.then(|| text.to_owned())?;
    *record = None;
    Some(text)
}

/// A case as TOML.
///
/// # Errors
/// When TOML cannot say it.
pub fn toml(case: &Case) -> Result<String, WriteError> {
    Ok(toml::to_string(case)?)
}

/// Writes a new case into a folder, and returns its TOML file.
///
/// # Errors
/// When a case of that name is there, or it cannot be written.
pub fn save(folder: &Path, name: &str, case: &Case) -> Result<PathBuf, WriteError> {
    let files = files(case)?;
    let path = |ending: &str| folder.join(format!("{name}{ending}"));
    for ending in [".toml", ".in.json", ".out.json"] {
        if path(ending).exists() {
            return Err(WriteError::Exists(path(ending)));
        }
    }
    for (ending, text) in files {
        write(&path(ending), &text)?;
    }
    Ok(path(".toml"))
}

/// Writes what was found into a case as its expectations. All else in its file
/// stays as it is, comments included.
///
/// # Errors
/// When a file cannot be written.
pub fn update(named: &Named, found: &Found) -> Result<(), WriteError> {
    let mut expect = found.as_expected(&named.case);
    in_its_own_way(&mut expect, &named.case, found);
    let own_file = named.is_beside || named.out.is_file();
    match expect.record.take_if(|_| own_file) {
        Some(Json::Text(record)) => write(&named.out, &format!("{}\n", text::pretty(&record)))?,
        _ if named.out.is_file() => fs::remove_file(&named.out).map_err(io(&named.out))?,
        _ => {}
    }
    if expect == Expect::default() && !named.file.is_file() {
        return Ok(());
    }
    let text = match fs::read_to_string(&named.file) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(io(&named.file)(error)),
    };
    let text = splice(&text, &toml::to_string(&Expected { expect: &expect })?)
        .ok_or_else(|| WriteError::NoPlace(named.file.display().to_string()))?;
    write(&named.file, &text)
}

/// The part of a case that an update writes.
#[derive(Serialize)]
struct Expected<'a> {
    expect: &'a Expect,
}

/// A case that names members goes on naming them, rather than the whole record.
fn in_its_own_way(expect: &mut Expect, case: &Case, found: &Found) {
    let Some(before) = &case.expect else { return };
    let Outcome::Kept(kept) = &found.outcome else {
        return;
    };
    let names_members = before.members.is_some() || before.absent.is_some();
    if !names_members || before.record.is_some() || before.unchanged.is_some() {
        return;
    }
    let Ok(document) = Document::parse(kept.record.clone().into()) else {
        return;
    };
    let members = before.members.iter().flat_map(|members| members.keys());
    let mut now = Expect::default();
    for pointer in members.chain(before.absent.iter().flatten()) {
        let found = Pointer::parse(pointer).ok();
        let found = found.and_then(|pointer| document.get(&pointer));
        let found = found.map(|json| serde_json::from_str::<Value>(&json).unwrap_or_default());
        match found {
            // TOML has no null: only the whole record can say it.
            Some(Value::Null) => return,
            Some(value) => {
                let members = now.members.get_or_insert_default();
                members.insert(pointer.clone(), value);
            }
            None => now.absent.get_or_insert_default().push(pointer.clone()),
        }
    }
    expect.record = None;
    expect.unchanged = None;
    expect.members = now.members;
    expect.absent = now.absent;
}

fn write(path: &Path, text: &str) -> Result<(), WriteError> {
    let write = || {
        path.parent().map_or(Ok(()), fs::create_dir_all)?;
        fs::write(path, text)
    };
    write().map_err(io(path))
}

fn io(path: &Path) -> impl Fn(io::Error) -> WriteError {
    let path = path.display().to_string();
    move |source| WriteError::Io {
        path: path.clone(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{case::folder, record::Kind};

    #[test]
    fn what_is_saved_is_read_as_it_was() {
        let long = format!(
            r#"{{ "Uui": "{}", "n": 1.0 }}"#,
            "x".repeat(MAX_INLINE_BYTES)
        );
        for (name, record) in [("short", r#"{"Uui": "it's"}"#), ("long", long.as_str())] {
            let folder = tempfile::tempdir().unwrap();
            let config = serde_json::json!({ "rules": [{ "drop": "x", "n": 1.5 }], "z": true });
            let case = Case {
                about: Some("a \"record\"\nof yesterday".to_owned()),
                config: config.as_object().cloned(),
                kind: Some(Kind::Voicemail),
                tags: Some([("a".to_owned(), "b".to_owned())].into()),
                received: Some("2026-11-01T00:00:00.5Z".parse().unwrap()),
                record: Some(Json::Text(record.to_owned())),
                expect: Some(Expect {
                    failure: Some("panic".to_owned()),
                    message: Some("panicked: it's gone".to_owned()),
                    ..Expect::default()
                }),
                ..Case::default()
            };
            save(folder.path(), name, &case).unwrap();
            let read = folder::read(folder.path()).unwrap();
            assert!(read.wrong.is_empty(), "{:?}", read.wrong);
            assert_eq!(read.cases[0].case, case, "{name}");
            assert_eq!(read.cases[0].is_beside, name == "long");
            let again = save(folder.path(), name, &case).unwrap_err();
            assert!(matches!(again, WriteError::Exists(_)), "{again}");
        }
    }
}
