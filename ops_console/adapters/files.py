"""The data folder: private to its owner, with the keys and the uploads, each kept under its own hash."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import os
import secrets
from collections.abc import Container
from datetime import datetime
from pathlib import Path
from typing import IO

from ops_console.adapters.sealing import derive, read_master_key
from ops_console.core.errors import Refused

CHUNK = 1 << 20


def _make_once(path: Path, content: bytes) -> None:
    """Given a path, write the content there, readable by the owner alone, unless the file is there already."""
    with contextlib.suppress(FileExistsError):
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(content)


class DataFolder:
    """Where the console keeps files of its own. Names people typed never become paths."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.uploads = folder / "uploads"

    def prepare(self) -> None:
        """Make the folder and see that it can be written. Raises Refused with a sentence when it cannot."""
        try:
            self.uploads.mkdir(mode=0o700, parents=True, exist_ok=True)
            probe = self.folder / f".probe-{secrets.token_hex(4)}"
            probe.touch(mode=0o600)
            probe.unlink()
        except OSError as exc:
            raise Refused(
                "数据目录 %(folder)s 不能写入（%(reason)s）；请换一个目录（环境变量 OPS_DATA），或改正其权限。",
                folder=str(self.folder), reason=exc.strerror or str(exc),
            ) from exc  # fmt: skip

    def secret_key(self) -> bytes:
        """Return the 32 random bytes that sign cookies, made at first use, readable by the owner alone."""
        path = self.folder / "secret.key"
        _make_once(path, secrets.token_bytes(32))
        key = path.read_bytes()
        if len(key) < 32:
            raise Refused("密钥文件 %(path)s 不完整；请恢复备份，或删除它（所有人需要重新登录）。", path=str(path))
        return key

    def key_for(self, purpose: str) -> bytes:
        """Given a purpose (cookie, csrf), return the 32 bytes derived from the secret key for it alone."""
        return derive(self.secret_key(), purpose)

    def master_key(self, *, may_make: bool) -> bytes:
        """Return the master key of the data folder; made now when there is none and `may_make`.

        Raises Refused when it is missing though data keys stand, or when it is not a key.
        """
        path = self.folder / "master.key"
        if not may_make and not path.exists():
            raise Refused(
                "主密钥文件 %(path)s 不见了，已密封的内容打不开；请从备份恢复它，或在 [security] master_key 中指明。",
                path=str(path),
            )
        _make_once(path, base64.b64encode(secrets.token_bytes(32)) + b"\n")
        try:
            return read_master_key(path.read_text(encoding="ascii"), str(path))
        except UnicodeDecodeError:
            return read_master_key("", str(path))

    def keep_upload(self, stream: IO[bytes], longest: int) -> str:
        """Given a stream, store at most `longest` bytes and return their SHA-256. Raises Refused past the limit."""
        temporary = self.uploads / f".{secrets.token_hex(8)}.part"
        digest, size = hashlib.sha256(), 0
        try:
            with temporary.open("xb") as file:
                while chunk := stream.read(CHUNK):
                    size += len(chunk)
                    if size > longest:
                        raise Refused("文件超过 %(mib)s MiB，请拆分后再导入。", field="file", mib=longest // CHUNK)
                    digest.update(chunk)
                    file.write(chunk)
            temporary.replace(self.uploads / digest.hexdigest())
        except OSError as exc:
            raise Refused(
                "文件没有存下（%(reason)s）；请清理数据目录所在磁盘后重试。", field="file", reason=exc.strerror or ""
            ) from exc
        finally:
            temporary.unlink(missing_ok=True)
        return digest.hexdigest()

    def forget_uploads(self, before: datetime, needed: Container[str]) -> int:
        """Given an instant and the SHA-256s still needed, delete older uploads that are not; return how many."""
        old = [file for file in self.uploads.iterdir() if file.stat().st_mtime < before.timestamp()]
        gone = [file for file in old if file.name not in needed]
        for file in gone:
            file.unlink(missing_ok=True)
        return len(gone)

    def upload(self, digest: str) -> Path:
        """Given the SHA-256 of an upload, return its path."""
        if len(digest) != 64 or not all(c in "0123456789abcdef" for c in digest):
            raise ValueError("not a digest")
        return self.uploads / digest
