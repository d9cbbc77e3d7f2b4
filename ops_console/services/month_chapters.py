"""The chapters of a month's papers: 运维月报 with its sixteen (domain §2.7), 考核表, 签字页, 额度核销表.

Not for whose month or for recording that a paper left (`services/month_reports.py`), nor for setting one.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from ops_console.core.contract_facts import BROKEN, OUTCOME_NAMES, UNPROVEN
from ops_console.core.explanations import CLOCK_NAMES
from ops_console.core.money import amount
from ops_console.core.report_blocks import (
    Bars,
    Block,
    Facts,
    Paragraph,
    Points,
    Share,
    Signatures,
    Table,
    Word,
    Yuan,
    head,
)
from ops_console.core.sentences import sentence
from ops_console.services.months import Screen
from ops_console.services.report_tables import (
    NOTHING,
    SIDES,
    Source,
    case_table,
    clause_table,
    dispute_table,
    duty_table,
    money_table,
    sheet_table,
)

SIGNATURE_BOXES = ("甲方（盖章）", "甲方代表", "乙方（盖章）", "乙方代表")


def chain_head(screen: Screen) -> str:
    """Given a month's screen, return the beginning of the chain's head at its freezing, "" for a draft."""
    if screen.month.row is None:
        return ""
    return str(json.loads(screen.month.row.facts.split("\n", 1)[0])["chain_head"])[:12]


def _readings(source: Source) -> Iterable[Block]:
    terms = source.screen.month.basis.terms
    rows = tuple((one.id, one.clause, Word(one.basis), one.text) for one in terms.readings)
    yield Table("口径", head("1 2 2 8", "编号", "条款", "依据", "内容"), rows, NOTHING)


def _summary(source: Source) -> Iterable[Block]:
    found, money = source.screen.month.assessment, source.screen.month.assessment.money
    broken = sum(len(line.broken) for line in found.limits)
    judged = sum(line.population for line in found.limits)
    pairs: list[tuple[str, object]] = [
        ("工单", len(source.tickets)), ("时限达标", Share(sum(line.kept for line in found.limits), judged)),
        ("超时", broken), ("得分", Points(found.points) if found.points is not None else "—"),
        ("应付", Yuan(money.payable) if money.payable is not None else "—"),
    ]  # fmt: skip
    yield Facts(tuple(pairs))
    if money.payable is not None:
        yield Paragraph(sentence("应付金额人民币%(words)s。", words=money.words), strong=True)
    yield Paragraph(
        sentence(
            "本月有 %(n)s 个时限超时，%(m)s 个时间未证实。", n=broken, m=sum(len(one.unproven) for one in found.limits)
        )
    )
    yield from _final(source.screen)
    credit = source.screen.credibility
    yield Paragraph(
        sentence("报修时间由医院一方登记的 %(n)s／%(total)s 件。", n=credit.from_hospital, total=credit.reports)
    )
    yield Paragraph(
        sentence("有 %(n)s 条异议，%(m)s 条未答复。", n=len(source.screen.disputes), m=source.screen.open_disputes)
    )


def _final(screen: Screen) -> Iterable[Block]:
    """What landed after the contract's last month, told with that month once it is over."""
    final = screen.final
    if final is None:
        return
    if final.is_empty:
        yield Paragraph(sentence("这是合同的最后一个月，之后没有结转、更正和扣款。"))
        return
    yield Paragraph(
        sentence(
            "这是合同的最后一个月；合同终期结算（%(month)s）另计结转时限 %(a)s 个、更正 %(b)s 个、到期义务 %(c)s 项、"
            "扣款 %(sum)s 元。",
            month=final.month.life.month, a=final.carried, b=final.corrected, c=final.duties,
            sum=amount(final.deducted),
        ),
        strong=True,
    )  # fmt: skip


