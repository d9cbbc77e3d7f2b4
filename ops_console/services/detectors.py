"""Looking over a month for what deserves a second look: its tickets as cases, its answers as patterns.

Not for the rules (`core/detectors.py`, `core/patterns.py`) nor for what becomes of a flag (`services/flags.py`).
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from ops_console.core.clocks import Clock
from ops_console.core.detectors import EARLIER_WITHIN, FROM_HOSPITAL, Case, Earlier, Flag, flags_of, other_type
from ops_console.core.moments import month_of, month_start, shift_month, whole
from ops_console.core.patterns import Answer, answer_of, patterns_of
from ops_console.core.quick_lines import Lexicon
from ops_console.core.ticket_folds import fold
from ops_console.core.tickets import TicketFacts
from ops_console.services.clocks import frozen_of, judge
from ops_console.services.contracts import Book, Books
from ops_console.services.flags import keep
from ops_console.services.jobs import Run
from ops_console.services.ports import OpenSession
from ops_console.store import attachments, audit, tickets
from ops_console.store import flags as store

JOB = "find-flags"
BATCH = 200


@dataclass(frozen=True)
class Hands:
    """What a look-over is given: sessions to read and write, the contract, and the words that lines are read by."""

    open_read: OpenSession
    open_write: OpenSession
    books: Books
    lexicon: Lexicon


def find_flags(run: Run, hands: Hands, now: datetime) -> dict[str, Any]:
    """Given a run (params `month`, else this month and the one before), look the months over and keep what was found.

    A month's patterns are looked at once it is over: before, every night would tell another one. Returns `months`,
    `looked_at` tickets, and how many flags are `new`, `known` and `lapsed`.
    """
    this = month_of(now)
    months = [str(run.params["month"])] if run.params.get("month") else [shift_month(this, -1), this]
    told = {"months": months, "looked_at": 0, "new": 0, "known": 0, "lapsed": 0}
    for month in months:
        found, looked_at = look_over(hands, month, now)
        told["looked_at"] += looked_at  # type: ignore[operator]
        with hands.open_write() as session:
            for name, n in keep(session, month, found, now).items():
                told[name] += n  # type: ignore[operator]
        run.progress(int(str(told["looked_at"])), 0)
    return told


def look_over(hands: Hands, month: str, now: datetime) -> tuple[list[Flag], int]:
    """Given a month, return what its tickets show and how many there are; in batches, nothing is written."""
    found: list[Flag] = []
    answers: list[Answer] = []
    looked_at = after = 0
    with hands.open_read() as session:
        before = _reports(session, month)
    while True:
        with hands.open_read() as session:
            rows = tickets.reported_between(session, month, month, after, BATCH)
            cases = list(_cases(session, hands, rows, before, whole(now)))
        if not rows:
            break
        for case in cases:
            found += flags_of(case)
            answers += [answer] if (answer := answer_of(case)) else []
        looked_at, after = looked_at + len(rows), rows[-1].id
    if month < month_of(now):
        found += patterns_of(answers)
    return found, looked_at


Reports = Mapping[str, Sequence[Any]]


def _reports(session: Session, month: str) -> Reports:
    """The month's reports by module, in order of time."""
    start, end = month_start(month) - EARLIER_WITHIN, month_start(shift_month(month, 1))
    found: dict[str, list[Any]] = defaultdict(list)
    for row in store.reports(session, start, end):
        found[row.module].append(row)
    return found


def _cases(session: Session, hands: Hands, rows: Sequence[Any], before: Reports, now: datetime) -> Iterable[Case]:
    book, ids = hands.books(session), [row.id for row in rows]
    events = audit.of_tickets(session, ids)
    with_files = attachments.tickets_with(session, ids)
    for row in rows:
        facts = fold(row.number, events[row.id])
        if facts is None:
            continue
        judged = judge(facts, book, frozen_of(row))
        other = other_type(facts, events[row.id], judged.version.terms, hands.lexicon)
        yield Case(
            facts, events[row.id], judged.clocks, now, other, _clocks_as(facts, other, book, row),
            _earlier(facts, before), row.id in with_files,
        )  # fmt: skip


def _clocks_as(facts: TicketFacts, other: str, book: Book, row: Any) -> tuple[Clock, ...]:
    return judge(replace(facts, type=other), book, frozen_of(row)).clocks if other else ()


def _earlier(facts: TicketFacts, before: Reports) -> tuple[Earlier, ...]:
    known = before.get(facts.module, ())
    first = bisect_left(known, facts.reported_at - EARLIER_WITHIN, key=lambda row: row.reported_at)
    last = bisect_left(known, facts.reported_at, key=lambda row: row.reported_at)
    return tuple(
        Earlier(
            row.number, row.reported_at, row.title, row.department, row.from_hospital or row.channel in FROM_HOSPITAL
        )
        for row in known[first:last]
    )
