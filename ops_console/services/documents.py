"""Papers about tickets: what stands on a service sheet, that it was printed, that somebody signed under it.

Not for setting a paper (a port) nor for words on it (the face). A signature here is no confirmation by the hospital.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from ops_console.core.attachments import EVIDENCE, PRINTED, SIGNATURE, SIGNED_OFF, NewFile
from ops_console.core.documents import (
    CODE_LENGTH,
    MOST_PAGES,
    ONSITE,
    SLIPS_PER_PAGE,
    SLIPS_PRINTED,
    TITLES,
    Sheet,
    sheet_of,
    slip_name,
    week_span,
)
from ops_console.core.errors import NotFound, Refused
from ops_console.core.moments import whole
from ops_console.core.people import HOSPITAL, Actor
from ops_console.core.sheet_text import has_forbidden
from ops_console.core.tickets import (
    BY_REPORTER,
    BY_SILENCE,
    CONFIRMED,
    GRADE_IMPORTED,
    SIGNED,
    UNASKED,
    Event,
    TicketFacts,
)
from ops_console.core.trust import Claim, grade_of
from ops_console.services import attachments
from ops_console.services.contracts import Book
from ops_console.services.resets import signing_facts
from ops_console.services.tickets import view
from ops_console.store import audit, tickets
from ops_console.store import documents as store

MOST_OF_A_WEEK = 500
LONGEST_NAME = 40
SIGNATURE_SIDE = 2_000
IMPORTED = "imported"


@dataclass(frozen=True)
class Signature:
    """A signature by hand: whose, when, which picture, on whose device, and whether the sheet still says the same."""

    signer: str
    at: datetime
    digest: str
    side: str
    still_same: bool


@dataclass(frozen=True)
class Form:
    """A service sheet ready to be printed. `code` begins the hash of the ticket's newest event, number `seq`.

    `closure` tells how it was closed: `signed` by the hospital here, `imported` from a sheet that says so, `reporter`
    without an account, `silence` or `unasked`; "" while it is not closed. `reset_at`: when the password of who
    confirmed had been reset by somebody else, within 30 days before.
    """

    sheet: Sheet
    contract: str
    parties: tuple[str, str]
    closed_at: datetime | None
    closure: str
    reset_at: datetime | None
    signature: Signature | None
    seq: int
    code: str


def form(session: Session, book: Book, number: str, actor: Actor) -> Form:
    """Given a ticket's number and who asks, return its service sheet as of now."""
    seen = view(session, book, number, actor)
    files = [file for file in attachments.of_ticket(session, number, actor) if not file.voided_at]
    sheet = sheet_of(seen.facts, sum(file.purpose == EVIDENCE for file in files))
    seq, link = store.last_link(session, number)
    terms = seen.judgement.version.terms
    return Form(
        sheet, f"{terms.name}（{terms.number}）", (terms.hospital, terms.vendor), seen.facts.closed_at,
        _closure(seen.facts, seen.events), confirmed_after_reset(seen.events),
        _signature(seen.events, sheet), seq, link[:CODE_LENGTH],
    )  # fmt: skip


def _closure(facts: TicketFacts, events: Sequence[Event]) -> str:
    if facts.closed_at is None:
        return ""
    here = any(e.kind == CONFIRMED and e.grade != GRADE_IMPORTED and e.side == HOSPITAL for e in events)
    return facts.closure if facts.closure in (BY_SILENCE, UNASKED, BY_REPORTER) else SIGNED if here else IMPORTED


def confirmed_after_reset(events: Sequence[Event]) -> datetime | None:
    """Given a ticket's events, return when the password of who confirmed last had been reset, where it is to be told.

    One taken back tells nothing: another has confirmed since, or nobody has.
    """
    confirmed = [event for event in events if event.kind == CONFIRMED]
    return confirmed[-1].credential_reset_at if confirmed else None


def _signature(events: Sequence[Event], sheet: Sheet) -> Signature | None:
    signed = [event for event in events if event.kind == SIGNED_OFF]
    if not signed:
        return None
    last = signed[-1]
    same = last.facts["shown"] == sheet.digest
    return Signature(last.personal.get("signer", ""), last.occurred_at, str(last.facts["digest"]), last.side, same)


def note_printed(session: Session, number: str, kind: str, printed: Form, actor: Actor, now: datetime) -> None:
    """Given a sheet about to be printed, append that to the ticket: only a paper so recorded is told to agree."""
    actor.need("tickets.export")
    if kind not in TITLES:
        raise NotFound("没有这一种单据。")
    if kind == ONSITE and not printed.sheet.fields["needs_onsite"] and not printed.sheet.fields["arrived_at"]:
        raise Refused("工单 %(number)s 不需到场，没有现场服务单。", number=number)
    facts: dict[str, object] = {"document": kind, "of": printed.code, "shown": printed.sheet.digest}
    at = whole(now)
    _append(session, number, Event(PRINTED, at, at, actor.account, actor.side, facts=facts))


