"""`scores show`: the sheet in force at the terminal, read only."""

from __future__ import annotations

import pytest

from ops_console.core.plain import made
from ops_console.core.score_preset import PRESET
from ops_console.core.scores import Sheet
from tests.cli.test_commands import terminal  # noqa: F401 - a fixture
from tests.services.test_score_money import ON
from tests.services.test_score_money import confirm as confirm_basis
from tests.services.test_score_money import propose as propose_basis
from tests.services.test_scores import confirm, propose


def test_without_a_sheet_it_says_so(terminal) -> None:  # type: ignore[no-untyped-def]  # noqa: F811
    done = terminal("scores", "show")
    assert (done.code, done.out) == (0, "2026-11 没有生效的评分表。\n")
    assert terminal("scores", "show", "--json").json == {"month": "2026-11", "version": None, "money_basis": ""}


def test_the_sheet_in_force_is_shown_for_a_month(terminal) -> None:  # type: ignore[no-untyped-def]  # noqa: F811
    confirm(terminal.console, propose(terminal.console, month="2026-12"))
    confirm_basis(terminal.console, propose_basis(terminal.console))
    assert "没有生效" in terminal("scores", "show").out
    lines = terminal("scores", "show", "--month", "2026-12").out.splitlines()
    assert lines[0].startswith("示例-100分制  第 1 版  自 2026-12 起  指纹 ")
    assert lines[1] == (
        "A1      8  工作时间故障响应  “工作时间响应超时”每次扣 1 分；“工作时间响应未证实”每次扣 0.5 分  （工单）"
    )
    assert len(lines) == 1 + len(PRESET.items) + len(PRESET.grades) + 1
    assert lines[-1] == f"得分影响金额：{ON.document} {ON.signed_on}"
    told = terminal("scores", "show", "--month", "2026-12", "--json").json
    assert (told["version"]["number"], told["version"]["from"], told["money_basis"]) == (1, "2026-12", lines[-1][7:])
    assert made(Sheet, told["version"]["sheet"]) == PRESET


@pytest.mark.parametrize("month", ["2026-13", "x", ""])
def test_what_is_no_month_is_refused(terminal, month: str) -> None:  # type: ignore[no-untyped-def]  # noqa: F811
    done = terminal("scores", "show", "--month", month)
    assert (done.code, bool(done.err)) == ((0, False) if not month else (1, True))


def test_nothing_else_is_offered(terminal) -> None:  # type: ignore[no-untyped-def]  # noqa: F811
    assert terminal("scores", "confirm", "1").code == 2
