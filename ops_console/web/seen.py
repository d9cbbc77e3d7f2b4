"""What is news to the person who asks: a count for the menu, and small posts that say what they have seen."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, g, jsonify, redirect, request, url_for
from flask_wtf.csrf import generate_csrf

from ops_console.services import seen
from ops_console.web.database import reading
from ops_console.web.rights import needs
from ops_console.web.sign_in import console

pages = Blueprint("seen", __name__)


@pages.get("/unread")
@needs("tickets.read")
def unread() -> Any:
    """How many tickets have news; asked by every open page, so no reason to keep a session alive."""
    found = seen.news(reading(), g.guest.person_id, g.guest.actor)
    return jsonify(count=found.count, most=seen.MOST, begun=found.has_begun)


@pages.post("/unread/begin")
@needs("tickets.read")
def begin() -> Any:
    """The first look of a person: what was before is no news."""
    with console().write() as session:
        seen.begin(session, g.guest.person_id, g.guest.actor)
    return Response(status=204)


@pages.post("/unread/clear")
@needs("tickets.read")
def clear() -> Any:
    """Mark everything as seen."""
    with console().write() as session:
        seen.begin(session, g.guest.person_id, g.guest.actor, anew=True)
    return redirect(url_for("tickets.index"))


@pages.post("/tickets/<path:number>/seen")
@needs("tickets.read")
def look(number: str) -> Any:
    """The page of a ticket was shown, with so many events."""
    shown = request.form.get("events", "")
    with console().write() as session:
        seen.look(
            session, g.guest.person_id, g.guest.actor, number,
            int(shown) if shown.isascii() and shown.isdigit() and len(shown) < 6 else None,
        )  # fmt: skip
    return Response(status=204)


@pages.get("/session")
def session() -> Any:
    """Who is signed in, and a token for the forms of a page that was opened before."""
    return jsonify(account=g.guest.actor.account, token=generate_csrf())
