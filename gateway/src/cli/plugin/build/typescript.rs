//! TypeScript: npm installs what the lock file names, and the script `build` of
//! the package makes the component.

use std::{path::Path, process::Command};

use super::tool::{self, Tool};

const NODE: Tool = Tool {
    program: "node",
    at_least: (20, 0),
    from: "install Node.js by https://nodejs.org or your system's packages",
};

const NPM: Tool = Tool {
    program: "npm",
    at_least: (9, 0),
    from: "it comes with Node.js (on Debian: apt-get install npm)",
};

pub(super) fn build(folder: &Path) -> anyhow::Result<()> {
    NODE.require()?;
    NPM.require()?;
    install(folder)?;
    tool::run(
        folder,
        Command::new("npm").args(["run", "--silent", "build"]),
    )
}

fn install(folder: &Path) -> anyhow::Result<()> {
    let stamp = folder.join("node_modules/.installed");
    tool::install(&folder.join("package-lock.json"), &stamp, || {
        // None of the pinned packages needs a script of its own to run.
        let options = [
            "--ignore-scripts",
            "--no-audit",
            "--no-fund",
            "--prefer-offline",
        ];
        tool::run(folder, Command::new("npm").arg("ci").args(options))
    })
}
