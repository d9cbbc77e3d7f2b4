"""`demo` at the terminal: its own folder, never a real console's; taken again, built anew, begun again."""

from __future__ import annotations

import json
import os
import sqlite3
from datetime import datetime
from pathlib import Path

import pytest

from ops_console import main
from ops_console.adapters.demo.folder import DemoFolder
from ops_console.core.demo_places import CONTRACT, MARK, PEOPLE
from ops_console.core.errors import Refused
from tests.conftest import MASTER_KEY

DAY = "2026-01-01"


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The site's data folder, that is not there yet."""
    folder = tmp_path / "data"
    monkeypatch.setenv("OPS_DATA", str(folder))
    monkeypatch.setattr(main, "serve", lambda folder=None, demo_host="": demo_host or 7)
    return folder


def run(*arguments: str) -> int:
    """Run `demo` as the terminal does."""
    return main.main(["demo", "--today", DAY, *arguments])


def contract_of(folder: Path) -> str:
    """The number of the contract in a folder's database."""
    with sqlite3.connect(folder / "console.db") as connection:
        return str(connection.execute("SELECT number FROM contract").fetchone()[0])


def test_demo_is_built_aside_and_taken_again(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--build-only", "--json") == 0
    said = json.loads(capsys.readouterr().out)
    folder = data.with_name("data-demo")
    assert said["folder"] == str(folder)
    assert {key["account"] for key in said["accounts"]} == {person.account for person in PEOPLE}
    assert contract_of(folder) == CONTRACT
    assert not data.exists()
    before = (folder / "console.db").read_bytes()
    assert run("--build-only") == 0
    told = capsys.readouterr()
    assert told.out == ""  # no password a second time
    assert "--fresh" in told.err
    assert f"OPS_DATA={folder} python3 run.py report sla" in told.err
    assert (folder / "console.db").read_bytes() == before
    assert run() == 7  # serves
    for wrong in ("0.0.0.0", "xx"):
        with pytest.raises(SystemExit):
            run("--host", wrong)
        assert f"“{wrong}”不是这台电脑的一个 IP 地址" in capsys.readouterr().err
    _is_no_real_console(folder, capsys)


def _is_no_real_console(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without its mark the demo's database is not served, whatever config.toml says."""
    (folder / MARK).unlink()
    os.environ["OPS_DATA"] = str(folder)
    capsys.readouterr()
    assert main.main(["users", "list"]) == 1
    assert "演示" in capsys.readouterr().err


def test_an_interrupted_build_is_begun_again(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    aside, _ = DemoFolder(data).begin(DAY)
    (aside / "console.db").write_bytes(b"half")
    assert run("--build-only") == 0
    assert "从头再建" in capsys.readouterr().err
    assert DemoFolder(data).mark() is not None
    assert not aside.exists()


def test_two_do_not_build_one_folder_at_once(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = DemoFolder(data)
    aside, _ = other.begin(DAY)
    assert run("--build-only") == 1
    assert "另一个进程正在这里建演示年" in capsys.readouterr().err
    assert aside.exists()
    other.finish(DAY, _noon(DAY), 3)
    assert DemoFolder(data).begin(DAY)[0] == aside


def test_a_real_console_is_never_touched(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = data.with_name("data-demo")
    folder.mkdir()
    (folder / "console.db").write_bytes(b"of a hospital")
    assert run("--build-only", "--fresh") == 1
    assert str(folder) in capsys.readouterr().err
    assert (folder / "console.db").read_bytes() == b"of a hospital"


def test_a_real_database_with_the_mark_beside_it_is_refused(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data.mkdir()
    (data / "master.key").write_text(MASTER_KEY, encoding="ascii")
    main.open_console().close()
    assert main.main(["users", "list"]) == 0
    (data / MARK).write_text("{}", encoding="utf-8")
    assert main.main(["users", "list"]) == 1
    assert "demo.json" in capsys.readouterr().err


def test_an_older_demo_gives_way_to_a_whole_one(tmp_path: Path) -> None:
    folder = DemoFolder(tmp_path / "data")
    for day in ("2026-01-01", "2026-01-02"):
        aside, was_interrupted = folder.begin(day)
        assert not was_interrupted
        (aside / day).touch()
        folder.finish(day, _noon(day), 3)
    mark = folder.mark()
    assert mark is not None
    assert (mark.day, mark.tickets) == ("2026-01-02", 3)
    assert not (folder.path / "2026-01-01").exists()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["data-demo"]
    assert DemoFolder(folder.path).path == folder.path  # pointed at itself, it is itself


def _noon(day: str) -> datetime:

    return datetime.fromisoformat(f"{day}T12:00:00+08:00")


def test_a_file_in_the_way_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data-demo").write_text("a file")
    with pytest.raises(Refused, match="不是演示数据"):
        DemoFolder(tmp_path / "data").mark()
