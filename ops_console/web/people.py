"""The accounts page: who has which role; adding, resetting and disabling for the system administrator."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, url_for

from ops_console.core.errors import Refused
from ops_console.core.people import ROLES
from ops_console.services import people
from ops_console.web import formats
from ops_console.web.database import reading, reading_anew
from ops_console.web.rights import needs
from ops_console.web.sign_in import console

pages = Blueprint("people", __name__)


@pages.get("/people")
@needs("people.read")
def index() -> Any:
    """Every account and what its role may do."""
    return _page()


def _page(made: people.NewAccount | None = None, refused: Refused | None = None) -> Any:
    rows = people.everybody(reading_anew(), g.guest.actor)
    return render_template(
        "people/index.html",
        people=rows,
        acts=people.account_events(reading(), g.guest.actor),
        roles=ROLES,
        made=made,
        refused=refused,
        typed=request.form,
    ), 400 if refused else 200


@pages.post("/people")
@needs("people.manage")
def add() -> Any:
    """Add an account; its one-time password is shown once, on the answer to this very request."""
    given = request.form
    try:
        with console().write() as session:
            made = people.add_account(
                session, console().hasher, console().policy, given.get("account", "").strip().lower(),
                given.get("name", "").strip(), given.get("role", ""), g.guest.actor, console().now(),
            )  # fmt: skip
    except Refused as refused:
        return _page(refused=refused)
    return _page(made)


@pages.post("/people/<account>/reset")
@needs("people.manage")
def reset(account: str) -> Any:
    """Give an account a new one-time password and end its sessions."""
    with console().write() as session:
        made = people.reset_account(
            session, console().hasher, console().policy, account, g.guest.actor, console().now()
        )
    return _page(made)


@pages.post("/people/<account>/disable")
@needs("people.manage")
def disable(account: str) -> Any:
    """Disable an account at once."""
    try:
        with console().write() as session:
            people.disable_account(session, account, g.guest.actor, console().now())
    except Refused as refused:
        return _page(refused=refused)
    flash(formats.gettext("账号 %(account)s 已停用。") % {"account": account}, "success")
    return redirect(url_for("people.index"))
