"""What stands behind the month's figures that are no clock's: duties, tickets, caps, money, what wants an explanation.

Not for clocks, items and the screen itself (`web/months.py`).
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, g, render_template, request, url_for

from ops_console.core.assessment_facts import duty_target
from ops_console.core.breaches import may_see
from ops_console.core.caps import STATE_NAMES as CAP_STATES
from ops_console.core.contract_facts import OUTCOME_NAMES
from ops_console.core.duties import COUNTED_NAMES
from ops_console.core.errors import Refused
from ops_console.core.money import NODE_NAMES
from ops_console.core.people import HOSPITAL
from ops_console.core.settlements import LINE_NAMES
from ops_console.services import month_figures
from ops_console.services.month_words import may_speak
from ops_console.web.database import reading
from ops_console.web.formats import gettext
from ops_console.web.month_address import contract_asked, found_of
from ops_console.web.months import say
from ops_console.web.rights import needs, status_of

pages = Blueprint("figures", __name__)
DUTY_WHICH = {
    month_figures.EVERY: "全部", month_figures.OWED: "应办", "kept": "按期", "late": "迟延", "missed": "缺失",
    "open": "未到期或待验收", "waived": "豁免", month_figures.CORRECTED: "更正",
}  # fmt: skip


def _page(template: str, found: Any, month: str, **more: Any) -> str:
    return render_template(
        template, found=found, month=month, contract=found.month.contract_id, duty_states=COUNTED_NAMES,
        outcome_names=OUTCOME_NAMES, **more,
    )  # fmt: skip


@pages.get("/month/<month>/duties/<owing>/<of_duties>")
@needs("reports.read")
def duties(month: str, owing: str, of_duties: str) -> Any:
    """Exactly the duties that a figure counts, under their clause and rule."""
    return _duty_page(month, owing, of_duties)


def _duty_page(month: str, clause: str, which: str, refused: Refused | None = None) -> Any:
    found = found_of(month_figures.duty_rows, month, clause, which, anew=refused is not None)
    return _page(
        "months/duties.html", found, month, which=which, which_names=DUTY_WHICH, refused=refused, typed=request.form,
        is_open=may_speak(reading(), found.month), clause_id=clause,
    ), status_of(refused)  # fmt: skip


@pages.post("/month/<month>/duties/<owing>/<of_duties>")
@needs("months.explain")
def explain(month: str, owing: str, of_duties: str) -> Any:
    """Note the vendor's account of one duty that was not kept."""
    given = request.form
    return say(
        month, lambda refused: _duty_page(month, owing, of_duties, refused),
        lambda desk: desk.explain(duty_target(given.get("duty", "")), given.get("text", "")), gettext("已记下说明"),
        url_for("figures.duties", month=month, owing=owing, of_duties=of_duties, contract=contract_asked(month)),
    )  # fmt: skip


@pages.get("/month/<month>/tickets/<of_tickets>")
@needs("reports.read")
def tickets(month: str, of_tickets: str) -> Any:
    """Exactly the tickets that a figure of how far the month can be believed counts."""
    return _page("months/tickets.html", found_of(month_figures.ticket_rows, month, of_tickets), month)


@pages.get("/month/<month>/clauses/<by_tickets>")
@needs("reports.read")
def clause(month: str, by_tickets: str) -> Any:
    """Exactly the tickets that a clause without a limit counts."""
    return _page("months/tickets.html", found_of(month_figures.clause_rows, month, by_tickets), month)


@pages.get("/month/<month>/caps/<cap>")
@needs("reports.read")
def cap(month: str, cap: str) -> Any:
    """What a yearly cap's meter is made of."""
    return _page("months/cap.html", found_of(month_figures.cap_rows, month, cap), month, state_names=CAP_STATES)


@pages.get("/month/<month>/unexplained")
@needs("reports.read")
def unexplained(month: str) -> Any:
    """What was not kept and has no account of the vendor's yet."""
    return _page("months/unexplained.html", found_of(month_figures.unexplained, month), month)


@pages.get("/month/<month>/money")
@needs("reports.read")
def money(month: str) -> Any:
    """How the payable sum comes about, line by line."""
    return _page(
        "months/money.html", found_of(month_figures.money_rows, month), month, line_names=LINE_NAMES,
        node_names=NODE_NAMES, sees_cases=may_see(g.guest.actor, HOSPITAL, g.now), named=month_figures.case_numbers,
    )  # fmt: skip
