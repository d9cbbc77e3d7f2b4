"""Duties: what is owed until when, what was delivered for it and the hospital's word, and what is linked to show it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Date,
    ForeignKey,
    Index,
    Select,
    String,
    UniqueConstraint,
    func,
    select,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from ops_console.core.duties import Duty
from ops_console.store import proofs
from ops_console.store.base import Base, insert_over, not_null
from ops_console.store.locks import Lock, hold

SUBJECT = "duty"
MOST = 1000  # of a month, and of a due list: ten times what a contract of 58 clauses makes


class DutyRow(Base):
    """One duty of one contract, by its key. `delivered_at` and `accepted_at` are those of the delivery that counts.

    `version_id` is the contract version that made it; `asked` what the hospital asked for, masked. `next_look_at` is
    when somebody is next to be told of it; None: nobody.
    """

    __tablename__ = "duty"
    id: Mapped[int] = mapped_column(primary_key=True)
    contract_id: Mapped[int] = mapped_column(ForeignKey("contract.id"))
    version_id: Mapped[int] = mapped_column(ForeignKey("contract_version.id"))
    key: Mapped[str] = mapped_column(String(160))
    clause: Mapped[str] = mapped_column(String(20))
    task: Mapped[str] = mapped_column(String(40))
    name: Mapped[str] = mapped_column(String(100))
    basis: Mapped[str] = mapped_column(String(20))
    period_start: Mapped[date | None] = mapped_column(Date)
    period_end: Mapped[date | None] = mapped_column(Date)
    event: Mapped[str] = mapped_column(String(20))
    ref: Mapped[str] = mapped_column(String(40))
    begun_at: Mapped[datetime | None]
    asked: Mapped[str] = mapped_column(String(500))
    due_at: Mapped[datetime]
    grace_until: Mapped[datetime]
    provisional: Mapped[bool] = mapped_column(Boolean)
    created_at: Mapped[datetime]
    delivered_at: Mapped[datetime | None]
    accepted_at: Mapped[datetime | None]
    waived_at: Mapped[datetime | None]
    waived_by: Mapped[str] = mapped_column(String(80))
    waived_reason: Mapped[str] = mapped_column(String(500))
    next_look_at: Mapped[datetime | None]
    __table_args__ = (
        UniqueConstraint("contract_id", "key"),
        Index("ix_duty_due_at", "due_at", "id"),
        Index("ix_duty_event_ref", "event", "ref"),
        Index(
            "ix_duty_next_look_at",
            "next_look_at",
            sqlite_where=not_null("next_look_at"),
            postgresql_where=not_null("next_look_at"),
        ),
    )


class DeliveryRow(Base):
    """One time that a duty was said to be done: when, when that was recorded, by whom, and the hospital's word on it.

    `accepted` is None while the hospital said nothing; `claim_counts` False: the time of the recording counts instead.
    """

    __tablename__ = "duty_delivery"
    id: Mapped[int] = mapped_column(primary_key=True)
    duty_id: Mapped[int] = mapped_column(ForeignKey("duty.id"), index=True)
    happened_at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(String(80))
    side: Mapped[str] = mapped_column(String(12))
    grade: Mapped[str] = mapped_column(String(8))
    note: Mapped[str] = mapped_column(String(500))
    accepted: Mapped[bool | None] = mapped_column(Boolean)
    claim_counts: Mapped[bool] = mapped_column(Boolean)
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str] = mapped_column(String(80))
    reason: Mapped[str] = mapped_column(String(500))
    taken_back_at: Mapped[datetime | None]


class LinkRow(Base):
    """Something that stands elsewhere and shows that a duty was done: a kind and which one."""

    __tablename__ = "duty_link"
    id: Mapped[int] = mapped_column(primary_key=True)
    duty_id: Mapped[int] = mapped_column(ForeignKey("duty.id"), index=True)
    kind: Mapped[str] = mapped_column(String(20))
    ref: Mapped[str] = mapped_column(String(200))
    recorded_at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(String(80))
    side: Mapped[str] = mapped_column(String(12))
    removed_at: Mapped[datetime | None]
    __table_args__ = (CheckConstraint("kind IN ('ticket', 'inspection', 'reference')", name="kind"),)


@dataclass(frozen=True)
class Wanted:
    """What of the duties is asked for: due in a span of instants (half-open), of which clause; "" for every one."""

    since: datetime
    until: datetime
    clause: str = ""


def duty_of(row: DutyRow, evidence: Iterable[str] = ()) -> Duty:
    """Given a row and the hashes of the files that stand for it, return the duty."""
    return Duty(
        row.key, row.clause, row.task, row.name, row.basis, row.due_at, row.grace_until, row.id, row.period_start,
        row.period_end, row.event, row.ref, row.begun_at, row.provisional, row.delivered_at, row.accepted_at,
        row.waived_at, row.waived_reason, tuple(evidence),
    )  # fmt: skip


def columns_of(duty: Duty) -> dict[str, Any]:
    """Given a duty that was never stored, return the columns of its row that it tells."""
    names = ("key", "clause", "task", "name", "basis", "period_start", "period_end", "event", "ref", "begun_at",
             "due_at", "grace_until", "provisional")  # fmt: skip
    return {name: getattr(duty, name) for name in names}


def with_evidence(session: Session, rows: Sequence[DutyRow]) -> tuple[Duty, ...]:
    """Given rows, return their duties with the hashes of the files that stand for each. One statement."""
    found = proofs.of_subjects(session, SUBJECT, [str(row.id) for row in rows]) if rows else {}
    return tuple(duty_of(row, (proof.digest for proof in found.get(str(row.id), ()))) for row in rows)


def add(session: Session, values: Mapping[str, Any]) -> int | None:
    """Given a new duty's columns, insert it and return its id; None when one with its key stands already."""
    new = {
        "asked": "", "delivered_at": None, "accepted_at": None, "waived_at": None, "waived_by": "", "waived_reason": ""
    }  # fmt: skip
    statement = insert_over(session, DutyRow).values(new | dict(values))
    made: int | None = session.scalar(
        statement.on_conflict_do_nothing(index_elements=["contract_id", "key"]).returning(DutyRow.id)
    )
    return made


