"""Sealed values open in their own place, with their own key, unchanged; otherwise not at all."""

from __future__ import annotations

import base64
import itertools
import secrets

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops_console.adapters.sealing import AesGcmSealer, KeyRing, MasterKey, derive, read_master_key
from ops_console.core.errors import Refused, Unsealable

PLACE = {"table": "event_personal", "row": 7, "field": "title"}
MASTER = MasterKey(bytes(range(32)))


class Rows(list[tuple[int, str, bytes]]):
    """The data keys as a database has them."""

    def __call__(self) -> Rows:
        return self

    def renew(self, purpose: str = "personal", master: MasterKey = MASTER) -> None:
        version = len(self) + 1
        self.append((version, purpose, master.fresh(purpose, version)))


@pytest.fixture
def rows() -> Rows:
    made = Rows()
    made.renew()
    return made


def sealer(rows: Rows, purpose: str = "personal", master: MasterKey = MASTER) -> AesGcmSealer:
    return AesGcmSealer(KeyRing(master, rows), purpose)


@given(
    st.binary(max_size=2000),
    st.integers(1, 2**40) | st.text(max_size=20).map(lambda t: t.encode("utf-8", "replace").decode()),
)
def test_what_is_sealed_opens_in_its_place(plaintext: bytes, row: int | str) -> None:
    rows = Rows()
    rows.renew()
    place = {"table": "event_personal", "row": row, "field": "title"}
    sealed = sealer(rows).seal(plaintext, **place)
    assert sealer(rows).open(sealed, **place) == plaintext
    assert len(sealed) == 6 + 12 + len(plaintext) + 16


def test_sealed_bytes_tell_format_algorithm_and_key_version(rows: Rows) -> None:
    rows.renew()
    assert sealer(rows).seal(b"138", **PLACE)[:6] == bytes((1, 1, 0, 0, 0, 2))


@pytest.mark.parametrize("changed", [{"table": "other"}, {"row": 8}, {"row": "7:title"}, {"field": "description"}])
def test_a_value_moved_to_another_place_does_not_open(rows: Rows, changed: dict[str, object]) -> None:
    sealed = sealer(rows).seal(b"138", **PLACE)
    with pytest.raises(Unsealable, match="不属于这一处"):
        sealer(rows).open(sealed, **{**PLACE, **changed})  # type: ignore[arg-type]


def test_every_changed_bit_is_found(rows: Rows) -> None:
    sealed = sealer(rows).seal(b"13800000000", **PLACE)
    for place, bit in itertools.product(range(len(sealed)), range(8)):
        bent = bytearray(sealed)
        bent[place] ^= 1 << bit
        with pytest.raises(Unsealable):
            sealer(rows).open(bytes(bent), **PLACE)


@pytest.mark.parametrize("cut", [0, 1, 6, 17, 18, 33])
def test_cut_values_do_not_open(rows: Rows, cut: int) -> None:
    with pytest.raises(Unsealable):
        sealer(rows).open(sealer(rows).seal(b"", **PLACE)[:cut], **PLACE)


def test_the_same_text_is_sealed_differently_each_time(rows: Rows) -> None:
    assert sealer(rows).seal(b"138", **PLACE) != sealer(rows).seal(b"138", **PLACE)


def test_old_and_new_versions_stand_side_by_side(rows: Rows) -> None:
    running = sealer(rows)
    old = running.seal(b"old", **PLACE)
    rows.renew()
    started_later = sealer(rows)
    new = started_later.seal(b"new", **PLACE)

    assert (old[5], new[5]) == (1, 2)
    assert started_later.open(old, **PLACE) == b"old"
    assert running.open(new, **PLACE) == b"new"  # a version it did not know when it started
    assert running.seal(b"next", **PLACE)[5] == 2


def test_a_value_that_claims_another_version_does_not_open(rows: Rows) -> None:
    rows.renew()
    sealed = bytearray(sealer(rows).seal(b"138", **PLACE))
    sealed[5] = 1
    with pytest.raises(Unsealable):
        sealer(rows).open(bytes(sealed), **PLACE)
    sealed[5] = 9
    with pytest.raises(Unsealable, match="第 9 版"):
        sealer(rows).open(bytes(sealed), **PLACE)


def test_a_purpose_opens_only_its_own(rows: Rows) -> None:
    rows.renew("second_factors")
    sealed = sealer(rows, "second_factors").seal(b"seed", **PLACE)
    with pytest.raises(Unsealable):
        sealer(rows, "personal").open(sealed, **PLACE)
    with pytest.raises(Unsealable, match="还没有"):
        sealer(rows, "nothing").seal(b"seed", **PLACE)


def test_another_master_key_opens_no_data_key(rows: Rows) -> None:
    with pytest.raises(Unsealable, match="主密钥"):
        sealer(rows, master=MasterKey(secrets.token_bytes(32))).seal(b"138", **PLACE)


def test_a_wrapped_key_does_not_pass_for_another_version_or_purpose() -> None:
    wrapped = MASTER.fresh("personal", 1)
    for purpose, version in (("personal", 2), ("second_factors", 1)):
        with pytest.raises(Unsealable):
            MASTER.unwrapped(purpose, version, wrapped)


def test_no_colon_makes_two_places_alike(rows: Rows) -> None:
    with pytest.raises(ValueError, match="colon"):
        sealer(rows).seal(b"", table="a:b", row=1, field="c")


def test_each_purpose_has_its_own_key() -> None:
    secret = bytes(32)
    derived = {purpose: derive(secret, purpose) for purpose in ("cookie", "csrf", "data-key/personal")}
    assert len({*derived.values(), secret}) == 4
    assert derived["cookie"] == derive(secret, "cookie")


def test_a_master_key_is_base64_of_32_bytes() -> None:
    assert read_master_key(base64.b64encode(bytes(32)).decode() + "\n", "here") == bytes(32)
    for wrong in ("", "geheim", base64.b64encode(bytes(31)).decode(), base64.b64encode(bytes(33)).decode(), "ö" * 44):
        with pytest.raises(Refused, match="here"):
            read_master_key(wrong, "here")
