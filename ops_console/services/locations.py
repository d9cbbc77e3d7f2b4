"""Places that report by a sticker: adding many at once, printing, renewing and taking stickers out of use.

Not for what people report there (`services/public_reports.py`). A sticker's token names a place, never a person; it is
made from the place, the sticker's generation and a key outside the database, so it can be printed again until renewed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from ops_console.core.errors import NotFound, Refused
from ops_console.core.people import HOSPITAL, VENDOR, Actor, side_of
from ops_console.core.public_reports import Secrets, fingerprint
from ops_console.core.tickets import Event
from ops_console.store import audit, people, public_reports
from ops_console.store import locations as store

MOST_AT_ONCE = 500
LONGEST = 60


@dataclass(frozen=True)
class Place:
    """A place as its list shows it: its row, how many reports came by its stickers, and when the last did."""

    row: store.LocationRow
    reports: int
    last_at: datetime | None


@dataclass(frozen=True)
class Sticker:
    """What one sticker carries."""

    name: str
    department: str
    token: str
    mark: str


def listing(session: Session, actor: Actor) -> list[Place]:
    """Given who asks, return every place."""
    actor.need("locations.manage")
    seen = public_reports.last_of_place(session)
    return [Place(row, *seen.get(row.id, (0, None))) for row in store.everywhere(session)]


def add(
    session: Session, lines: str, modules: Collection[str], secrets: Secrets, *, actor: Actor, now: datetime
) -> list[store.LocationRow]:
    """Given lines `department,place,module` (place and module may be left out), add the places and return them.

    Raises Refused, naming the first line that is not right; then none is added.
    """
    _need(actor)
    wanted = [_read(number, line, modules) for number, line in enumerate(lines.splitlines(), 1) if line.strip()]
    if not 1 <= len(wanted) <= MOST_AT_ONCE:
        raise Refused("请粘贴 1 至 %(most)s 行，每行一个位置。", field="lines", most=MOST_AT_ONCE)
    names = [name for _, name, _ in wanted]
    taken = sorted({name for name in names if names.count(name) > 1} | store.named(session, names))
    if taken:
        raise Refused("位置“%(name)s”已经有了；每个位置只能有一个，请改名。", field="lines", name=taken[0])
    return [_add(session, one, secrets, actor, now) for one in wanted]


def _read(number: int, line: str, modules: Collection[str]) -> tuple[str, str, str]:
    """Given a line, return its department, name and module."""
    parts = [part.strip() for part in line.replace("，", ",").replace("\t", ",").split(",")]
    department, name, module = (*parts, "", "", "")[:3]
    name = name or department
    if len(parts) > 3 or not department or max(len(department), len(name)) > LONGEST or not name.isprintable():
        raise Refused(
            "第 %(number)s 行不对：请写成“科室,位置,默认模块”，各不超过 60 个字。", field="lines", number=number
        )
    if module and module not in modules:
        raise Refused(
            "第 %(number)s 行不对：没有“%(module)s”这一系统模块。", field="lines", number=number, module=module
        )
    return department, name, module


def _add(
    session: Session, wanted: tuple[str, str, str], secrets: Secrets, actor: Actor, now: datetime
) -> store.LocationRow:
    department, name, module = wanted
    row = store.LocationRow(
        name=name, department=department, module=module, generation=1, active=True, made_at=now, made_by=actor.account,
        renewed_at=None, token_hash=fingerprint(_token(secrets, name, 1)),
    )  # fmt: skip
    session.add(row)
    session.flush()
    _note(session, row, "location_added", actor, now)
    return row


def _token(secrets: Secrets, name: str, generation: int) -> str:
    return secrets.token("sticker", f"{generation}:{name}")


def stickers(session: Session, ids: Iterable[int], secrets: Secrets, actor: Actor, now: datetime) -> list[Sticker]:
    """Given places, return what their stickers carry, to be printed. Raises Refused when there is none in use.

    A place whose sticker was made with another key gets a new one: its old token cannot be made again.
    """
    _need(actor)
    rows = [row for row in store.by_ids(session, ids) if row.active]
    if not rows:
        raise Refused("请先选择要打印的位置；停用的位置不打印。", field="ids")
    for row in rows:
        if row.token_hash != fingerprint(_token(secrets, row.name, row.generation)):
            _renew(session, row, secrets, actor, now)
        _note(session, row, "stickers_printed", actor, now)
    return [_sticker(row, secrets) for row in rows]


def _sticker(row: store.LocationRow, secrets: Secrets) -> Sticker:
    return Sticker(row.name, row.department, _token(secrets, row.name, row.generation), f"No.{row.id}-{row.generation}")


def renew(session: Session, location_id: int, secrets: Secrets, actor: Actor, now: datetime) -> Sticker:
    """Given a place, make its old sticker worthless and return the new one."""
    _need(actor)
    row = _held(session, location_id)
    _renew(session, row, secrets, actor, now)
    return _sticker(row, secrets)


def _renew(session: Session, row: store.LocationRow, secrets: Secrets, actor: Actor, now: datetime) -> None:
    row.generation, row.renewed_at, row.active = row.generation + 1, now, True
    row.token_hash = fingerprint(_token(secrets, row.name, row.generation))
    _note(session, row, "location_renewed", actor, now)


def retire(session: Session, location_id: int, actor: Actor, now: datetime) -> None:
    """Given a place, take its sticker out of use. A new sticker brings the place back."""
    _need(actor)
    row = _held(session, location_id)
    if not row.active:
        raise Refused("位置“%(name)s”已经停用。", name=row.name)
    row.active = False
    _note(session, row, "location_retired", actor, now)


def came_from(session: Session, account: str, address: str, now: datetime) -> None:
    """Given an account that just signed in and its address, remember the address for ever when it is the vendor's.

    A cleared browser at that address is not taken for the hospital's own, though its network is.
    """
    person = people.by_account(session, account)
    if person is not None and side_of(person.role, person.holder) == VENDOR:
        store.note_vendor_address(session, address, now)


def _held(session: Session, location_id: int) -> store.LocationRow:
    rows: Sequence[store.LocationRow] = store.by_ids(session, [location_id])
    if not rows:
        raise NotFound("没有这个位置。")
    return rows[0]


def _need(actor: Actor) -> None:
    actor.need("locations.manage")
    if actor.side != HOSPITAL:  # who places the stickers decides what counts as reported by the hospital
        raise Refused("只有甲方人员可以管理报修位置。", field="permission")


def _note(session: Session, row: store.LocationRow, kind: str, actor: Actor, now: datetime) -> None:
    facts: dict[str, object] = {"name": row.name, "department": row.department, "generation": row.generation}
    audit.append(session, "location", str(row.id), Event(kind, now, now, actor.account, actor.side, facts=facts))
