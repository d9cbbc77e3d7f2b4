"""Whether a scoring sheet is sound: what contradicts itself, each with its place on the form and a sentence.

Not for texts as typed (`core/score_drafts.py`) nor for points (`core/scores.py`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ops_console.core.measures import known
from ops_console.core.scores import AT_LEAST, FULL, OBSERVERS, Item, Sheet
from ops_console.core.sentences import Sentence, sentence
from ops_console.core.sheet_text import has_forbidden

MOST_ITEMS, MOST_STEPS, MOST_BANDS, MOST_GRADES, MOST_CLAUSES = 100, 12, 8, 8, 12
FALSIFIED = "falsified"
LONGEST = {"code": 10, "group": 40, "name": 100, "rule": 500, "clause": 12, "grade": 20, "sheet": 60}


@dataclass(frozen=True)
class Problem:
    """What is wrong and where: `items.3.weight`, `items.3.steps.0.points`, `grades.1.name`, `items`, `name`."""

    place: str
    sentence: Sentence


def points_text(points: int) -> str:
    """Given hundredths of a point, return them as people write them.

    >>> points_text(150), points_text(-25), points_text(800)
    ('1.5', '-0.25', '8')
    """
    sign, whole = ("-" if points < 0 else ""), abs(points)
    return sign + f"{whole // 100}.{whole % 100:02d}".rstrip("0").rstrip(".")


def check_sheet(sheet: Sheet) -> tuple[Problem, ...]:
    """Given a sheet, return everything that contradicts itself; nothing when it is sound."""
    return tuple(_problems(sheet))


def _problems(sheet: Sheet) -> Iterable[Problem]:
    yield from _text("name", sheet.name, "sheet")
    if not 0 < len(sheet.items) <= MOST_ITEMS:
        counted = sentence("评分表应有 1 至 %(most)s 项，现有 %(n)s 项。", most=MOST_ITEMS, n=len(sheet.items))
        yield Problem("items", counted)
    weight = sum(item.weight for item in sheet.items)
    if weight != FULL:
        yield Problem("items", sentence("各项分值合计应为 100 分，现为 %(n)s 分。", n=points_text(weight)))
    codes = [item.code for item in sheet.items]
    for index, item in enumerate(sheet.items):
        place = f"items.{index}"
        if item.code in codes[:index]:
            yield Problem(f"{place}.code", sentence("编号 %(code)s 与前面的项目重复。", code=item.code))
        for problem in (*_words(item), *_rules(item)):
            yield Problem(f"{place}.{problem.place}", problem.sentence)
    yield from _grades(sheet)


def _text(place: str, text: str, kind: str, *, needed: bool = True) -> Iterable[Problem]:
    if needed and not text.strip():
        yield Problem(place, sentence("这里不能空着。"))
    if len(text) > LONGEST[kind] or has_forbidden(text):
        yield Problem(place, sentence("最多 %(n)s 个字，不能含控制字符。", n=LONGEST[kind]))


def _words(item: Item) -> Iterable[Problem]:
    yield from _text("code", item.code, "code")
    yield from _text("group", item.group, "group", needed=False)
    yield from _text("name", item.name, "name")
    yield from _text("rule", item.rule, "rule", needed=False)
    if len(item.clauses) > MOST_CLAUSES:
        yield Problem("clauses", sentence("最多写 %(n)s 个条款。", n=MOST_CLAUSES))
    for clause in item.clauses:
        yield from _text("clauses", clause, "clause")
    if item.observed_by not in OBSERVERS:
        yield Problem("observed_by", sentence("请选择谁能看到这项的事实。"))


def _rules(item: Item) -> Iterable[Problem]:
    if not 0 < item.weight <= FULL:
        yield Problem("weight", sentence("分值应大于 0、不超过 100。"))
    if not 0 <= item.most <= max(item.weight, 0):
        yield Problem("most", sentence("最多扣的分不能超过分值。"))
    if item.by_hand:
        return
    if not item.steps and not item.bands:
        yield Problem("mode", sentence("没有扣分办法；不能计算的请选“人工评分”。"))
    if item.zeroed_by and known(item.zeroed_by) is None:
        yield Problem("zeroed_by", sentence("事实列表里没有这一项，请重新选择。"))
    yield from _steps(item)
    yield from _bands(item)


def _steps(item: Item) -> Iterable[Problem]:
    if len(item.steps) > MOST_STEPS:
        yield Problem("mode", sentence("一项最多 %(n)s 行扣分办法。", n=MOST_STEPS))
    for index, step in enumerate(item.steps):
        place = f"steps.{index}"
        if known(step.measure) is None:
            yield Problem(f"{place}.measure", sentence("请从列表中选一个事实。"))
        if step.measure in [other.measure for other in item.steps[:index]]:
            yield Problem(f"{place}.measure", sentence("同一事实在一项里只写一行。"))
        if not 0 < step.points <= FULL:
            yield Problem(f"{place}.points", sentence("每次扣的分应大于 0。"))
        if step.free < 0:
            yield Problem(f"{place}.free", sentence("请写 0 或更大的整数。"))


def _bands(item: Item) -> Iterable[Problem]:
    if not item.bands:
        return
    if len(item.bands) > MOST_BANDS:
        yield Problem("mode", sentence("一项最多 %(n)s 档。", n=MOST_BANDS))
    if known(item.measure) is None:
        yield Problem("measure", sentence("分档扣分要从列表中选一个事实。"))
    if item.few < 0:
        yield Problem("few", sentence("请写 0 或更大的整数。"))
    before, low = None, 0
    for index, band in enumerate(item.bands):
        if before is not None and (band.limit >= before if item.compare == AT_LEAST else band.limit <= before):
            yield Problem(f"bands.{index}.limit", sentence("各档的界限应一档比一档宽，不能相同。"))
        if not low <= band.points <= item.weight:
            yield Problem(f"bands.{index}.points", sentence("越往后的档扣得越多，且不超过分值。"))
        before, low = band.limit, max(low, band.points)
    if not low <= item.otherwise <= item.weight:
        yield Problem("otherwise", sentence("各档之外应扣得最多，且不超过分值。"))


def _grades(sheet: Sheet) -> Iterable[Problem]:
    if len(sheet.grades) > MOST_GRADES:
        yield Problem("grades", sentence("最多 %(n)s 个等级。", n=MOST_GRADES))
    for index, grade in enumerate(sheet.grades):
        place = f"grades.{index}"
        yield from _text(f"{place}.name", grade.name, "grade")
        yield from _text(f"{place}.follows", grade.follows, "grade", needed=False)
        if index and grade.points_from >= sheet.grades[index - 1].points_from:
            yield Problem(f"{place}.points_from", sentence("等级应从高到低，起点分数不能相同。"))
        if not 0 <= grade.points_from <= FULL:
            yield Problem(f"{place}.points_from", sentence("起点应在 0 至 100 分之间。"))
        if not 0 <= grade.ratio <= FULL:
            yield Problem(f"{place}.ratio", sentence("比例应在 0 至 100% 之间。"))
        elif index and grade.ratio > sheet.grades[index - 1].ratio:
            yield Problem(f"{place}.ratio", sentence("低一等的比例不能更高。"))
    if sheet.grades and sheet.grades[-1].points_from:
        yield Problem("grades", sentence("最低一等应从 0 分起，否则有的得分没有等级。"))


def advice(sheet: Sheet) -> tuple[Sentence, ...]:
    """Given a sound sheet, return what practice warns of in it: it may be agreed upon all the same."""
    return tuple(_advice(sheet))


def _advice(sheet: Sheet) -> Iterable[Sentence]:
    steps = [step for item in sheet.items if not item.by_hand for step in item.steps]
    faked = sum(item.weight for item in sheet.items if item.zeroed_by == FALSIFIED and not item.by_hand)
    faked += max((step.points for step in steps if step.measure == FALSIFIED), default=0)
    omitted = max((step.points for step in steps if step.measure.startswith("duty_missed:")), default=0)
    if faked <= omitted:
        told = "弄虚作假扣 %(faked)s 分，不做最多扣 %(omitted)s 分：造假比不做更划算，建议前者扣得更多。"
        yield sentence(told, faked=points_text(faked), omitted=points_text(omitted))
    by_hand = sum(item.weight for item in sheet.items if item.by_hand)
    if by_hand * 2 > FULL:
        told = "人工评分占 %(n)s 分，超过一半：没有事实可以核对的分数容易起争议。"
        yield sentence(told, n=points_text(by_hand))
