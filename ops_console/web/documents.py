"""Papers: service sheets, a department's week and blank slips as PDF; signing under a sheet; checking a printed one.

Not for what stands on them (`services/documents.py`).
"""

from __future__ import annotations

import base64
import binascii
import io
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, Response, flash, g, redirect, render_template, request, send_file, url_for

from ops_console.core.documents import MOST_PAGES, SLIPS_PER_PAGE, TITLES, week_of
from ops_console.core.errors import Refused
from ops_console.core.people import HOSPITAL
from ops_console.core.tickets import SIGNED
from ops_console.services import documents
from ops_console.services.documents import Form, SignOff, Week
from ops_console.web import formats
from ops_console.web.database import reading, reading_anew
from ops_console.web.lists import listed, word
from ops_console.web.paper_words import CLOSURES, INSTRUCTIONS, LABELS, STRENGTHS, WEEKLY_COLUMNS
from ops_console.web.rights import needs
from ops_console.web.sign_in import console

pages = Blueprint("documents", __name__)
PICTURE = "data:image/png;base64,"


def as_pdf(template: str, data: dict[str, Any], name: str, labels: Mapping[str, str] = LABELS) -> Response:
    """Given a template, its data, the file's name and the labels that stand on it, set the paper and send it."""
    words = {key: formats.gettext(text) for key, text in labels.items()}
    content = console().papers.pdf(template, {**data, "words": words, "lang": formats.language()})
    return send_file(io.BytesIO(content), mimetype="application/pdf", as_attachment=True, download_name=f"{name}.pdf")


@pages.post("/tickets/<path:number>/documents/<kind>")
@needs("tickets.export")
def paper(number: str, kind: str) -> Any:
    """Print a service sheet. That it was printed is recorded with the ticket, for checking the paper later."""
    with console().write() as session:
        printed = documents.form(session, console().book(session), number, g.guest.actor)
        documents.note_printed(session, number, kind, printed, g.guest.actor, console().now())
    return as_pdf("confirmation", _form_data(printed, kind), f"{formats.gettext(TITLES[kind])}-{number}")


def _form_data(printed: Form, kind: str) -> dict[str, Any]:
    number = str(printed.sheet.fields["number"])
    address = console().settings.server.public_url.rstrip("/") + url_for(
        "documents.verify", number=number, code=printed.code
    )
    fields = {name: _text(name, value) for name, value in printed.sheet.fields.items()}
    fields["attachments"] = formats.gettext("%(n)s 个") % {"n": printed.sheet.attachments}
    told = CLOSURES.get(printed.closure, "")
    confirmed = formats.gettext(told) % {"at": formats.exact_time(printed.closed_at)} if told else ""
    if confirmed and printed.closure == SIGNED and printed.reset_at:
        mark = formats.gettext("注意：确认人的凭据或角色由他人重置（%(at)s）")
        confirmed += " · " + mark % {"at": formats.exact_time(printed.reset_at)}
    return {
        "title": formats.gettext(TITLES[kind]), "fields": fields, "contract": printed.contract,
        "parties": " · ".join(printed.parties), "code": console().papers.code(address), "short": printed.code,
        "onsite": kind == "onsite", "confirmed": confirmed,
        "signature": _signature(printed), "strength": _strength(printed),
        "foot": formats.gettext("打印 %(at)s · 审计链 #%(seq)s · 校验码 %(code)s，扫描二维码可核对")
        % {"at": formats.exact_time(g.now), "seq": printed.seq, "code": printed.code},
    }  # fmt: skip


def _text(name: str, value: object) -> str:
    if isinstance(value, datetime):
        return formats.exact_time(value)
    if isinstance(value, timedelta):
        return formats.span(value)
    return formats.fact(name, value) if isinstance(value, bool) or name in formats.WORDS else _word(name, str(value))


def _word(name: str, text: str) -> str:
    return formats.gettext(text) if name == "result" else text


def _signature(printed: Form) -> dict[str, str] | None:
    signed = printed.signature
    if signed is None:
        return None
    path = console().files.attachment(signed.digest)
    if not path.exists():
        raise Refused("签名图样的文件不在数据目录中；请系统管理员从备份恢复。")
    picture = list(path.read_bytes())
    return {"name": signed.signer, "at": formats.exact_time(signed.at), "picture": picture}  # type: ignore[dict-item]


def _strength(printed: Form) -> str:
    signed = printed.signature
    if signed is None:
        return formats.gettext(STRENGTHS["none"])
    told = formats.gettext(STRENGTHS["hospital" if signed.side == HOSPITAL else "vendor"])
    return told if signed.still_same else told + formats.gettext(STRENGTHS["changed"])


@pages.route("/tickets/<path:number>/sign-off", methods=["GET", "POST"])
@needs("tickets.attach")
def sign_off(number: str) -> Any:
    """Show the sheet and take a signature under it, drawn by finger."""
    if request.method != "POST":  # HEAD too only looks
        return _sign_page(number)
    try:
        documents.check_signer(request.form.get("signer", ""))
        picture = console().files.keep_attachment(io.BytesIO(_drawn()), "signature.png")
        command = SignOff(
            number, picture, request.form["signer"], request.form.get("shown", ""), request.form.get("device_time", "")
        )
        with console().write() as session:
            documents.sign_off(session, console().book(session), command, g.guest.actor, console().now())
    except Refused as refused:
        return _sign_page(number, refused)
    console().wake.set()
    flash(formats.gettext("已签字，签名与当时的单据内容绑定"), "success")
    return redirect(url_for("tickets.show", number=number, _anchor="attachments"))


