"""The scoring sheet (评分表): its items, what each deducts, and what a month's measured facts come to in points.

Not for what is measured (`core/measures.py`), for whether a sheet is sound (`core/score_checks.py`) nor for money
(`core/settlements.py`). Points are whole hundredths.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from ops_console.core.contracts import SUPPLEMENTARY
from ops_console.core.score_facts import NOTHING, PERCENT, Measured, Ref

AT_MOST, AT_LEAST = "at_most", "at_least"
FULL = 10_000  # a sheet's weights come to 100 points
BOTH, HOSPITAL_ALONE, VENDOR_ALONE, MACHINE = "both", "hospital", "vendor", "machine"
OBSERVERS = (BOTH, MACHINE, HOSPITAL_ALONE, VENDOR_ALONE)
ONE_SIDED = (HOSPITAL_ALONE, VENDOR_ALONE)


@dataclass(frozen=True)
class Step:
    """每次扣 n: each hit of a measure deducts `points`; the first `free` of a month do not."""

    measure: str
    points: int
    free: int = 0


@dataclass(frozen=True)
class Band:
    """A stretch of what is measured: up to (or from) `limit` it deducts `points`.

    The limit is in hundredths of what people write: 99.95 % is 9995, 4.5 stars are 450.
    """

    limit: int
    points: int


@dataclass(frozen=True)
class Item:
    """One line of the sheet: what it weighs and how it deducts, at most `most` (0: its weight).

    Either `steps`, or `bands` over what `measure` comes to, looked through in order, `otherwise` past the last; where
    the population is smaller than `few`, the steps count instead. Any hit of `zeroed_by` takes the whole item. By hand
    (`by_hand`) nothing is computed: a person gives points with a reason. `observed_by` tells who could see the facts:
    what one party alone could never cuts money. `rule` is how the parties' own paper puts it.
    """

    code: str
    group: str
    name: str
    weight: int
    clauses: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()
    measure: str = ""
    compare: str = AT_MOST
    bands: tuple[Band, ...] = ()
    otherwise: int = 0
    few: int = 0
    most: int = 0
    by_hand: bool = False
    basis: str = SUPPLEMENTARY
    observed_by: str = BOTH
    zeroed_by: str = ""
    rule: str = ""

    @property
    def ceiling(self) -> int:
        """The most that it may deduct, never more than it weighs."""
        return min(self.most or self.weight, self.weight)

    @property
    def measures(self) -> tuple[str, ...]:
        """Every measure it looks at, each once: the one it is shown by first."""
        named = [self.measure, *(step.measure for step in self.steps), self.zeroed_by]
        return () if self.by_hand else tuple(dict.fromkeys(filter(None, named)))


@dataclass(frozen=True)
class Grade:
    """A grade from so many points (hundredths) on; `ratio` of the fee in hundredths of a per cent counts only with a
    recorded legal basis. `follows` is what else follows: a talk, a plan.
    """

    name: str
    points_from: int
    ratio: int = FULL
    follows: str = ""


@dataclass(frozen=True)
class Sheet:
    """A scoring sheet: its items, its grades from the best down. `one_item_a_fact`: a fact deducts in one item only."""

    name: str
    items: tuple[Item, ...]
    grades: tuple[Grade, ...]
    one_item_a_fact: bool = True

    @property
    def measures(self) -> tuple[str, ...]:
        """Every measure that an item looks at, each once, in order."""
        return tuple(dict.fromkeys(name for item in self.items for name in item.measures))

    def grade_of(self, points: int) -> Grade | None:
        """Given points in hundredths, return the grade, or None below every one or without grades."""
        return next((grade for grade in self.grades if points >= grade.points_from), None)


@dataclass(frozen=True)
class Deduction:
    """Points that one fact costs in one item; below 0 what is given back. `instead` names the item that already deducts
    for the same fact.
    """

    ref: Ref
    measure: str
    points: int
    count: int = 1
    two_sided: bool = True
    instead: str = ""


@dataclass(frozen=True)
class Scored:
    """An item as computed: its ratio, its deductions fact by fact, what it comes to (hundredths, 0 to the ceiling).

    `for_money` is what it deducts counting two-sided facts alone. `empty`: nothing happened, full marks (本月无发生).
    `too_few`: fewer facts than its bands ask for. `missing` are measures for which no fact was given.
    """

    code: str
    weight: int
    numerator: int
    denominator: int
    deductions: tuple[Deduction, ...]
    deducted: int
    for_money: int
    empty: bool
    missing: tuple[str, ...] = ()
    too_few: bool = False


def score(sheet: Sheet, measured: Mapping[str, Measured]) -> tuple[Scored, ...]:
    """Given a sheet and what was measured by name, return each item as computed.

    A fact that several items would deduct for costs the larger points alone (domain §2.6), the first item on a tie; of
    what is given back for one fact, likewise, the larger alone.
    """
    drafts = [_deductions(item, measured) for item in sheet.items]
    kept = _once(sheet, drafts) if sheet.one_item_a_fact else drafts
    return tuple(_scored(item, deductions, measured) for item, deductions in zip(sheet.items, kept, strict=True))


def _deductions(item: Item, measured: Mapping[str, Measured]) -> list[Deduction]:
    if item.by_hand:
        return []
    zeroing = [hit for hit in measured.get(item.zeroed_by, NOTHING).hits if hit.count > 0]
    if zeroing:
        fair = all(hit.two_sided for hit in zeroing)
        return [Deduction(Ref("zero", item.code), item.zeroed_by, item.ceiling, two_sided=fair)]
    whole = measured.get(item.measure, NOTHING)
    if item.bands and not _is_too_few(item, whole):
        return _banded(item, whole)
    return _largest(one for step in item.steps for one in _stepped(step, measured.get(step.measure, NOTHING)))


def _is_too_few(item: Item, whole: Measured) -> bool:
    return bool(item.bands) and len(whole.population) < item.few


def _banded(item: Item, whole: Measured) -> list[Deduction]:
    if whole.missing or not whole.denominator:
        return []
    points = next((band.points for band in item.bands if _reaches(item.compare, whole, band.limit)), item.otherwise)
    fair = all(hit.two_sided for hit in whole.hits)
    return [Deduction(Ref("ratio", item.code), item.measure, points, two_sided=fair)] if points else []


def _reaches(compare: str, whole: Measured, limit: int) -> bool:
    """Exactly, without rounding: 4.5 stars (45 over 10) reach 450, 3 of 100 reach 300."""
    left, right = whole.numerator * (FULL if whole.unit == PERCENT else 100), limit * whole.denominator
    return left <= right if compare == AT_MOST else left >= right


def _stepped(step: Step, whole: Measured) -> Iterable[Deduction]:
    free = step.free
    for hit in sorted(whole.hits, key=lambda hit: hit.ref):
        if hit.count > 0 and free > 0:
            free -= 1
            continue
        yield Deduction(hit.ref, step.measure, step.points * hit.count, hit.count, hit.two_sided)


def _largest(found: Iterable[Deduction]) -> list[Deduction]:
    """Within an item too a fact costs once, the larger; what is given back for it is another matter."""
    kept: dict[tuple[Ref, bool], Deduction] = {}
    for one in found:
        key = one.ref, one.points > 0
        if key not in kept or abs(one.points) > abs(kept[key].points):
            kept[key] = one
    return list(kept.values())


def _once(sheet: Sheet, drafts: Sequence[Sequence[Deduction]]) -> list[list[Deduction]]:
    best: dict[tuple[Ref, bool], tuple[int, str]] = {}
    for item, deductions in zip(sheet.items, drafts, strict=True):
        for one in deductions:
            key, points = (one.ref, one.points > 0), abs(one.points)
            if key not in best or points > best[key][0]:
                best[key] = (points, item.code)
    return [
        [_here_or_instead(one, item.code, best[one.ref, one.points > 0][1]) for one in deductions]
        for item, deductions in zip(sheet.items, drafts, strict=True)
    ]


def _here_or_instead(one: Deduction, code: str, kept: str) -> Deduction:
    return one if kept == code else replace(one, points=0, instead=kept)


def _scored(item: Item, deductions: Sequence[Deduction], measured: Mapping[str, Measured]) -> Scored:
    known = {name: measured.get(name, NOTHING) for name in item.measures}
    main = known[item.measures[0]] if known else NOTHING
    missing = tuple(name for name, one in known.items() if one.missing)
    fair = 0 if item.observed_by in ONE_SIDED else sum(one.points for one in deductions if one.two_sided)
    numerator, denominator = _counted(item, known)
    return Scored(
        item.code, item.weight, numerator, denominator, tuple(deductions),
        _within(sum(one.points for one in deductions), item), _within(fair, item),
        empty=not item.by_hand and not missing and not any(_happened(one) for one in known.values()),
        missing=missing, too_few=_happened(main) and _is_too_few(item, main),
    )  # fmt: skip


def _counted(item: Item, known: Mapping[str, Measured]) -> tuple[int, int]:
    """The measure that its bands read, as it is; else how many facts its steps count, of how many, each fact once."""
    if item.by_hand:
        return 0, 0
    if item.measure:
        return known[item.measure].numerator, known[item.measure].denominator
    mine = [known[step.measure] for step in item.steps]
    hits = {hit.ref for one in mine for hit in one.hits if hit.count > 0}
    return len(hits), len({ref for one in mine for ref in one.population} | hits)


def _happened(one: Measured) -> bool:
    return bool(one.population or one.hits or one.denominator)


def _within(points: int, item: Item) -> int:
    return max(0, min(points, item.ceiling))


def total(sheet: Sheet, deducted: Mapping[str, int]) -> int:
    """Given a sheet and what each item deducts, return the month's points in hundredths, never below 0."""
    return max(0, sum(item.weight - min(deducted.get(item.code, 0), item.weight) for item in sheet.items))
