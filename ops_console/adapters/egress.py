"""The one way out: HTTP to an address that somebody typed, only where it may go, with deadlines and no redirects.

Not for deciding who may type an address. No other module imports `requests`.
"""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any
from urllib.parse import urlencode, urlsplit

from ops_console.core.errors import Refused

Address = IPv4Address | IPv6Address
PLAIN_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,252}[A-Za-z0-9])?")
CONNECT_SECONDS, READ_SECONDS, WHOLE_SECONDS = 5.0, 10.0, 20.0
LONGEST_ANSWER = 64 << 10
NAT64 = IPv6Network("64:ff9b::/96")
NEVER = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "100.100.100.200/32", "224.0.0.0/4", "240.0.0.0/4",
        "::/128", "::1/128", "fe80::/10", "fd00:ec2::254/128", "ff00::/8",
    )
)  # fmt: skip
NOT_AN_ADDRESS = "这不是可用的网址：请写 http:// 或 https:// 开头、不含用户名和空格的完整地址。"
MAY_NOT_GO = (
    "不能访问 %(host)s：它指向本机、链路本地或云元数据一类的地址；确需使用请由管理员在 [network] allow 单独列出。"
)
NO_ANSWER = "%(host)s 没有回答。"


@dataclass(frozen=True)
class Place:
    """Where a request goes: the address typed, in parts, and the checked network address it connects to."""

    scheme: str
    host: str
    port: int
    path: str
    address: Address


@dataclass(frozen=True)
class Answer:
    """What came back: the status and the beginning of the text."""

    status: int
    text: str


class Egress:
    """Asks places that may be reached. `allowed`: single `address:port` that would be refused; `own`: never.

    `authorities`: a file of certificates to trust instead of the public ones.
    """

    def __init__(
        self, allowed: Collection[str] = (), own: Iterable[tuple[str, int]] = (), authorities: str = ""
    ) -> None:
        self._allowed = frozenset(allowed)
        self._own = tuple(own)
        self._verify: str | bool = authorities or True

    def check(self, url: str) -> Place:
        """Given an address that somebody typed, return where it leads. Raises Refused when it may not go there."""
        scheme, host, port, path = _parts(url)
        addresses = _resolved(host, port)
        own = {(address, own_port) for name, own_port in self._own for address in _resolved_or_none(name, own_port)}
        for address in addresses:
            listed = f"{_bracketed(address)}:{port}" in self._allowed
            if (_is_never(address) or (address, port) in own) and not listed:
                raise Refused(MAY_NOT_GO, field="address", host=host)
        return Place(scheme, host, port, path, addresses[0])

    def post(self, url: str, body: bytes) -> Answer:
        """Given a typed address and a JSON body, post it and return the answer. Raises Refused when there is none."""
        return self._ask("POST", url, body, {"Content-Type": "application/json"})

    def fetch(self, url: str) -> Answer:
        """Given an address, return what it answers. Raises Refused when it answers nothing."""
        return self._ask("GET", url, None, {"Accept": "application/json"})

    def send(self, url: str, fields: Mapping[str, str], headers: Mapping[str, str]) -> Answer:
        """Given an address, a form's fields and headers, send the form and return the answer. Raises Refused."""
        given = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json", **headers}
        return self._ask("POST", url, urlencode(fields).encode(), given)

    def _ask(self, method: str, url: str, body: bytes | None, headers: Mapping[str, str]) -> Answer:
        import requests

        place = self.check(url)
        with requests.Session() as session:
            session.trust_env = False
            session.mount("https://", _checked_name(place.host))
            given = {"Host": _host_header(place), "User-Agent": "ops-console", **headers}
            try:
                with session.request(
                    method, f"{place.scheme}://{_bracketed(place.address)}:{place.port}{place.path}", data=body,
                    headers=given, timeout=(CONNECT_SECONDS, READ_SECONDS), allow_redirects=False, stream=True,
                    verify=self._verify,
                ) as answer:  # fmt: skip
                    return Answer(answer.status_code, _text(answer))
            except (requests.RequestException, OSError):  # OSError: the file of authorities cannot be read
                raise Refused(NO_ANSWER, host=place.host) from None  # its text holds the whole address, key and all


def _text(answer: Any) -> str:
    """At most 64 KiB within the whole deadline: a receiver that drips must not hold the loop."""
    deadline, read = time.monotonic() + WHOLE_SECONDS, b""
    for chunk in answer.iter_content(4096):
        read += chunk
        if len(read) >= LONGEST_ANSWER or time.monotonic() > deadline:
            break
    return read[:LONGEST_ANSWER].decode("utf-8", errors="replace")


def _checked_name(host: str) -> Any:
    from requests.adapters import HTTPAdapter

    class CheckedName(HTTPAdapter):
        """Connects to the checked address, but asks for and verifies the certificate of the name that was typed."""

        def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
            super().init_poolmanager(*args, **kwargs, server_hostname=host, assert_hostname=host)

    return CheckedName()


def _parts(url: str) -> tuple[str, str, int, str]:
    """Strict on purpose: parsers disagree about backslashes, users and blanks, and the lenient one would be fooled."""
    odd = any(ord(c) <= 32 or ord(c) == 127 or c in "\\@" for c in url) or not url.isascii()
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise Refused(NOT_AN_ADDRESS, field="address") from None
    host = parts.hostname or ""
    if odd or parts.scheme not in ("http", "https") or not (PLAIN_HOST.fullmatch(host) or ":" in host) or port == 0:
        raise Refused(NOT_AN_ADDRESS, field="address")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return parts.scheme, host, port or (443 if parts.scheme == "https" else 80), path


def _resolved(host: str, port: int) -> list[Address]:
    found = _resolved_or_none(host, port)
    if not found:
        raise Refused("找不到主机 %(host)s；请检查地址或域名解析。", field="address", host=host)
    return found


def _resolved_or_none(host: str, port: int) -> list[Address]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    return list(dict.fromkeys(_unwrapped(ip_address(str(item[4][0]).partition("%")[0])) for item in found))


def _unwrapped(address: Address) -> Address:
    """An IPv4 address in an IPv6 coat is judged, and reached, as what it is."""
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return IPv4Address(int(address) & 0xFFFFFFFF) if address in NAT64 else address


def _is_never(address: Address) -> bool:
    return any(address in network for network in NEVER if network.version == address.version)


def _bracketed(address: Address) -> str:
    return f"[{address}]" if address.version == 6 else str(address)


def _host_header(place: Place) -> str:
    host = f"[{place.host}]" if ":" in place.host else place.host
    usual = {"http": 80, "https": 443}[place.scheme]
    return host if place.port == usual else f"{host}:{place.port}"