def _drawn() -> bytes:
    given = request.form.get("picture", "")
    try:
        if given.startswith(PICTURE):
            return base64.b64decode(given.removeprefix(PICTURE), validate=True)
    except binascii.Error:
        pass  # told below, as for no picture at all
    raise Refused("没有收到签名图样；请重新签字。", field="picture")


def _sign_page(number: str, refused: Refused | None = None) -> Any:
    session = reading_anew() if refused else reading()
    shown = documents.form(session, g.book, number, g.guest.actor)
    fields = {LABELS[name]: _text(name, value) for name, value in shown.sheet.fields.items()}
    return render_template(
        "documents/sign_off.html", number=number, fields=fields, digest=shown.sheet.digest, refused=refused,
        typed=request.form, hospital=g.guest.actor.side == HOSPITAL,
    ), 400 if refused else 200  # fmt: skip


@pages.get("/verify/<path:number>/<code>")
def verify(number: str, code: str) -> Any:
    """Say to anybody who holds a paper whether it agrees with the record; nothing that somebody typed is shown."""
    return render_template("documents/verify.html", agreed=documents.verify(reading(), number, code))


@pages.route("/tickets/weekly", methods=["GET", "POST"])
@needs("tickets.read")
def weekly() -> Any:
    """A department's week, to be looked at, printed from the browser, or taken as PDF for signing."""
    department, week = request.args.get("department", ""), request.args.get("week", "") or week_of(g.now)
    try:
        found = documents.weekly(reading(), department, week, g.guest.actor)
    except Refused as refused:
        return _weekly_page(None, department, week, refused)
    if request.method != "POST":
        return _weekly_page(found, department, week)
    with console().write() as session:
        documents.note_weekly(session, found, g.guest.actor, console().now())
    return as_pdf("weekly", _weekly_data(found, week), f"{formats.gettext('科室周服务单')}-{department}-{week}")


@listed("weekly", "科室周服务单", "tickets.read", *WEEKLY_COLUMNS[:-1])
def _week_rows() -> Iterator[tuple[object, ...]]:
    department, week = request.args.get("department", ""), request.args.get("week", "") or week_of(g.now)
    for row in documents.weekly(reading(), department, week, g.guest.actor).rows:
        what, state = word(row.type), word(row.state)
        yield row.number, row.reported_at, what, row.title, row.handler, state, row.restored_at


def _weekly_page(found: Week | None, department: str, week: str, refused: Refused | None = None) -> Any:
    return render_template(
        "documents/weekly.html", found=found, department=department, week=week, refused=refused,
        departments=documents.departments(reading(), g.guest.actor), columns=WEEKLY_COLUMNS,
    ), 400 if refused else 200  # fmt: skip


def _weekly_data(found: Week, week: str) -> dict[str, Any]:
    rows = [
        [
            row.number, formats.short_time(row.reported_at), formats.gettext(row.type), row.title, row.handler,
            formats.gettext(row.state), formats.short_time(row.restored_at), "",
        ]
        for row in found.rows
    ]  # fmt: skip
    last = found.end - timedelta(days=1)
    told = "%(department)s · %(week)s（%(first)s 至 %(last)s）报修的工单，共 %(n)s 件"
    return {
        "title": formats.gettext("科室周服务单"), "columns": [formats.gettext(name) for name in WEEKLY_COLUMNS],
        "rows": rows, "population": formats.gettext(told) % {
            "department": found.department, "week": week, "first": f"{found.start:%m-%d}", "last": f"{last:%m-%d}",
            "n": len(rows),
        },
        "foot": formats.gettext("打印 %(at)s") % {"at": formats.exact_time(g.now)},
    }  # fmt: skip


@pages.route("/slips", methods=["GET", "POST"])
@needs("tickets.export")
def slips() -> Any:
    """Blank numbered slips for the hours when the console is down."""
    if request.method != "POST":
        return render_template("documents/slips.html", refused=None, most=MOST_PAGES)
    asked = request.form.get("pages", "")
    try:
        with console().write() as session:
            count = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 4 else 0
            numbers = documents.slips(session, count, g.guest.actor, console().now())
    except Refused as refused:
        return render_template("documents/slips.html", refused=refused, most=MOST_PAGES), 400
    starts = range(0, len(numbers), SLIPS_PER_PAGE)
    data = {
        "title": formats.gettext("停机登记单"), "instructions": [formats.gettext(told) for told in INSTRUCTIONS],
        "serials": formats.gettext("本册编号 %(first)s 至 %(last)s") % {"first": numbers[0], "last": numbers[-1]},
        "pages": [numbers[start : start + SLIPS_PER_PAGE] for start in starts],
        "foot": formats.gettext("打印 %(at)s") % {"at": formats.exact_time(g.now)},
    }  # fmt: skip
    return as_pdf("slips", data, f"{formats.gettext('停机登记单')}-{numbers[0]}")
