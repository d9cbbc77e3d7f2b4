"""What a list of tickets may be narrowed to and ordered by. Values only; the query is the store's."""

from __future__ import annotations

from dataclasses import dataclass, replace

COUNT_LIMIT = 10_000
READINGS = ("raw", "adjusted")
SORT_KEYS = ("reported", "number", "type", "module", "state")


@dataclass(frozen=True)
class Filter:
    """What a list of tickets is narrowed to. Empty means everything; `breached` asks for any broken clock.

    `clock`, `klass` and `result` together name a population of clocks (`settled`: any result stands) in a reading:
    `""` the one that counts, `adjusted` by the claimed times, `raw` also without pauses. Months are Shanghai months,
    inclusive. `unproven`: with times that do not count as proven; `blanks`: placeholders. `q` is what
    `core/search.py` looks for; `news_to` a person and the other side: what this side changed since that person looked.
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
    unproven: bool = False
    blanks: bool = False
    from_hospital: bool = False
    assignee: str = ""
    closure: str = ""
    clock: str = ""
    klass: str = ""
    result: str = ""
    reading: str = ""
    q: str = ""
    news_to: tuple[int, str] | None = None

    @property
    def is_narrow(self) -> bool:
        """Whether anything but the words looked for narrows the list."""
        return replace(self, q="") != Filter()


@dataclass(frozen=True)
class Window:
    """Which rows of a list: its sort key (of SORT_KEYS) and direction, how many rows, after how many.

    `news_to`: the person and the other party's side whose news each row tells; None: no row has any.
    """

    sort: str
    descending: bool
    limit: int
    offset: int = 0
    news_to: tuple[int, str] | None = None
