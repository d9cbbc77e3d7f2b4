"""Errors as RFC 9457 problems: one shape for every fault of the API, in the asker's language.

Not for deciding what is wrong: the services refuse, pydantic checks shapes, this only tells it.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable
from typing import Any

from flask import Flask, Response, current_app, g, request
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from werkzeug.exceptions import HTTPException

from ops_console.adapters.translations import LANGUAGES
from ops_console.core.errors import ConsoleError, NoRoom, NotFound, NotTaken, Refused, TooLarge
from ops_console.core.sentences import Sentence, sentence

TYPE = "application/problem+json"
TITLES = {
    400: "请求读不懂", 401: "没有有效的令牌", 403: "没有权限", 404: "没有找到", 405: "不接受这种方法",
    409: "现在不能这样做", 413: "内容太大", 415: "内容类型不对", 422: "内容不合要求", 429: "请求太多",
    500: "内部出错", 503: "暂时繁忙", 507: "磁盘已满",
}  # fmt: skip
DETAILS = {
    400: "请求读不懂；请检查内容是不是有效的 JSON。",
    404: "没有这个地址；请对照 /api/v1/docs。",
    405: "这个地址不接受这种方法；可用的方法见 Allow。",
    413: "提交的内容太大；请缩小后再提交。",
}
FILES = {TooLarge: 413, NotTaken: 415, NoRoom: 507}
FAULTS = {
    "missing": "缺少这一项",
    "extra_forbidden": "没有这一栏，请检查拼写",
    "string_type": "应为文字",
    "int_type": "应为整数",
    "int_parsing": "应为整数",
    "bool_type": "应为 true 或 false",
    "bool_parsing": "应为 true 或 false",
    "string_too_short": "不能为空",
    "instant": "应为带时区的时刻，例如 2026-11-20T18:00:00+08:00",
    "repeated": "只能写一次",
}


class Fault(BaseModel):
    """What is wrong with one field."""

    model_config = ConfigDict(extra="forbid")
    field: str
    detail: str


class Problem(BaseModel):
    """A fault of a request, as RFC 9457 writes it."""

    model_config = ConfigDict(extra="forbid")
    type: str
    title: str
    status: int
    detail: str
    errors: list[Fault] | None = Field(default=None, description="422：逐栏说明")
    id: str | None = Field(default=None, description="500：请把这个编号告诉系统管理员")


class Misshapen(Exception):
    """A request whose shape is wrong: fields and what is wrong with each."""

    def __init__(self, faults: Iterable[tuple[str, Sentence]]) -> None:
        self.faults = list(faults)
        super().__init__(str([name for name, _ in self.faults]))


def language() -> str:
    """Return the language to answer in: the one asked for by Accept-Language, else Chinese."""
    if "language" not in g:
        wanted = (name.partition("-")[0].lower() for name in request.accept_languages.values())
        g.language = next((name for name in wanted if name in LANGUAGES), "zh")
    return str(g.language)


def told(value: Sentence | str) -> str:
    """Given a sentence or a message of ours, return it in the asker's language."""
    what = value if isinstance(value, Sentence) else sentence(value)
    return str(current_app.extensions["console"].translations.render(what, language()))


def problem(status: int, detail: Sentence | str, headers: dict[str, str] | None = None, **more: Any) -> Response:
    """Given a status, a sentence and more members, return the answer."""
    body = {"type": "about:blank", "title": told(TITLES[status]), "status": status, "detail": told(detail), **more}
    response = Response(json.dumps(body, ensure_ascii=False), status, content_type=TYPE)
    response.headers["Content-Language"] = "en" if language() == "en" else "zh-CN"
    response.headers.update(headers or {})
    return response


def shape_faults(error: ValidationError) -> Misshapen:
    """Given what pydantic found, return it in our words. Not JSON at all is no matter of fields."""
    return Misshapen((_path(one["loc"]), _fault(one["type"], one.get("ctx") or {})) for one in error.errors())


def _path(parts: Iterable[Any]) -> str:
    return ".".join(str(part) for part in parts)


def _fault(kind: str, context: dict[str, Any]) -> Sentence:
    if kind == "string_too_long":
        return sentence("最多 %(n)s 个字", n=context["max_length"])
    if kind == "literal_error":
        return sentence("只能是 %(expected)s", expected=str(context["expected"]).replace(" or ", ", "))
    if kind == "greater_than_equal":
        return sentence("不能小于 %(n)s", n=context["ge"])
    if kind == "less_than_equal":
        return sentence("不能大于 %(n)s", n=context["le"])
    return sentence(FAULTS.get(kind, "值不合要求"))


def _refused(error: Refused) -> Response:
    if type(error) in FILES:
        return problem(FILES[type(error)], error.sentence)
    if error.field == "permission":
        return problem(403, error.sentence)
    if error.field == "busy":
        return problem(503, error.sentence, {"Retry-After": "2"})
    if error.field is None:
        return problem(409, error.sentence)
    fault = {"field": error.field, "detail": told(error.sentence)}
    return problem(422, error.sentence, errors=[fault])


def _misshapen(error: Misshapen) -> Response:
    faults = [{"field": name, "detail": told(what)} for name, what in error.faults]
    return problem(422, sentence("有 %(n)s 处不合要求，逐栏说明见 errors。", n=len(faults)), errors=faults)


def _http(error: HTTPException) -> Response:
    status = error.code if error.code in TITLES else 400
    headers = {name: value for name, value in error.get_headers() if name in ("Allow", "WWW-Authenticate")}
    assert status is not None
    return problem(status, DETAILS.get(status, DETAILS[400]), headers)


def _crashed(_error: Exception) -> Response:
    number = secrets.token_hex(4)
    current_app.logger.exception("error=%s path=%s", number, request.path)
    detail = sentence("控制台内部出错，没有保存任何改动；请把编号 %(number)s 告诉系统管理员。", number=number)
    return problem(500, detail, id=number)


def install(app: Flask) -> None:
    """Given the app, tell every fault as a problem."""
    app.register_error_handler(Refused, _refused)
    app.register_error_handler(Misshapen, _misshapen)
    app.register_error_handler(NotFound, lambda error: problem(404, error.sentence))
    app.register_error_handler(ConsoleError, lambda error: problem(409, error.sentence))
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _crashed)
