"""Authenticators: a registration and an assertion hold only for their challenge, host, origin and verified person."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from ops_console.adapters import authenticators as adapter
from ops_console.core.errors import Refused
from ops_console.core.signing_keys import LARGEST, P256, Credential, RelyingParty
from tests.signing import SoftAuthenticator, b64

PARTY = RelyingParty("ops.hospital.local", "https://ops.hospital.local")
CHALLENGE, OTHER = b"c" * 32, b"d" * 32


def soft(**given: object) -> SoftAuthenticator:
    return SoftAuthenticator(**{"party": PARTY.id, "origin": PARTY.origin, **given})  # type: ignore[arg-type]


def registered(device: SoftAuthenticator) -> Credential:
    return adapter.registered(PARTY, CHALLENGE, device.register(CHALLENGE))


def test_a_key_registers_and_signs_with_a_growing_count() -> None:
    device = soft()
    found = registered(device)
    assert (found.key.algorithm, found.credential_id, found.sign_count) == (P256, b64(device.id), 0)
    count = 0
    for wanted in (1, 2):
        answer = device.sign(CHALLENGE)
        assert adapter.credential_id_of(answer) == found.credential_id
        count = adapter.asserted(PARTY, CHALLENGE, answer, cose=found.cose, sign_count=count)
        assert count == wanted


def test_a_registration_of_another_page_host_or_unverified_person_is_refused() -> None:
    for device, asked in (
        (soft(), OTHER), (soft(party="evil.local"), CHALLENGE), (soft(origin="https://evil.local"), CHALLENGE),
        (soft(verified=False), CHALLENGE),
    ):  # fmt: skip
        with pytest.raises(Refused, match="登记无效"):
            adapter.registered(PARTY, asked, device.register(CHALLENGE))


def test_an_assertion_for_another_month_host_person_or_key_is_refused() -> None:
    device = soft()
    found = registered(device)
    stranger = soft()
    cases = (
        device.sign(OTHER), replace(device, origin="https://evil.local").sign(CHALLENGE),
        replace(device, party="evil.local").sign(CHALLENGE), replace(device, verified=False).sign(CHALLENGE),
        replace(stranger, id=device.id).sign(CHALLENGE), device.register(CHALLENGE),
    )  # fmt: skip
    for answer in cases:
        with pytest.raises(Refused, match="签名无效"):
            adapter.asserted(PARTY, CHALLENGE, answer, cose=found.cose, sign_count=0)


def test_a_count_that_goes_back_is_a_copied_key() -> None:
    device = soft()
    found = registered(device)
    with pytest.raises(Refused, match="签名无效"):
        adapter.asserted(PARTY, CHALLENGE, device.sign(CHALLENGE), cose=found.cose, sign_count=7)


@pytest.mark.parametrize(
    "answer",
    ["", "x" * (LARGEST + 1), "no json", "[]", "{}", '{"id": 1}', json.dumps({"id": "a", "rawId": "b"}), "null"],
)
def test_what_is_no_answer_is_refused_in_words(answer: str) -> None:
    with pytest.raises(Refused):
        adapter.registered(PARTY, CHALLENGE, answer)
    with pytest.raises(Refused):
        adapter.asserted(PARTY, CHALLENGE, answer, cose=registered(soft()).cose, sign_count=0)


def test_the_browser_is_asked_for_a_verified_person() -> None:
    asked = adapter.registration_options(PARTY, "chief", "科长", CHALLENGE, ("abc",))
    assert asked["authenticatorSelection"]["userVerification"] == "required" and asked["attestation"] == "none"
    assert asked["excludeCredentials"] == [{"type": "public-key", "id": "abc"}]
    signing = adapter.signing_options(PARTY, CHALLENGE, ("abc",))
    assert (signing["userVerification"], signing["rpId"], signing["challenge"]) == (
        "required",
        PARTY.id,
        b64(CHALLENGE),
    )
