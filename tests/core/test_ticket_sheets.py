"""Ticket sheets: what each cell may hold, how times are read, what must be in order, who is blamed."""

# ruff: noqa: DTZ001, DTZ901 - what a sheet holds bears no zone

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops_console.core.sheet_cells import LENGTH_LIMITS, OTHER_LENGTH_LIMIT
from ops_console.core.sheet_text import guard, unguard
from ops_console.core.sheet_times import EPOCH_1900, EPOCH_1904, SheetTime, SheetValue, from_serial, parse_time
from ops_console.core.ticket_sheets import (
    COLUMNS,
    FIELDS,
    REQUIRED,
    TIME_COLUMNS,
    CellFault,
    RawRow,
    SheetRow,
    missing_columns,
    read_rows,
)

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 3, 31, 18, 0, tzinfo=SHANGHAI)

GOOD: Mapping[str, SheetValue] = {
    "单号": "GD-1",
    "类型": "故障",
    "系统模块": "门诊缴费",
    "渠道": "电话",
    "报修科室": "药房",
    "报修人": "刘药师",
    "联系电话": "0000855406",
    "标题": "打不开",
    "问题描述": "打不开，请尽快处理。",
    "报修时间": "2026-03-05 09:00:00",
    "录入时间": "2026-03-05 09:05:00",
    "响应时间": "2026-03-05 09:10:00",
    "需到场": "是",
    "到场时间": "2026-03-05 10:00:00",
    "恢复时间": "2026-03-05 11:00:00",
    "确认时间": "2026-03-05 12:00:00",
    "挂起开始": "2026-03-05 10:10:00",
    "挂起结束": "2026-03-05 10:20:00",
    "挂起原因": "等待运营商",
    "挂起批准": "否",
    "处理人": "何工",
    "处理方式": "现场",
    "处理过程": "已修复。",
    "满意度": "5",
}


def raw(row: int = 2, /, epoch: datetime = EPOCH_1900, **cells: SheetValue) -> RawRow:
    return RawRow(row, {**GOOD, **cells}, epoch=epoch)


def read(*rows: RawRow, **options: object) -> tuple[list[SheetRow], list[CellFault]]:
    settings = {"types": ["故障", "咨询"], "modules": ["门诊缴费"], "channels": ["电话", "QQ"], "now": NOW, **options}
    return read_rows(rows, **settings)


def blamed(*rows: RawRow, **options: object) -> list[tuple[int, str]]:
    read_well, faults = read(*rows, **options)
    assert not {row.row for row in read_well} & {fault.row for fault in faults}
    return [(fault.row, fault.column) for fault in faults]


def columns(**cells: SheetValue) -> list[str]:
    return [column for _row, column in blamed(raw(**cells))]


def only(**cells: SheetValue) -> SheetRow:
    rows, faults = read(raw(**cells))
    assert faults == []
    return rows[0]


