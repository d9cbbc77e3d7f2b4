"""The one road by which a list that a page shows leaves as a file: CSV or XLSX, whole, in the reader's language.

A page's module says what its list holds with `listed`; the button is the macro `list_export`. Not for tickets, whose
sheet can be imported again (`exports.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from secrets import token_hex
from typing import Any

from flask import Blueprint, g, request

from ops_console.core.errors import NotFound, Refused
from ops_console.core.people import Permission
from ops_console.services import exports
from ops_console.services.ports import Cell
from ops_console.web import formats
from ops_console.web.exports import sent
from ops_console.web.rights import needs
from ops_console.web.sign_in import console

pages = Blueprint("lists", __name__)
Rows = Callable[[], Iterable[Sequence[object]]]
READERS: tuple[Permission, ...] = (
    "tickets.read", "tickets.record", "tickets.open", "reports.read", "jobs.read", "people.read", "people.manage",
    "audit.read", "locations.manage", "tickets.import", "contracts.read", "tokens.own",
)  # fmt: skip


@dataclass(frozen=True)
class Listed:
    """A list: its name for people, who may read it, its columns, and its rows for this request and its address."""

    title: str
    right: Permission
    columns: tuple[str, ...]
    rows: Rows


LISTS: dict[str, Listed] = {}


def listed(name: str, title: str, right: Permission, *columns: str) -> Callable[[Rows], Rows]:
    """Given a list's name, title, right and columns, return a decorator for the function that yields its rows."""

    def mark(rows: Rows) -> Rows:
        LISTS[name] = Listed(title, right, columns, rows)
        return rows

    return mark


@pages.post("/lists/<name>/export")
@needs(*READERS)
def export(name: str) -> Any:
    """Make the file of a list as its page's address has it. That it was taken is recorded."""
    found = LISTS.get(name)
    if found is None:
        raise NotFound("没有这个列表。")
    g.guest.actor.need(found.right)
    format = exports.checked_format(request.form.get("format", ""))
    path = console().files.exports / f".{token_hex(8)}.part"
    title = formats.gettext(found.title)
    columns = [formats.gettext(column) for column in found.columns]
    try:
        count = console().sheet_writers[format](path, columns, _cells(found), title=title)
        with console().write() as session:
            taken = exports.TakenList(name, found.right, list(request.args.items(multi=True)), format, count)
            exports.note_list(session, taken, g.guest.actor, console().now())
        return sent(path, format, title)
    finally:
        path.unlink(missing_ok=True)


def _cells(found: Listed) -> Iterator[list[Cell]]:
    for count, row in enumerate(found.rows(), 1):
        if count > exports.MOST:
            raise Refused("超过 %(n)s 行，不能一次导出；请加条件后再导出。", n=exports.MOST)
        yield [_cell(value) for value in row]


def _cell(value: object) -> Cell:
    if value is None:
        return ""
    if isinstance(value, bool):
        return formats.gettext("是" if value else "否")
    if isinstance(value, int | Decimal):
        return value
    return formats.exact_time(value) if isinstance(value, datetime) else str(value)


def word(text: object) -> str:
    """Given a stored word or nothing, return it in the reader's language."""
    return formats.gettext(str(text)) if text else ""
