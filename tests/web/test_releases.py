"""The pages of releases: registering, the checklist of what is owed, corrections that both sides have a word in."""

from __future__ import annotations

import io
from typing import Any

import pytest

from tests.conftest import FakeClock
from tests.duties import agree, published, released, shanghai, the
from tests.web.conftest import Site
from tests.web.pages import Page

UPDATE = {
    "kind": "update", "version": "3.2.0", "title": "<b>缴费</b>", "ends": ["患者端", "小程序"],
    "released_at": "2026-11-20T09:30", "user_visible": "yes", "go_live": "yes", "notes": "一\n二",
}  # fmt: skip


@pytest.fixture
def clock() -> FakeClock:
    """Here it is Friday 20 November, 10 o'clock in Shanghai."""
    return FakeClock(shanghai("2026-11-20 10:00"))


@pytest.fixture(autouse=True)
def _agreed(site: Site) -> None:
    agree(site.console)


def checklist(page: Page) -> dict[str, str]:
    """What is owed, by name, and its state."""
    lines = page.main.one("ul", "checklist").all("div", "checklist-line")
    return {line.one("a", "checklist-name").text: line.all("span", "chip")[0].text for line in lines}


def test_either_party_registers_an_update_and_sees_what_it_owes(site: Site) -> None:
    for role, version in (("vendor", "3.2.0"), ("officer", "3.2.1")):
        answer = site.as_(role).post("/releases/new", **{**UPDATE, "version": version})
        assert answer.status == 302, answer.text
        page = site.as_("auditor").get(answer.location)
        assert page.tree.faults == []
        assert "<b>缴费</b>" in page.main.text
        assert "患者端、小程序" in page.main.text
        assert checklist(page) == {
            "C-13 更新说明": "缺", "C-24 首页告知": "将到期", "C-30 操作说明": "未到期", "C-30 操作视频": "未到期",
        }  # fmt: skip
    assert site.as_("auditor").post("/releases/new", **UPDATE).status == 403


def test_the_form_offers_both_kinds_and_begins_with_now(site: Site) -> None:
    vendor = site.as_("vendor")
    assert vendor.get("/releases/new").main.one("input", name="released_at")["value"] == "2026-11-20T10:00"
    assert vendor.get("/releases/new?kind=version").main.all("input", name="published_on") != []
    assert vendor.get("/releases/new?kind=x").status == 200


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"version": ""}, "请填写版本号"), ({"title": " "}, "请填写标题"), ({"released_at": "now"}, "时间请写成"),
        ({"released_at": ""}, "请填写发布时间"), ({"ends": ["微波炉"]}, "请从列表中选择涉及的端"),
        ({"kind": "version", "published_on": "x"}, "日期请写成"),
        ({"kind": "version", "published_on": "2026-12-01"}, "不能晚于今天"), ({"kind": "x"}, "请选择登记的是"),
    ],
)  # fmt: skip
def test_a_refused_form_keeps_what_was_typed(site: Site, given: dict[str, Any], told: str) -> None:
    answer = site.as_("vendor").post("/releases/new", **{**UPDATE, **given})
    assert answer.status == 400
    assert told in answer.main.text
    assert answer.main.one("textarea", name="notes").text == "一 二"
    if "version" not in given:
        assert answer.main.one("input", name="version")["value"] == "3.2.0"


def test_a_version_sent_twice_is_registered_once(site: Site) -> None:
    vendor = site.as_("vendor")
    assert vendor.post("/releases/new", **UPDATE).status == 302
    again = vendor.post("/releases/new", **UPDATE)
    assert (again.status, "已经登记过" in again.main.text) == (400, True)


def test_a_version_found_late_is_marked(site: Site) -> None:
    answer = site.as_("officer").post(
        "/releases/new", kind="version", version="V8", title="八代", published_on="2026-11-09"
    )
    page = site.as_("vendor").get(answer.location)
    assert "乙方提醒的期限已过" in page.main.text
    assert checklist(page) == {"C-35 新版本提醒": "缺", "C-35 升级计划": "将到期"}
    assert "甲方发现" in site.as_("vendor").get("/releases").main.text


def test_the_list_has_tabs_and_an_empty_one_says_what_would_be_here(site: Site) -> None:
    auditor = site.as_("auditor")
    assert "还没有登记过发布" in auditor.get("/releases").main.text
    released(site.console)
    published(site.console)
    assert [tab.text for tab in auditor.get("/releases").main.all("a", "tab")] == [
        "全部 2",
        "更新发布 1",
        "产品新版本 1",
    ]
    for query, n in (("", 2), ("kind=version", 1), ("kind=x", 2), ("page=x", 2)):
        assert len(auditor.get(f"/releases?{query}").main.one("tbody").all("tr")) == n, query


def test_the_list_asks_the_same_number_of_statements_however_many_there_are(site: Site) -> None:
    auditor = site.as_("auditor")
    released(site.console)
    auditor.get("/releases")
    with site.statements() as few:
        auditor.get("/releases")
    for n in range(5):
        released(site.console, version=f"4.{n}")
    with site.statements() as many:
        auditor.get("/releases")
    assert len(many) == len(few) <= 10


def test_an_artefact_is_delivered_from_the_checklist(site: Site, clock: FakeClock) -> None:
    made = released(site.console)
    vendor = site.as_("vendor")
    page = vendor.get(f"/releases/{made}")
    form = page.main.one("ul", "checklist").all("form")[0]
    assert form["action"] == f"/duties/{the(site.console, f'C-13/notes/release:{made}/1').id}/delivery"
    fields = {field["name"]: field.get("value") for field in form.all("input", type="hidden")}
    vendor.post(form["action"], file=(io.BytesIO(b"notes"), "说明.txt"), **fields)
    page = site.as_("officer").get(f"/releases/{made}")
    assert checklist(page)["C-13 更新说明"] == "待验收"
    assert "去验收" in page.main.text