def _ticket_counts(source: Source) -> Iterable[Block]:
    types = Counter(ticket.type for ticket in source.tickets)
    ordered = sorted(types.items(), key=lambda pair: (-pair[1], pair[0]))
    yield Bars("按类型", tuple(name for name, _ in ordered), (("件", tuple(n for _, n in ordered)),))
    for name, field in (("按模块", "module"), ("按渠道", "channel"), ("按处理方式", "mode")):
        counted = Counter(getattr(ticket, field) for ticket in source.tickets)
        rows = tuple((Word(key or "未填写"), n) for key, n in sorted(counted.items(), key=lambda p: (-p[1], p[0])))
        yield Table(name, head("6 >2", name, "件数"), rows, NOTHING)
    open_ones = sum(ticket.restored_at is None and not ticket.withdrawn for ticket in source.tickets)
    yield Paragraph(sentence("截至冻结或现在仍未恢复的 %(n)s 件。", n=open_ones))


def _limits(source: Source) -> Iterable[Block]:
    found = source.screen.month.assessment
    names = {tile.limit.id: tile.limit for tile in source.screen.tiles}
    rows = tuple(
        (
            f"{line.limit}", Word(CLOCK_NAMES[line.clock]), names[line.limit].limit_seconds // 60,
            Share(line.kept_raw, line.population), Share(line.kept_adjusted, line.population),
            Share(line.kept, line.population), len(line.broken), len(line.unproven), len(line.open), len(line.carried),
            len(line.corrected),
        )
        for line in found.limits
    )  # fmt: skip
    columns = head(
        "2 2 >2 >3 >3 >3 >2 >2 >2 >2 >2",
        "条款",
        "时限",
        "限时（分）",
        "原始",
        "扣除挂起",
        "已证实（计入）",
        "超时",
        "未证实",
        "未结",
        "结转",
        "更正",
    )
    yield Table("时限达标", columns, rows, NOTHING)
    yield Table("未达标明细", MISSES, tuple(_misses(source)), sentence("没有超时或未证实的时限。"))


MISSES = head("1 4 6 2 >3 6", "条款", "单号", "标题", "结果", "用时", "乙方说明")


def _misses(source: Source) -> Iterable[tuple[object, ...]]:
    said = source.screen.explanations
    for one in source.judged:
        if one.outcome in (BROKEN, UNPROVEN):
            told = said.get(one.target)
            used = timedelta(seconds=one.seconds)
            title, outcome = source.title(one.number), Word(OUTCOME_NAMES[one.outcome])
            yield one.limit, one.number, title, outcome, used, told.text if told else ""


def _faults(source: Source) -> Iterable[Block]:
    faults = [ticket for ticket in source.tickets if ticket.is_fault]
    columns = head("4 4 6 4 4 2", "单号", "模块", "标题", "报修", "恢复", "状态")
    rows = tuple(
        (t.number, Word(t.module), source.title(t.number), t.reported_at, t.restored_at or "", Word(t.state))
        for t in faults
    )
    yield Table("故障", columns, rows, sentence("本月没有故障。"))
    yield case_table(source.screen.month.facts.cases, "没有安全事故线索。普通停机不是合同所说的安全事故。")


def _of_types(*names: str):  # type: ignore[no-untyped-def]
    def make(source: Source) -> Iterable[Block]:
        found = [ticket for ticket in source.tickets if ticket.type in names]
        rows = tuple(
            (t.number, Word(t.type), Word(t.module), source.title(t.number), t.reported_at, Word(t.state))
            for t in found
        )
        columns = head("4 3 4 7 4 2", "单号", "类型", "模块", "标题", "提出", "状态")
        yield Table("缺陷、变更与发布", columns, rows, NOTHING)

    return make


def _duties(source: Source) -> Iterable[Block]:
    yield duty_table("周期与触发义务", source.screen.month.facts.duties)


