"""Accounts: the first three, signing in and out, changing passwords, adding and resetting.

Not for what a role may do (`core/people.py`). Hashing is slow on purpose and happens with no transaction open.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from ops_console.core.errors import NotFound, Refused
from ops_console.core.passwords import LONGEST, READABLE, check_password
from ops_console.core.people import ROLES, SYSTEM, Actor, actor_of
from ops_console.core.tickets import Event
from ops_console.services.ports import OpenSession, PasswordHasher
from ops_console.store import audit, messages
from ops_console.store import people as store

FIRST = (
    ("sysadmin", "系统管理员", "administrator"),
    ("hospital", "信息科长", "hospital"),
    ("vendor", "乙方工程师", "vendor"),
)
ACCOUNT = re.compile(r"^[a-z][a-z0-9._-]{1,38}$")
WRONG = "账号或密码不对；请检查大小写，或联系系统管理员重置密码。"
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
class NewAccount:
    """An account just made or reset, with its one-time password, to be shown once."""

    account: str
    name: str
    role: str
    password: str


@dataclass(frozen=True)
class SignedIn:
    """A session: the secret token for its cookie, and who it is."""

    token: str
    person_id: int
    must_change: bool


class SignInFailed(Refused):
    """Signing in was refused; `delay_seconds` is how long the face makes the asker wait for the answer."""

    delay_seconds: float = 0.0


def first_accounts(session: Session, hasher: PasswordHasher, policy: Policy, now: datetime) -> tuple[NewAccount, ...]:
    """Given an empty house, make its first three accounts and return them; otherwise none."""
    if store.any_person(session):
        return ()
    return tuple(_add(session, hasher, policy, *who, now, SYSTEM, None) for who in FIRST)


def add_account(
    session: Session,
    hasher: PasswordHasher,
    policy: Policy,
    account: str,
    name: str,
    role: str,
    actor: Actor,
    now: datetime,
) -> NewAccount:
    """Given a new person, make the account with a one-time password. Raises Refused naming the field.

    An account made by an administrator or at the terminal cannot confirm for its party during its first 24 hours.
    """
    actor.need("people.manage")
    if not ACCOUNT.match(account):
        raise Refused("账号须以小写字母开头，只含小写字母、数字和 . _ -，长 2 至 39 个字符。", field="account")
    if role not in ROLES:
        raise Refused("没有“%(role)s”这一角色。", field="role", role=role)
    if not name.strip() or len(name) > 60:
        raise Refused("请写姓名（最多 60 个字）。", field="name")
    if store.by_account(session, account) is not None:
        raise Refused("账号“%(account)s”已经有了，请换一个。", field="account", account=account)
    made = _add(session, hasher, policy, account, name.strip(), role, now, actor, now)
    _tell(session, role, "account_added", account, now)
    return made


def _add(
    session: Session,
    hasher: PasswordHasher,
    policy: Policy,
    account: str,
    name: str,
    role: str,
    now: datetime,
    actor: Actor,
    reset_at: datetime | None,
) -> NewAccount:
    password = one_time_password()
    session.add(
        store.PersonRow(
            account=account, name=name, role=role, password_hash=hasher.hash(password), must_change=True,
            one_time_until=now + policy.one_time_for, reset_at=reset_at, created_at=now,
        )
    )  # fmt: skip
    session.flush()
    note(session, account, "account_added", actor, now, {"role": role})
    return NewAccount(account, name, role, password)


def one_time_password() -> str:
    """Return a random password of about 100 bits, in four groups without look-alike characters."""
    return "-".join("".join(secrets.choice(READABLE) for _ in range(5)) for _ in range(4))


def reset_account(
    session: Session, hasher: PasswordHasher, policy: Policy, account: str, actor: Actor, now: datetime
) -> NewAccount:
    """Given an account, end its sessions and give it a new one-time password, shown to both parties as an event.

    It cannot confirm for its party during the next 24 hours. Raises NotFound for an unknown account.
    """
    actor.need("people.manage")
    person = _person(session, account)
    password = one_time_password()
    person.password_hash, person.must_change, person.reset_at = hasher.hash(password), True, now
    person.one_time_until, person.disabled_at = now + policy.one_time_for, None
    store.end_sessions_of(session, person.id)
    note(session, account, "account_reset", actor, now, {})
    _tell(session, person.role, "account_reset", account, now)
    return NewAccount(account, person.name, person.role, password)


def disable_account(session: Session, account: str, actor: Actor, now: datetime) -> None:
    """Given an account, disable it and end its sessions at once. Raises Refused for the last administrator."""
    actor.need("people.manage")
    person = _person(session, account)
    if person.disabled_at is not None:
        raise Refused("账号“%(account)s”已经停用。", account=account)
    if person.role == "administrator" and store.active_of_role(session, "administrator") <= 1:
        raise Refused("这是最后一个系统管理员账号，不能停用；请先添加另一个。")
    person.disabled_at = now
    store.end_sessions_of(session, person.id)
    note(session, account, "account_disabled", actor, now, {})


def _person(session: Session, account: str) -> store.PersonRow:
    person = store.by_account(session, account, lock=True)
    if person is None:
        raise NotFound("没有账号“%(account)s”。", account=account)
    return person


def _tell(session: Session, role: str, kind: str, account: str, now: datetime) -> None:
    messages.put(
        session, dedup_key=f"{kind}/{account}/{now.isoformat()}", audience="both", kind=kind,
        payload={"account": account, "role": role}, created_at=now, expires_at=now + timedelta(days=7),
    )  # fmt: skip


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
) -> SignedIn:
    """Given what somebody typed and where from, return a new session. Raises SignInFailed, in one sentence for all.

    After `lock_after` failures that account is locked for that source alone: nobody locks another out from elsewhere.
    """
    account = account.strip().lower()[:40]
    with open_read() as session:
        failed = store.failure(session, account, source)
        person = store.by_account(session, account)
    if failed is not None and failed.locked_until is not None and failed.locked_until > now:
        raise SignInFailed(
            "连续失败次数过多，此处对该账号的登录已锁定到 %(until)s；在别处登录不受影响。", until=failed.locked_until
        )
    known = person is not None and person.disabled_at is None
    right = hasher.matches(person.password_hash if person and known else "", password[: LONGEST + 1])
    if person is None or not known or not right:
        raise _failed(open_write, policy, account, source, now, known=known)
    if person.one_time_until is not None and person.must_change and person.one_time_until < now:
        raise SignInFailed("一次性密码已过期，请联系系统管理员重新生成。")
    fresh = hasher.hash(password) if hasher.is_outdated(person.password_hash) else None
    return _begin(open_write, person, source, now, fresh)


def _failed(
    open_write: OpenSession, policy: Policy, account: str, source: str, now: datetime, *, known: bool
) -> SignInFailed:
    with open_write() as session:
        row = store.failure(session, account, source)
        if row is None:
            row = store.FailureRow(account=account, source=source, failures=0, failed_at=now)
            session.add(row)
        if row.locked_until is not None or now - row.failed_at > policy.lock_for:
            row.failures, row.locked_until = 0, None
        row.failures, row.failed_at = row.failures + 1, now
        if row.failures >= policy.lock_after:
            row.locked_until = now + policy.lock_for
        if known:
            note(
                session,
                account,
                "sign_in_locked" if row.locked_until else "sign_in_failed",
                SYSTEM,
                now,
                {"source": source},
            )
        refused = SignInFailed(WRONG)
        refused.delay_seconds = DELAYS[min(row.failures, len(DELAYS) - 1)]
    return refused


def _begin(open_write: OpenSession, person: store.PersonRow, source: str, now: datetime, fresh: str | None) -> SignedIn:
    token = secrets.token_urlsafe(32)
    with open_write() as session:
        store.clear_failure(session, person.account, source)
        if fresh is not None:
            _person(session, person.account).password_hash = fresh
        session.add(
            store.SessionRow(token_hash=hashed(token), person_id=person.id, created_at=now, seen_at=now, source=source)
        )
        note(
            session,
            person.account,
            "signed_in",
            actor_of(person.account, person.name, person.role),
            now,
            {"source": source},
        )
    return SignedIn(token, person.id, person.must_change)


def hashed(token: str) -> str:
    """Given a session's token, return what its row is found by."""
    return hashlib.sha256(token.encode()).hexdigest()


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
    found = store.signed_in(session, hashed(token))
    if found is None:
        return None
    row, person = found
    if now - row.seen_at > policy.idle or now - row.created_at > policy.absolute or person.disabled_at is not None:
        return None
    actor = actor_of(person.account, person.name, person.role)
    return Guest(person.id, actor, person.role, person.must_change, row.token_hash, row.seen_at)


