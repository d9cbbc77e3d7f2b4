"""The web face: one Flask app over a Console. Security headers, sessions, language and errors live here alone."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from flask import Flask, Response, g, redirect, render_template, request, url_for
from flask_wtf.csrf import CSRFError, CSRFProtect
from werkzeug.exceptions import HTTPException, SecurityError
from werkzeug.routing import IntegerConverter, Map

from ops_console.adapters import answers
from ops_console.console import PROJECT, Console
from ops_console.core.addresses import here_alone
from ops_console.core.errors import ConsoleError, NotFound, Refused
from ops_console.core.sentences import Sentence
from ops_console.web import (
    account,
    attachments,
    audit,
    breach_acts,
    breach_papers,
    breaches,
    caps,
    classification,
    clauses,
    closing,
    contracts,
    corrections,
    database,
    delegations,
    deliveries,
    descriptions,
    documents,
    duties,
    entries,
    evidence,
    exports,
    factors,
    flags,
    formats,
    hospital_devices,
    identities,
    imports,
    jobs,
    lists,
    locations,
    month_figures,
    month_reports,
    months,
    newcomers,
    notes,
    notices,
    payments,
    people,
    personal,
    proofs,
    public_reports,
    quick_log,
    readings,
    rechecks,
    releases,
    reports,
    roles,
    samples,
    score_editor,
    score_imports,
    score_money,
    scores,
    search,
    seen,
    sign_in,
    signatures,
    signing_keys,
    tickets,
    tokens,
    uploads,
    worklists,
)
from ops_console.web.rights import status_of

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; style-src-elem 'self'; "
    "style-src-attr 'unsafe-inline'; img-src 'self' data:; font-src 'self'; connect-src 'self'; worker-src 'self'; "
    "manifest-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'; object-src 'none'"
)
HEADERS = {"Content-Security-Policy": POLICY, **answers.HEADERS}
PASSWORD_RULES = {
    "gb22239": "至少 12 个字符，含大写字母、小写字母、数字、符号中的三类；不能由账号、单位名或常见口令组成；"
    "每 90 天更换，不能与最近 5 次的相同。",
    "asvs": "至少 12 个字符；不能由账号、单位名或常见口令组成。建议用几个不相干的词。",
}
BLUEPRINTS = (
    sign_in,
    personal,
    quick_log,
    closing,
    worklists,
    attachments,
    proofs,
    exports,
    evidence,
    lists,
    documents,
    tickets,
    corrections,
    classification,
    caps,
    descriptions,
    reports,
    months,
    month_figures,
    month_reports,
    signatures,
    signing_keys,
    delegations,
    payments,
    flags,
    breaches,
    breach_acts,
    breach_papers,
    duties,
    deliveries,
    releases,
    samples,
    imports,
    clauses,
    readings,
    contracts,
    scores,
    score_editor,
    score_imports,
    score_money,
    entries,
    jobs,
    rechecks,
    people,
    identities,
    factors,
    account,
    roles,
    newcomers,
    hospital_devices,
    notes,
    tokens,
    public_reports,
    locations,
    audit,
    search,
    seen,
)
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
CERTIFICATE_WARNING = timedelta(days=30)


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
    notices.install(app)
    sign_in.install(app)  # before the form is read: a stranger's body is not
    uploads.install(app)
    _refuse_other_sites(app)
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
        SECRET_KEY=console.files.key_for("cookie"),
        WTF_CSRF_SECRET_KEY=console.files.key_for("csrf"),
        # Browsers tell cookies by host, not port: a demo beside a real console takes none of its cookies.
        SESSION_COOKIE_NAME="ops-demo" if console.settings.is_demo else "__Host-ops" if secure else "ops",
        DEVICE_COOKIE_NAME="ops-demo-device" if console.settings.is_demo else "ops-device",
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
        # Over HTTPS it would want a Referer, which the pages of reports without an account send to nobody. The token
        # binds a form to its session, whose __Host- cookie no other site can set.
        WTF_CSRF_SSL_STRICT=False,
        DEBUG=False,
        TEMPLATES_AUTO_RELOAD=False,
        SEND_FILE_MAX_AGE_DEFAULT=timedelta(days=30),
    )
    app.jinja_env.globals["is_demo"] = console.settings.is_demo
    app.jinja_env.globals["here_alone"] = lambda: _here_alone(console)
    app.jinja_env.globals["plain_http"] = _is_plain_http(console)
    app.jinja_env.globals["certificate_ends"] = lambda: _certificate_ends(console)
    app.jinja_env.globals["password_rules"] = PASSWORD_RULES[console.settings.security.password_rules]
    app.jinja_env.globals["unsafe"] = _unsafe_choices(console)
    app.jinja_env.autoescape = True
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True


def _refuse_other_hosts(app: Flask, console: Console) -> None:
    server = console.settings.server
    is_ours = answers.host_check(server.public_url, server.host)

    @app.before_request
    def _check_host() -> None:
        if not is_ours(request.host):
            raise SecurityError

    @app.errorhandler(SecurityError)
    def _foreign(_error: SecurityError) -> Response:  # plain: with a host that cannot be read, no address can be made
        told = formats.gettext("请求的主机名不是本控制台的；请用 %(url)s 打开。")
        return Response(told % {"url": console.settings.server.public_url}, 400, mimetype="text/plain")


def _refuse_other_sites(app: Flask) -> None:
    """A form sent from another site's page is refused by the browser's own word, before its token is looked at."""

    @app.before_request
    def _check_site() -> None:
        if request.method not in SAFE and request.headers.get("Sec-Fetch-Site") == "cross-site":
            raise CSRFError


def _is_plain_http(console: Console) -> bool:
    """Listening beyond loopback without TLS and without a proxy that has it: told in red on every page."""
    server = console.settings.server
    return not answers.own_names(server.host) and not server.public_url.startswith("https")


def _here_alone(console: Console) -> Sentence | None:
    """What a page says before it prints an address that nobody else can open; None when others can."""
    return here_alone(console.settings.server.public_url, is_demo=console.settings.is_demo)


def _certificate_ends(console: Console) -> datetime | None:
    """When our own certificate ends, in its last weeks alone."""
    until = console.certificate_until
    return until if until is not None and until - console.now() < CERTIFICATE_WARNING else None


def _unsafe_choices(console: Console) -> tuple[str, ...]:
    """Settings of the parties' own choice that are weaker than the shipped ones: told on every page."""
    given = console.settings.security
    return tuple(
        told
        for told, chosen in (
            ("第二因素只是可选项：未启用的账号签署时只凭密码。", given.second_factor != "required"),
            ("安全管理员和审计管理员可由乙方或第三方担任。", given.duties != "hospital"),
        )
        if chosen
    )


def home() -> Response:
    """The first page after signing in depends on the role."""
    first = {
        "vendor": "tickets.index",
        "manager": "months.mirror",
        "hospital": "months.index",
        "officer": "reports.dashboard",
        "leader": "months.index",
        "auditor": "clauses.index",
        "administrator": "jobs.index",
        "security": "people.index",
        "audit_administrator": "people.index",
    }
    where = "account.index" if g.guest.waits else first[g.guest.role]
    return redirect(url_for(where, open=1) if where == "tickets.index" else url_for(where))  # type: ignore[return-value]


def _secure(response: Response) -> Response:
    for name, value in (HEADERS | answers.headers(secure=request.is_secure)).items():
        response.headers.setdefault(name, value)
    if request.endpoint != "static" or response.status_code >= 400:
        response.headers["Cache-Control"] = "no-store"
    return response


def _handle_errors(app: Flask) -> None:
    @app.errorhandler(NotFound)
    def _missing(error: NotFound):  # type: ignore[no-untyped-def]
        return _error_page(404, formats.render_sentence(error.sentence))

    @app.errorhandler(Refused)
    def _refused(error: Refused):  # type: ignore[no-untyped-def]
        return _error_page(status_of(error), formats.render_sentence(error.sentence))

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
