"""What a month is measured by: names of facts that a scoring sheet may use, and how each is counted from the facts.

Not for points (`core/scores.py`) nor for finding the facts (`services/assessments.py` gathers them).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from ops_console.core.assessment_facts import DutyFact, Entry, JudgedClock, MonthFacts, TicketFact
from ops_console.core.contract_facts import BROKEN, KEPT, UNPROVEN
from ops_console.core.judged_clocks import COUNTED
from ops_console.core.scores import NOTHING, Hit, Measured, Ref

LONG_REPAIR = timedelta(hours=8)
FROM_TICKETS, FROM_DUTIES, FROM_ENTRY = "tickets", "duties", "entry"
Counts = Callable[[MonthFacts], Measured]
Says = Callable[[TicketFact], bool]


@dataclass(frozen=True)
class Measure:
    """One name of the list: what people call it, where it comes from, whose unit a band is in (`percent`, `points`).

    From tickets and duties it is counted; from an entry it is what a person entered for the month, with evidence.
    A name with `takes` is completed by a task's key: `duty_missed:inspection`.
    """

    name: str
    title: str
    source: str
    unit: str = "percent"
    takes: str = ""


_LIST = (
    Measure("response_work_broken", "工作时间响应超时", FROM_TICKETS),
    Measure("response_work_unproven", "工作时间响应未证实", FROM_TICKETS),
    Measure("response_off_broken", "非工作时间响应超时", FROM_TICKETS),
    Measure("response_off_unproven", "非工作时间响应未证实", FROM_TICKETS),
    Measure("arrival_broken", "到场超时", FROM_TICKETS),
    Measure("arrival_unproven", "到场未证实", FROM_TICKETS),
    Measure("repair_broken", "到场后排除超时", FROM_TICKETS),
    Measure("repair_unproven", "到场后排除未证实", FROM_TICKETS),
    Measure("repair_over_8h", "到场后排除超过 8 小时", FROM_TICKETS),
    Measure("hotline_broken", "热线响应超时", FROM_TICKETS),
    Measure("hotline_unproven", "热线响应未证实", FROM_TICKETS),
    Measure("reopened", "重开", FROM_TICKETS),
    Measure("recurring", "30 天内同模块同原因再次故障", FROM_TICKETS),
    Measure("delivery_late", "需求晚于约定日交付", FROM_TICKETS),
    Measure("late_without_proof", "补录没有凭证", FROM_TICKETS),
    Measure("late_over_24h", "补录超过 24 小时", FROM_TICKETS),
    Measure("with_evidence", "关闭时有应有的凭证", FROM_TICKETS),
    Measure("rating", "满意度（1 至 5 星）", FROM_TICKETS, unit="points"),
    Measure("duty_missed", "义务缺失", FROM_DUTIES, takes="task"),
    Measure("duty_late", "义务迟延", FROM_DUTIES, takes="task"),
    Measure("spot_check_failed", "值班抽查不通", FROM_ENTRY),
    Measure("inspection_incomplete", "巡检不完整", FROM_ENTRY),
    Measure("finding_without_ticket", "巡检发现未立工单", FROM_ENTRY),
    Measure("vulnerability_overdue", "漏洞逾期未修复", FROM_ENTRY),
    Measure("change_failed", "变更失败或回退", FROM_ENTRY),
    Measure("availability", "关键模块可用率（%）", FROM_ENTRY),
    Measure("absent_half_days", "未经批准缺岗（半天）", FROM_ENTRY),
    Measure("arrived_late_at_work", "驻场迟到", FROM_ENTRY),
    Measure("engineer_changed", "责任工程师未按约定更换", FROM_ENTRY),
    Measure("engineer_vacant_days", "责任工程师空缺（天）", FROM_ENTRY),
    Measure("falsified", "弄虚作假", FROM_ENTRY),
    Measure("complaints", "有效投诉", FROM_ENTRY),
)
MEASURES: Mapping[str, Measure] = {measure.name: measure for measure in _LIST}


def measure_all(names: Iterable[str], facts: MonthFacts) -> dict[str, Measured]:
    """Given names of measures and a month's facts, return what each came to; an unknown name is missing."""
    return {name: measure(name, facts) for name in dict.fromkeys(names)}


def measure(name: str, facts: MonthFacts) -> Measured:
    """Given a measure's name and a month's facts, return what it came to."""
    base, _, task = name.partition(":")
    known = MEASURES.get(base)
    if known is None:
        return NOTHING
    if known.source == FROM_ENTRY:
        return _entered(next((entry for entry in facts.entries if entry.name == base), None))
    if known.source == FROM_DUTIES:
        return _of_duties(base, [duty for duty in facts.duties if duty.task == task])
    return _OF_TICKETS[base](facts)


