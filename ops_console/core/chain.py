"""The hash chain over events: canonical form, commitments to personal text, links.

Not for storing (`store/audit.py`). Published form, version 1: `docs/audit-chain.md`.
"""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta

ALGORITHM = "sha256-v1"
GENESIS = "0" * 64
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
ENCODER = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
quoted = json.encoder.encode_basestring  # one string as `canonical` writes it; a million entries need it quick


def microseconds(at: datetime) -> int:
    """Given an aware instant, return whole microseconds since 1970 in UTC, without floats."""
    return (at - EPOCH) // MICROSECOND


def canonical(value: object) -> str:
    """Given plain values, return canonical JSON: sorted keys, no blanks, UTF-8 as is.

    Raises ValueError for a float or a lone surrogate, which two machines could write differently.
    """
    _refuse_floats(value)
    text = ENCODER.encode(value)
    text.encode("utf-8")
    return text


def _refuse_floats(value: object) -> None:
    if isinstance(value, str):
        return
    if isinstance(value, float):
        raise ValueError("no floats in hashed facts")
    if isinstance(value, dict):
        for item in value.values():
            _refuse_floats(item)
    elif isinstance(value, list | tuple):
        for item in value:
            _refuse_floats(item)


def commitment(salt: bytes, text: str) -> str:
    """Given a 128-bit salt and a personal text, return the commitment that stands for it in the hashed facts."""
    return hashlib.sha256(b"ops-console/commitment/v1\0" + salt + text.encode("utf-8")).hexdigest()


def link(previous: str, body: str) -> str:
    """Given the previous entry's hash and this entry's canonical body, return this entry's hash."""
    return hashlib.sha256(b"ops-console/chain/v1\0" + previous.encode() + b"\0" + body.encode("utf-8")).hexdigest()
