"""The record as a plugin sees it."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar, overload

from componentize_py_types import Err
from wit_world.imports import record

from .tccc import Numbers, Texts

Json: TypeAlias = "str | int | float | bool | None | list[Json] | dict[str, Json]"
"""A JSON value."""


class Fault(Exception):
    """Why a record could not be processed. Raised, it suspends the record with
    its message, for a person; the edits made before it do not leave the gateway.

    Any other exception is taken for a mistake of the plugin's, and counts as its
    failure. The message is shown to operators: it names places, never values of
    the record.
    """


@dataclass(frozen=True)
class Match:
    """One place that a pattern matched, or that holds a number."""

    pointer: str
    """JSON Pointer of the place."""

    json: str
    """The value there, as JSON text with its tokens untouched."""

    @property
    def value(self) -> Any:
        """The value there."""
        return json.loads(self.json)


class Cdr:
    """A call detail record, held by the gateway and opened only where a plugin
    looks: every method is a call to the gateway, so ask for the places that are
    needed rather than for the whole text.

    Places are named by JSON Pointer (RFC 6901): `/SeatUser/Name`,
    `/ServeParticipants/0/Phone`, and the empty string for the whole document. A
    *pattern* is a pointer in which the token `*` stands for every element of an
    array: `/ServeParticipants/*/Phone`.
    """

    def __init__(self, handle: record.Cdr) -> None:
        self._handle = handle

    @overload
    def get(self, pointer: Numbers) -> int | None: ...
    @overload
    def get(self, pointer: Texts) -> str | None: ...
    @overload
    def get(self, pointer: str) -> Any: ...
    def get(self, pointer: str) -> Any:
        """The value at a pointer; None where nothing or null is there. Of a
        duplicated key, the last. The fields of Tencent Cloud Contact Center come
        with their types; what a sender really sends may be anything.
        """
        text = self.json(pointer)
        return None if text is None else json.loads(text)

    def json(self, pointer: str) -> str | None:
        """The value at a pointer as JSON text, every token as the sender wrote
        it; None where nothing is there.
        """
        return self._handle.get(pointer)

    def select(self, pattern: str) -> list[Match]:
        """Every match of a pattern, duplicated keys included, in one call."""
        return _matches(self._handle.select(pattern))

    def numbers(self) -> list[Match]:
        """The places where the sender's dialect says that numbers stand, and
        that this record has.
        """
        return _matches(self._handle.numbers())

    def texts(self, min_digits: int) -> list[Match]:
        """Every string and every JSON number that is not at one of the places of
        `numbers` and that holds at least so many digits, in the order of the
        document: the candidates for telephone numbers elsewhere.
        """
        return _matches(self._handle.texts(min_digits))

    def names(self, min_digits: int) -> list[Match]:
        """Every member whose name holds at least so many digits, in the order of
        the document, so that a member stands before those inside it. The value of
        a match is the name.
        """
        return _matches(self._handle.names(min_digits))

    def set(self, pointer: str, value: Json) -> None:
        """Replaces the value at a pointer, or adds a member to an existing object
        (as token, `-` adds to an array). Of a duplicated key every value is
        replaced.

        Raises a Fault where the place has no parent, the pointer is not valid, or
        the document would be too large.
        """
        self.set_json(pointer, json.dumps(value, ensure_ascii=False, allow_nan=False))

    def set_json(self, pointer: str, text: str) -> None:
        """`set` with JSON text, for values whose tokens matter."""
        _edit(lambda: self._handle.set(pointer, text))

    def rename(self, pointer: str, name: str) -> bool:
        """Gives the member at a pointer another name; False where nothing stands
        there. Its value and its position stay; of a duplicated key every member is
        renamed. Pointers to what is inside it lead by the new name from then on.

        Raises a Fault where the object holds another member of that name.
        """
        return _edit(lambda: self._handle.rename(pointer, name))

    def remove(self, pointer: str) -> bool:
        """Removes what stands at a pointer; False where nothing did."""
        return self._handle.remove(pointer)

    def text(self) -> str:
        """The whole document as JSON text. Costs a copy of it."""
        return self._handle.text()

    def replace(self, document: dict[str, Json]) -> None:
        """Replaces the whole document. What was not touched before does not
        survive as it came, so edits in place are better where they will do.
        """
        text = json.dumps(document, ensure_ascii=False, allow_nan=False)
        _edit(lambda: self._handle.replace(text))

    def tag(self, name: str) -> str | None:
        """The value of a tag. Tags travel beside the document."""
        return self._handle.tag(name)

    def tags(self) -> list[tuple[str, str]]:
        """Every tag, ordered by name."""
        return self._handle.tags()

    def set_tag(self, name: str, value: str) -> None:
        """Sets a tag."""
        self._handle.set_tag(name, value)

    def remove_tag(self, name: str) -> bool:
        """Removes a tag; False where there was none."""
        return self._handle.remove_tag(name)

    @property
    def id(self) -> str:
        """The arrival's id: the same for every run over the same arrival."""
        return self._handle.id()

    @property
    def kind(self) -> str:
        """`cdr`, `record`, `voicemail`, `imcdr` or `event`; more may come."""
        return self._handle.kind()

    @property
    def source(self) -> str:
        """Name of the source in the gateway's config."""
        return self._handle.source()

    @property
    def received_ms(self) -> int:
        """When the record was committed: Unix time in milliseconds."""
        return self._handle.received_ms()


T = TypeVar("T")


def _matches(found: list[record.Match]) -> list[Match]:
    return [Match(match.pointer, match.json) for match in found]


def _edit(act: Callable[[], T]) -> T:
    try:
        return act()
    except Err as error:
        raise Fault(_words(error.value)) from None


def _words(error: record.EditError) -> str:
    match error:
        case record.EditError_BadPointer(why):
            return f"bad JSON pointer: {why}"
        case record.EditError_BadJson(why):
            return f"bad JSON value: {why}"
        case record.EditError_NoParent():
            return "the place to edit has no parent that holds members"
        case record.EditError_NameTaken():
            return "the object holds another member of that name"
        case record.EditError_TooLarge(limit):
            return f"the edited document would be larger than {limit} bytes"
