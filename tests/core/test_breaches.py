"""What breach cases cost, whose month pays, who sees them and who may do what: the rules of C-55 to C-57."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

import pytest

from ops_console.core import breach_acts as acts
from ops_console.core.breach_acts import Account, as_it_stands, check_account, need, next_act, possible
from ops_console.core.breaches import (
    APPROVED,
    CLUE,
    EXECUTED,
    FILED,
    HEARD,
    NOT_UPHELD,
    STATES,
    UPHELD,
    WITHDRAWN,
    Case,
    counted,
    deduction,
    is_before_live,
    landing,
    may_see,
    month_fee,
    paying_month,
)
from ops_console.core.errors import Refused
from ops_console.core.money import Fee
from ops_console.core.people import HOSPITAL, VENDOR, actor_of, terminal_actor
from tests.core.builders import at, terms

NOW = at("2026-10-20 09:00:00")
FEES = {"2026-08": 900, "2026-09": 1000, "2026-10": 1100, "2026-11": 1200, "2028-02": 1300}
ROLES = ("hospital", "officer", "leader", "vendor", "manager", "auditor", "administrator")


def case(number: int = 1, month: str = "2026-09", **given: Any) -> Case:
    """An executed case of that month, executed on the day of its number in October."""
    done = at(f"2026-10-{number:02d} 10:00:00")
    usual: dict[str, Any] = {
        "id": number, "number": f"AQ-2026-{number:03d}", "contract_id": 1, "category": "leaked", "state": EXECUTED,
        "raised_side": HOSPITAL, "raised_at": done, "filed_at": done, "upheld": True, "found_at": done,
        "found_by": "chief", "approved_at": done, "approved_by": "leader", "executed_at": done, "month": month,
    }  # fmt: skip
    return Case(**{**usual, **given})


def amounts(cases: Iterable[Case], month: str, settled: Iterable[str] = ()) -> list[tuple[str, int | None]]:
    found = deduction(cases, FEES.get, month, set(settled))
    return [(line.origin, line.amount) for line in found.lines]


# -- the sum ----------------------------------------------------------------------------------------------------------


def test_a_month_without_cases_costs_nothing() -> None:
    found = deduction((), FEES.get, "2026-09")
    assert (found.lines, found.amount) == ((), 0)


def test_an_executed_case_costs_the_fee_of_its_month_and_of_no_other() -> None:
    assert amounts([case()], "2026-09") == [("2026-09", 1000)]
    assert amounts([case()], "2026-10") == []
    assert deduction([case()], FEES.get, "2026-09").amount == 1000


def test_two_cases_of_one_month_cost_its_fee_once_and_the_first_executed_bears_it() -> None:
    found = deduction([case(2), case(1)], FEES.get, "2026-09")
    assert [(line.numbers, line.amount) for line in found.lines] == [(("AQ-2026-001",), 1000), (("AQ-2026-002",), 0)]
    assert found.amount == 1000
    assert "AQ-2026-001" in str(found.lines[1].why)


def test_cases_of_two_months_cost_each_its_fee() -> None:
    both = [case(1), case(2, "2026-10")]
    assert [deduction(both, FEES.get, month).amount for month in ("2026-09", "2026-10")] == [1000, 1100]


@pytest.mark.parametrize(
    "given",
    [
        {"state": APPROVED, "executed_at": None},
        {"state": UPHELD, "approved_at": None, "executed_at": None},
        {"state": NOT_UPHELD, "upheld": False, "approved_at": None, "executed_at": None},
        {"state": WITHDRAWN, "executed_at": None},
        {"state": EXECUTED, "approved_at": None},
        {"state": CLUE, "upheld": None, "approved_at": None, "executed_at": None},
        {"month": ""},
    ],
)
def test_what_is_not_upheld_approved_and_executed_costs_nothing(given: dict[str, Any]) -> None:
    assert amounts([case(**given)], "2026-09") == []


def test_a_settled_month_is_carried_to_the_next_open_one_and_says_where_it_comes_from() -> None:
    assert amounts([case()], "2026-09", ["2026-09"]) == []
    (line,) = deduction([case()], FEES.get, "2026-10", {"2026-09"}).lines
    assert (line.origin, line.amount, line.is_carried) == ("2026-09", 1000, True)
    assert "2026-09" in str(line.why)
    assert amounts([case()], "2026-11", ["2026-09", "2026-10"]) == [("2026-09", 1000)]
    assert landing(case(), {"2026-09", "2026-11"}) == "2026-10"


def test_what_was_recorded_for_a_month_stays_there_when_that_month_is_settled_with_it() -> None:
    booked = case(booked_month="2026-09")
    assert amounts([booked], "2026-09", ["2026-09"]) == [("2026-09", 1000)]
    assert amounts([booked], "2026-10", ["2026-09"]) == []
    assert amounts([case(booked_month="2026-11")], "2026-11") == [("2026-09", 1000)]


def test_a_late_case_of_a_month_already_paid_for_adds_nothing_to_a_later_one() -> None:
    first, late = case(1, booked_month="2026-09"), case(9, booked_month="2026-10")
    assert amounts([first, late], "2026-09", ["2026-09"]) == [("2026-09", 1000)]
    assert amounts([first, late], "2026-10", ["2026-09"]) == [("2026-09", 0)]


def test_a_carried_case_stands_beside_the_month_s_own() -> None:
    found = deduction([case(), case(2, "2026-10")], FEES.get, "2026-10", {"2026-09"})
    assert (found.amount, [line.is_carried for line in found.lines]) == (2100, [True, False])


def test_december_is_carried_into_the_next_year() -> None:
    assert landing(case(month="2026-12"), {"2026-12"}) == "2027-01"


def test_without_a_fee_no_sum_can_be_told() -> None:
    found = deduction([case(), case(2, "2026-08")], lambda month: None, "2026-09")
    assert (found.amount, found.lines[0].amount) == (None, None)
    assert "没有填写" in str(found.lines[0].why)


def test_what_happened_before_go_live_costs_nothing_and_says_why() -> None:
    early, other = case(1, is_early=True), case(2)
    found = deduction([early, other], FEES.get, "2026-09")
    assert [(line.numbers[0], line.amount) for line in found.lines] == [("AQ-2026-001", 0), ("AQ-2026-002", 1000)]
    assert "上线日之前" in str(found.lines[0].why)


def test_leap_february_pays_like_any_month() -> None:
    assert paying_month("occurrence", occurred_at=at("2028-02-29 23:59:59"), discovered_at=None, found_at=None) == (
        "2028-02"
    )
    assert amounts([case(month="2028-02")], "2028-02") == [("2028-02", 1300)]


# -- whose month ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("when", "month"),
    [
        ("2026-09-30 23:59:59", "2026-09"), ("2026-10-01 00:00:00", "2026-10"), ("2026-09-01 00:00:00", "2026-09"),
        ("2026-08-31 23:59:59", "2026-08"), ("2026-12-31 23:59:59", "2026-12"), ("2027-01-01 00:00:00", "2027-01"),
    ],
)  # fmt: skip
def test_months_are_shanghai_months_to_the_second(when: str, month: str) -> None:
    assert paying_month("occurrence", occurred_at=at(when), discovered_at=None, found_at=None) == month


def test_the_agreed_reading_says_whose_month_pays() -> None:
    times = {
        "occurred_at": at("2026-08-31 23:50:00"), "discovered_at": at("2026-09-01 00:10:00"),
        "found_at": at("2026-10-09 10:00:00"),
    }  # fmt: skip
    rules = ("occurrence", "discovery", "finding", "another")
    assert [paying_month(rule, **times) for rule in rules] == ["2026-08", "2026-09", "2026-10", ""]
    assert paying_month("occurrence", **{**times, "occurred_at": None}) == ""


@pytest.mark.parametrize(("when", "early"), [("2026-06-30 23:59:59", True), ("2026-07-01 00:00:00", False)])
def test_the_clause_is_judged_from_its_go_live_day(when: str, early: bool) -> None:
    assert is_before_live(terms(go_live_on=date(2026, 7, 1)), at(when)) is early
    assert is_before_live(terms(), None) is False


def test_a_month_s_fee_is_a_twelfth_cut_so_that_the_year_adds_up() -> None:
    of = terms(fee=Fee(10_000))
    year = [month_fee(of, f"2026-{month:02d}") for month in range(1, 13)]
    assert (sum(fee or 0 for fee in year), set(year)) == (10_000, {833, 834})
    assert month_fee(terms(fee=Fee(10_000, (("2026-09", 500),))), "2026-09") == 500
    assert [month_fee(of, month) for month in ("2024-12", "2028-01")] == [None, None]
    assert month_fee(terms(), "2026-09") is None


def test_a_year_that_begins_in_july_counts_its_months_from_there() -> None:
    of = terms(starts_on=date(2025, 7, 1), ends_on=date(2026, 6, 30), fee=Fee(10_000))
    months = [*(f"2025-{month:02d}" for month in range(7, 13)), *(f"2026-{month:02d}" for month in range(1, 7))]
    assert sum(month_fee(of, month) or 0 for month in months) == 10_000


def test_what_the_clause_is_judged_by_counts_no_clue() -> None:
    mixed = [case(1), case(2, state=APPROVED), case(3, state=FILED), case(4, state=CLUE), case(5, state=WITHDRAWN),
             case(6, "2026-10")]  # fmt: skip
    found = counted(mixed, "2026-09")
    assert (found.upheld, found.waiting) == (2, 1)


# -- who sees, who may ------------------------------------------------------------------------------------------------


def test_the_hospital_s_clue_is_its_own_until_it_is_filed() -> None:
    seen = {role: may_see(actor_of(role, role, role), HOSPITAL, None) for role in ROLES}
    assert {role for role, may in seen.items() if may} == {"hospital", "officer", "leader"}
    filed = {role for role in ROLES if may_see(actor_of(role, role, role), HOSPITAL, NOW)}
    assert filed == {"hospital", "officer", "leader", "vendor", "manager"}
    assert {role for role in ROLES if may_see(actor_of(role, role, role), VENDOR, None)} == filed
    assert not may_see(terminal_actor("root"), HOSPITAL, NOW)


# act -> state -> the roles whose act it is, the vendor heard and the finding by somebody else
WHO: dict[str, dict[str, set[str]]] = {
    acts.FILE: {CLUE: {"hospital"}},
    acts.TELL: dict.fromkeys((CLUE, FILED, HEARD), {"hospital", "officer", "vendor", "manager"}),
    acts.LINK: dict.fromkeys((CLUE, FILED, HEARD), {"hospital", "officer", "vendor", "manager"}),
    acts.ATTACH: dict.fromkeys((CLUE, FILED, HEARD, UPHELD, APPROVED), {"hospital", "officer", "vendor", "manager"}),
    acts.STATE: dict.fromkeys((FILED, HEARD), {"vendor", "manager"}),
    acts.FIND: {HEARD: {"hospital"}},
    acts.DECIDE: {UPHELD: {"leader"}},
    acts.EXECUTE: {APPROVED: {"hospital"}},
    acts.WITHDRAW: {
        CLUE: {"hospital", "officer"}, FILED: {"hospital"}, HEARD: {"hospital"}, UPHELD: {"hospital"},
        APPROVED: {"leader"},
    },
    acts.DISPATCH: dict.fromkeys(set(STATES) - {WITHDRAWN}, {"hospital", "officer"}),
    acts.ACKNOWLEDGE: dict.fromkeys((APPROVED, EXECUTED), {"vendor", "manager"}),
    acts.PRINT: dict.fromkeys((APPROVED, EXECUTED), {"hospital", "officer", "leader", "vendor", "manager", "auditor"}),
}  # fmt: skip


@pytest.mark.parametrize("act", sorted(acts.STATES_OF))
@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("role", ROLES)
def test_each_act_is_one_role_s_in_its_states(act: str, state: str, role: str) -> None:
    stands = case(state=state, statement_due_at=NOW + timedelta(days=1))
    expected = role in WHO[act].get(state, set())
    assert (act in possible(stands, actor_of(role, role, role), NOW)) is expected


def test_whoever_found_does_not_approve_whatever_role_they_have_since() -> None:
    stands = case(state=UPHELD, found_by="zhou")
    with pytest.raises(Refused, match="不能是同一人"):
        need(acts.DECIDE, stands, actor_of("zhou", "周", "leader"), NOW)
    need(acts.DECIDE, stands, actor_of("chen", "陈", "leader"), NOW)


def test_nothing_is_found_before_the_vendor_was_heard_or_its_time_ended() -> None:
    due = at("2026-10-23 00:00:00")
    stands, chief = case(state=FILED, statement_due_at=due), actor_of("chief", "科长", "hospital")
    with pytest.raises(Refused, match="陈述期"):
        need(acts.FIND, stands, chief, due - timedelta(seconds=1))
    need(acts.FIND, stands, chief, due)


def test_a_clue_is_withdrawn_by_whoever_s_side_raised_it_or_by_the_chief() -> None:
    of_vendor = case(state=CLUE, raised_side=VENDOR, filed_at=None)
    may = {role for role in ROLES if acts.WITHDRAW in possible(of_vendor, actor_of(role, role, role), NOW)}
    assert may == {"hospital", "vendor", "manager"}


def test_one_act_moves_a_case_on() -> None:
    for state, role, act in (
        (CLUE, "hospital", acts.FILE), (FILED, "manager", acts.STATE), (HEARD, "hospital", acts.FIND),
        (UPHELD, "leader", acts.DECIDE), (APPROVED, "hospital", acts.EXECUTE), (EXECUTED, "hospital", ""),
        (HEARD, "vendor", ""), (UPHELD, "hospital", ""),
    ):  # fmt: skip
        stands = case(state=state)
        assert next_act(stands, possible(stands, actor_of(role, role, role), NOW)) == act, (state, role)


# -- what is typed ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"occurred_at": NOW + timedelta(seconds=1)}, "occurred_at"),
        ({"occurred_at": NOW, "discovered_at": NOW - timedelta(seconds=1)}, "discovered_at"),
        ({"occurred_at": NOW, "known_at": NOW - timedelta(seconds=1)}, "known_at"),
        ({"known_at": NOW, "reported_at": NOW - timedelta(seconds=1)}, "reported_at"),
        ({"what": "  "}, "what"), ({"what": "x" * 2001}, "what"), ({"impact": "x" * 501}, "impact"),
        ({"place": "a\x00b"}, "place"), ({"channel": "飞鸽"}, "channel"),
    ],
)  # fmt: skip
def test_an_impossible_account_is_refused_at_its_field(given: dict[str, Any], field: str) -> None:
    with pytest.raises(Refused) as refused:
        check_account(Account(**{"what": "中断", **given}), NOW)
    assert refused.value.field == field


def test_the_edge_of_an_account_is_taken() -> None:
    check_account(
        Account(occurred_at=NOW, discovered_at=NOW, known_at=NOW, reported_at=NOW, what="x" * 2000, channel="电话"), NOW
    )


def test_the_hospital_s_word_stands_and_the_vendor_s_where_it_gave_none() -> None:
    hospital = Account(occurred_at=NOW, what="甲")
    vendor = Account(occurred_at=NOW - timedelta(hours=1), known_at=NOW, what="乙", impact="不能缴费")
    stands = as_it_stands({HOSPITAL: hospital, VENDOR: vendor})
    assert (stands.occurred_at, stands.known_at, stands.what, stands.impact) == (NOW, NOW, "甲", "不能缴费")
    assert as_it_stands({}) == Account()
