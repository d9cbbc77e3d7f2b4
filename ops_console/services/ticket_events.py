"""How a ticket gets one more event: its claimed time, its grade, its texts checked, its row held meanwhile.

Not for who may add which (`services/tickets.py`) and not for storing what it comes to (`services/ticket_rows.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from ops_console.core import tickets as core
from ops_console.core.errors import NotFound, Refused
from ops_console.core.moments import ZONE, whole
from ops_console.core.people import Actor
from ops_console.core.ticket_folds import fold
from ops_console.core.tickets import Event, TicketFacts
from ops_console.core.trust import Claim, check_claim, grade_of
from ops_console.services.contracts import Book
from ops_console.services.ticket_rows import write
from ops_console.store import attachments, audit, catalogue
from ops_console.store import tickets as store

LONGEST = {
    "title": 200,
    "description": 4000,
    "department": 100,
    "handler": 100,
    "reporter": 100,
    "phone": 100,
    "reason": 500,
    "process": 4000,
}
BLANKABLE = ("type", "module", "channel")
MOST_PROOFS = 20


def claimed(at: datetime | None, now: datetime, evidence: tuple[str, ...] = ()) -> Claim:
    """Given a claimed time (None: now), now and its proof, return the claim. Raises Refused when it cannot be taken."""
    recorded_at = whole(now)
    if at is None:
        return Claim(recorded_at, recorded_at, evidence)
    check_claim(whole(at), recorded_at)
    return Claim(whole(at), recorded_at, evidence)


def check_proof(session: Session, row: store.TicketRow, digests: Sequence[str]) -> None:
    """Given a held ticket and hashes of files that are to prove something, let them pass. Raises Refused.

    Only a file that stands attached to this very ticket proves: one that both parties can open, that is not void.
    Refused rather than graded D: who names a proof means to give it, and a made-up hash would stand in the chain.
    """
    if len(digests) > MOST_PROOFS:
        raise Refused("一次最多选 %(n)s 个附件作佐证。", field="evidence", n=MOST_PROOFS)
    standing = attachments.proving(session, row.id, digests) if digests else set()
    for digest in digests:
        if digest not in standing:
            raise Refused(
                "佐证 %(digest)s 不是工单 %(number)s 的有效附件；请先把文件上传到这张工单，或选一个没有作废的附件。",
                field="evidence", digest=digest[:12], number=row.number,
            )  # fmt: skip


def event_of(
    kind: str,
    claim: Claim,
    actor: Actor,
    book: Book,
    *,
    facts: Mapping[str, object],
    personal: Mapping[str, str] | None = None,
    channel: str = "",
) -> Event:
    """Given a kind, a claim, who makes it and what it tells, return the event with its grade."""
    told = facts if actor.has_account else {**facts, core.WITHOUT_ACCOUNT: True}
    prompt = timedelta(minutes=book.at(claim.recorded_at).terms.prompt_minutes)
    return Event(
        kind, claim.at, claim.recorded_at, actor.account, actor.side, channel, grade_of(claim, actor, prompt),
        claim.evidence, told, personal or {},
    )  # fmt: skip


def held(session: Session, number: str) -> tuple[store.TicketRow, list[Event], TicketFacts]:
    """Given a ticket's number, return its row held against other writers, its events and what they come to.

    Raises NotFound when there is none.
    """
    row = store.lock(session, number)
    if row is None:
        raise NotFound("没有编号为 %(number)s 的工单。", number=number)
    events = audit.of_tickets(session, [row.id])[row.id]
    facts = fold(row.number, events)
    assert facts is not None
    return row, events, facts


def append_event(
    session: Session,
    book: Book,
    row: store.TicketRow,
    events: Sequence[Event],
    kind: str,
    actor: Actor,
    now: datetime,
    *,
    facts: Mapping[str, object],
    personal: Mapping[str, str] | None = None,
) -> TicketFacts:
    """Given a held ticket, append one event that happens now, already allowed; return what the ticket comes to."""
    event = event_of(kind, claimed(None, now), actor, book, facts=facts, personal=personal)
    return written(session, book, row, [*events, event])


def written(session: Session, book: Book, row: store.TicketRow, events: list[Event]) -> TicketFacts:
    """Given a held ticket and its events, the last of them new, store them; return what the ticket comes to."""
    recorded_at = events[-1].recorded_at
    return write(session, book, {row.number: events}, {row.number: row}, recorded_at, new=1)[row.number].facts


def next_number(session: Session, at: datetime) -> str:
    """Given when it is opened, return a new ticket's number, such as GD-20260305-00014. Hold `lock_adding` first."""
    prefix = f"GD-{at.astimezone(ZONE):%Y%m%d}-"
    return f"{prefix}{store.last_serial(session, prefix) + 1:05d}"


def check_named(session: Session, named: Mapping[str, str], *, blank: Sequence[str] = ()) -> None:
    """Given names of the catalogue by field, let them pass; those in `blank` may be empty. Raises Refused."""
    known: dict[str, tuple[str, Callable[[], set[str]]]] = {
        "type": ("没有“%(value)s”这一工单类型，请从列表中选。", lambda: {t.name for t in catalogue.types(session)}),
        "module": ("没有“%(value)s”这一系统模块，请从列表中选。", lambda: {m.name for m in catalogue.modules(session)}),
        "carrier": (
            "没有“%(value)s”这一业务载体，请从列表中选。", lambda: {c.name for c in catalogue.carriers(session)},
        ),
        "channel": ("没有“%(value)s”这一渠道，请从列表中选。", lambda: set(core.CHANNELS)),
    }  # fmt: skip
    for name, value in named.items():
        told, names = known[name]
        if not (value == "" and name in blank) and value not in names():
            raise Refused(told, field=name, value=value)


def check_texts(texts: Mapping[str, object]) -> None:
    """Given typed texts by field, let them pass. Raises Refused when one is too long or holds control characters."""
    for name, value in texts.items():
        text = str(value or "")
        if len(text) > LONGEST.get(name, 500):
            raise Refused(
                "这一栏最多 %(n)s 个字，现在有 %(now)s 个。", field=name, n=LONGEST.get(name, 500), now=len(text)
            )
        if any(ord(c) < 32 and c not in "\n\t\r" or 0xD800 <= ord(c) <= 0xDFFF for c in text):
            raise Refused("这一栏含有不可见的控制字符，请删除后再提交。", field=name)


def check_choice(name: str, value: str, allowed: Sequence[str]) -> None:
    """Given a field, what was given and what may be, let it pass ("" too). Raises Refused naming the choices."""
    if value and value not in allowed:
        told = "没有“%(value)s”这一项，可选的有：%(choices)s。"
        raise Refused(told, field=name, value=value[:60], choices="、".join(allowed))
