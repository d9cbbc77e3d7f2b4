"""A month assessed: facts and clauses become lines, each with how many of how many, and the month's points and money.

Not for finding facts (`services/assessments.py`). The same facts and terms give the same assessment on any machine:
`docs/assessment-format.md` publishes the rules, and a program written from it alone recomputes every figure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from ops_console.core.assessment_facts import MonthFacts
from ops_console.core.clause_lines import ClauseLine, LimitLine, clause_lines, limit_line
from ops_console.core.measures import measure_all
from ops_console.core.readings import Conflict, conflicts
from ops_console.core.scores import Grade, Scored, Sheet, score, total
from ops_console.core.settlements import (
    EARLIER_LINE,
    PENALTY_LINE,
    SCORE_LINE,
    Money,
    MoneyLine,
    score_deduction,
    settle,
)
from ops_console.core.terms import Terms


@dataclass(frozen=True)
class Adjustment:
    """What the hospital makes of one item: it deducts so much (hundredths) instead, with the reason's event.

    The reason itself is a text people typed: it stands in the event, here is who and when.
    """

    item: str
    deducted: int
    by: str
    at: datetime


@dataclass(frozen=True)
class ItemLine:
    """One item of the sheet: as computed, as adjusted, and what it comes to (hundredths)."""

    scored: Scored
    adjustment: Adjustment | None
    deducted: int

    @property
    def stands_out(self) -> bool:
        """Whether there is something to be seen: points cut, a value adjusted, or nobody who told the fact."""
        untold = bool(self.scored.missing) and not self.scored.denominator
        return self.deducted > 0 or self.adjustment is not None or untold


@dataclass(frozen=True)
class Assessment:
    """A month as computed. `conflicts`, `provisional` stop it from being closed; `missing` names unknown measures."""

    month: str
    as_of: datetime
    limits: tuple[LimitLine, ...]
    clauses: tuple[ClauseLine, ...]
    items: tuple[ItemLine, ...]
    points: int | None
    grade: str
    money: Money
    conflicts: tuple[Conflict, ...] = ()
    provisional: int = 0
    missing: tuple[str, ...] = ()

    def line_of(self, clause_id: str) -> ClauseLine | None:
        """Given a clause's id, return its line, or None where the contract lists no such clause."""
        return next((line for line in self.clauses if line.clause == clause_id), None)


@dataclass(frozen=True)
class Basis:
    """What a month is judged by: the terms in effect at its end, those of its tickets by digest, the sheet, the fee.

    `money_basis` is the recorded legal basis of a deduction by points; "" leaves points without any effect on money.
    """

    terms: Terms
    versions: Mapping[str, Terms]
    sheet: Sheet | None = None
    fee: int | None = None
    money_basis: str = ""
    adjustments: tuple[Adjustment, ...] = ()


def assess(facts: MonthFacts, basis: Basis) -> Assessment:
    """Given a month's judged facts and what it is judged by, return the assessment."""
    limits = tuple(limit_line(limit, clock, facts) for limit, clock in _limits(facts, basis.terms).items())
    items = _items(facts, basis)
    points = total(basis.sheet, {one.scored.code: one.deducted for one in items}) if basis.sheet else None
    grade = basis.sheet.grade_of(points) if basis.sheet and points is not None else None
    return Assessment(
        month=facts.month, as_of=facts.as_of, limits=limits, clauses=clause_lines(facts, basis.terms, limits),
        items=items, points=points, grade=grade.name if grade else "", money=_money(facts, items, basis),
        conflicts=tuple(dict.fromkeys(c for terms in basis.versions.values() for c in conflicts(terms))),
        provisional=sum(ticket.provisional for ticket in (*facts.tickets, *facts.carried)),
        missing=tuple(dict.fromkeys(name for one in items for name in one.scored.missing)),
    )  # fmt: skip


def _limits(facts: MonthFacts, terms: Terms) -> dict[str, str]:
    """Every limit that gets a line, with its kind of clock: the terms', then what only an older version has."""
    known = {limit.id: limit.clock for limit in terms.limits}
    judged = {one.limit: one.clock for one in sorted(facts.judged, key=lambda one: one.limit)}
    return known | {limit: clock for limit, clock in judged.items() if limit not in known}


def _items(facts: MonthFacts, basis: Basis) -> tuple[ItemLine, ...]:
    if basis.sheet is None:
        return ()
    names = [name for item in basis.sheet.items for name in item.measures]
    adjusted = {one.item: one for one in basis.adjustments}
    lines = []
    for scored in score(basis.sheet, measure_all(names, facts)):
        change = adjusted.get(scored.code)
        lines.append(ItemLine(scored, change, change.deducted if change else scored.deducted))
    return tuple(lines)


def _money(facts: MonthFacts, items: Sequence[ItemLine], basis: Basis) -> Money:
    lines = []
    for due in facts.penalties:
        kind = PENALTY_LINE if due.month == facts.month else EARLIER_LINE
        lines.append(MoneyLine(kind, due.clause, due.amount, due.month, due.basis))
    ratio = _ratio(items, basis)
    if basis.fee and basis.money_basis and ratio is not None:
        amount = score_deduction(basis.fee, ratio.ratio, basis.terms.settlement.at_risk)
        lines.append(MoneyLine(SCORE_LINE, "C-54", amount, "", basis.money_basis))
    return settle(basis.fee, lines)


def _ratio(items: Sequence[ItemLine], basis: Basis) -> Grade | None:
    """The grade by what both parties could see alone: a figure that one side only observed never cuts money."""
    if basis.sheet is None:
        return None
    deducted = {one.scored.code: min(one.deducted, one.scored.for_money) for one in items}
    return basis.sheet.grade_of(total(basis.sheet, deducted))
