"""The scoring sheet (评分表): its items, what each deducts, and what a month's measured facts come to in points.

Not for what is measured (`core/measures.py`) nor for money (`core/settlements.py`). Points are whole hundredths.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ops_console.core.contracts import SUPPLEMENTARY

AT_MOST, AT_LEAST = "at_most", "at_least"
FULL = 10_000  # a sheet's weights come to 100 points


@dataclass(frozen=True)
class Step:
    """每次扣 n: each hit of a measure deducts `points`; the first `free` of a month do not."""

    measure: str
    points: int
    free: int = 0


@dataclass(frozen=True)
class Band:
    """A stretch of a measured ratio: up to (or from) `limit`, in hundredths of its unit, it deducts `points`."""

    limit: int
    points: int


@dataclass(frozen=True)
class Item:
    """One line of the sheet: what it weighs and how it deducts, at most `most` (0: its weight).

    Either `steps`, or `bands` over the ratio of `measure`, looked through in order, `otherwise` past the last; where
    the population is smaller than `few`, the steps count instead. By hand (`by_hand`) nothing is computed: a person
    gives points with a reason. `observed_by` tells who could see the facts: `both`, `hospital`, `vendor`, `machine`.
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
    observed_by: str = "both"

    @property
    def ceiling(self) -> int:
        """The most that it may deduct."""
        return self.most or self.weight

    @property
    def measures(self) -> tuple[str, ...]:
        """Every measure it looks at, each once, in order."""
        return tuple(dict.fromkeys([*(step.measure for step in self.steps), *([self.measure] if self.measure else [])]))


@dataclass(frozen=True)
class Grade:
    """A grade from so many points (hundredths) on; `ratio` of the fee in hundredths of a per cent counts only with a
    recorded legal basis.
    """

    name: str
    points_from: int
    ratio: int = FULL


@dataclass(frozen=True)
class Sheet:
    """A scoring sheet: its items, its grades from the best down. `one_item_a_fact`: a fact deducts in one item only."""

    name: str
    items: tuple[Item, ...]
    grades: tuple[Grade, ...]
    one_item_a_fact: bool = True

    def grade_of(self, points: int) -> Grade | None:
        """Given points in hundredths, return the grade, or None below every one or without grades."""
        return next((grade for grade in self.grades if points >= grade.points_from), None)


