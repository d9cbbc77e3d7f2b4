"""Bringing an anchor to where a party receives it: posted to an address of theirs, or put into a folder of theirs."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from ops_console.adapters.egress import Egress
from ops_console.core.anchors import Anchor
from ops_console.core.errors import Refused

LONGEST_ANSWER = 200


class AnchorCouriers:
    """Delivers by kind. `folders` are the folders that the settings list; a receiver lies in or below one of them.

    A demo's anchors prove nothing: they go nowhere outside (`is_demo`), or somebody might take them for real ones.
    """

    def __init__(self, egress: Egress, folders: Sequence[str] = (), *, is_demo: bool = False) -> None:
        self._egress, self._is_demo = egress, is_demo
        self.folders = tuple(folders)

    def check(self, kind: str, address: str) -> str:
        """Given a receiver as typed, return its address as it is kept. Raises Refused naming the field."""
        if self._is_demo and kind != "download":
            raise Refused("演示的日锚不向外投递；请选“本方下载并确认”。", field="kind")
        if kind == "http":
            self._egress.check(address)
            return address
        if kind == "folder":
            return str(self._folder(address))
        return ""

    def deliver(self, kind: str, address: str, anchor: Anchor) -> str:
        """Given a receiver and an anchor, bring it there and return what proves that it arrived.

        Raises Refused when it did not arrive.
        """
        if kind == "http":
            return self._post(address, anchor)
        return self._put(self._folder(address), anchor)

    def _post(self, address: str, anchor: Anchor) -> str:
        answer = self._egress.post(address, anchor.sent().encode("utf-8"))
        host = urlsplit(address).hostname
        if not 200 <= answer.status < 300:
            raise Refused("%(host)s 回答了 %(status)s，不是已收下。", host=host, status=answer.status)
        told = " ".join("".join(c if c.isprintable() else " " for c in answer.text).split())
        return f"{answer.status} {told}"[:LONGEST_ANSWER].strip()

    def _folder(self, address: str) -> Path:
        path = Path(address)
        known = [Path(folder).resolve() for folder in self.folders]
        if not path.is_absolute() or not any(path.resolve().is_relative_to(folder) for folder in known):
            raise Refused(
                "文件夹 %(path)s 不在 [network] anchor_folders 所列的目录之内；请由管理员先列出。",
                field="address", path=address,
            )  # fmt: skip
        if not path.is_dir():
            raise Refused("文件夹 %(path)s 现在不存在或没有挂载。", field="address", path=address)
        return path.resolve()

    def _put(self, folder: Path, anchor: Anchor) -> str:
        """Written aside, renamed, read back. A file of that name with other content is never written over."""
        target = folder / f"anchor-{anchor.day.isoformat()}-{anchor.digest[:12]}.json"
        wanted = (anchor.sent() + "\n").encode("utf-8")
        try:
            if not target.exists():
                aside = folder / f".{secrets.token_hex(6)}.part"
                with aside.open("xb") as file:
                    file.write(wanted)
                    file.flush()
                    os.fsync(file.fileno())
                aside.replace(target)
            kept = target.read_bytes()
        except OSError as exc:
            raise Refused("文件夹写不进去：%(reason)s。", reason=exc.strerror or str(exc)) from exc
        if kept != wanted:
            raise Refused("文件夹里已有同名而内容不同的文件 %(name)s。", name=target.name)
        return json.dumps({"file": target.name, "bytes": len(kept)})
