"""Makes target/plugin.wasm of src/plugin.py: types from the contract, component. Run by
`cdr-gateway plugin build`, in the plugin's folder, by the Python of its .venv.
"""

import shutil
import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path

WORLD = "transform"
TOOL = [str(Path(sys.executable).with_name("componentize-py")), "--quiet"]
CONTRACT = ["--wit-path", "sdk/wit", "--world", WORLD]


def main() -> None:
    # Has the editor know the record: modules out of the WIT.
    shutil.rmtree("target/types", ignore_errors=True)
    run("bindings", "target/types")
    packages = sysconfig.get_path("purelib")
    places = [f"--python-path={place}" for place in ("src", "sdk", packages)]
    options = [] if imports_wasi() else ["--stub-wasi"]
    run("componentize", *options, *places, "plugin", "--output", "target/plugin.wasm")


def imports_wasi() -> bool:
    """A plugin has no WASI, so that the gateway is all that it reaches, unless
    pyproject.toml says `tool.cdr-gateway.wasi = true`: for the clock and randomness,
    which operators can grant.
    """
    project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))
    return project.get("tool", {}).get("cdr-gateway", {}).get("wasi", False)


def run(*arguments: str) -> None:
    made = subprocess.run([*TOOL, *CONTRACT, *arguments], check=False)
    if made.returncode != 0:
        sys.exit(made.returncode)


main()
