"""Daily anchors: making one, who receives it for each party, delivering it until it is acknowledged.

Not for comparing them with the chain (`services/chain_checks.py`). Nobody sets or confirms for the other party.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from sqlalchemy.orm import Session

from ops_console.core.anchors import KINDS, Anchor, make
from ops_console.core.errors import Refused
from ops_console.core.moments import ZONE
from ops_console.core.people import HOSPITAL, SYSTEM, VENDOR, Actor
from ops_console.core.tickets import Event
from ops_console.services.ports import AnchorCourier, AnchorShelf, OpenSession
from ops_console.services.resets import refuse_fresh_reset
from ops_console.store import anchors as store
from ops_console.store import audit, messages

SIDES = (HOSPITAL, VENDOR)
TOLD_FOR = timedelta(days=7)
LEASE = timedelta(minutes=5)
BACK_OFF = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 180, 360))
MOST_ATTEMPTS = 40  # about nine days; later anchors go on being tried


@dataclass(frozen=True)
class Hands:
    """What making and delivering anchors needs; `bound` tells what an anchor binds besides the chain."""

    open_read: OpenSession
    open_write: OpenSession
    shelf: AnchorShelf
    courier: AnchorCourier
    bound: Callable[[], Mapping[str, object]]
    contract: str


def make_today(hands: Hands, actor: Actor, now: datetime) -> Anchor:
    """Given who asks and now, make the Shanghai day's anchor, or return the one that stands already.

    It binds every entry there was just before; receivers' deliveries and the outbox's messages are asked for with it.
    """
    day, bound = now.astimezone(ZONE).date(), hands.bound()
    with hands.open_write() as session:
        store.hold(session)
        row = store.of_day(session, day)
        if row is None:
            count, head = audit.chain_head(session)
            previous = store.last_digest(session)
            made = make(day, count, head, previous, contract=hands.contract, at=now, bound=bound)
            row = store.add(session, made, now)
            _tell(session, row, actor, now)
        anchor, every = row.anchor, store.every(session)
    _keep_beside(hands.shelf, every)
    return anchor


def _tell(session: Session, row: store.AnchorRow, actor: Actor, now: datetime) -> None:
    anchor = row.anchor
    store.ask_delivery(session, row.id, store.receivers(session).values(), now)
    for side in SIDES:
        messages.put(
            session, dedup_key=f"anchor/{anchor.digest}/{side}", audience=side, kind="anchor",
            payload={"line": anchor.line, "digest": anchor.digest}, created_at=now, expires_at=now + TOLD_FOR,
        )  # fmt: skip
    facts: dict[str, object] = {"count": anchor.seq, "head": anchor.head, "digest": anchor.digest}
    _note(session, anchor.day.isoformat(), "anchor_made", actor, now, facts)


def _keep_beside(shelf: AnchorShelf, every: list[Anchor]) -> None:
    """After the commit: what a crash kept from the file is added with the next anchor."""
    known = {anchor.digest for anchor in shelf.read()}
    shelf.add([anchor for anchor in every if anchor.digest not in known])


def _note(
    session: Session, subject_id: str, kind: str, actor: Actor, now: datetime, facts: Mapping[str, object]
) -> None:
    audit.append(session, "anchor", subject_id, Event(kind, now, now, actor.account, actor.side, facts=dict(facts)))


def set_receiver(hands: Hands, kind: str, address: str, actor: Actor, now: datetime) -> None:
    """Given what somebody typed, receive their own party's anchors there from now on, beginning with today's.

    Raises Refused naming the field: without a fresh second factor, for another kind, a place that may not be reached,
    or the other party's place.
    """
    actor.need("anchors.keep")
    actor.need_proof(now)
    if kind not in KINDS:
        raise Refused("请选择一种接收方式。", field="kind")
    if len(address) > 500:
        raise Refused("地址最长 500 个字符。", field="address")
    kept = hands.courier.check(kind, address.strip())
    with hands.open_write() as session:
        refuse_fresh_reset(session, actor, now)
        _refuse_shared(store.receivers(session).get(_other(actor.side)), kind, kept)
        store.replace_receiver(session, actor.side, kind, kept, actor.account, now)
        _note(session, actor.side, "receiver_set", actor, now, {"kind": kind, "place": place(kind, kept)})
    anchor = make_today(hands, actor, now)
    with hands.open_write() as session:
        _ask_delivery(session, anchor, actor.side, now)


def _ask_delivery(session: Session, anchor: Anchor, side: str, now: datetime) -> None:
    row = store.of_day(session, anchor.day)
    receiver = store.receivers(session).get(side)
    if row is None or receiver is None or store.delivery(session, row.id, receiver.id) is not None:
        return
    store.ask_delivery(session, row.id, [receiver], now)


def _other(side: str) -> str:
    return VENDOR if side == HOSPITAL else HOSPITAL


def _refuse_shared(others: store.ReceiverRow | None, kind: str, address: str) -> None:
    """A place that both hold proves nothing to either."""
    if others is not None and kind != "download" and place(others.kind, others.address) == place(kind, address):
        raise Refused("这一处已是对方的接收处；日锚要放在本方单独掌握的地方才有用。", field="address")


def place(kind: str, address: str) -> str:
    """Given a receiver, return the part of its address that everybody may see: host and port, or the folder."""
    return urlsplit(address).netloc if kind == "http" else address


def deliver_due(hands: Hands, now: datetime) -> int:
    """Given now, deliver what is due; return how many receivers acknowledged. Acts with no transaction open."""
    with hands.open_read() as session:
        if not store.any_due(session, now):
            return 0
    with hands.open_write() as session:
        due = store.take_due(session, now, now + LEASE)
    return sum(_deliver(hands, row, receiver, now) for row, receiver in due)


def _deliver(hands: Hands, row: store.AnchorRow, receiver: store.ReceiverRow, now: datetime) -> bool:
    anchor = row.anchor
    try:
        answer = hands.courier.deliver(receiver.kind, receiver.address, anchor)
    except Refused as refused:
        with hands.open_write() as session:
            _put_off(session, row.id, receiver.id, str(refused.sentence), now)
        return False
    with hands.open_write() as session:
        store.acknowledge(session, row.id, receiver.id, answer, now)
        facts = {"side": receiver.side, "kind": receiver.kind, "digest": anchor.digest, "answer": answer}
        _note(session, anchor.day.isoformat(), "anchor_received", SYSTEM, now, facts)
    return True


def _put_off(session: Session, anchor_id: int, receiver_id: int, answer: str, now: datetime) -> None:
    row = store.delivery(session, anchor_id, receiver_id)
    assert row is not None
    if row.attempts >= MOST_ATTEMPTS:
        store.put_off(session, anchor_id, receiver_id, answer, None)
        _note(session, str(anchor_id), "anchor_given_up", SYSTEM, now, {"receiver": receiver_id, "answer": answer})
        return
    wait = BACK_OFF[min(row.attempts, len(BACK_OFF)) - 1]
    store.put_off(session, anchor_id, receiver_id, answer, now + wait)


def confirm_download(session: Session, digest: str, actor: Actor, now: datetime) -> None:
    """Given the first characters of the digest as read from the file that was taken away, note that this party has it.

    Raises Refused when no anchor begins so, or this party does not receive by download.
    """
    actor.need("anchors.keep")
    refuse_fresh_reset(session, actor, now)
    typed = digest.strip().lower()
    row = store.by_prefix(session, typed) if len(typed) >= 12 else None
    if row is None:
        raise Refused("没有以这些字符开头的日锚；请照取走的文件填写摘要的前 12 位。", field="digest")
    receiver = store.receivers(session).get(actor.side)
    if receiver is None or receiver.kind != "download":
        raise Refused("本方的接收方式不是下载，不需要在这里确认。", field="digest")
    if store.delivery(session, row.id, receiver.id) is None:
        store.ask_delivery(session, row.id, [receiver], now)
    store.acknowledge(session, row.id, receiver.id, actor.account, now)
    facts = {"side": actor.side, "kind": "download", "digest": row.digest}
    _note(session, row.day.isoformat(), "anchor_received", actor, now, facts)


def retry(hands: Hands, actor: Actor, now: datetime) -> Anchor:
    """Given who asks, make today's anchor if there is none and try every delivery that waits, now."""
    actor.need("audit.read")
    anchor = make_today(hands, actor, now)
    with hands.open_write() as session:
        store.hasten(session, now)
    deliver_due(hands, now)
    return anchor


