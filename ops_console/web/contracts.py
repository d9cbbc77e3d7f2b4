"""The contract's page: the version in force with its clauses, what is proposed and what it changes, confirming it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, url_for

from ops_console.core.contracts import Change, TimeLimit, contract_years
from ops_console.services import contracts
from ops_console.web import formats
from ops_console.web.database import reading
from ops_console.web.factors import needs_factor
from ops_console.web.lists import listed, word
from ops_console.web.rights import needs
from ops_console.web.sign_in import console

pages = Blueprint("contracts", __name__)


TERM_NAMES = {
    "number": "合同编号", "name": "名称", "hospital": "甲方", "vendor": "乙方", "starts_on": "合同起始日",
    "ends_on": "合同终止日", "counts_from": "本版本起计日", "zone": "时区", "hours": "工作时段",
    "breaks": "休息时段",
    "limit_seconds": "限时", "clock": "时限", "clause": "合同位置", "basis": "依据", "text": "原文",
    "start_event": "从", "stop_event": "到", "types": "适用类型", "except_types": "除外类型", "needs_onsite": "需到场",
    "classes": "类别",
    "class_rule": "类别规则", "pausable": "挂起可扣除", "holidays": "放假", "workdays": "调休上班", "id": "编号",
    "year": "年份", "undeclinable": "不得驳回的类型",
}  # fmt: skip
PLACE = re.compile(r"(?:(limits|readings|overrides)\[([^\]]*)\]\.)?(\w+)")
CODES = {**formats.CLOCK_NAMES, **formats.CLASS_NAMES, **formats.EVENT_NAMES}


@pages.app_template_filter("change_name")
def change_name(change: Change) -> str:
    """Given a change, return its place in people's words: `C-16 限时` rather than a path."""
    found = PLACE.fullmatch(change.path)
    if found is None:
        return change.path
    return " ".join(part for part in (found[2], formats.gettext(TERM_NAMES.get(found[3], found[3]))) if part)


@pages.app_template_filter("change_value")
def change_value(change: Change, side: str) -> str:
    """Given a change and `old` or `new`, return that value in people's words: durations, clocks, yes and no."""
    value, field = getattr(change, side), change.path.rpartition(".")[2]
    if field == "limit_seconds":
        return formats.span(int(value))
    if value in ("True", "False"):
        return formats.gettext("是" if value == "True" else "否")
    try:
        listed = json.loads(value) if value.startswith("[") else value
    except ValueError:
        listed = value
    if isinstance(listed, list):
        return "；".join(_word(item) for item in listed) or formats.gettext("（没有）")
    return _word(listed)


def _word(item: object) -> str:
    if isinstance(item, list):
        return "–".join(str(part) for part in item)
    return formats.gettext(CODES.get(str(item), str(item)))


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
    current = _current(contracts.overview(reading(), g.guest.actor))
    for limit in current.terms.limits if current else ():
        classes = "、".join(word(formats.CLASS_NAMES[one]) for one in limit.classes)
        events = word(formats.EVENT_NAMES[limit.start_event]), word(formats.EVENT_NAMES[limit.stop_event])
        yield (
            limit.id, limit.clause, word(limit.basis), word(formats.CLOCK_NAMES[limit.clock]), limit_types(limit),
            classes, *events, limit.limit_seconds, bool(limit.pausable), limit.text,
        )  # fmt: skip


def _current(versions: Sequence[contracts.VersionView]) -> contracts.VersionView | None:
    """Given every version, return the one in force now."""
    current_id = g.book.at(g.now).id
    return next((version for version in versions if version.id == current_id), None)


@pages.get("/contract")
@needs("contracts.read")
def index() -> Any:
    """Every version, the one in force first."""
    versions = contracts.overview(reading(), g.guest.actor)
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
        contracts.confirm(session, version_id, request.form.get("digest", ""), g.guest.actor, console().now())
    flash(formats.gettext("已代表本方确认这一合同版本。"), "success")
    return redirect(url_for("contracts.index"))
