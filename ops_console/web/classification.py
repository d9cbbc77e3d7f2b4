"""The pages of classes that both parties settle: those waiting, the order of categories, the words on a ticket's page.

Not for proposing another type (`web/corrections.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import wraps
from math import ceil
from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, url_for

from ops_console.core import caps
from ops_console.core.classification import (
    OUTCOME_NAMES,
    PRECEDENCE,
    SETTLED,
    STATE_NAMES,
    Category,
    Standing,
    cap_of,
    category_of,
    open_objections,
    settled_types,
    standing,
    suggest,
    types_of,
)
from ops_console.core.errors import Refused
from ops_console.core.people import HOSPITAL
from ops_console.core.tickets import Objection
from ops_console.services import classification as service
from ops_console.services.classification import Answer, Ruling
from ops_console.services.tickets import TicketView
from ops_console.web import formats
from ops_console.web.database import reading
from ops_console.web.formats import gettext
from ops_console.web.lists import listed, word
from ops_console.web.rights import needs
from ops_console.web.sign_in import console, is_ours
from ops_console.web.tickets import page as ticket_page

pages = Blueprint("classification", __name__)
TAB_NAMES = {
    "mine": "等我方", "": "全部未定", "objected": "有异议", "ruled": "甲方定类", "differed": "各执己见",
    "objections": "异议记录",
}  # fmt: skip


@dataclass(frozen=True)
class Classed:
    """A ticket's class as its page shows it: how far it is settled, its category, and what who looks may say of it.

    `answerable` is the other side's objection that waits for them. `may_exempt`: its class has a case without a cap.
    """

    standing: Standing | None
    category: Category | None
    may_confirm: bool
    may_object: bool
    may_rule: bool
    may_exempt: bool
    may_tell_order: bool
    answerable: Objection | None
    objections: tuple[Objection, ...]

    @property
    def is_shown(self) -> bool:
        """Whether there is anything to show or say."""
        return self.standing is not None or self.may_rule or bool(self.objections)


@pages.app_template_global()
def class_of(view: TicketView) -> Classed:
    """Given a ticket's view, return its class for its page. No statement."""
    facts, actor = view.facts, g.guest.actor
    clauses = caps.in_effect(view.judgement.version.terms).clauses
    agreed = settled_types({one.name for one in console().settings.ticket_types if one.agreed}, clauses)
    found, category = standing(facts, agreed), category_of(facts.type, clauses)
    speaks = actor.may("corrections.decide") and not facts.withdrawn
    is_open = found is not None and found.state != SETTLED
    is_other = is_open and actor.side not in facts.class_by and speaks
    waiting = open_objections(facts)
    return Classed(
        found, category, bool(is_other and found is not None and not found.lacks_order),
        is_other and not any(one.side == actor.side for one in waiting),
        speaks and actor.side == HOSPITAL and (found is not None or facts.ruled),
        is_open and speaks and category is not None and bool(category.exempt),
        is_open and actor.may("tickets.confirm") and category is not None and category.needs_order,
        next((one for one in waiting if speaks and one.side != actor.side), None), facts.objections,
    )  # fmt: skip


@pages.app_template_global()
def exempt_types() -> tuple[str, ...]:
    """Return the ticket types that have a case without a cap."""
    clauses = caps.in_effect(g.book.at(g.now).terms).clauses if g.book.versions else ()
    return tuple(name for one in PRECEDENCE if one.exempt for name in types_of(one, clauses))


@pages.app_template_global()
def class_words() -> dict[str, Any]:
    """Return the words of classes, and the order of categories, for pages."""
    return {"states": STATE_NAMES, "outcomes": OUTCOME_NAMES, "precedence": PRECEDENCE}


# -- the lists --------------------------------------------------------------------------------------------------------


def _asked() -> tuple[str, int]:
    tab, page = request.args.get("tab", "mine"), request.args.get("page", "1")
    number = int(page) if page.isascii() and page.isdigit() and len(page) < 6 else 1
    return tab if tab in TAB_NAMES else "mine", max(1, number)


@listed("classes", "分类待确认", "tickets.read", "单号", "标题", "类型", "状态", "等待", "缺上级文件", "报修时间")
def _classes() -> Iterator[tuple[object, ...]]:
    tab, _page = _asked()
    page = 1
    while rows := service.waiting(reading(), tab, g.guest.actor, page=page).rows:
        for one in rows:
            sides = [name for name in ("hospital", "vendor") if getattr(one, f"waits_{name}")]
            waits = "、".join(word(formats.SIDE_NAMES[side]) for side in sides)
            yield (
                one.number, one.title, word(one.type), word(STATE_NAMES[one.state]), waits, bool(one.lacks_order),
                one.reported_at,
            )  # fmt: skip
        page += 1


