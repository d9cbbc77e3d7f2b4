"""Documents set by typst: what comes out is a PDF of A4 pages, and no text in the data is ever read as a template."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from ops_console.adapters.documents import papers
from ops_console.adapters.documents.papers import Papers
from ops_console.core.errors import ConsoleError
from tests.real_services import require

SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><rect width="1" height="1"/></svg>'
WORDS = {"scan": "扫码报修", "privacy": "请勿填写患者姓名", "hotline": "服务热线", "title": "报修二维码"}


def sheet(*names: str) -> bytes:
    places = [{"name": name, "department": "门诊", "mark": "1", "qr": SVG} for name in names]
    return Papers().pdf("stickers", {"words": WORDS, "hotline": "8888", "places": places})


def text_of(pdf: bytes, folder: Path) -> str:
    reader = shutil.which("pdftotext")
    require("pdftotext", reader, "no pdftotext in PATH (apt install poppler-utils)")
    assert reader
    (folder / "made.pdf").write_bytes(pdf)
    return subprocess.run([reader, folder / "made.pdf", "-"], capture_output=True, check=True, text=True).stdout


def pages(pdf: bytes) -> int:
    return len(re.findall(rb"/Type\s*/Page\b", pdf))


def test_eight_stickers_fill_a_page_and_the_ninth_begins_another() -> None:
    assert pages(sheet(*"一二三四五六七八")) == 1
    assert pages(sheet(*"一二三四五六七八九")) == 2


@pytest.mark.parametrize(
    "hostile", ['#read("_paper.typ")', "$x^2$ *b* @preview/x", '"); #panic("', "\\u{41} <label> `raw`"]
)
def test_what_people_typed_stays_text(hostile: str, tmp_path: Path) -> None:
    shown = text_of(sheet(hostile), tmp_path)
    assert hostile.replace(" ", "") in shown.replace(" ", "").replace("\n", "")


def test_a_document_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "endless.typ").write_text("#{ let i = 0; while true { i += 1; if i < 0 { break } } }")
    monkeypatch.setattr(papers, "BOUNDS", {**papers.BOUNDS, "deadline_seconds": 2})
    with pytest.raises(ConsoleError, match="没有生成"):
        Papers(tmp_path).pdf("endless", {})


@pytest.mark.parametrize(
    "body", ['#read("/etc/passwd")', '#read("../../etc/passwd")', '#import "@local/x:1.0.0"', "#("]
)
def test_a_template_reads_nothing_outside_its_folder(body: str, tmp_path: Path) -> None:
    (tmp_path / "curious.typ").write_text(body)
    with pytest.raises((ConsoleError, ValueError)):
        Papers(tmp_path).pdf("curious", {})


def test_our_templates_fetch_no_package_and_run_no_text() -> None:
    for path in papers.TEMPLATES.glob("*.typ"):
        code = re.sub(r"//.*", "", path.read_text(encoding="utf-8"))
        assert not re.search(r"@|\beval\b|\bplugin\b", code), path.name


def test_nothing_is_left_behind(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    sheet("门诊")
    assert list(tmp_path.iterdir()) == []
