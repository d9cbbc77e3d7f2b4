"""Accounts, their sessions, and the counts of failed sign-ins per account and source."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Date,
    ForeignKey,
    Index,
    Select,
    String,
    bindparam,
    delete,
    false,
    func,
    select,
    update,
)
from sqlalchemy.orm import Mapped, Session, aliased, mapped_column

from ops_console.core.delegations import DELEGATES
from ops_console.core.people import DUTIES, HOLDERS, ROLES
from ops_console.store import locks
from ops_console.store.base import Base, Id, insert_over
from ops_console.store.contracts import IN_FORCE_IDS, ids_in
from ops_console.store.delegations import DelegationRow, running_on
from ops_console.store.devices import DeviceRow
from ops_console.store.factors import FactorRow
from ops_console.store.locks import Lock


def _listed(words: Iterable[str]) -> str:
    return ", ".join(f"'{word}'" for word in words)


class PersonRow(Base):
    """One personal account; one that `waits` has its role but no rights until the security administrator confirms it.

    `reset_at`: somebody else gave it a password, role or identity or cleared its factor, so it signs nothing for a day.
    `credential_reset_at`: it was an existing account, which later confirmations tell.
    """

    __tablename__ = "person"
    id: Mapped[int] = mapped_column(primary_key=True)
    account: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(60))
    role: Mapped[str] = mapped_column(String(20))
    holder: Mapped[str | None] = mapped_column(String(12))
    department: Mapped[str] = mapped_column(String(60), default="", server_default="")
    waits: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    password_hash: Mapped[str] = mapped_column(String(200))
    must_change: Mapped[bool] = mapped_column(Boolean)
    one_time_until: Mapped[datetime | None]
    reset_at: Mapped[datetime | None]
    credential_reset_at: Mapped[datetime | None]
    changed_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]
    __table_args__ = (
        CheckConstraint(f"role IN ({_listed(ROLES)})", name="role"),
        CheckConstraint(f"(role IN ({_listed(DUTIES)})) = (holder IS NOT NULL)", name="holder"),
        CheckConstraint(f"holder IN ({_listed(HOLDERS)})", name="holders"),
    )


class FormerPasswordRow(Base):
    """The hash of a password that an account had, so that it is not taken again."""

    __tablename__ = "former_password"
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    password_hash: Mapped[str] = mapped_column(String(200))
    changed_at: Mapped[datetime]


class SessionRow(Base):
    """One signed-in browser: the hash of what its cookie holds."""

    __tablename__ = "sign_in_session"
    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    source: Mapped[str] = mapped_column(String(80))
    address: Mapped[str] = mapped_column(String(45), default="", server_default="")
    device_id: Mapped[int | None] = mapped_column(ForeignKey("device.id"))
    factor_at: Mapped[datetime | None]
    via: Mapped[str] = mapped_column(String(12), default="password", server_default="password")
    __table_args__ = (Index("ix_sign_in_session_person_id", "person_id"),)


class FailureRow(Base):
    """Failed sign-ins of one account from one source: an address, or a browser that signed in before."""

    __tablename__ = "sign_in_failure"
    account: Mapped[str] = mapped_column(String(40), primary_key=True)
    source: Mapped[str] = mapped_column(String(80), primary_key=True)
    failures: Mapped[int]
    failed_at: Mapped[datetime]
    locked_until: Mapped[datetime | None]


class RateRow(Base):
    """How many sign-ins one source tried in one minute, whatever the accounts."""

    __tablename__ = "sign_in_rate"
    source: Mapped[str] = mapped_column(String(80), primary_key=True)
    minute: Mapped[datetime] = mapped_column(primary_key=True)
    tries: Mapped[int]


def hold_people(session: Session) -> None:
    """Given a session that makes the first accounts, let no other process do so until its commit."""
    locks.hold(session, Lock.PEOPLE)


def any_person(session: Session) -> bool:
    """Given nothing, say whether any account exists."""
    return session.scalar(select(func.count()).select_from(PersonRow)) != 0


def by_account(session: Session, account: str, *, lock: bool = False) -> PersonRow | None:
    """Given an account name, return its row, held against other writers where asked, or None."""
    query = select(PersonRow).where(PersonRow.account == account)
    return session.scalar(query.with_for_update(key_share=True) if lock else query)


def in_use(session: Session, roles: Iterable[str]) -> Sequence[Any]:
    """Given roles, return account and name of the accounts of those roles that are in use and confirmed."""
    query = select(PersonRow.account, PersonRow.name).where(PersonRow.role.in_(list(roles)))
    query = query.where(PersonRow.disabled_at.is_(None), PersonRow.waits.is_(False))
    return session.execute(query.order_by(PersonRow.role, PersonRow.account)).all()


def everybody(session: Session) -> Sequence[PersonRow]:
    """Given nothing, return all accounts by role and name."""
    return session.scalars(select(PersonRow).order_by(PersonRow.role, PersonRow.account)).all()


def reset_since(session: Session, at: datetime) -> Sequence[PersonRow]:
    """Given an instant, return the accounts in use that somebody else reset later."""
    query = select(PersonRow).where(PersonRow.credential_reset_at > at, PersonRow.disabled_at.is_(None))
    return session.scalars(query.order_by(PersonRow.credential_reset_at.desc(), PersonRow.id)).all()


def active_of_role(session: Session, role: str) -> int:
    """Given a role, return how many accounts of it are in use and confirmed, all held against other writers."""
    query = (
        select(PersonRow.id)
        .where(PersonRow.role == role, PersonRow.disabled_at.is_(None), PersonRow.waits.is_(False))
        .order_by(PersonRow.id)
    )
    return len(session.scalars(query.with_for_update(key_share=True)).all())


@dataclass(frozen=True)
class SignedInRow:
    """A session, its person, whether its browser is known and never was the vendor's, and the kind of second factor.

    `versions`: the ids of the contract's versions in force, which every page needs too. `delegator`: the name of whose
    signing the person does today, "" of nobody's.
    """

    session: SessionRow
    person: PersonRow
    on_clean_device: bool
    factor_kind: str | None
    versions: tuple[int, ...]
    delegator: str = ""


DELEGATOR = aliased(PersonRow)


def _delegators(taker: object, day: object) -> Select[Any]:
    """Who let that account sign on that day and still may themselves: in use, confirmed, of a role that signs."""
    query = select(DelegationRow.id, DELEGATOR.account, DELEGATOR.name, DELEGATOR.role)
    query = query.join(DELEGATOR, DELEGATOR.account == DelegationRow.giver).where(
        DelegationRow.taker == taker, running_on(day), DELEGATOR.disabled_at.is_(None), DELEGATOR.waits.is_(False),
        DELEGATOR.role.in_(list(DELEGATES)),
    )  # fmt: skip
    return query.order_by(DelegationRow.id).limit(1)


# Asked with every page: built once, not with every request.
SIGNED_IN = (
    select(
        SessionRow,
        PersonRow,
        DeviceRow.id.is_not(None) & DeviceRow.vendor_used_at.is_(None),
        FactorRow.kind,
        IN_FORCE_IDS,
        _delegators(PersonRow.account, bindparam("day", type_=Date()))
        .with_only_columns(DELEGATOR.name)
        .correlate(PersonRow)
        .scalar_subquery(),
    )  # fmt: skip
    .join(PersonRow, PersonRow.id == SessionRow.person_id)
    .outerjoin(DeviceRow, DeviceRow.id == SessionRow.device_id)
    .outerjoin(FactorRow, FactorRow.person_id == SessionRow.person_id)
    .where(SessionRow.token_hash == bindparam("token_hash"))
)


def signed_in(session: Session, token_hash: str, day: date) -> SignedInRow | None:
    """Given the hash of a cookie's token and today in Shanghai, return its session and all that counts with it.

    None for no such session. One statement.
    """
    row = session.execute(SIGNED_IN, {"token_hash": token_hash, "day": day}).one_or_none()
    return SignedInRow(row[0], row[1], bool(row[2]), row[3], ids_in(row[4]), row[5] or "") if row else None


def delegator_of(session: Session, account: str, day: date) -> Any | None:
    """Given an account and a Shanghai day, return (id, account, name, role) of whom it signs for then, or None."""
    return session.execute(_delegators(account, day)).one_or_none()


def prove_session(session: Session, token_hash: str, new_hash: str, at: datetime) -> None:
    """Given a session's hash, the hash it goes on under and now, note that its second factor was given now."""
    this = update(SessionRow).where(SessionRow.token_hash == token_hash)
    session.execute(this.values(token_hash=new_hash, factor_at=at))


