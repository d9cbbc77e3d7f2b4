"""The page of the nightly self-check: what is stored otherwise than it comes to, each value with a way to the thing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from flask import Blueprint, g, render_template, url_for

from ops_console.core.caps import STATE_NAMES as CAP_STATES
from ops_console.core.caps import WHY_NAMES
from ops_console.core.explanations import CLASS_NAMES, CLOCK_NAMES, RESULT_NAMES
from ops_console.core.frozen_months import CODE_LENGTH
from ops_console.core.months import STATE_NAMES as MONTH_STATES
from ops_console.core.rechecks import (
    CAP,
    DUTY,
    KIND_NAMES,
    KINDS,
    MONTH,
    RELEASE,
    ROW,
    TALLY,
    TICKET,
    Difference,
)
from ops_console.core.releases import FIELD_NAMES as RELEASE_FIELDS
from ops_console.core.releases import KIND_NAMES as RELEASE_KINDS
from ops_console.core.signatures import OUTCOME_NAMES
from ops_console.services import jobs, rechecks
from ops_console.web import formats
from ops_console.web.database import reading
from ops_console.web.formats import gettext
from ops_console.web.lists import listed, word
from ops_console.web.rights import needs
from ops_console.web.sign_in import console

pages = Blueprint("rechecks", __name__)
HASH = re.compile(r"[0-9a-f]{64}")
FIELD_NAMES = {
    **formats.FIELD_NAMES,
    **RELEASE_FIELDS,
    ROW: "这一行", "n": "件数", "owed": "合同要求做", "readable": "内容可读",
    "contract_id": "合同", "contract_version_id": "合同版本", "state": "状态", "klass": "时段类别", "month": "月份",
    "hour": "小时", "provisional": "暂定", "calendar": "节假日依据", "breaks_at": "超时时刻",
    "raw_breaks_at": "不扣除挂起的超时时刻", "waiting": "等待答复", "from_hospital": "报修时间来自甲方",
    "unproven": "未证实的时间", "blanks": "空缺", "closure": "确认方式", "limit_id": "时限条款",
    "limit_seconds": "时限（秒）", "started_at": "开始", "stopped_at": "停止", "active_seconds": "计入（秒）",
    "result": "结果", "raw_result": "不扣除挂起的结果", "clause": "条款", "task": "任务", "key": "编号",
    "version": "版本", "due_at": "应完成于", "grace_until": "宽限到", "delivered_at": "完成时间",
    "accepted_at": "验收时间", "waived_at": "豁免时间", "waived_by": "豁免人", "waived_reason": "豁免原因",
    "name": "名称", "basis": "依据", "period_start": "期间开始", "period_end": "期间结束", "begun_at": "起算时间",
    "year": "合同年", "requester": "提出人", "side": "一方", "requested_at": "提出时间", "recorded_by": "录入人",
    "sheet_on": "需求单确认日", "held_at": "超额时间", "approved_at": "批准时间", "approved_by": "批准人",
    "accepted_by": "验收人", "returned_at": "退回时间", "why": "退回原因", "way": "超额处理", "document": "文件",
    "fee": "费用（分）", "deferred_at": "推迟时间", "not_before": "不早于", "into": "并入",
    "happened_at": "发生时间", "digest": "结果的 SHA-256", "told_digest": "链上记下的 SHA-256",
    "contract_sha256": "合同部分的 SHA-256", "facts_sha256": "事实的 SHA-256", "revision": "第几版",
    "outcome": "锁定方式", "points": "得分（百分之一分）", "grade": "等级", "payable": "应付（分）",
}  # fmt: skip
# What a stored word means, by kind where the same word means different things.
VALUE_NAMES = {
    TICKET: {**RESULT_NAMES, **CLASS_NAMES, **formats.CLOSURE_NAMES},
    CAP: {**CAP_STATES, **WHY_NAMES, **formats.SIDE_NAMES},
    RELEASE: RELEASE_KINDS,
    MONTH: {**MONTH_STATES, **OUTCOME_NAMES},
}
WORDS = (
    "state",
    "klass",
    "result",
    "raw_result",
    "closure",
    "why",
    "side",
    "kind",
    "outcome",
    "type",
    "channel",
    "mode",
)
PART_NAMES = {**CLOCK_NAMES, **CLASS_NAMES, **RESULT_NAMES}


@pages.app_context_processor
def _for_the_banner() -> dict[str, Any]:
    return {"differing": differing}


def differing() -> int:
    """Return how many things the newest self-check found to differ, for those who can look at them; else 0."""
    guest = g.get("guest")
    if guest is None or not (guest.actor.may("jobs.read") or guest.actor.may("audit.read")):
        return 0
    return console().alarm.differing(reading(), g.now)


@pages.get("/system/differences")
@needs("jobs.read", "audit.read")
def index() -> Any:
    """What the newest self-check looked at and what it found."""
    told = rechecks.told(reading(), g.guest.actor)
    return render_template(
        "rechecks/index.html", told=told, kinds=KINDS, kind_names=KIND_NAMES, status_names=jobs.STATUS_NAMES,
        link=link, about=about, field_name=field_name, value=value,
    )  # fmt: skip


@listed(
    "differences", "自检发现的差异", "jobs.read", "类别", "编号", "名称", "哪一部分", "哪一项", "存的是", "算出来是"
)
def _rows() -> Iterator[tuple[object, ...]]:
    for one in rechecks.told(reading(), g.guest.actor).listed:
        yield (
            word(KIND_NAMES[one.kind]), one.ref, one.name, part(one), field_name(one), value(one, one.stored),
            value(one, one.computed),
        )  # fmt: skip


def link(one: Difference) -> str:
    """Given a difference, return the address of the thing; of one whose row is gone, that of its month."""
    if one.kind == TICKET:
        return url_for("tickets.show", number=one.ref)
    if one.kind == TALLY:
        return url_for("reports.dashboard", month=one.ref)
    if one.kind == CAP:
        return url_for("caps.show", entry_id=one.ref) if _has_row(one) else url_for("caps.index")
    if one.kind == RELEASE:
        return url_for("releases.show", release_id=one.ref) if _has_row(one) else url_for("releases.index")
    if one.kind == DUTY and one.ref.isdigit():
        return url_for("duties.show", duty_id=one.ref)
    if one.kind == DUTY:
        return url_for("duties.index", month=one.ref)
    return url_for("months.show", month=one.ref) if _has_row(one) else url_for("months.index")


def _has_row(one: Difference) -> bool:
    return one.field != ROW or one.stored is True


def about(one: Difference) -> str:
    """Given a difference, return what people call the thing: a number, a month or a name, and which part of it."""
    named = one.ref if one.kind in (TICKET, TALLY, MONTH) else one.name or one.ref
    return " · ".join(text for text in (named, part(one)) if text)


def part(one: Difference) -> str:
    """Given a difference, return which part of the thing it is about, in words."""
    if one.kind not in (TICKET, TALLY):
        return one.part
    return gettext("、").join(gettext(PART_NAMES.get(word, word)) for word in one.part.split("/") if word)


def field_name(one: Difference) -> str:
    """Given a difference, return what its field is called."""
    return gettext(FIELD_NAMES.get(one.field, one.field))


def value(one: Difference, what: str | int | bool | None, *, short: bool = False) -> str:
    """Given a difference and one of its values, return it as people read it: instants in Shanghai, words translated.

    `short`: of a hash the first characters.
    """
    if one.field == ROW:
        return gettext("有这一行" if what else "没有这一行")
    if what is None or what == "":
        return gettext("（空）")
    if isinstance(what, bool):
        return gettext("是" if what else "否")
    text = str(what)
    if one.field in WORDS:
        return gettext(VALUE_NAMES.get(one.kind, {}).get(text, text))
    if short and HASH.fullmatch(text):
        return text[:CODE_LENGTH]
    return formats.instant_in_words(text)
