"""Photos of reports without an account: kept beside a report that stands, bounded, never shown to strangers."""

from __future__ import annotations

import io
import json
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from ops_console.adapters import blobs
from ops_console.core.public_reports import PER_BROWSER, TAKEN
from ops_console.services import attachments, public_photos
from ops_console.store.attachments import AttachmentRow
from ops_console.store.audit import EventRow
from ops_console.store.public_photos import PublicPhotoRow
from ops_console.store.public_reports import PublicReportRow
from tests.conftest import HOSPITAL
from tests.pictures import PDF, archive, document, photo_with_place, picture, png_that_claims
from tests.services.test_personal import run_job
from tests.web.conftest import Site
from tests.web.pages import Browser, Page
from tests.web.test_public_reports import REPORT, status_of

NUMBER = "GD-20261120-00001"
COLOURS = ("#200000", "#400000", "#600000", "#800000", "#a00000")
File = tuple[bytes, str]


def send(browser: Browser, *photos: File, path: str = "/report", **given: str) -> Page:
    fields = {"csrf_token": browser.token, "key": "k", "place": "", **REPORT, **given}
    files = [(io.BytesIO(content), name) for content, name in photos]
    return browser.ask("POST", path, data={**fields, "photo": files}, content_type="multipart/form-data")


def kept(site: Site) -> list[str]:
    """Every file in the folder of attachments."""
    return sorted(path.name for path in (site.console.files.folder / "attachments").iterdir())


def rows(site: Site, of: Any = PublicPhotoRow) -> list[Any]:
    with site.console.read() as session:
        return list(session.scalars(select(of).order_by(of.id)))


def flooded(site: Site, *photos: File) -> Browser:
    """A browser whose next reports wait for a look, the first of them with these photos."""
    nurse = site.browser()
    for n in range(PER_BROWSER):
        send(nurse, key=str(n))
    send(nurse, *photos, key="waits")
    return nurse


def test_a_photo_becomes_an_attachment_of_the_ticket_under_a_name_of_ours(site: Site) -> None:
    nurse = site.browser()

    receipt = send(nurse, (photo_with_place(), "患者张三.jpg"), (picture(), "../../etc/passwd"))

    assert receipt.status == 200
    assert "已附 2 张照片" in receipt.text
    first, second = rows(site, AttachmentRow)
    assert (first.kind, second.kind, first.side, first.recorded_by) == ("jpeg", "png", "hospital", "扫码/报修人")
    with site.console.read() as session:
        shown = attachments.of_ticket(session, NUMBER, HOSPITAL)
        told = " ".join(session.scalars(select(EventRow.facts)))
    assert [one.name for one in shown] == [f"{first.digest[:12]}.jpg", f"{second.digest[:12]}.png"]
    assert "张三" not in told
    page = site.as_("vendor").get(f"/tickets/{NUMBER}")
    assert f"/tickets/{NUMBER}/attachments/1" in page.html


def test_no_photo_at_all_is_the_usual_report(site: Site) -> None:
    receipt = send(site.browser(), (b"", ""))

    assert receipt.status == 200
    assert not receipt.notes
    assert rows(site) == []


