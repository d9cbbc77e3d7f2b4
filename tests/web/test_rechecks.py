"""The page of the nightly self-check and its notice on every page: both values in words, a way to each thing."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from ops_console.core.people import SYSTEM
from ops_console.services import jobs
from tests.conftest import log_ticket
from tests.duties import agree, plan, released
from tests.web.conftest import Site
from tests.web.pages import Page

PAGE, TOLD = "/system/differences", "每夜自检发现"


def recheck(site: Site) -> None:
    with site.console.write() as session:
        now = site.clock.forward(seconds=1)
        jobs.ask(session, job="recheck", key=f"recheck/{now.isoformat()}", params={}, actor=SYSTEM, now=now)
    site.run_jobs()


def lines(page: Page) -> list[list[str]]:
    return [[cell.text for cell in row.all("td")] for row in page.root.all("table")[1].one("tbody").all("tr")]


@pytest.fixture
def tampered(site: Site) -> str:
    """A house with a ticket, duties and a release, changed past the console and checked; the ticket's number."""
    agree(site.console)
    plan(site.console)
    released(site.console)
    number = log_ticket(site.console)
    with site.console.write() as session:
        session.execute(text("UPDATE clock SET started_at = '2026-01-01 00:00:00.000000' WHERE kind = 'response'"))
        session.execute(text("DELETE FROM duty WHERE key LIKE 'C-33/%'"))
        session.execute(text("UPDATE duty SET due_at = '2026-11-28 00:00:00.000000' WHERE key LIKE 'C-13/notes/%'"))
        session.execute(text("UPDATE release SET go_live = 1"))
    recheck(site)
    return number


@pytest.mark.parametrize("role", ["hospital", "vendor", "auditor", "administrator", "audit_administrator"])
def test_before_and_after_a_clean_check_the_page_says_so(site: Site, role: str) -> None:
    assert "还没有自检过" in site.as_(role).get(PAGE).text
    log_ticket(site.console)
    recheck(site)
    page = site.as_(role).get(PAGE)
    assert "存下的与重新算出来的全部一致。" in page.text
    assert page.tree.faults == []
    assert len(page.root.all("table")) == 1
    assert TOLD not in site.as_(role).get("/account").text


def test_each_difference_is_told_with_both_values_and_leads_to_the_thing(site: Site, tampered: str) -> None:
    page = site.as_("vendor").get(PAGE)
    assert "4 项与算出来的不一致。" in page.text
    assert lines(page) == [
        ["工单与时限", f"{tampered} · 响应 打不开", "开始", "2026-01-01 08:00:00", "2026-11-20 18:00:00"],
        ["义务", "系统巡检 · C-33/inspection/2026-11-01/1", "这一行", "没有这一行", "有这一行"],
        ["义务", "更新说明", "应完成于", "2026-11-28 08:00:00", "2026-11-20 18:00:00"],
        ["发布与版本", "3.2.0 门诊缴费优化", "有功能上线或活动", "是", "否"],
    ]  # fmt: skip
    links = [a["href"] for a in page.root.all("table")[1].all("a")]
    assert links[0] == f"/tickets/{tampered}"
    assert links[1] == "/duties?month=2026-11"
    assert [site.as_("vendor").get(link).status for link in links] == [200] * 4


def test_every_page_tells_those_who_can_look_until_a_check_finds_nothing(site: Site, tampered: str) -> None:
    for role in ("hospital", "vendor", "auditor", "audit_administrator"):
        page = site.as_(role).get("/account")
        assert "每夜自检发现 4 项存下的数据与算出来的不一致。" in page.text
        assert PAGE in [a["href"] for a in page.root.all("a", "banner-link")]
    assert TOLD not in site.as_("security").get("/account").text
    assert TOLD not in site.browser().get("/sign-in").text
    with site.console.write() as session:
        session.execute(text("UPDATE clock SET started_at = '2026-11-20 10:00:00.000000' WHERE kind = 'response'"))
        session.execute(text("UPDATE duty SET due_at = begun_at WHERE key LIKE 'C-13/notes/%'"))
        session.execute(text("UPDATE release SET go_live = 0"))
    recheck(site)
    assert "每夜自检发现 1 项存下的数据与算出来的不一致。" in site.as_("vendor").get("/account").text


def test_the_page_is_complete_in_english(site: Site, tampered: str) -> None:
    vendor = site.as_("vendor")
    vendor.client.set_cookie("lang", "en", domain="127.0.0.1")
    page = vendor.get(PAGE)
    assert "4 items are not as reckoned." in page.text
    assert [line[0] for line in lines(page)] == [
        "Tickets and time limits", "Duties", "Duties", "Releases and versions",
    ]  # fmt: skip
    assert lines(page)[1][2:] == ["The row", "not there", "there"]


def test_a_check_that_failed_is_told_beside_what_the_last_one_found(site: Site, tampered: str) -> None:
    with site.console.write() as session:
        session.execute(text("UPDATE job_run SET status = 'failed' WHERE job = 'recheck'"))
    recheck(site)
    with site.console.write() as session:
        first = "SELECT min(id) FROM job_run WHERE job = 'recheck'"
        session.execute(text(f"UPDATE job_run SET status = 'done' WHERE id = ({first})"))
        session.execute(text("UPDATE job_run SET status = 'failed' WHERE id = (SELECT max(id) FROM job_run)"))
    page = site.as_("vendor").get(PAGE)
    assert "最近一次自检没有完成（失败），下面是再前一次的结果。" in page.text
    assert len(lines(page)) == 4


def test_statements_of_the_page_are_few(site: Site, tampered: str) -> None:
    browser = site.as_("vendor")
    browser.get(PAGE)
    with site.statements() as said:
        browser.get(PAGE)
    assert len(said) <= 4
