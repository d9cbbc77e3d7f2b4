"""Reports as files: PDF by typst, Word by a template that users may edit, a workbook with real numbers and charts.

Not for what a report says (`services/month_reports.py`).
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from ops_console.adapters.documents.papers import TEMPLATES, Papers
from ops_console.adapters.documents.report_words import Words, plain_report
from ops_console.adapters.sheets_out import OPTIONS, wide
from ops_console.core.errors import Refused
from ops_console.core.moments import ZONE
from ops_console.core.report_blocks import Bars, Column, Facts, Points, Report, Share, Table, Yuan

WORD_TEMPLATE = TEMPLATES / "report.docx"
FORMATS = ("pdf", "docx", "xlsx", "json")
FORBIDDEN = dict.fromkeys(map(ord, "[]:*?/\\'"), " ")
NARROWEST, WIDEST = 8, 50
MONEY, POINTS, TIME, SPAN, RATE = "#,##0.00", "0.00", "yyyy-mm-dd hh:mm", "[h]:mm:ss", "0.0%"


def as_file(report: Report, kind: str, words: Words, papers: Papers, address: str = "") -> bytes:
    """Given a report and one of FORMATS but `json`, return the file. Raises ValueError for another kind."""
    if kind == "pdf":
        return as_pdf(report, words, papers, address)
    if kind == "docx":
        return as_word(report, words)
    if kind == "xlsx":
        return as_workbook(report, words)
    raise ValueError(kind)


def as_pdf(report: Report, words: Words, papers: Papers, address: str = "") -> bytes:
    """Given a report, its words and what sets papers, return the PDF; a QR code tells the frozen month's hash."""
    told = plain_report(report, words)
    qr = papers.code(f"{address}#{report.digest}" if address else report.digest) if report.digest else ""
    return papers.pdf("report", {**told, "qr": qr})


def as_word(report: Report, words: Words, template: Path = WORD_TEMPLATE) -> bytes:
    """Given a report, its words and a Word file with Jinja places, return the filled file.

    Raises Refused, naming what is wrong, for a template that a user broke.
    """
    from docxtpl import DocxTemplate
    from jinja2 import TemplateError
    from jinja2.sandbox import SandboxedEnvironment

    file, made = DocxTemplate(str(template)), io.BytesIO()
    try:
        file.render(plain_report(report, words), SandboxedEnvironment(autoescape=True), autoescape=True)
    except TemplateError as exc:
        raise Refused(
            "Word 模板 %(file)s 有错：%(why)s；请改正，或用程序自带的模板覆盖它。",
            file=template.name,
            why=str(exc)[:200],
        ) from exc
    file.save(made)
    return made.getvalue()


def as_workbook(report: Report, words: Words) -> bytes:
    """Given a report and its words, return a workbook: a cover, a sheet for each table, native charts, real numbers."""
    import xlsxwriter

    made = io.BytesIO()
    with xlsxwriter.Workbook(made, {**OPTIONS, "constant_memory": False, "in_memory": True}) as book:
        sheets = _Sheets(book, words)
        sheets.cover(report)
        tables = [b for chapter in report.chapters for b in chapter.blocks if isinstance(b, Table)]
        for table in (*tables, *report.tables):
            sheets.table(table)
        for bars in (b for chapter in report.chapters for b in chapter.blocks if isinstance(b, Bars)):
            sheets.chart(bars)
    return made.getvalue()


