"""Taking reports from people without an account: every one is kept, most become tickets at once, some wait for a look.

Not for what the reporter says afterwards (`services/public_answers.py`) nor for stickers (`services/locations.py`).
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from ops_console.core.devices import DeviceStanding, counted_address, in_networks
from ops_console.core.errors import NotFound, Refused, TooMany
from ops_console.core.people import HOSPITAL, Actor, Permission
from ops_console.core.public_reports import (
    CODE_DIGITS,
    KINDS,
    MARK_LENGTH,
    PENDING,
    REJECTED,
    SUBJECT,
    TAKEN,
    Door,
    Secrets,
    check_callback,
    claimed,
    door_of,
    fingerprint,
    is_past_keeping,
    is_too_many,
)
from ops_console.core.tickets import Event
from ops_console.services import devices, public_photos, tickets
from ops_console.services.contracts import Book
from ops_console.services.resets import refuse_fresh_reset
from ops_console.services.tickets import OpenTicket
from ops_console.store import audit, locations
from ops_console.store import public_photos as photo_store
from ops_console.store import public_reports as store
from ops_console.store import tickets as ticket_store
from ops_console.store.masks import masker_of, sealer_of

CHANNEL = "扫码"
REPORTER = f"{CHANNEL}/报修人"
TYPED = ("type", "module", "channel", "title", "department", "reporter", "phone")
REMEMBERED = timedelta(days=7)
SHOWN = 5


@dataclass(frozen=True)
class Report:
    """What a person without an account says. `key` is the form's own: sent twice, it is one report."""

    key: str
    kind: str
    module: str
    title: str
    department: str = ""
    reporter: str = ""
    phone: str = ""
    device_at: datetime | None = None


def reporting(name: str, is_clean: bool, *permissions: Permission) -> Actor:
    """Given a name, whether its device is known to be the hospital's own, and what it may, return who acts unsigned."""
    return Actor(name, "报修人", HOSPITAL, frozenset(permissions), is_clean, has_account=False)


@dataclass(frozen=True)
class Sender:
    """Where a report comes from: a browser, an address, a sticker or none, and what that counts for as evidence.

    `address` as reports are counted for it.
    """

    browser: str
    address: str
    standing: DeviceStanding
    location: locations.LocationRow | None
    is_clean: bool

    @property
    def door(self) -> Door:
        """Which way the report came in."""
        place = self.location.id if self.location else None
        return door_of(location_id=place, is_registered=self.standing.is_registered, browser=fingerprint(self.browser))

    def actor(self, place: str) -> Actor:
        """Given how the place is called, return who acts: the hospital's side, able to report and nothing else."""
        return reporting(f"{CHANNEL}/{place}", self.is_clean, "tickets.open")


@dataclass(frozen=True)
class Received:
    """What became of a report; the code is told this once. `number` is empty while the report waits for a look."""

    report_id: int
    number: str
    code: str
    status_token: str
    received_at: datetime
    is_repeat: bool = False


def photographer(sent: Sender) -> Actor:
    """Given a sender, return who adds photos to its report: the hospital's side, with evidence of the same worth."""
    return reporting(REPORTER, sent.is_clean, "tickets.attach")


def place_of(session: Session, token: str) -> locations.LocationRow:
    """Given a sticker's token, return its place. Raises NotFound for one that is unknown or out of use."""
    found = locations.by_token(session, fingerprint(token)) if token else None
    if found is None:
        raise NotFound("这张报修贴已停用或不存在；请用其他方式报修，并告诉信息科换新贴。")
    return found


def sender(
    session: Session, browser: str, address: str, networks: Sequence[str], location: locations.LocationRow | None
) -> Sender:
    """Given a browser's token, its address, the hospital's networks and the place, return who sends.

    The hospital's own evidence: a browser it registered, or an address of its networks, that no vendor account used.
    """
    standing = devices.standing(session, browser)
    counted = counted_address(address)
    own_network = in_networks(address, networks) and not locations.is_vendor_address(session, counted)
    is_clean = not standing.vendor_used and (standing.is_registered or own_network)
    return Sender(browser, counted, standing, location, is_clean)


