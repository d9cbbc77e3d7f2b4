"""The chain's published form: what an auditor reckons with a few lines of their own comes to the same."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops_console.core.chain import ALGORITHM, GENESIS, canonical, commitment, link, microseconds

SALT = bytes(range(16))


def sha256(*parts: bytes) -> str:
    """An auditor's own reckoning: the parts joined by nothing."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.hexdigest()


def test_the_algorithm_and_the_beginning_are_the_published_ones() -> None:
    assert (ALGORITHM, GENESIS) == ("sha256-v1", "0" * 64)


def test_a_link_is_what_an_auditor_reckons_from_the_published_form() -> None:
    body = '{"kind":"reported","seq":1,"type":"故障"}'
    assert link(GENESIS, body) == sha256(b"ops-console/chain/v1", b"\x00", b"0" * 64, b"\x00", body.encode())


def test_links_and_commitments_are_what_sha256sum_says() -> None:
    """printf 'ops-console/chain/v1\\0%064d\\0{}' 0 | sha256sum, and the commitment in the same way."""
    assert link(GENESIS, "{}") == "43a3b2d189c513b3067c9a7aef776ce5e234064bc9651495cdc33ac621297be8"
    assert commitment(SALT, "刘药师") == "4f325aa8e306e11b93ec71e26e306e4dbfb1bd4d668e22f2f61a351c6938a474"


def test_a_commitment_is_what_an_auditor_reckons_from_the_published_form() -> None:
    expected = sha256(b"ops-console/commitment/v1", b"\x00", SALT, "刘药师".encode())
    assert commitment(SALT, "刘药师") == expected


def test_another_salt_or_text_is_another_commitment() -> None:
    made = {commitment(SALT, "刘药师"), commitment(SALT[::-1], "刘药师"), commitment(SALT, "刘药师 ")}
    assert len(made) == 3


def test_a_link_depends_on_what_came_before_and_on_what_it_says() -> None:
    assert len({link(GENESIS, "{}"), link("1" * 64, "{}"), link(GENESIS, "[]")}) == 3


def test_canonical_json_is_sorted_without_blanks_and_keeps_chinese() -> None:
    value = {"b": [1, True, None, "é"], "a": {"类型": "故障", "z": '\n"', "y": ()}}
    assert canonical(value) == '{"a":{"y":[],"z":"\\n\\"","类型":"故障"},"b":[1,true,null,"é"]}'


def test_canonical_json_is_the_same_whatever_the_order_of_the_keys() -> None:
    assert canonical({"a": 1, "b": {"d": 2, "c": 3}}) == canonical({"b": {"c": 3, "d": 2}, "a": 1})


@pytest.mark.parametrize(
    "value", [1.5, 1.0, float("nan"), float("inf"), {"a": 0.1}, [1, [2, 3.0]], {"a": ({"b": 1e9},)}], ids=repr
)
def test_floats_are_refused_wherever_they_are(value: object) -> None:
    with pytest.raises(ValueError, match="float"):
        canonical(value)


@pytest.mark.parametrize("value", ["\ud800", {"a": "x\udfff"}, {"\ud83d": 1}, ["\ud83d"]], ids=ascii)
def test_lone_surrogates_are_refused_wherever_they_are(value: object) -> None:
    with pytest.raises(ValueError, match="surrogates"):
        canonical(value)


def test_characters_beyond_the_basic_plane_are_kept() -> None:
    assert canonical("𠮷😀") == '"𠮷😀"'


@pytest.mark.parametrize(
    "value", [datetime(2026, 1, 1, tzinfo=UTC), b"x", {1, 2}, object()], ids=lambda v: type(v).__name__
)
def test_what_json_does_not_know_is_refused(value: object) -> None:
    with pytest.raises(TypeError):
        canonical(value)


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=("Cs",))),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abc类型", max_size=4), inner, max_size=4),
    max_leaves=12,
)


@given(PLAIN)
def test_canonical_json_is_json_of_the_same_value(value: object) -> None:
    assert json.loads(canonical(value)) == value
    assert canonical(json.loads(canonical(value))) == canonical(value)


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (datetime(1970, 1, 1, tzinfo=UTC), 0),
        (datetime(1970, 1, 1, 8, tzinfo=timezone(timedelta(hours=8))), 0),
        (datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC), -1),
        (datetime(2026, 3, 5, 1, 0, 0, 1, tzinfo=UTC), 1_772_672_400_000_001),
        (datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC), 253_402_300_799_999_999),
    ],
)
def test_microseconds_are_exact(at: datetime, expected: int) -> None:
    assert microseconds(at) == expected
