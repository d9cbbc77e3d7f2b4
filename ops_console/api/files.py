"""A file in a request: as the one part of a form, or as the whole body with its name in a header.

Not for what files are taken (`core/attachments.py`): this finds the bytes and the name, and reads neither ahead.
"""

from __future__ import annotations

import re
from typing import IO
from urllib.parse import unquote

from flask import request

from ops_console.api.problems import Misshapen
from ops_console.core.errors import NotTaken
from ops_console.core.sentences import sentence

FILE_NAME, LONGEST_NAME = "File-Name", 600
FORM_TYPE, FILE_TYPE = "multipart/form-data", "application/octet-stream"
NAME = re.compile(rf"[!-~]{{1,{LONGEST_NAME}}}")


def given() -> tuple[IO[bytes], str]:
    """Return the request's file and its name as sent. Raises NotTaken, Misshapen; 413 before a byte of it is read."""
    if request.mimetype == FORM_TYPE:
        return _of_form()
    if request.mimetype != FILE_TYPE:
        raise NotTaken("内容类型应为 multipart/form-data 或 application/octet-stream。")
    return request.stream, _name()


def _of_form() -> tuple[IO[bytes], str]:
    files = request.files.getlist("file")
    if len(files) != 1:
        raise Misshapen([("file", sentence("缺少这一项") if not files else sentence("只能写一次"))])
    others = {*request.files, *request.form} - {"file"}
    if others or "file" in request.form:
        raise Misshapen([(name, sentence("没有这一栏，请检查拼写")) for name in sorted(others) or ["file"]])
    return files[0].stream, files[0].filename or ""


def _name() -> str:
    """Percent-encoded: a header holds ASCII alone."""
    text = request.headers.get(FILE_NAME)
    if text is None:
        return ""
    if not NAME.fullmatch(text):
        raise Misshapen([(FILE_NAME, sentence("应为 1 至 %(n)s 个可见的 ASCII 字符", n=LONGEST_NAME))])
    return unquote(text, errors="replace")
