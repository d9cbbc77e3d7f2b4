"""What stands behind the month's figures that are no clock's: duties, tickets, caps, money, what wants an explanation.

Not for clocks, items and the screen itself (`web/months.py`).
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, g, render_template, request, url_for

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
from ops_console.web.database import reading, reading_anew
from ops_console.web.formats import gettext
from ops_console.web.month_address import contract_asked
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
    session = reading_anew() if refused else reading()
    found = month_figures.duty_rows(
        session, g.book, contract_asked(month), month, clause, which, actor=g.guest.actor, now=g.now
    )
    return _page(
        "months/duties.html", found, month, which=which, which_names=DUTY_WHICH, refused=refused, typed=request.form,
        is_open=may_speak(session, found.month), clause_id=clause,
    ), status_of(refused)  # fmt: skip


@pages.post("/month/<month>/duties/<owing>/<of_duties>")
@needs("months.explain")
def explain(month: str, owing: str, of_duties: str) -> Any:
    """Note the vendor's account of one duty that was not kept."""
    given = request.form
    return say(
        month, lambda refused: _duty_page(month, owing, of_duties, refused),
        lambda desk: desk.explain(f"duty/{given.get('duty', '')}", given.get("text", "")), gettext("已记下说明"),
        url_for("figures.duties", month=month, owing=owing, of_duties=of_duties, contract=contract_asked(month)),
    )  # fmt: skip


@pages.get("/month/<month>/tickets/<of_tickets>")
@needs("reports.read")
def tickets(month: str, of_tickets: str) -> Any:
    """Exactly the tickets that a figure of how far the month can be believed counts."""
    found = month_figures.ticket_rows(
        reading(), g.book, contract_asked(month), month, of_tickets, actor=g.guest.actor, now=g.now
    )
    return _page("months/tickets.html", found, month)


@pages.get("/month/<month>/clauses/<by_tickets>")
@needs("reports.read")
def clause(month: str, by_tickets: str) -> Any:
    """Exactly the tickets that a clause without a limit counts."""
    found = month_figures.clause_rows(
        reading(), g.book, contract_asked(month), month, by_tickets, actor=g.guest.actor, now=g.now
    )
    return _page("months/tickets.html", found, month)


@pages.get("/month/<month>/caps/<cap>")
@needs("reports.read")
def cap(month: str, cap: str) -> Any:
    """What a yearly cap's meter is made of."""
    found = month_figures.cap_rows(reading(), g.book, contract_asked(month), month, cap, actor=g.guest.actor, now=g.now)
    return _page("months/cap.html", found, month, state_names=CAP_STATES)


@pages.get("/month/<month>/unexplained")
@needs("reports.read")
def unexplained(month: str) -> Any:
    """What was not kept and has no account of the vendor's yet."""
    found = month_figures.unexplained(reading(), g.book, contract_asked(month), month, actor=g.guest.actor, now=g.now)
    return _page("months/unexplained.html", found, month)


@pages.get("/month/<month>/money")
@needs("reports.read")
def money(month: str) -> Any:
    """How the payable sum comes about, line by line."""
    found = month_figures.money_rows(reading(), g.book, contract_asked(month), month, actor=g.guest.actor, now=g.now)
    return _page(
        "months/money.html", found, month, line_names=LINE_NAMES, node_names=NODE_NAMES,
        sees_cases=may_see(g.guest.actor, HOSPITAL, g.now), named=month_figures.case_numbers,
    )  # fmt: skip
