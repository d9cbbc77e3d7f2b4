"""Pages of breach cases: the list by state, one case with what each party says, a new clue, what may be clues.

Not for the acts on a case (`breach_acts.py`) nor for its papers (`breach_papers.py`).
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from datetime import datetime
from math import ceil
from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, url_for

from ops_console.core.breach_acts import CHANNELS, LONGEST, TEXTS, TIME_NAMES, TIMES, Account
from ops_console.core.breach_clues import CLUE_NAMES
from ops_console.core.breaches import CATEGORY_NAMES, CLAUSE, MONTH_NAMES, OPEN, STATE_NAMES
from ops_console.core.errors import NotFound, Refused
from ops_console.core.moments import MONTH, ZONE, local_moment, month_of
from ops_console.core.money import amount, in_words
from ops_console.core.people import HOSPITAL
from ops_console.core.tickets import CREDENTIAL_RESET, Event
from ops_console.services import breach_accounts, breach_clues, breaches, reports
from ops_console.services.breach_accounts import Clue
from ops_console.web import formats
from ops_console.web.database import reading, reading_anew
from ops_console.web.formats import gettext
from ops_console.web.lists import listed, word
from ops_console.web.rights import needs, status_of
from ops_console.web.sign_in import console

pages = Blueprint("breaches", __name__)
TEXT_NAMES = {
    "what": "经过", "known_how": "知悉的依据", "receiver": "接报人", "place": "地点", "systems": "涉及系统",
    "impact": "影响", "measures": "已采取的措施",
}  # fmt: skip
EVENT_NAMES = {
    "breach_raised": "登记线索", "breach_told": "补充事实", "breach_connected": "关联工单或疑点",
    "breach_filed": "信息科立案", "breach_stated": "乙方陈述", "breach_silent": "乙方未在期限内陈述",
    "breach_found": "信息科认定",
    "breach_approved": "院领导审批通过", "breach_returned": "院领导退回", "breach_executed": "登记执行",
    "breach_withdrawn": "撤销", "breach_dispatched": "登记报送", "breach_acknowledged": "乙方回执",
}  # fmt: skip
FACT_NAMES = {
    **TIME_NAMES, **TEXT_NAMES, "category": "事故类别", "channel": "方式", "tickets": "工单", "flags": "疑点",
    "statement_due_at": "陈述截止", "until": "陈述截止", "statement": "陈述", "in_time": "按期", "upheld": "成立",
    "reason": "理由", "month": "所属月份", "booked_month": "计入月份", "silent": "乙方未陈述", "told": "报送对象",
    "needed": "需要报送", "sent_at": "报送时间", "sender": "报送人", "text": "内容", "objection": "异议",
    "file_name": "文件", "of": "校验码", CREDENTIAL_RESET: "凭据或角色由他人重置",
}  # fmt: skip


@pages.app_template_filter("local_input")
def local_input(at: datetime | None) -> str:
    """Given an instant, return it as a field for date and time takes it, in Shanghai, to the second."""
    return at.astimezone(ZONE).strftime("%Y-%m-%dT%H:%M:%S") if at else ""


@pages.app_template_filter("breach_facts")
def breach_facts(event: Event) -> list[tuple[str, str]]:
    """Given an event of a case, return what it tells, as (name, value) in people's words, untold things left out."""
    told = {**event.facts, **event.personal}
    return [
        (gettext(name), _fact(key, told[key]))
        for key, name in FACT_NAMES.items()
        if told.get(key) not in (None, "", [])
    ]


def _fact(key: str, value: object) -> str:
    if key == "category":
        return gettext(CATEGORY_NAMES.get(str(value), str(value)))
    if key == "channel":
        return gettext(str(value))
    return formats.fact(key, "true" if value == "True" else "false" if value == "False" else value)


# -- the list ---------------------------------------------------------------------------------------------------------


