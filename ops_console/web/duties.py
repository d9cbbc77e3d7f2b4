"""The pages of duties: a month in a calendar and a due list, one duty with its evidence, waiving, asking for one.

What narrows the month stands in its address. Delivering and accepting: `web/deliveries.py`.
"""

from __future__ import annotations

from calendar import Calendar
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from secrets import token_hex
from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from sqlalchemy.orm import Session

from ops_console.core.contracts import EVENT_NAMES
from ops_console.core.duties import (
    DELIVERED,
    DUE_SOON,
    KEPT,
    LATE,
    MISSED,
    OVERDUE,
    PLANNED,
    STATE_NAMES,
    STATES,
    WAIVED,
    Duty,
    told,
)
from ops_console.core.errors import NotFound, Refused
from ops_console.core.moments import MONTH, ZONE, local_moment, month_of, shift_month
from ops_console.core.trust import GRADE_BARE, GRADE_PROVED
from ops_console.services import duties
from ops_console.services.deliveries import LINK_NAMES, LINKS, TICKET
from ops_console.services.duties import IN_7, IN_15, IN_30, LATER, PASSED, TO_ACCEPT, Ask, Shown
from ops_console.web import formats
from ops_console.web.database import reading, reading_anew
from ops_console.web.factors import needs_factor
from ops_console.web.formats import gettext
from ops_console.web.lists import listed, word
from ops_console.web.rights import needs, status_of
from ops_console.web.sign_in import console, is_ours

pages = Blueprint("duties", __name__)
# Red is broken, amber wants somebody today, green was confirmed by the other party, grey is nobody's yet or done alone.
STATE_CHIPS = {
    PLANNED: "", DUE_SOON: "chip-attention", OVERDUE: "chip-broken", DELIVERED: "chip-done", KEPT: "chip-confirmed",
    LATE: "chip-broken", MISSED: "chip-broken", WAIVED: "",
}  # fmt: skip
SHORT_NAMES = {
    OVERDUE: "逾期", DUE_SOON: "将到期", PLANNED: "未到期", DELIVERED: "待验收", KEPT: "按期", LATE: "迟", MISSED: "缺",
    WAIVED: "已豁免",
}  # fmt: skip
PART_NAMES = {
    PASSED: "逾期", IN_7: "7 天内到期", IN_15: "8 至 15 天", IN_30: "16 至 30 天", LATER: "更晚",
    TO_ACCEPT: "待甲方验收",
}  # fmt: skip


@dataclass(frozen=True)
class Day:
    """One day of the month's calendar: what is due on it, and what will be once its period has begun."""

    on: date
    is_in_month: bool
    duties: Sequence[Shown]
    expected: Sequence[Duty]


@pages.app_context_processor
def _for_duties() -> dict[str, Any]:
    return {
        "duty_chip": STATE_CHIPS, "duty_word": STATE_NAMES, "duty_short": SHORT_NAMES, "duty_told": told,
        "owed_today": owed_today, "duty_events": EVENT_NAMES,
    }  # fmt: skip


def owed_today() -> tuple[int, int]:
    """Return how many duties are due until today's end, and how many passed undone, for the vendor's first page."""
    return duties.due_today(reading(), g.guest.actor, g.now)


def _asked() -> tuple[str, str, str]:
    """The month, clause and state of the address; what is none counts as not said."""
    given = request.args
    month, clause, state = (given.get(name, "") for name in ("month", "clause", "state"))
    return month if MONTH.fullmatch(month) else month_of(g.now), clause[:20], state if state in STATES else ""


def _link(**changed: str) -> str:
    month, clause, state = _asked()
    wanted = {"month": month, "clause": clause, "state": state, **changed}
    return url_for("duties.index", **{name: value for name, value in wanted.items() if value})  # type: ignore[arg-type]


@listed(
    "duties", "义务", "reports.read", "应完成于", "条款号", "依据", "应做的事", "期间或事件", "状态", "完成时间",
    "验收时间", "豁免原因", "凭证数",
)  # fmt: skip
def _rows() -> Iterator[tuple[object, ...]]:
    month, clause, state = _asked()
    found = duties.month_view(reading(), g.book, month, clause, state, actor=g.guest.actor, now=g.now)
    for shown in found.duties:
        duty = shown.duty
        yield (
            duty.due_at, duty.clause, word(duty.basis), duty.name, why(shown), word(STATE_NAMES[shown.state]),
            duty.delivered_at, duty.accepted_at, duty.waived_reason, len(duty.evidence),
        )  # fmt: skip


@pages.app_template_filter("duty_why")
def why(shown: Shown) -> str:
    """Given a duty on a list, return for people which period, release or request made it."""
    duty = shown.duty
    if duty.period_start is not None and duty.period_end is not None:
        return period(duty)
    if shown.release is not None:
        return f"{gettext(EVENT_NAMES[duty.event])} {shown.release[0]}"
    return f"{gettext(EVENT_NAMES[duty.event])} {shown.asked}".strip()


