"""The page of a month's sample check: the list, the seed, one card a call with three buttons, the result.

Before the month is locked it is the hospital's alone: to everybody else the address is unknown.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from flask import Blueprint, Response, current_app, flash, g, redirect, render_template, request, url_for
from sqlalchemy.orm import Session

from ops_console.core.errors import NotFound, Refused
from ops_console.core.moments import MONTH, month_of, shift_month
from ops_console.core.sample_results import ANSWER_NAMES, ANSWERS, per_cent
from ops_console.core.samples import STRATUM_NAMES
from ops_console.services import assessments, data_keys, reports, sample_acts, sample_proofs, samples
from ops_console.services.sample_acts import Heard
from ops_console.services.samples import NO_PAGE, Board, Card, IsLocked, Which
from ops_console.web import personal
from ops_console.web.database import reading, reading_anew
from ops_console.web.formats import gettext
from ops_console.web.rights import needs, status_of
from ops_console.web.sign_in import console

pages = Blueprint("samples", __name__)
PLACE = "/months/<month>/sample"
KEYS = dict(zip(ANSWERS, "123", strict=True))
CLUES = ("breaches.new", "breaches.index")  # where a clue is raised, by the pages that this console has


@pages.get("/samples")
@needs("months.sample")
def index() -> Any:
    """The month that ended last: the one to be checked."""
    return _page(shift_month(month_of(g.now), -1))


@pages.get(PLACE)
@needs("months.sample", "reports.read")
def show(month: str) -> Any:
    """The month's sample check as it stands; the next ticket to be asked about first, or the one in the address."""
    return _page(month)


def _page(month: str, refused: Refused | None = None, *, blamed: int | None = None) -> Any:
    which, session = _which(month), reading_anew() if refused else reading()
    is_locked = _lock(session, which)
    board = samples.board(session, which.contract_id, month, g.guest.actor, console().now(), is_locked=is_locked)
    card = _card(session, board, blamed)
    done = [one for one in reports.month_list(session) if one < month_of(g.now)]
    return render_template(
        "samples/index.html", board=board, sample=board.newest, card=card, month=month, months=done, refused=refused,
        typed=request.form, is_over=month < month_of(g.now), answers=ANSWER_NAMES, keys=KEYS, per_cent=per_cent,
        strata=STRATUM_NAMES, clue=_clue, hospital=g.book.during(month, g.now)[-1].terms.hospital,
    ), status_of(refused)  # fmt: skip


def _card(session: Session, board: Board, blamed: int | None) -> Card | None:
    """The card to be shown: of the place asked for, else of the next ticket that nobody was asked about."""
    sample = board.newest
    if sample is None or not board.is_open or sample.row.finished_at is not None or not sample.tickets:
        return None
    wanted = blamed or request.args.get("place", type=int) or 0
    drawn = sample.at(wanted) or next(iter(sample.waiting), None)
    return samples.card(session, sample, drawn, g.guest.actor) if drawn else None


def _which(month: str, draw: int = 0) -> Which:
    if not MONTH.fullmatch(month):
        raise NotFound(NO_PAGE)
    return Which(g.book.during(month, g.now)[-1].contract_id, month, draw)


def _lock(session: Session, which: Which) -> IsLocked:
    return partial(assessments.is_locked, session, which.contract_id)


def _clue(number: str) -> str:
    """Where a clue about a ticket is raised; nothing while this console has no such page."""
    found = next((one for one in CLUES if one in current_app.view_functions), None)
    return url_for(found, tickets=number) if found else ""


def _done(which: Which, act: Callable[..., object], told: str = "", *, place: int | None = None) -> Any:
    """Do one act in a transaction of its own and lead back; refused, the page says why and keeps what was typed."""
    try:
        with console().write() as session:
            act(session, actor=g.guest.actor, now=console().now(), is_locked=_lock(session, which))
    except NotFound:
        raise
    except Refused as refused:
        return _page(which.month, refused, blamed=place)
    if told:
        flash(told, "success")
    return redirect(url_for("samples.show", month=which.month, _anchor="card" if place else None))