def keys(session: Session) -> set[tuple[int, str]]:
    """Given nothing, return (contract, key) of every duty of a period."""
    query = select(DutyRow.contract_id, DutyRow.key).where(DutyRow.period_start.is_not(None))
    return {(contract_id, key) for contract_id, key in session.execute(query)}


def ids_due_since(session: Session, since: datetime) -> Sequence[int]:
    """Given an instant, return the ids of the duties due since then, in order."""
    return session.scalars(select(DutyRow.id).where(DutyRow.due_at >= since).order_by(DutyRow.id)).all()


def some(session: Session, duty_ids: Iterable[int]) -> dict[int, DutyRow]:
    """Given ids, return the duties that exist, by id. One statement."""
    return {row.id: row for row in session.scalars(select(DutyRow).where(DutyRow.id.in_(list(duty_ids))))}


def one(session: Session, duty_id: int, *, hold: bool = False) -> DutyRow | None:
    """Given an id, return the duty (held against other writers with `hold`), or None."""
    query = select(DutyRow).where(DutyRow.id == duty_id)
    query = query.with_for_update() if hold else query
    return session.scalar(query.execution_options(populate_existing=True))


def by_key(session: Session, contract_id: int, key: str) -> DutyRow | None:
    """Given a contract and a key, return its duty, or None."""
    return session.scalar(select(DutyRow).where(DutyRow.contract_id == contract_id, DutyRow.key == key))


def of_keys(session: Session, contract_id: int, keys: Iterable[str]) -> Sequence[DutyRow]:
    """Given a contract and keys, return those of its duties that stand, by due time. One statement, none for none."""
    wanted = list(keys)
    query = select(DutyRow).where(DutyRow.contract_id == contract_id, DutyRow.key.in_(wanted))
    return session.scalars(query.order_by(DutyRow.due_at, DutyRow.id)).all() if wanted else ()


def due_within(session: Session, wanted: Wanted, contract_id: int | None = None) -> Sequence[DutyRow]:
    """Given a span and a contract (None: every), return the duties due in it, by due time. One statement."""
    query = _narrowed(select(DutyRow), wanted.clause).where(
        DutyRow.due_at >= wanted.since, DutyRow.due_at < wanted.until
    )
    query = query.where(DutyRow.contract_id == contract_id) if contract_id is not None else query
    return session.scalars(query.order_by(DutyRow.due_at, DutyRow.id).limit(MOST)).all()


def undone(session: Session, until: datetime | None, clause: str = "") -> Sequence[DutyRow]:
    """Given an instant (None: ever), return what nobody delivered or waived and is due before it. One statement."""
    query = _narrowed(select(DutyRow), clause).where(DutyRow.waived_at.is_(None), DutyRow.delivered_at.is_(None))
    query = query.where(DutyRow.due_at < until) if until is not None else query
    return session.scalars(query.order_by(DutyRow.due_at, DutyRow.id).limit(MOST)).all()


def waiting(session: Session, clause: str = "") -> Sequence[DutyRow]:
    """Given nothing, return what was delivered and waits for the hospital's word, by due time. One statement."""
    query = _narrowed(select(DutyRow), clause).where(
        DutyRow.waived_at.is_(None), DutyRow.delivered_at.is_not(None), DutyRow.accepted_at.is_(None)
    )
    return session.scalars(query.order_by(DutyRow.due_at, DutyRow.id).limit(MOST)).all()


