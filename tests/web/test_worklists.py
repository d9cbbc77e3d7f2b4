"""One act on many tickets, and lists kept under a name."""

from __future__ import annotations

from datetime import timedelta

from ops_console.core import tickets as core
from ops_console.services.tickets import Move, move
from ops_console.store import tickets as rows
from tests.conftest import NOON, VENDOR, do, log_ticket
from tests.web.conftest import Site


def states(site: Site, *numbers: str) -> list[str]:
    with site.console.read() as session:
        return [found.state for n in numbers if (found := rows.by_number(session, n)) is not None]


def waiting(site: Site) -> str:
    number = log_ticket(site.console)
    do(site.console, number, core.RESPONDED)
    do(site.console, number, core.RESTORE)
    return number


def test_many_restores_are_confirmed_together_and_one_refused_leaves_the_others_done(site: Site) -> None:
    first, second, running = waiting(site), waiting(site), log_ticket(site.console)
    page = site.as_("hospital").send("/tickets/bulk", act="confirm", number=[first, running, second], query="open=1")
    assert states(site, first, second, running) == ["已关闭", "已关闭", "待响应"]
    assert "2 件已完成，1 件没有完成" in page.main.text
    assert [cell.text for cell in page.main.all("td", "cell-number")] == [running]


def test_nobody_does_to_many_what_they_may_not_do_to_one(site: Site) -> None:
    number = waiting(site)
    site.as_("vendor").post("/tickets/bulk", act="confirm", number=[number])
    assert states(site, number) == ["待确认"]
    assert not site.as_("auditor").get("/tickets").main.all("form", id="bulk")


def test_late_times_are_accepted_for_many_tickets(site: Site) -> None:
    number = log_ticket(site.console)
    site.clock.forward(hours=2)
    with site.console.write() as session:
        command = Move(number, core.RESPONDED, {}, {}, site.clock() - timedelta(minutes=110))
        move(session, site.console.book(session), command, VENDOR, site.clock())
    hospital = site.as_("hospital")
    assert hospital.get("/tickets", unproven=1).numbers == [number]
    assert hospital.post("/tickets/bulk", act="accept-times", number=[number], query="unproven=1").status == 302
    assert hospital.get("/tickets", unproven=1).numbers == []


def test_nothing_ticked_or_too_much_is_told(site: Site) -> None:
    answer = site.as_("hospital").post("/tickets/bulk", act="confirm")
    assert (answer.status, answer.notes) == (400, ["请先勾选工单。"])
    answer = site.as_("hospital").post("/tickets/bulk", act="confirm", number=[f"GD-{n}" for n in range(201)])
    assert (answer.status, answer.notes) == (400, ["一次最多处理 200 件，请分几次。"])


def test_a_view_is_kept_shown_to_one_s_side_and_dropped(site: Site) -> None:
    vendor = site.as_("vendor")
    vendor.post("/tickets/views", name="我的故障", query="type=故障&page=3", shared="yes")
    links = [a["href"] for a in vendor.get("/tickets").main.all("a", "tab")]
    assert "/tickets?type=%E6%95%85%E9%9A%9C" in links
    assert "我的故障" not in site.as_("hospital").get("/tickets").main.text
    (form,) = [f for f in vendor.get("/tickets").main.all("form") if f.get("action").endswith("/drop")]
    assert site.as_("hospital").post(form["action"]).status == 404
    assert vendor.post(form["action"]).status == 302
    vendor.get("/tickets")  # tells that it is gone
    assert "我的故障" not in vendor.get("/tickets").main.text


def test_a_view_needs_a_name_and_filters_and_is_no_address_elsewhere(site: Site) -> None:
    vendor = site.as_("vendor")
    for name, query in ((" ", "open=1"), ("空", ""), ("长" * 41, "open=1")):
        assert vendor.post("/tickets/views", name=name, query=query).status == 400
    vendor.post("/tickets/views", name="外链", query="//evil.example/?x=1")
    (link,) = [a["href"] for a in vendor.get("/tickets").main.all("a", "tab") if "外链" in a.text]
    assert link.startswith("/tickets?")


def test_the_engineers_first_page_has_the_box_in_focus_and_what_today_asks_for(site: Site) -> None:
    number = log_ticket(site.console, title="缴费报错", reported_at=NOON - timedelta(hours=1))
    vendor = site.as_("vendor")
    home = vendor.get(vendor.get("/").location).main
    assert "autofocus" in home.one("textarea", name="line").attributes
    assert number in home.one("section", id="today").text and "已超时" in home.one("section", id="today").text
    assert not vendor.get("/tickets", open=1, type="咨询").main.all("section", id="today")
    assert not site.as_("hospital").get("/tickets", open=1).main.all("section", id="today")
    tabs = {tab.text.split()[0]: tab.text.split()[1:] for tab in home.all("a", "tab")}
    assert (tabs["未关闭"], tabs["有超时"], tabs["待批复"], tabs["全部"]) == (["1"], ["1"], ["0"], [])
