"""Personal numbers are masked however they are written, and what only looks like one is left whole."""

from __future__ import annotations

import csv
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops_console.core.personal_data import (
    CARD,
    CHECKS,
    ID_NUMBER,
    MOBILE,
    OLD_ID_NUMBER,
    RECORD,
    WEIGHTS,
    Masker,
    is_card_number,
    is_id_number,
    mask,
)
from tests.conftest import DATA

TEXTS = ("报修科室", "报修人", "联系电话", "标题", "问题描述", "挂起原因", "处理人", "处理方式", "处理过程")


def checked(first: str) -> str:
    """The identity number that begins with these 17 digits."""
    return first + CHECKS[sum(int(c) * w for c, w in zip(first, WEIGHTS, strict=True)) % 11]


def luhn(first: str) -> str:
    """The card number that begins with these digits."""
    return next(first + c for c in "0123456789" if is_card_number(first + c))


@pytest.mark.parametrize(
    ("text", "shown", "kind"),
    [
        ("11010519491231002X", "110***********002X", ID_NUMBER),
        ("11010519491231002x", "110***********002x", ID_NUMBER),
        ("身份证11010519491231002X。", "身份证110***********002X。", ID_NUMBER),
        ("110105 19491231 002X", "110*** ******** 002X", ID_NUMBER),
        ("110105-19491231-002X", "110***-********-002X", ID_NUMBER),
        ("１１０１０５１９４９１２３１００２Ｘ", "１１０***********００２Ｘ", ID_NUMBER),
        ("3 11010519491231002X", "3 110***********002X", ID_NUMBER),
        ("ID11010519491231002X", "ID110***********002X", ID_NUMBER),
        ("130503670401001", "130********1001", OLD_ID_NUMBER),
        ("13800001234", "138****1234", MOBILE),
        ("手机13800001234打不通", "手机138****1234打不通", MOBILE),
        ("138-0000-1234", "138-****-1234", MOBILE),
        ("138 0000 1234", "138 **** 1234", MOBILE),
        ("138 - 0000 - 1234", "138 - **** - 1234", MOBILE),
        ("138－0000－1234", "138－****－1234", MOBILE),
        ("+8613800001234", "+86138****1234", MOBILE),
        ("+86 138-0000-1234", "+86 138-****-1234", MOBILE),
        ("0086 13800001234", "0086 138****1234", MOBILE),
        ("013800001234", "0138****1234", MOBILE),
        ("**13800001234**", "**138****1234**", MOBILE),
        ("\u202a13800001234\u202c", "\u202a138****1234\u202c", MOBILE),
        ("１３８００００１２３４", "１３８****１２３４", MOBILE),
        ("6222021234567890128", "6222***********0128", CARD),
        ("6222 0212 3456 7890 128", "6222 **** **** ***0 128", CARD),
        ("622202 1234567890128", "6222** *********0128", CARD),
        ("4111-1111-1111-1111", "4111-****-****-1111", CARD),
        ("378282246310005", "3782*******0005", CARD),
        ("病历号：20260017", "病历号：******17", RECORD),
        ("就诊卡号 A0012345", "就诊卡号 A*****45", RECORD),
        ("住院号为2026-0013", "住院号为****-**13", RECORD),
        ("病案号13800001234", "病案号*********34", RECORD),
    ],
)  # fmt: skip
def test_a_personal_number_is_masked(text: str, shown: str, kind: str) -> None:
    masked = mask(text)
    assert masked.text == shown
    assert [part.kind for part in masked.found] == [kind]
    (part,) = masked.found
    assert text[part.start : part.end] == part.original


@pytest.mark.parametrize(
    "text",
    [
        "GD-20260305-00014", "GD-20260305-00014、GD-20260305-00015", "20261120091233", "20261120091233123",
        "2026-11-20 09:12:33", "2026-03-05T01:02:03+00:00", "支付宝交易号2026112022001412345678901234",
        "1234567.89", "￥12,345,678.00", "1764000000000", "1764000000000000", "0571-88880000", "88880000", "8001",
        "0000855406", "110105194912310021", "11010519491331002X", "6222021234567890127", "10.20.30.40",
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "12345678901", "12800001234",
        "病历号：******17", "病历号", "病历号 123", "YW-2025-001", "0" * 18, "", "药房刘药师反映：门诊缴费打不开",
    ],
)  # fmt: skip
def test_what_is_no_personal_number_stays_whole(text: str) -> None:
    assert mask(text) == mask(text, ()) or "号" in text
    assert mask(text).text == text
    assert mask(text).found == ()


