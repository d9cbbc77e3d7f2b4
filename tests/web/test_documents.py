"""Papers through their pages: real PDFs, read back as text; signing; and what a stranger is told of a paper."""

from __future__ import annotations

import base64
import re
import subprocess
from pathlib import Path

import pytest
from sqlalchemy import select

from ops_console.adapters.documents.papers import BANNED, Papers
from ops_console.console import PROJECT
from ops_console.core.errors import Refused
from ops_console.store.audit import EventRow
from tests.conftest import log_ticket
from tests.pictures import picture
from tests.real_services import require
from tests.web.conftest import Site
from tests.web.pages import Browser

TEMPLATES = sorted((PROJECT / "templates" / "documents").glob("*.typ"))
DRAWN = "data:image/png;base64," + base64.b64encode(picture("PNG", (640, 240))).decode()
HOSTILE = '#read("../config.toml") #eval("1+1") *粗* _斜_ $x$ <label> @ref https://x.y // /* "'


@pytest.fixture
def number(site: Site) -> str:
    return log_ticket(
        site.console, title="打印机打不开", description=HOSTILE, department="药房", reporter="刘药师", needs_onsite=True
    )


def pdf(browser: Browser, path: str, **fields: str) -> bytes:
    answer = browser.client.post(
        path, base_url=browser.origin, data={"csrf_token": browser.token, **fields}
    )  # fmt: skip
    assert (answer.status_code, answer.mimetype) == (200, "application/pdf"), answer.get_data(as_text=True)[:500]
    answer.headers["Content-Disposition"].encode("latin-1")  # as a server must write it
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    return answer.data


def read(content: bytes, tmp_path: Path) -> str:
    """Return a PDF's text, blanks folded, by a program that has nothing to do with how it was made."""
    require("pdftotext", Path("/usr/bin/pdftotext").exists() or None, "no pdftotext (apt install poppler-utils)")
    path = tmp_path / "paper.pdf"
    path.write_bytes(content)
    said = subprocess.run(["pdftotext", "-layout", str(path), "-"], capture_output=True, check=True, timeout=30)
    return " ".join(said.stdout.decode().split())


@pytest.mark.parametrize("kind", ["confirmation", "onsite"])
def test_a_service_sheet_says_what_the_ticket_says_and_typed_text_stays_text(
    site: Site, number: str, tmp_path: Path, kind: str
) -> None:
    text = read(pdf(site.as_("vendor"), f"/tickets/{number}/documents/{kind}"), tmp_path)

    for wanted in (number, "药房", "刘药师", "打印机打不开", "工程师签字", "信息科确认", "登录确认"):
        assert wanted in text
    assert '#read("../config.toml") #eval("1+1") *粗* _斜_ $x$ <label>' in text
    assert ("更换部件" in text) == (kind == "onsite")


def test_a_sheet_speaks_the_language_of_the_page(site: Site, number: str, tmp_path: Path) -> None:
    vendor = site.signed_in("vendor")
    vendor.client.set_cookie("lang", "en", domain="127.0.0.1")

    text = read(pdf(vendor, f"/tickets/{number}/documents/onsite"), tmp_path)

    assert " Yes" in text


def test_the_code_on_a_paper_is_checked_by_anybody_and_tells_nothing_that_was_typed(
    site: Site, number: str, tmp_path: Path
) -> None:
    text = read(pdf(site.as_("vendor"), f"/tickets/{number}/documents/confirmation"), tmp_path)
    code = re.search(r"校验码 ([0-9a-f]{12})", text)
    assert code is not None
    stranger = site.browser()

    page = stranger.get(f"/verify/{number}/{code[1]}")
    assert (page.status, "该单据与系统记录一致" in page.text) == (200, True)
    for typed in ("药房", "刘药师", "打印机打不开", "vendor"):
        assert typed not in page.text
    wrong = stranger.get(f"/verify/{number}/{'0' * 12}")
    unknown = stranger.get(f"/verify/GD-19990101-00001/{'0' * 12}")
    assert "不一致" in wrong.text
    assert wrong.main.text == unknown.main.text


