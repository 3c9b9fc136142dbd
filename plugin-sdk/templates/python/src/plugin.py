"""Drops calls that were too short, and notes the minutes of the others."""

from typing import Any

from cdr_plugin_sdk import Cdr, Plugin, Verdict, count, drop, export, keep


class MinDuration(Plugin):
    name = "{{name}}"
    version = "0.1.0"

    # What operators may set.
    config = {
        "type": "object",
        "properties": {
            "min_seconds": {
                "type": "integer",
                "description": "Calls of fewer seconds are dropped.",
                "minimum": 0,
                "default": 5,
            },
        },
        "additionalProperties": False,
    }

    def __init__(self, config: dict[str, Any]) -> None:
        self.min_seconds: int = config["min_seconds"]

    def process(self, cdr: Cdr) -> Verdict:
        if cdr.kind != "cdr":
            return keep  # a recording or voicemail
        seconds = cdr.get("/Duration")
        if seconds is None:
            return keep
        if seconds < self.min_seconds:
            return drop("short_call")
        minutes = -(-seconds // 60)
        cdr.set("/Minutes", minutes)
        count("minutes", minutes)
        return keep


WitWorld = export(MinDuration)
