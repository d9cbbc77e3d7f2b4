"""What one party asks of the other about a ticket, and the other's word: corrections, classes, merging, late times.

Not for what can be asked at all (`core/corrections.py`). Nothing here is done by one party alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from ops_console.core import clocks as rules
from ops_console.core import tickets as core
from ops_console.core.caps import in_effect
from ops_console.core.classification import settled_types
from ops_console.core.corrections import MERGE, SPLIT, check_correction, check_merge, standing_value
from ops_console.core.errors import Refused
from ops_console.core.moments import whole
from ops_console.core.people import HOSPITAL, VENDOR, Actor
from ops_console.core.ticket_folds import fold
from ops_console.core.tickets import Proposal, Stamp, TicketFacts
from ops_console.core.trust import GRADE_BARE, GRADE_PROVED
from ops_console.services.clocks import frozen_of, judge
from ops_console.services.contracts import Book
from ops_console.services.resets import refuse_fresh_reset, signing_facts
from ops_console.services.ticket_events import (
    append_event,
    check_named,
    check_proof,
    check_texts,
    claimed,
    event_of,
    held,
    written,
)
from ops_console.store import audit, catalogue
from ops_console.store import tickets as store


@dataclass(frozen=True)
class Correction:
    """The command that asks for a correction: of which ticket, what, the new value as `written` has it, and why.

    For a split `new` is the type of the new ticket and `split_title` its title. `evidence` are hashes of the
    ticket's files.
    """

    number: str
    field: str
    new: str
    reason: str
    evidence: tuple[str, ...] = ()
    split_title: str = ""


def propose(session: Session, book: Book, command: Correction, actor: Actor, now: datetime) -> TicketFacts:
    """Given the command, ask the other party and return what the ticket comes to. Raises Refused naming the field."""
    need_party(actor)
    refuse_fresh_reset(session, actor, now)  # a proposal is half of what the other party then completes
    if command.field == MERGE:
        store.lock_many(session, [command.number, command.new])
    row, events, facts = held(session, command.number)
    check_correction(facts, command.field, command.new, now)
    _check_named(session, facts, command)
    if not command.reason.strip():
        raise Refused("请写明原因。", field="reason")
    check_texts({"reason": command.reason, "title": command.split_title})
    check_proof(session, row, command.evidence)
    told: dict[str, object] = {
        "field": command.field, "old": standing_value(facts, command.field), "new": command.new,
        **signing_facts(session, actor, now),
    }  # fmt: skip
    texts = {"reason": command.reason.strip(), "split_title": command.split_title.strip()}
    claim = claimed(None, now, command.evidence)
    asked = event_of(core.CORRECTION_PROPOSED, claim, actor, book, facts=told, personal=texts)
    return written(session, book, row, [*events, asked])


def need_party(actor: Actor) -> None:
    """Given who acts, let those who speak for a party about tickets pass. Raises Refused for others."""
    if not actor.may("tickets.confirm"):
        actor.need("tickets.record")


def _check_named(session: Session, facts: TicketFacts, command: Correction) -> None:
    if command.field in ("type", SPLIT):
        check_named(session, {"type": command.new})
    if command.field == SPLIT and not command.split_title.strip():
        raise Refused("请写拆出工单的标题：一句话说明什么不能用。", field="split_title")
    if command.field == MERGE:
        check_merge(facts, _other(session, command.new))


def _other(session: Session, number: str) -> TicketFacts | None:
    return held(session, number)[2] if store.by_number(session, number) is not None else None


def hold_decided(session: Session, number: str, given: Mapping[str, object]) -> None:
    """Given a ticket and a word about a correction, hold all that its carrying out writes or reads, before any row.

    A split adds a ticket; a merge looks at the other. In the one order of every act: adding, then tickets by id.
    """
    if given.get("approved") is not True:
        return
    if given.get("field") == SPLIT:
        store.lock_adding(session)
    if given.get("field") == MERGE:
        store.lock_many(session, [number, str(given.get("new") or _asked(session, number))])


def _asked(session: Session, number: str) -> str:
    """Into which ticket a merge is proposed, read without holding anything; "" where none is."""
    ids = store.by_numbers(session, [number])
    facts = fold(number, audit.of_tickets(session, list(ids.values()))[ids[number]]) if ids else None
    return next((p.new for p in facts.waiting if p.field == MERGE), "") if facts else ""


def may_decide(proposal: Proposal, actor: Actor) -> bool:
    """Given a correction, say whether the actor decides it: the hospital, or the vendor what the hospital proposed."""
    decider = VENDOR if proposal.side == HOSPITAL else HOSPITAL
    return actor.may("corrections.decide") and actor.side == decider


def check_decision(session: Session, facts: TicketFacts, given: Mapping[str, object], actor: Actor) -> None:
    """Given a word about a correction, let it pass when the very value that was seen still waits for this side.

    Raises Refused otherwise: another may have been proposed meanwhile, or the ticket to merge into withdrawn.
    """
    waiting = [p for p in facts.waiting if p.field == given.get("field") and given.get("new") in (None, p.new)]
    if not any(may_decide(p, actor) for p in waiting):
        raise Refused("工单 %(number)s 的这项更正已处理或不存在，请刷新页面。", number=facts.number)
    if given.get("field") == "type" and given.get("approved") is False and not str(given.get("reason") or "").strip():
        raise Refused("不同意对方的归类请写明原因。", field="reason")  # domain §1.8: confirmed or objected to
    if given.get("field") == MERGE and given.get("approved") is True:
        check_merge(facts, _other(session, waiting[0].new))


def retype(
    session: Session, book: Book, number: str, type_name: str, reason: str, *, actor: Actor, now: datetime
) -> bool:
    """Given a ticket, the type it should have and why, change it, or ask the other party; say whether it was changed.

    One alone changes it only while the first limit has not passed, and never from or to a type that both parties
    settle (domain §1.7, §1.8).
    """
    need_party(actor)
    row, events, facts = held(session, number)
    check_named(session, {"type": type_name})
    check_correction(facts, "type", type_name, now)
    if not _changes_alone(session, book, row, facts, type_name, now):
        propose(session, book, Correction(number, "type", type_name, reason), actor, now)
        return False
    if not reason.strip():
        raise Refused("请写明原因。", field="reason")
    check_texts({"reason": reason})
    told = {"old": facts.type, "type": type_name}
    append_event(session, book, row, events, core.RETYPED, actor, now, facts=told, personal={"reason": reason.strip()})
    return True


def _changes_alone(
    session: Session, book: Book, row: store.TicketRow, facts: TicketFacts, type_name: str, now: datetime
) -> bool:
    judged = judge(facts, book, frozen_of(row))
    agreed = {t.name for t in catalogue.types(session) if t.agreed}
    settled = settled_types(agreed, in_effect(judged.version.terms).clauses)
    if facts.type in settled or type_name in settled:
        return False
    clocks = judged.clocks
    return all((due := rules.deadline(clock)) is not None and whole(now) <= due for clock in clocks)


def _is_asked_about(stamp: Stamp) -> bool:
    return stamp.rejected_at is None and stamp.grade in (GRADE_PROVED, GRADE_BARE)


@dataclass(frozen=True)
class Word:
    """The hospital's word on late times of a ticket: each by its name and as it was seen (aware), accepted or not."""

    number: str
    times: Mapping[str, datetime]
    approved: bool


def accept_times(session: Session, book: Book, word: Word, actor: Actor, now: datetime) -> TicketFacts:
    """Given the hospital's word, note it and return what the ticket comes to. Raises Refused for anybody else's.

    Only times that wait for a word are taken, and only as they were seen: a corrected one is another question.
    """
    actor.need("tickets.confirm")
    refuse_fresh_reset(session, actor, now)
    number, times = word.number, word.times
    row, events, facts = held(session, number)
    for name, at in times.items():
        stamp = facts.stamps.get(name)
        if stamp is None or stamp.at != whole(at) or not _is_asked_about(stamp):
            raise Refused("工单 %(number)s 的这一时间已变动或不用认可，请刷新页面。", number=number)
    if not times:
        raise Refused("请选择要认可的时间。", field="times")
    told: dict[str, object] = {name: whole(at).isoformat() for name, at in times.items()} | {"approved": word.approved}
    told |= signing_facts(session, actor, now)
    return append_event(session, book, row, events, core.TIMES_ACCEPTED, actor, now, facts=told)
