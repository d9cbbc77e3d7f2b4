"""The pages of releases: the list, registering one, and one with what it makes owed as a checklist.

Not for the duties' own pages (`web/duties.py`), to whose forms the checklist leads.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import date, datetime
from math import ceil
from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from sqlalchemy.orm import Session

from ops_console.core.errors import NotFound, Refused
from ops_console.core.moments import ZONE
from ops_console.core.plain import made
from ops_console.core.releases import (
    CHANGE_STATES,
    DECISION_NAMES,
    ENDS,
    FIELD_NAMES,
    KIND_NAMES,
    KINDS,
    PROPOSED,
    UPDATE,
    Release,
    changes,
)
from ops_console.services import release_changes, releases
from ops_console.store.releases import ChangeRow
from ops_console.web import formats
from ops_console.web.database import reading, reading_anew
from ops_console.web.duties import typed_moment
from ops_console.web.formats import gettext
from ops_console.web.lists import listed, word
from ops_console.web.proofs import kept_files
from ops_console.web.rights import needs, status_of
from ops_console.web.sign_in import console
from ops_console.web.uploads import LARGEST_FORM, takes

pages = Blueprint("releases", __name__)
CHANGE_NAMES = dict(zip(CHANGE_STATES, ("待对方答复", "对方已同意", "对方不同意", "已撤回"), strict=True))


def _wanted() -> tuple[str, int]:
    kind, page = request.args.get("kind", ""), request.args.get("page", "1")
    return (
        kind if kind in KINDS else "",
        max(1, int(page)) if page.isascii() and page.isdigit() and len(page) < 6 else 1,
    )


@listed(
    "releases", "发布与版本", "reports.read", "种类", "版本号", "标题", "涉及的端", "发布时间", "上线时间",
    "厂商发布日", "登记方", "登记时间", "应交材料", "已验收", "作废",
)  # fmt: skip
def _rows() -> Iterator[tuple[object, ...]]:
    kind, page = _wanted()[0], 1
    while found := releases.listing(reading(), kind, page=page, actor=g.guest.actor, now=g.now).releases:
        for one in found:
            row, told = one.row, one.release
            yield (
                word(KIND_NAMES[row.kind]), row.version, row.title, _ends(told.ends), row.released_at, row.go_live_at,
                row.published_on, word(formats.SIDE_NAMES[row.registered_side]), row.registered_at,
                len(one.artefacts), sum(1 for a in one.artefacts if a.duty.accepted_at), told.void,
            )  # fmt: skip
        page += 1


def _ends(ends: tuple[str, ...]) -> str:
    return gettext("、").join(word(end) for end in ends)


@pages.get("/releases")
@needs("reports.read")
def index() -> Any:
    """Releases and versions, newest first, each with what it still lacks."""
    kind, page = _wanted()
    found = releases.listing(reading(), kind, page=page, actor=g.guest.actor, now=g.now)
    count = found.counts[kind] if kind else sum(found.counts.values())
    return render_template(
        "releases/index.html", found=found, kind=kind, page=page, pages=ceil(count / releases.PAGE), count=count,
        kind_names=KIND_NAMES, ends_of=_ends,
    )  # fmt: skip


@pages.route("/releases/new", methods=["GET", "POST"])
@needs("duties.record", "duties.accept")
def new() -> Any:
    """Register an update or a version of the product; what it makes owed is made with it."""
    kind = request.values.get("kind", UPDATE)
    if request.method == "GET":
        return _form(kind if kind in KINDS else UPDATE)
    try:
        told = _typed(kind)
        with console().write() as session:
            made_id = releases.register(session, console().book(session), told, g.guest.actor, console().now())
    except Refused as refused:
        return _form(kind if kind in KINDS else UPDATE, refused)
    flash(gettext("已登记；应交的材料和期限见下"), "success")
    return redirect(url_for("releases.show", release_id=made_id))


def _form(kind: str, refused: Refused | None = None) -> Any:
    usual = {"released_at": _local(g.now.replace(second=0)), "user_visible": "yes"}
    typed = request.form if request.method == "POST" else usual
    return render_template(
        "releases/new.html", kind=kind, refused=refused, typed=typed, kinds=KIND_NAMES, every_end=ENDS,
        chosen=request.form.getlist("ends"),
    ), status_of(refused)  # fmt: skip


def _typed(kind: str) -> Release:
    """What the form says of a release. Raises Refused on a time or day that cannot be read."""
    given = request.form
    return Release(
        kind, given.get("version", ""), given.get("title", ""), tuple(given.getlist("ends")), given.get("notes", ""),
        typed_moment("released_at"), given.get("user_visible") == "yes", given.get("go_live") == "yes",
        typed_moment("go_live_at"), _typed_day("published_on"),
    )  # fmt: skip


def _typed_day(name: str) -> date | None:
    text = request.form.get(name, "").strip()
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Refused("日期请写成 2026-03-05。", field=name) from None


@pages.get("/releases/<id:release_id>")
@needs("reports.read")
def show(release_id: int) -> Any:
    """One release: what it makes owed as a checklist, the notice, the hospital's decision, its corrections."""
    return _page(release_id)


