"""The editor of a scoring sheet: everything typed stays on the page, each act is a form; what is done is proposed.

Not for what the acts do (`core/score_edits.py`). Nothing is kept on the way: the draft lives in the form alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, url_for

from ops_console.core import score_drafts as drafts
from ops_console.core import score_edits as edits
from ops_console.core.contracts import BASES
from ops_console.core.errors import Refused
from ops_console.core.measures import SOURCE_NAMES
from ops_console.core.moments import month_of
from ops_console.core.score_checks import advice, points_text
from ops_console.core.score_drafts import ItemForm, SheetForm
from ops_console.core.score_preset import PRESET
from ops_console.core.score_words import OBSERVER_NAMES, SheetChange, choices, differences, rule_of
from ops_console.core.scores import FULL, OBSERVERS, Sheet
from ops_console.core.sentences import Sentence
from ops_console.services import scores
from ops_console.services.assessments import last_frozen
from ops_console.web import formats
from ops_console.web.database import reading, reading_anew
from ops_console.web.factors import needs_factor
from ops_console.web.rights import needs, status_of
from ops_console.web.score_forms import typed
from ops_console.web.score_views import contract_id, in_words, tasks, terms
from ops_console.web.sign_in import console

pages = Blueprint("score_editor", __name__)
EMPTY = SheetForm(items=(ItemForm(steps=(drafts.StepForm(),), is_open=True),), grades=drafts.form_of(PRESET).grades)


@dataclass(frozen=True)
class Draft:
    """What the editor shows: the form, what is wrong by place, where to go on; compared, what it would change.

    `is_first`: there is nothing in force that it could be compared with.
    """

    form: SheetForm
    faults: Mapping[str, Sentence]
    place: str = ""
    sheet: Sheet | None = None
    changes: tuple[SheetChange, ...] | None = None
    is_first: bool = False


@pages.get("/scores/edit")
@needs("contracts.confirm")
def edit() -> Any:
    """Begin with the version in the address, with the example, or with nothing."""
    wanted = request.args.get("from", "")
    if wanted == "preset":
        return editor(Draft(drafts.form_of(PRESET), {}))
    if wanted.isascii() and wanted.isdigit() and len(wanted) < 10:
        found = scores.version(reading(), contract_id(), terms(), int(wanted), g.guest.actor)
        return editor(Draft(drafts.form_of(found.sheet), {}))
    return editor(Draft(EMPTY, {}))


@pages.post("/scores/edit")
@needs("contracts.confirm")
def change() -> Any:
    """Do one of the editor's acts on what was typed, compare it with the sheet in force, or propose it."""
    act = request.form.get("act", edits.CHECK)
    form = typed(request.form)
    if act == edits.PROPOSE:
        return _propose()
    if act not in (edits.CHECK, edits.COMPARE):
        done = edits.edited(form, act)
        return editor(Draft(done.form, {}, done.place))
    return editor(_checked(drafts.tidy(form), compare=act == edits.COMPARE))


def _checked(form: SheetForm, *, compare: bool) -> Draft:
    found = drafts.read(form)
    faults = {**found.faults, **(_month_fault() if compare else {})}
    if not compare or faults or found.sheet is None:
        return Draft(drafts.opened(form, faults), faults, "", found.sheet)
    before = scores.sheet_in_force(reading(), contract_id(), request.form.get("month", ""))
    changes = differences(before, found.sheet, tasks()) if before else ()
    return Draft(form, {}, "compare", found.sheet, changes, is_first=before is None)


def _month_fault() -> dict[str, Sentence]:
    try:
        frozen = last_frozen(reading(), contract_id())
        scores.check_month(request.form.get("month", ""), g.now, terms(), frozen)
    except Refused as refused:
        return {"month": refused.sentence}
    return {}


@needs_factor
def _propose() -> Any:
    """Put the draft before the other party."""
    form = drafts.tidy(typed(request.form))
    found = drafts.read(form)
    if found.sheet is None:
        return editor(_checked(form, compare=True), status=400)
    try:
        with console().write() as session:
            made = scores.propose(
                session, contract_id(), terms(), found.sheet, request.form.get("month", ""),
                request.form.get("reason", ""), actor=g.guest.actor, now=console().now(), last_frozen=last_frozen,
            )  # fmt: skip
    except Refused as refused:
        reading_anew()
        draft = _checked(form, compare=True)
        return editor(
            replace(draft, faults={**draft.faults, refused.field or "refused": refused.sentence}, place=""),
            status=status_of(refused),
        )
    flash(formats.gettext("已提出，等待对方确认；对方确认前不生效。"), "success")
    return redirect(url_for("scores.index", _anchor=f"version-{made}"))


def editor(draft: Draft, *, told: Iterable[Sentence] = (), left: Iterable[Any] = (), status: int = 0) -> Any:
    """Given a draft, and for one that was imported what is to be said of it, return the editor's page."""
    names = [name for item in draft.form.items for name in (item.measure, item.zeroed_by, *_stepped(item)) if name]
    offered = [(SOURCE_NAMES[source], in_words(found)) for source, found in choices(tasks(), names)]
    earliest = scores.earliest(g.now, terms(), last_frozen(reading(), contract_id()))
    weights = drafts.weights(draft.form)
    return render_template(
        "scores/edit.html", draft=draft, form=draft.form, offered=offered, weights=points_text(weights),
        is_full=weights == FULL, rules=[_rule(item) for item in draft.form.items], mode_names=drafts.MODE_NAMES,
        compare_names=drafts.COMPARE_NAMES, observers=[(name, OBSERVER_NAMES[name]) for name in OBSERVERS],
        bases=BASES, month=request.form.get("month") or max(earliest, month_of(g.now)), earliest=earliest,
        reason=request.form.get("reason", ""), advice=advice(draft.sheet) if draft.sheet else (), lines_told=list(told),
        left=list(left),
    ), status or (400 if draft.faults else 200)  # fmt: skip


def _stepped(item: ItemForm) -> list[str]:
    return [step.measure for step in item.steps]


def _rule(item: ItemForm) -> tuple[Sentence, ...]:
    """An item that is not being edited is told in words."""
    return () if item.is_open else rule_of(drafts.item_of(item), tasks())
