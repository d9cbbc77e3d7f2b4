"""Telling both parties that a yearly cap is near its end (N−2) or at it (N): each once in a contract year.

Not for what becomes of an entry (`services/cap_entries.py`) nor for counting (`core/caps.py`).
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from ops_console.core.caps import CapYear, count, in_effect, local_day, reached
from ops_console.core.moments import whole
from ops_console.core.terms import Terms, contract_years
from ops_console.store import caps as store
from ops_console.store import messages

NOTICE_LIFE = timedelta(days=30)


def warn(session: Session, contract_id: int, year: CapYear, taken: int, now: datetime) -> None:
    """Given a cap's year and what counts of it now, tell both that N−2 or N is reached, each once a year."""
    mark = reached(taken, year.limit)
    if mark is None:
        return
    payload = {
        "clause": year.clause, "cap": year.name, "taken": taken, "limit": year.limit, "first": year.first.isoformat(),
        "last": year.last.isoformat(),
    }  # fmt: skip
    tell(session, f"cap/{contract_id}/{year.clause}/{year.year}/{mark}", "cap_warning", payload, now)


def warn_of_openings(session: Session, contract_id: int, terms: Terms, now: datetime) -> None:
    """Given a contract's terms that come into force now, warn of every cap whose opening balance reaches N−2 or N.

    Of contract years that are not over. With 7 of 8 used before go-live both are told when the contract is loaded,
    and nothing more is said until the cap is full (domain §1.9).
    """
    today, effective = local_day(now), in_effect(terms)
    years = contract_years(terms)
    for number in sorted({one.year for one in terms.openings if one.year <= len(years)}):
        first, last = years[number - 1]
        if last < today:
            continue
        day = max(first, today)
        for year in count(effective, store.of_contract(session, contract_id), day, day):
            if year.opening:
                warn(session, contract_id, year, year.taken, now)


def tell(session: Session, key: str, kind: str, payload: dict[str, object], now: datetime) -> None:
    """Given what makes it unique, its kind and what it says, tell both parties about a cap."""
    messages.put(
        session, dedup_key=key, audience="both", kind=kind, payload=payload, created_at=whole(now),
        expires_at=whole(now) + NOTICE_LIFE,
    )  # fmt: skip
