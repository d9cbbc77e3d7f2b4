"""Logging tickets and moving them on: each use case is a command, checked, written as events, judged at once.

Not for importing sheets (`services/imports.py`), for what a ticket is about (`services/descriptions.py`) nor for what
one party asks of the other (`services/corrections.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from ops_console.core import tickets as core
from ops_console.core.attachments import NewFile
from ops_console.core.catalogue import SAMPLE
from ops_console.core.corrections import SPLIT
from ops_console.core.errors import NotFound, Refused
from ops_console.core.moments import whole
from ops_console.core.moves import check_move
from ops_console.core.people import Actor, Permission, may_work
from ops_console.core.search import HIT_LIMIT
from ops_console.core.terms import Terms
from ops_console.core.ticket_folds import fold
from ops_console.core.ticket_lists import Filter, Window
from ops_console.core.tickets import Event, TicketFacts
from ops_console.services import attachments, search
from ops_console.services.clocks import Judgement, frozen_of, judge
from ops_console.services.contracts import Book
from ops_console.services.corrections import check_decision, hold_decided, may_decide
from ops_console.services.links import split_off
from ops_console.services.resets import refuse_fresh_reset, signing_facts
from ops_console.services.ticket_events import (
    BLANKABLE,
    check_choice,
    check_named,
    check_proof,
    check_texts,
    claimed,
    event_of,
    held,
    next_number,
    written,
)
from ops_console.services.ticket_rows import write
from ops_console.store import audit, catalogue, people, ticket_lists
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
    core.ASSIGNED: "tickets.record",
    core.ESCALATED: "tickets.record",
}
ANSWERED_AT_ONCE = ("电话", "当面")  # who takes the call or sees the person has answered (domain §1.7)
TAB_LIMIT = 999
DRAFTED = "手机时间：报修时没有网络，联网后自动补发"  # why a draft's report time is to be another
CLAIMABLE = (core.RESPONDED, core.ARRIVED, core.RESTORE)
WEIGHTY = (core.CONFIRMED, core.SUSPENSION_DECIDED, core.CORRECTION_DECIDED)
REASONED = (core.SUSPEND, core.ESCALATED, core.DECLINED, core.CANCEL, core.RESTORE_REJECTED, core.REOPENED)
# kind of event -> what it may tell. Anything else could speak for the other party: a suspension that approves itself.
FACTS: dict[str, tuple[str, ...]] = {
    core.RESPONDED: ("handler",),
    core.ONSITE_DECIDED: ("needs_onsite",),
    core.RESTORE: ("handler", "mode"),
    core.CONFIRMED: ("rating",),
    core.SUSPENSION_DECIDED: ("approved", "reason"),
    core.CORRECTION_DECIDED: ("field", "new", "approved", "reason"),
    **dict.fromkeys(REASONED, ("reason",)),
    core.SUSPEND: ("reason", "cause"),
    core.ASSIGNED: ("assignee",),
    core.ESCALATED: ("level", "reason"),
}
CHOSEN: dict[str, dict[str, tuple[str, ...]]] = {
    core.ESCALATED: {"level": core.LEVELS},
    core.SUSPEND: {"cause": core.SUSPENSION_CAUSES},
    core.RESTORE: {"mode": core.MODES},
}
PERSONAL_FACTS = {core.RESTORE: ("process",)}
DECISIONS = {
    core.ONSITE_DECIDED: "needs_onsite",
    core.SUSPENSION_DECIDED: "approved",
    core.CORRECTION_DECIDED: "approved",
}


@dataclass(frozen=True)
class OpenTicket:
    """The command that logs a ticket. Names are those of the catalogue; texts as typed.

    `reported_at` (aware, None: now) is when it is said to have been reported; `answered`: and answered at once, now,
    as a call that was taken is. `incomplete`: type, module, channel and title may follow later that day. `files` were
    kept just now: they are attached to the ticket in the same act and prove the time. `device_at`: what a phone's clock
    said, of which the ticket's clocks know nothing until the other party accepts it as a correction.
    """

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
    reported_at: datetime | None = None
    answered: bool = False
    incomplete: bool = False
    files: tuple[NewFile, ...] = ()
    device_at: datetime | None = None


@dataclass(frozen=True)
class Move:
    """The command that adds the next event to a ticket: its kind, its facts, its personal texts.

    `occurred_at` (aware, None: now) is when it is said to have happened. It is proved by `evidence`, hashes of files of
    the ticket, and by `files` kept just now, which the same act attaches (`patient`: they hold patients' data).
    """

    number: str
    kind: str
    facts: Mapping[str, object] = field(default_factory=dict)
    personal: Mapping[str, str] = field(default_factory=dict)
    occurred_at: datetime | None = None
    evidence: tuple[str, ...] = ()
    files: tuple[NewFile, ...] = ()
    patient: bool = False


def open_ticket(session: Session, book: Book, command: OpenTicket, actor: Actor, now: datetime) -> str:
    """Given the command, log a ticket and return its number. Raises Refused naming the field."""
    return log_ticket(session, book, command, actor, now).number


def log_ticket(session: Session, book: Book, command: OpenTicket, actor: Actor, now: datetime) -> core.TicketFacts:
    """Given the command, log a ticket and return what it comes to. Raises Refused naming the field.

    Reported now, or at an earlier moment of the last 24 hours, graded by how late it is told and with which proof.
    """
    actor.need("tickets.open")
    texts = check_open(session, command)
    facts = {
        "type": command.type, "module": command.module, "department": command.department,
        "carrier": command.carrier, "needs_onsite": command.needs_onsite,
    }  # fmt: skip
    claim = claimed(command.reported_at, now, _digests(command.files))
    events = [event_of(core.REPORTED, claim, actor, book, facts=facts, personal=texts, channel=command.channel)]
    if command.device_at is not None:
        asked = {"field": "reported_at", "old": core.written(claim.at), "new": core.written(command.device_at)}
        why = {"reason": DRAFTED}
        events.append(event_of(core.CORRECTION_PROPOSED, claimed(None, now), actor, book, facts=asked, personal=why))
    if command.answered:
        actor.need("tickets.record")
        answer = claim if command.channel in ANSWERED_AT_ONCE else claimed(None, now)
        events.append(event_of(core.RESPONDED, answer, actor, book, facts={"handler": actor.name}))
    store.lock_adding(session)
    number = next_number(session, whole(now))
    judged = write(session, book, {number: events}, {}, whole(now))
    for file in command.files:
        attachments.attach(session, number, file, actor, now)
    return judged[number].facts


def _digests(files: Sequence[NewFile]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(file.digest for file in files))


def check_open(session: Session, command: OpenTicket) -> dict[str, str]:
    """Given the command, return its personal texts. Raises Refused naming the field that is not right."""
    _check_names(session, command)
    texts = {name: getattr(command, name) for name in ("reporter", "phone", "title", "description")}
    check_texts({**texts, "department": command.department})
    return texts


def _check_names(session: Session, command: OpenTicket) -> None:
    named = {name: getattr(command, name) for name in core.CONTENT if name != "department"}
    check_named(session, named, blank=(*BLANKABLE, "carrier") if command.incomplete else ("carrier",))
    if not command.incomplete and not command.title.strip():
        raise Refused("请写标题：一句话说明什么不能用。", field="title")


def move(session: Session, book: Book, command: Move, actor: Actor, now: datetime) -> TicketFacts:
    """Given the command, add the event to the ticket and return what the ticket comes to.

    Raises Refused when the actor's role or the ticket's life does not allow it, NotFound for an unknown number.
    """
    if command.kind not in RIGHTS:
        raise Refused("没有这一种操作。", field="kind")
    _need_right(session, command, actor, now)
    if command.kind == core.CORRECTION_DECIDED:
        hold_decided(session, command.number, command.facts)
    row, events, facts = held(session, command.number)
    claim = claimed(command.occurred_at, now, _proof(session, row, command, actor, now))
    if command.occurred_at is None and claim.at < facts.reported_at:
        claim = replace(claim, at=facts.reported_at)  # the host's clock was set back since
    _check(facts, book.by_id[row.contract_version_id].terms, command, actor, claim.at)
    told, personal = _told(session, facts, command)
    if _is_word(command):
        told |= signing_facts(session, actor, now)
    event = event_of(command.kind, claim, actor, book, facts=told, personal=personal)
    _check_choice(session, command)
    if command.kind == core.CORRECTION_DECIDED:
        check_decision(session, facts, command.facts, actor)
        if command.facts.get("field") == SPLIT and command.facts["approved"]:
            split = next(p for p in facts.waiting if p.field == SPLIT)
            return split_off(session, book, row, [*events, event], proposal=split, actor=actor)
    return written(session, book, row, [*events, event])


def _proof(session: Session, row: store.TicketRow, command: Move, actor: Actor, now: datetime) -> tuple[str, ...]:
    """The hashes of the files that prove the time, those of this act attached first."""
    if (command.evidence or command.files) and command.kind not in CLAIMABLE:
        raise Refused("这一操作不用佐证；请把文件上传为附件。", field="evidence")
    check_proof(session, row, command.evidence)
    for file in command.files:
        attachments.attach(session, row.number, file, actor, now, patient=command.patient)
    return tuple(dict.fromkeys((*command.evidence, *_digests(command.files))))


def _told(session: Session, known: TicketFacts, command: Move) -> tuple[dict[str, object], dict[str, str]]:
    """A reason is typed by a person and may name people: it goes into the part that can be masked."""
    facts = {name: value for name, value in command.facts.items() if name != "reason"}
    if command.kind == core.RESTORE and not known.needs_onsite and _is_sampled(session, known.type):
        facts["confirm"] = SAMPLE
    reason = str(command.facts.get("reason") or "")
    return facts, {**command.personal, **({"reason": reason} if reason else {})}


def _is_sampled(session: Session, type_name: str) -> bool:
    return any(t.confirm == SAMPLE for t in catalogue.types(session) if t.name == type_name)


def _check(facts: TicketFacts, terms: Terms, command: Move, actor: Actor, at: datetime) -> None:
    check_move(facts, command.kind, at, declinable=facts.type not in terms.undeclinable)
    _check_told(command)
    check_texts({**command.facts, **command.personal})
    if command.kind in REASONED and not str(command.facts.get("reason") or "").strip():
        raise Refused("请写明原因。", field="reason")


def _check_choice(session: Session, command: Move) -> None:
    if command.occurred_at is not None and command.kind not in CLAIMABLE:
        raise Refused("这一操作只能按现在登记，不能补填时间。", field="occurred_at")
    if command.kind == core.ASSIGNED:
        taker = people.by_account(session, str(command.facts.get("assignee") or ""))
        if taker is None or taker.disabled_at is not None or not may_work(taker.role):
            raise Refused("没有这位在岗的乙方人员，请从列表中选。", field="assignee")
    if command.kind == core.ESCALATED and not command.facts.get("level"):
        raise Refused("请选择提升到哪一级。", field="level")
    for name, allowed in CHOSEN.get(command.kind, {}).items():
        check_choice(name, str(command.facts.get(name) or ""), allowed)


def _need_right(session: Session, command: Move, actor: Actor, now: datetime) -> None:
    """That nobody need come any more ends a clock: the hospital's to say. Ending a pause is either side's."""
    if not any(actor.may(right) for right in _rights(command.kind, command.facts)):
        actor.need(RIGHTS[command.kind])
        raise Refused("判定为不需到场会取消到场时限，只能由医院方登记。", field="permission")
    if _is_word(command):
        refuse_fresh_reset(session, actor, now)


def _is_word(command: Move) -> bool:
    """Say whether it is a party's word that binds it: what a reset account must not give for its party that day."""
    ends_clock = command.kind == core.ONSITE_DECIDED and command.facts.get("needs_onsite") is False
    return command.kind in (*WEIGHTY, core.CANCEL) or ends_clock


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
    if command.facts.get("rating") not in (None, *core.RATINGS):
        raise Refused("满意度是 1 到 5 颗星。", field="rating")
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


def listing(session: Session, chosen: Filter, actor: Actor, *, now: datetime, window: Window) -> Listing:
    """Given a filter and a window of it, return that part of the list. Two statements, with words three."""
    actor.need("tickets.read")
    if chosen.q:
        return _hits(session, chosen, actor, now, window)
    rows = ticket_lists.page(session, chosen, now, window)
    if rows and rows[0].matching is not None:
        count = rows[0].matching
    else:
        count = window.offset + len(rows) if rows or not window.offset else ticket_lists.count(session, chosen, now)
    return Listing(rows, clock_store.chips(session, [row.id for row in rows]), count)


def tab_counts(session: Session, chosen: Filter, tabs: Sequence[str], actor: Actor, now: datetime) -> dict[str, int]:
    """Given a filter and conditions of it, return how many tickets each alone leaves (one above TAB_LIMIT: more)."""
    actor.need("tickets.read")
    without = replace(chosen, **dict.fromkeys(tabs, False))  # type: ignore[arg-type]
    each = [replace(without, **{name: True}) for name in tabs]  # type: ignore[arg-type]
    return dict(zip(tabs, ticket_lists.counts(session, each, now, limit=TAB_LIMIT), strict=True))


def _hits(session: Session, chosen: Filter, actor: Actor, now: datetime, window: Window) -> Listing:
    """The part of a list narrowed by words: of the newest HIT_LIMIT hits (or, oldest first, the oldest)."""
    is_oldest_first = window.sort == "reported" and not window.descending
    ids = search.found_ids(session, chosen, actor, now=now, descending=not is_oldest_first)
    rows = ticket_lists.page_of(session, ids[:HIT_LIMIT], window)
    return Listing(rows, clock_store.chips(session, [row.id for row in rows]), len(ids))


@dataclass(frozen=True)
class TicketView:
    """A ticket as its page shows it: its row's id, what it comes to, every event, and its judgement."""

    id: int
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
    return TicketView(row.id, facts, tuple(events), judge(facts, book, frozen_of(row)))
