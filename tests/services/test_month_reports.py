"""A month's papers: sixteen chapters, figures as the screen has them; PDF, Word and workbook open and say the same."""

from __future__ import annotations

import io
import re
import subprocess
import zipfile
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import openpyxl
import pytest
import segno
from PIL import Image

from ops_console.adapters.documents.report_words import Words
from ops_console.adapters.documents.reports import as_file, as_word
from ops_console.console import Console
from ops_console.core import tickets as core
from ops_console.core.errors import NotFound, Refused
from ops_console.core.report_blocks import Chapter, Paragraph, Report, Table, head
from ops_console.core.score_preset import PRESET
from ops_console.core.sentences import sentence
from ops_console.services import acceptances, long_reports
from ops_console.services.long_reports import conclusion
from ops_console.services.month_chapters import CHAPTERS, PAPERS
from ops_console.services.month_reports import month_report, note_made
from ops_console.store import audit
from tests.breach_cases import case_in
from tests.conftest import HOSPITAL, VENDOR, FakeClock, do, log_ticket
from tests.services.test_assessments import contract, freeze, live_from, past_the_day
from tests.services.test_scores import confirm, propose

HOSTILE = '=1+1 {{ 7*7 }} #eval("x") <b>䶮㛃</b> & \\ ${'


@pytest.fixture
def clock() -> FakeClock:
    """A workday morning in October."""
    return FakeClock(datetime(2026, 10, 14, 2, tzinfo=UTC))


def made(console: Console, month: str = "2026-10", paper: str = "month") -> Report:
    with console.read() as session:
        return month_report(
            session, console.book(session), contract(console), month, actor=HOSPITAL, now=console.now(), paper=paper
        )


def words(console: Console, language: str = "zh") -> Words:
    return Words(console.translations, language)


def table(report: Report, name: str) -> Table:
    blocks = [block for chapter in report.chapters for block in chapter.blocks]
    return next(block for block in blocks if isinstance(block, Table) and block.name == name)


def pdf_text(content: bytes, folder: Path) -> str:
    path = folder / "paper.pdf"
    path.write_bytes(content)
    return subprocess.run(["pdftotext", "-layout", str(path), "-"], capture_output=True, check=True).stdout.decode()


def broken_month(console: Console, clock: FakeClock, title: str = "打不开") -> str:
    live_from(console, date(2026, 10, 1))
    number = log_ticket(console, title=title)
    clock.forward(minutes=31)
    do(console, number, core.RESPONDED)
    return number


def test_the_report_has_sixteen_chapters_and_the_screens_figures(sqlite_console: Console, clock: FakeClock) -> None:
    number = broken_month(sqlite_console, clock)
    report = made(sqlite_console)
    assert [chapter.title for chapter in report.chapters] == [title for title, _ in CHAPTERS]
    assert len(report.chapters) == 16
    (row,) = table(report, "未达标明细").rows
    assert row[:2] == ("C-15", number)
    limits = {row[0]: row for row in table(report, "时限达标").rows}
    assert (limits["C-15"][5].part, limits["C-15"][5].whole, limits["C-15"][6]) == (0, 1, 1)


def test_every_format_of_every_paper_opens_and_tells_the_same(
    sqlite_console: Console, clock: FakeClock, tmp_path: Path
) -> None:
    number = broken_month(sqlite_console, clock)
    past_the_day(sqlite_console, clock, "2026-10")
    digest = freeze(sqlite_console, "2026-10")
    for paper in PAPERS:
        report = made(sqlite_console, paper=paper)
        text = pdf_text(as_file(report, "pdf", words(sqlite_console), sqlite_console.papers), tmp_path)
        assert digest[:12] in text, paper
        assert re.search(r"1\s*/\s*\d", text)
        with zipfile.ZipFile(io.BytesIO(as_file(report, "docx", words(sqlite_console), sqlite_console.papers))) as file:
            assert "2026-10" in file.read("word/document.xml").decode()
        book = openpyxl.load_workbook(io.BytesIO(as_file(report, "xlsx", words(sqlite_console), sqlite_console.papers)))
        assert len({sheet.title for sheet in book}) == len(book.sheetnames)
        if paper == "month":
            assert number in text
            rows = list(book["工单清单"].iter_rows(values_only=True))
            assert [row[0] for row in rows[1:]] == [number]
            assert rows[1][7].isoformat() == "2026-10-14T10:00:00"  # a real time, in Shanghai


