"""Who may do what, as two pages: the table of roles, and who held which right on a day."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Blueprint, g, render_template, request

from ops_console.core.errors import Refused
from ops_console.core.moments import ZONE
from ops_console.core.people import DUTIES, KEPT_BY_HOSPITAL, PERMISSION_NAMES, ROLES
from ops_console.core.rights import digest_of, table_of_now
from ops_console.services import people, rights
from ops_console.web.database import reading
from ops_console.web.rights import needs
from ops_console.web.sign_in import console

pages = Blueprint("roles", __name__)


@pages.get("/people/roles")
@needs("people.read")
def matrix() -> Any:
    """The table that every page, command and use case asks, as it is: rights by roles."""
    holders = {
        duty: sorted({p.holder for p in people.everybody(reading(), g.guest.actor) if p.role == duty and p.holder})
        for duty in DUTIES
    }
    return render_template(
        "people/roles.html", roles=ROLES, permissions=PERMISSION_NAMES, duties=DUTIES, holders=holders,
        kept=KEPT_BY_HOSPITAL, digest=digest_of(table_of_now())[:12],
        preset=console().settings.security.duties,
    )  # fmt: skip


@pages.get("/people/rights")
@needs("people.read")
def on_day() -> Any:
    """Who held which right at the end of a day, by the table of that time."""
    today, refused = g.now.astimezone(ZONE).date(), None
    wanted = request.args.get("on", "")
    try:
        found = rights.on_day(reading(), _day(wanted) if wanted else today, g.guest.actor, console().now())
    except Refused as exc:
        refused, found = exc, rights.on_day(reading(), today, g.guest.actor, console().now())
    return render_template(
        "people/rights.html", found=found, on=wanted or today.isoformat(), today=today.isoformat(), refused=refused,
        permissions=PERMISSION_NAMES,
    ), 400 if refused else 200  # fmt: skip


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Refused("日期应写成 2026-03-05 的样子。", field="on") from None
