"""Signing in and out, whose session it is, and changing one's password.

Not for making accounts (`services/people.py`). Hashing is slow on purpose and happens with no transaction open.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from ops_console.core.devices import hashed_token
from ops_console.core.errors import NotFound, Refused
from ops_console.core.passwords import LONGEST, check_password
from ops_console.core.people import SYSTEM, Actor, actor_of
from ops_console.core.tickets import Event
from ops_console.services import devices
from ops_console.services.ports import OpenSession, PasswordHasher
from ops_console.store import audit
from ops_console.store import people as store

WRONG = "账号或密码不对；请检查大小写，或联系系统管理员重置密码。"
LOCKED = "连续失败次数过多，此处对该账号的登录已锁定到 %(until)s；在别处登录不受影响。"
DELAYS = (0.0, 0.0, 0.25, 0.5, 1.0)


@dataclass(frozen=True)
class Policy:
    """How failures, sessions and passwords are treated; durations as timedelta."""

    lock_after: int
    lock_for: timedelta
    idle: timedelta
    absolute: timedelta
    one_time_for: timedelta
    password_rules: str


@dataclass(frozen=True)
class SignedIn:
    """A session: the secret token for its cookie, and who it is."""

    token: str
    person_id: int
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
) -> SignedIn:
    """Given what somebody typed, where from and on which browser, return a new session.

    Raises SignInFailed, in one sentence for all reasons.
    After `lock_after` failures that account is locked for that source alone: nobody locks another out from elsewhere.
    """
    account = account.strip().lower()[:40]
    with open_read() as session:
        failed = store.failure(session, account, source)
        person = store.by_account(session, account)
    _refuse_locked(failed, now)
    known = person is not None and person.disabled_at is None
    right = hasher.matches(person.password_hash if person and known else "", password[: LONGEST + 1])
    if person is None or not known or not right:
        raise _failed(open_write, policy, account, source, now, known=known)
    if person.one_time_until is not None and person.must_change and person.one_time_until < now:
        raise SignInFailed("一次性密码已过期，请联系系统管理员重新生成。")
    fresh = hasher.hash(password) if hasher.is_outdated(person.password_hash) else None
    return _begin(open_write, person, source, now, fresh=fresh, device=device)


def _refuse_locked(failed: store.FailureRow | None, now: datetime) -> None:
    if failed is not None and failed.locked_until is not None and failed.locked_until > now:
        raise SignInFailed(LOCKED, until=failed.locked_until)


def _failed(
    open_write: OpenSession, policy: Policy, account: str, source: str, now: datetime, *, known: bool
) -> SignInFailed:
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


def _begin(
    open_write: OpenSession, person: store.PersonRow, source: str, now: datetime, *, fresh: str | None, device: str
) -> SignedIn:
    token = secrets.token_urlsafe(32)
    with open_write() as session:
        _refuse_locked(store.failure(session, person.account, source), now)  # others may have failed while we hashed
        store.clear_failure(session, person.account, source)
        row = held_person(session, person.account)
        if row.password_hash != person.password_hash:  # reset while we hashed: the old one opens nothing any more
            raise SignInFailed(WRONG)
        row.password_hash = fresh or row.password_hash
        actor = actor_of(person.account, person.name, person.role)
        used = devices.used(session, device, actor, now)
        session.add(
            store.SessionRow(
                token_hash=hashed_token(token), person_id=person.id, created_at=now, seen_at=now, source=source,
                device_id=used.id if used else None,
            )
        )  # fmt: skip
        note(session, person.account, "signed_in", actor, now, {"source": source})
    return SignedIn(token, person.id, person.must_change)


@dataclass(frozen=True)
class Guest:
    """Who a session belongs to, as of now."""

    person_id: int
    actor: Actor
    role: str
    must_change: bool
    token_hash: str
    seen_at: datetime


def whose(session: Session, policy: Policy, token: str, now: datetime) -> Guest | None:
    """Given a cookie's token, return who it is, or None when the session ended, idled out or is too old."""
    found = store.signed_in(session, hashed_token(token))
    if found is None:
        return None
    row, person, clean_device = found
    if now - row.seen_at > policy.idle or now - row.created_at > policy.absolute or person.disabled_at is not None:
        return None
    actor = actor_of(person.account, person.name, person.role, clean_device=clean_device)
    return Guest(person.id, actor, person.role, person.must_change, row.token_hash, row.seen_at)


def touch(session: Session, guest: Guest, now: datetime) -> None:
    """Given who just looked at a page, keep their session from idling out."""
    store.touch(session, guest.token_hash, now)


def sign_out(session: Session, token: str, actor: Actor, now: datetime) -> None:
    """Given a session's token, end it."""
    store.end_session(session, hashed_token(token))
    note(session, actor.account, "signed_out", actor, now, {})


def change_password(
    open_read: OpenSession,
    open_write: OpenSession,
    hasher: PasswordHasher,
    policy: Policy,
    *,
    actor: Actor,
    current: str,
    new: str,
    source: str,
    now: datetime,
    device: str = "",
) -> SignedIn:
    """Given the current and the wished password, change it, end every session of the account and begin a new one.

    Raises Refused naming the field. Wrong current passwords count like failed sign-ins.
    """
    with open_read() as session:
        failed = store.failure(session, actor.account, source)
        person = store.by_account(session, actor.account)
    assert person is not None
    _refuse_locked(failed, now)
    if not hasher.matches(person.password_hash, current[: LONGEST + 1]):
        _failed(open_write, policy, actor.account, source, now, known=True)
        raise Refused("当前密码不对。", field="current_password")
    if new == current:
        raise Refused("新密码不能与当前密码相同。", field="new_password")
    check_password(new, policy.password_rules, (person.account, person.name))
    made = hasher.hash(new)
    with open_write() as session:
        row = held_person(session, actor.account)
        if row.password_hash != person.password_hash:  # reset while we hashed
            raise Refused("当前密码不对。", field="current_password")
        row.password_hash, row.must_change, row.one_time_until, row.changed_at = made, False, None, now
        store.end_sessions_of(session, row.id)
        note(session, actor.account, "password_changed", actor, now, {})
    return _begin(open_write, row, source, now, fresh=None, device=device)


def note(session: Session, account: str, kind: str, actor: Actor, now: datetime, facts: dict[str, object]) -> None:
    """Given an account and what happened to it, append the security event."""
    audit.append(session, "person", account, Event(kind, now, now, actor.account, actor.side, facts=facts))


def tidy(session: Session, policy: Policy, now: datetime) -> None:
    """Given now, end sessions that idled out and forget old failures."""
    store.end_stale_sessions(session, now - policy.idle, now - policy.absolute)
    store.forget_failures(session, now - max(policy.lock_for, timedelta(days=1)))


def held_person(session: Session, account: str) -> store.PersonRow:
    """Given an account, return its row held against other writers. Raises NotFound when there is none."""
    person = store.by_account(session, account, lock=True)
    if person is None:
        raise NotFound("没有账号“%(account)s”。", account=account)
    return person


RESET_WAIT = timedelta(hours=24)


def refuse_fresh_reset(session: Session, actor: Actor, now: datetime) -> None:
    """Given who acts for a party, let them pass. Raises Refused within a day of a reset by somebody else."""
    person = store.by_account(session, actor.account)
    if person is not None and person.reset_at is not None and now - person.reset_at < RESET_WAIT:
        raise Refused(
            "您的密码在 24 小时内被重置过，期间不能代表本方确认；请于 %(until)s 之后再试。",
            until=person.reset_at + RESET_WAIT,
        )
