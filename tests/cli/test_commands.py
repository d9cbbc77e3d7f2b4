"""The terminal as people use it: results alone on standard output, exit codes, and nothing done for a party."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from ops_console.cli import commands
from ops_console.cli.reports import percent, rate
from ops_console.console import PROJECT, Console
from ops_console.core.people import SYSTEM
from ops_console.services import contracts
from ops_console.services.reports import Count
from tests.breach_cases import agree, case_in
from tests.conftest import DATA, FakeClock, copy_sqlite, import_sheet
from tests.sheets import row, rows, write_sheet

COUNTS = ["rows", "imported", "completed", "corrected", "unchanged", "errors"]


def run(folder: Path, *arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the console as a process of its own on a data folder."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("OPS_")}
    given = {**clean, "OPS_DATA": str(folder), "PYTHONPATH": str(PROJECT), **environment}
    return subprocess.run(
        [sys.executable, "-m", "ops_console", *map(str, arguments)],
        env=given, capture_output=True, text=True, encoding="utf-8", timeout=120, check=False, cwd="/",
    )  # fmt: skip


class Said:
    """What a command did here and now: its exit code and its two outputs."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def terminal(
    sqlite_console: Console, clock: FakeClock, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Any:
    """Runs a command in this process, on a console that outlives it."""
    monkeypatch.setattr(sqlite_console, "close", lambda: None)

    def act(*arguments: object) -> Said:
        capsys.readouterr()
        clock.forward(seconds=1)
        try:
            code = commands.run([*map(str, arguments)], open_console=lambda **_: sqlite_console, serve=lambda: 0)
        except SystemExit as left:
            code = int(left.code or 0)
        said = capsys.readouterr()
        return Said(code, said.out, said.err)

    act.console = sqlite_console  # type: ignore[attr-defined]
    return act


def test_an_empty_folder_is_migrated_imports_the_year_and_reports_it_exactly(tmp_path: Path) -> None:
    folder = tmp_path / "neu"
    done = run(folder, "import", "tickets", DATA / "tickets-2026.csv", "--json")
    assert (done.returncode, list(json.loads(done.stdout))) == (0, COUNTS), done.stderr
    assert json.loads(done.stdout) == {
        "rows": 2344, "imported": 2344, "completed": 0, "corrected": 0, "unchanged": 0, "errors": [],
    }  # fmt: skip
    for name, as_of in (("", "2026-11-20T18:00:00+08:00"), ("-1007T1059", "2026-10-07T10:59:27+08:00")):
        told = run(folder, "report", "sla", "--from", "2026-01", "--to", "2026-11", "--as-of", as_of, "--json")
        expected = (DATA / f"tickets-2026.expected{name}.json").read_text(encoding="utf-8")
        assert told.returncode == 0
        assert json.loads(told.stdout) == json.loads(expected)
    assert (folder / "console.db").stat().st_mode & 0o077 == 0


def test_a_refused_sheet_says_so_and_exits_with_1(sqlite_template: Path, tmp_path: Path) -> None:
    copy_sqlite(sqlite_template, tmp_path / "data")
    done = run(tmp_path / "data", "import", "tickets", DATA / "tickets-messy.csv", "--json")
    result = json.loads(done.stdout)
    expected = json.loads((DATA / "tickets-messy.expected.json").read_text(encoding="utf-8"))
    assert done.returncode == 1
    assert [(e["row"], e["column"]) for e in result["errors"]] == [(e["row"], e["column"]) for e in expected]
    assert {tuple(error) for error in result["errors"]} == {("row", "column", "value", "message")}
    assert [result[name] for name in COUNTS[:5]] == [201, 0, 0, 0, 0]


def test_wrong_usage_exits_with_2_and_a_wrong_setting_with_1_on_standard_error(tmp_path: Path) -> None:
    usage = run(tmp_path / "data", "import", "nothing")
    assert (usage.returncode, usage.stdout) == (2, "")
    wrong = run(tmp_path / "data", "contract", "show", OPS_SERVER__PORT="abc", OPS_SERVER__PROT="1")
    assert (wrong.returncode, wrong.stdout) == (1, "")
    assert "server.port" in wrong.stderr
    assert "server.prot" in wrong.stderr
    assert "Traceback" not in wrong.stderr


