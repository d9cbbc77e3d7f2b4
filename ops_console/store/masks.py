"""What travels with every session for personal data: the site's way of masking, and what seals originals.

Not for finding personal numbers (`core/personal_data.py`) and not for sealing (an adapter, handed to the Database).
"""

from __future__ import annotations

import json
from typing import Protocol

from sqlalchemy.orm import Session

from ops_console.core.errors import Unsealable
from ops_console.core.personal_data import Masker

MASKER, SEALER = "masker", "sealer"


class Seals(Protocol):
    """What seals originals and opens them, each bound to its place."""

    def seal(self, plaintext: bytes, *, table: str, row: int | str, field: str) -> bytes:
        """Given bytes and the place they are kept in, return them sealed."""
        ...

    def open(self, sealed: bytes, *, table: str, row: int | str, field: str) -> bytes:
        """Given sealed bytes and the place they were found in, return the plaintext. Raises Unsealable."""
        ...


def masker_of(session: Session) -> Masker:
    """Given a session, return the site's way of masking; the shipped one where none was handed over."""
    found: Masker = session.info.get(MASKER) or Masker()
    return found


def sealer_of(session: Session) -> Seals:
    """Given a session, return what seals originals. Raises Unsealable: without it no original may be stored."""
    found: Seals | None = session.info.get(SEALER)
    if found is None:
        raise Unsealable("没有可用的密钥来密封个人信息原文，因此什么都没有保存；请联系系统管理员。")
    return found


def masked_json(session: Session, text: str | None) -> str | None:
    """Given a JSON text or None, return it with every text in it masked."""
    masker = masker_of(session)
    if text is None or masker.text(text) == text:
        return text
    return json.dumps(masker.plain(json.loads(text)), ensure_ascii=False)
