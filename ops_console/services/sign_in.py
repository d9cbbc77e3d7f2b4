"""Signing in: one sentence for every failure, locks per account and source, a session that knows its browser.

Not for making accounts (`services/people.py`) nor for whose session it is (`services/sessions.py`). Hashing is slow
on purpose and happens with no transaction open.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from ops_console.core.devices import hashed_token
from ops_console.core.errors import NotFound, Refused
from ops_console.core.passwords import LONGEST
from ops_console.core.people import HOSPITAL, SYSTEM, Actor, actor_of, side_of
from ops_console.core.tickets import Event
from ops_console.services import devices
from ops_console.services.ports import OpenSession, PasswordHasher
from ops_console.store import audit
from ops_console.store import people as store

WRONG = "账号或密码不对；请检查大小写，或联系系统管理员重置密码。"
LOCKED = "连续失败次数过多，此处对该账号的登录已锁定到 %(until)s；在别处登录不受影响。"
FLOODED = "从此处登录的次数过多，请一分钟后再试。"
PASSWORD, OIDC = "password", "oidc"
DELAYS = (0.0, 0.0, 0.25, 0.5, 1.0)
TRIES_A_MINUTE = 300  # of one source over all accounts: a whole hospital may stand behind one address


@dataclass(frozen=True)
class Policy:
    """How failures, sessions, passwords and second factors are treated; durations as timedelta.

    `second_factor`: `required` or `offered`. `duties`: `hospital` leaves security and audit with the hospital.
    `words`: names of the parties, which no password may consist of.
    """

    lock_after: int
    lock_for: timedelta
    idle: timedelta
    absolute: timedelta
    one_time_for: timedelta
    password_rules: str
    second_factor: str = "required"
    duties: str = HOSPITAL
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class SignedIn:
    """A session: the secret token for its cookie, and who it is."""

    token: str
    person_id: int
    account: str
    must_change: bool


class SignInFailed(Refused):
    """Signing in was refused; `delay_seconds` is how long the face makes the asker wait for the answer."""

    delay_seconds: float = 0.0


def sign_in(
    open_read: OpenSession,
    open_write: OpenSession,
    hasher: PasswordHasher,
    policy: Policy,
    *,
    account: str,
    password: str,
    source: str,
    now: datetime,
    device: str = "",
    address: str = "",
) -> SignedIn:
    """Given what somebody typed, where from and on which browser, return a new session.

    Raises SignInFailed, in one sentence for all reasons. After `lock_after` failures that account is locked for that
    source alone: nobody locks another out from elsewhere.
    """
    account = account.strip().lower()[:40]
    count_try(open_write, source, now)
    with open_read() as session:
        failure = store.failure(session, account, source)
        person = store.by_account(session, account)
    refuse_locked(failure, now)
    known = person is not None and person.disabled_at is None
    right = hasher.matches(person.password_hash if person and known else "", password[: LONGEST + 1])
    if person is None or not known or not right:
        raise failed(open_write, policy, account, source, now, known=known)
    if person.one_time_until is not None and person.must_change and person.one_time_until < now:
        raise SignInFailed("一次性密码已过期，请联系系统管理员重新生成。")
    fresh = hasher.hash(password) if hasher.is_outdated(person.password_hash) else None
    begun = Beginning(source, device, address, fresh_hash=fresh)
    return begin_session(open_write, person, begun, now)


def count_try(open_write: OpenSession, source: str, now: datetime) -> None:
    """Given a source and now, let it try to sign in. Raises SignInFailed when it tried too often within the minute.

    Counted before anything is looked at, in the database: when that fails nobody signs in.
    """
    with open_write() as session:
        tries = store.count_try(session, source, now.replace(second=0, microsecond=0))
    if tries > TRIES_A_MINUTE:
        raise SignInFailed(FLOODED)


def refuse_locked(failure: store.FailureRow | None, now: datetime) -> None:
    """Given the failures of an account from a source, let it try. Raises SignInFailed while they lock it."""
    if failure is not None and failure.locked_until is not None and failure.locked_until > now:
        raise SignInFailed(LOCKED, until=failure.locked_until)


def failed(
    open_write: OpenSession, policy: Policy, account: str, source: str, now: datetime, *, known: bool
) -> SignInFailed:
    """Given a failed try, count it, lock where it was one too many, and return what the asker is told."""
    with open_write() as session:
        row = store.held_failure(session, account, source, now)
        if row.locked_until is not None or now - row.failed_at > policy.lock_for:
            row.failures, row.locked_until = 0, None
        row.failures, row.failed_at = row.failures + 1, now
        if row.failures >= policy.lock_after:
            row.locked_until = now + policy.lock_for
        if known:
            kind = "sign_in_locked" if row.locked_until else "sign_in_failed"
            note(session, account, kind, SYSTEM, now, {"source": source})
        refused = SignInFailed(WRONG)
        refused.delay_seconds = DELAYS[min(row.failures, len(DELAYS) - 1)]
    return refused


@dataclass(frozen=True)
class Beginning:
    """Where a session begins: source, browser and address; and the password's hash made anew where it was outdated.

    `via`: by what, `password` or `oidc`. Locks are of guessed passwords: they hold up nobody who came without one.
    """

    source: str
    device: str = ""
    address: str = ""
    via: str = PASSWORD
    fresh_hash: str | None = None


def begin_session(
    open_write: OpenSession,
    person: store.PersonRow,
    begun: Beginning,
    now: datetime,
    *,
    admit: Callable[[Session, store.PersonRow], None] = lambda session, person: None,
) -> SignedIn:
    """Given a person whose password was right and where, begin a session. Raises SignInFailed when overtaken.

    `admit` looks once more, at the held person: whatever ends an identity or an account waits for this session first.
    """
    token = secrets.token_urlsafe(32)
    with open_write() as session:
        if begun.via == PASSWORD:
            refuse_locked(store.failure(session, person.account, begun.source), now)  # others may have failed meanwhile
            store.clear_failure(session, person.account, begun.source)
        row = held_person(session, person.account)
        admit(session, row)
        if row.disabled_at is not None:
            raise SignInFailed(WRONG)
        if row.password_hash != person.password_hash:  # reset while we hashed: the old one opens nothing any more
            raise SignInFailed(WRONG)
        row.password_hash = begun.fresh_hash or row.password_hash
        actor = actor_of(person.account, person.name, person.role)
        used = devices.used(session, begun.device, side_of(person.role, person.holder), actor, now)
        session.add(
            store.SessionRow(
                token_hash=hashed_token(token), person_id=person.id, created_at=now, seen_at=now,
                source=begun.source, address=begun.address[:45], device_id=used.id if used else None,
                via=begun.via,
            )
        )  # fmt: skip
        note(session, person.account, "signed_in", actor, now, {"source": begun.source, "via": begun.via})
    return SignedIn(token, person.id, person.account, person.must_change)


def note(session: Session, account: str, kind: str, actor: Actor, now: datetime, facts: dict[str, object]) -> None:
    """Given an account and what happened to it, append the security event."""
    audit.append(session, "person", account, Event(kind, now, now, actor.account, actor.side, facts=facts))


def held_person(session: Session, account: str) -> store.PersonRow:
    """Given an account, return its row held against other writers. Raises NotFound when there is none."""
    person = store.by_account(session, account, lock=True)
    if person is None:
        raise NotFound("没有账号“%(account)s”。", account=account)
    return person