def test_a_database_that_does_not_answer_is_one_sentence(tmp_path: Path) -> None:
    silent = run(tmp_path / "data", "contract", "show", OPS_DATABASE__URL="postgresql://ops@127.0.0.1:1/ops")
    assert (silent.returncode, silent.stdout) == (1, "")
    assert "数据库打不开" in silent.stderr
    assert "Traceback" not in silent.stderr


def test_a_file_in_place_of_the_database_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "console.db").write_bytes(b"no database " * 1000)
    broken = run(tmp_path, "contract", "show")
    assert (broken.returncode, broken.stdout) == (1, "")
    assert "数据库打不开" in broken.stderr
    assert "Traceback" not in broken.stderr


def test_a_dry_run_counts_and_writes_nothing(terminal: Any, tmp_path: Path) -> None:
    path = write_sheet(tmp_path / "a.csv", *rows(3))
    assert terminal("import", "tickets", path, "--dry-run", "--json").json["imported"] == 3
    assert terminal("import", "tickets", path, "--json").json["imported"] == 3


def test_bad_rows_skipped_still_exit_with_1(terminal: Any) -> None:
    said = terminal("import", "tickets", DATA / "tickets-messy.csv", "--skip-bad", "--json")
    assert (said.code, said.json["imported"], len(said.json["errors"])) == (1, 190, 11)


def test_an_import_for_people_tells_counts_and_each_error(terminal: Any) -> None:
    said = terminal("import", "tickets", DATA / "tickets-messy.csv")
    assert said.code == 1
    assert "未导入任何行" in said.out
    assert "共 201 行" in said.out
    assert said.out.count("\n  第 ") == 11


def test_what_is_ignored_or_left_goes_to_standard_error(terminal: Any, tmp_path: Path) -> None:
    terminal("import", "tickets", write_sheet(tmp_path / "a.csv", row()))
    path = write_sheet(tmp_path / "b.csv", row(标题="别的"))
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text(f"{lines[0]},备注\n{lines[1]},x\n", encoding="utf-8")
    said = terminal("import", "tickets", path, "--json")
    assert (said.code, said.json["unchanged"]) == (0, 1)
    assert "备注" in said.err
    assert "打不开" in said.err


