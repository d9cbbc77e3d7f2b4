"""Pages that show the original of a masked text: asked for with a reason, shown for five minutes, masked again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, current_app, g, make_response, redirect, render_template, request, url_for

from ops_console.core.errors import Refused
from ops_console.services import data_keys, personal
from ops_console.services.personal import Reveal, Shown
from ops_console.services.ports import Sealer
from ops_console.web import factors
from ops_console.web.database import reading, reading_anew
from ops_console.web.rights import needs, status_of
from ops_console.web.sign_in import console

pages = Blueprint("personal", __name__)
PLACE = "/tickets/<path:number>/originals/<id:seq>/<field>"


@pages.get(PLACE)
@needs("personal.reveal")
def show(number: str, seq: int, field: str) -> Any:
    """One masked text: whole while the asker may see it, else masked with the form that asks."""
    return page(Reveal(number, seq, field, ""), _address(number, seq, field))


@pages.post(PLACE)
@needs("personal.reveal")
def reveal(number: str, seq: int, field: str) -> Any:
    """Show the original, for the reason given."""
    command = Reveal(number, seq, field, request.form.get("reason", ""))
    return asked(
        command, _address(number, seq, field),
        lambda: personal.reveal(console().write, _sealer(), command, g.guest.actor, console().now()),
    )  # fmt: skip


def _address(number: str, seq: int, field: str) -> str:
    return url_for("personal.show", number=number, seq=seq, field=field)


def asked(place: Reveal, address: str, show: Callable[[], object]) -> Any:
    """Given a place with the reason typed, the address it is looked at by and what shows it, answer the form that asks.

    A second factor typed with it is proved first; refused, the form comes back.
    """
    try:
        if current_app.jinja_env.globals["plain_http"]:
            raise Refused("控制台正以未加密的 HTTP 对外服务，不显示个人信息原文；请改用 HTTPS。", field="reason")
        if request.form.get("factor_code", "").strip() and not factors.is_fresh():
            factors.prove_typed(request.form["factor_code"])
        show()
    except Refused as refused:
        return page(place, address, refused)
    return page(place, address) if _is_part() else redirect(address, 303)


def _sealer() -> Sealer:
    return console().sealer(data_keys.PERSONAL)


def _is_part() -> bool:
    return request.headers.get("HX-Request") == "true"


def page(place: Reveal, address: str, refused: Refused | None = None) -> Response:
    """Given a place, the address it is looked at by and what refused to show it, return its page or the part of one."""
    session = reading_anew() if request.method == "POST" else reading()
    found = personal.shown(session, _sealer(), place, g.guest.actor, console().now())
    template = "tickets/_original.html" if _is_part() else "tickets/original.html"
    seconds = _seconds_left(found)
    answer = make_response(
        render_template(
            template, found=found, address=address, seconds=seconds, refused=refused, reason=place.reason,
            standing=None if found.until or factors.is_fresh() else factors.standing(),
        ),
        200 if _is_part() else status_of(refused),
    )  # fmt: skip
    if found.until and not _is_part():
        answer.headers["Refresh"] = str(seconds)  # masks again without JavaScript too
    return answer


def _seconds_left(found: Shown) -> int:
    return int((found.until - console().now()).total_seconds()) + 1 if found.until else 0
