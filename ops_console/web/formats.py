"""How the pages write things: the request's language, Shanghai dates, durations, counts. No rules."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from functools import cache, lru_cache
from typing import Any
from urllib.parse import urlencode

from flask import Flask, current_app, g, has_request_context, request
from markupsafe import Markup, escape

from ops_console.adapters.translations import LANGUAGES, duration, full_time, percent
from ops_console.core import explanations
from ops_console.core.attachments import KINDS
from ops_console.core.documents import TITLES
from ops_console.core.explanations import CLASS_NAMES, CLOCK_NAMES, CLOSURE_NAMES
from ops_console.core.moments import ZONE, whole
from ops_console.core.people import ROLE_NAMES
from ops_console.core.proofs import CODE_NAMES
from ops_console.core.search import Passage, marked
from ops_console.core.sentences import Sentence
from ops_console.core.tickets import CREDENTIAL_RESET
from ops_console.services.tickets import ANSWERED_AT_ONCE

EVENT_NAMES = {
    "reported": "报修", "responded": "响应", "arrived": "到场签到", "restored": "业务恢复", "confirmed": "医院确认",
    "onsite_decided": "判定是否到场", "restore_rejected": "医院认为未恢复", "reopened": "重开", "suspended": "挂起",
    "suspension_decided": "医院批复挂起", "resumed": "解除挂起", "declined": "驳回", "cancelled": "取消",
    "described": "补充内容", "rated": "满意度", "correction_proposed": "提出更正", "correction_decided": "批复更正",
    "assigned": "转派", "escalated": "问题提升", "linked": "关联工单", "retyped": "改类型",
    "times_accepted": "医院对补录时间的意见", "taken_back": "撤回",
    "class_confirmed": "确认分类", "class_exempted": "说明是否占额度", "class_objected": "对分类提出异议",
    "class_answered": "答复分类异议", "class_ruled": "甲方定类", "order_told": "写明上级文件",
    "attached": "添加附件", "attachment_voided": "附件作废", "attachment_marked": "附件标为含患者信息",
    "printed": "打印单据", "signed_off": "手写签字",
    "flag_found": "发现疑点", "flag_explained": "乙方说明疑点", "flag_reviewed": "医院复核疑点",
    "flag_lapsed": "疑点依据已变",
    "personal_revealed": "查看原文", "personal_reveal_refused": "查看原文被拒", "personal_purged": "清除个人信息",
}  # fmt: skip
FIELD_NAMES = {
    "type": "类型", "needs_onsite": "需到场", "reported_at": "报修时间", "recorded_at": "录入时间",
    "responded_at": "响应时间", "arrived_at": "到场时间", "restored_at": "恢复时间", "confirmed_at": "确认时间",
    "suspended_from": "挂起开始", "suspended_until": "挂起结束", "reason": "原因", "approved": "批准",
    "handler": "处理人", "mode": "处理方式", "rating": "满意度", "module": "系统模块", "department": "报修科室",
    "carrier": "业务载体", "channel": "渠道", "cause": "原因分类", "environment": "环境因素", "asker": "提问人",
    "minutes": "用时（分钟）", "cost_owner": "费用归属", "fixed_version": "修复版本", "assignee": "责任人",
    "level": "提升到",
    "ticket": "工单", "relation": "关系", "merged_into": "并入", "split_off": "拆出", "agreed_on": "约定完成日",
    "split_from": "拆自", "by_silence": "超时默认确认", "without_account": "未登录",
    "confirm": "确认方式", "what": "撤回的操作", "title": "标题",
    "reporter": "报修人", "phone": "联系电话", "description": "问题描述", "split_title": "拆出工单的标题",
    "exempt": "上线告知，不占额度", "wished": "应为", "upheld": "采纳", "order": "上级文件",
    "field": "更正项", "old": "原值", "new": "新值", "process": "处理过程", "suspension_reason": "挂起原因",
    "file_name": "文件", "digest": "SHA-256", "size": "字节数", "kind": "文件种类", "patient": "含患者信息",
    "reported_side": "报修时间来自", "shared_with": "同时用于", "attachment": "附件编号", "purpose": "用途",
    "document": "单据", "shown": "签字内容哈希", "device_time": "设备时间", "strength": "证明力",
    CREDENTIAL_RESET: "凭据或角色由他人重置", "signer": "签字人", "fields": "清除的内容", "of": "所指事件",
}  # fmt: skip
PURPOSE_NAMES = {"evidence": "凭证", "signature": "手写签名"}
WORDS = (
    "type",
    "wished",
    "channel",
    "mode",
    "state",
    "asker",
    "level",
    "relation",
    "cause",
)  # facts whose values are words of the catalogue, where it has them
VALUE_NAMES = {"sample": "周单或抽查"}
GRADE_NAMES = {
    "A": "A：医院一方在控制台登记，由控制台的时钟给出", "B": "B：发生后 15 分钟内录入",
    "C": "C：补录，有佐证", "D": "D：补录，没有佐证", "导入": "导入：双方认可的台账，视为如实",
}  # fmt: skip
SIDE_NAMES = {"hospital": "甲方", "vendor": "乙方", "neutral": "中立方"}
HOLDER_NAMES = {"hospital": "甲方", "vendor": "乙方", "third": "第三方"}


def language() -> str:
    """Return this request's language: chosen by the switch, else Chinese."""
    if not has_request_context():
        return "zh"
    if "language" not in g:
        chosen = request.cookies.get("lang", "zh")
        g.language = chosen if chosen in LANGUAGES else "zh"
    return str(g.language)


