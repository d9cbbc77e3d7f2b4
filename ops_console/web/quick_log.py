"""Pages of the quick log: one box, guesses to correct, chips for when it was said, drafts from a pasted chat.

A request made by `log.js` is answered with parts of the page, any other with a whole one: everything works without it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, url_for

from ops_console.core import tickets as core
from ops_console.core.attachments import NAME_LENGTH, NewFile
from ops_console.core.chat_blocks import MOST
from ops_console.core.errors import ConsoleError, NotFound, Refused
from ops_console.core.ticket_lists import Filter, Window
from ops_console.services import quick_log as service
from ops_console.services import take_backs, tickets
from ops_console.services.quick_log import CHATS, FIELDS, SAID_MINUTES, Draft, Entry, Vocabulary
from ops_console.web import formats
from ops_console.web.database import reading, reading_anew
from ops_console.web.rights import needs
from ops_console.web.sign_in import console
from ops_console.web.uploads import takes

pages = Blueprint("quick_log", __name__)
PICTURES = 32 << 20  # bytes of the screenshots that go with an entry
MOST_PICTURES = 6
WAITING_SHOWN = 20
INHERITED = ("channel", "department", "reporter")  # what 同上 passes on until the line says otherwise
TAKE_BACK = timedelta(seconds=60)


@pages.app_context_processor
def _for_the_box() -> dict[str, Any]:
    """What the box needs wherever it stands."""
    pictures = {"MOST_PICTURES": MOST_PICTURES, "PICTURES": PICTURES}
    return {"quick": box, "SAID_MINUTES": SAID_MINUTES, "CHATS": CHATS, **pictures}


def box() -> dict[str, Any]:
    """Return the names that the box offers: the catalogue's, and what recent tickets are mostly about."""
    settings, known = console().settings, vocabulary()
    types, modules = [t.name for t in settings.ticket_types], [m.name for m in settings.modules]
    return {
        "types": types, "modules": modules, "channels": core.CHANNELS, "usual_types": known.types or types[:6],
        "usual_modules": known.modules or modules[:8], "departments": known.departments[:200],
        "reporters": known.reporters,
    }  # fmt: skip


def vocabulary() -> Vocabulary:
    """Return what lines are read by, for this request."""
    return console().vocabularies.of(reading(), console().now())


@pages.get("/log")
@needs("tickets.record")
def index() -> Any:
    """The box in focus; beneath it what was just logged, and the placeholders that still wait for content."""
    like = _known(request.args.get("like", ""))
    told = {name: getattr(like, name, "") for name in ("type", "module", "channel", "department")} if like else {}
    told |= {"reporter": like.personal.get("reporter", "")} if like else {}
    return _page(
        told=told,
        kept=tuple(name for name in ("type", "module") if told.get(name)),
        inherited=tuple(name for name in INHERITED if told.get(name)),
    )


def _page(
    refused: Refused | None = None,
    *,
    told: Mapping[str, str] | None = None,
    kept: tuple[str, ...] = (),
    inherited: tuple[str, ...] = (),
    confirming: bool = False,
) -> Any:
    if refused is not None:
        reading_anew()
    number = request.values.get("number", "")
    return render_template(
        "quick_log/index.html", read_out=told or {}, by_hand=kept, inherited=inherited, refused=refused,
        confirming=confirming, filling=_known(number) if number else None, line=request.form.get("line", ""),
        done=_done(), waiting=_waiting(),
    ), 400 if refused and refused.field != "said" else 200  # fmt: skip


def _known(number: str) -> Any:
    """The ticket that an address names, or None: a stale link to it only loses its prefill."""
    try:
        return tickets.view(reading(), g.book, number, g.guest.actor).facts if number else None
    except NotFound:
        return None


def _done() -> Any:
    number = request.args.get("done", "")
    return _known(number) if number else None


def _waiting() -> Any:
    chosen = Filter(blanks=True)
    return tickets.listing(
        reading(), chosen, g.guest.actor, now=g.now, window=Window("reported", descending=True, limit=WAITING_SHOWN)
    )


@pages.post("/log/guess")
@needs("tickets.record")
def guess() -> Any:
    """What the line seems to say, as the box's fields; nothing is kept."""
    entry = _entry()
    told = _told(entry) if entry.line.strip() else {**entry.inherited, **entry.fields}
    marks = {"by_hand": tuple(entry.fields), "inherited": tuple(entry.inherited)}
    return render_template("quick_log/_fields.html", read_out=told, **marks)


@pages.post("/log")
@takes(PICTURES + (1 << 20))
@needs("tickets.record")
def log() -> Any:
    """Log the line now, fill a placeholder, or show what it seems to say for confirmation (without a script)."""
    entry, number = _entry(), request.form.get("number", "")
    if len([line for line in entry.line.splitlines() if line.strip()]) > 1 and not number:
        return _drafts(entry.line)
    if request.form.get("act") == "check" and entry.line.strip():
        return _page(told=_told(entry), kept=FIELDS, confirming=True)
    pictures, troubles = _pictures()
    try:
        number = _store(replace(entry, files=tuple(pictures)), number)
    except Refused as refused:
        return _refused(refused, entry)
    if _by_script():
        reading_anew()
        shown = {"done": _known(number), "waiting": _waiting(), "refused": None, "troubles": troubles}
        return render_template("quick_log/_outcome.html", **shown)
    for trouble in troubles:
        flash(trouble, "danger")
    return redirect(url_for("quick_log.index", done=number))


