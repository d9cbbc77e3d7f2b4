"""The page 合同条款与口径: all clauses, narrowed by the address, each opening to what bears on it, and as a file."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from ops_console.core.contracts import KIND_NAMES
from tests.conftest import DATA, FakeClock
from tests.web.conftest import Site, open_site, reopen_site
from tests.web.test_tickets import HOSTILE_TEXT, dangers, statements


def ids(site: Site, role: str = "auditor", **asked: str) -> list[str]:
    return [one["id"] for one in site.as_(role).get("/contract/clauses", **asked).main.all("details", "clause")]


@pytest.mark.parametrize("role", ["hospital", "officer", "leader", "vendor", "manager", "auditor"])
def test_all_58_clauses_stand_there_with_their_words(site: Site, role: str) -> None:
    page = site.as_(role).get("/contract/clauses")

    assert "共 58 条" in page.main.text
    clauses = page.main.all("details", "clause")
    assert [one["id"] for one in clauses] == [f"C-{n:02d}" for n in range(1, 59)]
    for shown, clause in zip(clauses, site.console.settings.terms.clauses, strict=True):
        for words in (clause.text, clause.rule, clause.section, KIND_NAMES[clause.kind]):
            assert words in shown.text


def test_an_auditor_begins_with_the_clauses(site: Site) -> None:
    assert site.as_("auditor").get("/").location == "/contract/clauses"


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"kind": "cap"}, ["C-12", "C-25", "C-29", "C-31"]),
        ({"kind": "penalty"}, ["C-55", "C-56"]),
        ({"bound": "hospital"}, ["C-12", "C-25", "C-29", "C-31", "C-53"]),
        ({"part": "一.2"}, ["C-03"]),
        ({"part": "二.5"}, ["C-53", "C-54", "C-55", "C-56", "C-57", "C-58"]),
        ({"q": "密码 变更"}, ["C-46"]),
        ({"q": "首页"}, ["C-24", "C-25"]),
        ({"q": "渗透测试", "kind": "minimum"}, ["C-51"]),
        ({"kind": "cap", "bound": "vendor"}, []),
        ({"kind": "nonsense", "bound": "x", "basis": "y"}, [f"C-{n:02d}" for n in range(1, 59)]),
    ],
)
def test_the_address_narrows_the_clauses(site: Site, asked: dict[str, str], found: list[str]) -> None:
    assert ids(site, **asked) == found


def test_supplementary_finds_what_was_agreed_beside_the_text(site: Site) -> None:
    found = ids(site, basis="补充约定")
    assert {"C-13", "C-24", "C-43", "C-51", "C-57"} <= set(found)
    assert "C-33" not in found
    assert "C-33" in ids(site, basis="合同")


def test_nothing_found_says_so_and_leads_back(site: Site) -> None:
    page = site.as_("vendor").get("/contract/clauses", q="没有的词")
    assert "没有符合条件的条款" in page.main.text
    assert page.main.all("a", href="/contract/clauses")
    assert not page.main.all("form", "export")


def test_a_clause_opens_to_its_tasks_evidence_and_readings(site: Site) -> None:
    (shown,) = site.as_("hospital").get("/contract/clauses", q="C-24").main.all("details", "clause")
    assert "open" in shown.attributes
    for words in (
        "功能上线或活动开启后 30 分内且当日首页开启告知", "补充约定", "E6 前后对比截图", "信息科员", "K3",
        "K10", "默认",
    ):  # fmt: skip
        assert words in shown.text


def test_a_time_limit_says_what_it_is_about_and_how_long(site: Site) -> None:
    shown = next(one for one in site.as_("vendor").get("/contract/clauses").main.all("details", "clause")
                 if one["id"] == "C-18")  # fmt: skip
    for words in ("故障（需到场）", "4 小时", "K6"):
        assert words in shown.text


def test_what_was_taken_away_holds_the_whole_clauses_that_were_asked_for(site: Site) -> None:
    browser = site.as_("auditor")
    answer = browser.client.post(
        "/lists/contract_clauses/export?kind=cap", base_url=browser.origin,
        data={"csrf_token": browser.token, "format": "csv"},
    )  # fmt: skip
    rows = list(csv.DictReader(io.StringIO(answer.get_data().decode("utf-8-sig"))))
    assert [row["条款"] for row in rows] == ["C-12", "C-25", "C-29", "C-31"]
    cap = site.console.settings.terms.clauses[11]
    assert rows[0]["合同原文"] == cap.text
    assert rows[0]["可衡量的规则"] == cap.rule
    assert rows[3]["口径"].startswith("K4 ")


def test_the_workbook_of_all_clauses_is_made(site: Site) -> None:
    browser = site.as_("hospital")
    answer = browser.client.post(
        "/lists/contract_clauses/export", base_url=browser.origin,
        data={"csrf_token": browser.token, "format": "xlsx"},
    )  # fmt: skip
    assert (answer.status_code, answer.data[:2]) == (200, b"PK")


def test_hostile_words_are_shown_as_words(site: Site) -> None:
    for text in HOSTILE_TEXT:
        page = site.as_("vendor").get("/contract/clauses", q=text, part=text)
        assert page.status == 200
        assert not dangers(page)
        assert not page.tree.faults


@pytest.fixture
def bare(tmp_path: Path, sqlite_template: Path, clock: FakeClock) -> Iterator[Site]:
    """A console whose file was written before clauses were data."""
    made = open_site(tmp_path / "data", sqlite_template, clock, OPS_CONFIG=str(DATA / "config-0015.toml"))
    yield made
    made.console.close()


def test_a_contract_without_clauses_says_so_honestly(bare: Site) -> None:
    page = bare.as_("hospital").get("/contract/clauses")
    assert "合同设置中没有条款" in page.main.text
    assert "合同设置中没有列出问题" in bare.as_("hospital").get("/contract/readings").main.text
    for address in ("/contract", "/dashboard"):
        assert bare.as_("hospital").get(address).status == 200


def test_a_house_of_an_earlier_version_sees_the_new_clauses_as_one_proposal(
    tmp_path: Path, sqlite_template: Path, clock: FakeClock
) -> None:
    open_site(tmp_path / "data", sqlite_template, clock, OPS_CONFIG=str(DATA / "config-0015.toml")).console.close()
    site = reopen_site(tmp_path / "data", clock)
    sheet = site.as_("vendor").get("/contract").root.one("section", "proposed")
    changed = sheet.one("tbody").all("tr")
    assert len(changed) < 80  # a clause that is wholly new is one line
    assert sum("C-55" in one.text for one in changed) == 1
    site.console.close()


def test_statements_of_the_page_are_few(year: Site) -> None:
    assert statements(year, "/contract/clauses") <= 6