def _entered(entry: Entry | None) -> Measured:
    """Of an entry `numerator` things happened among `denominator`; each is a fact of its own."""
    if entry is None:
        return NOTHING
    if entry.is_ratio:
        return Measured(
            (), (Hit(Ref("entry", entry.name), two_sided=entry.two_sided),), entry.numerator, entry.denominator
        )
    hits = tuple(
        Hit(Ref("entry", f"{entry.name}/{number}"), two_sided=entry.two_sided)
        for number in range(1, entry.numerator + 1)
    )
    population = tuple(Ref("entry", f"{entry.name}/{number}") for number in range(1, entry.denominator + 1))
    return Measured(population, hits, entry.numerator, entry.denominator)


def _of_duties(base: str, duties: Iterable[DutyFact]) -> Measured:
    owed = [duty for duty in duties if duty.state in (KEPT, "late", "missed")]
    wanted = "missed" if base == "duty_missed" else "late"
    hits = tuple(Hit(Ref("duty", duty.id)) for duty in owed if duty.state == wanted)
    return Measured(tuple(Ref("duty", duty.id) for duty in owed), hits, len(hits), len(owed))


def _clock(kind: str, klass: str, outcome: str) -> Counts:
    def count(facts: MonthFacts) -> Measured:
        found = [
            one for one in facts.judged
            if one.clock == kind and (not klass or one.klass == klass) and _is_settled(one)
        ]  # fmt: skip
        return _counted(found, outcome)

    return count


def _is_settled(one: JudgedClock) -> bool:
    """Not one that runs still, nor one that a correction took away before any month counted it."""
    return one.was is not None or one.outcome in COUNTED


def _counted(found: Iterable[JudgedClock], outcome: str) -> Measured:
    population, hits = [], []
    for one in found:
        ref = Ref("ticket", one.number)
        if one.was is None:
            population.append(ref)
        change = (one.outcome == outcome) - (one.was == outcome)
        if change:
            hits.append(Hit(ref, change, one.two_sided))
    return Measured(tuple(population), tuple(hits), sum(hit.count for hit in hits), len(population))


def _long_repair(facts: MonthFacts) -> Measured:
    found = [one for one in facts.judged if one.clock == "repair" and _is_settled(one)]
    refs = tuple(Ref("ticket", one.number) for one in found if one.was is None)
    hits = tuple(
        Hit(Ref("ticket", one.number), two_sided=one.two_sided) for one in found
        if one.was is None and one.outcome == BROKEN and timedelta(seconds=one.seconds) > LONG_REPAIR
    )  # fmt: skip
    return Measured(refs, hits, len(hits), len(refs))


def _tickets(
    which: Callable[[TicketFact], bool], hit: Callable[[TicketFact], bool]
) -> Callable[[MonthFacts], Measured]:
    def count(facts: MonthFacts) -> Measured:
        found = [ticket for ticket in facts.tickets if which(ticket)]
        hits = tuple(Hit(Ref("ticket", ticket.number)) for ticket in found if hit(ticket))
        return Measured(tuple(Ref("ticket", ticket.number) for ticket in found), hits, len(hits), len(found))

    return count


def _rating(facts: MonthFacts) -> Measured:
    rated = [ticket for ticket in facts.tickets if ticket.rating]
    refs = tuple(Ref("ticket", ticket.number) for ticket in rated)
    return Measured(refs, (), sum(ticket.rating or 0 for ticket in rated), len(rated))


def _recurring(facts: MonthFacts) -> Measured:
    return _tickets(lambda t: t.is_fault and not t.withdrawn, lambda t: t.recurs)(facts)


_OF_TICKETS: Mapping[str, Callable[[MonthFacts], Measured]] = {
    "response_work_broken": _clock("response", "work", BROKEN),
    "response_work_unproven": _clock("response", "work", UNPROVEN),
    "response_off_broken": _clock("response", "off", BROKEN),
    "response_off_unproven": _clock("response", "off", UNPROVEN),
    "arrival_broken": _clock("arrival", "", BROKEN),
    "arrival_unproven": _clock("arrival", "", UNPROVEN),
    "repair_broken": _clock("repair", "", BROKEN),
    "repair_unproven": _clock("repair", "", UNPROVEN),
    "repair_over_8h": _long_repair,
    "hotline_broken": _clock("hotline", "", BROKEN),
    "hotline_unproven": _clock("hotline", "", UNPROVEN),
    "reopened": _tickets(lambda t: t.is_closed or bool(t.reopenings), lambda t: bool(t.reopenings)),
    "recurring": _recurring,
    "delivery_late": _tickets(lambda t: t.agreed_on is not None and not t.withdrawn, lambda t: t.is_delivered_late),
    "late_without_proof": _tickets(lambda t: t.late_entries > 0, lambda t: t.late_bare > 0),
    "late_over_24h": _tickets(lambda t: t.late_entries > 0, lambda t: t.late_long > 0),
    "with_evidence": _tickets(lambda t: t.is_closed and t.needs_evidence, lambda t: t.has_evidence),
    "rating": _rating,
}  # fmt: skip
