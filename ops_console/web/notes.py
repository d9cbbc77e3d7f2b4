"""The hospital's notes on a ticket: a section of the ticket's page that nobody else's page has."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, g, redirect, request, url_for

from ops_console.core.errors import Refused
from ops_console.services import notes as service
from ops_console.web import formats
from ops_console.web.database import reading
from ops_console.web.rights import needs
from ops_console.web.sign_in import console

pages = Blueprint("notes", __name__)


@pages.app_template_global()
def hospital_notes(number: str) -> Any:
    """Given a ticket's number, return its notes for whoever asks: None for everybody but the hospital."""
    actor = g.guest.actor
    return service.notes(reading(), number, actor) if actor.may("notes.hospital") else None


@pages.post("/tickets/<path:number>/notes")
@needs("notes.hospital")
def add(number: str) -> Any:
    """Add a note; back on the ticket's page."""
    try:
        with console().write() as session:
            service.note(session, number, request.form.get("note", ""), g.guest.actor, console().now())
    except Refused as refused:
        flash(formats.render_sentence(refused.sentence), "danger")
    return redirect(url_for("tickets.show", number=number) + "#notes")
