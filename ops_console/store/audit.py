"""Events: the only facts, appended under one hash chain, never changed. Personal text is kept apart.

A session collects events; they are numbered, linked and inserted as the last act before its commit, so a fact
without its link cannot be stored.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, ForeignKey, Index, LargeBinary, String, Text, insert, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from ops_console.core.chain import ALGORITHM, GENESIS, canonical, commitment, link, microseconds, quoted
from ops_console.core.notes import NOTED
from ops_console.core.personal_data import Masker
from ops_console.core.tickets import CORRECTION_DECIDED, GRADE_IMPORTED, PURGED, Event
from ops_console.store import locks
from ops_console.store.base import Base, Id
from ops_console.store.locks import Lock
from ops_console.store.masks import masker_of, sealer_of

PENDING = "events to link"
Entry = tuple[str, str, Event, int | None]  # subject, its id, what happened, the ticket it belongs to
SALT_BYTES = 16
ORIGINAL = ".original"  # `title.original` is the commitment to what is sealed, `title` the one to the masked text
KEPT_UNTIL_PURGE = text("(sealed IS NOT NULL OR (text IS NOT NULL AND field IN ('phone', 'reporter')))")
# What sheets brought in is no news, and a note of one party is nothing to the other.
NEWS = text(f"ticket_id IS NOT NULL AND grade <> '{GRADE_IMPORTED}' AND kind <> '{NOTED}'")


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
        Index("ix_event_recorded_at", "recorded_at"),
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
    """The personal part of an event: one text, masked, and its salt; sealed, the text as it was typed.

    A purge destroys what is sealed; where the text itself must go, text and salt together.
    """

    __tablename__ = "event_personal"
    seq: Mapped[int] = mapped_column(Id, ForeignKey("event.seq"), primary_key=True, autoincrement=False)
    field: Mapped[str] = mapped_column(String(30), primary_key=True)
    text: Mapped[str | None] = mapped_column(Text)
    salt: Mapped[bytes | None] = mapped_column(LargeBinary(16))
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    __table_args__ = (
        Index(
            "ix_event_personal_kept",
            "seq",
            sqlite_where=KEPT_UNTIL_PURGE,
            postgresql_where=KEPT_UNTIL_PURGE,
        ),
    )


HEAD = select(EventRow.seq, EventRow.hash).order_by(EventRow.seq.desc()).limit(1)


ADD, ADD_PERSONAL = insert(EventRow.__table__), insert(PersonalRow.__table__)


def append(session: Session, subject: str, subject_id: str, event: Event, ticket_id: int | None = None) -> None:
    """Given what the event is about, keep it, masked, to be linked into the chain at this session's commit.

    Originals are kept of what belongs to a ticket: its purge destroys them.
    """
    masked = masker_of(session).event(event)
    if ticket_id is None:
        masked = replace(masked, originals={})
    session.info.setdefault(PENDING, []).append((subject, subject_id, masked, ticket_id))


def seal(session: Session) -> None:
    """Given a session about to commit, number, link and insert its collected events."""
    pending = session.info.pop(PENDING, [])
    if not pending:
        return
    session.flush()
    locks.hold(session, Lock.CHAIN)
    seq, head = session.execute(HEAD).one_or_none() or (0, GENESIS)
    rows, personal = linked(session, seq, head, pending)
    session.execute(ADD, rows)
    if personal:
        session.execute(ADD_PERSONAL, personal)


def linked(session: Session, seq: int, head: str, entries: Iterable[Entry]) -> tuple[list[dict], list[dict]]:  # type: ignore[type-arg]
    """Given where the chain ends and masked entries, return their rows in order, and the rows of their texts."""
    rows, personal = [], []
    for subject, subject_id, event, ticket_id in entries:
        seq += 1
        parts = _parts(session, seq, event)
        row = _row(seq, head, subject, subject_id, event, parts)
        head = row["hash"]
        rows.append({**row, "ticket_id": ticket_id})
        personal += [{name: part[name] for name in PERSONAL_COLUMNS} for part in parts]
    return rows, personal


PERSONAL_COLUMNS = ("seq", "field", "text", "salt", "sealed")


def _parts(session: Session, seq: int, event: Event) -> list[dict]:  # type: ignore[type-arg]
    return [
        _part(session, seq, name, text, event.originals.get(name))
        for name, text in sorted(event.personal.items())
        if text
    ]


def _part(session: Session, seq: int, name: str, shown: str, original: str | None) -> dict:  # type: ignore[type-arg]
    salt = secrets.token_bytes(SALT_BYTES)
    part = {"seq": seq, "field": name, "text": shown, "salt": salt, "sealed": None}
    part["commitments"] = {name: commitment(salt, shown)}
    if original is not None:
        own_salt = secrets.token_bytes(SALT_BYTES)  # sealed with the text, and gone with it
        plaintext = own_salt + original.encode("utf-8")
        part["sealed"] = sealer_of(session).seal(plaintext, table=PersonalRow.__tablename__, row=seq, field=name)
        part["commitments"][name + ORIGINAL] = commitment(own_salt, original)
    return part


def _row(seq: int, head: str, subject: str, subject_id: str, event: Event, parts: list[dict]) -> dict:  # type: ignore[type-arg]
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
        "commitments": canonical({name: value for part in parts for name, value in part["commitments"].items()}),
        "algorithm": ALGORITHM,
        "prev_hash": head,
    }
    row["hash"] = link(head, body(row))
    return row


def body(row: dict) -> str:  # type: ignore[type-arg]
    """Given an event's columns, return the canonical text that is hashed, its keys sorted.

    The JSON columns are canonical as they stand: they enter as they are, so that a changed blank shows too.
    """
    return (
        f'{{"actor":{quoted(row["actor"])},"algorithm":{quoted(row["algorithm"])},"channel":{quoted(row["channel"])},'
        f'"commitments":{row["commitments"]},"evidence":{row["evidence"]},"facts":{row["facts"]},'
        f'"grade":{quoted(row["grade"])},"kind":{quoted(row["kind"])},'
        f'"occurred_at":{microseconds(row["occurred_at"])},"recorded_at":{microseconds(row["recorded_at"])},'
        f'"seq":{row["seq"]},"side":{quoted(row["side"])},"subject":{quoted(row["subject"])},'
        f'"subject_id":{quoted(row["subject_id"])}}}'
    )


def of_tickets(session: Session, ticket_ids: Iterable[int]) -> dict[int, list[Event]]:
    """Given ticket ids, return each one's events in the order recorded, personal texts included. Two statements.

    The hospital's notes are never among them: they are no facts of the ticket, and not everybody's (`notes_of`).
    """
    ids = list(ticket_ids)
    found: dict[int, list[Event]] = {ticket_id: [] for ticket_id in ids}
    for row, event in _with_texts(session, EventRow.ticket_id.in_(ids), EventRow.kind != NOTED):
        found[row.ticket_id].append(event)
    return found


def of_things(session: Session, subject: str, subject_id: str | None = None) -> dict[str, list[Event]]:
    """Given a subject other than tickets and which one (None: all), return each one's events, personal texts included.

    In the order recorded. Two statements.
    """
    found: dict[str, list[Event]] = {}
    about = [EventRow.ticket_id.is_(None), EventRow.subject == subject]
    if subject_id is not None:
        about.append(EventRow.subject_id == subject_id)
    for row, event in _with_texts(session, *about):
        found.setdefault(row.subject_id, []).append(event)
    return found


def of_some(session: Session, subject: str, subject_ids: Iterable[str]) -> dict[str, list[Event]]:
    """Given a subject other than tickets and which ones, return each one's events as `of_things`. Two statements."""
    about = (EventRow.ticket_id.is_(None), EventRow.subject == subject, EventRow.subject_id.in_(list(subject_ids)))
    found: dict[str, list[Event]] = {}
    for row, event in _with_texts(session, *about):
        found.setdefault(row.subject_id, []).append(event)
    return found


