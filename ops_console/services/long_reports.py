"""季报 and 年度总结 with the clause matrix: reports over several months.

Not for one month (`services/month_reports.py`), which months (`services/spans.py`) or 验收 (`services/acceptances.py`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from ops_console.core.clause_lines import ClauseLine
from ops_console.core.contract_facts import BROKEN, KEPT, NOT_APPLICABLE, OPEN, OUTCOME_NAMES, UNPROVEN
from ops_console.core.explanations import CLOCK_NAMES
from ops_console.core.months import STATE_NAMES
from ops_console.core.people import Actor
from ops_console.core.report_blocks import (
    Bars,
    Block,
    Chapter,
    Facts,
    Paragraph,
    Points,
    Report,
    Share,
    Signatures,
    Table,
    Word,
    Yuan,
    head,
)
from ops_console.core.sentences import sentence
from ops_console.services.contracts import Book
from ops_console.services.month_chapters import SIGNATURE_BOXES
from ops_console.services.month_reports import reading_of
from ops_console.services.report_tables import NOTHING, case_table
from ops_console.services.spans import Span, quarter_months, span, year_span

TOP = 10
HAND = sentence("（手填）")
HANDED_OVER = (
    "合同与补充协议", "月度考核证据包", "服务目录与资产台账", "账号与口令（封存）", "文档与视频", "备份与恢复记录",
    "审计链导出与锚点",
)  # fmt: skip
# How a clause's months add up: one month not kept and it is not met; nothing happened and it is not concerned.
MET, PARTLY, NOT_MET, NOT_CONCERNED = "符合", "基本符合", "不符合", "不涉及"


def quarter_report(
    session: Session, book: Book, contract_id: int, quarter: str, *, actor: Actor, now: datetime
) -> Report:
    """Given a contract and a quarter such as `2026Q3`, return its report."""
    title = sentence("%(quarter)s 运维季报", quarter=quarter.upper())
    found = span(session, book, contract_id, quarter_months(quarter), title, actor=actor, now=now)
    return report_of(found, QUARTER_CHAPTERS)


def year_report(session: Session, book: Book, contract_id: int, year: str, *, actor: Actor, now: datetime) -> Report:
    """Given a contract and a year such as `2026`, return the summary of the contract year that begins in it."""
    title = sentence("%(year)s 年度总结", year=year)
    return report_of(year_span(session, book, contract_id, year, title, actor=actor, now=now), YEAR_CHAPTERS)


def report_of(found: Span, chapters: Iterable[tuple[str, object]]) -> Report:
    """Given months and chapters, return the report."""
    terms, last = found.terms, found.screens[-1]
    return Report(
        title=found.title, subtitle=sentence("%(name)s（%(number)s）", name=terms.name, number=terms.number),
        cover=Facts((
            ("甲方", terms.hospital), ("乙方", terms.vendor), ("期间", f"{found.names[0]} – {found.names[-1]}"),
            ("已锁定月份", Share(sum(s.month.state == "locked" for s in found.screens), len(found.screens))),
            ("数据截至", last.month.assessment.as_of),
        )),
        chapters=tuple(Chapter(title, tuple(make(found))) for title, make in chapters),  # type: ignore[operator]
        reading=reading_of(last), file_name=f"{terms.number}-{found.names[0]}-{found.names[-1]}",
    )  # fmt: skip


# -- chapters ---------------------------------------------------------------------------------------------------------


def _trend(found: Span) -> Iterable[Block]:
    for limit in found.terms.limits:
        rows = []
        for screen in found.screens:
            line = next((one for one in screen.month.assessment.limits if one.limit == limit.id), None)
            if line is not None:
                kept = Share(line.kept, line.population)
                rows.append((screen.month.life.month, kept, len(line.broken), len(line.unproven), len(line.open)))
        name = f"{limit.id} {CLOCK_NAMES[limit.clock]}"
        yield Table(
            name, head("2 3 >2 >2 >2", "月份", "已证实（计入）", "超时", "未证实", "未结"), tuple(rows), NOTHING
        )
    labels = found.names
    broken = tuple(sum(len(line.broken) for line in s.month.assessment.limits) for s in found.screens)
    yield Bars("各月超时数", labels, (("超时", broken),))


def _problems(found: Span) -> Iterable[Block]:
    counted: Counter[tuple[str, str]] = Counter()
    for screen in found.screens:
        counted.update((t.module, t.cause) for t in screen.month.facts.tickets if t.is_fault)
    rows = tuple(
        (number, Word(module), Word(cause or "未填写"), n)
        for number, ((module, cause), n) in enumerate(counted.most_common(TOP), 1)
    )
    yield Table("前十位故障", head(">1 5 4 >2", "序号", "模块", "原因", "件数"), rows, NOTHING)


def _recurring(found: Span) -> Iterable[Block]:
    again: Counter[tuple[str, str]] = Counter()
    for screen in found.screens:
        again.update((t.module, t.cause) for t in screen.month.facts.tickets if t.recurs)
    rows = tuple((Word(module), Word(cause), n, HAND) for (module, cause), n in again.most_common())
    columns = head("5 4 >2 6", "模块", "原因", "再次发生", "改进措施")
    yield Table("改进事项", columns, rows, sentence("没有 30 天内再次发生的故障。"))


def caps(found: Span) -> Iterable[Block]:
    """Given months, return the use of the yearly caps as of the last of them."""
    rows = []
    for cap in found.screens[-1].month.facts.caps:
        clause = found.terms.clause(cap.clause)
        taken = cap.opening + cap.used + cap.reserved
        rows.append((
            cap.clause, clause.key if clause else "", cap.limit, cap.opening, cap.used, cap.reserved, cap.held,
            max(0, cap.limit - taken),
        ))  # fmt: skip
    columns = head(
        "2 6 >2 >2 >2 >2 >2 >2", "条款", "内容", "上限", "期初", "已核销", "已占用", "超额待商定", "剩余",
    )  # fmt: skip
    yield Table("年度额度核销表", columns, tuple(rows), sentence("合同里没有年度额度，或还没有登记。"))
    yield Paragraph(sentence("额度是甲方免费要求的上限；用不满不算乙方未完成。"))


def _security(found: Span) -> Iterable[Block]:
    cases = {case.number: case for screen in found.screens for case in screen.month.facts.cases}
    yield case_table(cases.values(), "没有安全事故线索。")
    last = {duty.id: duty for screen in found.screens for duty in screen.month.facts.duties}
    mine = [duty for duty in last.values() if "C-42" <= duty.clause <= "C-51"]
    states = Counter(duty.state for duty in mine)
    told = sentence("信息安全义务 %(n)s 项，按期 %(kept)s 项，迟 %(late)s 项，缺 %(missed)s 项。",
                    n=len(mine), kept=states[KEPT], late=states["late"], missed=states["missed"])  # fmt: skip
    yield Paragraph(told)


def money(found: Span) -> Iterable[Block]:
    """Given months, return what each scored and pays, and the sum."""
    rows, paid = [], 0
    for screen in found.screens:
        assessment, sums = screen.month.assessment, screen.month.assessment.money
        deducted = sum(line.amount for line in sums.lines)
        paid += sums.payable or 0
        rows.append((
            screen.month.life.month, Word(STATE_NAMES[screen.month.state]), _points(assessment.points),
            assessment.grade, yuan(sums.fee), Yuan(-deducted) if deducted else "", yuan(sums.payable),
        ))  # fmt: skip
    columns = head("2 3 >2 2 >3 >3 >3", "月份", "状态", "得分", "等级", "运维费用", "扣款", "应付")
    yield Table("各月考核与应付", columns, tuple(rows), NOTHING)
    yield Paragraph(sentence("各月应付合计 %(sum)s 元。", sum=Yuan(paid)), strong=True)


def _points(hundredths: int | None) -> object:
    return Points(hundredths) if hundredths is not None else "—"


def yuan(fen: int | None) -> object:
    """Given 分, return what a report shows; a sum nobody knows is a dash."""
    return Yuan(fen) if fen is not None else "—"


def matrix(found: Span) -> Table:
    """Given a span, return every clause with its outcome in each month and in all (domain §2.7)."""
    rows = []
    for clause in found.terms.clauses:
        lines = lines_of(found, clause.id)
        cells = [Word(OUTCOME_NAMES[line.outcome]) if line else "" for line in lines]
        rows.append((clause.id, clause.key, *cells, Word(conclusion([line for line in lines if line]))))
    widths = " ".join(["2", "5", *("2" for _ in found.names), "3"])
    columns = head(widths, "条款", "内容", *found.names, "合计")
    return Table("条款矩阵", columns, tuple(rows), sentence("合同数据里没有条款清单。"))


def lines_of(found: Span, clause_id: str) -> list[ClauseLine | None]:
    """Given months and a clause, return its line in each month, None where the contract then had no such clause."""
    return [screen.month.assessment.line_of(clause_id) for screen in found.screens]


def conclusion(lines: Sequence[ClauseLine]) -> str:
    """Given a clause's months, return what they come to: 符合, 基本符合, 不符合 or 不涉及.

    Never broken: met. Broken in some months and kept nine times in ten overall: partly. Else not met.
    """
    happened = [line for line in lines if line.outcome != NOT_APPLICABLE]
    if not happened:
        return NOT_CONCERNED
    if not any(line.outcome in (BROKEN, UNPROVEN, OPEN) for line in happened):
        return MET
    kept, owed = sum(line.numerator for line in happened), sum(line.denominator for line in happened)
    return PARTLY if owed and kept * 10 >= owed * 9 else NOT_MET


def _matrix(found: Span) -> Iterable[Block]:
    yield matrix(found)


def _renewal(found: Span) -> Iterable[Block]:
    yield Table(
        "续约建议", head("4 10", "事项", "意见"),
        tuple((Word(name), HAND) for name in ("是否续约", "需要补充的约定", "额度的增减", "费用的增减")), NOTHING,
    )  # fmt: skip


def _handover(found: Span) -> Iterable[Block]:
    names = (
        "合同与补充协议",
        "月度考核证据包",
        "服务目录与资产台账",
        "账号与口令（封存）",
        "文档与视频",
        "备份与恢复记录",
        "审计链导出与锚点",
    )
    rows = tuple((number, Word(name), HAND, HAND) for number, name in enumerate(names, 1))
    yield Table("资料移交清单", head(">1 6 3 6", "序号", "资料", "份数", "存放处"), rows, NOTHING)


def signing(_found: Span) -> Iterable[Block]:
    """Return the boxes that both parties sign in."""
    yield Signatures(tuple((title, "") for title in SIGNATURE_BOXES))


QUARTER_CHAPTERS = (
    ("一、趋势", _trend), ("二、前十位故障与原因", _problems), ("三、额度", caps), ("四、信息安全", _security),
    ("五、改进事项", _recurring), ("六、考核与应付", money), ("七、签字", signing),
)  # fmt: skip
YEAR_CHAPTERS = (
    ("一、考核与应付", money), ("二、时限趋势", _trend), ("三、年度额度核销", caps), ("四、全部条款履行矩阵", _matrix),
    ("五、前十位故障与原因", _problems), ("六、信息安全", _security), ("七、改进事项", _recurring),
    ("八、续约建议", _renewal), ("九、资料移交清单", _handover), ("十、签字", signing),
)  # fmt: skip
