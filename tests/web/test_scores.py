"""The scoring sheet's pages: looked at by many, edited by two parties' people, confirmed by the other one."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable
from typing import Any

import openpyxl
import pytest
from sqlalchemy import select

from ops_console.core.plain import made
from ops_console.core.score_preset import PRESET
from ops_console.core.scores import Sheet
from ops_console.services import scores
from ops_console.store.agreements import AgreementRow
from tests.core.score_tables import ATTITUDE
from tests.web.conftest import Site
from tests.web.pages import Browser, Page


def fields(page: Page) -> dict[str, Any]:
    """What the editor's form would send as it stands."""
    form = page.main.one("form", id="editor")
    sent: dict[str, list[str]] = {}
    for node in form.walk():
        name = node.get("name")
        if not name or name in ("act", "csrf_token"):
            continue
        if node.tag == "select":
            sent.setdefault(name, []).append(node.chosen[0] if node.chosen else node.all("option")[0].get("value"))
        elif node.tag == "textarea":
            sent.setdefault(name, []).append(node.text)
        elif node.tag == "input" and (node.get("type") != "checkbox" or "checked" in node.attributes):
            sent.setdefault(name, []).append(node.get("value"))
    return dict(sent)


def act(browser: Browser, page: Page, what: str, **changed: Any) -> Page:
    return browser.post("/scores/edit", **{**fields(page), "act": what, **changed})


def sheet_of(site: Site, month: str = "2026-11") -> Sheet | None:
    with site.console.read() as session:
        return scores.sheet_in_force(session, 1, month)


def agreed(site: Site, month: str = "2026-11") -> Page:
    """The example proposed by the hospital and confirmed by the vendor, through the pages."""
    hospital, vendor = site.as_("hospital"), site.as_("vendor")
    page = hospital.get("/scores/edit?from=preset")
    answer = act(hospital, page, "propose", month=month, reason="首次约定")
    assert answer.status == 302, answer.text
    form = next(f for f in vendor.get("/scores").main.all("form") if f["action"].endswith("/confirm"))
    digest = form.one("input", name="digest")["value"]
    assert vendor.post(form["action"], digest=digest).status == 302
    return vendor.get("/scores", month=month)


def test_without_a_sheet_the_page_says_so_and_how_to_begin(site: Site) -> None:
    for role in ("hospital", "vendor", "manager"):
        page = site.as_(role).get("/scores")
        assert "没有生效的评分表" in page.text
        assert page.main.all("a", href="/scores/edit?from=preset")
        assert page.tree.faults == []
    auditor = site.as_("auditor").get("/scores")
    assert not auditor.main.all("a", href="/scores/edit?from=preset")
    assert site.as_("auditor").get("/scores/edit?from=preset").status == 403


def test_the_sheet_in_force_is_a_table_by_group_for_both(site: Site) -> None:
    agreed(site)
    for role in ("hospital", "vendor", "leader", "auditor", "officer"):
        page = site.as_(role).get("/scores")
        assert page.status == 200
        assert page.tree.faults == []
        table = page.main.one("table", "score-table")
        assert [(row.all("th")[0].text, row.all("th")[1].text) for row in table.all("tr", "score-group")] == [
            ("响应与恢复", "30"), ("周期义务", "20"), ("更新与交付", "14"), ("服务质量", "14"), ("人员", "8"),
            ("记录真实", "8"),
            ("满意度", "6"),
        ]  # fmt: skip
        first = next(row for row in table.all("tr") if row.all("td"))
        assert "“工作时间响应超时”每次扣 1 分" in first.text
        assert first.one("a")["href"] == "/contract/clauses#C-15"
        assert "得分不影响金额" in page.text
    assert "2026-10 没有生效的评分表" in site.as_("hospital").get("/scores", month="2026-10").text
    assert site.as_("hospital").get("/scores", month="二月").status == 200


