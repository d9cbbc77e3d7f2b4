"""Reporting without an account: the form behind a sticker and at /报修, its receipt, its status page, contacts.

Write-only towards the world: these pages show nothing that somebody else typed. GET never acts. Every view here is
public on purpose and listed in `sign_in.REPORTING`.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Response, current_app, make_response, render_template, request, url_for
from markupsafe import Markup

from ops_console.adapters.qr_codes import qr_svg
from ops_console.core.attachments import FROM_STRANGERS
from ops_console.core.devices import in_networks
from ops_console.core.errors import NotFound, Refused, TooMany
from ops_console.core.public_reports import KINDS, short_number
from ops_console.core.sentences import Sentence
from ops_console.services import public_answers, public_reports
from ops_console.services import public_photos as photo_service
from ops_console.services.public_answers import Answer
from ops_console.services.public_reports import Received, Report, Sender
from ops_console.web import devices, formats, public_photos
from ops_console.web.database import reading, reading_anew
from ops_console.web.sign_in import console
from ops_console.web.uploads import LARGEST_FORM, takes

pages = Blueprint("public_reports", __name__)
# A module's code -> its picture on the form; one without any gets the ticket's.
ICONS = {
    "M-01": "calendar", "M-02": "scale", "M-04": "file-certificate", "M-07": "message", "M-08": "users",
    "M-10": "clipboard-check", "M-15": "layout-dashboard", "M-17": "server",
}  # fmt: skip
USUAL = 7
TOO_LARGE = "照片太大，这次没有提交；请返回上一页，去掉照片再提交，填写的内容还在。"
PHOTO_HOURS = photo_service.ADDED_WITHIN // timedelta(hours=1)
FIELDS = ("key", "kind", "module", "title", "department", "reporter", "phone")


@pages.context_processor
def _photo_bounds() -> dict[str, int]:
    """What every form with photos says of them."""
    return {"MOST_PHOTOS": photo_service.MOST, "PHOTO_MIB": FROM_STRANGERS.mib, "PHOTO_HOURS": PHOTO_HOURS}


@pages.get("/报修")
@pages.get("/report")
def form() -> Any:
    """The form for a shared PC: the department is that of the registered browser or of the network."""
    return _form("", {})


@pages.get("/r/<token>")
def at_place(token: str) -> Any:
    """The form behind a sticker's QR code."""
    try:
        return _form(token, {})
    except NotFound as missing:
        return _gone(missing)


def _form(token: str, typed: dict[str, str], refused: Refused | None = None) -> Any:
    session, browser = reading(), devices.token()
    place = public_reports.place_of(session, token) if token else None
    sent = _sender(browser, place)
    department = place.department if place else sent.standing.department or _department_of_network()
    settings = console().settings
    answer = make_response(
        render_template(
            "public/report.html", token=token, place=place, kinds=KINDS, refused=refused, department=department,
            modules=_modules(), icons=_icons(), other=_other(),
            chosen=typed.get("module") or (place.module if place else ""), typed=typed, settings=settings,
            key=typed.get("key") or secrets.token_urlsafe(16),
            own=public_reports.own(session, browser, console().public_secrets, console().now()),
            had_photos=public_photos.any_given(),
            may_queue=bool(place) and not sent.standing.is_registered, short=short_number,
        ),
        200 if refused is None else 429 if isinstance(refused, TooMany) else 400,
    )  # fmt: skip
    answer.headers["Referrer-Policy"] = "no-referrer"
    return answer


def _modules() -> list[str]:
    settings = console().settings
    return settings.public.modules or [module.name for module in settings.modules[:USUAL]]


def _other() -> str:
    settings = console().settings
    return settings.public.other_module or settings.modules[-1].name


def _icons() -> dict[str, str]:
    return {module.name: ICONS[module.code] for module in console().settings.modules if module.code in ICONS}


def _gone(missing: NotFound) -> Any:
    told = formats.render_sentence(missing.sentence)
    return render_template("public/gone.html", told=told, settings=console().settings), 404


def _sender(browser: str, place: Any) -> Sender:
    networks = console().settings.security.hospital_networks
    return public_reports.sender(reading(), browser, request.remote_addr or "", networks, place)


def _department_of_network() -> str:
    for network in console().settings.public.network:
        if in_networks(request.remote_addr or "", [network.cidr]):
            return network.department
    return ""


@pages.post("/report")
@takes(LARGEST_FORM)
def send() -> Any:
    """Take a report and answer with its receipt: the code is shown here and never again.

    The report stands before its photos are looked at: what is wrong with one is told on the receipt.
    """
    typed = {name: request.form.get(name, "").strip() for name in FIELDS}
    token = request.form.get("place", "")
    browser = devices.token() or devices.new_token()
    at = console()
    try:
        report = Report(**typed, device_at=_device_time(request.form.get("device_at", "")))
        if not report.key:
            raise Refused("页面不完整；请刷新后再报。")
        with at.write() as session:
            place = public_reports.place_of(session, token) if token else None
            sent = public_reports.sender(
                session, browser, request.remote_addr or "", at.settings.security.hospital_networks, place
            )
            made = public_reports.receive(session, at.book(session), report, sent, at.public_secrets, at.now())
    except NotFound as missing:
        return _gone(missing)
    except Refused as refused:
        return _form(token, typed, refused)
    return _receipt(made, browser, public_photos.keep(made.report_id, public_reports.photographer(sent)))


