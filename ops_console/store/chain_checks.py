"""What verification reads of the chain, batch by batch, and what it found: checks, failures, who signed them off."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import Boolean, CheckConstraint, ForeignKey, Row, String, Text, func, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from ops_console.store.audit import EventRow, PersonalRow
from ops_console.store.base import Base, Id

GUARDED = ("event", "event_personal", "anchor", "chain_check", "chain_failure", "chain_sign_off")
RESTORED = "restored"


class CheckRow(Base):
    """One verification of the chain: how far it went and what came of it."""

    __tablename__ = "chain_check"
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    is_full: Mapped[bool] = mapped_column(Boolean)
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime]
    first_seq: Mapped[int] = mapped_column(Id)
    last_seq: Mapped[int] = mapped_column(Id)
    head: Mapped[str] = mapped_column(String(64))
    purged: Mapped[int]
    outcome: Mapped[str] = mapped_column(String(10))
    findings: Mapped[str] = mapped_column(Text)
    requested_by: Mapped[str] = mapped_column(String(80))
    __table_args__ = (CheckConstraint("outcome IN ('whole', 'explained', 'broken')", name="outcome"),)


class FailureRow(Base):
    """Findings not known before: shown on every page until both parties have signed them off."""

    __tablename__ = "chain_failure"
    id: Mapped[int] = mapped_column(primary_key=True)
    found_at: Mapped[datetime]
    fingerprint: Mapped[str] = mapped_column(String(64), unique=True)
    findings: Mapped[str] = mapped_column(Text)


class SignOffRow(Base):
    """One party's word about a failure."""

    __tablename__ = "chain_sign_off"
    failure_id: Mapped[int] = mapped_column(ForeignKey("chain_failure.id"), primary_key=True)
    side: Mapped[str] = mapped_column(String(12), primary_key=True)
    account: Mapped[str] = mapped_column(String(80))
    reason: Mapped[str] = mapped_column(Text)
    signed_at: Mapped[datetime]
    __table_args__ = (CheckConstraint("side IN ('hospital', 'vendor')", name="side"),)


# -- reading the chain ------------------------------------------------------------------------------------------------


def entries(session: Session, after: int, limit: int) -> Sequence[Row]:  # type: ignore[type-arg]
    """Given the number of an entry, return the next ones as they are stored."""
    query = select(EventRow.__table__).where(EventRow.seq > after).order_by(EventRow.seq).limit(limit)
    return session.execute(query).all()


def personal(session: Session, first: int, last: int) -> dict[int, dict[str, PersonalRow]]:
    """Given a span of entries, return their personal parts by entry and field."""
    found: dict[int, dict[str, PersonalRow]] = defaultdict(dict)
    for row in session.execute(select(PersonalRow.__table__).where(PersonalRow.seq.between(first, last))):
        found[row.seq][row.field] = row  # type: ignore[assignment]
    return found


def hashes(session: Session, seqs: Iterable[int]) -> dict[int, str]:
    """Given numbers of entries, return the hash of each that there is."""
    wanted, found = sorted(set(seqs)), {}
    for start in range(0, len(wanted), 500):
        query = select(EventRow.seq, EventRow.hash).where(EventRow.seq.in_(wanted[start : start + 500]))
        found |= {row.seq: row.hash for row in session.execute(query)}
    return found


def restorations(session: Session) -> list[str]:
    """Given nothing, return the facts of every entry that names a restored backup, oldest first."""
    query = select(EventRow.facts).where(
        EventRow.ticket_id.is_(None), EventRow.subject == "chain", EventRow.kind == RESTORED
    )
    return list(session.scalars(query.order_by(EventRow.seq)))


def missing_triggers(session: Session) -> list[str]:
    """Given nothing, return the guarding triggers that the database lacks or that are switched off."""
    wanted = {"event_personal_only_emptied"}
    if session.get_bind().dialect.name == "postgresql":
        wanted |= {f"{table}_{what}" for table in GUARDED for what in ("append_only", "no_truncate")}
        query = "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled IN ('O', 'A')"
    else:
        wanted |= {f"{table}_no_{act}" for table in GUARDED for act in ("update", "delete")}
        wanted.remove("event_personal_no_update")  # its texts may be emptied
        query = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    return sorted(wanted - set(session.scalars(text(query))))


# -- what was found ---------------------------------------------------------------------------------------------------


def newest(session: Session, *, full: bool | None = None) -> CheckRow | None:
    """Given whether it must have been a full one (None: any), return the newest verification."""
    query = select(CheckRow).order_by(CheckRow.id.desc()).limit(1)
    return session.scalar(query if full is None else query.where(CheckRow.is_full == full))


def failures(session: Session) -> Sequence[FailureRow]:
    """Given nothing, return all failures, newest first."""
    return session.scalars(select(FailureRow).order_by(FailureRow.id.desc())).all()


def failure(session: Session, failure_id: int) -> FailureRow | None:
    """Given its id, return a failure, or None."""
    return session.get(FailureRow, failure_id)


def sign_offs(session: Session) -> dict[tuple[int, str], SignOffRow]:
    """Given nothing, return every sign-off by failure and side."""
    return {(row.failure_id, row.side): row for row in session.scalars(select(SignOffRow))}


def add_failure(session: Session, fingerprint: str, findings: Sequence[dict[str, object]], now: datetime) -> bool:
    """Given findings not known before, keep them as a failure; False when that very failure stands already."""
    known = session.scalar(select(func.count()).where(FailureRow.fingerprint == fingerprint))
    if known:
        return False
    kept = json.dumps(findings, ensure_ascii=False)
    session.add(FailureRow(fingerprint=fingerprint, findings=kept, found_at=now))
    session.flush()
    return True