def _append(session: Session, number: str, event: Event) -> None:
    ticket = tickets.lock(session, number)
    if ticket is None:
        raise NotFound("没有编号为 %(number)s 的工单。", number=number)
    audit.append(session, "ticket", number, event, ticket.id)


@dataclass(frozen=True)
class SignOff:
    """The command of a signature by hand: the picture, who signed, the hash of what was shown, the device's time."""

    number: str
    picture: NewFile
    signer: str
    shown: str
    device_time: str


def check_signer(signer: str) -> None:
    """Given the name of who signs, let it pass. Raises Refused for none, a long one or one with control characters."""
    if not signer.strip() or len(signer) > LONGEST_NAME or has_forbidden(signer):
        raise Refused("请写签字人的姓名，最多 %(n)s 个字。", field="signer", n=LONGEST_NAME)


def sign_off(session: Session, book: Book, command: SignOff, actor: Actor, now: datetime) -> None:
    """Given a signature under a sheet, keep it with the ticket, bound to what was shown.

    Raises Refused when the sheet says something else by now, or the picture is none of a signature.
    """
    check_signer(command.signer)
    picture = command.picture
    if picture.kind != "png" or max(picture.width, picture.height) > SIGNATURE_SIDE:
        raise Refused("没有收到签名图样；请重新签字。", field="picture")
    tickets.lock(session, command.number)
    shown = form(session, book, command.number, actor).sheet.digest
    if shown != command.shown:
        raise Refused("这张单据的内容在您签字前有了变化；请重新核对后再签。", field="shown")
    made = attachments.attach(session, command.number, picture, actor, now, purpose=SIGNATURE)
    facts: dict[str, object] = {
        "attachment": made, "digest": picture.digest, "shown": shown, "device_time": command.device_time[:40],
        "strength": "handwritten", **signing_facts(session, actor, now),
    }  # fmt: skip
    at = whole(now)
    grade = grade_of(Claim(at, at), actor, timedelta())
    personal = {"signer": command.signer.strip()}
    event = Event(SIGNED_OFF, at, at, actor.account, actor.side, "", grade, (picture.digest,), facts, personal)
    _append(session, command.number, event)


@dataclass(frozen=True)
class Agreed:
    """A paper that agrees with the record: the chain number it names, when it was printed, whether more followed."""

    number: str
    seq: int
    printed_at: datetime
    outdated: bool


def verify(session: Session, number: str, code: str) -> Agreed | None:
    """Given what stands on a paper, say whether it was printed here. Anybody may ask; nothing typed is told."""
    if len(code) != CODE_LENGTH or set(code) - set("0123456789abcdef"):
        return None
    found = store.printed(session, number, code)
    return Agreed(number, found[0], found[1], found[2] > found[0]) if found else None


@dataclass(frozen=True)
class Week:
    """A department's tickets reported within a week (Shanghai, half-open)."""

    department: str
    start: datetime
    end: datetime
    rows: Sequence[Any]


def weekly(session: Session, department: str, week: str, actor: Actor) -> Week:
    """Given a department, a week and who asks, return its tickets. Raises Refused for what is no week."""
    actor.need("tickets.read")
    start, end = week_span(week)
    return Week(department, start, end, store.of_department(session, department, start, end, MOST_OF_A_WEEK))


def departments(session: Session, actor: Actor) -> list[str]:
    """Given who asks, return the departments that have tickets."""
    actor.need("tickets.read")
    return store.departments(session)


def note_weekly(session: Session, week: Week, actor: Actor, now: datetime) -> None:
    """Given a week's sheet about to be printed, append that."""
    actor.need("tickets.export")
    facts: dict[str, object] = {
        "document": "weekly", "department": week.department, "start": week.start.isoformat(), "rows": len(week.rows),
    }  # fmt: skip
    at = whole(now)
    audit.append(session, "export", "weekly", Event(PRINTED, at, at, actor.account, actor.side, facts=facts))


def slips(session: Session, pages: int, actor: Actor, now: datetime) -> list[str]:
    """Given how many pages, return the numbers of their blank slips, never given before, and append that."""
    actor.need("tickets.export")
    if not 1 <= pages <= MOST_PAGES:
        raise Refused("一次打印 1 到 %(n)s 页。", field="pages", n=MOST_PAGES)
    tickets.lock_adding(session)
    first = store.last_slip(session) + 1
    serials = range(first, first + pages * SLIPS_PER_PAGE)
    at = whole(now)
    facts: dict[str, object] = {"first": first, "last": serials[-1]}
    audit.append(session, "slips", str(first), Event(SLIPS_PRINTED, at, at, actor.account, actor.side, facts=facts))
    return [slip_name(serial) for serial in serials]
