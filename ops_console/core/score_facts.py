"""What a measure counts for the scoring sheet: facts that can be opened, which of them count, and their exact ratio.

Not for counting them (`core/measures.py`) nor for points (`core/scores.py`).
"""

from __future__ import annotations

from dataclasses import dataclass

PERCENT, VALUE = "percent", "value"


@dataclass(frozen=True, order=True)
class Ref:
    """What a fact is about, so that it can be opened: `ticket` GD-…, `duty` 17, `entry` complaints/1.

    `ratio` and `zero` name the item itself: what a band deducts, and what takes an item whole, is no single fact.
    """

    kind: str
    id: str


@dataclass(frozen=True)
class Hit:
    """One fact that a measure counts. `count` is −1 where a correction takes back what an earlier month counted.

    `two_sided`: both parties could see it, or the one it speaks against said so itself; else it may not cut money.
    """

    ref: Ref
    count: int = 1
    two_sided: bool = True


@dataclass(frozen=True)
class Measured:
    """What a measure came to: of which facts (`population`), which of them count, and the exact ratio of the two.

    `numerator` and `denominator` differ from the counts where something is averaged: 4.5 stars are 45 over 10.
    `unit` tells how bands read the ratio: as a per cent or as the value itself. `missing`: nobody could tell; it
    deducts nothing and is said so.
    """

    population: tuple[Ref, ...] = ()
    hits: tuple[Hit, ...] = ()
    numerator: int = 0
    denominator: int = 0
    missing: bool = False
    unit: str = PERCENT


NOTHING = Measured(missing=True)
