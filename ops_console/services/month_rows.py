"""The rows behind a month's figures of clocks, and what an item of the scoring sheet deducts for. Only reads.

Not for duties, caps, tickets and money (`services/month_figures.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from ops_console.core.assessment_facts import JudgedClock, TicketFact
from ops_console.core.contract_facts import BROKEN, KEPT, OPEN, UNPROVEN
from ops_console.core.contracts import Clause, TimeLimit
from ops_console.core.errors import NotFound
from ops_console.core.measures import measure_all
from ops_console.core.months import EXPLAINED, Word, last_by_target
from ops_console.core.people import Actor
from ops_console.core.score_facts import Ref
from ops_console.core.scores import Deduction
from ops_console.services import assessments
from ops_console.services.assessments import Month
from ops_console.services.contracts import Book
from ops_console.store import assessments as store

POPULATION, RAW, ADJUSTED, CARRIED, CORRECTED = "population", "raw", "adjusted", "carried", "corrected"
WHICH = (POPULATION, KEPT, RAW, ADJUSTED, BROKEN, UNPROVEN, OPEN, CARRIED, CORRECTED)


@dataclass(frozen=True)
class ClockRow:
    """One judged clock as a row: what it came to, the ticket's facts, what people call it, what was said about it."""

    clock: JudgedClock
    ticket: TicketFact
    title: str
    department: str
    handler: str
    explanation: Word | None


@dataclass(frozen=True)
class ClockRows:
    """The rows of one limit: the rule, its clause, which of them these are."""

    month: Month
    limit: TimeLimit
    clause: Clause | None
    which: str
    rows: tuple[ClockRow, ...]


def clock_rows(
    session: Session, book: Book, contract_id: int, month: str, limit_id: str, which: str, *, actor: Actor,
    now: datetime,
) -> ClockRows:  # fmt: skip
    """Given a month, a limit and which of WHICH, return exactly the rows that the figure counts. Raises NotFound."""
    found = assessments.of_month(session, book, contract_id, month, actor, now)
    limit = next((one for one in found.basis.terms.limits if one.id == limit_id), None)
    if limit is None or which not in WHICH:
        raise NotFound("没有这一项时限。")
    wanted = [one for one in found.facts.judged if one.limit == limit_id and _is_one(one, which, month)]
    facts = {ticket.number: ticket for ticket in (*found.facts.carried, *found.facts.tickets)}
    shown = store.shown(session, [one.number for one in wanted])
    said = last_by_target(found.words, EXPLAINED)
    rows = [
        ClockRow(one, facts[one.number], *shown.get(one.number, ("", "", "")), said.get(f"{limit_id}/{one.number}"))
        for one in wanted
    ]
    return ClockRows(found, limit, found.basis.terms.clause(limit_id), which, tuple(rows))


def _is_one(one: JudgedClock, which: str, month: str) -> bool:
    fresh = one.was is None and one.outcome in (KEPT, BROKEN, UNPROVEN)
    return {
        POPULATION: fresh, KEPT: fresh and one.outcome == KEPT, RAW: fresh and one.raw_outcome == KEPT,
        ADJUSTED: fresh and one.outcome in (KEPT, UNPROVEN),
        BROKEN: fresh and one.outcome == BROKEN, UNPROVEN: fresh and one.outcome == UNPROVEN,
        OPEN: one.outcome == OPEN, CARRIED: fresh and one.month != month, CORRECTED: one.was is not None,
    }[which]  # fmt: skip


@dataclass(frozen=True)
class ItemRows:
    """The facts that one item of the sheet deducts for, and all that it looks at, with what they are called.

    `hits` are those of them that count. `shown` has tickets by number, duties as `duty/17`: title, department, handler.
    """

    month: Month
    item: Any
    line: Any
    deductions: tuple[Deduction, ...]
    population: tuple[Ref, ...]
    hits: frozenset[Ref]
    shown: Mapping[str, tuple[str, str, str]]


def item_rows(
    session: Session, book: Book, contract_id: int, month: str, code: str, *, actor: Actor, now: datetime
) -> ItemRows:
    """Given a month and an item's code, return what it deducts for, fact by fact. Raises NotFound."""
    found = assessments.of_month(session, book, contract_id, month, actor, now)
    sheet = found.basis.sheet
    item = next((one for one in sheet.items if one.code == code), None) if sheet else None
    line = next((one for one in found.assessment.items if one.scored.code == code), None)
    if item is None or line is None:
        raise NotFound("评分表里没有 %(item)s 这一项。", item=code)
    measured = measure_all(item.measures, found.facts)
    hits = frozenset(hit.ref for one in measured.values() for hit in one.hits)
    looked_at = dict.fromkeys(ref for one in measured.values() for ref in one.population)
    population = tuple(sorted(looked_at, key=lambda ref: ref not in hits))  # what happened first, each in its order
    refs = [*population, *(one.ref for one in line.scored.deductions)]
    shown = store.shown(session, [ref.id for ref in refs if ref.kind == "ticket"])
    duties = {f"duty/{duty.id}": (f"{duty.clause} {duty.name}", "", "") for duty in found.facts.duties}
    return ItemRows(found, item, line, line.scored.deductions, population, hits, {**shown, **duties})
