"""Reports as files: a month's, a quarter's, a year's, for acceptance; one page to choose from.

Not for what they say (`services/month_reports.py`) nor for setting them (`adapters/documents/reports.py`).
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

from flask import Blueprint, g, render_template, request, send_file

from ops_console.adapters import answers
from ops_console.adapters.documents.report_words import Words
from ops_console.adapters.documents.reports import as_file
from ops_console.core.errors import ConsoleError, NotFound
from ops_console.core.report_blocks import Report
from ops_console.services import acceptances, long_reports, month_reports, months
from ops_console.services.month_chapters import PAPERS
from ops_console.web import formats
from ops_console.web.database import reading
from ops_console.web.month_address import contract_asked
from ops_console.web.rights import needs, status_of
from ops_console.web.sign_in import console

pages = Blueprint("month_reports", __name__)
MEDIA = {
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
Maker = Callable[..., Report]
SPANS: dict[str, tuple[str, Maker]] = {
    "quarter": ("运维季报", long_reports.quarter_report), "year": ("年度总结", long_reports.year_report),
    "acceptance": ("履约验收书", acceptances.acceptance),
}  # fmt: skip


@pages.get("/reports")
@needs("reports.read")
def index() -> Any:
    """Which reports there are."""
    return _page()


def _page(refused: ConsoleError | None = None) -> Any:
    contract_id, month = months.usual(g.book, g.now)
    found = months.past(reading(), g.book, contract_id, g.guest.actor, g.now)
    names = {name: title for name, (title, _) in SPANS.items()}
    return render_template(
        "month_reports/index.html", found=found, month=month, contract_id=contract_id, names=names,
        papers={name: title for name, (title, _) in PAPERS.items()}, refused=refused, typed=request.args,
    ), status_of(refused)  # fmt: skip


@pages.post("/month/<month>/report/<paper>.<kind>")
@needs("tickets.export")
def month_file(month: str, paper: str, kind: str) -> Any:
    """One paper of a month as a file; that it left is recorded."""
    if kind not in MEDIA:
        raise NotFound("没有这一种格式。")
    contract_id = contract_asked(month)
    made = month_reports.month_report(
        reading(), g.book, contract_id, month, actor=g.guest.actor, now=g.now, paper=paper
    )
    return _file(made, month, paper, kind)


@pages.post("/reports/<span>.<kind>")
@needs("tickets.export")
def span_file(span: str, kind: str) -> Any:
    """A report over several months as a file."""
    if kind not in MEDIA or span not in SPANS:
        raise NotFound("没有这一种报告。")
    wanted = request.form.get("span", "").strip()
    try:
        contract_id = g.book.at(g.now).contract_id
        made = SPANS[span][1](reading(), g.book, contract_id, wanted, actor=g.guest.actor, now=g.now)
    except ConsoleError as refused:
        return _page(refused)
    return _file(made, wanted, span, kind)


def _file(made: Report, span: str, paper: str, kind: str) -> Any:
    with console().write() as session:
        month_reports.note_made(session, span, paper, kind, g.guest.actor, console().now())
    words = Words(console().translations, formats.language())
    content = as_file(made, kind, words, console().papers, console().settings.server.public_url)
    answer = send_file(
        io.BytesIO(content), mimetype=MEDIA[kind], as_attachment=True, download_name=f"{made.file_name}.{kind}"
    )
    answer.headers.update(answers.DOWNLOAD)
    return answer
