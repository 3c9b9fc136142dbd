//! The files of a new plugin, out of `plugin-sdk/` of this gateway's source:
//!
//! | of | become |
//! | --- | --- |
//! | `templates/common`, `templates/LANGUAGE` | the folder, with the plugin's name filled in |
//! | the language's SDK, `wit` | `sdk/` |
//!
//! The SDK comes along instead of from a registry, so that a folder builds
//! wherever its language's own packages can be had, against the contract of the
//! gateway that made it.

use super::sdk;
use crate::cli::plugin::language::Language;

include!(concat!(env!("OUT_DIR"), "/plugin_sdk.rs"));

/// What the plugin's name takes the place of in a template.
const NAME: &str = "{{name}}";

/// One file, its path relative to the folder.
pub(super) struct File {
    pub(super) path: String,
    pub(super) text: String,
}

pub(super) fn of(language: Language, name: &str) -> anyhow::Result<Vec<File>> {
    let mut files: Vec<_> = ["templates/common/", templates(language)]
        .into_iter()
        .flat_map(|folder| below(folder, ""))
        .map(|file| File {
            text: file.text.replace(NAME, name),
            ..file
        })
        .collect();
    match language {
        Language::Rust => {
            files.extend(below("src/", "sdk/src/"));
            files.extend(sdk::manifests()?);
        }
        Language::Typescript => files.extend(below("typescript/", "sdk/")),
        Language::Python => files.extend(below("python/", "sdk/")),
    }
    files.extend(below("wit/", "sdk/wit/"));
    Ok(files)
}

fn templates(language: Language) -> &'static str {
    match language {
        Language::Rust => "templates/rust/",
        Language::Typescript => "templates/typescript/",
        Language::Python => "templates/python/",
    }
}

/// The files of a folder of `plugin-sdk/`, as a folder of the plugin.
fn below(folder: &'static str, place: &'static str) -> impl Iterator<Item = File> {
    PLUGIN_SDK.iter().filter_map(move |&(path, text)| {
        let rest = path.strip_prefix(folder)?;
        Some(File {
            path: format!("{place}{rest}"),
            text: text.to_owned(),
        })
    })
}

/// The text of one file of `plugin-sdk/`.
pub(super) fn text(path: &str) -> Option<&'static str> {
    PLUGIN_SDK
        .iter()
        .find_map(|&(candidate, text)| (candidate == path).then_some(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_is_filled_in_and_everything_is_there() {
        for (language, expected) in [
            (
                Language::Rust,
                ["Cargo.lock", "sdk/Cargo.toml", "sdk/src/lib.rs"],
            ),
            (
                Language::Typescript,
                ["package-lock.json", "sdk/build.mjs", "sdk/index.ts"],
            ),
            (
                Language::Python,
                [
                    "requirements.txt",
                    "sdk/build.py",
                    "sdk/cdr_plugin_sdk/__init__.py",
                ],
            ),
        ] {
            let files = of(language, "short-calls").unwrap();
            let all = ["README.md", ".gitignore", "sdk/wit/cdr-plugin.wit"];
            let of_the_language = [language.package_file(), language.source()];
            for path in expected.into_iter().chain(all).chain(of_the_language) {
                assert!(
                    files.iter().any(|file| file.path == path),
                    "{language}: {path}"
                );
            }
            for file in &files {
                assert!(!file.text.contains(NAME), "{language}: {}", file.path);
            }
            let package = language.package_file();
            let package = files.iter().find(|file| file.path == package).unwrap();
            assert!(package.text.contains("short-calls"), "{language}");
        }
    }

    /// The field's keys stand in the Rust SDK as `= "Key"`.
    #[test]
    fn the_sdks_know_the_same_fields() {
        let typescript = text("typescript/tccc.ts").unwrap();
        let views = PLUGIN_SDK
            .iter()
            .filter(|(path, text)| path.starts_with("src/tccc/") && text.contains("view! {"));
        let keys = views.flat_map(|(_, text)| {
            let quoted = text
                .lines()
                .filter_map(|line| line.split_once(" = \"")?.1.split_once('"'));
            quoted.map(|(key, _)| key)
        });
        let missing: Vec<_> = keys
            .filter(|key| !typescript.contains(&format!("\n  {key}: ")))
            .collect();
        assert!(missing.is_empty(), "tccc.ts lacks {missing:?}");
    }
}
