"""Up to where a person has seen a ticket, and up to where everything: what the other party did since is news."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, ForeignKey, Select, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from ops_console.store.audit import NEWS, EventRow
from ops_console.store.base import Base, Id, insert_over

LOOK_BACK = 5_000  # events of the chain: what lies further back is no news


class SeenRow(Base):
    """A person has seen a ticket up to this number of the chain."""

    __tablename__ = "ticket_seen"
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    ticket_id: Mapped[int] = mapped_column(Id, ForeignKey("ticket.id"), primary_key=True)
    seen_seq: Mapped[int] = mapped_column(Id)


class UntilRow(Base):
    """Everything up to this number of the chain is no news to a person: their first day, or all marked as seen."""

    __tablename__ = "seen_until"
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(Id)


def until(session: Session, person_id: int) -> int | None:
    """Given a person, return the number up to which nothing is news, or None when they never looked."""
    return session.scalar(select(UntilRow.seq).where(UntilRow.person_id == person_id))


def keep_until(session: Session, person_id: int, seq: int, *, anew: bool) -> None:
    """Given a person and a number, note that nothing up to it is news; one that stands is kept unless `anew`."""
    row = {"person_id": person_id, "seq": seq}
    statement = insert_over(session, UntilRow).values(row)
    session.execute(
        statement.on_conflict_do_update(index_elements=["person_id"], set_={"seq": seq})
        if anew
        else statement.on_conflict_do_nothing()
    )


def keep(session: Session, person_id: int, ticket_id: int, seq: int) -> None:
    """Given a person, a ticket and a number, note that they have seen it up to there; never less than before."""
    statement = insert_over(session, SeenRow).values(person_id=person_id, ticket_id=ticket_id, seen_seq=seq)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["person_id", "ticket_id"], set_={"seen_seq": seq}, where=SeenRow.seen_seq < seq
        )
    )


def news(session: Session, person_id: int, side: str, limit: int) -> list[int]:
    """Given a person and the other side, return the ids of tickets with news of it, at most so many. One statement."""
    return list(session.scalars(news_query(person_id, side).limit(limit)))


def news_query(person_id: int, side: str) -> Select[Any]:
    """Given a person and the other side, return the query of the ids of tickets with news of it."""
    head = select(func.max(EventRow.seq)).scalar_subquery()
    query = select(EventRow.ticket_id).where(EventRow.side == side, EventRow.seq > head - LOOK_BACK)
    return _unseen(query, person_id).distinct()


def has_news(ticket_id: Any, person_id: Any, side: Any) -> ColumnElement[bool]:
    """Given a column of ticket ids, a person and the other side (or parameters), return whether there is news of it."""
    query = select(EventRow.ticket_id).where(EventRow.ticket_id == ticket_id, EventRow.side == side)
    return _unseen(query, person_id).exists()


def _unseen(query: Select[Any], person_id: Any) -> Select[Any]:
    """Nothing is news to a person who never looked: their first look sets the mark."""
    seen = select(SeenRow.seen_seq).where(SeenRow.person_id == person_id, SeenRow.ticket_id == EventRow.ticket_id)
    first = select(UntilRow.seq).where(UntilRow.person_id == person_id).scalar_subquery()
    last = func.coalesce(seen.correlate(EventRow).scalar_subquery(), 0)
    return query.where(NEWS, EventRow.seq > first, EventRow.seq > last)
