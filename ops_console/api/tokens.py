"""Who asks: the token of the Authorization header, its limits, its last use. Never a cookie, never a query.

Not for making tokens (`services/tokens.py`).
"""

from __future__ import annotations

from flask import Response, current_app, g, request

from ops_console.api.limits import Limits, source
from ops_console.api.problems import problem, told
from ops_console.console import Console
from ops_console.core.errors import Refused
from ops_console.services import tokens
from ops_console.services.tokens import Caller, Unusable

CHALLENGE = 'Bearer realm="ops-console"'
WRONG = "请求没有带有效的令牌；请在 Authorization 头里写 Bearer 加令牌，令牌在“我的令牌”页生成。"
STRANGERS_PER_MINUTE = 300
LONGEST = 200


def console() -> Console:
    """Return this app's console."""
    found: Console = current_app.extensions["console"]
    return found


def caller() -> Caller:
    """Return whom this request acts for."""
    found: Caller = g.caller
    return found


def limits() -> Limits:
    """Return the counts of the tokens' requests."""
    found: Limits = current_app.extensions["token_limits"]
    return found


def stranger_limits() -> Limits:
    """Return the counts of refused requests by address."""
    found: Limits = current_app.extensions["stranger_limits"]
    return found


def require(scope: str) -> Response | None:
    """Given the scope of an endpoint, know the caller; else return the refusal. Raises Refused without the scope."""
    now = console().now()
    with console().read() as session:
        found = tokens.presented(session, _given(), now)
    if not isinstance(found, Caller):
        return _unknown(found)
    allowance = limits().take(str(found.token_id))
    g.rate_headers = allowance.headers()
    if allowance.is_over:
        return problem(429, "这个令牌一分钟内的请求太多；请按 Retry-After 等待后再试。")
    g.caller = found
    _touch(found)
    if scope and scope not in found.scopes:
        raise Refused("这个令牌没有 %(scope)s 范围；请用有这一范围的令牌。", field="permission", scope=scope)
    return None


def _given() -> str:
    kind, _, text = request.headers.get("Authorization", "")[:LONGEST].partition(" ")
    return text.strip() if kind.lower() == "bearer" else ""


def _unknown(found: Unusable | None) -> Response:
    """One answer for all: absent, wrong, expired, revoked, or an owner who may not. The event is written after it."""
    allowance = stranger_limits().take(source(request.remote_addr))
    if allowance.is_over:
        return problem(429, "来自这个地址的无效请求太多；请稍后再试。", allowance.headers())
    response = problem(401, told(WRONG), {"WWW-Authenticate": CHALLENGE})
    if found is not None:
        at = console()
        response.call_on_close(lambda: _note_refusal(at, found))
    return response


def _note_refusal(at: Console, found: Unusable) -> None:
    with at.write() as session:
        tokens.note_refusal(session, found, at.now())


def _touch(found: Caller) -> None:
    now = console().now()
    if tokens.is_untouched(found, now):
        with console().write() as session:
            tokens.touch(session, found, now)
