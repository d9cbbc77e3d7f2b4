"""The editor's form: its fields as the browser sends them, read into texts (`core/score_drafts.py`), in their order."""

from __future__ import annotations

from collections.abc import Iterator

from werkzeug.datastructures import MultiDict

from ops_console.core.score_checks import MOST_BANDS, MOST_GRADES, MOST_ITEMS, MOST_STEPS
from ops_console.core.score_drafts import BandForm, GradeForm, ItemForm, SheetForm, StepForm

TEXTS = (
    "code", "group", "name", "weight", "clauses", "mode", "measure", "compare", "otherwise", "few", "most", "basis",
    "observed_by", "zeroed_by", "rule",
)  # fmt: skip
Typed = MultiDict[str, str]


def typed(given: Typed) -> SheetForm:
    """Given a form as sent, return what was typed; rows past the most are cut off."""
    keys = [key for key in given.getlist("item") if key.isascii() and key.isdigit() and len(key) < 4]
    grades = [GradeForm(*row) for row in _rows(given, "grade_name", "grade_from", "grade_ratio", "grade_follows")]
    return SheetForm(
        given.get("name", ""), tuple(_item(given, f"i{key}") for key in dict.fromkeys(keys[: MOST_ITEMS + 1])),
        tuple(grades[: MOST_GRADES + 1]), given.get("one_item_a_fact") == "yes",
    )  # fmt: skip


def _item(given: Typed, key: str) -> ItemForm:
    steps = [StepForm(*row) for row in _rows(given, f"{key}.step_measure", f"{key}.step_points", f"{key}.step_free")]
    bands = [BandForm(*row) for row in _rows(given, f"{key}.band_limit", f"{key}.band_points")]
    texts = {name: given.get(f"{key}.{name}", "") for name in TEXTS}
    return ItemForm(
        **texts, steps=tuple(steps[: MOST_STEPS + 1]), bands=tuple(bands[: MOST_BANDS + 1]),
        is_open=given.get(f"{key}.open") == "yes",
    )  # fmt: skip


def _rows(given: Typed, *names: str) -> Iterator[tuple[str, ...]]:
    return zip(*(given.getlist(name) for name in names), strict=False)
