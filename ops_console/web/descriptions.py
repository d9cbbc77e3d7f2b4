"""What a ticket is about, on its page: filling and changing its content, and linking it with another."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from flask import Blueprint, flash, g, redirect, request, url_for

from ops_console.core.errors import Refused
from ops_console.core.tickets import Link
from ops_console.services import descriptions, links
from ops_console.services.descriptions import CompleteTicket
from ops_console.web.formats import gettext
from ops_console.web.rights import needs
from ops_console.web.sign_in import console
from ops_console.web.tickets import page

pages = Blueprint("descriptions", __name__)
NAMES = tuple(f.name for f in fields(CompleteTicket) if f.name != "number")


@pages.post("/tickets/<path:number>/content")
@needs("tickets.record")
def complete(number: str) -> Any:
    """Fill what is blank, change what is said otherwise."""
    told = {name: request.form.get(name, "") for name in NAMES}
    try:
        with console().write() as session:
            command = CompleteTicket(number, **told)
            descriptions.complete(session, console().book(session), command, g.guest.actor, console().now())
    except Refused as refused:
        return page(number, refused)
    flash(gettext("内容已保存"), "success")
    return redirect(url_for("tickets.show", number=number))


@pages.post("/tickets/<path:number>/links")
@needs("tickets.record")
def link(number: str) -> Any:
    """Link the ticket with another."""
    made = Link(request.form.get("ticket", "").strip(), request.form.get("relation", ""))
    try:
        with console().write() as session:
            links.link(session, console().book(session), number, made, g.guest.actor, console().now())
    except Refused as refused:
        return page(number, refused)
    flash(gettext("已关联工单 %(number)s") % {"number": made.number}, "success")
    return redirect(url_for("tickets.show", number=number))
