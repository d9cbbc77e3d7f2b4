"""The search page: hits newest first with what was found marked; a number typed exactly leads to its ticket."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import Any

from flask import Blueprint, g, redirect, render_template, url_for

from ops_console.core import tickets as core
from ops_console.core.errors import Refused
from ops_console.core.search import HIT_LIMIT, Passage, marked, query_of, shown
from ops_console.core.ticket_lists import Filter
from ops_console.services import reports, search
from ops_console.web.database import reading
from ops_console.web.rights import needs
from ops_console.web.sign_in import console
from ops_console.web.tickets import asked, kept

pages = Blueprint("search", __name__)
PAGE = 20
BRIEF = ("number", "title", "department", "reporter", "module")  # what is shown of every hit


@dataclass(frozen=True)
class Hit:
    """A hit as the page shows it: its row, its short texts marked, and the part of a long one that was found."""

    row: Any
    brief: dict[str, Passage]
    field: str
    passage: Passage


@pages.get("/search")
@needs("tickets.read")
def index() -> Any:
    """The hits of `q`, narrowed as lists are; without `q`, what can be looked for."""
    chosen, _sort, _descending, page = asked()
    page = min(page, ceil(HIT_LIMIT / PAGE))
    number = search.number_of(reading(), chosen.q, g.guest.actor) if page == 1 else None
    if number is not None:
        return redirect(url_for("tickets.show", number=number))
    try:
        found = _found(chosen, page)
    except Refused as refused:
        return _page(chosen, page, search.Found((), 0), refused), 400
    return _page(chosen, page, found)


def _found(chosen: Filter, page: int) -> search.Found:
    if not chosen.q:
        return search.Found((), 0)
    return search.find(reading(), chosen, g.guest.actor, now=g.now, page=page, per_page=PAGE)


def _page(chosen: Filter, page: int, found: search.Found, refused: Refused | None = None) -> str:
    words = query_of(chosen.q).words if found.rows else ()
    return render_template(
        "search/index.html", chosen=chosen, page=page, pages=ceil(min(found.count, HIT_LIMIT) / PAGE), found=found,
        hits=[_hit(row, words) for row in found.rows], refused=refused, limit=HIT_LIMIT, kept=kept, link=_link,
        progress=search.progress(reading()), settings=console().settings, states=core.STATES,
        months=reports.month_list(reading()),
    )  # fmt: skip


def _hit(row: Any, words: tuple[str, ...]) -> Hit:
    brief = {name: marked(getattr(row, name) or "", words) for name in BRIEF}
    long = {name: getattr(row, name) or "" for name in ("description", "process", "handler", "carrier")}
    return Hit(row, brief, *shown(long, words))


def _link(page: int) -> str:
    return url_for("search.index", **dict(kept("page")), page=page)
