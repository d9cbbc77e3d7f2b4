"""Accounts: the first ones, adding, confirming their roles, resetting.

Not for what a role may do (`core/people.py`), for signing in (`services/sign_in.py`) or for leavers
(`services/leavers.py`). The system administrator makes accounts, the security administrator confirms their roles.
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
from ops_console.core.people import HOSPITAL, ROLES, SYSTEM, VENDOR, Actor, check_change, check_holder, may_work
from ops_console.core.tickets import Event
from ops_console.services.passwords import change_password
from ops_console.services.ports import OpenSession, PasswordHasher
from ops_console.services.resets import mark_reset
from ops_console.services.sessions import Guest, sign_out, tidy, touch, whose
from ops_console.services.sign_in import Policy, SignedIn, SignInFailed, held_person, note, sign_in
from ops_console.store import audit, messages
from ops_console.store import factors as factor_store
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

SHOWN_ACTS = (
    "account_added", "account_reset", "account_disabled", "account_unlocked", "role_confirmed", "role_changed",
    "sign_in_locked", "password_changed", "factor_enrolled", "factor_locked", "factor_drop_asked", "factor_dropped",
    "session_ended", "oidc_linked", "oidc_unlinked", "oidc_bound", "oidc_refused",
)  # fmt: skip
ACCOUNT = re.compile(r"[a-z][a-z0-9._-]{1,38}")
TOLD_FOR = timedelta(days=7)
DISABLED, WAITS, MUST_CHANGE, IN_USE = "disabled", "waits", "must_change", "in_use"


@dataclass(frozen=True)
class NewPerson:
    """A person to be given an account. `holder`: whose person an administrator of the three duties is."""

    account: str
    name: str
    role: str
    holder: str | None = None
    department: str = ""


FIRST = (
    NewPerson("sysadmin", "系统管理员", "administrator", VENDOR),
    NewPerson("hospital", "信息科长", "hospital"),
    NewPerson("vendor", "乙方工程师", "vendor"),
    NewPerson("secadmin", "安全管理员", "security", HOSPITAL),
    NewPerson("auditadmin", "审计管理员", "audit_administrator", HOSPITAL),
)


@dataclass(frozen=True)
class OneTime:
    """A one-time password and its hash, made before the transaction that keeps it."""

    password: str
    hashed: str


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


def one_time(hasher: PasswordHasher) -> OneTime:
    """Given a hasher, return a random password of about 100 bits, in four groups without look-alike characters."""
    password = "-".join("".join(secrets.choice(READABLE) for _ in range(5)) for _ in range(4))
    return OneTime(password, hasher.hash(password))


def first_accounts(
    open_read: OpenSession, open_write: OpenSession, hasher: PasswordHasher, policy: Policy, now: datetime
) -> tuple[NewAccount, ...]:
    """Given an empty house, make its first accounts and return them; otherwise none.

    They alone wait neither for the security administrator nor a day: nobody's rights are taken over by them.
    """
    with open_read() as session:
        if store.any_person(session):
            return ()
    ready = [one_time(hasher) for _ in FIRST]
    with open_write() as session:
        store.hold_people(session)
        if store.any_person(session):
            return ()
        made = zip(FIRST, ready, strict=True)
        return tuple(_add(session, policy, person, given, SYSTEM, now, waits=False) for person, given in made)


def add_account(
    session: Session, policy: Policy, person: NewPerson, given: OneTime, actor: Actor, now: datetime
) -> NewAccount:
    """Given a new person and their one-time password, make the account. Raises Refused naming the field.

    Its role counts once the security administrator confirms it, and it signs nothing during its first 24 hours. While
    the house has no security administrator at all, nothing is waited for.
    """
    actor.need("people.manage")
    actor.need_proof(now)
    check_new(session, policy, person)
    waits = store.active_of_role(session, "security") > 0
    made = _add(session, policy, person, given, actor, now, waits=waits)
    tell(session, person.role, "account_added", person.account, now)
    return made


def check_new(session: Session, policy: Policy, person: NewPerson) -> None:
    """Given a person to be added, let them pass. Raises Refused naming the field at fault."""
    if not ACCOUNT.fullmatch(person.account):
        raise Refused("账号须以小写字母开头，只含小写字母、数字和 . _ -，长 2 至 39 个字符。", field="account")
    if person.role not in ROLES:
        raise Refused("没有“%(role)s”这一角色。", field="role", role=person.role)
    if not person.name.strip() or len(person.name) > 60:
        raise Refused("请写姓名（最多 60 个字）。", field="name")
    if len(person.department) > 60:
        raise Refused("单位或科室最多 60 个字。", field="department")
    check_holder(person.role, person.holder, policy.duties)
    if store.by_account(session, person.account) is not None:
        raise Refused("账号“%(account)s”已经有了，请换一个。", field="account", account=person.account)


def _add(
    session: Session, policy: Policy, person: NewPerson, given: OneTime, actor: Actor, now: datetime, *, waits: bool
) -> NewAccount:
    session.add(
        store.PersonRow(
            account=person.account, name=person.name.strip(), role=person.role, holder=person.holder,
            department=person.department.strip(), waits=waits, password_hash=given.hashed, must_change=True,
            one_time_until=now + policy.one_time_for, reset_at=None if actor is SYSTEM else now, created_at=now,
        )
    )  # fmt: skip
    session.flush()
    facts = {"role": person.role, "holder": person.holder or "", "waits": waits}
    note(session, person.account, "account_added", actor, now, facts)
    return NewAccount(person.account, person.name.strip(), person.role, given.password)


def confirm_role(session: Session, account: str, actor: Actor, now: datetime) -> None:
    """Given an account that waits, let its role count from now on: the security administrator's to say."""
    actor.need("people.grant")
    actor.need_proof(now)
    person = held_person(session, account)
    if not person.waits or person.disabled_at is not None:
        raise Refused("账号“%(account)s”没有等待确认的角色。", account=account)
    if person.account == actor.account:
        raise Refused("不能确认自己的角色；请由另一位安全管理员确认。")
    person.waits = False
    note(session, account, "role_confirmed", actor, now, {"role": person.role, "holder": person.holder or ""})


