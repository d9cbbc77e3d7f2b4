"""Which contract's month an address is about. Not for what the month comes to (`services/months.py`)."""

from __future__ import annotations

from flask import g, request

from ops_console.core.moments import parse_month
from ops_console.services import months


def contract_asked(month: str) -> int:
    """Given a month, return the contract that the address asks for, else the one in force at the month's end.

    Raises Refused for what is no month.
    """
    asked = request.args.get("contract", "")
    if asked.isascii() and asked.isdigit() and len(asked) < 9:
        return int(asked)
    return months.contract_of(g.book, parse_month(month))
