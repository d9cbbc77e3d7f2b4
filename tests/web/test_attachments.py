"""Files of a ticket on its page: added several at once, got back as downloads that nothing renders."""

from __future__ import annotations

import io
import socket
import threading
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import func, select

from ops_console.core.attachments import LONGEST_BYTES
from ops_console.store.attachments import AttachmentRow
from tests.conftest import FakeClock, log_ticket
from tests.pictures import PDF, picture
from tests.real_services import free_port
from tests.web.conftest import Site
from tests.web.pages import Browser, Page

SVG = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"


def upload(browser: Browser, number: str, *files: tuple[bytes, str], hx: bool = False, **fields: Any) -> Page:
    """Send files through the ticket's form and return the answer."""
    form = browser.get(f"/tickets/{number}").root.one("form", "attach")
    data = {"csrf_token": browser.token, "file": [(io.BytesIO(content), name) for content, name in files], **fields}
    headers = {"HX-Request": "true"} if hx else {}
    return browser.ask("POST", form["action"], data=data, content_type="multipart/form-data", headers=headers)


@pytest.fixture
def number(site: Site) -> str:
    return log_ticket(site.console)


def count(site: Site) -> int:
    with site.console.read() as session:
        return session.scalar(select(func.count()).select_from(AttachmentRow)) or 0


def test_several_at_once_and_one_bad_file_does_not_lose_the_others(site: Site, number: str) -> None:
    vendor = site.as_("vendor")

    answer = upload(vendor, number, (picture(), "一.png"), (SVG, "坏.svg"), (PDF, "三.pdf"), (b"", "空.txt"))

    assert (answer.status, answer.location) == (302, f"/tickets/{number}#attachments".partition("#")[0])
    page = vendor.get(f"/tickets/{number}")
    assert [n for n in page.notes if n] == [
        "已添加附件“一.png”",
        "文件“坏.svg”的内容不是可以上传的种类，没有存下；可以上传：PNG、JPEG、WebP、GIF、HEIC、PDF、XLSX、DOCX、TXT、CSV、LOG、MP4。",
        "已添加附件“三.pdf”",
        "文件“空.txt”是空的（0 字节），没有存下；请重新选择。",
    ]
    assert [item.one("p", "file-name").text for item in page.root.all("li", "file")] == ["一.png", "三.pdf"]


def test_content_of_another_kind_is_told(site: Site, number: str) -> None:
    answer = upload(site.as_("vendor"), number, (picture("JPEG"), "屏.png"), hx=True)

    assert (answer.status, answer.html) == (
        200, "已添加附件“屏.jpg” 文件“屏.jpg”的内容其实是JPEG 图片，已按此保存。",
    )  # fmt: skip


def test_script_is_answered_in_plain_words(site: Site, number: str) -> None:
    answer = upload(site.as_("vendor"), number, (SVG, "<img src=x>.svg"), hx=True)

    assert (answer.status, answer.headers["Content-Type"]) == (400, "text/plain; charset=utf-8")
    assert "没有存下" in answer.html


HOSTILE_NAMES = [
    "../../etc/passwd",
    "CON.png",
    "\u202egpj.exe",
    "x" * 300,
    '"; filename=evil.html',
    "a;b.html",
]


@pytest.mark.parametrize("name", HOSTILE_NAMES)
@pytest.mark.parametrize("content", [picture("GIF") + b"/*", PDF, b"<1 a text"])
def test_a_file_comes_back_as_a_download_that_nothing_renders(
    site: Site, number: str, content: bytes, name: str
) -> None:
    vendor = site.as_("vendor")
    upload(vendor, number, (content, name))
    link = vendor.get(f"/tickets/{number}").root.one("p", "file-name").one("a")

    answer = vendor.client.get(link["href"], base_url=vendor.origin)

    assert answer.data == content
    headers = answer.headers
    assert headers["Content-Disposition"].startswith("attachment; filename")
    assert not set("\r\n/\\") & set(headers["Content-Disposition"])
    assert headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["Cache-Control"] == "no-store"
    assert headers["Content-Type"] in ("image/gif", "application/pdf", "text/plain; charset=utf-8")
    assert not link.text.lower().endswith((".html", ".exe", ".js"))


def test_a_chinese_name_is_sent_as_such(site: Site, number: str) -> None:
    vendor = site.as_("vendor")
    upload(vendor, number, (PDF, "通话记录 3月.pdf"))
    link = vendor.get(f"/tickets/{number}").root.one("p", "file-name").one("a")

    disposition = vendor.ask("GET", link["href"]).headers["Content-Disposition"]

    assert f"filename*=UTF-8''{quote('通话记录 3月.pdf')}" in disposition