def shanghai(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def test_a_faultless_row_is_read_whole_with_times_in_utc() -> None:
    row = only()
    assert (row.row, row.number, row.type, row.module, row.channel) == (2, "GD-1", "故障", "门诊缴费", "电话")
    assert (row.department, row.reporter, row.phone, row.handler) == ("药房", "刘药师", "0000855406", "何工")
    assert (row.title, row.description, row.mode, row.process) == ("打不开", "打不开，请尽快处理。", "现场", "已修复。")
    assert (row.needs_onsite, row.suspension_approved, row.rating) == (True, False, 5)
    assert row.suspension_reason == "等待运营商"
    assert row.reported_at == datetime(2026, 3, 5, 1, 0, tzinfo=UTC)
    assert all(getattr(row, FIELDS[column]).tzinfo is UTC for column in TIME_COLUMNS)


@pytest.mark.parametrize("nothing", [None, "", "  ", "\u3000", "\u00a0\ufeff\u200b"])
def test_absent_cells_are_empty_text_or_none(nothing: SheetValue) -> None:
    row = only(**{column: nothing for column in COLUMNS if column not in REQUIRED})
    assert (row.department, row.phone, row.description, row.suspension_reason, row.handler) == ("", "", "", "", "")
    assert (row.responded_at, row.arrived_at, row.suspended_from, row.rating, row.suspension_approved) == (None,) * 5


@pytest.mark.parametrize("column", REQUIRED)
@pytest.mark.parametrize("nothing", [None, "\u3000 \ufeff"])
def test_a_blank_required_cell_is_blamed_alone(column: str, nothing: SheetValue) -> None:
    assert columns(**{column: nothing, "到场时间": None}) == [column]


def test_columns_a_sheet_does_not_have_are_as_blank_ones() -> None:
    rows, faults = read(RawRow(2, {column: GOOD[column] for column in REQUIRED}))
    assert faults == []
    assert rows[0].responded_at is None


def test_a_row_with_nothing_visible_in_it_is_skipped() -> None:
    blank = RawRow(3, dict.fromkeys(COLUMNS, " \u3000"))
    rows, faults = read(raw(2), blank, raw(4, 单号="GD-2"))
    assert [row.row for row in rows] == [2, 4]
    assert faults == []


# --- words


@pytest.mark.parametrize(("column", "value"), [("类型", "投诉"), ("系统模块", "火星模块"), ("渠道", "飞鸽传书")])
def test_an_unknown_name_is_blamed_and_the_known_ones_are_told(column: str, value: str) -> None:
    _rows, [fault] = read(raw(**{column: value}))
    assert (fault.row, fault.column, fault.value) == (2, column, value)
    assert value in str(fault.sentence)
    assert "请改为其中之一" in str(fault.sentence)


def test_a_known_name_typed_full_width_is_the_known_name() -> None:
    assert only(渠道="\u3000ＱＱ\u00a0").channel == "QQ"
    rows, _faults = read(raw(类型="缺陷(BUG)"), types=["缺陷（ＢＵＧ）"])
    assert rows[0].type == "缺陷（ＢＵＧ）"


@pytest.mark.parametrize(("typed", "meant"), [("是 ", True), ("\u3000否", False)])
def test_needs_onsite_is_yes_or_no(typed: str, meant: bool) -> None:
    assert only(需到场=typed, 到场时间=None).needs_onsite is meant


@pytest.mark.parametrize("column", ["需到场", "挂起批准"])
@pytest.mark.parametrize("value", ["也许", "Y", "TRUE", "是否", 1])
def test_a_flag_that_says_neither_yes_nor_no_is_blamed(column: str, value: SheetValue) -> None:
    assert columns(**{column: value}) == [column]


@pytest.mark.parametrize(("value", "rating"), [("1", 1), ("５", 5), (4, 4), (3.0, 3), (None, None)])
def test_a_rating_is_blank_or_one_to_five(value: SheetValue, rating: int | None) -> None:
    assert only(满意度=value).rating == rating


@pytest.mark.parametrize("value", ["0", "6", "9", "-1", "4.5", 4.5, "很好", "五"])
def test_any_other_rating_is_blamed(value: SheetValue) -> None:
    assert columns(满意度=value) == ["满意度"]


# --- text


@pytest.mark.parametrize(("value", "phone"), [(855406, "855406"), (13800138000.0, "13800138000"), ("0086-1", "0086-1")])
def test_a_phone_stays_as_typed_and_never_gains_a_point(value: SheetValue, phone: str) -> None:
    assert only(联系电话=value).phone == phone


def test_text_is_trimmed_of_all_blanks_but_otherwise_as_typed() -> None:
    row = only(标题="\ufeff\u3000ＡＢＣ １\u200b", 问题描述="一\r\n\t二\r三\n", 单号=" ＧＤ－7 ")
    assert (row.title, row.description, row.number) == ("ＡＢＣ １", "一\n\t二\n三", "GD-7")


@pytest.mark.parametrize("column", [column for column in COLUMNS if column not in ("标题", "问题描述")])
@pytest.mark.parametrize("character", ["\0", "\x1b", "\x7f", "\x9f", "\udcff"])
def test_a_control_character_is_blamed_on_its_cell_alone(column: str, character: str) -> None:
    _rows, [fault] = read(raw(**{column: f"甲{character}乙"}))
    assert fault.column == column
    assert "控制字符" in str(fault.sentence)
    assert character not in fault.value + str(fault.sentence)


@pytest.mark.parametrize("column", [column for column in COLUMNS if isinstance(getattr(only(), FIELDS[column]), str)])
def test_a_text_may_be_as_long_as_its_limit_and_not_one_longer(column: str) -> None:
    limit = LENGTH_LIMITS.get(column, OTHER_LENGTH_LIMIT)
    names = {"types": ["字" * limit, "故障"], "modules": ["字" * limit, "门诊缴费"], "channels": ["字" * limit, "电话"]}
    assert blamed(raw(**{column: "字" * limit}), **names) == []
    assert blamed(raw(**{column: "字" * (limit + 1)}), **names) == [(2, column)]


def test_a_fault_shows_the_cell_as_typed() -> None:
    _rows, faults = read(raw(满意度=9.0, 响应时间=" 昨天下午 ", 恢复时间=SheetTime(datetime(2026, 3, 5), False)))
    assert [(fault.column, fault.value) for fault in faults] == [
        ("响应时间", " 昨天下午 "),
        ("恢复时间", "2026-03-05"),
        ("满意度", "9"),
    ]


# --- reading times


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-3-5 09:02", "2026-03-05 09:02:00"),
        ("2026-03-05 09:02:03", "2026-03-05 09:02:03"),
        ("2026/3/5 9:02", "2026-03-05 09:02:00"),
        ("2026/03/05 9:02:03", "2026-03-05 09:02:03"),
        ("２０２６－０３－０５　０９：０２：０３", "2026-03-05 09:02:03"),
        ("\u00a02026/3/5   23:59:59\u200b", "2026-03-05 23:59:59"),
        ("2028-02-29 00:00", "2028-02-29 00:00:00"),
        ("1999-01-01 00:00:00", "1999-01-01 00:00:00"),
        ("46086.376423611", "2026-03-05 09:02:03"),
        ("46086", "2026-03-05 00:00:00"),
    ],
)
def test_a_typed_time_is_read(text: str, expected: str) -> None:
    assert parse_time(text) == datetime.fromisoformat(expected)


