"""Places that have a sticker: the hash of what its QR code carries, and the browser addresses the vendor came from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from ops_console.store.base import Base, insert_over


class LocationRow(Base):
    """One place where people report. `generation` counts its stickers: a renewed one makes the old one worthless."""

    __tablename__ = "location"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(60), unique=True)
    department: Mapped[str] = mapped_column(String(60))
    module: Mapped[str] = mapped_column(String(60))
    generation: Mapped[int]
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    active: Mapped[bool]
    made_at: Mapped[datetime]
    made_by: Mapped[str] = mapped_column(String(80))
    renewed_at: Mapped[datetime | None]


class VendorAddressRow(Base):
    """An address from which a vendor account signed in: what is reported from there is not the hospital's by that."""

    __tablename__ = "vendor_address"
    address: Mapped[str] = mapped_column(String(64), primary_key=True)
    first_at: Mapped[datetime]


def everywhere(session: Session) -> Sequence[LocationRow]:
    """Given nothing, return all places by department and name."""
    return session.scalars(select(LocationRow).order_by(LocationRow.department, LocationRow.name)).all()


def by_ids(session: Session, ids: Iterable[int]) -> Sequence[LocationRow]:
    """Given numbers of places, return those that are there, held against other writers, by department and name."""
    query = select(LocationRow).where(LocationRow.id.in_(list(ids)))
    return session.scalars(query.order_by(LocationRow.department, LocationRow.name).with_for_update()).all()


def by_token(session: Session, token_hash: str) -> LocationRow | None:
    """Given the hash of a sticker's token, return its place where that is in use, or None."""
    query = select(LocationRow).where(LocationRow.token_hash == token_hash, LocationRow.active.is_(True))
    return session.scalar(query)


def by_id(session: Session, location_id: int) -> LocationRow | None:
    """Given a place's number, return it, or None."""
    return session.get(LocationRow, location_id)


def named(session: Session, names: Iterable[str]) -> set[str]:
    """Given names, return those that a place has already."""
    return set(session.scalars(select(LocationRow.name).where(LocationRow.name.in_(list(names)))))


def note_vendor_address(session: Session, address: str, at: datetime) -> None:
    """Given an address that a vendor account signed in from, remember it; the first time is kept."""
    row = {"address": address[:64], "first_at": at}
    session.execute(insert_over(session, VendorAddressRow).values(row).on_conflict_do_nothing())


def is_vendor_address(session: Session, address: str) -> bool:
    """Given an address, say whether a vendor account ever signed in from it."""
    return session.scalar(select(VendorAddressRow.address).where(VendorAddressRow.address == address[:64])) is not None
