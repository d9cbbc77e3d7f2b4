"""履约验收书: every requirement of the contract with its standard, what was done, its evidence and the result.

Fields as public procurement asks for them (政府采购需求管理办法 第24条; `docs` name what is filled in by hand). Not for
months (`services/months.py`).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy.orm import Session

from ops_console.core.people import Actor
from ops_console.core.proofs import CODE_NAMES
from ops_console.core.report_blocks import Block, Facts, Paragraph, Report, Share, Signatures, Table, Word, head
from ops_console.core.sentences import sentence
from ops_console.services.contracts import Book
from ops_console.services.long_reports import HAND, caps, conclusion, lines_of, money, report_of, yuan
from ops_console.services.report_tables import NOTHING
from ops_console.services.spans import Span, year_span


def acceptance(session: Session, book: Book, contract_id: int, year: str, *, actor: Actor, now: datetime) -> Report:
    """Given a contract and a year, return the 履约验收书: each requirement, its standard, the result and its evidence.

    政府采购需求管理办法 Art. 24: every technical and commercial requirement, objective and quantified.
    """
    title = sentence("%(year)s 年度履约验收书", year=year)
    return report_of(year_span(session, book, contract_id, year, title, actor=actor, now=now), ACCEPTANCE_CHAPTERS)


def _basics(found: Span) -> Iterable[Block]:
    terms = found.terms
    yield Facts((
        ("项目名称", terms.name), ("合同编号", terms.number), ("项目编号", HAND), ("采购方式", HAND),
        ("采购人", terms.hospital), ("供应商", terms.vendor), ("采购人统一社会信用代码", HAND),
        ("供应商统一社会信用代码", HAND), ("履约期限", f"{terms.starts_on} – {terms.ends_on}"),
        ("本次验收期间", f"{found.names[0]} – {found.names[-1]}"),
        ("合同金额", yuan(terms.fee.annual if terms.fee else None)),
        ("验收日期", HAND),
    ))  # fmt: skip
    yield Paragraph(sentence("验收方式：资料查验、系统记录复核、抽样回访；依据合同、补充约定和双方确认的口径。"))
    members = tuple((n, HAND, HAND, HAND, HAND) for n in (1, 2, 3))
    yield Table(
        "验收人员（三人以上单数）",
        head(">1 3 5 3 3", "序号", "姓名", "单位、职务", "专业", "是否使用人"),
        members,
        NOTHING,
    )
    yield Paragraph(sentence("货物类验收内容：不涉及。"))


def _requirements(found: Span) -> Iterable[Block]:
    rows = []
    for clause in found.terms.clauses:
        lines = [line for line in lines_of(found, clause.id) if line]
        kept, owed = sum(line.numerator for line in lines), sum(line.denominator for line in lines)
        said = Share(kept, owed) if owed else Word("本期无发生")
        proof = "、".join(f"{code}" for code in clause.evidence)
        rows.append((clause.id, clause.text, clause.rule, said, proof, Word(conclusion(lines))))
    columns = head("2 7 7 3 2 2", "条款", "要求", "标准", "实际", "证据", "结果")
    note = sentence("证据：%(codes)s", codes="；".join(f"{code} {name}" for code, name in CODE_NAMES.items()))
    yield Table("服务类验收内容及结果", columns, tuple(rows), sentence("合同数据里没有条款清单。"), note)


def _conclusion(found: Span) -> Iterable[Block]:
    names = ("存在问题和改进意见", "服务对象意见", "验收小组意见（合格／不合格）", "违约及处理", "异议及处理")
    yield Table("验收结论", head("4 10", "事项", "内容"), tuple((Word(name), HAND) for name in names), NOTHING)
    boxes = ("验收小组成员", "采购人（签章）", "供应商（签章）", "使用人代表")
    yield Signatures(tuple((title, "") for title in boxes))


ACCEPTANCE_CHAPTERS = (
    ("一、项目基本情况与验收方案", _basics), ("二、服务类验收内容及结果", _requirements),
    ("三、分期考核得分与应付", money), ("四、年度额度核销", caps), ("五、验收结论", _conclusion),
)  # fmt: skip