def _page(release_id: int, refused: Refused | None = None, act: str = "") -> Any:
    session = reading_anew() if refused else reading()
    view = releases.find(session, g.book, release_id, g.guest.actor, g.now)
    return render_template(
        "releases/show.html", view=view, row=view.row, release=view.release, refused=refused, act=act,
        typed=request.form if act == "change" else _as_typed(view.release), said=request.form, every_end=ENDS,
        kind_names=KIND_NAMES, decision_names=DECISION_NAMES, change_names=CHANGE_NAMES, field_names=FIELD_NAMES,
        asked=next((one for one in view.changes if one.state == PROPOSED), None), differences=differences,
        ends_of=_ends,
        chosen=request.form.getlist("ends") if act == "change" else view.release.ends,
    ), status_of(refused)  # fmt: skip


def _as_typed(told: Release) -> dict[str, str]:
    times = {"released_at": told.released_at, "go_live_at": told.go_live_at}
    return {
        "version": told.version, "title": told.title, "notes": told.notes,
        "user_visible": "yes" if told.user_visible else "", "go_live": "yes" if told.go_live else "",
        "published_on": told.published_on.isoformat() if told.published_on else "",
        **{name: _local(at) for name, at in times.items()},
    }  # fmt: skip


def _local(at: datetime | None) -> str:
    """An instant as a form's field takes it, with seconds only where it has any."""
    if at is None:
        return ""
    local = at.astimezone(ZONE)
    return f"{local:%Y-%m-%dT%H:%M:%S}" if local.second else f"{local:%Y-%m-%dT%H:%M}"


def differences(asked: ChangeRow) -> list[tuple[str, str, str]]:
    """Given a change, return for people what it changes: the field, how it was, how it is to be."""
    old, wanted = (made(Release, json.loads(text)) for text in (asked.old, asked.new))
    return [
        (gettext(FIELD_NAMES[name]), _shown(before), _shown(after))
        for name, (before, after) in changes(old, wanted).items()
    ]


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return gettext("是" if value else "否")
    if isinstance(value, list):
        return _ends(tuple(value))
    return formats.instant_in_words(str(value)) if value else ""


def _do(release_id: int, act: str, what: Callable[[Session, datetime], object], said: str) -> Any:
    try:
        with console().write() as session:
            what(session, console().now())
    except NotFound:
        raise
    except Refused as refused:
        return _page(release_id, refused, act)
    flash(gettext(said), "success")
    return redirect(url_for("releases.show", release_id=release_id))


@pages.post("/releases/<id:release_id>/changes")
@needs("duties.record", "duties.accept")
def change(release_id: int) -> Any:
    """Correct a release, or ask the other party to agree; as void, that it was registered in error."""
    is_void = request.form.get("void") == "yes"
    act, reason = "void" if is_void else "change", request.form.get("reason", "")
    outcome: list[bool] = []

    def ask(session: Session, now: datetime) -> None:
        told = Release(UPDATE, "", "", void=True) if is_void else _typed(UPDATE)
        outcome.append(
            release_changes.propose(
                session, console().book(session), release_id, told, reason, actor=g.guest.actor, now=now
            )
        )

    try:
        with console().write() as session:
            ask(session, console().now())
    except NotFound:
        raise
    except Refused as refused:
        return _page(release_id, refused, act)
    flash(gettext("已更正" if outcome[0] else "已提出，等待对方同意；同意前按原登记计算"), "success")
    return redirect(url_for("releases.show", release_id=release_id))


def _change_id() -> int:
    text = request.form.get("change", "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0


@pages.post("/releases/<id:release_id>/changes/decision")
@needs("duties.record", "duties.accept")
def decide_change(release_id: int) -> Any:
    """Say the other party's word on a correction, or take back one's own."""
    given, actor = request.form, g.guest.actor
    verdict = given.get("verdict", "")

    def act(session: Session, now: datetime) -> object:
        if verdict == "withdraw":
            return release_changes.withdraw(session, _change_id(), actor, now)
        if verdict not in ("agree", "refuse"):
            raise Refused("请选择同意还是不同意。", field="verdict")
        return release_changes.decide(
            session, console().book(session), _change_id(), agreed=verdict == "agree", answer=given.get("answer", ""),
            actor=actor, now=now,
        )  # fmt: skip

    words = {"agree": "已同意更正，义务的期限随之调整", "refuse": "已答复不同意，按原登记计算", "withdraw": "已撤回"}
    return _do(release_id, "decide_change", act, words.get(verdict, ""))


@pages.post("/releases/<id:release_id>/notice-off")
@takes(LARGEST_FORM)
@needs("duties.record", "duties.accept")
def notice_off(release_id: int) -> Any:
    """Note that the notice on the home page was taken down."""
    try:
        files = kept_files()
    except Refused as refused:
        return _page(release_id, refused, "notice_off")
    return _do(
        release_id, "notice_off",
        lambda session, now: releases.notice_off(
            session, release_id, typed_moment("at"), files, actor=g.guest.actor, now=now
        ),
        "已登记首页告知关闭",
    )  # fmt: skip


@pages.post("/releases/<id:release_id>/decision")
@needs("duties.accept")
def decide(release_id: int) -> Any:
    """Say what the hospital does about a version of the product."""
    given = request.form
    return _do(
        release_id, "decide",
        lambda session, now: releases.decide(
            session, release_id, given.get("decision", ""), given.get("reason", ""), actor=g.guest.actor, now=now
        ),
        "已记下甲方的决定",
    )  # fmt: skip
