"""The web face: one Flask app over a Console. Security headers, sessions, language and errors live here alone."""

from __future__ import annotations

import secrets
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from flask import Flask, Response, g, redirect, render_template, request, url_for
from flask_wtf.csrf import CSRFError, CSRFProtect
from werkzeug.exceptions import HTTPException, SecurityError
from werkzeug.routing import IntegerConverter, Map

from ops_console.console import PROJECT, Console
from ops_console.core.errors import ConsoleError, NotFound, Refused
from ops_console.web import (
    attachments,
    closing,
    contracts,
    corrections,
    database,
    descriptions,
    documents,
    exports,
    formats,
    imports,
    jobs,
    people,
    quick_log,
    reports,
    sign_in,
    tickets,
    uploads,
    worklists,
)

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; style-src-elem 'self'; "
    "style-src-attr 'unsafe-inline'; img-src 'self' data:; font-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'; object-src 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
BLUEPRINTS = (
    sign_in, quick_log, closing, worklists, attachments, exports, documents, tickets, corrections, descriptions,
    reports, imports, contracts, jobs, people,
)  # fmt: skip


class RowId(IntegerConverter):
    """A row's number in an address; one that no database column holds is an unknown page."""

    def __init__(self, map: Map) -> None:
        super().__init__(map, max=2**31 - 1)


def create_app(console: Console) -> Flask:
    """Given a prepared console, return the app. One per process."""
    app = Flask("ops_console.web", template_folder=str(PROJECT / "templates"), static_folder=_static())
    _configure(app, console)
    app.extensions["console"] = console
    app.url_map.converters["id"] = RowId
    database.install(app, console)
    _refuse_other_hosts(app, console)
    formats.install(app)
    sign_in.install(app)  # before the form is read: a stranger's body is not
    uploads.install(app)
    CSRFProtect(app)
    for face in BLUEPRINTS:
        app.register_blueprint(face.pages)
    app.add_url_rule("/", "home", home)
    app.add_url_rule("/healthz", "healthz", lambda: Response("ok\n", mimetype="text/plain"))
    app.after_request(_secure)
    _handle_errors(app)
    return app


def _static() -> str:
    return str(Path(__file__).parent / "static")


def _configure(app: Flask, console: Console) -> None:
    public = urlsplit(console.settings.server.public_url)
    secure = public.scheme == "https"
    app.config.update(
        SECRET_KEY=console.files.secret_key(),
        SESSION_COOKIE_NAME="__Host-ops" if secure else "ops",
        SESSION_COOKIE_SECURE=secure,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_PATH="/",
        SESSION_REFRESH_EACH_REQUEST=False,  # sent when it changes: never with a file that caches may keep
        PERMANENT_SESSION_LIFETIME=timedelta(hours=console.settings.security.absolute_hours),
        MAX_CONTENT_LENGTH=2 << 20,
        MAX_FORM_MEMORY_SIZE=500_000,
        MAX_FORM_PARTS=200,
        WTF_CSRF_TIME_LIMIT=None,
        DEBUG=False,
        TEMPLATES_AUTO_RELOAD=False,
        SEND_FILE_MAX_AGE_DEFAULT=timedelta(days=30),
    )
    app.jinja_env.globals["plain_http"] = _is_plain_http(console)
    app.jinja_env.autoescape = True
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True


def _own_names(console: Console) -> tuple[str, ...]:
    """On plain loopback every loopback name is ours; otherwise only the public one."""
    host = console.settings.server.host
    return ("127.0.0.1", "localhost", "::1") if host in ("127.0.0.1", "localhost", "::1") else ()


def _refuse_other_hosts(app: Flask, console: Console) -> None:
    """Not by TRUSTED_HOSTS: Werkzeug cuts a trusted name at its first colon and so trusts no IPv6 address."""
    own = {urlsplit(console.settings.server.public_url).hostname, *_own_names(console)}

    @app.before_request
    def _check_host() -> None:
        if urlsplit(f"//{request.host}").hostname not in own:
            raise SecurityError

    @app.errorhandler(SecurityError)
    def _foreign(_error: SecurityError) -> Response:  # plain: with a host that cannot be read, no address can be made
        told = formats.gettext("请求的主机名不是本控制台的；请用 %(url)s 打开。")
        return Response(told % {"url": console.settings.server.public_url}, 400, mimetype="text/plain")


def _is_plain_http(console: Console) -> bool:
    """Listening beyond loopback without TLS and without a proxy that has it: told in red on every page."""
    server = console.settings.server
    return not _own_names(console) and not server.public_url.startswith("https")


def home() -> Response:
    """The first page after signing in depends on the role."""
    first = {
        "vendor": "tickets.index",
        "hospital": "reports.dashboard",
        "auditor": "contracts.index",
        "administrator": "jobs.index",
    }
    where = first[g.guest.role]
    return redirect(url_for(where, open=1) if where == "tickets.index" else url_for(where))  # type: ignore[return-value]


def _secure(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if request.endpoint != "static" or response.status_code >= 400:
        response.headers["Cache-Control"] = "no-store"
    if request.is_secure:
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    return response


def _handle_errors(app: Flask) -> None:
    @app.errorhandler(NotFound)
    def _missing(error: NotFound):  # type: ignore[no-untyped-def]
        return _error_page(404, formats.render_sentence(error.sentence))

    @app.errorhandler(Refused)
    def _refused(error: Refused):  # type: ignore[no-untyped-def]
        return _error_page(
            {"permission": 403, "busy": 503}.get(error.field or "", 400), formats.render_sentence(error.sentence)
        )

    @app.errorhandler(ConsoleError)
    def _failed(error: ConsoleError):  # type: ignore[no-untyped-def]
        return _error_page(400, formats.render_sentence(error.sentence))

    @app.errorhandler(CSRFError)
    def _stale(error: CSRFError):  # type: ignore[no-untyped-def]
        return _error_page(
            400, formats.gettext("页面已过期或不是从本站提交的；请返回上一页刷新后再提交，填写的内容还在。")
        )

    @app.errorhandler(HTTPException)
    def _http(error: HTTPException):  # type: ignore[no-untyped-def]
        return _error_page(error.code or 500, formats.gettext(_HTTP.get(error.code or 500, "请求没有成功。")))

    @app.errorhandler(Exception)
    def _crashed(error: Exception):  # type: ignore[no-untyped-def]
        number = secrets.token_hex(4)
        app.logger.exception("error=%s path=%s", number, request.path)
        return _error_page(
            500,
            formats.gettext("控制台内部出错，没有保存任何改动；请把编号 %(number)s 告诉系统管理员。")
            % {"number": number},
        )


_HTTP = {
    400: "请求的内容不完整或不正确；请返回上一页检查。",
    404: "没有这一页；请检查网址，或从左侧菜单进入。",
    405: "这一网址不接受这种请求。",
    413: "提交的内容太大；请缩小后再提交。",
}


def _error_page(status: int, told: str):  # type: ignore[no-untyped-def]
    return render_template("error.html", status=status, told=told), status