NUMBER_LENGTH = 16  # of a session's hash: enough to tell sessions apart, useless for taking one over


def sessions(session: Session, person_id: int | None = None) -> Sequence[Any]:
    """Given a person (None: everybody), return sessions with account, name and browser, newest first."""
    query = (
        select(
            func.substr(SessionRow.token_hash, 1, NUMBER_LENGTH).label("number"), SessionRow.created_at,
            SessionRow.seen_at, SessionRow.address, SessionRow.factor_at, SessionRow.token_hash, SessionRow.via,
            PersonRow.account, PersonRow.name, DeviceRow.label.label("device"), DeviceRow.hospital_registered_at,
        )
        .join(PersonRow, PersonRow.id == SessionRow.person_id)
        .outerjoin(DeviceRow, DeviceRow.id == SessionRow.device_id)
        .order_by(SessionRow.created_at.desc(), SessionRow.token_hash)
        .limit(500)
    )  # fmt: skip
    return session.execute(query if person_id is None else query.where(SessionRow.person_id == person_id)).all()


def session_numbered(session: Session, number: str, person_id: int | None) -> tuple[SessionRow, PersonRow] | None:
    """Given a session's number and whose it has to be (None: anybody's), return it and its person, or None."""
    query = (
        select(SessionRow, PersonRow)
        .join(PersonRow, PersonRow.id == SessionRow.person_id)
        .where(func.substr(SessionRow.token_hash, 1, NUMBER_LENGTH) == number)
    )
    row = session.execute(query if person_id is None else query.where(PersonRow.id == person_id)).first()
    return (row[0], row[1]) if row else None


