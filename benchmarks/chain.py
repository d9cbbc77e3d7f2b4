"""How long a chain takes to verify: in the database, exported, and by the offline verifier on the export.

Run `python -m benchmarks.chain --entries 1000000`. Needs about 2 GiB of disk for a million entries.
"""

from __future__ import annotations

import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert

from benchmarks import figures
from ops_console import settings
from ops_console.console import PROJECT, Console
from ops_console.core.chain import ALGORITHM, canonical, commitment, link
from ops_console.core.people import terminal_actor
from ops_console.services import audit as export
from ops_console.services import chain_checks
from ops_console.store import audit, tickets  # noqa: F401 - entries refer to tickets

AIM_SECONDS, BATCH = 60, 10_000
BEGAN = datetime(2025, 1, 1, tzinfo=UTC)
ACTOR = terminal_actor("benchmark")


def fill(console: Console, count: int) -> None:
    """Given a prepared console, append entries in bulk until the chain has `count`; every second one has a text."""
    with console.read() as session:
        seq, head = audit.chain_head(session)
    while seq < count:
        rows, personal = [], []
        for row, part in entries(seq, min(count, seq + BATCH), head):
            rows.append(row)
            personal += part
        seq, head = rows[-1]["seq"], rows[-1]["hash"]
        with console.write() as session:
            session.execute(insert(audit.EventRow), rows)
            session.execute(insert(audit.PersonalRow), personal)


def entries(after: int, last: int, head: str) -> Iterator[tuple[dict[str, Any], list[dict[str, Any]]]]:
    """Given where the chain ends, yield the rows that go on from there, as tickets leave them."""
    for seq in range(after + 1, last + 1):
        at, text, salt = BEGAN + timedelta(seconds=seq), f"门诊缴费打不开 {seq}", secrets.token_bytes(16)
        part = [{"seq": seq, "field": "title", "text": text, "salt": salt}] if seq % 2 else []
        row = {
            "seq": seq, "subject": "ticket", "subject_id": f"GD-20250101-{seq:07d}", "ticket_id": None,
            "kind": "reported", "occurred_at": at, "recorded_at": at, "actor": "vendor", "side": "vendor",
            "channel": "电话", "grade": "B", "evidence": "[]",
            "facts": canonical({"type": "故障", "module": "门诊缴费", "needs_onsite": False}),
            "commitments": canonical({"title": commitment(salt, text)} if part else {}), "algorithm": ALGORITHM,
            "prev_hash": head,
        }  # fmt: skip
        head = row["hash"] = link(head, audit.body(row))
        yield row, part


def offline(path: Path) -> None:
    """Given an export, run the offline verifier on it. Raises CalledProcessError when it finds something."""
    subprocess.run([sys.executable, str(PROJECT / "docs" / "verify_chain.py"), str(path)], check=True, text=True)


def write(console: Console, path: Path) -> None:
    """Given a console and a path, export the chain there."""
    with path.open("w", encoding="utf-8") as file:
        file.writelines(export.export(console.read, ACTOR, "benchmark"))


def run(count: int) -> str:
    """Given the number of entries, measure and return the section."""
    with tempfile.TemporaryDirectory(prefix="ops-benchmark-") as root:
        console = Console(settings.load(PROJECT, {"OPS_DATA": root}))
        console.prepare()
        fill(console, count)
        path = Path(root) / "export.jsonl"
        seconds = {
            "`audit verify`: in the database, personal texts included": figures.timed(lambda: verify(console)),
            "`audit export`": figures.timed(lambda: write(console, path)),
            "`verify_chain.py` on the export, its own process": figures.timed(lambda: offline(path)),
        }
        size = path.stat().st_size >> 20
        console.close()
    return report(count, seconds, size)


def verify(console: Console) -> None:
    """Given a console, verify its whole chain. Raises ValueError when something is wrong with it."""
    verdict = chain_checks.verify(console.checking(), ACTOR.account)
    if verdict.outcome != "whole":
        raise ValueError(f"the chain is {verdict.outcome} at {verdict.first_broken}")


def report(count: int, seconds: dict[str, float], size: int) -> str:
    """Given the figures, return the section of README.md."""
    rows = [
        [name, f"{took:.1f}", f"{count / took:,.0f}".replace(",", " "), _aim(took)] for name, took in seconds.items()
    ]
    method = (
        f"a chain of {figures.number(count)} entries as tickets leave them, every second one with a personal text; one "
        f"process, one pass each; the export is {size} MiB. Aim ({figures.AIMS}; a million entries): < {AIM_SECONDS} s."
    )
    return figures.section("Chain", method, figures.table(["step", "s", "entries/s", "aim"], rows))


def _aim(took: float) -> str:
    return f"< {AIM_SECONDS} s {'✓' if took < AIM_SECONDS else '✗'}"


def main() -> None:
    """Measure the chain."""
    asked = figures.arguments(__doc__, entries=(int, 1_000_000, "entries of the chain"))
    figures.give("chain", run(asked.entries), readme=asked.readme)


if __name__ == "__main__":
    main()
