"""The mark of the demo: on every page of one, signed in or not, and on none of a real console."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from werkzeug.test import Client

from ops_console.adapters.demo.folder import DemoFolder
from ops_console.adapters.documents.stickers import WORDS
from ops_console.main import application
from tests.conftest import FakeClock
from tests.web.conftest import Site, open_site

STRANGERS = ("/sign-in", "/report", "/nothing-here", "/contacts", "/report/offline", "/api/v1/docs")
OWN = ("/tickets", "/dashboard", "/log", "/contracts", "/audit", "/people", "/account", "/nothing-here")
MARK = 'class="demo-mark"'


@pytest.fixture
def demo_site(tmp_path: Path, sqlite_template: Path, clock: FakeClock) -> Iterator[Site]:
    """A console in a demo's folder, with its accounts."""
    aside, _ = DemoFolder(tmp_path / "data").begin("2026-11-20")
    made = open_site(aside, sqlite_template, clock)
    yield made
    made.console.close()


def strangers_pages(site: Site) -> dict[str, str]:
    """What people without an account see, the API's page among it."""
    client = Client(application(site.console))
    return {path: client.get(path, base_url="http://127.0.0.1:8000").text for path in STRANGERS}


def own_pages(site: Site) -> dict[str, str]:
    """What somebody signed in sees."""
    return {path: site.as_("vendor").get(path).html for path in OWN}


def test_every_page_of_a_demo_says_so(demo_site: Site) -> None:
    for path, text in {**strangers_pages(demo_site), **own_pages(demo_site)}.items():
        assert MARK in text, path
        assert "虚构" in text, path
        assert "[演示]" in text or path.startswith("/api"), path
    answer = demo_site.as_("vendor").get("/static/demo.svg")
    assert answer.status == 200


def test_no_page_of_a_real_console_does(site: Site) -> None:
    for path, text in {**strangers_pages(site), **own_pages(site)}.items():
        assert "demo-mark" not in text, path
        assert "虚构" not in text, path


def test_a_demo_on_the_same_host_overwrites_no_cookie_of_a_real_console(demo_site: Site, site: Site) -> None:
    names = []
    for made in (demo_site, site):
        lines = made.browser().sign_in("hospital").headers.getlist("Set-Cookie")
        names.append({line.partition("=")[0] for line in lines})
    assert names == [{"ops-demo", "ops-demo-device"}, {"ops", "ops-device"}]


def test_papers_and_exports_of_a_demo_say_so(demo_site: Site, site: Site) -> None:
    for made, is_demo in ((demo_site, True), (site, False)):
        browser = made.as_("vendor")
        file = browser.post("/tickets/export", format="csv")
        assert ("%E6%BC%94%E7%A4%BA" in file.headers["Content-Disposition"]) == is_demo
        paper = made.console.papers
        data = {"words": WORDS, "hotline": "", "places": []}
        plain = type(paper)().pdf("stickers", data)
        assert (len(paper.pdf("stickers", data)) != len(plain)) == is_demo
    with demo_site.console.read() as session:
        terms = demo_site.console.book(session).versions[0].terms
    assert "演示" in terms.number
    assert "演示" in terms.hospital
    assert "演示" in terms.vendor