def _translations() -> Any:
    return current_app.extensions["console"].translations


def gettext(message: str) -> str:
    """Given a Chinese message, return it in this request's language, places unfilled."""
    return str(_translations().text(message, language()))


def markup(message: str, /, **values: object) -> Markup:
    """Given a message and its values, return it for a template, escaped: the message too, for `_` is asked for data.

    Jinja's own `_` trusts a message as HTML and fills its `%` even without values: a title `<b>` or `100%` would tell.
    """
    return words_of_request()(message, **values)


class Words(dict[str, Markup]):
    """One language's messages, translated and escaped once; what people typed passes through without being kept.

    `marks`: small marks made of such words alone, made once too.
    """

    def __init__(self, translations: Any, chosen: str) -> None:
        self._translations, self._chosen = translations, chosen
        self.marks: dict[tuple[object, ...], Markup] = {}

    def __call__(self, message: str, /, **values: object) -> Markup:
        """Given a message and its values, return it filled."""
        text = self[message]
        return text % values if values else text

    def __missing__(self, message: str) -> Markup:
        """Given a message not met yet, return it, and keep it when it is one of the catalogue's."""
        text = escape(self._translations.text(message, self._chosen))
        if self._translations.knows(message):
            self[message] = text
        return text


def words_of_request() -> Words:
    """Return the messages in this request's language."""
    words: Words | None = g.get("words")
    if words is None:
        words = g.words = current_app.extensions["words"][language()]
    return words


def render_sentence(value: Sentence | object) -> str:
    """Given a Sentence, return it filled, in this request's language."""
    return str(_translations().render(value, language()))


def short_time(at: datetime | None) -> str:
    """Given an instant, return `03-05 09:12` in Shanghai, with the year where it is not this one."""
    if at is None:
        return ""
    local = at.astimezone(ZONE)
    return local.strftime("%m-%d %H:%M" if local.year == g.year else "%Y-%m-%d %H:%M")


WEEKDAYS = ("周一", "周二", "周三", "周四", "周五", "周六", "周日")


def day_name(day: date | str) -> str:
    """Given a day (or its ISO form), return `11-27 周五`, with the year where it is not this one."""
    day = date.fromisoformat(day) if isinstance(day, str) else day
    return f"{day.strftime('%m-%d' if day.year == g.year else '%Y-%m-%d')} {gettext(WEEKDAYS[day.weekday()])}"


STATE_CLASSES = {
    "待响应": "waiting", "处理中": "working", "已到场": "working", "挂起": "paused", "待确认": "restored",
    "已关闭": "closed", "已驳回": "off", "已取消": "off", "已合并": "off", "已撤回": "off",
}  # fmt: skip


def stamp(at: datetime | None) -> Markup:
    """Given an instant, return its short time with the full one on hover. In Python: a list has one a row."""
    if at is None:
        return Markup("")
    local = at.astimezone(ZONE)
    day = f"{local.month:02d}-{local.day:02d} {local.hour:02d}:{local.minute:02d}"
    shown = day if local.year == g.year else f"{local.year:04d}-{day}"
    full = f"{local.year:04d}-{day}:{local.second:02d}"
    return Markup(f'<time datetime="{local.isoformat()}" title="{full}">{shown}</time>')  # noqa: S704 - digits alone