@pages.post(f"{PLACE}/list")
@needs("months.sample")
def commit(month: str) -> Any:
    """Commit to the list of candidates as of now."""
    given = request.form
    seen = given.get("draw", "0")
    which = _which(month, int(seen) if seen.isascii() and seen.isdigit() and len(seen) < 6 else 0)

    def act(session: Session, **told: Any) -> None:
        sample_acts.commit(session, console().book(session), which, given.get("reason", ""), **told)

    return _done(which, act, gettext("清单已提交，摘要已写入审计链；现在写下种子"))


@pages.post(f"{PLACE}/<id:draw>/seed")
@needs("months.sample")
def draw(month: str, draw: int) -> Any:
    """Draw by the seed typed."""
    which, given = _which(month, draw), request.form

    def act(session: Session, **told: Any) -> None:
        sample_acts.draw(session, which, given.get("digest", ""), given.get("seed", ""), **told)

    return _done(which, act)


@pages.post(f"{PLACE}/<id:draw>/<id:place>/answer")
@needs("months.sample")
def answer(month: str, draw: int, place: int) -> Any:
    """Note what the person called said."""
    which, given = _which(month, draw), request.form
    heard = Heard(place, given.get("answer", ""), given.get("note", ""))
    return _done(which, lambda session, **told: sample_acts.answer(session, which, heard, **told), place=place)


@pages.post(f"{PLACE}/<id:draw>/<id:place>/undo")
@needs("months.sample")
def undo(month: str, draw: int, place: int) -> Any:
    """Take an answer back."""
    which, seen = _which(month, draw), request.form.get("answer", "")
    told = gettext("已撤销第 %(place)s 件的回访") % {"place": place}
    return _done(which, lambda session, **given: sample_acts.undo(session, which, place, seen, **given), told)


@pages.post(f"{PLACE}/<id:draw>/finish")
@needs("months.sample")
def finish(month: str, draw: int) -> Any:
    """End the check as it stands."""
    which = _which(month, draw)
    told = gettext("抽查已结束，结果放在本月评分旁边")
    return _done(which, lambda session, **given: sample_acts.finish(session, which, **given), told)


@pages.route(f"{PLACE}/<id:draw>/<id:place>/phone", methods=["GET", "POST"])
@needs("months.sample")
def phone(month: str, draw: int, place: int) -> Any:
    """A masked telephone number, whole for a reason and five minutes; recorded at the sample, not at the ticket."""
    which, address = _which(month, draw), url_for("samples.phone", month=month, draw=draw, place=place)
    session, reason = reading(), request.form.get("reason", "")
    samples.board(session, which.contract_id, month, g.guest.actor, console().now(), is_locked=_lock(session, which))
    command = replace(samples.phone(session, which, place, g.guest.actor), reason=reason)
    if request.method == "GET":
        return personal.page(command, address)
    return personal.asked(command, address, lambda: sample_acts.reveal_phone(
        console().write, console().sealer(data_keys.PERSONAL), which, place, reason, actor=g.guest.actor,
        now=console().now(), is_locked=_lock(session, which),
    ))  # fmt: skip


@pages.get(f"{PLACE}/<id:draw>/proof.json")
@needs("months.sample", "reports.read")
def proof(month: str, draw: int) -> Response:
    """What a stranger recomputes the draw from, as a file."""
    which, session = _which(month, draw), reading()
    found = sample_proofs.proof(session, which, g.guest.actor, is_locked=_lock(session, which))
    body = json.dumps(found, ensure_ascii=False, sort_keys=True, indent=1) + "\n"
    response = Response(body, mimetype="application/json")
    response.headers["Content-Disposition"] = f'attachment; filename="sample-{month}-{draw}.json"'
    return response
