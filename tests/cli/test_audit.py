"""`audit` and `doctor` at the terminal: results on standard output alone, exit codes, whole files or none."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text

from ops_console.adapters.host import open_to_others, readable_by_others
from ops_console.core.people import SYSTEM
from ops_console.services import anchors
from ops_console.store import jobs as store
from ops_console.store.audit import EventRow
from tests.cli.test_commands import run, terminal
from tests.conftest import copy_sqlite, log_ticket
from tests.services.test_chain_checks import as_owner, offline

__all__ = ["terminal"]  # a fixture


def kinds(terminal: Any) -> list[str]:
    with terminal.console.read() as session:
        return list(session.scalars(select(EventRow.kind).order_by(EventRow.seq)))


def test_verify_says_whole_and_then_names_the_first_broken_entry(terminal: Any) -> None:
    log_ticket(terminal.console)
    whole = terminal("audit", "verify", "--json")
    assert (whole.code, whole.json["outcome"], whole.json["first_broken"], whole.err) == (0, "whole", None, "")
    assert kinds(terminal)[-1] == "chain_verified"
    as_owner(terminal.console, "UPDATE event SET actor = 'x' WHERE seq = 2")
    broken = terminal("audit", "verify", "--json")
    assert (broken.code, broken.json["outcome"], broken.json["first_broken"]) == (1, "broken", 2)
    told = terminal("audit", "verify")
    assert (told.code, told.out.splitlines()[1]) == (
        1,
        "第 2 条的内容与它的哈希不符：内容、时间或人员在写入之后被改动。",
    )


def test_export_writes_a_whole_file_that_the_offline_verifier_takes(terminal: Any, tmp_path: Path) -> None:
    log_ticket(terminal.console, title="标题甲")
    path, before = tmp_path / "a.jsonl", len(kinds(terminal))
    done = terminal("audit", "export", path, "--json")
    assert (done.code, done.json) == (0, {"file": str(path), "entries": before + 1, "personal": False})
    assert kinds(terminal)[-1] == "audit_exported"
    assert path.stat().st_mode & 0o077 == 0
    assert offline(path)[0] == 0
    assert "标题甲" not in path.read_text(encoding="utf-8")
    assert terminal("audit", "export", path, "--personal", "yes").code == 0
    assert "标题甲" in path.read_text(encoding="utf-8")
    assert terminal("audit", "export", path, "--from", "3", "--json").json["entries"] == before + 3 - 2


def test_an_export_that_cannot_be_written_leaves_the_old_file_and_no_rest(terminal: Any, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("old", encoding="utf-8")
    for wrong in ("0", "99"):
        assert terminal("audit", "export", path, "--from", wrong).code == 1
    assert terminal("audit", "export", tmp_path / "none" / "a.jsonl").code == 1
    assert [file.name for file in tmp_path.iterdir() if file.is_file()] == ["a.jsonl"]
    assert path.read_text(encoding="utf-8") == "old"


def test_anchor_prints_the_days_line_and_is_the_same_twice(terminal: Any) -> None:
    count = len(kinds(terminal))
    first, again = terminal("audit", "anchor"), terminal("audit", "anchor")
    assert first.out.startswith(f"日锚 2026-11-20 #{count} ")
    assert first.out == again.out
    assert terminal("audit", "anchor", "--json").json["anchor"]["count"] == count


def test_restored_is_refused_while_nothing_is_missing_and_asks_for_a_reason(terminal: Any) -> None:
    refused = terminal("audit", "restored", "--reason", "x")
    assert (refused.code, refused.out) == (1, "")
    assert "没有需要登记的缺口" in refused.err
    assert terminal("audit", "restored").code == 2


def test_restored_names_the_gap(terminal: Any) -> None:
    console = terminal.console
    log_ticket(console)
    count = len(kinds(terminal))
    anchors.make_today(console.anchoring(), SYSTEM, console.now())
    as_owner(console, "DELETE FROM event_personal", f"DELETE FROM event WHERE seq >= {count}")
    done = terminal("audit", "restored", "--reason", "磁盘损坏", "--json")
    assert (done.code, done.json["lost_to"], len(done.json["anchors"])) == (0, count, 1)
    assert "restored" in kinds(terminal)


# -- doctor -----------------------------------------------------------------------------------------------------------


def looked(terminal: Any) -> tuple[int, dict[str, str]]:
    said = terminal("doctor", "--json")
    return said.code, {one["name"]: one["level"] for one in said.json["looked"]}


def test_doctor_finds_a_sound_installation_sound_and_says_what_sqlite_cannot(terminal: Any) -> None:
    console = terminal.console
    console.settings.data_folder.chmod(0o700)
    (console.settings.data_folder / "console.db").chmod(0o600)
    with console.write() as session:
        store.beat(session, "due", "host", console.now() + timedelta(seconds=1), "")
    code, levels = looked(terminal)
    found = {name for name, level in levels.items() if level == "wrong"} - {
        "writable_files"
    }  # the checkout's own modes
    assert found == set()
    assert (levels["loops"], levels["address"]) == ("ok", "warning")
    assert {"receiver_hospital": "warning", "receiver_vendor": "warning"}.items() <= levels.items()
    assert "拿到数据库文件的人可以改写它" in terminal("doctor").out
    assert "http://127.0.0.1:8000 只在这台电脑上能打开" in terminal("doctor").out


def test_doctor_says_what_is_wrong(terminal: Any) -> None:
    console = terminal.console
    with console.write() as session:
        session.execute(text("DROP TRIGGER event_no_delete"))
        session.execute(text("DROP TRIGGER event_no_update"))
        session.execute(text("UPDATE event SET actor = 'x' WHERE seq = 1"))
    (console.settings.data_folder / "secret.key").write_bytes(b"x" * 32)
    (console.settings.data_folder / "secret.key").chmod(0o666)
    code, levels = looked(terminal)
    wrong = {name for name, level in levels.items() if level == "wrong"}
    assert code == 1
    assert wrong >= {"triggers", "chain", "writable_files", "readable_files"}
    told = terminal("doctor").out
    assert "event_no_delete" in told and "secret.key" in told and "第 1 条" in told


def test_modes_are_looked_at_through_folders_and_not_through_links(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "a").write_text("x")
    (folder / "link").symlink_to("/tmp")
    for path in (folder, folder / "deep", folder / "deep" / "a"):
        path.chmod(0o700)
    assert open_to_others([folder, tmp_path / "none"]) == []
    for mode in (0o720, 0o702):
        (folder / "deep" / "a").chmod(mode)
        assert open_to_others([folder]) == [str(folder / "deep" / "a")]
    (folder / "deep" / "a").chmod(0o704)
    assert readable_by_others([folder / "deep" / "a", tmp_path / "none"]) == [str(folder / "deep" / "a")]


@pytest.mark.parametrize("command", [("audit", "verify"), ("doctor",), ("audit", "anchor")])
def test_the_commands_run_as_processes_of_their_own(
    sqlite_template: Path, tmp_path: Path, command: tuple[str, ...]
) -> None:
    copy_sqlite(sqlite_template, tmp_path / "data")
    done = run(tmp_path / "data", *command, "--json")
    assert done.returncode in (0, 1), done.stderr
    assert json.loads(done.stdout)
    assert "Traceback" not in done.stderr
