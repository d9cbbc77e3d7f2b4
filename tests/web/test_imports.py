"""Importing a sheet on its page: upload, preview, progress, result; what is wrong with the file told beside it."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from ops_console.store.jobs import RunRow
from tests.conftest import DATA
from tests.sheets import row, rows, write_sheet
from tests.web.conftest import Site, everything
from tests.web.pages import Browser, Page
from tests.web.test_tickets import HOSTILE_TEXT, dangers

MESSY = DATA / "tickets-messy.csv"


def upload(browser: Browser, content: bytes | Path, name: str = "台账.csv") -> Page:
    """Send a file through the form and return the answer."""
    data = content.read_bytes() if isinstance(content, Path) else content
    form = browser.get("/import").root.one("form", "sheet")
    assert form["enctype"] == "multipart/form-data"
    fields = {"csrf_token": browser.token, "file": (io.BytesIO(data), name)}
    return browser.ask("POST", form["action"], data=fields, content_type="multipart/form-data")


def preview(site: Site, browser: Browser, content: bytes | Path, name: str = "台账.csv") -> Page:
    """Upload a file, let the job run, return the page of its preview."""
    answer = upload(browser, content, name)
    assert answer.status == 302, answer.text
    site.run_jobs()
    site.clock.forward(seconds=1)
    return browser.get(answer.location)


def apply(site: Site, browser: Browser, page: Page) -> Page:
    """Press the preview's button, let the job run, return the page of the result."""
    form = page.root.one("form", "form-end")
    button = form.one("button")
    fields = {button["name"]: button["value"]} if button.get("name") else {}
    answer = browser.post(form["action"], **fields)
    site.run_jobs()
    site.clock.forward(seconds=1)
    return browser.get(answer.location)


def counts(page: Page) -> dict[str, int]:
    """Return the numbers of a preview or a result."""
    return {div.one("dt").text: int(div.one("dd").text) for div in page.root.one("dl", "counts").all("div")}


def numbers(*six: int) -> dict[str, int]:
    return dict(zip(("行数", "新增", "补全", "提出更正", "无变化", "错误"), six, strict=True))


def test_preview_counts_and_writes_nothing(site: Site, tmp_path: Path) -> None:
    vendor = site.as_("vendor")
    before = everything(site.console)

    page = preview(site, vendor, write_sheet(tmp_path / "a.csv", *rows(3)))

    assert page.root.one("h1").text == "检查结果"
    assert "只检查，还没有写入。" in page.text
    assert counts(page) == numbers(3, 3, 0, 0, 0, 0)
    assert page.root.one("form", "form-end").one("button").text == "导入 3 行"
    after = everything(site.console)
    assert {name for name in after if after[name] != before[name]} == {"job_run"}


def test_applied_preview_makes_the_tickets_and_again_changes_nothing(site: Site, tmp_path: Path) -> None:
    vendor, sheet = site.as_("vendor"), write_sheet(tmp_path / "a.csv", *rows(3))

    result = apply(site, vendor, preview(site, vendor, sheet))

    assert result.root.one("h1").text == "导入结果"
    assert counts(result) == numbers(3, 3, 0, 0, 0, 0)
    assert not result.root.all("form", "form-end")
    assert vendor.get("/tickets").count == 3
    again = preview(site, vendor, sheet)
    assert counts(again) == numbers(3, 0, 0, 0, 3, 0)
    assert "没有可写入的内容。" in again.text
    listed = vendor.get("/import").root.all("table")[0].one("tbody").all("tr")
    assert [tr.all("td")[2].text for tr in listed] == ["检查", "导入", "检查"]
    assert {tr.all("td")[3].text for tr in listed} == {"完成"}


def test_filled_blanks_and_changed_times_are_counted_apart(site: Site, tmp_path: Path) -> None:
    vendor = site.as_("vendor")
    first = [row(单号="GD-1", 满意度=""), row(单号="GD-2"), row(单号="GD-3")]
    second = [
        row(单号="GD-1", 满意度="4"),
        row(单号="GD-2", 响应时间="2026-11-19 09:05:00"),
        row(单号="GD-3", 标题="别的"),
    ]
    apply(site, vendor, preview(site, vendor, write_sheet(tmp_path / "a.csv", *first)))

    page = preview(site, vendor, write_sheet(tmp_path / "b.csv", *second))

    assert counts(page) == numbers(3, 0, 1, 1, 1, 0)
    left = page.root.all("table")[-1].one("tbody").all("tr")
    assert [[cell.text for cell in tr.all("td")] for tr in left] == [["4", "标题", "打不开", "别的"]]