@pytest.mark.parametrize(("number", "is_one"), [("4111111111119", True), ("411111111116", False), ("4" * 20, False)])
def test_a_card_has_13_to_19_digits(number: str, is_one: bool) -> None:
    assert is_card_number(number) is is_one


def test_an_identity_number_needs_province_birthday_and_check_character() -> None:
    assert is_id_number(checked("11010519491231002"))
    for wrong in ("99010519491231002", "11010518991231002", "11010519490230002", "11010521000101002"):
        assert not is_id_number(checked(wrong)), wrong


def test_several_numbers_in_one_text_are_all_masked() -> None:
    masked = mask("患者 11010519491231002X，手机 13800001234，卡 6222021234567890128，病历号 20260017")
    assert masked.text == "患者 110***********002X，手机 138****1234，卡 6222***********0128，病历号 ******17"
    assert [part.kind for part in masked.found] == [ID_NUMBER, MOBILE, CARD, RECORD]


def test_the_sites_own_labels_announce_its_record_numbers() -> None:
    assert Masker(("体检号",)).text("体检号 778899，病历号 778899") == "体检号 ****99，病历号 778899"
    assert Masker(()).text("病历号 778899") == "病历号 778899"


def test_what_json_holds_is_masked_in_its_texts_alone() -> None:
    given = {"13800001234": ["13800001234", 13800001234, None, True, {"a": ("13800001234",)}]}
    shown = {"13800001234": ["138****1234", 13800001234, None, True, {"a": ("138****1234",)}]}
    assert Masker().plain(given) == shown


NOISE = st.text("0123456789-－ .*，xX+号病历卡患者１２３\u200b\n", max_size=60)
MOBILES = st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True)
IDS = st.builds(
    lambda place, day, serial: checked(place + day + serial),
    st.sampled_from(["110105", "330102", "820000"]),
    st.dates().filter(lambda d: 1900 <= d.year < 2100).map(lambda d: f"{d:%Y%m%d}".zfill(8)),
    st.from_regex(r"[0-9]{3}", fullmatch=True),
)
CARDS = st.from_regex(r"62[0-9]{13,16}", fullmatch=True).map(luhn)


@given(st.lists(NOISE | MOBILES | IDS | CARDS, max_size=6).map("".join))
def test_masking_what_is_masked_changes_nothing_and_no_length_changes(text: str) -> None:
    once = mask(text)
    assert mask(once.text).text == once.text
    assert len(once.text) == len(text)
    assert all(a == b or b == "*" for a, b in zip(text, once.text, strict=True))


@given(st.text("药房刘：，。 \n", max_size=20), MOBILES | IDS | CARDS, st.text("药房刘：，。 \n", max_size=20))
def test_no_number_survives_between_words(before: str, number: str, after: str) -> None:
    masked = mask(before + number + after).text
    assert number not in masked
    assert masked.count("*") >= 4


@given(st.text(max_size=200))
def test_any_text_can_be_masked(text: str) -> None:
    assert len(mask(text).text) == len(text)


@pytest.mark.parametrize(
    "unit", ["1 ", "13800001234", "11010519491231002X ", "6222 0212 ", "病历号", "1-", "病历号1", "9"]
)
def test_hostile_text_is_masked_in_a_moment(unit: str) -> None:
    text = (unit * 32_000)[:32_000]
    started = time.perf_counter()
    mask(text)
    assert time.perf_counter() - started < 60  # of a quadratic search it would be hours


def test_no_text_of_the_years_sheet_is_torn() -> None:
    with (DATA / "tickets-2026.csv").open(encoding="utf-8-sig", newline="") as file:
        changed = [cell for row in csv.DictReader(file) for name in TEXTS if (cell := row[name]) != mask(cell).text]
    assert changed == []
