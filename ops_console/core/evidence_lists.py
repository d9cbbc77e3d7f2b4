"""The lists of an evidence package: one table for each kind of fact, as texts, without anything that people typed.

Not for writing CSV (an adapter). Headings and words are Chinese in every language, with the key of the published format
behind each heading; times are Shanghai's.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from ops_console.core.assessment_facts import MonthFacts
from ops_console.core.assessments import Assessment
from ops_console.core.contract_facts import OUTCOME_NAMES
from ops_console.core.evidence import Evidence, Withheld
from ops_console.core.moments import ZONE
from ops_console.core.money import amount
from ops_console.core.months import ANSWERS, Word

Column = tuple[str, str]
STATES = {**OUTCOME_NAMES, "late": "迟", "missed": "缺", "waived": "豁免"}
SIDES = {"hospital": "甲方", "vendor": "乙方", "neutral": "第三方"}
CLASSES = {"work": "工作时间", "off": "非工作时间"}
WORD_NAMES = {"explained": "乙方说明", "adjusted": "甲方调整", "objected": "异议", "answered": "答复"}
CODES: dict[str, dict[str, str]] = {
    "outcome": {**STATES, **ANSWERS}, "raw_outcome": STATES, "was": STATES, "state": STATES, "side": SIDES,
    "klass": CLASSES,
}  # fmt: skip
MONEY = ("amount",)


@dataclass(frozen=True)
class Table:
    """One list: the file's name, its columns as (heading, key), and its rows as objects with these keys."""

    name: str
    columns: tuple[Column, ...]
    rows: Sequence[Any]

    @property
    def headings(self) -> list[str]:
        """The header row: `单号 number`."""
        return [f"{heading} {key.rpartition('.')[2]}" for heading, key in self.columns]

    def texts(self) -> Iterable[list[str]]:
        """The rows as texts."""
        return ([_text(key, _value(row, key)) for _, key in self.columns] for row in self.rows)


def _value(row: Any, key: str) -> Any:
    for name in key.split("."):
        row = getattr(row, name)
    return row


def _text(key: str, value: Any) -> str:
    words = CODES.get(key.rpartition(".")[2], {})
    if value is None:
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, datetime):
        return value.astimezone(ZONE).strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple):
        return "、".join(_text("", one) for one in value)
    if key.rpartition(".")[2] in MONEY:
        return amount(value).replace(",", "")
    text = str(value)
    return words.get(text, text)


