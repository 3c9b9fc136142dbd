"""Makes target/plugin.wasm of src/plugin.py: types from the contract, component. Run by
`cdr-gateway plugin build`, in the plugin's folder, by the Python of its .venv.
"""

import shutil
import subprocess
import sys
import sysconfig
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
    # The gateway is all that a plugin reaches. WASI is there as a whole or not at all,
    # and who asks for files and sockets is refused.
    options = ["--stub-wasi"]
    run("componentize", *options, *places, "plugin", "--output", "target/plugin.wasm")


def run(*arguments: str) -> None:
    made = subprocess.run([*TOOL, *CONTRACT, *arguments], check=False)
    if made.returncode != 0:
        sys.exit(made.returncode)


main()