@pages.app_template_filter("duty_period")
def period(duty: Duty) -> str:
    """Given a duty of a period, return the period for people: `2026-11`, or its first and last day."""
    assert duty.period_start is not None and duty.period_end is not None
    last = duty.due_on
    if duty.period_start.day == 1 and shift_month(f"{duty.period_start:%Y-%m}", 1) == f"{duty.period_end:%Y-%m}":
        return f"{duty.period_start:%Y-%m}"
    return gettext("%(a)s 至 %(b)s") % {"a": duty.period_start, "b": last}


@pages.get("/duties")
@needs("reports.read")
def index() -> Any:
    """A month in a calendar and as a list; beside it what is to be done next and what waits for the hospital."""
    month, clause, state = _asked()
    actor, session = g.guest.actor, reading()
    found = duties.month_view(session, g.book, month, clause, state, actor=actor, now=g.now)
    return render_template(
        "duties/index.html", found=found, month=month, clause=clause, state=state, states=STATES, link=_link,
        weeks=_weeks(month, found), parts=duties.parts(session, clause, actor=actor, now=g.now), part_names=PART_NAMES,
        months=duties.month_list(session, g.now), previous=shift_month(month, -1), following=shift_month(month, 1),
        weekdays=formats.WEEKDAYS, today=g.now.astimezone(ZONE).date(), has_tasks=_has_tasks(),
        askable=duties.askable(g.book, g.now),
    )  # fmt: skip


def _has_tasks() -> bool:
    return any(clause.tasks for version in g.book.versions for clause in version.terms.clauses)


def _weeks(month: str, found: duties.MonthView) -> list[list[Day]]:
    """The month's weeks from Monday, each day with what is due on it."""
    year, number = (int(part) for part in month.split("-"))
    return [
        [
            Day(
                day, day.month == number, [shown for shown in found.duties if shown.duty.due_on == day],
                [duty for duty in found.expected if duty.due_on == day],
            )
            for day in week
        ]
        for week in Calendar().monthdatescalendar(year, number)
    ]  # fmt: skip


@pages.get("/duties/<id:duty_id>")
@needs("reports.read")
def show(duty_id: int) -> Any:
    """One duty: its clause and rule, its evidence, what was delivered, and what may be done about it."""
    return page(duty_id)


def page(duty_id: int, refused: Refused | None = None, act: str = "") -> Any:
    """Given a duty, and why an act (by its name) was refused, return its page with what was typed."""
    session = reading_anew() if refused else reading()
    view = duties.find(session, g.book, duty_id, g.guest.actor, g.now)
    return render_template(
        "duties/show.html", view=view, duty=view.duty, refused=refused, act=act, typed=request.form,
        link_names=LINK_NAMES, links=LINKS, ticket=TICKET, late_grades=(GRADE_PROVED, GRADE_BARE),
    ), status_of(refused)  # fmt: skip


def do(duty_id: int, act: str, what: Callable[[Session, datetime], object], said: str) -> Any:
    """Given a duty and what is done to it, do that in one transaction; refused, its page comes back."""
    try:
        with console().write() as session:
            what(session, console().now())
    except NotFound:
        raise
    except Refused as refused:
        return page(duty_id, refused, act)
    flash(gettext(said), "success")
    back = request.form.get("back", "")
    return redirect(back if is_ours(back) else url_for("duties.show", duty_id=duty_id))


def typed_moment(name: str) -> datetime | None:
    """Given a field's name, return the Shanghai time typed in it as an instant, None for nothing. Raises Refused."""
    text = request.form.get(name, "").strip()
    if not text:
        return None
    try:
        return local_moment(text)
    except (Refused, OverflowError):
        raise Refused("时间请写成 2026-03-05 09:12。", field=name) from None


@pages.post("/duties/<id:duty_id>/waiver")
@needs("duties.accept")
@needs_factor
def waive(duty_id: int) -> Any:
    """Waive a duty for the hospital, with the reason."""
    reason = request.form.get("reason", "")
    return do(
        duty_id, "waive", lambda session, now: duties.waive(session, duty_id, reason, g.guest.actor, now),
        "已豁免，不再计入",
    )  # fmt: skip


@pages.post("/duties/<id:duty_id>/waiver/taken-back")
@needs("duties.accept")
@needs_factor
def take_back_waiver(duty_id: int) -> Any:
    """Let a waived duty be owed again."""
    return do(
        duty_id, "waive", lambda session, now: duties.take_back_waiver(session, duty_id, g.guest.actor, now),
        "已撤回豁免",
    )  # fmt: skip


@pages.route("/duties/request", methods=["GET", "POST"])
@needs("duties.accept")
def ask() -> Any:
    """Ask the vendor for something that the contract lets the hospital ask for: its duty begins now."""
    if request.method == "GET":
        return _ask()
    given = request.form
    asked = Ask(given.get("what", ""), given.get("text", ""), given.get("key", ""))
    try:
        with console().write() as session:
            made = duties.ask(session, console().book(session), asked, g.guest.actor, console().now())
    except Refused as refused:
        return _ask(refused)
    flash(gettext("已提出要求，乙方的期限从现在起算"), "success")
    return redirect(url_for("duties.show", duty_id=made))


def _ask(refused: Refused | None = None) -> Any:
    return render_template(
        "duties/ask.html", askable=duties.askable(g.book, g.now), refused=refused, typed=request.form,
        key=request.form.get("key") or token_hex(16), sentence_of=formats.render_sentence,
    ), status_of(refused)  # fmt: skip
