"""A month's money: the fee, what is deducted from it and by which clause, what is payable. Whole 分.

Not for points (`core/scores.py`) nor for who approves a deduction (`core/breaches.py`). Nothing is deducted without a
clause and an approval; nothing comes out below zero.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from ops_console.core.money import in_words
from ops_console.core.scores import FULL

PENALTY_LINE, SCORE_LINE, EARLIER_LINE = "penalty", "score", "earlier"
LINE_NAMES = {PENALTY_LINE: "合同约定扣款", SCORE_LINE: "考核扣款", EARLIER_LINE: "以前月份结转"}


@dataclass(frozen=True)
class MoneyLine:
    """One deduction: what kind, by which clause, 分, of which month it is, and what it rests on (case, document)."""

    kind: str
    clause: str
    amount: int
    month: str
    basis: str


@dataclass(frozen=True)
class Money:
    """The month's sheet of money. `fee` None: the contract's data name none, so nothing can be paid by it.

    `carried_over` is what could not be deducted because nothing was left of this month's fee.
    """

    fee: int | None
    lines: tuple[MoneyLine, ...]
    payable: int | None
    carried_over: int
    words: str


def settle(fee: int | None, lines: Iterable[MoneyLine]) -> Money:
    """Given the month's fee and its deductions, return what is payable, at least 0; the rest is carried over.

    78,000.00 元 less a C-55 deduction of 78,000.00 is 0.00 元 (tender 二.5).
    """
    kept = tuple(line for line in lines if line.amount > 0)
    if fee is None:
        return Money(None, kept, None, 0, "")
    left = fee - sum(line.amount for line in kept)
    payable = max(0, left)
    return Money(fee, kept, payable, max(0, -left), in_words(payable))


def unborne(money: Money) -> tuple[MoneyLine, ...]:
    """Given a month's sheet of money, return what of its lines the fee could not bear: it bears them in order.

    They come to `carried_over`; without a fee there is nothing to bear them and nothing left over.
    """
    left, found = money.fee or 0, []
    for line in money.lines:
        borne = min(left, line.amount)
        left -= borne
        if line.amount > borne:
            found.append(replace(line, amount=line.amount - borne))
    return tuple(found) if money.fee is not None else ()


def score_deduction(fee: int, ratio: int, at_risk: int) -> int:
    """Given the fee, the grade's ratio and the agreed ceiling (hundredths of a per cent, 0: none), return 分, half up.

    Only called where a legal basis is recorded: the tender names no such deduction (domain §2.6).
    """
    wanted = FULL - ratio
    if at_risk:
        wanted = min(wanted, at_risk)
    return (fee * wanted * 2 + FULL) // (FULL * 2)
