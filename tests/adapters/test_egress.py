"""The one way out: what may not be reached is refused before a byte is sent, and a real server gets the rest."""

from __future__ import annotations

import json
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from ops_console.adapters import egress
from ops_console.adapters.anchor_couriers import AnchorCouriers
from ops_console.adapters.egress import Egress
from ops_console.core.anchors import NO_ANCHOR, Anchor, from_sent, make
from ops_console.core.errors import Refused
from tests.conftest import NOON


class Listener:
    """A real HTTP server on loopback that keeps what it gets and answers as it is told."""

    def __init__(self) -> None:
        self.got: list[tuple[str, dict[str, str], bytes]] = []
        self.status, self.answer, self.location, self.drip = 200, b"kept", "", 0.0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.got.append((self.path, dict(self.headers), body))
                self.send_response(outer.status)
                if outer.location:
                    self.send_header("Location", outer.location)
                self.end_headers()
                for start in range(0, len(outer.answer), 8192):
                    try:
                        self.wfile.write(outer.answer[start : start + 8192])
                        self.wfile.flush()
                    except OSError:
                        return
                    time.sleep(outer.drip)

            def log_message(self, *_given: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_port
        self.url = f"http://127.0.0.1:{self.port}/anchors?key=secret-key"

    def start(self) -> None:
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()


@contextmanager
def listening(**given: Any) -> Iterator[Listener]:
    made = Listener()
    for name, value in given.items():
        setattr(made, name, value)
    made.start()
    try:
        yield made
    finally:
        made.server.shutdown()
        made.server.server_close()


@pytest.fixture
def listener() -> Iterator[Listener]:
    with listening() as made:
        yield made


REFUSED = [
    "http://127.0.0.1/", "http://127.0.0.1:8000/", "http://localhost/", "http://2130706433/", "http://127.1/",
    "http://0x7f.1/", "http://0177.0.0.1/", "http://0/", "http://0.0.0.0/", "http://[::1]/", "http://[::]/",
    "http://[::ffff:127.0.0.1]/", "http://[64:ff9b::7f00:1]/", "http://169.254.169.254/latest/meta-data/",
    "http://[fe80::1]/", "http://[fd00:ec2::254]/", "http://100.100.100.200/", "http://224.0.0.1/",
    "http://255.255.255.255/", "http://[ff02::1]/", "http://[::ffff:169.254.169.254]/",
    "http://127.0.0.1\\@10.0.0.1/", "http://user@10.0.0.1/", "http://user:word@10.0.0.1/", "http://10.0.0.1 /",
    "http://10.0.0.1/\r\nX: y", "http://10.0.0.1\t/", "ftp://10.0.0.1/", "file:///etc/passwd", "gopher://10.0.0.1/",
    "javascript:alert(1)", "//10.0.0.1/", "10.0.0.1", "", "http://", "http:///x", "http://10.0.0.1:0/",
    "http://10.0.0.1:70000/", "http://１２７.0.0.1/", "http://10.0.0.1:x/", "http://-a/", "http://a b/", "http://%31/",
    "http://no-such-host.invalid/",
]  # fmt: skip


@pytest.mark.parametrize("url", REFUSED)
def test_what_may_not_be_reached_is_refused(url: str) -> None:
    with pytest.raises(Refused) as refused:
        Egress().check(url)
    assert refused.value.field == "address"


@pytest.mark.parametrize(
    "url", ["http://10.20.0.5/x", "https://192.168.1.1:8443/", "http://172.16.0.1", "http://[fd12::1]/"]
)
def test_addresses_of_the_house_may_be_reached(url: str) -> None:
    assert Egress().check(url).host


def test_an_address_listed_singly_may_be_reached_and_its_other_ports_not() -> None:
    out = Egress(["127.0.0.1:9000"])
    assert out.check("http://127.0.0.1:9000/").port == 9000
    for port in (8999, 9001, 80):
        with pytest.raises(Refused):
            out.check(f"http://127.0.0.1:{port}/")


def test_the_consoles_own_database_is_not_reached() -> None:
    out = Egress(own=[("10.9.8.7", 5432)])
    with pytest.raises(Refused):
        out.check("http://10.9.8.7:5432/")
    assert out.check("http://10.9.8.7:5433/").port == 5433


def test_a_name_with_one_bad_address_among_good_ones_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def resolve(_host: str, port: int, **_given: object) -> list[Any]:
        return [(2, 1, 6, "", (address, port)) for address in ("10.0.0.1", "127.0.0.1")]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with pytest.raises(Refused):
        Egress().check("http://two.example/")


def test_a_name_is_resolved_once_and_the_checked_address_is_connected_to(
    listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A resolver that answers differently the second time cannot lead the request elsewhere."""
    real, asked = socket.getaddrinfo, []

    def rebinding(host: str, port: int, *given: Any, **named: Any) -> Any:
        if host != "rebinding.example":
            return real(host, port, *given, **named)
        asked.append(host)
        return [(2, 1, 6, "", ("127.0.0.1" if len(asked) == 1 else "169.254.169.254", port))]

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    out = Egress([f"127.0.0.1:{listener.port}"])
    answer = out.post(f"http://rebinding.example:{listener.port}/x", b"{}")
    assert (answer.status, answer.text, len(asked)) == (200, "kept", 1)
    assert listener.got[0][1]["Host"] == f"rebinding.example:{listener.port}"


def test_a_redirect_is_not_followed(listener: Listener) -> None:
    with listening() as other:
        listener.status, listener.location = 302, other.url
        answer = Egress([f"127.0.0.1:{listener.port}", f"127.0.0.1:{other.port}"]).post(listener.url, b"{}")
        assert answer.status == 302
        assert other.got == []


def test_a_long_answer_is_cut(listener: Listener) -> None:
    listener.answer = b"x" * (1 << 20)
    assert len(Egress([f"127.0.0.1:{listener.port}"]).post(listener.url, b"{}").text) == 64 << 10


def test_an_answer_that_drips_is_left_at_the_deadline(listener: Listener, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(egress, "WHOLE_SECONDS", 0.4)
    listener.answer, listener.drip = b"x" * 60_000, 0.2
    began = time.monotonic()
    Egress([f"127.0.0.1:{listener.port}"]).post(listener.url, b"{}")
    assert time.monotonic() - began < 30  # all of it would take minutes


def test_no_answer_is_told_without_the_address_that_may_hold_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(egress, "READ_SECONDS", 0.3)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        port = silent.getsockname()[1]
        with pytest.raises(Refused) as refused:
            Egress([f"127.0.0.1:{port}"]).post(f"http://127.0.0.1:{port}/?key=secret-key", b"{}")
    assert "secret-key" not in str(refused.value.sentence)
    assert refused.value.__cause__ is None


def test_a_proxy_of_the_environment_is_not_used(listener: Listener, monkeypatch: pytest.MonkeyPatch) -> None:
    with listening() as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        monkeypatch.setenv("NO_PROXY", "")
        Egress([f"127.0.0.1:{listener.port}"]).post(listener.url, b"{}")
        assert proxy.got == []
    assert len(listener.got) == 1


def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate, "-days", "1",
         "-subj", "/CN=localhost"], check=True, capture_output=True,
    )  # fmt: skip
    made = Listener()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    made.server.socket = context.wrap_socket(made.server.socket, server_side=True)
    made.start()
    try:
        with pytest.raises(Refused):
            Egress([f"127.0.0.1:{made.port}"]).post(f"https://localhost:{made.port}/", b"{}")
        assert made.got == []
    finally:
        made.server.shutdown()
        made.server.server_close()


# -- couriers ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def anchor() -> Anchor:
    return make(NOON.date(), 7, "ab" * 32, NO_ANCHOR, contract="YW", at=NOON, bound={"code": "c"})


def test_an_anchor_is_posted_as_json_and_the_answer_kept_as_plain_text(listener: Listener, anchor: Anchor) -> None:
    listener.answer = "收到\x1b[31m 第 7 条\n".encode()
    couriers = AnchorCouriers(Egress([f"127.0.0.1:{listener.port}"]))
    assert couriers.deliver("http", listener.url, anchor) == "200 收到 [31m 第 7 条"
    assert from_sent(listener.got[0][2].decode()) == anchor
    assert json.loads(listener.got[0][2])["anchor"]["count"] == 7


@pytest.mark.parametrize("status", [199, 300, 302, 404, 500])
def test_an_answer_other_than_2xx_is_no_receipt(listener: Listener, anchor: Anchor, status: int) -> None:
    listener.status = status
    with pytest.raises(Refused):
        AnchorCouriers(Egress([f"127.0.0.1:{listener.port}"])).deliver("http", listener.url, anchor)


@pytest.mark.parametrize("kind", ["http", "folder"])
def test_a_demos_anchors_go_nowhere_outside(listener: Listener, tmp_path: Path, kind: str) -> None:
    given = (Egress([f"127.0.0.1:{listener.port}"]), [str(tmp_path)])
    address = listener.url if kind == "http" else str(tmp_path)
    assert AnchorCouriers(*given).check(kind, address) == address
    demo = AnchorCouriers(*given, is_demo=True)
    with pytest.raises(Refused, match="演示的日锚不向外投递"):
        demo.check(kind, address)
    assert demo.check("download", "") == ""


def test_an_anchor_is_put_into_a_listed_folder_once_and_never_over_another(tmp_path: Path, anchor: Anchor) -> None:
    folder = tmp_path / "mounted" / "hospital"
    folder.mkdir(parents=True)
    couriers = AnchorCouriers(Egress(), [str(tmp_path / "mounted")])
    for _again in range(2):
        couriers.deliver("folder", str(folder), anchor)
    (file,) = folder.iterdir()
    assert from_sent(file.read_text(encoding="utf-8")) == anchor
    file.write_text("other", encoding="utf-8")
    with pytest.raises(Refused, match="内容不同"):
        couriers.deliver("folder", str(folder), anchor)
    assert file.read_text(encoding="utf-8") == "other"


def test_a_folder_outside_the_listed_ones_is_refused(tmp_path: Path) -> None:
    (tmp_path / "listed").mkdir()
    (tmp_path / "other").mkdir()
    (tmp_path / "listed" / "link").symlink_to(tmp_path / "other")
    couriers = AnchorCouriers(Egress(), [str(tmp_path / "listed")])
    for wrong in ("other", "listed/../other", "listed/link", "listed/none", "listed-2"):
        with pytest.raises(Refused) as refused:
            couriers.check("folder", str(tmp_path / wrong))
        assert refused.value.field == "address"
    with pytest.raises(Refused):
        couriers.check("folder", "relative")
    assert couriers.check("folder", str(tmp_path / "listed")) == str((tmp_path / "listed").resolve())
