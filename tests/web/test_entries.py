"""A month's entries on their page: entered at once or one by one, confirmed, objected to, imported, taken away."""

from __future__ import annotations

import io
from typing import Any

import pytest

from ops_console.services import assessments
from tests.web.conftest import Site
from tests.web.pages import Page
from tests.web.test_scores import agreed, workbook

PAGE = "/months/2026-11/entries"


@pytest.fixture
def house(site: Site) -> Site:
    """A console with the example sheet in force."""
    agreed(site)
    return site


def enter(site: Site, role: str = "hospital", name: str = "complaints", **given: Any) -> Page:
    return site.as_(role).post(f"{PAGE}/{name}", **{"numerator": "2", "denominator": "3", **given})


def test_the_page_lists_what_the_sheet_needs(house: Site) -> None:
    for role in ("hospital", "vendor", "officer"):
        page = house.as_(role).get(PAGE)
        assert page.tree.faults == []
        assert len(page.main.all("section", "entry")) == 12
        assert "还有 12 项没有录入" in page.text
        assert page.main.one("form", id="many")
    auditor = house.as_("auditor").get(PAGE)
    assert not [form for form in auditor.main.all("form") if form["action"].startswith(PAGE)]
    assert house.as_("administrator").get(PAGE).status == 403


def test_without_a_sheet_there_is_nothing_to_enter(site: Site) -> None:
    page = site.as_("hospital").get(PAGE)
    assert "没有要录入的事实" in page.text
    assert site.as_("hospital").get("/entries").location == PAGE
    assert site.as_("hospital").get("/entries", month="2026-10").location == "/months/2026-10/entries"
    assert site.as_("hospital").get("/entries", month="x").location == PAGE


@pytest.mark.parametrize("month", ["2027-01", "2024-12", "2026-13", "x"])
def test_other_months_are_not_found(house: Site, month: str) -> None:
    hospital = house.as_("hospital")
    assert hospital.get(f"/months/{month}/entries").status == 404
    assert hospital.post(f"/months/{month}/entries/complaints", numerator="1").status == 404


def test_many_are_entered_at_once_or_none(house: Site) -> None:
    hospital = house.as_("hospital")
    names = ["spot_check_failed", "availability", "complaints"]
    wrong = hospital.post(
        PAGE, measure=names, **{"spot_check_failed.n": "5", "spot_check_failed.of": "4", "availability.n": "99.95"}
    )
    assert wrong.status == 400
    assert "次数不能超过总数" in wrong.text
    assert wrong.main.one("input", name="availability.n")["value"] == "99.95"
    assert "还有 12 项没有录入" in wrong.text
    done = hospital.send(PAGE, measure=names, **{"spot_check_failed.n": "0", "availability.n": "99.95"})
    assert "已录入 2 项" in done.text
    assert "还有 10 项没有录入" in done.text
    assert hospital.post(PAGE, measure=names).status == 400
    assert hospital.post(PAGE, measure=["reopened"], **{"reopened.n": "1"}).status == 400


def test_one_is_entered_with_evidence_and_confirmed_by_the_other(house: Site) -> None:
    answer = enter(house, reason="<b>两起</b>", file=(io.BytesIO(b"letter"), "投诉信.txt"))
    assert answer.location == PAGE
    vendor = house.as_("vendor")
    page = vendor.get(PAGE)
    waiting = page.main.one("form", id="waiting")
    assert "有效投诉： 2 / 3" in waiting.text
    assert "<b>两起</b>" in waiting.text
    assert "投诉信.txt" in page.text
    assert vendor.post(f"{PAGE}-confirmed").status == 400
    assert vendor.post(f"{PAGE}-confirmed", entry="x").status == 400
    assert house.as_("officer").post(f"{PAGE}-confirmed", entry="1").status == 400
    assert vendor.post(f"{PAGE}-confirmed", entry="1").status == 302
    shown = house.as_("hospital").get(PAGE).main.one("section", id="complaints")
    assert "对方已确认" in shown.text


def test_the_other_party_objects_and_the_first_enters_anew_or_takes_back(house: Site) -> None:
    enter(house)
    vendor, hospital = house.as_("vendor"), house.as_("hospital")
    refused = vendor.post(f"{PAGE}-objected/1", answer=" ")
    assert (refused.status, "请写明原因" in refused.text) == (400, True)
    assert vendor.post(f"{PAGE}-objected/1", answer="只有一起").status == 302
    assert "异议：只有一起" in hospital.get(PAGE).main.one("section", id="complaints").text
    without = enter(house, numerator="1")
    assert (without.status, without.main.one("textarea", id="complaints-reason").text) == (400, "")
    assert enter(house, numerator="1", reason="查实一起").status == 302
    assert "全部录入 2 次" in hospital.get(PAGE).text
    assert vendor.post(f"{PAGE}-withdrawn/2").status == 400
    assert hospital.post(f"{PAGE}-withdrawn/2").status == 302
    assert hospital.post(f"{PAGE}-withdrawn/99").status == 404


