"""Codes as RFC 6238 has them and as another implementation reckons them; cards and what people type."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pyotp
import pytest

from ops_console.core.factors import (
    CARD_CODES,
    code_of,
    counter_at,
    enrolment_address,
    hashed_code,
    matching_counter,
    new_card,
    new_seed,
    typed_code,
)

RFC_SEED = base64.b32encode(b"12345678901234567890").decode()
AT = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "94287082"), (1111111109, "07081804"), (1111111111, "14050471"), (1234567890, "89005924"),
        (2000000000, "69279037"), (20000000000, "65353130"),
    ],
)  # fmt: skip
def test_codes_are_those_of_rfc_6238(seconds: int, code: str) -> None:
    assert code_of(RFC_SEED, counter_at(datetime.fromtimestamp(seconds, UTC))) == code[-6:]


def test_another_implementation_reckons_the_same_codes() -> None:
    for _ in range(20):
        seed = new_seed()
        assert code_of(seed, counter_at(AT)) == pyotp.TOTP(seed).at(AT)
        assert len(base64.b32decode(seed)) == 20


@pytest.mark.parametrize(("steps", "passes"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_code_one_step_early_or_late_passes(steps: int, passes: bool) -> None:
    now = counter_at(AT)
    found = matching_counter(RFC_SEED, code_of(RFC_SEED, now + steps), AT)
    assert found == (now + steps if passes else None)


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "１２", "0" * 40])
def test_what_is_no_code_matches_nothing(code: str) -> None:
    assert matching_counter(RFC_SEED, code, AT) is None


def test_an_app_reads_account_and_issuer_from_the_picture() -> None:
    parts = urlsplit(enrolment_address(RFC_SEED, "zhang.san", "甲方医院：运维&1"))
    read = pyotp.parse_uri(parts.geturl())
    assert (read.secret, read.name, read.issuer) == (RFC_SEED, "zhang.san", "甲方医院：运维&1")
    assert parse_qs(parts.query)["digits"] == ["6"]


def test_a_card_has_codes_of_eight_digits_each_bound_to_its_place() -> None:
    card = new_card()
    assert len(card) == CARD_CODES
    assert {len(code) for code in card} == {8}
    places = [(1, 1, 1), (2, 1, 1), (1, 2, 1), (1, 1, 2)]
    assert len({hashed_code(b"k", place, "12345678") for place in places}) == 4
    assert hashed_code(b"k", places[0], "12345678") != hashed_code(b"l", places[0], "12345678")


@pytest.mark.parametrize(
    ("typed", "code"), [(" 123 456 ", "123456"), ("1234-5678", "12345678"), ("１２３４５６", "123456")]
)
def test_blanks_hyphens_and_full_width_digits_are_read(typed: str, code: str) -> None:
    assert typed_code(typed) == code


def test_a_fresh_code_stays_the_same_within_its_half_minute() -> None:
    assert counter_at(AT) == counter_at(AT + timedelta(seconds=29)) == counter_at(AT + timedelta(seconds=30)) - 1
