"""The page of flags: both parties see the same, the vendor explains, the hospital reviews."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ops_console.core import tickets as core
from ops_console.services.tickets import Move, move
from tests.conftest import VENDOR, FakeClock, do, log_ticket
from tests.web.conftest import Site


@pytest.fixture
def number(site: Site, clock: FakeClock) -> str:
    """A ticket that was answered in minute 28, told in minute 40; looked over by the run that the page asks for."""
    clock.at = datetime(2026, 11, 20, 2, tzinfo=UTC)
    made = log_ticket(site.console, channel="微信群", title="<b>打不开</b>")
    began = clock.at
    clock.forward(minutes=40)
    with site.console.write() as session:
        command = Move(made, core.RESPONDED, {}, {}, began.replace(minute=28))
        move(session, site.console.book(session), command, VENDOR, clock())
    do(site.console, log_ticket(site.console), core.RESPONDED)
    assert site.as_("vendor").post("/flags/looked-over?month=2026-11").status == 302
    site.run_jobs()
    return made


def test_the_page_tells_why_and_lists_the_tickets_to_both(site: Site, number: str) -> None:
    for role in ("hospital", "vendor", "auditor"):
        page = site.as_(role).get("/flags")
        (flag,) = page.root.all("article", "flag")
        assert "响应在时限过后才录入（晚 12 分），申报用时 28 分，时限 30 分。" in flag.text
        assert [a["href"].partition("#")[0] for a in flag.one("ul").all("a")] == [f"/tickets/{number}"]
        assert "作弊" not in page.text
        assert page.tree.faults == []
        assert ("复核" in [s.text for s in flag.all("summary")]) is (role == "hospital")
        assert ("说明情况" in [s.text for s in flag.all("summary")]) is (role == "vendor")


def test_tabs_count_and_filters_narrow(site: Site, number: str) -> None:
    hospital = site.as_("hospital")
    assert [tab.text for tab in hospital.get("/flags").root.all("a", "tab")] == [
        "待看 1", "属实存疑 0", "已释疑 0", "不成立 0", "依据已变 0",
    ]  # fmt: skip
    for query, n in (
        ("month=2026-11", 1), ("month=2026-10", 0), ("detector=backdated_answer", 1), ("detector=late_report", 0),
        ("state=doubtful", 0), ("state=waiting", 1), ("month=x&detector=x&state=x&page=x", 1), ("page=9", 0),
    ):  # fmt: skip
        assert len(hospital.get(f"/flags?{query}").root.all("article", "flag")) == n, query
    assert "这里没有疑点" in hospital.get("/flags?month=2026-10").text


def test_the_vendor_explains_and_the_hospital_reviews(site: Site, number: str) -> None:
    vendor, hospital = site.as_("vendor"), site.as_("hospital")
    assert vendor.post("/flags/1/explanation", explanation=" ").status == 400
    assert vendor.post("/flags/1/review", verdict="settled", reason="自己看过").status == 403
    page = vendor.send("/flags/1/explanation", explanation="<i>电话</i>里已答复")
    assert "<i>电话</i>里已答复" in page.text
    assert hospital.post("/flags/1/explanation", explanation="x").status == 403

    refused = hospital.post("/flags/1/review?month=2026-11", reason="详单里没有")
    assert refused.status == 400
    assert "请选择复核结论。" in refused.text
    assert refused.root.one("textarea", name="reason").text == "详单里没有"
    answer = hospital.post("/flags/1/review?month=2026-11", verdict="doubtful", reason="详单里没有")
    assert (answer.status, answer.location) == (302, "/flags?month=2026-11")
    assert hospital.get("/flags").root.all("article", "flag") == []
    assert "属实存疑，详单里没有" in vendor.get("/flags?state=doubtful").text
    assert hospital.post("/flags/99/review", verdict="doubtful", reason="x").status == 404


def test_ticket_and_dashboard_lead_here(site: Site, number: str) -> None:
    for role in ("hospital", "vendor"):
        note = site.as_(role).get(f"/tickets/{number}").root.one("p", "flag-note")
        assert note.text.startswith("值得再看：")
        page = site.as_(role).get(note.one("a")["href"].partition("#")[0])
        assert len(page.root.all("article", "flag")) == 1
        links = [a for a in site.as_(role).get("/dashboard?month=2026-11").root.all("a") if a.text == "1 处疑点待看"]
        assert [a["href"] for a in links] == ["/flags?month=2026-11"]


def test_a_page_asks_the_same_number_of_statements_whatever_it_shows(site: Site, number: str) -> None:
    hospital = site.as_("hospital")
    hospital.get("/flags")
    with site.statements() as full:
        hospital.get("/flags?month=2026-11")
    with site.statements() as empty:
        hospital.get("/flags?month=2026-10")
    assert len(full) - len(empty) == 0
    assert len(full) <= 12


def test_asking_again_within_the_minute_is_told(site: Site, number: str) -> None:
    refused = site.as_("vendor").post("/flags/looked-over?month=2026-11")
    assert refused.status == 400
    assert "同样的作业已经在做" in refused.text