def _caps(source: Source) -> Iterable[Block]:
    terms = source.screen.month.basis.terms
    rows = []
    for cap in source.screen.month.facts.caps:
        clause = terms.clause(cap.clause)
        name = clause.key if clause else ""
        rows.append((cap.clause, name, cap.limit, cap.opening, cap.used, cap.reserved, cap.asked, cap.held))
    columns = head("2 6 >2 >2 >2 >2 >2 >2", "条款", "内容", "上限", "期初", "已核销", "已占用", "拟占用", "超额待商定")
    yield Table("年度额度", columns, tuple(rows), sentence("合同里没有年度额度，或还没有登记。"))
    yield Paragraph(sentence("额度是甲方免费要求的上限；用不满不算乙方未完成。"))


def _training(source: Source) -> Iterable[Block]:
    clauses = ("C-13", "C-24", "C-30", "C-35")
    yield duty_table("培训与文档", [duty for duty in source.screen.month.facts.duties if duty.clause in clauses])


def _attendance(source: Source) -> Iterable[Block]:
    names = {
        "absent_half_days": "未经批准缺岗（半天）", "arrived_late_at_work": "驻场迟到",
        "engineer_changed": "责任工程师未按约定更换", "engineer_vacant_days": "责任工程师空缺（天）",
    }  # fmt: skip
    entries = [entry for entry in source.screen.month.facts.entries if entry.name in names]
    rows = tuple(
        (names[e.name], e.numerator, e.denominator, Word(SIDES[e.side]), Word("是" if e.confirmed else "否"))
        for e in entries
    )
    columns = head("6 >2 >2 2 3", "事项", "发生", "总数", "录入方", "对方已确认")
    yield Table("驻场考勤", columns, rows, sentence("本月没有录入考勤。"))


def _satisfaction(source: Source) -> Iterable[Block]:
    rated = Counter(ticket.rating for ticket in source.tickets if ticket.rating)
    labels = tuple(str(stars) for stars in (5, 4, 3, 2, 1))
    yield Bars("满意度", labels, (("件", tuple(rated[int(label)] for label in labels)),))
    count, total = sum(rated.values()), sum(int(stars) * n for stars, n in rated.items() if stars)
    if count:
        told = f"{(total * 200 + count) // (2 * count) / 100:.2f}"
        yield Paragraph(sentence("%(n)s 件有评分，平均 %(mean)s 星。", n=count, mean=told))
    else:
        yield Paragraph(sentence("本月没有评分。"))
    closed = [ticket for ticket in source.tickets if ticket.is_closed]
    yield Paragraph(
        sentence("重开 %(n)s／%(total)s 件。", n=sum(bool(t.reopenings) for t in source.tickets), total=len(closed))
    )


def _credibility(source: Source) -> Iterable[Block]:
    credit = source.screen.credibility
    grades = Counter(grade for ticket in source.tickets for _, grade in ticket.grades)
    yield Facts((
        ("报修时间由医院一方登记", Share(credit.from_hospital, credit.reports)),
        ("有时间未证实的工单", Share(credit.unproven, credit.reports)),
        ("有补录的工单", Share(credit.late, credit.reports)), ("其中没有凭证", credit.late_bare),
        ("经双方更正", credit.corrections), ("超时默认确认", Share(credit.by_silence, credit.closed)),
    ))  # fmt: skip
    rows = tuple((Word(grade), n) for grade, n in sorted(grades.items()))
    yield Table("时间等级", head("4 >2", "等级", "时间个数"), rows, NOTHING)


def _hospital_side(source: Source) -> Iterable[Block]:
    waiting = [ticket for ticket in source.tickets if ticket.state == "待确认"]
    rows = tuple((t.number, source.title(t.number), t.restored_at or "") for t in waiting)
    columns = head("4 8 4", "单号", "标题", "恢复登记")
    yield Table("待甲方确认", columns, rows, sentence("没有等待甲方确认的工单。"))
    held = sum(any(pause.cause == "甲方原因" for pause in ticket.pauses) for ticket in source.tickets)
    yield Paragraph(sentence("因甲方原因挂起的 %(n)s 件。", n=held))


