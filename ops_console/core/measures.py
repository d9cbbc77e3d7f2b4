"""What a month is measured by: the names of facts that a scoring sheet may use, whence each comes, what it means.

Not for counting (`core/measure_counts.py`), for points (`core/scores.py`) nor for finding the facts
(`services/assessments.py` gathers them).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ops_console.core.assessment_facts import MonthFacts
from ops_console.core.measure_counts import LATE, MISSED, OF_TICKETS, entered, of_duties
from ops_console.core.score_facts import NOTHING, PERCENT, VALUE, Measured

RATING = "rating"
FROM_TICKETS, FROM_DUTIES, FROM_ENTRY = "tickets", "duties", "entry"
SOURCE_NAMES = {FROM_TICKETS: "工单", FROM_DUTIES: "义务", FROM_ENTRY: "月度录入"}
OF_TASK = {"duty_missed": MISSED, "duty_late": LATE}
# The tasks that the example sheet looks at: what they are called where the contract lists none of that key.
TASK_NAMES = {
    "inspection": "系统巡检", "reconcile": "对账异常处理", "statistics": "运营数据统计", "check": "备份检查",
    "password": "密码变更", "logs": "操作记录分析", "antivirus": "防病毒检查", "patch": "配合补丁并验证应用",
    "pentest": "渗透测试", "manual": "提供操作说明", "video": "提供操作视频", "remind": "提醒新版本",
    "plan": "提供升级计划", "note": "提供更新内容说明", "faq": "补充常见问题解决方法", "notice": "首页开启告知",
}  # fmt: skip
TASK = re.compile(r"[a-z][a-z0-9_]{0,39}")


@dataclass(frozen=True)
class Measure:
    """One name of the list: what people call it, whence it comes, what bands over it are in (`percent`, `value`).

    From tickets and duties it is counted; of an entry `meaning` tells what a person enters for the month, with
    evidence: so many of so many, or with the unit `value` one number. A name with `takes` is completed by a task's
    key: `duty_missed:inspection`.
    """

    name: str
    title: str
    source: str
    unit: str = PERCENT
    takes: str = ""
    meaning: str = ""


_LIST = (
    Measure("response_work_broken", "工作时间响应超时", FROM_TICKETS),
    Measure("response_work_unproven", "工作时间响应未证实", FROM_TICKETS),
    Measure("response_off_broken", "非工作时间响应超时", FROM_TICKETS),
    Measure("response_off_unproven", "非工作时间响应未证实", FROM_TICKETS),
    Measure("arrival_broken", "到场超时", FROM_TICKETS),
    Measure("arrival_unproven", "到场未证实", FROM_TICKETS),
    Measure("repair_broken", "到场后排除超时", FROM_TICKETS),
    Measure("repair_unproven", "到场后排除未证实", FROM_TICKETS),
    Measure("repair_over_8h", "到场后排除超过 8 小时", FROM_TICKETS),
    Measure("hotline_broken", "热线响应超时", FROM_TICKETS),
    Measure("hotline_unproven", "热线响应未证实", FROM_TICKETS),
    Measure("reopened", "重开", FROM_TICKETS),
    Measure("recurring", "30 天内同模块同原因再次故障", FROM_TICKETS),
    Measure("delivery_late", "需求晚于约定日交付", FROM_TICKETS),
    Measure("late_without_proof", "补录没有凭证", FROM_TICKETS),
    Measure("late_over_24h", "补录超过 24 小时", FROM_TICKETS),
    Measure("with_evidence", "关闭时有应有的凭证", FROM_TICKETS),
    Measure(RATING, "满意度（1 至 5 星）", FROM_TICKETS, unit=VALUE),
    Measure("duty_missed", "义务缺失", FROM_DUTIES, takes="task"),
    Measure("duty_late", "义务迟延", FROM_DUTIES, takes="task"),
    Measure("spot_check_failed", "值班抽查不通", FROM_ENTRY,
            meaning="按值班表随机拨打值班电话，无人接听或不在岗的次数；总数为当月抽查次数。"),
    Measure("inspection_incomplete", "巡检不完整", FROM_ENTRY,
            meaning="清单有缺项或没有结果的巡检次数；总数为当月巡检次数。"),
    Measure("finding_without_ticket", "巡检发现未立工单", FROM_ENTRY,
            meaning="巡检发现的问题中没有立工单的个数；总数为当月发现的问题数。"),
    Measure("vulnerability_overdue", "漏洞逾期未修复", FROM_ENTRY,
            meaning="到约定期限仍未修复的漏洞个数；总数为当月应修复的漏洞数。"),
    Measure("change_failed", "变更失败或回退", FROM_ENTRY,
            meaning="失败或回退的变更次数；总数为当月实施的变更次数。"),
    Measure("availability", "关键模块可用率（%）", FROM_ENTRY, unit=VALUE,
            meaning="关键模块在服务时间内可用的百分数，只扣因乙方原因停用的时间；例如 99.95。"),
    Measure("absent_half_days", "未经批准缺岗（半天）", FROM_ENTRY,
            meaning="驻场工程师缺岗、又没有经批准的替班的半天数；总数为当月应到的半天数。"),
    Measure("arrived_late_at_work", "驻场迟到", FROM_ENTRY,
            meaning="驻场工程师迟到的次数；总数为当月应到的天数。"),
    Measure("engineer_changed", "责任工程师未按约定更换", FROM_ENTRY,
            meaning="没有提前 5 个工作日通知并交接就更换责任工程师的次数。"),
    Measure("engineer_vacant_days", "责任工程师空缺（天）", FROM_ENTRY,
            meaning="没有指定责任工程师的天数；总数为当月天数。"),
    Measure("falsified", "弄虚作假", FROM_ENTRY,
            meaning="经查实的假记录、假签到、假报告的件数；须附查实的凭证。"),
    Measure("complaints", "有效投诉", FROM_ENTRY,
            meaning="经核实属实的投诉件数；总数为当月收到的投诉件数。"),
)  # fmt: skip
MEASURES: Mapping[str, Measure] = {measure.name: measure for measure in _LIST}


def known(name: str) -> Measure | None:
    """Given a measure's name, completed by a task where it takes one, return what the list says of it, or None."""
    base, colon, task = name.partition(":")
    found = MEASURES.get(base)
    if found is None or bool(colon) != bool(found.takes):
        return None
    return found if not colon or TASK.fullmatch(task) else None


