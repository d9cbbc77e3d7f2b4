"""A month's duties under other answers, found from those that stand and from what the contract would make. Only reads.

Not for the rules (`core/what_if_duties.py`) nor for making duties (`services/duty_plans.py`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from ops_console.core.assessment_facts import DutyFact
from ops_console.core.duties import Duty, Trigger, triggered
from ops_console.core.moments import ZONE, month_start, shift_month
from ops_console.core.people import SYSTEM
from ops_console.core.releases import EVENTS
from ops_console.core.what_if_duties import Owed, answered_for, rearranged, taken_over
from ops_console.services.assessments import Month
from ops_console.services.contracts import Book
from ops_console.services.duty_plans import expected, terms_of
from ops_console.services.month_beside import duty_fact
from ops_console.services.month_facts import version_of
from ops_console.store import duties as store

REACH = timedelta(days=60)  # an event's duty is due at most so long before or after under another answer


def duties_otherwise(session: Session, book: Book, others: Book, found: Month) -> tuple[DutyFact, ...]:
    """Given the book, the same with other answers and a month that is not frozen, return the month's duties by them."""
    month, contract_id, at = found.life.month, found.contract_id, found.facts.as_of
    start, end = month_start(month), month_start(shift_month(month, 1))
    near = store.due_within(session, store.Wanted(start - REACH, end + REACH), contract_id)
    until = at.astimezone(ZONE).date()
    owed = Owed(
        {**_periodic(book, contract_id, until), **_of_events(book, near)},
        {**_periodic(others, contract_id, until), **_of_events(others, near)},
    )
    rows = {row.key: row for row in near} | {
        row.key: row for row in store.of_keys(session, contract_id, owed.changed(month))
    }
    known = {duty.key: duty for duty in store.with_evidence(session, list(rows.values()))}
    stored = [duty for duty in known.values() if start <= duty.due_at < end]
    duties = rearranged(month, stored, owed, known)
    old, new = (version_of(one, contract_id, month).terms for one in (book, others))
    excused = {row.id for row in rows.values() if row.waived_at is not None and row.waived_by != SYSTEM.account}
    duties = answered_for(duties, taken_over(old, new), excused)
    return tuple(_fact(duty, at, closing=at >= found.life.freezes_at) for duty in duties)


def _fact(duty: Duty, at: datetime, *, closing: bool) -> DutyFact:
    """One that stands nowhere has no id of a row: its key tells it apart."""
    made = duty_fact(duty, at, closing=closing)
    return made if duty.id else replace(made, id=duty.key)


def _periodic(book: Book, contract_id: int, until: date) -> dict[str, Duty]:
    return {duty.key: duty for version, duty in expected(book, until) if version.contract_id == contract_id}


def _of_events(book: Book, rows: Iterable[store.DutyRow]) -> dict[str, Duty]:
    """What the events behind these duties make by this book; of an event that was taken back nothing."""
    found: dict[str, Duty] = {}
    live = {(row.event, row.ref) for row in rows if row.event and row.waived_by != SYSTEM.account}
    for row in rows:
        if row.begun_at is None or (row.event, row.ref) not in live:
            continue
        only = None if row.event in EVENTS else (row.clause, row.task)
        version = book.at(row.begun_at)
        made = triggered(terms_of(version), Trigger(row.event, row.ref, row.begun_at, only), book.calendars[version.id])
        found |= {duty.key: duty for duty in made}
    return found