def modules_at_the_foot(page: Path, n: int) -> list[list[bool]]:
    """Given a page at 300 dpi, return the dark and light of the n by n modules in its lower right corner."""
    mm = 300 / 25.4
    with Image.open(page) as seen:
        width, height = seen.size
        box = (width - 29.5 * mm, height - 22 * mm, width - 15.5 * mm, height - 2 * mm)
        corner = seen.convert("L").crop(tuple(map(round, box))).point(lambda value: 255 * (value < 128))
    found = corner.getbbox()
    assert found is not None, page
    code = corner.crop(found)
    step = code.size[0] / n
    return [[code.getpixel((int((x + 0.5) * step), int((y + 0.5) * step))) > 0 for x in range(n)] for y in range(n)]


def test_every_page_carries_the_code_of_the_frozen_result(
    sqlite_console: Console, clock: FakeClock, tmp_path: Path
) -> None:
    broken_month(sqlite_console, clock)
    past_the_day(sqlite_console, clock, "2026-10")
    digest = freeze(sqlite_console, "2026-10")
    path = tmp_path / "paper.pdf"
    path.write_bytes(as_file(made(sqlite_console), "pdf", words(sqlite_console), sqlite_console.papers))
    subprocess.run(["pdftoppm", "-r", "300", "-gray", "-png", str(path), str(tmp_path / "page")], check=True)
    seen = sorted(tmp_path.glob("page-*.png"))
    wanted = [[bool(cell) for cell in row] for row in segno.make(digest, error="m", micro=False).matrix]
    assert len(seen) >= 3
    assert all(modules_at_the_foot(page, len(wanted)) == wanted for page in seen)


def drawn(report: Report, console: Console, folder: Path) -> list[Path]:
    """Given a report, return its pages as pictures."""
    folder.mkdir()
    (folder / "paper.pdf").write_bytes(as_file(report, "pdf", words(console), console.papers))
    subprocess.run(["pdftoppm", "-r", "100", "-gray", "-png", folder / "paper.pdf", folder / "page"], check=True)
    return sorted(folder.glob("page-*.png"))


def test_a_long_tables_head_stands_on_each_of_its_pages_and_no_row_is_lost(
    sqlite_console: Console, clock: FakeClock, tmp_path: Path
) -> None:
    rows = tuple((f"GD-{n:05}", "门诊缴费打不开" * 4) for n in range(300))
    long = Table("长表", head("2 6", "单号", "标题"), rows, sentence("没有。"))
    report = replace(made(sqlite_console), chapters=(Chapter("测", (long,)),))
    text = pdf_text(as_file(report, "pdf", words(sqlite_console), sqlite_console.papers), tmp_path)
    pages = [page for page in text.split("\f") if "GD-" in page]
    assert len(pages) >= 5
    assert all(re.search(r"单号\s+标题", page) for page in pages)
    assert re.findall(r"GD-\d{5}", text) == [row[0] for row in rows]


def test_rare_characters_are_drawn_and_are_no_boxes(sqlite_console: Console, clock: FakeClock, tmp_path: Path) -> None:
    """What no font has is drawn as one and the same box: these differ from it and from each other."""
    shown = {}
    for character in ("䶮", "㛃", "\U000ffff0", "\U000ffff1"):
        plain = Chapter("测", (Paragraph(sentence("%(words)s", words=character * 20)),))
        report = replace(made(sqlite_console), chapters=(plain,))
        (page,) = drawn(report, sqlite_console, tmp_path / f"{ord(character)}")
        shown[character] = page.read_bytes()
    assert shown["\U000ffff0"] == shown["\U000ffff1"]
    assert len(set(shown.values())) == 3


def test_a_draft_is_marked_as_one_on_paper(sqlite_console: Console, clock: FakeClock, tmp_path: Path) -> None:
    broken_month(sqlite_console, clock)
    text = pdf_text(as_file(made(sqlite_console), "pdf", words(sqlite_console), sqlite_console.papers), tmp_path)
    assert "草稿" in text


def test_a_case_and_what_nobody_told_stand_in_the_report_in_words(sqlite_console: Console, clock: FakeClock) -> None:
    console = sqlite_console
    at, clock.at = clock.at, datetime(2026, 9, 20, 2, tzinfo=UTC)
    confirm(console, propose(console, PRESET, "2026-10"))
    clock.at = at
    live_from(console, date(2026, 10, 1))
    number = case_in(console, "executed", category="leaked")
    case_in(console, "upheld")
    rated = log_ticket(console)
    for kind in (core.RESPONDED, core.RESTORE):
        do(console, rated, kind)
    do(console, rated, core.CONFIRMED, HOSPITAL, rating=4)
    report = made(console)
    assert [[str(cell) for cell in row] for row in table(report, "安全事故").rows] == [
        [number, "Word(text='敏感信息泄露')", "2026-10", "Word(text='已执行')"],
        [table(report, "安全事故").rows[1][0], "Word(text='未及时上报')", "2026-10", "Word(text='认定成立，待审批')"],
    ]
    happened = {row[0]: str(row[4]) for row in table(report, "考核表").rows}
    assert happened["G1"] == "4.00（1 份）"
    assert "没有事实来源" in happened["D4"] and "本月无发生" in happened["C5"]


