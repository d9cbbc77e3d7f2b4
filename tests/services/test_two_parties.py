"""What one party, or whoever holds the server, cannot do alone; and pages that one odd row cannot close."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from ops_console.console import Console
from ops_console.core import tickets as core
from ops_console.core.errors import Refused
from ops_console.core.moments import MOST_MONTHS
from ops_console.core.people import Actor
from ops_console.core.tickets import written
from ops_console.services import contracts, devices, reports, tickets
from ops_console.services.corrections import Correction, propose
from ops_console.services.documents import confirmed_after_reset
from ops_console.store import contracts as contract_store
from ops_console.store import people as people_store
from tests.conftest import HOSPITAL, VENDOR, FakeClock, do, import_sheet, log_ticket
from tests.sheets import row, write_sheet


def states(console: Console) -> list[str]:
    with console.read() as session:
        return [version.state for version in contract_store.versions(session)]


def test_a_command_with_another_file_takes_no_proposal_back(console: Console) -> None:
    terms = console.settings.terms
    with console.write() as session:
        contracts.load(session, replace(terms, name="新名称"), console.now())
        contracts.load(session, terms, console.now(), serving=False)
    assert states(console) == ["proposed", "in_force"]
    with console.write() as session:
        contracts.load(session, terms, console.now())
    assert states(console) == ["withdrawn", "in_force"]


def test_a_withdrawn_ticket_takes_nothing_from_a_sheet(console: Console, clock: FakeClock, tmp_path: Path) -> None:
    blank = dict.fromkeys(
        ("响应时间", "到场时间", "恢复时间", "确认时间", "满意度", "处理方式", "处理过程", "处理人"), ""
    )
    import_sheet(console, write_sheet(tmp_path / "a.csv", row(**blank)))
    do(console, row()["单号"], core.DECLINED, VENDOR, reason="不属于本合同")
    _, result = import_sheet(console, write_sheet(tmp_path / "b.csv", row(**{**blank, "响应时间": row()["响应时间"]})))
    assert (result["completed"], result["unchanged"]) == (0, 1)


def reset_chief(console: Console) -> None:
    reset(console, HOSPITAL)


def reset(console: Console, who: Actor) -> None:
    now = console.now()
    with console.write() as session:
        session.add(
            people_store.PersonRow(
                account=who.account, name=who.name, role=who.account, password_hash="x", must_change=False,
                created_at=now, reset_at=now, credential_reset_at=now,
            )
        )  # fmt: skip


def test_an_account_reset_today_decides_nothing_for_its_party(console: Console, clock: FakeClock) -> None:
    number = log_ticket(console)
    do(console, number, core.RESPONDED, VENDOR)
    do(console, number, core.SUSPEND, VENDOR, reason="等待运营商")
    reset_chief(console)
    with pytest.raises(Refused, match="24 小时内由他人设置过"):
        do(console, number, core.SUSPENSION_DECIDED, HOSPITAL, approved=True)
    clock.forward(hours=24)
    do(console, number, core.SUSPENSION_DECIDED, HOSPITAL, approved=True)


def test_an_account_reset_today_says_nothing_that_binds_its_party(console: Console, clock: FakeClock) -> None:
    number = log_ticket(console, needs_onsite=True)
    do(console, number, core.RESPONDED, VENDOR)
    reset_chief(console)
    earlier = written(console.now() - timedelta(minutes=1))
    asked = Correction(number, "responded_at", earlier, "看错了")
    with pytest.raises(Refused, match="24 小时内由他人设置过"):
        do(console, number, core.ONSITE_DECIDED, HOSPITAL, needs_onsite=False)
    with pytest.raises(Refused, match="24 小时内由他人设置过"):
        do(console, number, core.CANCEL, HOSPITAL, reason="重复")
    with pytest.raises(Refused, match="24 小时内由他人设置过"), console.write() as session:
        propose(session, console.book(session), asked, HOSPITAL, console.now())
    with pytest.raises(Refused, match="24 小时内由他人设置过"), console.write() as session:
        devices.register(session, "a" * 32, "护士站", "内科", HOSPITAL, console.now())
    do(console, number, core.ONSITE_DECIDED, HOSPITAL, needs_onsite=True)  # what helps only itself stays possible


def test_a_vendor_account_reset_today_binds_its_party_in_nothing_yet_records_its_work(
    console: Console, clock: FakeClock, tmp_path: Path
) -> None:
    import_sheet(console, write_sheet(tmp_path / "a.csv", row()))
    number = log_ticket(console, needs_onsite=True, actor=HOSPITAL)
    earlier = written(console.now() - timedelta(minutes=1))
    with console.write() as session:
        asked = Correction(number, "reported_at", earlier, "看错了")
        propose(session, console.book(session), asked, HOSPITAL, console.now())
    reset(console, VENDOR)
    given = {"field": "reported_at", "new": earlier, "approved": True}
    with pytest.raises(Refused, match="24 小时内由他人设置过"):
        do(console, number, core.CORRECTION_DECIDED, VENDOR, **given)
    with pytest.raises(Refused, match="24 小时内由他人设置过"), console.write() as session:
        asked = Correction(number, "split_off", "缺陷", "两件事", split_title="另一件")
        propose(session, console.book(session), asked, VENDOR, console.now())
    changed = row(响应时间="2026-11-19 09:13:00")
    status, _ = import_sheet(console, write_sheet(tmp_path / "b.csv", changed))
    assert status == "failed"  # a sheet asks for corrections in the same name

    for kind in (core.RESPONDED, core.ARRIVED, core.RESTORE):
        do(console, number, kind, VENDOR)  # its own work is no word for its party
    clock.forward(hours=24)
    do(console, number, core.CORRECTION_DECIDED, VENDOR, **given)
    assert import_sheet(console, write_sheet(tmp_path / "b.csv", changed))[1]["corrected"] == 1


def test_a_word_within_thirty_days_of_a_reset_carries_the_mark(console: Console, clock: FakeClock) -> None:
    reset_chief(console)
    reset_at = console.now()
    clock.forward(days=2)
    number = log_ticket(console)
    do(console, number, core.RESPONDED, VENDOR)
    do(console, number, core.RESTORE, VENDOR)
    do(console, number, core.CONFIRMED, HOSPITAL)
    with console.read() as session:
        seen = tickets.view(session, console.book(session), number, VENDOR)
    marks = {event.kind: event.credential_reset_at for event in seen.events}
    assert marks == {core.REPORTED: None, core.RESPONDED: None, core.RESTORE: None, core.CONFIRMED: reset_at}
    assert confirmed_after_reset(seen.events) == reset_at
    clock.forward(days=30)
    later = log_ticket(console)
    do(console, later, core.RESPONDED, VENDOR)
    do(console, later, core.RESTORE, VENDOR)
    do(console, later, core.CONFIRMED, HOSPITAL)
    with console.read() as session:
        seen = tickets.view(session, console.book(session), later, VENDOR)
    assert confirmed_after_reset(seen.events) is None


def test_what_may_not_be_declined_is_part_of_the_confirmed_terms(console: Console) -> None:
    terms = console.settings.terms
    assert terms.undeclinable == ("指令性任务",)
    assert replace(terms, undeclinable=()).digest() != terms.digest()


def test_a_month_shows_the_rules_of_every_version_in_force_in_it(console: Console) -> None:
    with console.read() as session:
        book = console.book(session)
    first = book.versions[0]
    later = replace(
        first, id=9, version=2, terms=replace(first.terms, counts_from=first.terms.starts_on.replace(day=15))
    )
    both = contracts.Book((first, later), {1: book.calendars[first.id]})
    assert [v.version for v in both.during("2025-01", console.now())] == [1, 2]
    assert [v.version for v in both.during("2025-02", console.now())] == [2]


def test_a_report_of_another_century_closes_no_page(console: Console, tmp_path: Path) -> None:
    import_sheet(console, write_sheet(tmp_path / "a.csv", row(), row(单号="GD-2", 报修时间="1926-03-05 09:02")))
    with console.read() as session:
        assert len(reports.month_list(session)) == MOST_MONTHS