def change(site: Site, role: str, made: int, **given: str) -> Page:
    fields = {"version": "3.2.0", "title": "门诊缴费优化", "released_at": "2026-11-20T10:00", "user_visible": "yes",
              "reason": "记错了", **given}  # fmt: skip
    return site.as_(role).post(f"/releases/{made}/changes", **fields)


def test_words_are_corrected_at_once_and_times_with_the_other_sides_yes(site: Site) -> None:
    made = released(site.console)
    assert change(site, "vendor", made, title="缴费与退费").status == 302
    assert "缴费与退费" in site.as_("officer").get(f"/releases/{made}").main.text
    change(site, "vendor", made, title="缴费与退费", released_at="2026-11-19T20:00")
    page = site.as_("officer").get(f"/releases/{made}")
    asked = page.main.one("section", id="change")
    assert "发布时间 2026-11-20 10:00:00 2026-11-19 20:00:00" in asked.text
    number = asked.all("input", name="change")[0]["value"]
    vendor_page = site.as_("vendor").get(f"/releases/{made}").main.one("section", id="change")
    assert [b.text for b in vendor_page.all("button")] == ["撤回更正"]
    path = f"/releases/{made}/changes/decision"
    assert site.as_("vendor").post(path, change=number, verdict="agree").status == 400
    assert site.as_("officer").post(path, change=number, verdict="maybe").status == 400
    refused = site.as_("officer").post(path, change=number, verdict="refuse", answer="")
    assert refused.status == 400
    assert site.as_("officer").post(path, change=number, verdict="agree").status == 302
    page = site.as_("auditor").get(f"/releases/{made}")
    assert "2026-11-19 20:00:00" in page.main.text
    assert "对方已同意" in page.main.one("section", id="changes").text
    assert "2026-11-26 23:59:59 到期" in page.main.one("ul", "checklist").text


def test_a_correction_is_refused_with_the_reason_shown_to_both(site: Site) -> None:
    made = released(site.console)
    change(site, "officer", made, go_live="yes")
    number = site.as_("vendor").get(f"/releases/{made}").main.all("input", name="change")[0]["value"]
    site.as_("manager").post(f"/releases/{made}/changes/decision", change=number, verdict="refuse", answer="没有新功能")
    for role in ("officer", "vendor"):
        assert "没有新功能" in site.as_(role).get(f"/releases/{made}").main.text


def test_a_faulty_correction_keeps_what_was_typed(site: Site) -> None:
    made = released(site.console)
    answer = change(site, "vendor", made, reason="", title="另一个标题")
    assert answer.status == 400
    assert answer.main.one("input", id="change-title")["value"] == "另一个标题"
    assert change(site, "vendor", made).status == 400  # nothing changed


def test_a_release_is_void_once_both_say_so(site: Site) -> None:
    made = released(site.console)
    assert site.as_("vendor").post(f"/releases/{made}/changes", void="yes", reason="").status == 400
    site.as_("vendor").post(f"/releases/{made}/changes", void="yes", reason="重复登记")
    page = site.as_("officer").get(f"/releases/{made}")
    assert "作废 否 是" in page.main.one("section", id="change").text
    number = page.main.all("input", name="change")[0]["value"]
    site.as_("officer").post(f"/releases/{made}/changes/decision", change=number, verdict="agree")
    page = site.as_("vendor").get(f"/releases/{made}")
    assert "已作废" in page.main.one("h1").text
    assert set(checklist(page).values()) == {"已豁免"}
    assert page.main.all("form", action=f"/releases/{made}/changes") == []


def test_the_notice_is_taken_down_and_the_decision_noted(site: Site, clock: FakeClock) -> None:
    made, version = released(site.console, go_live=True), published(site.console)
    vendor, officer = site.as_("vendor"), site.as_("officer")
    refused = vendor.post(f"/releases/{made}/notice-off", at="2026-11-19T10:00")
    assert (refused.status, "关闭时间不能早于上线" in refused.main.text) == (400, True)
    clock.forward(days=7)
    picture = (io.BytesIO(b"off"), "首页.txt")
    vendor, officer = site.signed_in("vendor"), site.signed_in("officer")
    assert vendor.post(f"/releases/{made}/notice-off", at="2026-11-26T18:00", file=picture).status == 302
    notice = officer.get(f"/releases/{made}").main.one("section", id="notice")
    assert "2026-11-26 18:00:00" in notice.text
    assert [a["href"] for a in notice.all("a")] == ["/proofs/1"]
    assert vendor.post(f"/releases/{version}/decision", decision="later", reason="x").status == 403
    assert officer.post(f"/releases/{version}/decision", decision="", reason="x").status == 400
    officer.post(f"/releases/{version}/decision", decision="later", reason="年底封网")
    assert "暂缓 ：年底封网" in vendor.get(f"/releases/{version}").main.text


def test_an_unknown_release_is_not_found(site: Site) -> None:
    assert site.as_("vendor").get("/releases/99").status == 404
    assert change(site, "vendor", 99).status == 404


def test_the_audit_page_has_words_for_corrections(site: Site) -> None:
    made = released(site.console)
    change(site, "vendor", made, version="3.2.0-a")
    page = site.as_("auditor").get("/audit?subject=release")
    assert "更正发布" in page.main.text
    assert "3.2.0 → 3.2.0-a" in page.main.text
    assert "release_" not in page.main.text
