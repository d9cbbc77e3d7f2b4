"""The data folder: private to its owner, with the keys, and the files kept under their own hash.

Not for what a file is: `adapters/attachments.py` looks into those that belong to tickets.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import os
import secrets
from collections.abc import Container, Iterable
from datetime import datetime
from pathlib import Path
from typing import IO

from ops_console.adapters.attachments import Scan, examined, typed_name
from ops_console.adapters.blobs import CHUNK, BlobFolder, remove_older
from ops_console.adapters.sealing import derive, read_master_key
from ops_console.core.attachments import FROM_STAFF, TOO_LARGE, Intake, NewFile
from ops_console.core.errors import NotFound, Refused, TooLarge

RESERVE = 256 << 20  # of the disk, for the database: a flood of files must not stop a report from being kept


def _make_once(path: Path, content: bytes) -> None:
    """Given a path, write the content there, readable by the owner alone, unless the file is there already."""
    with contextlib.suppress(FileExistsError):
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(content)


class DataFolder:
    """Where the console keeps files of its own. Names people typed never become paths."""

    def __init__(self, folder: Path, *, reserve: int = RESERVE, scan: Scan | None = None) -> None:
        self.folder, self._scan = folder, scan
        self._uploads = BlobFolder(folder / "uploads", reserve)
        self._attachments = BlobFolder(folder / "attachments", reserve)
        self._thumbnails = BlobFolder(folder / "thumbnails")
        self.exports = folder / "exports"

    def prepare(self) -> None:
        """Make the folder and see that it can be written. Raises Refused with a sentence when it cannot."""
        try:
            for blobs in (self._uploads, self._attachments, self._thumbnails):
                blobs.prepare()
            self.exports.mkdir(mode=0o700, exist_ok=True)
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
        too_large = Refused("文件超过 %(mib)s MiB，请拆分后再导入。", field="file", mib=longest // CHUNK)
        with self._uploads.draft(stream, longest, too_large) as draft:
            draft.keep()
        return draft.digest

    def forget_uploads(self, before: datetime, needed: Container[str]) -> int:
        """Given an instant and the SHA-256s still needed, delete older uploads that are not; return how many."""
        return remove_older((file for file in self._uploads.folder.iterdir() if file.name not in needed), before)

    def upload(self, digest: str) -> Path:
        """Given the SHA-256 of an upload, return its path."""
        return self._uploads.path(digest)

    def keep_attachment(self, stream: IO[bytes], name: str, intake: Intake = FROM_STAFF) -> NewFile:
        """Given a stream and its name as uploaded, look at what it is, keep it and return it.

        Raises Refused, and keeps nothing, for an empty, too large, broken, dangerous or unknown file or a full disk.
        """
        too_large = TooLarge(TOO_LARGE, field="file", name=typed_name(name), mib=intake.mib)
        with self._attachments.draft(stream, intake.longest, too_large, intake.reserves) as draft:
            found = examined(
                draft.path, name, digest=draft.digest, size=draft.size, scan=self._scan, intake=intake
            )  # fmt: skip
            draft.keep()
        return found

    def attachment(self, digest: str) -> Path:
        """Given the SHA-256 of an attachment, return its path."""
        return self._attachments.path(digest)

    def whole_attachment(self, digest: str, name: str) -> Path:
        """Given an attachment's SHA-256 and name, return its path. Raises NotFound when it is gone, Refused changed."""
        path = self.attachment(digest)
        try:
            with path.open("rb") as stream:
                is_whole = hashlib.file_digest(stream, "sha256").hexdigest() == digest
        except OSError as exc:
            raise NotFound("附件“%(name)s”的文件不在数据目录中；请系统管理员从备份恢复。", name=name) from exc
        if not is_whole:
            raise Refused("附件“%(name)s”的内容与登记的哈希不符，不予提供；请系统管理员从备份恢复。", name=name)
        return path

    def attachments(self) -> list[str]:
        """Return the SHA-256 of every attachment that is kept, whether anything refers to it or not."""
        return sorted(self._attachments.digests())

    def forget_attachments(self, digests: Iterable[str], before: datetime) -> int:
        """Given hashes that nothing refers to and an instant, delete such files unless they came anew since then."""
        paths = [self._attachments.path(digest) for digest in digests]
        return remove_older((path for path in paths if path.exists()), before)

    def keep_thumbnail(self, digest: str, content: bytes) -> None:
        """Given a picture's SHA-256 and its small picture, keep that."""
        path = self._thumbnails.path(digest)
        aside = path.with_name(f".{secrets.token_hex(8)}.part")
        aside.write_bytes(content)
        aside.replace(path)

    def thumbnail(self, digest: str) -> Path:
        """Given a picture's SHA-256, return where its small picture is, if it has one."""
        return self._thumbnails.path(digest)

    def export(self, run_id: int) -> Path:
        """Given the id of an export's run, return where its file is, for a day."""
        return self.exports / str(run_id)

    def sweep(self, before: datetime) -> int:
        """Given an instant, remove exports made and what was left half written before it; return how many files."""
        swept = sum(blobs.sweep(before) for blobs in (self._uploads, self._attachments, self._thumbnails))
        return swept + remove_older(self.exports.iterdir(), before)
