"""Asking for one 次 of a yearly cap: by a form, for a ticket or without one.

Not for what becomes of it (`services/cap_entries.py`). What uses no cap is refused with the reason: go-live notices,
faults, defects, directives.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.orm import Session

from ops_console.core.cap_entries import CAP_ASKED, LONGEST_NAME, check_text, check_title
from ops_console.core.caps import cap_name, in_effect, local_day
from ops_console.core.classification import claims, is_exempt
from ops_console.core.contracts import YearlyCap
from ops_console.core.errors import Refused
from ops_console.core.moments import day_start, whole
from ops_console.core.people import HOSPITAL, VENDOR, Actor
from ops_console.core.sentences import sentence
from ops_console.core.terms import Terms
from ops_console.core.tickets import Event
from ops_console.services.cap_entries import add, facts_of, year_now
from ops_console.services.contracts import Book
from ops_console.store import caps as store
from ops_console.store import tickets

KEY = re.compile(r"[A-Za-z0-9_-]{16,60}")


@dataclass(frozen=True)
class NewEntry:
    """The command that asks for one: the clause, a title, who asks (as typed, and which side), its ticket if any.

    `key` is the form's own, so that a form sent twice asks once. `asked_on` None: today. `is_notice`: the page notice
    of a go-live, which is the vendor's duty and no request.
    """

    clause: str
    title: str
    key: str
    requester: str = ""
    side: str = HOSPITAL
    ticket: str = ""
    asked_on: date | None = None
    is_notice: bool = False


def register(session: Session, book: Book, command: NewEntry, actor: Actor, now: datetime) -> int:
    """Given the command, ask for one (拟占用) and return its id; the same form again asks nothing anew.

    Raises Refused naming the field, and telling why for what uses no cap: go-live notices, faults, directives.
    """
    actor.need("caps.record")
    if not KEY.fullmatch(command.key):
        raise Refused("页面已过期，请重新打开后再登记。")
    version = book.at(now)
    terms = in_effect(version.terms)
    store.hold_counting(session, version.contract_id)
    known = store.id_of_key(session, f"form/{command.key}")
    if known is not None:
        return known
    cap, year = _wanted(terms, command, now)
    ticket_id = _ticket(session, terms, cap, command.ticket)
    at = whole(now) if command.asked_on is None else day_start(command.asked_on)
    event = asked(cap, year, command, actor.account, actor.side, at=at, now=now, contract_id=version.contract_id)
    return add(session, event, ticket_id=ticket_id, dedup_key=f"form/{command.key}").id


def _wanted(terms: Terms, command: NewEntry, now: datetime) -> tuple[YearlyCap, int]:
    """The clause and the contract year that are asked for, the fields checked."""
    cap = terms.clause(command.clause)
    if not isinstance(cap, YearlyCap):
        raise Refused("请选择占用哪一条的额度。", field="clause")
    if command.is_notice:
        raise Refused(
            "功能上线、活动开启时的首页告知是乙方的义务（C-24），不占额度，不用登记；发布时随发布记录即可。",
            field="is_notice",
        )
    if command.side not in (HOSPITAL, VENDOR):
        raise Refused("请选择由哪一方提出。", field="side")
    check_title(command.title)
    check_text(command.requester, "requester", LONGEST_NAME)
    if command.asked_on is not None and not terms.starts_on <= command.asked_on <= local_day(now):
        raise Refused("提出日期要在合同期内，不能晚于今天。", field="asked_on")
    return cap, year_now(terms, now)


def _ticket(session: Session, terms: Terms, cap: YearlyCap, number: str) -> int | None:
    """The id of the ticket that asks for it, held; a cap is used only by what is of its class."""
    if not number.strip():
        return None
    row = tickets.lock(session, number.strip())
    if row is None:
        raise Refused("没有编号为 %(number)s 的工单，请检查单号。", field="ticket", number=number.strip()[:40])
    facts = facts_of(session, row)
    if is_exempt(facts, terms.clauses):
        raise Refused("工单 %(number)s 是上线告知，不占额度，不用登记。", field="ticket", number=row.number)
    if cap.types and not claims(cap, facts.type):
        raise Refused(
            "工单 %(number)s 的类型是%(type)s，不占“%(cap)s”的额度；如归类有误，先由双方改类型。",
            field="ticket", number=row.number, type=sentence(facts.type or "类型待补"), cap=cap_name(cap),
        )  # fmt: skip
    of_ticket = store.of_tickets(session, [row.id]).get(row.id, [])
    if any(entry.clause == cap.id and entry.returned_at is None for entry in of_ticket):
        raise Refused("工单 %(number)s 已有一项额度需求，不用重复登记。", field="ticket", number=row.number)
    return row.id


def asked(
    cap: YearlyCap, year: int, command: NewEntry, account: str, side: str, *, at: datetime, now: datetime,
    contract_id: int,
) -> Event:  # fmt: skip
    """Given what is asked for, by whom and when, return the event that an entry begins with."""
    facts = {
        "contract": contract_id, "clause": cap.id, "year": year, "side": command.side, "ticket": command.ticket.strip(),
    }  # fmt: skip
    texts = {"title": command.title.strip(), "requester": command.requester.strip()}
    return Event(CAP_ASKED, at, whole(now), account, side, facts=facts, personal=texts)
