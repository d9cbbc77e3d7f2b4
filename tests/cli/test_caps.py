"""`caps list` at the terminal: what the page shows, to be read alone."""

from __future__ import annotations

from typing import Any

from ops_console.core.terms import Opening
from tests.caps import accept, approve, ask, fill, load_caps, load_without_caps
from tests.cli.test_commands import terminal  # noqa: F401 - a fixture


def test_the_year_is_listed_with_its_counts_and_entries(terminal: Any) -> None:  # noqa: F811
    console = terminal.console
    load_caps(console, Opening("C-31", 2, 5, "会签单"))
    accept(console, fill(console, "C-29", 2)[0])
    ask(console, "C-25", title="秋季疫苗海报")
    said = terminal("caps", "list")
    assert said.code == 0
    assert "YW-2025-001 第 2 合同年（2026-01-01 至 2026-12-31）" in said.out
    assert "C-31 客户化开发  5/8  期初 5  已核销 0  已占用 0  拟占用 0  超额待商定 0" in said.out
    assert "C-29 政策性修改  2/8  期初 0  已核销 1  已占用 1" in said.out
    assert "  #3  拟占用  秋季疫苗海报\n" in said.out
    assert said.err == ""


def test_as_json_it_holds_numbers_and_instants(terminal: Any) -> None:  # noqa: F811
    console = terminal.console
    load_caps(console)
    fill(console, "C-29", 8)
    assert approve(console, ask(console, title="第 9 项")) == "held"
    told = terminal("caps", "list", "--year", "2", "--json").json
    assert told == terminal("caps", "list", "--year", "2026", "--json").json
    assert (told["year"], told["first"], told["last"]) == (2, "2026-01-01", "2026-12-31")
    cap = next(one for one in told["caps"] if one["clause"] == "C-29")
    assert {name: cap[name] for name in ("limit", "taken", "reserved", "held", "stage")} == {
        "limit": 8, "taken": 8, "reserved": 8, "held": 1, "stage": "full",
    }  # fmt: skip
    last = cap["entries"][-1]
    assert (last["state"], last["title"], last["approved_at"]) == ("held", "第 9 项", None)
    assert terminal("caps", "list", "--year", "3", "--json").json["caps"][2]["taken"] == 0


def test_a_year_that_is_not_and_a_contract_without_caps_are_told(terminal: Any) -> None:  # noqa: F811
    load_without_caps(terminal.console)
    said = terminal("caps", "list", "--year", "9")
    assert (said.code, said.out) == (1, "")
    assert "没有第 9 合同年" in said.err
    assert "没有年度额度条款" in terminal("caps", "list").out
    assert terminal("caps").code == 2