def test_messy_file_names_each_faulty_cell_and_the_good_rows_go_in(site: Site) -> None:
    vendor = site.as_("vendor")

    page = preview(site, vendor, MESSY)

    shown = [[cell.text for cell in tr.all("td")] for tr in page.root.one("table").one("tbody").all("tr")]
    expected = json.loads((DATA / "tickets-messy.expected.json").read_text())
    assert [(int(line[0]), line[1]) for line in shown] == [(fault["row"], fault["column"]) for fault in expected]
    assert all(len(line[3]) > 5 for line in shown)
    good = counts(page)["新增"]
    assert page.root.one("form", "form-end").one("button").text == f"跳过有错的行，导入其余 {good} 行"
    result = apply(site, vendor, page)
    assert counts(result)["新增"] == good == vendor.get("/tickets").count
    assert counts(result)["错误"] == len(expected)


def test_whole_year_goes_in_through_the_page(site: Site) -> None:
    vendor = site.as_("vendor")

    result = apply(site, vendor, preview(site, vendor, DATA / "tickets-2026.csv", "2026 年.csv"))

    assert counts(result) == numbers(2344, 2344, 0, 0, 0, 0)
    assert "2026 年.csv" in result.root.one("p", "population").text
    again = preview(site, vendor, DATA / "tickets-600.xlsx", "抽查.xlsx")
    assert counts(again) == numbers(600, 0, 0, 0, 600, 0)


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("a.csv", b"", ""),
        ("a.xlsx", b"PK\x03\x04 not really", ""),
        ("a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", ""),
        ("a.csv", b"\x00\xff\xfe" * 500, ""),
        ("a.csv", "单号,类型\nGD-1,故障\n".encode(), ""),
        ("a.html", b"<html><script>alert(1)</script></html>", ""),
    ],
)
def test_file_that_is_no_sheet_is_told_so(site: Site, name: str, content: bytes, told: str) -> None:
    vendor = site.as_("vendor")

    page = preview(site, vendor, content, name)

    assert page.status == 200
    assert page.root.all("div", "note-danger") or counts(page)["错误"] == 1
    assert "内部错误" not in page.text
    assert not page.root.all("button", "btn-primary")
    assert everything(site.console)["ticket"] == []


def test_upload_without_a_file_is_told_beside_the_field(site: Site) -> None:
    vendor = site.as_("vendor")

    for answer in (vendor.post("/import"), upload(vendor, b"", name="")):
        assert answer.status == 400
        assert answer.root.one("p", "fault", id="fault-file").text == "请先选择要导入的文件。"


@pytest.mark.parametrize("size", [(32 << 20) + 1, 33 << 20, 40 << 20])
def test_upload_past_the_limit_is_told_beside_the_field(site: Site, size: int) -> None:
    vendor = site.as_("vendor")

    answer = upload(vendor, b"x" * size)

    assert answer.status in (400, 413)
    assert answer.root.one("p", "fault", id="fault-file").text == "文件超过 32 MiB，请拆分后再导入。"
    assert everything(site.console)["job_run"] == []
    assert not list((site.console.files.folder / "uploads").iterdir())


def test_upload_as_large_as_the_limit_is_taken(site: Site) -> None:
    assert upload(site.as_("vendor"), b"x" * (32 << 20)).status == 302


@pytest.mark.parametrize(
    "name",
    [
        "../../etc/passwd",
        "C:\\CON",
        "a\x00b.csv",
        "长" * 300 + ".csv",
        "\u202ecsv.exe",
        "<svg onload=alert(1)>",
        "'><script>x</script>",
    ],
)
def test_name_of_a_file_is_a_text_and_never_a_path(site: Site, name: str) -> None:
    vendor = site.as_("vendor")

    page = preview(site, vendor, MESSY, name)

    for shown in (page, vendor.get("/import"), vendor.get("/system")):
        assert shown.status == 200
        assert not dangers(shown)
        assert not shown.tree.faults
    kept = list((site.console.files.folder / "uploads").iterdir())
    assert [len(path.name) for path in kept] == [64]


