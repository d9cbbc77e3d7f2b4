"""Compliance: month of report, clock, class → total, met, breached, running; and the dashboard of one month.

Two roads to the same numbers: now, from the tally and the unsettled clocks; as of T, from the events.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from ops_console.core import clocks as rules
from ops_console.core.clocks import BREACHED, MET, RUNNING, UNPROVEN
from ops_console.core.contracts import CLASSES, CLOCKS
from ops_console.core.errors import Refused
from ops_console.core.moments import MOST_MONTHS, month_of, months_between, shift_month
from ops_console.core.people import Actor
from ops_console.core.ticket_folds import fold
from ops_console.core.ticket_lists import Filter
from ops_console.services.clocks import frozen_of, judge
from ops_console.services.contracts import Book
from ops_console.store import audit, clocks, ticket_lists, tickets

BATCH = 500


@dataclass(frozen=True)
class Count:
    """How a population of clocks stands. The proven reading counts: `met` are met by times that are proven.

    Beside it stand the adjusted one by the claimed times (`claimed_met`) and the raw one, claimed and without pauses.
    """

    met: int = 0
    breached: int = 0
    unproven: int = 0
    running: int = 0
    raw_met: int = 0
    raw_breached: int = 0

    @property
    def total(self) -> int:
        """All clocks of the population."""
        return self.met + self.breached + self.unproven + self.running

    @property
    def judged(self) -> int:
        """The clocks whose result stands: the denominator of every percentage."""
        return self.met + self.breached + self.unproven

    @property
    def claimed_met(self) -> int:
        """The clocks met by the times that were claimed, proven or not."""
        return self.met + self.unproven

    @property
    def raw_judged(self) -> int:
        """The same without pauses."""
        return self.raw_met + self.raw_breached

    def as_json(self) -> dict[str, int]:
        """Return the numbers of the report; `unproven` stands in it when there are any."""
        counted = {"breached": self.breached, "met": self.met, "running": self.running, "total": self.total}
        return counted | ({"unproven": self.unproven} if self.unproven else {})


Summary = dict[str, dict[str, dict[str, Count]]]


def sla(
    session: Session, book: Book, first: str, last: str, actor: Actor, *, now: datetime, as_of: datetime | None = None
) -> Summary:
    """Given months (inclusive) and maybe T, return month → clock → class → Count; what has no clocks is absent.

    Without `as_of` the stored results as of now; with it the events up to T: a ticket reported later is absent,
    what happened later is unseen.
    """
    actor.need("reports.read")
    months_between(first, last)
    cells = _folded(session, book, first, last, as_of) if as_of else _stored(session, first, last, now)
    return _summary(cells)


Cell = tuple[str, str, str, str, str]  # month, kind, class, result, raw result


def _stored(session: Session, first: str, last: str, now: datetime) -> Counter[Cell]:
    cells: Counter[Cell] = Counter()
    for month, kind, klass, result, raw_result, n in clocks.tally(session, first, last):
        cells[month, kind, klass, result, raw_result] += int(n)
    for month, kind, klass, broken, raw_broken, n in clocks.unsettled(session, first, last, now):
        cells[month, kind, klass, BREACHED if broken else RUNNING, BREACHED if raw_broken else RUNNING] += int(n)
    return cells


def _folded(session: Session, book: Book, first: str, last: str, at: datetime) -> Counter[Cell]:
    cells: Counter[Cell] = Counter()
    for rows in _reported(session, first, last, at):
        events = audit.of_tickets(session, [row.id for row in rows])
        for row in rows:
            facts = fold(row.number, events[row.id], at)
            if facts is None or facts.reported_at > at:
                continue
            for clock in judge(facts, book, frozen_of(row)).clocks:
                raw = rules.result(rules.raw(clock), at)
                cells[month_of(facts.reported_at), clock.kind, clock.klass, rules.standing(clock, at), raw] += 1
    return Counter({cell: n for cell, n in cells.items() if first <= cell[0] <= last})


def _reported(session: Session, first: str, last: str, at: datetime) -> Iterator[Sequence[Any]]:
    """The tickets of the months in batches, then those whose report a correction after T moved out of them."""
    after = 0
    while rows := tickets.reported_between(session, first, last, after, BATCH):
        yield rows
        after = rows[-1].id
    moved = tickets.by_ids(session, audit.corrected_since(session, at))
    if elsewhere := [row for row in moved if not first <= row.month <= last]:
        yield elsewhere


def _summary(cells: Counter[Cell]) -> Summary:
    found: Summary = {}
    for (month, kind, klass), group in sorted(_grouped(cells).items()):
        found.setdefault(month, {}).setdefault(kind, {})[klass] = _count(group)
    return found


def _grouped(cells: Counter[Cell]) -> dict[tuple[str, str, str], Counter[tuple[str, str]]]:
    groups: dict[tuple[str, str, str], Counter[tuple[str, str]]] = {}
    for (month, kind, klass, result, raw), n in cells.items():
        groups.setdefault((month, kind, klass), Counter())[result, raw] += n
    return groups


def _count(group: Counter[tuple[str, str]]) -> Count:
    def total(index: int, wanted: str) -> int:
        return sum(n for cell, n in group.items() if cell[index] == wanted)

    return Count(
        met=total(0, MET), breached=total(0, BREACHED), unproven=total(0, UNPROVEN), running=total(0, RUNNING),
        raw_met=total(1, MET), raw_breached=total(1, BREACHED),
    )  # fmt: skip


def add(counts: Iterable[Count]) -> Count:
    """Given counts, return their sum."""
    listed = list(counts)
    names = ("met", "breached", "unproven", "running", "raw_met", "raw_breached")
    return Count(*(sum(getattr(count, name) for count in listed) for name in names))


@dataclass(frozen=True)
class Tile:
    """One clock and class of a month, with the count it had in each of the twelve months up to it."""

    clock: str
    klass: str
    count: Count


@dataclass(frozen=True)
class Dashboard:
    """One month's compliance: tiles, twelve months by clock, tickets with a breach by module and by hour.

    `reported` (up to COUNT_LIMIT + 1), `running` and `from_hospital` count tickets, `provisional` counts clocks.
    """

    month: str
    months: tuple[str, ...]
    tiles: tuple[Tile, ...]
    trend: dict[str, dict[str, Count]]
    by_module: tuple[tuple[str, int], ...]
    by_hour: tuple[tuple[int, int], ...]
    provisional: int
    reported: int
    running: int
    from_hospital: int

    @property
    def broken(self) -> int:
        """How many tickets of the month have a breached clock."""
        return sum(n for _, n in self.by_hour)


def dashboard(session: Session, month: str, actor: Actor, *, now: datetime) -> Dashboard:
    """Given a month, return its dashboard as of now. Seven statements, whatever the number of tickets."""
    actor.need("reports.read")
    first = shift_month(month, -11)
    months = tuple(shift_month(month, steps) for steps in range(-11, 1))
    summary = _summary(_stored(session, first, month, now))
    here = summary.get(month, {})
    tiles = tuple(
        Tile(kind, klass, here[kind][klass]) for kind in CLOCKS for klass in CLASSES if klass in here.get(kind, {})
    )
    modules: Counter[str] = Counter()
    hours: Counter[int] = Counter()
    for module, hour, n in clocks.breaches_of(session, month, now):  # a ticket has one module and one hour
        modules[module] += n
        hours[hour] += n
    trend = {kind: {m: add(summary.get(m, {}).get(kind, {}).values()) for m in months} for kind in CLOCKS}
    return Dashboard(
        month=month,
        months=months,
        tiles=tiles,
        trend=trend,
        by_module=tuple(sorted(modules.items(), key=lambda found: (-found[1], found[0]))),
        by_hour=tuple(sorted(hours.items())),
        provisional=clocks.provisional(session, month, month).get(month, 0),
        reported=ticket_lists.count(session, Filter(first_month=month, last_month=month), now),
        running=clocks.running_tickets(session, month, now),
        from_hospital=tickets.count_from_hospital(session, month),
    )


def provisional(session: Session, first: str, last: str) -> dict[str, int]:
    """Given months (inclusive), return how many provisional (暂定) clocks each has; months without are absent."""
    return clocks.provisional(session, first, last)


def refuse_lock(session: Session, month: str) -> None:
    """Given a month, let it be locked. Raises Refused while any of its clocks is provisional (暂定)."""
    waiting = clocks.provisional(session, month, month).get(month, 0)
    if waiting:
        raise Refused(
            "%(month)s 月有 %(n)s 个时钟按暂定日历计算，录入该年节假日安排之前不能锁定。", month=month, n=waiting
        )


def month_list(session: Session) -> tuple[str, ...]:
    """Given nothing, return every month from the newest that has tickets back to the first; empty without tickets."""
    known = tickets.months(session)
    if known is None:
        return ()
    first, last = known
    return months_between(max(first, shift_month(last, 1 - MOST_MONTHS)), last)[::-1]
