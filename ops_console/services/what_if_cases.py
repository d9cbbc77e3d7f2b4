"""A month's breach cases under other answers: which month would pay, and what was told in time by another limit.

Not for cases themselves (`services/breaches.py`). Only reads; what a frozen month took stays there.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from ops_console.core.assessment_facts import CaseFact, Penalty
from ops_console.core.breaches import Case, deduction, landing, may_see, paying_month
from ops_console.core.people import HOSPITAL, Actor
from ops_console.core.sentences import Sentence, sentence
from ops_console.services import breach_clues
from ops_console.services.assessments import Month
from ops_console.services.breach_rows import clocks_of, settled_months
from ops_console.services.breaches import fee_of
from ops_console.services.contracts import Book
from ops_console.services.month_beside import case_fact, penalties_of, undeducted
from ops_console.store import breach_lists as lists
from ops_console.store import breaches as store


def cases_otherwise(
    session: Session, book: Book, others: Book, found: Month
) -> tuple[tuple[CaseFact, ...], tuple[Penalty, ...]]:
    """Given the book, the same with other answers and a month that is not frozen, return its cases and deductions."""
    month, contract_id = found.life.month, found.contract_id
    settled = settled_months(session, contract_id) - {month}
    cases = [_otherwise(store.case_of(row), book, others, settled) for row in lists.of_contract(session, contract_id)]
    facts = tuple(
        case_fact(case) for case in cases if case.filed_at is not None and month in (case.month, case.booked_month)
    )
    told = deduction(cases, lambda of: fee_of(others, contract_id, of), month, settled)
    left = undeducted(session, found.version, month) if found.life.is_final else ()
    return facts, (*penalties_of(told), *left)


def _otherwise(case: Case, book: Book, others: Book, settled: Collection[str]) -> Case:
    """The case with whose month pays by the other rule; one that a frozen month took already stays where it is."""
    at = _of(case)
    old, new = (one.at(at).terms.settlement.penalty_month_of for one in (book, others))
    if old == new or (case.counts and landing(case, settled) in settled):
        return case
    month = paying_month(new, occurred_at=case.occurred_at, discovered_at=case.discovered_at, found_at=case.found_at)
    return replace(case, month=month, month_rule=new, booked_month="")


def _of(case: Case) -> datetime:
    return case.occurred_at or case.discovered_at or case.raised_at


def notes_of_cases(session: Session, book: Book, others: Book, found: Month, actor: Actor) -> tuple[Sentence, ...]:
    """Given the book, the same with other answers, a month and who looks, return what another limit of telling (C-57)
    would say of its cases, and to the hospital how many more clues it would give.
    """
    at = found.life.ends_at - timedelta(seconds=1)
    old, new = (one.at(at).terms.settlement.security_minutes for one in (book, others))
    if old == new:
        return ()
    return (*_of_limits(session, book, others, found, actor), *_of_clues(session, book, others, found, actor))


def _of_limits(session: Session, book: Book, others: Book, found: Month, actor: Actor) -> Iterable[Sentence]:
    mine = {case.number for case in found.facts.cases}
    for row in lists.of_contract(session, found.contract_id):
        if row.number not in mine or not may_see(actor, row.raised_side, row.filed_at):
            continue
        old, new = (
            next((clock for clock in clocks_of(session, one, row) if clock.is_internal), None) for one in (book, others)
        )
        if old is None or new is None or old.stopped_at is None:
            continue
        used = old.stopped_at - old.started_at
        in_time = [used <= timedelta(seconds=clock.limit_seconds) for clock in (old, new)]
        if in_time[0] == in_time[1]:
            continue
        yield sentence(
            "案件 %(number)s 上报用时 %(used)s：按这个答案在时限 %(limit)s内（C-57）。"
            if in_time[1]
            else "案件 %(number)s 上报用时 %(used)s：按这个答案超过时限 %(limit)s（C-57）。",
            number=row.number, used=used, limit=timedelta(seconds=new.limit_seconds),
        )  # fmt: skip


def _of_clues(session: Session, book: Book, others: Book, found: Month, actor: Actor) -> Iterable[Sentence]:
    """What the hospital alone looks at is told to the hospital alone."""
    if actor.side != HOSPITAL or not actor.may("breaches.record"):
        return
    old, new = (len(breach_clues.found(session, one, found.life.month, actor)) for one in (book, others))
    if old != new:
        yield sentence("供甲方查看的线索由 %(old)s 条变为 %(new)s 条；线索不是认定。", old=old, new=new)
