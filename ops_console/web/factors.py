"""The second factor's pages: proving it at sign-in and before acts of weight, enrolling an app or a printed card."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask_login import login_user

from ops_console.adapters.qr_codes import qr_picture
from ops_console.core.errors import Refused
from ops_console.core.factors import CARD, TOTP, enrolment_address
from ops_console.services import factors, passwords, sessions
from ops_console.web import formats
from ops_console.web.database import reading_anew
from ops_console.web.sign_in import SignedInUser, console, is_ours, source

pages = Blueprint("factors", __name__)
View = TypeVar("View", bound=Callable[..., Any])
NOT_CARRIED = ("csrf_token", "factor_code")


def needs_factor(view: View) -> View:
    """Given a view that acts, return it asking for the second factor first, unless it was given within 5 minutes.

    The form that was sent waits on the page that asks, and is sent again with the code. The right comes first:
    `@needs("…")` stands above. The service asks again (`actor.need_proof(now)`).
    """

    @wraps(view)
    def proved(*args: Any, **kwargs: Any) -> Any:
        if is_fresh():
            return view(*args, **kwargs)
        if g.guest.factor_kind is None:
            flash(formats.gettext("办理这一事项需要第二因素，请先启用。"), "warning")
            return redirect(url_for("factors.enrol", next=formats.here()))
        if request.method != "POST":
            return redirect(url_for("factors.prove", next=formats.here()))
        if not request.form.get("factor_code", "").strip():
            return _ask(request.full_path.rstrip("?"), carried=_carried())
        try:
            prove_typed(request.form["factor_code"])
        except Refused as refused:
            return _ask(request.full_path.rstrip("?"), carried=_carried(), refused=refused)
        return view(*args, **kwargs)

    return proved  # type: ignore[return-value]


def is_fresh() -> bool:
    """Say whether the second factor was given in this session within the last 5 minutes."""
    until = g.guest.actor.proved_until
    return until is not None and console().now() <= until


def _carried() -> list[tuple[str, str]]:
    return [(name, text) for name, text in request.form.items(multi=True) if name not in NOT_CARRIED]


def prove_typed(code: str) -> None:
    """Given the code somebody typed, let their session count as proved. Raises Refused for a wrong or used one."""
    at = console()
    _go_on(factors.prove(at.factors, g.guest, code, at.now()))


def _go_on(token: str) -> None:
    """Let the session go on under its new token, in this request and in the browser."""
    guest = sessions.whose(reading_anew(), console().policy, token, console().now())
    assert guest is not None
    login_user(SignedInUser(token, guest))
    g.guest = guest


def standing() -> factors.Standing:
    """Return the second factor of who asks, as the box for its code tells it."""
    return factors.standing(reading_anew(), g.guest.person_id)


def _ask(action: str, *, carried: list[tuple[str, str]] | None = None, refused: Refused | None = None) -> Any:
    return render_template(
        "people/prove.html", action=action, carried=carried or [], refused=refused, standing=standing(),
    ), 400 if refused else 200  # fmt: skip


@pages.route("/factor", methods=["GET", "POST"])
def prove() -> Any:
    """Give the second factor: asked of administrators at sign-in, of others before they sign."""
    if g.guest.factor_kind is None:
        return redirect(url_for("factors.enrol"))
    action = url_for("factors.prove", next=request.args.get("next"))
    if request.method == "GET":
        return _ask(action)
    try:
        prove_typed(request.form.get("factor_code", ""))
    except Refused as refused:
        return _ask(action, refused=refused)
    return redirect(_wanted())


def _wanted() -> str:
    wanted = request.args.get("next", "")
    return wanted if is_ours(wanted) else url_for("home")


@pages.route("/factor/new", methods=["GET", "POST"])
def enrol() -> Any:
    """Enrol a second factor, or another in place of the one in use: then that one is asked for first."""
    if g.guest.factor_kind is not None and not is_fresh():
        return redirect(url_for("factors.prove", next=url_for("factors.enrol")))
    if request.method == "GET":
        return _enrolment()
    kind, act = request.form.get("kind", ""), request.form.get("act", "")
    if kind not in (TOTP, CARD) or act not in ("begin", "confirm"):
        return _enrolment()
    return _begin(kind) if act == "begin" else _confirm(kind)


def _begin(kind: str) -> Any:
    at = console()
    with at.write() as session:
        if kind == TOTP:
            factors.begin_totp(session, at.factors.sealer, g.guest)
            codes: tuple[str, ...] = ()
        else:
            codes = factors.begin_card(session, at.factors.card_key, g.guest)
    return _enrolment(kind, codes=codes)


def _confirm(kind: str) -> Any:
    at = console()
    try:
        passwords.check_own(
            at.read, at.write, at.hasher, at.policy, actor=g.guest.actor,
            current=request.form.get("current_password", ""), source=source(), now=at.now(),
        )  # fmt: skip
        _go_on(factors.enrol(at.factors, g.guest, kind, request.form.get("factor_code", ""), at.now()))
    except Refused as refused:
        return _enrolment(kind, refused=refused)
    flash(formats.gettext("第二因素已启用。"), "success")
    return redirect(_wanted())


def _enrolment(kind: str = "", *, codes: tuple[str, ...] = (), refused: Refused | None = None) -> Any:
    at = console()
    seed = factors.pending_seed(reading_anew(), at.factors.sealer, g.guest) if kind in ("", TOTP) else None
    address = enrolment_address(seed, g.guest.actor.account, "运维控制台") if seed else ""
    return render_template(
        "people/enrol.html", kind=kind or (TOTP if seed else ""), codes=codes, refused=refused,
        seed=" ".join(seed[i : i + 4] for i in range(0, len(seed), 4)) if seed else "",
        picture=qr_picture(address) if address else "", kept=g.guest.factor_kind,
    ), 400 if refused else 200  # fmt: skip
