"""The quick log's pages without a browser: with and without a script, who may, what is told when it cannot be kept."""

from __future__ import annotations

from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest

from tests.conftest import NOON, log_ticket
from tests.pictures import picture
from tests.web.conftest import Site, everything
from tests.web.pages import Browser, Page

LINE = "门诊收费 王护士 支付宝缴费成功但HIS未到账 电话"
HOSTILE = "<script>alert(1)</script> {{7*7}} ' OR 1=1 -- 打不开 电话"


def by_script(browser: Browser, path: str = "/log", **fields: str) -> Page:
    data = {"csrf_token": browser.token, "act": "save", **fields}
    return browser.ask("POST", path, data=data, headers={"X-Requested-With": "fetch"})


def rows(site: Site) -> list[Any]:
    from ops_console.core.ticket_lists import Filter, Window
    from ops_console.store import ticket_lists

    with site.console.read() as session:
        return list(ticket_lists.page(session, Filter(), NOON, Window("number", descending=False, limit=50)))


def test_without_a_script_the_line_is_shown_as_read_and_kept_when_confirmed(site: Site) -> None:
    vendor = site.as_("vendor")
    shown = vendor.post("/log", line=LINE, act="check")
    assert shown.main.one("select", name="type").chosen == ["故障"]
    assert shown.main.one("input", name="department")["value"] == "门诊收费处"
    assert shown.main.all("button", name="act")[0]["value"] == "save"
    assert rows(site) == []
    kept = vendor.send("/log", line=LINE, act="save")
    assert kept.main.all("div", "quick-done") != []
    assert [(row.type, row.module, row.department) for row in rows(site)] == [("故障", "门诊缴费", "门诊收费处")]


def test_without_a_script_one_tap_stamps_and_the_placeholder_waits_with_its_link(site: Site) -> None:
    page = site.as_("vendor").send("/log", line="", at_once="当面")
    number = rows(site)[0].number
    assert (rows(site)[0].channel, rows(site)[0].title) == ("当面", "")
    fill = page.main.one("a", href=f"/log?number={number}")
    assert fill.text == "补内容"
    filled = site.as_("vendor").send("/log", line="药房刘药师 处方打不开", number=number, act="save")
    assert filled.status == 200
    assert rows(site)[0].title == "处方打不开"


def test_a_chat_line_is_asked_when_it_was_said_and_a_chip_answers(site: Site) -> None:
    vendor = site.as_("vendor")
    asked = by_script(vendor, line="药房 处方打不开 微信群")
    assert (asked.status, "data-asked-said" in asked.html, rows(site)) == (200, True, [])
    plain = vendor.post("/log", line="药房 处方打不开 微信群", act="save")
    assert "是什么时候说的" in plain.main.text
    assert plain.main.one("textarea").text == "药房 处方打不开 微信群"
    kept = by_script(vendor, line="药房 处方打不开 微信群", said="30", chat="微信群")
    assert (kept.status, rows(site)[0].reported_at) == (200, NOON - timedelta(minutes=30))


def test_a_day_without_a_time_is_asked_like_a_chat_line_and_a_chip_answers(site: Site) -> None:
    vendor = site.as_("vendor")
    line = "昨天 检验科 报告打不开 电话"
    asked = by_script(vendor, line=line)
    assert (asked.status, "data-asked-said" in asked.html, rows(site)) == (200, True, [])
    assert "开头的“昨天”读不出是几点" in asked.html
    plain = vendor.post("/log", line=line, act="save")
    assert "开头的“昨天”读不出是几点" in plain.main.text
    assert plain.main.one("textarea").text == line
    at = by_script(vendor, line=line, said="at", said_at="21:00", chat="微信群")
    assert (at.status, rows(site)[0].reported_at) == (200, NOON - timedelta(hours=21))
    assert (rows(site)[0].channel, rows(site)[0].title) == ("电话", "昨天 报告打不开")


