//! Finds and reads the cases below a folder.
//!
//! Each `NAME.toml` is a case, and each `NAME.in.json` without one: a record that
//! nothing is said about yet. Folders in the folder group cases; the name of a
//! case is its path without the ending. A `defaults.toml` is no case: it says
//! what the cases of its folder and those below do not say themselves, the
//! nearest one first.
//!
//! How it fails: a file that is wrong is reported with everything that is wrong
//! in it ([`Diagnostics`]), and the other cases are read all the same.

mod check;

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
};

use self::check::Checks;
use super::{Case, Expect, Json};
use crate::config::{Code, Diagnostic, Diagnostics, Location, SourceMap, lone};

/// What a folder's defaults are called.
const DEFAULTS: &str = "defaults";

/// Folders in folders that are looked into.
const MAX_DEPTH: usize = 8;

/// What a folder holds.
#[derive(Debug, Default)]
pub struct Folder {
    /// The cases, by name.
    pub cases: Vec<Named>,
    /// What is wrong with the files that cannot be used.
    pub wrong: Vec<Diagnostics>,
}

/// A case and the files that it was read from.
#[derive(Debug)]
pub struct Named {
    /// Its path below the folder, without the ending.
    pub name: String,
    /// Its TOML file, which may not be there (yet).
    pub file: PathBuf,
    /// Where the record that is expected stands or may be put, if not in the TOML.
    pub out: PathBuf,
    /// The case with everything that defaults and files beside it say. Its texts
    /// are read, its paths start where the gateway does.
    pub case: Case,
    /// Whether the record stands in a file of its own.
    pub is_beside: bool,
}

/// Reads the cases below a folder; none where there is no such folder.
///
/// # Errors
/// When a folder cannot be listed.
pub fn read(folder: &Path) -> io::Result<Folder> {
    let mut found = Folder::default();
    if folder.is_dir() {
        found.read(folder, "", &Case::default(), MAX_DEPTH)?;
    }
    Ok(found)
}

impl Folder {
    fn read(
        &mut self,
        folder: &Path,
        prefix: &str,
        defaults: &Case,
        depth: usize,
    ) -> io::Result<()> {
        let Entries { stems, folders } = Entries::of(folder)?;
        let defaults = match self.defaults(folder) {
            Some(nearer) => nearer.over(defaults.clone()),
            None => defaults.clone(),
        };
        for stem in stems.iter().filter(|stem| *stem != DEFAULTS) {
            match named(folder, stem, prefix, &defaults) {
                Ok(named) => self.cases.push(named),
                Err(wrong) => self.wrong.push(wrong),
            }
        }
        for name in folders.iter().filter(|_| depth > 0) {
            let prefix = format!("{prefix}{name}/");
            self.read(&folder.join(name), &prefix, &defaults, depth - 1)?;
        }
        Ok(())
    }

    fn defaults(&mut self, folder: &Path) -> Option<Case> {
        let path = folder.join(format!("{DEFAULTS}.toml"));
        let read = |(mut case, places)| {
            let mut checks = Checks::new(&places);
            checks.defaults(&case);
            checks.resolve(&mut case, folder);
            checks.finish().map(|()| case)
        };
        match path.is_file().then(|| toml(&path).and_then(read))? {
            Ok(case) => Some(case),
            Err(wrong) => {
                self.wrong.push(wrong);
                None
            }
        }
    }
}

/// What stands in a folder.
#[derive(Default)]
struct Entries {
    /// Names of what may be cases.
    stems: BTreeSet<String>,
    folders: BTreeSet<String>,
}

impl Entries {
    fn of(folder: &Path) -> io::Result<Self> {
        let mut entries = Self::default();
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let Ok(name) = entry.file_name().into_string() else {
                continue;
            };
            if name.starts_with('.') {
                continue;
            }
            if entry.path().is_dir() {
                entries.folders.insert(name);
            } else if let Some(stem) = name
                .strip_suffix(".toml")
                .or_else(|| name.strip_suffix(".in.json"))
            {
                entries.stems.insert(stem.to_owned());
            }
        }
        Ok(entries)
    }
}

fn named(folder: &Path, stem: &str, prefix: &str, defaults: &Case) -> Result<Named, Diagnostics> {
    let file = folder.join(format!("{stem}.toml"));
    let input = folder.join(format!("{stem}.in.json"));
    let out = folder.join(format!("{stem}.out.json"));
    let (mut case, places) = if file.is_file() {
        toml(&file)?
    } else {
        let empty = lone::read(&file, String::new())?;
        (empty.value, empty.places)
    };
    let mut checks = Checks::new(&places);
    let is_beside = input.is_file() || matches!(case.record, Some(Json::File(_)));
    if input.is_file() {
        let said = case.record.replace(Json::file(&input)).is_some();
        checks.said_twice(said, &["record"], &input);
    }
    if out.is_file() {
        let expect = case.expect.get_or_insert_with(Expect::default);
        let said = expect.record.replace(Json::file(&out)).is_some();
        checks.said_twice(said, &["expect", "record"], &out);
    }
    checks.resolve(&mut case, folder);
    let case = case.over(defaults.clone());
    checks.case(&case);
    checks.finish()?;
    Ok(Named {
        name: format!("{prefix}{stem}"),
        file,
        out,
        case,
        is_beside,
    })
}

fn toml(path: &Path) -> Result<(Case, SourceMap), Diagnostics> {
    let text = fs::read_to_string(path).map_err(|error| unreadable(path, &error))?;
    let read = lone::read(path, text)?;
    Ok((read.value, read.places))
}

fn unreadable(path: &Path, error: &io::Error) -> Diagnostics {
    let mut found = Diagnostics::default();
    let message = format!("cannot read the file: {error}");
    let remedy = "name a file that exists, in UTF-8";
    let location = Location::file(path);
    found.push(Diagnostic::error(
        Code::UnreadableFile,
        location,
        "",
        message,
        remedy,
    ));
    found
}
