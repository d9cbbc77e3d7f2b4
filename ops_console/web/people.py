"""The accounts page: who has which role; what the system and the security administrator do to accounts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from sqlalchemy.orm import Session

from ops_console.core.errors import Refused
from ops_console.core.people import DUTIES, HOLDERS, ROLE_NAMES, ROLES, Actor
from ops_console.services import leavers, lost_factors, people, sessions
from ops_console.web import formats
from ops_console.web.database import reading, reading_anew
from ops_console.web.factors import needs_factor
from ops_console.web.lists import listed, word
from ops_console.web.rights import needs
from ops_console.web.sign_in import console

pages = Blueprint("people", __name__)
ACT_NAMES = {
    "account_added": "建立账号", "account_reset": "在服务器上重置密码", "account_disabled": "停用账号",
    "account_unlocked": "解除锁定", "role_confirmed": "确认角色", "role_changed": "变更角色",
    "sign_in_locked": "登录锁定", "password_changed": "修改密码", "factor_enrolled": "启用第二因素",
    "factor_locked": "第二因素锁定",
    "factor_drop_asked": "申请清除第二因素", "factor_dropped": "清除第二因素", "session_ended": "结束登录",
    "oidc_linked": "关联统一身份", "oidc_unlinked": "解除统一身份", "oidc_bound": "首次用统一身份登录",
    "oidc_refused": "统一身份登录被拒",
}  # fmt: skip
STATE_NAMES = {
    people.DISABLED: "停用", people.WAITS: "等待安全管理员确认角色", people.MUST_CHANGE: "等待首次修改密码",
    people.IN_USE: "在用",
}  # fmt: skip


@listed(
    "people", "账号", "people.read", "账号", "姓名", "角色", "归属", "单位/科室", "状态", "第二因素", "建立", "停用"
)
def _people() -> Iterator[tuple[object, ...]]:
    session, actor = reading(), g.guest.actor
    enrolled = people.enrolled(session, actor)
    for one in people.everybody(session, actor):
        factor = "已启用" if one.id in enrolled else ""
        holder = word(formats.HOLDER_NAMES.get(one.holder or ""))
        yield (
            one.account, one.name, word(ROLE_NAMES[one.role]), holder, one.department,
            word(STATE_NAMES[people.account_state(one)]), word(factor), one.created_at, one.disabled_at,
        )  # fmt: skip


@listed("account-acts", "账号变动", "people.read", "时间", "账号", "事件", "谁")
def _acts() -> Iterator[tuple[object, ...]]:
    for act in people.account_events(reading(), g.guest.actor):
        yield act.event.recorded_at, act.account, word(ACT_NAMES[act.event.kind]), formats.who(act.event.actor)


@listed("sessions", "正在登录的浏览器", "people.manage", "账号", "登录", "最近访问", "地址", "设备", "登录方式")
def _sessions() -> Iterator[tuple[object, ...]]:
    for row in sessions.everybodys(reading(), g.guest.actor):
        way = word("统一身份" if row.via == "oidc" else "密码")
        yield row.account, row.created_at, row.seen_at, row.address, row.device, way


@pages.get("/people")
@needs("people.read")
def index() -> Any:
    """Every account and what its role may do."""
    return _page()


def _page(made: tuple[people.NewAccount, ...] = (), refused: Refused | None = None) -> Any:
    session, actor, now = reading_anew(), g.guest.actor, console().now()
    return render_template(
        "people/index.html",
        people=people.everybody(session, actor),
        acts=people.account_events(session, actor),
        resets=people.resets_told(session, now),
        enrolled=people.enrolled(session, actor),
        drops=lost_factors.waiting(session, now),
        sessions=sessions.everybodys(session, actor) if actor.may("people.manage") else (),
        roles=ROLES,
        duties=DUTIES,
        holders=HOLDERS,
        takers=[person for person in people.everybody(session, actor) if people.may_take(person)],
        act_names=ACT_NAMES,
        account_state=people.account_state,
        state_names=STATE_NAMES,
        made=made,
        provider=console().settings.oidc,
        refused=refused,
        typed=request.form,
    ), 400 if refused else 200


@pages.post("/people")
@needs("people.manage")
@needs_factor
def add() -> Any:
    """Add an account; its one-time password is shown once, on the answer to this very request."""
    given, at = request.form, console()
    person = people.NewPerson(
        given.get("account", "").strip().lower(), given.get("name", "").strip(), given.get("role", ""),
        given.get("holder") or None, given.get("department", ""),
    )  # fmt: skip
    ready = people.one_time(at.hasher)
    try:
        with at.write() as session:
            made = people.add_account(session, at.policy, person, ready, g.guest.actor, at.now())
    except Refused as refused:
        return _page(refused=refused)
    return _page((made,))


@pages.post("/people/<account>/reset")
@needs("people.manage")
@needs_factor
def reset(account: str) -> Any:
    """Give an account a new one-time password and end its sessions: both parties are told."""
    at = console()
    ready = people.one_time(at.hasher)
    with at.write() as session:
        made = people.reset_account(session, at.policy, account, ready, g.guest.actor, at.now())
    return _page((made,))


def _act(done: str, account: str, act: Callable[..., tuple[str, str] | None], **given: Any) -> Any:
    """Do something to an account in one transaction and say so, or show the page with why not.

    What is done may return more to say: a text of the reader's language and its kind.
    """
    at = console()
    try:
        with at.write() as session:
            more = act(session, account, actor=g.guest.actor, now=at.now(), **given)
    except Refused as refused:
        return _page(refused=refused)
    flash(formats.gettext(done) % {"account": account}, "success")
    if more:
        flash(*more)
    return redirect(url_for("people.index"))


@pages.post("/people/<account>/disable")
@needs("people.manage")
@needs_factor
def disable(account: str) -> Any:
    """Disable an account at once; its open tickets go to the colleague named in the same form."""
    successor, book = request.form.get("successor", ""), console().book(reading())

    def act(session: Session, account: str, actor: Actor, now: datetime) -> tuple[str, str] | None:
        return _left(leavers.disable_account(session, book, account, actor, now, successor=successor))

    return _act("账号 %(account)s 已停用。", account, act)


def _left(left: leavers.Left) -> tuple[str, str] | None:
    """What became of a leaver's open tickets, and of what kind that message is; nothing where there were none."""
    if not left.tickets:
        return None
    if left.taker:
        told = formats.gettext("%(n)s 件未结工单已交给 %(name)s。")
        return told % {"n": left.tickets, "name": left.taker}, "success"
    told = formats.gettext("还有 %(n)s 件未结工单没有可接手的同事；请添加或确认一位，再在工单列表批量转派。")
    return told % {"n": left.tickets}, "warning"


