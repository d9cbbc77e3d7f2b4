"""Sheets from files: the contract's own samples, every kind of text, workbooks, and files made to hurt."""

# ruff: noqa: DTZ001 - what a sheet holds bears no zone

from __future__ import annotations

import csv
import io
import json
import os
import time
import zipfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, replace
from datetime import date, datetime, timedelta
from datetime import time as clock_time
from pathlib import Path
from zoneinfo import ZoneInfo

import openpyxl
import pytest
from openpyxl.utils.datetime import MAC_EPOCH

from ops_console.adapters import sheets_workbook
from ops_console.adapters.sheet_lines import SheetLimits
from ops_console.adapters.sheets import Sheet, read_sheet
from ops_console.adapters.sheets_child import shows_time
from ops_console.core.errors import SheetUnreadable
from ops_console.core.sheet_text import guard
from ops_console.core.sheet_times import SheetTime
from ops_console.core.ticket_sheets import COLUMNS, REQUIRED, CellFault, SheetRow, read_rows

DATA = Path(__file__).parent.parent / "data"
SHANGHAI = ZoneInfo("Asia/Shanghai")
ENDLESS = 60  # seconds: what a hostile file would exceed if its cost were not bounded
NOW = datetime(2026, 11, 20, 18, 0, tzinfo=SHANGHAI)
HEADER = list(REQUIRED)
ROW = ["GD-1", "故障", "门诊缴费", "电话", "打不开", "2026-03-05 09:00", "2026-03-05 09:05", "否"]
MARKUP = '<?xml version="1.0" encoding="UTF-8"?>'


@pytest.fixture(scope="module")
def names() -> dict[str, list[str]]:
    with (DATA / "tickets-2026.csv").open(encoding="utf-8-sig", newline="") as stream:
        year = list(csv.DictReader(stream))
    columns = {"types": "类型", "modules": "系统模块", "channels": "渠道"}
    return {name: sorted({row[column] for row in year}) for name, column in columns.items()}


@pytest.fixture(scope="module")
def year(names: dict[str, list[str]]) -> list[SheetRow]:
    rows, faults = tickets("tickets-2026.csv", names)
    assert faults == []
    return rows


def tickets(file: str, names: dict[str, list[str]]) -> tuple[list[SheetRow], list[CellFault]]:
    return read_rows(open_sheet(DATA / file).rows, now=NOW, **names)


def open_sheet(path: Path, **options: object) -> Sheet:
    return read_sheet(path, required=REQUIRED, known=COLUMNS, **options)


def written(folder: Path, content: bytes | str, name: str = "表.csv") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def csv_text(*rows: Sequence[object], delimiter: str = ",") -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows(rows)
    return text.getvalue()


def workbook(folder: Path, *rows: Sequence[object], prepare: Callable[[openpyxl.Workbook], None] | None = None) -> Path:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(list(row))
    if prepare:
        prepare(book)
    path = folder / "表.xlsx"
    book.save(path)
    return path


