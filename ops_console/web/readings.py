"""The ten questions of the contract: which answer counts, what another would change, proposing one, ranking limits.

Not for confirming or refusing what was proposed (`web/contracts.py`).
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import date
from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, send_file, url_for

from ops_console.core.clauses import readings_of
from ops_console.core.contract_facts import OUTCOME_NAMES
from ops_console.core.errors import NotFound, Refused
from ops_console.core.moments import MONTH, ZONE, month_of
from ops_console.core.months import STATE_NAMES
from ops_console.core.readings import Conflict, conflicts
from ops_console.core.terms import Terms, VersionInForce
from ops_console.core.what_if import SUM_NAMES
from ops_console.services import contract_papers, contract_views, readings, reports, what_if, what_if_months
from ops_console.services.readings import Answers
from ops_console.services.report_tables import DUTY_STATES
from ops_console.services.what_if import WhatIf
from ops_console.services.what_if_months import MonthWhatIf
from ops_console.web import formats
from ops_console.web.contract_papers import go_live_data
from ops_console.web.database import reading, reading_anew
from ops_console.web.factors import needs_factor
from ops_console.web.formats import gettext
from ops_console.web.rights import needs, status_of
from ops_console.web.sign_in import console

pages = Blueprint("readings", __name__)


def _contract() -> int:
    asked = request.values.get("contract", "")
    given = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 10 else 0
    known = {version.contract_id for version in g.book.versions}
    return given if given in known else g.book.at(g.now).contract_id  # type: ignore[no-any-return]


@pages.get("/contract/readings")
@needs("contracts.read")
def index() -> Any:
    """The questions, what waits for a word, what collides, and a month under another answer."""
    return _page()


def _page(refused: Refused | None = None) -> Any:
    session, contract_id = reading_anew() if refused else reading(), _contract()
    views = contract_views.overview(session, g.guest.actor)
    version = contract_papers.newest(g.book, contract_id)
    ours = [view for view in views if view.contract_id == contract_id]
    answers = contract_papers.answers(version.terms, ours)
    agreed = sum(answer.agreed is not None for answer in answers)
    question, option, month = _compared(version)
    beside, compared = _what_if(contract_id, question, option, month)
    return render_template(
        "contracts/readings.html", version=version, contract_id=contract_id, terms=version.terms,
        answers=answers, agreed=agreed, by_default=len(answers) - agreed,
        colliding=_colliding(conflicts(version.terms)),
        waiting=[view for view in ours if view.state == "proposed" and view.origin == "reading"],
        impacts=_impacts(), months=what_if.full_months(g.now), known=_months(),
        contracts=contract_views.sequence(views),
        compared=compared, beside=beside, question=question, option=option, month=month, state_names=STATE_NAMES,
        sum_names=SUM_NAMES, outcome_names=OUTCOME_NAMES, duty_states=DUTY_STATES,
        refused=refused, typed=request.form, earliest=version.terms.counts_from, today=g.now.astimezone(ZONE).date(),
    ), status_of(refused)  # fmt: skip


def _impacts() -> dict[tuple[str, str], int]:
    if not g.guest.actor.may("reports.read"):
        return {}
    months = what_if.full_months(g.now)
    return what_if.impacts(reading(), g.book, months, g.guest.actor, g.now)


def _months() -> list[str]:
    if not g.guest.actor.may("reports.read"):
        return []
    return list(dict.fromkeys([*reports.month_list(reading()), month_of(g.now)]))


def _compared(version: VersionInForce) -> tuple[str, str, str]:
    """The question, the answer and the month that the address asks to compare; "" where it asks for none there is."""
    name, _, option = request.args.get("answer", "").partition("/")
    known = {question.id: {one.id for one in question.options} for question in version.terms.questions}
    month = request.args.get("month", "")
    found = (name, option) if option in known.get(name, ()) else ("", "")
    return (*found, month if MONTH.fullmatch(month) else "")


def _what_if(contract_id: int, question: str, option: str, month: str) -> tuple[MonthWhatIf | None, WhatIf | None]:
    """The month's score and money under that answer, and its tickets; neither where the address asks for none."""
    if not (question and month and g.guest.actor.may("reports.read")):
        return None, None
    answers = {question: option}
    beside = what_if_months.what_if_month(reading(), g.book, contract_id, month, answers, g.guest.actor, g.now)
    compared = what_if.what_if(reading(), g.book, month, answers, g.guest.actor, g.now, locked_until=beside.kept_until)
    return beside, compared


