"""What a list of tickets may be narrowed to and ordered by. Values only; the query is the store's."""

from __future__ import annotations

from dataclasses import dataclass

COUNT_LIMIT = 10_000
SORT_KEYS = ("reported", "number", "type", "module", "state")


@dataclass(frozen=True)
class Filter:
    """What a list of tickets is narrowed to. Empty means everything; `breached` asks for any broken clock.

    `clock`, `klass` and `result` together name a population of clocks (`settled`: met or breached); `raw` asks for
    the reading without pauses. Months are Shanghai months, inclusive.
    """

    types: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    first_month: str = ""
    last_month: str = ""
    hour: int | None = None
    breached: bool = False
    waiting: bool = False
    provisional: bool = False
    open: bool = False
    clock: str = ""
    klass: str = ""
    result: str = ""
    raw: bool = False
    number: str = ""
