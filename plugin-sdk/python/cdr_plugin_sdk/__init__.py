"""Write plugins for the CDR gateway in Python.

A plugin is one subclass of `Plugin`, exported as `WitWorld`. It gets each call
detail record as a `Cdr`, looks at it, edits it, and returns a verdict: the
record goes on, ends here, or waits for a person.

What it may rely on, and what it must keep to:

- It is **pure**: what it returns depends on the record, its config and the
  lookup tables only. The gateway runs it again at will, after a crash, for a
  replay or for a dry run. So it keeps nothing from one record to the next.
- It has no files, sockets, threads or environment, and limits on memory, time,
  output and log lines. The clock stands still.
- What it does not touch leaves the gateway byte for byte as it came.
- Whatever it raises parks the record for a person, with the message. A record
  is never passed on half-processed.
- Reasons, messages, log lines and counters must not hold personal data.
- Modules are imported while the component is built: an import within a function
  comes too late.
"""

from .cdr import Cdr, Fault, Json, Match
from .observe import Level, count, log
from .plugin import ConfigErrors, Plugin, Verdict, drop, export, keep, suspend
from .tables import PrefixMatch, longest_prefix, lookup

__all__ = [
    "Cdr",
    "ConfigErrors",
    "Fault",
    "Json",
    "Level",
    "Match",
    "Plugin",
    "PrefixMatch",
    "Verdict",
    "count",
    "drop",
    "export",
    "keep",
    "log",
    "longest_prefix",
    "lookup",
    "suspend",
]
