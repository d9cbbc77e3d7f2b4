"""What a search costs: words of 1, 2 and 4 characters, numbers, and what the index adds to storing a ticket.

Run `python -m benchmarks.search --sizes 10000,100000`; a folder that is not there yet is loaded first.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import Any

from sqlalchemy import text

from benchmarks import figures, load, pages, servers
from benchmarks.history import END
from benchmarks.pages import Measured, Page
from ops_console.console import Console
from ops_console.core.people import actor_of
from ops_console.core.tickets import TicketFacts
from ops_console.services import search
from ops_console.services.tickets import OpenTicket, open_ticket

VENDOR = actor_of("vendor", "乙方工程师", "vendor")
# (name, the words asked for in turn, the aim in ms, the aim per second)
ASKED: tuple[tuple[str, tuple[str, ...], float | None, float | None], ...] = (
    ("search, 1 character", ("缴", "慢", "证"), None, None),
    ("search, 2 characters", ("缴费", "报告", "门诊", "医生"), 20, 80),
    ("search, 4 characters", ("门诊缴费", "报告查询", "支付成功"), 15, None),
    ("search, 2 words", ("门诊 缴费", "报告 医生"), None, None),
    ("search, Latin and digits", ("HIS", "2026"), None, None),
    ("search, nothing found", ("龘龘", "门诊龘", "99999999-9"), None, None),
)
BATCHES, BATCH = 8, 60


def pages_of(count: int, numbers: Sequence[str]) -> tuple[Page, ...]:
    """Given a size and numbers of tickets, return what is asked for."""
    found = [
        Page(name, tuple((servers.query("/search", q=word), "搜索工单") for word in words), aim, rate)
        for name, words, aim, rate in ASKED
    ]
    parts = tuple((servers.query("/search", q=number[5:]), "搜索工单") for number in numbers[1:])
    listed = servers.query("/tickets", q="缴费", type="故障")
    opened = servers.query("/tickets", q="缴费", open="1")
    return (
        *found,
        Page("search, part of a number", parts),
        Page("list, 2 characters and a type", ((listed, "含“缴费”"),)),
        Page("list, 2 characters among the open", ((opened, "含“缴费”"),)),
    )


# -- what the index costs ----------------------------------------------------------------------------------------


@contextmanager
def without_index() -> Iterator[None]:
    """While inside, tickets are stored without being put into the index."""
    kept = search.keep

    def skip(_session: Any, _facts: Mapping[int, TicketFacts], _new: Any = ()) -> None:
        return None

    search.keep = skip
    try:
        yield
    finally:
        search.keep = kept


def create(console: Console, batch: int) -> float:
    """Given a console, log a batch of tickets, each in a transaction of its own; return the milliseconds of one."""
    described = "窗口反馈患者扣款成功但 HIS 未到账，重启自助机 M-02 后仍然如此，已联系银行核对"

    def log() -> None:
        for place in range(BATCH):
            with console.write() as session:
                command = OpenTicket(
                    "故障", "门诊缴费", "电话", f"自助机扣款未到账 {batch}-{place}", "门诊收费处", "王护士",
                    description=described,
                )  # fmt: skip
                open_ticket(session, console.book(session), command, VENDOR, END + timedelta(seconds=batch))

    return figures.timed(log) * 1000 / BATCH


def write_cost() -> tuple[float, float]:
    """Given nothing, return milliseconds per logged ticket with the index and without, batches of both in turn."""
    with tempfile.TemporaryDirectory() as folder:
        console = load.open_console(Path(folder))
        taken: tuple[list[float], list[float]] = ([], [])
        create(console, 0)
        for batch in range(1, BATCHES + 1):
            taken[0].append(create(console, 2 * batch))
            with without_index():
                taken[1].append(create(console, 2 * batch + 1))
        console.close()
    return median(taken[0]), median(taken[1])


def sizes_of(folder: Path) -> tuple[float, float]:
    """Given a loaded folder, return the MiB of the texts and of the pieces."""
    console = load.open_console(folder)
    with console.read() as session:
        texts = session.scalar(
            text("SELECT sum(length(CAST(text || description || process AS BLOB))) FROM ticket_text")
        )
        pieces = session.scalar(text("SELECT sum(length(block)) FROM ticket_pieces_data"))
    console.close()
    return float(texts or 0) / 2**20, float(pieces or 0) / 2**20


# -- telling -----------------------------------------------------------------------------------------------------


def report(measured: Sequence[Measured], requests: int, cost: tuple[float, float]) -> str:
    """Given the figures of each size, return the section."""
    method = (
        f"as for pages, {requests} answers a figure, the words of a row in turn; hits are counted up to 1000. The cost "
        "of the index: tickets logged one by one on a new file, with and without it in turn, medians of "
        f"{BATCHES} batches of {BATCH}."
    )
    with_index, without = cost
    stored = f"A logged ticket: {with_index:.2f} ms with the index, {without:.2f} ms without."
    header = ["tickets", "texts, MiB", "pieces, MiB"]
    rows = [
        [figures.number(m.count), *(f"{part:.0f}" for part in sizes_of(load.folder_of(m.count)))] for m in measured
    ]  # fmt: skip
    tables = (pages._of_connections(measured, n) for n in pages.CONNECTIONS)
    return figures.section("Search", method, *tables, stored, figures.table(header, rows))


def run(sizes: Sequence[int], requests: int) -> str:
    """Given sizes and how many answers a figure, load what is missing, measure and return the section."""
    for count in sizes:
        load.ready(count)
    return report([pages.measure(count, requests, pages_of) for count in sizes], requests, write_cost())


def main() -> None:
    """Measure the sizes asked for."""
    asked = figures.arguments(
        __doc__, sizes=(figures.sizes, (10_000,), "numbers of tickets"), requests=(int, 300, "answers a figure")
    )
    figures.give("search", run(asked.sizes, asked.requests), readme=asked.readme)


if __name__ == "__main__":
    main()
