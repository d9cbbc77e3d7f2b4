"""What a browser counts for as evidence: whose it is, and whether an address is one of the hospital's.

Not for keeping devices (`store/devices.py`) and not for the grades of times.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network


@dataclass(frozen=True)
class DeviceStanding:
    """What is known of a browser: registered by the hospital, and ever signed in to by the vendor."""

    is_registered: bool
    vendor_used: bool
    label: str = ""
    department: str = ""

    @property
    def is_hospitals_own(self) -> bool:
        """Say whether a report from this browser counts as the hospital's: registered, and never the vendor's."""
        return self.is_registered and not self.vendor_used


UNKNOWN_DEVICE = DeviceStanding(is_registered=False, vendor_used=False)


def hashed_token(token: str) -> str:
    """Given the secret in a cookie, return what its row is found by."""
    return hashlib.sha256(token.encode()).hexdigest()


def is_network(text: str) -> bool:
    """Given a text, say whether it is a network as `10.20.0.0/16`, with no bits set outside it.

    >>> is_network("10.20.0.0/16"), is_network("10.20.0.1/16")
    (True, False)
    """
    try:
        ip_network(text)
    except ValueError:
        return False
    return True


def in_networks(address: str, networks: Sequence[str]) -> bool:
    """Given an address and networks, say whether it lies in one of them; what is no address lies in none.

    >>> in_networks("10.20.3.4", ["10.20.0.0/16"]), in_networks("10.21.0.0", ["10.20.0.0/16"])
    (True, False)
    """
    try:
        found: IPv4Address | IPv6Address = ip_address(address)
    except ValueError:
        return False
    if isinstance(found, IPv6Address) and found.ipv4_mapped:
        found = found.ipv4_mapped  # ::ffff:10.20.0.1 is 10.20.0.1 come by another door
    return any(found in ip_network(network) for network in networks)
