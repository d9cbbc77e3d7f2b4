"""What logging a ticket costs: over the API and over the page, at 1 and 8 clients; beside readers; through kill -9.

Run `python -m benchmarks.create --size 100000`; a folder that is not there yet is loaded first, and copied: a copy is
written to.
"""

from __future__ import annotations

import http.client
import json
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import text

from benchmarks import figures, load, servers
from benchmarks.servers import HOST, Browser, Server
from ops_console.console import Console, utc_now
from ops_console.core.people import actor_of
from ops_console.core.tickets import REPORTED
from ops_console.services import tickets, tokens
from ops_console.store import audit, database

AIM_SIZE = 100_000
CLIENTS, AIM_MS, AIM_RATE, KILLED = (1, 8), 8, 250, 1000
BODY = {
    "type": "故障", "module": "门诊缴费", "channel": "电话", "title": "收费窗口打不开", "department": "门诊收费处",
    "reporter": "刘药师", "phone": "8001", "description": "点“缴费”后一直转圈，换一台电脑也一样。" * 4,
}  # fmt: skip
UNLIMITED = {"OPS_SERVER__API_REQUESTS_PER_MINUTE": "1000000"}
Ask = Callable[[], bool]


@dataclass(frozen=True)
class Cost:
    """What one kind of request cost at so many clients: milliseconds, answers a second, server CPU, errors."""

    name: str
    clients: int
    p50: float
    p99: float
    rate: float
    cpu: float
    errors: int


class Script:
    """One connection with a token, kept alive. For one thread."""

    def __init__(self, port: int, token: str) -> None:
        self._connection = http.client.HTTPConnection(HOST, port, timeout=60)
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def ask(self, method: str, path: str, body: str | None = None) -> tuple[int, bytes]:
        """Given a request, return the status and the body of its answer."""
        self._connection.request(method, f"/api/v1{path}", body and body.encode(), self._headers)
        answer = self._connection.getresponse()
        return answer.status, answer.read()

    def create(self) -> bool:
        """Log a ticket; say whether it was."""
        return self.ask("POST", "/tickets", json.dumps(BODY, ensure_ascii=False))[0] == 201

    def list_page(self) -> bool:
        """Read the first page of the list; say whether it came."""
        status, body = self.ask("GET", "/tickets?limit=50")
        return status == 200 and len(json.loads(body)["items"]) == 50


@contextmanager
def scratch(size: int) -> Iterator[Path]:
    """Given a number of tickets, yield a copy of its loaded folder, removed at the end."""
    load.ready(size)
    folder = load.folder_of(size).with_name(f"create-{size}")
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(load.folder_of(size), folder)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def token_of(folder: Path) -> str:
    """Given a folder whose vendor has an account of its own, return a token of theirs."""
    console = load.open_console(folder, utc_now)
    with console.write() as session:
        vendor = actor_of("vendor", "vendor", "vendor")
        made = tokens.make(session, "benchmark", ["tickets:read", "tickets:write"], 1, vendor, console.now())
    console.close()
    return made.text


def form(browser: Browser) -> Ask:
    """Given a signed-in browser, return what logs a ticket through the page's form."""
    token = servers.token_of(browser.get("/tickets/new").text)
    filled = {**BODY, "needs_onsite": "", "carrier": "", "csrf_token": token}
    return lambda: browser.post("/tickets/new", filled).status == 302


