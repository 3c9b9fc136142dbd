"""Lookup tables. The gateway loads and holds them once for all plugins; which
ones a plugin may use is granted in its config, under `tables`.
"""

from collections.abc import Callable
from typing import TypeVar

from componentize_py_types import Err
from wit_world.imports import tables
from wit_world.imports.tables import PrefixMatch

from .cdr import Fault

__all__ = ["PrefixMatch", "longest_prefix", "lookup"]

T = TypeVar("T")


def lookup(table: str, key: str) -> str | None:
    """The value of a key; None where the table has no such key. Of a table with
    several columns it is a JSON object of them, as text.

    Raises a Fault where no table of this name was granted to the plugin.
    """
    return _granted(lambda: tables.lookup(table, key))


def longest_prefix(table: str, key: str) -> PrefixMatch | None:
    """The value of the longest key of the table that `key` begins with."""
    return _granted(lambda: tables.lookup_prefix(table, key))


def _granted(look: Callable[[], T]) -> T:
    try:
        return look()
    except Err as error:
        name = error.value.value
        raise Fault(
            f'table "{name}" is not granted to this plugin; name it under `tables`'
        ) from None
