"""Events: the only facts, appended under one hash chain, never changed. Personal text is kept apart.

A session collects events; they are numbered, linked and inserted as the last act before its commit, so a fact
without its link cannot be stored.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text, insert, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from ops_console.core.chain import ALGORITHM, GENESIS, canonical, commitment, link, microseconds
from ops_console.core.tickets import CORRECTION_DECIDED, Event
from ops_console.store.base import Base, Id

CHAIN_LOCK = 7_302_026  # pg_advisory_xact_lock key of the one chain
PENDING = "events to seal"
# What sheets brought in is no news, and a note of one party is nothing to the other.
NEWS = text("ticket_id IS NOT NULL AND grade <> '导入' AND kind <> 'noted'")


class EventRow(Base):
    """One link of the chain: hashable facts, who, when it happened and when it was recorded."""

    __tablename__ = "event"
    seq: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    subject: Mapped[str] = mapped_column(String(30))
    subject_id: Mapped[str] = mapped_column(String(80))
    ticket_id: Mapped[int | None] = mapped_column(Id, ForeignKey("ticket.id"))
    kind: Mapped[str] = mapped_column(String(40))
    occurred_at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(String(80))
    side: Mapped[str] = mapped_column(String(12))
    channel: Mapped[str] = mapped_column(String(20))
    grade: Mapped[str] = mapped_column(String(8))
    evidence: Mapped[str] = mapped_column(Text)
    facts: Mapped[str] = mapped_column(Text)
    commitments: Mapped[str] = mapped_column(Text)
    algorithm: Mapped[str] = mapped_column(String(20))
    prev_hash: Mapped[str] = mapped_column(String(64), unique=True)
    hash: Mapped[str] = mapped_column(String(64))
    __table_args__ = (
        Index("ix_event_ticket_id_seq", "ticket_id", "seq"),
        Index(  # everything but tickets: their events are found by ticket
            "ix_event_subject",
            "subject",
            "seq",
            sqlite_where=text("ticket_id IS NULL"),
            postgresql_where=text("ticket_id IS NULL"),
        ),
        Index(
            "ix_event_decided",
            "occurred_at",
            sqlite_where=text("kind = 'correction_decided'"),
            postgresql_where=text("kind = 'correction_decided'"),
        ),
        Index("ix_event_news", "side", "seq", "ticket_id", sqlite_where=NEWS, postgresql_where=NEWS),
    )


class PersonalRow(Base):
    """The personal part of an event: one text and its salt, which a purge destroys together."""

    __tablename__ = "event_personal"
    seq: Mapped[int] = mapped_column(Id, ForeignKey("event.seq"), primary_key=True, autoincrement=False)
    field: Mapped[str] = mapped_column(String(30), primary_key=True)
    text: Mapped[str | None] = mapped_column(Text)
    salt: Mapped[bytes | None] = mapped_column(LargeBinary(16))


def append(session: Session, subject: str, subject_id: str, event: Event, ticket_id: int | None = None) -> None:
    """Given what the event is about, keep it to be sealed into the chain at this session's commit."""
    session.info.setdefault(PENDING, []).append((subject, subject_id, event, ticket_id))


def seal(session: Session) -> None:
    """Given a session about to commit, number, link and insert its collected events."""
    pending = session.info.pop(PENDING, [])
    if not pending:
        return
    session.flush()
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": CHAIN_LOCK})
    seq, head = session.execute(
        select(EventRow.seq, EventRow.hash).order_by(EventRow.seq.desc()).limit(1)
    ).one_or_none() or (0, GENESIS)
    rows, personal = [], []
    for subject, subject_id, event, ticket_id in pending:
        seq += 1
        row, parts = _row(seq, head, subject, subject_id, event)
        head = row["hash"]
        rows.append({**row, "ticket_id": ticket_id})
        personal += parts
    session.execute(insert(EventRow), rows)
    if personal:
        session.execute(insert(PersonalRow), personal)


def _row(seq: int, head: str, subject: str, subject_id: str, event: Event) -> tuple[dict, list[dict]]:  # type: ignore[type-arg]
    personal = [
        {"seq": seq, "field": name, "text": value, "salt": secrets.token_bytes(16)}
        for name, value in sorted(event.personal.items())
        if value
    ]
    row = {
        "seq": seq,
        "subject": subject,
        "subject_id": subject_id,
        "kind": event.kind,
        "occurred_at": event.occurred_at,
        "recorded_at": event.recorded_at,
        "actor": event.actor,
        "side": event.side,
        "channel": event.channel,
        "grade": event.grade,
        "evidence": canonical(list(event.evidence)),
        "facts": canonical(dict(event.facts)),
        "commitments": canonical({p["field"]: commitment(p["salt"], p["text"]) for p in personal}),
        "algorithm": ALGORITHM,
        "prev_hash": head,
    }
    row["hash"] = link(head, body(row))
    return row, personal