def _narrowed(query: Select[Any], clause: str) -> Select[Any]:
    return query.where(DutyRow.clause == clause) if clause else query


def undone_counts(session: Session, now: datetime, until: datetime) -> tuple[int, int]:
    """Given now and an instant, return how many undone duties are due from now until it, and how many have passed."""
    undone_ones = (DutyRow.waived_at.is_(None), DutyRow.delivered_at.is_(None))
    query = select(func.count(), func.count().filter(DutyRow.due_at < now)).where(*undone_ones, DutyRow.due_at < until)
    both, passed = session.execute(query).one()
    return both - passed, passed


def of_events(session: Session, kinds: Iterable[str], refs: Iterable[str], *, hold: bool = False) -> Sequence[DutyRow]:
    """Given kinds of event and which of them, return the duties that they made, by due time."""
    query = select(DutyRow).where(DutyRow.event.in_(list(kinds)), DutyRow.ref.in_(list(refs)))
    query = query.order_by(DutyRow.due_at, DutyRow.id)
    query = query.with_for_update() if hold else query
    return session.scalars(query.execution_options(populate_existing=True)).all()


def other_runs(session: Session, row: DutyRow, at: datetime, days: int) -> Sequence[datetime]:
    """Given a held duty, an instant and a number of days, return when others of its task were done within them.

    Nobody else asks this until the commit: of two that are told at once, the later sees the earlier.
    """
    hold(session, Lock.RUNS)
    reach = timedelta(days=days + 1)
    query = select(DutyRow.delivered_at).where(
        DutyRow.contract_id == row.contract_id, DutyRow.clause == row.clause, DutyRow.task == row.task,
        DutyRow.id != row.id, DutyRow.delivered_at > at - reach, DutyRow.delivered_at < at + reach,
    )  # fmt: skip
    return [done for done in session.scalars(query.order_by(DutyRow.delivered_at)) if done is not None]


def provisional(session: Session) -> Sequence[DutyRow]:
    """Given nothing, return what was reckoned without the holidays of a year, held until the commit."""
    query = select(DutyRow).where(DutyRow.provisional.is_(True)).order_by(DutyRow.id).with_for_update()
    return session.scalars(query).all()


def to_look_at(session: Session, now: datetime, limit: int) -> Sequence[DutyRow]:
    """Given now and how many, return the duties of which somebody is to be told by now, longest due first."""
    query = select(DutyRow).where(DutyRow.next_look_at <= now).order_by(DutyRow.next_look_at, DutyRow.id)
    return session.scalars(query.limit(limit)).all()


def looked(session: Session, row: DutyRow, following: datetime | None) -> bool:
    """Given a duty as it was read and when to look next, claim it; False when another process was first."""
    claim = update(DutyRow).where(DutyRow.id == row.id, DutyRow.next_look_at == row.next_look_at)
    done = session.execute(claim.values(next_look_at=following).execution_options(synchronize_session=False))
    return bool(done.rowcount)  # type: ignore[attr-defined]


def deliveries(session: Session, duty_ids: Iterable[int]) -> dict[int, list[DeliveryRow]]:
    """Given duties, return each one's deliveries, oldest first. One statement."""
    found: dict[int, list[DeliveryRow]] = {}
    query = select(DeliveryRow).where(DeliveryRow.duty_id.in_(list(duty_ids))).order_by(DeliveryRow.id)
    for row in session.scalars(query):
        found.setdefault(row.duty_id, []).append(row)
    return found


def last_delivery(session: Session, duty_id: int) -> DeliveryRow | None:
    """Given a duty, return what was last delivered and not taken back, rejected or not; None for nothing."""
    query = select(DeliveryRow).where(DeliveryRow.duty_id == duty_id, DeliveryRow.taken_back_at.is_(None))
    return session.scalar(query.order_by(DeliveryRow.id.desc()).limit(1))


def links(session: Session, duty_id: int) -> Sequence[LinkRow]:
    """Given a duty, return what is linked to it, oldest first, what was removed left out."""
    query = select(LinkRow).where(LinkRow.duty_id == duty_id, LinkRow.removed_at.is_(None))
    return session.scalars(query.order_by(LinkRow.id)).all()


def clauses(session: Session) -> Sequence[str]:
    """Given nothing, return the clauses that have duties, in order."""
    return session.scalars(select(DutyRow.clause).distinct().order_by(DutyRow.clause)).all()


def months(session: Session) -> tuple[datetime, datetime] | None:
    """Given nothing, return when the first and the last duty are due; None where there is none."""
    first, last = session.execute(select(func.min(DutyRow.due_at), func.max(DutyRow.due_at))).one()
    return None if first is None else (first, last)
