//! Programs of others: found, asked for their version, and run.

use std::{
    io,
    path::Path,
    process::{Command, Stdio},
};

use anyhow::{Context, bail};

/// A program that a build needs.
pub(super) struct Tool {
    /// As it is called.
    pub(super) program: &'static str,
    /// The oldest version that will do.
    pub(super) at_least: (u32, u32),
    /// How to get it.
    pub(super) from: &'static str,
}

impl Tool {
    /// Makes sure that it is there, and new enough.
    pub(super) fn require(&self) -> anyhow::Result<()> {
        let (major, minor) = self.at_least;
        let Self { program, from, .. } = self;
        let asked = Command::new(program).arg("--version").output();
        let said = match asked {
            Ok(output) => String::from_utf8_lossy(&output.stdout).into_owned(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                bail!("{program} is not on the path: {from}")
            }
            Err(error) => return Err(error).with_context(|| format!("cannot run {program}")),
        };
        if version(&said).is_some_and(|found| found < self.at_least) {
            bail!(
                "{program} is {}, and {major}.{minor} or newer is needed: {from}",
                said.trim()
            );
        }
        Ok(())
    }
}

/// The first two numbers of what a program says of its version.
fn version(said: &str) -> Option<(u32, u32)> {
    let mut numbers = said
        .split(|character: char| !character.is_ascii_digit())
        .filter(|number| !number.is_empty());
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

/// Runs a program in a folder. What it says goes to standard error: standard
/// output is for what this command tells.
pub(super) fn run(folder: &Path, command: &mut Command) -> anyhow::Result<()> {
    let shown = shown(command);
    let status = command
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(io::stderr())
        .status()
        .with_context(|| format!("cannot run `{shown}`"))?;
    if !status.success() {
        bail!("`{shown}` failed with {status}; what it says stands above");
    }
    Ok(())
}

/// A command as one would type it.
pub(super) fn shown(command: &Command) -> String {
    let mut words = vec![command.get_program().to_string_lossy()];
    words.extend(
        command
            .get_args()
            .map(|argument| argument.to_string_lossy()),
    );
    words.join(" ")
}

/// Installs packages, unless those that a lock file names are installed already.
/// `stamp` is a copy of it within what was installed, so that both go together.
pub(super) fn install(
    lock: &Path,
    stamp: &Path,
    install: impl FnOnce() -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let wanted = std::fs::read(lock).with_context(|| format!("cannot read {}", lock.display()))?;
    if std::fs::read(stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    install()?;
    std::fs::write(stamp, wanted).with_context(|| format!("cannot write {}", stamp.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_programs_say_them() {
        let cases = [
            ("v20.20.2\n", Some((20, 20))),
            ("Python 3.11.7\n", Some((3, 11))),
            ("cargo 1.95.0 (abc 2026-03-21)", Some((1, 95))),
            ("", None),
        ];
        for (said, expected) in cases {
            assert_eq!(version(said), expected, "{said}");
        }
    }

    #[test]
    fn what_is_missing_or_old_is_named_with_where_to_get_it() {
        let missing = Tool {
            program: "no-such-program",
            at_least: (1, 0),
            from: "get it there",
        };
        let old = Tool {
            program: "cargo",
            at_least: (999, 0),
            from: "get it there",
        };
        let said = |tool: Tool| tool.require().unwrap_err().to_string();
        assert_eq!(
            said(missing),
            "no-such-program is not on the path: get it there"
        );
        let old = said(old);
        assert!(old.starts_with("cargo is cargo "), "{old}");
        assert!(
            old.ends_with("999.0 or newer is needed: get it there"),
            "{old}"
        );
    }
}
