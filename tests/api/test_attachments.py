"""Files of a ticket over the API: added as a form or as bytes, listed, got back as downloads; bounds and repeats."""

from __future__ import annotations

import hashlib
import io
import re
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from ops_console.adapters import blobs
from ops_console.core.attachments import FROM_STRANGERS, LONGEST_BYTES
from ops_console.services import public_photos, public_reports
from ops_console.services.public_reports import Report
from ops_console.store.attachments import AttachmentRow
from ops_console.store.audit import EventRow
from tests.api.conftest import Caller, House, problem
from tests.pictures import PDF, archive, document, picture

BYTES = {"Content-Type": "application/octet-stream"}


def send(caller: Caller, number: str, content: Any, name: str = "", key: str = "", **query: Any) -> TestResponse:
    headers = {**BYTES, **({"File-Name": name} if name else {}), **({"Idempotency-Key": key} if key else {})}
    return caller.ask("POST", f"/tickets/{number}/attachments", data=content, headers=headers, query_string=query)


def kept(house: House) -> list[str]:
    return sorted(path.name for path in (house.console.files.folder / "attachments").iterdir())


def count(house: House, of: Any = AttachmentRow) -> int:
    with house.console.read() as session:
        return session.scalar(select(func.count()).select_from(of)) or 0


def test_a_file_is_added_listed_and_got_back(both_house: House) -> None:
    vendor, auditor = both_house.caller("vendor"), both_house.caller("auditor")
    number, other = vendor.log(), vendor.log()
    content = picture("JPEG")

    made = send(vendor, number, content, "%E6%88%AA%E5%9B%BE.png", patient="true", shared_with=other)

    assert made.status_code == 201, made.text
    where, digest = made.headers["Location"], hashlib.sha256(content).hexdigest()
    assert where == f"/api/v1/tickets/{number}/attachments/1"
    told = {"media_type": "image/jpeg", "size": len(content), "digest": digest, "width": 400, "scan": "unscanned"}
    assert {name: made.json[name] for name in told} == told  # type: ignore[index]
    form = vendor.ask("POST", f"/tickets/{number}/attachments", data={"file": (io.BytesIO(PDF), "单据.pdf")})
    assert (form.status_code, form.json["kind"]) == (201, "pdf")  # type: ignore[index]

    listed = auditor.get(f"/tickets/{number}/attachments")["items"]
    assert [(one["name"], one["patient"]) for one in listed] == [("截图.jpg", True), ("单据.pdf", False)]
    assert len(auditor.get(f"/tickets/{other}/attachments")["items"]) == 1
    got = auditor.ask("GET", where)
    assert (got.status_code, got.data, got.mimetype) == (200, content, "application/octet-stream")
    disposition = got.headers["Content-Disposition"]
    assert disposition.startswith("attachment; ")
    assert disposition.endswith("filename*=UTF-8''%E6%88%AA%E5%9B%BE.jpg")
    assert got.headers["X-Content-Type-Options"] == "nosniff"
    assert got.headers["Content-Security-Policy"].startswith("sandbox")
    assert got.headers["Cache-Control"] == "no-store"
    events = auditor.get(f"/tickets/{number}/events")["items"]
    assert [event["facts"].get("shared_with") for event in events if event["kind"] == "attached"] == [[other], None]


def test_a_repeat_adds_nothing_and_another_file_with_its_key_is_refused(both_house: House) -> None:
    caller = both_house.caller("vendor")
    number = caller.log()

    first, second = (send(caller, number, picture(), "a.png", "key") for _ in range(2))

    assert (first.text, second.headers["Idempotent-Replayed"]) == (second.text, "true")
    assert problem(send(caller, number, PDF, "a.pdf", "key"), 422)["errors"][0]["field"] == "Idempotency-Key"
    assert count(both_house) == 1


REFUSED = {
    "nothing": (b"", 422, "0 字节"),
    "svg": (b"<svg onload='alert(1)'/>", 415, "不是可以上传的种类"),
    "archive": (archive(a__txt=b"a"), 415, "不是可以上传的种类"),
    "macros": (document("xl", **{"xl__vbaProject.bin": b"x"}), 422, "含有宏"),
    "half a picture": (picture()[:20], 422, "不完整或已损坏"),
    "a byte too long": (b"a" * (LONGEST_BYTES + 1), 413, "超过 25 MiB"),
}


def test_each_fault_of_a_file_is_a_problem_and_keeps_nothing(house: House) -> None:
    caller = house.caller("vendor")
    number = caller.log()
    for case, (content, status, told) in REFUSED.items():
        assert told in problem(send(caller, number, content, "x.bin"), status)["detail"], case
    assert (kept(house), count(house)) == ([], 0)


