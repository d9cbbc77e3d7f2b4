"""Changing one's password, and telling again that it is one's own before something of weight.

Not for what a password may be (`core/passwords.py`) nor for resetting another's (`services/people.py`).
"""

from __future__ import annotations

from datetime import datetime

from ops_console.core.errors import Refused
from ops_console.core.passwords import KEPT, LONGEST, check_password
from ops_console.core.people import Actor
from ops_console.services.ports import OpenSession, PasswordHasher
from ops_console.services.sign_in import (
    Beginning,
    Policy,
    SignedIn,
    begin_session,
    failed,
    held_person,
    note,
    refuse_locked,
)
from ops_console.store import people as store


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
    address: str = "",
) -> SignedIn:
    """Given the current and the wished password, change it, end every session of the account and begin a new one.

    Raises Refused naming the field. Wrong current passwords count like failed sign-ins.
    """
    person = check_own(open_read, open_write, hasher, policy, actor=actor, current=current, source=source, now=now)
    if new == current:
        raise Refused("新密码不能与当前密码相同。", field="new_password")
    check_password(new, policy.password_rules, (person.account, person.name, *policy.words))
    with open_read() as session:
        former = store.former_passwords(session, person.id, KEPT[policy.password_rules] - 1)
    if any(hasher.matches(old, new) for old in former):
        raise Refused("新密码不能与最近 %(n)s 次用过的相同。", field="new_password", n=KEPT[policy.password_rules])
    made = hasher.hash(new)
    with open_write() as session:
        row = held_person(session, actor.account)
        if row.password_hash != person.password_hash:  # reset while we hashed
            raise Refused("当前密码不对。", field="current_password")
        if not row.must_change:  # a one-time password was nobody's choice
            store.keep_former(session, row, KEPT[policy.password_rules] - 1, now)
        row.password_hash, row.must_change, row.one_time_until, row.changed_at = made, False, None, now
        store.end_sessions_of(session, row.id)
        note(session, actor.account, "password_changed", actor, now, {})
    return begin_session(open_write, row, Beginning(source, device, address), now)


def check_own(
    open_read: OpenSession,
    open_write: OpenSession,
    hasher: PasswordHasher,
    policy: Policy,
    *,
    actor: Actor,
    current: str,
    source: str,
    now: datetime,
) -> store.PersonRow:
    """Given who is signed in and the password they typed again, return their row. Raises Refused when it is wrong."""
    with open_read() as session:
        failure = store.failure(session, actor.account, source)
        person = store.by_account(session, actor.account)
    assert person is not None
    refuse_locked(failure, now)
    if not hasher.matches(person.password_hash, current[: LONGEST + 1]):
        failed(open_write, policy, actor.account, source, now, known=True)
        raise Refused("当前密码不对。", field="current_password")
    return person
