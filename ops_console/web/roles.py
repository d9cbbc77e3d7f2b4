"""Who may do what, as two pages: the table of roles, and who held which right on a day."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from flask import Blueprint, g, render_template, request

from ops_console.core.errors import Refused
from ops_console.core.moments import ZONE
from ops_console.core.people import DUTIES, KEPT_BY_HOSPITAL, PERMISSION_NAMES, ROLE_NAMES, ROLES
from ops_console.core.rights import Held, digest_of, table_of_now
from ops_console.services import people, rights
from ops_console.web import formats
from ops_console.web.database import reading
from ops_console.web.lists import listed, word
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
        permissions=PERMISSION_NAMES, state_name=state_name,
    ), 400 if refused else 200  # fmt: skip


@listed("roles", "权限表", "people.read", "权限", *ROLE_NAMES.values())
def _matrix() -> Iterator[tuple[object, ...]]:
    for key, name in PERMISSION_NAMES.items():
        yield word(name), *(word("有" if key in held else "") for _side, held in (ROLES[role] for role in ROLE_NAMES))


def state_name(one: Held) -> str:
    """Given what an account was on a day, return what its state is called, untranslated."""
    if not one.is_active:
        return "停用"
    return "等待确认角色" if one.waits else "在用"


@listed("rights", "某一天的权限", "people.read", "账号", "姓名", "角色", "归属", "状态", "权限")
def _rights() -> Iterator[tuple[object, ...]]:
    wanted = request.args.get("on", "")
    day = _day(wanted) if wanted else g.now.astimezone(ZONE).date()
    found = rights.on_day(reading(), day, g.guest.actor, console().now())
    for one in found.people:
        held = "; ".join(word(PERMISSION_NAMES.get(key, key)) for key in one.permissions)  # type: ignore[call-overload]
        role, holder = ROLE_NAMES.get(one.role, one.role), formats.HOLDER_NAMES.get(one.holder, one.holder)
        yield one.account, found.names.get(one.account, ""), word(role), word(holder), word(state_name(one)), held


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Refused("日期应写成 2026-03-05 的样子。", field="on") from None
