"""Daily anchors, who receives them for each party, and what became of each delivery."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, insert, select, text, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from ops_console.core.anchors import NO_ANCHOR, Anchor
from ops_console.store import locks
from ops_console.store.base import Base, Id, not_null
from ops_console.store.locks import Lock

WAITING, RECEIVED, GIVEN_UP = "waiting", "received", "given_up"


class AnchorRow(Base):
    """One day's anchor. The database refuses to change or delete it."""

    __tablename__ = "anchor"
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    day: Mapped[date] = mapped_column(unique=True)
    seq: Mapped[int] = mapped_column(Id)
    head: Mapped[str] = mapped_column(String(64))
    previous: Mapped[str] = mapped_column(String(64))
    body: Mapped[str] = mapped_column(Text)
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime]

    @property
    def anchor(self) -> Anchor:
        """The row as a value."""
        return Anchor(self.day, self.seq, self.head, self.previous, self.body, self.digest)


class ReceiverRow(Base):
    """Where one party receives its anchors; a later one ends it, none is removed."""

    __tablename__ = "anchor_receiver"
    id: Mapped[int] = mapped_column(primary_key=True)
    side: Mapped[str] = mapped_column(String(12))
    kind: Mapped[str] = mapped_column(String(10))
    address: Mapped[str] = mapped_column(String(500))
    set_by: Mapped[str] = mapped_column(String(80))
    set_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    acknowledged_at: Mapped[datetime | None]
    __table_args__ = (
        CheckConstraint("kind IN ('download', 'folder', 'http')", name="kind"),
        CheckConstraint("side IN ('hospital', 'vendor')", name="side"),
        Index(
            "ix_anchor_receiver_current",
            "side",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
    )


class DeliveryRow(Base):
    """One anchor for one receiver: how often it was tried, what the receiver said, when it is tried next."""

    __tablename__ = "anchor_delivery"
    anchor_id: Mapped[int] = mapped_column(Id, ForeignKey("anchor.id"), primary_key=True)
    receiver_id: Mapped[int] = mapped_column(ForeignKey("anchor_receiver.id"), primary_key=True)
    state: Mapped[str] = mapped_column(String(10))
    attempts: Mapped[int]
    answer: Mapped[str] = mapped_column(Text)
    next_try_at: Mapped[datetime | None]
    acknowledged_at: Mapped[datetime | None]
    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'received', 'given_up')", name="state"),
        Index(
            "ix_anchor_delivery_next_try_at",
            "next_try_at",
            sqlite_where=not_null("next_try_at"),
            postgresql_where=not_null("next_try_at"),
        ),
    )


def every(session: Session) -> list[Anchor]:
    """Given nothing, return all anchors, oldest first: one a day."""
    return [row.anchor for row in session.scalars(select(AnchorRow).order_by(AnchorRow.id))]


def newest(session: Session, limit: int = 1) -> Sequence[AnchorRow]:
    """Given a limit, return the newest anchors first."""
    return session.scalars(select(AnchorRow).order_by(AnchorRow.id.desc()).limit(limit)).all()


def of_day(session: Session, day: date) -> AnchorRow | None:
    """Given a Shanghai day, return its anchor, or None."""
    return session.scalar(select(AnchorRow).where(AnchorRow.day == day))


def last_digest(session: Session) -> str:
    """Given nothing, return the digest of the newest anchor, or what the first one names as the one before."""
    return session.scalar(select(AnchorRow.digest).order_by(AnchorRow.id.desc()).limit(1)) or NO_ANCHOR


def add(session: Session, anchor: Anchor, now: datetime) -> AnchorRow:
    """Given an anchor, keep it; a second one of its day breaks the transaction."""
    row = AnchorRow(
        day=anchor.day, seq=anchor.seq, head=anchor.head, previous=anchor.previous, body=anchor.body,
        digest=anchor.digest, created_at=now,
    )  # fmt: skip
    session.add(row)
    session.flush()
    return row


def receivers(session: Session) -> dict[str, ReceiverRow]:
    """Given nothing, return the current receiver of each side that set one."""
    rows = session.scalars(select(ReceiverRow).where(ReceiverRow.ended_at.is_(None)))
    return {row.side: row for row in rows}


def replace_receiver(session: Session, side: str, kind: str, address: str, account: str, now: datetime) -> ReceiverRow:
    """Given a side and its new receiver, end the one before and keep the new one."""
    current = update(ReceiverRow).where(ReceiverRow.side == side, ReceiverRow.ended_at.is_(None))
    session.execute(current.values(ended_at=now))
    row = ReceiverRow(side=side, kind=kind, address=address, set_by=account, set_at=now)
    session.add(row)
    session.flush()
    return row


