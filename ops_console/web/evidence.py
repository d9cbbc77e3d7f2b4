"""A month's evidence package: asked for on the month's page, made as a run that can be left and found again.

Not for what stands in it (`services/evidence_contents.py`).
"""

from __future__ import annotations

import json
from typing import Any

from flask import Blueprint, g, redirect, render_template, request, send_file, url_for

from ops_console.core.errors import NotFound
from ops_console.core.sentences import from_plain
from ops_console.services import evidence
from ops_console.web import formats
from ops_console.web.database import reading
from ops_console.web.month_address import contract_asked
from ops_console.web.rights import needs
from ops_console.web.sign_in import console

pages = Blueprint("evidence", __name__)
MEDIA = "application/zip"


@pages.post("/month/<month>/evidence")
@needs("tickets.export")
def make(month: str) -> Any:
    """Ask for the month's package."""
    with console().write() as session:
        run_id = evidence.ask(session, contract_asked(month), month, g.guest.actor, console().now())
    console().wake.set()
    return redirect(url_for("evidence.show", run_id=run_id))


@pages.get("/evidence/<id:run_id>")
@needs("tickets.export")
def show(run_id: int) -> Any:
    """How far a package is, and its file once it is made."""
    run = evidence.find(reading(), run_id, g.guest.actor)
    made = json.loads(run.result) if run.result else None
    error = from_plain(json.loads(run.error)) if run.error else None
    asked = json.loads(run.params)
    polls = request.headers.get("HX-Trigger-Name") == "poll"
    if polls and run.status not in ("queued", "running"):
        return "", 200, {"HX-Redirect": url_for("evidence.show", run_id=run_id)}
    there = made is not None and console().files.export(run_id).exists()
    template = "evidence/_progress.html" if polls else "evidence/show.html"
    return render_template(template, run=run, made=made, error=error, there=there, asked=asked)


@pages.get("/evidence/<id:run_id>/file")
@needs("tickets.export")
def file(run_id: int) -> Any:
    """The package, for whoever asked for it, for a day."""
    run = evidence.find(reading(), run_id, g.guest.actor)
    path = console().files.export(run_id)
    if not run.result or not path.exists():
        raise NotFound("这份证据包已过 24 小时，不再保留；请重新生成，内容逐字节相同。")
    told = json.loads(run.result)
    demo = f"{formats.gettext('演示')}-" if console().settings.is_demo else ""
    name = f"{demo}{formats.gettext('证据包')}-{told['month']}-{told['digest'][:12]}.zip"
    return send_file(path.open("rb"), mimetype=MEDIA, as_attachment=True, download_name=name)
