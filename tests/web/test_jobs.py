"""The system page: heartbeats of the loops, the newest runs, the messages that wait."""

from __future__ import annotations

import time

import pytest

from ops_console.jobs.loops import Loops
from ops_console.store import jobs as store
from tests.conftest import log_ticket
from tests.sheets import rows, write_sheet
from tests.web.conftest import Site
from tests.web.test_imports import upload
from tests.web.test_tickets import statements


@pytest.mark.parametrize("role", ["hospital", "vendor", "auditor", "administrator"])
def test_empty_system_page_says_what_will_be_there(site: Site, role: str) -> None:
    page = site.as_(role).get("/system")

    assert "循环还没有运行过；它随控制台一起启动。" in page.text
    assert "还没有作业运行过。" in page.text
    assert "待发消息 0 条，已过期未发 0 条。" in page.text


def test_heartbeat_is_shown_and_its_absence_told(site: Site) -> None:
    with site.console.write() as session:
        store.beat(session, "due", "host/1/abc", site.clock(), "")
    fresh = site.as_("administrator").get("/system").root.all("table")[0].one("tbody").text
    site.clock.forward(seconds=61)
    late = site.as_("administrator").get("/system").root.all("table")[0].one("tbody").text

    assert fresh == "到期检查 2026-11-20 18:00:00 运行中 host/1/abc"
    assert "超过 1 分钟没有心跳" in late


def test_upload_is_done_by_the_loops_of_the_console(site: Site, tmp_path_factory: pytest.TempPathFactory) -> None:
    vendor = site.as_("vendor")
    sheet = write_sheet(tmp_path_factory.mktemp("sheet") / "a.csv", *rows(3))
    loops = Loops(site.console)
    loops.start()
    try:
        answer = upload(vendor, sheet)
        until = time.monotonic() + 30
        while not (page := vendor.get(answer.location)).root.all("dl", "counts") and time.monotonic() < until:
            time.sleep(0.05)
    finally:
        loops.stop()

    assert "只检查，还没有写入。" in page.text
    system = vendor.get("/system")
    assert [cell.text for cell in system.root.all("table")[-1].one("tbody").all("td")[1:5:2]] == [
        "导入工单台账",
        "完成",
    ]
    assert "运行中" in system.root.all("table")[0].text


def test_failed_run_and_waiting_messages_are_shown(site: Site) -> None:
    log_ticket(site.console)
    with site.console.write() as session:
        store.enqueue(
            session, key="x", job="no-such-job", params={}, due_at=site.clock(), requested_by="vendor", now=site.clock()
        )
    site.run_jobs()
    site.clock.forward(minutes=45)
    Loops(site.console).due_once()

    page = site.signed_in("vendor").get("/system")

    assert "失败" in page.root.all("table")[-1].text
    assert "no-such-job" in page.root.all("table")[-1].text
    assert "待发消息 0 条" not in page.text


def test_run_of_another_job_is_not_shown_as_an_import(site: Site) -> None:
    with site.console.write() as session:
        store.enqueue(
            session, key="x", job="tidy", params={}, due_at=site.clock(), requested_by="系统", now=site.clock()
        )
    vendor = site.as_("vendor")

    assert vendor.get("/import/1").location == "/system"
    assert vendor.post("/import/1/apply").status == 400


def test_health_is_answered_without_the_database(site: Site) -> None:
    with site.statements() as said:
        answer = site.browser().get("/healthz")

    assert (answer.status, answer.html, said) == (200, "ok\n", [])


def test_statements_of_the_system_page_are_few(year: Site) -> None:
    for address in ("/system", "/import", "/people"):
        browser = year.as_("vendor" if address != "/people" else "auditor")
        browser.get(address)
        with year.statements() as said:
            assert browser.get(address).status == 200
        assert len(said) <= 8
    assert statements(year, "/tickets/new") <= 2
