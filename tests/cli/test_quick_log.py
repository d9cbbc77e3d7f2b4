"""`log LINE` at the terminal: what a line says, before there is a house and with one; nothing done for a party."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

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


@pytest.mark.parametrize(("options", "code"), [((), 1), (("--said", "10"), 0)])
def test_a_chat_line_needs_to_be_told_when_it_was_said(terminal: Any, options: tuple[str, ...], code: int) -> None:  # noqa: F811
    said = terminal("log", "药房 处方打不开 微信群", *options)
    assert said.code == code
    assert ("是什么时候说的" in said.err) is (code == 1)