@pytest.mark.parametrize(
    "text",
    [
        *("2026-03-05", "2026/3/5", "09:02", "2026-02-30 10:00", "2026-02-29 10:00", "2026-13-01 10:00"),
        *("2026-03-05 24:00", "2026-03-05 09:60", "2026-03-05 09:02:60", "2026-03-05 9:2", "2026-03-05 9:02:3"),
        *("昨天下午", "26-3-5 9:02", "2026-3/5 9:02", "2026-03-05 09:02 pm", "2026-03-0509:02", "20260305 0902"),
        *(
            "0001-01-01 00:00",
            "9999-12-31 23:59",
            "２０２６年３月５日",
            "٢٠٢٦-٠٣-٠٥ ٠٩:٠٢",
            "5",
            "2026",
            "1e5",
            "460861",
        ),
    ],
)
def test_what_is_no_date_with_a_time_is_unreadable(text: str) -> None:
    assert parse_time(text) is None
    assert columns(恢复时间=text) == ["恢复时间"]


@pytest.mark.parametrize(
    ("seconds", "expected"), [(0.0, 0), (0.4, 0), (0.499, 0), (0.501, 1), (0.6, 1), (0.999, 1), (59.7, 60)]
)
def test_a_serial_is_rounded_to_the_nearest_second(seconds: float, expected: int) -> None:
    nine = datetime(2026, 3, 5, 9, 2)
    serial = (nine - EPOCH_1900) / timedelta(days=1) + seconds / 86400
    assert from_serial(serial) == nine + timedelta(seconds=expected)


