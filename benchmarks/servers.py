"""The real console as a process of its own, and a browser of the plainest kind to ask it. Loopback only.

Not for measuring: the scripts do that.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlencode

import psutil

from ops_console.console import PROJECT

HOST = "127.0.0.1"
COMMAND = (sys.executable, "-m", "ops_console")
START_SECONDS, ANSWER_SECONDS = 60.0, 60.0
TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')
ONE_TIME = r"账号 {account}\t一次性密码 (\S+)"


def environment(folder: Path, **more: str) -> dict[str, str]:
    """Given a data folder, return the environment of a console on it: no setting of another console is kept."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("OPS_")}
    return kept | {"OPS_DATA": str(folder), **more}


def command(folder: Path, *arguments: str) -> str:
    """Given a data folder and a command's arguments, run it and return its standard output. Raises when it fails."""
    done = subprocess.run(
        [*COMMAND, *arguments], cwd=PROJECT, env=environment(folder), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(arguments)}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


def free_port() -> int:
    """Given nothing, return a port of the loopback address that nobody has now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class Server:
    """A console under way: its port, its process, how long it took to answer, and the file of its output."""

    port: int
    process: psutil.Popen
    start_seconds: float
    output: Path

    def cpu_seconds(self) -> float:
        """How much processor time it has used, in user and system mode, all threads."""
        used = self.process.cpu_times()
        return float(used.user + used.system)

    def resident_mib(self) -> float:
        """How much memory it holds."""
        return float(self.process.memory_info().rss) / 2**20


@contextmanager
def running(folder: Path, **more: str) -> Iterator[Server]:
    """Given a data folder and more of its environment, start the console on a free port and yield it once it answers.

    It is stopped at the end.
    """
    port, output = free_port(), folder.parent / f"{folder.name}.out"
    began = time.perf_counter()
    with output.open("wb") as sink:
        settings = {"OPS_SERVER__HOST": HOST, "OPS_SERVER__PORT": str(port), **more}
        process = psutil.Popen(
            COMMAND, cwd=PROJECT, env=environment(folder, **settings), stdout=sink, stderr=subprocess.STDOUT
        )
    try:
        _await(port, process, output)
        yield Server(port, process, time.perf_counter() - began, output)
    finally:
        process.terminate()
        with suppress(psutil.TimeoutExpired):
            process.wait(20)
        if process.is_running():
            process.kill()


def _await(port: int, process: psutil.Popen, output: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        try:
            if Browser(port).get("/healthz").status == 200:
                return
        except OSError:
            time.sleep(0.01)
    raise RuntimeError(f"the console does not answer: {output.read_text(encoding='utf-8', errors='replace')}")


@dataclass(frozen=True)
class Answer:
    """What came back: the status, where it sends on, and the text."""

    status: int
    location: str
    text: str


class Browser:
    """One connection that is kept alive, with its cookies. For one thread."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection(HOST, port, timeout=ANSWER_SECONDS)
        self.cookies: dict[str, str] = {}

    def get(self, path: str) -> Answer:
        """Given a path, return the answer."""
        return self._ask("GET", path, None, {})

    def post(self, path: str, form: Mapping[str, str], headers: Mapping[str, str] | None = None) -> Answer:
        """Given a path, a form's values and maybe headers, return the answer."""
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        return self._ask("POST", path, urlencode(form), {**kind, **(headers or {})})

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _ask(self, method: str, path: str, body: str | None, headers: dict[str, str]) -> Answer:
        cookies = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        self._connection.request(method, path, body, headers | (cookies if self.cookies else {}))
        response = self._connection.getresponse()
        text = response.read().decode("utf-8", "replace")
        for line in response.headers.get_all("Set-Cookie") or ():
            name, _, value = line.split(";", 1)[0].partition("=")
            self.cookies[name] = value
        return Answer(response.status, response.headers.get("Location", ""), text)


def token_of(page: str) -> str:
    """Given a page with a form, return its CSRF token. Raises RuntimeError without one."""
    found = TOKEN.search(page)
    if found is None:
        raise RuntimeError("a page without a form")
    return found[1]


def _submit(browser: Browser, path: str, form: Mapping[str, str]) -> str:
    """Given a page with a form, fill it in with its CSRF token and return where the answer sends on."""
    page = browser.get(path)
    if page.status != 200:
        raise RuntimeError(f"{path}: {page.status} and no form")
    answer = browser.post(path, {**form, "csrf_token": token_of(page.text)})
    if answer.status not in (302, 303):
        raise RuntimeError(f"{path}: {answer.status} {answer.text[:2000]}")
    return answer.location


def sign_in(server: Server, password: str, account: str = "vendor") -> Browser:
    """Given a server, an account and its password, return a browser that is signed in."""
    browser = Browser(server.port)
    _submit(browser, "/sign-in", {"account": account, "password": password})
    return browser


def take_account(server: Server, folder: Path, account: str = "vendor") -> str:
    """Given a server, make an account ours and return its password.

    The one-time password is the one printed at the first start, or a new one when that was long ago.
    """
    printed = re.search(ONE_TIME.format(account=account), server.output.read_text(encoding="utf-8"))
    once = printed[1] if printed else json.loads(command(folder, "users", "reset", account, "--json"))["password"]
    wanted = f"Figures-{secrets.token_hex(8)}"
    browser = sign_in(server, once, account)
    form = {"current_password": once, "new_password": wanted, "repeated": wanted}
    _submit(browser, "/password", form)
    browser.close()
    return wanted


def query(path: str, **values: str) -> str:
    """Given a path and the pairs of its query, return the address to ask for."""
    return f"{path}?{urlencode(values)}" if values else quote(path)
