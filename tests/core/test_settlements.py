"""A month's money: what is payable, and what of its deductions the fee could not bear."""

from __future__ import annotations

import pytest

from ops_console.core.settlements import EARLIER_LINE, PENALTY_LINE, SCORE_LINE, Money, MoneyLine, settle, unborne

FEE = 7_800_000
EARLIER = MoneyLine(EARLIER_LINE, "C-55", FEE, "2026-10", "AQ-1")
OWN = MoneyLine(PENALTY_LINE, "C-55", FEE, "2026-11", "AQ-2")
SCORE = MoneyLine(SCORE_LINE, "C-54", 780_000, "", "补充协议")


@pytest.mark.parametrize(
    ("lines", "left"),
    [
        ((), ()),
        ((OWN,), ()),
        ((SCORE, OWN), ((OWN.clause, 780_000),)),
        ((EARLIER, OWN), (("C-55", FEE),)),
        ((EARLIER, OWN, SCORE), (("C-55", FEE), ("C-54", 780_000))),
    ],
)
def test_the_fee_bears_the_lines_in_order_and_what_is_left_over_is_what_is_carried(
    lines: tuple[MoneyLine, ...], left: tuple[tuple[str, int], ...]
) -> None:
    money = settle(FEE, lines)
    assert tuple((line.clause, line.amount) for line in unborne(money)) == left
    assert sum(line.amount for line in unborne(money)) == money.carried_over


def test_without_a_fee_nothing_is_left_over() -> None:
    assert unborne(settle(None, (OWN,))) == ()
    assert unborne(Money(None, (), None, 0, "")) == ()
