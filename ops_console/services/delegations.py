"""Letting a colleague sign while one is away, taking that back, and who signs for a party at a moment.

Not for signing (`services/signatures.py`). A delegation ends by itself, and with the account or role of who gave it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from ops_console.core.agreements import check_reason
from ops_console.core.delegations import DELEGATES, Delegate, check_pair, check_period
from ops_console.core.errors import NotFound, Refused
from ops_console.core.moments import ZONE, day_start, whole
from ops_console.core.people import HOSPITAL, NEUTRAL, VENDOR, Actor
from ops_console.core.tickets import Event
from ops_console.services.resets import refuse_fresh_reset, signing_facts
from ops_console.store import audit, messages, people
from ops_console.store import delegations as store
from ops_console.store.masks import masker_of

SUBJECT = "delegation"
SHOWN = 100
SIGNERS = {HOSPITAL: "hospital", VENDOR: "manager"}


def may_sign(session: Session, actor: Actor, now: datetime) -> Delegate | None:
    """Given who acts and now, return as whom they sign for their party, None where they may not.

    Asked of the rows: what the session lent when the page was opened may have been revoked since.
    """
    if actor.side not in SIGNERS:
        return None
    person = people.by_account(session, actor.account)
    role = person.role if person is not None else SIGNERS[actor.side]
    if actor.may("months.sign") and not actor.delegated_by:
        return Delegate(role, actor.account, actor.name)
    found = people.delegator_of(session, actor.account, now.astimezone(ZONE).date())
    return Delegate(role, actor.account, actor.name, found.name, found.account) if found is not None else None


def need_signer(session: Session, actor: Actor, now: datetime) -> Delegate:
    """Given who acts and now, return as whom they sign, with a fresh second factor and no reset within a day.

    Raises Refused for who may not sign, or whose delegation has ended.
    """
    signer = may_sign(session, actor, now)
    if signer is None:
        raise Refused("只有信息科长、乙方项目经理和他们在委托期内的受托人可以办理签署。", field="permission")
    actor.need_proof(now)
    refuse_fresh_reset(session, actor, now)
    return signer


def need_own_signer(session: Session, actor: Actor, now: datetime) -> Delegate:
    """Given who acts and now, return them where they sign by their own role. Raises Refused for a delegate too."""
    signer = need_signer(session, actor, now)
    if signer.delegated_by:
        raise Refused("受托人不能办理这一事项；请由委托人本人办理。", field="permission")
    return signer


@dataclass(frozen=True)
class NewDelegation:
    """What is asked for: to whom, from which day to which (Shanghai, both included), and why."""

    taker: str
    first: date | None
    last: date | None
    reason: str


def delegate(session: Session, wanted: NewDelegation, actor: Actor, now: datetime) -> int:
    """Given what is asked for and by whom, let the colleague sign on those days; return the delegation's id.

    Both parties are told. Raises Refused for who may not delegate, a delegate among them, and for whom not to.
    """
    actor.need_proof(now)
    refuse_fresh_reset(session, actor, now)
    giver, taker = _person(session, actor.account), _person(session, wanted.taker)
    if giver is None or actor.delegated_by:
        raise Refused("只有信息科长和乙方项目经理可以委托他人签署；受托人不能再委托。", field="permission")
    check_pair(giver.role, taker.role if taker is not None else "")
    assert taker is not None  # whose role was looked at
    first, last = check_period(wanted.first, wanted.last, now.astimezone(ZONE).date())
    if store.overlapping(session, taker.account, first, last) is not None:
        raise Refused("这些日子里已委托给 %(name)s，不必重复。", field="first", name=taker.name)
    told = check_reason(wanted.reason)
    row = store.DelegationRow(
        side=actor.side, giver=giver.account, giver_name=giver.name, taker=taker.account, taker_name=taker.name,
        first_on=first, last_on=last, reason=masker_of(session).text(told), made_at=whole(now), revoked_by="",
        revoke_reason="",
    )  # fmt: skip
    session.add(row)
    session.flush()
    _note(session, row, "delegated", actor, now, told)
    _tell(session, row, "delegated", now)
    return row.id


def _person(session: Session, account: str) -> people.PersonRow | None:
    found = people.by_account(session, account, lock=True)
    return found if found is not None and found.disabled_at is None and not found.waits else None


def revoke(session: Session, delegation_id: int, reason: str, actor: Actor, now: datetime) -> None:
    """Given a delegation and why, end it now. Any signer of that party by the own role may; nobody of the other."""
    need_own_signer(session, actor, now)
    row = store.one(session, delegation_id, hold=True)
    if row is None or row.side != actor.side:
        raise NotFound("没有这一项委托。")
    if row.revoked_at is not None or row.last_on < now.astimezone(ZONE).date():
        raise Refused("这一项委托已经结束。")
    told = check_reason(reason)
    row.revoked_at, row.revoked_by = whole(now), actor.account
    row.revoke_reason = masker_of(session).text(told)
    _note(session, row, "delegation_revoked", actor, now, told)
    _tell(session, row, "delegation_revoked", now)


def _note(session: Session, row: store.DelegationRow, kind: str, actor: Actor, now: datetime, told: str) -> None:
    at = whole(now)
    facts: dict[str, object] = {
        "giver": row.giver, "taker": row.taker, "first_on": row.first_on.isoformat(),
        "last_on": row.last_on.isoformat(), **signing_facts(session, actor, now),
    }  # fmt: skip
    event = Event(kind, at, at, actor.account, actor.side, facts=facts, personal={"reason": told})
    audit.append(session, SUBJECT, str(row.id), event)


def _tell(session: Session, row: store.DelegationRow, kind: str, now: datetime) -> None:
    messages.put(
        session, dedup_key=f"{kind}/{row.id}", audience="both", kind=kind,
        payload={
            "side": row.side, "giver": row.giver_name, "taker": row.taker_name, "first_on": row.first_on.isoformat(),
            "last_on": row.last_on.isoformat(),
        },
        created_at=now, expires_at=day_start(row.last_on) + timedelta(days=1),
    )  # fmt: skip


# -- what the page shows ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Shown:
    """One delegation on the page: its row, and whether it is ahead, running, over or revoked."""

    row: store.DelegationRow
    state: str


AHEAD, RUNNING, OVER, REVOKED = "ahead", "running", "over", "revoked"
STATE_NAMES = {AHEAD: "未开始", RUNNING: "委托中", OVER: "已到期", REVOKED: "已收回"}


def listing(session: Session, actor: Actor, now: datetime) -> tuple[Shown, ...]:
    """Given who asks and now, return the newest delegations of both parties, for each may ask who signed and why."""
    actor.need("reports.read")
    day = now.astimezone(ZONE).date()
    return tuple(Shown(row, _state(row, day)) for row in store.listing(session, None, SHOWN))


def _state(row: store.DelegationRow, day: date) -> str:
    if row.revoked_at is not None:
        return REVOKED
    if row.first_on > day:
        return AHEAD
    return RUNNING if day <= row.last_on else OVER


def takers(session: Session, actor: Actor) -> Sequence[Any]:
    """Given who delegates, return account and name of the colleagues who may stand in, none for who may not."""
    if actor.side == NEUTRAL or actor.delegated_by or not actor.may("months.sign"):
        return ()
    return people.in_use(session, DELEGATES[SIGNERS[actor.side]])
