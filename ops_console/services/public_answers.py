"""What a reporter without an account sees and says afterwards: the state in words, restored or not, a few stars.

The 4-digit code is 13 bits and identifies nobody: five tries in all, of one ticket, gone when the ticket is closed.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from ops_console.core import tickets as core
from ops_console.core.errors import NotFound, Refused
from ops_console.core.people import SYSTEM
from ops_console.core.public_reports import (
    CODE_DIGITS,
    CODE_TRIES,
    PENDING,
    SUBJECT,
    Secrets,
    fingerprint,
    first_words,
)
from ops_console.core.tickets import Event, TicketFacts
from ops_console.services import public_photos, tickets
from ops_console.services.contracts import Book
from ops_console.services.ports import OpenSession
from ops_console.services.public_reports import REPORTER, Sender, reporting
from ops_console.services.tickets import Move
from ops_console.store import audit, locations
from ops_console.store import public_reports as store
from ops_console.store.masks import masker_of

READER = reporting(REPORTER, False, "tickets.read")
WRONG = "确认码不对，或已不能再用；请用报修时的设备打开，或等信息科回访。"
NO_CODE = "请输入报修回执上的 4 位确认码。"


@dataclass(frozen=True)
class Reported:
    """What was reported and where, so that two receipts can be told apart; a text that somebody typed is masked."""

    module: str
    place: str
    title: str


@dataclass(frozen=True)
class Said:
    """What the reporter answered last: restored or not, when, the stars (0: none) and the reason, masked."""

    is_restored: bool
    at: datetime
    stars: int
    reason: str


@dataclass(frozen=True)
class Status:
    """A report as its status page shows it to who holds its secret address: of what was typed no more than `reported`
    and the reason of the answer; never who reported, the telephone, or what others wrote since.
    """

    row: store.PublicReportRow
    facts: TicketFacts | None
    is_own_browser: bool
    reported: Reported
    said: Said | None = None
    photos: int = 0
    may_add_photo: bool = False

    @property
    def is_pending(self) -> bool:
        """Say whether the report still waits for a look."""
        return self.row.state == PENDING

    @property
    def may_answer(self) -> bool:
        """Say whether the reporter is asked: restored, or not?"""
        return self.facts is not None and self.facts.state == core.RESTORED

    @property
    def has_tries(self) -> bool:
        """Say whether the code can still be tried."""
        return self.row.code_tries < CODE_TRIES


@dataclass(frozen=True)
class Answer:
    """What the reporter says: restored or not and why; stars 0 for none."""

    is_restored: bool
    reason: str = ""
    stars: int = 0
    code: str = ""


def status(session: Session, book: Book, token: str, browser: str, now: datetime) -> Status:
    """Given a status address and the browser in use, return what it shows. Raises NotFound for an unknown one."""
    row = _by_token(session, token)
    number = store.ticket_number(session, row)
    view = tickets.view(session, book, number, READER) if number else None
    facts, events = (view.facts, view.events) if view else (None, ())
    is_own = is_own_browser(row, browser)
    photos = public_photos.count(session, row.id) if is_own else 0
    may_add = is_own and photos < public_photos.MOST and public_photos.may_add(row, facts.state if facts else "", now)
    return Status(row, facts, is_own, _reported(session, row, events), _said(events), photos, may_add)


def _reported(session: Session, row: store.PublicReportRow, events: Sequence[Event]) -> Reported:
    """From the report itself, not from what the ticket came to: what others wrote since is not the reporter's to see.

    Before it is a ticket, what waits is kept masked.
    """
    report = next((event for event in events if event.kind == core.REPORTED), None)
    typed = {**report.facts, **report.personal} if report else masker_of(session).plain(json.loads(row.form or "{}"))
    module, department, title = (str(typed.get(name) or "") for name in ("module", "department", "title"))
    place = locations.by_id(session, row.location_id) if row.location_id is not None else None
    return Reported(module, place.name if place else department, first_words(title))


def _said(events: Sequence[Event]) -> Said | None:
    """The last word without an account about the restore; the hospital's own people say theirs elsewhere."""
    kinds = (core.CONFIRMED, core.RESTORE_REJECTED)
    words = [event for event in events if event.kind in kinds and event.facts.get(core.WITHOUT_ACCOUNT)]
    if not words:
        return None
    last = max(words, key=lambda event: event.seq)
    stars = int(str(last.facts.get("rating") or 0))
    return Said(last.kind == core.CONFIRMED, last.recorded_at, stars, last.personal.get("reason", ""))


def is_own_browser(row: store.PublicReportRow, browser: str) -> bool:
    """Given a report and the browser in use ("" for none), say whether the report came from it."""
    return bool(browser) and row.browser_hash == fingerprint(browser)


def own_report(session: Session, token: str, browser: str) -> int:
    """Given a status address and the browser that reported, return the report's number. Raises Refused for another."""
    row = _by_token(session, token)
    if not is_own_browser(row, browser):
        raise Refused("只有报修时用的设备可以补照片。", field="photo")
    return row.id


def _by_token(session: Session, token: str) -> store.PublicReportRow:
    row = store.by_status(session, fingerprint(token)) if token else None
    if row is None:
        raise NotFound("没有这份报修；请检查网址，或拨打服务热线查询。")
    return row


def answer(
    open_write: OpenSession,
    book_of: Callable[[Session], Book],
    house: Secrets,
    *,
    token: str,
    said: Answer,
    sent: Sender,
    now: datetime,
) -> None:
    """Given a status address and what its reporter says, add it to the ticket.

    The browser that reported needs no code; any other uses up a try, kept even when the answer is refused.
    Raises Refused with a sentence.
    """
    with open_write() as session:
        row = _by_token(session, token)
        report_id, is_own = row.id, is_own_browser(row, sent.browser)
        if not is_own and not said.code.strip():
            raise Refused(NO_CODE, field="code")  # nothing was tried
        if not is_own and not _is_right(session, row, said.code, house, now):
            refusal: Refused | None = Refused(WRONG, field="code")
        else:
            refusal = None
    if refusal is not None:  # after the commit: the try is used up
        raise refusal
    with open_write() as session:
        row = store.held(session, report_id) or _by_token(session, token)
        number = store.ticket_number(session, row)
        if number is None:
            raise Refused("这份报修还在核实，暂时不能确认。")
        actor = reporting(REPORTER, sent.is_clean and is_own, "tickets.confirm")
        tickets.move(session, book_of(session), _move(number, said), actor, now)


def _is_right(session: Session, row: store.PublicReportRow, code: str, house: Secrets, now: datetime) -> bool:
    if not store.claim_try(session, row.id):
        return False
    typed = code.strip()
    shaped = len(typed) == CODE_DIGITS and typed.isascii() and typed.isdigit()
    if shaped and hmac.compare_digest(house.code_hash(row.key_hash, typed), row.code_hash):
        store.give_try_back(session, row.id)
        return True
    audit.append(session, SUBJECT, str(row.id), Event("code_refused", now, now, SYSTEM.account, SYSTEM.side))
    return False


def _move(number: str, said: Answer) -> Move:
    if not said.is_restored:
        return Move(number, core.RESTORE_REJECTED, {"reason": said.reason.strip()})
    return Move(number, core.CONFIRMED, {"rating": said.stars} if said.stars else {})