@pages.get("/classes")
@needs("tickets.read")
def index() -> Any:
    """Tickets whose class is not settled: first those that wait for one's own party; and the objections."""
    tab, page = _asked()
    actor = g.guest.actor
    found = service.waiting(reading(), tab, actor, page=page)
    is_log = tab == "objections"
    objections = service.newest_objections(reading(), actor, page=page) if is_log else ()
    return render_template(
        "classification/index.html", found=found, tab=tab, page=page, tabs=TAB_NAMES, objections=objections,
        pages=0 if is_log else ceil(found.count / service.PAGE), words=class_words(),
        counts={"mine": found.mine, "": sum(found.by_state.values()), **found.by_state},
        may=actor.may("corrections.decide"),
    )  # fmt: skip


@pages.get("/classes/order")
@needs("tickets.read")
def order() -> Any:
    """The order in which categories are tried, and what it comes to for the questions answered yes."""
    clauses = caps.in_effect(g.book.at(g.now).terms).clauses if g.book.versions else ()
    answers = request.args.getlist("is")
    used = {one.name for one in console().settings.ticket_types}
    return render_template(
        "classification/order.html", precedence=PRECEDENCE, answers=answers, found=suggest(answers),
        types={one.key: [name for name in types_of(one, clauses) if name in used] for one in PRECEDENCE},
        limits={
            one.key: cap.limit for one in PRECEDENCE for name in types_of(one, clauses)[:1]
            if one.cap and (cap := cap_of(name, clauses)) is not None
        },
        ticket=request.args.get("ticket", "")[:40],
    )  # fmt: skip


# -- words on a ticket ------------------------------------------------------------------------------------------------


def _saying(act: Callable[[str], str]) -> Callable[..., Any]:
    """Given what is said of a ticket, return the view: refused, the ticket's page comes back with what was typed."""

    @wraps(act)
    def view(number: str) -> Any:
        try:
            told = act(number)
        except Refused as refused:
            return ticket_page(number, refused)
        flash(told, "success")
        back = request.form.get("back", "")
        return redirect(back if back and is_ours(back) else url_for("tickets.show", number=number) + "#class")

    return view


@pages.post("/tickets/<path:number>/class/confirmed")
@needs("corrections.decide")
@_saying
def confirm(number: str) -> str:
    """Say that the class is as it was seen."""
    given = request.form
    with console().write() as session:
        seen = given.get("type", ""), given.get("exempt") == "yes"
        service.confirm(session, console().book(session), number, seen, actor=g.guest.actor, now=console().now())
    return gettext("已确认工单 %(number)s 的分类") % {"number": number}


@pages.post("/tickets/<path:number>/class/exempt")
@needs("corrections.decide")
@_saying
def say_exempt(number: str) -> str:
    """Say that it is (or is not) a go-live notice, which uses no cap."""
    exempt = request.form.get("exempt") == "yes"
    with console().write() as session:
        service.say_exempt(session, console().book(session), number, exempt, actor=g.guest.actor, now=console().now())
    return gettext("已提出，等待对方确认")


@pages.post("/tickets/<path:number>/class/objections")
@needs("corrections.decide")
@_saying
def object_to(number: str) -> str:
    """Object to the class that the other side gave."""
    given = request.form
    with console().write() as session:
        service.object_to(
            session, console().book(session), number, given.get("wished", ""), given.get("reason", ""),
            actor=g.guest.actor, now=console().now(),
        )  # fmt: skip
    return gettext("已提出异议，等待对方答复")


@pages.post("/tickets/<path:number>/class/answers")
@needs("corrections.decide")
@_saying
def answer(number: str) -> str:
    """Answer the other side's objection."""
    given = request.form
    word = Answer(given.get("wished", ""), given.get("upheld") == "yes", given.get("reason", ""))
    with console().write() as session:
        service.answer(session, console().book(session), number, word, actor=g.guest.actor, now=console().now())
    return gettext("已采纳异议，分类已改" if word.upheld else "已答复：维持原分类")


@pages.post("/tickets/<path:number>/class/rulings")
@needs("corrections.decide")
@_saying
def rule(number: str) -> str:
    """Set the class for the hospital alone."""
    given = request.form
    ruling = Ruling(
        given.get("type", ""), given.get("reason", ""), given.get("order", ""), tuple(given.getlist("evidence"))
    )
    with console().write() as session:
        service.rule(session, console().book(session), number, ruling, actor=g.guest.actor, now=console().now())
    return gettext("已定类；乙方可以确认或提出异议")


@pages.post("/tickets/<path:number>/class/orders")
@needs("tickets.confirm")
@_saying
def tell_order(number: str) -> str:
    """Tell the superior's order that a directive follows."""
    given = request.form
    with console().write() as session:
        service.tell_order(
            session, console().book(session), number, given.get("order", ""), given.getlist("evidence"),
            actor=g.guest.actor, now=console().now(),
        )  # fmt: skip
    return gettext("已记下上级文件")