class _Sheets:
    """The sheets of one workbook: no two of one name, every cell written as what it is."""

    def __init__(self, book: Any, words: Words) -> None:
        self._book, self._words = book, words
        self._names: set[str] = set()
        self._bold = book.add_format({"bold": True, "text_wrap": True, "valign": "vcenter", "bg_color": "#F0F2F5"})
        self._formats = {code: book.add_format({"num_format": code}) for code in (MONEY, POINTS, TIME, SPAN, RATE)}

    def _add(self, name: str) -> Any:
        plain = self._words.title(name).translate(FORBIDDEN)[:28].strip() or "Sheet"
        chosen, number = plain, 2
        while chosen.casefold() in self._names:
            chosen, number = f"{plain} {number}", number + 1
        self._names.add(chosen.casefold())
        return self._book.add_worksheet(chosen)

    def cover(self, report: Report) -> None:
        """The first sheet: what it is, of which month, by which readings, and every fact of the report."""
        sheet, row = self._add("封面"), 0
        sheet.write_string(0, 0, self._words.sentence(report.title), self._bold)
        sheet.write_string(1, 0, self._words.sentence(report.subtitle))
        blocks = [report.cover, *(b for c in report.chapters for b in c.blocks if isinstance(b, Facts))]
        row = 3
        for name, value in (pair for block in blocks for pair in block.pairs):
            sheet.write_string(row, 0, self._words.title(name))
            self._cells(sheet, row, 1, value)
            row += 1
        sheet.set_column(0, 0, 36)
        sheet.set_column(1, 3, 22)

    def table(self, table: Table) -> None:
        """One table on its own sheet, its head frozen; a share takes three columns: n, N and the percentage."""
        sheet = self._add(table.name)
        shares = self._shares(table)
        widths = list(self._heads(table.columns, shares))
        for place, name in enumerate(widths):
            sheet.write_string(0, place, name, self._bold)
            sheet.set_column(place, place, min(max(wide(name) + 2, NARROWEST), WIDEST))
        sheet.freeze_panes(1, 1)
        for number, row in enumerate(table.rows, 1):
            place = 0
            for index, value in enumerate(row):
                self._cells(sheet, number, place, value, three=index in shares)
                place += 3 if index in shares else 1
        if not table.rows:
            sheet.write_string(1, 0, self._words.sentence(table.empty))
        if table.rows:
            sheet.autofilter(0, 0, len(table.rows), len(widths) - 1)
        self._widen(sheet, table, shares)

    def _widen(self, sheet: Any, table: Table, shares: set[int]) -> None:
        place = 0
        for index, column in enumerate(table.columns):
            told = [wide(self._words.value(row[index])) for row in table.rows[:500]]
            width = min(max([wide(self._words.title(column.title)) + 2, NARROWEST, *told]), WIDEST)
            if index not in shares:
                sheet.set_column(place, place, width)
            place += 3 if index in shares else 1

    @staticmethod
    def _shares(table: Table) -> set[int]:
        return {i for i in range(len(table.columns)) if any(isinstance(row[i], Share) for row in table.rows)}

    def _heads(self, columns: Iterable[Column], shares: set[int]) -> Iterable[str]:
        for index, column in enumerate(columns):
            title = self._words.title(column.title)
            yield from (f"{title} n", f"{title} N", f"{title} %") if index in shares else (title,)

    def _cells(self, sheet: Any, row: int, place: int, value: object, *, three: bool = False) -> None:
        if isinstance(value, Share):
            self._share(sheet, row, place, value)
        elif isinstance(value, bool) or value == "" or value is None:
            return
        elif isinstance(value, int):
            sheet.write_number(row, place, value)
        elif isinstance(value, Yuan):
            sheet.write_number(row, place, value.fen / 100, self._formats[MONEY])
        elif isinstance(value, Points):
            sheet.write_number(row, place, value.hundredths / 100, self._formats[POINTS])
        elif isinstance(value, datetime):
            local = value.astimezone(ZONE).replace(tzinfo=None)
            sheet.write_datetime(row, place, local, self._formats[TIME])
        elif isinstance(value, timedelta):
            sheet.write_number(row, place, value.total_seconds() / 86400, self._formats[SPAN])
        else:
            sheet.write_string(row, place + 1 if three else place, self._words.value(value)[:32_000])

    def _share(self, sheet: Any, row: int, place: int, value: Share) -> None:
        sheet.write_number(row, place, value.part)
        sheet.write_number(row, place + 1, value.whole)
        if value.whole:
            sheet.write_number(row, place + 2, value.part / value.whole, self._formats[RATE])

    def chart(self, bars: Bars) -> None:
        """A native bar chart beside the numbers that it draws."""
        sheet, title = self._add(bars.name), self._words.title
        name = sheet.get_name()
        for column, (series, values) in enumerate(bars.series, 1):
            sheet.write_string(0, column, title(series), self._bold)
            for row, n in enumerate(values, 1):
                sheet.write_number(row, column, n)
        for row, label in enumerate(bars.labels, 1):
            sheet.write_string(row, 0, title(label))
        sheet.set_column(0, 0, max([NARROWEST, *(wide(title(label)) + 2 for label in bars.labels)]))
        if not bars.labels:
            return
        chart = self._book.add_chart({"type": "bar" if len(bars.labels) > 6 else "column"})
        for column in range(1, len(bars.series) + 1):
            chart.add_series({
                "name": [name, 0, column], "categories": [name, 1, 0, len(bars.labels), 0],
                "values": [name, 1, column, len(bars.labels), column], "data_labels": {"value": True},
            })  # fmt: skip
        chart.set_title({"name": title(bars.name), "overlay": False})
        chart.set_legend({"none": True} if len(bars.series) < 3 else {"position": "bottom"})
        chart.set_y_axis({"min": 0, "major_gridlines": {"visible": False}})
        sheet.insert_chart(0, len(bars.series) + 2, chart, {"x_scale": 1.4, "y_scale": 1.4})
