"""The one place that believes forwarded headers: from a trusted proxy one hop is taken, from anybody else none."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from ipaddress import ip_address
from typing import Any

FORWARDED = (
    "HTTP_FORWARDED", "HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_HOST",
    "HTTP_X_FORWARDED_PORT", "HTTP_X_FORWARDED_PREFIX", "HTTP_X_FORWARDED_BY", "HTTP_X_REAL_IP",
)  # fmt: skip
Application = Callable[[dict[str, Any], Any], Iterable[bytes]]


class TrustedProxies:
    """WSGI wrapper around the console: sets REMOTE_ADDR and the scheme from a trusted proxy's headers alone."""

    def __init__(self, application: Application, trusted: Iterable[str]) -> None:
        self._application = application
        self._trusted = frozenset(trusted)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Given a request, clean its headers and pass it on."""
        told = {name: environ.pop(name, "") for name in FORWARDED}
        if environ.get("REMOTE_ADDR") in self._trusted:
            client = told["HTTP_X_FORWARDED_FOR"].rpartition(",")[2].strip()
            if _is_address(client):
                environ["REMOTE_ADDR"] = client
            if told["HTTP_X_FORWARDED_PROTO"].rpartition(",")[2].strip() == "https":
                environ["wsgi.url_scheme"] = "https"
        return self._application(environ, start_response)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