def state_mark(word: str) -> Markup:
    """Given a ticket's state, return its dot and word."""
    return Markup('<span class="state state-{}">{}</span>').format(STATE_CLASSES[word], markup(word))


def settled_chip(kind: str, result: str) -> Markup:
    """Given a stopped clock's kind and result, return its chip: name and result in words."""
    look = {"breached": "broken", "unproven": "unproven"}.get(result, "met")
    words = markup(CLOCK_NAMES[kind]), markup(explanations.RESULT_NAMES[result])
    return Markup('<span class="chip chip-{}">{} <b>{}</b></span>').format(look, *words)


# kind of event -> the key that selects its button on a ticket's page
KEYS = {
    "responded": "r", "arrived": "a", "restored": "e", "confirmed": "c", "restore_rejected": "x", "suspended": "s",
    "resumed": "u", "reopened": "o", "declined": "d", "cancelled": "q",
}  # fmt: skip


def key_of(kind: str) -> Markup:
    """Given a kind of event, return the attribute that gives its button a key, or nothing."""
    return Markup(' data-key="{}"').format(KEYS[kind]) if kind in KEYS else Markup("")


def kept(make: Callable[..., Markup]) -> Callable[..., Markup]:
    """Given a maker of small marks from few words of ours, return it remembering what it made in each language."""

    def remembered(*words: str) -> Markup:
        known, key = words_of_request().marks, (make, *words)
        if key not in known:
            known[key] = make(*words)
        return known[key]

    return remembered


def hits_in(passage: Passage) -> Markup:
    """Given a text of the search, return it, what was found marked."""
    runs = (Markup("<mark>{}</mark>").format(run) if is_hit else run for run, is_hit in passage.runs)
    return Markup("").join(runs)


def hits(text: str, words: Sequence[str]) -> str | Markup:
    """Given a text and the words looked for, return it, what was found marked; as it is without words."""
    return hits_in(marked(text, words)) if words else text


def exact_time(at: datetime | None) -> str:
    """Given an instant, return it in Shanghai to the second."""
    return "" if at is None else at.astimezone(ZONE).strftime("%Y-%m-%d %H:%M:%S")


def span(value: timedelta | int | None) -> str:
    """Given seconds or a timedelta, return a duration in words."""
    if value is None:
        return ""
    return duration(int(value.total_seconds()) if isinstance(value, timedelta) else value, language())


def fact(name: str, value: object) -> str:
    """Given an event's fact, return its value as people write it."""
    if value is None or value == "":
        return ""
    if isinstance(value, bool) or value in ("true", "false"):
        return gettext("是" if value in (True, "true") else "否")
    if name in ("digest", "shown"):
        return f"{value}"[:12]
    if name == "document":
        return gettext(TITLES.get(str(value), str(value)))
    if name == "strength":
        return gettext("手写签名")
    if name == "kind" and value in KINDS:
        return gettext(KINDS[str(value)].title)
    if name == "purpose":
        return gettext(PURPOSE_NAMES.get(str(value), str(value)))
    if isinstance(value, list):
        return "、".join(map(str, value))
    if name == "reported_side":
        return gettext(SIDE_NAMES.get(str(value), str(value)))
    if name == "field":
        return gettext(FIELD_NAMES.get(str(value), str(value)))
    if name == "fields":
        return gettext("、").join(fact("field", part) for part in str(value).split(","))
    if name in WORDS or (name == "confirm"):
        return gettext(VALUE_NAMES.get(str(value), str(value)))
    if name == "what":
        return gettext(EVENT_NAMES.get(str(value), str(value)))
    return instant_in_words(str(value))


INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)", re.ASCII)


def instant_in_words(text: str) -> str:
    """Given a text, return the instant that it writes in ISO form as other times are shown; any other text as it is."""
    if not INSTANT.fullmatch(text):
        return text
    try:
        return exact_time(datetime.fromisoformat(text))
    except (ValueError, OverflowError):  # a device may say 2026-13-40, or the year 0001
        return text