TICKETS: tuple[Column, ...] = (
    ("单号", "number"), ("类型", "type"), ("模块", "module"), ("渠道", "channel"), ("类别", "klass"), ("状态", "state"),
    ("报修时间", "reported_at"), ("入账时间", "recorded_at"), ("响应时间", "responded_at"), ("需到场", "needs_onsite"),
    ("到场时间", "arrived_at"), ("恢复时间", "restorations"), ("重开时间", "reopenings"), ("关闭时间", "closed_at"),
    ("关闭方式", "closure"), ("撤销", "withdrawn"), ("撤销时间", "withdrawn_at"), ("未证实的时间", "unproven"),
    ("仅一方可见的时间", "one_sided"), ("甲方报修", "from_hospital"), ("满意度", "rating"), ("原因", "cause"),
    ("方式", "mode"), ("约定完成日", "agreed_on"), ("补录次数", "late_entries"), ("更正次数", "corrections"),
    ("用时分钟", "minutes"), ("费用归属", "cost_owner"), ("有凭证", "has_evidence"), ("合同版本", "terms"),
)  # fmt: skip
CLOCKS: tuple[Column, ...] = (
    ("单号", "number"), ("时限", "limit"), ("时钟", "clock"), ("类别", "klass"), ("所属月份", "month"),
    ("结果", "outcome"), ("计入秒数", "seconds"), ("不扣挂起的结果", "raw_outcome"), ("不扣挂起的秒数", "raw_seconds"),
    ("此前所判", "was"), ("双方可见", "two_sided"),
)  # fmt: skip
CLAUSES: tuple[Column, ...] = (
    ("条款", "clause"), ("种类", "kind"), ("结果", "outcome"), ("分子", "numerator"), ("分母", "denominator"),
)  # fmt: skip
ITEMS: tuple[Column, ...] = (
    ("项目", "scored.code"), ("分值（百分之一分）", "scored.weight"), ("分子", "scored.numerator"),
    ("分母", "scored.denominator"), ("计算应扣", "scored.deducted"), ("实扣", "deducted"),
    ("可影响付款的扣分", "scored.for_money"), ("本月无发生", "scored.empty"), ("缺事实", "scored.missing"),
)  # fmt: skip
DEDUCTIONS: tuple[Column, ...] = (
    ("项目", "code"), ("事实种类", "one.ref.kind"), ("事实编号", "one.ref.id"), ("依据", "one.measure"),
    ("扣分（百分之一分）", "one.points"), ("次数", "one.count"), ("双方可见", "one.two_sided"),
    ("已在此项扣过", "one.instead"),
)  # fmt: skip
DUTIES: tuple[Column, ...] = (
    ("编号", "id"), ("条款", "clause"), ("任务", "task"), ("名称", "name"), ("结果", "state"), ("到期", "due_at"),
    ("完成", "delivered_at"), ("验收", "accepted_at"), ("凭证", "evidence"), ("此前所判", "was"), ("所属月份", "month"),
)  # fmt: skip
CAPS: tuple[Column, ...] = (
    ("条款", "clause"), ("合同年", "year"), ("上限", "limit"), ("起始已用", "opening"), ("已核销", "used"),
    ("已占用", "reserved"), ("拟占用", "asked"), ("超额待商定", "held"),
)  # fmt: skip
CASES: tuple[Column, ...] = (
    ("编号", "number"), ("类别", "category"), ("月份", "month"), ("状态", "state"), ("认定成立", "upheld"),
    ("已执行", "executed"),
)  # fmt: skip
ENTRIES: tuple[Column, ...] = (
    ("事实", "name"), ("发生", "numerator"), ("总数", "denominator"), ("录入方", "side"), ("对方已确认", "confirmed"),
    ("为比值", "is_ratio"), ("凭证", "evidence"),
)  # fmt: skip
PAYMENT: tuple[Column, ...] = (
    ("种类", "kind"), ("条款", "clause"), ("金额（元）", "amount"), ("月份", "month"), ("依据", "basis"),
)  # fmt: skip
WORDS: tuple[Column, ...] = (
    ("编号", "id"), ("种类", "kind"), ("所指", "target"), ("一方", "side"), ("账号", "by"), ("时间", "at"),
    ("改扣（百分之一分）", "deducted"), ("答复的异议", "answers"), ("答复", "outcome"),
)  # fmt: skip
EVIDENCE: tuple[Column, ...] = (
    ("SHA-256", "digest"), ("文件", "name"), ("字节", "size"), ("对象", "subject"), ("编号", "subject_id"),
    ("用途", "purpose"), ("凭证种类", "code"), ("一方", "side"), ("入账时间", "recorded_at"), ("作废时间", "voided_at"),
    ("未放入的原因", "withheld"),
)  # fmt: skip


@dataclass(frozen=True)
class _Deduction:
    code: str
    one: Any


@dataclass(frozen=True)
class _File:
    evidence: Evidence
    withheld: str

    def __getattr__(self, name: str) -> Any:
        return getattr(self.evidence, name)


def tables(
    facts: MonthFacts, found: Assessment, words: Iterable[Word], evidence: Iterable[Evidence],
    withheld: Iterable[Withheld],
) -> tuple[Table, ...]:  # fmt: skip
    """Given a month's facts, what it came to, what was said and its files, return its lists."""
    deductions = [_Deduction(line.scored.code, one) for line in found.items for one in line.scored.deductions]
    reasons = {(one.sha256, one.subject, one.subject_id): one.reason for one in withheld}
    files = [_File(one, reasons.get((one.digest, one.subject, one.subject_id), "")) for one in evidence]
    made: tuple[tuple[str, tuple[Column, ...], Sequence[Any]], ...] = (
        ("tickets", TICKETS, facts.tickets), ("carried", TICKETS, facts.carried), ("clocks", CLOCKS, facts.judged),
        ("clauses", CLAUSES, found.clauses), ("items", ITEMS, found.items), ("deductions", DEDUCTIONS, deductions),
        ("duties", DUTIES, facts.duties), ("caps", CAPS, facts.caps), ("cases", CASES, facts.cases),
        ("entries", ENTRIES, facts.entries), ("payment", PAYMENT, found.money.lines),
        ("objections", WORDS, [_said(word) for word in words]), ("files", EVIDENCE, files),
    )  # fmt: skip
    return tuple(Table(name, columns, rows) for name, columns, rows in made)


@dataclass(frozen=True)
class _Said:
    word: Word
    kind: str

    def __getattr__(self, name: str) -> Any:
        return getattr(self.word, name)


def _said(word: Word) -> _Said:
    return _Said(word, WORD_NAMES.get(word.kind, word.kind))