def ask_delivery(session: Session, anchor_id: int, receivers: Iterable[ReceiverRow], now: datetime) -> None:
    """Given an anchor and receivers, keep a delivery to each; one by download waits for the person, not for us."""
    rows = [
        {
            "anchor_id": anchor_id, "receiver_id": receiver.id, "state": WAITING, "attempts": 0, "answer": "",
            "next_try_at": None if receiver.kind == "download" else now,
        }
        for receiver in receivers
    ]  # fmt: skip
    if rows:
        session.execute(insert(DeliveryRow), rows)


def any_due(session: Session, now: datetime) -> bool:
    """Given now, say whether a delivery's next try has come."""
    due = select(DeliveryRow.anchor_id).where(DeliveryRow.next_try_at <= now).limit(1)
    return session.scalar(due) is not None


def take_due(session: Session, now: datetime, until: datetime, limit: int = 5) -> list[tuple[AnchorRow, ReceiverRow]]:
    """Given now, take deliveries whose next try has come: nobody else takes them before `until`."""
    query = select(DeliveryRow.anchor_id, DeliveryRow.receiver_id).where(DeliveryRow.next_try_at <= now)
    due = session.execute(query.order_by(DeliveryRow.next_try_at).limit(limit)).all()
    return [_pair(session, *key) for key in due if _take(session, *key, now=now, until=until)]


def _take(session: Session, anchor_id: int, receiver_id: int, *, now: datetime, until: datetime) -> bool:
    ours = _delivery(anchor_id, receiver_id).where(DeliveryRow.next_try_at <= now)
    taken = ours.values(next_try_at=until, attempts=DeliveryRow.attempts + 1)
    return session.execute(taken).rowcount == 1  # type: ignore[attr-defined, no-any-return]


def _pair(session: Session, anchor_id: int, receiver_id: int) -> tuple[AnchorRow, ReceiverRow]:
    return session.get_one(AnchorRow, anchor_id), session.get_one(ReceiverRow, receiver_id)


def _delivery(anchor_id: int, receiver_id: int):  # type: ignore[no-untyped-def]
    return update(DeliveryRow).where(DeliveryRow.anchor_id == anchor_id, DeliveryRow.receiver_id == receiver_id)


def delivery(session: Session, anchor_id: int, receiver_id: int) -> DeliveryRow | None:
    """Given an anchor and a receiver, return the delivery as it stands in the database, or None."""
    query = select(DeliveryRow).where(DeliveryRow.anchor_id == anchor_id, DeliveryRow.receiver_id == receiver_id)
    return session.scalar(query.execution_options(populate_existing=True))


def hasten(session: Session, now: datetime) -> None:
    """Given now, let every delivery that waits for its next try be due."""
    session.execute(update(DeliveryRow).where(DeliveryRow.next_try_at > now).values(next_try_at=now))


def by_prefix(session: Session, digest: str) -> AnchorRow | None:
    """Given the beginning of a digest, return its anchor, or None. Longer than a digest is none."""
    return session.scalar(select(AnchorRow).where(AnchorRow.digest.startswith(digest, autoescape=True)).limit(1))


def hold(session: Session) -> None:
    """Given a session that makes an anchor, let no other process make one until its commit."""
    locks.hold(session, Lock.ANCHOR)


def acknowledge(session: Session, anchor_id: int, receiver_id: int, answer: str, now: datetime) -> None:
    """Given a delivery that its receiver has, note what it said; the receiver has proved itself."""
    session.execute(
        _delivery(anchor_id, receiver_id).values(state=RECEIVED, answer=answer, next_try_at=None, acknowledged_at=now)
    )
    session.execute(update(ReceiverRow).where(ReceiverRow.id == receiver_id).values(acknowledged_at=now))


def put_off(session: Session, anchor_id: int, receiver_id: int, answer: str, next_try_at: datetime | None) -> None:
    """Given a delivery that failed, note why and when it is tried next; without a next try it is given up."""
    state = WAITING if next_try_at else GIVEN_UP
    session.execute(_delivery(anchor_id, receiver_id).values(state=state, answer=answer, next_try_at=next_try_at))


def deliveries(session: Session, anchor_ids: Iterable[int]) -> dict[tuple[int, str], DeliveryRow]:
    """Given anchors, return their deliveries by anchor and side; of several on one side the newest receiver's."""
    query = (
        select(DeliveryRow, ReceiverRow.side)
        .join(ReceiverRow, ReceiverRow.id == DeliveryRow.receiver_id)
        .where(DeliveryRow.anchor_id.in_(list(anchor_ids)))
        .order_by(DeliveryRow.receiver_id)
    )
    return {(row.anchor_id, side): row for row, side in session.execute(query)}
