"""The pages of yearly caps: the meters, the entries, one entry with its life, asking for one, its acts and agreements.

Everything that narrows the list is in the address. Not for a ticket's class (`web/classification.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from functools import wraps
from math import ceil
from secrets import token_urlsafe
from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, url_for

from ops_console.core import cap_entries as lives
from ops_console.core import caps as rules
from ops_console.core.agreements import STATE_NAMES as AGREEMENT_NAMES
from ops_console.core.caps import STATES, local_day
from ops_console.core.contracts import YearlyCap
from ops_console.core.errors import NotFound, Refused
from ops_console.core.money import amount
from ops_console.core.people import HOSPITAL, VENDOR
from ops_console.services import cap_agreements, cap_entries, cap_requests, caps, proofs, tickets
from ops_console.services.cap_agreements import NO_CAP, Way
from ops_console.services.cap_requests import NewEntry
from ops_console.services.tickets import TicketView
from ops_console.web import formats
from ops_console.web.database import reading, reading_anew
from ops_console.web.factors import needs_factor
from ops_console.web.formats import gettext
from ops_console.web.lists import listed, word
from ops_console.web.proofs import kept_files
from ops_console.web.rights import needs, status_of
from ops_console.web.sign_in import console
from ops_console.web.uploads import LARGEST_FORM, takes

pages = Blueprint("caps", __name__)
PROOF_CODES = ("E5", "E7", "E9", "E14")
OVER_WAYS = ("retype", "order", "deferred", "withdraw", "goodwill")  # the five of domain §1.9


@pages.app_template_global()
def caps_of(view: TicketView) -> caps.TicketCap:
    """Given a ticket's view, return what it has to do with caps, for its page."""
    return caps.about(reading(), g.book, view.id, view.facts, g.now)


@pages.app_context_processor
def _names() -> dict[str, object]:
    return {"cap_states": rules.STATE_NAMES}


# -- the meters and the list ------------------------------------------------------------------------------------------


@listed(
    "caps", "额度需求", "reports.read", "编号", "条款", "需求", "状态", "合同年", "提出方", "提出人", "提出",
    "批准开工", "核销", "退回", "退回原因", "超额商定", "变更单或补充协议", "金额（元）", "工单",
)  # fmt: skip
def _caps() -> Iterator[tuple[object, ...]]:
    year, clause, state, _page = _asked()
    page = 1
    while found := _overview(year, clause, state, page).entries:
        for one in found:
            state_word, side = word(rules.STATE_NAMES[one.state]), word(formats.SIDE_NAMES[one.side])
            why, way = word(rules.WHY_NAMES.get(one.why, "")), word(lives.ACT_NAMES.get(one.way, ""))
            yield (
                one.id, one.clause, one.title, state_word, one.year, side, one.requester, one.requested_at,
                one.approved_at, one.accepted_at, one.returned_at, why, way, one.document,
                amount(one.fee) if one.fee is not None else None, one.ticket,
            )  # fmt: skip
        page += 1


def _asked() -> tuple[caps.YearChoice | None, str, str, int]:
    """The contract year, clause, state and page of the address; the year of today where it names none."""
    given, choices = request.args, caps.years(g.book)
    today, page = local_day(g.now), given.get("page", "1")
    here = [year for year in choices if year.first <= today <= year.last]
    usual = here[-1] if here else choices[-1] if choices else None
    wanted = next((year for year in choices if year.first.isoformat() == given.get("year")), usual)
    clause, state = given.get("clause", "")[:20], given.get("state", "")
    number = int(page) if page.isascii() and page.isdigit() and len(page) < 6 else 1
    return wanted, clause, state if state in STATES else "", max(1, number)


def _overview(year: caps.YearChoice | None, clause: str, state: str, page: int) -> caps.Overview:
    if year is None:
        raise NotFound("还没有生效的合同版本；请先在“合同版本”页由双方确认。")
    today = local_day(g.now)
    return caps.overview(reading(), g.book, year, clause, state, actor=g.guest.actor, today=today, page=page)


@pages.get("/caps")
@needs("reports.read")
def index() -> Any:
    """The meters of a contract year, what is held over a cap, and the year's entries."""
    year, clause, state, page = _asked()
    found = _overview(year, clause, state, page)
    return render_template(
        "caps/index.html", found=found, clause=clause, state=state, page=page, years=caps.years(g.book), link=_link,
        pages=ceil(found.count / caps.PAGE), state_names=rules.STATE_NAMES, states=STATES,
        is_now=found.year.first <= local_day(g.now) <= found.year.last,
        names={one.clause: one.name for one in found.caps},
    )  # fmt: skip


