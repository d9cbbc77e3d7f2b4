"""Serving the faces with waitress: one process, a few threads, a busy port told in one sentence."""

from __future__ import annotations

import errno
from typing import Any

from ops_console.console import Console
from ops_console.core.errors import Refused
from ops_console.web.proxies import Application, TrustedProxies

LARGEST_BODY = 66 << 20


class Server:
    """A bound, not yet serving, web server. Raises Refused when the port is taken or the address is not ours."""

    def __init__(self, console: Console, application: Application) -> None:
        from waitress import create_server

        given = console.settings.server
        try:
            self._server: Any = create_server(
                TrustedProxies(application, given.trusted_proxies), host=given.host, port=given.port,
                threads=given.threads, ident=None, max_request_body_size=LARGEST_BODY,
                clear_untrusted_proxy_headers=False, channel_timeout=120, connection_limit=400,
            )  # fmt: skip
        except OSError as exc:
            raise _refused(given.host, given.port, exc) from exc
        port = getattr(self._server, "effective_port", None) or given.port
        self.url = f"http://{f'[{given.host}]' if ':' in given.host else given.host}:{port}"

    def run(self) -> None:
        """Serve until SystemExit or KeyboardInterrupt reaches this thread; requests under way finish."""
        self._server.run()
        self._server.close()


def _refused(host: str, port: int, exc: OSError) -> Refused:
    if exc.errno == errno.EADDRINUSE:
        return Refused(
            "端口 %(port)s 已被占用；请停掉占用它的程序，或在 config.toml 的 [server] port 换一个。", port=port
        )
    if exc.errno == errno.EACCES:
        return Refused("没有权限使用端口 %(port)s；请在 config.toml 的 [server] port 换成 1024 以上的。", port=port)
    return Refused(
        "不能在 %(host)s 上监听（%(reason)s）；请检查 config.toml 的 [server] host。", host=host, reason=exc.strerror
    )
