//! The languages that plugins are written in.

use std::{fmt, path::Path};

use clap::ValueEnum;

/// A language with a template and a toolchain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Language {
    Rust,
    #[value(alias = "ts")]
    Typescript,
    Python,
}

impl Language {
    /// The one whose package file a folder holds.
    pub(super) fn of(folder: &Path) -> Option<Self> {
        Self::value_variants()
            .iter()
            .copied()
            .find(|language| folder.join(language.package_file()).is_file())
    }

    /// What the language's own tools take a folder to be a package by.
    pub(super) fn package_file(self) -> &'static str {
        match self {
            Self::Rust => "Cargo.toml",
            Self::Typescript => "package.json",
            Self::Python => "pyproject.toml",
        }
    }

    /// Where a template has its code.
    pub(super) fn source(self) -> &'static str {
        match self {
            Self::Rust => "src/lib.rs",
            Self::Typescript => "src/plugin.ts",
            Self::Python => "src/plugin.py",
        }
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Rust => "Rust",
            Self::Typescript => "TypeScript",
            Self::Python => "Python",
        })
    }
}
