"""The scoring sheet's pages: the one in force, every version and what it changed, the other party's word on a new one.

Not for editing (`score_editor.py`), importing (`score_imports.py`) nor money (`score_money.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, url_for

from ops_console.core.agreements import IN_FORCE, SHEET, STATE_NAMES
from ops_console.core.errors import Refused
from ops_console.core.score_checks import advice, points_text
from ops_console.core.score_words import OBSERVER_NAMES
from ops_console.services import scores
from ops_console.services.assessments import last_frozen
from ops_console.web import formats
from ops_console.web.database import reading, reading_anew
from ops_console.web.factors import needs_factor
from ops_console.web.lists import listed, word
from ops_console.web.rights import needs, status_of
from ops_console.web.score_views import asked_month, contract_id, contract_of, groups, tasks, terms
from ops_console.web.sign_in import console

pages = Blueprint("scores", __name__)


@pages.app_template_filter("in_points")
def in_points(value: int) -> str:
    """Given hundredths, return them as people write points and per cents: `1.5`."""
    return points_text(value)


@listed(
    "scores", "评分表", "contracts.read", "分组", "编号", "项目", "分值", "每次扣", "最多扣", "扣分办法", "事实来源",
    "合同条款", "依据", "谁能看到", "办法原文",
)  # fmt: skip
def _items() -> Iterator[tuple[object, ...]]:
    found = _chosen()
    for group in groups(found.sheet) if found else ():
        for view in group.items:
            item = view.item
            each = item.steps[0].points if len(item.steps) == 1 and not item.bands and not item.by_hand else None
            yield (
                item.group, item.code, item.name, _number(item.weight), _number(each), _number(item.most or None),
                "；".join(map(formats.render_sentence, view.rule)), "、".join(map(word, view.sources)),
                "、".join(item.clauses), word(item.basis), word(OBSERVER_NAMES[item.observed_by]), item.rule,
            )  # fmt: skip


def _number(hundredths: int | None) -> Decimal | None:
    return None if hundredths is None else Decimal(hundredths) / 100


def _chosen() -> scores.SheetVersion | None:
    """The version that a list's address names, else the one in force in its month."""
    asked = request.args.get("version", type=int)
    if asked:
        return scores.version(reading(), contract_id(), terms(), asked, g.guest.actor)
    month = asked_month(request.args.get("month", ""))
    return scores.sheet_version(reading(), contract_of(month), month)


@pages.get("/scores")
@needs("contracts.read")
def index() -> Any:
    """The sheet in force in the month of the address, what waits for a word, and every version."""
    return _page()


def _page(refused: Refused | None = None, about: int = 0) -> Any:
    session = reading_anew() if refused else reading()
    month, here = asked_month(request.args.get("month", "")), contract_id()
    found = scores.versions(session, here, terms(), g.guest.actor)
    current = scores.sheet_version(session, contract_of(month), month)
    return render_template(
        "scores/index.html", month=month, current=current, versions=found, refused=refused, about=about,
        groups=groups(current.sheet) if current else (), waiting=[one for one in found if one.waits],
        later=[one for one in found if one.row.state == IN_FORCE and one.month > month],
        basis=scores.money_basis(session, contract_of(month), month), state_names=STATE_NAMES,
        observer_names=OBSERVER_NAMES, typed=request.form,
    ), status_of(refused)  # fmt: skip


@pages.get("/scores/<id:agreement_id>")
@needs("contracts.read")
def show(agreement_id: int) -> Any:
    """One version, whole, with what it changed."""
    found = scores.version(reading(), contract_id(), terms(), agreement_id, g.guest.actor)
    return render_template(
        "scores/show.html", version=found, groups=groups(found.sheet), state_names=STATE_NAMES,
        observer_names=OBSERVER_NAMES, advice=advice(found.sheet), tasks=tasks(),
    )  # fmt: skip


@pages.post("/scores/<id:agreement_id>/confirm")
@needs("contracts.confirm")
@needs_factor
def confirm(agreement_id: int) -> Any:
    """Confirm a proposed version for one's own side."""
    try:
        with console().write() as session:
            scores.confirm(
                session, contract_id(), terms(), agreement_id, request.form.get("digest", ""), actor=g.guest.actor,
                now=console().now(), last_frozen=last_frozen,
            )  # fmt: skip
    except Refused as refused:
        return _page(refused, agreement_id)
    flash(formats.gettext("双方已确认，这一版评分表从生效月份起计算。"), "success")
    return redirect(url_for("scores.index"))


@pages.post("/scores/<id:agreement_id>/refuse")
@needs("contracts.confirm")
@needs_factor
def refuse(agreement_id: int) -> Any:
    """Say no to a proposed version, with the reason."""
    try:
        with console().write() as session:
            scores.refuse(
                session, contract_id(), agreement_id, request.form.get("answer", ""), subject=SHEET,
                actor=g.guest.actor, now=console().now(),
            )  # fmt: skip
    except Refused as refused:
        return _page(refused, agreement_id)
    flash(formats.gettext("已记下本方不同意，对方会看到理由。"), "success")
    return redirect(url_for("scores.index"))


@pages.post("/scores/<id:agreement_id>/withdraw")
@needs("contracts.confirm")
@needs_factor
def withdraw(agreement_id: int) -> Any:
    """Take one's own proposal back."""
    try:
        with console().write() as session:
            scores.withdraw(
                session, contract_id(), agreement_id, subject=SHEET, actor=g.guest.actor, now=console().now()
            )
    except Refused as refused:
        return _page(refused, agreement_id)
    flash(formats.gettext("已撤回这一版评分表。"), "success")
    return redirect(url_for("scores.index"))
