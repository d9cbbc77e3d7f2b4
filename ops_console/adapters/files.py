"""The data folder: private to its owner, with the secret key and the uploads, each kept under its own hash."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
from pathlib import Path
from typing import IO

from ops_console.core.errors import Refused

CHUNK = 1 << 20


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
        with contextlib.suppress(FileExistsError):
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(secrets.token_bytes(32))
        key = path.read_bytes()
        if len(key) < 32:
            raise Refused("密钥文件 %(path)s 不完整；请恢复备份，或删除它（所有人需要重新登录）。", path=str(path))
        return key

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

    def upload(self, digest: str) -> Path:
        """Given the SHA-256 of an upload, return its path."""
        if len(digest) != 64 or not all(c in "0123456789abcdef" for c in digest):
            raise ValueError("not a digest")
        return self.uploads / digest