def _pictures() -> tuple[list[NewFile], list[str]]:
    """The screenshots that came with the line, kept; and why one was not: that never holds up the line itself."""
    kept, troubles = [], []
    for file in request.files.getlist("pictures"):
        name = (file.filename or "")[-NAME_LENGTH:]
        if not name:
            continue
        if len(kept) >= MOST_PICTURES:
            told: dict[str, object] = {"name": name, "n": MOST_PICTURES}
            troubles.append(formats.gettext("“%(name)s”没有附上：一次最多 %(n)s 张图片。") % told)
            continue
        try:
            kept.append(console().files.keep_attachment(file.stream, file.filename or ""))
        except ConsoleError as refused:
            told = {"name": name, "why": formats.render_sentence(refused.sentence)}
            troubles.append(formats.gettext("“%(name)s”没有附上：%(why)s") % told)
    return kept, troubles


def _store(entry: Entry, number: str) -> str:
    words = vocabulary()
    with console().write() as session:
        given = (session, console().book(session), words)
        asked: dict[str, Any] = {"actor": g.guest.actor, "now": console().now()}
        if number:
            taught = service.fill(*given, number, entry, **asked)
        else:
            number, taught = service.log(*given, entry, **asked)
    if taught:
        console().vocabularies.forget()
    return number


def _refused(refused: Refused, entry: Entry) -> Any:
    if _by_script():
        status = 200 if refused.field == "said" else 400
        return render_template("quick_log/_outcome.html", done=None, waiting=None, refused=refused), status
    return _page(refused, told=_told(entry), kept=FIELDS, confirming=True)


def _told(entry: Entry) -> dict[str, str]:
    """What the entry tells, as far as it can be shown: a day that does not exist is only refused."""
    try:
        return service.guessed(entry, vocabulary(), console().now())
    except Refused:
        return dict(entry.fields)


def _by_script() -> bool:
    return request.headers.get("X-Requested-With") == "fetch"


def _entry() -> Entry:
    """The form as an entry. A field counts as set by hand when the form says so in `kept`."""
    given = request.form
    kept = set(given.getlist("kept"))
    fields = {name: given.get(name, "").strip() for name in FIELDS if name in kept}
    if given.get("at_once") in core.CHANNELS:
        fields["channel"] = given["at_once"]
    said = given.get("said", "")
    minutes = int(said) if said.isascii() and said.isdigit() and len(said) < 4 else None
    if said == "at":
        fields["reported"] = given.get("said_at", "").strip()
    chat = given.get("chat", "") if said and given.get("chat") in CHATS else ""
    inherited = {name: given.get(name, "").strip() for name in INHERITED if name in given.getlist("inherited")}
    inherited = {name: value for name, value in inherited.items() if name not in fields}
    line, answered = given.get("line", ""), given.get("answered") == "yes"
    return Entry(line, fields, minutes, chat=chat, answered=answered, inherited=inherited)


@pages.post("/log/take-back")
@needs("tickets.record")
def take_back() -> Any:
    """Take the last act on a ticket back, within its first minute."""
    number = request.form.get("number", "")
    with console().write() as session:
        take_backs.take_back(session, console().book(session), number, g.guest.actor, console().now())
    flash(formats.gettext("已撤回：%(number)s") % {"number": number}, "success")
    return redirect(url_for("quick_log.index"))


@pages.post("/log/chat")
@needs("tickets.record")
def chat() -> Any:
    """A pasted block of chat as drafts."""
    return _drafts(request.form.get("line", ""))


def _drafts(block: str) -> Any:
    found = service.drafts(block, vocabulary(), console().now())
    template = "quick_log/_drafts.html" if _by_script() else "quick_log/drafts.html"
    return render_template(template, drafts=found, block=block, most=MOST)


@pages.post("/log/drafts")
@needs("tickets.record")
def drafts() -> Any:
    """Log the drafts that are ticked, each in an act of its own; those refused are shown again with the reason."""
    words, logged = vocabulary(), 0
    failed: list[tuple[Draft, Refused]] = []
    channel = request.form.get("channel", CHATS[0])
    for position, draft in enumerate(service.drafts(request.form.get("line", ""), words, g.now)):
        if request.form.get(f"keep-{position}") != "yes":
            continue
        try:
            _store(_entry_of(draft, position, channel), "")
            logged += 1
        except Refused as refused:
            failed.append((draft, refused))
    flash(formats.gettext("已登记 %(n)s 件") % {"n": logged}, "success" if logged else "warning")
    for draft, refused in failed:
        told = {"title": draft.guess.title[:40], "why": formats.render_sentence(refused.sentence)}
        flash(formats.gettext("“%(title)s”没有登记：%(why)s") % told, "danger")
    return redirect(url_for("quick_log.index"))


def _entry_of(draft: Draft, position: int, channel: str) -> Entry:
    """A ticked draft as an entry: its fields as they stand in the form, its time from the chat."""
    given = request.form
    names = ("type", "module", "department", "reporter", "reported")
    fields = {name: given.get(f"{name}-{position}", getattr(draft.guess, name) or "").strip() for name in names}
    fields["channel"] = draft.guess.channel or (channel if channel in core.CHANNELS else CHATS[0])
    told_at: datetime | None = draft.message.said_at
    left_open = draft.guess.when is not None  # it tells a time by itself, or has to be asked
    minutes = None if told_at or fields["reported"] or left_open else 0
    return Entry(draft.message.text, fields, minutes, told_at)
