"""Every clause's line in a month: how many of how many, by the kind of clause; a time limit with its three readings.

Not for points and money (`core/assessments.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ops_console.core.assessment_facts import JudgedClock, MonthFacts
from ops_console.core.contract_facts import (
    BROKEN,
    KEPT,
    NOT_APPLICABLE,
    OPEN,
    UNPROVEN,
    CapUse,
    Cases,
    Charges,
    Dues,
    Handled,
    Rated,
    Verdict,
)
from ops_console.core.contracts import (
    Clause,
    CostRule,
    EventDuty,
    LimitClause,
    Minimum,
    Penalty,
    Quality,
    StandingDuty,
    YearlyCap,
)
from ops_console.core.sentences import Sentence, sentence
from ops_console.core.terms import Terms
from ops_console.core.tickets import COST_OWNERS, REJECTED

VENDOR_PAYS = COST_OWNERS[0]
CLOSED = "closed"


@dataclass(frozen=True)
class LimitLine:
    """A time limit's month: of how many (`population`) kept by three readings, and which were not.

    `kept_raw`: pauses not taken off; `kept_adjusted`: approved pauses taken off; `kept`: these and proven, which
    counts. `carried` are those of earlier months that settled here (结转), `corrected` those that came out otherwise
    (更正); both are told apart and stand in no other month.
    """

    limit: str
    clock: str
    population: int
    kept_raw: int
    kept_adjusted: int
    kept: int
    broken: tuple[str, ...] = ()
    unproven: tuple[str, ...] = ()
    open: tuple[str, ...] = ()
    carried: tuple[str, ...] = ()
    corrected: tuple[str, ...] = ()


@dataclass(frozen=True)
class ClauseLine:
    """One clause's month: its outcome, how many of how many, and why in a sentence."""

    clause: str
    kind: str
    outcome: str
    numerator: int
    denominator: int
    why: Sentence


def limit_line(limit: str, clock: str, facts: MonthFacts) -> LimitLine:
    """Given a limit's id, its clock and a month's judged facts, return its line."""
    mine, month = [one for one in facts.judged if one.limit == limit], facts.month
    fresh = [one for one in mine if one.was is None and one.outcome in (KEPT, BROKEN, UNPROVEN)]

    def numbers(wanted: Iterable[JudgedClock]) -> tuple[str, ...]:
        return tuple(one.number for one in wanted)

    return LimitLine(
        limit, clock, len(fresh),
        kept_raw=sum(one.raw_outcome == KEPT for one in fresh),
        kept_adjusted=sum(one.outcome in (KEPT, UNPROVEN) for one in fresh),
        kept=sum(one.outcome == KEPT for one in fresh),
        broken=numbers(one for one in fresh if one.outcome == BROKEN),
        unproven=numbers(one for one in fresh if one.outcome == UNPROVEN),
        open=numbers(one for one in mine if one.outcome == OPEN),
        carried=numbers(one for one in fresh if one.month != month),
        corrected=numbers(one for one in mine if one.was is not None),
    )  # fmt: skip


def clause_lines(facts: MonthFacts, terms: Terms, limits: Sequence[LimitLine]) -> tuple[ClauseLine, ...]:
    """Given a month's judged facts, the terms and the lines of its limits, return one line for every clause."""
    lines: dict[str, ClauseLine] = {}
    by_limit = {line.limit: line for line in limits}
    for clause in terms.clauses:
        verdict = _verdict(clause, facts, by_limit)
        told = ClauseLine(clause.id, clause.kind, verdict.outcome, verdict.numerator, verdict.denominator, verdict.why)
        lines[clause.id] = told
    for clause in terms.clauses:
        original = lines.get(clause.duplicate_of)
        if original is not None:
            lines[clause.id] = ClauseLine(
                clause.id, clause.kind, original.outcome, original.numerator, original.denominator, original.why
            )
    return tuple(lines.values())


def _verdict(clause: Clause, facts: MonthFacts, limits: Mapping[str, LimitLine]) -> Verdict:
    if isinstance(clause, LimitClause):
        return _of_limit(limits.get(clause.id))
    if isinstance(clause, YearlyCap):
        return clause.judge(_cap_use(clause.id, facts))
    if clause.tasks:
        return Minimum.judge(clause, _dues(clause.id, facts))  # type: ignore[arg-type]
    if isinstance(clause, Minimum | EventDuty):
        return clause.judge(Dues())
    if isinstance(clause, StandingDuty):
        asked = [ticket for ticket in facts.tickets if ticket.type in clause.types]
        return clause.judge(Handled(len(asked), sum(ticket.withdrawn == REJECTED for ticket in asked)))
    if isinstance(clause, CostRule):
        orders = [ticket for ticket in facts.tickets if ticket.type in clause.types and not ticket.withdrawn]
        return clause.judge(Charges(len(orders), sum(t.cost_owner not in ("", VENDOR_PAYS) for t in orders)))
    if isinstance(clause, Penalty):
        return clause.judge(_cases(clause, facts))
    return clause.judge(Rated()) if isinstance(clause, Quality) else Verdict(NOT_APPLICABLE, 0, 0, clause.sentence())


def _of_limit(line: LimitLine | None) -> Verdict:
    if line is None or not (line.population or line.open):
        return Verdict(NOT_APPLICABLE, 0, 0, sentence("本月无发生"))
    counts = {"n": line.population, "broken": len(line.broken), "unproven": len(line.unproven), "open": len(line.open)}
    told = sentence("共 %(n)s 件，超时 %(broken)s 件，未证实 %(unproven)s 件，未结 %(open)s 件", **counts)
    worst = BROKEN if line.broken else UNPROVEN if line.unproven else OPEN if line.open else KEPT
    return Verdict(worst, line.kept, line.population, told)


def _cap_use(clause: str, facts: MonthFacts) -> CapUse:
    found = next((cap for cap in facts.caps if cap.clause == clause), None)
    return CapUse(found.opening, found.used, found.reserved, found.asked, found.held) if found else CapUse()


def _dues(clause: str, facts: MonthFacts) -> Dues:
    """What is told here for the first time; a correction stands apart, in the points and on the screen alone."""
    states = [duty.state for duty in facts.duties if duty.clause == clause and duty.is_counted]
    names = {"kept": KEPT, "late": "late", "missed": "missed", "open": OPEN, "waived": "waived"}
    return Dues(**{name: states.count(state) for name, state in names.items()})


def _cases(clause: Penalty, facts: MonthFacts) -> Cases:
    if clause.amount == "none":
        return Cases()
    mine = [case for case in facts.cases if case.month == facts.month]
    return Cases(
        sum(case.executed for case in mine), sum(not case.executed and case.state != "closed" for case in mine)
    )