def _link(**changed: str | int) -> str:
    year, clause, state, _page = _asked()
    wanted: dict[str, str | int] = {"clause": clause, "state": state, **changed}
    if "year" in request.args and year is not None:
        wanted.setdefault("year", year.first.isoformat())
    return url_for("caps.index", **{name: value for name, value in wanted.items() if value})  # type: ignore[arg-type]


# -- asking for one ---------------------------------------------------------------------------------------------------


@pages.route("/caps/new", methods=["GET", "POST"])
@needs("caps.record")
def new() -> Any:
    """Ask for one, for a ticket or without one."""
    if request.method == "GET":
        return _form()
    try:
        with console().write() as session:
            made = cap_requests.register(session, console().book(session), _new_entry(), g.guest.actor, console().now())
    except Refused as refused:
        return _form(refused)
    flash(gettext("已登记额度需求 #%(id)s") % {"id": made}, "success")
    return redirect(url_for("caps.show", entry_id=made))


def _new_entry() -> NewEntry:
    given = request.form
    return NewEntry(
        given.get("clause", ""), given.get("title", ""), given.get("key", ""), given.get("requester", ""),
        given.get("side", HOSPITAL), given.get("ticket", ""), day_of(given.get("asked_on", ""), "asked_on"),
        given.get("is_notice") == "yes",
    )  # fmt: skip


def day_of(text: str, field: str) -> date | None:
    """Given a day as a form sends it, return it, None for none. Raises Refused when it is no day."""
    if not text.strip():
        return None
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise Refused("日期请写成 2026-03-05。", field=field) from None


def _form(refused: Refused | None = None) -> Any:
    today = local_day(g.now)
    here = [year for year in caps.years(g.book) if year.first <= today <= year.last]
    counted = caps.of_year(reading_anew(), g.book, here[-1].contract_id, today) if here else ()
    typed: dict[str, str] = dict(request.form.items())
    number = request.args.get("ticket", "").strip()[:40]
    if number and not typed:
        typed = _of_ticket(number, [cap.clause for cap in counted])
    return render_template(
        "caps/new.html", caps=counted, typed=typed, refused=refused, key=typed.get("key") or token_urlsafe(18),
        sides=(HOSPITAL, VENDOR),
    ), status_of(refused)  # fmt: skip


def _of_ticket(number: str, clauses: list[str]) -> dict[str, str]:
    """What a ticket tells for the form: its title, its department, and the cap of its class."""
    facts = tickets.view(reading(), g.book, number, g.guest.actor).facts
    terms = rules.in_effect(g.book.at(g.now).terms)
    caps_of_type = (
        one.id for one in terms.clauses if isinstance(one, YearlyCap) and facts.type in one.types and one.id in clauses
    )
    return {
        "ticket": number, "title": facts.personal.get("title", ""), "requester": facts.department,
        "clause": next(caps_of_type, ""),
    }  # fmt: skip


# -- one entry --------------------------------------------------------------------------------------------------------


@pages.get("/caps/<id:entry_id>")
@needs("reports.read")
def show(entry_id: int) -> Any:
    """One entry: where it stands, what may be done, its life, its papers."""
    return _page(entry_id)


def _page(entry_id: int, refused: Refused | None = None) -> Any:
    session = reading_anew() if refused else reading()
    view = caps.view(session, g.book, entry_id, g.guest.actor, g.now)
    actor = g.guest.actor
    others = [
        one for one in (view.year.entries if view.year else ())
        if one.id != entry_id and one.state in (rules.ASKED, rules.HELD, rules.RESERVED)
    ]  # fmt: skip
    return render_template(
        "caps/show.html", view=view, cap_entry=view.entry, cap=view.cap, year=view.year, refused=refused,
        typed=request.form, others=others, other_caps=_other_caps(view), today=local_day(g.now), no_cap=NO_CAP,
        may={act: lives.may_speak(act, actor, proposes=True) for act in view.acts},
        speaks=actor.may("contracts.confirm"), answers=_answers(view), told=_told, rules=rules, lives=lives,
        agreement_names=AGREEMENT_NAMES, proof_codes=PROOF_CODES, money=amount, over_ways=OVER_WAYS,
        standing=[one for one in view.proofs if one.voided_at is None],
    ), status_of(refused)  # fmt: skip


def _other_caps(view: caps.EntryView) -> list[tuple[str, str]]:
    terms = caps.terms_on(g.book, view.entry.contract_id, local_day(g.now))
    clauses = terms.clauses if terms else ()
    found = [one for one in clauses if isinstance(one, YearlyCap) and one.id != view.entry.clause]
    return [(one.id, rules.cap_name(one)) for one in found]


def _answers(view: caps.EntryView) -> bool:
    """Whether who looks may give the word that is waited for."""
    waiting, actor = view.waiting, g.guest.actor
    if waiting is None or not actor.may("contracts.confirm") or actor.side == waiting.proposed_side:
        return False
    return lives.may_speak(str(_told(waiting)["act"]), actor, proposes=False)


