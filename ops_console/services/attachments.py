"""Files of tickets: adding one as proof, marking one void or as holding patients' data, looking at pictures.

Not for bytes (a port keeps them before this is called) nor for what kinds are taken (`core/attachments.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from ops_console.core.attachments import ATTACHED, EVIDENCE, KINDS, MARKED, MOST_PER_TICKET, VOIDED, NewFile, Seen
from ops_console.core.errors import NotFound, Refused
from ops_console.core.moments import whole
from ops_console.core.people import Actor
from ops_console.core.sheet_text import has_forbidden
from ops_console.core.tickets import Event
from ops_console.core.trust import Claim, grade_of
from ops_console.services.contracts import Book
from ops_console.services.jobs import Run
from ops_console.services.ports import FileKeeper, OpenSession
from ops_console.services.ticket_events import written
from ops_console.store import attachments as store
from ops_console.store import audit, jobs, notices, proofs, tickets
from ops_console.store import public_photos as photos

LOOK = "look-at-picture"
LONGEST_REASON = 500
BATCH = 500
MOST_SHARED = 20


@dataclass(frozen=True)
class Attachment:
    """A file of a ticket as its page shows it. `also_in`: other tickets with the same file, told when it was added
    (`declared`) or not.
    """

    id: int
    name: str
    kind: str
    purpose: str
    digest: str
    size: int
    width: int
    height: int
    preview: str
    scan: str
    patient: bool
    recorded_at: datetime
    recorded_by: str
    side: str
    voided_at: datetime | None
    void_reason: str
    declared: tuple[str, ...]
    also_in: tuple[str, ...]

    @property
    def title(self) -> str:
        """What people call its kind."""
        return KINDS[self.kind].title


def attach(
    session: Session,
    number: str,
    new_file: NewFile,
    actor: Actor,
    now: datetime,
    *,
    shared_with: Iterable[str] = (),
    patient: bool = False,
    purpose: str = EVIDENCE,
) -> int:
    """Given a ticket's number and a kept file, add the file to the ticket and return the attachment's id.

    `shared_with` declares it as the proof of other tickets too: it is added to each, and each event names the others.
    The same file again adds nothing. Raises Refused without the right or past the most, NotFound for no such ticket.
    """
    actor.need("tickets.attach")
    others = sorted({other for other in shared_with if other != number})
    if len(others) > MOST_SHARED:
        raise Refused("一份凭证最多同时用于 %(n)s 件其他工单。", field="shared_with", n=MOST_SHARED)
    rows = tickets.lock_many(session, [number, *others])
    if number not in rows:
        raise NotFound("没有编号为 %(number)s 的工单。", number=number)
    for other in others:
        if other not in rows:
            raise Refused("没有编号为 %(number)s 的工单。", field="shared_with", number=other)
    adding = _Adding(new_file, (number, *others), _is_patients(session, new_file.digest, patient, actor, now), purpose)
    return [_attach(session, rows[wanted], adding, actor, now) for wanted in adding.numbers][0]


def _is_patients(session: Session, digest: str, said: bool, actor: Actor, now: datetime) -> bool:
    """Say whether the file holds patients' data, here or on any ticket: one mark is about the bytes, wherever."""
    store.hold_file(session, digest)
    if said:
        _mark_everywhere(session, digest, actor, now)
    return said or store.is_patients(session, digest)


@dataclass(frozen=True)
class _Adding:
    """What is added, to which tickets. `owner`: the account and side whose file it stays; None: of who adds it."""

    file: NewFile
    numbers: tuple[str, ...]
    patient: bool
    purpose: str
    owner: tuple[str, str] | None = None

    def columns(self) -> dict[str, Any]:
        """The columns that tell of the file."""
        return {
            "digest": self.file.digest, "kind": self.file.kind, "purpose": self.purpose, "size": self.file.size,
            "width": self.file.width, "height": self.file.height, "phash": "", "scan": self.file.scan,
            "patient": self.patient, "preview": store.WAITING if self.is_looked_at else store.NONE,
        }  # fmt: skip

    @property
    def is_looked_at(self) -> bool:
        """Whether a small picture is made of it."""
        return KINDS[self.file.kind].sized and not self.patient

    def facts(self, number: str) -> dict[str, object]:
        """What the event of that ticket tells of it."""
        others = [other for other in self.numbers if other != number]
        told: dict[str, object] = {
            "digest": self.file.digest, "size": self.file.size, "kind": self.file.kind, "patient": self.patient,
            "purpose": self.purpose,
        }  # fmt: skip
        owner = dict(zip(("owner", "owner_side"), self.owner, strict=True)) if self.owner else {}
        return told | ({"shared_with": others} if others else {}) | owner


