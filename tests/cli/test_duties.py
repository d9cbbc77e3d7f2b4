"""`duties list` at the terminal: the month's duties in words and as JSON; it only reads."""

from __future__ import annotations

from datetime import date
from typing import Any

from ops_console.store.duties import DutyRow
from tests.cli.test_commands import terminal  # noqa: F401 - a fixture
from tests.duties import agree, done, plan

CHECK = "C-33/inspection/2026-11-01/1"


def test_a_months_duties_are_listed_in_words_and_as_json(terminal: Any) -> None:  # noqa: F811
    console = terminal.console
    agree(console, date(2026, 10, 1))
    plan(console)
    done(console, CHECK)
    said = terminal("duties", "list")
    assert (said.code, said.err) == (0, "")
    assert [line.split("\t")[2:5] for line in said.out.splitlines()] == [
        ["C-27", "对账异常处理", "未到期"], ["C-27", "运营数据统计", "未到期"], ["C-33", "系统巡检", "待验收"],
    ]  # fmt: skip
    october = terminal("duties", "list", "--month", "2026-10", "--json").json
    assert {duty["state"] for duty in october} == {"missed"}
    inspection = terminal("duties", "list", "--json").json[-1]
    assert (inspection["key"], inspection["due_at"]) == (CHECK, "2026-11-30T15:59:59+00:00")
    assert len(inspection["evidence"]) == 1


def test_a_month_without_any_is_said_and_a_wrong_one_refused(terminal: Any) -> None:  # noqa: F811
    said = terminal("duties", "list")
    assert (said.code, said.out) == (0, "2026-11 没有到期的义务。\n")
    assert terminal("duties", "list", "--json").json == []
    wrong = terminal("duties", "list", "--month", "11")
    assert (wrong.code, wrong.out, "不是月份" in wrong.err) == (1, "", True)
    assert terminal("duties").code == 2


def test_the_terminal_makes_duties_by_its_job_and_speaks_for_nobody(terminal: Any) -> None:  # noqa: F811
    console = terminal.console
    agree(console)
    assert terminal("jobs", "run", "plan-duties").json["result"] == {"made": 3, "moved": 0}
    with console.read() as session:
        assert session.get(DutyRow, 1) is not None
    assert "deliver" not in terminal("duties", "--help").out