def mean_of(name: str, numerator: int, denominator: int) -> str:
    """Given a measure and what it came to, return the value itself where that is a mean, "" where things are counted.

    >>> mean_of("rating", 121, 25), mean_of("availability", 9995, 100), mean_of("reopened", 5, 77)
    ('4.84', '99.95', '')
    """
    found = MEASURES.get(name)
    if found is None or found.unit != VALUE or not denominator:
        return ""
    hundredths = (numerator * 200 + denominator) // (2 * denominator)
    return f"{hundredths // 100}.{hundredths % 100:02d}"


def measure_all(names: Iterable[str], facts: MonthFacts) -> dict[str, Measured]:
    """Given names of measures and a month's facts, return what each came to; an unknown name is missing."""
    return {name: measure(name, facts) for name in dict.fromkeys(names)}


def measure(name: str, facts: MonthFacts) -> Measured:
    """Given a measure's name and a month's facts, return what it came to."""
    found = known(name)
    if found is None:
        return NOTHING
    base, _, task = name.partition(":")
    if found.source == FROM_ENTRY:
        return entered(next((entry for entry in facts.entries if entry.name == base), None))
    if found.source == FROM_DUTIES:
        return of_duties(OF_TASK[base], [duty for duty in facts.duties if duty.task == task])
    return OF_TICKETS[base](facts)