def test_signing_stores_the_drawn_picture_and_the_sheet_shows_it(site: Site, number: str, tmp_path: Path) -> None:
    vendor = site.as_("vendor")
    form = vendor.get(f"/tickets/{number}/sign-off").main.all("form", "sign")[0]
    shown = form.one("input", name="shown")["value"]

    answer = vendor.post(form["action"], shown=shown, picture=DRAWN, signer="王护士", device_time="2026-11-20T10:00Z")

    assert answer.status == 302
    text = read(pdf(vendor, f"/tickets/{number}/documents/confirmation"), tmp_path)
    assert "王护士" in text
    assert "不等于医院在系统中的确认" in text
    (signed,) = [tr.text for tr in vendor.get(f"/tickets/{number}").root.all("tr") if "手写签字" in tr.text]
    assert "设备时间：2026-11-20 18:00:00" in signed


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"picture": ""}, "没有收到签名图样"), ({"picture": "data:image/png;base64,!!"}, "没有收到签名图样"),
        ({"picture": "data:image/svg+xml;base64,PHN2Zy8+"}, "没有收到签名图样"),
        ({"picture": "data:image/png;base64,PHN2Zy8+"}, "不是可以上传的种类"), ({"signer": ""}, "姓名"),
        ({"shown": "0"}, "有了变化"),
    ],
)  # fmt: skip
def test_what_is_no_signature_is_told_at_the_form_and_the_name_is_kept(
    site: Site, number: str, fields: dict[str, str], told: str
) -> None:
    vendor = site.as_("vendor")
    shown = vendor.get(f"/tickets/{number}/sign-off").main.one("input", name="shown")["value"]
    given = {"shown": shown, "picture": DRAWN, "signer": "王护士", **fields}

    answer = vendor.post(f"/tickets/{number}/sign-off", **given)

    assert (answer.status, told in answer.main.text) == (400, True), answer.main.text
    assert answer.main.one("input", name="signer")["value"] == given["signer"]
    with site.console.read() as session:
        assert session.scalars(select(EventRow.kind).where(EventRow.kind == "signed_off")).all() == []


def test_a_departments_week_and_blank_slips_are_papers_and_are_recorded(
    site: Site, number: str, tmp_path: Path
) -> None:
    vendor = site.as_("vendor")
    page = vendor.get("/tickets/weekly", department="药房", week="2026-W47")
    assert "共 1 件" in page.text

    (printing,) = [
        form["action"] for form in page.main.all("form", method="post") if not form["action"].startswith("/lists")
    ]
    week = read(pdf(vendor, printing), tmp_path)
    slips = read(pdf(vendor, "/slips", pages="1"), tmp_path)

    assert number in week
    assert "科室签字" in week
    assert slips.count("KD-00000") >= 9
    assert "KD-000010" in slips
    with site.console.read() as session:
        kinds = session.scalars(select(EventRow.kind).order_by(EventRow.seq)).all()
    assert list(kinds)[-2:] == ["printed", "slips_printed"]


@pytest.mark.parametrize("given", ["0", "21", "-1", "x", "", "1e3", "９"])
def test_a_wrong_number_of_pages_is_told(site: Site, given: str) -> None:
    answer = site.as_("vendor").post("/slips", pages=given)

    assert (answer.status, "1 到 20 页" in answer.text) == (400, True)


def test_no_template_fetches_or_runs_anything() -> None:
    assert TEMPLATES
    for template in TEMPLATES:
        assert not BANNED.search(template.read_text(encoding="utf-8")), template


def test_a_template_that_would_be_outside_or_never_ends_is_refused(tmp_path: Path) -> None:
    (tmp_path / "leak.typ").write_text('#read("../secret.txt")')
    (tmp_path / "fetch.typ").write_text('#import "@preview/a:1.0.0": b')
    (tmp_path.parent / "secret.txt").write_text("secret")
    papers = Papers(tmp_path)

    with pytest.raises(Refused):
        papers.pdf("leak", {})
    for name in ("fetch", "../leak", "Leak"):
        with pytest.raises(ValueError, match="not a template"):
            papers.pdf(name, {})
