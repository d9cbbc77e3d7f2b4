"""Breach cases: how each stands, what each side said, tickets and flags it is about, whom the hospital told of it.

Their history is the chain's. Every text that somebody typed is masked. Who may see a case is asked in every select.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    ForeignKey,
    Index,
    Select,
    String,
    Text,
    false,
    func,
    insert,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from ops_console.core.breach_acts import TEXTS, TIMES, Account
from ops_console.core.breaches import CATEGORIES, STATES, Case
from ops_console.core.people import HOSPITAL, VENDOR
from ops_console.store import locks
from ops_console.store.base import Base, Id, not_null
from ops_console.store.flags import FlagRow
from ops_console.store.locks import Lock
from ops_console.store.tickets import TicketRow


class BreachRow(Base):
    """One case as it stands now. `key` is its form's, so that one sent twice makes one case; `version` counts its acts.

    The four times are as they stand: found, or told. `month` is whose fee it would cost, "" while unknown.
    """

    __tablename__ = "breach_case"
    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(20), unique=True)
    key: Mapped[str] = mapped_column(String(64), unique=True)
    contract_id: Mapped[int] = mapped_column(ForeignKey("contract.id"))
    category: Mapped[str] = mapped_column(String(12))
    state: Mapped[str] = mapped_column(String(12))
    version: Mapped[int]
    raised_side: Mapped[str] = mapped_column(String(12))
    raised_by: Mapped[str] = mapped_column(String(80))
    raised_at: Mapped[datetime]
    occurred_at: Mapped[datetime | None]
    discovered_at: Mapped[datetime | None]
    known_at: Mapped[datetime | None]
    reported_at: Mapped[datetime | None]
    filed_at: Mapped[datetime | None]
    filed_by: Mapped[str] = mapped_column(String(80))
    statement_due_at: Mapped[datetime | None]
    statement: Mapped[str] = mapped_column(Text)
    stated_at: Mapped[datetime | None]
    stated_by: Mapped[str] = mapped_column(String(80))
    is_silent: Mapped[bool] = mapped_column(Boolean)
    upheld: Mapped[bool | None] = mapped_column(Boolean)
    finding: Mapped[str] = mapped_column(String(500))
    found_at: Mapped[datetime | None]
    found_by: Mapped[str] = mapped_column(String(80))
    returned: Mapped[str] = mapped_column(String(500))
    returned_at: Mapped[datetime | None]
    approved_at: Mapped[datetime | None]
    approved_by: Mapped[str] = mapped_column(String(80))
    executed_at: Mapped[datetime | None]
    executed_by: Mapped[str] = mapped_column(String(80))
    execution: Mapped[str] = mapped_column(String(500))
    booked_month: Mapped[str] = mapped_column(String(7))
    withdrawal: Mapped[str] = mapped_column(String(500))
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by: Mapped[str] = mapped_column(String(80))
    objection: Mapped[str] = mapped_column(Text)
    acknowledged_at: Mapped[datetime | None]
    acknowledged_by: Mapped[str] = mapped_column(String(80))
    month: Mapped[str] = mapped_column(String(7))
    month_rule: Mapped[str] = mapped_column(String(12))
    is_early: Mapped[bool] = mapped_column(Boolean)
    next_look_at: Mapped[datetime | None]
    __table_args__ = (
        CheckConstraint(f"state IN {STATES}", name="state"),
        CheckConstraint(f"category IN {CATEGORIES}", name="category"),
        Index("ix_breach_case_contract_id_month", "contract_id", "month"),
        Index("ix_breach_case_state_id", "state", "id"),
        Index(
            "ix_breach_case_next_look_at",
            "next_look_at",
            sqlite_where=not_null("next_look_at"),
            postgresql_where=not_null("next_look_at"),
        ),
    )


class BreachAccountRow(Base):
    """What one side says happened, as it said last."""

    __tablename__ = "breach_account"
    case_id: Mapped[int] = mapped_column(ForeignKey("breach_case.id"), primary_key=True)
    side: Mapped[str] = mapped_column(String(12), primary_key=True)
    occurred_at: Mapped[datetime | None]
    discovered_at: Mapped[datetime | None]
    known_at: Mapped[datetime | None]
    reported_at: Mapped[datetime | None]
    channel: Mapped[str] = mapped_column(String(20))
    what: Mapped[str] = mapped_column(Text)
    known_how: Mapped[str] = mapped_column(String(500))
    receiver: Mapped[str] = mapped_column(String(40))
    place: Mapped[str] = mapped_column(String(100))
    systems: Mapped[str] = mapped_column(String(200))
    impact: Mapped[str] = mapped_column(String(500))
    measures: Mapped[str] = mapped_column(String(500))
    told_at: Mapped[datetime]
    told_by: Mapped[str] = mapped_column(String(80))


class BreachDispatchRow(Base):
    """That the hospital told somebody outside of a case, or decided that none need be told (`is_needed` false)."""

    __tablename__ = "breach_dispatch"
    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("breach_case.id"))
    receiver: Mapped[str] = mapped_column(String(60))
    is_needed: Mapped[bool] = mapped_column(Boolean)
    sent_at: Mapped[datetime]
    sender: Mapped[str] = mapped_column(String(40))
    channel: Mapped[str] = mapped_column(String(20))
    text: Mapped[str] = mapped_column(Text)
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[str] = mapped_column(String(80))
    __table_args__ = (Index("ix_breach_dispatch_case_id", "case_id", "id"),)


class BreachTicketRow(Base):
    """That a case is about a ticket."""

    __tablename__ = "breach_ticket"
    case_id: Mapped[int] = mapped_column(ForeignKey("breach_case.id"), primary_key=True)
    ticket_id: Mapped[int] = mapped_column(Id, ForeignKey("ticket.id"), primary_key=True)
    __table_args__ = (Index("ix_breach_ticket_ticket_id", "ticket_id"),)


class BreachFlagRow(Base):
    """That a case rests on a flag."""

    __tablename__ = "breach_flag"
    case_id: Mapped[int] = mapped_column(ForeignKey("breach_case.id"), primary_key=True)
    flag_id: Mapped[int] = mapped_column(ForeignKey("flag.id"), primary_key=True)
    __table_args__ = (Index("ix_breach_flag_flag_id", "flag_id"),)


EMPTY = {
    "version": 1, "filed_by": "", "statement": "", "stated_by": "", "is_silent": False, "finding": "", "found_by": "",
    "returned": "", "approved_by": "", "executed_by": "", "execution": "", "booked_month": "", "withdrawal": "",
    "withdrawn_by": "", "objection": "", "acknowledged_by": "",
}  # fmt: skip


def case_of(row: BreachRow) -> Case:
    """Given a row, return the case as a plain value, without a word that anybody typed."""
    return Case(
        row.id, row.number, row.contract_id, row.category, row.state, row.raised_side, row.raised_at, row.occurred_at,
        row.discovered_at, row.known_at, row.reported_at, row.filed_at, row.statement_due_at, row.stated_at,
        row.is_silent, row.upheld, row.found_at, row.found_by, row.approved_at, row.approved_by, row.executed_at,
        row.executed_by, row.withdrawn_at, row.month, row.month_rule, row.booked_month, row.is_early,
    )  # fmt: skip


def seen_by(query: Select[Any], side: str) -> Select[Any]:
    """Given a select over cases and a side, return it of what that side sees.

    The hospital sees everything, the vendor what is filed or its own, anybody else nothing.
    """
    if side == HOSPITAL:
        return query
    mine = true() if side == VENDOR else false()
    return query.where(mine, or_(BreachRow.filed_at.is_not(None), BreachRow.raised_side == VENDOR))


def one(session: Session, number: str, side: str, *, hold: bool = False) -> BreachRow | None:
    """Given a number and the side that asks, return the case (held against other writers with `hold`), or None."""
    query = seen_by(select(BreachRow).where(BreachRow.number == number), side)
    query = query.with_for_update() if hold else query
    return session.scalar(query.execution_options(populate_existing=True))


def by_key(session: Session, key: str) -> BreachRow | None:
    """Given a form's key, return the case it made, or None."""
    return session.scalar(select(BreachRow).where(BreachRow.key == key))


