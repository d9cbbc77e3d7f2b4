"""The month's page asks for its evidence package; a run makes it, its asker takes it, the trail tells of it."""

from __future__ import annotations

import io
import zipfile

import pytest

from tests.conftest import FakeClock
from tests.evidence import lived_october
from tests.signing import MONTH, OCTOBER
from tests.test_recalculate_month import program
from tests.web.conftest import Site


@pytest.fixture
def clock() -> FakeClock:
    """A workday morning in October."""
    return FakeClock(OCTOBER)


@pytest.fixture
def frozen_site(site: Site, clock: FakeClock) -> Site:
    """A site whose October is frozen."""
    lived_october(site.console, clock)
    return site


@pytest.mark.parametrize("role", ["hospital", "officer", "leader", "vendor", "manager", "auditor"])
def test_whoever_may_export_takes_the_package_from_the_months_page(frozen_site: Site, role: str, tmp_path) -> None:  # type: ignore[no-untyped-def]
    browser = frozen_site.as_(role)
    page = browser.get(f"/month/{MONTH}")
    assert "证据包" in page.text
    answer = browser.post(f"/month/{MONTH}/evidence")
    assert answer.status == 302
    assert "正在生成证据包" in browser.get(answer.location).text

    frozen_site.run_jobs()

    page = browser.get(answer.location)
    assert "证据包已生成" in page.text
    assert "没有放入的文件 1 个" in page.text.replace("\n", " ").replace("  ", " ")
    link = page.main.one("a", "btn-primary")["href"]
    got = browser.client.get(link, base_url=browser.origin)
    assert got.headers["Content-Disposition"].startswith("attachment;")
    (tmp_path / "m.zip").write_bytes(got.data)
    assert zipfile.is_zipfile(io.BytesIO(got.data))
    assert program().recalculate(tmp_path / "m.zip").rows == []
    trail = frozen_site.as_("auditor").get("/audit", subject="evidence").text
    assert "取走证据包" in trail
    assert MONTH in trail


def test_nobody_else_finds_it_and_after_a_day_it_is_gone(frozen_site: Site) -> None:
    vendor = frozen_site.as_("vendor")
    answer = vendor.post(f"/month/{MONTH}/evidence")
    frozen_site.run_jobs()
    assert frozen_site.as_("hospital").get(answer.location).status == 404
    assert frozen_site.as_("hospital").get(f"{answer.location}/file").status == 404
    for file in frozen_site.console.files.exports.iterdir():
        file.unlink()
    assert "已过 24 小时" in vendor.get(answer.location).text
    assert vendor.get(f"{answer.location}/file").status == 404


def test_a_draft_offers_none_and_asking_all_the_same_says_what_to_do(site: Site) -> None:
    hospital = site.as_("hospital")
    assert "生成证据包" not in hospital.get(f"/month/{MONTH}").text
    refused = hospital.post(f"/month/{MONTH}/evidence")
    assert refused.status == 400
    assert "还没有冻结" in refused.text
    assert hospital.post("/month/2026-13/evidence").status == 400


def test_a_poll_shows_how_far_it_is_and_turns_to_the_page_when_it_is_done(frozen_site: Site) -> None:
    vendor = frozen_site.as_("vendor")
    where = vendor.post(f"/month/{MONTH}/evidence").location
    asking = {"HX-Request": "true", "HX-Trigger-Name": "poll"}
    part = vendor.client.get(where, base_url=vendor.origin, headers=asking)
    assert "已写 0 个文件" in part.get_data(as_text=True)
    frozen_site.run_jobs()
    done = vendor.client.get(where, base_url=vendor.origin, headers=asking)
    assert done.headers["HX-Redirect"] == where


def test_in_english(frozen_site: Site) -> None:
    browser = frozen_site.as_("manager")
    browser.post("/language", language="en")
    where = browser.post(f"/month/{MONTH}/evidence").location
    frozen_site.run_jobs()
    assert "The evidence package is made." in browser.get(where).text
