"""`contract what-if` at the terminal: a month under other answers beside the present ones; nothing is stored."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tests.caps import fill
from tests.cli.test_commands import terminal  # noqa: F401 - a fixture
from tests.conftest import do, log_ticket
from tests.services.test_what_if_months import with_sheet
from tests.web.conftest import everything

MORNING = datetime.fromisoformat("2026-11-03T09:00:00+08:00")


def late_fault(console: Any) -> None:
    number = log_ticket(console, at=MORNING)
    do(console, number, "responded", at=MORNING.replace(minute=45))


def test_what_differs_is_printed_with_its_clauses(terminal: Any) -> None:  # noqa: F811
    console = terminal.console
    with_sheet(console)
    late_fault(console)
    before = everything(console)
    said = terminal("contract", "what-if", "2026-11", "K1=hotline")
    assert (said.code, said.err) == (0, "")
    lines = said.out.splitlines()
    assert any(line.startswith("* 得分  ") and line.endswith("[C-54]") for line in lines)
    assert any(line.startswith("* A1 ") and "1/1 扣 1 → 0/0 扣 0" in line for line in lines)
    assert "* C-15 工作时间故障响应  未达标 0/1 → 本月无发生 0/0  [C-15]" in lines
    assert any(line.startswith("  应付") for line in lines)
    assert everything(console) == before


def test_several_answers_and_json(terminal: Any) -> None:  # noqa: F811
    late_fault(terminal.console)
    fill(terminal.console, "C-29", 2)
    told = terminal("contract", "what-if", "2026-11", "K1=hotline", "K4=together", "--json").json
    assert (told["answers"], told["kept"], told["differs"]) == ({"K1": "hotline", "K4": "together"}, False, True)
    caps = {pair["name"]: (pair["old"]["reserved"], pair["new"]["reserved"]) for pair in told["beside"]["caps"]}
    assert (caps["C-29"], caps["C-31"]) == ((2, 0), (0, 2))


def test_no_difference_and_months_that_are_not_assessed_are_told(terminal: Any) -> None:  # noqa: F811
    assert "这个月没有差别。" in terminal("contract", "what-if", "2026-11", "K7=capped").out
    assert "是“未到”，不考核" in terminal("contract", "what-if", "2026-12", "K7=capped").out


def test_unknown_questions_answers_months_and_contracts_are_refused(terminal: Any) -> None:  # noqa: F811
    for given, told in (
        (("2026-11", "K99=x"), "没有 K99 这个问题"),
        (("2026-11", "K1=x"), "tighter、hotline"),
        (("11", "K1=hotline"), "不是月份"),
        (("2026-11", "K1=hotline", "--contract", "X-1"), "没有编号为 X-1 的合同"),
    ):
        said = terminal("contract", "what-if", *given)
        assert (said.code, said.out) == (1, "")
        assert told in said.err, given
    assert terminal("contract", "what-if", "2026-11").code == 2
