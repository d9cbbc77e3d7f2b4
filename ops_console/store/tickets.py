"""Ticket rows: what the events of each come to, kept for lists, filters and sorting. Events are the truth."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    Date,
    ForeignKey,
    Index,
    SmallInteger,
    String,
    bindparam,
    func,
    insert,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from ops_console.core.tickets import OPEN_STATES, RESTORED
from ops_console.store import locks
from ops_console.store.base import Base, Id, not_null, positive
from ops_console.store.locks import Lock

# In byte order everywhere, as SQLite keeps it: a locale's order would put `~` before digits.
BYTEWISE = String(40).with_variant(String(40, collation="C"), "postgresql")


def _where_any(counted: str, *columns: str) -> Index:
    """An index over the tickets that have any of what a column counts."""
    return Index(f"ix_ticket_{counted}", *columns, sqlite_where=positive(counted), postgresql_where=positive(counted))


class TicketRow(Base):
    """One ticket as it stands now."""

    __tablename__ = "ticket"
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    number: Mapped[str] = mapped_column(BYTEWISE, unique=True)
    contract_id: Mapped[int] = mapped_column(ForeignKey("contract.id"))
    contract_version_id: Mapped[int] = mapped_column(ForeignKey("contract_version.id"))
    type: Mapped[str] = mapped_column(String(30))
    module: Mapped[str] = mapped_column(String(60))
    carrier: Mapped[str] = mapped_column(String(60))
    channel: Mapped[str] = mapped_column(String(20))
    department: Mapped[str] = mapped_column(String(100))
    reporter: Mapped[str] = mapped_column(String(100))
    title: Mapped[str] = mapped_column(String(200))
    handler: Mapped[str] = mapped_column(String(100))
    state: Mapped[str] = mapped_column(String(12))
    needs_onsite: Mapped[bool]
    reported_at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    responded_at: Mapped[datetime | None]
    restored_at: Mapped[datetime | None]
    month: Mapped[str] = mapped_column(String(7))
    hour: Mapped[int] = mapped_column(SmallInteger)
    klass: Mapped[str] = mapped_column("class", String(4))
    provisional: Mapped[bool]
    calendar: Mapped[str] = mapped_column(String(120))
    breaks_at: Mapped[datetime | None]
    waiting: Mapped[int] = mapped_column(SmallInteger)
    from_hospital: Mapped[bool]
    unproven: Mapped[int] = mapped_column(SmallInteger)
    blanks: Mapped[int] = mapped_column(SmallInteger)
    assignee: Mapped[str] = mapped_column(String(40))
    mode: Mapped[str] = mapped_column(String(10))
    cause: Mapped[str] = mapped_column(String(40))
    closure: Mapped[str] = mapped_column(String(8))
    agreed_on: Mapped[date | None] = mapped_column(Date)
    __table_args__ = (
        Index("ix_ticket_reported_at_id", "reported_at", "id"),
        Index("ix_ticket_type_reported_at_id", "type", "reported_at", "id"),
        Index("ix_ticket_module_reported_at_id", "module", "reported_at", "id"),
        Index("ix_ticket_state_reported_at_id", "state", "reported_at", "id"),
        Index("ix_ticket_month_reported_at_id", "month", "reported_at", "id"),
        Index("ix_ticket_type_module_reported_at_id", "type", "module", "reported_at", "id"),
        Index(
            "ix_ticket_broken",
            "reported_at",
            "id",
            "breaks_at",
            sqlite_where=not_null("breaks_at"),
            postgresql_where=not_null("breaks_at"),
        ),
        Index(
            "ix_ticket_from_hospital",
            "month",
            sqlite_where=text("from_hospital = 1"),
            postgresql_where=text("from_hospital"),
        ),
        _where_any("unproven", "reported_at", "id"),
        _where_any("blanks", "reported_at", "id"),
        _where_any("waiting", "waiting"),
        Index(
            "ix_ticket_agreed_on",
            "agreed_on",
            sqlite_where=not_null("agreed_on"),
            postgresql_where=not_null("agreed_on"),
        ),
    )


LISTED = (
    TicketRow.id, TicketRow.number, TicketRow.type, TicketRow.module, TicketRow.channel, TicketRow.department,
    TicketRow.reporter, TicketRow.title, TicketRow.handler, TicketRow.state, TicketRow.reported_at,
    TicketRow.klass, TicketRow.provisional, TicketRow.breaks_at, TicketRow.waiting, TicketRow.unproven,
    TicketRow.blanks, TicketRow.assignee, TicketRow.closure,
)  # fmt: skip
JUDGED = (
    TicketRow.id, TicketRow.number, TicketRow.contract_version_id, TicketRow.klass, TicketRow.provisional,
    TicketRow.reported_at, TicketRow.month, TicketRow.calendar, TicketRow.type, TicketRow.needs_onsite,
)  # fmt: skip


def by_number(session: Session, number: str) -> TicketRow | None:
    """Given a ticket's number, return its row, or None."""
    return session.scalar(select(TicketRow).where(TicketRow.number == number))


def lock(session: Session, number: str) -> TicketRow | None:
    """Given a ticket's number, return its row held against other writers until the commit, or None."""
    query = select(TicketRow).where(TicketRow.number == number).with_for_update(key_share=True)
    return session.scalar(query.execution_options(populate_existing=True))


def open_of(session: Session, assignee: str, handler: str = "") -> Sequence[str]:
    """Given an account, return the numbers of the open tickets that are assigned to it, in their order.

    With the name of who handles them, those too that are assigned to nobody and that this person answered.
    """
    theirs = TicketRow.assignee == assignee
    if handler:
        theirs |= (TicketRow.assignee == "") & (TicketRow.handler == handler)
    query = select(TicketRow.number).where(theirs, TicketRow.state.in_(OPEN_STATES))
    return session.scalars(query.order_by(TicketRow.number)).all()


