"""Typst: a template of ours and plain data become a PDF, in a bounded child process.

Not for templates from outside, and not for deciding what a document says: the data are complete when they come here.
"""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import pylopdf_fonts_zh_cn as fonts

from ops_console.adapters.children import bare_environment
from ops_console.core.errors import ConsoleError

logger = logging.getLogger(__name__)

CHILD = Path(__file__).with_name("typst_child.py")
TEMPLATES = Path(__file__).resolve().parents[3] / "templates" / "documents"
SHARED = "_paper.typ"  # what every document looks like; templates import it by this name
DEADLINE_SECONDS = 60.0
LARGEST_PDF = 64 << 20


def render(template_name: str, data: Mapping[str, object], *, deadline_seconds: float = DEADLINE_SECONDS) -> bytes:
    """Given the name of a template in `templates/documents` and its data, return the PDF.

    The template finds the data as `json(bytes(sys.inputs.data))`. The child's root is a private folder that holds the
    template alone, so that no text in it can read anything else. Raises ConsoleError when no document comes of it.
    """
    with tempfile.TemporaryDirectory(prefix="ops-typst-") as folder:
        for name in (f"{template_name}.typ", SHARED):
            Path(folder, name).write_bytes((TEMPLATES / name).read_bytes())  # a copy: typst follows links out of a root
        given = {
            "folder": folder,
            "template": f"{template_name}.typ",
            "fonts": sorted({str(Path(path).parent) for path in (fonts.sans_path(), fonts.serif_path())}),
            "data": json.dumps(data, ensure_ascii=False),
            "longest": LARGEST_PDF,
        }
        return _run(given, template_name, deadline_seconds)


def _run(given: Mapping[str, object], name: str, deadline_seconds: float) -> bytes:
    command = [sys.executable, "-I", "-X", "utf8", str(CHILD)]
    try:
        ended = subprocess.run(  # noqa: S603 - our own interpreter and file; the data arrive as standard input
            command, input=json.dumps(given).encode(), capture_output=True, timeout=deadline_seconds,
            env=bare_environment(), cwd=str(given["folder"]), check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as exc:
        logger.warning("document=%s overdue after=%s", name, deadline_seconds)
        raise ConsoleError("文件没有做成：排版超过 %(n)s 秒；请减少内容后重试。", n=int(deadline_seconds)) from exc
    if ended.returncode != 0 or not ended.stdout.startswith(b"%PDF-"):
        logger.warning("document=%s status=%s said=%r", name, ended.returncode, ended.stderr[-500:])
        raise ConsoleError("文件没有做成：排版程序出错；请联系系统管理员查看日志。")
    return ended.stdout
