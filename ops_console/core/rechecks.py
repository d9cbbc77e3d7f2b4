"""What the nightly self-check finds: stored figures that are not what the facts come to, each with both values.

Not for finding them (`services/rechecks.py`) nor for their words (`web/rechecks.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

TICKET, TALLY, CAP, DUTY, RELEASE, MONTH = "ticket", "tally", "cap", "duty", "release", "month"
KINDS = (TICKET, TALLY, CAP, DUTY, RELEASE, MONTH)
KIND_NAMES = {
    TICKET: "工单与时限", TALLY: "时限计数", CAP: "额度", DUTY: "义务", RELEASE: "发布与版本", MONTH: "冻结的月份",
}  # fmt: skip
ROW = "row"  # the row itself is missing, or should not be there; its values are whether it is
PERSONAL = ("reporter", "requester")  # that they differ is told, never the names
HIDDEN = "***"
MOST_LISTED, MOST_NAMED, LONGEST = 200, 1000, 120
Values = Mapping[str, object]


@dataclass(frozen=True)
class Thing:
    """What a difference is about: its kind, which one (a ticket's number, a row's id, a month), what people call it.

    `part`: which part of it, a clock's kind or a duty's key; "" for the thing itself.
    """

    kind: str
    ref: str
    name: str = ""
    part: str = ""

    @property
    def key(self) -> str:
        """What tells it from others of its kind: a ticket is one thing with its clocks, a month with its counts."""
        return self.ref if self.kind in (TICKET, TALLY) or not self.part else f"{self.ref}/{self.part}"


@dataclass(frozen=True)
class Difference:
    """One value that is stored otherwise than it is computed, both as JSON keeps them; `field` ROW for a whole row."""

    kind: str
    ref: str
    name: str
    part: str
    field: str
    stored: str | int | bool | None
    computed: str | int | bool | None


@dataclass
class Found:
    """What one self-check looked at and what differs: each thing's name up to a thousand, each value up to 200.

    `looked` counts things by kind, `differing` those of them that differ.
    """

    settled: int = 0
    looked: dict[str, int] = field(default_factory=lambda: dict.fromkeys(KINDS, 0))
    differing: dict[str, int] = field(default_factory=lambda: dict.fromkeys(KINDS, 0))
    named: dict[str, list[str]] = field(default_factory=lambda: {kind: [] for kind in KINDS})
    listed: list[Difference] = field(default_factory=list)
    left_off: int = 0
    _last: tuple[str, str] = ("", "")

    def meet(self, thing: Thing, stored: Values | None, computed: Values | None) -> bool:
        """Given a thing as it is stored and as it is computed (None: not at all), keep what differs; say whether."""
        pairs = differing(stored, computed)
        for name, (old, new) in pairs.items():
            if len(self.listed) >= MOST_LISTED:
                self.left_off += 1
                continue
            is_personal = name in PERSONAL
            values = (HIDDEN, HIDDEN) if is_personal else (plain(old), plain(new))
            self.listed.append(Difference(thing.kind, thing.ref, thing.name[:LONGEST], thing.part, name, *values))
        if pairs:
            self._name(thing)
        return bool(pairs)

    def _name(self, thing: Thing) -> None:
        """Its values come one after the other, so that only the last thing is asked for."""
        if self._last == (thing.kind, thing.key):
            return
        self._last = (thing.kind, thing.key)
        self.differing[thing.kind] += 1
        if len(self.named[thing.kind]) < MOST_NAMED:
            self.named[thing.kind].append(thing.key)

    @property
    def total(self) -> int:
        """How many things differ."""
        return sum(self.differing.values())

    def result(self) -> dict[str, Any]:
        """Return it as a run's result: `checked` and `differences` are of tickets, `miscounted` of their months."""
        return {
            "total": self.total, "checked": self.looked[TICKET], "settled": self.settled,
            "differences": self.named[TICKET], "miscounted": self.named[TALLY], "caps": self.named[CAP],
            "duties": self.named[DUTY], "releases": self.named[RELEASE], "months": self.named[MONTH],
            "looked": self.looked, "differing": self.differing, "listed": [asdict(one) for one in self.listed],
            "left_off": self.left_off,
        }  # fmt: skip


def differing(stored: Values | None, computed: Values | None) -> dict[str, tuple[object, object]]:
    """Given values as stored and as computed, return (stored, computed) of each computed one that differs, by name.

    Where one of the two is not there at all, ROW alone: whether it is stored, whether it is computed.
    """
    if stored is None or computed is None:
        return {} if stored is computed else {ROW: (stored is not None, computed is not None)}
    return {name: (stored.get(name), value) for name, value in computed.items() if stored.get(name) != value}


def plain(value: object) -> str | int | bool | None:
    """Given a value of a row, return it as JSON keeps it: days and instants in ISO form, long texts cut."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    text = str(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def batches(ids: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    """Given ids and a size, yield them in order, so many at a time."""
    return (ids[start : start + size] for start in range(0, len(ids), size))
