"""A month under two sets of answers, line beside line: money, points, items, clauses, caps, duties, breach cases.

Not for what another answer makes of the facts (`core/what_if_caps.py`, `core/what_if_duties.py`) nor for computing a
month (`core/assessments.py`): here two months as computed are laid beside one another.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from ops_console.core.assessment_facts import CapFact, CaseFact, DutyFact, MonthFacts
from ops_console.core.assessments import Assessment, ItemLine
from ops_console.core.clause_lines import ClauseLine
from ops_console.core.contracts import Penalty, YearlyCap
from ops_console.core.duties import WAIVED
from ops_console.core.sentences import Sentence, sentence
from ops_console.core.settlements import EARLIER_LINE, PENALTY_LINE, SCORE_LINE, Money
from ops_console.core.terms import Terms
from ops_console.core.what_if_duties import taken_over

FEE, PAYABLE, CARRIED_OVER = "fee", "payable", "carried_over"
SUM_NAMES = {
    FEE: "当月运维费用", PENALTY_LINE: "安全事故扣款", SCORE_LINE: "考核扣款", EARLIER_LINE: "以前月份结转",
    PAYABLE: "应付", CARRIED_OVER: "结转以后月份",
}  # fmt: skip
SUM_CLAUSES = {PENALTY_LINE: ("C-55",), SCORE_LINE: ("C-54",), EARLIER_LINE: ("C-55",)}
MATERIAL = "material"

T = TypeVar("T")


@dataclass(frozen=True)
class Pair(Generic[T]):
    """One line now and under the other answers (None: there is no such line), and the clauses that it rests on."""

    name: str
    old: T | None
    new: T | None
    clauses: tuple[str, ...] = ()

    @property
    def differs(self) -> bool:
        """Whether the other answers make another line of it."""
        return self.old != self.new


@dataclass(frozen=True)
class Beside:
    """A month under both: sums in 分, points in hundredths, then line by line; of duties and cases what differs alone.

    `notes` tell what an answer changes that no figure of the month can tell.
    """

    sums: tuple[Pair[int], ...]
    points: Pair[int]
    grade: Pair[str]
    items: tuple[Pair[ItemLine], ...]
    clauses: tuple[Pair[ClauseLine], ...]
    caps: tuple[Pair[CapFact], ...]
    duties: tuple[Pair[DutyFact], ...] = ()
    cases: tuple[Pair[CaseFact], ...] = ()
    notes: tuple[Sentence, ...] = ()

    @property
    def differs(self) -> bool:
        """Whether any line of the month is another under the other answers."""
        lines: tuple[Pair[Any], ...] = (
            *self.sums, self.points, self.grade, *self.items, *self.clauses, *self.caps
        )  # fmt: skip
        return any(pair.differs for pair in lines) or bool(self.duties or self.cases)


def beside(
    old: tuple[Assessment, MonthFacts], new: tuple[Assessment, MonthFacts], item_clauses: Mapping[str, tuple[str, ...]]
) -> Beside:
    """Given a month as computed with its facts, now and under other answers, and the clauses of each item of the
    sheet, return both line beside line.
    """
    (before, facts), (after, others) = old, new
    return Beside(
        sums=_sums(before.money, after.money), points=Pair("points", before.points, after.points, ("C-54",)),
        grade=Pair("grade", before.grade, after.grade, ("C-54",)),
        items=_pairs(
            {one.scored.code: one for one in before.items}, {one.scored.code: one for one in after.items}, item_clauses
        ),
        clauses=_of_clauses({one.clause: one for one in before.clauses}, {one.clause: one for one in after.clauses}),
        caps=_of_clauses({one.clause: one for one in facts.caps}, {one.clause: one for one in others.caps}),
        duties=_differing(_by_id(facts.duties), _by_id(others.duties)),
        cases=tuple(
            pair for pair in _pairs(_by_number(facts.cases), _by_number(others.cases)) if pair.differs
        ),
    )  # fmt: skip


def _sums(before: Money, after: Money) -> tuple[Pair[int], ...]:
    old, new = _of_money(before), _of_money(after)
    return tuple(
        Pair(name, old.get(name), new.get(name), SUM_CLAUSES.get(name, ())) for name in SUM_NAMES
        if name in (FEE, PAYABLE) or old.get(name) or new.get(name)
    )  # fmt: skip


def _of_money(money: Money) -> dict[str, int | None]:
    found: dict[str, int | None] = dict.fromkeys((PENALTY_LINE, SCORE_LINE, EARLIER_LINE), 0)
    for line in money.lines:
        found[line.kind] = (found[line.kind] or 0) + line.amount
    return {**found, FEE: money.fee, PAYABLE: money.payable, CARRIED_OVER: money.carried_over}


def _pairs(
    old: Mapping[str, T], new: Mapping[str, T], clauses: Mapping[str, tuple[str, ...]] | None = None
) -> tuple[Pair[T], ...]:
    known = clauses or {}
    return tuple(Pair(name, old.get(name), new.get(name), known.get(name, ())) for name in dict.fromkeys((*old, *new)))


def _of_clauses(old: Mapping[str, T], new: Mapping[str, T]) -> tuple[Pair[T], ...]:
    return _pairs(old, new, {name: (name,) for name in (*old, *new)})


def _by_id(duties: Iterable[DutyFact]) -> dict[str, DutyFact]:
    return {one.id: one for one in duties}


def _by_number(cases: Iterable[CaseFact]) -> dict[str, CaseFact]:
    return {one.number: one for one in cases}


def _differing(old: Mapping[str, DutyFact], new: Mapping[str, DutyFact]) -> tuple[Pair[DutyFact], ...]:
    """Duties that come out otherwise, are due at another time, or stand on one side alone; what they rest on."""
    found = []
    for pair in _pairs(old, new):
        either = pair.old or pair.new
        if either is not None and _essence(pair.old) != _essence(pair.new):
            found.append(replace(pair, clauses=(either.clause,)))
    return tuple(found)


def _essence(duty: DutyFact | None) -> tuple[object, ...]:
    return (duty.name, duty.state, duty.due_at) if duty else ()


def notes_of(old: Terms, new: Terms, facts: MonthFacts) -> tuple[Sentence, ...]:
    """Given the month's terms now and under other answers and its facts, return what no figure of it can tell."""
    return (*_of_outages(old, new, facts), *_of_material(old, new, facts), *_of_waivers(old, new, facts))


