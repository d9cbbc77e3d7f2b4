"""A change of the contract's terms in people's words, for whichever face shows it.

Not for what changed: `core/contracts.py` compares versions.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import timedelta

from ops_console.core.explanations import CLASS_NAMES, CLOCK_NAMES, EVENT_NAMES
from ops_console.core.terms import Change

TERM_NAMES = {
    "number": "合同编号", "name": "名称", "hospital": "甲方", "vendor": "乙方", "starts_on": "合同起始日",
    "ends_on": "合同终止日", "counts_from": "本版本起计日", "zone": "时区", "hours": "工作时段",
    "breaks": "休息时段",
    "limit_seconds": "限时", "clock": "时限", "clause": "合同位置", "basis": "依据", "text": "原文",
    "start_event": "从", "stop_event": "到", "types": "适用类型", "except_types": "除外类型", "needs_onsite": "需到场",
    "classes": "类别",
    "class_rule": "类别规则", "pausable": "挂起可扣除", "holidays": "放假", "workdays": "调休上班", "id": "编号",
    "year": "年份", "undeclinable": "不得驳回的类型",
}  # fmt: skip
PLACE = re.compile(r"(?:(limits|readings|overrides)\[([^\]]*)\]\.)?(\w+)")
CODES = {**EVENT_NAMES, **CLOCK_NAMES, **CLASS_NAMES}
Say = Callable[[str], str]
Show = Callable[[object], str]


def change_name(change: Change, say: Say) -> str:
    """Given a change and what translates, return its place in people's words: `C-16 限时` rather than a path."""
    found = PLACE.fullmatch(change.path)
    if found is None:
        return change.path
    return " ".join(part for part in (found[2], say(TERM_NAMES.get(found[3], found[3]))) if part)


def change_value(change: Change, side: str, say: Say, show: Show) -> str:
    """Given a change, `old` or `new`, what translates and what shows a duration, return that value in people's words.

    What is not there on that side, as with an added clause, is the empty text.
    """
    value, field = getattr(change, side), change.path.rpartition(".")[2]
    if value is None:
        return ""
    if field == "limit_seconds":
        return show(timedelta(seconds=int(value)))
    if value in ("True", "False"):
        return say("是" if value == "True" else "否")
    try:
        listed = json.loads(value) if value.startswith("[") else value
    except ValueError:
        listed = value
    if isinstance(listed, list):
        return "；".join(_word(item, say) for item in listed) or say("（没有）")
    return _word(listed, say)


def _word(item: object, say: Say) -> str:
    if isinstance(item, list):
        return "–".join(str(part) for part in item)
    return say(CODES.get(str(item), str(item)))
