"""Places and their stickers, and reports that wait for a look."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask import Blueprint, Response, flash, g, redirect, render_template, request, url_for

from ops_console.core.errors import Refused
from ops_console.services import locations, public_photos, public_reports
from ops_console.services.locations import Sticker
from ops_console.web import formats
from ops_console.web.attachments import as_download
from ops_console.web.database import reading, reading_anew
from ops_console.web.lists import listed, word
from ops_console.web.rights import needs
from ops_console.web.sign_in import console

pages = Blueprint("locations", __name__)
PAGE = 50


@listed(
    "locations", "报修位置", "locations.manage", "科室", "位置", "默认模块", "状态", "报修贴", "报修次数", "最近一次"
)
def _places() -> Iterator[tuple[object, ...]]:
    for place in locations.listing(reading(), g.guest.actor):
        row = place.row
        sticker = f"{row.id}-{row.generation}"
        state = word("在用" if row.active else "停用")
        yield row.department, row.name, row.module, state, sticker, place.reports, place.last_at


@listed("pending", "待核报修", "tickets.open", "收到", "来自", "地址", "类型", "系统模块", "内容", "报修人", "联系电话")
def _waiting() -> Iterator[tuple[object, ...]]:
    page, rows = 1, True
    while rows:
        rows, _count = public_reports.waiting(reading(), g.guest.actor, page=page, per_page=PAGE)
        for one in rows:
            form, row = one.form, one.row
            place, what = one.place or form["department"], word(form["type"])
            said = (form[name] for name in ("module", "title", "reporter", "phone"))
            yield row.received_at, place, row.address, what, *said
        page += 1


@pages.get("/locations")
@needs("locations.manage")
def index() -> Any:
    """Every place."""
    return _page()


def _page(refused: Refused | None = None) -> Any:
    session, actor = reading_anew() if refused else reading(), g.guest.actor
    return render_template(
        "locations/index.html", places=locations.listing(session, actor), refused=refused, typed=request.form,
    ), 400 if refused else 200  # fmt: skip


@pages.post("/locations")
@needs("locations.manage")
def add() -> Any:
    """Add the places of the pasted lines."""
    at = console()
    try:
        with at.write() as session:
            made = locations.add(
                session, request.form.get("lines", ""), {module.name for module in at.settings.modules},
                at.public_secrets, actor=g.guest.actor, now=at.now(),
            )  # fmt: skip
    except Refused as refused:
        return _page(refused)
    flash(formats.gettext("已添加 %(n)s 个位置，可以打印报修贴了。") % {"n": len(made)}, "success")
    return redirect(url_for("locations.index"))


@pages.post("/locations/stickers")
@needs("locations.manage")
def stickers() -> Any:
    """Print the stickers of the chosen places, eight on a sheet."""
    at = console()
    ids = [int(text) for text in request.form.getlist("ids") if text.isascii() and text.isdigit() and len(text) < 10]
    try:
        with at.write() as session:
            made = locations.stickers(session, ids, at.public_secrets, g.guest.actor, at.now())
    except Refused as refused:
        return _page(refused)
    return _sheet(made)


def _sheet(made: list[Sticker]) -> Response:
    sheet = console().sticker_sheet(made)
    headers = {"Content-Disposition": "attachment; filename=stickers.pdf"}
    return Response(sheet, mimetype="application/pdf", headers=headers)


@pages.post("/locations/<id:location_id>/renew")
@needs("locations.manage")
def renew(location_id: int) -> Any:
    """Make the old sticker of a place worthless and print the new one."""
    at = console()
    with at.write() as session:
        made = locations.renew(session, location_id, at.public_secrets, g.guest.actor, at.now())
    return _sheet([made])


@pages.post("/locations/<id:location_id>/retire")
@needs("locations.manage")
def retire(location_id: int) -> Any:
    """Take a place's sticker out of use."""
    at = console()
    with at.write() as session:
        locations.retire(session, location_id, g.guest.actor, at.now())
    flash(formats.gettext("这个位置的报修贴已停用。"), "success")
    return redirect(url_for("locations.index"))


@pages.get("/reports/pending")
@needs("tickets.open")
def pending() -> Any:
    """Reports over the limits, kept whole until somebody has looked at them."""
    return _pending()


def _pending(refused: Refused | None = None) -> Any:
    asked = request.args.get("page", "1")
    page = max(1, int(asked)) if asked.isascii() and asked.isdigit() and len(asked) < 5 else 1
    session = reading_anew() if refused else reading()
    rows, count = public_reports.waiting(session, g.guest.actor, page=page, per_page=PAGE)
    return render_template(
        "locations/pending.html", rows=rows, count=count, page=page, pages=-(-count // PAGE), refused=refused,
        may_reject=g.guest.actor.may("tickets.confirm"),
    ), 400 if refused else 200  # fmt: skip


@pages.get("/reports/pending/<id:report_id>/photos/<id:photo_id>")
@needs("tickets.open")
def photo(report_id: int, photo_id: int) -> Response:
    """A photo of a report that waits, as a download."""
    found = public_photos.find(reading(), report_id, photo_id, g.guest.actor)
    return as_download(found.digest, found.kind, public_photos.name_of(found.digest, found.kind))


@pages.post("/reports/pending/<id:report_id>/accept")
@needs("tickets.open")
def accept(report_id: int) -> Any:
    """Make a waiting report a ticket, as of when it came."""
    at = console()
    try:
        with at.write() as session:
            number = public_reports.accept(session, at.book(session), report_id, g.guest.actor, at.now())
    except Refused as refused:
        return _pending(refused)
    flash(formats.gettext("已登记工单 %(number)s") % {"number": number}, "success")
    return redirect(url_for("locations.pending"))


@pages.post("/reports/pending/<id:report_id>/reject")
@needs("tickets.confirm")
def reject(report_id: int) -> Any:
    """Make no ticket of a waiting report, with the reason."""
    at = console()
    try:
        with at.write() as session:
            public_reports.reject(session, report_id, request.form.get("reason", ""), g.guest.actor, at.now())
    except Refused as refused:
        return _pending(refused)
    flash(formats.gettext("已记为不受理；填写的内容保留备查。"), "success")
    return redirect(url_for("locations.pending"))
