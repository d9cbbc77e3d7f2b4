"""The contract's page: the version in force with its clauses, what is proposed and what it changes, confirming it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, url_for

from ops_console.adapters import contract_words
from ops_console.core.contracts import TimeLimit
from ops_console.core.terms import Change, contract_years
from ops_console.services import assessments, contract_views, contracts
from ops_console.web import formats
from ops_console.web.database import reading
from ops_console.web.factors import needs_factor
from ops_console.web.lists import listed, word
from ops_console.web.rights import needs
from ops_console.web.sign_in import console

pages = Blueprint("contracts", __name__)


@pages.app_template_filter("change_name")
def change_name(change: Change) -> str:
    """Given a change, return its place in people's words: `C-16 限时` rather than a path."""
    return contract_words.change_name(change, formats.gettext)


@pages.app_template_filter("change_value")
def change_value(change: Change, side: str) -> str:
    """Given a change and `old` or `new`, return that value in people's words: durations, clocks, yes and no."""
    return contract_words.change_value(change, side, formats.gettext, formats.span)


@pages.app_template_filter("limit_types")
def limit_types(limit: TimeLimit) -> str:
    """Given a time limit, return in people's words which tickets it is about."""
    say = formats.gettext
    names = say("、").join(map(say, limit.types or limit.except_types))
    told = names if limit.types else say("除%(names)s以外的各类") % {"names": names}
    return told + (say("（需到场）") if limit.needs_onsite else "")


@listed(
    "clauses", "时限条款", "contracts.read", "条款", "合同位置", "依据", "时限", "适用工单", "类别", "从", "到",
    "限时（秒）", "挂起可扣除", "合同原文",
)  # fmt: skip
def _clauses() -> Iterator[tuple[object, ...]]:
    current = _current(contract_views.overview(reading(), g.guest.actor))
    for limit in current.terms.limits if current else ():
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
    versions = contract_views.overview(reading(), g.guest.actor)
    current, calendar = _current(versions), g.book.calendars[g.book.at(g.now).id]
    known = {days.year for days in calendar.years}
    term = range(current.terms.starts_on.year, current.terms.ends_on.year + 1) if current else ()
    return render_template(
        "contracts/index.html",
        missing=[year for year in term if year not in known], versions=versions, current=current,
        proposed=[v for v in versions if v.state == "proposed"],
        years=contract_years(current.terms) if current else (), calendar=calendar,
    )  # fmt: skip


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
    flash(formats.gettext("已代表本方确认这一合同版本。"), "success")
    return redirect(url_for("contracts.index"))