def test_the_day_is_shown_beside_the_time_and_counts_when_confirmed(site: Site) -> None:
    vendor = site.as_("vendor")
    line = "昨天 21:00 检验科 电话 报告查询打不开"
    guessed = by_script(vendor, "/log/guess", line=line)
    assert guessed.root.one("input", name="reported")["value"] == "21:00"
    assert "报修时间 · 11-19" in guessed.root.text
    by_script(vendor, line=line, kept="reported", reported="21:00")
    assert [(row.title, row.reported_at) for row in rows(site)] == [("报告查询打不开", NOON - timedelta(hours=21))]
    assert by_script(vendor, "/log/guess", line="02-29 9:00 药房 处方打不开").status == 200
    assert by_script(vendor, line="02-29 9:00 药房 处方打不开").status == 400


def test_pasted_lines_that_leave_their_time_open_are_not_stamped_now(site: Site) -> None:
    vendor = site.as_("vendor")
    block = "昨天 药房 处方打不开\n半小时前 儿科 白屏\n昨天21点 检验科 白屏"
    shown = vendor.post("/log/chat", line=block)
    assert "开头的“昨天”读不出是几点" in shown.main.text
    assert [node["value"] for node in shown.main.all("input", type="time")] == ["", "17:30", "21:00"]
    fields = {f"reported-{n}": value for n, value in enumerate(("", "17:30", "21:00"))}
    told = vendor.send("/log/drafts", line=block, **fields, **{f"keep-{n}": "yes" for n in range(3)})
    assert "已登记 2 件" in told.main.text
    assert [row.reported_at for row in rows(site)] == [NOON - timedelta(minutes=30), NOON - timedelta(hours=21)]


def test_a_picture_that_is_refused_is_named_with_the_reason_and_the_ticket_kept(site: Site) -> None:
    vendor = site.as_("vendor")
    data = {
        "csrf_token": vendor.token, "act": "save", "line": "药房 处方打不开 电话",
        "pictures": [(BytesIO(b"MZ\x90\x00" * 40), "bad.png"), (BytesIO(b""), "empty.png")]
        + [(BytesIO(picture()), f"good-{n}.png") for n in range(7)],
    }  # fmt: skip
    told = vendor.ask("POST", "/log", data=data, headers={"X-Requested-With": "fetch"})
    assert [row.title for row in rows(site)] == ["处方打不开"]
    troubles = [node.text for node in told.root.all("p", "fault")]
    assert [text.split("”")[0] for text in troubles] == ["“bad.png", "“empty.png", "“good-6.png"]
    assert "一次最多 6 张图片" in troubles[2]
    assert "0 字节" in troubles[1]


def test_a_refusal_keeps_the_line_and_tells_the_reason_beside_it(site: Site) -> None:
    told = by_script(site.as_("vendor"), line="23:50 药房 处方打不开 电话")
    assert told.status == 400
    assert "23:50 还没有到" in told.html
    page = site.as_("vendor").post("/log", line="23:50 药房 处方打不开 电话", act="save")
    assert page.main.one("textarea").text == "23:50 药房 处方打不开 电话"
    assert rows(site) == []


def test_what_was_typed_is_shown_as_text_alone(site: Site) -> None:
    for page in (by_script(site.as_("vendor"), line=HOSTILE), site.as_("vendor").get("/log")):
        assert "<script>alert" not in page.html
    assert (
        "<script>alert(1)</script> {{7*7}}" in site.as_("vendor").get("/log").main.text
        or rows(site)[0].title in HOSTILE
    )


def test_guessing_changes_nothing(site: Site) -> None:
    vendor = site.as_("vendor")
    assert vendor.token
    before = everything(site.console)
    guessed = by_script(vendor, "/log/guess", line=LINE)
    assert guessed.root.one("select", name="module").chosen == ["门诊缴费"]
    kept = by_script(vendor, "/log/guess", line=LINE, kept="module", module="就医指南")
    assert kept.root.one("select", name="module").chosen == ["就医指南"]
    assert everything(site.console) == before


