"""Setting papers as PDF, each in a bounded child process; and the QR codes that stand on them."""

from __future__ import annotations

import base64
import json
import logging
import re
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

from ops_console.adapters.bounded_child import said_by
from ops_console.adapters.qr_codes import qr_svg
from ops_console.core.errors import Refused

logger = logging.getLogger(__name__)
TEMPLATES = Path(__file__).resolve().parents[3] / "templates" / "documents"
CHILD = Path(__file__).with_name("typst_child.py")
BOUNDS = {"memory_bytes": 2 << 30, "cpu_seconds": 40, "deadline_seconds": 60, "output_bytes": 64 << 20}
BANNED = re.compile(r"@preview|@local|\beval\(|\bplugin\(")  # packages come from the network, code from data
NAME = re.compile(r"[a-z]+")


class Papers:
    """The templates of one folder, ours unless another is given. `watermark` stands behind every page, if any."""

    def __init__(self, templates: Path = TEMPLATES, *, watermark: str = "") -> None:
        self._templates, self._watermark = templates, watermark

    def pdf(self, template: str, data: dict[str, Any]) -> bytes:
        """Given a template's name and its data, return the PDF. Raises Refused when it could not be set."""
        if not NAME.fullmatch(template) or BANNED.search((self._templates / f"{template}.typ").read_text("utf-8")):
            raise ValueError(f"not a template of ours: {template}")
        limits = {**BOUNDS, "templates": str(self._templates), "template": template}
        with tempfile.TemporaryFile() as given:
            given.write(json.dumps({**data, "watermark": self._watermark}, ensure_ascii=False).encode())
            with closing(said_by(CHILD, given, limits)) as messages:
                said = next(messages)
        if "refused" in said:
            logger.error("paper not set template=%s reason=%s why=%s", template, said["refused"], said.get("why", ""))
            raise Refused("单据没有生成（%(reason)s）；请稍后重试，仍不行请联系系统管理员。", reason=said["refused"])
        return base64.b64decode(said["pdf"])

    def code(self, text: str) -> str:
        """Given a text, return its QR code as SVG."""
        return qr_svg(text)
