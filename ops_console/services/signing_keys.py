"""Registering, confirming and revoking the keys that parties sign months with. An act of both parties.

Not for signing (`services/signatures.py`). A delegate registers none: a key would outlive the delegation.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from ops_console.core.agreements import check_reason
from ops_console.core.delegations import Delegate
from ops_console.core.errors import NotFound, Refused
from ops_console.core.moments import whole
from ops_console.core.people import HOSPITAL, VENDOR, Actor
from ops_console.core.signatures import OFFLINE_KEY, WEBAUTHN
from ops_console.core.signing_keys import (
    IN_FORCE,
    MOST_OF_SIDE,
    PROPOSED,
    REFUSED,
    REVOKED,
    TAKEN_BACK,
    PublicKey,
    check_label,
    check_typed,
)
from ops_console.core.tickets import Event
from ops_console.services.delegations import may_sign, need_own_signer
from ops_console.services.resets import signing_facts
from ops_console.services.signing import Hands
from ops_console.store import audit, contracts, messages
from ops_console.store import signing_keys as store
from ops_console.store.masks import masker_of

SUBJECT = "signing_key"
NOTICE = timedelta(days=90)
CHALLENGE_LIFE = timedelta(minutes=10)
CHALLENGE_PARTS = (8, 16)  # bytes of its second since 1970 and of its chance


def register(
    session: Session, hands: Hands, contract_id: int, pem: bytes, label: str, *, actor: Actor, now: datetime
) -> int:
    """Given a contract, a public key in PEM and what it is called, put it before the other party; return its id.

    Raises Refused for who does not sign by the own role, a private key, a weak one, and one that was ever registered.
    """
    signer = need_own_signer(session, actor, now)
    named = check_label(label)
    key = hands.keys.read_public_key(pem)
    return _add(session, contract_id, OFFLINE_KEY, key, named, signer=signer, actor=actor, now=now).id


def register_authenticator(
    session: Session, hands: Hands, secret: bytes, contract_id: int, asked: str, answer: str, label: str, *,
    actor: Actor, now: datetime,
) -> int:  # fmt: skip
    """Given the challenge that the page asked, the authenticator's answer and what the key is called, propose the key.

    Only its owner will sign with it. Raises Refused as `register` does, and for an answer to an old or foreign page.
    """
    signer = need_own_signer(session, actor, now)
    named = check_label(label)
    if hands.party is None:
        raise Refused("安全密钥只能在 https 和主机名（不是 IP 地址）下使用。", field="credential")
    signed = _checked_challenge(secret, asked, actor, now)
    found = hands.authenticators.registered(hands.party, signed, answer)
    row = _add(session, contract_id, WEBAUTHN, found.key, named, signer=signer, actor=actor, now=now)
    row.credential_id, row.cose, row.sign_count = found.credential_id, found.cose, found.sign_count
    return row.id


def new_challenge(secret: bytes, actor: Actor, now: datetime) -> bytes:
    """Given the console's secret, who registers and now, return what their authenticator is asked to answer.

    It proves itself: nothing has to be stored when a page is opened.
    """
    body = int(now.timestamp()).to_bytes(CHALLENGE_PARTS[0], "big") + secrets.token_bytes(CHALLENGE_PARTS[1])
    return body + _mark(secret, body, actor)


def _mark(secret: bytes, body: bytes, actor: Actor) -> bytes:
    return hmac.new(secret, body + actor.account.encode("utf-8"), hashlib.sha256).digest()


def _checked_challenge(secret: bytes, asked: str, actor: Actor, now: datetime) -> bytes:
    try:
        challenge = bytes.fromhex(asked)
    except ValueError:
        challenge = b""
    body, mark = challenge[: sum(CHALLENGE_PARTS)], challenge[sum(CHALLENGE_PARTS) :]
    age = now.timestamp() - int.from_bytes(body[: CHALLENGE_PARTS[0]], "big")
    if not hmac.compare_digest(mark, _mark(secret, body, actor)) or not 0 <= age <= CHALLENGE_LIFE.total_seconds():
        raise Refused("页面打开太久，登记已过期；请刷新页面再试一次。", field="credential")
    return challenge


def _add(
    session: Session, contract_id: int, kind: str, key: PublicKey, label: str, *, signer: Delegate, actor: Actor,
    now: datetime,
) -> store.SigningKeyRow:  # fmt: skip
    if contracts.hold(session, contract_id) is None:
        raise NotFound("没有这份合同。")
    known = store.counting(session, key.fingerprint)
    if known is not None:
        raise Refused("这把密钥已登记或已吊销（%(label)s），不能再登记；请换一对新的。", field="key", label=known.label)
    live = [row for row in store.of_side(session, contract_id, actor.side) if row.state in (PROPOSED, IN_FORCE)]
    if len(live) >= MOST_OF_SIDE:
        raise Refused("本方已有 %(n)s 把密钥；请先吊销不用的。", field="key", n=MOST_OF_SIDE)
    row = store.SigningKeyRow(
        contract_id=contract_id, side=actor.side, kind=kind, algorithm=key.algorithm, bits=key.bits, pem=key.pem,
        fingerprint=key.fingerprint, credential_id="", cose="", sign_count=0,
        label=masker_of(session).text(label), state=PROPOSED, account=actor.account, name=signer.name,
        registered_at=whole(now), confirmed_by="", ended_by="", end_reason="",
    )  # fmt: skip
    session.add(row)
    session.flush()
    _note(session, row, "key_registered", actor, now)
    _tell(session, row, "key_registered", VENDOR if actor.side == HOSPITAL else HOSPITAL, now)
    return row


def confirm(session: Session, key_id: int, fingerprint: str, typed: str, actor: Actor, now: datetime) -> None:
    """Given a key of the other party, the fingerprint the page showed and its end as typed from the paper, confirm it.

    Raises Refused for one's own key, for what does not agree, and for one that waits no more.
    """
    need_own_signer(session, actor, now)
    row = _held(session, key_id, PROPOSED)
    if row.side == actor.side:
        raise Refused("这是本方登记的密钥，等待对方核对指纹。")
    if row.fingerprint != fingerprint:
        raise Refused("这把密钥已不是您看到的，请刷新页面。")
    check_typed(row.fingerprint, typed)
    row.state, row.confirmed_by, row.confirmed_at = IN_FORCE, actor.account, whole(now)
    _note(session, row, "key_confirmed", actor, now)
    _tell(session, row, "key_confirmed", "both", now)


def refuse(session: Session, key_id: int, reason: str, actor: Actor, now: datetime) -> None:
    """Given a key of the other party and why not, refuse it for good."""
    need_own_signer(session, actor, now)
    row = _held(session, key_id, PROPOSED)
    if row.side == actor.side:
        raise Refused("这是本方登记的密钥；不要了请撤回。")
    _end(session, row, REFUSED, reason, "key_refused", actor, now)


def revoke(session: Session, key_id: int, reason: str, actor: Actor, now: datetime) -> None:
    """Given a key of one's own party and why, revoke it, or take it back while it waits. What it signed stands."""
    need_own_signer(session, actor, now)
    row = _held(session, key_id, PROPOSED, IN_FORCE)
    if row.side != actor.side:
        raise Refused("这是对方的密钥，只能由对方吊销。")
    state = REVOKED if row.state == IN_FORCE else TAKEN_BACK
    _end(session, row, state, reason, "key_revoked" if state == REVOKED else "key_withdrawn", actor, now)


