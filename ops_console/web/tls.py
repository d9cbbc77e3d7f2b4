"""TLS in front of the pages: ends it in this process, hands plain bytes to waitress on loopback, tells who called.

Not for what a request means. One port serves both: who speaks plain HTTP to it is sent to https, and may fetch the
house's certificate authority, which a phone must have before it can speak TLS to us at all.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

logger = logging.getLogger(__name__)

HANDSHAKE = 0x16  # the first byte of a TLS connection
CHUNK = 64 * 1024
HANDSHAKE_SECONDS, IDLE_SECONDS, SWEEP_SECONDS = 10.0, 150.0, 5.0
MOST_CONNECTIONS = 400
LONGEST_HEAD = 4096


def tls_context(certificate: Path, key: Path) -> ssl.SSLContext:
    """Given a certificate chain and its key, return a server's context: TLS 1.2 or newer."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    context.load_cert_chain(certificate, key)
    return context


class Callers:
    """Which of our own connections to waitress serves which caller: by its port, which is its alone while it lasts."""

    def __init__(self) -> None:
        self._by_port: dict[int, str] = {}

    def enter(self, port: int, caller: str) -> None:
        """Given a connection's own port and its caller's address, remember both."""
        self._by_port[port] = caller

    def leave(self, port: int) -> None:
        """Given the port of a connection that ended, forget it."""
        self._by_port.pop(port, None)

    def of(self, port: str) -> str | None:
        """Given a request's peer port, return the caller's address; None when the request did not come through TLS."""
        return self._by_port.get(int(port)) if port.isdigit() else None