def test_hostile_texts_stay_texts_in_every_format(sqlite_console: Console, clock: FakeClock, tmp_path: Path) -> None:
    broken_month(sqlite_console, clock, title=HOSTILE)
    report = made(sqlite_console)
    said = pdf_text(as_file(report, "pdf", words(sqlite_console), sqlite_console.papers), tmp_path).replace("\n", "")
    assert "䶮㛃" in said.replace(" ", "")
    with zipfile.ZipFile(io.BytesIO(as_word(report, words(sqlite_console)))) as file:
        xml = file.read("word/document.xml").decode()
    assert "{{ 7*7 }}" in xml
    assert "&lt;b&gt;䶮㛃&lt;/b&gt;" in xml
    book = openpyxl.load_workbook(io.BytesIO(as_file(report, "xlsx", words(sqlite_console), sqlite_console.papers)))
    cell = book["工单清单"].cell(2, 4)
    assert (cell.value, cell.data_type) == (HOSTILE, "s")


def test_a_word_template_that_a_user_broke_is_refused_with_its_name(
    sqlite_console: Console, clock: FakeClock, tmp_path: Path
) -> None:
    from docx import Document

    broken_month(sqlite_console, clock)
    template = tmp_path / "ours.docx"
    file = Document()
    file.add_paragraph("{{ title")
    file.save(str(template))
    with pytest.raises(Refused, match=r"ours\.docx"):
        as_word(made(sqlite_console), words(sqlite_console), template)


def test_quarter_year_and_acceptance_are_made_of_assessed_months_alone(
    sqlite_console: Console, clock: FakeClock, tmp_path: Path
) -> None:
    broken_month(sqlite_console, clock)
    clock.at = datetime(2026, 11, 20, 2, tzinfo=UTC)
    with sqlite_console.read() as session:
        book, contract_id = sqlite_console.book(session), contract(sqlite_console)
        asked = {"actor": HOSPITAL, "now": sqlite_console.now()}
        quarter = long_reports.quarter_report(session, book, contract_id, "2026q4", **asked)
        year = long_reports.year_report(session, book, contract_id, "2026", **asked)
        paper = acceptances.acceptance(session, book, contract_id, "2026", **asked)
        with pytest.raises(Refused):
            long_reports.quarter_report(session, book, contract_id, "2026Q5", **asked)
        with pytest.raises(NotFound):
            long_reports.quarter_report(session, book, contract_id, "2026Q1", **asked)
        with pytest.raises(NotFound):
            long_reports.year_report(session, book, contract_id, "2019", **asked)
    assert [row[0] for row in table(quarter, "各月考核与应付").rows] == ["2026-10", "2026-11"]
    assert len(year.chapters) == 10
    for report in (quarter, year, paper):
        text = pdf_text(as_file(report, "pdf", words(sqlite_console), sqlite_console.papers), tmp_path)
        assert "2026-10" in text


def test_what_a_clause_comes_to_over_months_follows_from_its_months() -> None:
    from ops_console.core.clause_lines import ClauseLine
    from ops_console.core.sentences import sentence

    def line(outcome: str, part: int, whole: int) -> ClauseLine:
        return ClauseLine("C-15", "time_limit", outcome, part, whole, sentence("x"))

    assert conclusion([]) == "不涉及"
    assert conclusion([line("not_applicable", 0, 0)]) == "不涉及"
    assert conclusion([line("kept", 20, 20), line("not_applicable", 0, 0)]) == "符合"
    assert conclusion([line("kept", 9, 9), line("broken", 0, 1)]) == "基本符合"
    assert conclusion([line("kept", 8, 8), line("broken", 0, 1)]) == "不符合"


def test_who_may_not_take_papers_away_is_refused_and_each_paper_is_recorded(console: Console, clock: FakeClock) -> None:
    from ops_console.core.people import actor_of

    with console.write() as session, pytest.raises(Refused):
        note_made(session, "2026-10", "month", "pdf", actor_of("x", "x", "security"), console.now())
    with console.write() as session:
        note_made(session, "2026-10", "month", "pdf", VENDOR, console.now())
    with console.read() as session:
        (found,) = audit.about(session, "export", ("printed",))
    assert found[2].facts == {"document": "month", "format": "pdf", "month": "2026-10"}
