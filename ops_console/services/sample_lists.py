"""Gathering the tickets of a month that a sample may be drawn from, each with its strata, as of now.

Not for drawing (`core/samples.py`) nor for committing to the list (`services/sample_acts.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from ops_console.core.samples import Candidate, is_candidate, strata_of
from ops_console.core.ticket_folds import fold
from ops_console.services.clocks import Judgement, frozen_of, judge
from ops_console.services.contracts import Book
from ops_console.store import audit, tickets

BATCH = 500


@dataclass(frozen=True)
class Gathered:
    """The month's candidates, and how many tickets that were not withdrawn have nobody to be asked."""

    candidates: tuple[Candidate, ...]
    left_out: int


def gather(session: Session, book: Book, contract_id: int, month: str, now: datetime) -> Gathered:
    """Given a contract, a month and now (a clock that still runs has used what it has by now), return its candidates.

    A ticket belongs to the month of its report and to the contract that judges it. Two statements a batch of 500.
    """
    found, left_out = [], 0
    for judged in _judged(session, book, month):
        if judged.version.contract_id != contract_id or judged.facts.withdrawn:
            continue
        if is_candidate(judged.facts):
            found.append(Candidate(judged.facts.number, strata_of(judged.facts, judged.clocks, now)))
        else:
            left_out += 1
    return Gathered(tuple(found), left_out)


def _judged(session: Session, book: Book, month: str) -> Iterator[Judgement]:
    after = 0
    while rows := tickets.reported_between(session, month, month, after, BATCH):
        events = audit.of_tickets(session, [row.id for row in rows])
        for row in rows:
            facts = fold(row.number, events[row.id])
            if facts is not None:
                yield judge(facts, book, frozen_of(row))
        after = rows[-1].id