@dataclass(frozen=True, order=True)
class Ref:
    """What a fact is about, so that it can be opened: `ticket` GD-…, `duty` 17, `entry` complaints, `case` AQ-…."""

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
    `missing`: nobody could tell; it deducts nothing and is said so.
    """

    population: tuple[Ref, ...] = ()
    hits: tuple[Hit, ...] = ()
    numerator: int = 0
    denominator: int = 0
    missing: bool = False


NOTHING = Measured(missing=True)


@dataclass(frozen=True)
class Deduction:
    """Points that one fact costs in one item. `instead` names the item that already deducts for the same fact."""

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
    `missing` are measures for which no fact was given.
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


def score(sheet: Sheet, measured: Mapping[str, Measured]) -> tuple[Scored, ...]:
    """Given a sheet and what was measured by name, return each item as computed.

    A fact that several items would deduct for costs the larger points alone (domain §2.6), the first item on a tie.
    """
    drafts = [_deductions(item, measured) for item in sheet.items]
    kept = _once(sheet, drafts) if sheet.one_item_a_fact else drafts
    return tuple(_scored(item, deductions, measured) for item, deductions in zip(sheet.items, kept, strict=True))


def _deductions(item: Item, measured: Mapping[str, Measured]) -> list[Deduction]:
    if item.by_hand:
        return []
    whole = measured.get(item.measure, NOTHING)
    if item.bands and len(whole.population) >= item.few:
        return _banded(item, whole)
    found: dict[Ref, Deduction] = {}
    for step in item.steps:
        for one in _stepped(step, measured.get(step.measure, NOTHING)):
            if one.ref not in found or abs(one.points) > abs(found[one.ref].points):
                found[one.ref] = one  # within an item too, a fact costs once: the larger
    return list(found.values())


def _banded(item: Item, whole: Measured) -> list[Deduction]:
    if whole.missing or not whole.denominator:
        return []
    points = next((band.points for band in item.bands if _reaches(item.compare, whole, band.limit)), item.otherwise)
    fair = all(hit.two_sided for hit in whole.hits)
    return [Deduction(Ref("ratio", item.code), item.measure, points, two_sided=fair)] if points else []


def _reaches(compare: str, whole: Measured, limit: int) -> bool:
    """Exactly, without rounding: 4.5 stars (45/10) reach 450 hundredths."""
    left, right = whole.numerator * 100, limit * whole.denominator
    return left <= right if compare == AT_MOST else left >= right


def _stepped(step: Step, whole: Measured) -> Iterable[Deduction]:
    free = step.free
    for hit in sorted(whole.hits, key=lambda hit: hit.ref):
        if hit.count > 0 and free > 0:
            free -= 1
            continue
        yield Deduction(hit.ref, step.measure, step.points * hit.count, hit.count, hit.two_sided)


def _once(sheet: Sheet, drafts: Sequence[Sequence[Deduction]]) -> list[list[Deduction]]:
    best: dict[Ref, tuple[int, str]] = {}
    for item, deductions in zip(sheet.items, drafts, strict=True):
        for one in deductions:
            points = abs(one.points)
            if one.ref not in best or points > best[one.ref][0]:
                best[one.ref] = (points, item.code)
    return [
        [one if best[one.ref][1] == item.code else _instead(one, best[one.ref][1]) for one in deductions]
        for item, deductions in zip(sheet.items, drafts, strict=True)
    ]


def _instead(one: Deduction, code: str) -> Deduction:
    return Deduction(one.ref, one.measure, 0, one.count, one.two_sided, instead=code)


def _scored(item: Item, deductions: Sequence[Deduction], measured: Mapping[str, Measured]) -> Scored:
    known = [measured.get(name, NOTHING) for name in item.measures]
    main = measured.get(item.measure or (item.steps[0].measure if item.steps else ""), NOTHING)
    total = sum(one.points for one in deductions)
    fair = sum(one.points for one in deductions if one.two_sided)
    return Scored(
        item.code, item.weight, main.numerator, main.denominator, tuple(deductions),
        max(0, min(total, item.ceiling)), max(0, min(fair, item.ceiling)),
        empty=not item.by_hand and not any(one.population or one.hits for one in known),
        missing=tuple(name for name in item.measures if measured.get(name, NOTHING).missing),
    )  # fmt: skip


def total(sheet: Sheet, deducted: Mapping[str, int]) -> int:
    """Given a sheet and what each item deducts, return the month's points in hundredths, never below 0."""
    return max(0, sum(item.weight - min(deducted.get(item.code, 0), item.weight) for item in sheet.items))


def check_sheet(sheet: Sheet, known: Iterable[str]) -> list[str]:
    """Given a sheet and the names of measures, return what contradicts itself, one Chinese sentence each."""
    names, codes = set(known), [item.code for item in sheet.items]
    problems = [f"项目编号 {code} 重复" for code in sorted(set(codes)) if codes.count(code) > 1]
    if sum(item.weight for item in sheet.items) != FULL:
        problems.append(f"各项分值合计应为 100 分，现为 {sum(item.weight for item in sheet.items) / 100:g} 分")
    for item in sheet.items:
        problems += [f"{item.code}：没有“{name}”这一事实" for name in item.measures if name.split(":")[0] not in names]
        problems += [f"{item.code}：{told}" for told in _item_problems(item)]
    limits = [grade.points_from for grade in sheet.grades]
    if limits != sorted(set(limits), reverse=True):
        problems.append("等级应从高到低，起点分数不能相同")
    return problems


def _item_problems(item: Item) -> Iterable[str]:
    if item.weight <= 0:
        yield "分值应大于 0"
    if not item.by_hand and not item.steps and not item.bands:
        yield "没有扣分办法；不能计算的请选人工评分"
    if item.bands and not item.measure:
        yield "分档扣分要选一个事实"
    limits = [band.limit for band in item.bands]
    if limits != sorted(set(limits), reverse=item.compare == AT_LEAST):
        yield "各档的界限应逐档放宽，不能重叠"
    if any(step.points <= 0 for step in item.steps) or any(band.points < 0 for band in item.bands):
        yield "每次扣的分应大于 0"
    if item.ceiling > item.weight:
        yield "最多扣的分不能超过分值"