def test_a_file_that_cannot_be_read_is_one_sentence(terminal: Any, tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(b"%PDF-1.7")
    for path, words in ((tmp_path / "none.csv", "none.csv"), (tmp_path / "a.pdf", "不是工单表"), (tmp_path, "读不到")):
        said = terminal("import", "tickets", path, "--json")
        assert (said.code, said.out) == (1, "")
        assert words in said.err
        assert len(said.err.strip().splitlines()) == 1


def test_a_missing_column_is_a_single_error(terminal: Any, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("单号,类型,系统模块,渠道,标题,报修时间,录入时间\nGD-1,x,y,z,,,\n", encoding="utf-8")
    said = terminal("import", "tickets", path, "--json")
    assert said.code == 1
    (error,) = said.json["errors"]
    assert (error["row"], error["column"]) == (1, "需到场")
    assert said.json["rows"] == 0


def test_a_report_for_people_shows_counts_beside_percentages(terminal: Any, tmp_path: Path) -> None:
    terminal("import", "tickets", write_sheet(tmp_path / "a.csv", row(), row(单号="GD-2", 响应时间="2026-11-19 09:40")))
    said = terminal("report", "sla", "--from", "2026-11", "--to", "2026-11")
    assert said.code == 0
    assert "50.0% (1/2)" in said.out
    empty = terminal("report", "sla", "--from", "2025-01", "--to", "2025-01")
    assert "%" not in empty.out.replace("百分比", "")
    assert terminal("report", "sla", "--from", "2025-01", "--to", "2025-01", "--json").json == {}


@pytest.mark.parametrize(
    "arguments",
    [
        ("--from", "2026-13"), ("--from", "2026-11", "--to", "2026-10"), ("--as-of", "yesterday"),
        ("--as-of", "2026-11-20T18:00:00"), ("--from", "1000-01", "--to", "2026-01"),
    ],
)  # fmt: skip
def test_a_report_of_nothing_sensible_is_refused(terminal: Any, arguments: tuple[str, ...]) -> None:
    said = terminal("report", "sla", *arguments, "--json")
    assert (said.code, said.out) == (1, "")
    assert said.err.strip()


def test_a_clock_is_explained(terminal: Any, tmp_path: Path) -> None:
    terminal("import", "tickets", write_sheet(tmp_path / "a.csv", row()))
    found = {item["clock"]: item for item in terminal("sla", "explain", row()["单号"], "--json").json}
    assert set(found) == {"response", "arrival", "repair"}
    response = found["response"]
    assert (response["limit"], response["class"], response["clause"]) == ("C-15", "work", "二.1.⑦")
    assert (response["active_seconds"], response["result"], response["limit_seconds"]) == (600, "met", 1800)
    assert [interval["counted"] for interval in response["intervals"]] == [True]
    said = terminal("sla", "explain", row()["单号"])
    assert (said.code, "二.1.⑦" in said.out) == (0, True)
    missing = terminal("sla", "explain", "GD-none")
    assert (missing.code, missing.out) == (1, "")
    early = terminal("sla", "explain", row()["单号"], "--as-of", "2026-01-01T00:00:00+08:00", "--json")
    assert (early.code, early.json) == (0, [])


def test_the_contract_is_shown_with_its_terms(terminal: Any) -> None:
    (version,) = terminal("contract", "show", "--json").json
    assert (version["number"], version["version"], version["state"]) == ("YW-2025-001", 1, "in_force")
    assert [limit["id"] for limit in version["terms"]["limits"]] == ["C-15", "C-16", "C-17", "C-18", "C-38"]
    shown = terminal("contract", "show").out
    assert "C-15  响应  工作时间  30 分  " in shown
    assert "C-38" in shown
    assert not [word for word in ("work", "off", " min") if word in shown]


def test_the_contract_tells_its_clauses_and_what_collides(terminal: Any) -> None:
    assert "  条款 58 条，问题 10 个（双方确认 0 个），上线日 2025-01-01" in terminal("contract", "show").out
    terms = terminal.console.settings.terms
    limits = (*terms.limits[:4], replace(terms.limits[4], except_types=()))
    with terminal.console.write() as session:
        changed = replace(terms, limits=limits, counts_from=date(2026, 12, 1))
        contracts.load(session, changed, terminal.console.now(), serving=True)
    shown = terminal("contract", "show").out
    assert "冲突：故障 工作时间 报修 → 响应 C-15 / C-38；不能结算" in shown
    newest, oldest = terminal("contract", "show", "--json").json
    assert [len(one["conflicts"]) for one in (newest, oldest)] == [2, 0]
    assert (newest["clauses"], newest["origin"], newest["go_live_on"]) == (58, "file", "2025-01-01")


def test_a_clause_is_explained_with_what_its_limit_goes_before(terminal: Any) -> None:
    told = terminal("contract", "explain", "C-38")
    assert (told.code, told.err) == (0, "")
    for words in ("维护期内实现7X24技术支持和2小时内响应", "口径 K1", "（默认）", "各管各的：C-15 故障"):
        assert words in told.out
    assert terminal("contract", "explain", "C-27").out.count("任务：每月至少 1 次") == 2
    terms = terminal.console.settings.terms
    agreed = replace(terms, chosen=(("K1", "hotline"),), counts_from=date(2026, 1, 1))
    with terminal.console.write() as session:
        made = contracts.add(
            session, 1, contracts.Draft(agreed, terms.digest()), SYSTEM, terminal.console.now(), "in_force"
        )
        assert made.version == 2
    told = terminal("contract", "explain", "C-38")
    assert "    优先于 C-15 故障" in told.out.splitlines()
    assert "    让位于 C-38 各类工单" in terminal("contract", "explain", "C-16").out.splitlines()
    assert terminal("contract", "explain", "C-38", "--json").json["before"] == ["C-15", "C-16"]
    assert terminal("contract", "explain", "C-16", "--json").json["behind"] == ["C-38"]


def test_there_is_no_such_clause_to_explain(terminal: Any) -> None:
    told = terminal("contract", "explain", "C-99")
    assert (told.code, told.out) == (1, "")
    assert "C-99" in told.err
    assert terminal("contract", "explain").code == 2


def test_a_proposed_change_of_the_contract_is_told_in_peoples_words(terminal: Any) -> None:
    console = terminal.console
    first, *others = console.settings.terms.limits
    terms = replace(console.settings.terms, limits=(replace(first, limit_seconds=2400), *others))
    with console.write() as session:
        contracts.load(session, terms, console.now(), serving=True)
    assert "  C-15 限时：30 分 → 40 分" in terminal("contract", "show").out.splitlines()


def test_accounts_are_added_reset_and_listed(terminal: Any) -> None:
    terminal.console.first_accounts()
    made = terminal("users", "add", "chief", "院长", "hospital", "--json").json
    again = terminal("users", "reset", "chief", "--json").json
    assert made["account"] == again["account"] == "chief"
    assert made["password"] != again["password"]
    listed = terminal("users", "list", "--json").json
    assert {person["account"]: person["role"] for person in listed} == {
        "sysadmin": "administrator", "hospital": "hospital", "vendor": "vendor", "chief": "hospital",
        "secadmin": "security", "auditadmin": "audit_administrator",
    }  # fmt: skip
    people = terminal("users", "list").out
    assert made["password"] not in people
    assert "sysadmin\t系统管理员\t系统管理员" in people
    assert "administrator" not in people
    twice = terminal("users", "add", "chief", "院长", "hospital")
    assert (twice.code, twice.out) == (1, "")
    assert terminal("users", "reset", "nobody").code == 1
    assert terminal("users", "add", "x1", "某人", "king").code == 2


def test_a_duty_is_refused_to_the_vendor_and_two_at_once_at_the_terminal_too(terminal: Any) -> None:
    terminal.console.first_accounts()
    for arguments in (
        ("sec2", "某人", "security"), ("sec2", "某人", "security", "--holder", "vendor"),
        ("chief2", "某人", "hospital", "--holder", "hospital"),
        ("secadmin", "某人", "administrator", "--holder", "third"),
    ):  # fmt: skip
        assert terminal("users", "add", *arguments).code == 1, arguments
    made = terminal("users", "add", "sec2", "某人", "security", "--holder", "hospital", "--json")
    assert made.code == 0
    listed = {person["account"]: person for person in terminal("users", "list", "--json").json}
    assert (listed["sec2"]["waits"], listed["sec2"]["holder"]) == (True, "hospital")


def test_people_are_imported_and_rights_of_a_day_told(terminal: Any, tmp_path: Path) -> None:
    terminal.console.first_accounts()
    path = tmp_path / "people.csv"
    path.write_text("姓名,账号,角色\n王科员,wang,信息科员\n李四,li,院长\n", encoding="utf-8")
    refused = terminal("import", "people", path, "--json")
    assert (refused.code, refused.json["made"]) == (1, [])
    assert [(error["row"], error["column"]) for error in refused.json["errors"]] == [(3, "角色")]
    done = terminal("import", "people", path, "--skip-bad", "--json")
    assert [made["account"] for made in done.json["made"]] == ["wang"]
    told = terminal("users", "rights", "--on", "2026-11-20", "--json").json
    held = {person["account"]: person for person in told["people"]}
    assert held["wang"]["permissions"] == []
    assert "people.manage" in held["sysadmin"]["permissions"]
    assert terminal("users", "rights", "--on", "2026-11-19", "--json").json["people"] == []
    before = terminal("users", "rights", "--on", "2026-11-19")
    assert (before.code, before.out.strip()) == (0, "2026-11-19 还没有任何账号。")
    held = terminal("users", "rights", "--on", "2026-11-20").out
    assert "auditadmin\t审计管理员\t审计管理员\t查看审计记录、查看账号与权限\n" in held
    assert "people.manage" not in held
    assert terminal("users", "rights", "--on", "2027-01-01").code == 1


@pytest.mark.parametrize("command", [("users", "rights", "--on"), ("demo", "--today")])
def test_what_is_no_date_is_refused_in_peoples_words(terminal: Any, command: tuple[str, ...]) -> None:
    said = terminal(*command, "2026-13-40")
    assert (said.code, said.out) == (2, "")
    assert "“2026-13-40”不是日期；请写成年-月-日，例如 2026-03-05。" in said.err
    assert "fromisoformat" not in said.err


def test_a_house_without_accounts_or_runs_says_so(terminal: Any) -> None:
    assert "还没有账号" in terminal("users", "list").out
    assert "还没有作业" in terminal("jobs", "list").out
    assert terminal("users", "list", "--json").json == terminal("jobs", "list", "--json").json == []


def test_jobs_are_run_and_listed(terminal: Any) -> None:
    assert terminal("jobs", "run", "recheck").json["status"] == "done"
    assert [run["job"] for run in terminal("jobs", "list", "--json").json] == ["recheck"]
    listed = terminal("jobs", "list").out
    assert "\t每夜自检\t完成\t" in listed
    assert "recheck" not in listed
    looked = terminal("jobs", "run", "find-flags").json
    assert (looked["status"], len(looked["result"]["months"])) == ("done", 2)
    refused = terminal("jobs", "run", "import-tickets")
    assert (refused.code, refused.out) == (1, "")


@pytest.mark.parametrize(
    "command",
    [
        "contract confirm",
        "contract approve",
        "tickets confirm",
        "suspensions decide",
        "corrections decide",
        "users disable",
    ],
)
def test_no_command_acts_for_a_party(terminal: Any, command: str) -> None:
    assert terminal(*command.split(), "1").code == 2


def test_help_stands_on_standard_output(terminal: Any) -> None:
    said = terminal("--help")
    assert said.code == 0
    assert "import" in said.out


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (Count(met=66, breached=1), "98.5% (66/67)"), (Count(met=1999, breached=1), "99.9% (1999/2000)"),
        (Count(met=2), "100.0% (2/2)"), (Count(running=3), "0/0 (3)"),
    ],
)  # fmt: skip
def test_a_percentage_stands_beside_its_numbers_and_is_never_of_nothing(count: Count, text: str) -> None:
    assert rate(count) == text
    assert percent(0, 3) == "0.0%"


def test_what_the_terminal_imports_is_recorded_under_the_systems_user(terminal: Any, tmp_path: Path) -> None:
    terminal("import", "tickets", write_sheet(tmp_path / "a.csv", row()))
    runs = terminal("jobs", "list")
    assert "系统/" in runs.out
    assert import_sheet(terminal.console, tmp_path / "a.csv")[1]["unchanged"] == 1


def test_breach_cases_are_listed_in_outline_and_clues_not_at_all(terminal: Any) -> None:
    agree(terminal.console)
    assert "没有已立案的安全事故" in terminal("breaches", "list").out
    case_in(terminal.console, "clue")
    assert terminal("breaches", "list", "--json").json == []
    number = case_in(terminal.console, "upheld")
    assert terminal("breaches", "list", "--json").json == [{"number": number, "state": "upheld", "month": "2026-11"}]
    told = terminal("breaches", "list")
    assert (told.code, told.out) == (0, f"{number}\t认定成立，待审批\t2026-11\n")
    for word in ("file", "find", "approve", "show"):
        assert terminal("breaches", word, number).code == 2
