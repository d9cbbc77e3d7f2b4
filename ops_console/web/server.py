"""Serving the faces with waitress: one process, a few threads, a busy port told in one sentence."""

from __future__ import annotations

import errno
import ssl
from pathlib import Path
from typing import Any

from ops_console.console import Console
from ops_console.core.errors import Refused
from ops_console.web.proxies import Application, TrustedProxies
from ops_console.web.tls import OverTls, TlsFront

LARGEST_BODY = 66 << 20


class Server:
    """A bound, not yet serving, web server. Raises Refused when the port is taken or the address is not ours."""

    def __init__(self, console: Console, application: Application) -> None:
        from waitress import create_server

        given = console.settings.server
        served: Any = TrustedProxies(application, given.trusted_proxies)
        self._tls = _tls_front(console)
        if self._tls is not None:
            served = OverTls(served, self._tls.callers)
        try:
            self._server: Any = create_server(
                served, host="127.0.0.1" if self._tls else given.host, port=0 if self._tls else given.port,
                threads=given.threads, ident=None, max_request_body_size=LARGEST_BODY,
                clear_untrusted_proxy_headers=False, channel_timeout=120, connection_limit=400,
            )  # fmt: skip
        except OSError as exc:
            raise _refused(given.host, given.port, exc) from exc
        port = getattr(self._server, "effective_port", None) or given.port
        host = f"[{given.host}]" if ":" in given.host else given.host
        self.port = self._tls.port if self._tls else int(port)
        self.url = f"https://{host}:{self._tls.port}" if self._tls else f"http://{host}:{port}"
        if self._tls is not None:
            self._tls.start(("127.0.0.1", port))

    def run(self) -> None:
        """Serve until SystemExit or KeyboardInterrupt reaches this thread; requests under way finish."""
        try:
            self._server.run()
        finally:
            self._server.close()
            if self._tls is not None:
                self._tls.stop()


def _tls_front(console: Console) -> TlsFront | None:
    given = console.settings.server
    if not given.tls_cert:
        return None
    files = Path(given.tls_cert), Path(given.tls_key)
    authority = files[0].with_name("ca.crt")
    try:
        return TlsFront((given.host, given.port), files, public_url=given.public_url, authority=authority)
    except ssl.SSLError as exc:
        raise Refused(
            "证书 %(file)s 与密钥不匹配或读不懂；请检查 config.toml 的 [server] tls_cert 和 tls_key。",
            file=given.tls_cert,
        ) from exc
    except OSError as exc:
        if exc.filename or exc.errno == errno.ENOENT:
            raise Refused(
                "证书或密钥文件读不到（%(reason)s）；请检查 config.toml 的 [server] tls_cert 和 tls_key。",
                reason=exc.strerror or str(exc),
            ) from exc
        raise _refused(given.host, given.port, exc) from exc


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
