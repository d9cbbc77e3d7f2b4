"""Each kind of clause: kept, broken, the boundary second, nothing happened, a month's edge, a leap February."""

from __future__ import annotations

from dataclasses import fields
from datetime import date
from typing import Any

import pytest

from ops_console.core import contracts, tickets
from ops_console.core.clocks import clocks_of, result
from ops_console.core.contract_facts import (
    BROKEN,
    KEPT,
    NOT_APPLICABLE,
    OPEN,
    OUTCOME_NAMES,
    OUTCOMES,
    UNPROVEN,
    CapUse,
    Cases,
    Charges,
    Dues,
    Elapsed,
    Handled,
    Rated,
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
    Task,
    YearlyCap,
)
from ops_console.core.plain import made, plain
from ops_console.core.terms import contract_years
from tests.core.builders import BOTH, event, limit, reported, terms, ticket

CARD: dict[str, Any] = {
    "id": "C-1", "section": "二.1", "key": "词", "text": "原文", "bound": "vendor", "basis": "合同", "rule": "规则",
    "signs": "信息科员",
}  # fmt: skip
TASK = Task("t", "巡检", "合同", period="month", evidence=("E11",))


def outcome(clause: Any, facts: Any) -> tuple[str, int, int]:
    verdict = clause.judge(facts)
    return verdict.outcome, verdict.numerator, verdict.denominator


# Every kind


def test_every_kind_has_its_name_and_its_class_says_its_kind() -> None:
    assert set(Clause.KINDS) == set(contracts.KIND_NAMES)
    for kind, of_kind in Clause.KINDS.items():
        assert next(f for f in fields(of_kind) if f.name == "kind").default == kind


def test_every_outcome_has_a_name() -> None:
    assert set(OUTCOME_NAMES) == set(OUTCOMES)


@pytest.mark.parametrize("clause", [
    LimitClause(**CARD), YearlyCap(limit=8, **CARD), Minimum(tasks=(TASK,), **CARD), EventDuty(**CARD),
    StandingDuty(no_refusal=True, **CARD), CostRule(types=("数据纠错",), **CARD), Penalty(amount="month_fee", **CARD),
    Quality(go_live_on=date(2028, 2, 29), **CARD),
], ids=lambda clause: clause.kind)  # fmt: skip
def test_a_clause_of_each_kind_is_kept_as_json_and_says_its_rule(clause: Clause) -> None:
    assert made(Clause, plain(clause)) == clause
    assert clause.sentence().values


# Time limits


@pytest.mark.parametrize(
    ("facts", "found"),
    [
        (Elapsed(1799), (KEPT, 1, 1)),
        (Elapsed(1800), (KEPT, 1, 1)),  # 30 min 00 s
        (Elapsed(1801), (BROKEN, 0, 1)),  # 30 min 01 s
        (Elapsed(0), (KEPT, 1, 1)),
        (Elapsed(1800, is_open=True), (OPEN, 0, 1)),
        (Elapsed(1801, is_open=True), (BROKEN, 0, 1)),  # broken before it stops
        (Elapsed(60, is_proven=False), (UNPROVEN, 0, 1)),  # in the denominator, not in the met count
        (Elapsed(1801, is_proven=False), (BROKEN, 0, 1)),
        (Elapsed(None), (NOT_APPLICABLE, 0, 0)),
        (Elapsed(None, is_open=True), (NOT_APPLICABLE, 0, 0)),
    ],
)
def test_a_time_limit_is_inclusive_to_the_second(facts: Elapsed, found: tuple[str, int, int]) -> None:
    assert outcome(limit("response", ("work",), 30, "reported", "responded"), facts) == found


