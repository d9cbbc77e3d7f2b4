"""Tables of a month's report that other papers show too: the sheet, the money, clauses, objections, whole lists.

Not for which chapter they stand in (`services/month_reports.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from ops_console.core.assessment_facts import DutyFact, JudgedClock, TicketFact
from ops_console.core.contract_facts import OUTCOME_NAMES
from ops_console.core.contracts import KIND_NAMES
from ops_console.core.explanations import CLASS_NAMES, CLOCK_NAMES
from ops_console.core.months import ANSWERS
from ops_console.core.report_blocks import Points, Share, Table, Word, Yuan, head
from ops_console.core.sentences import sentence
from ops_console.core.settlements import LINE_NAMES
from ops_console.services.months import Screen

SIDES = {"hospital": "甲方", "vendor": "乙方"}
DUTY_STATES = {"kept": "按期", "late": "迟延", "missed": "缺失", "waived": "豁免", "open": "未到期或待验收"}
NOTHING = sentence("本月无发生")


@dataclass(frozen=True)
class Source:
    """What a month's report is made from: the screen, and how each ticket is called."""

    screen: Screen
    shown: dict[str, tuple[str, str, str]]

    @property
    def tickets(self) -> Sequence[TicketFact]:
        """The month's own tickets."""
        return self.screen.month.facts.tickets

    @property
    def judged(self) -> Sequence[JudgedClock]:
        """Every clock judged in the month."""
        return self.screen.month.facts.judged

    def title(self, number: str) -> str:
        """Given a ticket's number, return its title."""
        return self.shown.get(number, ("", "", ""))[0]


def duty_table(name: str, duties: Iterable[DutyFact]) -> Table:
    """Given a table's name (a message) and duties, return them as a table."""
    rows = tuple(
        (
            duty.clause, duty.name, duty.due_at, duty.delivered_at or "", duty.accepted_at or "",
            Word(DUTY_STATES[duty.state]), len(duty.evidence),
        )
        for duty in duties
    )  # fmt: skip
    columns = head("2 6 4 4 4 2 >1", "条款", "义务", "到期", "完成", "验收", "结果", "凭证")
    return Table(name, columns, rows, sentence("本月没有到期的义务。"))


def sheet_table(screen: Screen) -> Table:
    """Given a month's screen, return its scoring sheet as a table: computed, adjusted, what it comes to."""
    sheet, found = screen.month.basis.sheet, screen.month.assessment
    rows: list[tuple[object, ...]] = []
    for item, line in zip(sheet.items if sheet else (), found.items, strict=True):
        happened: object = Share(line.scored.numerator, line.scored.denominator)
        if line.scored.empty:
            happened = Word("本月无发生")
        adjusted = Points(line.deducted) if line.adjustment else ""
        points = Points(item.weight - line.deducted)
        rows.append((
            item.code, item.name, "、".join(item.clauses), Points(item.weight), happened, Points(line.scored.deducted),
            adjusted, points,
        ))  # fmt: skip
    columns = head("1 5 3 >2 >3 >2 >2 >2", "编号", "项目", "条款", "分值", "发生", "计算扣分", "调整为", "得分")
    return Table("考核表", columns, tuple(rows), sentence("还没有双方确认的评分表。"))


def money_table(screen: Screen) -> Table:
    """Given a month's screen, return its money as a table: the fee, each deduction with its basis, what is payable.

    Of the final settlement, which has no fee, what is to be taken from sums unpaid or given back.
    """
    money, is_final = screen.month.assessment.money, screen.month.life.is_final
    rows: list[tuple[object, ...]] = []
    if not is_final:
        rows.append((Word("当月运维费用"), "", "", Yuan(money.fee) if money.fee is not None else "—"))
    rows += [(Word(LINE_NAMES[line.kind]), line.clause, line.basis, Yuan(-line.amount)) for line in money.lines]
    if is_final:
        rows.append((Word("终期应扣"), "", "", Yuan(-sum(line.amount for line in money.lines))))
    else:
        rows.append((Word("应付"), "", money.words, Yuan(money.payable) if money.payable is not None else "—"))
    columns = head("4 2 6 >3", "项目", "条款", "依据", "金额（元）")
    return Table("应付金额", columns, tuple(rows), NOTHING)


def clause_table(screen: Screen) -> Table:
    """Given a month's screen, return every clause with its result: n of N and why."""
    terms = screen.month.basis.terms
    rows = []
    for line in screen.month.assessment.clauses:
        clause = terms.clause(line.clause)
        share: object = Share(line.numerator, line.denominator) if line.denominator else ""
        kind, outcome = Word(KIND_NAMES[line.kind]), Word(OUTCOME_NAMES[line.outcome])
        rows.append((line.clause, clause.key if clause else "", kind, outcome, share, line.why))
    columns = head("2 5 2 2 >2 6", "条款", "内容", "种类", "结果", "n/N", "依据")
    return Table("条款结果", columns, tuple(rows), sentence("合同数据里没有条款清单。"))


def dispute_table(screen: Screen) -> Table:
    """Given a month's screen, return its objections with their answers; an unanswered one is printed, never dropped."""
    rows = []
    for one in screen.disputes:
        answer = Word(ANSWERS[one.answer.outcome]) if one.answer else Word("未答复")
        told = one.answer.text if one.answer else ""
        rows.append((one.objection.target, Word(SIDES[one.objection.side]), one.objection.text, answer, told))
    columns = head("2 2 6 2 5", "针对", "提出方", "异议", "答复", "理由")
    return Table("异议", columns, tuple(rows), sentence("没有异议。"))


def ticket_list(source: Source) -> Table:
    """Given a month, return every ticket of it with its times: for the workbook."""
    columns = head(
        "4 2 3 6 3 2 2 3 3 3 3 3 2 >1",
        "单号",
        "类型",
        "模块",
        "标题",
        "科室",
        "渠道",
        "类别",
        "报修",
        "响应",
        "到场",
        "恢复",
        "确认",
        "状态",
        "评分",
    )
    rows = tuple(
        (
            t.number, Word(t.type), Word(t.module), source.title(t.number), source.shown.get(t.number, ("", "", ""))[1],
            Word(t.channel), Word(CLASS_NAMES[t.klass]), t.reported_at, t.responded_at or "", t.arrived_at or "",
            t.restored_at or "", t.closed_at or "", Word(t.state), t.rating or "",
        )
        for t in source.tickets
    )  # fmt: skip
    return Table("工单清单", columns, rows, NOTHING)


def clock_list(source: Source) -> Table:
    """Given a month, return every clock judged in it: for the workbook."""
    columns = head(
        "2 2 4 2 2 2 >3 >3 2", "条款", "时限", "单号", "类别", "报修月份", "结果", "计入用时", "原始用时", "原结果"
    )
    rows = tuple(
        (
            one.limit, Word(CLOCK_NAMES.get(one.clock, "")), one.number, Word(CLASS_NAMES[one.klass]), one.month,
            Word(OUTCOME_NAMES[one.outcome]), timedelta(seconds=one.seconds), timedelta(seconds=one.raw_seconds),
            Word(OUTCOME_NAMES[one.was]) if one.was else "",
        )
        for one in source.judged
    )  # fmt: skip
    return Table("时限清单", columns, rows, NOTHING)
