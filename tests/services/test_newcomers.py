"""People by sheet: all or none, each fault at its cell, duties apart here too."""

from __future__ import annotations

from pathlib import Path

import pytest

from ops_console.console import Console
from ops_console.core.errors import Refused
from ops_console.core.people import terminal_actor
from ops_console.services import newcomers, people
from tests.conftest import HOSPITAL

ROOT = terminal_actor("root")
HEAD = "姓名,账号,角色,单位/科室,归属"


def sheet(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "people.csv"
    path.write_text("\n".join((HEAD, *lines)) + "\n", encoding="utf-8-sig")
    return path


def bring(console: Console, path: Path, *, skip_bad: bool = False) -> newcomers.Imported:
    console.first_accounts()
    return newcomers.import_people(console.newcomers, path, ROOT, console.now(), name=path.name, skip_bad=skip_bad)


def test_every_row_becomes_an_account_that_waits_for_the_security_administrator(
    console: Console, tmp_path: Path
) -> None:
    done = bring(console, sheet(tmp_path, "王科员,Wang.KY,信息科员,信息科,", "李经理,li.pm,乙方项目经理,乙方公司,",
                                "赵安全,zhao,安全管理员,信息科,甲方"))  # fmt: skip
    assert [(made.account, made.role) for made in done.made] == [
        ("wang.ky", "officer"), ("li.pm", "manager"), ("zhao", "security"),
    ]  # fmt: skip
    assert done.faults == ()
    with console.read() as session:
        rows = {row.account: row for row in people.everybody(session, ROOT)}
    assert all(rows[account].waits for account in ("wang.ky", "li.pm", "zhao"))
    assert (rows["wang.ky"].department, rows["zhao"].holder) == ("信息科", "hospital")


def test_the_same_sheet_again_changes_nothing(console: Console, tmp_path: Path) -> None:
    path = sheet(tmp_path, "王科员,wang,信息科员,信息科,")
    assert len(bring(console, path).made) == 1
    again = bring(console, path)
    assert (again.made, again.unchanged, again.faults) == ((), 1, ())


BAD = (
    "王科员,wang,信息科员,信息科,",
    ",li,信息科员,,",
    "赵六,9x,信息科员,,",
    "钱七,qian,院长助理,,",
    "孙八,wang,信息科员,,",
    "周九,vendor,审计员,,",
    "吴十,wu,安全管理员,,乙方",
    "郑一,zheng,信息科长,,甲方",
    "冯二,feng,系统管理员,,",
    "陈三,chen,审计员,,丙方",
)


def test_each_fault_stands_at_its_cell_and_nothing_is_made(console: Console, tmp_path: Path) -> None:
    done = bring(console, sheet(tmp_path, *BAD))
    assert done.made == ()
    assert [(fault.row, fault.column) for fault in done.faults] == [
        (3, "姓名"), (4, "账号"), (5, "角色"), (6, "账号"), (7, "账号"), (8, "归属"), (9, "归属"), (10, "归属"),
        (11, "归属"),
    ]  # fmt: skip
    with console.read() as session:
        assert "wang" not in {row.account for row in people.everybody(session, ROOT)}


def test_rows_at_fault_are_passed_over_where_asked(console: Console, tmp_path: Path) -> None:
    done = bring(console, sheet(tmp_path, *BAD), skip_bad=True)
    assert [made.account for made in done.made] == ["wang"]
    assert len(done.faults) == 9


@pytest.mark.parametrize(("count", "passes"), [(100, True), (101, False)])
def test_a_sheet_has_at_most_so_many_people(sqlite_console: Console, tmp_path: Path, count: int, passes: bool) -> None:
    path = sheet(tmp_path, *(f"某人,p{n},审计员,," for n in range(count)))
    if passes:
        assert len(bring(sqlite_console, path).made) == count
        return
    with pytest.raises(Refused, match="100"):
        bring(sqlite_console, path)


def test_a_missing_column_is_a_single_fault(sqlite_console: Console, tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("姓名,账号\n王五,wang\n", encoding="utf-8")
    (fault,) = bring(sqlite_console, path).faults
    assert fault.column == "角色"


def test_only_administrators_import_people(sqlite_console: Console, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="没有这项权限"):
        newcomers.import_people(
            sqlite_console.newcomers, sheet(tmp_path), HOSPITAL, sqlite_console.now(), name="people.csv"
        )
