"""The API's app over a Console: no cookies, no sessions, no forms. Hosts, headers and limits as everywhere.

Not for serving it: `main.py` puts it beside the pages, under /api.
"""

from __future__ import annotations

import time

from flask import Flask, Response, request
from werkzeug.exceptions import SecurityError

from ops_console.adapters import answers
from ops_console.api import (
    attachments,
    caps,
    catalogue,
    clocks,
    documents,
    endpoints,
    events,
    people,
    problems,
    reports,
    tickets,
    tokens,
)
from ops_console.api.endpoints import Endpoints
from ops_console.api.limits import Limits
from ops_console.api.problems import problem
from ops_console.console import PROJECT, Console
from ops_console.core.sentences import sentence

POLICY = "default-src 'none'; style-src 'self'; font-src 'self'; base-uri 'none'; frame-ancestors 'none'"
NOUNS = (tickets, events, attachments, clocks, catalogue, reports, caps, people)


def every_endpoint() -> Endpoints:
    """Return all endpoints, noun by noun."""
    return Endpoints(endpoint for noun in NOUNS for endpoint in noun.endpoints)


def create_app(console: Console) -> Flask:
    """Given a prepared console, return the app, to be mounted at /api. One per process."""
    app = Flask("ops_console.api", template_folder=str(PROJECT / "templates"), static_folder=None)
    app.config.update(MAX_CONTENT_LENGTH=1 << 20, MAX_FORM_MEMORY_SIZE=500_000, MAX_FORM_PARTS=20, DEBUG=False)
    app.jinja_env.autoescape = True
    app.extensions["console"] = console
    per_minute = console.settings.server.api_requests_per_minute
    app.extensions["token_limits"] = Limits(per_minute, time.monotonic)
    app.extensions["stranger_limits"] = Limits(tokens.STRANGERS_PER_MINUTE, time.monotonic)
    _refuse_other_hosts(app, console)
    problems.install(app)
    endpoints.install(app, every_endpoint())
    documents.install(app, every_endpoint())
    app.after_request(_finish)
    return app


def _refuse_other_hosts(app: Flask, console: Console) -> None:
    server = console.settings.server
    is_ours = answers.host_check(server.public_url, server.host)

    @app.before_request
    def _check_host() -> None:
        if not is_ours(request.host):
            raise SecurityError

    @app.errorhandler(SecurityError)
    def _foreign(_error: SecurityError) -> Response:
        return problem(400, sentence("请求的主机名不是本控制台的；请用 %(url)s 打开。", url=server.public_url))


def _finish(response: Response) -> Response:
    response.headers.setdefault("Content-Security-Policy", POLICY)
    response.headers.update(answers.headers(secure=request.is_secure))
    response.headers.update(endpoints.limit_headers())
    response.headers["Cache-Control"] = "no-store"
    return response