def test_a_part_of_a_video_may_be_asked_for(site: Site, number: str) -> None:
    vendor, content = site.as_("vendor"), b"\0\0\0\x18ftypmp42" + bytes(range(200))
    upload(vendor, number, (content, "a.mp4"))
    link = vendor.get(f"/tickets/{number}").root.one("p", "file-name").one("a")

    answer = vendor.client.get(link["href"], base_url=vendor.origin, headers={"Range": "bytes=10-19"})

    assert (answer.status_code, answer.data) == (206, content[10:20])
    assert answer.headers["Content-Range"] == f"bytes 10-19/{len(content)}"


def test_small_picture_is_shown_once_made_and_never_of_patients(site: Site, number: str) -> None:
    vendor = site.as_("vendor")
    upload(vendor, number, (picture(), "a.png"))
    upload(vendor, number, (picture(colour="#803020"), "b.png"), patient="yes")
    site.run_jobs()

    page = vendor.get(f"/tickets/{number}")
    (image,) = page.root.one("section", id="attachments").all("img")
    answer = vendor.client.get(image["src"], base_url=vendor.origin)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/jpeg")
    assert "Content-Disposition" not in answer.headers or "inline" in answer.headers["Content-Disposition"]
    second = page.root.all("li", "file")[1]
    assert "含患者信息" in second.text
    assert vendor.get(second.one("p", "file-name").one("a")["href"] + "/thumbnail").status == 404


def test_a_changed_or_lost_file_is_not_passed_off_as_the_recorded_one(site: Site, number: str) -> None:
    vendor = site.as_("vendor")
    upload(vendor, number, (PDF, "a.pdf"))
    link = vendor.get(f"/tickets/{number}").root.one("p", "file-name").one("a")["href"]
    with site.console.read() as session:
        path = site.console.files.attachment(session.scalars(select(AttachmentRow.digest)).one())

    path.write_bytes(PDF + b"changed")
    assert (vendor.get(link).status, "哈希不符" in vendor.get(link).text) == (400, True)
    path.unlink()
    assert (vendor.get(link).status, "不在数据目录中" in vendor.get(link).text) == (404, True)


def test_another_tickets_file_and_a_strangers_wish_are_refused(site: Site, number: str) -> None:
    vendor, other = site.as_("vendor"), log_ticket(site.console)
    upload(vendor, number, (PDF, "a.pdf"))
    link = vendor.get(f"/tickets/{number}").root.one("p", "file-name").one("a")["href"]

    assert vendor.get(link.replace(number, other)).status == 404
    assert vendor.get(link + "0").status == 404
    assert site.browser().get(link).location.startswith("/sign-in")
    assert site.as_("auditor").ask("GET", link).status == 200
    assert site.as_("administrator").get(link).status == 403
    assert upload_refused(site.as_("auditor"), number) == 403


def upload_refused(browser: Browser, number: str) -> int:
    fields = {"csrf_token": browser.token, "file": (io.BytesIO(PDF), "a.pdf")}
    return browser.ask("POST", f"/tickets/{number}/attachments", data=fields).status


def test_marking_void_needs_a_reason_and_keeps_the_file(site: Site, number: str) -> None:
    vendor = site.as_("vendor")
    upload(vendor, number, (PDF, "a.pdf"))
    page = vendor.get(f"/tickets/{number}")
    form = next(f for f in page.root.all("form") if f["action"].endswith("/void"))

    assert vendor.post(form["action"], reason="").status == 400
    assert vendor.send(form["action"], reason="传错了").status == 200

    item = vendor.get(f"/tickets/{number}").root.one("li", "file")
    assert "已作废" in item.text
    assert "传错了" in item.text
    assert vendor.get(item.one("p", "file-name").one("a")["href"]).status == 200


def late_form(browser: Browser, number: str, *files: tuple[bytes, str], **fields: Any) -> Page:
    """Send the form of a late answer, as its page has it, with files."""
    form = next(f for f in browser.get(f"/tickets/{number}").root.all("form") if f.all("input", name="occurred_at"))
    assert form["enctype"] == "multipart/form-data"
    proof = [(io.BytesIO(content), name) for content, name in files]
    data = {"csrf_token": browser.token, "kind": "responded", "proof": proof, **fields}
    return browser.ask("POST", form["action"], data=data, content_type="multipart/form-data")


