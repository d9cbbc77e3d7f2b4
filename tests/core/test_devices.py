"""Networks of the hospital, and what a browser counts for."""

from __future__ import annotations

import pytest

from ops_console.core.devices import DeviceStanding, in_networks, is_network

WARD = ("10.20.0.0/16", "fd00:20::/64")


@pytest.mark.parametrize(
    ("address", "inside"),
    [
        ("10.20.0.0", True), ("10.20.255.255", True), ("10.19.255.255", False), ("10.21.0.0", False),
        ("::ffff:10.20.0.1", True), ("fd00:20::1", True), ("fd00:20:0:1::1", False), ("", False), ("ward", False),
        ("10.20.0.1 ", False), ("169082881", False),
    ],
)  # fmt: skip
def test_an_address_lies_in_a_network_to_its_last_bit(address: str, inside: bool) -> None:
    assert in_networks(address, WARD) is inside


def test_no_networks_hold_nobody() -> None:
    assert not in_networks("10.20.0.1", ())


@pytest.mark.parametrize(
    ("text", "valid"),
    [("10.20.0.0/16", True), ("10.20.0.5", True), ("10.20.0.1/16", False), ("10.20.0.0/33", False), ("ward", False)],
)
def test_a_network_is_written_without_bits_outside_it(text: str, valid: bool) -> None:
    assert is_network(text) is valid


def test_only_a_registered_browser_that_the_vendor_never_used_is_the_hospitals_own() -> None:
    own = {
        (registered, used): DeviceStanding(is_registered=registered, vendor_used=used).is_hospitals_own
        for registered in (True, False)
        for used in (True, False)
    }
    assert [pair for pair, is_own in own.items() if is_own] == [(True, False)]
