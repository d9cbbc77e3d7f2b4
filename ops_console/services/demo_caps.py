"""Doing the demo year's steps about classes and caps, each as a page would: what has no entry is passed over.

Not for which steps there are (`core/demo_caps.py`) nor for other steps (`services/demo_acts.py`).
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import IO

from sqlalchemy.orm import Session

from ops_console.core.agreements import PROPOSED
from ops_console.core.attachments import NewFile
from ops_console.core.cap_entries import SHEET_ACT
from ops_console.core.caps import ASKED, DEFERRED, HELD, RESERVED, CapEntry, local_day
from ops_console.core.demo_steps import (
    CAP_ACCEPT,
    CAP_DEFER,
    CAP_SHEET,
    CAP_SIGN,
    CAP_START,
    CLASS_ANSWER,
    CLASS_CONFIRM,
    CLASS_EXEMPT,
    CLASS_OBJECT,
    CLASS_ORDER,
    Step,
)
from ops_console.core.people import Actor
from ops_console.services import cap_agreements, cap_entries, caps, classification, proofs, tickets
from ops_console.services.cap_agreements import Way
from ops_console.services.contracts import Book
from ops_console.services.demo_house import actor_named
from ops_console.store import agreements
from ops_console.store import caps as store
from ops_console.store import tickets as ticket_store

PROVED = timedelta(minutes=5)
KeepFile = Callable[[IO[bytes], str], NewFile]
SHEET = "需求单（演示）\n工单：{number}\n需求：{title}\n双方于 {day} 就范围与验收方式达成协议。\n"


def do(session: Session, book: Book, step: Step, number: str, keep_file: KeepFile) -> None:
    """Given a transaction, a step and its story's ticket, do it at the step's moment, a second factor just given."""
    actor = replace(actor_named(step.who), proved_until=step.at + PROVED)
    if step.act in SAYS:
        SAYS[step.act](session, book, step, number, actor)
        return
    entry = _entry(session, number)
    if entry is None:
        return
    if step.act == CAP_SHEET:
        _propose_sheet(session, book, step, entry, actor, keep_file)
    else:
        USES[step.act](session, book, step, entry, actor)


def _entry(session: Session, number: str) -> CapEntry | None:
    ticket_id = ticket_store.by_numbers(session, [number])[number]
    return next(iter(store.of_tickets(session, [ticket_id]).get(ticket_id, [])), None)


def _confirm_class(session: Session, book: Book, step: Step, number: str, actor: Actor) -> None:
    facts = tickets.view(session, book, number, actor).facts
    if not facts.withdrawn and actor.side not in facts.class_by:
        classification.confirm(session, book, number, (facts.type, facts.exempt), actor=actor, now=step.at)


def _exempt(session: Session, book: Book, step: Step, number: str, actor: Actor) -> None:
    classification.say_exempt(session, book, number, True, actor=actor, now=step.at)


def _order(session: Session, book: Book, step: Step, number: str, actor: Actor) -> None:
    text = str(step.facts["order"])
    classification.tell_order(session, book, number, text, (), actor=actor, now=step.at)


def _object(session: Session, book: Book, step: Step, number: str, actor: Actor) -> None:
    wished, reason = str(step.facts["wished"]), str(step.facts["reason"])
    classification.object_to(session, book, number, wished, reason, actor=actor, now=step.at)


def _answer(session: Session, book: Book, step: Step, number: str, actor: Actor) -> None:
    given = classification.Answer(str(step.facts["wished"]), True)
    classification.answer(session, book, number, given, actor=actor, now=step.at)


def _propose_sheet(
    session: Session, book: Book, step: Step, entry: CapEntry, actor: Actor, keep_file: KeepFile
) -> None:
    day = local_day(step.at)
    text = SHEET.format(number=entry.ticket, title=entry.title, day=day.isoformat())
    file = keep_file(io.BytesIO(text.encode()), "需求单.txt")
    proof = proofs.attach(session, "cap", str(entry.id), file, actor, step.at, code="E9")
    way = Way(entry.id, SHEET_ACT, "范围与验收方式已谈妥", agreed_on=day, proof=proof)
    cap_agreements.propose(session, book, way, actor, step.at)


def _sign(session: Session, book: Book, step: Step, entry: CapEntry, actor: Actor) -> None:
    """The other party's word on what was proposed about the entry, where something waits for it."""
    rows = agreements.of_key(session, entry.contract_id, cap_agreements.key_of(entry.id))
    waiting = next((row for row in rows if row.state == PROPOSED and row.proposed_side != actor.side), None)
    if waiting is not None:
        cap_agreements.confirm(session, book, waiting.id, waiting.digest, actor, step.at)


def _start(session: Session, book: Book, step: Step, entry: CapEntry, actor: Actor) -> None:
    if entry.state == ASKED:
        cap_entries.approve(session, book, entry.id, actor, step.at)


def _defer(session: Session, book: Book, step: Step, entry: CapEntry, actor: Actor) -> None:
    """One over the cap waits for the next contract year, where the contract has one; else it stays to be settled."""
    year = max((one for one in caps.years(book) if one.contract_id == entry.contract_id), key=lambda one: one.number)
    if entry.state == HELD and year.number > entry.year:
        way = Way(entry.id, DEFERRED, "本合同年 8 次已用满，双方商定下一合同年再做")
        cap_agreements.propose(session, book, way, actor, step.at)


def _accept(session: Session, book: Book, step: Step, entry: CapEntry, actor: Actor) -> None:
    if entry.state == RESERVED:
        cap_entries.accept(session, entry.id, "按需求单验收通过", actor, step.at)


SAYS: Mapping[str, Callable[[Session, Book, Step, str, Actor], None]] = {
    CLASS_CONFIRM: _confirm_class, CLASS_EXEMPT: _exempt, CLASS_ORDER: _order, CLASS_OBJECT: _object,
    CLASS_ANSWER: _answer,
}  # fmt: skip
USES: Mapping[str, Callable[[Session, Book, Step, CapEntry, Actor], None]] = {
    CAP_SIGN: _sign, CAP_START: _start, CAP_DEFER: _defer, CAP_ACCEPT: _accept,
}  # fmt: skip
ACTS = (*SAYS, CAP_SHEET, *USES)
