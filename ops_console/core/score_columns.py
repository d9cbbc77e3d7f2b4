"""Which row of a hospital's annex is its header and which column is what: by its headings, else by what stands in it.

Not for the items it lists (`core/score_imports.py`). A guess: people see and change it before anything is drawn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ops_console.core.score_drafts import hundredths
from ops_console.core.sheet_text import as_heading

CODE, GROUP, NAME, WEIGHT, RULE, DEDUCT, MOST, FACT = (
    "code", "group", "name", "weight", "rule", "deduct", "most", "fact",
)  # fmt: skip
FIELDS = (CODE, GROUP, NAME, WEIGHT, RULE, DEDUCT, MOST, FACT)
FIELD_TITLES = {
    CODE: "编号", GROUP: "分组", NAME: "项目名称", WEIGHT: "分值", RULE: "扣分办法（文字）", DEDUCT: "每次扣",
    MOST: "最多扣", FACT: "事实",
}  # fmt: skip
# What papers call their columns, the surer first.
_HEADINGS: Mapping[str, tuple[str, ...]] = {
    CODE: ("编号", "项目编号", "序号"),
    GROUP: ("分组", "类别", "考核类别", "分类", "大类", "一级指标", "考核维度", "考核方面"),
    NAME: (
        "考核内容", "项目名称", "二级指标", "考核指标", "评分项目", "检查内容", "评价内容", "考核项目",
        "项目", "内容", "指标",
    ),
    WEIGHT: ("分值", "标准分", "标准分值", "权重", "满分", "配分", "基准分", "分数"),
    RULE: (
        "扣分办法", "扣分标准", "评分标准", "考核标准", "评分办法", "评分细则", "扣分细则", "考核细则", "评价标准",
        "考核办法", "评分规则", "扣分规则", "考核要求及扣分标准", "考核及扣分标准",
    ),
    DEDUCT: ("每次扣", "每次扣分", "单次扣分", "扣分值", "扣分"),
    MOST: ("最多扣", "最多扣分", "最高扣分", "扣分上限", "上限"),
    FACT: ("事实", "数据来源", "取数来源", "来源", "考核依据"),
}  # fmt: skip
PAPER_WORDS = {word for words in _HEADINGS.values() for word in words} | {"扣"}  # theirs, not the console's
SEARCHED, SHOWN = 20, 12
MOST_LINES = 2_000


@dataclass(frozen=True)
class Line:
    """One row of the table: its number as the spreadsheet counts, its cells as texts."""

    number: int
    cells: tuple[str, ...]


@dataclass(frozen=True)
class Columns:
    """Which row is the header (0: none) and in which place (from 0) each field stands; what is not named is missing."""

    header: int = 0
    places: Mapping[str, int] = field(default_factory=dict)


def width(lines: Sequence[Line]) -> int:
    """Given lines, return how many columns they have."""
    return max((len(line.cells) for line in lines), default=0)


# -- which column is what ---------------------------------------------------------------------------------------------


def guess(lines: Sequence[Line]) -> Columns:
    """Given lines, return the likeliest header and what each column is: by its heading, else by what stands in it."""
    best = Columns()
    for line in lines[:SEARCHED]:
        places = _by_heading(line.cells)
        if len(places) > max(len(best.places), 1):
            best = Columns(line.number, places)
    return best if best.places else Columns(0, _by_content(lines))


def _by_heading(cells: Sequence[str]) -> dict[str, int]:
    headings = {as_heading(cell): place for place, cell in reversed(list(enumerate(cells))) if cell.strip()}
    found: dict[str, int] = {}
    for name, known in _HEADINGS.items():
        place = next((headings[one] for one in known if one in headings and headings[one] not in found.values()), None)
        if place is not None:
            found[name] = place
    if GROUP not in found and NAME in found:  # 考核项目 beside 考核内容: the first is the group
        other = next((headings[one] for one in ("考核项目", "项目") if one in headings), None)
        if other is not None and other < found[NAME]:
            found[GROUP] = other
    return found


def _by_content(lines: Sequence[Line]) -> dict[str, int]:
    columns = [[line.cells[place] for line in lines if place < len(line.cells)] for place in range(width(lines))]
    found: dict[str, int] = {}
    _note(found, RULE, [sum("扣" in cell for cell in column) for column in columns])
    _note(found, WEIGHT, [_sum_of_weights(column) for column in columns])
    _note(found, NAME, [sum(len(cell) for cell in column if hundredths(cell) is None) for column in columns])
    return found


def _note(found: dict[str, int], name: str, counts: Sequence[int]) -> None:
    """The column with the highest count is it, of those that are nothing else yet; none where all count 0."""
    free = [place for place, count in enumerate(counts) if count and place not in found.values()]
    if free:
        found[name] = max(free, key=lambda place: counts[place])


def _sum_of_weights(column: Sequence[str]) -> int:
    """What a column comes to where most of its cells are numbers, and no mere count 1, 2, 3; else 0."""
    values = [value for cell in column if (value := hundredths(cell))]
    filled = sum(bool(cell.strip()) for cell in column)
    counted = [100 * number for number in range(1, len(values) + 1)]
    return sum(values) if values and len(values) * 2 >= filled and values != counted else 0
