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
    found = _parsed(address)
    return found is not None and any(found in ip_network(network) for network in networks)


def counted_address(address: str) -> str:
    """Given an address, return what is counted for it: itself, or its /64 where it is IPv6, for that is one subscriber.

    Never what a network is looked for by: `in_networks` wants the address itself.

    >>> counted_address("2001:db8:1:2:3::4"), counted_address("::ffff:10.20.0.1"), counted_address("-")
    ('2001:0db8:0001:0002::/64', '10.20.0.1', 'unknown')
    """
    found = _parsed(address)
    if found is None:
        return "unknown"
    return str(found) if found.version == 4 else ":".join(found.exploded.split(":")[:4]) + "::/64"


def _parsed(address: str) -> IPv4Address | IPv6Address | None:
    try:
        found = ip_address(address)
    except ValueError:
        return None
    if isinstance(found, IPv6Address) and found.ipv4_mapped:
        return found.ipv4_mapped  # ::ffff:10.20.0.1 is 10.20.0.1 come by another door
    return found