@dataclass(frozen=True)
class Receiving:
    """How one party receives its anchors, as a page shows it; `address` is whole for that party alone."""

    side: str
    kind: str
    address: str
    set_by: str
    set_at: datetime | None
    acknowledged_at: datetime | None


def receiving(session: Session, actor: Actor) -> tuple[Receiving, ...]:
    """Given who asks, return how each party receives. The other party's address shows its host alone."""
    actor.need("audit.read")
    rows = store.receivers(session)
    return tuple(_receiving(side, rows.get(side), actor) for side in SIDES)


def _receiving(side: str, row: store.ReceiverRow | None, actor: Actor) -> Receiving:
    if row is None:
        return Receiving(side, "", "", "", None, None)
    shown = row.address if actor.side == side else place(row.kind, row.address)
    return Receiving(side, row.kind, shown, row.set_by, row.set_at, row.acknowledged_at)


def file_of(session: Session, actor: Actor) -> str:
    """Given who asks, return every anchor as receivers get them, one a line."""
    actor.need("audit.read")
    return "".join(f"{anchor.sent()}\n" for anchor in store.every(session))


def missing(sides: Mapping[str, bool], actor: Actor) -> tuple[str, ...]:
    """Given which sides proved a receiver and who looks, return the sides without one that they are told of."""
    told = (actor.side,) if actor.side in SIDES else SIDES
    return tuple(side for side in told if not sides[side])