@pages.post("/people/<account>/unlock")
@needs("people.manage")
@needs_factor
def unlock(account: str) -> Any:
    """End the locks that failed sign-ins put on an account."""
    return _act("账号 %(account)s 的锁定已解除。", account, people.unlock_account)


@pages.post("/people/<account>/confirm")
@needs("people.grant")
@needs_factor
def confirm(account: str) -> Any:
    """Let the role of a new account count."""
    return _act("账号 %(account)s 的角色已确认。", account, people.confirm_role)


@pages.post("/people/<account>/role")
@needs("people.grant")
@needs_factor
def change_role(account: str) -> Any:
    """Give an account another role of its side."""
    return _act("账号 %(account)s 的角色已变更。", account, people.change_role, role=request.form.get("role", ""))


@pages.post("/people/<account>/factor")
@needs("factors.reset")
@needs_factor
def drop_factor(account: str) -> Any:
    """Ask that a lost second factor be cleared, or agree to what another asked."""
    if request.form.get("act") == "agree":
        return _act("账号 %(account)s 的第二因素已清除。", account, lost_factors.agree)
    told = "已申请清除账号 %(account)s 的第二因素，等待另一种角色的人员同意。"
    return _act(told, account, lost_factors.ask, reason=request.form.get("reason", ""))


@pages.post("/people/sessions/end")
@needs("people.manage")
@needs_factor
def end_session() -> Any:
    """End anybody's session."""
    at = console()
    with at.write() as session:
        sessions.end_any(session, request.form.get("number", ""), g.guest.actor, at.now())
    flash(formats.gettext("这一登录已结束。"), "success")
    return redirect(url_for("people.index"))
