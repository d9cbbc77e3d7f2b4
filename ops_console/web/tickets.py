"""Pages of tickets: the list with its filters in the URL, one ticket with its events and clocks, logging, moving on."""

from __future__ import annotations

from dataclasses import replace
from math import ceil
from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, url_for

from ops_console.core import tickets as core
from ops_console.core.attachments import NewFile
from ops_console.core.contracts import CLASSES, CLOCKS
from ops_console.core.errors import NotFound, Refused
from ops_console.core.explanations import rule_sentence
from ops_console.core.moments import MONTH, local_moment
from ops_console.core.search import HIT_LIMIT, query_of
from ops_console.core.ticket_lists import COUNT_LIMIT, READINGS, SORT_KEYS, Filter, Window
from ops_console.core.trust import unproven
from ops_console.services import (
    attachments,
    clocks,
    flags,
    links,
    people,
    personal,
    reports,
    seen,
    take_backs,
    tickets,
    views,
)
from ops_console.services.corrections import may_decide
from ops_console.services.documents import confirmed_after_reset
from ops_console.services.silences import ends_at
from ops_console.services.tickets import TAB_LIMIT, Move, OpenTicket
from ops_console.web import formats, worklists
from ops_console.web.database import reading, reading_anew
from ops_console.web.rights import needs, status_of
from ops_console.web.sign_in import console
from ops_console.web.uploads import LARGEST_FORM, MOST_AT_ONCE, takes

pages = Blueprint("tickets", __name__)
PAGE = 50
FIELDS = ("type", "module", "channel", "title", "department", "reporter", "phone", "description", "carrier")
CHOSEN = {core.ESCALATED: "level", core.ASSIGNED: "assignee", core.SUSPEND: "cause", core.RESTORE: "mode"}
# The list's tabs: the condition in its address (`""`: none of them), its word.
TABS = {
    "": "全部", "open": "未关闭", "breached": "有超时", "waiting": "待批复", "unproven": "未证实", "blanks": "待补",
}  # fmt: skip
NO_TAB = {name: "" for name in TABS if name}
RESULTS = ("met", "breached", "unproven", "running", "settled")
# What a page offers, in the order of a ticket's life: kind -> (button, whether it asks why).
ACTIONS = {
    core.RESPONDED: ("登记响应", False),
    core.ARRIVED: ("登记到场", False),
    core.RESTORE: ("登记恢复", False),
    core.CONFIRMED: ("确认恢复", False),
    core.RESTORE_REJECTED: ("登记未恢复", True),
    core.SUSPEND: ("申请挂起", True),
    core.ESCALATED: ("提升问题", True),
    core.RESUMED: ("解除挂起", False),
    core.REOPENED: ("重开工单", True),
    core.DECLINED: ("驳回工单", True),
    core.CANCEL: ("取消工单", True),
}


@pages.get("/tickets")
@needs("tickets.read")
def index() -> Any:
    """The list. Everything that narrows or orders it is in the URL."""
    chosen, sort, descending, page = asked()
    news_to = seen.asked_by(g.guest.person_id, g.guest.actor)
    found, refused = _listing(chosen, Window(sort, descending, PAGE, (page - 1) * PAGE, news_to))
    bulk = worklists.offered()
    assigns = any(names_colleague for _, _, names_colleague in bulk.values())
    limit = HIT_LIMIT if chosen.q else COUNT_LIMIT
    template = "tickets/_list.html" if request.headers.get("HX-Target") == "list" else "tickets/index.html"
    return render_template(
        template, found=found, chosen=chosen, sort=sort, descending=descending, page=page,
        pages=ceil(min(found.count, limit) / PAGE), limit=limit, rule=_rule(chosen), refused=refused,
        words=query_of(chosen.q).words if chosen.q and found.rows else (),
        settings=console().settings, states=core.STATES, channels=core.CHANNELS,
        months=reports.month_list(reading()), link=_link, drop=_drop, kept=kept,
        bulk=bulk, colleagues=people.who_may_work(reading(), g.guest.actor) if assigns else (),
        views=views.visible(reading(), g.guest.person_id, g.guest.actor),
        tabs=TABS, no_tab=NO_TAB, tab=next((name for name in NO_TAB if getattr(chosen, name)), ""),
        tab_counts=_tab_counts(chosen) if template == "tickets/index.html" else {},
    ), 400 if refused else 200  # fmt: skip


def _listing(chosen: Filter, window: Window) -> tuple[tickets.Listing, Refused | None]:
    try:
        return tickets.listing(reading(), chosen, g.guest.actor, now=g.now, window=window), None
    except Refused as refused:
        if refused.field != "q":
            raise
        return tickets.Listing((), {}, 0), refused