def test_what_was_typed_stays_beside_its_fault(house: Site) -> None:
    answer = enter(house, numerator="5", denominator="3", reason="说明")
    assert answer.status == 400
    section = answer.main.one("section", id="complaints")
    assert section.one("p", "fault").text == "次数不能超过总数；总数不清楚的请留空。"
    assert (section.one("input", name="numerator")["value"], section.one("textarea", name="reason").text) == (
        "5",
        "说明",
    )
    assert enter(house, name="reopened").status == 404
    assert enter(house, name="nothing").status == 404


def test_confirming_asks_for_the_second_factor(house: Site) -> None:
    enter(house)
    vendor = house.as_("vendor")
    house.clock.forward(minutes=6)
    asked = vendor.post(f"{PAGE}-confirmed", entry="1")
    assert (asked.status, "动态口令" in asked.text) == (200, True)
    assert "待对方确认" in vendor.get(PAGE).text


def test_a_sheet_is_imported_whole_or_not_at_all(house: Site) -> None:
    vendor = house.as_("vendor")
    rows = [["事实", "次数", "总数", "说明"], ["有效投诉", 2, 3, "两起"], ["没有这个", 1, "", ""]]
    faulty = vendor.post(f"{PAGE}-imported", file=(workbook(rows), "月报.xlsx"))
    assert faulty.status == 400
    assert "有 1 处错误，没有导入任何一项" in faulty.text
    assert "还有 12 项没有录入" in faulty.text
    done = vendor.send(f"{PAGE}-imported", file=(workbook(rows[:2]), "月报.xlsx"))
    assert "已导入 1 项" in done.text
    assert "月报.xlsx" in done.main.one("section", id="complaints").text
    assert vendor.post(f"{PAGE}-imported").status == 400
    assert vendor.post(f"{PAGE}-imported", file=(io.BytesIO(b"\x00\x01"), "x.xlsx")).status == 400
    headless = vendor.post(f"{PAGE}-imported", file=(workbook([["a", "b"], [1, 2]]), "x.xlsx"))
    assert (headless.status, "缺少必需的列" in headless.text) == (400, True)


def test_ten_thousand_rows_are_refused(house: Site) -> None:
    rows = [["事实", "次数"], *(["有效投诉", 1] for _ in range(10_000))]
    answer = house.as_("vendor").post(f"{PAGE}-imported", file=(workbook(rows), "月报.xlsx"))
    assert (answer.status, "一次最多导入 100 行" in answer.text) == (400, True)


def test_a_frozen_month_is_closed(house: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    enter(house)
    monkeypatch.setattr(assessments, "last_frozen", lambda *_: "2026-11")
    page = house.as_("vendor").get(PAGE)
    assert "已经冻结" in page.text
    assert not [form for form in page.main.all("form") if form["action"].startswith(PAGE)]
    assert enter(house, "vendor", "falsified").status == 400
    assert house.as_("vendor").post(f"{PAGE}-confirmed", entry="1").status == 400
    assert (
        house.as_("vendor")
        .post(f"{PAGE}-imported", file=(workbook([["事实", "次数"], ["弄虚作假", 0]]), "x.xlsx"))
        .status
        == 400
    )


def test_the_list_leaves_with_numbers(house: Site) -> None:
    enter(house)
    hospital = house.as_("hospital")
    address = hospital.get(PAGE).main.one("form", "export")["action"]
    answer = hospital.post(address, format="csv")
    row = next(line for line in answer.html.splitlines() if "有效投诉" in line)
    assert row.startswith("2026-11,有效投诉,2,3,填写,甲方,hospital,")


def test_a_page_asks_the_same_number_of_statements_whatever_it_shows(house: Site) -> None:
    hospital = house.as_("hospital")
    hospital.get(PAGE)
    with house.statements() as empty:
        hospital.get(PAGE)
    for name in ("complaints", "falsified", "change_failed"):
        enter(house, name=name)
    with house.statements() as full:
        hospital.get(PAGE)
    assert len(full) <= len(empty) + 1 <= 13
