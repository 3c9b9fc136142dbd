"""What a plugin tells its operators: log lines and counters."""

import io
import sys
from typing import Literal

from wit_world.imports import host

Level = Literal["error", "warn", "info", "debug"]


def log(level: Level, message: str) -> None:
    """Writes one line to the gateway's log. Lines beyond the limit per record are
    counted, not kept. Personal data does not belong here.

    `print` writes here, too.
    """
    host.log(host.Level[level.upper()], message)


def count(counter: str, delta: int = 1) -> None:
    """Adds to a counter of the plugin's own, which the gateway's metrics show.
    Names are few and fixed; a value of the record is not a name.
    """
    host.count(counter, delta)


class _Lines(io.TextIOBase):
    """Writes each whole line to the log."""

    def __init__(self, level: Level) -> None:
        self._level = level
        self._begun = ""

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        *lines, self._begun = (self._begun + text).split("\n")
        for line in lines:
            log(self._level, line)
        return len(text)


def redirect_output() -> None:
    """Has `print` write to the gateway's log: there is no other output."""
    sys.stdout = _Lines("info")
    sys.stderr = _Lines("warn")