def ids_of(session: Session, subject: str, kind: str, since: datetime | None = None) -> list[str]:
    """Given a subject other than tickets, a kind and an instant (None: ever), return which ones such an event names."""
    query = select(EventRow.subject_id).where(
        EventRow.ticket_id.is_(None), EventRow.subject == subject, EventRow.kind == kind
    )
    query = query.where(EventRow.recorded_at >= since) if since else query
    return list(session.scalars(query.distinct().order_by(EventRow.subject_id)))


def facts_after(
    session: Session, subject: str, kinds: Iterable[str], after: int, limit: int
) -> list[tuple[int, str, dict[str, Any]]]:
    """Given a subject other than tickets, kinds and a number in the chain, return what follows: number, id, facts."""
    query = select(EventRow.seq, EventRow.subject_id, EventRow.facts).where(
        EventRow.ticket_id.is_(None), EventRow.subject == subject, EventRow.kind.in_(list(kinds)), EventRow.seq > after
    )
    rows = session.execute(query.order_by(EventRow.seq).limit(limit))
    return [(seq, subject_id, json.loads(facts)) for seq, subject_id, facts in rows]


def notes_of(session: Session, ticket_id: int, side: str) -> list[Event]:
    """Given a ticket's id and the side that asks, return the notes kept for that side alone, oldest first."""
    noted = _with_texts(session, EventRow.ticket_id == ticket_id, EventRow.kind == NOTED)
    return [event for _, event in noted if event.facts.get("visible_to") == side]