@pytest.mark.parametrize("role", ["hospital", "auditor", "administrator"])
@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/log"), ("POST", "/log"), ("POST", "/log/guess"), ("POST", "/log/chat"), ("POST", "/log/drafts"),
     ("POST", "/log/take-back"), ("GET", "/closing")],
)  # fmt: skip
def test_the_quick_log_is_the_vendors_own(site: Site, role: str, method: str, path: str) -> None:
    browser = site.as_(role)
    data = {"csrf_token": browser.token, "line": LINE, "act": "save"} if method == "POST" else None
    assert browser.ask(method, path, data=data).status == 403
    assert rows(site) == []


def test_another_persons_act_is_not_taken_back_here(site: Site) -> None:
    number = log_ticket(site.console)
    refused = site.as_("vendor").post("/log/take-back", number=number)
    assert refused.status in (302, 400)
    assert site.as_("vendor").post("/log/take-back", number="GD-20200101-00001").status == 404


def test_pasted_chat_is_logged_as_ticked_and_the_rest_left(site: Site) -> None:
    vendor = site.as_("vendor")
    block = "王护士 2026-11-20 17:12:33\n扫码付失败\n李护士 2026-11-20 17:13:00\n收到\n陈医生 2026-11-18 08:00\n白屏"
    page = vendor.post("/log", line=block, act="check")
    assert len(page.main.all("fieldset")) == 3
    fields = {
        "line": block,
        "keep-0": "yes",
        "type-0": "故障",
        "module-0": "门诊缴费",
        "keep-2": "yes",
        "type-2": "故障",
    }
    told = vendor.send("/log/drafts", **fields)
    assert "已登记 1 件" in told.main.text
    assert "24 小时" in told.main.text
    assert [(row.channel, row.reporter, row.title) for row in rows(site)] == [("微信群", "王护士", "扫码付失败")]


def test_the_box_takes_a_bounded_number_of_statements_whatever_waits(site: Site) -> None:
    vendor = site.as_("vendor")
    vendor.get("/log")
    with site.statements() as few:
        vendor.get("/log")
    for _ in range(30):
        log_ticket(site.console, title="", incomplete=True)
    with site.statements() as many:
        vendor.get("/log")
    assert len(many) <= len(few) + 2 <= 8
    site.clock.forward(seconds=1)
    with site.statements() as closing:
        vendor.get("/closing")
    assert len(closing) <= 10


def test_the_end_of_the_day_is_marked_in_the_menu_until_nothing_is_left(site: Site) -> None:
    vendor = site.as_("vendor")
    assert "今日已收尾" in vendor.get("/closing").main.text
    log_ticket(site.console, title="", incomplete=True)
    page = vendor.get("/closing")
    assert "只有时间、还没有内容" in page.main.text
    site.clock.forward(minutes=1)
    assert [mark.text for mark in vendor.get("/log").root.all("span", "rail-mark")] == ["待办"]
    assert site.as_("hospital").get("/tickets").root.all("span", "rail-mark") == []


def test_the_vendors_list_has_the_box_and_the_hospitals_has_not(site: Site) -> None:
    assert len(site.as_("vendor").get("/tickets").root.all("form", "quick")) == 1
    assert site.as_("hospital").get("/tickets").root.all("form", "quick") == []


def test_the_same_again_gives_way_to_what_the_line_says(site: Site) -> None:
    """同上, but by phone, or of somebody else: it used to stay a chat message that asked when it was said."""
    vendor = site.as_("vendor")
    vendor.post("/log", line="门诊收费 王护士 支付宝缴费成功但HIS未到账 微信群", said="5", answered="yes")
    (first,) = rows(site)
    page = vendor.get("/log", like=first.number).main
    inherited = [node["value"] for node in page.all("input", name="inherited")]
    assert inherited == ["channel", "department", "reporter"]
    same = {"type": "故障", "module": "门诊缴费", "channel": "微信群", "department": "门诊收费处", "reporter": "王护士"}
    for line in ("又一笔未到账 电话", "药房刘药师 也是未到账 电话"):
        assert vendor.post("/log", **same, kept=["type", "module"], inherited=inherited, line=line).status == 302
    assert [(row.channel, row.department, row.reporter, row.module) for row in rows(site)[1:]] == [
        ("电话", "门诊收费处", "王护士", "门诊缴费"), ("电话", "药房", "刘药师", "门诊缴费"),
    ]  # fmt: skip
