"""Photos of reports without an account, on both databases: with the ticket, while waiting, given up when rejected."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from ops_console.console import Console
from ops_console.core.attachments import NewFile
from ops_console.core.errors import Refused
from ops_console.core.people import HOSPITAL as HOSPITAL_SIDE
from ops_console.core.people import Actor
from ops_console.core.public_reports import PER_BROWSER
from ops_console.services import public_photos, public_reports
from ops_console.store import audit
from ops_console.store.attachments import AttachmentRow
from ops_console.store.public_photos import PublicPhotoRow
from tests.conftest import HOSPITAL, VENDOR, FakeClock
from tests.services.test_public_reports import send

SENDER = Actor(public_reports.REPORTER, "报修人", HOSPITAL_SIDE, frozenset({"tickets.attach"}), on_clean_device=True)


def photo(letter: str, size: int = 1000) -> NewFile:
    return NewFile(letter * 64, size, "IMG.jpg", "jpeg", 40, 30)


def add(console: Console, report_id: int, *photos: NewFile) -> None:
    for one in photos:
        with console.write() as session:
            public_photos.add(session, report_id, one, SENDER, console.now())


def attached(console: Console) -> list[str]:
    with console.read() as session:
        return list(session.scalars(select(AttachmentRow.digest).order_by(AttachmentRow.id)))


def test_a_photo_goes_with_its_report_to_the_ticket(console: Console, clock: FakeClock) -> None:
    made = [send(console, key=str(n)) for n in range(PER_BROWSER + 2)]
    first, waits, rejected = made[0], made[-2], made[-1]
    add(console, first.report_id, photo("a"), photo("a"), photo("b"))
    add(console, waits.report_id, photo("a"), photo("c"))
    add(console, rejected.report_id, photo("a"), photo("d"))
    assert attached(console) == ["a" * 64, "b" * 64]

    clock.forward(minutes=5)
    with console.write() as session:
        public_reports.accept(session, console.book(session), waits.report_id, VENDOR, console.now())
        public_reports.reject(session, rejected.report_id, "重复", HOSPITAL, console.now())
    assert attached(console) == ["a" * 64, "b" * 64, "a" * 64, "c" * 64]

    clock.forward(days=31)
    with console.write() as session:
        assert public_photos.forget(session, timedelta(days=30), console.now()) == ["d" * 64]
        assert public_photos.forget(session, timedelta(days=30), console.now()) == []
    with console.read() as session:
        rows = session.scalars(select(PublicPhotoRow).where(PublicPhotoRow.forgotten_at.is_not(None))).all()
        assert {row.report_id for row in rows} == {rejected.report_id}
        assert audit.first_broken(session) is None


def test_no_more_than_a_report_takes_nor_too_late_nor_past_its_doors_share(console: Console, clock: FakeClock) -> None:
    first, second, third = (send(console, key=str(n)) for n in range(3))
    add(console, first.report_id, photo("a"), photo("b"), photo("c"))
    with pytest.raises(Refused, match="最多附 3 张"):
        add(console, first.report_id, photo("d"))
    add(console, second.report_id, photo("e", public_photos.DOOR_BYTES))
    with pytest.raises(Refused, match="太多"):
        add(console, third.report_id, photo("f"))
    clock.forward(days=1, seconds=1)
    with pytest.raises(Refused, match="时间已过"):
        add(console, third.report_id, photo("f"))
    later = send(console, key="next day")
    add(console, later.report_id, photo("f"))
    assert len(attached(console)) == 5