def _of_outages(old: Terms, new: Terms, facts: MonthFacts) -> Iterable[Sentence]:
    """An outage as a case by itself (K8) deducts nothing before somebody found it to be one."""
    faults = sum(one.is_fault and not one.withdrawn for one in facts.tickets)
    if faults and _outages(new) and not _outages(old):
        yield sentence(
            "这个月有 %(n)s 件故障；按这个答案，其中造成业务中断的可以作为安全事故立案（C-55）。"
            "没有认定和审批就不扣款。", n=faults,
        )  # fmt: skip


def _of_waivers(old: Terms, new: Terms, facts: MonthFacts) -> Iterable[Sentence]:
    """Why the hospital waived what a third party had a part in (K9) no fact tells: all of it counts, and it is said."""
    clauses = taken_over(old, new)
    waived = sum(duty.state == WAIVED and duty.clause in clauses for duty in facts.duties)
    if waived:
        yield sentence(
            "按这个答案，甲方已豁免的 %(n)s 项协助义务都按乙方未完成计；豁免未必都因第三方延误，这是上限。", n=waived
        )


def _outages(terms: Terms) -> bool:
    return any(isinstance(clause, Penalty) and clause.outages for clause in terms.clauses)


def _of_material(old: Terms, new: Terms, facts: MonthFacts) -> Iterable[Sentence]:
    """Notice or material (K3): the ticket's type does not tell, so the count stays and people are told."""
    for clause in new.caps:
        before = old.clause(clause.id)
        used = next((one.used + one.reserved for one in facts.caps if one.clause == clause.id), 0)
        if used and clause.scope == MATERIAL and isinstance(before, YearlyCap) and before.scope != MATERIAL:
            yield sentence(
                "按这个答案，告知不占 %(clause)s 的额度。工单类型分不出告知和宣传材料，"
                "本合同年已计的 %(n)s 次仍全部计入，哪些是告知由双方逐项退回。", clause=clause.id, n=used,
            )  # fmt: skip