def former_passwords(session: Session, person_id: int, limit: int) -> Sequence[str]:
    """Given a person, return the hashes of as many of their former passwords, newest first."""
    query = select(FormerPasswordRow.password_hash).where(FormerPasswordRow.person_id == person_id)
    return session.scalars(query.order_by(FormerPasswordRow.id.desc()).limit(limit)).all()


def keep_former(session: Session, person: PersonRow, kept: int, at: datetime) -> None:
    """Given a person about to change the password, keep the one they had, and no more than so many."""
    if kept == 0:
        return
    session.add(FormerPasswordRow(person_id=person.id, password_hash=person.password_hash, changed_at=at))
    session.flush()
    newest = select(FormerPasswordRow.id).where(FormerPasswordRow.person_id == person.id)
    ids = session.scalars(newest.order_by(FormerPasswordRow.id.desc()).limit(kept)).all()
    old = delete(FormerPasswordRow).where(FormerPasswordRow.person_id == person.id, FormerPasswordRow.id.not_in(ids))
    session.execute(old)


def count_try(session: Session, source: str, minute: datetime) -> int:
    """Given a source and the minute, count one more sign-in tried and return how many there were in it."""
    one = insert_over(session, RateRow).values(source=source, minute=minute, tries=1)
    counted = one.on_conflict_do_update(
        index_elements=[RateRow.source, RateRow.minute], set_={"tries": RateRow.tries + 1}
    )
    return int(session.execute(counted.returning(RateRow.tries)).scalar_one())


def forget_tries(session: Session, before: datetime) -> None:
    """Given an instant, forget the counts of the minutes before it."""
    session.execute(delete(RateRow).where(RateRow.minute < before))


def touch(session: Session, token_hash: str, at: datetime) -> None:
    """Given a session's hash, note that it was seen."""
    session.execute(update(SessionRow).where(SessionRow.token_hash == token_hash).values(seen_at=at))


def end_session(session: Session, token_hash: str) -> None:
    """Given a session's hash, end it."""
    session.execute(delete(SessionRow).where(SessionRow.token_hash == token_hash))


def end_sessions_of(session: Session, person_id: int) -> None:
    """Given a person, end every session of theirs."""
    session.execute(delete(SessionRow).where(SessionRow.person_id == person_id))


def end_stale_sessions(session: Session, seen_before: datetime, created_before: datetime) -> None:
    """Given two instants, end sessions idle since the first or begun before the second."""
    stale = (SessionRow.seen_at < seen_before) | (SessionRow.created_at < created_before)
    session.execute(delete(SessionRow).where(stale))


def failure(session: Session, account: str, source: str) -> FailureRow | None:
    """Given an account and a source, return the count of failures between them, or None."""
    return session.scalar(select(FailureRow).where(FailureRow.account == account, FailureRow.source == source))


def held_failure(session: Session, account: str, source: str, now: datetime) -> FailureRow:
    """Given an account, a source and now, return the count between them, begun at 0 and held against other writers."""
    begun = {"account": account, "source": source, "failures": 0, "failed_at": now}
    session.execute(insert_over(session, FailureRow).values(begun).on_conflict_do_nothing())
    query = select(FailureRow).where(FailureRow.account == account, FailureRow.source == source)
    return session.scalars(query.with_for_update()).one()


def clear_failure(session: Session, account: str, source: str) -> None:
    """Given an account and a source, forget its failures."""
    session.execute(delete(FailureRow).where(FailureRow.account == account, FailureRow.source == source))


def clear_failures_of(session: Session, account: str) -> None:
    """Given an account, forget its failures from everywhere."""
    session.execute(delete(FailureRow).where(FailureRow.account == account))


def forget_failures(session: Session, before: datetime) -> None:
    """Given an instant, forget failures older than it that lock nobody."""
    session.execute(delete(FailureRow).where(FailureRow.failed_at < before))
