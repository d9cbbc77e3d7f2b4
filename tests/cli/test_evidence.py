"""`evidence MONTH --out FILE`: a package at the terminal, whole or not at all, recorded."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from ops_console.console import Console
from ops_console.store import audit
from tests.cli.test_commands import terminal
from tests.conftest import FakeClock
from tests.evidence import lived_october
from tests.signing import MONTH, OCTOBER
from tests.test_recalculate_month import program

assert terminal  # a fixture


@pytest.fixture
def clock() -> FakeClock:
    """A workday morning in October."""
    return FakeClock(OCTOBER)


def test_it_writes_the_package_and_says_its_hash(
    terminal: Any, sqlite_console: Console, clock: FakeClock, tmp_path: Path
) -> None:
    lived_october(sqlite_console, clock)
    path = tmp_path / "m.zip"
    said = terminal("evidence", MONTH, "--out", path, "--json")
    assert said.code == 0, said.err
    assert said.json["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert (said.json["month"], said.json["size"], said.json["withheld"]) == (MONTH, path.stat().st_size, 1)
    assert program().recalculate(path).rows == []
    with sqlite_console.read() as session:
        ((_seq, _id, event),) = audit.about(session, "evidence")
    assert event.actor.startswith("系统/")
    assert event.facts["file"] == said.json["sha256"]
    told = terminal("evidence", MONTH, "--out", tmp_path / "n.zip", "--contract", "YW-2025-001")
    assert said.json["sha256"] in told.out
    assert "1 个文件没有放入" in told.err
    assert path.read_bytes() == (tmp_path / "n.zip").read_bytes()


def test_it_refuses_and_leaves_nothing(
    terminal: Any, sqlite_console: Console, clock: FakeClock, tmp_path: Path
) -> None:
    said = terminal("evidence", MONTH, "--out", tmp_path / "m.zip")
    assert (said.code, said.out) == (1, "")
    assert "还没有冻结" in said.err
    lived_october(sqlite_console, clock)
    (tmp_path / "m.zip").write_bytes(b"mine")
    assert "已存在" in terminal("evidence", MONTH, "--out", tmp_path / "m.zip").err
    assert (tmp_path / "m.zip").read_bytes() == b"mine"
    assert "写不下去" in terminal("evidence", MONTH, "--out", tmp_path / "no" / "m.zip").err
    assert "没有编号为 X 的合同" in terminal("evidence", MONTH, "--out", tmp_path / "x.zip", "--contract", "X").err
    assert "不是月份" in terminal("evidence", "2026-13", "--out", tmp_path / "x.zip").err
    assert [path.name for path in tmp_path.glob("*.zip*")] == ["m.zip"]
    assert list(tmp_path.glob(".*.part")) == []
