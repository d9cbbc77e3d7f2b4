"""One's own account: its role and rights, its second factor, its sessions and ending them."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, url_for

from ops_console.core.people import PERMISSION_NAMES
from ops_console.services import factors, sessions
from ops_console.web import formats
from ops_console.web.database import reading
from ops_console.web.sign_in import console

pages = Blueprint("account", __name__)


@pages.get("/account")
def index() -> Any:
    """What is mine: rights, second factor, where I am signed in."""
    return render_template(
        "people/account.html", standing=factors.standing(reading(), g.guest.person_id),
        sessions=sessions.own(reading(), g.guest), permissions=PERMISSION_NAMES,
    )  # fmt: skip


@pages.post("/account/sessions/end")
def end_session() -> Any:
    """End one of one's own sessions: a browser left signed in elsewhere."""
    with console().write() as session:
        sessions.end_own(session, g.guest, request.form.get("number", ""), console().now())
    flash(formats.gettext("这一登录已结束。"), "success")
    return redirect(url_for("account.index"))
