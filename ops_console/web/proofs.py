"""Files that prove something else than a ticket: getting one as a download, marking one void, keeping new ones.

Not for which page shows them: each noun's page takes in `proofs/_list.html`.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, flash, g, redirect, request

from ops_console.core.attachments import NewFile
from ops_console.services import proofs
from ops_console.web.attachments import as_download
from ops_console.web.database import reading
from ops_console.web.formats import gettext
from ops_console.web.rights import needs
from ops_console.web.sign_in import console, is_ours
from ops_console.web.uploads import MOST_AT_ONCE

pages = Blueprint("proofs", __name__)


def kept_files(name: str = "file") -> list[NewFile]:
    """Given the name of a form's file field, keep its files and return them, at most MOST_AT_ONCE. Raises Refused."""
    chosen = [file for file in request.files.getlist(name)[:MOST_AT_ONCE] if file.filename]
    return [console().files.keep_attachment(file.stream, file.filename) for file in chosen]


@pages.get("/proofs/<id:proof_id>")
@needs("reports.read")
def show(proof_id: int) -> Any:
    """One file, as a download."""
    found = proofs.find(reading(), proof_id, g.guest.actor)
    return as_download(found.digest, found.kind, found.name)


@pages.post("/proofs/<id:proof_id>/void")
@needs("tickets.attach")
def void(proof_id: int) -> Any:
    """Mark a file void, with the reason, and go back to the page that showed it."""
    with console().write() as session:
        proofs.void(session, proof_id, request.form.get("reason", ""), g.guest.actor, console().now())
    flash(gettext("已标记作废；原文件和记录仍保留"), "success")
    back = request.form.get("back", "")
    return redirect(back) if is_ours(back) else abort(400)