def rezipped(path: Path, *, change: dict[str, bytes] | None = None, add: Iterable[tuple[str, bytes]] = ()) -> Path:
    """Return the workbook with some parts changed and some added."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()} | (change or {}) | dict(add)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


def part(path: Path, name: str) -> bytes:
    with zipfile.ZipFile(path) as archive:
        return archive.read(name)


def refusal(path: Path, **options: object) -> str:
    with pytest.raises(SheetUnreadable) as caught:
        open_sheet(path, **options)
    sentence = str(caught.value.sentence)
    assert path.name in sentence
    assert "请" in sentence
    return sentence


def comparable(row: SheetRow) -> dict[str, object]:
    fields = asdict(row)
    del fields["row"]
    return fields | {"phone": row.phone.lstrip("0")}


# --- the samples


def test_the_year_is_2344_faultless_rows(names: dict[str, list[str]]) -> None:
    rows, faults = tickets("tickets-2026.csv", names)
    assert (len(rows), faults) == (2344, [])
    assert [row.row for row in rows] == list(range(2, 2346))


def test_the_workbook_is_the_first_600_rows_of_the_year(names: dict[str, list[str]], year: list[SheetRow]) -> None:
    sheet = open_sheet(DATA / "tickets-600.xlsx")
    rows, faults = read_rows(sheet.rows, now=NOW, **names)
    assert (sheet.header_row, sheet.unknown, sheet.missing, sheet.total_rows) == (4, ("备注",), (), 600)
    assert sorted(sheet.columns) == sorted(COLUMNS)
    assert faults == []
    assert [row.row for row in rows] == list(range(5, 605))
    assert [comparable(row) for row in rows] == [comparable(row) for row in year[:600]]


def test_the_gb18030_sheet_is_the_first_200_rows_of_the_year(names: dict[str, list[str]], year: list[SheetRow]) -> None:
    rows, faults = tickets("tickets-200-gb18030.csv", names)
    assert faults == []
    assert rows == year[:200]


def test_the_messy_sheet_blames_exactly_the_expected_cells(names: dict[str, list[str]]) -> None:
    expected = json.loads((DATA / "tickets-messy.expected.json").read_text(encoding="utf-8"))
    rows, faults = tickets("tickets-messy.csv", names)
    assert [{"row": fault.row, "column": fault.column} for fault in faults] == expected
    assert len(rows) == 190


# --- text sheets


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
@pytest.mark.parametrize("ending", ["\r\n", "\n", "\r"])
def test_a_text_sheet_is_read_in_any_usual_dress(tmp_path: Path, encoding: str, delimiter: str, ending: str) -> None:
    text = csv_text(HEADER, ROW, [*ROW[:4], "甲,乙;丙\t丁", *ROW[5:]], delimiter=delimiter).replace("\r\n", ending)
    sheet = open_sheet(written(tmp_path, text.encode(encoding)))
    assert [row.number for row in sheet.rows] == [2, 3]
    assert sheet.rows[0].cells == dict(zip(HEADER, ROW, strict=True))
    assert sheet.rows[1].cells["标题"] == "甲,乙;丙\t丁"


def test_blank_rows_and_quoted_line_breaks_are_numbered_as_a_spreadsheet_does(tmp_path: Path) -> None:
    broken = [*ROW[:4], "一\n二\n\n三", *ROW[5:]]
    text = "说明\n\n" + csv_text(HEADER, broken, [], ["\u3000"] * 8, ROW) + "\n\n"
    sheet = open_sheet(written(tmp_path, text))
    assert (sheet.header_row, [row.number for row in sheet.rows]) == (3, [4, 7])
    assert sheet.rows[0].cells["标题"] == "一\n二\n\n三"
    assert sheet.total_rows == 2


def test_headers_are_found_by_name_in_any_order_and_dress(tmp_path: Path) -> None:
    header = ["\u3000单号 ", "类\n型", "系统模块", "备注", "渠道", "标题", "报修时间", "录入时间", "需到场", "单号", ""]
    row = ["GD-1", "故障", "门诊缴费", "x", *ROW[3:], "GD-2", "y"]
    sheet = open_sheet(written(tmp_path, csv_text(["工单台账"], header, row)))
    assert (sheet.header_row, sheet.unknown) == (2, ("备注", "单号"))
    assert sheet.rows[0].cells == dict(zip(HEADER, ROW, strict=True))
    assert sheet.columns == tuple(HEADER)


def test_the_first_row_with_all_required_names_is_the_header(tmp_path: Path) -> None:
    sheet = open_sheet(written(tmp_path, csv_text(HEADER[:-1], HEADER, HEADER, ROW)))
    assert (sheet.header_row, [row.number for row in sheet.rows]) == (2, [3, 4])


def test_a_missing_required_column_names_the_likeliest_header(tmp_path: Path) -> None:
    sheet = open_sheet(written(tmp_path, csv_text(["单号"], [], ["备注", *HEADER[:-2]], ROW)))
    assert (sheet.header_row, sheet.missing, sheet.rows) == (3, ("录入时间", "需到场"), [])
    assert sheet.unknown == ("备注",)


@pytest.mark.parametrize("content", ["", "\ufeff", "\n\n", "  ", "你好\n世界"])
def test_a_text_without_a_header_lacks_every_column(tmp_path: Path, content: str) -> None:
    sheet = open_sheet(written(tmp_path, content))
    assert (sheet.header_row, sheet.missing, sheet.rows) == (1, REQUIRED, [])


def test_a_header_alone_is_a_sheet_without_rows(tmp_path: Path) -> None:
    sheet = open_sheet(written(tmp_path, csv_text(HEADER)))
    assert (sheet.missing, sheet.rows, sheet.total_rows) == ((), [], 0)


def test_short_rows_lack_cells_and_long_ones_have_a_surplus(tmp_path: Path) -> None:
    sheet = open_sheet(written(tmp_path, csv_text(HEADER, ROW[:3], [*ROW, "", "多出", " "])))
    assert sheet.rows[0].cells["渠道"] is None
    assert [row.surplus for row in sheet.rows] == ["", "多出"]


def test_our_own_apostrophe_is_undone_and_no_other(tmp_path: Path) -> None:
    titles = ["=1+1", "'=1+1", "'甲", "甲\n-乙", "+86 1", "甲=乙"]
    rows = [[f"GD-{place}", *ROW[1:4], guard(title), *ROW[5:]] for place, title in enumerate(titles)]
    sheet = open_sheet(written(tmp_path, csv_text(HEADER, *rows)))
    assert [row.cells["标题"] for row in sheet.rows] == titles


def test_a_quote_that_never_closes_costs_its_own_row_only(tmp_path: Path, names: dict[str, list[str]]) -> None:
    rows = [[f"GD-{number}", *ROW[1:]] for number in range(6)]
    lines = csv_text(HEADER, *rows).splitlines()
    lines[2] = lines[2].replace("打不开", '"打不开')
    lines[4] = lines[4].replace("打不开", '"不开')
    sheet = open_sheet(written(tmp_path, "\n".join(lines)))
    read, faults = read_rows(sheet.rows, now=NOW, **names)
    assert [row.number for row in read] == ["GD-0", "GD-2", "GD-4", "GD-5"]
    assert [(fault.row, fault.column) for fault in faults] == [(3, "标题"), (5, "标题")]
    assert "引号" in str(faults[0].sentence)


def test_a_quote_that_closes_oddly_on_its_line_costs_nothing(tmp_path: Path) -> None:
    line = ",".join(ROW).replace("打不开", '"打" 不开').replace("故障", '"故障" ')
    sheet = open_sheet(written(tmp_path, f"{','.join(HEADER)}\n{line}\n"))
    assert (sheet.rows[0].cells["标题"], sheet.rows[0].cells["类型"]) == ("打 不开", "故障 ")


def test_a_cell_longer_than_the_reader_takes_costs_its_row_only(tmp_path: Path, names: dict[str, list[str]]) -> None:
    huge = [*ROW[:4], "字" * 140_000, *ROW[5:]]
    sheet = open_sheet(written(tmp_path, csv_text(HEADER, huge, ["GD-2", *ROW[1:]])))
    read, faults = read_rows(sheet.rows, now=NOW, **names)
    assert [row.number for row in read] == ["GD-2"]
    assert [fault.row for fault in faults] == [2]


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
@pytest.mark.parametrize("odd", [b"\xff\xff", b"\0", b"\x1b[31m"])
def test_an_odd_byte_costs_its_own_cell_only(
    tmp_path: Path, names: dict[str, list[str]], encoding: str, odd: bytes
) -> None:
    content = csv_text(HEADER, ROW, ["GD-2", *ROW[1:4], "@@", *ROW[5:]]).encode(encoding).replace(b"@@", b"a" + odd)
    read, faults = read_rows(open_sheet(written(tmp_path, content)).rows, now=NOW, **names)
    assert [row.number for row in read] == ["GD-1"]
    assert [(fault.row, fault.column) for fault in faults] == [(3, "标题")]
    faults[0].value.encode()


# --- workbooks


def test_cells_of_a_workbook_arrive_as_what_they_are(tmp_path: Path) -> None:
    moment = datetime(2026, 3, 5, 9, 2, 3)
    known = ["单号", "类型", "系统模块", "渠道", "标题", "报修时间", "录入时间", "需到场", "恢复时间", "确认时间"]
    values = [20260305001, True, 1.5, clock_time(9, 2), "_x0007_响", moment, moment.date(), date(2026, 3, 6), 46086]
    values.append(timedelta(days=46086.5))
    sheet = open_sheet(workbook(tmp_path, known, values))
    cells = sheet.rows[0].cells
    assert list(cells.values())[:5] == [20260305001, "TRUE", 1.5, "09:02:00", "\a响"]
    assert cells["报修时间"] == SheetTime(moment, True)
    assert cells["录入时间"] == SheetTime(datetime(2026, 3, 5), False)
    assert cells["需到场"] == SheetTime(datetime(2026, 3, 6), False)
    assert (cells["恢复时间"], cells["确认时间"]) == (46086, 46086.5)


@pytest.mark.parametrize(
    ("number_format", "expected"),
    [
        ("yyyy-mm-dd", False),
        ("m/d/yy", False),
        ('yyyy"年"m"月"d"日"', False),
        ("[$-804]yyyy/m/d;@", False),
        ('yyyy-mm-dd" hours"', False),
        ("[Red]yyyy-mm", False),
        ("yyyy-mm-dd h:mm:ss", True),
        ("m/d/yy h:mm", True),
        ('yyyy"年"m"月"d"日"\\ h"时"mm"分"', True),
        ("mm:ss", True),
        ("General", True),
    ],
)
def test_a_number_format_tells_whether_a_date_has_a_time(number_format: str, expected: bool) -> None:
    assert shows_time(number_format) is expected


def test_built_in_chinese_date_formats_are_dates(tmp_path: Path) -> None:
    def dress(book: openpyxl.Workbook) -> None:
        book.active["F2"].number_format = book.active["G2"].number_format = "0.00"

    path = workbook(tmp_path, HEADER, [*ROW[:5], 46086, 46086, "否"], prepare=dress)
    styles = part(path, "xl/styles.xml")
    assert b'numFmtId="2"' in styles
    rezipped(path, change={"xl/styles.xml": styles.replace(b'numFmtId="2"', b'numFmtId="31"')})
    assert open_sheet(path).rows[0].cells["报修时间"] == SheetTime(datetime(2026, 3, 5), False)


def test_a_workbook_of_the_1904_epoch_is_read_by_it(tmp_path: Path, names: dict[str, list[str]]) -> None:
    def rebase(book: openpyxl.Workbook) -> None:
        book.epoch = MAC_EPOCH

    row = [*ROW[:5], 46086.375 - 1462, datetime(2026, 3, 5, 9, 5), "否"]
    sheet = open_sheet(workbook(tmp_path, HEADER, row, prepare=rebase))
    read, faults = read_rows(sheet.rows, now=NOW, **names)
    assert faults == []
    assert read[0].reported_at == datetime(2026, 3, 5, 9, 0, tzinfo=SHANGHAI)
    assert read[0].recorded_at == datetime(2026, 3, 5, 9, 5, tzinfo=SHANGHAI)


def test_rows_of_a_workbook_keep_their_numbers_past_gaps(tmp_path: Path) -> None:
    def fill(book: openpyxl.Workbook) -> None:
        for column, (name, value) in enumerate(zip(HEADER, ROW, strict=True), 3):
            book.active.cell(4, column, name)
            book.active.cell(9, column, value)
            book.active.cell(200, column, value)
        book.active.cell(20, 3, "  ")
        book.active.cell(30, 1, "无列名的批注")

    sheet = open_sheet(workbook(tmp_path, prepare=fill))
    assert (sheet.header_row, [row.number for row in sheet.rows]) == (4, [9, 200])


def test_the_first_visible_sheet_is_read(tmp_path: Path) -> None:
    def hide(book: openpyxl.Workbook) -> None:
        book.create_sheet("第二", 1).append(["别的"])
        book.create_sheet("隐藏", 0).sheet_state = "hidden"
        book.active = 1

    assert open_sheet(workbook(tmp_path, HEADER, ROW, prepare=hide)).total_rows == 1


def test_formulas_without_a_kept_result_are_blank(tmp_path: Path) -> None:
    sheet = open_sheet(workbook(tmp_path, HEADER, [*ROW[:4], "=1+1", *ROW[5:]]))
    assert sheet.rows[0].cells["标题"] is None


def test_an_empty_workbook_lacks_every_column(tmp_path: Path) -> None:
    sheet = open_sheet(workbook(tmp_path))
    assert (sheet.header_row, sheet.missing, sheet.rows) == (1, REQUIRED, [])


def test_a_missing_column_of_a_workbook_names_the_likeliest_header(tmp_path: Path) -> None:
    sheet = open_sheet(workbook(tmp_path, ["台账"], HEADER[1:], ROW[1:]))
    assert (sheet.header_row, sheet.missing) == (2, ("单号",))


def test_a_date_beyond_dates_costs_its_own_cell_only(tmp_path: Path, names: dict[str, list[str]]) -> None:
    path = workbook(tmp_path, HEADER, [*ROW[:5], datetime(2026, 3, 5, 9), *ROW[6:]], ["GD-2", *ROW[1:]])
    sheet = part(path, "xl/worksheets/sheet1.xml")
    assert b"46086.375" in sheet
    rezipped(path, change={"xl/worksheets/sheet1.xml": sheet.replace(b"46086.375", b"9.9e307")})
    read, faults = read_rows(open_sheet(path).rows, now=NOW, **names)
    assert [row.number for row in read] == ["GD-2"]
    assert [(fault.row, fault.column) for fault in faults] == [(2, "报修时间")]


# --- files that are something else


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000), ".xls"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(900) + "EncryptedPackage".encode("utf-16-le"), "密码"),
        (b"%PDF-1.7\n", "不是工单表"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "不是工单表"),
        (b"\x1f\x8b\x08\0" + bytes(100), "不是工单表"),
        (b"\xef\xbb\xbf\n <HTML><table>", "网页"),
        (b'<?xml version="1.0"?><Workbook>', "网页"),
        (bytes(range(256)) * 40, "不是工单表"),
        (bytes(5000), "不是工单表"),
        (b"PK\x05\x06" + bytes(18), "不是 .xlsx"),
        (b"PK\x03\x04" + bytes(300), "损坏"),
    ],
)
@pytest.mark.parametrize("name", ["表.csv", "表.xlsx"])
def test_a_file_that_is_no_sheet_is_refused_whatever_its_name(
    tmp_path: Path, content: bytes, word: str, name: str
) -> None:
    assert word in refusal(written(tmp_path, content, name))


def test_random_bytes_are_refused(tmp_path: Path) -> None:
    assert "不是工单表" in refusal(written(tmp_path, os.urandom(50_000)))


def test_a_sheet_is_known_by_its_content_not_its_name(tmp_path: Path) -> None:
    book = workbook(tmp_path, HEADER, ROW)
    assert open_sheet(book.rename(tmp_path / "表.csv")).total_rows == 1
    assert open_sheet(written(tmp_path, csv_text(HEADER, ROW), "表.xlsx")).total_rows == 1


def test_a_refusal_names_the_file_as_its_uploader_does(tmp_path: Path) -> None:
    path = written(tmp_path, b"%PDF-1.7", "8f3a.upload")
    with pytest.raises(SheetUnreadable) as caught:
        open_sheet(path, name="三月\n台账.pdf")
    assert "三月" in str(caught.value.sentence)
    assert "8f3a" not in str(caught.value.sentence)


@pytest.mark.parametrize("name", ["不存在.csv", "."])
def test_a_file_that_cannot_be_opened_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(SheetUnreadable):
        open_sheet(tmp_path / name)


@pytest.mark.parametrize("kept", [0.2, 0.7, 0.99])
def test_a_truncated_workbook_is_refused(tmp_path: Path, kept: float) -> None:
    content = (DATA / "tickets-600.xlsx").read_bytes()
    assert "损坏" in refusal(written(tmp_path, content[: int(len(content) * kept)], "表.xlsx"))


def test_a_zip_of_something_else_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "表.xlsx", "w") as archive:
        archive.writestr("照片.txt", "甲")
    assert "不是 .xlsx" in refusal(tmp_path / "表.xlsx")


def test_a_document_that_is_no_workbook_is_refused(tmp_path: Path) -> None:
    path = workbook(tmp_path, HEADER)
    types = part(path, "[Content_Types].xml").replace(b"spreadsheetml.sheet.main", b"wordprocessingml.document.main")
    assert "不是 .xlsx" in refusal(rezipped(path, change={"[Content_Types].xml": types}))


def test_an_encrypted_member_is_told_as_a_password(tmp_path: Path) -> None:
    path = workbook(tmp_path, HEADER)
    content = bytearray(path.read_bytes())
    content[content.rindex(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)
    assert "密码" in refusal(path)


# --- files made to hurt


def inflated_size(path: Path) -> int:
    with zipfile.ZipFile(path) as archive:
        return sum(member.file_size for member in archive.infolist())


def test_a_workbook_of_ten_million_tiny_strings_is_refused_at_once(tmp_path: Path) -> None:
    path = rezipped(workbook(tmp_path, HEADER), add=[("xl/sharedStrings.xml", b"<si><t>a</t></si>" * 10_000_000)])
    assert path.stat().st_size < 1_000_000
    begun = time.monotonic()
    assert "展开后超过 32 MiB" in refusal(path)
    assert time.monotonic() - begun < ENDLESS


def test_a_part_that_inflates_too_well_is_refused(tmp_path: Path) -> None:
    path = rezipped(workbook(tmp_path, HEADER), add=[("xl/media/image1.png", bytes(20_000_000))])
    assert "压缩比" in refusal(path)


def test_the_bounds_of_an_archive_hold_at_their_edge(tmp_path: Path) -> None:
    path = workbook(tmp_path, HEADER, ROW)
    size, limits = inflated_size(path), SheetLimits()
    with zipfile.ZipFile(path) as archive:
        members = len(archive.namelist())
    assert open_sheet(path, limits=replace(limits, inflated_bytes=size, members=members)).total_rows == 1
    assert "展开" in refusal(path, limits=replace(limits, inflated_bytes=size - 1))
    assert "部件" in refusal(path, limits=replace(limits, members=members - 1))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize("name", ["xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/_rels/workbook.xml.rels"])
def test_a_document_type_in_any_part_and_encoding_is_refused(tmp_path: Path, encoding: str, name: str) -> None:
    path = workbook(tmp_path, HEADER)
    comment = " ".join(map(str, range(20_000)))
    prolog = MARKUP.replace("UTF-8", encoding) + f"<!--{comment}--><!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"
    assert "文档类型" in refusal(rezipped(path, add=[(name, prolog.encode(encoding))]))


def test_a_claimed_size_of_a_sheet_is_ignored(tmp_path: Path) -> None:
    path = workbook(tmp_path, HEADER, ROW)
    sheet = part(path, "xl/worksheets/sheet1.xml")
    claimed = sheet.replace(b'ref="A1:H2"', b'ref="A1:XFD1048576"')
    assert claimed != sheet
    begun = time.monotonic()
    assert open_sheet(rezipped(path, change={"xl/worksheets/sheet1.xml": claimed})).total_rows == 1
    assert time.monotonic() - begun < ENDLESS


def test_cells_in_the_farthest_corner_cost_nothing(tmp_path: Path) -> None:
    def corner(book: openpyxl.Workbook) -> None:
        book.active["XFD2"] = "x"
        book.active["XFD1048576"] = "x"

    begun = time.monotonic()
    sheet = open_sheet(workbook(tmp_path, HEADER, ROW, prepare=corner))
    assert (sheet.total_rows, sheet.stopped_after) == (1, 2)
    assert time.monotonic() - begun < ENDLESS


def test_reading_stops_after_a_long_blank_stretch_and_says_so(tmp_path: Path) -> None:
    def gap(book: openpyxl.Workbook) -> None:
        book.active["A13"] = "GD-2"

    path = workbook(tmp_path, HEADER, ROW, prepare=gap)
    within, beyond = (open_sheet(path, limits=SheetLimits(blank_rows=count)) for count in (11, 10))
    assert (within.total_rows, within.stopped_after) == (2, None)
    assert (beyond.total_rows, beyond.stopped_after) == (1, 2)


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_rows_and_columns_are_bounded_at_their_edge(tmp_path: Path, kind: str) -> None:
    wide, row = [*HEADER, "备注", "二"], [*ROW, "x", "y"]
    path = workbook(tmp_path, wide, row) if kind == "xlsx" else written(tmp_path, csv_text(wide, row))
    assert open_sheet(path, limits=SheetLimits(rows=2, columns=10)).total_rows == 1
    assert "1 行" in refusal(path, limits=SheetLimits(rows=1))
    assert "9 列" in refusal(path, limits=SheetLimits(columns=9))


def test_a_file_is_bounded_in_bytes_at_its_edge(tmp_path: Path) -> None:
    path = written(tmp_path, csv_text(HEADER, ROW))
    size = path.stat().st_size
    assert open_sheet(path, limits=SheetLimits(file_bytes=size)).total_rows == 1
    assert "拆成" in refusal(path, limits=SheetLimits(file_bytes=size - 1))


@pytest.mark.parametrize("content", [",".join(HEADER) + "\n" + "," * 2_000_000, "\n" * 3_000_000, "\r" * 3_000_000])
def test_a_text_of_nothing_but_delimiters_is_refused_at_once(tmp_path: Path, content: str) -> None:
    begun = time.monotonic()
    refusal(written(tmp_path, content))
    assert time.monotonic() - begun < ENDLESS


@pytest.mark.parametrize("line", ['"a"b,', '"a""', '",",'])
def test_a_text_full_of_bad_quotes_is_read_in_time(tmp_path: Path, line: str) -> None:
    begun = time.monotonic()
    open_sheet(written(tmp_path, ",".join(HEADER) + "\n" + f"{line}\n" * 30_000))
    assert time.monotonic() - begun < ENDLESS


def test_one_long_string_shown_many_times_is_bounded(tmp_path: Path) -> None:
    path = workbook(tmp_path, HEADER, *([[*ROW[:4], "字" * 5000, *ROW[5:]]] * 200))
    assert "文字总量" in refusal(path, limits=SheetLimits(output_bytes=1_000_000, ratio=5_000))


def test_a_child_that_needs_too_much_memory_is_told(tmp_path: Path) -> None:
    path = workbook(tmp_path, HEADER, *[[str(number), *ROW[1:]] for number in range(1000)])
    told = refusal(path, limits=SheetLimits(memory_bytes=8 * 1024 * 1024))
    # Short of memory, the parser under it may die of another error first: either way it is told, and nothing crashes.
    assert "内存" in told or "已损坏" in told


def test_a_child_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    path = workbook(tmp_path, HEADER, ROW)
    begun = time.monotonic()
    assert "超时" in refusal(path, limits=SheetLimits(deadline_seconds=0.01))
    assert time.monotonic() - begun < ENDLESS


@pytest.mark.parametrize(
    ("script", "word"),
    [
        ("import os; os.abort()", "内存"),
        ("print('{\"epoch\":1900}')", "损坏"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGXCPU)", "超时"),
        ("print('{\"row\":1,', end='', flush=True); import os; os._exit(3)", "内存"),
        ("raise SystemExit('not json')", "内存"),
    ],
)
def test_a_child_that_breaks_off_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, word: str
) -> None:
    monkeypatch.setattr(sheets_workbook, "CHILD", written(tmp_path, script, "child.py"))
    assert word in refusal(workbook(tmp_path, HEADER, ROW))
