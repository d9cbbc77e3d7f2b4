"""Showing the original of a masked text: a right, a fresh second factor, a reason, an event; for five minutes.

Not for masking (`core/personal_data.py`) and not for destroying originals (`services/retention.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from ops_console.core.chain import commitment
from ops_console.core.errors import NotFound, Refused, Unsealable
from ops_console.core.notes import NOTED
from ops_console.core.people import Actor
from ops_console.core.personal_data import Masker
from ops_console.core.tickets import PERSONAL_REFUSED, PERSONAL_REVEALED, Event
from ops_console.services.ports import OpenSession, Sealer
from ops_console.services.sign_in import held_person
from ops_console.store import audit, people, tickets
from ops_console.store import personal as store
from ops_console.store.masks import masker_of

SHOWN_FOR = timedelta(minutes=5)
PER_HOUR = 20
LONGEST_REASON = 200
ORDER = ("title", "description", "reporter", "phone")  # as a ticket's page shows them


@dataclass(frozen=True)
class MaskedText:
    """One masked text of a ticket, as its page lists it, and where it stands."""

    number: str
    seq: int
    field: str
    kind: str
    recorded_at: datetime
    text: str


@dataclass(frozen=True)
class Shown:
    """A masked text with its original and until when it is shown; without, where the asker must ask first."""

    masked: MaskedText
    original: str | None = None
    until: datetime | None = None


@dataclass(frozen=True)
class Reveal:
    """The command that shows an original: the ticket, the event's number, the field, and why."""

    number: str
    seq: int
    field: str
    reason: str


@dataclass(frozen=True)
class Apart:
    """Where a reveal is recorded instead of at its ticket, whose trail both parties read: a subject, its id, facts.

    Which ticket it was goes into the personal part: who may not know yet is told nothing by the chain.
    """

    subject: str
    subject_id: str
    facts: Mapping[str, object]


def has_original(part: store.Part, masker: Masker) -> bool:
    """Given a part, say whether more than the masked text is kept: sealed, or as it was recorded before masking."""
    return part.sealed is not None or (part.text is not None and masker.text(part.text) != part.text)


def masked_texts(session: Session, number: str, actor: Actor, *, ticket_id: int | None = None) -> list[MaskedText]:
    """Given a ticket's number, and its row's id where known, return its texts that have an original.

    Raises NotFound.
    """
    actor.need("tickets.read")
    masker = masker_of(session)
    ticket_id = _ticket_id(session, number) if ticket_id is None else ticket_id
    parts = _parts(session, ticket_id, actor)
    kept = [part for part in parts if has_original(part, masker)]
    return [_masked(number, part, masker) for part in sorted(kept, key=lambda part: (part.seq, _place_of(part.field)))]


def _place_of(field: str) -> int:
    return ORDER.index(field) if field in ORDER else len(ORDER)


def _ticket_id(session: Session, number: str) -> int:
    row = tickets.by_number(session, number)
    if row is None:
        raise NotFound("没有编号为 %(number)s 的工单。", number=number)
    return row.id


def _parts(session: Session, ticket_id: int, actor: Actor) -> list[store.Part]:
    """A hospital's note may hold a number too: it is there for the hospital alone, masked or not."""
    parts = store.parts(session, [ticket_id])[ticket_id]
    return [part for part in parts if part.kind != NOTED or actor.may("notes.hospital")]


def _part(session: Session, number: str, seq: int, field: str, actor: Actor) -> tuple[int, store.Part]:
    ticket_id = _ticket_id(session, number)
    for part in _parts(session, ticket_id, actor):
        if (part.seq, part.field) == (seq, field):
            return ticket_id, part
    raise NotFound("工单 %(number)s 没有这一处内容。", number=number)


def _masked(number: str, part: store.Part, masker: Masker) -> MaskedText:
    return MaskedText(number, part.seq, part.field, part.kind, part.recorded_at, masker.text(part.text or ""))


