"""Photos of reports without an account: how many and how large, kept beside the report, handed to its ticket.

Not for bytes and kinds (a port keeps them, `core/attachments.py` says which) nor for the report itself, which stands
before any photo of it is looked at: a photo that is not taken never costs a report.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from ops_console.core import tickets as core
from ops_console.core.attachments import KINDS, NewFile
from ops_console.core.errors import NotFound, Refused
from ops_console.core.moments import whole
from ops_console.core.people import HOSPITAL, Actor
from ops_console.core.public_reports import PENDING, REJECTED, SUBJECT
from ops_console.core.tickets import Event
from ops_console.services import attachments
from ops_console.store import audit
from ops_console.store import public_photos as store
from ops_console.store import public_reports as reports
from ops_console.store.public_reports import PublicReportRow

MOST = 3
ADDED_WITHIN = timedelta(hours=2)
DAY, DOOR_BYTES = timedelta(days=1), 256 << 20
OVER = (core.CLOSED, core.CANCELLED, core.MERGED, core.RETRACTED)
TOO_MANY = "一份报修最多附 %(n)s 张照片，其余的没有存下。"
TOO_LATE = "补照片的时间已过；请拨打服务热线，或交给到场的运维人员。"
DOOR_FULL = "这里一天内收到的照片太多，照片没有存下；报修不受影响，照片请交给到场的运维人员。"


def may_add(row: PublicReportRow, ticket_state: str, now: datetime) -> bool:
    """Given a report and its ticket's state ("" for none), say whether a photo may still be added to it."""
    is_over = row.state == REJECTED or ticket_state in OVER
    return not is_over and now - row.received_at <= ADDED_WITHIN


def count(session: Session, report_id: int) -> int:
    """Given a report, return how many photos it has."""
    return len(store.of_report(session, report_id))


def check_room(session: Session, report_id: int, now: datetime) -> None:
    """Given a report, see that it may have one more photo. Raises Refused: too many, too late, too much by one door.

    Asked before the bytes are kept, so that a flood fills no disk, and once more when they are.
    """
    row = reports.held(session, report_id)
    if row is None:
        raise NotFound("没有这份报修；请检查网址，或拨打服务热线查询。")
    if count(session, report_id) >= MOST:
        raise Refused(TOO_MANY, field="photo", n=MOST)
    if not may_add(row, reports.ticket_state(session, row), now):
        raise Refused(TOO_LATE, field="photo")
    if store.bytes_of_door(session, row.door, now - DAY) >= DOOR_BYTES:
        raise Refused(DOOR_FULL, field="photo")


def add(session: Session, report_id: int, photo: NewFile, actor: Actor, now: datetime) -> None:
    """Given a report and a kept photo, add it to the report, and to its ticket if there is one.

    The same photo again adds nothing. Raises Refused as `check_room`.
    """
    if any(known.digest == photo.digest for known in store.of_report(session, report_id)):
        return
    check_room(session, report_id, now)
    row = reports.held(session, report_id)
    assert row is not None
    told = {name: getattr(photo, name) for name in ("digest", "kind", "size", "width", "height", "scan")}
    session.add(store.PublicPhotoRow(report_id=report_id, recorded_at=whole(now), forgotten_at=None, **told))
    session.flush()
    number = reports.ticket_number(session, row)
    if number:
        _attach(session, number, photo, actor, now)
        return
    facts: dict[str, object] = {"digest": photo.digest, "size": photo.size, "kind": photo.kind}
    event = Event("photo_received", whole(now), whole(now), actor.account, HOSPITAL, facts=facts)
    audit.append(session, SUBJECT, str(report_id), event)


def name_of(digest: str, kind: str) -> str:
    """Given a photo's SHA-256 and kind, return its name, one of ours: what the phone called it is nobody's business."""
    return f"{digest[:12]}.{KINDS[kind].suffixes[0]}"


def _attach(session: Session, number: str, photo: NewFile, actor: Actor, now: datetime) -> None:
    name = name_of(photo.digest, photo.kind)
    attachments.attach(session, number, replace(photo, name=name), actor, now)


def hand_over(session: Session, report_id: int, number: str, actor: Actor) -> None:
    """Given a report that waited and the ticket made of it, give the ticket its photos, as of when they came."""
    for row in store.of_report(session, report_id):
        photo = NewFile(row.digest, row.size, "", row.kind, row.width, row.height, row.scan)
        _attach(session, number, photo, actor, row.recorded_at)


def find(session: Session, report_id: int, photo_id: int, actor: Actor) -> store.PublicPhotoRow:
    """Given a report that waits for a look, one of its photos and who asks, return it. Raises NotFound."""
    actor.need("tickets.open")
    row = store.one(session, report_id, photo_id, PENDING)
    if row is None:
        raise NotFound("这份待核报修没有这张照片。")
    return row


def forget(session: Session, kept_for: timedelta, now: datetime) -> list[str]:
    """Given how long to keep them, give up the photos of rejected reports; return the hashes of files to delete."""
    return store.forget(session, now - kept_for, now)
