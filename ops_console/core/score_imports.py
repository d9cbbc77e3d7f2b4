"""The items that a hospital's own annex lists, once it is known which column is what.

Not for the columns (`core/score_columns.py`), for opening files (a port) nor for what a rule text says
(`core/score_rules.py`). What comes out is a draft for the editor: nothing counts before both parties confirmed it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from ops_console.core.errors import Refused
from ops_console.core.score_checks import LONGEST, MOST_ITEMS, points_text
from ops_console.core.score_columns import CODE, DEDUCT, FACT, FIELDS, GROUP, MOST, NAME, RULE, WEIGHT, Columns, Line
from ops_console.core.score_drafts import HAND, STEPS, ItemForm, StepForm, hundredths
from ops_console.core.score_rules import NO_ITEM, RuleText, fact_of, read_rule
from ops_console.core.sentences import Sentence, sentence


@dataclass(frozen=True)
class Left:
    """A row that became no item, and why."""

    row: int
    text: str
    why: Sentence


@dataclass(frozen=True)
class Drawn:
    """What a table came to: items as typed, and the rows left out."""

    items: tuple[ItemForm, ...]
    left: tuple[Left, ...]


def draw(lines: Sequence[Line], columns: Columns, tasks: Mapping[str, str]) -> Drawn:
    """Given lines, which column is what and what the contract's tasks are called, return the items of the draft.

    A merged group reaches down to its last row; a row with a rule alone goes on with the item above. What has no known
    fact is left to a person (人工评分), with the paper's own words. Raises Refused without a column for the name or
    the rule, and past MOST_ITEMS.
    """
    if NAME not in columns.places and RULE not in columns.places:
        raise Refused("请指明项目名称或扣分办法在哪一列。", field=NAME)
    if len(set(columns.places.values())) < len(columns.places):
        raise Refused("同一列只能用作一项；请检查各列的选择。", field=NAME)
    drawing = _Drawing(columns, tasks)
    heading = next((line.cells for line in lines if line.number == columns.header), None)
    for line in lines:
        if line.number > columns.header and line.cells != heading:  # long papers repeat it on each page
            drawing.take(line)
    return Drawn(tuple(_numbered(drawing.items)), tuple(drawing.left))


class _Drawing:
    """Takes one row after another."""

    def __init__(self, columns: Columns, tasks: Mapping[str, str]) -> None:
        self._columns, self._tasks = columns, tasks
        self._group = self._name = ""
        self.items: list[ItemForm] = []
        self.left: list[Left] = []

    def take(self, line: Line) -> None:
        """Given a row, add its item, or go on with the one above, or leave it."""
        cells = {name: self._cell(line, name) for name in FIELDS}
        if not any(cells.values()):
            return
        name, rule = cells[NAME], cells[RULE]
        if NO_ITEM.fullmatch(name or cells[GROUP] or cells[CODE] or rule):
            self._leave(line, sentence("合计、签字或说明"))
            return
        self._group = cells[GROUP] or self._group
        if not name and rule and not cells[WEIGHT] and self.items:
            self._go_on(cells)
            return
        self._name = name or self._name or rule[:30]
        if not rule and not cells[WEIGHT] and not cells[DEDUCT]:
            self._leave(line, sentence("既没有分值，也没有扣分办法"))
            return
        self._add(line, {**cells, NAME: name or self._name})

    def _cell(self, line: Line, name: str) -> str:
        place = self._columns.places.get(name)
        return line.cells[place].strip() if place is not None and place < len(line.cells) else ""

    def _leave(self, line: Line, why: Sentence) -> None:
        self.left.append(Left(line.number, " ".join(filter(None, line.cells))[:80], why))

    def _add(self, line: Line, cells: Mapping[str, str]) -> None:
        rule = read_rule(cells[RULE])
        if rule.is_bonus:
            self._leave(line, sentence("加分不计入 100 分，也不能抵消扣分"))
            return
        if len(self.items) >= MOST_ITEMS:
            raise Refused("表中超过 %(n)s 项；请只留评分表那几行，另存后再导入。", n=MOST_ITEMS, field="file")
        most = hundredths(cells[MOST]) if cells[MOST] else rule.most
        weight = cells[WEIGHT] or (points_text(most) if most else "")
        made = ItemForm(
            code=cells[CODE], group=self._group[: LONGEST["group"]], name=_one_line(cells[NAME])[: LONGEST["name"]],
            weight=_number(weight), most=points_text(most) if most and most != hundredths(weight) else "",
            rule=cells[RULE][: LONGEST["rule"]],
        )  # fmt: skip
        self.items.append(self._with_steps(made, rule, cells))

    def _with_steps(self, item: ItemForm, rule: RuleText, cells: Mapping[str, str]) -> ItemForm:
        deduct = hundredths(cells[DEDUCT])
        parts = [(part.text, part.points, part.free) for part in rule.parts] or [(cells[RULE], None, 0)]
        if deduct is not None and len(parts) == 1:
            parts = [(parts[0][0], deduct, parts[0][2])]
        steps = tuple(self._step(text, points, free, cells) for text, points, free in parts)
        whole = all(step.measure and step.points for step in steps) and not rule.is_judged
        return replace(item, mode=STEPS, steps=steps) if whole and _differ(steps) else replace(item, mode=HAND)

    def _step(self, text: str, points: int | None, free: int, cells: Mapping[str, str]) -> StepForm:
        fact = fact_of(cells[FACT], self._tasks) if cells[FACT] else ""
        fact = fact or fact_of(text, self._tasks) or fact_of(f"{cells[NAME]}{text}", self._tasks)
        return StepForm(fact, points_text(points) if points else "", str(free or ""))

    def _go_on(self, cells: Mapping[str, str]) -> None:
        """A rule that goes on below: the item is judged by both, or by a person where a part is not known."""
        before = self.items[-1]
        rule = read_rule(cells[RULE])
        told = f"{before.rule}\n{cells[RULE]}"[: LONGEST["rule"]]
        more = self._with_steps(before, rule, {**cells, NAME: before.name})
        both = (*before.steps, *more.steps) if HAND not in (before.mode, more.mode) else ()
        mode = STEPS if both and _differ(both) else HAND
        self.items[-1] = replace(before, rule=told, mode=mode, steps=both if mode == STEPS else ())


def _differ(steps: Sequence[StepForm]) -> bool:
    return len({step.measure for step in steps}) == len(steps)


def _number(text: str) -> str:
    found = hundredths(text)
    return text if found is None else points_text(found)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _numbered(items: Iterable[ItemForm]) -> Iterable[ItemForm]:
    """Items without a code of their own get one: by their group's letter where there are groups, else a number."""
    groups: dict[str, int] = {}
    counts: dict[str, int] = {}
    for number, item in enumerate(items, 1):
        letter = chr(ord("A") + groups.setdefault(item.group, len(groups)) % 26)
        counts[letter] = counts.get(letter, 0) + 1
        yield item if item.code else replace(item, code=f"{letter}{counts[letter]}" if item.group else str(number))
