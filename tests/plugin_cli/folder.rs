//! A plugin's folder, as an author has it.

use std::{fs, path::PathBuf, process::Output};

use tempfile::TempDir;

use super::plugin;
use crate::harness::hostile;

/// A folder with a component, as `plugin build` leaves it.
pub struct Folder(TempDir);

impl Folder {
    pub fn new() -> Self {
        let folder = Self(tempfile::tempdir().expect("a directory"));
        fs::create_dir(folder.path("target")).expect("a directory");
        fs::copy(hostile(), folder.path("target/plugin.wasm")).expect("a copy");
        folder
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) -> &Self {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
        fs::write(path, text).expect("a file");
        self
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).expect("a file")
    }

    pub fn run(&self, command: &str, arguments: &[&str]) -> Output {
        plugin(self.0.path(), &[&[command], arguments].concat())
    }

    pub fn test(&self, arguments: &[&str]) -> Output {
        self.run("test", arguments)
    }
}