def test_the_editor_keeps_all_that_is_typed_and_marks_what_is_wrong(site: Site) -> None:
    hospital = site.as_("hospital")
    page = hospital.get("/scores/edit?from=preset")
    typed = {
        "i0.weight": "九",
        "i1.name": "<b>名</b>",
        "i2.code": "A1",
        "name": "",
        "reason": "因为",
        "month": "2024-01",
    }
    answer = act(hospital, page, "compare", **typed)
    assert answer.status == 400
    sent = fields(answer)
    assert {name: sent[name][0] for name in typed} == typed
    assert answer.tree.faults == []
    faults = {node["id"]: node.text for node in answer.main.all("p", "fault")}
    assert faults["fault-items-0-weight"] == "请写数字，最多两位小数，例如 1.5。"
    assert faults["fault-items-2-code"] == "编号 A1 与前面的项目重复。"
    assert faults["fault-name"] == "这里不能空着。"
    assert "92 分" in faults["fault-items"]
    assert "2025-01" in faults["fault-month"]
    weight = answer.main.one("input", name="i0.weight")
    assert weight["aria-describedby"] == "fault-items-0-weight"
    assert not answer.main.all("button", value="propose")
    assert sheet_of(site) is None


def test_rows_are_added_moved_and_removed_without_a_script(site: Site) -> None:
    hospital = site.as_("hospital")
    page = act(hospital, hospital.get("/scores/edit?from=preset"), "add-item:1")
    assert page.status == 200
    assert [box.get("value") for box in page.main.all("input") if box.get("name", "").endswith(".code")][:3] == [
        "A1", "", "A2",
    ]  # fmt: skip
    assert page.main.one("input", name="i1.code").attributes.get("autofocus") == ""
    page = act(hospital, page, "add-step:1", **{"i1.code": "X1", "i1.name": "新项"})
    assert len(page.main.all("select", name="i1.step_measure")) == 2
    page = act(hospital, page, "down:1")
    assert page.main.one("input", name="i2.code")["value"] == "X1"
    page = act(hospital, page, "remove-item:2")
    assert len([box for box in page.main.all("input") if box.get("name", "").endswith(".code")]) == 23
    page = act(hospital, page, "open:13")
    assert page.main.one("select", name="i13.measure").chosen == ["reopened"]
    page = act(hospital, page, "add-band:13")
    assert len(page.main.all("input", name="i13.band_limit")) == 4
    assert act(hospital, page, "add-grade").main.all("input", name="grade_name")[-1].get("value") == ""
    assert act(hospital, page, "jump:x").status == 200


def test_opening_and_closing_every_item_loses_nothing(site: Site) -> None:
    hospital = site.as_("hospital")
    page = hospital.get("/scores/edit?from=preset")
    for n in range(len(PRESET.items)):
        page = act(hospital, page, f"open:{n}")
    page = act(hospital, page, "compare", month="2026-11")
    assert (page.status, page.main.all("p", "fault")) == (200, [])
    assert act(hospital, page, "propose", reason="首次").status == 302
    with site.console.read() as session:
        row = session.scalars(select(AgreementRow)).one()
    found = agreed_sheet(row)
    assert found == PRESET


def agreed_sheet(row: AgreementRow) -> Sheet:
    return made(Sheet, json.loads(row.payload))


def test_a_new_version_is_compared_before_it_is_proposed(site: Site) -> None:
    agreed(site)
    vendor = site.as_("vendor")
    page = vendor.get("/scores/edit?from=1")
    page = act(vendor, page, "compare", month="2026-12", **{"i0.weight": "7", "i1.weight": "7"})
    assert page.status == 200
    changes = [row.text for row in page.main.one("table", "list-diff").all("tr")[1:]]
    assert changes == ["改动 A1 工作时间故障响应 的分值 8 分 7 分", "改动 A2 非工作时间故障响应 的分值 6 分 7 分"]
    refused = act(vendor, page, "propose", reason="")
    assert (refused.status, refused.main.one("p", "fault").text) == (400, "请写明原因。")
    assert act(vendor, page, "propose", reason="放宽").location == "/scores"
    seen = site.as_("hospital").get("/scores").main.one("section", "proposed")
    assert "由乙方提出" in seen.text
    assert "A1 工作时间故障响应 的分值" in seen.text
    assert site.as_("hospital").get("/scores/2").status == 200
    assert site.as_("hospital").get("/scores/99").status == 404
    assert site.as_("hospital").get("/scores/edit?from=99").status == 404
    same = act(vendor, vendor.get("/scores/edit?from=1"), "compare", month="2026-12")
    assert "没有差别" in same.text


