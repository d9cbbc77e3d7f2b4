"""What the editor's buttons do to a form: rows added, removed, moved; each act by its name, `remove-item:3`.

Not for reading the form (`core/score_drafts.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from ops_console.core.score_checks import MOST_BANDS, MOST_GRADES, MOST_ITEMS, MOST_STEPS
from ops_console.core.score_drafts import BandForm, GradeForm, ItemForm, SheetForm, StepForm

CHECK, COMPARE, PROPOSE = "check", "compare", "propose"


@dataclass(frozen=True)
class Edited:
    """A form after an act, and the place to go on at: `items.3`, `items.3.steps.1`, "" where none."""

    form: SheetForm
    place: str = ""


def edited(form: SheetForm, act: str) -> Edited:
    """Given a form and an act, return the form after it; an act that is unknown or out of place changes nothing."""
    name, *numbers = act.split(":")
    if not all(number.isascii() and number.isdigit() and len(number) < 4 for number in numbers):
        return Edited(form)
    act_on = _ACTS.get((name, len(numbers)))
    return act_on(form, *map(int, numbers)) if act_on else Edited(form)


def _add_item(form: SheetForm, after: int) -> Edited:
    if len(form.items) >= MOST_ITEMS or after > len(form.items):
        return Edited(form)
    group = form.items[after - 1].group if after else ""
    made = ItemForm(group=group, steps=(StepForm(),), is_open=True)
    return Edited(replace(form, items=(*form.items[:after], made, *form.items[after:])), f"items.{after}")


def _remove_item(form: SheetForm, index: int) -> Edited:
    left = form.items[:index] + form.items[index + 1 :]
    return Edited(replace(form, items=left), f"items.{min(index, len(left) - 1)}" if left else "")


def _move(form: SheetForm, index: int, to: int) -> Edited:
    if not (0 <= index < len(form.items) and 0 <= to < len(form.items)):
        return Edited(form, f"items.{index}")
    items = list(form.items)
    items.insert(to, items.pop(index))
    return Edited(replace(form, items=tuple(items)), f"items.{to}")


def _on_item(change: Callable[[ItemForm, int], tuple[ItemForm, str]]) -> Callable[..., Edited]:
    """Given what changes one item, return the act: its details are shown from then on."""

    def act(form: SheetForm, index: int, row: int = 0) -> Edited:
        if index >= len(form.items):
            return Edited(form)
        item, place = change(form.items[index], row)
        items = (*form.items[:index], replace(item, is_open=True), *form.items[index + 1 :])
        return Edited(replace(form, items=items), f"items.{index}{place}")

    return act


def _add_step(item: ItemForm, _row: int) -> tuple[ItemForm, str]:
    if len(item.steps) >= MOST_STEPS:
        return item, ""
    return replace(item, steps=(*item.steps, StepForm())), f".steps.{len(item.steps)}"


def _remove_step(item: ItemForm, row: int) -> tuple[ItemForm, str]:
    return replace(item, steps=item.steps[:row] + item.steps[row + 1 :]), ""


def _add_band(item: ItemForm, _row: int) -> tuple[ItemForm, str]:
    if len(item.bands) >= MOST_BANDS:
        return item, ""
    return replace(item, bands=(*item.bands, BandForm())), f".bands.{len(item.bands)}"


def _remove_band(item: ItemForm, row: int) -> tuple[ItemForm, str]:
    return replace(item, bands=item.bands[:row] + item.bands[row + 1 :]), ""


def _open(form: SheetForm, index: int) -> Edited:
    return _shown(form, index, is_open=True)


def _close(form: SheetForm, index: int) -> Edited:
    return _shown(form, index, is_open=False)


def _shown(form: SheetForm, index: int, *, is_open: bool) -> Edited:
    items = [replace(item, is_open=is_open) if n == index else item for n, item in enumerate(form.items)]
    return Edited(replace(form, items=tuple(items)), f"items.{index}")


def _add_grade(form: SheetForm) -> Edited:
    if len(form.grades) >= MOST_GRADES:
        return Edited(form)
    return Edited(replace(form, grades=(*form.grades, GradeForm())), f"grades.{len(form.grades)}")


def _remove_grade(form: SheetForm, index: int) -> Edited:
    return Edited(replace(form, grades=form.grades[:index] + form.grades[index + 1 :]), "grades")


_ACTS: dict[tuple[str, int], Callable[..., Edited]] = {
    ("add-item", 1): _add_item,
    ("remove-item", 1): _remove_item,
    ("up", 1): lambda form, index: _move(form, index, index - 1),
    ("down", 1): lambda form, index: _move(form, index, index + 1),
    ("open", 1): _open,
    ("close", 1): _close,
    ("add-step", 1): _on_item(_add_step),
    ("remove-step", 2): _on_item(_remove_step),
    ("add-band", 1): _on_item(_add_band),
    ("remove-band", 2): _on_item(_remove_band),
    ("add-grade", 0): _add_grade,
    ("remove-grade", 1): _remove_grade,
}