def next_number(session: Session, year: int) -> str:
    """Given a Shanghai year, return the next number of it, held against other writers until the commit."""
    locks.hold(session, Lock.BREACHES)
    prefix = f"AQ-{year}-"
    newest = select(func.max(func.length(BreachRow.number)), func.count()).where(BreachRow.number.startswith(prefix))
    longest, count = session.execute(newest).one()
    if not count:
        return f"{prefix}001"
    same = BreachRow.number.startswith(prefix), func.length(BreachRow.number) == longest
    last = session.scalar(select(func.max(BreachRow.number)).where(*same)) or ""
    return f"{prefix}{int(last.removeprefix(prefix)) + 1:03d}"


def add(session: Session, **values: Any) -> BreachRow:
    """Given a new case's columns, insert it and return its row."""
    row = BreachRow(**{**EMPTY, **values})
    session.add(row)
    session.flush()
    return row


def accounts(session: Session, case_id: int) -> dict[str, BreachAccountRow]:
    """Given a case, return what each side said, by side."""
    query = select(BreachAccountRow).where(BreachAccountRow.case_id == case_id)
    return {row.side: row for row in session.scalars(query.execution_options(populate_existing=True))}


def account_of(row: BreachAccountRow) -> Account:
    """Given a row, return it as a plain value."""
    return Account(**{name: getattr(row, name) for name in (*TIMES, "channel", *TEXTS)})


