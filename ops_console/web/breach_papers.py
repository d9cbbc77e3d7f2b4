"""扣款通知 as PDF: the notice to the vendor about a deduction under C-55, once it is upheld and approved.

Not for what stands on it (`services/breach_notices.py`).
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, g, url_for

from ops_console.core.breach_acts import TIME_NAMES, TIMES
from ops_console.core.breach_clocks import BREACHED, MET, UNPROVEN
from ops_console.core.breaches import CATEGORY_NAMES, CLAUSE, MONTH_NAMES, SEES
from ops_console.core.money import amount, in_words
from ops_console.services import breach_notices
from ops_console.services.breach_notices import Notice
from ops_console.web import formats
from ops_console.web.documents import as_pdf
from ops_console.web.formats import gettext
from ops_console.web.rights import needs
from ops_console.web.sign_in import console

pages = Blueprint("breach_papers", __name__)
TITLE = "扣款通知"
LABELS = {
    "number": "案件编号", "contract": "合同", "hospital": "甲方", "vendor": "乙方", "clause": "依据条款",
    "category": "事故类别", **TIME_NAMES, "clock": "上报时限", "statement": "乙方陈述", "finding": "信息科认定",
    "approval": "院内审批", "month": "扣款月份", "rule": "计月口径", "lands_in": "计入结算", "amount": "扣款金额",
    "in_words": "大写", "why": "扣款说明", "objection": "乙方回执", "hospital_stamps": "甲方（盖章）",
    "vendor_stamps": "乙方（盖章）", "vendor_reads": "□ 已阅，无异议　□ 已阅，有异议（另附书面意见）",
    "date_line": "　　　年　　月　　日",
    "blank": "—",
}  # fmt: skip
STRENGTH = (
    "本通知由控制台按认定和审批记录生成，证明力为登录确认；以双方盖章的纸面为准。控制台不自动扣款，由人执行并登记。"
)
CLOCK_TOLD = {
    MET: "%(used)s，未超过 %(limit)s", BREACHED: "%(used)s，超过 %(limit)s",
    UNPROVEN: "乙方自述 %(used)s，未经甲方证实（时限 %(limit)s）",
}  # fmt: skip


@pages.post("/breaches/<path:number>/notice")
@needs(*SEES)
def notice(number: str) -> Any:
    """Print the notice. That it was printed is recorded with the case, for checking the paper later."""
    with console().write() as session:
        book, now = console().book(session), console().now()
        printed = breach_notices.notice(session, book, number, g.guest.actor, now)
        breach_notices.note_printed(session, printed, g.guest.actor, now)
    return as_pdf("deduction", _data(printed), f"{gettext(TITLE)}-{number}", LABELS)


def _data(printed: Notice) -> dict[str, Any]:
    case = printed.case
    server = console().settings.server.public_url.rstrip("/")
    address = server + url_for("documents.verify", number=case.number, code=printed.code)
    place = f"{printed.place} " if printed.place else ""
    fields = {
        "number": case.number, "contract": printed.contract, "hospital": printed.parties[0],
        "vendor": printed.parties[1], "category": gettext(CATEGORY_NAMES[case.category]),
        **{name: formats.exact_time(getattr(case, name)) for name in TIMES},
        "clause": f"{CLAUSE} {place}{printed.clause or gettext('（合同设置没有载明该条文字，见合同原文）')}",
        "clock": _clock(printed), "statement": _statement(printed), "finding": _finding(printed),
        "approval": _signed("breach_approved", case.approved_by, case.approved_at, printed),
        "month": case.month, "rule": gettext(MONTH_NAMES[case.month_rule]), "lands_in": printed.month,
        "amount": f"¥{amount(printed.amount)}", "in_words": in_words(printed.amount),
        "why": formats.render_sentence(printed.line.why), "objection": _answer(printed),
    }  # fmt: skip
    return {
        "title": gettext(TITLE), "fields": fields, "code": console().papers.code(address), "short": printed.code,
        "strength": gettext(STRENGTH),
        "foot": gettext("打印 %(at)s · 审计链 #%(seq)s · 校验码 %(code)s，扫描二维码可核对")
        % {"at": formats.exact_time(g.now), "seq": printed.seq, "code": printed.code},
    }  # fmt: skip


def _clock(printed: Notice) -> str:
    clock = printed.clock
    if clock is None:
        return ""
    limit = formats.span(clock.limit_seconds)
    if clock.stopped_at is None:
        return gettext("至今未上报（时限 %(limit)s）") % {"limit": limit}
    used = formats.span(clock.stopped_at - clock.started_at)
    return gettext(CLOCK_TOLD[clock.result(g.now)]) % {"used": used, "limit": limit}


def _statement(printed: Notice) -> str:
    case = printed.case
    silent = gettext("期限 %(at)s 内未陈述（沉默，不视为同意）") % {"at": formats.exact_time(case.statement_due_at)}
    if case.stated_at is None:
        return silent
    told = gettext("已于 %(at)s 陈述") % {"at": formats.exact_time(case.stated_at)}
    return f"{silent}{gettext('；')}{told}" if case.is_silent else told


def _finding(printed: Notice) -> str:
    told = _signed("breach_found", printed.case.found_by, printed.case.found_at, printed)
    return f"{gettext('成立')}{gettext('：')}{printed.finding}\n{told}"


def _signed(kind: str, account: str, at: Any, printed: Notice) -> str:
    told = f"{account} {formats.exact_time(at)}"
    if kind not in printed.resets:
        return told
    mark = gettext("注意：办理人的凭据或角色由他人重置（%(at)s）")
    return f"{told} · {mark % {'at': formats.exact_time(printed.resets[kind])}}"


def _answer(printed: Notice) -> str:
    if printed.acknowledged_at is None:
        return ""
    at = formats.exact_time(printed.acknowledged_at)
    return gettext("%(at)s 已阅，有异议（见案件）" if printed.objection else "%(at)s 已阅") % {"at": at}