def _told(row: Any) -> dict[str, Any]:
    """Given an agreement about an entry, return what it sets."""
    return cap_agreements.told_of(row)


Act = Callable[[int], str]


def _acting(act: Act) -> Callable[..., Any]:
    """Given an act on an entry that returns what to tell, return the view: refused, the page comes back as typed."""

    @wraps(act)
    def view(entry_id: int) -> Any:
        try:
            told = act(entry_id)
        except NotFound:
            raise
        except Refused as refused:
            return _page(entry_id, refused)
        flash(told, "success")
        return redirect(url_for("caps.show", entry_id=entry_id))

    return view


@pages.post("/caps/<id:entry_id>/approve")
@needs("caps.decide")
@needs_factor
@_acting
def approve(entry_id: int) -> str:
    """Approve the start: 已占用, or held over the cap."""
    with console().write() as session:
        made = cap_entries.approve(session, console().book(session), entry_id, g.guest.actor, console().now())
    if made.state == rules.HELD:
        return gettext("额度已用满：这一项已转为“超额待商定”，商定前不开工")
    return gettext("已批准开工，占用一次额度")


@pages.post("/caps/<id:entry_id>/accept")
@needs("caps.decide")
@needs_factor
@_acting
def accept(entry_id: int) -> str:
    """Accept what was delivered."""
    with console().write() as session:
        cap_entries.accept(session, entry_id, request.form.get("reason", ""), g.guest.actor, console().now())
    return gettext("已验收核销")


@pages.post("/caps/<id:entry_id>/withdraw")
@needs("caps.record")
@_acting
def withdraw(entry_id: int) -> str:
    """Take back what is not begun."""
    with console().write() as session:
        cap_entries.withdraw(session, entry_id, request.form.get("reason", ""), g.guest.actor, console().now())
    return gettext("已撤回，不再计入")


@pages.post("/caps/<id:entry_id>/proofs")
@takes(LARGEST_FORM)
@needs("caps.record")
@_acting
def add_proofs(entry_id: int) -> str:
    """Add papers: the requirement sheet, an agreement, what was delivered."""
    g.guest.actor.need("tickets.attach")
    files = kept_files()
    if not files:
        raise Refused("请选择要上传的文件。", field="file")
    with console().write() as session:
        cap_entries.held(session, entry_id)
        for file in files:
            proofs.attach(
                session, lives.SUBJECT, str(entry_id), file, g.guest.actor, console().now(),
                code=request.form.get("code", ""),
            )  # fmt: skip
    return gettext("已添加 %(n)s 个文件") % {"n": len(files)}


# -- what both agree upon ---------------------------------------------------------------------------------------------


@pages.post("/caps/<id:entry_id>/agreements")
@needs("contracts.confirm")
@needs_factor
@_acting
def propose(entry_id: int) -> str:
    """Put an act of both parties before the other."""
    given = request.form
    way = Way(
        entry_id, given.get("act", ""), given.get("reason", ""), given.get("document", ""), given.get("amount", ""),
        day_of(given.get("agreed_on", ""), "agreed_on"), given.get("proof", ""), given.get("clause", ""),
        (given.get("first", ""), given.get("second", "")), given.get("into", ""),
    )  # fmt: skip
    with console().write() as session:
        cap_agreements.propose(session, console().book(session), way, g.guest.actor, console().now())
    return gettext("已提交，等待对方确认；确认前没有效力")


@pages.post("/caps/<id:entry_id>/agreements/<id:agreement_id>")
@needs("contracts.confirm")
@needs_factor
def answer(entry_id: int, agreement_id: int) -> Any:
    """Confirm what the other party proposed, refuse it, or take one's own proposal back."""
    word = request.form.get("word", "")
    try:
        told = _answer(agreement_id, word)
    except NotFound:
        raise
    except Refused as refused:
        return _page(entry_id, refused)
    flash(told, "success")
    return redirect(url_for("caps.show", entry_id=entry_id))


def _answer(agreement_id: int, word: str) -> str:
    given, actor, now = request.form, g.guest.actor, console().now()
    with console().write() as session:
        if word == "yes":
            book, digest = console().book(session), given.get("digest", "")
            cap_agreements.confirm(session, book, agreement_id, digest, actor, now)
            return gettext("双方已确认，即刻生效")
        if word == "no":
            cap_agreements.refuse(session, agreement_id, given.get("answer", ""), actor, now)
            return gettext("已告知对方不同意")
        if word == "back":
            cap_agreements.withdraw(session, agreement_id, actor, now)
            return gettext("已撤回本方的提议")
    raise Refused("请选择是或否。", field="word")
