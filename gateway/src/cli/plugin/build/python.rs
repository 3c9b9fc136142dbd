//! Python: pip installs what `requirements.txt` names into `.venv`, whose Python
//! runs the SDK's `build.py`.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::Context;

use super::tool::{self, Tool};

const PYTHON: Tool = Tool {
    program: "python3",
    at_least: (3, 11),
    from: "install Python by https://www.python.org or your system's packages (on Debian: apt-get install python3-venv)",
};

pub(super) fn build(folder: &Path) -> anyhow::Result<()> {
    PYTHON.require()?;
    install(folder)?;
    let mut python = Command::new(environment(folder)?);
    tool::run(folder, python.args(["-B", "sdk/build.py"]))
}

/// The environment's own Python, by its whole path: a relative one would depend
/// on the working directory.
fn environment(folder: &Path) -> anyhow::Result<PathBuf> {
    let folder = folder
        .canonicalize()
        .with_context(|| format!("cannot open {}", folder.display()))?;
    Ok(folder.join(".venv/bin/python"))
}

fn install(folder: &Path) -> anyhow::Result<()> {
    let stamp = folder.join(".venv/.installed");
    tool::install(&folder.join("requirements.txt"), &stamp, || {
        let mut create = Command::new("python3");
        create.args(["-m", "venv", "--clear", ".venv"]);
        tool::run(folder, &mut create).context(
            "on Debian, Python makes environments only with `apt-get install python3-venv`",
        )?;
        let options = ["--quiet", "--disable-pip-version-check"];
        let mut install = Command::new(environment(folder)?);
        install
            .args(["-m", "pip", "install", "--requirement", "requirements.txt"])
            .args(options);
        tool::run(folder, &mut install)
    })
}
