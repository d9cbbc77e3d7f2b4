"""What people send from a case's page: each form one act, then back to the page, with what was typed when refused.

Not for looking (`breaches.py`). Acts in a party's name ask for the second factor first.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, flash, g, redirect, request, url_for

from ops_console.core import breach_acts as rules
from ops_console.core.errors import NotFound, Refused
from ops_console.services import breach_accounts, breach_acts
from ops_console.services.breach_acts import Dispatch, Execution, Finding
from ops_console.web.breaches import account_typed, flags_typed, moment_typed, numbers_typed, page
from ops_console.web.factors import needs_factor
from ops_console.web.formats import gettext
from ops_console.web.proofs import kept_files
from ops_console.web.rights import needs
from ops_console.web.sign_in import console
from ops_console.web.uploads import LARGEST_FORM, takes

pages = Blueprint("breach_acts", __name__)


def _done(number: str, doing: str, told: str, act: Callable[[Any, Any], None]) -> Any:
    """Do an act in a transaction of its own and go back to the case; refused, show its page with what was typed."""
    try:
        with console().write() as session:
            act(session, console().book(session))
    except NotFound:
        raise
    except Refused as refused:
        return page(number, refused, doing)
    console().wake.set()
    flash(gettext(told), "success")
    return redirect(url_for("breaches.show", number=number))


def _version() -> int:
    text = request.form.get("version", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def _who() -> dict[str, Any]:
    return {"actor": g.guest.actor, "now": console().now()}


@pages.post("/breaches/<path:number>/account")
@needs("breaches.record")
def give_account(number: str) -> Any:
    """Say what happened, for one's own side."""

    def act(session: Any, book: Any) -> None:
        breach_accounts.give_account(session, book, number, _version(), account_typed(), **_who())

    return _done(number, rules.TELL, "已记下本方所述", act)


@pages.post("/breaches/<path:number>/links")
@needs("breaches.record")
def connect(number: str) -> Any:
    """Say which tickets and flags a case is about."""

    def act(session: Any, book: Any) -> None:
        tickets, flags = numbers_typed("tickets"), flags_typed("flags")
        breach_accounts.connect(session, number, _version(), tickets, flags, **_who())

    return _done(number, rules.LINK, "已关联", act)


@pages.post("/breaches/<path:number>/files")
@takes(LARGEST_FORM)
@needs("breaches.record")
def attach(number: str) -> Any:
    """Add files to a case."""

    def act(session: Any, book: Any) -> None:
        files = kept_files()
        if not files:
            raise Refused("请先选择要上传的文件。", field="file")
        for file in files:
            breach_accounts.attach(
                session, number, file, g.guest.actor, console().now(), code=request.form.get("code", "")
            )

    return _done(number, rules.ATTACH, "已添加材料", act)


@pages.post("/breaches/<path:number>/filing")
@needs("breaches.find")
@needs_factor
def file_case(number: str) -> Any:
    """File a clue."""

    def act(session: Any, book: Any) -> None:
        breach_acts.file_case(session, book, number, _version(), request.form.get("category", ""), **_who())

    return _done(number, rules.FILE, "已立案，已通知乙方陈述", act)


@pages.post("/breaches/<path:number>/statement")
@needs("breaches.record")
def state(number: str) -> Any:
    """The vendor's statement."""

    def act(session: Any, book: Any) -> None:
        breach_acts.state(session, book, number, _version(), request.form.get("statement", ""), **_who())

    return _done(number, rules.STATE, "已提交乙方陈述", act)


@pages.post("/breaches/<path:number>/finding")
@needs("breaches.find")
@needs_factor
def find(number: str) -> Any:
    """The finding of the hospital's IT chief."""

    def act(session: Any, book: Any) -> None:
        given = request.form
        if given.get("upheld") not in ("yes", "no"):
            raise Refused("请选择认定结论。", field="upheld")
        times = rules.Account(**{name: moment_typed(name) for name in rules.TIMES})  # type: ignore[arg-type]
        finding = Finding(given["upheld"] == "yes", given.get("category", ""), times, given.get("reason", ""))
        breach_acts.find(session, book, number, _version(), finding, **_who())

    return _done(number, rules.FIND, "已记下认定", act)


@pages.post("/breaches/<path:number>/decision")
@needs("breaches.approve")
@needs_factor
def decide(number: str) -> Any:
    """A leader's word on an upheld case."""

    def act(session: Any, book: Any) -> None:
        word, reason = request.form.get("approved"), request.form.get("reason", "")
        if word not in ("yes", "no"):
            raise Refused("请选择批准或退回。", field="approved")
        breach_acts.decide(session, book, number, _version(), reason, approved=word == "yes", **_who())

    return _done(number, rules.DECIDE, "已记下审批意见", act)


@pages.post("/breaches/<path:number>/execution")
@needs("breaches.find")
@needs_factor
def execute(number: str) -> Any:
    """That an approved deduction was carried out."""

    def act(session: Any, book: Any) -> None:
        given = Execution(request.form.get("month", ""), request.form.get("note", ""))
        breach_acts.execute(session, book, number, _version(), given, **_who())

    return _done(number, rules.EXECUTE, "已登记执行", act)


@pages.post("/breaches/<path:number>/withdrawal")
@needs("breaches.record", "breaches.find", "breaches.approve")
@needs_factor
def withdraw(number: str) -> Any:
    """End a case that is not executed."""

    def act(session: Any, book: Any) -> None:
        breach_acts.withdraw(session, book, number, _version(), request.form.get("reason", ""), **_who())

    return _done(number, rules.WITHDRAW, "已撤销，案件仍可查看", act)


@pages.post("/breaches/<path:number>/dispatches")
@needs("breaches.record")
def dispatch(number: str) -> Any:
    """Log what people of the hospital sent outside."""

    def act(session: Any, book: Any) -> None:
        given, sent_at = request.form, moment_typed("sent_at")
        receiver = given.get("receiver", "") or given.get("other_receiver", "")
        if sent_at is None:
            raise Refused("请填写报送时间。", field="sent_at")
        sent = Dispatch(
            receiver, sent_at, given.get("sender", ""), given.get("sent_channel", ""), given.get("text", ""),
            given.get("needed", "yes") == "yes",
        )  # fmt: skip
        breach_acts.dispatch(session, book, number, _version(), sent, **_who())

    return _done(number, rules.DISPATCH, "已登记报送", act)


@pages.post("/breaches/<path:number>/acknowledgement")
@needs("breaches.record")
def acknowledge(number: str) -> Any:
    """That the vendor has read a decision, with its objection where it has one."""

    def act(session: Any, book: Any) -> None:
        breach_acts.acknowledge(session, number, _version(), request.form.get("objection", ""), **_who())

    return _done(number, rules.ACKNOWLEDGE, "已记下回执", act)
