"""Signing in by the site's provider of identities, and the page where an administrator links identities to accounts.

Begun by a link and ended by the provider's redirect: the one GET that signs in, and only with the state, nonce and
verifier of the browser that began it.
"""

from __future__ import annotations

import hmac
from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, session, url_for

from ops_console.adapters.identity_provider import IdentityProvider
from ops_console.core.errors import NotFound, Refused
from ops_console.core.identities import Rule, begin, from_plain
from ops_console.services import identities
from ops_console.services.sign_in import OIDC, Beginning
from ops_console.web import devices, formats
from ops_console.web.database import reading_anew
from ops_console.web.factors import needs_factor
from ops_console.web.rights import needs
from ops_console.web.sign_in import client_address, console, enter, is_ours

pages = Blueprint("identities", __name__)
KEPT = "oidc"
NOT_OURS = "这次登录已过期，或不是从这个浏览器开始的；请重新点统一身份登录。"


def _provider() -> tuple[IdentityProvider, Rule]:
    found = console().identity_provider, console().identity_rule
    if found[0] is None or found[1] is None:
        raise NotFound("没有启用统一身份登录；见设置文件 [oidc] 一节。")
    return found[0], found[1]


def _return_to() -> str:
    return console().settings.server.public_url.rstrip("/") + url_for("identities.come_back")


@pages.get("/sign-in/oidc")
def leave() -> Any:
    """Go to the provider, remembering in this browser what its answer must fit."""
    provider, _ = _provider()
    attempt = begin(console().now())
    try:
        address = provider.address(attempt, _return_to())
    except Refused as refused:
        return _refused(refused)
    wanted = request.args.get("next", "")
    session[KEPT] = attempt.plain() | {"next": wanted if is_ours(wanted) else ""}
    return redirect(address)


@pages.get("/sign-in/oidc/return")
def come_back() -> Any:
    """Take the provider's answer, once, and begin a session."""
    provider, rule = _provider()
    at, kept = console(), session.pop(KEPT, None)
    attempt = from_plain(kept)
    given = {name: request.args[name] for name in ("code", "state", "iss", "error") if name in request.args}
    try:
        if attempt is None or attempt.is_over(at.now()) or not _is_same(attempt.state, given.get("state", "")):
            raise Refused(NOT_OURS)
        identity = provider.identity(attempt, given, _return_to(), at.now())
        device = devices.token() or devices.new_token()
        begun = Beginning(client_address(), device, request.remote_addr or "", via=OIDC)
        key = at.files.key_for("identity")
        made = identities.sign_in_as(at.read, at.write, rule, identity, begun, at.now(), mark_key=key)
    except Refused as refused:
        return _refused(refused)
    wanted = str(kept.get("next", ""))
    return enter(made, (made.account, device), wanted if is_ours(wanted) else url_for("home"))


def _is_same(own: str, given: str) -> bool:
    return hmac.compare_digest(own.encode(), given.encode())


def _refused(refused: Refused) -> Any:
    """Told where one signs in by password; the provider's answer does not stay in the browser's address and history."""
    flash(formats.render_sentence(refused.sentence), "danger")
    return redirect(url_for("sign_in.sign_in"))


@pages.get("/people/identities")
@needs("people.read")
def index() -> Any:
    """Which accounts the provider may sign in."""
    return _page()


def _page(refused: Refused | None = None) -> Any:
    _, rule = _provider()
    found, actor = reading_anew(), g.guest.actor
    return render_template(
        "identities/index.html", rule=rule, claim=console().settings.oidc.account_claim, refused=refused,
        links=identities.links(found, rule, actor), linkable=identities.linkable(found, rule, actor),
        typed=request.form, return_to=_return_to(),
    ), 400 if refused else 200  # fmt: skip


@pages.post("/people/identities")
@needs("people.grant")
@needs_factor
def link() -> Any:
    """Let an identity of the provider sign in to an account."""
    _, rule = _provider()
    account = request.form.get("account", "")
    try:
        with console().write() as writing:
            identities.link(writing, rule, account, request.form.get("name", ""), g.guest.actor, console().now())
    except Refused as refused:
        return _page(refused)
    flash(
        formats.gettext("账号 %(account)s 已关联统一身份，24 小时内不能代表本方确认。") % {"account": account},
        "success",
    )
    return redirect(url_for("identities.index"))


@pages.post("/people/identities/end")
@needs("people.grant")
@needs_factor
def unlink() -> Any:
    """End the link of an account, and its sessions."""
    _, rule = _provider()
    account = request.form.get("account", "")
    try:
        with console().write() as writing:
            identities.unlink(writing, rule, account, g.guest.actor, console().now())
    except Refused as refused:
        return _page(refused)
    flash(formats.gettext("账号 %(account)s 的统一身份关联已解除，登录已结束。") % {"account": account}, "success")
    return redirect(url_for("identities.index"))
