"""Acts that a caller may ask for twice: the Idempotency-Key header, and the answer kept for it.

Not for how keys are kept (`services/repeats.py`).
"""

from __future__ import annotations

import re
from collections.abc import Callable

from flask import Response, request
from sqlalchemy.orm import Session

from ops_console.api.endpoints import JSON
from ops_console.api.shapes import Told
from ops_console.api.tokens import caller, console
from ops_console.core.errors import Refused
from ops_console.services import repeats
from ops_console.services.repeats import Asked, Kept

HEADER, REPLAYED = "Idempotency-Key", "Idempotent-Replayed"
KEY = re.compile(r"[\x21-\x7e]{1,200}")
Act = Callable[[Session], tuple[Told, str]]


def once(act: Act, body: bytes, *, status: int = 201) -> Response:
    """Given an act that returns its answer and where the thing is found, do it and answer; a repeat is only answered.

    The act, its events and the key are one transaction.
    """
    what = _asked(body)
    with console().write() as session:
        kept = repeats.begin(session, what, console().now()) if what else None
        if kept is not None:
            return _response(kept, {REPLAYED: "true"})
        made, location = act(session)
        answered = Kept(status, made.model_dump_json(by_alias=True), location)
        if what:
            repeats.keep(session, what, answered)
    return _response(answered, {})


def _asked(body: bytes) -> Asked | None:
    key = request.headers.get(HEADER)
    if key is None:
        return None
    if not KEY.fullmatch(key):
        raise Refused("Idempotency-Key 应为 1 至 200 个可见的 ASCII 字符，例如一个 UUID。", field=HEADER)
    return repeats.asked(caller().token_id, f"{request.method} {request.path}", key, body)


def _response(answered: Kept, headers: dict[str, str]) -> Response:
    response = Response(answered.answer, answered.status, content_type=JSON)
    response.headers["Location"] = request.script_root + answered.location
    response.headers.update(headers)
    return response
