"""The contract's page: what is in force with its clauses, what is proposed with its difference, who confirmed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ops_console.console import PROJECT
from tests.conftest import FakeClock
from tests.web.conftest import Site, everything, open_site, reopen_site
from tests.web.test_tickets import HOSTILE_TEXT, dangers, statements


def proposing(folder: Path, template: Path, clock: FakeClock, *changes: tuple[str, str]) -> Site:
    """Given changes to the shipped config.toml, return a site whose console was first started without them."""
    open_site(folder / "data", template, clock).console.close()
    text = (PROJECT / "config.toml").read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    (folder / "config.toml").write_text(text)
    return reopen_site(folder / "data", clock, OPS_CONFIG=str(folder / "config.toml"))


SHORTER = (("limit_minutes = 30", "limit_minutes = 20"), ("counts_from = 2025-01-01", "counts_from = 2026-12-01"))


@pytest.fixture
def proposed(tmp_path: Path, sqlite_template: Path, clock: FakeClock) -> Iterator[Site]:
    """A console whose file now says 20 minutes where the contract in force says 30."""
    made = proposing(tmp_path, sqlite_template, clock, *SHORTER)
    yield made
    made.console.close()


@pytest.mark.parametrize("role", ["hospital", "vendor", "auditor"])
def test_contract_in_force_is_shown_clause_by_clause(site: Site, role: str) -> None:
    page = site.as_(role).get("/contract")

    terms = site.console.settings.terms
    assert page.root.one("h1").text == terms.name
    assert "合同期 2025-01-01 至 2027-12-31，共 3 个合同年" in page.text
    table = page.root.all("table")[0].one("tbody").all("tr")
    assert [tr.all("td")[0].text for tr in table] == [limit.id for limit in terms.limits]
    for limit in terms.limits:
        assert limit.text in page.text
    for reading in terms.readings:
        assert reading.text in page.text
    assert "工作日 08:00–18:00" in page.text
    assert not page.root.all("form", action="/contract/1/confirm")


def test_changed_file_is_shown_as_a_proposal_with_its_difference(proposed: Site) -> None:
    page = proposed.as_("vendor").get("/contract")

    sheet = page.root.one("section", "proposed")
    assert "待双方确认：第 2 版，自 2026-12-01 起计" in sheet.text
    changed = {
        tr.all("td")[0].text: (tr.all("td")[1].text, tr.all("td")[2].text) for tr in sheet.one("tbody").all("tr")
    }
    assert len(changed) == 2
    assert ("2025-01-01", "2026-12-01") in changed.values()
    assert any("20" in new and "30" in old or (old, new) == ("1800", "1200") for old, new in changed.values())
    assert sheet.text.count("尚未确认") == 2
    assert "生效版本：第 1 版" in page.text


def test_version_counts_once_both_parties_confirmed_it(proposed: Site) -> None:
    for role, other in (("vendor", "hospital"), ("hospital", "vendor")):
        browser = proposed.as_(role)
        form = browser.get("/contract").root.one("section", "proposed").all("form")[0]
        assert "第 2 版" in form["data-confirm"]

        page = browser.send(form["action"], digest=form.one("input", name="digest")["value"])

        assert "已代表本方确认这一合同版本。" in page.notes
        if other == "hospital":
            sheet = page.root.one("section", "proposed")
            assert "本方已确认，等待对方。" in sheet.text
            assert "vendor 2026-11-20 18:00" in sheet.text
            assert not sheet.all("form")
    assert not page.root.all("section", "proposed")
    assert "第 2 版 · 生效 · 自 2026-12-01 起计" in page.text
    assert "生效版本：第 1 版" in page.text  # until its day
    proposed.clock.forward(days=11)
    assert "生效版本：第 2 版，自 2026-12-01 起计" in proposed.signed_in("auditor").get("/contract").text


@pytest.mark.parametrize("role", ["auditor", "administrator"])
def test_only_the_two_parties_confirm(proposed: Site, role: str) -> None:
    digest = proposed.as_("vendor").get("/contract").root.one("input", name="digest")["value"]
    browser = proposed.as_(role)
    before = everything(proposed.console)

    assert browser.post("/contract/2/confirm", digest=digest).status == 403
    assert everything(proposed.console) == before
    assert not browser.get("/contract").root.all("section", "proposed") or not browser.get("/contract").root.one(
        "section", "proposed"
    ).all("form")


def test_one_party_alone_brings_nothing_into_force(proposed: Site) -> None:
    vendor = proposed.as_("vendor")
    digest = vendor.get("/contract").root.one("input", name="digest")["value"]

    for _ in range(3):
        vendor.post("/contract/2/confirm", digest=digest)

    assert "待双方确认" in vendor.get("/contract").text


@pytest.mark.parametrize("digest", ["", "0" * 64, "x" * 5000, "😀"])
def test_stale_digest_is_refused(proposed: Site, digest: str) -> None:
    hospital = proposed.as_("hospital")
    before = everything(proposed.console)

    answer = hospital.post("/contract/2/confirm", digest=digest)

    assert answer.status == 400
    assert "请刷新页面后再确认" in answer.text
    assert everything(proposed.console) == before


def test_version_in_force_or_unknown_is_not_confirmed(site: Site) -> None:
    hospital = site.as_("hospital")

    assert hospital.post("/contract/1/confirm", digest="0" * 64).status == 400
    assert hospital.post("/contract/9/confirm", digest="0" * 64).status == 404


def test_account_reset_today_confirms_nothing(proposed: Site) -> None:
    """Abuse 6: who resets the hospital's password does not confirm with it."""
    made = proposed.as_("administrator").post("/people/hospital/reset")
    one_time, new = made.root.one("code", "secret").text, "Another-Long-2-secret"
    browser = proposed.browser()
    browser.sign_in("hospital", one_time)
    browser.post("/password", current_password=one_time, new_password=new, repeated=new)
    browser.forget_token()
    proposed.prove("hospital")
    digest = browser.get("/contract").root.one("input", name="digest")["value"]

    answer = browser.post("/contract/2/confirm", digest=digest)

    assert answer.status == 400
    assert "在 24 小时内由他人设置过" in answer.text


def test_hostile_contract_texts_are_shown_as_texts(tmp_path: Path, sqlite_template: Path, clock: FakeClock) -> None:
    hostile = HOSTILE_TEXT[1].replace('"', "'")
    site = proposing(tmp_path, sqlite_template, clock, ("工作时间故障响应时间不超过0.5小时", hostile), SHORTER[1])

    page = site.as_("hospital").get("/contract")

    assert hostile in page.main.text
    assert not dangers(page)
    assert not page.tree.faults
    site.console.close()


def test_statements_of_the_contract_page_are_few(year: Site) -> None:
    assert statements(year, "/contract") <= 15