def _attach(session: Session, row: tickets.TicketRow, adding: _Adding, actor: Actor, now: datetime) -> int:
    known = store.standing(session, row.id, adding.file.digest)
    if known is not None:
        return known
    if store.count(session, row.id) >= MOST_PER_TICKET:
        told = "工单 %(number)s 已有 %(n)s 个附件，不能再加。"
        raise Refused(told, field="file", number=row.number, n=MOST_PER_TICKET)
    account, side = adding.owner or (actor.account, actor.side)
    who = {"recorded_at": whole(now), "recorded_by": account, "side": side}
    made = store.add(session, {"ticket_id": row.id, **adding.columns(), **who})
    facts = {"attachment": made, **adding.facts(row.number)}
    _note(session, row, _event(ATTACHED, facts, {"file_name": adding.file.name}, actor, now))
    if adding.is_looked_at:
        params = {"digest": adding.file.digest, "kind": adding.file.kind}
        who_asks = {"due_at": now, "requested_by": actor.account, "now": now}
        jobs.enqueue(session, key=f"{LOOK}/{made}", job=LOOK, params=params, **who_asks)  # type: ignore[arg-type]
    return made


def _event(kind: str, facts: dict[str, object], personal: dict[str, str], actor: Actor, now: datetime) -> Event:
    at, digest = whole(now), str(facts["digest"])
    grade = grade_of(Claim(at, at), actor, timedelta())
    return Event(kind, at, at, actor.account, actor.side, "", grade, (digest,), facts, personal)


def _note(session: Session, row: tickets.TicketRow, event: Event) -> None:
    audit.append(session, "ticket", row.number, event, row.id)


def carry_over(
    session: Session,
    source: tickets.TicketRow,
    target: tickets.TicketRow,
    digests: Sequence[str],
    actor: Actor,
    now: datetime,
) -> None:
    """Given two held tickets and hashes of files of the first, add those that stand to the second as shared proof.

    A copy stays the file of who added the first, to be voided by that side alone; its event tells who let it be made.
    """
    events = audit.of_tickets(session, [source.id])[source.id]
    for row in store.of_ticket(session, source.id):
        if row.digest in digests and row.voided_at is None:
            file = NewFile(
                row.digest, row.size, _shown(row, events, {}).name, row.kind, row.width, row.height, row.scan
            )
            patient = _is_patients(session, row.digest, row.patient, actor, now)
            owner = (row.recorded_by, row.side)
            adding = _Adding(file, (source.number, target.number), patient, row.purpose, owner)
            _attach(session, target, adding, actor, now)


def void(
    session: Session, book: Book, number: str, attachment_id: int, reason: str, *, actor: Actor, now: datetime
) -> None:
    """Given an attachment and why, mark it void; its bytes and its event stay. Only the side that added it may.

    What it proved is unproven from now on: the ticket is judged anew.
    """
    row, ticket = _held(session, number, attachment_id, actor)
    if row.side != actor.side:
        raise Refused("这个附件是对方添加的，只能由对方标记作废；有不同意见请另加附件或说明。")
    if row.voided_at is not None:
        return
    if not reason.strip():
        raise Refused("请写明作废的原因。", field="reason")
    if len(reason) > LONGEST_REASON or has_forbidden(reason):
        raise Refused("原因最多 %(n)s 个字，不能含控制字符。", field="reason", n=LONGEST_REASON)
    store.change(session, row.id, voided_at=whole(now))
    facts: dict[str, object] = {"attachment": row.id, "digest": row.digest}
    voided = _event(VOIDED, facts, {"reason": reason.strip()}, actor, now)
    written(session, book, ticket, [*audit.of_tickets(session, [ticket.id])[ticket.id], voided])


def mark_patient(session: Session, number: str, attachment_id: int, actor: Actor, now: datetime) -> None:
    """Given an attachment, mark its file as holding patients' data, on every ticket that has it.

    From then on it leaves the console in no export and has no small picture. Each ticket's history tells of it.
    """
    row, _ticket = _held(session, number, attachment_id, actor)
    store.hold_file(session, row.digest)
    _mark_everywhere(session, row.digest, actor, now)


