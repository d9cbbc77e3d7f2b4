"""TLS of our own, on a real socket: verified by its authority, callers known, plain HTTP told the way."""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ops_console.adapters import certificates
from ops_console.core.errors import Refused
from ops_console.web.app import create_app
from ops_console.web.server import Server
from ops_console.web.tls import plain_answer
from tests.conftest import FakeClock, copy_sqlite, make_console
from tests.real_services import free_port

NAMES = ("ops.hospital.local", "127.0.0.1")


def write_certificates(folder: Path, names: tuple[str, ...] = NAMES) -> None:
    now = datetime.now(UTC)
    authority, authority_key = certificates.make_authority(names, now)
    made = certificates.make_leaf(authority, authority_key, names, now)
    for name, content in zip(("ca.crt", "cert.pem", "key.pem"), (authority, *made), strict=True):
        certificates.keep(folder / name, content)


class Served:
    """A served console with TLS on a free port of loopback."""

    def __init__(self, folder: Path, template: Path) -> None:
        write_certificates(folder / "tls")
        copy_sqlite(template, folder / "data")
        self.folder, self.port = folder, free_port()
        self.console = make_console(
            folder / "data", FakeClock(), OPS_SERVER__PORT=str(self.port),
            OPS_SERVER__PUBLIC_URL=f"https://127.0.0.1:{self.port}",
            OPS_SERVER__TLS_CERT=str(folder / "tls" / "cert.pem"), OPS_SERVER__TLS_KEY=str(folder / "tls" / "key.pem"),
        )  # fmt: skip
        self.server = Server(self.console, create_app(self.console))
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self.server._server.run()
        finally:
            self.server._tls.stop()  # type: ignore[union-attr]

    def get(self, path: str, **headers: str) -> http.client.HTTPResponse:
        trusted = ssl.create_default_context(cafile=str(self.folder / "tls" / "ca.crt"))
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, context=trusted, timeout=20)
        connection.request("GET", path, headers=headers)
        return connection.getresponse()

    def plain(self, request: bytes) -> bytes:
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as sock:
            sock.sendall(request)
            sock.shutdown(socket.SHUT_WR)
            answer = b""
            while part := sock.recv(65536):
                answer += part
        return answer

    def stop(self) -> None:
        self.server._tls.stop()  # type: ignore[union-attr]
        self.server._server.close()
        self.console.close()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[Served]:
    made = Served(tmp_path_factory.mktemp("tls"), sqlite_template)
    yield made
    made.stop()


def test_our_authority_vouches_for_the_page(served: Served) -> None:
    answer = served.get("/sign-in")
    assert answer.status == 200
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
    assert "__Host-ops" in answer.headers["Set-Cookie"]
    assert "Secure" in answer.headers["Set-Cookie"]


def test_without_our_authority_nobody_gets_in(served: Served) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        http.client.HTTPSConnection("127.0.0.1", served.port, timeout=20).request("GET", "/")


def test_old_tls_is_refused(served: Served) -> None:
    old = ssl.create_default_context(cafile=str(served.folder / "tls" / "ca.crt"))
    old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    old.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.raises((ssl.SSLError, ConnectionError)), socket.create_connection(("127.0.0.1", served.port)) as sock:
        old.wrap_socket(sock, server_hostname="127.0.0.1")


def test_plain_http_is_sent_on_and_may_fetch_the_authority(served: Served) -> None:
    sent_on = served.plain(b"GET /tickets?x=%0d%0aEvil:1 HTTP/1.1\r\nHost: evil.example\r\n\r\n")
    assert sent_on.startswith(b"HTTP/1.1 307")
    assert f"Location: https://127.0.0.1:{served.port}\r\n".encode() in sent_on
    assert b"evil" not in sent_on.lower()
    fetched = served.plain(b"GET /ca.crt HTTP/1.1\r\n\r\n")
    assert fetched.partition(b"\r\n\r\n")[2] == (served.folder / "tls" / "ca.crt").read_bytes()
    assert served.plain(b"POST /sign-in HTTP/1.1\r\n\r\npassword=x").startswith(b"HTTP/1.1 400")
    assert b"PRIVATE" not in served.plain(b"GET /ca.key HTTP/1.1\r\n\r\n")


@pytest.mark.parametrize(
    "garbage", [b"\x00" * 300, b"SSH-2.0-x\r\n", b"\r\n\r\n", b"GET", b"\x16\x03\x01\x00\x05hello"]
)
def test_garbage_ends_quietly_and_others_are_served(served: Served, garbage: bytes) -> None:
    with contextlib.suppress(ConnectionError):
        served.plain(garbage)
    assert served.get("/healthz").status == 200


def test_waitress_own_port_serves_nobody_else(served: Served) -> None:
    inner = http.client.HTTPConnection("127.0.0.1", served.server._server.effective_port, timeout=20)
    inner.request("GET", "/sign-in", headers={"X-Forwarded-Proto": "https"})
    assert inner.getresponse().status == 403


def test_forwarded_headers_are_not_believed(served: Served) -> None:
    answer = served.get("/sign-in", **{"X-Forwarded-For": "6.6.6.6", "X-Forwarded-Proto": "http"})
    assert answer.status == 200
    assert answer.headers["Strict-Transport-Security"]


def test_a_long_answer_and_many_requests_on_one_connection_arrive_whole(served: Served) -> None:
    trusted = ssl.create_default_context(cafile=str(served.folder / "tls" / "ca.crt"))
    connection = http.client.HTTPSConnection("127.0.0.1", served.port, context=trusted, timeout=20)
    sizes = set()
    for _ in range(5):
        connection.request("GET", "/static/vendor/tabler/tabler.chrome86.min.css")
        answer = connection.getresponse()
        sizes.add((len(answer.read()), int(answer.headers["Content-Length"])))
    assert len(sizes) == 1
    (got, told) = sizes.pop()
    assert got == told > 100_000


def test_a_silent_connection_holds_up_nobody(served: Served) -> None:
    silent = [socket.create_connection(("127.0.0.1", served.port)) for _ in range(20)]
    began = time.monotonic()
    assert served.get("/healthz").status == 200
    assert time.monotonic() - began < 30  # one that waited for them would wait for ever
    for sock in silent:
        sock.close()


def test_a_key_that_does_not_fit_is_told_at_start(tmp_path: Path, sqlite_template: Path) -> None:
    write_certificates(tmp_path / "one")
    write_certificates(tmp_path / "two")
    copy_sqlite(sqlite_template, tmp_path / "data")
    console = make_console(
        tmp_path / "data", FakeClock(), OPS_SERVER__PORT=str(free_port()),
        OPS_SERVER__PUBLIC_URL="https://127.0.0.1", OPS_SERVER__TLS_CERT=str(tmp_path / "one" / "cert.pem"),
        OPS_SERVER__TLS_KEY=str(tmp_path / "two" / "key.pem"),
    )  # fmt: skip
    with pytest.raises(Refused, match="不匹配"):
        Server(console, create_app(console))
    console.close()


def test_without_an_authority_of_ours_none_is_given_out(tmp_path: Path) -> None:
    assert plain_answer(b"GET /ca.crt HTTP/1.1\r\n", "https://x", tmp_path / "none").startswith(b"HTTP/1.1 307")
