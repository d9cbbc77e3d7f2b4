"""What each kind of clause is judged by, and what judging comes to: plain values, counted by whoever holds the rows.

Not for the rules: `core/contracts.py` has them. No facts: not applicable, never broken.
"""

from __future__ import annotations

from dataclasses import dataclass

from ops_console.core.sentences import Sentence

KEPT, BROKEN, NOT_APPLICABLE, UNPROVEN, OPEN = "kept", "broken", "not_applicable", "unproven", "open"
OUTCOMES = (KEPT, BROKEN, NOT_APPLICABLE, UNPROVEN, OPEN)
OUTCOME_NAMES = {KEPT: "达标", BROKEN: "未达标", NOT_APPLICABLE: "本月无发生", UNPROVEN: "未证实", OPEN: "未结"}


@dataclass(frozen=True)
class Verdict:
    """What a rule comes to: an outcome, how many of how many were kept, and why in one sentence."""

    outcome: str
    numerator: int
    denominator: int
    why: Sentence


@dataclass(frozen=True)
class Elapsed:
    """A time limit's facts: the whole seconds that count (None: nothing to count), running still, times proven."""

    seconds: int | None
    is_open: bool = False
    is_proven: bool = True


@dataclass(frozen=True)
class CapUse:
    """A cap's facts in one contract year: opening balance, 已核销, 已占用, 拟占用, and what is held as 超额待商定."""

    opening: int = 0
    used: int = 0
    reserved: int = 0
    asked: int = 0
    held: int = 0


@dataclass(frozen=True)
class Dues:
    """What was due: done in time, done late, not done, not decided yet, waived by the hospital."""

    kept: int = 0
    late: int = 0
    missed: int = 0
    open: int = 0
    waived: int = 0


@dataclass(frozen=True)
class Handled:
    """What was asked under a standing duty, and how many of it were declined."""

    asked: int = 0
    refused: int = 0


@dataclass(frozen=True)
class Charges:
    """Orders under a cost rule, and how many of them were charged to the hospital."""

    orders: int = 0
    charged: int = 0


@dataclass(frozen=True)
class Cases:
    """A month's cases under a penalty: upheld and approved, and waiting."""

    upheld: int = 0
    waiting: int = 0


@dataclass(frozen=True)
class Rated:
    """A person's word on a clause without a number, with the reason; None where nobody gave one."""

    kept: bool | None = None
    reason: str = ""
