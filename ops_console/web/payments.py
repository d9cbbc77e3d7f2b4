"""The finance sheet: a contract year's payments, one payment as a paper, and what the hospital notes about it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, url_for

from ops_console.core.errors import NotFound, Refused
from ops_console.core.money import NODE_NAMES, amount
from ops_console.core.months import STATE_NAMES
from ops_console.core.payments import STATUS_NAMES, by_clause
from ops_console.core.settlements import LINE_NAMES
from ops_console.core.signatures import OUTCOME_NAMES
from ops_console.services import payments
from ops_console.services.payments import Due, Finance, Paid
from ops_console.web.database import reading, reading_anew
from ops_console.web.delegations import day_typed
from ops_console.web.formats import gettext
from ops_console.web.lists import listed, word
from ops_console.web.rights import needs, status_of
from ops_console.web.sign_in import console

pages = Blueprint("payments", __name__)
NAMES = {
    "status_names": STATUS_NAMES, "node_names": NODE_NAMES, "line_names": LINE_NAMES, "month_states": STATE_NAMES,
    "outcome_names": OUTCOME_NAMES, "by_clause": by_clause,
}  # fmt: skip


def _asked(name: str) -> int | None:
    text = request.args.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else None


def _found(*, anew: bool = False) -> Finance:
    session = reading_anew() if anew else reading()
    contract_id = _asked("contract") or g.book.at(g.now).contract_id
    return payments.of_year(session, g.book, contract_id, _asked("year"), actor=g.guest.actor, now=console().now())


@listed(
    "payments", "付款", "payments.read", "节点", "种类", "起", "止", "应付（元）", "扣款（元）", "实付（元）", "大写",
    "应于", "状态", "未签署的月份", "发票号码", "付款日期", "付款金额（元）",
)  # fmt: skip
def _payments() -> Iterator[tuple[object, ...]]:
    for due in _found().dues:
        one, note = due.payment, due.note
        yield (
            one.node.id, word(NODE_NAMES[one.node.kind]), *_span(due), _yuan(one.gross),
            _yuan(one.deducted + one.brought + one.offset), _yuan(one.payable), one.words,
            one.due_on.isoformat() if one.due_on else "", word(STATUS_NAMES[due.status]),
            "、".join(month.month for month in one.missing), note.invoice if note else "",
            note.paid_on.isoformat() if note and note.paid_on else "", _yuan(note.amount if note else None),
        )  # fmt: skip


def _span(due: Due) -> tuple[str, str]:
    covered = due.payment.months
    return (covered[0].month, covered[-1].month) if covered else ("", "")


def _yuan(fen: int | None) -> str:
    return amount(fen).replace(",", "") if fen is not None else ""


@pages.get("/payments")
@needs("payments.read")
def index() -> Any:
    """A contract year's payments."""
    return render_template("payments/index.html", found=_found(), **NAMES)


@pages.get("/payments/<path:key>")
@needs("payments.read")
def sheet(key: str) -> Any:
    """One payment as a paper for the finance department."""
    return _sheet(key)


def _sheet(key: str, refused: Refused | None = None) -> Any:
    found = _found(anew=refused is not None)
    due = payments.one(found, key)
    page = render_template("payments/sheet.html", found=found, due=due, refused=refused, typed=request.form, **NAMES)
    return page, status_of(refused)


@pages.post("/payments/<path:key>")
@needs("payments.record")
def record(key: str) -> Any:
    """Note an invoice, or that it was paid."""
    given, at = request.form, console()
    found = _found()
    wanted = Paid(key, given.get("invoice", ""), day_typed("paid_on"), given.get("amount", ""))
    try:
        with at.write() as session:
            payments.record(
                session, at.book(session), found.contract_id, found.year, wanted, actor=g.guest.actor, now=at.now()
            )
    except NotFound:
        raise
    except Refused as refused:
        return _sheet(key, refused)
    flash(gettext("已登记。"), "success")
    return redirect(url_for("payments.sheet", key=key, contract=found.contract_id, year=found.year))
