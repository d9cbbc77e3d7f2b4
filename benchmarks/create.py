"""What logging a ticket costs: over the API and over the page, at 1 and 8 clients; beside readers; through kill -9.

Run `python -m benchmarks.create --size 100000`; a folder that is not there yet is loaded first, and copied: a copy is
written to.
"""

from __future__ import annotations

import http.client
import json
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import text

from benchmarks import figures, load, postgres, servers
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


def list_page(browser: Browser) -> Ask:
    """Given a signed-in browser, return what reads the first page of the list."""

    def read() -> bool:
        answer = browser.get("/tickets")
        return answer.status == 200 and answer.text.count("<tr data-href=") == 50

    return read


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


def token_of(folder: Path, **more: str) -> str:
    """Given a folder whose vendor has a password of their own, and more of its environment, return their token."""
    console = load.open_console(folder, utc_now, **more)
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
    return [*found, *_beside(server, token, password, requests)]


def _beside(server: Server, token: str, password: str, requests: int) -> list[Cost]:
    """Readers of the list's page while as many writers write."""
    readers = [list_page(servers.sign_in(server, password)) for _ in range(max(CLIENTS))]
    writers = [Script(server.port, token).create for _ in range(max(CLIENTS))]
    with ThreadPoolExecutor(2) as pool:
        reading = pool.submit(cost, server, "list, page, beside 8 writers", readers, requests)
        writing = pool.submit(cost, server, "create, API, beside 8 readers", writers, requests)
        return [reading.result(), writing.result()]


# -- kill -9 -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Killed:
    """What a kill left: how many tickets were acknowledged before, and how many of them are there whole."""

    acknowledged: int
    whole: int


def killed(folder: Path, token: str, *, after: int, **more: str) -> Killed:
    """Given a folder, a token, and more of its environment, kill -9 the server after so many acknowledged creations.

    The kill comes while 8 clients go on creating. Raises ValueError when one is refused, when the chain is broken
    afterwards or a foreign key dangles.
    """
    acknowledged: list[str] = []
    with servers.running(folder, **UNLIMITED, **more) as server, ThreadPoolExecutor(max(CLIENTS)) as pool:

        def create_until_dead(_place: int) -> None:
            script = Script(server.port, token)
            with suppress(OSError, http.client.HTTPException):  # it is dead: what it acknowledged is what counts
                while True:
                    status, body = script.ask("POST", "/tickets", json.dumps(BODY, ensure_ascii=False))
                    if status != 201:
                        raise ValueError(f"not created: {status} {body.decode()}")
                    acknowledged.append(str(json.loads(body)["number"]))
                    if len(acknowledged) >= after:
                        server.process.kill()

        list(pool.map(create_until_dead, range(max(CLIENTS))))
    console = load.open_console(folder, utc_now, **more)
    try:
        return Killed(len(acknowledged), _whole(console, acknowledged))
    finally:
        console.close()


def _whole(console: Console, acknowledged: Sequence[str]) -> int:
    with console.read() as session:
        broken = audit.first_broken(session)
        dangling = console.database.is_sqlite and session.execute(text("PRAGMA foreign_key_check")).first()
    if broken or dangling:
        raise ValueError(f"after the kill: {broken=} {dangling=}")
    return sum(_is_whole(console, number) for number in acknowledged)


def _is_whole(console: Console, number: str) -> bool:
    with console.read() as session:
        view = tickets.view(session, console.book(session), number, actor_of("vendor", "", "vendor"))
        clocks = session.execute(
            text("SELECT count(*) FROM clock JOIN ticket ON ticket.id = ticket_id WHERE number = :n"), {"n": number}
        ).scalar()
    texts = {name: BODY[name] for name in ("title", "reporter", "phone", "description")}
    return [e.kind for e in view.events] == [REPORTED] and dict(view.facts.personal) == texts and bool(clocks)


# -- the chain ---------------------------------------------------------------------------------------------------


