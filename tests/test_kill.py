"""kill -9 while eight clients create tickets: every acknowledged one is there, whole, and the chain holds."""

from __future__ import annotations

from pathlib import Path

from benchmarks.create import Killed, killed, token_of
from benchmarks.load import open_console
from ops_console.console import utc_now
from tests.real_services import plain
from tests.web.conftest import person

BEFORE_THE_KILL = 60  # the figure of `benchmarks/create.py` takes five hundred


def kill(folder: Path, **database: str) -> Killed:
    console = open_console(folder, utc_now, **database)
    with console.write() as session:
        session.add(person("vendor", "vendor"))
    console.close()
    return killed(folder, token_of(folder, **database), after=BEFORE_THE_KILL, **database)


def test_an_acknowledged_ticket_outlives_a_kill(tmp_path: Path) -> None:
    found = kill(tmp_path / "house")

    assert found.whole == found.acknowledged >= BEFORE_THE_KILL


def test_an_acknowledged_ticket_outlives_a_kill_on_postgresql(tmp_path: Path, postgres_database: str) -> None:
    found = kill(tmp_path / "house", OPS_DATABASE__URL=plain(postgres_database))

    assert found.whole == found.acknowledged >= BEFORE_THE_KILL