@listed(
    "breaches", "安全事故", "reports.read", "编号", "事故类别", "状态", "线索来自", "发生时间", "发现时间",
    "乙方知悉时间", "上报信息科时间", "所属月份", "计入月份", "立案于", "认定于", "审批于", "执行于", "经过",
)  # fmt: skip
def _rows() -> Iterator[tuple[object, ...]]:
    wanted, page = _asked()[0], 1
    while found := breaches.listing(reading(), wanted, g.guest.actor, page=page).cases:
        for one in found:
            case = one.case
            names = word(CATEGORY_NAMES[case.category]), word(STATE_NAMES[case.state])
            times = (getattr(case, name) for name in TIMES)
            acts = case.filed_at, case.found_at, case.approved_at, case.executed_at
            side = word(formats.SIDE_NAMES[case.raised_side])
            yield case.number, *names, side, *times, case.month, case.booked_month, *acts, one.told
        page += 1


def _asked() -> tuple[breaches.Asked, int]:
    given = request.args
    page = given.get("page", "1")
    wanted = breaches.asked(*(given.get(name, "") for name in ("state", "category", "month")))
    return wanted, max(1, int(page)) if page.isascii() and page.isdigit() and len(page) < 6 else 1


@pages.get("/breaches")
@needs(*breaches.SEES)
def index() -> Any:
    """The cases that the reader sees, by state, category and month."""
    wanted, page = _asked()
    found = breaches.listing(reading(), wanted, g.guest.actor, page=page)
    count = found.by_state.get(wanted.state, 0) if wanted.state else found.total
    clause = breaches.clause_text(g.book, g.now)
    return render_template(
        "breaches/index.html", found=found, wanted=wanted, page=page, pages=ceil(count / breaches.PAGE), link=_link,
        open_count=sum(found.by_state.get(state, 0) for state in OPEN), clause=clause, **_words(),
    )  # fmt: skip


def _link(**changed: str | int) -> str:
    wanted, _page = _asked()
    kept = {"state": wanted.state, "category": wanted.category, "month": wanted.month, **changed}
    return url_for("breaches.index", **{name: value for name, value in kept.items() if value})  # type: ignore[arg-type]


def _words() -> dict[str, Any]:
    return {
        "category_names": CATEGORY_NAMES, "state_names": STATE_NAMES, "time_names": TIME_NAMES, "channels": CHANNELS,
        "text_names": TEXT_NAMES, "longest": LONGEST, "clause_id": CLAUSE, "month_names": MONTH_NAMES,
        "money": amount, "money_words": in_words,
    }  # fmt: skip


@pages.get("/breaches/clues")
@needs("breaches.record", "breaches.find")
def clues() -> Any:
    """What may be a clue in a month: for the hospital alone."""
    month = request.args.get("month", "")
    month = month if MONTH.fullmatch(month) else month_of(g.now)
    found = breach_clues.found(reading(), g.book, month, g.guest.actor)
    months = list(dict.fromkeys([month_of(g.now), *reports.month_list(reading())]))
    return render_template(
        "breaches/clues.html", found=found, month=month, months=months, clue_names=CLUE_NAMES,
        minutes=breaches.settlement_at(g.book, g.now).security_minutes,
    )  # fmt: skip


# -- a clue -----------------------------------------------------------------------------------------------------------


@pages.route("/breaches/new", methods=["GET", "POST"])
@needs("breaches.record")
def new() -> Any:
    """Raise a clue: of either side."""
    if request.method != "POST":
        return _new_page()
    try:
        clue = Clue(
            request.form.get("category", ""), account_typed(), numbers_typed("tickets"), flags_typed("flags"),
            request.form.get("key", ""),
        )  # fmt: skip
        with console().write() as session:
            number = breach_accounts.raise_clue(session, console().book(session), clue, g.guest.actor, console().now())
    except Refused as refused:
        return _new_page(refused)
    console().wake.set()
    flash(gettext("已登记线索 %(number)s") % {"number": number}, "success")
    return redirect(url_for("breaches.show", number=number))


