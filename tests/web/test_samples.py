"""The page of the sample check: two steps, a card a call, three buttons; unknown to the vendor until the lock."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from ops_console.core import tickets as core
from ops_console.store.assessments import AssessmentRow
from tests.conftest import FakeClock, do, log_ticket
from tests.web.conftest import Site, everything
from tests.web.pages import Browser, Page

PAGE = "/months/2026-10/sample"
PHONE = "13800001234"
SEED = "骰子 <b>4</b> 2 6 1"


@pytest.fixture
def numbers(site: Site, clock: FakeClock) -> list[str]:
    """Twelve tickets of October; it is the third of November."""
    clock.at = datetime(2026, 10, 9, 2, tzinfo=UTC)
    made = []
    for n in range(12):
        phone = (PHONE, "8021", "")[n % 3]
        made.append(
            log_ticket(site.console, title=f"<i>打不开</i> {n}", department="药房", reporter="刘药师", phone=phone)
        )
        clock.forward(minutes=5)
        do(site.console, made[-1], core.RESPONDED)
    clock.at = datetime(2026, 11, 3, 2, tzinfo=UTC)
    return made


def commit(site: Site, seen: int = 0, **fields: str) -> Page:
    return site.as_("officer").send(f"{PAGE}/list", draw=str(seen), **fields)


def draw(site: Site, number: int = 1, seed: str = SEED) -> Page:
    officer = site.as_("officer")
    digest = officer.get(PAGE).root.one("input", name="digest")["value"]
    return officer.send(f"{PAGE}/{number}/seed", digest=digest, seed=seed)


@pytest.fixture
def drawn(site: Site, numbers: list[str]) -> list[str]:
    """The numbers drawn, in their order."""
    commit(site)
    return listed(draw(site))


def listed(page: Page) -> list[str]:
    (table,) = page.root.all("table", "sample-list")
    return [cell.text for cell in table.all("td", "number")]


def place_of(page: Page) -> int:
    return int(page.root.one("form", "sample-answer")["action"].split("/")[-2])


def lock(site: Site) -> None:
    with site.console.write() as session:
        now, contract_id = site.console.now(), site.console.book(session).at(site.console.now()).contract_id
        session.add(AssessmentRow(
            contract_id=contract_id, month="2026-10", state="locked", revision=1, as_of=now, seq=0, contract="",
            facts="", result="", digest="0" * 64, frozen_at=now, frozen_by="系统",
            locked_at=now, outcome="both", grade="",
        ))  # fmt: skip


def test_the_two_steps_lead_to_the_first_card(site: Site, numbers: list[str]) -> None:
    officer = site.as_("officer")
    assert "抽查 · 2026-10" in officer.get("/samples").text
    assert "这个月还没有抽查。" in officer.get(PAGE).text

    page = commit(site)
    assert "清单已提交：12 件候选，写下种子后抽 10 件。" in page.text
    assert "重新提交清单" in page.text
    assert not [number for number in numbers if number in page.html]
    page = draw(site)

    assert "已回访 0 / 10 件。" in page.text
    assert len(listed(page)) == 10
    assert page.root.one("article", "sample-card").one("h2").text.startswith("<i>打不开</i>")
    assert [b["value"] for b in page.root.one("form", "sample-answer").all("button")] == [
        "true",
        "false",
        "unreachable",
    ]
    assert [b["data-key"] for b in page.root.one("form", "sample-answer").all("button")] == ["1", "2", "3"]
    assert SEED in page.main.text
    assert page.tree.faults == []


@pytest.mark.parametrize("seed", ["4", "", "x" * 101])
def test_a_refused_seed_is_kept_and_told_at_its_field(site: Site, numbers: list[str], seed: str) -> None:
    officer = site.as_("officer")
    digest = commit(site).root.one("input", name="digest")["value"]
    answer = officer.post(f"{PAGE}/1/seed", digest=digest, seed=seed)
    assert answer.status == 400
    assert answer.root.one("input", name="seed").get("value") == seed
    assert "个可见字符" in answer.root.one("p", "fault").text


def test_three_taps_lead_from_card_to_card_and_can_be_undone(site: Site, clock: FakeClock, drawn: list[str]) -> None:
    officer = site.as_("officer")
    page = officer.get(PAGE)
    for answer in ("true", "false", "unreachable"):
        place = place_of(page)
        clock.forward(seconds=20)
        reply = officer.post(
            f"{PAGE}/1/{place}/answer", answer=answer, note="说是上午报的" if answer == "false" else ""
        )
        assert (reply.status, reply.location) == (302, PAGE)
        page = officer.get(PAGE)
        assert place_of(page) == place + 1
    assert "已回访 3 / 10 件。" in page.text
    assert "用时 1 分" in page.text
    assert "抽 10 件，回访 3 件，打通 2 件，属实 1 件（50%" in page.text
    rows = page.root.one("table", "sample-list").one("tbody").all("tr")
    assert [row.all("span", "chip")[0].text for row in rows[:3]] == ["属实", "不属实", "打不通"]
    assert "说是上午报的" in rows[1].text
    assert [a["href"] for a in rows[1].all("a") if a.text == "去提更正"] == [f"/tickets/{drawn[1]}#times"]
    assert not [a for a in rows[0].all("a") if a.text == "去提更正"]

    page = officer.send(page.root.one("form", "sample-undo")["action"], answer="unreachable")
    assert "已撤销第 3 件的回访" in page.notes
    assert place_of(page) == 3


def test_another_ticket_is_called_about_first_where_the_address_says_so(site: Site, drawn: list[str]) -> None:
    officer = site.as_("officer")
    page = officer.get(PAGE, place=7)
    assert place_of(page) == 7
    assert drawn[6] in page.root.one("article", "sample-card").text
    assert place_of(officer.get(PAGE, place=99)) == place_of(officer.get(PAGE, place="x")) == 1
    officer.post(f"{PAGE}/1/7/answer", answer="true")
    shown = officer.get(PAGE, place=7)
    assert "已记为 属实" in shown.root.one("article", "sample-card").text


def test_a_colleagues_answer_is_told_and_what_was_typed_is_kept(site: Site, drawn: list[str]) -> None:
    site.as_("hospital").post(f"{PAGE}/1/1/answer", answer="true")
    officer = site.as_("officer")
    officer.post(f"{PAGE}/1/1/answer", answer="true")  # the same word: nothing to tell
    refused = officer.post(f"{PAGE}/1/1/answer", answer="false", note="没人接")
    assert refused.status == 400
    assert "第 1 件已由 hospital 记为“属实”；要改请先撤销那一次。" in refused.notes[0]
    refused = officer.post(f"{PAGE}/1/2/answer", answer="maybe", note="没人接")
    assert refused.root.one("input", name="note")["value"] == "没人接"
    assert place_of(refused) == 2


def test_it_is_finished_at_any_time_and_another_draw_needs_a_reason(site: Site, drawn: list[str]) -> None:
    officer = site.as_("officer")
    officer.post(f"{PAGE}/1/1/answer", answer="true")
    form = officer.get(PAGE).root.one("form", action=f"{PAGE}/1/finish")
    assert "还有 9 件没有回访" in form["data-confirm"]
    page = officer.send(f"{PAGE}/1/finish")
    assert "抽查已结束，结果放在本月评分旁边" in page.notes
    assert page.root.one("p", "sentence").text.startswith("抽 10 件，回访 1 件，打通 1 件，属实 1 件（100%")
    assert not page.root.all("form", "sample-answer")

    refused = officer.post(f"{PAGE}/list", draw="1", reason=" ")
    assert refused.status == 400
    assert "写明理由" in refused.root.one("p", "fault").text
    page = commit(site, 1, reason="<b>只打通一件</b>")
    assert "理由：<b>只打通一件</b>" in page.text
    page = draw(site, 2, "别的种子")
    assert page.root.all("dl", "sample-earlier")[0].text.startswith("第 1 次 · 已由后一次代替，照样保留")
    assert page.tree.faults == []


def test_a_masked_number_is_shown_in_place_and_the_tickets_trail_tells_nothing(site: Site, drawn: list[str]) -> None:
    officer, vendor = site.as_("officer"), site.as_("vendor")
    place = next(p for p in range(1, 11) if "138****1234" in officer.get(PAGE, place=p).html)
    before = vendor.get(f"/tickets/{drawn[place - 1]}").main.text
    page = officer.get(PAGE, place=place)
    address = f"{PAGE}/1/{place}/phone"
    form = page.root.one("form", action=address)
    assert form.one("input", name="reason")["value"] == f"抽查回访 2026-10 第 {place} 件"
    assert PHONE not in page.html

    data = {"csrf_token": officer.token, "reason": form.one("input", name="reason")["value"]}
    part = officer.ask("POST", address, data=data, headers={"HX-Request": "true"})
    assert part.status == 200
    assert part.root.one("p", "original-whole").text == PHONE
    assert part.root.one("div", "original")["hx-get"] == address
    answer = officer.post(address, reason="回访")
    assert (answer.status, answer.location) == (303, address)
    assert officer.get(address).root.one("p", "original-whole").text == PHONE
    assert officer.post(address, reason=" ").status == 400
    other = next(p for p in range(1, 11) if "138****1234" not in officer.get(PAGE, place=p).html)
    assert officer.get(f"{PAGE}/1/{other}/phone").status == 404

    assert vendor.get(f"/tickets/{drawn[place - 1]}").main.text == before
    assert "抽查" in vendor.get("/audit", kind="personal_revealed").root.one("tbody").text
    assert not [n for n in drawn if n in vendor.get("/audit", kind="personal_revealed").html]
    assert vendor.get(address).status == 403


def everywhere(browser: Browser, drawn: list[str]) -> str:
    """What a browser is shown in the sample's context: its page, the trail, the files taken away."""
    shown = [browser.get(path).html for path in (
        PAGE, f"{PAGE}?place=1", f"{PAGE}/1/proof.json", "/audit?subject=sample", "/audit?subject_id=2026-10%2F1",
        "/search?q=抽查", "/flags?month=2026-10", "/dashboard?month=2026-10",
    )]  # fmt: skip
    shown.append(browser.post("/lists/events/export?subject=sample", format="csv").html)
    lines = browser.post("/audit/export").html.splitlines()
    return "".join([*shown, *(line for line in lines if '"subject":"sample"' in line)])


