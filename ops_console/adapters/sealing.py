"""Sealing: AES-256-GCM under versioned data keys, which a master key outside the database wraps.

Not for deciding what is sealed or who may see it, and not for signing (`itsdangerous` in the web face).
"""

from __future__ import annotations

import base64
import binascii
import secrets
import struct
from collections.abc import Callable, Iterable

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from ops_console.core.errors import Refused, Unsealable

FORMAT, AES_256_GCM = 1, 1
HEAD = struct.Struct(">BBI")  # format, algorithm, version of the data key
NONCE_BYTES = 12
KEY_BYTES = 32
LoadKeys = Callable[[], Iterable[tuple[int, str, bytes]]]


def derive(secret: bytes, purpose: str) -> bytes:
    """Given a secret of full entropy and a purpose, return the 32 bytes that serve this purpose alone."""
    return HKDF(SHA256(), KEY_BYTES, salt=None, info=f"ops-console/{purpose}/v1".encode()).derive(secret)


def read_master_key(text: str, source: str) -> bytes:
    """Given base64 of 32 bytes and where it came from, return the bytes. Raises Refused for anything else."""
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise Refused("主密钥 %(source)s 不对：应为 32 字节随机数的 base64 写法；请恢复原来的主密钥。", source=source)
    return key


class MasterKey:
    """Wraps data keys: each under a key derived for its purpose, bound to its purpose and version."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def fresh(self, purpose: str, version: int) -> bytes:
        """Given a purpose and a version, return a new random data key, wrapped."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + self._wrapper(purpose).encrypt(nonce, secrets.token_bytes(KEY_BYTES), _bound(purpose, version))

    def unwrapped(self, purpose: str, version: int, wrapped: bytes) -> bytes:
        """Given a wrapped data key and what it is for, return the key. Raises Unsealable under another master key."""
        nonce, sealed = wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:]
        try:
            return self._wrapper(purpose).decrypt(nonce, sealed, _bound(purpose, version))
        except (InvalidTag, ValueError) as exc:
            raise Unsealable(
                "数据密钥 %(version)s 用现在的主密钥打不开；请恢复与这个数据库配套的主密钥（master.key 或 [security] "
                "master_key）。", version=version,
            ) from exc  # fmt: skip

    def _wrapper(self, purpose: str) -> AESGCM:
        return AESGCM(derive(self._key, f"data-key/{purpose}"))


def _bound(purpose: str, version: int) -> bytes:
    return f"data_key:{purpose}:{version}".encode()


class KeyRing:
    """The unwrapped data keys of one process; read again when a version is met that it does not know."""

    def __init__(self, master: MasterKey, load: LoadKeys) -> None:
        self._master, self._load = master, load
        self._ciphers: dict[tuple[str, int], AESGCM] = {}

    def refresh(self) -> None:
        """Read every data key. Raises Unsealable when the master key is not the one that wrapped them."""
        self._ciphers |= {
            (purpose, version): AESGCM(self._master.unwrapped(purpose, version, wrapped))
            for version, purpose, wrapped in self._load()
            if (purpose, version) not in self._ciphers
        }

    def newest(self, purpose: str) -> int:
        """Given a purpose, return the version that seals now."""
        if not any(kept == purpose for kept, _ in self._ciphers):
            self.refresh()
        versions = [version for kept, version in self._ciphers if kept == purpose]
        if not versions:
            raise Unsealable("还没有用于“%(purpose)s”的数据密钥；请重新启动控制台。", purpose=purpose)
        return max(versions)

    def cipher(self, purpose: str, version: int) -> AESGCM:
        """Given a purpose and a version, return its cipher. Raises Unsealable when there is no such key."""
        if (purpose, version) not in self._ciphers:
            self.refresh()
        found = self._ciphers.get((purpose, version))
        if found is None:
            raise Unsealable("没有第 %(version)s 版数据密钥，密封的内容打不开。", version=version)
        return found


class AesGcmSealer:
    """Seals and opens values of one purpose, each bound to its table, row and field."""

    def __init__(self, ring: KeyRing, purpose: str) -> None:
        self._ring, self._purpose = ring, purpose

    def seal(self, plaintext: bytes, *, table: str, row: int | str, field: str) -> bytes:
        """Given bytes and the place they are kept in, return them sealed: head, nonce, ciphertext with its tag."""
        version = self._ring.newest(self._purpose)
        head, nonce = HEAD.pack(FORMAT, AES_256_GCM, version), secrets.token_bytes(NONCE_BYTES)
        place = _place(head, table, row, field, version)
        return head + nonce + self._ring.cipher(self._purpose, version).encrypt(nonce, plaintext, place)

    def open(self, sealed: bytes, *, table: str, row: int | str, field: str) -> bytes:
        """Given sealed bytes and the place they were found in, return the plaintext.

        Raises Unsealable when they were sealed for another place or purpose, were changed, or their key is gone.
        """
        if len(sealed) < HEAD.size + NONCE_BYTES or sealed[:2] != bytes((FORMAT, AES_256_GCM)):
            raise Unsealable("密封的内容写法不认识，可能来自更新的版本。")
        head, rest = sealed[: HEAD.size], sealed[HEAD.size :]
        version = HEAD.unpack(head)[2]
        cipher = self._ring.cipher(self._purpose, version)
        try:
            return cipher.decrypt(rest[:NONCE_BYTES], rest[NONCE_BYTES:], _place(head, table, row, field, version))
        except InvalidTag as exc:
            raise Unsealable(
                "密封的内容打不开：它被改动过，或不属于这一处（%(table)s %(row)s %(field)s）。",
                table=table, row=row, field=field,
            ) from exc  # fmt: skip


def _place(head: bytes, table: str, row: int | str, field: str, version: int) -> bytes:
    """Only the row may hold a colon: so no two places are written alike."""
    if ":" in table or ":" in field:
        raise ValueError("no colon in the name of a table or field")
    return head + f"{table}:{row}:{field}:{version}".encode()