def receive(session: Session, book: Book, report: Report, sent: Sender, house: Secrets, now: datetime) -> Received:
    """Given a report and its sender, keep it: as a ticket, or for a look when too many came. Raises Refused by field,
    TooMany when its address sent more in a day than is kept.

    `now` is the report's time; a draft's device time is a correction that the other party is asked for.
    """
    ticket_store.lock_adding(session)  # the same form sent twice at once is one report
    key = fingerprint(report.key)
    known = store.by_key(session, key)
    if known is not None:
        return _again(session, known, sent, house)
    command = _command(session, report, sent, now)
    code = f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}d}"
    token = house.token("status", key)
    row = _row(report, sent, now) | {
        "key_hash": key, "status_hash": fingerprint(token), "code_hash": house.code_hash(key, code)
    }  # fmt: skip
    recent = store.recent(session, browser_hash=row["browser_hash"], door=row["door"], address=row["address"], now=now)
    if is_past_keeping(sent.door, recent):
        raise TooMany("这个网络地址一天内的报修已达上限，这一份没有收下；请拨打服务热线报修，或换一个网络再报。")
    if is_too_many(sent.door, recent):
        return Received(_keep(session, row, command, sent, now), "", code, token, now)
    number = tickets.open_ticket(session, book, command, sent.actor(_place(command, sent)), now)
    ids = ticket_store.by_numbers(session, [number])
    made = store.PublicReportRow(**row, state=TAKEN, ticket_id=ids[number], form="")
    session.add(made)
    session.flush()
    return Received(made.id, number, code, token, now)


def _again(session: Session, known: store.PublicReportRow, sent: Sender, house: Secrets) -> Received:
    if known.browser_hash != fingerprint(sent.browser):
        raise Refused("这份报修已经提交过；请刷新页面后再报。")
    number = store.ticket_number(session, known) or ""
    return Received(known.id, number, "", house.token("status", known.key_hash), known.received_at, is_repeat=True)


def _command(session: Session, report: Report, sent: Sender, now: datetime) -> OpenTicket:
    if report.kind not in KINDS:
        raise Refused("请选择：不能用了、想问一下或其他。", field="kind")
    word, kind = KINDS[report.kind]
    title = report.title.strip() or (f"{report.module}：{word}" if report.module else "")
    command = OpenTicket(
        type=kind, module=report.module, channel=CHANNEL, title=title, reporter=report.reporter.strip(),
        phone=report.phone.strip(), department=report.department.strip() or _department(sent),
        device_at=claimed(report.device_at, now),
    )  # fmt: skip
    tickets.check_open(session, command)
    check_callback(command.phone)
    return command


def _department(sent: Sender) -> str:
    return sent.location.department if sent.location else sent.standing.department


def _place(command: OpenTicket, sent: Sender) -> str:
    """Never what somebody typed: an actor's name stays in the chain for ever."""
    return sent.location.name if sent.location else sent.standing.label or "报修页"


def _row(report: Report, sent: Sender, now: datetime) -> dict[str, Any]:
    return {
        "code_tries": 0, "browser_hash": fingerprint(sent.browser), "door": sent.door.name,
        "address": sent.address[:64], "location_id": sent.location.id if sent.location else None,
        "is_clean": sent.is_clean, "received_at": now, "claimed_at": claimed(report.device_at, now),
    }  # fmt: skip


def _keep(session: Session, row: dict[str, Any], command: OpenTicket, sent: Sender, now: datetime) -> int:
    """Keep a report until a person has looked at it. Its event binds what was said without telling it."""
    typed = {name: getattr(command, name) for name in TYPED}
    said = {"place": _place(command, sent), "salt": secrets.token_hex(16), **typed}
    form = json.dumps(_masked(session, said, row["key_hash"]), ensure_ascii=False)
    made = store.PublicReportRow(**row, state=PENDING, ticket_id=None, form=form)
    session.add(made)
    session.flush()
    actor = sent.actor(_place(command, sent))
    facts: dict[str, object] = {"digest": fingerprint(json.dumps(said, ensure_ascii=False))}
    audit.append(
        session, SUBJECT, str(made.id), Event("received", now, now, actor.account, HOSPITAL, CHANNEL, facts=facts)
    )
    return made.id


def _masked(session: Session, said: dict[str, Any], key_hash: str) -> dict[str, Any]:
    """What waits is kept masked, the original sealed beside it: the ticket made of it shall have it."""
    shown = masker_of(session).plain(said)
    if shown == said:
        return said
    whole = json.dumps(said, ensure_ascii=False).encode()
    sealed = sealer_of(session).seal(whole, table=store.PublicReportRow.__tablename__, row=key_hash, field="form")
    return {**shown, "sealed": sealed.hex()}


