"""What transactions hold besides rows: one list of keys, so that no two things share one, and one way to hold them.

Not for rows, which are held by their own selects.
"""

from __future__ import annotations

from enum import IntEnum, unique

from sqlalchemy import Connection, text
from sqlalchemy.orm import Session


@unique
class Lock(IntEnum):
    """What a transaction may hold, by its key on PostgreSQL."""

    SCHEMA = 7_302_025  # bringing tables and rows to this version
    CHAIN = 7_302_026  # the end of the one chain
    TICKETS = 7_302_027  # adding tickets
    PEOPLE = 7_302_028  # making the first accounts
    SUBJECTS = 7_302_029  # binding an identity to whom its provider means
    ANCHOR = 7_302_030  # making a day's anchor
    FILE = 7_302_031  # writing about one file
    BREACHES = 7_302_041  # numbering breach cases
    RUNS = 7_302_034  # when the runs of one task were, of which two may be too close
    RELEASES = 7_302_035  # registering and correcting releases


def hold(session: Session | Connection, lock: Lock, part: int | None = None) -> None:
    """Given a transaction, a lock and which part of it (a number of 31 bits), let no other hold it until the commit.

    On SQLite nothing need be held: its writers take turns by themselves.
    """
    connection = session.connection() if isinstance(session, Session) else session
    if connection.dialect.name != "postgresql":
        return
    if part is None:
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": lock.value})
    else:
        connection.execute(text("SELECT pg_advisory_xact_lock(:key, :part)"), {"key": lock.value, "part": part})