def test_a_late_time_and_its_proof_are_one_form(site: Site, number: str, clock: FakeClock) -> None:
    clock.forward(hours=2)
    vendor, told = site.as_("vendor"), {"occurred_at": "2026-11-20T18:10"}
    upload(vendor, number, (PDF, "通话.pdf"))
    page = vendor.get(f"/tickets/{number}")
    (offered,) = page.root.all("input", name="evidence")

    refused = late_form(vendor, number, (SVG, "坏.svg"), **told, evidence=offered["value"])
    assert (refused.status, count(site)) == (400, 1)
    assert any("坏.svg" in note for note in refused.notes)
    assert "checked" in refused.root.one("input", name="evidence").attributes
    assert late_form(vendor, number, **told, evidence="ab" * 32).status == 400
    assert late_form(vendor, number, (picture(), "聊天.png"), **told, evidence=offered["value"]).status == 302

    times = vendor.get(f"/tickets/{number}").root.one("section", id="times")
    answer = next(line for line in times.all("tr") if line.text.startswith("响应"))
    assert "C 未证实" in answer.text
    assert [link.text for link in answer.all("a")] == ["通话.pdf", "聊天.png"]

    for form in vendor.get(f"/tickets/{number}").root.all("form"):
        if form["action"].endswith("/void"):
            vendor.post(form["action"], reason="传错了")
    answer = vendor.get(f"/tickets/{number}").root.one("section", id="times")
    assert "佐证已作废，不再证明这一时间；医院认可前计为未证实" in answer.text


def test_who_may_attach_nothing_proves_nothing(site: Site, number: str, clock: FakeClock) -> None:
    clock.forward(hours=2)
    auditor = site.as_("auditor")
    fields = {"csrf_token": auditor.token, "kind": "responded", "proof": (io.BytesIO(PDF), "a.pdf")}
    answer = auditor.ask("POST", f"/tickets/{number}/moves", data=fields, content_type="multipart/form-data")
    assert (answer.status, count(site)) == (403, 0)


def test_a_form_past_the_limit_is_refused_unread(site: Site, number: str) -> None:
    vendor = site.as_("vendor")
    token = vendor.token

    class Unread(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            raise AssertionError("the body was read")

    answer = vendor.ask(
        "POST", f"/tickets/{number}/attachments", content_type="multipart/form-data; boundary=x",
        headers={"X-CSRFToken": token},
        environ_overrides={"wsgi.input": Unread(), "CONTENT_LENGTH": str(1 << 30)},
    )  # fmt: skip

    assert answer.status == 413
    assert "超过 25 MiB" in answer.text
    assert count(site) == 0


def test_one_byte_past_the_longest_is_told_beside_the_others(site: Site, number: str) -> None:
    vendor = site.as_("vendor")

    upload(vendor, number, (b"a" * (LONGEST_BYTES + 1), "大.log"), (PDF, "a.pdf"))

    page = vendor.get(f"/tickets/{number}")
    assert page.notes[0] == "文件“大.log”超过 25 MiB，没有存下；请压缩或拆分后再传。"
    assert count(site) == 1


def test_an_endless_body_in_chunks_is_cut_off(site: Site) -> None:
    """As a server meets it: no length is told, so nothing but a bound ends it."""
    from waitress import create_server, wasyncore

    port = free_port()
    server = create_server(site.app, host="127.0.0.1", port=port, threads=1, max_request_body_size=4 << 20)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    sent, chunk = 0, b"10000\r\n" + b"a" * 65536 + b"\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=20) as line:
        head = "POST /tickets/x/attachments HTTP/1.1\r\nHost: 127.0.0.1:8000\r\nTransfer-Encoding: chunked\r\n\r\n"
        line.sendall(head.encode())
        answer = b""
        try:
            while sent < 64 << 20 and not answer:
                line.sendall(chunk)
                sent += len(chunk)
                line.settimeout(0.001)
                try:
                    answer = line.recv(200)
                except TimeoutError:
                    line.settimeout(20)
        except OSError:
            answer = answer or b"cut off"
    server.trigger.pull_trigger(lambda: wasyncore.close_all(server._map))  # within the loop, which then ends
    thread.join(10)

    assert answer.startswith(b"HTTP/1.1 413") or answer == b"cut off"
    assert sent < 32 << 20
    assert count(site) == 0
