"""Personal tokens of the API: making one (shown once), revoking, and whose token a request carries.

A token may never do more than its owner may at that moment. Not for what the API offers (`api/`).
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import string
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from ops_console.core.errors import NotFound, Refused
from ops_console.core.people import SYSTEM, Actor, Permission, actor_of
from ops_console.services.sign_in import held_person, note
from ops_console.store import people
from ops_console.store import tokens as store

# scope -> what of its owner's rights it lends. What binds a party (confirming, deciding) is a scope of its own.
SCOPES: dict[str, frozenset[Permission]] = {
    "tickets:read": frozenset({"tickets.read"}),
    "tickets:write": frozenset({"tickets.open", "tickets.record", "tickets.attach"}),
    "tickets:decide": frozenset({"tickets.confirm", "suspensions.decide", "corrections.decide"}),
    "reports:read": frozenset({"reports.read"}),
    "catalogue:read": frozenset(),
}
FORM = re.compile(r"ops_([A-Za-z0-9]{8})_([A-Za-z0-9_-]{43})")
PUBLIC = string.ascii_letters + string.digits
LONGEST_DAYS, LONGEST_NAME, MOST = 365, 60, 20
TOUCH_EVERY = REFUSAL_EVERY = timedelta(minutes=1)
NOBODY = hashlib.sha256(b"no such token").hexdigest()


@dataclass(frozen=True)
class MadeToken:
    """A token just made: its text is shown once and kept nowhere."""

    name: str
    text: str
    expires_at: datetime


@dataclass(frozen=True)
class Caller:
    """Who a request acts for: the token's owner, cut down to the token's scopes, as of now."""

    token_id: int
    prefix: str
    name: str
    role: str
    actor: Actor
    scopes: frozenset[str]
    expires_at: datetime
    used_at: datetime | None


@dataclass(frozen=True)
class Unusable:
    """A token that exists and was refused, and why: for its owner's events, never for the asker."""

    token_id: int
    prefix: str
    account: str
    why: str


def offered(actor: Actor) -> tuple[str, ...]:
    """Given a person, return the scopes that their tokens may have."""
    return tuple(scope for scope, lends in SCOPES.items() if not lends or lends & actor.permissions)


def make(session: Session, name: str, scopes: Sequence[str], days: int, actor: Actor, now: datetime) -> MadeToken:
    """Given a name, scopes and days to live, make the actor's token. Raises Refused naming the field."""
    actor.need("tokens.own")
    _check(name, scopes, days, actor)
    owner = held_person(session, actor.account)  # held: two at once do not pass the limit together
    if store.live(session, owner.id, now) >= MOST:
        raise Refused("最多同时有 %(n)s 个令牌；请先吊销不用的。", field="name", n=MOST)
    prefix = "".join(secrets.choice(PUBLIC) for _ in range(8))
    secret = secrets.token_urlsafe(32)
    expires_at, wanted = now + timedelta(days=days), [scope for scope in SCOPES if scope in scopes]
    session.add(
        store.TokenRow(
            prefix=prefix, secret_hash=_hashed(secret), person_id=owner.id, name=name.strip(),
            scopes=" ".join(wanted), created_at=now, expires_at=expires_at,
        )
    )  # fmt: skip
    told = {"token": prefix, "scopes": " ".join(wanted), "expires_at": expires_at.isoformat()}
    note(session, actor.account, "token_made", actor, now, dict(told))
    return MadeToken(name.strip(), f"ops_{prefix}_{secret}", expires_at)


def _check(name: str, scopes: Sequence[str], days: int, actor: Actor) -> None:
    if not name.strip() or len(name.strip()) > LONGEST_NAME or any(ord(c) < 32 for c in name):
        raise Refused("请写令牌的用途，最多 %(n)s 个字，例如“监控平台报修”。", field="name", n=LONGEST_NAME)
    if not scopes or not set(scopes) <= set(offered(actor)):
        raise Refused("请至少选一项范围，且不超过您自己的权限。", field="scopes")
    if not 1 <= days <= LONGEST_DAYS:
        raise Refused("有效期为 1 至 %(n)s 天。", field="days", n=LONGEST_DAYS)


def _hashed(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def own(session: Session, actor: Actor) -> Sequence[store.TokenRow]:
    """Given a person, return their own tokens, the newest first."""
    actor.need("tokens.own")
    person = people.by_account(session, actor.account)
    return store.of_person(session, person.id) if person else ()


def revoke(session: Session, token_id: int, actor: Actor, now: datetime) -> str:
    """Given one of the actor's tokens, end it and return its prefix. Raises NotFound for another's."""
    actor.need("tokens.own")
    owner = held_person(session, actor.account)
    prefix = store.revoke(session, token_id, owner.id, now)
    if prefix is None:
        raise NotFound("没有这个令牌，或它已经吊销；请刷新页面。")
    note(session, actor.account, "token_revoked", actor, now, {"token": prefix})
    return prefix


def revoke_all_of(session: Session, person_id: int, account: str, actor: Actor, now: datetime) -> int:
    """Given an account, end all its tokens (an administrator's act has asked its right already); return how many."""
    ended = store.revoke_all(session, person_id, now)
    for prefix in ended:
        note(session, account, "token_revoked", actor, now, {"token": prefix})
    return len(ended)


def presented(session: Session, text: str, now: datetime) -> Caller | Unusable | None:
    """Given what a request carries, return whom it acts for; Unusable when a known token opens nothing; else None.

    One statement and one comparison, whether the token exists or not.
    """
    shape = FORM.fullmatch(text)
    prefix, secret = shape.groups() if shape else ("", "")
    found = store.presented(session, prefix)
    right = hmac.compare_digest(found[0].secret_hash if found else NOBODY, _hashed(secret))
    if found is None:
        return None
    token, owner = found
    why = _why_not(token, owner, now, right=right)
    if why:
        return Unusable(token.id, token.prefix, owner.account, why)
    return _caller(token, owner)


def _why_not(token: store.TokenRow, owner: people.PersonRow, now: datetime, *, right: bool) -> str:
    reasons = (
        ("secret", not right),
        ("revoked", token.revoked_at is not None),
        ("expired", token.expires_at <= now),
        ("owner", owner.disabled_at is not None or owner.must_change),
    )
    return next((why for why, applies in reasons if applies), "")


def _caller(token: store.TokenRow, owner: people.PersonRow) -> Caller:
    whole = actor_of(owner.account, owner.name, owner.role)
    scopes = frozenset(token.scopes.split())
    lent = frozenset(p for scope in scopes for p in SCOPES.get(scope, ()))
    actor = Actor(whole.account, whole.name, whole.side, whole.permissions & lent)
    return Caller(token.id, token.prefix, token.name, owner.role, actor, scopes, token.expires_at, token.used_at)


def is_untouched(caller: Caller, now: datetime) -> bool:
    """Given a caller, say whether the token's last use is to be written again: at most once a minute."""
    return caller.used_at is None or now - caller.used_at >= TOUCH_EVERY


def touch(session: Session, caller: Caller, now: datetime) -> None:
    """Given who just called, note when."""
    store.touch(session, caller.token_id, now)


def note_refusal(session: Session, token: Unusable, now: datetime) -> None:
    """Given a known token that was refused, append the event: at most one a minute, so that nobody fills the chain."""
    if store.claim_refusal(session, token.token_id, now, now - REFUSAL_EVERY):
        note(session, token.account, "token_refused", SYSTEM, now, {"token": token.prefix, "why": token.why})
