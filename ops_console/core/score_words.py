"""A scoring sheet in people's words: an item's rule, whence its facts come, how two versions differ.

Not for showing them: a face translates the sentences.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from itertools import pairwise

from ops_console.core.measures import FROM_DUTIES, MEASURES, SOURCE_NAMES, TASK_NAMES, known
from ops_console.core.score_checks import points_text
from ops_console.core.score_facts import PERCENT
from ops_console.core.scores import (
    AT_LEAST,
    AT_MOST,
    BOTH,
    HOSPITAL_ALONE,
    MACHINE,
    ONE_SIDED,
    VENDOR_ALONE,
    Grade,
    Item,
    Sheet,
    Step,
)
from ops_console.core.sentences import Sentence, sentence
from ops_console.core.terms import Terms

OBSERVER_NAMES = {
    BOTH: "双方都能看到", MACHINE: "由系统或第三方记录", HOSPITAL_ALONE: "只有甲方能看到",
    VENDOR_ALONE: "只有乙方能看到",
}  # fmt: skip
ADDED, REMOVED, CHANGED, MOVED = "added", "removed", "changed", "moved"
BY_HAND = "人工评分"
REACHES = {
    (AT_MOST, True): "“%(fact)s”的比例不超过 %(limit)s：%(what)s",
    (AT_MOST, False): "“%(fact)s”不超过 %(limit)s：%(what)s",
    (AT_LEAST, True): "“%(fact)s”的比例达到 %(limit)s：%(what)s",
    (AT_LEAST, False): "“%(fact)s”达到 %(limit)s：%(what)s",
}
Tasks = Mapping[str, str]


def task_names(terms: Terms | None) -> dict[str, str]:
    """Given the contract's terms (None: none yet), return what its tasks are called, by key; the example's beside."""
    own = {task.key: task.name for clause in terms.clauses for task in clause.tasks} if terms else {}
    return TASK_NAMES | own


def measure_title(name: str, tasks: Tasks) -> Sentence:
    """Given a measure's name and what tasks are called, return what people call it: `义务缺失：月度巡检`."""
    base, _, task = name.partition(":")
    found = MEASURES.get(base)
    title = sentence(found.title) if found else sentence("%(name)s", name=base)
    return sentence("%(title)s：%(task)s", title=title, task=sentence(tasks.get(task, task))) if task else title


def choices(tasks: Tasks, used: Iterable[str] = ()) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Given what tasks are called and names in use, return every measure that may be chosen, by its source."""
    found: dict[str, list[str]] = {}
    for one in MEASURES.values():
        names = [f"{one.name}:{task}" for task in tasks] if one.takes else [one.name]
        found.setdefault(one.source, []).extend(names)
    found[FROM_DUTIES] += [name for name in used if ":" in name and known(name) and name not in found[FROM_DUTIES]]
    return tuple((source, tuple(names)) for source, names in found.items())


def limit_text(measure: str, limit: int) -> str:
    """Given a measure and a band's limit, return the limit as people write it: `3%`, `4.5`."""
    found = known(measure)
    return points_text(limit) + ("%" if found is None or found.unit == PERCENT else "")


def sources_of(item: Item) -> tuple[str, ...]:
    """Given an item, return the names of where its facts come from, each once."""
    if item.by_hand:
        return (BY_HAND,)
    found = [one for name in item.measures if (one := known(name))]
    return tuple(dict.fromkeys(SOURCE_NAMES[one.source] for one in found))


def rule_of(item: Item, tasks: Tasks) -> tuple[Sentence, ...]:
    """Given an item and what tasks are called, return its rule, one sentence a line."""
    return tuple(_lines(item, tasks))


def _lines(item: Item, tasks: Tasks) -> Iterable[Sentence]:
    if item.by_hand:
        yield sentence("不由系统计算；由甲方按办法评分并写明理由")
    elif item.bands:
        yield from _band_lines(item, tasks)
    else:
        yield from (_step_line(step, tasks) for step in item.steps)
    if item.zeroed_by and not item.by_hand:
        yield sentence("有“%(fact)s”时本项记 0 分", fact=measure_title(item.zeroed_by, tasks))
    if item.most:
        yield sentence("最多扣 %(n)s 分", n=points_text(item.most))
    if item.observed_by in ONE_SIDED:
        yield sentence("%(who)s，不影响金额", who=sentence(OBSERVER_NAMES[item.observed_by]))


def _step_line(step: Step, tasks: Tasks) -> Sentence:
    fact, points = measure_title(step.measure, tasks), points_text(step.points)
    if step.free:
        told = "“%(fact)s”每月前 %(free)s 次不扣，以后每次扣 %(points)s 分"
        return sentence(told, fact=fact, free=step.free, points=points)
    return sentence("“%(fact)s”每次扣 %(points)s 分", fact=fact, points=points)