def bytes_in_words(size: int) -> str:
    """Given a number of bytes, return it as people write it: `820 B`, `12 KiB`, `3.4 MiB`."""
    if size < 1024:
        return f"{size} B"
    return f"{size / 1024:.0f} KiB" if size < 1 << 20 else f"{size / (1 << 20):.1f} MiB"


def asset_of(app: Flask) -> Callable[[str], str]:
    """Given the app, return what gives a static file's address, with a mark that changes with the console's version."""
    version = _asset_version(app)

    @cache
    def asset(path: str) -> str:
        return f"{app.static_url_path}/{path}?v={version}"

    return asset


def address_of(app: Flask) -> Callable[..., str]:
    """Given the app, return `url_for` for templates: an address without values, of which a page has dozens, is kept."""

    @lru_cache(maxsize=1000)
    def plain(_root: str, endpoint: str) -> str:
        return app.url_for(endpoint)

    def address(endpoint: str, **values: Any) -> str:
        return app.url_for(endpoint, **values) if values else plain(request.script_root, endpoint)

    return address


def here() -> str:
    """Return this page's address; for a form's answer the nearest above it that can be looked at."""
    if request.method in ("GET", "HEAD"):
        return request.full_path.rstrip("?")
    path, addresses = request.path, current_app.url_map.bind("")
    while path and not addresses.test(path, "GET"):
        path = path.rpartition("/")[0]
    return path or "/"


def who(actor: str) -> str:
    """Given who an event or a run was by, return it for people: an account as it is, the console's own in words.

    `系统/root` is a user at the terminal, `扫码/门诊药房` somebody without an account at that place.
    """
    road, slash, rest = actor.partition("/")
    return f"{gettext(road)}/{gettext(rest)}" if slash else gettext(actor)


def rows(**pairs: object) -> str:
    """Given what to narrow it to, return the address of the ticket list. A page has hundreds: url_for is too slow."""
    return f"{request.script_root}/tickets?{urlencode(pairs)}"


def install(app: Flask) -> None:
    """Given the app, give its templates words, dates and counts."""
    env = app.jinja_env
    env.globals |= {"_": markup, "gettext": markup}
    env.filters |= {
        "sentence": render_sentence, "short_time": short_time, "exact_time": exact_time, "full_time": full_time,
        "day_name": day_name,
        "span": span, "who": who, "fact_of": fact, "hits": hits, "bytes": bytes_in_words,
        "iso": lambda at: at.isoformat() if at else "",
    }  # fmt: skip
    env.globals |= {
        "percent": percent, "CLOCK_NAMES": CLOCK_NAMES, "EVENT_NAMES": EVENT_NAMES, "FIELD_NAMES": FIELD_NAMES,
        "SIDE_NAMES": SIDE_NAMES, "CLOSURE_NAMES": CLOSURE_NAMES, "ANSWERED_AT_ONCE": ANSWERED_AT_ONCE,
        "GRADE_NAMES": GRADE_NAMES,
        "CODE_NAMES": CODE_NAMES, "ROLE_NAMES": ROLE_NAMES, "HOLDER_NAMES": HOLDER_NAMES, "CLASS_NAMES": CLASS_NAMES,
        "RESULT_NAMES": {**explanations.RESULT_NAMES, "settled": "已有结果"},
        "asset": asset_of(app), "url_for": address_of(app), "rows": rows, "stamp": stamp, "hits_in": hits_in,
        "key_of": key_of, "state_mark": kept(state_mark), "settled_chip": kept(settled_chip),
        "language": language, "here": here,
    }  # fmt: skip
    app.extensions["words"] = {name: Words(app.extensions["console"].translations, name) for name in LANGUAGES}
    app.context_processor(lambda: {"_": words_of_request()})  # templates find it at once: they ask hundreds of times

    @app.before_request
    def _now() -> None:
        g.now = whole(app.extensions["console"].now())  # every figure of a page is of one whole second
        g.year = g.now.astimezone(ZONE).year


def _asset_version(app: Flask) -> str:
    import hashlib
    from pathlib import Path

    digest = hashlib.sha256()
    for path in sorted(Path(app.static_folder or "").rglob("*")):
        if path.is_file():
            digest.update(f"{path.name}{path.stat().st_size}".encode())
            if path.stat().st_size < 100_000:
                digest.update(path.read_bytes())
    return digest.hexdigest()[:10]
