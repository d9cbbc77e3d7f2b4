"""The words of the sheet that both parties stamp at go-live, as data for the paper.

Not for what stands on it (`services/contract_papers.py`).
"""

from __future__ import annotations

from typing import Any

from flask import g

from ops_console.core.explanations import CLASS_NAMES, EVENT_NAMES
from ops_console.core.money import NODE_NAMES, amount, in_words
from ops_console.core.readings import Conflict
from ops_console.core.terms import Terms, contract_years
from ops_console.services.contract_papers import Answer, GoLive
from ops_console.web import formats
from ops_console.web.formats import gettext

SHORT = 16
HEADS = {
    "contract": "合同", "parties": "双方", "period": "合同期", "live": "上线日", "version": "合同版本",
    "fee": "合同年费用",
    "openings": "期初（上线前已用的额度）", "clause": "条款", "year": "合同年", "used": "已用", "document": "依据",
    "readings": "口径（原文有两种读法的问题）", "question": "问题", "answer": "现行答案", "how": "确认情况",
    "nodes": "付款节点", "hospital_stamps": "甲方（盖章）", "vendor_stamps": "乙方（盖章）",
    "date_line": "　　　年　　月　　日", "signs": "经办人签字", "conflicts": "尚未排定先后的时限",
}  # fmt: skip


def go_live_data(sheet: GoLive) -> dict[str, Any]:
    """Given the sheet, return what the paper is set from: texts alone, in the reader's language."""
    terms = sheet.terms
    return {
        "title": gettext("上线确认单"), "lang": formats.language(),
        "words": {key: gettext(text) for key, text in HEADS.items()},
        "head": _head(sheet), "openings": [_opening(terms, index) for index in range(len(terms.openings))],
        "no_openings": gettext("没有期初：各项额度从零起计。"), "scans": _scans(sheet),
        "readings": [_reading(answer) for answer in sheet.answers],
        "no_readings": gettext("合同设置中没有列出问题。"),
        "conflicts": [conflict_text(one) for one in sheet.conflicts],
        "statement": gettext("双方确认以上内容，作为月度考核的依据；改动须双方另行确认，已签字的月份不变。"),
        "foot": gettext("打印 %(at)s · 版本指纹 %(digest)s · 审计链 #%(seq)s %(head)s") % {
            "at": formats.exact_time(g.now), "digest": sheet.version.confirmed.digest()[:SHORT], "seq": sheet.seq,
            "head": sheet.head[:12],
        },
    }  # fmt: skip


def _head(sheet: GoLive) -> list[list[str]]:
    terms, version = sheet.terms, sheet.version
    live = terms.live_on().isoformat()
    for clause, day in sheet.own_days:
        live += gettext("；%(clause)s 自 %(day)s") % {"clause": clause, "day": day.isoformat()}
    told = gettext("第 %(n)s 版，自 %(day)s 起计；指纹 %(digest)s") % {
        "n": version.version, "day": terms.counts_from.isoformat(), "digest": version.confirmed.digest(),
    }  # fmt: skip
    rows = [
        ("contract", f"{terms.name} · {terms.number}"),
        ("parties", f"{gettext('甲方')} {terms.hospital} · {gettext('乙方')} {terms.vendor}"),
        ("period", gettext("%(a)s 至 %(b)s，共 %(n)s 个合同年")
         % {"a": terms.starts_on, "b": terms.ends_on, "n": len(contract_years(terms))}),
        ("live", gettext("%(days)s；之前的月份只作历史，不考核") % {"days": live}), ("version", told),
        ("fee", _fee(terms)), ("nodes", _nodes(terms)),
    ]  # fmt: skip
    return [[gettext(HEADS[key]), text] for key, text in rows]


def _fee(terms: Terms) -> str:
    if terms.fee is None:
        return gettext("设置中没有写；不计算应付金额")
    return gettext("¥%(sum)s（%(words)s）") % {"sum": amount(terms.fee.annual), "words": in_words(terms.fee.annual)}


def _nodes(terms: Terms) -> str:
    told = (
        " ".join((gettext(NODE_NAMES[node.kind]), f"{node.share / 100:g}%" if node.share else "", node.condition))
        for node in terms.nodes
    )
    return gettext("；").join(" ".join(one.split()) for one in told) or gettext("设置中没有写")


def _opening(terms: Terms, index: int) -> list[str]:
    one = terms.openings[index]
    clause = terms.clause(one.clause)
    named = f"{one.clause} {clause.key}" if clause else one.clause
    return [named, gettext("第 %(n)s 年") % {"n": one.year}, gettext("%(n)s 次") % {"n": one.used}, one.document]


def _scans(sheet: GoLive) -> str:
    standing = [scan for scan in sheet.scans if scan.voided_at is None]
    if not sheet.terms.openings:
        return ""
    if not standing:
        return gettext("注意：还没有挂上期初依据的扫描件。")
    named = gettext("；").join(f"{scan.name} SHA-256 {scan.digest[:SHORT]}" for scan in standing)
    return gettext("扫描件：%(names)s") % {"names": named}


def _reading(answer: Answer) -> list[str]:
    question, view = answer.question, answer.agreed
    how = gettext("默认，双方未另行商定")
    if view is not None:
        how = gettext("双方确认，自 %(day)s 起计（第 %(n)s 版）") % {"day": view.counts_from, "n": view.version}
    return [question.id, question.question, answer.option.sentence, f"{how} · {gettext('、').join(question.clauses)}"]


def conflict_text(conflict: Conflict) -> str:
    """Given a collision, return it as one sentence: of which tickets, what is claimed twice, or by none."""
    about = {
        "type": gettext(conflict.type), "klass": gettext(CLASS_NAMES[conflict.klass]),
        "start": gettext(EVENT_NAMES[conflict.quantity[0]]),
        "stop": gettext(EVENT_NAMES[conflict.quantity[1]]),
        "limits": gettext("、").join(conflict.limits),
    }  # fmt: skip
    if not conflict.limits:
        return gettext("%(type)s、%(klass)s报修：没有从%(start)s到%(stop)s的时限适用") % about
    return gettext("%(type)s、%(klass)s报修，从%(start)s到%(stop)s：%(limits)s 都适用，没有排出先后") % about