def _band_lines(item: Item, tasks: Tasks) -> Iterable[Sentence]:
    found, fact = known(item.measure), measure_title(item.measure, tasks)
    told = REACHES[item.compare, found is None or found.unit == PERCENT]
    for band in item.bands:
        yield sentence(told, fact=fact, limit=limit_text(item.measure, band.limit), what=_cost(band.points))
    yield sentence("其余：%(what)s", what=_cost(item.otherwise))
    if item.few and item.steps:
        steps = joined(_step_line(step, tasks) for step in item.steps)
        yield sentence("总数不足 %(n)s 时改为：%(rule)s", n=item.few, rule=steps)
    elif item.few:
        yield sentence("总数不足 %(n)s 时不扣分，并注明", n=item.few)


def _cost(points: int) -> Sentence:
    return sentence("扣 %(points)s 分", points=points_text(points)) if points else sentence("不扣")


# -- two versions -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class SheetChange:
    """One difference between two versions: what it is about, how it was and how it is (None: there is none)."""

    kind: str
    about: Sentence
    old: Sentence | None = None
    new: Sentence | None = None


FIELD_NAMES = {
    "group": "分组", "name": "名称", "weight": "分值", "clauses": "条款", "basis": "依据", "rule": "办法原文",
}  # fmt: skip
RULE_FIELDS = frozenset(one.name for one in fields(Item)) - FIELD_NAMES.keys() - {"code"}


def differences(old: Sheet, new: Sheet, tasks: Tasks) -> tuple[SheetChange, ...]:
    """Given two versions and what tasks are called, return how they differ, in the order of the new one."""
    return tuple(_differences(old, new, tasks))


def _differences(old: Sheet, new: Sheet, tasks: Tasks) -> Iterable[SheetChange]:
    if old.name != new.name:
        yield SheetChange(CHANGED, sentence("评分表名称"), _typed(old.name), _typed(new.name))
    before, after = ({item.code: item for item in sheet.items} for sheet in (old, new))
    for code, item in after.items():
        if code not in before:
            yield SheetChange(ADDED, _about(item), None, _whole(item, tasks))
        else:
            yield from _of_item(before[code], item, tasks)
    for code, item in before.items():
        if code not in after:
            yield SheetChange(REMOVED, _about(item), _whole(item, tasks))
    yield from _order(list(before), list(after))
    if old.one_item_a_fact != new.one_item_a_fact:
        yield SheetChange(CHANGED, sentence("同一件事"), _once_word(old), _once_word(new))
    if old.grades != new.grades:
        yield SheetChange(CHANGED, sentence("等级"), _grades(old.grades), _grades(new.grades))


def _of_item(old: Item, new: Item, tasks: Tasks) -> Iterable[SheetChange]:
    for name, title in FIELD_NAMES.items():
        if getattr(old, name) != getattr(new, name):
            about = sentence("%(item)s 的%(field)s", item=_about(new), field=sentence(title))
            yield SheetChange(CHANGED, about, _value(old, name), _value(new, name))
    if any(getattr(old, name) != getattr(new, name) for name in RULE_FIELDS):
        about = sentence("%(item)s 的%(field)s", item=_about(new), field=sentence("扣分办法"))
        yield SheetChange(CHANGED, about, joined(rule_of(old, tasks)), joined(rule_of(new, tasks)))


def _order(old: list[str], new: list[str]) -> Iterable[SheetChange]:
    kept, there = [code for code in old if code in new], [code for code in new if code in old]
    if kept != there:
        yield SheetChange(MOVED, sentence("项目的顺序"), _typed("、".join(kept)), _typed("、".join(there)))


def _about(item: Item) -> Sentence:
    return sentence("%(code)s %(name)s", code=item.code, name=item.name)


def _value(item: Item, name: str) -> Sentence:
    if name == "weight":
        return sentence("%(n)s 分", n=points_text(item.weight))
    if name == "clauses":
        return _typed("、".join(item.clauses))
    return sentence(item.basis) if name == "basis" else _typed(str(getattr(item, name)))


def _typed(text: str) -> Sentence:
    return sentence("%(told)s", told=text) if text else sentence("（没有）")


def _whole(item: Item, tasks: Tasks) -> Sentence:
    told = "%(weight)s 分：%(rule)s"
    return sentence(told, weight=points_text(item.weight), rule=joined(rule_of(item, tasks)))


def _once_word(sheet: Sheet) -> Sentence:
    return sentence("只在一项扣分，取扣得多的") if sheet.one_item_a_fact else sentence("每一项都扣")


def _grades(grades: tuple[Grade, ...]) -> Sentence:
    return joined(
        sentence("%(name)s %(from)s 分起 %(ratio)s%%", **{
            "name": one.name, "from": points_text(one.points_from), "ratio": points_text(one.ratio)
        })
        for one in grades
    )  # fmt: skip


def joined(parts: Iterable[Sentence]) -> Sentence:
    """Given sentences, return them as one, with a semicolon between; none of them is said so."""
    lines = list(parts)
    if not lines:
        return sentence("（没有）")
    told = lines[0]
    for _, following in pairwise(lines):
        told = sentence("%(first)s；%(then)s", first=told, then=following)
    return told
