"""What of a contract's terms contradicts itself: found when the file is read, before anybody agrees to it.

Not for the shape of the file (`settings_contract`), nor for limits that both apply, which the parties rank
(`core/readings.py` `conflicts`). Each problem is a sentence in Chinese that begins with its place in config.toml.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from ops_console.core.contracts import (
    CLASSES,
    CLOCKS,
    COST_RULE,
    EVENT_DUTY,
    MINIMUM,
    MONTH_FEE,
    CostRule,
    Penalty,
    Task,
    TimeLimit,
)
from ops_console.core.money import ADVANCE, BOND, Node
from ops_console.core.proofs import CODES
from ops_console.core.readings import answered, effective
from ops_console.core.terms import Terms, contract_years

WHOLE = 10_000  # a hundred per cent, in hundredths of one
MOST_BOND = 1_000  # 政府采购法实施条例 第48条: 履约保证金 at most 10 % of the contract
BOND_RULE = "政府采购法实施条例第四十八条：只能收履约保证金，且不超过合同金额的 10%"


def check_terms(terms: Terms) -> list[str]:
    """Given terms read from a file, return what contradicts itself, one sentence each; empty when sound."""
    problems = []
    if terms.ends_on <= terms.starts_on:
        problems.append("contract.ends_on：合同终止日必须晚于起始日")
    if not terms.starts_on <= terms.counts_from <= terms.ends_on:
        problems.append("contract.counts_from：生效日必须在合同期内")
    problems += _twice("contract.time_limit：时限编号", [limit.id for limit in terms.limits])
    problems += _twice("contract.reading：口径编号", [reading.id for reading in terms.readings])
    problems += _twice("working_time.override：年份", [str(override.year) for override in terms.overrides])
    problems += _twice("contract.clause：条款编号", [clause.id for clause in terms.clauses])
    problems += _twice("contract.question：问题编号", [question.id for question in terms.questions])
    for clock in CLOCKS:
        problems += _class_problems(clock, [limit for limit in terms.limits if limit.clock == clock])
    for find in (_days, _ranks, _clauses, _types, _openings, _money, _nodes, _questions):
        problems += find(terms)
    return problems


def _twice(what: str, keys: Sequence[str]) -> list[str]:
    """What bears the same key twice would hide its change from the parties: `differences` goes by key."""
    return [f"{what} {key} 重复" for key in sorted(set(keys)) if keys.count(key) > 1]


def _class_problems(clock: str, limits: Sequence[TimeLimit]) -> list[str]:
    named = [klass for limit in limits for klass in limit.classes]
    missing = [klass for klass in CLASSES if klass not in named]
    twice = sorted({klass for klass in named if named.count(klass) > 1})
    problems = [f"contract.time_limit：时限 {clock} 缺少 {klass} 类别" for klass in missing]
    return problems + [f"contract.time_limit：时限 {clock} 的 {klass} 类别重复" for klass in twice]


def _days(terms: Terms) -> Iterator[str]:
    given: list[tuple[str, date | None]] = [("contract.go_live_on", terms.go_live_on)]
    given += [(f"contract.clause {clause.id}.go_live_on", clause.go_live_on) for clause in terms.clauses]
    for place, day in given:
        if day is not None and not terms.starts_on <= day <= terms.ends_on:
            yield f"{place}：上线日 {day} 不在合同期内"


def _ranks(terms: Terms) -> Iterator[str]:
    by_id = {limit.id: limit for limit in terms.limits}
    for limit in terms.limits:
        for other in limit.exception_to:
            place = f"contract.time_limit {limit.id}.exception_to"
            if other not in by_id:
                yield f"{place}：没有 {other} 这一时限"
            elif by_id[other].quantity != limit.quantity or other == limit.id:
                yield f"{place}：{other} 与 {limit.id} 计的不是同一段时间，没有先后可言"
            elif limit.id in by_id[other].exception_to and limit.id < other:
                yield f"{place}：{limit.id} 与 {other} 互相优先，哪一个都不成立；请只留一个"


def _clauses(terms: Terms) -> Iterator[str]:
    ids = {clause.id for clause in terms.clauses}
    for clause in terms.clauses:
        place = f"contract.clause {clause.id}"
        if clause.duplicate_of and (clause.duplicate_of not in ids or clause.duplicate_of == clause.id):
            yield f"{place}.duplicate_of：没有 {clause.duplicate_of} 这一条款"
        if clause.tasks and clause.kind not in (MINIMUM, EVENT_DUTY):
            yield f"{place}.task：只有 {MINIMUM} 和 {EVENT_DUTY} 两种条款可以有任务"
        if not clause.tasks and clause.kind in (MINIMUM, EVENT_DUTY):
            yield f"{place}.task：{clause.kind} 的条款至少要有一项任务，否则无从判断"
        yield from _twice(f"{place}：任务", [task.key for task in clause.tasks])
        yield from (f"{place}.task {task.key}：{told}" for task in clause.tasks for told in _task(task))
        yield from _codes(place, clause.evidence)
    if terms.clauses:
        cards = {clause.id: clause.section for clause in terms.clauses}
        for limit in terms.limits:
            if cards.get(limit.id) != limit.clause:
                yield f"contract.time_limit {limit.id}.clause：应等于 contract.clause 中同号条款的 section"


def _codes(place: str, codes: Iterable[str]) -> Iterator[str]:
    yield from (f"{place}.evidence：没有 {code} 这种凭证，应为 E1 到 E15" for code in codes if code not in CODES)


def _task(task: Task) -> Iterator[str]:
    if bool(task.period) == bool(task.event):
        yield "period（周期）和 event（触发的事）必须写且只写一个"
    if task.period and (task.workdays or task.minutes or task.same_day):
        yield "周期任务在周期最后一天到期，或由 due_days 提前、推后若干天，不写 workdays、minutes、same_day"
    if task.event and task.due_days:
        yield "due_days 只用于周期任务"
    if task.workdays and (task.minutes or task.same_day):
        yield "workdays 不能与 minutes、same_day 同写，到期时间只能有一个"
    if task.event and task.min_gap_days:
        yield "min_gap_days 只用于周期任务"
    yield from (told.lstrip(".") for told in _codes("", task.evidence))


def _types(terms: Terms) -> Iterator[str]:
    """A request of one type uses one cap; what is free and outside every cap uses none (一.1, domain §1.8)."""
    capped = [name for cap in terms.caps for name in cap.types]
    yield from _twice("contract.clause：工单类型同时占用两项额度，", capped)
    for clause in terms.clauses:
        if isinstance(clause, CostRule):
            for name in sorted(set(clause.types) & set(capped)):
                yield f"contract.clause {clause.id}.types：{name} 占用额度，{COST_RULE} 又说它不占；请只留一处"


def _openings(terms: Terms) -> Iterator[str]:
    caps, years = {cap.id: cap.limit for cap in terms.caps}, len(contract_years(terms))
    yield from _twice("contract.opening：期初", [f"{one.clause} 第 {one.year} 年" for one in terms.openings])
    for index, one in enumerate(terms.openings):
        if one.clause not in caps:
            yield f"contract.opening[{index}].clause：{one.clause} 不是年度额度"
        if not 1 <= one.year <= years:
            yield f"contract.opening[{index}].year：合同只有 {years} 个合同年"


def _money(terms: Terms) -> Iterator[str]:
    for month, _fen in terms.fee.months if terms.fee else ():
        if not f"{terms.starts_on:%Y-%m}" <= month <= f"{terms.ends_on:%Y-%m}":
            yield f"contract.fee.months：{month} 不在合同期内"
    yield from _twice("contract.fee.months：月份", [month for month, _fen in terms.fee.months] if terms.fee else [])
    yield from _twice("contract.settlement.limits_told：", [name for name, _minutes in terms.settlement.limits_told])
    for clause in terms.clauses:
        if isinstance(clause, Penalty) and clause.amount == MONTH_FEE:
            if clause.month_of != terms.settlement.penalty_month_of:
                yield f"contract.clause {clause.id}.month_of：与 contract.settlement.penalty_month_of 不一致"
            if not clause.approval:
                yield f"contract.clause {clause.id}.approval：扣款要写明由谁审批"


def _nodes(terms: Terms) -> Iterator[str]:
    yield from _twice("contract.node：付款节点", [node.id for node in terms.nodes])
    for index, node in enumerate(terms.nodes):
        yield from (f"contract.node[{index}]{told}" for told in _node(node))
    if sum(node.share for node in terms.nodes) > WHOLE:
        yield "contract.node：各节点的比例合计超过 100%"


def _node(node: Node) -> Iterator[str]:
    if node.kind == BOND and not node.legal_basis.strip():
        yield f".legal_basis：质保金必须写明依据（{BOND_RULE}）"
    if node.kind == BOND and node.share > MOST_BOND:
        yield f".share_percent：超过 10%（{BOND_RULE}）"
    if node.kind in (BOND, ADVANCE) and not node.share:
        yield ".share_percent：预付和质保金要写占合同年费用的百分比"


def _questions(terms: Terms) -> Iterator[str]:
    """Every answer is tried alone: one that sets what the contract does not have would fail on the day it is agreed."""
    ids = {clause.id for clause in terms.clauses} | {limit.id for limit in terms.limits}
    for question in terms.questions:
        place = f"contract.question {question.id}"
        yield from _twice(f"{place}：答案", [option.id for option in question.options])
        if len(question.options) < 2:
            yield f"{place}.option：至少要有两个答案，否则不必问"
        yield from (f"{place}.clauses：没有 {name} 这一条款" for name in question.clauses if name not in ids)
        for option in question.options:
            try:
                effective(answered(terms, {question.id: option.id}))
            except ValueError as exc:
                yield f"{place}：答案 {option.id} 设置了合同里没有的位置（{exc}）"
