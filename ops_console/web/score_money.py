"""The page on which points may be let cut money, and on which that is taken back: what it does, said plainly."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, url_for

from ops_console.core.agreements import LEGAL_BASIS, STATE_NAMES
from ops_console.core.errors import Refused
from ops_console.core.moments import MONTH, month_of
from ops_console.core.money import amount
from ops_console.services import score_money, scores
from ops_console.services.assessments import last_frozen
from ops_console.web import factors, formats
from ops_console.web.database import reading, reading_anew
from ops_console.web.factors import needs_factor
from ops_console.web.proofs import kept_files
from ops_console.web.rights import needs, status_of
from ops_console.web.score_views import contract_id, terms
from ops_console.web.sign_in import console
from ops_console.web.uploads import LARGEST_FORM, takes

pages = Blueprint("score_money", __name__)
ON, OFF = "on", "off"


@pages.app_template_filter("in_yuan")
def in_yuan(fen: int) -> str:
    """Given 分, return 元 as people write it."""
    return amount(fen)


@pages.get("/scores/money")
@needs("contracts.read")
def index() -> Any:
    """Whether points cut money, by which paper, and how to begin or end it."""
    return _page()


def _page(refused: Refused | None = None, about: int = 0) -> Any:
    session = reading_anew() if refused else reading()
    here, now = contract_id(), g.now
    month = request.form.get("month") or max(month_of(now), scores.earliest(now, terms(), last_frozen(session, here)))
    sheet = scores.sheet_in_force(session, here, month) if MONTH.fullmatch(month) else None
    may = g.guest.actor.may("contracts.confirm")
    return render_template(
        "scores/money.html", basis=scores.money_basis(session, here, month_of(now)), refused=refused, about=about,
        history=score_money.history(session, here, g.guest.actor), state_names=STATE_NAMES, month=month,
        examples=score_money.examples(terms(), sheet, month) if sheet else (), typed=request.form, sheet=sheet,
        terms=terms(), standing=None if factors.is_fresh() or not may else factors.standing(),
    ), status_of(refused)  # fmt: skip


@pages.post("/scores/money")
@takes(LARGEST_FORM)
@needs("contracts.confirm")
@needs_factor
def propose() -> Any:
    """Put before the other party that points are to cut money, or to cut it no longer; with the paper's scan."""
    given = request.form
    new = score_money.NewBasis(
        given.get("document", ""), given.get("signed_on", ""), given.get("month", ""), given.get("cuts") == ON,
        given.get("reason", ""),
    )  # fmt: skip
    try:
        if given.get("cuts") not in (ON, OFF):
            raise Refused("请选择要登记的是哪一种。", field="cuts")
        files = kept_files()
        with console().write() as session:
            made = score_money.propose(
                session, contract_id(), terms(), new, files, actor=g.guest.actor, now=console().now(),
                last_frozen=last_frozen,
            )  # fmt: skip
    except Refused as refused:
        return _page(refused)
    flash(formats.gettext("已提出，等待对方确认；对方确认前不生效。"), "success")
    return redirect(url_for("score_money.index", _anchor=f"basis-{made}"))


@pages.post("/scores/money/<id:agreement_id>/confirm")
@needs("contracts.confirm")
@needs_factor
def confirm(agreement_id: int) -> Any:
    """Confirm a proposed basis for one's own side."""
    try:
        with console().write() as session:
            score_money.confirm(
                session, contract_id(), agreement_id, request.form.get("digest", ""), actor=g.guest.actor,
                now=console().now(), last_frozen=last_frozen,
            )  # fmt: skip
    except Refused as refused:
        return _page(refused, agreement_id)
    flash(formats.gettext("双方已确认，从生效月份起按它计算。"), "success")
    return redirect(url_for("score_money.index"))


@pages.post("/scores/money/<id:agreement_id>/refuse")
@needs("contracts.confirm")
@needs_factor
def refuse(agreement_id: int) -> Any:
    """Say no to a proposed basis, with the reason."""
    try:
        with console().write() as session:
            scores.refuse(
                session, contract_id(), agreement_id, request.form.get("answer", ""), subject=LEGAL_BASIS,
                actor=g.guest.actor, now=console().now(),
            )  # fmt: skip
    except Refused as refused:
        return _page(refused, agreement_id)
    flash(formats.gettext("已记下本方不同意，对方会看到理由。"), "success")
    return redirect(url_for("score_money.index"))


@pages.post("/scores/money/<id:agreement_id>/withdraw")
@needs("contracts.confirm")
@needs_factor
def withdraw(agreement_id: int) -> Any:
    """Take one's own proposal back."""
    try:
        with console().write() as session:
            scores.withdraw(
                session, contract_id(), agreement_id, subject=LEGAL_BASIS, actor=g.guest.actor, now=console().now()
            )
    except Refused as refused:
        return _page(refused, agreement_id)
    flash(formats.gettext("已撤回。"), "success")
    return redirect(url_for("score_money.index"))
