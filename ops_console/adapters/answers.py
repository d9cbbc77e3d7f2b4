"""What every HTTP answer of the console has in common, whichever face gives it: its headers, and for which host.

Not for what a face alone needs: the pages' policy for scripts stands in `web/app.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from ops_console.core.addresses import LOOPBACK

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), geolocation=(), microphone=()",
}
DOWNLOAD = {"Content-Security-Policy": "sandbox; default-src 'none'"}  # of a file that somebody uploaded
SECURE = {"Strict-Transport-Security": "max-age=31536000"}


def own_names(host: str) -> tuple[str, ...]:
    """Given where the console listens, return by which names it is reached there: on loopback, by every one."""
    return LOOPBACK if host in LOOPBACK else ()


def host_check(public_url: str, host: str) -> Callable[[str], bool]:
    """Given the public address and where the console listens, return what says whether a request's host is ours.

    Not by TRUSTED_HOSTS: Werkzeug cuts a trusted name at its first colon and so trusts no IPv6 address.
    """
    own = {urlsplit(public_url).hostname, *own_names(host)}
    return lambda asked: _hostname(asked) in own


def _hostname(asked: str) -> str | None:
    try:
        return urlsplit(f"//{asked}").hostname
    except ValueError:
        return None


def headers(*, secure: bool) -> dict[str, str]:
    """Given whether the request came over HTTPS, return the headers of its answer."""
    return HEADERS | (SECURE if secure else {})
