"""Which contract's month an address is about, and what is found of it.

Not for what the month comes to (`services/months.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from flask import g, request

from ops_console.core.moments import parse_month
from ops_console.services import months
from ops_console.web.database import reading, reading_anew

Found = TypeVar("Found")


def contract_asked(month: str) -> int:
    """Given a month, return the contract that the address asks for, else the one in force at the month's end.

    Raises Refused for what is no month.
    """
    asked = request.args.get("contract", "")
    if asked.isascii() and asked.isdigit() and len(asked) < 9:
        return int(asked)
    return months.contract_of(g.book, parse_month(month))


def found_of(find: Callable[..., Found], month: str, *which: str, anew: bool = False) -> Found:
    """Given what finds something of a month, the month and which of it, return it for the guest.

    `anew`: as it stands after a refusal, not as the request began.
    """
    session = reading_anew() if anew else reading()
    return find(session, g.book, contract_asked(month), month, *which, actor=g.guest.actor, now=g.now)
