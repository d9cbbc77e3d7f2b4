"""Files that belong to tickets: which kinds are taken, how content is told apart, how a name becomes harmless.

Not for bytes on disk (`adapters/attachments.py`) nor for who may add one (`services/attachments.py`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from ops_console.core.errors import Refused

# Kinds of event about a file. A file is never removed: what was added in error is marked void, with the reason.
ATTACHED, VOIDED, MARKED = "attached", "attachment_voided", "attachment_marked"
PRINTED, SIGNED_OFF = "printed", "signed_off"  # of the papers about a ticket
EVIDENCE, SIGNATURE = "evidence", "signature"  # what a file is for
BESIDE = (ATTACHED, VOIDED, MARKED, PRINTED, SIGNED_OFF)  # they stand beside a ticket's life and are no part of it
LONGEST_BYTES = 25 << 20
MOST_PIXELS = 40_000_000
MOST_PER_TICKET = 200
NAME_LENGTH = 120
HEAD = 64 * 1024


@dataclass(frozen=True)
class Kind:
    """One kind of file: its media type, the suffixes that fit (the first where none does), what people call it.

    `sized`: a picture whose size stands in its header; only such are ever decoded, and never in the web process.
    """

    name: str
    media_type: str
    suffixes: tuple[str, ...]
    title: str
    sized: bool = False


_OFFICE = "application/vnd.openxmlformats-officedocument"
KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("png", "image/png", ("png",), "PNG 图片", sized=True),
        Kind("jpeg", "image/jpeg", ("jpg", "jpeg"), "JPEG 图片", sized=True),
        Kind("webp", "image/webp", ("webp",), "WebP 图片", sized=True),
        Kind("gif", "image/gif", ("gif",), "GIF 图片", sized=True),
        Kind("heic", "image/heic", ("heic", "heif"), "HEIC 照片"),
        Kind("pdf", "application/pdf", ("pdf",), "PDF"),
        Kind("xlsx", f"{_OFFICE}.spreadsheetml.sheet", ("xlsx",), "Excel 工作簿"),
        Kind("docx", f"{_OFFICE}.wordprocessingml.document", ("docx",), "Word 文档"),
        Kind("text", "text/plain", ("txt", "csv", "log"), "文本"),
        Kind("mp4", "video/mp4", ("mp4", "m4v"), "MP4 视频"),
    )
}


@dataclass(frozen=True)
class Intake:
    """What is taken from whom: which kinds, how long a file, and which share of the disk's reserve is left alone."""

    kinds: frozenset[str]
    longest: int
    accepted: str
    reserves: int = 1

    @property
    def mib(self) -> int:
        """The longest file, as people say it."""
        return self.longest >> 20


FROM_STAFF = Intake(frozenset(KINDS), LONGEST_BYTES, "PNG、JPEG、WebP、GIF、HEIC、PDF、XLSX、DOCX、TXT、CSV、LOG、MP4")
# Pictures alone; and strangers' files stop long before the disk is too full for the files of people with accounts.
FROM_STRANGERS = Intake(
    frozenset(kind.name for kind in KINDS.values() if kind.media_type.startswith("image/")),
    8 << 20, "PNG、JPEG、WebP、GIF、HEIC", reserves=4,
)  # fmt: skip

EMPTY = "文件“%(name)s”是空的（0 字节），没有存下；请重新选择。"
TOO_LARGE = "文件“%(name)s”超过 %(mib)s MiB，没有存下；请压缩或拆分后再传。"
NOT_TAKEN = "文件“%(name)s”的内容不是可以上传的种类，没有存下；可以上传：%(kinds)s。"
TOO_MANY_PIXELS = "图片“%(name)s”有 %(width)s×%(height)s 像素，超过 4000 万像素，没有存下；请缩小后再传。"
NO_PICTURE = "图片“%(name)s”不完整或已损坏，没有存下；请重新截图或拍照后再传。"


@dataclass(frozen=True)
class NewFile:
    """A file that was kept and belongs to no ticket yet. `told` is false where the name's suffix spoke of another kind.

    `width` and `height` are 0 where they are not known; `scan` is `clean`, or `unscanned` where nothing looked.
    """

    digest: str
    size: int
    name: str
    kind: str
    width: int = 0
    height: int = 0
    scan: str = "unscanned"
    told: bool = True