@given(st.datetimes(datetime(1930, 1, 1), datetime(2170, 1, 1)), st.sampled_from([EPOCH_1900, EPOCH_1904]))
def test_every_second_survives_its_serial(moment: datetime, epoch: datetime) -> None:
    second = moment.replace(microsecond=0)
    assert from_serial((second - epoch) / timedelta(days=1), epoch) == second


def test_serials_keep_to_the_epoch_of_their_workbook() -> None:
    assert only(恢复时间=46086.5).restored_at == shanghai("2026-03-05 12:00")
    rows, faults = read(raw(epoch=EPOCH_1904, 恢复时间=46086.5 - 1462, 确认时间="44624.75"))
    assert faults == []
    assert rows[0].restored_at == shanghai("2026-03-05 12:00")
    assert rows[0].confirmed_at == shanghai("2026-03-05 18:00")


def test_a_whole_serial_is_midnight() -> None:
    assert only(恢复时间=46087, 确认时间=46087.0).restored_at == shanghai("2026-03-06 00:00")


@pytest.mark.parametrize("number", [5, 2026, 0.5, -1, 460861, 1e300, float("nan"), float("inf")])
def test_a_number_no_date_has_is_unreadable(number: float) -> None:
    shown = str(number) if number != number or number > 1e299 else number  # adapters hand those on as text
    assert columns(恢复时间=shown) == ["恢复时间"]


def test_a_date_cell_needs_a_time_in_its_format_or_its_value() -> None:
    midnight = datetime(2026, 3, 6)
    assert only(恢复时间=SheetTime(midnight, True), 确认时间=None).restored_at == shanghai("2026-03-06 00:00")
    half_past = SheetTime(midnight.replace(minute=30), False)
    assert only(恢复时间=half_past, 确认时间=None).restored_at == shanghai("2026-03-06 00:30")
    assert columns(恢复时间=SheetTime(midnight, False)) == ["恢复时间"]
    assert columns(恢复时间=SheetTime(datetime.max, True)) == ["恢复时间"]


def test_a_date_cell_is_rounded_to_the_second() -> None:
    cell = SheetTime(datetime(2026, 3, 5, 11, 29, 59, 999_000), True)
    assert only(恢复时间=cell).restored_at == shanghai("2026-03-05 11:30")


# --- order

EARLY = "2026-03-05 08:00"


@pytest.mark.parametrize("column", ["响应时间", "到场时间", "恢复时间", "确认时间", "录入时间"])
def test_a_time_before_the_report_is_blamed(column: str) -> None:
    later = {name: None for name in ("响应时间", "到场时间", "恢复时间", "确认时间") if name != column}
    _rows, [fault] = read(raw(**{**later, column: EARLY}))
    assert fault.column == column
    assert "报修时间" in str(fault.sentence)


@pytest.mark.parametrize("column", ["响应时间", "到场时间", "恢复时间", "确认时间", "录入时间"])
def test_a_time_equal_to_the_report_is_in_order(column: str) -> None:
    others = dict.fromkeys(["响应时间", "到场时间", "恢复时间", "确认时间"])
    assert columns(**{**others, column: GOOD["报修时间"]}) == []


def test_a_time_out_of_order_still_is_the_earlier_one_for_the_next() -> None:
    assert columns(恢复时间="1999-01-01 00:00:00") == ["恢复时间"]
    assert columns(响应时间="2026-03-05 10:30") == ["到场时间"]


def test_each_time_is_compared_with_the_nearest_readable_one_only() -> None:
    assert columns(到场时间="昨天", 恢复时间="2026-03-05 09:05") == ["到场时间", "恢复时间"]
    assert columns(到场时间=None, 恢复时间="2026-03-05 09:05") == ["恢复时间"]
    assert columns(响应时间="1999-01-01 00:00", 到场时间="1999-01-02 00:00") == ["响应时间"]


