"""Signing in and out, changing one's password, choosing the language; and who is asking, for every request."""

from __future__ import annotations

import threading
import time
from typing import Any

from flask import (
    Blueprint,
    Flask,
    Response,
    current_app,
    flash,
    g,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask_login import LoginManager, UserMixin, current_user, login_user, logout_user
from flask_wtf import FlaskForm
from wtforms import PasswordField, StringField
from wtforms.validators import InputRequired, Length

from ops_console.console import Console
from ops_console.core.devices import counted_address
from ops_console.core.errors import Refused
from ops_console.core.moments import ZONE
from ops_console.core.passwords import LONGEST
from ops_console.services import locations, passwords, sessions
from ops_console.services import sign_in as service
from ops_console.web import devices, formats
from ops_console.web.database import reading

pages = Blueprint("sign_in", __name__)
NOBODYS = ("static", "healthz")  # the same for everybody: who asks is not even looked up
REPORTING = tuple(  # without an account, on purpose: see web/public_reports.py
    f"public_reports.{name}"
    for name in ("form", "at_place", "send", "status", "answer", "add_photos", "contacts", "offline", "worker")
)
PUBLIC = (
    *NOBODYS, "sign_in.sign_in", "sign_in.choose_language", "documents.verify", "identities.leave",
    "identities.come_back", *REPORTING,
)  # fmt: skip
WHILE_CHANGING = (*PUBLIC, "sign_in.password", "sign_in.sign_out")
# What a session owes before any other page opens -> the page for it, and the pages that are open meanwhile.
STEPS = {
    sessions.PASSWORD: ("sign_in.password", WHILE_CHANGING),
    sessions.ENROL: ("factors.enrol", (*PUBLIC, "factors.enrol", "sign_in.sign_out")),
    sessions.FACTOR: ("factors.prove", (*PUBLIC, "factors.prove", "sign_in.sign_out")),
}
SLEEPERS = threading.BoundedSemaphore(2)  # of the server's few threads; the rest of a flood is answered at once
TOUCH_SECONDS = 60


class SignedInUser(UserMixin):  # type: ignore[misc]
    """What Flask-Login keeps of a session: its token, and who it is as of this request."""

    def __init__(self, token: str, guest: sessions.Guest | None = None) -> None:
        self.token, self.guest = token, guest

    def get_id(self) -> str:
        """Return the session's token: it goes into the signed cookie."""
        return self.token


class SignInForm(FlaskForm):  # type: ignore[misc]
    """Account and password."""

    account = StringField(validators=[InputRequired(), Length(max=40)])
    password = PasswordField(validators=[InputRequired(), Length(max=LONGEST)])


class PasswordForm(FlaskForm):  # type: ignore[misc]
    """The current and the wished password, the latter twice."""

    current_password = PasswordField(validators=[InputRequired(), Length(max=LONGEST)])
    new_password = PasswordField(validators=[InputRequired(), Length(max=LONGEST)])
    repeated = PasswordField(validators=[InputRequired(), Length(max=LONGEST)])


def console() -> Console:
    """Return this app's console."""
    found: Console = current_app.extensions["console"]
    return found


def install(app: Flask) -> None:
    """Given the app, know who asks: before every request, or send strangers to the sign-in page."""
    manager = LoginManager(app, add_context_processor=False)  # templates know the guest alone
    manager.session_protection = None  # our sessions are rows of their own, ended on the server

    @manager.user_loader
    def _load(token: str) -> SignedInUser | None:
        guest = sessions.whose(reading(), console().policy, token, console().now())
        return SignedInUser(token, guest) if guest else None

    app.before_request(_require_guest)


def _require_guest() -> Any:
    known = request.endpoint not in NOBODYS and current_user.is_authenticated
    g.guest = current_user.guest if known else None
    if g.guest is not None:  # on public pages and errors too: the frame around them names the contract
        g.book = console().book(reading(), g.guest.versions)
        g.missing_years = g.book.missing_years(g.now.astimezone(ZONE).date())
    if request.endpoint is None or request.endpoint in PUBLIC:
        return None
    if g.guest is None:
        return _to_sign_in()
    _touch(g.guest)
    if g.guest.step:
        where, meanwhile = STEPS[g.guest.step]
        if request.endpoint not in meanwhile:
            return redirect(url_for(where))
    return None


def _to_sign_in() -> Response:
    looks = request.method in ("GET", "HEAD")
    wanted = request.full_path.rstrip("?") if looks else ""
    where = url_for("sign_in.sign_in", next=wanted) if wanted not in ("", "/") else url_for("sign_in.sign_in")
    if request.headers.get("HX-Request"):
        return Response(status=401, headers={"HX-Redirect": where})
    return (
        redirect(where)
        if looks
        else Response(
            render_template(
                "error.html",
                status=401,
                told=formats.gettext("登录已结束；请在新窗口登录，再回到这一页提交，填写的内容还在。"),
            ),
            401,
        )
    )  # type: ignore[return-value]


def _touch(guest: sessions.Guest) -> None:
    """Looking at a page keeps a session alive; a page that refreshes itself does not."""
    now = console().now()
    if request.headers.get("HX-Trigger-Name") == "poll" or (now - guest.seen_at).total_seconds() < TOUCH_SECONDS:
        return
    with console().write() as writing:
        sessions.touch(writing, guest, now)


def source() -> str:
    """Return where a sign-in comes from: a browser that this account used before, else the address (IPv6: its /64)."""
    account = request.form.get("account", "").strip().lower() or (g.guest.actor.account if g.guest else "")
    if devices.knows(account):
        return f"device:{devices.token()[:16]}"  # a name for it, not the secret itself
    return client_address()


def client_address() -> str:
    """Return where the request comes from, as tries are counted for it."""
    return counted_address(request.remote_addr or "")


def _delay(seconds: float) -> None:
    """Let the asker wait, unless enough of the server's threads wait already: the lock is what stops guessing."""
    if seconds and SLEEPERS.acquire(blocking=False):
        try:
            time.sleep(seconds)
        finally:
            SLEEPERS.release()


@pages.route("/sign-in", methods=["GET", "POST"])
def sign_in() -> Any:
    """The sign-in page."""
    form = SignInForm()
    if request.method == "GET" or not form.validate_on_submit():
        if request.method == "POST":
            flash(formats.gettext("请填写账号和密码。"), "danger")
        return _sign_in_page(200 if request.method == "GET" else 400, form)
    at = console()
    account = form.account.data.strip().lower()
    device = devices.token() or devices.new_token()
    try:
        made = service.sign_in(
            at.read,
            at.write,
            at.hasher,
            at.policy,
            account=account,
            password=form.password.data,
            source=source(),
            now=at.now(),
            device=device,
            address=request.remote_addr or "",
        )
    except service.SignInFailed as refused:
        _delay(refused.delay_seconds)
        flash(formats.render_sentence(refused.sentence), "danger")
        return _sign_in_page(401, form)
    return enter(made, (account, device), url_for("sign_in.password") if made.must_change else _wanted())


def _sign_in_page(status: int, form: SignInForm) -> Any:
    return render_template("people/sign_in.html", form=form, provider=console().settings.oidc), status


def enter(made: service.SignedIn, known: tuple[str, str], where: str) -> Response:
    """Given a session just begun, the account and its browser's token, and where to go, go there signed in."""
    session.clear()  # nothing of the stranger's session lives on
    session.permanent = True
    login_user(SignedInUser(made.token))
    response: Response = redirect(where)  # type: ignore[assignment]
    account, device = known
    with console().write() as writing:
        locations.came_from(writing, account, client_address(), console().now())
    devices.remember(response, device, account)
    return response


def _wanted() -> str:
    wanted = request.args.get("next", "")
    return wanted if is_ours(wanted) else url_for("home")


def is_ours(address: str) -> bool:
    """Say whether a browser sent there stays on this console: one `/`, then nothing that browsers read as another."""
    plain = all(32 < ord(c) != 127 and c != "\\" for c in address)
    return plain and address.startswith("/") and not address.startswith("//")


@pages.post("/sign-out")
def sign_out() -> Any:
    """End this session, on the server too."""
    at = console()
    with at.write() as writing:
        sessions.sign_out(writing, current_user.token, g.guest.actor, at.now())
    logout_user()
    session.clear()
    response = redirect(url_for("sign_in.sign_in"))
    response.headers["Clear-Site-Data"] = '"storage"'
    return response


@pages.route("/password", methods=["GET", "POST"])
def password() -> Any:
    """Change one's password; the first time it is asked for before anything else."""
    form = PasswordForm()
    if request.method == "GET":
        return render_template("people/password.html", form=form, refused=None)
    try:
        if not form.validate_on_submit():
            raise Refused("请填写三个密码栏。", field="current_password")
        if form.new_password.data != form.repeated.data:
            raise Refused("两次输入的新密码不一样。", field="repeated")
        at, device = console(), devices.token() or devices.new_token()
        made = passwords.change_password(
            at.read, at.write, at.hasher, at.policy, actor=g.guest.actor, current=form.current_password.data,
            new=form.new_password.data, source=source(), now=at.now(), device=device, address=request.remote_addr or "",
        )  # fmt: skip
    except Refused as refused:
        return render_template("people/password.html", form=form, refused=refused), 400
    flash(formats.gettext("密码已修改，其他设备上的登录已全部结束。"), "success")
    return enter(made, (g.guest.actor.account, device), url_for("home"))


@pages.post("/language")
def choose_language() -> Any:
    """Show the pages in the chosen language from now on, in this browser."""
    chosen = request.form.get("language", "zh")
    back = request.form.get("back", "/")
    response = redirect(back if is_ours(back) else "/")
    response.set_cookie(
        "lang", chosen if chosen in formats.LANGUAGES else "zh", max_age=365 * 86400, samesite="Lax", httponly=True,
        secure=current_app.config["SESSION_COOKIE_SECURE"],
    )  # fmt: skip
    return response