def _plan(source: Source) -> Iterable[Block]:
    open_ones = [duty for duty in source.screen.month.facts.duties if duty.state == "open"]
    yield duty_table("未结义务", open_ones)
    undone = [ticket for ticket in source.tickets if ticket.agreed_on and ticket.restored_at is None]
    rows = tuple((t.number, source.title(t.number), t.agreed_on.isoformat() if t.agreed_on else "") for t in undone)
    columns = head("4 8 3", "单号", "标题", "约定日")
    yield Table("约定交付", columns, rows, sentence("没有约定了日期而未交付的需求。"))


def _points_line(source: Source) -> Iterable[Block]:
    found = source.screen.month.assessment
    if found.points is not None:
        told = sentence("得分 %(p)s，等级：%(grade)s。", p=Points(found.points), grade=found.grade or "—")
        yield Paragraph(told, strong=True)


def _sheet(source: Source) -> Iterable[Block]:
    yield sheet_table(source.screen)
    yield from _points_line(source)
    yield Paragraph(sentence("评分是补充约定；安全事故扣款（C-55）单列，不进百分制。"))
    yield money_table(source.screen)
    yield dispute_table(source.screen)
    yield Signatures(tuple((title, "") for title in SIGNATURE_BOXES))


def _chain(source: Source) -> Iterable[Block]:
    row = source.screen.month.row
    yield Facts((
        ("链首", chain_head(source.screen) or "—"), ("记录数", row.seq if row else "—"),
        ("结果文件的 SHA-256", row.digest if row else "—"), ("版次", row.revision if row else "—"),
    ))  # fmt: skip
    yield Paragraph(sentence("链与锚点能证明事后改动，不能证明录入时的真实，也不能防止主机管理员读取正在使用的口令。"))
    yield clause_table(source.screen)


CHAPTERS: tuple[tuple[str, Any], ...] = (
    ("一、口径版本", _readings), ("二、摘要", _summary), ("三、工单统计", _ticket_counts), ("四、时限达标", _limits),
    ("五、故障与安全事件", _faults), ("六、缺陷、变更与发布", _of_types("缺陷", "配置变更", "升级发布", "性能优化")),
    ("七、周期义务", _duties), ("八、额度使用", _caps), ("九、培训与文档", _training), ("十、驻场考勤", _attendance),
    ("十一、满意度与投诉", _satisfaction), ("十二、数据可信度", _credibility), ("十三、甲方待办", _hospital_side),
    ("十四、下月计划", _plan), ("十五、考核表与签字", _sheet), ("十六、审计链摘要与条款结果", _chain),
)  # fmt: skip


def _scores(source: Source) -> Iterable[Block]:
    yield sheet_table(source.screen)
    yield from _points_line(source)
    yield money_table(source.screen)
    yield dispute_table(source.screen)


def _sign_page(source: Source) -> Iterable[Block]:
    found, row = source.screen.month.assessment, source.screen.month.row
    yield Facts((
        ("得分", Points(found.points) if found.points is not None else "—"), ("等级", found.grade or "—"),
        ("应付（元）", Yuan(found.money.payable) if found.money.payable is not None else "—"),
        ("大写", found.money.words or "—"),
    ))  # fmt: skip
    digest = row.digest if row else "—"
    told = "双方确认校验码为 %(code)s 的月度考核结果，其文件的 SHA-256 为 %(digest)s。"
    yield Paragraph(sentence(told, code=digest[:12], digest=digest))
    yield Signatures(tuple((title, "") for title in SIGNATURE_BOXES))


MONTH = "month"
PAPERS: dict[str, tuple[str, tuple[tuple[str, Any], ...]]] = {
    MONTH: ("运维月报", CHAPTERS),
    "sheet": ("月度考核表", (("考核结果", _scores), ("时限", _limits), ("签字", _sign_page))),
    "signing": ("签字页", (("签字", _sign_page),)), "caps": ("额度核销表", (("额度", _caps), ("签字", _sign_page))),
}  # fmt: skip
