"""People's sheets: rows of 姓名, 账号, 角色, 单位, 归属 become people to be given accounts, or faults of a cell each.

Not for reading files (an adapter's work) and not for what is kept already (`services/newcomers.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ops_console.core.errors import Refused
from ops_console.core.people import HOSPITAL, THIRD, VENDOR
from ops_console.core.sentences import Sentence
from ops_console.core.sheet_cells import cell_text
from ops_console.core.sheet_text import as_code, trim, visible
from ops_console.core.ticket_sheets import CellFault, RawRow, is_blank

NAME, ACCOUNT, ROLE, DEPARTMENT, HOLDER = "姓名", "账号", "角色", "单位/科室", "归属"
REQUIRED = (NAME, ACCOUNT, ROLE)
COLUMNS = (NAME, ACCOUNT, ROLE, DEPARTMENT, HOLDER)
HOLDERS_BY_NAME = {"甲方": HOSPITAL, "乙方": VENDOR, "第三方": THIRD}
FIELDS = {"name": NAME, "account": ACCOUNT, "role": ROLE, "department": DEPARTMENT, "holder": HOLDER}
MOST = 100


@dataclass(frozen=True)
class Newcomer:
    """A row of a people's sheet: texts as typed, role and holder as the console calls them."""

    row: int
    name: str
    account: str
    role: str
    department: str
    holder: str | None


def read_newcomers(rows: Iterable[RawRow], roles: Mapping[str, str]) -> tuple[list[Newcomer], list[CellFault]]:
    """Given raw rows and the roles by their Chinese names, return the readable rows and the faults of the others."""
    found: list[Newcomer] = []
    faults: list[CellFault] = []
    seen: dict[str, int] = {}
    for raw in rows:
        if raw.damage is not None:
            faults.append(raw.damage)
        elif not is_blank(raw.cells):
            read, bad = _read(raw, roles, seen)
            faults += bad
            found += [read] if read else []
    return found, faults


def _read(raw: RawRow, roles: Mapping[str, str], seen: dict[str, int]) -> tuple[Newcomer | None, list[CellFault]]:
    cells = {column: trim(cell_text(raw.cells.get(column))) for column in COLUMNS}
    faults = [_fault(raw, column, "", "此格不能为空，请填写") for column in REQUIRED if not cells[column]]
    account = cells[ACCOUNT].lower()
    role = {as_code(name): key for name, key in roles.items()}.get(as_code(cells[ROLE]))
    if cells[ROLE] and role is None:
        faults.append(_fault(raw, ROLE, cells[ROLE], "没有这一角色；可用的角色见权限表"))
    if cells[HOLDER] and cells[HOLDER] not in HOLDERS_BY_NAME:
        faults.append(_fault(raw, HOLDER, cells[HOLDER], "只能是甲方、乙方或第三方"))
    if account and account in seen:
        faults.append(_fault(raw, ACCOUNT, account, "与第 %(first)s 行重复", first=seen[account]))
    seen.setdefault(account, raw.number)
    if faults or role is None:
        return None, faults
    holder = HOLDERS_BY_NAME.get(cells[HOLDER])
    return Newcomer(raw.number, cells[NAME], account, role, cells[DEPARTMENT], holder), []


def refused_cell(row: int, value: Mapping[str, str], refused: Refused) -> CellFault:
    """Given a row, its texts by field and why it was refused, return the fault of the cell to blame."""
    field = refused.field if refused.field in FIELDS else "account"
    assert field is not None
    text = "第 %(row)s 行“%(column)s”：%(problem)s"
    column = FIELDS[field]
    filled = Sentence(text, {"row": row, "column": column, "problem": refused.sentence})
    return CellFault(row, column, visible(value.get(field, "")), filled)


def _fault(raw: RawRow, column: str, value: str, problem: str, **values: object) -> CellFault:
    text = "第 %(row)s 行“%(column)s”：%(problem)s。"
    told = {"row": raw.number, "column": column, "problem": Sentence(problem, values)}
    return CellFault(raw.number, column, visible(value), Sentence(text, told))
