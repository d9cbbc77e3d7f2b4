"""Logging tickets and moving them on: each use case is a command, checked, written as events, judged at once.

Not for importing sheets (`services/imports.py`). Times are now: claimed times and their grades come with backfill.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from ops_console.core import tickets as core
from ops_console.core.contracts import Terms
from ops_console.core.errors import NotFound, Refused
from ops_console.core.moments import ZONE, whole
from ops_console.core.moves import check_move
from ops_console.core.people import HOSPITAL, VENDOR, Actor, Permission
from ops_console.core.search import HIT_LIMIT
from ops_console.core.ticket_folds import fold
from ops_console.core.ticket_lists import Filter
from ops_console.core.tickets import Event, Proposal, TicketFacts
from ops_console.services import search
from ops_console.services.clocks import Judgement, frozen_of, judge
from ops_console.services.contracts import Book
from ops_console.services.sign_in import refuse_fresh_reset
from ops_console.services.ticket_rows import write
from ops_console.store import audit, catalogue
from ops_console.store import clocks as clock_store
from ops_console.store import tickets as store

# kind of event -> the right that makes it. What belongs to the other party cannot be done by one alone.
RIGHTS: dict[str, Permission] = {
    core.RESPONDED: "tickets.record",
    core.ONSITE_DECIDED: "tickets.record",
    core.ARRIVED: "tickets.record",
    core.RESTORE: "tickets.record",
    core.SUSPEND: "tickets.record",
    core.RESUMED: "tickets.record",
    core.DECLINED: "tickets.record",
    core.CONFIRMED: "tickets.confirm",
    core.RESTORE_REJECTED: "tickets.confirm",
    core.REOPENED: "tickets.confirm",
    core.CANCEL: "tickets.confirm",
    core.SUSPENSION_DECIDED: "suspensions.decide",
    core.CORRECTION_DECIDED: "corrections.decide",
}
WEIGHTY = (core.CONFIRMED, core.SUSPENSION_DECIDED, core.CORRECTION_DECIDED)
LONGEST = {
    "title": 200,
    "description": 4000,
    "department": 100,
    "reporter": 100,
    "phone": 100,
    "reason": 500,
    "process": 4000,
}
REASONED = (core.SUSPEND, core.DECLINED, core.CANCEL, core.RESTORE_REJECTED, core.REOPENED)
# kind of event -> what it may tell. Anything else could speak for the other party: a suspension that approves itself.
FACTS: dict[str, tuple[str, ...]] = {
    core.RESPONDED: ("handler",),
    core.ONSITE_DECIDED: ("needs_onsite",),
    core.RESTORE: ("handler", "mode"),
    core.SUSPENSION_DECIDED: ("approved", "reason"),
    core.CORRECTION_DECIDED: ("field", "new", "approved", "reason"),
    **dict.fromkeys(REASONED, ("reason",)),
}
PERSONAL_FACTS = {core.RESTORE: ("process",)}
DECISIONS = {
    core.ONSITE_DECIDED: "needs_onsite",
    core.SUSPENSION_DECIDED: "approved",
    core.CORRECTION_DECIDED: "approved",
}


@dataclass(frozen=True)
class OpenTicket:
    """The command that logs a ticket. Names are those of the catalogue; texts as typed."""

    type: str
    module: str
    channel: str
    title: str
    department: str = ""
    reporter: str = ""
    phone: str = ""
    description: str = ""
    carrier: str = ""
    needs_onsite: bool = False


@dataclass(frozen=True)
class Move:
    """The command that adds the next event to a ticket: its kind, its facts, its personal texts."""

    number: str
    kind: str
    facts: Mapping[str, object] = field(default_factory=dict)
    personal: Mapping[str, str] = field(default_factory=dict)


def open_ticket(session: Session, book: Book, command: OpenTicket, actor: Actor, now: datetime) -> str:
    """Given the command, log a ticket reported now and return its number. Raises Refused naming the field."""
    actor.need("tickets.open")
    _check_names(session, command)
    texts = {name: getattr(command, name) for name in ("reporter", "phone", "title", "description")}
    _check_texts({**texts, "department": command.department})
    at = whole(now)
    facts = {
        "type": command.type, "module": command.module, "department": command.department,
        "carrier": command.carrier, "needs_onsite": command.needs_onsite,
    }  # fmt: skip
    event = Event(core.REPORTED, at, at, actor.account, actor.side, command.channel, "B", (), facts, texts)
    store.lock_adding(session)
    number = _next_number(session, at)
    write(session, book, {number: [event]}, {}, at)
    return number


def _check_names(session: Session, command: OpenTicket) -> None:
    if command.type not in {t.name for t in catalogue.types(session)}:
        raise Refused("没有“%(value)s”这一工单类型，请从列表中选。", field="type", value=command.type)
    if command.module not in {m.name for m in catalogue.modules(session)}:
        raise Refused("没有“%(value)s”这一系统模块，请从列表中选。", field="module", value=command.module)
    if command.carrier and command.carrier not in {c.name for c in catalogue.carriers(session)}:
        raise Refused("没有“%(value)s”这一业务载体，请从列表中选。", field="carrier", value=command.carrier)
    if command.channel not in core.CHANNELS:
        raise Refused("没有“%(value)s”这一渠道，请从列表中选。", field="channel", value=command.channel)
    if not command.title.strip():
        raise Refused("请写标题：一句话说明什么不能用。", field="title")


def _check_texts(texts: Mapping[str, object]) -> None:
    for name, value in texts.items():
        text = str(value or "")
        if len(text) > LONGEST.get(name, 500):
            raise Refused(
                "这一栏最多 %(n)s 个字，现在有 %(now)s 个。", field=name, n=LONGEST.get(name, 500), now=len(text)
            )
        if any(ord(c) < 32 and c not in "\n\t\r" or 0xD800 <= ord(c) <= 0xDFFF for c in text):
            raise Refused("这一栏含有不可见的控制字符，请删除后再提交。", field=name)


def _next_number(session: Session, at: datetime) -> str:
    prefix = f"GD-{at.astimezone(ZONE):%Y%m%d}-"
    return f"{prefix}{store.last_serial(session, prefix) + 1:05d}"


def move(session: Session, book: Book, command: Move, actor: Actor, now: datetime) -> TicketFacts:
    """Given the command, add the event to the ticket and return what the ticket comes to.

    Raises Refused when the actor's role or the ticket's life does not allow it, NotFound for an unknown number.
    """
    if command.kind not in RIGHTS:
        raise Refused("没有这一种操作。", field="kind")
    _need_right(session, command, actor, now)
    row = store.lock(session, command.number)
    if row is None:
        raise NotFound("没有编号为 %(number)s 的工单。", number=command.number)
    events = audit.of_tickets(session, [row.id])[row.id]
    facts = fold(row.number, events)
    assert facts is not None
    at = max(whole(now), facts.reported_at)
    _check(facts, book.by_id[row.contract_version_id].terms, command, actor, at)
    told = _told(command)
    event = Event(command.kind, at, whole(now), actor.account, actor.side, "", "B", (), *told)
    return write(session, book, {row.number: [*events, event]}, {row.number: row}, whole(now), new=1)[row.number].facts


def _told(command: Move) -> tuple[dict[str, object], dict[str, str]]:
    """A reason is typed by a person and may name people: it goes into the part that can be masked."""
    facts = {name: value for name, value in command.facts.items() if name != "reason"}
    reason = str(command.facts.get("reason") or "")
    return facts, {**command.personal, **({"reason": reason} if reason else {})}


def _check(facts: TicketFacts, terms: Terms, command: Move, actor: Actor, at: datetime) -> None:
    check_move(facts, command.kind, at, declinable=facts.type not in terms.undeclinable)
    _check_told(command)
    _check_texts({**command.facts, **command.personal})
    if command.kind in REASONED and not str(command.facts.get("reason") or "").strip():
        raise Refused("请写明原因。", field="reason")
    if command.kind == core.CORRECTION_DECIDED and not _is_waiting(facts, command, actor):
        raise Refused("工单 %(number)s 的这项更正已处理或不存在，请刷新页面。", number=facts.number)


def _is_waiting(facts: TicketFacts, command: Move, actor: Actor) -> bool:
    """Whether the very value that the person saw still waits for their side: another may be proposed meanwhile."""
    field, new = command.facts.get("field"), command.facts.get("new")
    return any(p.field == field and new in (None, p.new) and may_decide(p, actor) for p in facts.waiting)


def may_decide(proposal: Proposal, actor: Actor) -> bool:
    """Given a correction, say whether the actor decides it: the hospital, or the vendor what the hospital proposed."""
    decider = VENDOR if proposal.side == HOSPITAL else HOSPITAL
    return actor.may("corrections.decide") and actor.side == decider


def _need_right(session: Session, command: Move, actor: Actor, now: datetime) -> None:
    """That nobody need come any more ends a clock: the hospital's to say. Ending a pause is either side's."""
    if not any(actor.may(right) for right in _rights(command.kind, command.facts)):
        actor.need(RIGHTS[command.kind])
        raise Refused("判定为不需到场会取消到场时限，只能由医院方登记。", field="permission")
    if command.kind in WEIGHTY and actor.side == HOSPITAL:
        refuse_fresh_reset(session, actor, now)


def _rights(kind: str, facts: Mapping[str, object]) -> tuple[Permission, ...]:
    if kind == core.ONSITE_DECIDED:
        return ("tickets.confirm",) if facts.get("needs_onsite") is False else ("tickets.record", "tickets.confirm")
    return ("tickets.record", "tickets.confirm") if kind == core.RESUMED else (RIGHTS[kind],)


def _check_told(command: Move) -> None:
    allowed = FACTS.get(command.kind, ()), PERSONAL_FACTS.get(command.kind, ())
    for given, names in zip((command.facts, command.personal), allowed, strict=True):
        for name in given:
            if name not in names:
                raise Refused("这一操作不能填写“%(name)s”。", field=name, name=name)
    decision = DECISIONS.get(command.kind)
    if decision is not None and not isinstance(command.facts.get(decision), bool):
        raise Refused("请选择是或否。", field=decision)


def possible(facts: TicketFacts, actor: Actor, now: datetime, terms: Terms) -> frozenset[str]:
    """Given a ticket, who looks, now and its terms, return the kinds of event that this actor could add to it now."""
    declinable = facts.type not in terms.undeclinable
    found = set()
    for kind in RIGHTS:
        if not any(actor.may(right) for right in _rights(kind, {"needs_onsite": not facts.needs_onsite})):
            continue
        if kind == core.CORRECTION_DECIDED and not any(may_decide(p, actor) for p in facts.waiting):
            continue
        try:
            check_move(facts, kind, max(whole(now), facts.reported_at), declinable=declinable)
        except Refused:
            continue
        found.add(kind)
    return frozenset(found)


@dataclass(frozen=True)
class Listing:
    """A page of a list: its rows, the clocks of each, and how many match (one above COUNT_LIMIT: more than that)."""

    rows: Sequence[Any]
    clocks: Mapping[int, Sequence[Any]]
    count: int


def listing(
    session: Session,
    chosen: Filter,
    actor: Actor,
    *,
    now: datetime,
    sort: str,
    descending: bool,
    page: int,
    per_page: int,
) -> Listing:
    """Given a filter, a sort and a page (from 1), return that page of the list. Three statements, with words four."""
    actor.need("tickets.read")
    if chosen.q:
        return _hits(session, chosen, actor, now, sort=sort, descending=descending, page=page, per_page=per_page)
    rows = store.page(
        session, chosen, now, sort=sort, descending=descending, limit=per_page, offset=(page - 1) * per_page
    )
    short = page == 1 and len(rows) < per_page
    count = len(rows) if short else store.count(session, chosen, now)
    return Listing(rows, clock_store.chips(session, [row.id for row in rows]), count)


def _hits(
    session: Session,
    chosen: Filter,
    actor: Actor,
    now: datetime,
    *,
    sort: str,
    descending: bool,
    page: int,
    per_page: int,
) -> Listing:
    """The page of a list narrowed by words: of the newest HIT_LIMIT hits (or, oldest first, the oldest)."""
    is_oldest_first = sort == "reported" and not descending
    ids = search.found_ids(session, chosen, actor, now=now, descending=not is_oldest_first)
    rows = store.page_of(
        session, ids[:HIT_LIMIT], sort=sort, descending=descending, limit=per_page, offset=(page - 1) * per_page
    )
    return Listing(rows, clock_store.chips(session, [row.id for row in rows]), len(ids))


@dataclass(frozen=True)
class TicketView:
    """A ticket as its page shows it: what it comes to, every event, and its judgement."""

    facts: TicketFacts
    events: tuple[Event, ...]
    judgement: Judgement


def view(session: Session, book: Book, number: str, actor: Actor) -> TicketView:
    """Given a number and who asks, return the ticket's view. Raises NotFound when there is none for the asker."""
    actor.need("tickets.read")
    row = store.by_number(session, number)
    if row is None:
        raise NotFound("没有编号为 %(number)s 的工单。", number=number)
    events = audit.of_tickets(session, [row.id])[row.id]
    facts = fold(number, events)
    assert facts is not None
    return TicketView(facts, tuple(events), judge(facts, book, frozen_of(row)))
