"""`log LINE` at the terminal: what a line says, before there is a house and with one; nothing done for a party."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ops_console.core.moments import ZONE
from ops_console.core.ticket_lists import Filter, Window
from ops_console.store import ticket_lists, tickets
from tests.cli.test_commands import run, terminal  # noqa: F401 - a fixture
from tests.conftest import NOON

LINE = "9:05 电话 药房刘药师 处方流转提交报错"
SAID = {
    "type": "故障", "module": "处方流转管理", "channel": "电话", "department": "药房", "reporter": "刘药师",
    "reported": "09:05",
}  # fmt: skip


def test_a_line_is_read_before_there_is_a_house_and_makes_none(tmp_path: Path) -> None:
    done = run(tmp_path / "none", "log", LINE, "--dry-run", "--json")
    assert (done.returncode, json.loads(done.stdout)) == (0, SAID), done.stderr
    assert not (tmp_path / "none").exists()


def test_what_is_not_said_is_null(tmp_path: Path) -> None:
    done = run(tmp_path / "none", "log", "王护士 个人信息里就诊人名字登错了一个字", "--dry-run", "--json")
    told = json.loads(done.stdout)
    assert (told["channel"], told["department"], told["reported"]) == (None, None, None)
    assert (told["type"], told["reporter"]) == ("数据纠错", "王护士")


def test_a_line_is_logged_and_not_answered_for_the_vendor(terminal: Any) -> None:  # noqa: F811
    said = terminal("log", LINE, "--json")
    assert (said.code, said.json | {"number": ""}) == (0, {"number": "", **SAID})
    with terminal.console.read() as session:
        found = tickets.by_number(session, said.json["number"])
    assert found is not None
    assert (found.type, found.responded_at) == ("故障", None)


def test_a_dry_run_in_a_house_keeps_nothing(terminal: Any) -> None:  # noqa: F811
    assert terminal("log", LINE, "--dry-run", "--json").json == SAID
    with terminal.console.read() as session:
        assert ticket_lists.page(session, Filter(), NOON, Window("number", descending=False, limit=1)) == []


@pytest.mark.parametrize(
    ("line", "options", "reported"),
    [
        ("药房 处方打不开 微信群", ("--said", "12"), "17:48"), ("药房 处方打不开 微信群", ("--said", "0"), "18:00"),
        ("药房 处方打不开 电话", (), None), ("昨天 21:00 药房 处方打不开 电话", (), "21:00"),
        ("半小时前 药房 处方打不开 电话", (), "17:30"), ("药房 处方打不开 电话", ("--said", "60"), "17:00"),
    ],
)  # fmt: skip
def test_the_time_that_was_stated_is_told_as_it_is_stored(
    terminal: Any,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
    line: str,
    options: tuple[str, ...],
    reported: str | None,
) -> None:
    monkeypatch.setattr("ops_console.cli.quick_log.settings_of_no_house", lambda: None)  # the terminal's house is there
    dry = terminal("log", line, *options, "--dry-run", "--json").json
    said = terminal("log", line, *options, "--json").json
    assert (dry["reported"], said["reported"]) == (reported, reported)
    assert list(dry) == list(SAID)
    with terminal.console.read() as session:
        found = tickets.by_number(session, said["number"])
    assert f"{found.reported_at.astimezone(ZONE):%H:%M}" == (reported or "18:00")


def test_a_day_without_a_time_is_refused_and_the_terminal_says_what_to_do(
    terminal: Any,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("ops_console.cli.quick_log.settings_of_no_house", lambda: None)
    said = terminal("log", "昨天 药房 处方打不开 电话")
    assert said.code == 1
    assert "开头的“昨天”读不出是几点" in said.err
    assert "--said 10" in said.err
    shown = terminal("log", "昨天 21:00 药房 处方打不开 电话", "--dry-run")
    assert "报修时间：11-19 21:00" in shown.out


@pytest.mark.parametrize(("options", "code"), [((), 1), (("--said", "10"), 0)])
def test_a_chat_line_needs_to_be_told_when_it_was_said(terminal: Any, options: tuple[str, ...], code: int) -> None:  # noqa: F811
    said = terminal("log", "药房 处方打不开 微信群", *options)
    assert said.code == code
    assert ("是什么时候说的" in said.err) is (code == 1)