@pytest.mark.parametrize("role", ["vendor", "manager", "auditor", "leader"])
def test_others_are_shown_nothing_of_the_draw_before_the_lock(site: Site, drawn: list[str], role: str) -> None:
    officer, browser = site.as_("officer"), site.as_(role)
    officer.post(f"{PAGE}/1/1/answer", answer="false", note="没人回电")
    assert browser.get(PAGE).status == browser.get(f"{PAGE}/1/proof.json").status == 404
    assert browser.get(PAGE).text == browser.get("/months/2026-09/sample").text  # whether there is one or not
    assert "抽查" not in browser.get("/tickets").root.one("nav", "rail").text
    shown = everywhere(browser, drawn)
    assert "sample_drawn" in shown or "抽取样本" in shown
    for secret in (*drawn, SEED, "骰子", "没人回电"):
        assert secret not in shown, secret
    assert browser.post(f"{PAGE}/1/2/answer", answer="true").status == 403

    lock(site)
    page = browser.get(PAGE)
    assert page.status == 200
    assert listed(page) == drawn
    assert SEED in page.main.text
    assert "不属实" in page.text
    assert ("没人回电" in page.text) is (role == "leader")
    assert not page.main.all("form")
    assert page.tree.faults == []


def test_the_api_has_no_road_to_a_sample_and_its_events_tell_nothing(site: Site, drawn: list[str]) -> None:
    rules = {rule.rule for rule in site.app.url_map.iter_rules()}
    assert not [rule for rule in rules if "api" in rule and "sample" in rule]
    before = everything(site.console)
    site.as_("officer").post(f"{PAGE}/1/1/answer", answer="false", note="没人回电")
    after = everything(site.console)
    assert {name for name in after if after[name] != before[name]} <= {"sample_ticket", "event", "event_personal"}
    (event,) = [row for row in after["event"] if row not in before["event"]]
    assert "'sample', '2026-10/1', None" in event  # of no ticket: the API's events and the news are those of tickets


