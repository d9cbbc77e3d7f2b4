"""Putting something before the other party, and the other's word on it. One party's word alone has no effect.

Not for what an agreement means: each noun reads what is in force (`store.agreements.in_force`).
"""

from __future__ import annotations

import hashlib
from datetime import datetime

from sqlalchemy.orm import Session

from ops_console.core.agreements import IN_FORCE, PROPOSED, REFUSED, REPLACED, TAKEN_BACK, Draft, check_reason
from ops_console.core.chain import canonical
from ops_console.core.errors import NotFound, Refused
from ops_console.core.moments import whole
from ops_console.core.people import HOSPITAL, VENDOR, Actor
from ops_console.core.tickets import Event
from ops_console.services.resets import refuse_fresh_reset, signing_facts
from ops_console.store import agreements as store
from ops_console.store import audit, contracts
from ops_console.store.masks import masker_of

SUBJECT = "agreement"


def propose(session: Session, contract_id: int, draft: Draft, actor: Actor, now: datetime) -> int:
    """Given a contract and a draft, put it before the other party and return its id; it counts as one's own word.

    A proposal about the same key that still waits is withdrawn. Raises Refused without the right, a fresh second
    factor, a reason, or within a day of a reset; NotFound without such a contract.
    """
    _need_party(session, actor, now)
    if contracts.hold(session, contract_id) is None:  # two proposals at once would take the same number
        raise NotFound("没有这份合同。")
    reason = masker_of(session).text(check_reason(draft.reason))
    payload = canonical(masker_of(session).plain(dict(draft.payload)))
    for row in store.of_subject(session, contract_id, draft.subject, draft.key):
        if row.state == PROPOSED:
            _settle(session, row, TAKEN_BACK, actor, now)
    row = store.AgreementRow(
        contract_id=contract_id, subject=draft.subject, key=draft.key,
        number=store.last_number(session, contract_id, draft.subject, draft.key) + 1, payload=payload,
        digest=hashlib.sha256(payload.encode()).hexdigest(), effective_from=draft.effective_from, reason=reason,
        proof=draft.proof, state=PROPOSED, proposed_at=whole(now), proposed_by=actor.account, proposed_side=actor.side,
        answer="",
    )  # fmt: skip
    session.add(row)
    _say_yes(row, actor, now)
    session.flush()
    _note(session, row, "proposed", actor, now, **draft.facts, **signing_facts(session, actor, now))
    return row.id


def confirm(session: Session, agreement_id: int, digest: str, actor: Actor, now: datetime) -> store.AgreementRow:
    """Given a proposal, the digest of what the person saw and the person, note the other side's yes; it is in force.

    Raises Refused for who proposed it, for what is no longer proposed or has changed, and as `propose` does.
    """
    _need_party(session, actor, now)
    row = held(session, agreement_id)
    if row.digest != digest:
        raise Refused("内容已不是您看到的，请刷新页面后再确认。")
    _need_other_side(row, actor)
    _say_yes(row, actor, now)
    for other in store.of_subject(session, row.contract_id, row.subject, row.key):
        if other.state == IN_FORCE and other.effective_from == row.effective_from:
            other.state = REPLACED
    _settle(session, row, IN_FORCE, actor, now)
    return row


def refuse(session: Session, agreement_id: int, answer: str, actor: Actor, now: datetime) -> store.AgreementRow:
    """Given a proposal and why not, note the other side's no. Raises Refused as `confirm` does, and without why."""
    _need_party(session, actor, now)
    row = held(session, agreement_id)
    _need_other_side(row, actor)
    row.answer = masker_of(session).text(check_reason(answer, "answer"))
    _settle(session, row, REFUSED, actor, now)
    return row


def withdraw(session: Session, agreement_id: int, actor: Actor, now: datetime) -> store.AgreementRow:
    """Given one's own proposal that still waits, take it back."""
    _need_party(session, actor, now)
    row = held(session, agreement_id)
    if row.proposed_side != actor.side:
        raise Refused("这是对方提出的；不同意请选“不同意”并写明原因。")
    _settle(session, row, TAKEN_BACK, actor, now)
    return row


def held(session: Session, agreement_id: int) -> store.AgreementRow:
    """Given an id, return the proposal held until the commit. Raises NotFound, Refused where it waits no more."""
    row = store.one(session, agreement_id, hold=True)
    if row is None:
        raise NotFound("没有这一项约定。")
    if row.state != PROPOSED:
        raise Refused("这一项已处理，请刷新页面。")
    return row


def _need_party(session: Session, actor: Actor, now: datetime) -> None:
    actor.need("contracts.confirm")
    actor.need_proof(now)
    refuse_fresh_reset(session, actor, now)


def _need_other_side(row: store.AgreementRow, actor: Actor) -> None:
    if actor.side == row.proposed_side:
        raise Refused("这是本方提出的，等待对方确认。")


def _say_yes(row: store.AgreementRow, actor: Actor, now: datetime) -> None:
    if actor.side == HOSPITAL:
        row.hospital_by, row.hospital_at = actor.account, whole(now)
    if actor.side == VENDOR:
        row.vendor_by, row.vendor_at = actor.account, whole(now)


def _settle(session: Session, row: store.AgreementRow, state: str, actor: Actor, now: datetime) -> None:
    row.state, row.settled_at = state, whole(now)
    _note(session, row, state, actor, now, **signing_facts(session, actor, now))


def _note(session: Session, row: store.AgreementRow, kind: str, actor: Actor, now: datetime, **marks: object) -> None:
    facts = {
        "subject": row.subject, "key": row.key, "number": row.number, "digest": row.digest,
        "effective_from": row.effective_from.isoformat() if row.effective_from else None, "proof": row.proof,
    }  # fmt: skip
    personal = {"reason": row.answer if kind == REFUSED else row.reason}
    at = whole(now)
    event = Event(f"agreement_{kind}", at, at, actor.account, actor.side, facts={**facts, **marks}, personal=personal)
    audit.append(session, SUBJECT, str(row.id), event)
