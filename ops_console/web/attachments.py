"""Files of a ticket: adding several at once, getting one as a download, its small picture, marking one void.

Not for what is taken (`core/attachments.py`); nothing that was uploaded is ever shown as a page of this console.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, flash, g, redirect, render_template, request, send_file, url_for

from ops_console.adapters import answers
from ops_console.core.attachments import KINDS, LONGEST_BYTES, TOO_LARGE, NewFile
from ops_console.core.errors import ConsoleError, NotFound
from ops_console.services import attachments
from ops_console.web import formats
from ops_console.web.database import reading, reading_anew
from ops_console.web.rights import needs
from ops_console.web.sign_in import console
from ops_console.web.uploads import LARGEST_FORM, MOST_AT_ONCE, takes

pages = Blueprint("attachments", __name__)
TOLD = "文件“%(name)s”的内容其实是%(title)s，已按此保存。"


@pages.post("/tickets/<path:number>/attachments")
@takes(LARGEST_FORM)
@needs("tickets.attach")
def add(number: str) -> Any:
    """Add files to a ticket. Each is on its own: one that is refused does not lose the others."""
    told: list[tuple[str, str]] = []
    for file in request.files.getlist("file")[:MOST_AT_ONCE]:
        if file.filename:
            told.append(_add(number, file))
    if not told:
        told.append(("danger", formats.gettext("请先选择要上传的文件。")))
    if len(request.files.getlist("file")) > MOST_AT_ONCE:
        told.append(("danger", formats.gettext("一次最多上传 %(n)s 个文件，其余的没有存下。") % {"n": MOST_AT_ONCE}))
    console().wake.set()
    if request.headers.get("HX-Request"):
        failed = any(kind == "danger" for kind, _ in told)
        return Response("\n".join(text for _, text in told), 400 if failed else 200, mimetype="text/plain")
    for kind, text in told:
        flash(text, kind)
    return redirect(url_for("tickets.show", number=number, _anchor="attachments"))


def _add(number: str, file: Any) -> tuple[str, str]:
    shared = request.form.get("shared_with", "").replace("，", ",").replace("、", ",").replace(" ", ",").split(",")
    try:
        kept = console().files.keep_attachment(file.stream, file.filename)
        with console().write() as session:
            attachments.attach(
                session, number, kept, g.guest.actor, console().now(),
                shared_with=[other for other in shared if other], patient=request.form.get("patient") == "yes",
            )  # fmt: skip
    except NotFound:
        raise
    except ConsoleError as refused:
        return "danger", formats.render_sentence(refused.sentence)
    return "success", _kept_sentence(kept)


def _kept_sentence(kept: NewFile) -> str:
    said = formats.gettext("已添加附件“%(name)s”") % {"name": kept.name}
    if kept.told:
        return said
    title = formats.gettext(KINDS[kept.kind].title)
    return f"{said} {formats.gettext(TOLD) % {'name': kept.name, 'title': title}}"


@pages.get("/tickets/<path:number>/attachments")
@needs("tickets.read")
def index(number: str) -> Any:
    """The list of a ticket's files, for its page to take in; asked for by itself it is the ticket's page."""
    if not request.headers.get("HX-Request"):
        return redirect(url_for("tickets.show", number=number, _anchor="attachments"))
    found = attachments.of_ticket(reading_anew(), number, g.guest.actor)
    return render_template("tickets/_attachment_list.html", attachments=found, number=number)


@pages.get("/tickets/<path:number>/attachments/<id:attachment_id>")
@needs("tickets.read")
def show(number: str, attachment_id: int) -> Any:
    """One file, as a download: whatever it is, no browser opens it within this console."""
    found = attachments.find(reading(), number, attachment_id, g.guest.actor)
    return as_download(found.digest, found.kind, found.name)


def as_download(digest: str, kind: str, name: str) -> Response:
    """Given a kept file's SHA-256, kind and name, return it whole, as nothing that a browser opens in this console."""
    answer = send_file(
        console().files.whole_attachment(digest, name), mimetype=KINDS[kind].media_type, as_attachment=True,
        download_name=name, etag=digest, conditional=True, max_age=0,
    )  # fmt: skip
    answer.headers.update(answers.DOWNLOAD)
    return answer


@pages.get("/tickets/<path:number>/attachments/<id:attachment_id>/thumbnail")
@needs("tickets.read")
def thumbnail(number: str, attachment_id: int) -> Any:
    """A small picture, made anew from pixels by a child process: it may be shown in a page."""
    found = attachments.find(reading(), number, attachment_id, g.guest.actor)
    path = console().files.thumbnail(found.digest)
    if found.preview != "ready" or found.patient or not path.exists():
        raise NotFound("这个附件没有缩略图。")
    return send_file(path, mimetype="image/jpeg", conditional=True, max_age=0)


@pages.post("/tickets/<path:number>/attachments/<id:attachment_id>/void")
@needs("tickets.attach")
def void(number: str, attachment_id: int) -> Any:
    """Mark a file void, with the reason. It stays where it is."""
    reason = request.form.get("reason", "")
    with console().write() as session:
        attachments.void(
            session, console().book(session), number, attachment_id, reason, actor=g.guest.actor, now=console().now()
        )
    flash(formats.gettext("已标记作废；原文件和记录仍保留"), "success")
    return redirect(url_for("tickets.show", number=number, _anchor="attachments"))


@pages.post("/tickets/<path:number>/attachments/<id:attachment_id>/patient")
@needs("tickets.attach")
def mark_patient(number: str, attachment_id: int) -> Any:
    """Mark a file as holding patients' data."""
    with console().write() as session:
        attachments.mark_patient(session, number, attachment_id, g.guest.actor, console().now())
    flash(formats.gettext("已标记为含患者信息：不再显示缩略图，也不会随导出和消息外发"), "success")
    return redirect(url_for("tickets.show", number=number, _anchor="attachments"))


@pages.errorhandler(413)
def too_large(_error: object) -> Any:
    """A form past the limit: told in a sentence, nothing of it was kept."""
    name = formats.gettext("所选文件")
    told = formats.gettext(TOO_LARGE) % {"name": name, "mib": LONGEST_BYTES >> 20}
    if request.headers.get("HX-Request"):
        return Response(told, 413, mimetype="text/plain")
    return render_template("error.html", status=413, told=told), 413