def _tab_counts(chosen: Filter) -> dict[str, str]:
    """How many tickets each tab would show, beside the other conditions; words looked for are not counted per tab."""
    if chosen.q:
        return {}
    found = tickets.tab_counts(reading(), chosen, tuple(NO_TAB), g.guest.actor, g.now)
    return {name: f"{TAB_LIMIT}+" if n > TAB_LIMIT else str(n) for name, n in found.items()}


def asked() -> tuple[Filter, str, bool, int]:
    """Return what the URL asks of a list: its filter, its sort, whether descending, and the page."""
    given = request.args
    month = given.get("month", "")
    hour = given.get("hour", "")
    chosen = Filter(
        types=tuple(t for t in given.getlist("type") if t),
        modules=tuple(m for m in given.getlist("module") if m),
        states=tuple(s for s in given.getlist("state") if s in core.STATES),
        channels=tuple(c for c in given.getlist("channel") if c in core.CHANNELS),
        first_month=month if MONTH.fullmatch(month) else "",
        last_month=month if MONTH.fullmatch(month) else "",
        hour=int(hour) if hour.isascii() and hour.isdigit() and int(hour) < 24 else None,
        breached=given.get("breached") == "1",
        waiting=given.get("waiting") == "1",
        provisional=given.get("provisional") == "1",
        open=given.get("open") == "1",
        clock=given["clock"] if given.get("clock") in CLOCKS else "",
        klass=given["class"] if given.get("class") in CLASSES else "",
        result=given["result"] if given.get("result") in RESULTS else "",
        reading=given["reading"] if given.get("reading") in READINGS else "",
        unproven=given.get("unproven") == "1",
        blanks=given.get("blanks") == "1",
        from_hospital=given.get("from_hospital") == "1",
        closure=given["closure"] if given.get("closure") in core.CLOSURES else "",
        assignee=given.get("assignee", "").strip()[:40],
        q=given.get("q", "").strip()[:200],
        news_to=seen.asked_by(g.guest.person_id, g.guest.actor) if given.get("news") == "1" else None,
    )
    sort = given["sort"] if given.get("sort") in SORT_KEYS else "reported"
    page = given.get("page", "1")
    last = ceil(COUNT_LIMIT / PAGE)
    number = int(page) if page.isascii() and page.isdigit() and len(page) < 6 else 1
    return chosen, sort, given.get("order", "desc") != "asc", min(max(1, number), last)


def narrowed() -> Filter:
    """Return the list's filter as this request's address has it."""
    return asked()[0]


def kept(*without: str) -> list[tuple[str, str]]:
    """The URL's pairs, less those named: so that a filter keeps the others."""
    return [(name, value) for name, value in request.args.items(multi=True) if name not in without and value]


def _link(**changed: object) -> str:
    pairs: dict[str, Any] = {}
    for name, value in kept(*changed, "page"):
        pairs.setdefault(name, []).append(value)
    return url_for("tickets.index", **pairs, **{n: v for n, v in changed.items() if v not in (None, "")})


def _drop(name: str, value: str) -> str:
    pairs: dict[str, Any] = {}
    for key, chosen in kept("page"):
        if (key, chosen) != (name, value):
            pairs.setdefault(key, []).append(chosen)
    return url_for("tickets.index", **pairs)


def _rule(chosen: Filter) -> list[Any]:
    """The clauses and rules of the population asked for, of every version in force in its month (else now)."""
    if not (chosen.clock or chosen.breached or chosen.result):
        return []
    kinds = [chosen.clock] if chosen.clock else list(CLOCKS)
    classes = [chosen.klass] if chosen.klass else list(CLASSES)
    found = {
        (limit, klass): rule_sentence(limit, klass)
        for version in g.book.during(chosen.first_month or None, g.now)
        for kind in kinds
        for klass in classes
        if (limit := version.terms.limit_for(kind, klass)) is not None
    }
    return [(limit, told) for (limit, _), told in found.items()]


@pages.get("/tickets/<path:number>")
@needs("tickets.read")
def show(number: str) -> Any:
    """One ticket: what it comes to, its clocks explained, every event with both times."""
    return page(number)


