"""Exporting the list as it is narrowed: a small one at once, a large one as a run that can be left and found again."""

from __future__ import annotations

import json
from pathlib import Path
from secrets import token_hex
from typing import Any

from flask import Blueprint, g, redirect, render_template, request, send_file, url_for

from ops_console.core.errors import NotFound
from ops_console.core.moments import ZONE
from ops_console.core.sentences import from_plain
from ops_console.services import exports
from ops_console.services.exports import Export
from ops_console.web import formats, tickets
from ops_console.web.database import reading
from ops_console.web.rights import needs
from ops_console.web.sign_in import console

pages = Blueprint("exports", __name__)
MEDIA = {"csv": "text/csv", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}


@pages.post("/tickets/export")
@needs("tickets.export")
def make() -> Any:
    """Make the file of the list that the address's conditions name."""
    export = Export(tickets.narrowed(), request.form.get("format", ""), g.now)
    if exports.count(reading(), export, g.guest.actor) > exports.AT_ONCE:
        with console().write() as session:
            run_id = exports.ask(session, export, g.guest.actor, console().now())
        console().wake.set()
        return redirect(url_for("exports.show", run_id=run_id))
    path = console().files.exports / f".{token_hex(8)}.part"
    try:
        rows = exports.write(console().read, console().sheet_writers, path, export, g.guest.actor)
        with console().write() as session:
            exports.note(session, export, rows, g.guest.actor, console().now())
        return sent(path, export.format, formats.gettext("工单"))
    finally:
        path.unlink(missing_ok=True)


def sent(path: Path, format: str, title: str) -> Any:
    """Given a file that was made, its format and what it holds, return it as a download with a name that says so."""
    demo = f"{formats.gettext('演示')}-" if console().settings.is_demo else ""
    name = f"{demo}{title}-{g.now.astimezone(ZONE):%Y%m%d-%H%M}.{format}"
    return send_file(path.open("rb"), mimetype=MEDIA[format], as_attachment=True, download_name=name)


@pages.get("/exports/<id:run_id>")
@needs("tickets.export")
def show(run_id: int) -> Any:
    """How far a large export is, and its file once it is made."""
    run = exports.find(reading(), run_id, g.guest.actor)
    made = json.loads(run.result) if run.result else None
    error = from_plain(json.loads(run.error)) if run.error else None
    polls = request.headers.get("HX-Trigger-Name") == "poll"
    if polls and run.status not in ("queued", "running"):
        return "", 200, {"HX-Redirect": url_for("exports.show", run_id=run_id)}
    there = made is not None and console().files.export(run_id).exists()
    template = "exports/_progress.html" if polls else "exports/show.html"
    return render_template(template, run=run, made=made, error=error, there=there)


@pages.get("/exports/<id:run_id>/file")
@needs("tickets.export")
def file(run_id: int) -> Any:
    """The file of a large export, for whoever asked for it, for a day."""
    run = exports.find(reading(), run_id, g.guest.actor)
    path = console().files.export(run_id)
    if not run.result or not path.exists():
        raise NotFound("这次导出的文件已过 24 小时，不再保留；请重新导出。")
    return sent(path, json.loads(run.result)["format"], formats.gettext("工单"))
