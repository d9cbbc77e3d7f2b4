"""Whose session it is, what it still owes before the pages open, and ending one's own or another's.

Not for beginning one (`services/sign_in.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from ops_console.core.delegations import lent_to
from ops_console.core.devices import hashed_token
from ops_console.core.errors import NotFound
from ops_console.core.factors import FRESH
from ops_console.core.moments import ZONE
from ops_console.core.passwords import WARNED, ends_at
from ops_console.core.people import DUTIES, Actor, actor_of
from ops_console.services import sign_in
from ops_console.services.sign_in import Policy, note
from ops_console.store import people as store

PASSWORD, ENROL, FACTOR = "password", "enrol", "factor"


@dataclass(frozen=True)
class Guest:
    """Who a session belongs to, as of now.

    `step`: what it owes before any other page opens: `password`, `enrol`, `factor` or nothing; a password
    that was not asked for has not to be changed first. `waits`: the security
    administrator has not confirmed the role yet, so it has no rights. `password_ends_at`: when it has to be changed,
    where that is near. `versions`: the ids of the contract's versions in force.
    """

    person_id: int
    actor: Actor
    role: str
    must_change: bool
    token_hash: str
    seen_at: datetime
    step: str = ""
    waits: bool = False
    factor_kind: str | None = None
    password_ends_at: datetime | None = None
    versions: tuple[int, ...] = ()


def whose(session: Session, policy: Policy, token: str, now: datetime) -> Guest | None:
    """Given a cookie's token, return who it is, or None when the session ended, idled out or is too old."""
    found = store.signed_in(session, hashed_token(token), now.astimezone(ZONE).date())
    if found is None:
        return None
    row, person = found.session, found.person
    if now - row.seen_at > policy.idle or now - row.created_at > policy.absolute or person.disabled_at is not None:
        return None
    with_password = row.via == sign_in.PASSWORD
    ending = ends_at(person.changed_at, policy.password_rules) if with_password else None
    must_change = with_password and (person.must_change or (ending is not None and ending <= now))
    return Guest(
        person.id, _actor(found, policy, now), person.role, must_change, row.token_hash, row.seen_at,
        step=PASSWORD if must_change else _owed(found, policy), waits=person.waits, factor_kind=found.factor_kind,
        password_ends_at=ending if ending is not None and ending - now <= WARNED else None, versions=found.versions,
    )  # fmt: skip


def _actor(found: store.SignedInRow, policy: Policy, now: datetime) -> Actor:
    person, proved = found.person, found.session.factor_at
    proved_until = proved + FRESH if proved else None
    if found.factor_kind is None and policy.second_factor == "offered":
        proved_until = now + FRESH  # nothing is asked of those who chose to have none
    if person.waits:
        return actor_of(person.account, person.name, "")
    own = actor_of(
        person.account, person.name, person.role, on_clean_device=found.on_clean_device, proved_until=proved_until
    )
    if not found.delegator:
        return own
    lent = own.permissions | lent_to(own.side)
    return replace(own, permissions=lent, delegated_by=found.delegator)


def _owed(found: store.SignedInRow, policy: Policy) -> str:
    if found.person.role not in DUTIES:
        return ""
    if found.factor_kind is None:
        return ENROL if policy.second_factor == "required" else ""
    return FACTOR if found.session.factor_at is None else ""


def touch(session: Session, guest: Guest, now: datetime) -> None:
    """Given who just looked at a page, keep their session from idling out."""
    store.touch(session, guest.token_hash, now)


def sign_out(session: Session, token: str, actor: Actor, now: datetime) -> None:
    """Given a session's token, end it."""
    store.end_session(session, hashed_token(token))
    note(session, actor.account, "signed_out", actor, now, {})


def own(session: Session, guest: Guest) -> Sequence[Any]:
    """Given who asks, return their own sessions with the browser of each, newest first."""
    return store.sessions(session, guest.person_id)


def everybodys(session: Session, actor: Actor) -> Sequence[Any]:
    """Given an administrator, return every session with its account and browser, newest first."""
    actor.need("people.manage")
    return store.sessions(session)


def end_own(session: Session, guest: Guest, number: str, now: datetime) -> None:
    """Given who asks and the number of a session of theirs, end it. Raises NotFound for one that is not theirs."""
    _end(session, number, guest.person_id, guest.actor, now)


def end_any(session: Session, number: str, actor: Actor, now: datetime) -> None:
    """Given an administrator with a fresh second factor and a session's number, end it."""
    actor.need("people.manage")
    actor.need_proof(now)
    _end(session, number, None, actor, now)


def _end(session: Session, number: str, person_id: int | None, actor: Actor, now: datetime) -> None:
    found = store.session_numbered(session, number, person_id)
    if found is None:
        raise NotFound("没有这一登录，可能已经结束。")
    row, person = found
    store.end_session(session, row.token_hash)
    note(session, person.account, "session_ended", actor, now, {"began": row.created_at.isoformat()})


def tidy(session: Session, policy: Policy, now: datetime) -> None:
    """Given now, end sessions that idled out and forget old failures and counts of tries."""
    store.end_stale_sessions(session, now - policy.idle, now - policy.absolute)
    store.forget_failures(session, now - max(policy.lock_for, timedelta(days=1)))
    store.forget_tries(session, now - timedelta(minutes=5))
