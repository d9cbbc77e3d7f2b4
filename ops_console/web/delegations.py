"""The page of delegations: letting a colleague sign for a while, and taking that back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, url_for

from ops_console.core.delegations import LONGEST_DAYS
from ops_console.core.errors import NotFound, Refused
from ops_console.core.moments import ZONE
from ops_console.services import delegations
from ops_console.services.delegations import NewDelegation
from ops_console.web import formats
from ops_console.web.database import reading, reading_anew
from ops_console.web.factors import needs_factor
from ops_console.web.formats import gettext
from ops_console.web.lists import listed, word
from ops_console.web.rights import needs, status_of
from ops_console.web.sign_in import console

pages = Blueprint("delegations", __name__)


@listed(
    "delegations", "签署委托", "reports.read", "一方", "委托人", "受托人", "起", "止", "状态", "原因", "收回原因",
    "委托时间",
)  # fmt: skip
def _delegations() -> Iterator[tuple[object, ...]]:
    for one in delegations.listing(reading(), g.guest.actor, g.now):
        row = one.row
        yield (
            word(formats.SIDE_NAMES[row.side]), row.giver_name, row.taker_name, row.first_on.isoformat(),
            row.last_on.isoformat(), word(delegations.STATE_NAMES[one.state]), row.reason, row.revoke_reason,
            row.made_at,
        )  # fmt: skip


@pages.get("/delegations")
@needs("reports.read")
def index() -> Any:
    """Every delegation of both parties, the newest first."""
    return _page()


def _page(refused: Refused | None = None, delegation_id: int = 0) -> Any:
    session, actor = reading_anew() if refused else reading(), g.guest.actor
    return render_template(
        "delegations/index.html", found=delegations.listing(session, actor, g.now),
        takers=delegations.takers(session, actor), refused=refused, refused_id=delegation_id, typed=request.form,
        state_names=delegations.STATE_NAMES, today=g.now.astimezone(ZONE).date(), longest=LONGEST_DAYS,
    ), status_of(refused)  # fmt: skip


def day_typed(name: str) -> date | None:
    """Given a form's field, return the day in it, None for none or for what is no day."""
    try:
        return date.fromisoformat(request.form.get(name, "").strip())
    except ValueError:
        return None


@pages.post("/delegations")
@needs("months.sign")
@needs_factor
def delegate() -> Any:
    """Let a colleague sign for a while."""
    given, at = request.form, console()
    wanted = NewDelegation(given.get("account", ""), day_typed("first"), day_typed("last"), given.get("reason", ""))
    try:
        with at.write() as session:
            delegations.delegate(session, wanted, g.guest.actor, at.now())
    except Refused as refused:
        return _page(refused)
    flash(gettext("已委托，双方都会收到通知；到期自动结束。"), "success")
    return redirect(url_for("delegations.index"))


@pages.post("/delegations/<id:delegation_id>/revoke")
@needs("months.sign")
@needs_factor
def revoke(delegation_id: int) -> Any:
    """Take a delegation back."""
    at = console()
    try:
        with at.write() as session:
            delegations.revoke(session, delegation_id, request.form.get("reason", ""), g.guest.actor, at.now())
    except NotFound:
        raise
    except Refused as refused:
        return _page(refused, delegation_id)
    flash(gettext("委托已收回。"), "success")
    return redirect(url_for("delegations.index"))