def _held(session: Session, key_id: int, *states: str) -> store.SigningKeyRow:
    row = store.one(session, key_id, hold=True)
    if row is None:
        raise NotFound("没有这把密钥。")
    if row.state not in states:
        raise Refused("这把密钥已处理，请刷新页面。")
    return row


def _end(
    session: Session, row: store.SigningKeyRow, state: str, reason: str, kind: str, actor: Actor, now: datetime
) -> None:
    told = check_reason(reason)
    row.state, row.ended_by, row.ended_at = state, actor.account, whole(now)
    row.end_reason = masker_of(session).text(told)
    _note(session, row, kind, actor, now, told)
    _tell(session, row, kind, "both", now)


def _note(session: Session, row: store.SigningKeyRow, kind: str, actor: Actor, now: datetime, reason: str = "") -> None:
    at = whole(now)
    facts: dict[str, object] = {
        "side": row.side, "kind": row.kind, "algorithm": row.algorithm, "fingerprint": row.fingerprint,
        "contract": row.contract_id, **signing_facts(session, actor, now),
    }  # fmt: skip
    personal = {"reason": reason} if reason else {}
    event = Event(kind, at, at, actor.account, actor.side, facts=facts, personal=personal)
    audit.append(session, SUBJECT, str(row.id), event)


def _tell(session: Session, row: store.SigningKeyRow, kind: str, audience: str, now: datetime) -> None:
    payload: dict[str, object] = {"side": row.side, "fingerprint": row.fingerprint, "kind": row.kind}
    messages.put(
        session, dedup_key=f"{kind}/{row.id}", audience=audience, kind=kind, payload=payload, created_at=now,
        expires_at=now + NOTICE,
    )  # fmt: skip


@dataclass(frozen=True)
class Keys:
    """The page of keys: every key of the contract, newest first, and whether this person registers and confirms."""

    rows: Sequence[store.SigningKeyRow]
    acts: bool


def listing(session: Session, contract_id: int, actor: Actor, now: datetime) -> Keys:
    """Given a contract, who asks and now, return its keys. Raises Refused without the right."""
    actor.need("reports.read")
    signer = may_sign(session, actor, now)
    return Keys(store.of_contract(session, contract_id), signer is not None and not signer.delegated_by)


def find(session: Session, key_id: int, actor: Actor) -> store.SigningKeyRow:
    """Given an id and who asks, return the key. Raises NotFound for none such."""
    actor.need("reports.read")
    row = store.one(session, key_id)
    if row is None:
        raise NotFound("没有这把密钥。")
    return row
