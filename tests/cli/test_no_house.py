"""Where no console stands: commands refuse in one sentence and leave nothing; an import makes one, and says so."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ops_console import main
from ops_console.core.demo_places import MARK
from tests.real_services import plain
from tests.sheets import rows, write_sheet

COMMANDS = (
    ("audit", "verify"), ("audit", "export", "chain.jsonl"), ("audit", "anchor"),
    ("audit", "restored", "--reason", "x"),
    ("users", "list"), ("users", "add", "chief", "院长", "leader"), ("users", "reset", "chief"),
    ("users", "rights", "--on", "2026-03-05"),
    ("report", "sla", "--json"), ("sla", "explain", "GD-1"), ("jobs", "list"),
    ("jobs", "run", "tidy"), ("contract", "show"), ("doctor",),
)  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The data folder that was mistyped: it is not there."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPS_DATA", str(tmp_path / "mistyped"))
    return tmp_path / "mistyped"


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_command_on_a_mistyped_folder_is_refused_and_leaves_nothing(
    folder: Path, capsys: pytest.CaptureFixture[str], command: tuple[str, ...]
) -> None:
    assert main.main(list(command)) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert len(said.err.strip().splitlines()) == 1
    assert str(folder) in said.err and "OPS_DATA" in said.err
    assert list(folder.parent.iterdir()) == []


def test_an_empty_folder_and_an_empty_file_stay_as_they_are(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder.mkdir()
    assert main.main(["audit", "verify"]) == 1
    assert list(folder.iterdir()) == []
    (folder / "console.db").touch()
    assert main.main(["audit", "verify"]) == 1
    assert [(file.name, file.stat().st_size) for file in folder.iterdir()] == [("console.db", 0)]


def test_beside_a_demo_it_is_said_how_to_ask_the_demo(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    demo = folder.with_name("mistyped-demo")
    demo.mkdir()
    (demo / MARK).write_text("{}", encoding="utf-8")
    assert main.main(["report", "sla"]) == 1
    assert f"OPS_DATA={demo}" in capsys.readouterr().err


def test_an_import_makes_a_house_and_says_where(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sheet = write_sheet(folder.with_name("a.csv"), *rows(2))
    assert main.main(["import", "tickets", str(sheet), "--json"]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["imported"] == 2
    assert f"{folder} 里原来没有控制台，已在这里新建一个。" in said.err
    assert main.main(["import", "tickets", str(sheet), "--json"]) == 0
    assert "新建" not in capsys.readouterr().err
    assert main.main(["audit", "verify"]) == 0


def test_a_time_is_never_lost_for_want_of_a_house(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["log", "电话 药房刘药师 处方流转提交报错", "--json"]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["reporter"] == "刘药师"
    assert f"{folder} 里原来没有控制台，已在这里新建一个。" in said.err


def test_an_empty_postgresql_database_is_no_house(
    folder: Path, postgres_database: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OPS_DATABASE__URL", plain(postgres_database))
    assert main.main(["users", "list"]) == 1
    told = capsys.readouterr().err
    assert "数据库" in told and plain(postgres_database).rpartition("/")[2].partition("?")[0] in told
    assert not folder.exists()
    assert main.main(["log", "9:05 电话 药房刘药师 处方流转提交报错", "--dry-run", "--json"]) == 0
    assert not folder.exists()
