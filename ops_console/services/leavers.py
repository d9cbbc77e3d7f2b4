"""Leavers: an account disabled at once, all it could get in by ended, its open tickets handed to a colleague.

Not for making accounts (`services/people.py`). What else an account can get in by adds its end to `ENDINGS`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from ops_console.core.errors import Refused
from ops_console.core.people import DUTIES, ROLE_NAMES, ROLES, Actor, may_work
from ops_console.core.tickets import ASSIGNED
from ops_console.services.contracts import Book
from ops_console.services.people import may_take, tell
from ops_console.services.sign_in import held_person, note
from ops_console.services.ticket_events import claimed, event_of, held, written
from ops_console.store import people as store
from ops_console.store import tickets

Ending = Callable[[Session, store.PersonRow, datetime], None]


def _end_sessions(session: Session, person: store.PersonRow, _now: datetime) -> None:
    store.end_sessions_of(session, person.id)


ENDINGS: tuple[Ending, ...] = (_end_sessions,)


@dataclass(frozen=True)
class Left:
    """How many open tickets a leaver had, and the name of who has them now: "" for nobody."""

    tickets: int
    taker: str


def disable_account(
    session: Session, book: Book, account: str, actor: Actor, now: datetime, *, successor: str = ""
) -> Left:
    """Given an account and the colleague who takes its open tickets, disable it and end all it could get in by.

    Open are those assigned to it, and those that this person answered and nobody was assigned. Where nobody is there
    to take them it is disabled all the same, and they stay. Raises Refused for the last of a duty, without a successor
    where tickets are open and colleagues are there, and for one who cannot take them.
    """
    actor.need("people.manage")
    actor.need_proof(now)
    of_duty = {duty: store.active_of_role(session, duty) for duty in DUTIES}  # held: two may not disable each other
    person = held_person(session, account)
    if person.disabled_at is not None:
        raise Refused("账号“%(account)s”已经停用。", account=account)
    if of_duty.get(person.role) == 1:
        raise Refused("这是最后一个%(role)s账号，不能停用；请先添加另一个。", role=ROLE_NAMES[person.role])
    everybody = store.everybody(session)
    is_known = may_work(person.role) and [other.name for other in everybody].count(person.name) == 1
    left = tickets.open_of(session, account, person.name if is_known else "")
    if left and not successor and any(_is_colleague(other, person) for other in everybody):
        raise Refused("该账号还有 %(n)s 张未结工单，请选择接手的同事。", field="successor", n=len(left))
    taker = _successor(session, person, successor) if successor else None
    if taker is not None:
        _hand_over(session, book, left, taker, actor, now)
    person.disabled_at = now
    for end in ENDINGS:
        end(session, person, now)
    told: dict[str, object] = {"successor": taker.account if taker else ""}
    if left and taker is None:
        told["left"] = len(left)
    note(session, account, "account_disabled", actor, now, told)
    tell(session, person.role, "account_disabled", account, now)
    return Left(len(left), taker.name if taker else "")


def _hand_over(
    session: Session, book: Book, numbers: Sequence[str], taker: store.PersonRow, actor: Actor, now: datetime
) -> None:
    """Each ticket gets the event of being assigned; who disabled the account is who assigned it."""
    tickets.lock_many(session, numbers)
    for number in numbers:
        row, events, facts = held(session, number)
        claim = claimed(None, max(now, facts.reported_at))
        event = event_of(ASSIGNED, claim, actor, book, facts={"assignee": taker.account})
        written(session, book, row, [*events, event])


def _successor(session: Session, person: store.PersonRow, account: str) -> store.PersonRow:
    taker = store.by_account(session, account)
    if taker is None or not may_take(taker) or taker.account == person.account:
        raise Refused("请选择一位在用、能处理工单的同事接手。", field="successor")
    if not _is_colleague(taker, person):
        raise Refused("接手人须与停用的账号同属一方。", field="successor")
    return taker


def _is_colleague(other: store.PersonRow, person: store.PersonRow) -> bool:
    return other.account != person.account and may_take(other) and ROLES[other.role][0] == ROLES[person.role][0]