def test_what_a_scanner_finds_is_refused(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    caller = house.caller("vendor")
    number = caller.log()
    monkeypatch.setattr(house.console.files, "_scan", lambda _path: "Eicar-Test")

    assert "Eicar-Test" in problem(send(caller, number, picture(), "x.png"), 422)["detail"]
    assert (kept(house), count(house)) == ([], 0)


def test_a_full_disk_is_told_as_one(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    caller = house.caller("vendor")
    number = caller.log()
    monkeypatch.setattr(blobs.shutil, "disk_usage", lambda _folder: type("Usage", (), {"free": 1 << 20}))

    assert "磁盘剩余空间不足" in problem(send(caller, number, picture(), "x.png"), 507)["detail"]
    monkeypatch.undo()
    assert send(caller, number, picture(), "x.png").status_code == 201


class Unread(io.RawIOBase):
    """A body that may not be read."""

    def readable(self) -> bool:
        return True

    def readinto(self, _buffer: Any) -> int:
        raise AssertionError("the body was read")


class Endless(io.RawIOBase):
    """A body that never ends; `taken` is how much of it was read."""

    taken = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self.taken += len(buffer)
        buffer[:] = b"a" * len(buffer)
        return len(buffer)


@pytest.mark.parametrize("kind", ["application/octet-stream", "multipart/form-data; boundary=x"])
def test_a_gigabyte_that_is_announced_is_refused_unread(house: House, kind: str) -> None:
    caller = house.caller("vendor")
    number = caller.log()

    answer = caller.ask(
        "POST", f"/tickets/{number}/attachments", headers={"Content-Type": kind},
        environ_overrides={"wsgi.input": Unread(), "CONTENT_LENGTH": str(1 << 30)},
    )  # fmt: skip

    problem(answer, 413)
    assert kept(house) == []


def test_an_endless_body_without_a_length_is_left_just_past_the_limit(house: House) -> None:
    """As a server hands on what came in chunks: nothing but a bound ends it."""
    caller, body = house.caller("vendor"), Endless()
    number = caller.log()

    answer = caller.ask(
        "POST", f"/tickets/{number}/attachments", headers=BYTES,
        environ_overrides={"wsgi.input": io.BufferedReader(body), "wsgi.input_terminated": True},
    )  # fmt: skip

    problem(answer, 413)
    assert body.taken <= LONGEST_BYTES + (3 << 20)
    assert kept(house) == []


def test_only_the_rights_of_the_owner_and_the_scopes_of_the_token_count(house: House) -> None:
    vendor = house.caller("vendor")
    number, elsewhere = vendor.log(), vendor.log()
    assert send(vendor, number, picture(), "a.png").status_code == 201
    assert problem(send(house.caller("vendor", "tickets:read"), number, PDF), 403)
    assert problem(house.stranger().ask("GET", f"/tickets/{number}/attachments/1"), 401)
    for path in (f"/tickets/{elsewhere}/attachments/1", f"/tickets/{number}/attachments/2", "/tickets/x/attachments"):
        problem(vendor.ask("GET", path), 404)
    assert problem(send(vendor, "GD-20200101-00001", PDF), 404)
    assert count(house) == 1


@pytest.mark.parametrize(
    "data",
    [{}, {"file": "text alone"}, {"file": (io.BytesIO(PDF), "a.pdf"), "more": "x"}],
    ids=["no file", "a text", "a field more"],
)
def test_a_form_that_is_not_one_file_is_refused(house: House, data: dict[str, Any]) -> None:
    caller = house.caller("vendor")
    number = caller.log()
    headers = {"Content-Type": "multipart/form-data"}

    answer = caller.ask("POST", f"/tickets/{number}/attachments", data=data, headers=headers)

    assert problem(answer, 422)["errors"]
    assert kept(house) == []


def test_a_changed_file_is_not_handed_out(house: House) -> None:
    caller = house.caller("vendor")
    number = caller.log()
    digest = send(caller, number, picture(), "a.png").json["digest"]  # type: ignore[index]
    path: Path = house.console.files.attachment(digest)
    path.write_bytes(b"changed")

    assert "哈希不符" in problem(caller.ask("GET", f"/tickets/{number}/attachments/1"), 409)["detail"]
    path.unlink()
    problem(caller.ask("GET", f"/tickets/{number}/attachments/1"), 404)
    assert count(house, EventRow)


def test_a_nurses_code_is_told_by_no_endpoint_and_her_photo_to_no_stranger(house: House) -> None:
    at = house.console
    with at.write() as session:
        sent = public_reports.sender(session, "phone", "192.0.2.7", [], None)
        report = Report("k", "broken", "门诊缴费", "打不开")
        made = public_reports.receive(session, at.book(session), report, sent, at.public_secrets, at.now())
    photo = at.files.keep_attachment(io.BytesIO(picture()), "IMG.png", FROM_STRANGERS)
    with at.write() as session:
        public_photos.add(session, made.report_id, photo, public_reports.photographer(sent), at.now())
    vendor, where = house.caller("vendor"), f"/tickets/{made.number}"
    word = re.compile(rf"(?<![\w:.-]){made.code}(?![\w:.-])")
    for path in ("/tickets", where, f"{where}/events", f"{where}/clocks", f"{where}/attachments"):
        answer = vendor.ask("GET", path)
        assert (answer.status_code, word.search(answer.text)) == (200, None), path
    assert vendor.ask("GET", f"{where}/attachments/1").data == picture()
    problem(house.stranger().ask("GET", f"{where}/attachments/1"), 401)
