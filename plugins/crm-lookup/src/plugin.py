"""Adds what the CRM knows of the user to each record.

What it knows is a lookup table, exported from the CRM: numbers in international
form without `+`, and a few columns. A firm whose numbers all begin alike has one
row with that beginning, where the config allows for it.
"""

import json
from typing import Any

from cdr_plugin_sdk import (
    Cdr,
    ConfigErrors,
    Fault,
    Json,
    Plugin,
    Verdict,
    count,
    drop,
    export,
    keep,
    longest_prefix,
    lookup,
)

from number import international

INBOUND = 0
"""The user called."""


class CrmLookup(Plugin):
    name = "crm-lookup"
    version = "0.1.0"

    config = {
        "type": "object",
        "properties": {
            "table": {
                "type": "string",
                "description": "The lookup table. It must be granted under `tables`.",
                "default": "crm",
            },
            "at": {
                "type": "string",
                "description": "JSON Pointer of the member that is added.",
                "pattern": "^/.",
                "default": "/Customer",
            },
            "country": {
                "type": "string",
                "description": "Calling code of numbers that are written without one.",
                "pattern": "^[1-9][0-9]{0,2}$",
                "default": "86",
            },
            "prefixes": {
                "type": "boolean",
                "description": "Whether a row also stands for all numbers that begin with its key.",
                "default": False,
            },
            "strangers": {
                "enum": ["keep", "drop"],
                "description": "What becomes of calls of users whom the CRM does not know.",
                "default": "keep",
            },
        },
        "additionalProperties": False,
    }

    def __init__(self, config: dict[str, Any]) -> None:
        self.table: str = config["table"]
        self.at: str = config["at"]
        self.country: str = config["country"]
        self.prefixes: bool = config["prefixes"]
        self.drops_strangers: bool = config["strangers"] == "drop"
        try:
            lookup(self.table, "")
        except Fault as missing:
            # A record should not be what finds out.
            raise ConfigErrors.at("/table", str(missing)) from None

    def process(self, cdr: Cdr) -> Verdict:
        if cdr.kind != "cdr":
            return keep
        customer = self.customer(cdr)
        if customer is None:
            count("stranger")
            return drop("stranger") if self.drops_strangers else keep
        count("known")
        cdr.set(self.at, customer)
        return keep

    def customer(self, cdr: Cdr) -> Json:
        """What the table has on the user; None where it has nothing."""
        inbound = cdr.get("/Direction") == INBOUND
        written = cdr.get("/Caller") if inbound else cdr.get("/Callee")
        rows = map(self.row, international(written, self.country))
        return columns(next((row for row in rows if row is not None), None))

    def row(self, number: str) -> str | None:
        """The row of a number, as the table holds it."""
        if not self.prefixes:
            return lookup(self.table, number)
        found = longest_prefix(self.table, number)
        return found.value if found else None


def columns(row: str | None) -> Json:
    """A row as a member of the record: an object, or the text of a table's only
    column.
    """
    return json.loads(row) if row is not None and row.startswith("{") else row


WitWorld = export(CrmLookup)