def shown(session: Session, sealer: Sealer, place: Reveal, actor: Actor, now: datetime) -> Shown:
    """Given a place (its reason unused) and who asks, return its text: whole while an earlier reveal lasts.

    Never whole in a session that has not given the second factor: a reveal is the person's, a cookie may be another's.
    Raises NotFound for a place that is not there, Refused without the right.
    """
    actor.need("personal.reveal")
    _, part = _part(session, place.number, place.seq, place.field, actor)
    masked = _masked(place.number, part, masker_of(session))
    person = people.by_account(session, actor.account)
    until = store.open_reveal(session, person.id, part.seq, part.field, now) if person else None
    if until is None or actor.proved_until is None or not has_original(part, masker_of(session)):
        return Shown(masked)
    return Shown(masked, _original(part, sealer), until)


def reveal(
    open_write: OpenSession, sealer: Sealer, command: Reveal, actor: Actor, now: datetime, *, apart: Apart | None = None
) -> datetime:
    """Given the command, record that the actor is shown the original from now on; return until when.

    Recorded at the ticket, or `apart` from it. Raises Refused without right, fresh second factor or reason, when
    nothing is kept any more, or past `PER_HOUR` in an hour (recorded).
    """
    actor.need("personal.reveal")
    actor.need_proof(now)
    reason = _checked(command.reason)
    with open_write() as session:
        ticket_id, part = _part(session, command.number, command.seq, command.field, actor)
        if not has_original(part, masker_of(session)):
            raise Refused("这一处没有保存原文，或已按保存期清除。")
        person = held_person(session, actor.account)
        allowed = store.reveals_since(session, person.id, now - timedelta(hours=1)) < PER_HOUR
        facts: dict[str, object] = {"field": part.field, "of": part.seq}
        kind = PERSONAL_REVEALED if allowed else PERSONAL_REFUSED
        event = Event(kind, now, now, actor.account, actor.side, facts=facts, personal={"reason": reason})
        if apart is None:
            audit.append(session, "ticket", command.number, event, ticket_id)
        else:
            _note_apart(session, apart, command.number, event)
        if allowed:
            _original(part, sealer)  # what does not open is not recorded as shown
            session.add(
                store.RevealRow(
                    person_id=person.id, seq=part.seq, field=part.field, revealed_at=now, until=now + SHOWN_FOR
                )
            )
    if not allowed:
        raise Refused(
            "您一小时内已查看 %(most)s 处原文，达到上限；请稍后再试，确需更多请由另一人查看。",
            field="reason", most=PER_HOUR,
        )  # fmt: skip
    return now + SHOWN_FOR


def _note_apart(session: Session, apart: Apart, number: str, event: Event) -> None:
    place = {"number": number, **{name: str(value) for name, value in event.facts.items()}}
    told = replace(event, facts=dict(apart.facts), personal={**event.personal, **place})
    audit.append(session, apart.subject, apart.subject_id, told)


def _checked(given: str) -> str:
    reason = given.strip()
    if not reason:
        raise Refused("请写明查看原文的原因。", field="reason")
    if len(reason) > LONGEST_REASON or not reason.isprintable():
        raise Refused("原因最多 %(n)s 个字，且不能含换行或不可见字符。", field="reason", n=LONGEST_REASON)
    return reason


def _original(part: store.Part, sealer: Sealer) -> str:
    """The text as typed, checked against the chain: whoever has the keys cannot put another in its place unseen."""
    if part.sealed is None:
        return part.text or ""
    opened = sealer.open(part.sealed, table="event_personal", row=part.seq, field=part.field)
    salt, text = opened[: audit.SALT_BYTES], opened[audit.SALT_BYTES :].decode("utf-8")
    if commitment(salt, text) != part.commitments.get(part.field + audit.ORIGINAL):
        raise Unsealable("第 %(seq)s 号事件的原文与链上的承诺不符：它被替换过。", seq=part.seq)
    return text


def reveals_of_month(session: Session, month: str, actor: Actor) -> dict[str, int]:
    """Given a month `2026-03` and who asks, return how many originals each account was shown in it."""
    actor.need("audit.read")
    return store.reveals_of_month(session, month)