def _whole(session: Session, row: store.PublicReportRow) -> dict[str, Any]:
    form: dict[str, Any] = json.loads(row.form)
    if "sealed" not in form:
        return form
    sealed, table = bytes.fromhex(form["sealed"]), store.PublicReportRow.__tablename__
    opened = sealer_of(session).open(sealed, table=table, row=row.key_hash, field="form")
    return dict(json.loads(opened))


def mark(session: Session, report_id: int) -> str:
    """Given a stored report, return the first characters of its event's hash: what a receipt shows.

    Of one that waited it is its own event's, also once it is a ticket: the receipt in somebody's hand names that.
    """
    row = store.by_id(session, report_id)
    assert row is not None
    has_own_event = row.state != TAKEN or row.decided_at is not None
    return audit.first_hash(session, SUBJECT, str(row.id), None if has_own_event else row.ticket_id)[:MARK_LENGTH]


@dataclass(frozen=True)
class Waiting:
    """A report that waits for a look: its row, its place's name or "", what was typed, its photos' numbers."""

    row: store.PublicReportRow
    place: str
    form: dict[str, Any]
    photos: list[int]


def waiting(session: Session, actor: Actor, *, page: int = 1, per_page: int = 50) -> tuple[list[Waiting], int]:
    """Given who asks and a page, return reports that wait for a look, oldest first, and how many there are."""
    actor.need("tickets.open")
    rows = store.waiting(session, per_page, (page - 1) * per_page)
    photos = photo_store.of_reports(session, [row.id for row, _place in rows])
    found = [Waiting(row, place or "", json.loads(row.form), photos.get(row.id, [])) for row, place in rows]
    return found, store.count_waiting(session)


def accept(session: Session, book: Book, report_id: int, actor: Actor, now: datetime) -> str:
    """Given a waiting report, make it a ticket as of when it came, and return its number."""
    actor.need("tickets.open")
    row = _held(session, report_id)
    form = _whole(session, row)
    command = OpenTicket(**{name: form[name] for name in TYPED}, device_at=row.claimed_at)
    reporter = reporting(f"{CHANNEL}/{form['place']}", row.is_clean, "tickets.open")
    # Recorded when it came: the console had it then, under its own clock, and its event of that moment binds it.
    number = tickets.open_ticket(session, book, command, reporter, row.received_at)
    row.state, row.ticket_id, row.form = TAKEN, ticket_store.by_numbers(session, [number])[number], ""
    public_photos.hand_over(session, row.id, number, replace(reporter, permissions=frozenset({"tickets.attach"})))
    _decide(session, row, "accepted", actor, now)
    return number


def reject(session: Session, report_id: int, reason: str, actor: Actor, now: datetime) -> None:
    """Given a waiting report and why, make no ticket of it; what was typed stays, masked. The hospital's to say."""
    actor.need("tickets.confirm")
    refuse_fresh_reset(session, actor, now)
    reason = reason.strip()
    if not 1 <= len(reason) <= 200:
        raise Refused("请写明不受理的原因（最多 200 个字）。", field="reason")
    row = _held(session, report_id)
    row.state = REJECTED
    row.form = json.dumps({n: v for n, v in json.loads(row.form).items() if n != "sealed"}, ensure_ascii=False)
    _decide(session, row, "rejected", actor, now, reason)


def _decide(
    session: Session, row: store.PublicReportRow, kind: str, actor: Actor, now: datetime, reason: str = ""
) -> None:
    row.decided_by, row.decided_at = actor.account, now
    personal = {"reason": reason} if reason else {}
    event = Event(kind, now, now, actor.account, actor.side, personal=personal)
    audit.append(session, SUBJECT, str(row.id), event)


def _held(session: Session, report_id: int) -> store.PublicReportRow:
    row = store.held(session, report_id)
    if row is None:
        raise NotFound("没有这份待核报修。")
    if row.state != PENDING:
        raise Refused("这份报修已经处理过，请刷新页面。")
    return row


@dataclass(frozen=True)
class Own:
    """A report of the browser in use: its ticket's number and state ("" while it waits), and its status address."""

    number: str
    state: str
    received_at: datetime
    status_token: str


def own(session: Session, browser: str, house: Secrets, now: datetime) -> list[Own]:
    """Given the browser in use, return its reports of the last days. Nothing that was typed is among it."""
    if not browser:
        return []
    rows = store.of_browser(session, fingerprint(browser), now - REMEMBERED, SHOWN)
    return [
        Own(number or "", state or "", row.received_at, house.token("status", row.key_hash))
        for row, number, state in rows
    ]