@pytest.mark.parametrize(
    ("report", "answer", "found"),
    [
        ("2026-03-31 23:40:00", "2026-04-01 00:40:00", "met"),  # over the month's edge
        ("2026-03-31 23:40:00", "2026-04-01 00:40:01", "breached"),
        ("2028-02-28 23:30:00", "2028-02-29 00:30:00", "met"),  # into the leap day
        ("2028-02-29 23:30:00", "2028-03-01 00:30:00", "met"),
        ("2028-02-29 23:30:00", "2028-03-01 00:30:01", "breached"),
        ("2026-02-28 23:30:00", "2026-03-01 00:30:00", "met"),  # no leap year
        ("2026-12-31 23:59:59", "2027-01-01 00:59:59", "met"),
    ],
)
def test_a_clock_runs_on_over_days_that_end_a_month_or_a_year(report: str, answer: str, found: str) -> None:
    facts = ticket(reported(report), event(tickets.RESPONDED, answer))
    (clock,) = clocks_of(facts, terms(), "off")
    assert (clock.limit.id, result(clock, facts.responded_at)) == ("C-16", found)  # type: ignore[arg-type]


# Go-live


@pytest.mark.parametrize(
    ("report", "live", "judged"),
    [
        ("2026-02-28 23:59:59", date(2026, 3, 1), []),  # the last second before the day
        ("2026-03-01 00:00:00", date(2026, 3, 1), ["C-16"]),
        ("2028-02-28 23:59:59", date(2028, 2, 29), []),
        ("2028-02-29 00:00:00", date(2028, 2, 29), ["C-16"]),
    ],
)
def test_nothing_before_the_go_live_day_is_judged(report: str, live: date, judged: list[str]) -> None:
    facts = ticket(reported(report))
    assert [clock.limit.id for clock in clocks_of(facts, terms(go_live_on=live), "off")] == judged


def test_a_clause_with_its_own_go_live_is_judged_from_that_day_alone() -> None:
    card = LimitClause(**{**CARD, "id": "C-16"}, go_live_on=date(2026, 4, 1))
    own = terms(go_live_on=date(2026, 3, 1), clauses=(card,))
    assert (own.live_on("C-16"), own.live_on("C-15"), own.live_on()) == (
        date(2026, 4, 1), date(2026, 3, 1), date(2026, 3, 1),
    )  # fmt: skip
    early = ticket(reported("2026-03-15 09:00:00"))
    assert clocks_of(early, own, "off") == ()
    assert [clock.limit.id for clock in clocks_of(early, own, "work")] == ["C-15"]


def test_without_a_go_live_day_the_contract_s_first_day_counts() -> None:
    assert terms().live_on("C-15") == date(2025, 1, 1)


# Yearly caps


@pytest.mark.parametrize(
    ("facts", "found"),
    [
        (CapUse(), (KEPT, 0, 4)),  # nothing asked: never a failure
        (CapUse(opening=1, used=1, reserved=1, asked=3), (KEPT, 3, 4)),
        (CapUse(used=4), (KEPT, 4, 4)),  # exactly N
        (CapUse(used=4, held=1), (OPEN, 4, 4)),  # N + 1 waits for both
        (CapUse(opening=4, held=2), (OPEN, 4, 4)),
        (CapUse(asked=9), (KEPT, 0, 4)),  # asked for is not used
    ],
)
def test_a_cap_is_no_target_and_what_is_over_it_waits(facts: CapUse, found: tuple[str, int, int]) -> None:
    assert outcome(YearlyCap(limit=4, **{**CARD, "bound": "hospital"}), facts) == found


def test_the_year_of_a_cap_begun_on_a_leap_day_ends_on_the_last_of_february() -> None:
    span = terms(starts_on=date(2028, 2, 29), ends_on=date(2030, 2, 28), counts_from=date(2028, 2, 29))
    assert contract_years(span) == (
        (date(2028, 2, 29), date(2029, 2, 28)),
        (date(2029, 3, 1), date(2030, 2, 28)),
    )


# Minimums and triggered duties


@pytest.mark.parametrize("clause", [Minimum(tasks=(TASK,), **CARD), EventDuty(**CARD)], ids=lambda one: one.kind)
@pytest.mark.parametrize(
    ("facts", "found"),
    [
        (Dues(), (NOT_APPLICABLE, 0, 0)),  # nothing due: full, never broken
        (Dues(waived=2), (NOT_APPLICABLE, 0, 0)),  # waived leaves the denominator
        (Dues(kept=2), (KEPT, 2, 2)),
        (Dues(kept=2, waived=1), (KEPT, 2, 2)),
        (Dues(kept=1, late=1), (BROKEN, 1, 2)),
        (Dues(missed=1), (BROKEN, 0, 1)),
        (Dues(kept=1, open=1), (OPEN, 1, 2)),
        (Dues(kept=1, missed=1, open=1), (BROKEN, 1, 2)),  # what is broken stays so while another waits
    ],
)
def test_what_is_owed_by_a_date_is_judged_alike(clause: Any, facts: Dues, found: tuple[str, int, int]) -> None:
    assert outcome(clause, facts) == found


