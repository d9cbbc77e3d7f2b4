"""`report month 2026-09 --format pdf|docx|xlsx|json --out FILE`, and of a quarter, a year, for acceptance."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from ops_console.adapters.documents.report_words import Words
from ops_console.adapters.documents.reports import FORMATS, as_file
from ops_console.core.errors import Refused
from ops_console.core.moments import parse_month
from ops_console.services import acceptances, assessments, long_reports, month_reports, months

SPANS = {
    "quarter": ("运维季报：report quarter 2026Q3 --out 文件", "YYYYQn", long_reports.quarter_report),
    "year": ("年度总结：report year 2026 --out 文件", "YYYY", long_reports.year_report),
    "acceptance": ("履约验收书：report acceptance 2026 --format docx --out 文件", "YYYY", acceptances.acceptance),
}  # fmt: skip


def add_kinds(kinds: Any, terminal: Any) -> None:
    """Given the parser's kinds of report, add `month`."""
    kind = kinds.add_parser("month", help=terminal.say("运维月报：report month 2026-09 --format pdf --out 文件"))
    kind.add_argument("month", metavar="YYYY-MM")
    add_output(kind)
    kind.set_defaults(act=month_report)
    for name, (told, wanted, make) in SPANS.items():
        kind = kinds.add_parser(name, help=terminal.say(told))
        kind.add_argument("span", metavar=wanted)
        add_output(kind)
        kind.set_defaults(act=span_report, make=make)


def add_output(kind: Any) -> None:
    """Given a kind of report's parser, add the format and the file."""
    kind.add_argument("--format", choices=FORMATS, default="pdf")
    kind.add_argument("--out", type=Path, metavar="FILE")


def month_report(terminal: Any, given: Any) -> int:
    """Write the month's report; as JSON what was frozen, which a draft has not."""
    console, month = terminal.console, parse_month(given.month)
    with console.read() as session:
        book = console.book(session)
        contract_id = months.contract_of(book, month)
        if given.format == "json":
            row = assessments.need_frozen(session, contract_id, month)
            return write(terminal, given.out, (row.result + "\n").encode())
        made = month_reports.month_report(session, book, contract_id, month, actor=terminal.actor, now=console.now())
    words = Words(terminal.translations, terminal.language)
    return write(terminal, given.out, as_file(made, given.format, words, console.papers))


def span_report(terminal: Any, given: Any) -> int:
    """Write the report of a quarter or a contract year; there is no frozen JSON of several months."""
    if given.format == "json":
        raise Refused("多个月份的报告没有 JSON；请用 report month 逐月导出。")
    console = terminal.console
    with console.read() as session:
        book = console.book(session)
        contract_id = book.at(console.now()).contract_id
        made = given.make(session, book, contract_id, given.span, actor=terminal.actor, now=console.now())
    words = Words(terminal.translations, terminal.language)
    return write(terminal, given.out, as_file(made, given.format, words, console.papers))


def write(terminal: Any, path: Path | None, content: bytes) -> int:
    """Given a path (None: standard output) and bytes, write them where nothing stands yet. Raises Refused otherwise."""
    if path is None:
        sys.stdout.buffer.write(content)
        return 0
    try:
        with path.open("xb") as file:
            file.write(content)
    except FileExistsError:
        raise Refused("文件 %(file)s 已存在，没有覆盖；请换一个名字。", file=str(path)) from None
    except OSError as exc:
        raise Refused("写不了文件 %(file)s：%(why)s。", file=str(path), why=exc.strerror or "") from exc
    terminal.tell("已写入 %(file)s", file=str(path))
    return 0
