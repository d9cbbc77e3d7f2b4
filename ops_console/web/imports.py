"""Importing a ticket sheet: upload, preview, progress that can be left and found again, result."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from flask import Blueprint, g, redirect, render_template, request, url_for

from ops_console.core.errors import NotFound, Refused
from ops_console.core.sentences import from_plain
from ops_console.core.ticket_sheets import COLUMNS, REQUIRED
from ops_console.services import jobs
from ops_console.web import formats
from ops_console.web.database import reading
from ops_console.web.lists import listed
from ops_console.web.rights import needs
from ops_console.web.sign_in import console
from ops_console.web.uploads import takes

pages = Blueprint("imports", __name__)
LARGEST = 32 << 20
SHOWN_ERRORS = 300


@pages.route("/import", methods=["GET", "POST"])
@takes(LARGEST + (1 << 20))
@needs("tickets.import")
def index() -> Any:
    """Choose a file; it is checked first, nothing is written yet."""
    if request.method == "GET":
        return _form()
    file = request.files.get("file")
    try:
        if file is None or not file.filename:
            raise Refused("请先选择要导入的文件。", field="file")
        digest = console().files.keep_upload(file.stream, LARGEST)
    except Refused as refused:
        return _form(refused)
    run_id = _ask({"file": digest, "name": file.filename[:200], "dry_run": True, "skip_bad": True})
    return redirect(url_for("imports.show", run_id=run_id))


def _form(refused: Refused | None = None, status: int = 400) -> Any:
    recent = [run for run in jobs.newest(reading(), g.guest.actor) if run.job == "import-tickets"][:10]
    return render_template(
        "imports/index.html",
        refused=refused,
        columns=COLUMNS,
        required=REQUIRED,
        recent=[_shown(run) for run in recent],
    ), status if refused else 200


def _ask(params: dict[str, Any]) -> int:
    at = console()
    now = at.now()
    params["side"] = g.guest.actor.side
    with at.write() as session:
        key = f"import-tickets/{params['file'][:16]}/{now.isoformat()}"
        run_id = jobs.ask(session, job="import-tickets", key=key, params=params, actor=g.guest.actor, now=now)
    at.wake.set()
    return run_id


def _shown(run: Any) -> dict[str, Any]:
    result = json.loads(run.result) if run.result else None
    return {
        "id": run.id, "status": run.status, "params": json.loads(run.params), "result": result, "done": run.done,
        "total": run.total, "created_at": run.created_at, "requested_by": run.requested_by,
        "error": from_plain(json.loads(run.error)) if run.error else None,
        "errors": [
            {**e, "sentence": from_plain(e["sentence"])} for e in (result or {}).get("errors", [])[:SHOWN_ERRORS]
        ],
    }  # fmt: skip


def _listed_run() -> dict[str, Any]:
    """The run that a list's address names."""
    run = jobs.find(reading(), request.args.get("run", type=int) or 0, g.guest.actor)
    if run.job != "import-tickets":
        raise NotFound("没有这次导入。")
    return json.loads(run.result) if run.result else {}


@listed("import-errors", "导入的错误", "tickets.import", "行", "列", "单元格内容", "说明")
def _errors() -> Iterator[tuple[object, ...]]:
    for error in _listed_run().get("errors", ()):
        yield error["row"], error["column"], error["value"], formats.render_sentence(from_plain(error["sentence"]))


@listed("import-left", "没有采用的单元格", "tickets.import", "行", "列", "已有", "表中")
def _left() -> Iterator[tuple[object, ...]]:
    for left in _listed_run().get("left", ()):
        yield left["row"], left["column"], left["known"], left["given"]


@pages.get("/import/<id:run_id>")
@needs("tickets.import")
def show(run_id: int) -> Any:
    """A preview or an import: how far it is, or what it came to."""
    run = jobs.find(reading(), run_id, g.guest.actor)
    if run.job != "import-tickets":
        return redirect(url_for("jobs.index"))
    shown = _shown(run)
    if request.headers.get("HX-Trigger-Name") == "poll":
        if run.status in ("queued", "running"):
            return render_template("imports/_progress.html", run=shown)
        return "", 200, {"HX-Redirect": url_for("imports.show", run_id=run_id)}
    return render_template("imports/show.html", run=shown, most=SHOWN_ERRORS)


@pages.post("/import/<id:run_id>/apply")
@needs("tickets.import")
def apply(run_id: int) -> Any:
    """Import for real what was previewed; rows at fault are skipped where the person says so."""
    run = _shown(jobs.find(reading(), run_id, g.guest.actor))
    if run["status"] != "done" or not run["params"].get("dry_run"):
        raise Refused("这次预览还没有完成或已经导入过，请回到导入页重新选择文件。")
    skip = request.form.get("skip_bad") == "yes"
    made = _ask({**run["params"], "dry_run": False, "skip_bad": skip})
    return redirect(url_for("imports.show", run_id=made))


@pages.errorhandler(413)
def too_large(_error: object) -> Any:
    """A file past the limit: said beside the form."""
    return _form(Refused("文件超过 %(mib)s MiB，请拆分后再导入。", field="file", mib=LARGEST >> 20), 413)
