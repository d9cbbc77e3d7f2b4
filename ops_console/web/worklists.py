"""What a ticket list can do besides show: one act on many tickets, and keeping its filters under a name."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, url_for

from ops_console.core.errors import Refused
from ops_console.services import bulk, views
from ops_console.services.views import SaveView
from ops_console.web.formats import gettext
from ops_console.web.rights import needs
from ops_console.web.sign_in import console

pages = Blueprint("worklists", __name__)
# What a list offers to whom: act -> (button, the right that makes it, whether it names a colleague).
BULK = {
    "respond": ("登记响应", "tickets.record", False),
    "assign": ("转派给", "tickets.record", True),
    "confirm": ("确认恢复", "tickets.confirm", False),
    "accept-times": ("认可补录时间", "tickets.confirm", False),
}


def offered() -> dict[str, tuple[str, str, bool]]:
    """Return the acts that the person looking may do to many tickets."""
    return {name: act for name, act in BULK.items() if g.guest.actor.may(act[1])}


@pages.post("/tickets/bulk")
@needs("tickets.read")
def act() -> Any:
    """Do one act to the tickets ticked, and tell what became of each."""
    given = request.form
    back = url_for("tickets.index") + (f"?{query}" if (query := views.plain_query(given.get("query", ""))) else "")
    name = given.get("act", "")
    try:
        made = bulk.act_of(name, g.guest.actor, console().now(), given.get("assignee", ""))
        outcome = bulk.each(console().write, console().book, given.getlist("number"), made)
    except Refused as refused:
        return render_template("worklists/outcome.html", outcome=None, refused=refused, back=back, label=""), 400
    label = BULK[name][0]
    if not outcome.refused:
        flash(gettext("%(what)s：%(n)s 件已完成") % {"what": gettext(label), "n": len(outcome.done)}, "success")
        return redirect(back)
    return render_template("worklists/outcome.html", outcome=outcome, refused=None, back=back, label=label)


@pages.post("/tickets/views")
@needs("tickets.read")
def save() -> Any:
    """Keep the list's filters under a name."""
    given = request.form
    query = views.plain_query(given.get("query", ""))
    command = SaveView(g.guest.person_id, given.get("name", ""), query, given.get("shared") == "yes")
    try:
        with console().write() as session:
            views.save(session, command, g.guest.actor, console().now())
    except Refused as refused:
        back = url_for("tickets.index") + (f"?{query}" if query else "")
        return render_template("worklists/outcome.html", outcome=None, refused=refused, back=back, label=""), 400
    flash(gettext("视图“%(name)s”已保存") % {"name": given.get("name", "").strip()}, "success")
    return redirect(f"{url_for('tickets.index')}?{query}")


@pages.post("/tickets/views/<id:view>/drop")
@needs("tickets.read")
def drop(view: int) -> Any:
    """Forget a view of one's own."""
    with console().write() as session:
        name = views.drop(session, g.guest.person_id, view)
    flash(gettext("视图“%(name)s”已删去") % {"name": name}, "success")
    return redirect(url_for("tickets.index"))
