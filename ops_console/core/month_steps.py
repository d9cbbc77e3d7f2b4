"""What a month waits for, in one sentence: who does what next, and by when.

Not for signing (`core/signatures.py` `next_step`) nor for where a month stands (`core/months.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from ops_console.core.moments import ZONE
from ops_console.core.months import AHEAD, DRAFT, HISTORY, LOCKED, RUNNING, Life
from ops_console.core.sentences import Sentence, sentence


@dataclass(frozen=True)
class InTheWay:
    """What keeps a draft from being frozen: the month before (its name, "" where it is none), readings that collide,
    tickets of a year whose holidays nobody entered.
    """

    before: str = ""
    conflicts: int = 0
    provisional: int = 0


def last_day_of(moment: datetime) -> str:
    """Given the end of a Shanghai day (an instant), return that day, such as `2026-11-06`."""
    return (moment - timedelta(seconds=1)).astimezone(ZONE).date().isoformat()


def waits_for(life: Life, workday: int, live_on: date, way: InTheWay, now: datetime) -> Sentence:
    """Given where a month stands, on which working day it freezes, the go-live day, what is in the way and now, return
    what is next. Of a frozen month only when: who signs is told by its signing.
    """
    if life.state == HISTORY:
        return sentence("起始考核日（%(day)s）之前的月份只作参考，不考核，也不锁定。", day=live_on.isoformat())
    if life.state == AHEAD:
        return sentence("这个月还没有开始。")
    if life.state == LOCKED:
        return sentence("不再重算；之后结清或更正的计入以后的月份。")
    known = {"day": last_day_of(life.freezes_at), "n": workday}
    if life.state == RUNNING:
        return sentence(
            "本月还在进行，下面是到现在为止的数字；月末后双方核对，次月第 %(n)s 个工作日（%(day)s）结束时冻结。",
            **known,
        )
    if life.state == DRAFT and now < life.freezes_at:
        return sentence(
            "%(day)s（第 %(n)s 个工作日）结束时由控制台冻结事实；此前乙方说明未达标的原因，双方还可以更正、确认和提出"
            "异议。", **known,
        )  # fmt: skip
    return _overdue(known["day"], way) if life.state == DRAFT else sentence("等待双方签署。")


def _overdue(day: object, way: InTheWay) -> Sentence:
    """Its day has come and it is not frozen: why not, and who can mend that."""
    if way.conflicts:
        return sentence("应于 %(day)s 冻结，已过期：双方先在“合同条款与口径”排定互相冲突的口径。", day=day)
    if way.provisional:
        return sentence("应于 %(day)s 冻结，已过期：先录入该年的节假日安排，双方确认后再冻结。", day=day)
    if way.before:
        return sentence(
            "应于 %(day)s 冻结，已过期：月度考核按顺序进行，请先冻结 %(month)s。", day=day, month=way.before
        )
    return sentence("应于 %(day)s 冻结，已过期：控制台每天凌晨自动冻结，医院也可以现在冻结。", day=day)
