"""The API described: OpenAPI 3.1 made from the endpoints themselves, and a page of it that loads nothing from outside.

Both are open to all: they hold nothing of the house, only what the published source says (decision 0016).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

from flask import Flask, Response, g, redirect, render_template, request
from pydantic.json_schema import models_json_schema
from werkzeug.wrappers import Response as Redirect

from ops_console.adapters.translations import LANGUAGES
from ops_console.api.endpoints import JSON, VERSION, Endpoint, Endpoints
from ops_console.api.files import FILE_NAME, FILE_TYPE, FORM_TYPE, LONGEST_NAME
from ops_console.api.problems import TITLES, TYPE, Problem, language, told
from ops_console.api.repeats import HEADER

ROOT = "/api"
LIMIT_HEADERS = ("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset")
PLACE = re.compile(r"<(?:[^<>:]+:)?(\w+)>")
NUMBERED = re.compile(r"<int\(max=(\d+)\):(\w+)>")
BINARY = {"type": "string", "format": "binary"}
REF = "#/components/schemas/{model}"
ABOUT = (
    "用个人令牌（“我的令牌”页生成）登记、读取、流转工单，读时限和达标汇总。令牌只写在 Authorization 头里。"
    "时刻都带时区；出错一律是 application/problem+json（RFC 9457）；语言按 Accept-Language，默认中文。"
)
FILE = {
    FORM_TYPE: {"type": "object", "properties": {"file": BINARY}, "required": ["file"], "additionalProperties": False},
    FILE_TYPE: BINARY,
}
Say = Callable[[str], str]


def install(app: Flask, endpoints: Endpoints) -> None:
    """Given the app, let it answer with the document and its page."""

    @lru_cache(maxsize=4)
    def made(_language: str) -> str:
        return json.dumps(document(endpoints, told), ensure_ascii=False)

    def openapi() -> Response:
        return Response(made(language()), content_type=JSON)

    def docs() -> str:
        if request.args.get("lang") in LANGUAGES:  # a link of the pages: in their language, whatever the browser's
            g.language = request.args["lang"]
        found = json.loads(made(language()))
        root = request.script_root.removesuffix(ROOT)
        return render_template(
            "api/docs.html",
            document=found,
            groups=_grouped(found),
            _=told,
            language=language(),
            root=root,
            is_demo=app.extensions["console"].settings.is_demo,
        )

    def root() -> Redirect:
        return redirect(f"{request.script_root}{VERSION}/docs")

    app.add_url_rule(f"{VERSION}/openapi.json", "openapi", openapi, methods=["GET"])
    app.add_url_rule(f"{VERSION}/docs", "docs", docs, methods=["GET"])
    app.add_url_rule("/", "root", root, methods=["GET"])
    app.add_url_rule(f"{VERSION}/", "version_root", root, methods=["GET"])


def document(endpoints: Endpoints, say: Say) -> dict[str, Any]:
    """Given the endpoints and a translator, return their OpenAPI document."""
    paths: dict[str, Any] = {}
    for endpoint in endpoints:
        path = PLACE.sub(r"{\1}", endpoint.rule)
        paths.setdefault(path, {})[endpoint.method.lower()] = _operation(endpoint, say)
    return {
        "openapi": "3.1.0",
        "info": {"title": say("运维控制台接口"), "version": "1", "description": say(ABOUT)},
        "servers": [{"url": ROOT + VERSION}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "bearerFormat": "ops_<8>_<43>"}},
            "schemas": _schemas(endpoints, say),
        },
    }


def _operation(endpoint: Endpoint, say: Say) -> dict[str, Any]:
    scope = say("所需范围：%(scope)s") % {"scope": endpoint.scope} if endpoint.scope else say("任何有效令牌")
    made: dict[str, Any] = {
        "operationId": endpoint.name.replace(".", "_"),
        "tags": [say(endpoint.tag)],
        "summary": say(endpoint.summary),
        "description": scope,
        "parameters": [*_places(endpoint), *_asked(endpoint, say), *_repeat(endpoint, say)],
        "responses": {str(endpoint.status): _answer(endpoint, say), **_faults(endpoint, say)},
    }
    if endpoint.body is not None:
        made["requestBody"] = {"required": True, "content": {JSON: {"schema": _ref(endpoint.body)}}}
    if endpoint.is_upload:
        made["requestBody"] = {"required": True, "content": {kind: {"schema": shape} for kind, shape in FILE.items()}}
        made["parameters"].append(_file_name(say))
    return made


def _file_name(say: Say) -> dict[str, Any]:
    detail = say("直接提交内容时文件的名称，按 UTF-8 做百分号编码；表单提交时用表单里的名称")
    schema = {"type": "string", "minLength": 1, "maxLength": LONGEST_NAME, "pattern": "^[!-~]+$"}
    return {"name": FILE_NAME, "in": "header", "required": False, "schema": schema, "description": detail}


def _ref(model: Any) -> dict[str, str]:
    return {"$ref": REF.format(model=model.__name__)}


def _places(endpoint: Endpoint) -> list[dict[str, Any]]:
    numbers = {name: int(most) for most, name in NUMBERED.findall(endpoint.rule)}
    text = {"type": "string", "minLength": 1, "maxLength": 40}
    return [
        {
            "name": name, "in": "path", "required": True,
            "schema": {"type": "integer", "minimum": 1, "maximum": numbers[name]} if name in numbers else text,
        }
        for name in PLACE.findall(endpoint.rule)
    ]  # fmt: skip


def _asked(endpoint: Endpoint, say: Say) -> list[dict[str, Any]]:
    if endpoint.query is None:
        return []
    schema = endpoint.query.model_json_schema(by_alias=True)
    needed = schema.get("required", ())
    return [_parameter(name, shape, name in needed, say) for name, shape in schema["properties"].items()]


def _parameter(name: str, shape: dict[str, Any], is_needed: bool, say: Say) -> dict[str, Any]:
    told_of = shape.pop("description", "")
    shape = _without_null(shape)
    made = {"name": name, "in": "query", "required": is_needed, "schema": shape}
    return made | ({"description": say(told_of)} if told_of else {})


def _without_null(shape: dict[str, Any]) -> dict[str, Any]:
    """In an address a thing is there or not: null is nothing that could be written."""
    kinds = [kind for kind in shape.pop("anyOf", ()) if kind != {"type": "null"}]
    shape = shape | (kinds[0] if kinds else {})
    return {key: value for key, value in shape.items() if key != "title" and not (key == "default" and value is None)}


def _repeat(endpoint: Endpoint, say: Say) -> list[dict[str, Any]]:
    if not endpoint.is_repeatable:
        return []
    schema = {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]+$"}
    detail = say("同一键 24 小时内重复提交同样内容，只执行一次，返回同一答复")
    return [{"name": HEADER, "in": "header", "required": False, "schema": schema, "description": detail}]


def _answer(endpoint: Endpoint, say: Say) -> dict[str, Any]:
    content = {FILE_TYPE: {"schema": BINARY}} if endpoint.answer is None else {JSON: {"schema": _ref(endpoint.answer)}}
    made: dict[str, Any] = {"description": say("成功"), "content": content}
    names = [*LIMIT_HEADERS, "Location"] if endpoint.status == 201 else LIMIT_HEADERS
    return made | {"headers": {name: {"schema": {"type": "string"}} for name in names}}


def _faults(endpoint: Endpoint, say: Say) -> dict[str, Any]:
    content = {TYPE: {"schema": _ref(Problem)}}
    return {str(status): {"description": say(TITLES[status]), "content": content} for status in endpoint.statuses}


def _schemas(endpoints: Iterable[Endpoint], say: Say) -> dict[str, Any]:
    taken = {endpoint.body for endpoint in endpoints if endpoint.body is not None}
    given = {endpoint.answer for endpoint in endpoints if endpoint.answer is not None} | {Problem}
    wanted = [(model, "validation") for model in taken] + [(model, "serialization") for model in given]
    _, made = models_json_schema(sorted(wanted, key=lambda pair: pair[0].__name__), ref_template=REF)  # type: ignore[arg-type]
    return {name: _plain(schema, say) for name, schema in sorted(made["$defs"].items())}


def _plain(schema: dict[str, Any], say: Say) -> dict[str, Any]:
    """Without the titles that repeat the names, and without our docstrings, which speak to programmers here."""
    kept = {name: value for name, value in schema.items() if name not in ("title", "description")}
    for shape in kept.get("properties", {}).values():
        shape.pop("title", None)
        if "description" in shape:
            shape["description"] = say(shape["description"])
    return kept


def _grouped(found: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    groups: dict[str, list[dict[str, Any]]] = {}
    for path, methods in found["paths"].items():
        for method, operation in methods.items():
            groups.setdefault(operation["tags"][0], []).append({"method": method.upper(), "path": path, **operation})
    return groups
