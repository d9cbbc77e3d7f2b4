"""Keeping a data key for every purpose, and turning one over while the console runs.

Not for sealing with them (a port).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from ops_console.services.ports import KeyWrapper
from ops_console.store import data_keys as store

PERSONAL, SECOND_FACTORS = "personal", "second_factors"
PURPOSES = (PERSONAL, SECOND_FACTORS)


def keep(session: Session, wrapper: KeyWrapper, now: datetime, purposes: Sequence[str] = PURPOSES) -> None:
    """Given who wraps and the purposes, make the first data key of each purpose that has none."""
    have = {row.purpose for row in store.every(session)}
    for purpose in purposes:
        if purpose not in have:
            _add(session, wrapper, purpose, now)


def renew(session: Session, wrapper: KeyWrapper, purpose: str, now: datetime) -> int:
    """Given a purpose, retire its data key, make the next and return its version. What the old one sealed opens on."""
    store.retire(session, purpose, now)
    return _add(session, wrapper, purpose, now)


def _add(session: Session, wrapper: KeyWrapper, purpose: str, now: datetime) -> int:
    version = store.last_version(session) + 1
    wrapped = wrapper.fresh(purpose, version)
    session.add(store.DataKeyRow(version=version, purpose=purpose, wrapped=wrapped, created_at=now, retired_at=None))
    session.flush()
    return version
