"""Accounts: the first three, adding, resetting and disabling them.

Not for what a role may do (`core/people.py`) and not for signing in (`services/sign_in.py`).
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from ops_console.core.errors import Refused
from ops_console.core.passwords import READABLE
from ops_console.core.people import ROLES, SYSTEM, Actor, may_work
from ops_console.core.tickets import Event
from ops_console.services.ports import PasswordHasher
from ops_console.services.sign_in import (
    Guest,
    Policy,
    SignedIn,
    SignInFailed,
    change_password,
    held_person,
    note,
    sign_in,
    sign_out,
    tidy,
    touch,
    whose,
)
from ops_console.store import audit, messages
from ops_console.store import people as store

# Signing in is part of this noun: faces find all of it here.
__all__ = [
    "Guest",
    "Policy",
    "SignInFailed",
    "SignedIn",
    "change_password",
    "sign_in",
    "sign_out",
    "tidy",
    "touch",
    "whose",
]

FIRST = (
    ("sysadmin", "系统管理员", "administrator"),
    ("hospital", "信息科长", "hospital"),
    ("vendor", "乙方工程师", "vendor"),
)
SHOWN_ACTS = ("account_added", "account_reset", "account_disabled", "sign_in_locked", "password_changed")
ACCOUNT = re.compile(r"[a-z][a-z0-9._-]{1,38}")


@dataclass(frozen=True)
class NewAccount:
    """An account just made or reset, with its one-time password, to be shown once."""

    account: str
    name: str
    role: str
    password: str


@dataclass(frozen=True)
class AccountEvent:
    """One act on an account: which, and the event with who did it and when."""

    account: str
    event: Event


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
    if not ACCOUNT.fullmatch(account):
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

    It cannot confirm for its party during the next 24 hours. Raises NotFound for an unknown account, Refused
    for a disabled one.
    """
    actor.need("people.manage")
    person = held_person(session, account)
    if person.disabled_at is not None:
        raise Refused("账号“%(account)s”已停用，不能重置；请另建账号。", account=account)
    password = one_time_password()
    person.password_hash, person.must_change, person.reset_at = hasher.hash(password), True, now
    person.one_time_until = now + policy.one_time_for
    store.end_sessions_of(session, person.id)
    note(session, account, "account_reset", actor, now, {})
    _tell(session, person.role, "account_reset", account, now)
    return NewAccount(account, person.name, person.role, password)


def disable_account(session: Session, account: str, actor: Actor, now: datetime) -> None:
    """Given an account, disable it and end its sessions at once. Raises Refused for the last administrator."""
    actor.need("people.manage")
    administrators = store.active_of_role(session, "administrator")  # held first: two may not disable each other
    person = held_person(session, account)
    if person.disabled_at is not None:
        raise Refused("账号“%(account)s”已经停用。", account=account)
    if person.role == "administrator" and administrators <= 1:
        raise Refused("这是最后一个系统管理员账号，不能停用；请先添加另一个。")
    person.disabled_at = now
    store.end_sessions_of(session, person.id)
    note(session, account, "account_disabled", actor, now, {})


def _tell(session: Session, role: str, kind: str, account: str, now: datetime) -> None:
    messages.put(
        session, dedup_key=f"{kind}/{account}/{now.isoformat()}", audience="both", kind=kind,
        payload={"account": account, "role": role}, created_at=now, expires_at=now + timedelta(days=7),
    )  # fmt: skip


def who_may_work(session: Session) -> tuple[tuple[str, str], ...]:
    """Given nothing, return (account, name) of everybody a ticket can be handed to."""
    rows = store.everybody(session)
    return tuple((row.account, row.name) for row in rows if row.disabled_at is None and may_work(row.role))


def everybody(session: Session, actor: Actor) -> Sequence[store.PersonRow]:
    """Given who asks, return all accounts by role and name."""
    actor.need("people.read")
    return store.everybody(session)


def account_events(session: Session, actor: Actor) -> list[AccountEvent]:
    """Given who asks, return the newest acts on accounts (made, reset, disabled, locked), for both parties to see."""
    actor.need("people.read")
    return [AccountEvent(account, event) for _, account, event in audit.about(session, "person", SHOWN_ACTS)]