@dataclass(frozen=True)
class Seen:
    """How a picture looks: a small one (JPEG bytes), and 64 bits as hex that pictures which look alike share."""

    thumbnail: bytes
    phash: str


_STARTS = (
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"\xff\xd8\xff", "jpeg"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
    (b"%PDF-", "pdf"),
    (b"PK\x03\x04", "zip"),
)
_BRANDS = {
    **dict.fromkeys((b"heic", b"heix", b"hevc", b"heim", b"mif1", b"msf1"), "heic"),
    **dict.fromkeys((b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"M4V ", b"MSNV"), "mp4"),
    **dict.fromkeys((b"3gp4", b"3gp5", b"qt  "), "mp4"),
}
_MARKUP = re.compile(rb"<(?:[!?/]|[a-z])", re.IGNORECASE)
_NOT_TYPED = re.compile(rb"[\x00-\x06\x0e-\x1a\x1c-\x1f\x7f]")


def sniff(head: bytes) -> str | None:
    """Given a file's first bytes, return its kind by what it is, whatever its name says; `zip` is to be looked into.

    None for what is not taken: programs, archives, and markup (SVG, HTML, XML), which a browser would run.
    >>> sniff(b"GIF89a/*") , sniff(b"<svg onload=...>")
    ('gif', None)
    """
    for start, kind in _STARTS:
        if head.startswith(start):
            return kind
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "webp"
    if head[4:8] == b"ftyp":
        return _BRANDS.get(head[8:12])
    return "text" if _is_typed(head) else None


def _is_typed(head: bytes) -> bool:
    bare = head.removeprefix(b"\xef\xbb\xbf")
    if not bare.strip() or _MARKUP.match(bare.lstrip()) or _NOT_TYPED.search(bare):
        return False
    return any(_reads_as(bare, encoding) for encoding in ("utf-8", "gb18030"))


def _reads_as(head: bytes, encoding: str) -> bool:
    """The head may end in the middle of a character."""
    for cut in range(4):
        try:
            head[: len(head) - cut].decode(encoding)
        except UnicodeDecodeError:
            continue
        return True
    return False


# What would not be seen, or would turn the rest of a name around.
_UNSEEN = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufff0-\uffff]"
)
_UNSAFE = re.compile(r'[<>:"|?*]')
_DEVICE = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?=\.|$)", re.IGNORECASE)


def clean_name(typed: str, kind: str) -> str:
    """Given a name as uploaded and the file's kind, return one that is harmless to show and to save under.

    Path parts, control and direction characters, leading dots and device names go; the suffix becomes one that fits.
    >>> clean_name("../../etc/passwd", "text"), clean_name("CON.png", "jpeg")
    ('passwd.txt', '_CON.jpg')
    """
    last = re.split(r"[/\\]", _UNSEEN.sub("", typed))[-1]
    bare = _UNSAFE.sub("_", last).strip(" .")
    suffixes = KINDS[kind].suffixes
    stem, dot, suffix = bare.rpartition(".")
    if not dot or not stem or (suffix.lower() not in suffixes and not _is_foreign(suffix)):
        stem, suffix = bare, ""
    suffix = suffix.lower() if suffix.lower() in suffixes else suffixes[0]
    stem = stem.strip(" .")[: NAME_LENGTH - len(suffix) - 2].strip(" .") or "附件"
    return f"{'_' if _DEVICE.match(stem) else ''}{stem}.{suffix}"


def _is_foreign(suffix: str) -> bool:
    """Whether a suffix speaks of some kind of file, so that it must give way when the content is another."""
    return suffix.isascii() and suffix.isalnum() and 1 <= len(suffix) <= 5


def speaks_true(typed: str, kind: str) -> bool:
    """Given a name as uploaded and the file's kind, say whether the name's suffix, if it has one, fits."""
    _stem, dot, suffix = typed.rpartition(".")
    return not dot or not _is_foreign(suffix) or suffix.lower() in KINDS[kind].suffixes


def check_pixels(name: str, size: tuple[int, int] | None) -> tuple[int, int]:
    """Given a picture's name and the size in its header, return the size. Raises Refused for none or one too large."""
    if size is None or min(size) < 1:
        raise Refused(NO_PICTURE, field="file", name=name)
    if size[0] * size[1] > MOST_PIXELS:
        raise Refused(TOO_MANY_PIXELS, field="file", name=name, width=size[0], height=size[1])
    return size