def test_the_file_to_recompute_by_is_the_hospitals_and_after_the_lock_everybodys(site: Site, drawn: list[str]) -> None:
    address = f"{PAGE}/1/proof.json"
    told = json.loads(site.as_("officer").get(address).html)
    assert told["drawn"] == drawn
    assert told["seed"] == SEED
    assert site.as_("vendor").get(address).status == 404
    lock(site)
    answer = site.as_("vendor").get(address)
    assert json.loads(answer.html)["drawn"] == drawn
    assert answer.headers["Content-Disposition"] == 'attachment; filename="sample-2026-10-1.json"'
    assert site.as_("vendor").get(f"{PAGE}/2/proof.json").status == 404


def test_a_month_that_was_not_checked_says_so_after_the_lock(site: Site, numbers: list[str]) -> None:
    lock(site)
    assert "这个月没有抽查" in site.as_("vendor").get(PAGE).text
    assert "这个月没有抽查" in site.as_("hospital").get(PAGE).text
    assert not site.as_("hospital").get(PAGE).main.all("form")


@pytest.mark.parametrize("month", ["2026-13", "x", "20261", "2026-1", "0000-00"])
def test_what_is_no_month_is_an_unknown_page(site: Site, month: str) -> None:
    assert site.as_("officer").get(f"/months/{month}/sample").status == 404
    assert site.as_("officer").post(f"/months/{month}/sample/list", draw="0").status == 404


def test_a_month_that_still_runs_offers_no_list(site: Site, numbers: list[str]) -> None:
    page = site.as_("officer").get("/months/2026-11/sample")
    assert "2026-11 还没有结束" in page.text
    assert not page.main.all("form")
    assert site.as_("officer").post("/months/2026-11/sample/list", draw="0").status == 400


@pytest.mark.parametrize("draw", ["x", "-1", "９", "99999999"])
def test_an_odd_number_of_a_draw_is_taken_for_none_seen(site: Site, numbers: list[str], draw: str) -> None:
    assert site.as_("officer").post(f"{PAGE}/list", draw=draw).status == 302


def test_the_page_takes_a_bounded_number_of_statements(site: Site, drawn: list[str]) -> None:
    officer = site.as_("officer")
    officer.get(PAGE)
    with site.statements() as said:
        officer.get(PAGE)
    assert len(said) <= 18, said


def test_the_page_is_whole_in_english(site: Site, drawn: list[str]) -> None:
    officer = site.as_("officer")
    officer.post(f"{PAGE}/1/1/answer", answer="false")
    officer.post("/language", language="en")
    page = officer.get(PAGE)
    for told in ("Called about 1 of 10.", "Not true", "Ask first", "Finish the sample check", "Draw again"):
        assert told in page.text
    assert page.tree.faults == []