def test_the_other_party_refuses_with_a_reason_or_the_first_withdraws(site: Site) -> None:
    hospital, vendor = site.as_("hospital"), site.as_("vendor")
    act(hospital, hospital.get("/scores/edit?from=preset"), "propose", month="2026-11", reason="首次")
    assert vendor.post("/scores/1/withdraw").status == 400
    assert hospital.post("/scores/1/confirm", digest="x").status == 400
    refused = vendor.post("/scores/1/refuse", answer=" ")
    assert (refused.status, "请写明原因" in refused.text) == (400, True)
    assert vendor.post("/scores/1/refuse", answer="<i>太严</i>").status == 302
    assert "<i>太严</i>" in hospital.get("/scores/1").text
    act(hospital, hospital.get("/scores/edit?from=preset"), "propose", month="2026-11", reason="再提")
    assert hospital.post("/scores/2/withdraw").status == 302
    assert not hospital.get("/scores").main.all("section", "proposed")
    assert site.as_("officer").post("/scores/2/confirm", digest="x").status == 403


def test_proposing_asks_for_the_second_factor_and_carries_the_whole_form(site: Site) -> None:
    hospital = site.as_("hospital")
    page = hospital.get("/scores/edit?from=preset")
    site.clock.forward(minutes=6)
    asked = hospital.post("/scores/edit", **{**fields(page), "act": "propose", "month": "2026-11", "reason": "x"})
    assert asked.status == 200
    carried = [node.get("name") for node in asked.main.all("input", type="hidden")]
    assert carried.count("item") == 23
    assert "i22.step_measure" in carried
    assert sheet_of(site) is None


def test_the_sheet_leaves_with_real_numbers(site: Site) -> None:
    page = agreed(site)
    hospital = site.as_("hospital")
    address = page.main.one("form", "export")["action"]
    answer = hospital.client.post(
        address, data={"csrf_token": hospital.token, "format": "xlsx"}, base_url=hospital.origin
    )
    sheet = openpyxl.load_workbook(io.BytesIO(answer.data)).active
    assert sheet is not None
    rows = list(sheet.iter_rows(values_only=True))
    assert rows[1][:5] == ("响应与恢复", "A1", "工作时间故障响应", 8, None)
    assert rows[3][:5] == ("响应与恢复", "A3", "2 小时内到场", 6, 1.5)
    assert sum(row[3] for row in rows[1:]) == 100  # type: ignore[misc]
    of_version = hospital.post("/lists/scores/export?version=1", format="csv")
    assert of_version.html.count("\n") == 24
    assert hospital.post("/lists/scores/export?version=99", format="csv").status == 404
    assert hospital.post("/lists/scores/export?month=2020-01", format="csv").html.count("\n") == 1


@pytest.mark.parametrize("fields_sent", [{}, {"act": "compare"}, {"item": ["0", "x", "99999"]}, {"item": ["0"] * 300}])
def test_a_form_that_is_not_ours_is_answered_as_a_form(site: Site, fields_sent: dict[str, Any]) -> None:
    answer = site.as_("hospital").post("/scores/edit", **fields_sent)
    assert answer.status == 400
    assert answer.main.one("form", id="editor")


def test_a_page_asks_the_same_number_of_statements_whatever_it_shows(site: Site) -> None:
    hospital = site.as_("hospital")
    hospital.get("/scores")
    with site.statements() as empty:
        hospital.get("/scores")
    agreed(site)
    with site.statements() as full:
        hospital.get("/scores")
    assert len(full) == len(empty) <= 12


# -- importing --------------------------------------------------------------------------------------------------------


def workbook(rows: Iterable[Iterable[Any]], *merged: str) -> io.BytesIO:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append([cell or None for cell in row])
    for cells in merged:
        sheet.merge_cells(cells)
    made = io.BytesIO()
    book.save(made)
    made.seek(0)
    return made


def upload(site: Site, content: io.BytesIO, name: str = "附件.xlsx") -> Page:
    return site.as_("hospital").post("/scores/import", file=(content, name))


