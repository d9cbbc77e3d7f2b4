"""What one party asks of the other on a ticket's page: corrections, classes, merging; the word on late times.

Every act is a form of the ticket's page; refused, that page comes back with what was typed.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Blueprint, flash, g, redirect, request, url_for

from ops_console.core import tickets as core
from ops_console.core.corrections import SUSPENSIONS
from ops_console.core.errors import Refused
from ops_console.core.moments import local_moment
from ops_console.core.tickets import written
from ops_console.services import corrections, take_backs
from ops_console.services.corrections import Correction, Word
from ops_console.web.formats import gettext
from ops_console.web.rights import needs
from ops_console.web.sign_in import console
from ops_console.web.tickets import page

pages = Blueprint("corrections", __name__)


@pages.post("/tickets/<path:number>/corrections")
@needs("tickets.record", "tickets.confirm")
def propose(number: str) -> Any:
    """Ask the other party for a correction."""
    given = request.form
    try:
        command = Correction(
            number, given.get("field", ""), _new_value(), given.get("reason", ""), (), given.get("split_title", "")
        )
        with console().write() as session:
            corrections.propose(session, console().book(session), command, g.guest.actor, console().now())
    except Refused as refused:
        return page(number, refused)
    flash(gettext("已提交，等待对方批复；批复前按原值计算"), "success")
    return redirect(url_for("tickets.show", number=number))


def _new_value() -> str:
    name, new = request.form.get("field", ""), request.form.get("new", "").strip()
    if name in (*core.TIMES, *SUSPENSIONS):
        return written(local_moment(new))
    return new


@pages.post("/tickets/<path:number>/type")
@needs("tickets.record", "tickets.confirm")
def retype(number: str) -> Any:
    """Change a ticket's type, or ask the other party where one alone may not."""
    given = request.form
    try:
        with console().write() as session:
            changed = corrections.retype(
                session, console().book(session), number, given.get("type", ""), given.get("reason", ""),
                actor=g.guest.actor, now=console().now(),
            )  # fmt: skip
    except Refused as refused:
        return page(number, refused)
    flash(gettext("类型已改" if changed else "已提交，等待对方批复；批复前按原值计算"), "success")
    return redirect(url_for("tickets.show", number=number))


@pages.post("/tickets/<path:number>/times")
@needs("tickets.confirm")
def accept_times(number: str) -> Any:
    """Note the hospital's word on late times, each as it was seen."""
    given = request.form
    seen = {name: datetime.fromisoformat(given[name]) for name in core.TIMES if _is_instant(given.get(name, ""))}
    word = Word(number, seen, approved=given.get("approved") == "yes")
    try:
        with console().write() as session:
            corrections.accept_times(session, console().book(session), word, g.guest.actor, console().now())
    except Refused as refused:
        return page(number, refused)
    flash(gettext("已认可补录的时间" if word.approved else "已记下：不认可补录的时间，继续计为未证实"), "success")
    return redirect(url_for("tickets.show", number=number))


def _is_instant(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


@pages.post("/tickets/<path:number>/taken-back")
@needs("tickets.read")
def take_back(number: str) -> Any:
    """Take one's own last act back within its first minute."""
    try:
        with console().write() as session:
            take_backs.take_back(session, console().book(session), number, g.guest.actor, console().now())
    except Refused as refused:
        return page(number, refused)
    flash(gettext("已撤回上一步"), "success")
    return redirect(url_for("tickets.show", number=number))
