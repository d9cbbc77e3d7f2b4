"""Reports without an account: limits at their edge, what a phone's clock may claim, tokens that tell nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ops_console.core.errors import Refused
from ops_console.core.public_reports import (
    OLDEST_DRAFT,
    PER_ADDRESS,
    PER_BROWSER,
    PER_OPEN,
    PER_PLACE,
    PER_REGISTERED,
    Recent,
    Secrets,
    check_callback,
    claimed,
    door_of,
    fingerprint,
    is_too_many,
)

NOW = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
PLACE = door_of(location_id=7, is_registered=False, browser="b" * 64)
OPEN = door_of(location_id=None, is_registered=False, browser="b" * 64)
REGISTERED = door_of(location_id=None, is_registered=True, browser="b" * 64)


@pytest.mark.parametrize(
    ("door", "recent", "too_many"),
    [
        (PLACE, Recent(0, PER_PLACE - 1, 10_000), False),  # an address floods: a sticker elsewhere is not held up
        (PLACE, Recent(0, PER_PLACE, 0), True),
        (PLACE, Recent(PER_BROWSER - 1, 0, 0), False),
        (PLACE, Recent(PER_BROWSER, 0, 0), True),
        (OPEN, Recent(0, PER_OPEN - 1, PER_ADDRESS - 1), False),
        (OPEN, Recent(0, PER_OPEN, 0), True),
        (OPEN, Recent(0, 0, PER_ADDRESS), True),
        (REGISTERED, Recent(PER_BROWSER, PER_REGISTERED - 1, 10_000), False),
        (REGISTERED, Recent(0, PER_REGISTERED, 0), True),
    ],
)
def test_a_limit_holds_at_its_edge(door, recent: Recent, too_many: bool) -> None:  # type: ignore[no-untyped-def]
    assert is_too_many(door, recent) is too_many


@pytest.mark.parametrize(
    ("device_at", "claim"),
    [
        (None, None),
        (NOW, None),
        (NOW + timedelta(seconds=1), None),
        (NOW - timedelta(seconds=1), NOW - timedelta(seconds=1)),
        (NOW - OLDEST_DRAFT, NOW - OLDEST_DRAFT),
        (NOW - OLDEST_DRAFT - timedelta(seconds=1), None),
    ],
)
def test_a_phones_clock_claims_only_the_last_day(device_at: datetime | None, claim: datetime | None) -> None:
    assert claimed(device_at, NOW) == claim


@pytest.mark.parametrize(
    "phone",
    ["", " ", "8150", "转 8150", "0512-65000000 转 8150", "0512-65000000分机8150", "（0512）65000000",
     "65000000 EXT. 12", "+86 138 0000 1234", "１３８００００１２３４"],
)  # fmt: skip
def test_a_number_that_can_be_dialled_passes(phone: str) -> None:
    check_callback(phone)


@pytest.mark.parametrize("phone", ["abc", "12", "转", "-", "ext 12", "8150x", "问护士站 8150", "王护士"])
def test_what_cannot_be_dialled_is_refused(phone: str) -> None:
    with pytest.raises(Refused) as refused:
        check_callback(phone)
    assert refused.value.field == "phone"


def test_tokens_are_of_128_bits_and_differ_by_purpose_name_and_key() -> None:
    one = Secrets(b"k" * 32)
    tokens = {one.token("sticker", "1:a"), one.token("status", "1:a"), one.token("sticker", "2:a")}
    tokens |= {Secrets(b"l" * 32).token("sticker", "1:a")}
    assert len(tokens) == 4
    assert {len(token) for token in tokens} == {22}
    assert one.token("sticker", "1:a") == Secrets(b"k" * 32).token("sticker", "1:a")


def test_what_is_kept_of_a_code_depends_on_its_report() -> None:
    house = Secrets(b"k" * 32)
    assert house.code_hash("a", "1234") != house.code_hash("b", "1234")
    assert fingerprint("x") != fingerprint("y")