def carried(page: Page) -> dict[str, Any]:
    form = next(f for f in page.main.all("form") if f["action"] == "/scores/import/columns")
    sent = {node["name"]: node.get("value") for node in form.all("input") if node.get("name")}
    sent |= {node["name"]: (node.chosen or [node.all("option")[0]["value"]])[0] for node in form.all("select")}
    return sent


def test_an_annex_becomes_a_draft_in_the_editor(site: Site) -> None:
    page = upload(site, workbook(ATTITUDE, "A1:F1", "B4:B7", "E8:E8"))
    assert page.status == 200
    assert page.tree.faults == []
    chosen = carried(page)
    assert [chosen[name] for name in ("header", "code", "group", "name", "weight", "rule", "deduct", "most",
    "fact")] == [
        "2", "0", "1", "2", "3", "4", "", "", "",
    ]  # fmt: skip
    assert "读出 7 项" in page.text
    draft = site.as_("hospital").post("/scores/import/columns", **chosen, act="draft")
    assert draft.status == 200
    assert "已读出 7 项，其中 5 项没有可用的事实" in draft.text
    assert draft.main.one("input", name="name")["value"] == "附件"
    assert "合计、签字或说明" in draft.text
    compared = act(site.as_("hospital"), draft, "compare", month="2026-11")
    assert compared.status == 200
    assert act(site.as_("hospital"), compared, "propose", reason="本院附件").status == 302


def test_columns_can_be_named_otherwise_and_are_looked_at_again(site: Site) -> None:
    rows = [["a", "b", "c"], ["投诉", "60", "每次扣1分"], ["巡检", "40", "未巡检每次扣5分"]]
    page = upload(site, workbook(rows))
    chosen = {**carried(page), "header": "1", "name": "0", "weight": "1", "rule": "2"}
    again = site.as_("hospital").post("/scores/import/columns", **chosen, act="preview")
    assert (again.status, "读出 2 项" in again.text) == (200, True)
    twice = site.as_("hospital").post("/scores/import/columns", **{**chosen, "group": "0"}, act="draft")
    assert (twice.status, "同一列只能用作一项" in twice.text) == (400, True)
    none = site.as_("hospital").post("/scores/import/columns", **{**chosen, "name": "", "rule": ""}, act="draft")
    assert (none.status, "请指明项目名称" in none.text) == (400, True)


def test_formulas_are_what_they_came_to_and_never_run(site: Site) -> None:
    rows = [
        ["项目", "分值", "评分标准"],
        ['=HYPERLINK("http://x","点")', "=10+90", "每次扣1分"],
        ["<script>", "=1", "扣1分"],
    ]
    page = upload(site, workbook(rows))
    assert page.status == 200  # nobody computed them: the cells are empty
    assert "<script>alert" not in page.html
    drawn = site.as_("hospital").post("/scores/import/columns", **carried(page), act="draft")
    assert drawn.tree.faults == []
    assert [box.get("value") for box in drawn.main.all("input") if box.get("name", "").endswith(".weight")] == ["", ""]


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([["项目", "分值", "评分标准"], *([f"项{n}", "1", "每次扣1分"] for n in range(10_000))], "超过 2000 行"),
        ([["项目", "分值", "评分标准"], *([f"项{n}", "1", "每次扣1分"] for n in range(400))], "最多 300 行"),
        ([], "第一张工作表是空的"), ([["x"] * 70], "超过 60 列"),
    ],
)  # fmt: skip
def test_tables_that_are_no_scoring_sheet_are_refused(site: Site, rows: list[list[str]], told: str) -> None:
    page = upload(site, workbook(rows))
    assert (page.status, told in page.text) == (400, True), page.main.text


def test_a_table_without_any_header_asks_which_column_is_what(site: Site) -> None:
    page = upload(site, workbook([["1", "投诉", "40", "每次扣1分"], ["2", "巡检", "60", "未巡检每次扣5分"]]))
    chosen = carried(page)
    assert (page.status, chosen["header"], chosen["rule"], chosen["weight"], chosen["name"]) == (
        200,
        "0",
        "3",
        "2",
        "1",
    )