HOSTILE = {
    "svg": (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "不是可以上传的种类"),
    "html": (b"<html><script>alert(1)</script>", "不是可以上传的种类"),
    "pdf": (PDF, "不是可以上传的种类"),
    "text": (b"plain text", "不是可以上传的种类"),
    "workbook": (document("xl"), "不是可以上传的种类"),
    "zip bomb": (archive(**{"xl__a.xml": b"0" * (64 << 20)}), "不是可以上传的种类"),
    "nothing": (b"", "0 字节"),
    "bomb of pixels": (png_that_claims(50_000, 50_000), "50000×50000 像素"),
    "half a head": (picture("JPEG")[:40], "不完整或已损坏"),
    "too large": (picture("JPEG") + b"\0" * (8 << 20), "超过 8 MiB"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_bad_photo_never_costs_the_report(site: Site, case: str) -> None:
    content, told = HOSTILE[case]

    receipt = send(site.browser(), (content, "IMG_0001.jpg"), (picture(), "good.png"))

    assert receipt.status == 200
    assert NUMBER in receipt.text
    assert told in receipt.notes[0]
    assert "有照片没有附上" in receipt.notes[0]
    assert "小时内可以在进度页补照片" in receipt.text
    assert [row.kind for row in rows(site, AttachmentRow)] == ["png"]
    assert kept(site) == [rows(site)[0].digest]


def test_a_full_disk_costs_the_photo_alone(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Strangers' photos stop while there is still room for the files of people with accounts."""
    full = type("Usage", (), {"free": 600 << 20})
    monkeypatch.setattr(blobs.shutil, "disk_usage", lambda _folder: full)

    receipt = send(site.browser(), (picture(), "a.png"))

    assert NUMBER in receipt.text
    assert "磁盘剩余空间不足" in receipt.notes[0]
    assert kept(site) == []
    assert site.console.files.keep_attachment(io.BytesIO(picture()), "staff.png").kind == "png"


def test_more_photos_than_a_report_takes_are_told(site: Site) -> None:
    receipt = send(site.browser(), *((picture(colour=c), f"{c}.png") for c in COLOURS))

    assert "最多附 3 张照片" in receipt.notes[0]
    assert len(rows(site)) == len(kept(site)) == public_photos.MOST


def test_the_same_form_sent_twice_adds_nothing(site: Site) -> None:
    nurse = site.browser()
    for _ in range(2):
        receipt = send(nurse, (picture(), "a.png"))

    assert "这份报修已经提交过" in receipt.text
    assert not receipt.notes
    assert len(rows(site)) == len(rows(site, AttachmentRow)) == 1


def test_a_form_past_what_any_server_takes_is_told(site: Site) -> None:
    nurse = site.browser()
    answer = nurse.ask(
        "POST", "/report", content_type="multipart/form-data; boundary=x", headers={"X-CSRFToken": nurse.token},
        environ_overrides={"CONTENT_LENGTH": str(1 << 30)},
    )  # fmt: skip

    assert answer.status == 413
    assert "去掉照片再提交" in answer.text


def test_the_status_page_shows_how_many_and_never_the_photo(site: Site) -> None:
    nurse = site.browser()
    status = status_of(send(nurse, (picture(), "a.png")))
    digest = kept(site)[0]

    own, other = nurse.get(status), site.browser().get(status)

    assert "1 张" in own.text
    assert "照片" not in other.text
    for page in (own, other):
        assert digest[:12] not in page.html
        assert "<img" not in page.html
    for path in (f"/tickets/{NUMBER}/attachments/1", f"{status}/photos/1", f"{status}/photos"):
        assert site.browser().get(path).status in (302, 404, 405)


def test_a_photo_is_added_afterwards_by_the_same_browser_within_a_while(site: Site) -> None:
    nurse = site.browser()
    status = status_of(send(nurse, (b"<svg/>", "x.svg")))
    assert nurse.get(status).root.all("input", name="photo")

    assert send(site.browser(), (picture(), "a.png"), path=f"{status}/photos").status == 400
    refused = send(nurse, (b"<svg/>", "x.svg"), path=f"{status}/photos")
    assert (refused.status, "不是可以上传的种类" in refused.notes[0]) == (400, True)
    assert send(nurse, (picture(), "a.png"), path=f"{status}/photos").status == 303
    assert len(rows(site, AttachmentRow)) == 1

    site.clock.forward(seconds=int(public_photos.ADDED_WITHIN.total_seconds()) + 1)
    assert not nurse.get(status).root.all("input", name="photo")
    assert "时间已过" in send(nurse, (picture("JPEG"), "b.jpg"), path=f"{status}/photos").notes[0]
    assert len(kept(site)) == 1


def test_a_waiting_report_keeps_its_photo_and_hands_it_to_its_ticket(site: Site) -> None:
    nurse = flooded(site, (picture("JPEG"), "a.jpg"))
    vendor, report_id = site.as_("vendor"), PER_BROWSER + 1
    digest = rows(site)[0].digest
    assert rows(site, AttachmentRow) == []
    link = next(a["href"] for a in vendor.get("/reports/pending").root.all("a") if "/photos/" in a.get("href"))

    photo = vendor.get(link)
    assert photo.body == picture("JPEG")
    assert photo.headers["Content-Disposition"] == f"attachment; filename={digest[:12]}.jpg"
    assert photo.headers["Content-Security-Policy"].startswith("sandbox")
    assert nurse.get(link).status == 302

    assert vendor.post(f"/reports/pending/{report_id}/accept").status == 302
    (attached,) = rows(site, AttachmentRow)
    assert (attached.digest, attached.side) == (digest, "hospital")
    assert vendor.get(link).status == 404
    with site.console.read() as session:
        received = session.scalars(select(EventRow).where(EventRow.kind == "photo_received")).one()
    assert json.loads(received.facts)["digest"] == digest


def test_the_receipt_of_a_report_that_waited_stays_true(site: Site) -> None:
    nurse = flooded(site)
    again = send(nurse, key="waits")
    status = status_of(again)
    mark = again.root.one("code").text
    assert site.as_("vendor").post(f"/reports/pending/{PER_BROWSER + 1}/accept").status == 302

    assert nurse.get(status).root.one("code").text == mark
    with site.console.read() as session:
        assert session.scalars(select(EventRow.hash).where(EventRow.kind == "received")).one().startswith(mark)


def test_a_flood_of_photos_through_one_door_fills_no_disk_and_stops_no_other(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(public_photos, "DOOR_BYTES", len(picture()) + 1)
    for n, colour in enumerate(COLOURS[:3]):
        receipt = send(site.browser(), (picture(colour=colour), "a.png"), key=f"flood{n}")
    assert "这里一天内收到的照片太多" in receipt.notes[0]
    assert len(kept(site)) == 2

    ward = site.signed_in("hospital")
    ward.post("/devices", label="护士站 1 号机", department="心内科")
    assert not send(ward, (picture("JPEG"), "b.jpg"), key="ward").notes
    assert len(kept(site)) == 3


def test_photos_of_a_rejected_report_are_deleted_after_a_while_but_not_what_a_ticket_has(site: Site) -> None:
    nurse = flooded(site, (picture("JPEG"), "a.jpg"), (picture(), "shared.png"))
    send(site.browser(), (picture(), "shared.png"), key="other")
    digest = rows(site)[0].digest
    site.as_("hospital").post(f"/reports/pending/{PER_BROWSER + 1}/reject", reason="重复")

    def after(days: int) -> list[str]:
        site.clock.forward(days=days)
        for path in (site.console.files.folder / "attachments").iterdir():
            _written(path, site)
        run_job(site.console, "tidy")
        return kept(site)

    assert digest in after(1)
    assert digest not in after(30)
    assert len(kept(site)) == 1
    assert {row.state for row in rows(site, PublicReportRow)} == {TAKEN, "rejected"}
    assert nurse.get(f"/tickets/{NUMBER}").status == 302


def _written(path: Path, site: Site) -> None:
    """As old as the report is by the console's own clock."""
    then = (site.console.now() - timedelta(days=31)).timestamp()
    os.utime(path, (then, then))
