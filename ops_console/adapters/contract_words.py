"""A change of the contract's terms in people's words, for whichever face shows it.

Not for what changed: `core/terms.py` compares versions.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from datetime import timedelta
from itertools import groupby

from ops_console.core.contracts import (
    AMOUNT_NAMES,
    BOUND_NAMES,
    EVENT_NAMES,
    KIND_NAMES,
    MONTH_OF_NAMES,
    PERIOD_NAMES,
    RESPONSIBILITY_NAMES,
    SCOPE_NAMES,
    TimeLimit,
)
from ops_console.core.explanations import CLASS_NAMES, CLOCK_NAMES
from ops_console.core.explanations import EVENT_NAMES as CLOCK_EVENTS
from ops_console.core.money import NODE_NAMES, amount
from ops_console.core.terms import Change

TERM_NAMES = {
    "number": "合同编号", "name": "名称", "hospital": "甲方", "vendor": "乙方", "starts_on": "合同起始日",
    "ends_on": "合同终止日", "counts_from": "本版本起计日", "zone": "时区", "hours": "工作时段",
    "breaks": "休息时段",
    "limit_seconds": "限时", "clock": "时限", "clause": "合同位置", "basis": "依据", "text": "原文",
    "start_event": "从", "stop_event": "到", "types": "适用类型", "except_types": "除外类型", "needs_onsite": "需到场",
    "classes": "类别",
    "class_rule": "类别规则", "pausable": "挂起可扣除", "holidays": "放假", "workdays": "调休上班", "id": "编号",
    "year": "年份", "undeclinable": "不得驳回的类型", "prompt_minutes": "即时录入（分钟）",
    "silence_workdays": "默认确认（工作日）", "exception_to": "优先于", "go_live_on": "上线日", "section": "合同位置",
    "key": "关键词", "bound": "约束谁", "kind": "种类", "rule": "规则", "signs": "由谁认可", "evidence": "凭证",
    "duplicate_of": "重复于", "responsibility": "主责或协助", "limit": "每年次数", "agreement_first": "先达成协议",
    "scope": "哪些算一次", "no_refusal": "不得拒绝", "amount": "金额", "month_of": "扣哪个月", "approval": "审批",
    "outages": "故障本身算安全事故", "period": "周期", "event": "触发的事", "count": "次数", "minutes": "分钟内",
    "same_day": "当日", "grace_days": "宽限天数", "due_days": "期满后几天到期", "min_gap_days": "最少间隔天数",
    "question": "问题", "matters": "影响", "sentence": "答案", "sets": "改动哪些", "clauses": "条款",
    "used": "已用次数", "document": "依据文件", "annual": "合同年费用", "months": "个别月份费用", "share": "比例",
    "condition": "条件",
    "legal_basis": "法律依据", "lock_workday": "第几个工作日冻结", "answer_workdays": "乙方答复（工作日）",
    "sample_size": "每月抽查件数", "security_minutes": "安全事件上报（分钟）", "penalty_month_of": "扣哪个月",
    "limits_told": "医院上报时限（分钟）", "at_risk": "评分扣款上限", "pay_days": "付款天数",
}  # fmt: skip
# Lists of parts with a name of their own: one that is wholly new, or gone, is told as one.
WHOLES = {
    "limits": "text", "readings": "text", "clauses": "rule", "questions": "question", "openings": "used",
    "nodes": "condition", "overrides": "holidays",
}  # fmt: skip
LISTED = re.compile(r"(\w+)\[([^\]]*)\]")
CODES = {
    **CLOCK_EVENTS, **CLOCK_NAMES, **CLASS_NAMES, **KIND_NAMES, **BOUND_NAMES, **RESPONSIBILITY_NAMES, **PERIOD_NAMES,
    **AMOUNT_NAMES, **MONTH_OF_NAMES, **EVENT_NAMES, **{code: name for code, name in SCOPE_NAMES.items() if code},
}  # fmt: skip
PERCENT = ("share", "at_risk")
Say = Callable[[str], str]
Show = Callable[[object], str]


def shown(changes: Iterable[Change]) -> tuple[Change, ...]:
    """Given changes, return them with each wholly new part, or one wholly gone, told as one: its main words alone."""
    found: list[Change] = []
    for part, group in groupby(changes, key=_part):
        of_part = tuple(group)
        told = _as_one(part, of_part)
        found += [told] if told else of_part
    return tuple(found)


def _part(change: Change) -> str:
    listed = LISTED.match(change.path)
    return listed[0] if listed else change.path


def _as_one(part: str, changes: tuple[Change, ...]) -> Change | None:
    """No part is without its main words: where they are new, or gone, the whole part is."""
    main = f"{part}.{WHOLES.get(part.partition('[')[0], '')}"
    words = next((change for change in changes if change.path == main), None)
    return words if words and len(changes) > 1 and None in (words.old, words.new) else None


def change_name(change: Change, say: Say) -> str:
    """Given a change and what translates, return its place in people's words: `C-16 限时` rather than a path."""
    field = change.path.rpartition(".")[2].partition("[")[0]
    of = [name for _list, name in LISTED.findall(change.path) if name]
    return " ".join((*of, say(TERM_NAMES.get(field, field))))


def change_value(change: Change, side: str, say: Say, show: Show) -> str:
    """Given a change, `old` or `new`, what translates and what shows a duration, return that value in people's words.

    What is not there on that side, as with an added clause, is the empty text.
    """
    value, field = getattr(change, side), change.path.rpartition(".")[2]
    if value is None:
        return ""
    if field == "limit_seconds":
        return show(timedelta(seconds=int(value)))
    if field == "annual":
        return amount(int(value))
    if field in PERCENT:
        return f"{int(value) / 100:g}%"
    if value in ("True", "False"):
        return say("是" if value == "True" else "否")
    if field == "kind" and change.path.startswith("nodes"):
        return say(NODE_NAMES.get(value, value))
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


def limit_types(limit: TimeLimit, say: Say) -> str:
    """Given a time limit and what translates, return in people's words which tickets it is about."""
    names = say("、").join(map(say, limit.types or limit.except_types))
    told = names if limit.types else say("除%(names)s以外的各类") % {"names": names} if names else say("各类工单")
    return told + (say("（需到场）") if limit.needs_onsite else "")