def _with_texts(session: Session, *conditions: ColumnElement[bool]) -> list[tuple[Any, Event]]:
    rows = session.execute(select(EventRow.__table__).where(*conditions).order_by(EventRow.seq)).all()
    texts: dict[int, dict[str, str]] = {}
    personal = (
        select(PersonalRow.seq, PersonalRow.field, PersonalRow.text)
        .join(EventRow, EventRow.seq == PersonalRow.seq)
        .where(*conditions)
    )
    for seq, name, value in session.execute(personal):
        texts.setdefault(seq, {})[name] = PURGED if value is None else value
    masker = masker_of(session)
    return [(row, _event(row, texts.get(row.seq, {}), masker)) for row in rows]


def corrected_since(session: Session, at: datetime) -> list[int]:
    """Given an instant, return the ids of tickets with a correction decided later."""
    decided = select(EventRow.ticket_id).where(EventRow.kind == CORRECTION_DECIDED, EventRow.occurred_at > at)
    return sorted({ticket_id for ticket_id in session.scalars(decided) if ticket_id is not None})


def _event(row, personal: dict[str, str], masker: Masker) -> Event:  # type: ignore[no-untyped-def]
    """Masked once more on the way out: what a house recorded before masking stays in the chain as it was."""
    return Event(
        kind=row.kind,
        occurred_at=row.occurred_at,
        recorded_at=row.recorded_at,
        actor=row.actor,
        side=row.side,
        channel=row.channel,
        grade=row.grade,
        evidence=tuple(json.loads(row.evidence)),
        facts=masker.plain(json.loads(row.facts)),
        personal=masker.plain(personal),
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
    row = session.execute(HEAD).one_or_none()
    return (row.seq, row.hash) if row else (0, GENESIS)


def last_recorded(session: Session) -> datetime | None:
    """Given nothing, return when the last entry was recorded, or None."""
    return session.scalar(select(EventRow.recorded_at).order_by(EventRow.seq.desc()).limit(1))


def about(session: Session, subject: str, kinds: Iterable[str] = (), limit: int = 100) -> list[tuple[int, str, Event]]:
    """Given a subject other than tickets and kinds (none: all), return its newest events, numbers and subject ids."""
    query = select(EventRow.__table__).where(EventRow.ticket_id.is_(None), EventRow.subject == subject)
    query = query.where(EventRow.kind.in_(list(kinds))) if kinds else query
    rows = session.execute(query.order_by(EventRow.seq.desc()).limit(limit)).all()
    return [(row.seq, row.subject_id, _event(row, {}, masker_of(session))) for row in rows]


def first_hash(session: Session, subject: str, subject_id: str, ticket_id: int | None = None) -> str:
    """Given a ticket, or another subject and which one, return the hash of its first event; "" when there is none."""
    query = select(EventRow.hash).where(EventRow.ticket_id == ticket_id).order_by(EventRow.seq).limit(1)
    if ticket_id is None:
        query = query.where(EventRow.subject == subject, EventRow.subject_id == subject_id)
    return session.scalar(query) or ""


def of_subject(
    session: Session, subject: str, kinds: Iterable[str], until: datetime | None = None
) -> list[tuple[str, Event]]:
    """Given a subject other than tickets, kinds and an instant (None: now), return their events, oldest first.

    Each with its subject's id; without personal texts.
    """
    query = select(EventRow.__table__).where(EventRow.ticket_id.is_(None), EventRow.subject == subject)
    query = query.where(EventRow.kind.in_(list(kinds)))
    query = query.where(EventRow.recorded_at <= until) if until else query
    masker = masker_of(session)
    return [(row.subject_id, _event(row, {}, masker)) for row in session.execute(query.order_by(EventRow.seq))]


def seq_of(session: Session, ticket_id: int, count: int | None) -> int:
    """Given a ticket and a number of its events (None: all), return the chain's number of the last of them, else 0."""
    query = select(EventRow.seq).where(EventRow.ticket_id == ticket_id, EventRow.kind != "noted")
    if count is None or count < 1:
        return session.scalar(query.order_by(EventRow.seq.desc()).limit(1)) or 0
    return max(session.scalars(query.order_by(EventRow.seq).limit(count)), default=0)
