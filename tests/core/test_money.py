"""The contract's money: months add up to the year, sums as typed, sums in words."""

from __future__ import annotations

from random import Random

import pytest

from ops_console.core.errors import Refused
from ops_console.core.money import Fee, amount, fen_of, in_words

MONTHS = [f"2026-{month:02d}" for month in range(1, 13)]


def months_of(fee: Fee) -> list[int]:
    return [fee.of_month(month, index) for index, month in enumerate(MONTHS)]


@pytest.mark.parametrize("annual", [0, 1, 11, 12, 13, 10_000, 78_000_00, 86_300_001, 999_999_999_99])
def test_the_twelve_months_add_up_to_the_year_to_the_fen(annual: int) -> None:
    found = months_of(Fee(annual))
    assert sum(found) == annual
    assert max(found) - min(found) <= 1


def test_any_year_s_fee_is_parted_without_a_fen_lost() -> None:
    chance = Random(7)
    for _ in range(500):
        annual = chance.randrange(10**10)
        assert sum(months_of(Fee(annual))) == annual


def test_a_hundred_yuan_a_year_are_833_833_and_834_a_month() -> None:
    assert months_of(Fee(10_000))[:3] == [833, 833, 834]


def test_a_month_agreed_otherwise_has_its_own_fee() -> None:
    fee = Fee(120_000, (("2026-03", 5_000),))
    assert months_of(fee)[1:4] == [10_000, 5_000, 10_000]


@pytest.mark.parametrize("index", [-1, 12, 100])
def test_a_month_of_no_contract_year_has_no_fee(index: int) -> None:
    with pytest.raises(Refused, match="2027-01 不在合同年内"):
        Fee(120_000, (("2027-01", 1),)).of_month("2027-01", index)


@pytest.mark.parametrize(
    ("typed", "fen"),
    [
        ("0", 0), ("78,000", 7_800_000), ("78000.50", 7_800_050), ("78000.5", 7_800_050), (" 1，234.5 ", 123_450),
        ("¥12,345.00", 1_234_500), ("￥1", 100), ("0.01", 1), ("99999999999", 9_999_999_999_900),
    ],
)  # fmt: skip
def test_a_sum_as_typed_is_read_to_the_fen(typed: str, fen: int) -> None:
    assert fen_of(typed) == fen


@pytest.mark.parametrize(
    "typed", ["", " ", "abc", "-5", "+5", "1e3", "1.", "1.2.3", ".5", "１２", "1.２", "一百", "999999999999", "1 000"]
)
def test_what_is_no_sum_is_refused_at_its_field(typed: str) -> None:
    with pytest.raises(Refused, match="不是金额") as refused:
        fen_of(typed)
    assert refused.value.field == "amount"


def test_a_sum_finer_than_a_fen_is_refused() -> None:
    with pytest.raises(Refused, match="最多写到分"):
        fen_of("1.234")


@pytest.mark.parametrize(
    ("fen", "told"),
    [
        (0, "零元整"), (1, "壹分"), (10, "壹角整"), (15, "壹角伍分"), (100, "壹元整"), (101, "壹元零壹分"),
        (110, "壹元壹角整"), (1_000, "壹拾元整"), (1_005, "壹拾元零伍分"), (10_000_00, "壹万元整"),
        (10_001_00, "壹万零壹元整"), (10_010_00, "壹万零壹拾元整"), (11_000_00, "壹万壹仟元整"),
        (100_500_00, "壹拾万零伍佰元整"), (1_234_500, "壹万贰仟叁佰肆拾伍元整"), (6_500_00, "陆仟伍佰元整"),
        (10_000_000_00, "壹仟万元整"), (10_000_001_00, "壹仟万零壹元整"), (100_000_000_00, "壹亿元整"),
        (100_000_001_00, "壹亿零壹元整"), (100_010_000_00, "壹亿零壹万元整"),
        (1_008_002_50, "壹佰万捌仟零贰元伍角整"), (-1_00, "负壹元整"), (20_30_40, "贰仟零叁拾元肆角整"),
    ],
)  # fmt: skip
def test_a_sum_in_words_is_written_as_forms_want_it(fen: int, told: str) -> None:
    assert in_words(fen) == told


def test_no_two_sums_have_the_same_words() -> None:
    sums = [*range(0, 200_000, 7), *(10**n for n in range(2, 14)), *(10**n + 1 for n in range(2, 14))]
    assert len({in_words(fen) for fen in sums}) == len(set(sums))


@pytest.mark.parametrize(("fen", "told"), [(0, "0.00"), (5, "0.05"), (-5, "-0.05"), (1_234_500, "12,345.00")])
def test_a_sum_in_figures_has_two_places_and_its_thousands_apart(fen: int, told: str) -> None:
    assert amount(fen) == told
