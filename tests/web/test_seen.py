"""News of the other party: bold with a dot until opened, counted in the menu, nobody's chain grows by it."""

from __future__ import annotations

import json

import pytest

from ops_console.core.people import ROLES
from tests.conftest import HOSPITAL, do, import_sheet, log_ticket
from tests.sheets import row, write_sheet
from tests.web.conftest import Site, everything
from tests.web.pages import Browser


@pytest.fixture
def vendor(site: Site) -> Browser:
    """A vendor who has looked once, before anything happened."""
    browser = site.as_("vendor")
    assert browser.post("/unread/begin").status == 204
    return browser


def count(browser: Browser) -> int:
    """How many tickets have news for that person."""
    return int(json.loads(browser.get("/unread").html)["count"])


def dotted(browser: Browser, path: str = "/tickets") -> list[str]:
    """The numbers listed with a dot."""
    lines = browser.get(path).root.all("tr", "news")
    assert all(line.one("span", "visually-hidden").text == "对方有新动态" for line in lines)
    return [line.one("td", "cell-number").one("a").text for line in lines]


def test_what_the_other_party_does_is_news_until_the_ticket_is_opened(site: Site, vendor: Browser) -> None:
    theirs, own = log_ticket(site.console, actor=HOSPITAL), log_ticket(site.console)
    assert (dotted(vendor), count(vendor)) == ([theirs], 1)

    page = vendor.get(f"/tickets/{theirs}").root
    place = next(node for node in page.walk() if node.get("data-seen"))
    assert vendor.post(place["data-seen"], events=place["data-events"]).status == 204

    assert (dotted(vendor), count(vendor)) == ([], 0)
    do(site.console, own, "cancelled", HOSPITAL, reason="重复")
    assert (dotted(vendor), count(vendor)) == ([own], 1)


def test_what_came_after_the_page_was_shown_stays_news(site: Site, vendor: Browser) -> None:
    number = log_ticket(site.console, actor=HOSPITAL)
    do(site.console, number, "cancelled", HOSPITAL, reason="重复")
    vendor.post(f"/tickets/{number}/seen", events="1")
    assert dotted(vendor) == [number]
    vendor.post(f"/tickets/{number}/seen", events="2")
    assert dotted(vendor) == []
    vendor.post(f"/tickets/{number}/seen", events="1")
    assert dotted(vendor) == []


def test_without_scripts_an_act_on_the_ticket_counts_as_seeing_it(site: Site, vendor: Browser) -> None:
    number = log_ticket(site.console, actor=HOSPITAL)
    assert dotted(vendor) == [number]
    assert vendor.post(f"/tickets/{number}/moves", kind="responded").status == 302
    assert dotted(vendor) == []


def test_each_person_has_news_of_their_own_and_none_before_their_first_look(site: Site, vendor: Browser) -> None:
    number = log_ticket(site.console, actor=HOSPITAL)
    hospital, auditor = site.as_("hospital"), site.as_("auditor")
    assert json.loads(hospital.get("/unread").html) == {"begun": False, "count": 0, "most": 99}
    assert dotted(hospital) == dotted(auditor) == []
    hospital.post("/unread/begin")
    do(site.console, number, "responded")
    assert (dotted(hospital), count(hospital), count(auditor)) == ([number], 1, 0)
    assert dotted(vendor) == [number]


def test_beginning_again_marks_nothing_and_clearing_marks_everything(site: Site, vendor: Browser) -> None:
    numbers = {log_ticket(site.console, actor=HOSPITAL) for _ in range(3)}
    vendor.post("/unread/begin")
    assert set(dotted(vendor, "/tickets?news=1")) == numbers
    log_ticket(site.console)
    assert vendor.get("/tickets?news=1").count == 3
    assert vendor.post("/unread/clear").location == "/tickets"
    assert (dotted(vendor), count(vendor)) == ([], 0)
    assert vendor.get("/tickets?news=1").count == 0


def test_an_imported_history_is_no_news(site: Site, vendor: Browser) -> None:
    import_sheet(site.console, write_sheet(site.console.settings.data_folder / "one.csv", row()), actor=HOSPITAL)
    assert vendor.get("/tickets").count == 1
    assert (dotted(vendor), count(vendor)) == ([], 0)


def test_more_than_ninety_nine_are_counted_as_a_hundred(site: Site, vendor: Browser) -> None:
    for _ in range(101):
        log_ticket(site.console, actor=HOSPITAL)
    assert count(vendor) == 100


def test_looking_and_being_counted_changes_no_row_but_saying_so_does(site: Site, vendor: Browser) -> None:
    number = log_ticket(site.console, actor=HOSPITAL)
    before = everything(site.console)
    for path in ("/unread", "/session", "/tickets?news=1", f"/tickets/{number}"):
        assert vendor.get(path).status == 200
    assert everything(site.console) == before
    vendor.post(f"/tickets/{number}/seen")
    after = everything(site.console)
    assert {name for name in after if after[name] != before[name]} == {"ticket_seen"}


def test_a_count_that_is_asked_for_by_itself_keeps_no_session_alive(site: Site) -> None:
    browser = site.as_("vendor")
    for _ in range(5):
        site.clock.forward(minutes=29)
        answer = browser.get("/unread", hx="poll")
    assert answer.status == 401


@pytest.mark.parametrize("events", ["-1", "0", "x", "9" * 30, "²", "", "99999"])
def test_a_number_of_events_that_is_none_is_the_whole_ticket(site: Site, vendor: Browser, events: str) -> None:
    number = log_ticket(site.console, actor=HOSPITAL)
    assert vendor.post(f"/tickets/{number}/seen", events=events).status == 204
    assert dotted(vendor) == []


def test_a_ticket_that_is_not_there_cannot_be_seen(vendor: Browser) -> None:
    assert vendor.post("/tickets/GD-0/seen").status == 404


@pytest.mark.parametrize("role", ROLES)
def test_the_session_tells_who_is_signed_in_and_a_token_that_counts(site: Site, role: str) -> None:
    browser = site.signed_in(role)
    told = json.loads(browser.get("/session").html)
    assert told["account"] == role
    answer = browser.ask("POST", "/language", data={"csrf_token": told["token"], "language": "en", "back": "/"})
    assert answer.status == 302
