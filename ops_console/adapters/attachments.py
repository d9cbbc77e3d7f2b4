"""What a file from outside is: by its content, within bounds, looked into by a child process where it must be opened.

Not for keeping it (`adapters/files.py`) nor for small pictures (`adapters/pictures.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

from ops_console.adapters.bounded_child import said_by
from ops_console.adapters.sheet_lines import SheetLimits
from ops_console.adapters.sheets_workbook import CHILD as ARCHIVE_CHILD
from ops_console.core.attachments import (
    EMPTY,
    HEAD,
    KINDS,
    NOT_TAKEN,
    Intake,
    NewFile,
    check_pixels,
    clean_name,
    sniff,
    speaks_true,
)
from ops_console.core.errors import NotTaken, Refused
from ops_console.core.picture_headers import picture_size
from ops_console.core.sheet_text import visible

Scan = Callable[[Path], str]  # given a file, return `clean`, `unscanned`, or the name of what was found in it
SHOWN_NAME = 60
ARCHIVES = ("xlsx", "docx")
ARCHIVE_BOUNDS = SheetLimits(inflated_bytes=200 << 20, cpu_seconds=20, deadline_seconds=30)
HARMFUL = {
    "members": "文件“%(name)s”内含的部件过多，不像一份文档，没有存下；请另存后再传。",
    "inflated": "文件“%(name)s”展开后超过 200 MiB，没有存下；请拆分后再传。",
    "ratio": "文件“%(name)s”的压缩比异常，可能有害，没有存下；请另存后再传。",
    "doctype": "文件“%(name)s”含有文档不该有的声明，可能有害，没有存下；请另存后再传。",
    "encrypted": "文件“%(name)s”设有密码，无法检查，没有存下；请去掉密码后再传。",
    "macros": "文件“%(name)s”含有宏，没有存下；请另存为不含宏的 .xlsx 或 .docx 后再传。",
    "infected": "安全扫描在文件“%(name)s”中发现 %(found)s，没有存下；请联系信息科处理这台电脑。",
}


def typed_name(name: str) -> str:
    """Given a name as uploaded, return it short and visible, for a sentence about the file."""
    shown = visible(name.replace("\\", "/").rpartition("/")[2]) or "?"
    return shown if len(shown) <= SHOWN_NAME else shown[:SHOWN_NAME] + "…"


def examined(path: Path, name: str, *, digest: str, size: int, scan: Scan | None, intake: Intake) -> NewFile:
    """Given a file written aside and its name as uploaded, return what it is. Raises Refused for what is not taken."""
    shown = typed_name(name)
    if size == 0:
        raise Refused(EMPTY, field="file", name=shown)
    kind = _kind(path, shown, intake)
    width, height = _pixels(path, kind, shown) if KINDS[kind].sized else (0, 0)
    return NewFile(
        digest, size, clean_name(name, kind), kind, width, height,
        scan=_scanned(path, shown, scan), told=speaks_true(name, kind),
    )  # fmt: skip


def _kind(path: Path, shown: str, intake: Intake) -> str:
    with path.open("rb") as stream:
        kind = sniff(stream.read(HEAD))
    if kind == "zip" and not intake.kinds.isdisjoint(ARCHIVES):
        kind = _look_inside(path, shown)
    if kind is None or kind not in intake.kinds:
        raise NotTaken(NOT_TAKEN, field="file", name=shown, kinds=intake.accepted)
    return kind


def _look_inside(path: Path, shown: str) -> str | None:
    """An archive is opened by a child alone; of archives only a workbook or a document without macros is taken."""
    limits = {**asdict(ARCHIVE_BOUNDS), "check_only": True}
    with path.open("rb") as stream, closing(said_by(ARCHIVE_CHILD, stream, limits)) as messages:
        said = next(messages)
    refused = "macros" if "macros" in said.get("holds", ()) else said.get("refused", "")
    if refused in HARMFUL:
        raise Refused(HARMFUL[refused], field="file", name=shown)
    return next((kind for folder, kind in (("xl", "xlsx"), ("word", "docx")) if folder in said.get("holds", ())), None)


def _pixels(path: Path, kind: str, shown: str) -> tuple[int, int]:
    with path.open("rb") as stream:
        return check_pixels(shown, picture_size(kind, stream))


def _scanned(path: Path, shown: str, scan: Scan | None) -> str:
    found = scan(path) if scan is not None else "unscanned"
    if found not in ("clean", "unscanned"):
        raise Refused(HARMFUL["infected"], field="file", name=shown, found=visible(found)[:80])
    return found
