"""Acts asked for with an Idempotency-Key: done once, and the same answer for whoever repeats the question.

The key's row is written in the transaction of the act, so a crash leaves both or neither. Refusals are not kept:
nothing was done, and the same key may be tried again.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from ops_console.core.errors import Refused
from ops_console.store import repeats as store

KEPT_FOR = timedelta(hours=24)


@dataclass(frozen=True)
class Asked:
    """What was asked: by which token, the hash of route and key, the hash of the body."""

    token_id: int
    key_hash: str
    body_hash: str


@dataclass(frozen=True)
class Kept:
    """What the act was answered: status, body, and where the thing made is found."""

    status: int
    answer: str
    location: str


def asked(token_id: int, route: str, key: str, body: bytes) -> Asked:
    """Given a token, a route, a key and a body, return what they come to. Another route's key is another key."""
    named = hashlib.sha256(f"{route}\0{key}".encode()).hexdigest()
    return Asked(token_id, named, hashlib.sha256(body).hexdigest())


def begin(session: Session, what: Asked, now: datetime) -> Kept | None:
    """Given what is asked, return the answer kept, or None: it is to be done now, and `keep` called before the commit.

    Raises Refused when the key was used for another body.
    """
    store.forget(session, now - KEPT_FOR, what.token_id, what.key_hash)
    if store.begin(session, what.token_id, what.key_hash, what.body_hash, now):
        return None
    row = store.kept(session, what.token_id, what.key_hash)
    if row.body_hash != what.body_hash:
        raise Refused("这个 Idempotency-Key 已用于另一份内容；请换一个键再提交。", field="Idempotency-Key")
    return Kept(row.status, row.answer, row.location)


def keep(session: Session, what: Asked, answered: Kept) -> None:
    """Given what was asked and done in this transaction, keep its answer."""
    store.keep(
        session, what.token_id, what.key_hash, status=answered.status, answer=answered.answer,
        location=answered.location,
    )  # fmt: skip


def tidy(session: Session, now: datetime) -> None:
    """Given now, forget answers older than a day."""
    store.forget(session, now - KEPT_FOR)