class OverTls:
    """WSGI wrapper: the caller's address and https for what came through TLS; anything else is refused."""

    def __init__(self, application: Callable[..., Iterable[bytes]], callers: Callers) -> None:
        self._application, self._callers = application, callers

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Given a request, say who really sent it and pass it on."""
        caller = self._callers.of(str(environ.get("REMOTE_PORT", "")))
        if caller is None:  # somebody on this host found waitress's own port
            start_response("403 Forbidden", [("Content-Type", "text/plain; charset=utf-8")])
            return [b"https only\n"]
        environ["REMOTE_ADDR"], environ["wsgi.url_scheme"] = caller, "https"
        return self._application(environ, start_response)


class TlsFront:
    """A bound port that speaks TLS to callers. `start` serves it from a thread of its own, `stop` ends that."""

    def __init__(
        self, address: tuple[str, int], files: tuple[Path, Path], *, public_url: str, authority: Path | None
    ) -> None:
        self._files, self._loaded = files, _stamps(files)
        self._context = tls_context(*files)
        family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self._listener = socket.create_server(address, family=family, backlog=128)
        self._listener.setblocking(False)
        self.port: int = self._listener.getsockname()[1]
        self._public_url, self._authority = public_url, authority
        self.callers = Callers()
        self._backend = ("127.0.0.1", 0)
        self._loop = asyncio.SelectorEventLoop()
        self._open: dict[asyncio.Task[None], float] = {}
        self._thread = threading.Thread(target=self._run, name="tls", daemon=True)

    def start(self, backend: tuple[str, int]) -> None:
        """Given where waitress listens, begin to serve."""
        self._backend = backend
        self._thread.start()

    def stop(self) -> None:
        """End every connection and the thread."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(timeout=10)
        self._listener.close()

    def _run(self) -> None:
        self._loop.create_task(self._accept())
        self._loop.create_task(self._sweep())
        try:
            self._loop.run_forever()
        finally:
            tasks = asyncio.all_tasks(self._loop)
            for task in tasks:
                task.cancel()
            self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
            self._loop.close()

    async def _accept(self) -> None:
        while True:
            try:
                sock, address = await self._loop.sock_accept(self._listener)
            except OSError as exc:  # out of file handles: those open will end
                logger.warning("tls accept failed: %s", exc)
                await asyncio.sleep(1)
                continue
            if len(self._open) >= MOST_CONNECTIONS:
                sock.close()
                continue
            task = self._loop.create_task(self._serve(sock, address[0]))
            self._open[task] = time.monotonic()
            task.add_done_callback(lambda done: self._open.pop(done, None))

    async def _sweep(self) -> None:
        """End what idles, and take up a renewed certificate."""
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            now = time.monotonic()
            for task, seen in list(self._open.items()):
                if now - seen > IDLE_SECONDS:
                    task.cancel()
            stamps = _stamps(self._files)
            if stamps != self._loaded and all(stamps):
                try:
                    self._context.load_cert_chain(*self._files)
                    self._loaded = stamps
                except (OSError, ssl.SSLError) as exc:  # half written: looked at again with the next sweep
                    logger.warning("tls certificate not taken up: %s", exc)

    async def _serve(self, sock: socket.socket, caller: str) -> None:
        try:
            async with asyncio.timeout(HANDSHAKE_SECONDS):
                first = await self._peek(sock)
                if first != HANDSHAKE:
                    await self._answer_plain(sock)
                    return
                reader, writer = await self._shake_hands(sock)
            await self._forward(reader, writer, caller)
        except (OSError, ssl.SSLError, TimeoutError) as exc:
            logger.debug("tls connection ended caller=%s reason=%s", caller, exc)
        finally:
            sock.close()

    async def _peek(self, sock: socket.socket) -> int | None:
        ready = self._loop.create_future()
        self._loop.add_reader(sock, lambda: ready.done() or ready.set_result(None))
        try:
            await ready
        finally:
            self._loop.remove_reader(sock)
        first = sock.recv(1, socket.MSG_PEEK)
        return first[0] if first else None

    async def _answer_plain(self, sock: socket.socket) -> None:
        head = await self._loop.sock_recv(sock, LONGEST_HEAD)
        await self._loop.sock_sendall(sock, plain_answer(head, self._public_url, self._authority))
        sock.shutdown(socket.SHUT_WR)

    async def _shake_hands(self, sock: socket.socket) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader = asyncio.StreamReader(limit=CHUNK, loop=self._loop)
        protocol = asyncio.StreamReaderProtocol(reader, loop=self._loop)
        transport, _ = await self._loop.connect_accepted_socket(
            lambda: protocol, sock, ssl=self._context, ssl_handshake_timeout=HANDSHAKE_SECONDS, ssl_shutdown_timeout=5
        )
        return reader, asyncio.StreamWriter(transport, protocol, reader, self._loop)

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, caller: str) -> None:
        inner_reader, inner_writer = await asyncio.open_connection(*self._backend, limit=CHUNK)
        port = inner_writer.get_extra_info("sockname")[1]
        self.callers.enter(port, caller)
        owner = asyncio.current_task()
        assert owner is not None
        both = [
            self._loop.create_task(self._copy(reader, inner_writer, owner)),
            self._loop.create_task(self._copy(inner_reader, writer, owner)),
        ]
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in both:
                task.cancel()
            await asyncio.gather(*both, return_exceptions=True)
            for ending in (inner_writer, writer):
                ending.close()
            with contextlib.suppress(OSError, ssl.SSLError, TimeoutError):
                await writer.wait_closed()
            self.callers.leave(port)

    async def _copy(
        self, source: asyncio.StreamReader, target: asyncio.StreamWriter, owner: asyncio.Task[None]
    ) -> None:
        while data := await source.read(CHUNK):
            self._open[owner] = time.monotonic()
            target.write(data)
            await target.drain()


def plain_answer(head: bytes, public_url: str, authority: Path | None) -> bytes:
    """Given the start of a plain HTTP request, return the whole answer: the authority's certificate, or the way here.

    Nothing of the request is repeated in it.
    """
    line = head.split(b"\r\n", 1)[0].split(b" ")
    if line[0] not in (b"GET", b"HEAD") or len(line) != 3:
        return _answer("400 Bad Request", "text/plain; charset=utf-8", b"https only\n")
    if line[1] == b"/ca.crt" and authority is not None and authority.is_file():
        return _answer("200 OK", "application/x-x509-ca-cert", authority.read_bytes())
    return _answer(
        "307 Temporary Redirect", "text/plain; charset=utf-8", b"https only\n", f"Location: {public_url}\r\n"
    )


def _answer(status: str, kind: str, body: bytes, more: str = "") -> bytes:
    head = (
        f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n{more}\r\n"
    )
    return head.encode() + body


def _stamps(files: tuple[Path, Path]) -> tuple[int, ...]:
    """When each file was last written, 0 for one that cannot be read."""
    found = []
    for path in files:
        try:
            found.append(path.stat().st_mtime_ns)
        except OSError:
            found.append(0)
    return tuple(found)