def _new_page(refused: Refused | None = None) -> Any:
    typed = request.form if refused else request.args
    return render_template(
        "breaches/new.html", refused=refused, typed=typed, key=typed.get("key") or secrets.token_urlsafe(16),
        tickets="、".join(typed.getlist("tickets")), flags="、".join(typed.getlist("flags")),
        settlement=breaches.settlement_at(g.book, g.now), **_words(),
    ), status_of(refused)  # fmt: skip


def account_typed() -> Account:
    """Return what the form says happened. Raises Refused for what is no time, naming the field."""
    given = request.form
    times = {name: moment_typed(name) for name in TIMES}
    texts = {name: given.get(name, "") for name in ("channel", *TEXTS)}
    return Account(**times, **texts)  # type: ignore[arg-type]


def moment_typed(name: str) -> datetime | None:
    """Given a field, return the instant typed in it, None for nothing. Raises Refused naming the field."""
    text = request.form.get(name, "").strip()
    if not text:
        return None
    try:
        return local_moment(text)
    except (Refused, OverflowError):
        raise Refused("时间请写成 2026-03-05 09:12。", field=name) from None


def numbers_typed(name: str) -> list[str]:
    """Given a field, return the numbers typed in it, however they are parted."""
    text = "、".join(request.form.getlist(name))
    for sign in "，,;；\n\r\t ":
        text = text.replace(sign, "、")
    return list(dict.fromkeys(part for part in text.split("、") if part))


def flags_typed(name: str) -> set[int]:
    """Given a field, return the ids typed in it. Raises Refused for what is no number."""
    found = numbers_typed(name)
    if not all(one.isascii() and one.isdigit() and len(one) < 10 for one in found):
        raise Refused("没有这一处疑点，请检查编号。", field="flags")
    return {int(one) for one in found}


# -- one case ---------------------------------------------------------------------------------------------------------


@pages.get("/breaches/<path:number>/print")
@needs(*breaches.SEES)
def printed(number: str) -> Any:
    """The case to be printed: everything open, nothing to press."""
    return page(number, printing=True)


@pages.get("/breaches/<path:number>")
@needs(*breaches.SEES)
def show(number: str) -> Any:
    """One case: its clocks, what each party says, files, decisions, what happened when."""
    return page(number)


def page(number: str, refused: Refused | None = None, doing: str = "", *, printing: bool = False) -> Any:
    """Given a case's number and maybe what refused an act on it, return its page, with what was typed."""
    session = reading_anew() if refused else reading()
    shown = breaches.view(session, g.book, number, g.guest.actor, g.now)
    return render_template(
        "breaches/show.html", shown=shown, case=shown.case, row=shown.row, refused=refused, doing=doing,
        typed=request.form, printing=printing, acts=frozenset() if printing else shown.acts,
        next_act="" if printing else shown.next_act, event_names={**formats.EVENT_NAMES, **EVENT_NAMES},
        is_hospital=g.guest.actor.side == HOSPITAL, report=report_lines(shown), **_words(),
    ), status_of(refused)  # fmt: skip


def report_lines(shown: breaches.Shown) -> Sequence[tuple[str, str]]:
    """Given a case, return the first report to a receiver outside: basic facts alone, as (name, value)."""
    told, case = shown.standing, shown.case
    at = case.occurred_at or case.discovered_at
    values = (
        ("单位", shown.terms.hospital), ("系统", told.systems or shown.terms.name), ("时间", formats.exact_time(at)),
        ("地点", told.place or shown.terms.hospital), ("类型", gettext(CATEGORY_NAMES[case.category])),
        ("影响", told.impact or gettext("正在核实")), ("已采取的措施", told.measures or gettext("正在处置")),
        ("本院内部编号", case.number),
    )  # fmt: skip
    return [(gettext(name), value or gettext("正在核实")) for name, value in values]


@pages.errorhandler(NotFound)
def missing(error: NotFound) -> Any:
    """A case that is not there, or not theirs to see: the same answer."""
    return render_template("error.html", status=404, told=formats.render_sentence(error.sentence)), 404