@pytest.mark.parametrize(
    ("content", "name"),
    [(b"%PDF-1.7", "a.pdf"), (b"", "a.xlsx"), (b"PK\x03\x04 broken", "a.xlsx"), ("项目,分值\n".encode(), "a.csv"),
     (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a.xls")],
)  # fmt: skip
def test_what_is_no_workbook_is_told_beside_the_form(site: Site, content: bytes, name: str) -> None:
    page = upload(site, io.BytesIO(content), name)
    assert page.status == 400
    assert page.main.one("p", "fault").text


@pytest.mark.parametrize(
    "lines", ["", "{}", "[[1]]", "[" * 5000, '[["x", ["a"]]]', "[]", "null", json.dumps([[1, [{"a": 1}]]])]
)
def test_a_table_that_was_tampered_with_on_the_way_is_answered(site: Site, lines: str) -> None:
    answer = site.as_("hospital").post("/scores/import/columns", lines=lines, act="draft", name="²", header="²")
    assert answer.status == 400


def test_only_who_may_propose_imports(site: Site) -> None:
    for role in ("officer", "auditor", "administrator"):
        assert site.as_(role).get("/scores/import").status == 403
        assert site.as_(role).post("/scores/import/columns").status == 403


# -- money ------------------------------------------------------------------------------------------------------------


def basis(site: Site, **changed: Any) -> Page:
    given = {
        "cuts": "on", "document": "补充协议3号", "signed_on": "2026-11-20", "month": "2026-12", "reason": "约定",
        "file": (io.BytesIO(b"a scan"), "协议.txt"), **changed,
    }  # fmt: skip
    return site.as_("hospital").post("/scores/money", **given)


def test_the_page_of_money_warns_in_plain_words(site: Site) -> None:
    for role in ("hospital", "vendor", "auditor"):
        page = site.as_(role).get("/scores/money")
        assert page.tree.faults == []
        for told in ("招标文件没有这样的扣款", "只有一方看得到的数字不影响金额", "怎样收回", "C-55"):
            assert told in page.text
    assert not site.as_("auditor").get("/scores/money").main.all("input", name="document")


def test_a_basis_is_recorded_by_both_with_its_scan(site: Site) -> None:
    assert basis(site).location == "/scores/money"
    vendor = site.as_("vendor")
    page = vendor.get("/scores/money")
    section = page.main.one("section", id="basis-1")
    assert "协议.txt" in section.text
    form = next(f for f in section.all("form") if f["action"].endswith("/confirm"))
    assert "少付运维费" in form["data-confirm"]
    assert vendor.post("/scores/money/1/confirm", digest=form.one("input", name="digest")["value"]).status == 302
    assert "得分影响金额：补充协议3号 2026-11-20" in vendor.get("/scores", month="2026-12").text
    assert "得分不影响金额" in vendor.get("/scores", month="2026-11").text
    assert basis(site, cuts="off", month="2027-01", document="补充协议4号").status == 302
    assert vendor.post("/scores/money/2/refuse", answer="不同意停止").status == 302
    assert site.as_("hospital").post("/scores/money/2/withdraw").status == 400


@pytest.mark.parametrize(
    ("changed", "fault"),
    [({"cuts": ""}, "cuts"), ({"document": ""}, "document"), ({"signed_on": "x"}, "signed_on"),
    ({"month": "x"}, "month"),
     ({"reason": ""}, "reason"), ({"file": (io.BytesIO(b""), "")}, "file"), ({"cuts": "off"}, "cuts")],
)  # fmt: skip
def test_what_was_typed_about_a_basis_stays(site: Site, changed: dict[str, Any], fault: str) -> None:
    answer = basis(site, **changed)
    assert answer.status == 400
    assert answer.main.one("p", "fault")["id"] == f"fault-{fault}"
    if fault != "document":
        assert answer.main.one("input", name="document")["value"] == "补充协议3号"


def test_without_a_fresh_factor_the_form_has_the_box_for_the_code(site: Site) -> None:
    assert not site.as_("hospital").get("/scores/money").main.all("input", name="factor_code")
    hospital = site.as_("hospital")
    site.clock.forward(minutes=6)
    assert hospital.get("/scores/money").main.all("input", name="factor_code")
