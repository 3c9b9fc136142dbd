"""What an author gives, and what the gateway calls."""

import json
from abc import ABC, abstractmethod
from typing import Any, ClassVar

import wit_world
from componentize_py_types import Err
from wit_world.imports import host, record, types
from wit_world.imports.types import Verdict

from .cdr import Cdr, Fault
from .observe import redirect_output
from .schema import NO_CONFIG, Schema, with_defaults

keep: Verdict = types.Verdict_Keep()
"""The record goes on, with the edits that were made."""


def drop(reason: str) -> Verdict:
    """The record ends here for this destination, for a reason that the ledger
    counts by. Keep it short, one of few, and free of personal data.
    """
    return types.Verdict_Drop(reason)


def suspend(reason: str) -> Verdict:
    """The record waits for a person, for a reason that the delivery shows."""
    return types.Verdict_Suspend(reason)


class ConfigErrors(Exception):
    """Everything that is wrong with a config, raised by `configure`."""

    def __init__(self) -> None:
        super().__init__()
        self.errors: list[types.ConfigError] = []

    @classmethod
    def at(cls, pointer: str, message: str) -> "ConfigErrors":
        """One error; `add` adds more."""
        return cls().add(pointer, message)

    def add(self, pointer: str, message: str) -> "ConfigErrors":
        """Adds an error at a JSON Pointer, such as `/rules/0/when`."""
        self.errors.append(types.ConfigError(pointer, message))
        return self


class Plugin(ABC):
    """A plugin. One object is made for each instance and config, and serves many
    records.
    """

    name: ClassVar[str]
    """Its name; by custom that of its folder."""

    version: ClassVar[str]
    """Its semantic version."""

    config: ClassVar[Schema] = NO_CONFIG
    """JSON Schema of the config. A plugin without takes none."""

    def __init__(self, config: dict[str, Any]) -> None:
        """Takes the config, with the defaults of its schema, checks what a schema
        cannot say, and prepares what processing needs. Raises ConfigErrors with
        everything that is wrong.
        """

    @abstractmethod
    def process(self, cdr: Cdr) -> Verdict:
        """Processes one record."""


def export(plugin: type[Plugin]) -> type[wit_world.WitWorld]:
    """Makes a plugin what a component exports: `WitWorld = export(MyPlugin)`."""

    class Exports(wit_world.WitWorld):
        configured: Plugin

        def describe(self) -> types.Description:
            return types.Description(plugin.name, plugin.version, json.dumps(plugin.config))

        def configure(self, config: str) -> None:
            redirect_output()
            try:
                filled = with_defaults(plugin.config, json.loads(config))
                Exports.configured = plugin(filled)
            except ConfigErrors as refused:
                raise Err(refused.errors) from None
            except Fault as fault:
                raise Err(ConfigErrors.at("", str(fault)).errors) from None
            except Exception as error:
                _report(error)
                raise

        def process(self, cdr: record.Cdr) -> Verdict:
            try:
                return Exports.configured.process(Cdr(cdr))
            except Fault as fault:
                return suspend(str(fault))
            except Exception as error:
                _report(error)
                raise

    return Exports


def _report(error: Exception) -> None:
    """A mistake of the plugin's ends the instance; the gateway is told why before.

    Without the module traceback, which would look into source files: there are none.
    """
    where = error.__traceback__
    while where is not None and where.tb_next is not None:
        where = where.tb_next
    told = f"{type(error).__name__}: {error}"
    if where is not None:
        file = where.tb_frame.f_code.co_filename.rpartition("/")[2]
        told = f"{told} ({file}:{where.tb_lineno})"
    host.panicked(told)
