"""The page of flags: what deserves a second look, by month and detector, the vendor's account, the hospital's review.

Everything that narrows the list is in the address. Neutral words: a flag is a question.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil
from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, url_for

from ops_console.core.detectors import BACKDATED, DETECTORS, LATE_REPORT, NO_EVIDENCE, RETYPE
from ops_console.core.errors import NotFound, Refused
from ops_console.core.flags import (
    DOUBTFUL,
    EXPLAINED,
    LAPSED,
    OPEN,
    SETTLED,
    STATES,
    UNFOUNDED,
    VERDICTS,
    WAITING,
)
from ops_console.core.moments import MONTH, month_of
from ops_console.services import detectors, flags, jobs, reports
from ops_console.web import formats
from ops_console.web.database import reading, reading_anew
from ops_console.web.formats import gettext
from ops_console.web.lists import listed, word
from ops_console.web.rights import needs, status_of
from ops_console.web.sign_in import console

pages = Blueprint("flags", __name__)
DETECTOR_NAMES = {
    BACKDATED: "响应时间", LATE_REPORT: "报修时间", RETYPE: "改类型", NO_EVIDENCE: "恢复没有凭证",
}  # fmt: skip
STATE_NAMES = {
    WAITING: "待看", EXPLAINED: "乙方已说明", DOUBTFUL: "属实存疑", SETTLED: "已释疑", UNFOUNDED: "不成立",
    LAPSED: "依据已变",
}  # fmt: skip


@listed("flags", "疑点", "reports.read", "月份", "看什么", "状态", "为什么", "单号", "乙方说明", "医院复核", "发现于")
def _flags() -> Iterator[tuple[object, ...]]:
    month, detector, state, _page = _asked()
    page = 1
    while found := flags.listing(reading(), month, detector, state, actor=g.guest.actor, page=page).flags:
        for flag in found:
            row, why = flag.row, formats.render_sentence(flag.why)
            names = word(DETECTOR_NAMES[row.detector]), word(STATE_NAMES[row.state])
            numbers = "、".join(ticket.number for ticket in flag.tickets)
            yield row.month, *names, why, numbers, row.explanation, row.reason, row.found_at
        page += 1


@pages.get("/flags")
@needs("reports.read")
def index() -> Any:
    """The flags that wait, or those of the state, month and detector in the address."""
    return _page()


def _page(refused: Refused | None = None, flag_id: int = 0) -> Any:
    month, detector, state, page = _asked()
    session = reading_anew() if refused else reading()
    found = flags.listing(session, month, detector, state, actor=g.guest.actor, page=page)
    months = list(dict.fromkeys([*found.months, *reports.month_list(session)]))
    return render_template(
        "flags/index.html", found=found, month=month, detector=detector, state=state, page=page, months=months,
        pages=ceil(found.count / flags.PAGE), link=_link, refused=refused, refused_id=flag_id, typed=request.form,
        detector_names=DETECTOR_NAMES, state_names=STATE_NAMES, verdicts=VERDICTS, open_states=OPEN, lapsed=LAPSED,
        tabs=("", *STATES[2:]),
    ), status_of(refused)  # fmt: skip


def _asked() -> tuple[str, str, str, int]:
    given = request.args
    month, detector, state = (given.get(name, "") for name in ("month", "detector", "state"))
    page = given.get("page", "1")
    return (
        month if MONTH.fullmatch(month) else "",
        detector if detector in DETECTORS else "",
        state if state in STATES else "",
        max(1, int(page)) if page.isascii() and page.isdigit() and len(page) < 6 else 1,
    )


def _link(**changed: str | int) -> str:
    month, detector, state, _page = _asked()
    wanted = {"month": month, "detector": detector, "state": state, **changed}
    return url_for("flags.index", **{name: value for name, value in wanted.items() if value})  # type: ignore[arg-type]


@pages.post("/flags/<id:flag_id>/explanation")
@needs("tickets.record")
def explain(flag_id: int) -> Any:
    """Note the vendor's account of a flag."""
    try:
        with console().write() as session:
            flags.explain(session, flag_id, request.form.get("explanation", ""), g.guest.actor, console().now())
    except NotFound:
        raise
    except Refused as refused:
        return _page(refused, flag_id)
    flash(gettext("已记下说明，等待医院复核"), "success")
    return redirect(_link())


@pages.post("/flags/<id:flag_id>/review")
@needs("flags.review")
def review(flag_id: int) -> Any:
    """Note what the hospital says a flag comes to."""
    given = request.form
    try:
        with console().write() as session:
            flags.review(
                session, flag_id, given.get("verdict", ""), given.get("reason", ""),
                actor=g.guest.actor, now=console().now(),
            )  # fmt: skip
    except NotFound:
        raise
    except Refused as refused:
        return _page(refused, flag_id)
    flash(gettext("已记下复核结论"), "success")
    return redirect(_link())


@pages.post("/flags/looked-over")
@needs("flags.review", "tickets.record")
def look_again() -> Any:
    """Look a month over now, as a run of its own; the nightly one does this month and the one before."""
    month = _asked()[0] or month_of(g.now)
    now = console().now()
    try:
        with console().write() as session:
            key = f"{detectors.JOB}/{month}@{now:%Y%m%dT%H%M}"
            jobs.ask(session, job=detectors.JOB, key=key, params={"month": month}, actor=g.guest.actor, now=now)
    except Refused as refused:
        return _page(refused)
    console().wake.set()
    flash(gettext("已开始重新查找 %(month)s，稍后刷新本页") % {"month": month}, "success")
    return redirect(_link(month=month))
