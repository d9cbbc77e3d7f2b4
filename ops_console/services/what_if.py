"""What another answer to the contract's questions would change: a month judged under both, side by side.

Not for agreeing upon one (`services/readings.py`), nor for money and scores, which build on `core/readings.py`
themselves. Nothing is stored, and a locked month never moves.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from ops_console.core import clocks as rules
from ops_console.core.clocks import BREACHED, MET, RUNNING, UNPROVEN, Clock
from ops_console.core.contracts import STOP_EVENTS
from ops_console.core.moments import day_start, month_of, month_start, shift_month
from ops_console.core.people import Actor
from ops_console.core.readings import answered, effective
from ops_console.core.terms import Terms, VersionInForce
from ops_console.core.ticket_folds import fold
from ops_console.core.tickets import TicketFacts
from ops_console.services.clocks import Judgement, frozen_of, judge
from ops_console.services.contracts import Book
from ops_console.store import audit, tickets

BATCH = 500
FAILED = (BREACHED, UNPROVEN)


@dataclass(frozen=True)
class Flip:
    """A ticket that would come out otherwise: what ends the clock, its limit and result now and under the other answer.

    A limit is "" where the ticket has none, its result too.
    """

    number: str
    type: str
    stop_event: str
    old_limit: str
    old: str
    new_limit: str
    new: str


@dataclass(frozen=True)
class Counts:
    """How the clocks of one limit stand: met of all with a result; not judged yet (running) apart."""

    met: int = 0
    judged: int = 0
    running: int = 0


@dataclass(frozen=True)
class WhatIf:
    """A month under the terms that count and under others: per limit both counts, and the tickets that flip.

    A locked month never moves: both are the same then.
    """

    month: str
    limits: tuple[tuple[str, Counts, Counts], ...]
    flips: tuple[Flip, ...]
    tickets: int
    locked: bool = False


def what_if(
    session: Session, book: Book, month: str, answers: Mapping[str, str], actor: Actor, now: datetime,
    locked_until: date | None = None,
) -> WhatIf:  # fmt: skip
    """Given a month and other answers, judge its tickets under both beside one another; nothing is stored.

    Each ticket by the version that judges it and that version with the answers. Raises Refused without the right.
    """
    actor.need("reports.read")
    locked = locked_until is not None and month_start(month) < day_start(locked_until + timedelta(days=1))
    others = _Others({} if locked else answers)
    old, new, flips, count = Counter[tuple[str, str]](), Counter[tuple[str, str]](), list[Flip](), 0
    for judged in _judged(session, book, month):
        count += 1
        before, after = _results(judged.clocks, now), _results(others.clocks(judged), now)
        old.update(before.values())
        new.update(after.values())
        flips += _flips(judged.facts, before, after)
    names = sorted({name for name, _result in (*old, *new)})
    pairs = tuple((name, _counts(old, name), _counts(new, name)) for name in names)
    return WhatIf(month, pairs, tuple(flips), count, locked)


def impacts(
    session: Session, book: Book, months: Iterable[str], actor: Actor, now: datetime
) -> dict[tuple[str, str], int]:
    """Given months, return for each answer that touches a limit how many of their tickets would come out otherwise.

    Only tickets that the answer gives other limits are looked at: (question, option) -> how many.
    """
    actor.need("reports.read")
    asked = _touching(book.at(now))
    found = dict.fromkeys(asked, 0)
    for month in months if asked else ():
        for judged in _judged(session, book, month, list(asked.values())):
            before = _results(judged.clocks, now)
            for key, others in asked.items():
                found[key] += bool(list(_flips(judged.facts, before, _results(others.clocks(judged), now))))
    return found


def _touching(version: VersionInForce) -> dict[tuple[str, str], _Others]:
    """Of every question the answers that are not in force and give some limit another shape."""
    found = {}
    for question in version.terms.questions:
        chosen = question.option(dict(version.terms.chosen).get(question.id, ""))
        for option in question.options:
            others = _Others({question.id: option.id})
            if option != chosen and others.terms(version).limits != version.terms.limits:
                found[question.id, option.id] = others
    return found


class _Others:
    """The terms of each version with other answers, made once."""

    def __init__(self, answers: Mapping[str, str]) -> None:
        self._answers = answers
        self._terms: dict[int, Terms] = {}
        self._differ: dict[tuple[int, str, bool, str], bool] = {}

    def terms(self, version: VersionInForce) -> Terms:
        """Given a version, return its terms with the answers."""
        if version.id not in self._terms:
            self._terms[version.id] = effective(answered(version.confirmed, self._answers))
        return self._terms[version.id]

    def clocks(self, judged: Judgement) -> tuple[Clock, ...]:
        """Given a judgement, return the clocks that the ticket would have."""
        terms = self.terms(judged.version)
        return rules.clocks_of(judged.facts, terms, judged.klass, provisional=judged.provisional)

    def differ(self, version: VersionInForce, row: Any) -> bool:
        """Given a version and a ticket's row, say whether the answers give the ticket other limits."""
        key = (version.id, row.type, row.needs_onsite, row.klass)
        if key not in self._differ:
            self._differ[key] = _measured(self.terms(version), row) != _measured(version.terms, row)
        return self._differ[key]


def _measured(terms: Terms, row: Any) -> list[tuple[object, ...]]:
    """What of a ticket's limits decides how they come out; for which others they count as well does not."""
    limits = terms.limits_for(type=row.type, needs_onsite=row.needs_onsite, klass=row.klass)
    return [(limit.id, limit.quantity, limit.limit_seconds, limit.pausable) for limit in limits]


def _judged(session: Session, book: Book, month: str, others: Sequence[_Others] = ()) -> Iterator[Judgement]:
    """The tickets of a month; with `others` only those to which some of them gives other limits."""
    after = 0
    while rows := tickets.reported_between(session, month, month, after, BATCH):
        after = rows[-1].id
        wanted = {row.id: row for row in rows}
        if others:
            versions = {row.id: book.by_id[row.contract_version_id] for row in wanted.values()}
            wanted = {id: row for id, row in wanted.items() if any(o.differ(versions[id], row) for o in others)}
        events = audit.of_tickets(session, wanted)
        for row in wanted.values():
            facts = fold(row.number, events[row.id])
            if facts is not None:
                yield judge(facts, book, frozen_of(row))


def _results(clocks: Iterable[Clock], now: datetime) -> dict[str, tuple[str, str]]:
    """By what ends the clock, of which a ticket has one at most: its limit and how it stands."""
    return {clock.limit.stop_event: (clock.limit.id, rules.standing(clock, now)) for clock in clocks}


def _flips(
    facts: TicketFacts, before: Mapping[str, tuple[str, str]], after: Mapping[str, tuple[str, str]]
) -> Iterator[Flip]:
    for stop in STOP_EVENTS:
        old, new = before.get(stop, ("", "")), after.get(stop, ("", ""))
        if (old[1] in FAILED or new[1] in FAILED) and old[1] != new[1]:
            yield Flip(facts.number, facts.type, stop, *old, *new)


def _counts(found: Counter[tuple[str, str]], limit: str) -> Counts:
    failed = sum(found[limit, result] for result in FAILED)
    return Counts(found[limit, MET], found[limit, MET] + failed, found[limit, RUNNING])


def full_months(now: datetime, count: int = 3) -> tuple[str, ...]:
    """Given now, return the last full months, oldest first."""
    return tuple(shift_month(month_of(now), -step) for step in range(count, 0, -1))