def keep_account(session: Session, case_id: int, side: str, account: Account, by: str, at: datetime) -> None:
    """Given a case, a side and what it says, masked, keep it in place of what it said before."""
    values = {name: getattr(account, name) for name in (*TIMES, "channel", *TEXTS)}
    row = session.get(BreachAccountRow, (case_id, side)) or BreachAccountRow(case_id=case_id, side=side)
    for name, value in {**values, "told_at": at, "told_by": by}.items():
        setattr(row, name, value)
    session.add(row)
    session.flush()


def connect(session: Session, case_id: int, ticket_ids: Iterable[int], flag_ids: Iterable[int]) -> None:
    """Given a case, tickets and flags, keep that it is about them; what is kept already stays."""
    tickets = set(ticket_ids) - set(
        session.scalars(select(BreachTicketRow.ticket_id).where(BreachTicketRow.case_id == case_id))
    )
    flags = set(flag_ids) - set(session.scalars(select(BreachFlagRow.flag_id).where(BreachFlagRow.case_id == case_id)))
    if tickets:
        session.execute(insert(BreachTicketRow), [{"case_id": case_id, "ticket_id": one} for one in sorted(tickets)])
    if flags:
        session.execute(insert(BreachFlagRow), [{"case_id": case_id, "flag_id": one} for one in sorted(flags)])


def known_flags(session: Session, flag_ids: Collection[int]) -> set[int]:
    """Given flags' ids, return those that exist."""
    return set(session.scalars(select(FlagRow.id).where(FlagRow.id.in_(flag_ids)))) if flag_ids else set()


def tickets_of(session: Session, case_id: int) -> Sequence[Any]:
    """Given a case, return its tickets (number, type, title, reported_at), by number."""
    query = select(TicketRow.number, TicketRow.type, TicketRow.title, TicketRow.reported_at)
    query = query.join(BreachTicketRow, BreachTicketRow.ticket_id == TicketRow.id)
    return session.execute(query.where(BreachTicketRow.case_id == case_id).order_by(TicketRow.number)).all()


def flags_of(session: Session, case_id: int) -> Sequence[FlagRow]:
    """Given a case, return its flags, oldest first."""
    query = select(FlagRow).join(BreachFlagRow, BreachFlagRow.flag_id == FlagRow.id)
    return session.scalars(query.where(BreachFlagRow.case_id == case_id).order_by(FlagRow.id)).all()


def of_ticket(session: Session, number: str, side: str) -> Sequence[BreachRow]:
    """Given a ticket's number and the side that asks, return the cases about it, oldest first."""
    query = select(BreachRow).join(BreachTicketRow, BreachTicketRow.case_id == BreachRow.id)
    query = query.join(TicketRow, TicketRow.id == BreachTicketRow.ticket_id).where(TicketRow.number == number)
    return session.scalars(seen_by(query, side).order_by(BreachRow.id)).all()


def add_dispatch(session: Session, **values: Any) -> None:
    """Given a dispatch's columns, keep it."""
    session.add(BreachDispatchRow(**values))
    session.flush()


def dispatches(session: Session, case_id: int) -> Sequence[BreachDispatchRow]:
    """Given a case, return whom the hospital told, in the order recorded."""
    query = select(BreachDispatchRow).where(BreachDispatchRow.case_id == case_id)
    return session.scalars(query.order_by(BreachDispatchRow.id)).all()


def claim(session: Session, case_id: int, seen: datetime) -> BreachRow | None:
    """Given a case and the moment it was found due at, return it held for this look alone, else None."""
    mine = update(BreachRow).where(BreachRow.id == case_id, BreachRow.next_look_at == seen).values(next_look_at=None)
    if session.execute(mine).rowcount != 1:  # type: ignore[attr-defined]
        return None
    return session.get(BreachRow, case_id, populate_existing=True)
