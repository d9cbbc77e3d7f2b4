"""Browsers that signed in or were registered: the hash of what their long-lived cookie holds."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import String, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from ops_console.store.base import Base, insert_over


class DeviceRow(Base):
    """One browser: when it was first seen, whether the vendor ever used it, whether the hospital calls it its own."""

    __tablename__ = "device"
    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    first_seen: Mapped[datetime]
    vendor_used_at: Mapped[datetime | None]
    hospital_registered_at: Mapped[datetime | None]
    registered_by: Mapped[str | None] = mapped_column(String(80))
    label: Mapped[str | None] = mapped_column(String(60))
    department: Mapped[str | None] = mapped_column(String(60))


def by_token(session: Session, token_hash: str) -> DeviceRow | None:
    """Given the hash of a cookie's token, return its device, or None."""
    return session.scalar(select(DeviceRow).where(DeviceRow.token_hash == token_hash))


def seen(session: Session, token_hash: str, at: datetime) -> DeviceRow:
    """Given the hash of a cookie's token, return its device, begun now where it is new, held against other writers."""
    session.execute(
        insert_over(session, DeviceRow).values(token_hash=token_hash, first_seen=at).on_conflict_do_nothing()
    )
    query = select(DeviceRow).where(DeviceRow.token_hash == token_hash)
    return session.scalars(query.with_for_update(key_share=True)).one()


def by_id(session: Session, device_id: int) -> DeviceRow | None:
    """Given a device's number, return its row held against other writers, or None."""
    query = select(DeviceRow).where(DeviceRow.id == device_id)
    return session.scalar(query.with_for_update(key_share=True))


def mark_vendor_used(session: Session, device_id: int, at: datetime) -> bool:
    """Given a device that the vendor signed in on, note it for ever; False when it is noted already."""
    first = update(DeviceRow).where(DeviceRow.id == device_id, DeviceRow.vendor_used_at.is_(None))
    return bool(session.execute(first.values(vendor_used_at=at)).rowcount)  # type: ignore[attr-defined]


def registered(session: Session) -> Sequence[DeviceRow]:
    """Given nothing, return the hospital's registered devices by department and label."""
    query = select(DeviceRow).where(DeviceRow.hospital_registered_at.is_not(None))
    return session.scalars(query.order_by(DeviceRow.department, DeviceRow.label, DeviceRow.id)).all()
