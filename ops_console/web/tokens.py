"""The page of one's own API tokens: make one (its text is shown once), see when each was last used, revoke."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, url_for

from ops_console.core.errors import Refused
from ops_console.services import tokens
from ops_console.web import formats
from ops_console.web.database import reading, reading_anew
from ops_console.web.lists import listed
from ops_console.web.rights import needs
from ops_console.web.sign_in import console

pages = Blueprint("tokens", __name__)
DAYS = (7, 30, 90, 180, 365)
SCOPE_NAMES = {
    "tickets:read": "读工单、事件和时限",
    "tickets:write": "登记工单、登记处理进展、上传附件",
    "tickets:decide": "代表本方确认、批复（请只给确有需要的程序）",
    "reports:read": "读达标汇总",
    "catalogue:read": "读类型、模块等目录",
}


@listed("tokens", "我的令牌", "tokens.own", "用途", "开头", "范围", "建立", "到期", "上次使用", "吊销")
def _tokens() -> Iterator[tuple[object, ...]]:
    for row in tokens.own(reading(), g.guest.actor):
        yield row.name, f"ops_{row.prefix}", row.scopes, row.created_at, row.expires_at, row.used_at, row.revoked_at


@pages.get("/account/tokens")
@needs("tokens.own")
def index() -> Any:
    """One's own tokens."""
    return _page()


def _page(made: tokens.MadeToken | None = None, refused: Refused | None = None) -> Any:
    return render_template(
        "tokens/index.html", tokens=tokens.own(reading_anew(), g.guest.actor), made=made, refused=refused,
        offered=tokens.offered(g.guest.actor), scope_names=SCOPE_NAMES, days=DAYS, typed=request.form,
    ), 400 if refused else 200  # fmt: skip


@pages.post("/account/tokens")
@needs("tokens.own")
def make() -> Any:
    """Make a token; its text is shown once, on the answer to this very request."""
    given = request.form
    days = given.get("days", "")
    try:
        with console().write() as session:
            made = tokens.make(
                session, given.get("name", ""), given.getlist("scopes"),
                int(days) if days.isascii() and days.isdigit() and len(days) < 5 else 0, g.guest.actor, console().now(),
            )  # fmt: skip
    except Refused as refused:
        return _page(refused=refused)
    return _page(made)


@pages.post("/account/tokens/<id:token_id>/revoke")
@needs("tokens.own")
def revoke(token_id: int) -> Any:
    """End one of one's own tokens at once."""
    with console().write() as session:
        prefix = tokens.revoke(session, token_id, g.guest.actor, console().now())
    flash(formats.gettext("令牌 ops_%(prefix)s 已吊销。") % {"prefix": prefix}, "success")
    return redirect(url_for("tokens.index"))