def change_role(session: Session, account: str, role: str, actor: Actor, now: datetime) -> None:
    """Given an account and another role of its side, give it that role, end its sessions and tell both parties.

    It signs nothing during the next 24 hours and is marked for 30 days. Raises Refused for another side and for the
    three duties.
    """
    actor.need("people.grant")
    actor.need_proof(now)
    person = held_person(session, account)
    if person.disabled_at is not None:
        raise Refused("账号“%(account)s”已停用，不能变更角色。", account=account)
    check_change(person.role, role)
    before, person.role = person.role, role
    mark_reset(person, now)
    store.end_sessions_of(session, person.id)
    note(session, account, "role_changed", actor, now, {"old": before, "role": role})
    tell(session, role, "role_changed", account, now)


def reset_account(
    session: Session, policy: Policy, account: str, given: OneTime, actor: Actor, now: datetime
) -> NewAccount:
    """Given an account, end its sessions and give it a one-time password: breaking the glass, told to both parties.

    Its second factor stays. It signs nothing during the next 24 hours, and for 30 days its signatures tell of the
    reset. Raises NotFound for an unknown account, Refused for a disabled one.
    """
    actor.need("people.manage")
    actor.need_proof(now)
    person = held_person(session, account)
    if person.disabled_at is not None:
        raise Refused("账号“%(account)s”已停用，不能重置；请另建账号。", account=account)
    person.password_hash, person.must_change = given.hashed, True
    mark_reset(person, now)
    person.one_time_until = now + policy.one_time_for
    store.end_sessions_of(session, person.id)
    note(session, account, "account_reset", actor, now, {})
    tell(session, person.role, "account_reset", account, now)
    return NewAccount(account, person.name, person.role, given.password)


def unlock_account(session: Session, account: str, actor: Actor, now: datetime) -> None:
    """Given an account, end every lock that failed sign-ins and codes put on it."""
    actor.need("people.manage")
    actor.need_proof(now)
    person = held_person(session, account)
    store.clear_failures_of(session, account)
    factor = factor_store.of_person(session, person.id, lock=True)
    if factor is not None:
        factor.failures, factor.locked_until = 0, None
    note(session, account, "account_unlocked", actor, now, {})


def tell(session: Session, role: str, kind: str, account: str, now: datetime) -> None:
    """Given what happened to an account, put a message to both parties into the outbox."""
    messages.put(
        session, dedup_key=f"{kind}/{account}/{now.isoformat()}", audience="both", kind=kind,
        payload={"account": account, "role": role}, created_at=now, expires_at=now + TOLD_FOR,
    )  # fmt: skip


def account_state(person: store.PersonRow) -> str:
    """Given a person, return the state of their account: one of DISABLED, WAITS, MUST_CHANGE, IN_USE."""
    if person.disabled_at is not None:
        return DISABLED
    if person.waits:
        return WAITS
    return MUST_CHANGE if person.must_change else IN_USE


def may_take(person: store.PersonRow) -> bool:
    """Given a person, say whether a ticket can be handed to them: in use, confirmed, of a role that does such work."""
    return person.disabled_at is None and not person.waits and may_work(person.role)


def who_may_work(session: Session, actor: Actor) -> tuple[tuple[str, str], ...]:
    """Given who asks, return (account, name) of everybody a ticket can be handed to."""
    actor.need("tickets.read")
    return tuple((row.account, row.name) for row in store.in_use(session, [r for r in ROLES if may_work(r)]))


def everybody(session: Session, actor: Actor) -> Sequence[store.PersonRow]:
    """Given who asks, return all accounts by role and name."""
    actor.need("people.read")
    return store.everybody(session)


def enrolled(session: Session, actor: Actor) -> frozenset[int]:
    """Given who asks, return the persons who have a second factor in use."""
    actor.need("people.read")
    return factor_store.enrolled(session)


def account_events(session: Session, actor: Actor) -> list[AccountEvent]:
    """Given who asks, return the newest acts on accounts (made, reset, disabled, locked), for both parties to see."""
    actor.need("people.read")
    return [AccountEvent(account, event) for _, account, event in audit.about(session, "person", SHOWN_ACTS)]


def resets_told(session: Session, now: datetime) -> Sequence[store.PersonRow]:
    """Given now, return the accounts that somebody else reset within a week: told on the pages of both parties."""
    return store.reset_since(session, now - TOLD_FOR)