def chain_share(folder: Path, writes: int, **more: str) -> tuple[float, float]:
    """Given a folder, log tickets in this process; return the processor milliseconds of a write and of its seal."""
    sealing = 0.0
    console = load.open_console(folder, utc_now, **more)

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


@dataclass(frozen=True)
class Measured:
    """What creating costs on one database: requests, what a kill left, processor milliseconds of a write, its seal."""

    database: str
    costs: tuple[Cost, ...]
    kill: Killed
    chain: tuple[float, float]


def report(size: int, found: Sequence[Measured]) -> str:
    """Given the figures, return the section of README.md."""
    method = (
        f"`python -m ops_console` on a copy of the folder with {figures.number(size)} tickets, on PostgreSQL with the "
        "same rows on a cluster of its own (shipped settings, every commit on disk; its processor time is not "
        "counted); the client is a process of its own (a thread a connection, kept alive) on the same cores; every "
        "answer is checked. CPU is the server's (beside: of both kinds together, for each of the one). Aims for "
        f"creating ({figures.AIMS}): p50 ≤ {AIM_MS} ms at 1 client, ≥ {AIM_RATE}/s at 8, no error."
    )
    header = ["request", "clients", "p50 ms", "p99 ms", "per s", "CPU ms", "errors", "aim"]
    return figures.section("Creating tickets", method, *(_told(one, header) for one in found))


def _told(found: Measured, header: Sequence[str]) -> str:
    rows = [
        [c.name, c.clients, f"{c.p50:.1f}", f"{c.p99:.1f}", f"{c.rate:.0f}", f"{c.cpu:.1f}", c.errors, _aim(c)]
        for c in found.costs
    ]
    kill, (write, sealing) = found.kill, found.chain
    return (
        f"### {found.database}\n\n{figures.table(header, rows)}\n\n"
        f"kill -9 in the middle of {KILLED} creations by 8 clients: {kill.acknowledged} acknowledged, {kill.whole} of "
        "them there whole (event, personal texts, clocks), chain intact "
        f"{figures.mark(kill.whole == kill.acknowledged)}."
        f"\n\nThe chain: {sealing:.2f} ms of {write:.2f} ms processor time a write ({sealing / write:.0%}) is "
        "sealing: reading the head, canonical form, commitments, hash, inserting the event and its personal texts."
    )


def _aim(found: Cost) -> str:
    if not found.name.startswith("create") or "beside" in found.name:
        return f"0 errors {figures.mark(not found.errors)}"
    is_met = found.p50 <= AIM_MS if found.clients == 1 else found.rate >= AIM_RATE
    told = f"≤ {AIM_MS} ms" if found.clients == 1 else f"≥ {AIM_RATE}/s"
    return f"{told} {figures.mark(is_met and not found.errors)}"


def run(size: int, requests: int) -> str:
    """Given a size and how many requests a figure, measure on both databases and return the section."""
    with scratch(size) as folder:
        with servers.running(folder, **UNLIMITED) as server:
            password = servers.take_account(server, folder)
            token = token_of(folder)
        with postgres.cluster() as url:
            postgres.bring(folder, url)
            on_postgres = _measured("PostgreSQL", folder, (token, password), requests, OPS_DATABASE__URL=url)
        return report(size, [_measured("SQLite", folder, (token, password), requests), on_postgres])


def _measured(name: str, folder: Path, known: tuple[str, str], requests: int, **more: str) -> Measured:
    with servers.running(folder, **UNLIMITED, **more) as server:
        costs = measure(server, *known, requests)
    kill = killed(folder, known[0], after=KILLED // 2, **more)
    return Measured(name, tuple(costs), kill, chain_share(folder, requests, **more))


def main() -> None:
    """Measure the size asked for."""
    asked = figures.arguments(
        __doc__, size=(int, AIM_SIZE, "number of tickets"), requests=(int, 400, "requests a figure")
    )
    figures.give("create", run(asked.size, asked.requests), readme=asked.readme)


if __name__ == "__main__":
    main()
