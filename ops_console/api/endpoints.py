"""What an endpoint is, told once: its address, scope and shapes. The handler and the document both come from it.

Not for what an endpoint does: that is the view's, in the file of its noun.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from flask import Flask, Response, g, request
from pydantic import BaseModel, ValidationError
from werkzeug.exceptions import BadRequest

from ops_console.api import tokens
from ops_console.api.problems import Misshapen, problem, shape_faults
from ops_console.core.sentences import sentence

View = TypeVar("View", bound=Callable[..., Any])
VERSION = "/v1"
JSON = "application/json"


@dataclass(frozen=True)
class Endpoint:
    """One method at one address. Without a model of its answer it answers with a file; `is_upload`: it takes one."""

    method: str
    rule: str
    view: Callable[..., Any]
    tag: str
    summary: str
    scope: str
    answer: type[BaseModel] | None
    query: type[BaseModel] | None = None
    body: type[BaseModel] | None = None
    status: int = 200
    errors: tuple[int, ...] = ()
    is_upload: bool = False
    longest: int = 1 << 20
    is_repeatable: bool = False

    @property
    def name(self) -> str:
        """The endpoint's name, unique among all."""
        return f"{self.view.__module__.rpartition('.')[2]}.{self.view.__name__}"

    @property
    def statuses(self) -> tuple[int, ...]:
        """Every status of a fault that it may answer with."""
        found = {400, 401, 403, 429, 500, 503, *self.errors}
        found |= {404} if "<" in self.rule else set()
        found |= {422} if self.query or self.body or self.is_upload else set()
        found |= {507} if self.is_upload else set()
        found |= {409, 413, 415, 422} if self.method == "POST" else set()
        return tuple(sorted(found))


class Endpoints(list[Endpoint]):
    """The endpoints of one noun."""

    def add(self, method: str, rule: str, **told: Any) -> Callable[[View], View]:
        """Given an endpoint without its view, return the decorator that adds it."""

        def keep(view: View) -> View:
            self.append(Endpoint(method, rule, view, **told))
            return view

        return keep


def install(app: Flask, endpoints: Endpoints) -> None:
    """Given the app, let it answer at every endpoint."""
    for endpoint in endpoints:
        app.add_url_rule(VERSION + endpoint.rule, endpoint.name, _handler(endpoint), methods=[endpoint.method])


def _handler(endpoint: Endpoint) -> Callable[..., Response]:
    def handle(**places: Any) -> Response:
        request.max_content_length = endpoint.longest
        refusal = tokens.require(endpoint.scope)
        if refusal is not None:
            return refusal
        given = {}
        if endpoint.query is not None:
            given["query"] = _query(endpoint.query)
        if endpoint.body is not None:
            unreadable = _wrong_type()
            if unreadable is not None:
                return unreadable
            given["body"] = _body(endpoint.body)
        return _answered(endpoint, endpoint.view(**places, **given))

    return handle


def _query(model: type[BaseModel]) -> BaseModel:
    """The address's pairs as the model has them: a list where it wants one, else a single text made a value."""
    given: dict[str, Any] = {}
    faults = []
    lists = {field.alias or name for name, field in model.model_fields.items() if _is_list(field.annotation)}
    for name, values in request.args.lists():
        if name in lists:
            given[name] = values
            continue
        if len(values) > 1:
            faults.append((name, sentence("只能写一次")))
        given[name] = values[0]
    if faults:
        raise Misshapen(faults)
    try:
        return model.model_validate(given)
    except ValidationError as exc:
        raise shape_faults(exc) from exc


def _is_list(annotation: Any) -> bool:
    return getattr(annotation, "__origin__", None) is list


def _wrong_type() -> Response | None:
    if request.mimetype == JSON:
        return None
    return problem(415, "内容类型应为 application/json。")


def _body(model: type[BaseModel]) -> BaseModel:
    """The request's JSON, of the model's shape."""
    try:
        return model.model_validate_json(request.get_data(cache=True))
    except ValidationError as exc:
        if exc.errors()[0]["type"] == "json_invalid":
            raise BadRequest from exc
        raise shape_faults(exc) from exc


def _answered(endpoint: Endpoint, made: BaseModel | Response) -> Response:
    if isinstance(made, Response):
        return made
    return Response(made.model_dump_json(by_alias=True), endpoint.status, content_type=JSON)


def limit_headers() -> dict[str, str]:
    """Return what the answer tells of the token's allowance, if a token was known."""
    found: dict[str, str] = g.get("rate_headers", {})
    return found
