"""Tampering with a real database: `audit verify` names the first broken entry, and the offline verifier agrees."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError

from ops_console.console import PROJECT, Console
from ops_console.core.chain import link
from ops_console.core.errors import Refused
from ops_console.core.people import SYSTEM, terminal_actor
from ops_console.core.tickets import Event
from ops_console.jobs.schedule import PLANS
from ops_console.services import anchors, chain_checks, chain_failures
from ops_console.services import audit as trail
from ops_console.services.chain_checks import Verdict
from ops_console.services.jobs import LEASE, Run, Runs
from ops_console.store import audit, jobs, notices
from ops_console.store import chain_checks as store
from ops_console.store.audit import EventRow
from ops_console.store.messages import OutboxRow
from tests.conftest import HOSPITAL as CHIEF
from tests.conftest import NOON, FakeClock, copy_sqlite, log_ticket, make_console
from tests.conftest import VENDOR as ENGINEER

PROVED = datetime.max.replace(tzinfo=UTC)  # each gave a second factor just now
HOSPITAL, VENDOR = (replace(actor, proved_until=PROVED) for actor in (CHIEF, ENGINEER))

TERMINAL = terminal_actor("test")
VERIFIER = PROJECT / "docs" / "verify_chain.py"
POSTGRES_GUARDS = ("event", "event_personal", "anchor")


@pytest.fixture
def ten(console: Console, clock: FakeClock) -> Console:
    """A console with ten notes on its chain, each with a personal text, then an anchor, then three notes more."""
    for number in range(10):
        note(console, str(number))
    anchors.make_today(console.anchoring(), SYSTEM, console.now())
    for number in range(10, 13):
        note(console, str(number))
    return console


def note(console: Console, name: str) -> None:
    at = console.now()
    event = Event("noted", at, at, "test", "neutral", facts={"name": name}, personal={"reporter": f"病人 {name}"})
    with console.write() as session:
        audit.append(session, "test", name, event)


def number_of(console: Console, name: str) -> int:
    with console.read() as session:
        return session.scalars(select(EventRow.seq).where(EventRow.subject_id == name)).one()


def as_owner(console: Console, *statements: str) -> None:
    """As whoever owns the database would: guards off, the rows changed, guards on again as if nothing had been."""
    if console.database.is_sqlite:
        with console.write() as session:
            guards = session.execute(text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")).all()
            off, on = [f"DROP TRIGGER {guard.name}" for guard in guards], [guard.sql for guard in guards]
            for statement in (*off, *statements, *on):
                session.execute(text(statement.replace(":", "\\:")))
        return
    off, on = ([f"ALTER TABLE {t} {act} TRIGGER USER" for t in POSTGRES_GUARDS] for act in ("DISABLE", "ENABLE"))
    with console.database.engine.begin() as connection:
        for statement in (*off, *statements, *on):
            connection.execute(text(statement.replace(":", "\\:")))


def verify(console: Console) -> Verdict:
    return chain_checks.verify(console.checking(), "test")


def exported(console: Console, path: Path, **given: Any) -> Path:
    path.write_text("".join(trail.export(console.read, TERMINAL, "YW-2025-001", **given)), encoding="utf-8")
    return path


def offline(path: Path, *more: object) -> tuple[int, Any]:
    """Run the offline verifier as an auditor would, with nothing of ours on the path."""
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(VERIFIER), str(path), *map(str, more), "--json"], cwd="/",
        capture_output=True, text=True, encoding="utf-8", timeout=60, check=False,
    )  # fmt: skip
    assert done.stderr == ""
    return done.returncode, json.loads(done.stdout)["told"]


def kept_anchors(console: Console, path: Path) -> Path:
    """The anchors as a party holds them: taken away before anything was changed."""
    shutil.copy(console.settings.data_folder / "anchors.jsonl", path)
    return path


def forge_tail(console: Console, seq: int, **changed: str) -> list[str]:
    """Rewrite one entry and link everything after it anew, as somebody who knows the format can."""
    with console.read() as session:
        rows = [r._asdict() for r in session.execute(select(EventRow.__table__).where(EventRow.seq >= seq)).all()]
    statements, head = [], rows[0]["prev_hash"]
    rows[0] |= changed
    for row in sorted(rows, key=lambda r: r["seq"]):
        row["prev_hash"], row["hash"] = head, link(head, audit.body(row))
        head = row["hash"]
        statements.append(
            f"UPDATE event SET kind = '{row['kind']}', prev_hash = 'x{row['prev_hash'][1:]}', hash = '{row['hash']}' "
            f"WHERE seq = {row['seq']}"
        )
        statements.append(f"UPDATE event SET prev_hash = '{row['prev_hash']}' WHERE seq = {row['seq']}")
    return statements


def swapped(one: int, other: int) -> list[str]:
    steps = [(one, -1), (other, one), (-1, other)]
    return [f"DELETE FROM event_personal WHERE seq IN ({one}, {other})"] + [
        f"UPDATE event SET seq = {to} WHERE seq = {was}" for was, to in steps
    ]


Edit = Callable[[Console, int], tuple[list[str], str, int]]  # -> statements, kind of the first finding, its entry
EDITS: dict[str, Edit] = {
    "facts edited": lambda _c, n: ([f'UPDATE event SET facts = \'{{"name":"x"}}\' WHERE seq = {n}'], "content", n),
    "a blank put into the facts": lambda _c, n: (
        [f'UPDATE event SET facts = \'{{"name": "4"}}\' WHERE seq = {n}'], "content", n,
    ),
    "facts with a key twice": lambda _c, n: (
        [f'UPDATE event SET facts = \'{{"name":"4","name":"4"}}\' WHERE seq = {n}'], "unreadable", n,
    ),
    "a float in the facts": lambda _c, n: (
        [f"UPDATE event SET facts = '{{\"name\":4.0}}' WHERE seq = {n}"], "unreadable", n,
    ),
    "time it happened shifted": lambda _c, n: (
        [f"UPDATE event SET occurred_at = '2026-01-01 00:00:00+00:00' WHERE seq = {n}"], "content", n,
    ),
    "time it was recorded shifted": lambda _c, n: (
        [f"UPDATE event SET recorded_at = '2026-11-20 10:00:00.000001+00:00' WHERE seq = {n}"], "content", n,
    ),
    "another actor": lambda _c, n: ([f"UPDATE event SET actor = 'hospital' WHERE seq = {n}"], "content", n),
    "another side": lambda _c, n: ([f"UPDATE event SET side = 'hospital' WHERE seq = {n}"], "content", n),
    "two swapped": lambda _c, n: (swapped(n, n + 2), "content", n),
    "one deleted in the middle": lambda _c, n: (
        [f"DELETE FROM event_personal WHERE seq = {n}", f"DELETE FROM event WHERE seq = {n}"], "missing", n,
    ),
    "the first deleted": lambda _c, _n: (["DELETE FROM event WHERE seq = 1"], "missing", 1),
    "tail cut below the anchor": lambda c, n: (
        [f"DELETE FROM event_personal WHERE seq >= {n}", f"DELETE FROM event WHERE seq >= {n}"],
        "anchor_cut", number_of(c, "9"),
    ),
    "one recomputed alone": lambda c, n: (forge_tail(c, n, kind="forged")[:2], "linked", n + 1),
    "everything after it linked anew": lambda c, n: (
        forge_tail(c, n, kind="forged"), "anchor_other", number_of(c, "9"),
    ),
    "personal text altered": lambda _c, n: (
        [f"UPDATE event_personal SET text = '另一个人' WHERE seq = {n}"], "personal", n,
    ),
    "personal row removed": lambda _c, n: ([f"DELETE FROM event_personal WHERE seq = {n}"], "personal_missing", n),
    "text emptied, salt kept": lambda _c, n: (
        [f"UPDATE event_personal SET text = NULL WHERE seq = {n}"], "personal", n,
    ),
    "anchor altered": lambda _c, _n: (["UPDATE anchor SET seq = 10"], "anchor_altered", 10),
    "anchor deleted": lambda c, _n: (["DELETE FROM anchor"], "anchor_lost", number_of(c, "9")),
}  # fmt: skip
UNSEEN_OFFLINE = ("text emptied, salt kept", "personal row removed", "anchor altered", "anchor deleted")


def test_an_untouched_chain_is_whole_here_and_offline(ten: Console, tmp_path: Path) -> None:
    held = kept_anchors(ten, tmp_path / "held.jsonl")
    verdict = verify(ten)
    assert (verdict.outcome, verdict.findings, verdict.first_broken) == ("whole", (), None)
    code, told = offline(exported(ten, tmp_path / "a.jsonl", personal=True), "--anchors", held)
    assert (code, [one["kind"] for one in told]) == (0, ["ok", "anchors_ok"])
    assert told[0]["count"] == verdict.last_seq + 1  # the verification itself


@pytest.mark.parametrize("edit", EDITS)
def test_an_edit_is_found_at_its_entry_and_the_offline_verifier_agrees(ten: Console, tmp_path: Path, edit: str) -> None:
    held = kept_anchors(ten, tmp_path / "held.jsonl")
    statements, kind, seq = EDITS[edit](ten, number_of(ten, "4"))

    as_owner(ten, *statements)
    export = exported(ten, tmp_path / "a.jsonl", personal=True)
    verdict = verify(ten)

    assert verdict.outcome == "broken"
    assert (verdict.findings[0].kind, verdict.findings[0].seq) == (kind, seq)
    assert verdict.first_broken == seq
    code, told = offline(export, "--anchors", held)
    if edit in UNSEEN_OFFLINE:
        return
    kinds = {"unreadable": "json"}
    assert code == 1
    first = told[0] if told[0]["kind"] != "ok" else told[1]
    assert (first["kind"], first["seq"]) == (kinds.get(kind, kind), seq)


def test_two_entries_of_one_number_or_one_predecessor_cannot_be_stored(ten: Console) -> None:
    same = (
        "INSERT INTO event SELECT {0}, subject, subject_id, ticket_id, kind, occurred_at, recorded_at, actor, side, "
        "channel, grade, evidence, facts, commitments, algorithm, {1}, hash FROM event WHERE seq = 4"
    )
    for seq, prev in (("4", "'x'"), ("99", "prev_hash")):
        with pytest.raises(IntegrityError), ten.write() as session:
            session.execute(text(same.format(seq, prev)))


def test_a_purged_text_is_counted_and_no_fault(ten: Console, tmp_path: Path) -> None:
    with ten.write() as session:
        session.execute(text(f"UPDATE event_personal SET text = NULL, salt = NULL WHERE seq = {number_of(ten, '4')}"))
    verdict = verify(ten)
    assert (verdict.outcome, verdict.purged) == ("whole", 1)
    code, told = offline(exported(ten, tmp_path / "a.jsonl", personal=True))
    assert (code, told[0]["purged"]) == (0, 1)


def test_a_masked_text_and_its_sealed_original_are_whole_and_purged_the_same(ten: Console, tmp_path: Path) -> None:
    log_ticket(ten, reporter="刘药师", phone="13912345678", title="请回电 13912345678")
    assert (verify(ten).outcome, verify(ten).purged) == ("whole", 0)
    with ten.write() as session:
        gone = session.execute(text("UPDATE event_personal SET sealed = NULL WHERE sealed IS NOT NULL")).rowcount
    assert gone > 0  # type: ignore[operator]
    assert (verify(ten).outcome, verify(ten).purged) == ("whole", gone)
    code, told = offline(exported(ten, tmp_path / "a.jsonl", personal=True))
    assert (code, told[0]["kind"]) == (0, "ok")
    assert "13912345678" not in (tmp_path / "a.jsonl").read_text(encoding="utf-8")


def test_findings_past_the_first_do_not_hide_later_ones(ten: Console) -> None:
    one, other = number_of(ten, "3"), number_of(ten, "7")
    as_owner(ten, f"UPDATE event SET actor = 'x' WHERE seq IN ({one}, {other})")
    assert [(f.kind, f.seq) for f in verify(ten).findings] == [("content", one), ("content", other)]


def test_a_missing_trigger_is_found(ten: Console) -> None:
    drop = "DROP TRIGGER event_no_update" if ten.database.is_sqlite else "ALTER TABLE event DISABLE TRIGGER USER"
    with ten.write() as session:
        session.execute(text(drop))
    name = "event_no_update" if ten.database.is_sqlite else "event_append_only"
    with ten.read() as session:
        assert name in store.missing_triggers(session)
    verdict = verify(ten)
    assert ("trigger", name) in [(f.kind, f.values["name"]) for f in verdict.findings]


# -- what a failure does ----------------------------------------------------------------------------------------------


def break_one(console: Console) -> int:
    seq = number_of(console, "4")
    as_owner(console, f"UPDATE event SET actor = 'x' WHERE seq = {seq}")
    verify(console)
    return seq


def open_failures(console: Console) -> int:
    with console.read() as session:
        return notices.of_now(session).open_failures


def test_a_failure_is_kept_told_and_entered_into_the_chain_once(ten: Console, clock: FakeClock) -> None:
    break_one(ten)
    clock.forward(hours=1)
    verify(ten)
    assert open_failures(ten) == 1
    with ten.read() as session:
        assert session.scalar(select(func.count()).where(EventRow.kind == "chain_broken")) == 1
        assert session.scalars(select(OutboxRow.audience).where(OutboxRow.kind == "chain_broken")).all() == ["both"]


def test_both_parties_sign_a_failure_off_after_a_full_verification_and_nobody_else(
    ten: Console, clock: FakeClock
) -> None:
    break_one(ten)
    clock.forward(minutes=1)
    with ten.write() as session, pytest.raises(Refused, match="完整校验"):
        chain_failures.sign_off(session, 1, "磁盘故障", HOSPITAL, ten.now())
    verify(ten)
    for actor in (TERMINAL, SYSTEM):
        with ten.write() as session, pytest.raises(Refused, match="权限"):
            chain_failures.sign_off(session, 1, "磁盘故障", actor, ten.now())
    with ten.write() as session, pytest.raises(Refused, match="第二因素"):
        chain_failures.sign_off(session, 1, "磁盘故障", CHIEF, ten.now())
    for reason in ("  ", "长" * 501):
        with ten.write() as session, pytest.raises(Refused, match="原因"):
            chain_failures.sign_off(session, 1, reason, HOSPITAL, ten.now())
    for actor in (HOSPITAL, VENDOR):
        assert open_failures(ten) == 1
        with ten.write() as session:
            chain_failures.sign_off(session, 1, "双方查明：磁盘故障", actor, ten.now())
    assert open_failures(ten) == 0
    with ten.write() as session, pytest.raises(Refused, match="已经签过"):
        chain_failures.sign_off(session, 1, "再签", VENDOR, ten.now())
    assert verify(ten).outcome == "explained"


def test_a_signed_failure_does_not_cover_another_change_of_the_same_entry(ten: Console, clock: FakeClock) -> None:
    seq = break_one(ten)
    clock.forward(minutes=1)
    verify(ten)
    for actor in (HOSPITAL, VENDOR):
        with ten.write() as session:
            chain_failures.sign_off(session, 1, "双方查明：磁盘故障", actor, ten.now())
    as_owner(ten, f"UPDATE event SET actor = 'y' WHERE seq = {seq}")
    assert verify(ten).outcome == "broken"
    assert open_failures(ten) == 1


def test_failures_and_sign_offs_cannot_be_changed_or_removed(ten: Console) -> None:
    break_one(ten)
    for statement in (
        "DELETE FROM chain_failure", "UPDATE chain_failure SET found_at = found_at", "DELETE FROM chain_check",
        "UPDATE chain_sign_off SET reason = ''", "DELETE FROM anchor", "UPDATE anchor SET seq = 1",
    ):  # fmt: skip
        if "sign_off" in statement and ten.database.is_sqlite:
            continue  # a row trigger does nothing where there is no row
        with pytest.raises(Exception, match="append-only"), ten.write() as session:
            session.execute(text(statement))


# -- incremental, in runs ---------------------------------------------------------------------------------------------


def run_job(console: Console, name: str, **params: object) -> dict[str, Any]:
    with console.write() as session:
        run_id = jobs.enqueue(
            session, key=f"{name}/{console.now()}", job=name, params=params, due_at=console.now(), requested_by="系统",
            now=console.now(),
        )  # fmt: skip
    assert run_id is not None
    console.runs().execute(run_id)
    with console.read() as session:
        row = jobs.run(session, run_id)
        assert row is not None and row.status == "done", row and row.error
        return dict(json.loads(row.result or "{}"))


def test_nightly_verification_goes_on_from_the_last_one_and_is_full_once_a_week(ten: Console, clock: FakeClock) -> None:
    first = run_job(ten, "verify-chain")
    clock.forward(days=1)
    note(ten, "later")
    second = run_job(ten, "verify-chain")
    clock.forward(days=6)
    third = run_job(ten, "verify-chain")
    assert [(r["full"], r["first"]) for r in (first, second, third)] == [
        (True, 1),
        (False, first["last"] + 1),
        (True, 1),
    ]
    assert [r["outcome"] for r in (first, second, third)] == ["whole"] * 3


def test_an_entry_changed_where_the_last_verification_ended_brings_a_full_one(ten: Console, clock: FakeClock) -> None:
    last = run_job(ten, "verify-chain")["last"]
    as_owner(ten, f"UPDATE event SET hash = '{'0' * 63}1' WHERE seq = {last}")
    clock.forward(days=1)
    found = run_job(ten, "verify-chain")
    assert (found["full"], found["first_broken"]) == (True, last)


def test_a_verification_that_broke_off_goes_on_where_it_was(ten: Console, clock: FakeClock) -> None:
    class Died(Exception):
        pass

    hands = chain_checks.Hands(ten.read, ten.write, ten.checking().shelf, ten.now, batch=4)
    with ten.write() as session:
        run_id = jobs.enqueue(
            session, key="v", job="v", params={}, due_at=ten.now(), requested_by="系统", now=ten.now()
        )
        assert run_id is not None
        token = jobs.claim(session, run_id, "dead", ten.now(), ten.now() + LEASE)
        row = session.get_one(jobs.RunRow, run_id)
    assert token is not None
    run = Run(row, token, Runs(ten.read, ten.write, {}, "dead", ten.now))
    keep, kept = run.checkpoint, []

    def die(session: object, done: int, total: int, state: Any) -> None:
        keep(None, done, total, state)
        kept.append(done)
        if len(kept) == 2:
            raise Died

    run.checkpoint = die  # type: ignore[method-assign, assignment]
    with pytest.raises(Died):
        chain_checks.verify_in_run(run, hands)
    with ten.read() as session:
        again = Run(session.get_one(jobs.RunRow, run_id), token, Runs(ten.read, ten.write, {}, "dead", ten.now))
    assert kept == [4, 8]
    watched = chain_checks.Hands(ten.read, ten.write, hands.shelf, ten.now, batch=4)
    verdict = chain_checks.verify_in_run(again, watched)
    assert again.state["last"] == 8
    assert (verdict.outcome, verdict.first_seq) == ("whole", 1)


def test_the_jobs_of_the_chain_are_planned() -> None:
    plans = {plan.job: (plan.cron, plan.catch_up) for plan in PLANS}
    assert plans["anchor"] == ({"hour": "0", "minute": "5"}, True)
    assert plans["verify-chain"] == ({"hour": "2", "minute": "40"}, True)


# -- restoring an older copy ------------------------------------------------------------------------------------------


@pytest.fixture
def restored(tmp_path: Path, clock: FakeClock, sqlite_template: Path) -> Console:
    """A console whose database was put back to a copy from before its two newest anchors. SQLite: a file is a copy."""
    folder = tmp_path / "data"
    copy_sqlite(sqlite_template, folder)
    console = make_console(folder, clock)
    log_ticket(console)
    anchors.make_today(console.anchoring(), SYSTEM, console.now())
    with console.write() as session:
        session.execute(text("UPDATE heartbeat SET note = ''"))
    console.close()
    for extra in folder.glob("console.db-*"):
        extra.unlink()
    shutil.copy(folder / "console.db", tmp_path / "older.db")
    later = make_console(folder, clock)
    for _day in range(2):
        clock.forward(days=1)
        log_ticket(later)
        anchors.make_today(later.anchoring(), SYSTEM, later.now())
    later.close()
    for extra in folder.glob("console.db-*"):
        extra.unlink()
    shutil.copy(tmp_path / "older.db", folder / "console.db")
    return make_console(folder, clock)


def test_an_older_copy_is_noticed_at_the_next_start_although_its_own_chain_is_whole(restored: Console) -> None:
    with restored.read() as session:
        assert audit.first_broken(session) is None
    found = chain_checks.compare(restored.checking())
    assert [finding.kind for finding in found] == ["anchor_cut", "anchor_lost"]
    assert open_failures(restored) == 1
    assert chain_checks.compare(restored.checking()) != []  # the next start tells it again, as the same failure
    assert open_failures(restored) == 1


def test_a_restored_backup_is_named_in_the_chain_and_then_signed_off_by_both(
    restored: Console, clock: FakeClock, tmp_path: Path
) -> None:
    held = kept_anchors(restored, tmp_path / "held.jsonl")
    hands = restored.checking()
    facts = chain_failures.restored(hands.open_write, hands.shelf, "磁盘损坏，恢复昨夜备份", TERMINAL, restored.now())
    assert len(facts["anchors"]) == 2  # type: ignore[arg-type]
    assert verify(restored).findings == ()
    assert open_failures(restored) == 1  # it explains, it dismisses nothing
    clock.forward(minutes=1)
    verify(restored)
    for actor in (HOSPITAL, VENDOR):
        with restored.write() as session:
            chain_failures.sign_off(session, 1, "双方同意以备份为准", actor, restored.now())
    assert open_failures(restored) == 0
    anchors.make_today(restored.anchoring(), SYSTEM, clock.forward(days=1))
    assert verify(restored).outcome == "whole"
    export = exported(restored, tmp_path / "a.jsonl")
    code, told = offline(export, "--anchors", held)
    assert (code, [one["kind"] for one in told]) == (1, ["ok", "restored", "restored"])
    assert offline(export, "--anchors", held, "--allow-restored")[0] == 0
    with pytest.raises(Refused, match="没有需要登记"):
        chain_failures.restored(hands.open_write, hands.shelf, "再来", TERMINAL, restored.now())


# -- the host's clock -------------------------------------------------------------------------------------------------


def test_events_recorded_while_the_clock_stands_back_stay_in_order_and_linked(ten: Console, clock: FakeClock) -> None:
    clock.at = NOON - timedelta(hours=3)
    log_ticket(ten, title="时钟回拨期间")
    clock.at = NOON + timedelta(hours=1)
    note(ten, "after")
    assert verify(ten).outcome == "whole"
    with ten.read() as session:
        recorded = session.scalars(select(EventRow.recorded_at).order_by(EventRow.seq)).all()
    assert recorded != sorted(recorded)  # the order is that of writing, not of what the clock said


def test_a_check_row_tells_what_was_looked_at(ten: Console) -> None:
    verdict = verify(ten)
    with ten.read() as session:
        row = store.newest(session)
    assert row is not None
    assert (row.outcome, row.first_seq, row.last_seq, row.head) == ("whole", 1, verdict.last_seq, verdict.head)
