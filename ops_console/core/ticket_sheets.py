"""The ticket sheet: its columns, and how raw rows become checked rows or faults, each fault at one cell.

Not for files (adapters.sheets reads those), nor for what becomes of a ticket: a row read here is only a claim.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from ops_console.core.sentences import Sentence
from ops_console.core.sheet_cells import cell_text, read_choice, read_flag, read_plain, read_rating
from ops_console.core.sheet_order import order_faults
from ops_console.core.sheet_text import as_code, trim, visible
from ops_console.core.sheet_times import EPOCH_1900, SheetValue, read_time, to_utc

# Column of the sheet -> field of SheetRow, in the order of the contract's own sheet.
FIELDS: Mapping[str, str] = {
    "单号": "number",
    "类型": "type",
    "系统模块": "module",
    "渠道": "channel",
    "报修科室": "department",
    "报修人": "reporter",
    "联系电话": "phone",
    "标题": "title",
    "问题描述": "description",
    "报修时间": "reported_at",
    "录入时间": "recorded_at",
    "响应时间": "responded_at",
    "需到场": "needs_onsite",
    "到场时间": "arrived_at",
    "恢复时间": "restored_at",
    "确认时间": "confirmed_at",
    "挂起开始": "suspended_from",
    "挂起结束": "suspended_until",
    "挂起原因": "suspension_reason",
    "挂起批准": "suspension_approved",
    "处理人": "handler",
    "处理方式": "mode",
    "处理过程": "process",
    "满意度": "rating",
}
COLUMNS: tuple[str, ...] = tuple(FIELDS)
REQUIRED: tuple[str, ...] = ("单号", "类型", "系统模块", "渠道", "标题", "报修时间", "录入时间", "需到场")
TIME_COLUMNS: tuple[str, ...] = tuple(
    name for name, place in FIELDS.items() if place.endswith(("_at", "_from", "_until"))
)


@dataclass(frozen=True)
class CellFault:
    """One faulty cell: row as the spreadsheet numbers it, column by name, what stands there, and what to do."""

    row: int
    column: str
    value: str
    sentence: Sentence


@dataclass(frozen=True)
class RawRow:
    """A row as an adapter found it. `epoch` is its workbook's; `damage` is set when the cells cannot be trusted at all;
    `surplus` is what stood right of the last header, which in a CSV betrays an unquoted delimiter.
    """

    number: int
    cells: Mapping[str, SheetValue]
    epoch: datetime = EPOCH_1900
    damage: CellFault | None = None
    surplus: str = ""


@dataclass(frozen=True)
class SheetRow:
    """A faultless row: times aware UTC or None, absent text "", absent judgements None."""

    row: int
    number: str
    type: str
    module: str
    channel: str
    department: str
    reporter: str
    phone: str
    title: str
    description: str
    reported_at: datetime
    recorded_at: datetime
    responded_at: datetime | None
    needs_onsite: bool
    arrived_at: datetime | None
    restored_at: datetime | None
    confirmed_at: datetime | None
    suspended_from: datetime | None
    suspended_until: datetime | None
    suspension_reason: str
    suspension_approved: bool | None
    handler: str
    mode: str
    process: str
    rating: int | None


Stored = Callable[[str], SheetRow | None] | Mapping[str, SheetRow] | None


@dataclass(frozen=True)
class _Rules:
    choices: Mapping[str, Mapping[str, str]]
    now: datetime
    zone: ZoneInfo
    stored: Callable[[str], SheetRow | None]


@dataclass
class _Draft:
    """A row being read: `values` of readable given cells, `faults` one per column, the first problem found wins."""

    raw: RawRow
    values: dict[str, object] = field(default_factory=dict)
    faults: dict[str, CellFault] = field(default_factory=dict)

    def blame(self, column: str, problem: Sentence) -> None:
        """Given a column and what is wrong there, note it, unless that cell is blamed already."""
        value = cell_text(self.raw.cells.get(column))
        self.faults.setdefault(column, _fault(self.raw.number, column, value, problem))

    def found(self) -> list[CellFault]:
        """Given nothing, return the faults in the order of the columns."""
        return [self.faults[column] for column in COLUMNS if column in self.faults]


def read_rows(
    raw_rows: Iterable[RawRow],
    *,
    types: Iterable[str],
    modules: Iterable[str],
    channels: Iterable[str],
    now: datetime,
    zone: str = "Asia/Shanghai",
    stored: Stored = None,
) -> tuple[list[SheetRow], list[CellFault]]:
    """Given raw rows, the names the contract knows, the aware present moment and the sheet's zone, return the
    faultless rows and the faults of all others, both in the order of the sheet.

    `stored` gives the row already known for a 单号: where the sheet is blank it takes part in the order checks, but it
    is never blamed and never returned.
    >>> read_rows([], types=["故障"], modules=["门诊缴费"], channels=["电话"], now=datetime(2026, 3, 5, tzinfo=UTC))
    ([], [])
    """
    rules = _Rules(
        choices={"类型": _choices(types), "系统模块": _choices(modules), "渠道": _choices(channels)},
        now=now,
        zone=ZoneInfo(zone),
        stored=_lookup(stored),
    )
    rows: list[SheetRow] = []
    faults: list[CellFault] = []
    first_seen: dict[str, int] = {}
    for raw in raw_rows:
        if raw.damage is None and is_blank(raw.cells):
            continue
        draft = _Draft(raw)
        _read_cells(draft, rules)
        _check_number(draft, first_seen)
        if raw.damage:
            faults.append(raw.damage)
            continue
        _check_order(draft, rules)
        found = draft.found() or _surplus_faults(raw)
        faults.extend(found)
        if not found:
            rows.append(_row(draft))
    return rows, faults


def is_blank(cells: Mapping[str, SheetValue]) -> bool:
    """Given a row's cells, return whether a person sees nothing in any of them."""
    return not any(trim(cell_text(value)) for value in cells.values())