def page(number: str, refused: Refused | None = None) -> Any:
    """Given a ticket's number and maybe what refused an act on it, return its page, with what was typed."""
    session = reading_anew() if refused else reading()  # what refused it may be newer than this request
    view = tickets.view(session, g.book, number, g.guest.actor)
    return render_template(
        "tickets/show.html", view=view, facts=view.facts, explained=clocks.explained(view.judgement, g.book, g.now),
        actions=tickets.possible(view.facts, g.guest.actor, g.now, view.judgement.version.terms), labels=ACTIONS,
        refused=refused, typed=request.form, number=number,
        masked=personal.masked_texts(session, number, g.guest.actor, ticket_id=view.id),
        attachments=attachments.of_known(session, view.id, view.events, g.guest.actor), core=core,
        settings=console().settings,
        linked=links.linked(session, view.facts.links, g.guest.actor),
        unproven=unproven(view.facts.stamps), colleagues=people.who_may_work(session, g.guest.actor),
        last_act=take_backs.last_act(view.events, g.guest.actor, g.now), may_decide=may_decide,
        after_reset=confirmed_after_reset(view.events),
        flags=flags.about(session, number, g.guest.actor),
        silence_ends=ends_at(view.facts, g.book, view.judgement.version.id),
    ), status_of(refused)  # fmt: skip


@pages.post("/tickets/<path:number>/moves")
@takes(LARGEST_FORM)
@needs("tickets.read")
def move(number: str) -> Any:
    """Add the next event to a ticket: as of now, or as of a time that is told, with the files that prove it."""
    kind = request.form.get("kind", "")
    try:
        command = replace(_move(number, kind), files=_proofs())
        with console().write() as session:
            tickets.move(session, console().book(session), command, g.guest.actor, console().now())
            seen.look(session, g.guest.person_id, g.guest.actor, number)
    except Refused as refused:
        return page(number, refused)
    flash(formats.gettext("已登记：%(what)s") % {"what": formats.gettext(formats.EVENT_NAMES[kind])}, "success")
    return redirect(url_for("tickets.show", number=number))


def _move(number: str, kind: str) -> Move:
    given = request.form
    facts: dict[str, object] = {}
    personal: dict[str, str] = {}
    if kind == core.ONSITE_DECIDED:
        facts["needs_onsite"] = given.get("needs_onsite") == "yes"
    if kind in tickets.REASONED:
        facts["reason"] = given.get("reason", "").strip()
    if kind in (core.SUSPENSION_DECIDED, core.CORRECTION_DECIDED):
        facts["approved"] = given.get("approved") == "yes"
        if not facts["approved"] and given.get("reason", "").strip():
            facts["reason"] = given["reason"].strip()
    if kind == core.CORRECTION_DECIDED:
        facts["field"], facts["new"] = given.get("field", ""), given.get("new", "")
    if kind in (core.RESPONDED, core.RESTORE):
        facts["handler"] = g.guest.actor.name
    if kind in CHOSEN and given.get(CHOSEN[kind]):
        facts[CHOSEN[kind]] = given[CHOSEN[kind]]
    if kind == core.RESTORE and given.get("process", "").strip():
        personal["process"] = given["process"].strip()
    claimed = given.get("occurred_at", "").strip()
    return Move(
        number, kind, facts, personal, local_moment(claimed) if claimed else None, tuple(given.getlist("evidence")),
        patient=given.get("patient") == "yes",
    )  # fmt: skip


def _proofs() -> tuple[NewFile, ...]:
    """The files that came with the form, kept. None is kept for who may not attach any."""
    files = [file for file in request.files.getlist("proof")[:MOST_AT_ONCE] if file.filename]
    if files:
        g.guest.actor.need("tickets.attach")
    return tuple(console().files.keep_attachment(file.stream, file.filename) for file in files)


@pages.route("/tickets/new", methods=["GET", "POST"])
@needs("tickets.open")
def new() -> Any:
    """Log a ticket reported now."""
    typed = {name: request.form.get(name, "").strip() for name in (*FIELDS, "needs_onsite")}
    if request.method == "GET":
        return _form(typed)
    told = {name: typed[name] for name in FIELDS}
    command = OpenTicket(**told, needs_onsite=typed["needs_onsite"] == "yes")
    try:
        with console().write() as session:
            number = tickets.open_ticket(session, console().book(session), command, g.guest.actor, console().now())
    except Refused as refused:
        return _form(typed, refused)
    flash(formats.gettext("已登记工单 %(number)s") % {"number": number}, "success")
    return redirect(url_for("tickets.show", number=number))


def _form(typed: dict[str, str], refused: Refused | None = None) -> Any:
    return render_template(
        "tickets/new.html", typed=typed, refused=refused, settings=console().settings, channels=core.CHANNELS
    ), 400 if refused else 200


@pages.errorhandler(NotFound)
def missing(error: NotFound) -> Any:
    """A number that is not there: said on the list's own page, with the way back."""
    return render_template("error.html", status=404, told=formats.render_sentence(error.sentence)), 404