@pages.post("/contract/readings")
@needs("contracts.confirm")
@needs_factor
def propose() -> Any:
    """Put answers before the other party."""
    try:
        contract_id = _contract()
        terms = contract_papers.newest(g.book, contract_id).terms
        given = {question.id: request.form.get(question.id, "") for question in terms.questions}
        chosen = given if request.form.get("all") else _changed(terms, given)
        _propose(contract_id, chosen, ())
    except NotFound:
        raise
    except Refused as refused:
        return _page(refused)
    flash(gettext("已提出，等待对方确认；在此之前仍按现行口径计算。"), "success")
    return redirect(url_for("readings.index", contract=contract_id, _anchor="waiting"))


def _changed(terms: Terms, given: dict[str, str]) -> dict[str, str]:
    """What is answered otherwise than it counts now; a question left alone is not agreed upon by silence."""
    counting = {question.id: option.id for question, option, _agreed in readings_of(terms)}
    return {name: option for name, option in given.items() if option and option != counting[name]}


@pages.post("/contract/ranks")
@needs("contracts.confirm")
@needs_factor
def rank() -> Any:
    """Put before the other party which of several limits on one quantity goes before the others."""
    try:
        contract_id = _contract()
        _propose(contract_id, {}, _ranked())
    except NotFound:
        raise
    except Refused as refused:
        return _page(refused)
    flash(gettext("已提出，等待对方确认；双方排定先后之前，这些月份不能结算。"), "success")
    return redirect(url_for("readings.index", contract=contract_id, _anchor="waiting"))


def _ranked() -> tuple[tuple[str, str], ...]:
    found: list[tuple[str, str]] = []
    for together in request.form.getlist("limits"):
        first, limits = request.form.get(f"first-{together}", ""), together.split(",")
        if first not in limits:
            raise Refused("请选择哪一项时限优先。", field="first")
        found += [(first, other) for other in limits if other != first]
    return tuple(dict.fromkeys(found))


def _colliding(found: Sequence[Conflict]) -> dict[str, list[Conflict]]:
    """The collisions by the limits that are to be ranked; "" for tickets that no limit is about."""
    together: dict[str, list[Conflict]] = {}
    for one in found:
        together.setdefault(",".join(one.limits), []).append(one)
    return together


def _propose(contract_id: int, options: dict[str, str], ranked: tuple[tuple[str, str], ...]) -> None:
    given = Answers(contract_id, options, _day(), request.form.get("reason", ""), ranked)
    with console().write() as session:
        readings.propose(session, given, g.guest.actor, console().now())


def _day() -> date:
    try:
        return date.fromisoformat(request.form.get("effective_from", ""))
    except ValueError:
        raise Refused("请选择从哪一天起计。", field="effective_from") from None


@pages.post("/contract/go-live-sheet")
@needs("contracts.read")
def go_live_sheet() -> Any:
    """The sheet that both parties stamp, as PDF. That it was printed is recorded."""
    contract_id = _contract()
    with console().write() as session:
        sheet = contract_papers.go_live(session, console().book(session), contract_id, g.guest.actor)
        contract_papers.note_printed(session, sheet, g.guest.actor, console().now())
    content = console().papers.pdf("golive", go_live_data(sheet))
    name = f"{formats.gettext('上线确认单')}-{sheet.terms.number}-v{sheet.version.version}.pdf"
    return send_file(io.BytesIO(content), mimetype="application/pdf", as_attachment=True, download_name=name)