def body(row: dict) -> str:  # type: ignore[type-arg]
    """Given an event's columns, return the canonical text that is hashed: JSON parts as their own values."""
    hashed = {
        name: row[name]
        for name in ("seq", "subject", "subject_id", "kind", "actor", "side", "channel", "grade", "algorithm")
    }
    hashed |= {name: microseconds(row[name]) for name in ("occurred_at", "recorded_at")}
    hashed |= {name: json.loads(row[name]) for name in ("evidence", "facts", "commitments")}
    return canonical(hashed)


def of_tickets(session: Session, ticket_ids: Iterable[int]) -> dict[int, list[Event]]:
    """Given ticket ids, return each one's events in the order recorded, personal texts included. Two statements."""
    ids = list(ticket_ids)
    found: dict[int, list[Event]] = {ticket_id: [] for ticket_id in ids}
    rows = session.execute(select(EventRow.__table__).where(EventRow.ticket_id.in_(ids)).order_by(EventRow.seq)).all()
    texts: dict[int, dict[str, str]] = {}
    personal = (
        select(PersonalRow.seq, PersonalRow.field, PersonalRow.text)
        .join(EventRow, EventRow.seq == PersonalRow.seq)
        .where(EventRow.ticket_id.in_(ids))
    )
    for seq, name, value in session.execute(personal):
        texts.setdefault(seq, {})[name] = value or ""
    for row in rows:
        found[row.ticket_id].append(_event(row, texts.get(row.seq, {})))
    return found


def corrected_since(session: Session, at: datetime) -> list[int]:
    """Given an instant, return the ids of tickets with a correction decided later."""
    decided = select(EventRow.ticket_id).where(EventRow.kind == CORRECTION_DECIDED, EventRow.occurred_at > at)
    return sorted({ticket_id for ticket_id in session.scalars(decided) if ticket_id is not None})


def _event(row, personal: dict[str, str]) -> Event:  # type: ignore[no-untyped-def]
    return Event(
        kind=row.kind,
        occurred_at=row.occurred_at,
        recorded_at=row.recorded_at,
        actor=row.actor,
        side=row.side,
        channel=row.channel,
        grade=row.grade,
        evidence=tuple(json.loads(row.evidence)),
        facts=json.loads(row.facts),
        personal=personal,
        seq=row.seq,
    )


def first_broken(session: Session, batch: int = 5000) -> int | None:
    """Given nothing, walk the whole chain and return the number of its first broken entry, or None."""
    head, last = GENESIS, 0
    while True:
        rows = session.execute(
            select(EventRow.__table__).where(EventRow.seq > last).order_by(EventRow.seq).limit(batch)
        ).all()
        if not rows:
            return None
        for row in rows:
            if row.seq != last + 1 or row.prev_hash != head or row.hash != link(head, body(row._asdict())):
                return last + 1
            head, last = row.hash, row.seq


def chain_head(session: Session) -> tuple[int, str]:
    """Given nothing, return the number of entries and the hash of the last one."""
    row = session.execute(select(EventRow.seq, EventRow.hash).order_by(EventRow.seq.desc()).limit(1)).one_or_none()
    return (row.seq, row.hash) if row else (0, GENESIS)


def about(session: Session, subject: str, kinds: Iterable[str] = (), limit: int = 100) -> list[tuple[int, str, Event]]:
    """Given a subject other than tickets and kinds (none: all), return its newest events, numbers and subject ids."""
    query = select(EventRow.__table__).where(EventRow.ticket_id.is_(None), EventRow.subject == subject)
    query = query.where(EventRow.kind.in_(list(kinds))) if kinds else query
    rows = session.execute(query.order_by(EventRow.seq.desc()).limit(limit)).all()
    return [(row.seq, row.subject_id, _event(row, {})) for row in rows]


def seq_of(session: Session, ticket_id: int, count: int | None) -> int:
    """Given a ticket and a number of its events (None: all), return the chain's number of the last of them, else 0."""
    query = select(EventRow.seq).where(EventRow.ticket_id == ticket_id, EventRow.kind != "noted")
    if count is None or count < 1:
        return session.scalar(query.order_by(EventRow.seq.desc()).limit(1)) or 0
    return max(session.scalars(query.order_by(EventRow.seq).limit(count)), default=0)
