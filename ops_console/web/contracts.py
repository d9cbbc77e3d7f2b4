"""The contract's page: the version in force with its clauses, what is proposed and what it changes, confirming it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, url_for

from ops_console.adapters import contract_words
from ops_console.core.contracts import TimeLimit
from ops_console.core.errors import Refused
from ops_console.core.moments import day_start
from ops_console.core.money import NODE_NAMES, amount
from ops_console.core.readings import Conflict, conflicts
from ops_console.core.terms import Change, contract_years
from ops_console.services import assessments, contract_papers, contract_views, contracts, proofs
from ops_console.services.clocks import Judgement
from ops_console.web import formats
from ops_console.web.contract_papers import conflict_text
from ops_console.web.database import reading, reading_anew
from ops_console.web.factors import needs_factor
from ops_console.web.lists import listed, word
from ops_console.web.proofs import kept_files
from ops_console.web.rights import needs, status_of
from ops_console.web.sign_in import console, is_ours
from ops_console.web.uploads import LARGEST_FORM, takes

pages = Blueprint("contracts", __name__)


@pages.app_template_filter("change_name")
def change_name(change: Change) -> str:
    """Given a change, return its place in people's words: `C-16 限时` rather than a path."""
    return contract_words.change_name(change, formats.gettext)


@pages.app_template_filter("shown_changes")
def shown_changes(changes: Sequence[Change]) -> Sequence[Change]:
    """Given a version's changes, return them with each part that is wholly new or gone told as one."""
    return contract_words.shown(changes)


@pages.app_template_filter("change_value")
def change_value(change: Change, side: str) -> str:
    """Given a change and `old` or `new`, return that value in people's words: durations, clocks, yes and no."""
    return contract_words.change_value(change, side, formats.gettext, formats.span)


@pages.app_template_filter("limit_types")
def limit_types(limit: TimeLimit) -> str:
    """Given a time limit, return in people's words which tickets it is about."""
    return contract_words.limit_types(limit, formats.gettext)


@pages.app_template_filter("sum_of")
def sum_of(fen: int) -> str:
    """Given 分, return 元 with two places, for a sentence that says 元 itself."""
    return amount(fen)


@pages.app_template_filter("before_live")
def before_live(judged: Judgement) -> date | None:
    """Given a ticket's judgement, return the contract's go-live day where the ticket was reported before it."""
    live = judged.version.terms.live_on()
    return live if judged.facts.reported_at < day_start(live) else None


@pages.app_template_filter("hundredths")
def hundredths(share: int) -> str:
    """Given hundredths of a per cent, return per cents."""
    return f"{share / 100:g}"


@pages.app_template_filter("conflict")
def conflict(found: Conflict) -> str:
    """Given limits that collide, return which and of which tickets."""
    return conflict_text(found)


@listed(
    "clauses", "时限条款", "contracts.read", "条款", "合同位置", "依据", "时限", "适用工单", "类别", "从", "到",
    "限时（秒）", "挂起可扣除", "合同原文",
)  # fmt: skip
def _clauses() -> Iterator[tuple[object, ...]]:
    for limit in g.book.at(g.now).terms.limits:
        classes = "、".join(word(formats.CLASS_NAMES[one]) for one in limit.classes)
        events = word(formats.EVENT_NAMES[limit.start_event]), word(formats.EVENT_NAMES[limit.stop_event])
        yield (
            limit.id, limit.clause, word(limit.basis), word(formats.CLOCK_NAMES[limit.clock]), limit_types(limit),
            classes, *events, limit.limit_seconds, bool(limit.pausable), limit.text,
        )  # fmt: skip


def _current(versions: Sequence[contract_views.VersionView]) -> contract_views.VersionView | None:
    """Given every version, return the one in force now."""
    current_id = g.book.at(g.now).id
    return next((version for version in versions if version.id == current_id), None)


@pages.get("/contract")
@needs("contracts.read")
def index() -> Any:
    """Every version, the one in force first."""
    return _page()


def _page(refused: Refused | None = None, version_id: int = 0) -> Any:
    session = reading_anew() if refused else reading()
    versions = contract_views.overview(session, g.guest.actor)
    current, version = _current(versions), g.book.at(g.now)
    calendar, terms = g.book.calendars[version.id], version.terms
    known = {days.year for days in calendar.years}
    sheet = contract_papers.go_live(session, g.book, version.contract_id, g.guest.actor)
    return render_template(
        "contracts/index.html",
        missing=[year for year in range(terms.starts_on.year, terms.ends_on.year + 1) if year not in known],
        versions=versions, current=current, terms=terms, refused=refused, refused_id=version_id, typed=request.form,
        proposed=[v for v in versions if v.state == "proposed"], contracts=contract_views.sequence(versions),
        years=contract_years(terms), calendar=calendar, sheet=sheet, node_names=NODE_NAMES, conflicts=conflicts(terms),
    ), status_of(refused)  # fmt: skip


@pages.post("/contract/<id:version_id>/confirm")
@needs("contracts.confirm")
@needs_factor
def confirm(version_id: int) -> Any:
    """Confirm a proposed version for one's own side."""
    with console().write() as session:
        contracts.confirm(
            session, version_id, request.form.get("digest", ""), g.guest.actor, console().now(),
            locked_until=assessments.frozen_until(session),
        )  # fmt: skip
    console().wake.set()  # an answer from a past day has tickets judged anew
    flash(formats.gettext("已代表本方确认这一合同版本。"), "success")
    return _back()


@pages.post("/contract/<id:version_id>/refuse")
@needs("contracts.confirm")
@needs_factor
def refuse(version_id: int) -> Any:
    """Say no to a proposed version for one's own side, with the reason."""
    try:
        with console().write() as session:
            contracts.refuse(session, version_id, request.form.get("answer", ""), g.guest.actor, console().now())
    except Refused as refused:
        if refused.field != "answer":
            raise
        return _page(refused, version_id)
    flash(formats.gettext("已记下本方不同意，对方会看到原因。"), "success")
    return _back()


@pages.post("/contract/<id:version_id>/withdraw")
@needs("contracts.confirm")
@needs_factor
def withdraw(version_id: int) -> Any:
    """Take back what one's own side proposed."""
    with console().write() as session:
        contracts.withdraw(session, version_id, g.guest.actor, console().now())
    flash(formats.gettext("已撤回。"), "success")
    return _back()


def _back() -> Any:
    back = request.form.get("back", "")
    return redirect(back if is_ours(back) else url_for("contracts.index"))


@pages.post("/contract/scans")
@takes(LARGEST_FORM)
@needs("tickets.attach")
def add_scans() -> Any:
    """Keep scans of the paper that proves the opening balances of the contract in force."""
    files, contract_id = kept_files(), g.book.at(g.now).contract_id
    if not files:
        raise Refused("请先选择要上传的文件。", field="file")
    with console().write() as session:
        for file in files:
            proofs.attach(
                session, contract_papers.SUBJECT, str(contract_id), file, g.guest.actor, console().now(), code="E9"
            )
    flash(formats.gettext("已挂上扫描件。"), "success")
    return redirect(url_for("contracts.index", _anchor="openings"))
