"""What a month waits for: each state, each thing in the way, the second at which its day has passed."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from ops_console.core.money import ADVANCE, BOND, HALF_NODE, MONTH_NODE, QUARTER_NODE, YEAR_NODE, Fee, Node
from ops_console.core.month_steps import InTheWay, last_day_of, waits_for
from ops_console.core.months import AHEAD, DRAFT, FROZEN, HISTORY, LOCKED, RUNNING, Life, last_day
from ops_console.core.payments import covering
from tests.core.builders import terms

FREEZES = datetime(2026, 11, 6, 16, tzinfo=UTC)  # the end of 6 November in Shanghai
ENDS = datetime(2026, 10, 31, 16, tzinfo=UTC)
LIVE = date(2026, 10, 1)


def told(state: str, now: datetime = FREEZES, **way: object) -> str:
    life = Life("2026-10", state, ENDS, FREEZES)
    return str(waits_for(life, 5, LIVE, InTheWay(**way), now))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (HISTORY, "起始考核日（2026-10-01）之前"), (AHEAD, "还没有开始"),
        (RUNNING, "第 5 个工作日（2026-11-06）结束时冻结"), (FROZEN, "等待双方签署"), (LOCKED, "不再重算"),
    ],
)  # fmt: skip
def test_each_state_says_what_is_next(state: str, words: str) -> None:
    assert words in told(state)


def test_the_last_second_of_the_day_is_still_before_the_freeze() -> None:
    assert "结束时由控制台冻结事实" in told(DRAFT, FREEZES - timedelta(seconds=1))
    assert "已过期：控制台每天凌晨自动冻结，医院也可以现在冻结" in told(DRAFT, FREEZES)


def test_what_is_in_the_way_is_said_in_the_order_in_which_it_can_be_mended() -> None:
    assert "排定互相冲突的口径" in told(DRAFT, conflicts=1, provisional=2, before="2026-09")
    assert "先录入该年的节假日安排" in told(DRAFT, provisional=2, before="2026-09")
    assert "请先冻结 2026-09" in told(DRAFT, before="2026-09")


def test_a_moment_at_midnight_belongs_to_the_day_before() -> None:
    assert last_day_of(FREEZES) == "2026-11-06"
    assert last_day_of(FREEZES + timedelta(seconds=1)) == "2026-11-07"


def test_a_months_figures_are_of_its_last_day_at_the_latest() -> None:
    assert last_day("2026-10", datetime(2026, 10, 14, 16, tzinfo=UTC)) == date(2026, 10, 15)
    assert last_day("2026-10", FREEZES) == date(2026, 10, 31)
    assert last_day("2028-02", FREEZES + timedelta(days=800)) == date(2028, 2, 29)


@pytest.mark.parametrize(
    ("kind", "first", "last"),
    [
        (MONTH_NODE, "2026-05", "2026-05"), (QUARTER_NODE, "2026-04", "2026-06"), (HALF_NODE, "2026-01", "2026-06"),
        (YEAR_NODE, "2026-01", "2026-12"),
    ],
)  # fmt: skip
def test_a_month_counts_into_the_payment_of_its_span(kind: str, first: str, last: str) -> None:
    given = terms(
        starts_on=date(2026, 1, 1),
        ends_on=date(2027, 12, 31),
        fee=Fee(12_000),
        nodes=(Node("n", kind), Node("b", BOND)),
    )
    (one,) = covering(given, "2026-05")
    assert (one.key, one.year, one.first, one.last) == (f"n/{first}", 1, first, last)
    (other,) = covering(given, "2027-05")
    assert (other.year, other.first[:4]) == (2, "2027")


def test_no_node_names_every_month_and_an_advance_alone_none() -> None:
    given = terms(starts_on=date(2026, 1, 1), ends_on=date(2026, 12, 31))
    assert [one.key for one in covering(given, "2026-05")] == ["month/2026-05"]
    assert covering(given, "2027-01") == ()
    ahead = terms(starts_on=date(2026, 1, 1), ends_on=date(2026, 12, 31), nodes=(Node("a", ADVANCE, 10_000),))
    assert covering(ahead, "2026-05") == ()