def sign_out(session: Session, token: str, actor: Actor, now: datetime) -> None:
    """Given a session's token, end it."""
    store.end_session(session, hashed(token))
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
) -> SignedIn:
    """Given the current and the wished password, change it, end every session of the account and begin a new one.

    Raises Refused naming the field. Wrong current passwords count like failed sign-ins.
    """
    with open_read() as session:
        person = store.by_account(session, actor.account)
    assert person is not None
    with open_read() as session:
        failed = store.failure(session, actor.account, source)
    if failed is not None and failed.locked_until is not None and failed.locked_until > now:
        raise SignInFailed(
            "连续失败次数过多，此处对该账号的登录已锁定到 %(until)s；在别处登录不受影响。", until=failed.locked_until
        )
    if not hasher.matches(person.password_hash, current[: LONGEST + 1]):
        _failed(open_write, policy, actor.account, source, now, known=True)
        raise Refused("当前密码不对。", field="current_password")
    if new == current:
        raise Refused("新密码不能与当前密码相同。", field="new_password")
    check_password(new, policy.password_rules, (person.account, person.name))
    made = hasher.hash(new)
    with open_write() as session:
        row = _person(session, actor.account)
        row.password_hash, row.must_change, row.one_time_until, row.changed_at = made, False, None, now
        store.end_sessions_of(session, row.id)
        note(session, actor.account, "password_changed", actor, now, {})
    return _begin(open_write, row, source, now, None)


def note(session: Session, account: str, kind: str, actor: Actor, now: datetime, facts: dict[str, object]) -> None:
    """Given an account and what happened to it, append the security event."""
    audit.append(session, "person", account, Event(kind, now, now, actor.account, actor.side, facts=facts))


def tidy(session: Session, policy: Policy, now: datetime) -> None:
    """Given now, end sessions that idled out and forget old failures."""
    store.end_stale_sessions(session, now - policy.idle, now - policy.absolute)
    store.forget_failures(session, now - max(policy.lock_for, timedelta(days=1)))


def everybody(session: Session, actor: Actor) -> Sequence[store.PersonRow]:
    """Given who asks, return all accounts by role and name."""
    actor.need("people.read")
    return store.everybody(session)