def test_hostile_cells_are_shown_as_texts(site: Site, tmp_path: Path) -> None:
    vendor = site.as_("vendor")
    faulty = [row(单号=f"GD-{n}", 类型=text, 渠道=text) for n, text in enumerate(HOSTILE_TEXT)]

    page = preview(site, vendor, write_sheet(tmp_path / "a.csv", *faulty))

    assert counts(page)["错误"] == 4
    for text in HOSTILE_TEXT:
        assert text in page.main.text
    assert not dangers(page)
    assert not page.tree.faults


def test_progress_is_shown_refreshed_and_found_again(site: Site, tmp_path: Path) -> None:
    vendor = site.as_("vendor")
    answer = upload(vendor, write_sheet(tmp_path / "a.csv", *rows(3)))

    waiting = vendor.get(answer.location)
    box = waiting.root.one("div", id="progress")
    assert "正在读取和检查文件" in box.text
    assert box["hx-get"] == answer.location
    assert "可以离开这一页" in box.text
    assert waiting.root.one("noscript").one("a")["href"] == answer.location
    part = vendor.get(answer.location, hx="poll")
    assert not part.root.all("html")
    assert part.root.one("div", id="progress")
    with site.console.write() as session:
        run = session.get(RunRow, 1)
        assert run is not None
        run.status, run.done, run.total = "running", 200, 600
    assert "已处理 200 / 600 行" in vendor.get(answer.location, hx="poll").root.one("div", id="progress").text
    with site.console.write() as session:
        session.get(RunRow, 1).status = "queued"  # type: ignore[union-attr]

    site.run_jobs()

    over = vendor.get(answer.location, hx="poll")
    assert (over.status, over.html, over.headers["HX-Redirect"]) == (200, "", answer.location)
    assert vendor.get("/import").root.one("td", "cell-time").one("a")["href"] == answer.location


def test_preview_that_is_not_done_cannot_be_applied(site: Site, tmp_path: Path) -> None:
    vendor = site.as_("vendor")
    answer = upload(vendor, write_sheet(tmp_path / "a.csv", *rows(1)))

    refused = vendor.post(f"{answer.location}/apply")

    assert refused.status == 400
    assert "这次预览还没有完成或已经导入过" in refused.text


def test_result_cannot_be_applied_again(site: Site, tmp_path: Path) -> None:
    vendor = site.as_("vendor")
    apply(site, vendor, preview(site, vendor, write_sheet(tmp_path / "a.csv", *rows(1))))

    assert vendor.post("/import/2/apply").status == 400


@pytest.mark.parametrize("fields", [{}, {"skip_bad": "no"}, {"skip_bad": ""}])
def test_file_with_errors_applied_without_leave_to_skip_writes_nothing(site: Site, fields: dict[str, str]) -> None:
    vendor = site.as_("vendor")
    preview(site, vendor, MESSY)
    vendor.post("/import/1/apply", **fields)
    site.run_jobs()

    page = vendor.get("/import/2")

    assert "有错误，未导入任何行。" in page.text
    assert everything(site.console)["ticket"] == []


@pytest.mark.parametrize("run", ["0", "2", "999", "-1", "x", "1.5", "9" * 30])
def test_import_that_is_not_there_is_not_found(site: Site, run: str) -> None:
    vendor = site.as_("vendor")

    assert vendor.get(f"/import/{run}").status == 404
    assert vendor.post(f"/import/{run}/apply").status in (404, 405)


def test_imported_facts_are_of_the_side_that_imported(site: Site, tmp_path: Path) -> None:
    hospital = site.as_("hospital")
    apply(site, hospital, preview(site, hospital, write_sheet(tmp_path / "a.csv", *rows(1))))

    page = hospital.get("/tickets/GD-20261119-00001")

    assert "hospital（甲方）" in page.root.one("table", "list-events").text