def test_an_unreadable_cell_takes_part_in_no_further_check() -> None:
    assert columns(报修时间="2026-02-30 10:00", 录入时间="2026-03-01 00:00") == ["报修时间"]
    assert columns(报修时间=SheetTime(datetime(2026, 3, 9), False)) == ["报修时间"]
    assert columns(需到场="也许") == ["需到场"]
    assert columns(挂起开始="刚才") == ["挂起开始"]
    assert columns(挂起结束="刚才") == ["挂起结束"]
    assert columns(到场时间="刚才", 需到场="否") == ["到场时间"]


def test_an_unreadable_number_is_no_double() -> None:
    assert blamed(raw(2, 单号="A\0"), raw(3, 单号="A\0")) == [(2, "单号"), (3, "单号")]


def test_a_pause_ends_after_it_starts() -> None:
    assert columns(挂起结束="2026-03-05 10:09:59") == ["挂起结束"]
    assert columns(挂起结束=GOOD["挂起开始"]) == []
    assert columns(挂起结束=None) == []


def test_a_pause_has_no_end_without_a_start() -> None:
    assert columns(挂起开始=None) == ["挂起结束"]


@pytest.mark.parametrize("column", TIME_COLUMNS)
def test_nothing_is_after_now(column: str) -> None:
    late = {name: None for name in TIME_COLUMNS if name not in (*REQUIRED, "挂起开始", column)}
    late |= {"挂起开始": GOOD["挂起开始"] if column == "挂起结束" else None, "录入时间": "2026-03-31 18:00:00"}
    assert columns(**{**late, column: "2026-03-31 18:00:00"}) == []
    blames = columns(**{**late, column: "2026-03-31 18:00:01"})
    assert blames == (["报修时间", "录入时间"] if column == "报修时间" else [column])


def test_a_visit_needs_the_word_that_one_was_due() -> None:
    assert columns(需到场="否") == ["到场时间"]
    assert columns(需到场="否", 到场时间=None) == []
    assert columns(需到场="是", 到场时间=None) == []


def test_a_cell_with_two_faults_is_one_error() -> None:
    assert columns(需到场="否", 到场时间=EARLY) == ["到场时间"]
    assert columns(挂起开始=None, 挂起结束="2027-01-01 00:00") == ["挂起结束"]
    assert columns(录入时间="刚才", 报修时间="2027-01-01 00:00", 响应时间=None, 到场时间=None) == [
        *("报修时间", "录入时间", "恢复时间"),
    ]


def test_each_faulty_cell_of_a_row_is_an_error_in_the_order_of_the_columns() -> None:
    assert columns(满意度="9", 类型="投诉", 标题="", 挂起批准="可") == ["类型", "标题", "挂起批准", "满意度"]


# --- doubles


def test_of_two_rows_with_one_number_the_second_is_the_fault() -> None:
    rows, faults = read(raw(2), raw(3), raw(4, 标题="另一件"), raw(5, 单号="ＧＤ-1 "))
    assert [row.row for row in rows] == [2]
    assert [(fault.row, fault.column) for fault in faults] == [(3, "单号"), (4, "单号"), (5, "单号")]
    assert "第 2 行" in str(faults[0].sentence)


def test_the_second_is_the_fault_even_when_the_first_is_bad() -> None:
    assert blamed(raw(2, 类型="投诉"), raw(3)) == [(2, "类型"), (3, "单号")]


def test_a_double_is_checked_like_any_other_row() -> None:
    assert blamed(raw(2), raw(3, 满意度="9")) == [(3, "单号"), (3, "满意度")]


# --- against what is known