def _device_time(text: str) -> datetime | None:
    """What the phone's clock said, in milliseconds since 1970; anything else says nothing."""
    if not (text.isascii() and text.isdigit() and len(text) == 13):
        return None
    return datetime.fromtimestamp(int(text) / 1000, UTC)


def _receipt(made: Received, browser: str, not_kept: list[Sentence]) -> Response:
    where = url_for("public_reports.status", token=made.status_token)
    answer = make_response(
        render_template(
            "public/receipt.html", made=made, where=where, qr=_qr(_absolute(where)), short=short_number(made.number),
            mark=public_reports.mark(reading_anew(), made.report_id), settings=console().settings, not_kept=not_kept,
            photos=photo_service.count(reading_anew(), made.report_id),
        )
    )  # fmt: skip
    devices.remember(answer, browser)
    answer.headers["Referrer-Policy"] = "no-referrer"
    return answer


def _qr(where: str) -> Markup:
    return Markup(qr_svg(where))  # noqa: S704 - made by us of an address of ours: digits and letters alone


def _absolute(path: str) -> str:
    public = urlsplit(console().settings.server.public_url)
    return f"{public.scheme}://{public.netloc}{path}"


@pages.get("/s/<token>")
def status(token: str) -> Any:
    """What became of a report: its state in words and times, and what its reporter may say."""
    return _status(token)


def _status(token: str, refused: Refused | None = None, not_kept: Sequence[Sentence] = ()) -> Any:
    session = reading_anew() if refused or not_kept else reading()
    try:
        shown = public_answers.status(session, console().book(session), token, devices.token(), console().now())
    except NotFound as missing:
        return _gone(missing)
    answer = make_response(
        render_template(
            "public/status.html", shown=shown, token=token, refused=refused, typed=request.form,
            mark=public_reports.mark(session, shown.row.id), settings=console().settings,
            short=short_number(shown.facts.number) if shown.facts else "", not_kept=not_kept,
        ),
        400 if refused or not_kept else 200,
    )  # fmt: skip
    answer.headers["Referrer-Policy"] = "no-referrer"
    return answer


@pages.post("/s/<token>")
def answer(token: str) -> Any:
    """Take the reporter's word: restored, with stars, or not, and why."""
    given = request.form
    stars = given.get("stars", "")
    said = Answer(
        is_restored=given.get("answer") == "restored", reason=given.get("reason", ""), code=given.get("code", "")[:8],
        stars=int(stars) if stars in ("1", "2", "3", "4", "5") else 0,
    )  # fmt: skip
    at = console()
    try:
        public_answers.answer(
            at.write, at.book, at.public_secrets, token=token, said=said, sent=_sender(devices.token(), None),
            now=at.now(),
        )  # fmt: skip
    except NotFound as missing:
        return _gone(missing)
    except Refused as refused:
        return _status(token, refused)
    return _back_to_status(token)


def _back_to_status(token: str) -> Response:
    made = Response(status=303, headers={"Location": url_for("public_reports.status", token=token)})
    made.headers["Referrer-Policy"] = "no-referrer"
    return made


@pages.post("/s/<token>/photos")
@takes(LARGEST_FORM)
def add_photos(token: str) -> Any:
    """Add photos to a report that stands, from the browser that sent it and within a while."""
    try:
        report_id = public_answers.own_report(reading(), token, devices.token())
    except NotFound as missing:
        return _gone(missing)
    except Refused as refused:
        return _status(token, refused)
    sender = public_reports.photographer(_sender(devices.token(), None))
    not_kept = public_photos.keep(report_id, sender)
    return _status(token, not_kept=not_kept) if not_kept else _back_to_status(token)


@pages.errorhandler(413)
def too_large(_error: object) -> Any:
    """A form past what any server would take: the one case in which the report has to be sent again, without it."""
    told = formats.gettext(TOO_LARGE)
    return render_template(
        "public/gone.html", told=told, title=formats.gettext("没有提交"), settings=console().settings
    ), 413


@pages.get("/contacts")
def contacts() -> Any:
    """Whom to call when this page does not do."""
    return render_template("public/contacts.html", settings=console().settings)


@pages.get("/report/offline")
def offline() -> Any:
    """What a phone shows at a sticker without network: the same questions, kept until there is one again."""
    return render_template(
        "public/offline.html", kinds=KINDS, modules=_modules(), icons=_icons(), other=_other(),
        settings=console().settings,
    )  # fmt: skip


@pages.get("/report-worker.js")
def worker() -> Any:
    """The service worker: it may speak for stickers' addresses alone, and keeps static files and the offline page."""
    made = current_app.send_static_file("js/report-worker.js")
    made.headers["Service-Worker-Allowed"] = "/r"
    return made
