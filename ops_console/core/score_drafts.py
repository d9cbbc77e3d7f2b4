"""A scoring sheet as somebody types it: texts of a form, read into a sheet with what is wrong beside each field.

Not for the form's acts (`core/score_edits.py`) nor for whether a sheet is sound (`core/score_checks.py`).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace

from ops_console.core.contracts import BASES, SUPPLEMENTARY
from ops_console.core.score_checks import check_sheet, points_text
from ops_console.core.score_words import limit_text
from ops_console.core.scores import AT_LEAST, AT_MOST, BOTH, Band, Grade, Item, Sheet, Step
from ops_console.core.sentences import Sentence, sentence

STEPS, BANDS, HAND = "steps", "bands", "hand"
MODES = (STEPS, BANDS, HAND)
MODE_NAMES = {STEPS: "每次扣分", BANDS: "分档扣分", HAND: "人工评分"}
COMPARE_NAMES = {AT_MOST: "不超过", AT_LEAST: "达到"}
NUMBER = re.compile(r"\d{1,5}(\.\d{1,2})?", re.ASCII)
WHOLE = re.compile(r"\d{1,5}", re.ASCII)
BETWEEN = re.compile(r"[、，,；;\s]+")


@dataclass(frozen=True)
class StepForm:
    """每次扣 n, as typed."""

    measure: str = ""
    points: str = ""
    free: str = ""


@dataclass(frozen=True)
class BandForm:
    """A stretch of what is measured, as typed."""

    limit: str = ""
    points: str = ""


@dataclass(frozen=True)
class ItemForm:
    """An item as typed. `is_open`: its details are shown."""

    code: str = ""
    group: str = ""
    name: str = ""
    weight: str = ""
    clauses: str = ""
    mode: str = STEPS
    steps: tuple[StepForm, ...] = ()
    measure: str = ""
    compare: str = AT_MOST
    bands: tuple[BandForm, ...] = ()
    otherwise: str = ""
    few: str = ""
    most: str = ""
    basis: str = SUPPLEMENTARY
    observed_by: str = BOTH
    zeroed_by: str = ""
    rule: str = ""
    is_open: bool = False


@dataclass(frozen=True)
class GradeForm:
    """A grade as typed."""

    name: str = ""
    points_from: str = ""
    ratio: str = ""
    follows: str = ""


@dataclass(frozen=True)
class SheetForm:
    """A sheet as typed."""

    name: str = ""
    items: tuple[ItemForm, ...] = ()
    grades: tuple[GradeForm, ...] = ()
    one_item_a_fact: bool = True


@dataclass(frozen=True)
class Read:
    """What a form came to: its sheet where nothing is wrong, and what is, by place (`items.3.weight`)."""

    sheet: Sheet | None
    faults: Mapping[str, Sentence]


def form_of(sheet: Sheet) -> SheetForm:
    """Given a sheet, return it as texts to be edited."""
    grades = [
        GradeForm(one.name, points_text(one.points_from), points_text(one.ratio), one.follows) for one in sheet.grades
    ]
    return SheetForm(sheet.name, tuple(map(_item_form, sheet.items)), tuple(grades), sheet.one_item_a_fact)


def _item_form(item: Item) -> ItemForm:
    return ItemForm(
        item.code, item.group, item.name, points_text(item.weight), "、".join(item.clauses),
        HAND if item.by_hand else BANDS if item.bands else STEPS,
        tuple(StepForm(one.measure, points_text(one.points), str(one.free or "")) for one in item.steps),
        item.measure, item.compare,
        tuple(
            BandForm(limit_text(item.measure, one.limit).removesuffix("%"), points_text(one.points))
            for one in item.bands
        ),
        points_text(item.otherwise) if item.bands else "", str(item.few or ""),
        points_text(item.most) if item.most else "", item.basis, item.observed_by, item.zeroed_by, item.rule,
    )  # fmt: skip


def tidy(form: SheetForm) -> SheetForm:
    """Given a form, return it without the rows that nobody filled."""
    items = [
        replace(
            item, steps=tuple(one for one in item.steps if one != StepForm()),
            bands=tuple(one for one in item.bands if one != BandForm()),
        )
        for item in form.items if replace(item, is_open=False) != ItemForm()
    ]  # fmt: skip
    return replace(form, items=tuple(items), grades=tuple(one for one in form.grades if one != GradeForm()))


def read(form: SheetForm) -> Read:
    """Given a tidy form, return its sheet, or what is wrong with it, each place once."""
    reader = _Reader()
    items = tuple(reader.item(f"items.{index}", item) for index, item in enumerate(form.items))
    grades = tuple(reader.grade(f"grades.{index}", grade) for index, grade in enumerate(form.grades))
    sheet = Sheet(form.name.strip(), items, grades, form.one_item_a_fact)
    for problem in check_sheet(sheet):
        reader.faults.setdefault(problem.place, problem.sentence)
    return Read(None if reader.faults else sheet, reader.faults)


def item_of(typed: ItemForm) -> Item:
    """Given an item as typed, return what can be read of it, to be told in words; faults are another matter."""
    return _Reader().item("", typed)


def opened(form: SheetForm, faults: Mapping[str, Sentence]) -> SheetForm:
    """Given a form and what is wrong with it, return it with the items shown that something is wrong with."""
    wrong = {place.split(".")[1] for place in faults if place.startswith("items.")}
    items = [replace(item, is_open=item.is_open or str(index) in wrong) for index, item in enumerate(form.items)]
    return replace(form, items=tuple(items))


def weights(form: SheetForm) -> int:
    """Given a form, return what its weights come to so far, in hundredths; what is no number is left out."""
    return sum(hundredths(item.weight) or 0 for item in form.items)


def hundredths(text: str) -> int | None:
    """Given a number as typed, return it in hundredths, or None where it is none.

    >>> hundredths("1.5"), hundredths("３分"), hundredths("99.9%"), hundredths("1,5")
    (150, 300, 9990, None)
    """
    plain = unicodedata.normalize("NFKC", text).strip().removesuffix("分").removesuffix("%").strip()
    if not NUMBER.fullmatch(plain):
        return None
    whole, _, rest = plain.partition(".")
    return int(whole) * 100 + int(rest.ljust(2, "0"))


class _Reader:
    """Reads texts; what is wrong gathers in `faults`."""

    def __init__(self) -> None:
        self.faults: dict[str, Sentence] = {}

    def item(self, place: str, typed: ItemForm) -> Item:
        mode = typed.mode if typed.mode in MODES else STEPS
        chosen = typed.bands if mode == BANDS else ()
        bands = tuple(self.band(f"{place}.bands.{n}", one) for n, one in enumerate(chosen))
        stepped = typed.steps if mode != HAND else ()
        steps = tuple(self.step(f"{place}.steps.{n}", one) for n, one in enumerate(stepped))
        if mode == BANDS and not bands:
            self.faults[f"{place}.mode"] = sentence("分档扣分至少要有一档。")
        return Item(
            typed.code.strip(), typed.group.strip(), typed.name.strip(), self.points(f"{place}.weight", typed.weight),
            tuple(filter(None, BETWEEN.split(typed.clauses.strip()))), steps, typed.measure if bands else "",
            typed.compare if bands and typed.compare in COMPARE_NAMES else AT_MOST, bands,
            self.points(f"{place}.otherwise", typed.otherwise) if bands else 0,
            self.whole(f"{place}.few", typed.few) if bands else 0,
            self.points(f"{place}.most", typed.most, empty=0), mode == HAND,
            typed.basis if typed.basis in BASES else SUPPLEMENTARY, typed.observed_by,
            "" if mode == HAND else typed.zeroed_by, typed.rule.strip(),
        )  # fmt: skip

    def step(self, place: str, typed: StepForm) -> Step:
        return Step(
            typed.measure, self.points(f"{place}.points", typed.points), self.whole(f"{place}.free", typed.free)
        )

    def band(self, place: str, typed: BandForm) -> Band:
        return Band(self.points(f"{place}.limit", typed.limit), self.points(f"{place}.points", typed.points))

    def grade(self, place: str, typed: GradeForm) -> Grade:
        ratio = self.points(f"{place}.ratio", typed.ratio)
        return Grade(
            typed.name.strip(), self.points(f"{place}.points_from", typed.points_from), ratio, typed.follows.strip()
        )

    def points(self, place: str, text: str, *, empty: int | None = None) -> int:
        if not text.strip() and empty is not None:
            return empty
        found = hundredths(text)
        if found is None:
            self.faults[place] = sentence("请写数字，最多两位小数，例如 1.5。")
        return found or 0

    def whole(self, place: str, text: str) -> int:
        plain = unicodedata.normalize("NFKC", text).strip()
        if plain and not WHOLE.fullmatch(plain):
            self.faults[place] = sentence("请写 0 或更大的整数。")
            return 0
        return int(plain or 0)