def test_a_blank_cell_is_filled_from_the_known_row_for_the_checks_only() -> None:
    known = only()
    newer = {"响应时间": None, "到场时间": None, "确认时间": None}
    rows, faults = read(raw(**newer), stored={"GD-1": known})
    assert faults == []
    assert (rows[0].responded_at, rows[0].arrived_at, rows[0].confirmed_at) == (None, None, None)
    assert blamed(raw(**newer, 恢复时间="2026-03-05 09:30"), stored={"GD-1": known}) == [(2, "恢复时间")]
    assert blamed(raw(**newer, 恢复时间="2026-03-05 09:30"), stored={}.get) == []


def test_an_end_may_close_a_pause_known_from_before() -> None:
    assert blamed(raw(挂起开始=None), stored={"GD-1": only()}.get) == []
    assert blamed(raw(挂起开始=None, 挂起结束="2026-03-05 10:09"), stored={"GD-1": only()}.get) == [(2, "挂起结束")]


def test_an_unreadable_cell_is_not_filled() -> None:
    assert blamed(raw(到场时间="?", 恢复时间="2026-03-05 09:30"), stored={"GD-1": only()}) == [(2, "到场时间")]


def test_only_cells_given_in_this_sheet_are_blamed() -> None:
    later = dict.fromkeys(["响应时间", "到场时间", "恢复时间", "确认时间"])
    moved = {**later, "报修时间": "2026-03-05 09:30", "录入时间": "2026-03-05 09:30"}
    assert blamed(raw(**moved), stored={"GD-1": only()}) == [(2, "报修时间")]
    assert blamed(raw(需到场="否", 到场时间=None), stored={"GD-1": only()}) == [(2, "需到场")]
    assert blamed(raw(挂起开始="2026-03-05 10:30", 挂起结束=None), stored={"GD-1": only()}) == [(2, "挂起开始")]


def test_what_is_known_of_another_number_plays_no_part() -> None:
    assert blamed(raw(2, 单号="GD-9", 挂起开始=None), stored={"GD-1": only()}) == [(2, "挂起结束")]


# --- words of the faults, surplus, the apostrophe


def test_missing_columns_are_one_fault() -> None:
    fault = missing_columns(4, ["标题", "需到场"])
    assert (fault.row, fault.column, fault.value) == (4, "标题、需到场", "")
    assert "标题、需到场" in str(fault.sentence)


def test_a_damaged_row_is_one_fault_and_its_number_is_taken() -> None:
    damage = missing_columns(2, ["处理过程"])
    cut = RawRow(2, {"单号": "GD-1"}, damage=damage)
    rows, faults = read(cut, raw(3), raw(4, 单号="GD-2"))
    assert faults[0] is damage
    assert [(fault.row, fault.column) for fault in faults[1:]] == [(3, "单号")]
    assert [row.row for row in rows] == [4]


def test_text_right_of_the_last_header_is_a_fault_of_an_otherwise_faultless_row() -> None:
    assert blamed(RawRow(2, GOOD, surplus="多出")) == [(2, "满意度")]
    assert blamed(RawRow(2, {**GOOD, "类型": "x"}, surplus="多出")) == [(2, "类型")]


@pytest.mark.parametrize(
    ("text", "guarded"),
    [
        ("=1+1", "'=1+1"),
        ("+86 1", "'+86 1"),
        ("-5", "'-5"),
        ("@x", "'@x"),
        ("\u3000＝x", "'\u3000＝x"),
        ("甲\n=x\r\n-y", "甲\n'=x\r\n'-y"),
        ("\ta", "'\ta"),
        ("'=x", "''=x"),
        ("'甲", "'甲"),
        ("a=b", "a=b"),
    ],
)
def test_the_export_s_apostrophe_is_undone_exactly(text: str, guarded: str) -> None:
    assert guard(text) == guarded
    assert unguard(guarded) == text


@given(st.text(alphabet="'=+-@＝\t\r\n \u3000\ufeffa甲", max_size=12))
def test_any_text_survives_the_apostrophe(text: str) -> None:
    assert unguard(guard(text)) == text
