"""The list of tickets, one ticket with its clocks and events, moving it on, logging a new one."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from sqlalchemy import select

from ops_console.core import tickets as core
from ops_console.core.people import ROLES
from ops_console.core.tickets import CHANNELS, STATES
from ops_console.services.tickets import RIGHTS
from ops_console.store.audit import EventRow
from tests.conftest import DATA, HOSPITAL, FakeClock, do, import_sheet, log_ticket
from tests.sheets import row, rows, write_sheet
from tests.web.conftest import Site, everything, open_site
from tests.web.pages import Browser, Node, Page

NUMBER = "GD-20261120-00001"
BREACHED_REPAIR = "/tickets?month=2026-01&clock=repair&class=work&result=breached"
HOSTILE_TEXT = ("<svg onload=alert(1)>", '"><script>alert(1)</script>')


@pytest.fixture(scope="module")
def sheet() -> list[dict[str, str]]:
    """The year's rows, as the file has them."""
    with (DATA / "tickets-2026.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def vendor(year: Site) -> Browser:
    """The vendor, looking at the year."""
    return year.as_("vendor")


# -- the list ---------------------------------------------------------------------------------------------------------


def test_list_shows_the_newest_tickets_with_their_clocks(vendor: Browser, sheet: list[dict[str, str]]) -> None:
    page = vendor.get("/tickets")

    newest = sorted(sheet, key=lambda line: line["报修时间"], reverse=True)[:50]
    assert page.count == len(sheet)
    assert page.numbers == [line["单号"] for line in newest]
    first, line = page.root.one("tbody").all("tr")[0], newest[0]
    for shown in (line["类型"], line["系统模块"], line["标题"], line["报修科室"], line["报修时间"][5:16]):
        assert shown in first.text
    assert first.one("time")["title"] == line["报修时间"]
    assert all(tr.all("span", "chip") for tr in page.root.one("tbody").all("tr"))


@pytest.mark.parametrize(
    ("query", "column", "value"),
    [
        ("type=故障", "类型", "故障"),
        ("type=咨询", "类型", "咨询"),
        ("module=门诊缴费", "系统模块", "门诊缴费"),
        ("channel=电话", "渠道", "电话"),
        ("month=2026-03", "报修时间", "2026-03"),
        ("q=GD-20260101-00003", "单号", "GD-20260101-00003"),
        ("q=%20GD-20260101-00003%20", "单号", "GD-20260101-00003"),
    ],
)
def test_filter_keeps_exactly_the_rows_it_names(
    vendor: Browser, sheet: list[dict[str, str]], query: str, column: str, value: str
) -> None:
    page = vendor.get(f"/tickets?{query}")

    wanted = [line["单号"] for line in sheet if line[column].startswith(value)]
    assert page.count == len(wanted) > 0
    assert set(page.numbers) <= set(wanted)
    assert len(page.numbers) == min(50, len(wanted))
    assert len(page.root.all("a", "tag-chip")) == 1


def test_filters_of_several_kinds_and_values_narrow_together(vendor: Browser, sheet: list[dict[str, str]]) -> None:
    page = vendor.get("/tickets?type=故障&type=缺陷&month=2026-03&channel=电话")

    wanted = [
        line["单号"]
        for line in sheet
        if line["类型"] in ("故障", "缺陷") and line["报修时间"].startswith("2026-03") and line["渠道"] == "电话"
    ]
    assert page.count == len(wanted) > 0
    assert set(page.numbers) == set(wanted)


def test_states_part_the_tickets(vendor: Browser, sheet: list[dict[str, str]]) -> None:
    counts = {state: vendor.get("/tickets", state=state).count for state in STATES}

    assert sum(counts.values()) == len(sheet)
    still_open = ("待响应", "处理中", "已到场", "挂起", "待确认")
    assert vendor.get("/tickets?open=1").count == sum(counts[state] for state in still_open)


def test_hours_part_the_month(vendor: Browser, sheet: list[dict[str, str]]) -> None:
    by_hour = Counter(line["报修时间"][11:13] for line in sheet if line["报修时间"].startswith("2026-05"))

    shown = {f"{hour:02d}": vendor.get(f"/tickets?month=2026-05&hour={hour}").count for hour in range(24)}

    assert {hour: n for hour, n in shown.items() if n} == by_hour


@pytest.mark.parametrize(
    ("sort", "column"),
    [("number", "单号"), ("reported", "报修时间"), ("type", "类型"), ("module", "系统模块"), ("state", "")],
)
def test_list_is_sorted_by_its_address(vendor: Browser, sheet: list[dict[str, str]], sort: str, column: str) -> None:
    known = {line["单号"]: line for line in sheet}
    up = vendor.get(f"/tickets?month=2026-03&sort={sort}&order=asc")
    down = vendor.get(f"/tickets?month=2026-03&sort={sort}&order=desc")

    pages = -(-up.count // 50)
    last = vendor.get(f"/tickets?month=2026-03&sort={sort}&order=desc&page={pages}")
    assert [th for th in up.root.all("th") if th.get("aria-sort") == "ascending"]
    assert [th for th in down.root.all("th") if th.get("aria-sort") == "descending"]
    assert last.numbers == (up.numbers[: len(last.numbers)])[::-1]
    if column:
        values = [known[number][column] for number in up.numbers]
        assert values == sorted(values, key=lambda value: value.encode())


def test_pages_together_hold_every_row_once(vendor: Browser, sheet: list[dict[str, str]]) -> None:
    page, seen = vendor.get("/tickets?type=故障&sort=module"), []
    while True:
        seen += page.numbers
        following = page.root.all("a", rel="next")
        if not following:
            break
        page = vendor.get(following[0]["href"])

    assert sorted(seen) == sorted(line["单号"] for line in sheet if line["类型"] == "故障")


def test_chip_takes_its_condition_away_and_keeps_the_others(vendor: Browser) -> None:
    page = vendor.get("/tickets?type=故障&type=缺陷&month=2026-03&sort=module&order=asc&page=2")

    chips = {chip.text: chip["href"] for chip in page.root.all("a", "tag-chip")}

    assert list(chips) == ["故障", "缺陷", "2026-03"]
    assert chips["故障"] == f"/tickets?type={quote('缺陷')}&month=2026-03&sort=module&order=asc"
    assert vendor.get(page.root.one("a", "clear")["href"]).count > page.count


def test_filter_form_keeps_what_it_does_not_show(vendor: Browser) -> None:
    page = vendor.get("/tickets?clock=repair&result=breached&month=2026-03&type=故障&sort=module&page=1")
    form = page.root.one("form", "filters")

    hidden = {box["name"]: box["value"] for box in form.all("input", type="hidden")}
    chosen = {select["name"]: select.chosen for select in form.all("select")}

    assert hidden == {"clock": "repair", "result": "breached", "sort": "module"}
    assert chosen == {"type": ["故障"], "module": [], "state": [], "month": ["2026-03"]}


def test_list_of_a_clock_is_headed_by_clause_and_rule(vendor: Browser) -> None:
    page = vendor.get(BREACHED_REPAIR)

    assert page.root.one("p", "rule").text == "工作时间报修，从到场起应在 4 小时内恢复；合同 二.1.⑦（C-18）"
    assert "2026-01 报修、有排除时限、工作时间、超时" in page.root.one("p", "population").text
    assert "截至 2026-11-20 18:00" in page.root.one("p", "population").text
    both = vendor.get("/tickets?month=2026-01&clock=response")
    assert [rule.text[-6:] for rule in both.root.all("p", "rule")] == ["（C-15）", "（C-16）"]


def test_nothing_found_says_what_to_do(vendor: Browser) -> None:
    page = vendor.get("/tickets?month=2019-01")

    assert "没有符合条件的工单" in page.text
    assert page.count == 0
    assert page.root.one("section", "empty-page").one("a")["href"] == "/tickets"


@pytest.mark.parametrize(
    ("role", "offered"),
    [("vendor", ["/import", "/tickets/new"]), ("hospital", ["/import", "/tickets/new"]), ("auditor", [])],
)
def test_empty_console_says_what_makes_the_first_ticket(site: Site, role: str, offered: list[str]) -> None:
    page = site.as_(role).get("/tickets")

    assert "还没有工单" in page.text
    assert [a["href"] for a in page.root.one("section", "empty-page").all("a")] == offered


def test_part_of_the_page_alone_is_given_to_htmx(vendor: Browser) -> None:
    part = vendor.ask("GET", "/tickets?month=2026-03", headers={"HX-Request": "true", "HX-Target": "list"})

    assert not part.root.all("body")
    assert len(part.numbers) == 50


HOSTILE = [
    *(f"page={value}" for value in ("0", "-1", "1e9", "99999", "9" * 400, "1.5", "٣", "²", "０１", "%00", "+1")),
    *(f"hour={value}" for value in ("-1", "24", "99", "9" * 300, "²", "०", "٣", "x", "1.0", "%00", "１２")),
    *(
        f"month={value}"
        for value in (
            "2026-13", "2026-00", "0000-01", "9999-12", "10000-01", "-001-01", "2026-1", "2026-03%0A", "２０２６-０３",
            "2026-03'", "%00", "x" * 500, "2026", "2026-03-01",
        )
    ),
    *(
        f"{name}={value}"
        for name in ("type", "module", "channel", "state", "sort")
        for value in (
            "'%20OR%201=1--", "%25", "%25s", "%25(n)s", "_", "😀", "%ED%A0%80", "%F0%28%8C%28", "{{7*7}}", "a" * 3000,
            "%3Csvg%20onload=alert(1)%3E", "%00",
        )
    ),
    *(f"{name}={value}" for name in ("clock", "class", "result", "reading", "order") for value in ("x", "'", "[]")),
    "type[]=故障", "type=&type=&module=", "page=1&page=2", "month=2026-03&month=2026-04", "sort=reported;drop",
    "=x", "&&&", "breached=x",
    "&".join(f"type=t{n}" for n in range(400)), "clock=repair&class=work&result=running&reading=raw&open=1&waiting=1",
]  # fmt: skip


@pytest.mark.parametrize("query", HOSTILE)
def test_hostile_filters_are_answered_with_a_list(vendor: Browser, query: str) -> None:
    page = vendor.get(f"/tickets?{query}")

    assert page.status == 200
    assert page.count >= 0
    assert not page.tree.faults
    assert not dangers(page)


def test_there_are_a_hundred_hostile_filters() -> None:
    assert len(HOSTILE) >= 100


@pytest.mark.parametrize(
    "number",
    [
        "GD-0",
        "1",
        "-1",
        "%00",
        "%ED%A0%80",
        "😀",
        "a" * 3000,
        "' OR 1=1--",
        "..%2f..",
        "%3Csvg%20onload=x%3E",
        "new%20",
    ],
)
def test_ticket_that_is_not_there_is_not_found(vendor: Browser, number: str) -> None:
    page = vendor.get(f"/tickets/{number}")

    assert page.status == 404
    assert not dangers(page)


# -- one ticket -------------------------------------------------------------------------------------------------------


def test_ticket_shows_every_event_with_both_times(vendor: Browser, sheet: list[dict[str, str]]) -> None:
    line = sheet[0]
    page = vendor.get(f"/tickets/{line['单号']}")

    assert page.root.one("h1").text == line["标题"]
    table = page.root.one("table", "list-events")
    shown = [[cell.text for cell in tr.all("td")][:3] for tr in table.one("tbody").all("tr")]
    at_import = "2026-11-20 18:00:00"
    assert shown == [
        [line["报修时间"], line["录入时间"], "报修"],
        [line["响应时间"], at_import, "响应"],
        [line["到场时间"], at_import, "到场签到"],
        [line["恢复时间"], at_import, "业务恢复"],
        [line["确认时间"], at_import, "医院确认"],
        *([shown[5]] if len(shown) > 5 else []),
    ]
    for value in (line["报修科室"], line["报修人"], line["联系电话"], line["问题描述"], line["处理过程"], "4 / 5"):
        assert value in page.text
    assert {tr.all("td")[-1].text for tr in table.one("tbody").all("tr")} == {"导入"}


def test_from_the_list_of_breaches_to_the_ticket_and_its_explanation(vendor: Browser) -> None:
    listed = vendor.get(BREACHED_REPAIR)
    page = vendor.get(listed.root.all("td", "cell-number")[0].one("a")["href"])

    clock = page.root.one("details", id="clock-repair")
    assert "clock-breached" in clock["class"]
    assert clock.one("summary").text.startswith("排除 超时 到期 2026-01-")
    told = clock.one("div", "clock-body").text
    assert "工作时间报修，从到场起应在 4 小时内恢复；合同 二.1.⑦（C-18）" in told
    assert "按报修时刻一次定为工作时间" in told
    assert re.search(r"用时 4 小时.*时限 4 小时.*：超时", told)
    assert "合同第 1 版（自 2025-01-01 起计），日历：2026 年" in told


def test_running_clock_tells_its_deadline_for_the_count_down(site: Site) -> None:
    log_ticket(site.console)
    site.clock.forward(minutes=10)

    page = site.as_("vendor").get(f"/tickets/{NUMBER}")

    chip = page.root.one("span", "chip-running")
    assert chip.text == "响应 剩 50 分"
    assert chip["data-due"] == "2026-11-20T11:00:00+00:00"
    assert page.root.one("body")["data-now"] == "2026-11-20T10:10:00+00:00"


def test_clock_past_its_deadline_is_broken_at_once_on_list_and_page(site: Site) -> None:
    log_ticket(site.console)
    site.clock.forward(minutes=60)
    assert site.as_("vendor").get("/tickets?breached=1").count == 0
    site.clock.forward(seconds=1)
    vendor = site.signed_in("vendor")

    for page in (vendor.get("/tickets?breached=1"), vendor.get(f"/tickets/{NUMBER}")):
        assert page.root.one("span", "chip-broken").text == "响应 超时"


# -- moving on --------------------------------------------------------------------------------------------------------


# What either party may say: that somebody must come, that a pause is over.
ALSO = {"resumed": ("tickets.confirm",), "onsite_decided": ("tickets.confirm",)}


def events(site: Site) -> int:
    return len(everything(site.console)["event"])


def may(kind: str, role: str) -> bool:
    return bool({RIGHTS[kind], *ALSO.get(kind, ())} & ROLES[role][1])


MOVES = [(kind, role) for kind in sorted(RIGHTS) for role in ROLES]


@pytest.fixture(scope="module")
def refusing(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[Site]:
    """A site with one ticket, only to be refused."""
    made = open_site(tmp_path_factory.mktemp("refusing") / "data", sqlite_template, FakeClock())
    log_ticket(made.console)
    yield made
    made.console.close()


def ask_to_move(site: Site, kind: str, role: str) -> Page:
    """Given a move and a role, send its form with every field it may want."""
    given = {"reason": "因为", "approved": "yes", "needs_onsite": "yes"}
    return site.as_(role).post(f"/tickets/{NUMBER}/moves", kind=kind, **given)


@pytest.mark.parametrize(("kind", "role"), [move for move in MOVES if not may(*move)])
def test_move_is_refused_to_a_role_without_its_right(refusing: Site, kind: str, role: str) -> None:
    refusing.as_(role)
    before = events(refusing)

    answer = ask_to_move(refusing, kind, role)

    assert answer.status == 403
    assert "您的角色没有这项权限" in answer.text
    assert events(refusing) == before


@pytest.mark.parametrize(("kind", "role"), [move for move in MOVES if may(*move)])
def test_move_is_answered_to_a_role_with_its_right(site: Site, kind: str, role: str) -> None:
    log_ticket(site.console)

    assert ask_to_move(site, kind, role).status in (302, 400)


def life(site: Site) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Yield who adds what to a ticket that needs somebody on site, suspended once, rejected once, reopened once."""
    yield "vendor", "responded", {}
    yield "vendor", "onsite_decided", {"needs_onsite": "yes"}
    yield "vendor", "arrived", {}
    yield "vendor", "suspended", {"reason": "等银行"}
    yield "hospital", "suspension_decided", {"approved": "yes"}
    yield "vendor", "resumed", {}
    yield "vendor", "restored", {}
    yield "hospital", "restore_rejected", {"reason": "还是不行"}
    yield "vendor", "restored", {}
    yield "hospital", "confirmed", {}
    yield "hospital", "reopened", {"reason": "又坏了"}


def test_ticket_goes_through_its_life_on_its_page(site: Site) -> None:
    log_ticket(site.console)
    for role, kind, fields in life(site):
        site.clock.forward(minutes=7)
        browser = site.signed_in(role)  # anew: the other party took its time
        offered = [
            form
            for form in browser.get(f"/tickets/{NUMBER}").root.all("form", method="post")
            if any(box["value"] == kind for box in form.all("input", name="kind"))
        ]
        assert len(offered) == (2 if kind == "suspension_decided" else 1), (role, kind)  # refusing has its reason

        page = browser.send(offered[0]["action"], kind=kind, **fields)

        assert page.status == 200
        assert page.notes[0].startswith("已登记："), (kind, page.notes)
        for reason in fields.values():
            assert reason in ("yes", "no") or reason in page.text
    kinds = [tr.all("td")[2].text for tr in page.root.one("table", "list-events").one("tbody").all("tr")]
    assert kinds == ["报修", "响应", "判定是否到场", "到场签到", "挂起", "医院批复挂起", "解除挂起", "业务恢复",
                     "医院认为未恢复", "业务恢复", "医院确认", "重开"]  # fmt: skip


def test_suspension_that_is_not_approved_counts_on(site: Site) -> None:
    log_ticket(site.console, needs_onsite=True)
    for kind in ("responded", "arrived"):
        do(site.console, NUMBER, kind)
    site.as_("vendor").post(f"/tickets/{NUMBER}/moves", kind="suspended", reason="等银行")
    page = site.as_("hospital").get(f"/tickets/{NUMBER}")
    assert "乙方申请挂起：等银行" in page.root.one("section", "actions").text

    page = site.as_("hospital").send(f"/tickets/{NUMBER}/moves", kind="suspension_decided", approved="no")

    assert "等银行——医院未批准，照常计时" in page.root.one("details", id="clock-repair").text


def suspended_by(site: Site, **given: str) -> Page:
    """Let the vendor ask for a suspension, and return the ticket's page as the hospital sees it."""
    log_ticket(site.console, needs_onsite=True)
    for kind in ("responded", "arrived"):
        do(site.console, NUMBER, kind)
    asked = {"reason": "等银行", "cause": "第三方原因", **given}
    assert site.as_("vendor").post(f"/tickets/{NUMBER}/moves", kind="suspended", **asked).status == 302
    return site.as_("hospital").get(f"/tickets/{NUMBER}")


@pytest.mark.parametrize("cause", core.SUSPENSION_CAUSES)
def test_who_decides_a_suspension_sees_its_cause_its_reason_who_asked_and_since_when(site: Site, cause: str) -> None:
    asked = suspended_by(site, cause=cause).root.one("section", "actions").one("div", "asked").text

    assert ("乙方申请挂起：等银行" in asked, f"由谁的原因： {cause}" in asked) == (True, True)
    assert "自 2026-11-20 18:00:00 起" in asked
    assert "vendor 于 2026-11-20 18:00:00 申请" in asked


def test_while_a_suspension_waits_to_approve_it_is_the_one_primary_act(site: Site) -> None:
    bar = suspended_by(site).root.one("section", "actions")

    primary = [button.text for button in bar.all("button", "btn-primary") if not inside_ask(bar, button)]
    assert primary == ["批准挂起"]
    site.as_("hospital").post(f"/tickets/{NUMBER}/moves", kind="suspension_decided", approved="yes")
    bar = site.as_("hospital").get(f"/tickets/{NUMBER}").root.one("section", "actions")
    assert "解除挂起" in [button.text for button in bar.all("button", "btn-primary")]


def inside_ask(bar: Node, button: Node) -> bool:
    return any(button in fold.all("button") for fold in bar.all("details", "ask"))


def test_why_a_suspension_is_refused_is_kept_masked_and_shown_to_the_other_party(site: Site) -> None:
    suspended_by(site)
    hospital, vendor = site.as_("hospital"), site.as_("vendor")
    said = {"kind": "suspension_decided", "approved": "no", "reason": "银行已答复，见 13800001234"}

    hospital.send(f"/tickets/{NUMBER}/moves", **said)

    page = vendor.get(f"/tickets/{NUMBER}")
    assert "不批准的原因：银行已答复，见 138****1234" in page.root.one("section", id="refused").text
    assert "原因：银行已答复，见 138****1234" in page.root.one("table", "list-events").text
    assert "13800001234" not in page.html
    assert facts_of(site)[-1] == {"approved": False}  # what was typed is not hashed in clear


def facts_of(site: Site) -> list[dict[str, object]]:
    with site.console.read() as session:
        return [json.loads(facts) for facts in session.scalars(select(EventRow.facts).order_by(EventRow.seq))]


def test_a_reason_beside_an_approval_is_not_taken(site: Site) -> None:
    suspended_by(site)

    said = {"kind": "suspension_decided", "approved": "yes", "reason": "可以"}
    page = site.as_("hospital").send(f"/tickets/{NUMBER}/moves", **said)

    assert "可以" not in page.root.one("table", "list-events").text


def test_a_reason_that_is_too_long_comes_back_with_its_form_open(site: Site) -> None:
    suspended_by(site)

    said = {"kind": "suspension_decided", "approved": "no", "reason": "否" * 501}
    page = site.as_("hospital").post(f"/tickets/{NUMBER}/moves", **said)

    assert page.status == 400
    (fold,) = [d for d in page.root.all("details", "ask") if d.one("summary").text == "不批准挂起"]
    assert "open" in fold.attributes
    assert fold.one("input", name="reason")["value"] == "否" * 501


def test_a_rejected_restore_counts_for_nothing_in_the_table_of_times_until_a_new_one(site: Site) -> None:
    log_ticket(site.console)
    site.clock.forward(minutes=1)
    do(site.console, NUMBER, "responded")
    do(site.console, NUMBER, "restored")
    hospital = site.as_("hospital")
    hospital.post(f"/tickets/{NUMBER}/moves", kind="restore_rejected", reason="还是不行")

    times = hospital.get(f"/tickets/{NUMBER}").root.one("section", id="times")

    (line,) = times.all("tr", "not-counted")
    assert line.one("del").text == "2026-11-20 18:01:00"
    assert ("医院认为未恢复，不计" in line.text, line.all("span", "grade")) == (True, [])
    site.clock.forward(minutes=1)
    do(site.console, NUMBER, "restored")
    times = hospital.get(f"/tickets/{NUMBER}").root.one("section", id="times")
    assert ("2026-11-20 18:02:00" in times.text, times.all("del")) == (True, [])


def test_refused_move_says_why_and_changes_nothing(site: Site) -> None:
    log_ticket(site.console)
    vendor = site.as_("vendor")
    vendor.post(f"/tickets/{NUMBER}/moves", kind="responded")
    before = events(site)

    answer = vendor.post(f"/tickets/{NUMBER}/moves", kind="responded")

    assert answer.status == 400
    assert f"工单 {NUMBER} 已有响应，不用重复登记；时间有误请提交更正。" in answer.notes
    assert events(site) == before


@pytest.mark.parametrize(
    ("kind", "reason", "told"),
    [
        ("declined", "长" * 501, "这一栏最多 500 个字，现在有 501 个。"),
        ("declined", "坏\x07", "不可见的控制字符"),
        ("declined", "  ", "请写明原因。"),
    ],
)
def test_refused_reason_is_kept_in_its_box(site: Site, kind: str, reason: str, told: str) -> None:
    log_ticket(site.console)

    answer = site.as_("vendor").post(f"/tickets/{NUMBER}/moves", kind=kind, reason=reason)

    assert answer.status == 400
    assert any(told in note for note in answer.notes)
    ask = next(box for box in answer.root.all("details", "ask") if "open" in box.attributes)
    assert ask.one("input", name="kind")["value"] == kind
    assert ask.one("input", name="reason")["value"] == reason


def test_reason_is_kept_where_the_ticket_itself_refuses(site: Site) -> None:
    """The page was stale: somebody else was quicker. What was typed is still there to be copied."""
    log_ticket(site.console)
    do(site.console, NUMBER, "responded")
    do(site.console, NUMBER, "suspended", reason="先")

    answer = site.as_("vendor").post(f"/tickets/{NUMBER}/moves", kind="suspended", reason="要等厂家寄配件")

    assert answer.status == 400
    assert any("已在挂起中" in note for note in answer.notes)
    assert any("您填写的原因：要等厂家寄配件" in note for note in answer.notes)


def test_vendor_alone_does_not_decide_that_nobody_need_come(site: Site) -> None:
    log_ticket(site.console, needs_onsite=True)
    vendor, hospital = site.as_("vendor"), site.as_("hospital")
    assert "改判为不需到场" not in vendor.get(f"/tickets/{NUMBER}").text

    refused = vendor.post(f"/tickets/{NUMBER}/moves", kind="onsite_decided", needs_onsite="no")
    page = hospital.send(f"/tickets/{NUMBER}/moves", kind="onsite_decided", needs_onsite="no")

    assert refused.status == 403
    assert not page.root.all("details", id="clock-arrival")


def test_directive_cannot_be_declined(site: Site) -> None:
    log_ticket(site.console, type="指令性任务")
    vendor = site.as_("vendor")

    answer = vendor.post(f"/tickets/{NUMBER}/moves", kind="declined", reason="不想做")

    assert answer.status == 400
    assert f"工单 {NUMBER} 是指令性任务，乙方不得驳回" in answer.text
    assert "驳回工单" not in vendor.get(f"/tickets/{NUMBER}").text


@pytest.mark.parametrize(
    "fields",
    [
        {}, {"kind": ""}, {"kind": "reported"}, {"kind": "correction_proposed"}, {"kind": "imported"},
        {"kind": "responded", "occurred_at": "2020-01-01"}, {"kind": "responded", "at": "2026-11-20T09:00:00+00:00"},
    ],
)  # fmt: skip
def test_no_form_gives_a_fact_another_time(site: Site, fields: dict[str, str]) -> None:
    """Abuse 1: whatever is sent along, an event happens when it is recorded."""
    log_ticket(site.console)
    vendor = site.as_("vendor")
    before = events(site)

    site.clock.forward(minutes=3)
    answer = vendor.post(f"/tickets/{NUMBER}/moves", **fields)

    if fields.get("kind") != "responded" or "occurred_at" in fields:  # claimed too long ago: refused, not taken
        assert (answer.status, events(site)) == (400, before)
        return
    page = vendor.get(f"/tickets/{NUMBER}")
    last = page.root.one("table", "list-events").one("tbody").all("tr")[-1]
    assert [cell.text for cell in last.all("td")[:2]] == ["2026-11-20 18:03:00"] * 2


def test_move_of_a_ticket_that_is_not_there_is_not_found(site: Site) -> None:
    assert site.as_("vendor").post("/tickets/GD-0/moves", kind="responded").status == 404


# -- corrections ------------------------------------------------------------------------------------------------------


@pytest.fixture
def corrected(site: Site, tmp_path: Path) -> Site:
    """A console with a response of 50 minutes, and the vendor's sheet that says 10."""
    late = row(响应时间="2026-11-19 09:50:00")
    import_sheet(site.console, write_sheet(tmp_path / "first.csv", late))
    _, result = import_sheet(site.console, write_sheet(tmp_path / "second.csv", row()))
    assert result["corrected"] == 1
    return site


TICKET = "GD-20261119-00001"
DECISION = {"kind": "correction_decided", "field": "responded_at", "new": "2026-11-19T01:10:00+00:00"}


def response(page: Page) -> str:
    """Return the word on the response clock's chip."""
    return page.root.one("details", id="clock-response").one("summary").one("b").text


def hidden(form: Node) -> dict[str, str]:
    """Return what a form sends along unseen, its token apart."""
    return {box["name"]: box["value"] for box in form.all("input", type="hidden") if box["name"] != "csrf_token"}


def test_correction_waits_for_the_hospital_and_then_counts(corrected: Site) -> None:
    hospital = corrected.as_("hospital")
    assert hospital.get("/tickets?waiting=1").numbers == [TICKET]
    page = hospital.get(f"/tickets/{TICKET}")
    assert response(page) == "超时"
    form = page.root.one("form", "decision")
    assert form.one("del").text == "2026-11-19 09:50:00"
    assert form.one("b").text == "2026-11-19 09:10:00"
    assert "响应时间" in form.text

    page = hospital.send(form["action"], approved="yes", **hidden(form))

    assert response(page) == "达标"
    assert not page.root.all("form", "decision")
    assert "批复更正" in page.text
    assert hospital.get("/tickets?waiting=1").count == 0
    dashboard = hospital.get("/dashboard?month=2026-11")
    assert "没有超时" in dashboard.root.one("p", "sentence").text


def test_correction_refused_by_the_hospital_changes_no_clock(corrected: Site) -> None:
    hospital = corrected.as_("hospital")
    form = hospital.get(f"/tickets/{TICKET}").root.one("form", "decision")

    page = hospital.send(form["action"], approved="no", **hidden(form))

    assert response(page) == "超时"
    assert not page.root.all("form", "decision")
    assert corrected.as_("hospital").get("/tickets?waiting=1").count == 0


def test_who_decides_a_correction_sees_why_and_may_say_why_not(site: Site) -> None:
    log_ticket(site.console)
    site.clock.forward(minutes=20)
    vendor, hospital = site.as_("vendor"), site.as_("hospital")
    do(site.console, NUMBER, "responded")
    asked = {"field": "responded_at", "new": "2026-11-20T18:05", "reason": "当时在电话里答的 13800001234"}
    assert vendor.post(f"/tickets/{NUMBER}/corrections", **asked).status == 302
    page = hospital.get(f"/tickets/{NUMBER}")
    form = page.root.one("form", "decision")
    assert "原因：当时在电话里答的 138****1234" in form.text
    assert "原因：当时在电话里答的 138****1234" in vendor.get(f"/tickets/{NUMBER}").root.one("p", "decision").text
    refusing = page.root.one("details", "ask-refuse").one("form")

    page = hospital.send(refusing["action"], approved="no", reason="通话记录里没有", **hidden(refusing))

    assert not page.root.all("form", "decision")
    page = vendor.get(f"/tickets/{NUMBER}")
    assert "不批准的原因：通话记录里没有 hospital" in page.root.one("section", id="refused").text
    assert "原因：通话记录里没有" in page.root.one("table", "list-events").text


@pytest.mark.parametrize("role", ["vendor", "auditor"])
def test_correction_is_shown_to_others_without_a_decision(corrected: Site, role: str) -> None:
    browser = corrected.as_(role)
    page = browser.get(f"/tickets/{TICKET}")
    before = events(corrected)

    answer = browser.post(f"/tickets/{TICKET}/moves", approved="yes", **DECISION)

    assert "由医院批复" in page.text
    assert not page.root.all("form", "decision")
    assert (answer.status, events(corrected)) == (403 if role == "auditor" else 400, before)


def test_correction_of_the_hospital_waits_for_the_vendor(site: Site, tmp_path: Path) -> None:
    import_sheet(site.console, write_sheet(tmp_path / "first.csv", row()))
    late = row(响应时间="2026-11-19 09:50:00")
    import_sheet(site.console, write_sheet(tmp_path / "second.csv", late), actor=HOSPITAL)
    hospital, vendor = site.as_("hospital"), site.as_("vendor")
    assert not hospital.get(f"/tickets/{TICKET}").root.all("form", "decision")
    form = vendor.get(f"/tickets/{TICKET}").root.one("form", "decision")
    refused = hospital.post(form["action"], approved="yes", **hidden(form))

    page = vendor.send(form["action"], approved="yes", **hidden(form))

    assert refused.status == 400
    assert response(page) == "超时"


def test_correction_is_decided_once(corrected: Site) -> None:
    hospital = corrected.as_("hospital")
    assert hospital.post(f"/tickets/{TICKET}/moves", approved="yes", **DECISION).status == 302

    answer = hospital.post(f"/tickets/{TICKET}/moves", approved="yes", **DECISION)

    assert answer.status == 400
    assert "这项更正已处理或不存在" in answer.text


@pytest.mark.parametrize("other", [{"new": "2026-11-19T01:00:00+00:00"}, {"new": ""}, {"field": "reported_at"}])
def test_correction_that_is_not_the_one_seen_is_not_decided(corrected: Site, other: dict[str, str]) -> None:
    """The vendor proposed another value while the hospital was reading the first."""
    hospital = corrected.as_("hospital")

    answer = hospital.post(f"/tickets/{TICKET}/moves", approved="yes", **{**DECISION, **other})

    assert answer.status == 400
    assert response(hospital.get(f"/tickets/{TICKET}")) == "超时"


# -- logging ----------------------------------------------------------------------------------------------------------

TYPED = {
    "type": "缺陷", "module": "门诊缴费", "channel": "微信群", "title": "退费 100% 失败", "department": "收费处",
    "reporter": "王会计", "phone": "0000111222", "description": "第一行\n第二行", "needs_onsite": "yes",
}  # fmt: skip


def test_logged_ticket_is_opened_at_the_moment_of_saving(site: Site) -> None:
    page = site.as_("hospital").send("/tickets/new", **TYPED)

    assert f"已登记工单 {NUMBER}" in page.notes
    assert page.root.one("h1").text == "退费 100% 失败"
    for shown in (
        "缺陷",
        "门诊缴费",
        "微信群",
        "收费处",
        "王会计",
        "0000111222",
        "第一行 第二行",
        "2026-11-20 18:00:00",
    ):
        assert shown in page.main.text
    assert site.as_("vendor").get("/tickets?open=1").numbers == [NUMBER]


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("title", "", "请写标题"),
        ("title", "长" * 201, "最多 200 个字"),
        ("title", "bad\x00", "控制字符"),
        ("type", "没有的", "没有“没有的”这一工单类型"),
        ("module", "没有的", "没有“没有的”这一系统模块"),
        ("channel", "没有的", "没有“没有的”这一渠道"),
        ("carrier", "没有的", "没有“没有的”这一业务载体"),
        ("department", "长" * 101, "最多 100 个字"),
        ("reporter", "长" * 101, "最多 100 个字"),
        ("phone", "1" * 101, "最多 100 个字"),
        ("description", "长" * 4001, "最多 4000 个字"),
    ],
)
def test_refused_ticket_keeps_what_was_typed_and_blames_the_field(
    site: Site, field: str, value: str, told: str
) -> None:
    typed = {**TYPED, field: value}
    hospital = site.as_("hospital")
    before = everything(site.console)

    answer = hospital.post("/tickets/new", **typed)

    assert answer.status == 400
    assert told in answer.root.one("p", "fault", id=f"fault-{field}").text
    for name in ("title", "department", "reporter", "phone"):
        assert answer.root.one("input", name=name).get("value") == typed[name]
    assert "".join(map(str, answer.root.one("textarea").children)).strip() == typed["description"]
    for name in ("type", "module", "channel"):
        assert answer.root.one("select", name=name).chosen == ([typed[name]] if typed[name] != "没有的" else [])
    assert "selected" in answer.root.one("select", name="needs_onsite").all("option")[1].attributes
    assert everything(site.console) == before


def test_form_offers_what_the_catalogue_and_the_settings_have(site: Site) -> None:
    page = site.as_("vendor").get("/tickets/new")

    def offered(name: str) -> list[str]:
        return [option["value"] for option in page.root.one("select", name=name).all("option")]

    assert offered("type") == [t.name for t in site.console.settings.ticket_types]
    assert offered("channel") == list(CHANNELS)
    assert offered("module") == [m.name for m in site.console.settings.modules]
    assert offered("carrier") == ["", *(c.name for c in site.console.settings.carriers)]


@pytest.mark.parametrize("role", ["auditor", "administrator"])
def test_only_the_two_parties_log_tickets(site: Site, role: str) -> None:
    assert site.as_(role).post("/tickets/new", **TYPED).status == 403
    assert everything(site.console)["ticket"] == []


# -- hostile texts ----------------------------------------------------------------------------------------------------


def dangers(page: Page) -> list[str]:
    """Return what a page would run that is not a file of ours: handlers, scripts inside, addresses that are scripts."""
    found = []
    for node in page.root.walk():
        found += [f"{node.tag} {name}" for name in node.attributes if name.startswith("on")]
        if (
            node.tag == "script"
            and not node.get("src").startswith("/static/")
            and node.get("type") != "application/json"
        ):
            found.append(f"script {node.text[:40]}")
        found += [
            f"{node.tag} {name}"
            for name in ("href", "src", "action")
            if node.get(name).strip().lower().startswith("javascript:")
        ]
    return found


@pytest.mark.parametrize(
    "text",
    [*HOSTILE_TEXT, "'onmouseover=alert(1) x='", "{{7*7}}", "%(n)s %s 100%", "</textarea><script>alert(1)</script>"],
)
def test_hostile_texts_are_shown_as_texts(site: Site, tmp_path: Path, text: str) -> None:
    typed = {**TYPED, **dict.fromkeys(("title", "department", "reporter", "phone", "description"), text)}
    vendor, hospital = site.as_("vendor"), site.as_("hospital")
    vendor.post("/tickets/new", **typed)
    vendor.post(f"/tickets/{NUMBER}/moves", kind="responded")
    vendor.post(f"/tickets/{NUMBER}/moves", kind="suspended", reason=text)
    sheet = row(标题=text, 报修科室=text, 报修人=text, 处理人=text, 处理方式=text, 处理过程=text, 挂起原因=text,
                挂起开始="2026-11-19 10:10:00", 挂起批准="")  # fmt: skip
    path = write_sheet(tmp_path / "hostile.csv", sheet)
    import_sheet(site.console, path)
    site.clock.forward(seconds=1)

    for role in ("vendor", "hospital", "auditor"):
        for address in ("/tickets", f"/tickets/{NUMBER}", f"/tickets/{TICKET}"):
            page = site.as_(role).get(address)
            assert page.status == 200
            assert not dangers(page)
            assert not page.tree.faults
            assert " ".join(text.split()) in page.main.text
    refused = hospital.post("/tickets/new", **{**typed, "type": text})
    assert (refused.status, dangers(refused), refused.tree.faults) == (400, [], [])
    moved = vendor.post(f"/tickets/{NUMBER}/moves", kind="suspended", reason=text)
    assert (moved.status, dangers(moved), moved.tree.faults) == (400, [], [])
    assert text in moved.main.text or any(text == box.get("value") for box in moved.root.all("input", name="reason"))


# -- statements -------------------------------------------------------------------------------------------------------

LISTS = (
    "/tickets", "/tickets?month=2026-11", "/tickets?type=故障&sort=module", "/tickets?breached=1",
    "/tickets?clock=response&result=met", "/tickets?open=1&page=2", "/tickets?q=GD-0",
)  # fmt: skip


def statements(site: Site, address: str) -> int:
    browser = site.as_("vendor")
    browser.get(address)
    with site.statements() as said:
        assert browser.get(address).status == 200
    return len(said)


def test_statements_of_lists_do_not_grow_with_the_tickets(site: Site, year: Site, tmp_path: Path) -> None:
    import_sheet(site.console, write_sheet(tmp_path / "some.csv", *rows(60)))

    few, many = ({address: statements(here, address) for address in LISTS} for here in (site, year))

    assert max(many.values()) <= 9, many  # seven, one for the counts of the tabs; past the first page one more
    assert all(abs(few[address] - many[address]) <= 2 for address in LISTS), (
        few,
        many,
    )  # the count of a short list is free
    assert few["/tickets"] == many["/tickets"]


def test_statements_of_a_ticket_are_few(year: Site) -> None:
    assert statements(year, "/tickets/GD-20260101-00001") <= 10


def test_a_fault_tells_of_its_defect_when_it_is_agreed_and_in_which_version_it_is_mended(site: Site) -> None:
    fault = log_ticket(site.console)
    defect = log_ticket(site.console, type="缺陷", title="退款回调丢失")
    vendor = site.as_("vendor")
    vendor.post(f"/tickets/{fault}/links", ticket=defect, relation="根因缺陷")
    assert "修复版本未填" in vendor.get(f"/tickets/{fault}").text
    vendor.post(f"/tickets/{defect}/content", form="content", fixed_version="V3.2.1", title="退款回调丢失")
    vendor.post(
        f"/tickets/{defect}/corrections", form="agreed", field="agreed_on", new="2026-11-27", reason="随版本发布"
    )
    site.as_("hospital").post(
        f"/tickets/{defect}/moves", kind="correction_decided", field="agreed_on", new="2026-11-27", approved="yes"
    )
    told = " ".join(vendor.get(f"/tickets/{fault}").main.one("section", id="content-of").text.split())
    assert "根因缺陷" in told and defect in told
    assert "退款回调丢失 · 约定 11-27 周五 完成 · 修复版本 V3.2.1" in told
