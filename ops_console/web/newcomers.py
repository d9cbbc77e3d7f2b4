"""Importing people by sheet, and the slips with which they sign in for the first time: shown and printed once."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, g, render_template, request

from ops_console.adapters.qr_codes import qr_picture
from ops_console.core.errors import ConsoleError, Refused
from ops_console.core.newcomers import COLUMNS, MOST, REQUIRED
from ops_console.core.people import ROLE_NAMES
from ops_console.services import newcomers
from ops_console.services.people import NewAccount
from ops_console.web.factors import needs_factor
from ops_console.web.rights import needs
from ops_console.web.sign_in import console
from ops_console.web.uploads import takes

pages = Blueprint("newcomers", __name__)
LARGEST = 2 << 20


@pages.route("/people/import", methods=["GET", "POST"])
@takes(LARGEST + (1 << 20))
@needs("people.manage")
@needs_factor
def index() -> Any:
    """Choose a sheet; all of it is imported and the slips are shown, or nothing is and every fault is told."""
    if request.method == "GET":
        return _form()
    file = request.files.get("file")
    try:
        if file is None or not file.filename:
            raise Refused("请先选择要导入的文件。", field="file")
        digest = console().files.keep_upload(file.stream, LARGEST)
        done = newcomers.import_people(
            console().newcomers, console().files.upload(digest), g.guest.actor, console().now(),
            name=file.filename[:200], skip_bad=request.form.get("skip_bad") == "yes",
        )  # fmt: skip
    except ConsoleError as refused:
        return _form(refused)
    if done.made:
        return render_template("people/slips.html", done=done, slips=[_slip(made) for made in done.made])
    return _form(done=done)


def _form(refused: ConsoleError | None = None, done: newcomers.Imported | None = None) -> Any:
    return render_template(
        "people/import.html", refused=refused, done=done, columns=COLUMNS, required=REQUIRED, most=MOST,
        role_names=ROLE_NAMES,
    ), 400 if refused or (done and done.faults) else 200  # fmt: skip


def _slip(made: NewAccount) -> dict[str, Any]:
    """The address in the picture names the account and never the password: addresses are kept in histories."""
    address = console().settings.server.public_url.rstrip("/")
    return {"account": made, "address": address, "picture": qr_picture(f"{address}/sign-in", scale=3)}