def _mark_everywhere(session: Session, digest: str, actor: Actor, now: datetime) -> None:
    for row, number in store.unmarked(session, digest):
        store.change(session, row.id, patient=True, preview=store.NONE)
        facts: dict[str, object] = {"attachment": row.id, "digest": digest, "patient": True}
        audit.append(session, "ticket", number, _event(MARKED, facts, {}, actor, now), row.ticket_id)


def _held(
    session: Session, number: str, attachment_id: int, actor: Actor
) -> tuple[store.AttachmentRow, tickets.TicketRow]:
    actor.need("tickets.attach")
    ticket = tickets.lock(session, number)
    row = store.one(session, number, attachment_id, hold=True)
    if row is None or ticket is None:
        raise NotFound("工单 %(number)s 没有这个附件。", number=number)
    return row, ticket


def of_ticket(session: Session, number: str, actor: Actor) -> tuple[Attachment, ...]:
    """Given a ticket's number and who asks, return its attachments in the order they were added."""
    actor.need("tickets.read")
    ticket = tickets.by_number(session, number)
    if ticket is None:
        raise NotFound("没有编号为 %(number)s 的工单。", number=number)
    return of_known(session, ticket.id, audit.of_tickets(session, [ticket.id])[ticket.id], actor)


def of_known(session: Session, ticket_id: int, events: Sequence[Event], actor: Actor) -> tuple[Attachment, ...]:
    """Given a ticket's id, its events and who asks, return its attachments in the order they were added."""
    actor.need("tickets.read")
    rows = store.of_ticket(session, ticket_id)
    also = store.elsewhere(session, ticket_id, [row.digest for row in rows]) if rows else {}
    return tuple(_shown(row, events, also) for row in rows)


def find(session: Session, number: str, attachment_id: int, actor: Actor) -> Attachment:
    """Given a ticket's number, an attachment's id and who asks, return it. Raises NotFound for another ticket's."""
    actor.need("tickets.read")
    row = store.one(session, number, attachment_id)
    if row is None:
        raise NotFound("工单 %(number)s 没有这个附件。", number=number)
    return _shown(row, audit.of_tickets(session, [row.ticket_id])[row.ticket_id], {})


def _shown(row: store.AttachmentRow, events: Sequence[Event], also: dict[str, list[str]]) -> Attachment:
    about = {event.kind: event for event in events if event.facts.get("attachment") == row.id}
    added, voided = about.get(ATTACHED), about.get(VOIDED)
    declared: Any = added.facts.get("shared_with", ()) if added else ()
    name = (added.personal.get("file_name") if added else "") or f"{row.digest[:12]}.{KINDS[row.kind].suffixes[0]}"
    return Attachment(
        row.id, name, row.kind, row.purpose, row.digest, row.size, row.width, row.height, row.preview, row.scan,
        row.patient, row.recorded_at, row.recorded_by, row.side, row.voided_at,
        voided.personal.get("reason", "") if voided else "", tuple(declared), tuple(also.get(row.digest, ())),
    )  # fmt: skip


def forget_unreferred(run: Run, open_read: OpenSession, files: FileKeeper, before: datetime) -> dict[str, Any]:
    """Given a run, hands and an instant, delete files kept before it that nothing refers to; returns `files`, how many.

    An act was refused, or cut off, after its bytes were kept. None is deleted while a failure of the chain stands open:
    after an older backup was restored, the files are what is left of the lost tail.
    """
    with open_read() as session:
        if notices.of_now(session).open_failures:
            return {"files": 0}
    kept, gone = files.attachments(), 0
    for first in range(0, len(kept), BATCH):
        batch = kept[first : first + BATCH]
        with open_read() as session:
            needed = photos.referred(session, batch) | proofs.referred(session, batch)
        gone += files.forget_attachments((digest for digest in batch if digest not in needed), before)
        run.progress(first + len(batch), len(kept))
    return {"files": gone}


def look(
    run: Run, files: FileKeeper, look_at: Callable[[Path, str], Seen | None], open_write: OpenSession
) -> dict[str, Any]:
    """Given a run (params digest, kind) and hands, keep a small picture and how it looks; again does no harm."""
    digest, kind = str(run.params["digest"]), str(run.params["kind"])
    with open_write() as session:
        if store.is_patients(session, digest):  # marked since it was asked for
            return {"shown": False}
    found = look_at(files.attachment(digest), kind)
    if found is not None:
        files.keep_thumbnail(digest, found.thumbnail)
    with open_write() as session:
        store.seen(session, digest, store.READY if found else store.NONE, found.phash if found else "")
    return {"shown": found is not None}
