"""People by sheet: all of a file are given accounts, or none and every fault is told; slips are shown once.

Not for a single account (`services/people.py`) nor for what a row says (`core/newcomers.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy.orm import Session

from ops_console.core.errors import Refused
from ops_console.core.newcomers import COLUMNS, MOST, REQUIRED, Newcomer, read_newcomers, refused_cell
from ops_console.core.people import ROLE_NAMES, Actor
from ops_console.core.ticket_sheets import CellFault, missing_columns
from ops_console.services.people import NewAccount, NewPerson, Policy, add_account, check_new, one_time
from ops_console.services.ports import OpenSession, PasswordHasher, SheetReader
from ops_console.store import people as store


@dataclass(frozen=True)
class Hands:
    """What importing people needs: units of work, the hasher, the reader of sheets and the policy."""

    open_read: OpenSession
    open_write: OpenSession
    hasher: PasswordHasher
    read_sheet: SheetReader
    policy: Policy


@dataclass(frozen=True)
class Imported:
    """What a people's sheet came to: the accounts made, how many rows changed nothing, and the faults."""

    made: tuple[NewAccount, ...]
    unchanged: int
    faults: tuple[CellFault, ...]


def import_people(
    hands: Hands, path: Path, actor: Actor, now: datetime, *, name: str, skip_bad: bool = False
) -> Imported:
    """Given a sheet's file and the name people know it by, make an account for each row that has none.

    A row whose account stands already with the same name and role changes nothing. With any fault nothing is made,
    unless `skip_bad`. Raises Refused for a sheet of too many rows, SheetUnreadable for a file that is none.
    """
    actor.need("people.manage")
    actor.need_proof(now)
    sheet = hands.read_sheet(path, name=name, required=REQUIRED, known=COLUMNS)
    if sheet.missing:
        return Imported((), 0, (missing_columns(sheet.header_row, sheet.missing),))
    if len(sheet.rows) > MOST:
        raise Refused("一次最多导入 %(most)s 人，请拆成几个文件。", field="file", most=MOST)
    rows, faults = read_newcomers(sheet.rows, {name: role for role, name in ROLE_NAMES.items()})
    with hands.open_read() as session:
        wanted, unchanged, refused = _wanted(session, hands.policy, rows)
    faults = sorted([*faults, *refused], key=lambda fault: fault.row)
    if faults and not skip_bad:
        return Imported((), unchanged, tuple(faults))
    ready = [one_time(hands.hasher) for _ in wanted]
    with hands.open_write() as session:
        made = tuple(
            add_account(session, hands.policy, person, given, actor, now)
            for person, given in zip(wanted, ready, strict=True)
        )
    return Imported(made, unchanged, tuple(faults))


def _wanted(session: Session, policy: Policy, rows: list[Newcomer]) -> tuple[list[NewPerson], int, list[CellFault]]:
    wanted, unchanged, faults = [], 0, []
    for row in rows:
        stored = store.by_account(session, row.account)
        if stored is not None and (stored.name, stored.role) == (row.name, row.role):
            unchanged += 1
            continue
        person = NewPerson(row.account, row.name, row.role, row.holder, row.department)
        try:
            check_new(session, policy, person)
        except Refused as refused:
            told = {"name": row.name, "account": row.account, "role": ROLE_NAMES[row.role],
                    "department": row.department}  # fmt: skip
            faults.append(refused_cell(row.row, told, refused))
        else:
            wanted.append(person)
    return wanted, unchanged, faults