def missing_columns(row: int, names: Iterable[str]) -> CellFault:
    """Given the row most like a header and the required names it lacks, return the one fault that says so."""
    joined = "、".join(names)
    text = "第 %(row)s 行最像表头，但缺少必需的列：%(columns)s；请补上这些列名后重新导入。"
    return CellFault(row, joined, "", Sentence(text, {"row": row, "columns": joined}))


def damaged_row(row: int, column: str, value: str) -> CellFault:
    """Given a row of a CSV whose quote never closes, and the column it opens in, return the fault for the whole row."""
    return _fault(row, column, value, Sentence("引号没有成对，此行后面的内容无法分列；请补上或删去引号后重新导入此行"))


def _fault(row: int, column: str, value: str, problem: Sentence) -> CellFault:
    text = "第 %(row)s 行“%(column)s”：%(problem)s。"
    return CellFault(row, column, visible(value), Sentence(text, {"row": row, "column": column, "problem": problem}))


def _choices(names: Iterable[str]) -> dict[str, str]:
    return {as_code(name): name for name in names}


def _lookup(stored: Stored) -> Callable[[str], SheetRow | None]:
    if stored is None:
        return lambda _number: None
    if isinstance(stored, Mapping):
        return stored.get
    return stored


def _read_cells(draft: _Draft, rules: _Rules) -> None:
    for column in COLUMNS:
        text, problem = read_plain(column, draft.raw.cells.get(column))
        if problem is None and text:
            value, problem = _read_cell(column, text, draft.raw, rules)
            if problem is None:
                draft.values[column] = value
        elif problem is None and column in REQUIRED:
            problem = Sentence("此格不能为空，请填写")
        if problem is not None:
            draft.blame(column, problem)


def _read_cell(column: str, text: str, raw: RawRow, rules: _Rules) -> tuple[object, Sentence | None]:
    if column in rules.choices:
        return read_choice(text, rules.choices[column])
    if column in TIME_COLUMNS:
        return _read_moment(column, raw, rules)
    if column in ("需到场", "挂起批准"):
        return read_flag(text)
    if column == "满意度":
        return read_rating(text)
    return text, None


def _read_moment(column: str, raw: RawRow, rules: _Rules) -> tuple[object, Sentence | None]:
    naive = read_time(raw.cells[column], raw.epoch)
    if naive is None:
        return None, Sentence("无法读作日期加时间，请写成 2026-03-05 09:02 这样的形式")
    return to_utc(naive, rules.zone), None


def _check_number(draft: _Draft, first_seen: dict[str, int]) -> None:
    number = draft.values.get("单号")
    if number is None:
        return
    first = first_seen.setdefault(str(number), draft.raw.number)
    if first != draft.raw.number:
        text = "与第 %(first)s 行的单号相同；同一单号只能有一行，请删去其中一行或改正单号"
        draft.blame("单号", Sentence(text, {"first": first}))


def _check_order(draft: _Draft, rules: _Rules) -> None:
    number = draft.values.get("单号")
    known = rules.stored(str(number)) if number is not None else None
    effective = dict(draft.values)
    for column in COLUMNS:
        if known is not None and column not in draft.values and column not in draft.faults:
            effective[column] = getattr(known, FIELDS[column])
    unreadable = frozenset(draft.faults) - frozenset(draft.values)
    for column, problem in order_faults(effective, given=frozenset(draft.values), unreadable=unreadable, now=rules.now):
        draft.blame(column, problem)


def _surplus_faults(raw: RawRow) -> list[CellFault]:
    if not raw.surplus:
        return []
    column = list(raw.cells)[-1]
    text = "此行比表头多出内容“%(surplus)s”；多半是文字里的分隔符没有加引号，请检查此行各格"
    return [_fault(raw.number, column, raw.surplus, Sentence(text, {"surplus": visible(raw.surplus)[:40]}))]


def _row(draft: _Draft) -> SheetRow:
    absent = {column: None if column in _ABSENT_IS_NONE else "" for column in COLUMNS}
    values = absent | draft.values
    return SheetRow(row=draft.raw.number, **{FIELDS[column]: values[column] for column in COLUMNS})  # type: ignore[arg-type]


_ABSENT_IS_NONE = frozenset({*TIME_COLUMNS, "挂起批准", "满意度"})
