"""What a sample's answers come to: how many were reached, how many true, and between what the share lies.

Not for drawing (`core/samples.py`). Whole numbers and fractions throughout: no float enters a stored fact.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from math import isqrt

from ops_console.core.sentences import Sentence, sentence

TRUE, FALSE, UNREACHABLE = "true", "false", "unreachable"
ANSWERS = (TRUE, FALSE, UNREACHABLE)
ANSWER_NAMES = {TRUE: "属实", FALSE: "不属实", UNREACHABLE: "打不通"}
Z = Fraction(196, 100)  # of the normal distribution, for 95 %
WHOLE = 10_000  # hundredths of a per cent
SCALE = 10**20


@dataclass(frozen=True)
class Tally:
    """How many tickets were drawn, and how many of them were answered so, each whole numbers."""

    drawn: int
    true: int = 0
    false: int = 0
    unreachable: int = 0

    @property
    def reached(self) -> int:
        """How many were reached: whose answer is 属实 or 不属实."""
        return self.true + self.false

    @property
    def asked(self) -> int:
        """How many were tried."""
        return self.reached + self.unreachable

    @property
    def share(self) -> int | None:
        """The share of 属实 among those reached, in hundredths of a per cent, half up; None of nobody."""
        return _rounded(Fraction(self.true, self.reached)) if self.reached else None

    @property
    def interval(self) -> tuple[int, int] | None:
        """Between what the share lies (Wilson, 95 %), in hundredths of a per cent, half up; None of nobody."""
        return wilson(self.true, self.reached) if self.reached else None


def tally(drawn: int, answers: Iterable[str]) -> Tally:
    """Given how many were drawn and the answers so far, return what they come to."""
    given = list(answers)
    return Tally(drawn, *(given.count(answer) for answer in ANSWERS))


def wilson(hits: int, n: int) -> tuple[int, int]:
    """Given hits of n > 0, return the 95 % score interval after Wilson (1927), in hundredths of a per cent, half up.

    `(2·hits + z² ± z·√(z² + 4·hits·(n − hits)/n)) / (2·(n + z²))` with z = 1.96; the root is taken to 20 places.

    >>> wilson(7, 8)
    (5291, 9776)
    """
    inside = Z * Z + Fraction(4 * hits * (n - hits), n)
    root = Fraction(isqrt(inside.numerator * SCALE * SCALE // inside.denominator), SCALE)
    middle, below = 2 * hits + Z * Z, 2 * (n + Z * Z)
    return _rounded((middle - Z * root) / below), _rounded((middle + Z * root) / below)


def _rounded(share: Fraction) -> int:
    return min(WHOLE, max(0, int(share * WHOLE + Fraction(1, 2))))


def per_cent(hundredths: int) -> str:
    """Given hundredths of a per cent, return them with one decimal, half up, none where it is 0; only all is 100%.

    >>> per_cent(8750), per_cent(9776), per_cent(10000)
    ('87.5%', '97.8%', '100%')
    """
    tenths = min((hundredths + 5) // 10, 999 if hundredths < WHOLE else 1000)
    return f"{tenths // 10}.{tenths % 10}%" if tenths % 10 else f"{tenths // 10}%"


def told(found: Tally) -> Sentence:
    """Given a tally, return its sentence: 抽 10 件，打通 8 件，属实 7 件（87.5%，区间 52.9%–97.8%）."""
    counts = {"drawn": found.drawn, "asked": found.asked, "reached": found.reached, "true": found.true}
    if found.share is None or found.interval is None:
        return sentence("抽 %(drawn)s 件，回访 %(asked)s 件，打通 %(reached)s 件，没有可算的比例", **counts)
    low, high = map(per_cent, found.interval)
    shares = {"share": per_cent(found.share), "low": low, "high": high}
    if found.asked < found.drawn:
        return sentence(
            "抽 %(drawn)s 件，回访 %(asked)s 件，打通 %(reached)s 件，属实 %(true)s 件"
            "（%(share)s，区间 %(low)s–%(high)s）",
            **counts, **shares,
        )  # fmt: skip
    return sentence(
        "抽 %(drawn)s 件，打通 %(reached)s 件，属实 %(true)s 件（%(share)s，区间 %(low)s–%(high)s）", **counts, **shares
    )