@pytest.mark.parametrize(
    ("task", "told"),
    [
        (Task("a", "巡检", "合同", period="month"), "每月至少 1 次巡检"),
        (Task("a", "恢复演练", "合同", period="half", count=2), "每半年至少 2 次恢复演练"),
        (Task("a", "操作视频", "合同", event="release", workdays=5), "软件更新后 5 个工作日内操作视频"),
        (Task("a", "首页告知", "合同", event="go_live", minutes=30), "功能上线或活动开启后 0:30:00内首页告知"),
        (Task("a", "更新说明", "合同", event="release"), "软件更新时更新说明"),
    ],
)
def test_a_task_says_when_it_is_owed(task: Task, told: str) -> None:
    assert str(task.sentence()) == told


# Standing duties and cost rules


@pytest.mark.parametrize(
    ("no_refusal", "facts", "found"),
    [
        (True, Handled(), (NOT_APPLICABLE, 0, 0)),
        (True, Handled(asked=3), (KEPT, 3, 3)),
        (True, Handled(asked=3, refused=1), (BROKEN, 2, 3)),
        (False, Handled(asked=3, refused=1), (KEPT, 2, 3)),  # may be declined with reason
    ],
)
def test_a_standing_duty_that_may_not_be_declined_is_broken_by_declining(
    no_refusal: bool, facts: Handled, found: tuple[str, int, int]
) -> None:
    assert outcome(StandingDuty(no_refusal=no_refusal, **CARD), facts) == found


@pytest.mark.parametrize(
    ("facts", "found"),
    [
        (Charges(), (NOT_APPLICABLE, 0, 0)),
        (Charges(orders=5), (KEPT, 5, 5)),
        (Charges(orders=5, charged=1), (BROKEN, 4, 5)),
    ],
)
def test_a_cost_rule_is_broken_by_charging_the_hospital(facts: Charges, found: tuple[str, int, int]) -> None:
    assert outcome(CostRule(**CARD), facts) == found


# Penalties and what has no number


@pytest.mark.parametrize(
    ("facts", "found"),
    [
        (Cases(), (NOT_APPLICABLE, 0, 0)),
        (Cases(waiting=2), (OPEN, 0, 2)),
        (Cases(upheld=1), (BROKEN, 0, 1)),
        (Cases(upheld=1, waiting=3), (BROKEN, 0, 1)),
    ],
)
def test_a_penalty_comes_to_something_only_once_found_and_approved(facts: Cases, found: tuple[str, int, int]) -> None:
    assert outcome(Penalty(amount="month_fee", **CARD), facts) == found


@pytest.mark.parametrize(
    ("facts", "found"),
    [(Rated(), (NOT_APPLICABLE, 0, 0)), (Rated(True, "好"), (KEPT, 1, 1)), (Rated(False, "慢"), (BROKEN, 0, 1))],
)
def test_a_clause_without_a_number_is_judged_by_a_person_alone(facts: Rated, found: tuple[str, int, int]) -> None:
    assert outcome(Quality(**CARD), facts) == found


def test_whoever_judges_without_a_number_is_quoted() -> None:
    assert Quality(**CARD).judge(Rated(False, "响应太慢")).why.values == {"reason": "响应太慢"}


# An answer that gives a type to a limit of its own


def test_a_fault_by_a_limit_for_every_type_and_one_of_its_own_has_both_until_they_are_ranked() -> None:
    both = (
        limit("response", BOTH, 30, "reported", "responded", id="A"),
        limit("hotline", BOTH, 120, "reported", "responded", id="B", types=()),
    )
    found = terms(limits=both).limits_for(type="故障", needs_onsite=False, klass="work")
    assert [one.id for one in found] == ["A", "B"]