def lock_adding(session: Session) -> None:
    """Given a session that is about to add tickets, let no other add any until its commit. Before any row lock."""
    locks.hold(session, Lock.TICKETS)


def lock_ids(session: Session, ids: Iterable[int]) -> dict[int, TicketRow]:
    """Given ids, return the rows that exist, by id, held against other writers until the commit."""
    query = select(TicketRow).where(TicketRow.id.in_(list(ids))).order_by(TicketRow.id)
    found = session.scalars(query.with_for_update(key_share=True).execution_options(populate_existing=True))
    return {row.id: row for row in found}


def lock_many(session: Session, numbers: Iterable[str]) -> dict[str, TicketRow]:
    """Given numbers, return the rows that exist, by number, held against other writers until the commit."""
    query = select(TicketRow).where(TicketRow.number.in_(list(numbers))).order_by(TicketRow.id)
    found = session.scalars(query.with_for_update(key_share=True).execution_options(populate_existing=True))
    return {row.number: row for row in found}


def by_numbers(session: Session, numbers: Iterable[str]) -> dict[str, int]:
    """Given numbers, return the ids of those that exist, by number."""
    query = select(TicketRow.number, TicketRow.id).where(TicketRow.number.in_(list(numbers)))
    return dict(session.execute(query).all())


ADD = insert(TicketRow.__table__).returning(  # by the table: mapped inserts cost twice as much
    TicketRow.__table__.c.number, TicketRow.__table__.c.id
)


def add(session: Session, rows: list[dict[str, Any]]) -> dict[str, int]:
    """Given the columns of new tickets, insert them and return their ids by number."""
    named = [{"class" if name == "klass" else name: row[name] for name in row} for row in rows]
    return dict(session.execute(ADD, named).all())


def store(session: Session, rows: list[dict[str, Any]]) -> None:
    """Given columns of existing tickets, each with its id, write them."""
    if rows:
        session.execute(update(TicketRow), rows)


def reported_between(session: Session, first_month: str, last_month: str, after: int, limit: int) -> Sequence[Any]:
    """Given months (inclusive), return what judges their tickets anew, by id.

    `after` is the last id of the batch before; at most `limit` rows.
    """
    query = (
        select(*JUDGED)
        .where(TicketRow.month >= first_month, TicketRow.month <= last_month, TicketRow.id > after)
        .order_by(TicketRow.id)
        .limit(limit)
    )  # fmt: skip
    return session.execute(query).all()


def by_ids(session: Session, ids: Iterable[int]) -> Sequence[Any]:
    """Given ids, return what judges those tickets anew."""
    return session.execute(select(*JUDGED).where(TicketRow.id.in_(list(ids))).order_by(TicketRow.id)).all()


def ids_of_kinds(
    session: Session, contract_id: int, types: Iterable[str], visits: bool, start: datetime, end: datetime
) -> Sequence[int]:
    """Given a contract, ticket types, whether every visit counts and two instants, return the ids of the tickets
    reported between them that are of such a type, or for which somebody must come.
    """
    wanted = TicketRow.type.in_(list(types))
    wanted = or_(wanted, TicketRow.needs_onsite) if visits else wanted
    query = select(TicketRow.id).where(
        TicketRow.contract_id == contract_id, TicketRow.reported_at >= start, TicketRow.reported_at <= end, wanted
    )  # fmt: skip
    return session.scalars(query.order_by(TicketRow.id)).all()


def restored_before(session: Session, at: datetime, after: int, limit: int) -> Sequence[Any]:
    """Given an instant, return (id, number) of tickets restored before it that wait for a word, by id after `after`."""
    query = select(TicketRow.id, TicketRow.number).where(TicketRow.state == RESTORED, TicketRow.restored_at < at)
    return session.execute(query.where(TicketRow.id > after).order_by(TicketRow.id).limit(limit)).all()


NUMBERS = (
    select(TicketRow.number)
    .where(TicketRow.number.between(bindparam("first"), bindparam("last")))
    .order_by(TicketRow.number.desc())
    .execution_options(yield_per=20)
)


def last_serial(session: Session, prefix: str) -> int:
    """Given a number's beginning, such as `GD-20260305-`, return the highest five-digit end in use, 0 when none.

    Numbers of a site's own that begin so and end otherwise (`GD-20260305-7a`) are passed over.
    """
    for number in session.scalars(NUMBERS, {"first": prefix + "00000", "last": prefix + "99999"}):
        end = number.removeprefix(prefix)
        if len(end) == 5 and end.isascii() and end.isdigit():
            return int(end)
    return 0


def count_from_hospital(session: Session, month: str) -> int:
    """Given a month, return how many of its tickets have a report time that the hospital's side gave."""
    query = select(func.count()).where(TicketRow.month == month, TicketRow.from_hospital.is_(True))
    return session.scalar(query.select_from(TicketRow)) or 0


def months(session: Session) -> tuple[str, str] | None:
    """Given nothing, return the first and last month that has tickets, or None when there is none."""
    # Two subqueries, each one look into the index: asked for together, SQLite reads all of it.
    first, last = session.execute(
        select(select(func.min(TicketRow.month)).scalar_subquery(), select(func.max(TicketRow.month)).scalar_subquery())
    ).one()
    return (first, last) if first else None


def total(session: Session) -> int:
    """Given nothing, return how many tickets there are."""
    return session.scalar(select(func.count()).select_from(TicketRow)) or 0


def ids_after(session: Session, after: int, limit: int) -> list[int]:
    """Given an id and a limit, return the ids that follow it."""
    return list(session.scalars(select(TicketRow.id).where(TicketRow.id > after).order_by(TicketRow.id).limit(limit)))
