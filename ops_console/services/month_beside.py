"""A month's facts beside its tickets: duties, caps, breach cases with what they cost, monthly entries. Only reads.

Not for tickets (`services/month_facts.py`) nor for the nouns themselves: each is asked as its own service tells.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from ops_console.core.assessment_facts import CapFact, CaseFact, DutyFact, MonthFacts, Penalty
from ops_console.core.breaches import Case, Deduction
from ops_console.core.contract_facts import KEPT, OPEN
from ops_console.core.duties import Duty, counted_as
from ops_console.core.frozen_months import CODE_LENGTH
from ops_console.core.moments import ZONE, month_start, shift_month
from ops_console.core.months import freeze_moment, is_final
from ops_console.core.plain import made
from ops_console.core.settlements import Money, unborne
from ops_console.core.terms import VersionInForce
from ops_console.services import breaches, caps, duties, entries
from ops_console.services.contracts import Book
from ops_console.store import assessments as store

PENALTY_CLAUSE = "C-55"
CLOSED = "closed"


def with_beside(session: Session, book: Book, version: VersionInForce, facts: MonthFacts) -> MonthFacts:
    """Given a month's facts of tickets, return them with those of duties, caps, cases and entries as of the cut-off."""
    month, contract_id, at = facts.month, version.contract_id, facts.as_of
    settlement = version.terms.settlement
    freezes_at = freeze_moment(month, settlement.lock_workday, book.calendars[version.id])
    found = duties.of_month(session, contract_id, month)
    known = [case for case in breaches.cases(session, contract_id) if case.filed_at is not None]
    return replace(
        facts,
        duties=tuple(duty_fact(duty, at, closing=at >= freezes_at) for duty in found),
        caps=_caps(session, book, contract_id, month, at),
        cases=tuple(case_fact(case) for case in known if month in (case.month, case.booked_month)),
        penalties=_penalties(session, book, version, month),
        entries=entries.of_month(session, contract_id, month),
    )


def duty_fact(duty: Duty, at: datetime, *, closing: bool) -> DutyFact:
    """Given a duty, the cut-off and whether the month is being closed, return the duty as a fact.

    Done in time and without a word of the hospital by the day of freezing, it counts as kept; the word may be seen
    to be lacking. Past its time it is at least late.
    """
    state = counted_as(duty, at)
    if state == OPEN and closing and duty.delivered_at is not None:
        state = KEPT
    return DutyFact(
        str(duty.id), duty.clause, duty.task, duty.name, state, duty.due_at, duty.delivered_at, duty.accepted_at,
        tuple(sorted(duty.evidence)),
    )  # fmt: skip


def _caps(session: Session, book: Book, contract_id: int, month: str, at: datetime) -> tuple[CapFact, ...]:
    last = min(at, month_start(shift_month(month, 1)) - timedelta(seconds=1)).astimezone(ZONE).date()
    return tuple(
        CapFact(one.clause, one.year, one.limit, one.opening, one.used, one.reserved, one.asked, one.held)
        for one in caps.of_year(session, book, contract_id, last)
    )


def case_fact(case: Case) -> CaseFact:
    """Given a filed case, return it as a fact of the month."""
    over = bool(case.withdrawn_at or case.executed_at or case.upheld is False)
    state = CLOSED if over else case.state
    return CaseFact(case.number, case.category, case.month, state, bool(case.upheld), case.counts)


def _penalties(session: Session, book: Book, version: VersionInForce, month: str) -> tuple[Penalty, ...]:
    contract_id = version.contract_id
    settled = {row.month for row in store.frozen(session, contract_id) if row.month != month}
    found = penalties_of(breaches.deducted(session, book, contract_id, month, settled))
    return (*found, *undeducted(session, version, month)) if is_final(version.terms, month) else found


def undeducted(session: Session, version: VersionInForce, final: str) -> tuple[Penalty, ...]:
    """Given a contract's version and its final settlement, return what its months' fees could not bear, month by month.

    Each of the month whose fee it is, resting on the sheet that could not bear it, named by its month and code.
    """
    months = [row.month for row in store.frozen(session, version.contract_id) if row.month < final]
    found = []
    for row in store.results(session, version.contract_id, months):
        money = made(Money, json.loads(row.result)["result"]["money"])
        sheet = f"{row.month} {row.digest[:CODE_LENGTH]}"
        found += [Penalty(line.month or row.month, line.clause, line.amount, sheet) for line in unborne(money)]
    return tuple(found)


def penalties_of(deduction: Deduction) -> tuple[Penalty, ...]:
    """Given what is deducted in a month under C-55, return it as facts; what nobody knows the sum of is left out."""
    return tuple(
        Penalty(line.origin, PENALTY_CLAUSE, line.amount, "、".join(line.numbers))
        for line in deduction.lines
        if line.amount is not None
    )
