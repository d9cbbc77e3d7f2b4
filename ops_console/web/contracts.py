"""The contract's page: the version in force with its clauses, what is proposed and what it changes, confirming it."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, url_for

from ops_console.core.contracts import contract_years
from ops_console.services import contracts
from ops_console.web import formats
from ops_console.web.database import reading
from ops_console.web.rights import needs
from ops_console.web.sign_in import console

pages = Blueprint("contracts", __name__)


@pages.get("/contract")
@needs("contracts.read")
def index() -> Any:
    """Every version, the one in force first."""
    versions = contracts.overview(reading(), g.guest.actor)
    current_id = g.book.at(g.now).id
    current = next((v for v in versions if v.id == current_id), None)
    calendar = g.book.calendars[current_id]
    known = {days.year for days in calendar.years}
    term = range(current.terms.starts_on.year, current.terms.ends_on.year + 1) if current else ()
    return render_template(
        "contracts/index.html",
        missing=[year for year in term if year not in known], versions=versions, current=current, proposed=[v for v in versions if v.state == "proposed"],
        years=contract_years(current.terms) if current else (), calendar=calendar,
    )  # fmt: skip


@pages.post("/contract/<id:version_id>/confirm")
@needs("contracts.confirm")
def confirm(version_id: int) -> Any:
    """Confirm a proposed version for one's own side."""
    with console().write() as session:
        contracts.confirm(session, version_id, request.form.get("digest", ""), g.guest.actor, console().now())
    flash(formats.gettext("已代表本方确认这一合同版本。"), "success")
    return redirect(url_for("contracts.index"))