def cost(server: Server, name: str, asks: Sequence[Ask], requests: int) -> Cost:
    """Given a server, one act a client and how often in all, do it and return what it cost."""

    def client(ask: Ask) -> list[tuple[float, bool]]:
        found = []
        for _ in range(requests // len(asks)):
            began = time.perf_counter()
            is_right = ask()
            found.append(((time.perf_counter() - began) * 1000, is_right))
        return found

    for ask in asks:
        ask()
    used, began = server.cpu_seconds(), time.perf_counter()
    with ThreadPoolExecutor(len(asks)) as pool:
        done = [one for part in pool.map(client, asks) for one in part]
    passed, used = time.perf_counter() - began, server.cpu_seconds() - used
    taken = [ms for ms, _ in done]
    wrong = sum(not is_right for _, is_right in done)
    return Cost(
        name,
        len(asks),
        figures.percentile(taken, 0.5),
        figures.percentile(taken, 0.99),
        len(done) / passed,
        used * 1000 / len(done),
        wrong,
    )


def measure(server: Server, token: str, password: str, requests: int) -> list[Cost]:
    """Given a server, a token and the vendor's password, return the cost of creating, and of reading meanwhile."""
    found = []
    for n in CLIENTS:
        found.append(cost(server, "create, API", [Script(server.port, token).create for _ in range(n)], requests))
    for n in CLIENTS:
        found.append(
            cost(server, "create, page", [form(servers.sign_in(server, password)) for _ in range(n)], requests)
        )
    return [*found, *_beside(server, token, requests)]


def _beside(server: Server, token: str, requests: int) -> list[Cost]:
    """Readers of the list while as many writers write."""
    readers, writers = ([Script(server.port, token) for _ in range(max(CLIENTS))] for _ in range(2))
    with ThreadPoolExecutor(2) as pool:
        reading = pool.submit(cost, server, "list, API, beside 8 writers", [r.list_page for r in readers], requests)
        writing = pool.submit(cost, server, "create, API, beside 8 readers", [w.create for w in writers], requests)
        return [reading.result(), writing.result()]


# -- kill -9 -----------------------------------------------------------------------------------------------------


def killed(folder: Path) -> tuple[int, int]:
    """Given a folder, kill the server among 1 000 creations; return how many were acknowledged and how many are whole.

    Raises ValueError when the chain is broken afterwards.
    """
    acknowledged: list[str] = []
    with servers.running(folder, **UNLIMITED) as server:
        token = token_of(folder)
        stop = threading.Timer(2.0, lambda: server.process.send_signal(signal.SIGKILL))
        stop.start()
        with ThreadPoolExecutor(max(CLIENTS)) as pool:
            for part in pool.map(lambda _n: _create_until_dead(server.port, token), range(max(CLIENTS))):
                acknowledged += part
        stop.cancel()
    console = load.open_console(folder, utc_now)
    with console.read() as session:
        broken = audit.first_broken(session)
        whole = sum(_is_whole(console, number) for number in acknowledged)
        dangling = session.execute(text("PRAGMA foreign_key_check")).first()
    console.close()
    if broken or dangling:
        raise ValueError(f"after the kill: {broken=} {dangling=}")
    return len(acknowledged), whole


def _create_until_dead(port: int, token: str) -> list[str]:
    script, numbers = Script(port, token), []
    try:
        for _ in range(KILLED // max(CLIENTS)):
            status, body = script.ask("POST", "/tickets", json.dumps(BODY, ensure_ascii=False))
            if status == 201:
                numbers.append(str(json.loads(body)["number"]))
    except (OSError, http.client.HTTPException):
        pass  # the server is dead: what it acknowledged is what counts
    return numbers


def _is_whole(console: Console, number: str) -> bool:
    with console.read() as session:
        view = tickets.view(session, console.book(session), number, actor_of("vendor", "", "vendor"))
        clocks = session.execute(
            text("SELECT count(*) FROM clock JOIN ticket ON ticket.id = ticket_id WHERE number = :n"), {"n": number}
        ).scalar()
    texts = {name: BODY[name] for name in ("title", "reporter", "phone", "description")}
    return [e.kind for e in view.events] == [REPORTED] and dict(view.facts.personal) == texts and bool(clocks)


# -- the chain ---------------------------------------------------------------------------------------------------


def chain_share(folder: Path, writes: int) -> tuple[float, float]:
    """Given a folder, log tickets in this process; return the processor milliseconds of a write and of its seal."""
    sealing = 0.0
    console = Console(load.settings.load(load.PROJECT, {"OPS_DATA": str(folder)}))

    def timed(session: object) -> None:
        nonlocal sealing
        began = time.thread_time()
        audit.seal(session)  # type: ignore[arg-type]
        sealing += time.thread_time() - began

    database.event.remove(console.database.writing, "before_commit", audit.seal)
    database.event.listen(console.database.writing, "before_commit", timed)
    actor, command = actor_of("vendor", "", "vendor"), tickets.OpenTicket(**BODY)
    began = time.thread_time()
    for _ in range(writes):
        with console.write() as session:
            tickets.open_ticket(session, console.book(session), command, actor, console.now())
    used = time.thread_time() - began
    console.close()
    return used * 1000 / writes, sealing * 1000 / writes


# -- telling -----------------------------------------------------------------------------------------------------


def report(size: int, costs: Sequence[Cost], kill: tuple[int, int], chain: tuple[float, float]) -> str:
    """Given the figures, return the section of README.md."""
    method = (
        f"`python -m ops_console` on a copy of the folder with {figures.number(size)} tickets; the client is a process "
        "of its own (a thread a connection, kept alive) on the same cores; every answer is checked. CPU is the "
        "server's (beside: of both kinds together, for each of the one). Aims for creating "
        f"({figures.AIMS}): p50 ≤ {AIM_MS} ms at 1 client, ≥ {AIM_RATE}/s at 8, no error."
    )
    rows = [
        [c.name, c.clients, f"{c.p50:.1f}", f"{c.p99:.1f}", f"{c.rate:.0f}", f"{c.cpu:.1f}", c.errors, _aim(c)]
        for c in costs
    ]
    header = ["request", "clients", "p50 ms", "p99 ms", "per s", "CPU ms", "errors", "aim"]
    told = (
        f"kill -9 two seconds into {KILLED} creations by 8 clients: {kill[0]} acknowledged, {kill[1]} of them there "
        "whole (event, personal texts, clocks), chain and foreign keys intact.\n\n"
        f"The chain: {chain[1]:.2f} ms of {chain[0]:.2f} ms processor time a write ({chain[1] / chain[0]:.0%}) is "
        "sealing: reading the head, canonical form, commitments, hash, inserting the event and its personal texts."
    )
    return figures.section("Creating tickets", method, figures.table(header, rows), told)


def _aim(found: Cost) -> str:
    if not found.name.startswith("create") or "beside" in found.name:
        return "0 errors " + ("✗" if found.errors else "✓")
    is_met = found.p50 <= AIM_MS if found.clients == 1 else found.rate >= AIM_RATE
    told = f"≤ {AIM_MS} ms" if found.clients == 1 else f"≥ {AIM_RATE}/s"
    return f"{told} {'✓' if is_met and not found.errors else '✗'}"


def run(size: int, requests: int) -> str:
    """Given a size and how many requests a figure, measure and return the section."""
    with scratch(size) as folder:
        with servers.running(folder, **UNLIMITED) as server:
            password = servers.take_account(server, folder)
            costs = measure(server, token_of(folder), password, requests)
        return report(size, costs, killed(folder), chain_share(folder, requests))


def main() -> None:
    """Measure the size asked for."""
    asked = figures.arguments(
        __doc__, size=(int, 10_000, "number of tickets"), requests=(int, 400, "requests a figure")
    )
    figures.give("create", run(asked.size, asked.requests), readme=asked.readme)


if __name__ == "__main__":
    main()
