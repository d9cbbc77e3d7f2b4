"""What a file is by its first bytes, what becomes of its name, and how large a picture says it is."""

from __future__ import annotations

import io

import pytest

from ops_console.core.attachments import HEAD, KINDS, NAME_LENGTH, check_pixels, clean_name, sniff, speaks_true
from ops_console.core.errors import Refused
from ops_console.core.picture_headers import picture_size
from tests.pictures import PDF, photo_with_place, picture, png_that_claims


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (picture("PNG"), "png"), (picture("JPEG"), "jpeg"), (picture("WEBP"), "webp"), (picture("GIF"), "gif"),
        (PDF, "pdf"), (b"PK\x03\x04", "zip"), (b"\0\0\0\x18ftypheic", "heic"), (b"\0\0\0\x18ftypisom", "mp4"),
        (b"\0\0\0\x14ftypqt  ", "mp4"), ("报修记录\n".encode(), "text"), ("报修记录".encode("gb18030"), "text"),
        (b"a,b\r\n1,2\r\n", "text"), (b"\xef\xbb\xbfa", "text"), (b"\x1b[31mred\x1b[0m log", "text"),
        (b"<123> a syslog line", "text"), (b"GIF89a/*=1;alert(1)*/", "gif"),
    ],
)  # fmt: skip
def test_kind_is_told_by_content(head: bytes, kind: str) -> None:
    assert sniff(head) == kind


@pytest.mark.parametrize(
    "head",
    [
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", b"\xef\xbb\xbf  <!DOCTYPE html>", b"<html>",
        b"\n\t <script>alert(1)</script>", b"<?xml version='1.0'?><svg/>", b"<!-- --><html>", b"MZ\x90\0",
        b"\x7fELF\x02", b"\x1f\x8b\x08", b"Rar!\x1a\x07", b"7z\xbc\xaf\x27\x1c", b"PK\x05\x06", b"", b" \n ",
        b"text with a \0 in it", b"\0\0\0\x18ftypcrx ", b"\xff\xfe\xfa\xfb not text", b"%!PS-Adobe",
    ],
)  # fmt: skip
def test_what_a_browser_or_a_machine_would_run_is_no_kind(head: bytes) -> None:
    assert sniff(head) in (None, "text")
    assert sniff(head) is None or head.startswith(b"%!PS")  # a listing: plain text, and served as such


def test_text_may_be_cut_inside_a_character() -> None:
    assert sniff(("字" * HEAD).encode()[:HEAD]) == "text"


@pytest.mark.parametrize(
    ("typed", "kind", "name"),
    [
        ("../../etc/passwd", "text", "passwd.txt"), ("C:\\temp\\屏幕截图.PNG", "png", "屏幕截图.png"),
        ("CON.png", "png", "_CON.png"), ("con", "text", "_con.txt"), ("LPT1.tar.log", "text", "_LPT1.tar.log"),
        ("a\nb\r\x00.png", "png", "ab.png"), ("photo\u202egpj.exe", "jpeg", "photogpj.jpg"),
        (".htaccess", "text", "htaccess.txt"), ("...", "pdf", "附件.pdf"), ("", "png", "附件.png"),
        ("报告.docx", "pdf", "报告.pdf"), ("v1.2 说明", "text", "v1.2 说明.txt"), ("a<b>|?.csv", "text", "a_b___.csv"),
        ("x.jpeg", "jpeg", "x.jpeg"), ("\ud800bad.png", "png", "bad.png"), ("a/", "gif", "附件.gif"),
        ("王某 住院证明.JPG", "jpeg", "王某 住院证明.jpg"),
    ],
)  # fmt: skip
def test_name_becomes_harmless(typed: str, kind: str, name: str) -> None:
    assert clean_name(typed, kind) == name


@pytest.mark.parametrize("kind", KINDS)
def test_long_name_is_cut_and_keeps_its_suffix(kind: str) -> None:
    made = clean_name("字" * 300 + "." + KINDS[kind].suffixes[0], kind)

    assert len(made) <= NAME_LENGTH
    assert made.endswith("." + KINDS[kind].suffixes[0])
    assert clean_name(made, kind) == made


def test_a_suffix_of_another_kind_is_told() -> None:
    assert speaks_true("a.JPG", "jpeg")
    assert speaks_true("no suffix", "jpeg")
    assert speaks_true("第1.2版说明", "text")
    assert not speaks_true("a.png", "jpeg")


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP", "GIF"])
def test_size_is_read_from_the_header(format: str) -> None:
    assert picture_size(format.lower(), io.BytesIO(picture(format, (123, 77)))) == (123, 77)


@pytest.mark.parametrize("given", [{"lossless": True}, {"exif": b"Exif\0\0MM\0*\0\0\0\x08\0\0"}])
def test_size_of_every_form_of_webp(given: dict[str, object]) -> None:
    assert picture_size("webp", io.BytesIO(picture("WEBP", (123, 77), **given))) == (123, 77)


def test_size_behind_metadata_and_of_a_progressive_jpeg() -> None:
    assert picture_size("jpeg", io.BytesIO(photo_with_place())) == (400, 300)
    assert picture_size("jpeg", io.BytesIO(picture("JPEG", (123, 77), progressive=True))) == (123, 77)


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP", "GIF"])
def test_header_that_breaks_off_has_no_size(format: str) -> None:
    whole = picture(format)
    for length in range(9):
        assert picture_size(format.lower(), io.BytesIO(whole[:length])) is None


def test_forty_million_pixels_are_the_most() -> None:
    assert check_pixels("a.png", picture_size("png", io.BytesIO(png_that_claims(8000, 5000)))) == (8000, 5000)
    for width, height in ((8001, 5000), (50_000, 50_000), (0, 5), (2**31, 2**31)):
        with pytest.raises(Refused):
            check_pixels("a.png", picture_size("png", io.BytesIO(png_that_claims(width, height))))
