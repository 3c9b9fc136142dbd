//! What was built in a plugin's folder.
//!
//! `plugin build` leaves a component in `target` in every language; cargo alone
//! leaves it deeper, of a workspace's member further up. The newest counts.

use std::{
    fs,
    path::{Path, PathBuf},
    time::SystemTime,
};

use anyhow::bail;

/// The profiles that cargo may have built with.
const PROFILES: [&str; 3] = ["release", "guest", "debug"];

/// The component of a folder.
pub(super) fn component(folder: &Path) -> anyhow::Result<PathBuf> {
    // An empty path is the working directory, which is left out of what is shown.
    let mut found = components_in(&folder.join("target"));
    if let Some(crate_name) = crate_name(folder) {
        found.extend(by_cargo(folder, &crate_name));
    }
    found.sort();
    match found.pop() {
        Some((_, newest)) => Ok(newest),
        None => bail!(
            "no component was built in {}: run `cdr-gateway plugin build` there first, or name the .wasm file itself",
            shown(folder).display()
        ),
    }
}

/// A folder as people call it.
fn shown(folder: &Path) -> &Path {
    if folder.as_os_str().is_empty() {
        Path::new("this folder")
    } else {
        folder
    }
}

/// The components directly in a folder, each with the time of its build.
fn components_in(folder: &Path) -> Vec<(SystemTime, PathBuf)> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter_map(|entry| built(entry.path())).collect()
}

/// The same, of a crate, in the target directory of its own or of a workspace
/// that it is in.
fn by_cargo(folder: &Path, crate_name: &str) -> Vec<(SystemTime, PathBuf)> {
    let folder = Path::new(".").join(folder).canonicalize();
    let folder = folder.unwrap_or_default();
    let targets = folder
        .ancestors()
        .map(|above| above.join("target/wasm32-wasip2"));
    targets
        .flat_map(|target| PROFILES.map(|profile| target.join(profile)))
        .filter_map(|profile| built(profile.join(format!("{crate_name}.wasm"))))
        .collect()
}

/// A file of the plugin that was changed after the component was built; the
/// newest of them.
pub(super) fn newer_source(folder: &Path, component: &Path) -> Option<PathBuf> {
    let built = fs::metadata(component).ok()?.modified().ok()?;
    let mut newest = None;
    collect(folder, MAX_SOURCE_DEPTH, &mut newest);
    let (modified, path) = newest?;
    (modified > built).then_some(path)
}

/// Folders in folders that may hold sources.
const MAX_SOURCE_DEPTH: usize = 6;

/// What holds no sources: cases and tests, what tools bring along and what they make.
const NO_SOURCES: [&str; 6] = [
    "cases",
    "tests",
    "target",
    "node_modules",
    "dist",
    "__pycache__",
];

fn collect(folder: &Path, depth: usize, newest: &mut Option<(SystemTime, PathBuf)>) {
    let here = Path::new(".").join(folder);
    for entry in fs::read_dir(here).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with('.') || NO_SOURCES.contains(&&*name) {
            continue;
        }
        let Ok(metadata) = entry.metadata() else {
            continue;
        };
        if metadata.is_dir() && depth > 0 {
            collect(&folder.join(&*name), depth - 1, newest);
        } else if let Ok(modified) = metadata.modified()
            && metadata.is_file()
            && is_source(&name)
            && newest.as_ref().is_none_or(|(known, _)| *known < modified)
        {
            *newest = Some((modified, folder.join(&*name)));
        }
    }
}

/// Whether a component is made of it. Records, configurations and cases have the
/// endings of packages' files, too, so those count by their names.
fn is_source(name: &str) -> bool {
    const CODE: [&str; 6] = [".rs", ".ts", ".js", ".mjs", ".py", ".wit"];
    const OF_PACKAGES: [&str; 5] = [
        "Cargo.toml",
        "package.json",
        "tsconfig.json",
        "pyproject.toml",
        "requirements.txt",
    ];
    OF_PACKAGES.contains(&name) || CODE.iter().any(|ending| name.ends_with(ending))
}

fn built(path: PathBuf) -> Option<(SystemTime, PathBuf)> {
    let is_component = path
        .extension()
        .is_some_and(|extension| extension == "wasm");
    let modified = fs::metadata(&path).ok()?.modified().ok()?;
    is_component.then_some((modified, path))
}

/// The name that cargo gives what it builds of the crate in a folder.
fn crate_name(folder: &Path) -> Option<String> {
    let text = fs::read_to_string(folder.join("Cargo.toml")).ok()?;
    let manifest: toml::Table = toml::from_str(&text).ok()?;
    let name = manifest.get("package")?.get("name")?.as_str()?;
    Some(name.replace('-', "_"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(path: &Path, text: &str) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    #[test]
    fn only_what_a_component_is_made_of_is_newer_than_it() {
        let folder = tempfile::tempdir().unwrap();
        let of = |name: &str| folder.path().join(name);
        write(&of("target/plugin.wasm"), "");
        let built = fs::metadata(of("target/plugin.wasm")).unwrap();
        let later = built.modified().unwrap() + std::time::Duration::from_secs(1);
        let write_later = |name: &str| {
            write(&of(name), "");
            let file = fs::File::options().append(true).open(of(name)).unwrap();
            file.set_modified(later).unwrap();
        };
        for name in [
            "call.json",
            "gateway.toml",
            "more-cases/short.toml",
            "more-cases/long.in.json",
            "cases/short.toml",
            "package-lock.json",
            "Cargo.lock",
            "tests/sizes.rs",
        ] {
            write_later(name);
        }
        let newer = || newer_source(folder.path(), &of("target/plugin.wasm"));
        assert_eq!(newer(), None);
        for name in ["Cargo.toml", "src/lib.rs"] {
            write_later(name);
            assert_eq!(newer(), Some(of(name)), "{name}");
            fs::remove_file(of(name)).unwrap();
        }
    }

    #[test]
    fn what_plugin_build_and_cargo_leave_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let crate_folder = folder.path().join("plugins/do-not-call");
        write(
            &crate_folder.join("Cargo.toml"),
            "[package]\nname = \"do-not-call\"\n",
        );
        let refused = component(&crate_folder).unwrap_err().to_string();
        assert!(refused.contains("cdr-gateway plugin build"), "{refused}");

        let of_the_workspace = folder
            .path()
            .join("target/wasm32-wasip2/debug/do_not_call.wasm");
        write(&of_the_workspace, "");
        write(
            &folder.path().join("target/wasm32-wasip2/debug/other.wasm"),
            "",
        );
        let found = component(&crate_folder).unwrap();
        assert_eq!(found, of_the_workspace.canonicalize().unwrap());

        let own = crate_folder.join("target/do-not-call.wasm");
        write(&own, "");
        let newer = fs::metadata(&of_the_workspace).unwrap().modified().unwrap();
        let newer = newer + std::time::Duration::from_secs(1);
        let file = fs::File::options().append(true).open(&own).unwrap();
        file.set_modified(newer).unwrap();
        assert_eq!(component(&crate_folder).unwrap(), own);
    }
}
