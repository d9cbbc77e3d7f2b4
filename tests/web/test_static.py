"""What every page's source must be: nothing from outside, nothing inline, named boxes, one title, ids once."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.web.conftest import Site
from tests.web.pages import Node, Page
from tests.web.test_tickets import dangers

PAGES = [
    ("stranger", "/sign-in"), ("stranger", "/nowhere"), ("vendor", "/tickets"),
    ("vendor", "/tickets?month=2026-03&type=故障"),
    ("vendor", "/tickets?month=2019-01"), ("vendor", "/tickets/GD-20260101-00001"), ("vendor", "/tickets/new"),
    ("vendor", "/import"), ("vendor", "/password"), ("vendor", "/system"), ("vendor", "/people"),
    ("vendor", "/nowhere"),
    ("hospital", "/dashboard"), ("hospital", "/dashboard?month=2025-01"), ("hospital", "/contract"),
    ("vendor", "/contract/readings"),
    ("hospital", "/import/1"),
    ("hospital", "/tickets/GD-20260101-00001"), ("auditor", "/contract"),
    ("auditor", "/contract/clauses"), ("administrator", "/people"),
    ("administrator", "/tickets"),
]  # fmt: skip
EVERY_PAGE = pytest.mark.parametrize(("who", "address"), PAGES)
TEMPLATES = sorted((Path(__file__).parents[2] / "templates").rglob("*.html"))


def opened(year: Site, who: str, address: str) -> Page:
    browser = year.browser() if who == "stranger" else year.as_(who)
    return browser.get(address)


def labelled(page: Page, box: Node) -> bool:
    """Say whether a box to fill in has a name that can be read out."""
    if box.get("aria-label") or box.get("aria-labelledby"):
        return True
    if box.get("id") and page.root.all("label", for_=box["id"]):
        return True
    return any(box in label.all(box.tag) for label in page.root.all("label"))


@EVERY_PAGE
def test_page_loads_nothing_from_outside(year: Site, who: str, address: str) -> None:
    page = opened(year, who, address)

    for node in page.root.walk():
        for name in ("src", "href", "action", "srcset", "poster", "data", "formaction", "hx-get", "hx-post"):
            if value := node.get(name):
                assert value.startswith(("/", "#")), (node.tag, value)
                assert not value.startswith("//")
        assert "url(" not in node.get("style")


@EVERY_PAGE
def test_page_runs_nothing_inline(year: Site, who: str, address: str) -> None:
    page = opened(year, who, address)

    assert not dangers(page)
    assert not page.root.all("style")
    assert not [node for node in page.root.walk() if node.get("hx-on") or node.get("hx-vals").startswith("js:")]


@EVERY_PAGE
def test_page_is_well_formed_and_named(year: Site, who: str, address: str) -> None:
    page = opened(year, who, address)

    assert not page.tree.faults
    assert page.root.one("html")["lang"] == "zh-CN"
    assert page.root.one("title").text.endswith("· 运维控制台")
    assert len(page.root.one("title").text) > len("· 运维控制台")
    assert page.root.one("h1").text
    ids = Counter(node["id"] for node in page.root.walk() if node.get("id"))
    assert not [name for name, n in ids.items() if n > 1]
    for label in page.root.all("label"):
        assert not label.get("for") or ids[label["for"]] == 1


@EVERY_PAGE
def test_every_box_and_button_has_a_name(year: Site, who: str, address: str) -> None:
    page = opened(year, who, address)

    for box in page.root.walk():
        if box.tag in ("select", "textarea") or (box.tag == "input" and box.get("type") != "hidden"):
            assert labelled(page, box), box
        if box.tag in ("button", "a", "summary"):
            assert box.text or box.get("aria-label"), box
    for picture in page.root.all("img"):
        assert "alt" in picture.attributes


@EVERY_PAGE
def test_every_form_that_changes_something_carries_the_token(year: Site, who: str, address: str) -> None:
    page = opened(year, who, address)

    for form in page.root.all("form"):
        assert form.get("method") in ("get", "post")
        assert bool(form.all("input", name="csrf_token")) == (form["method"] == "post")


@EVERY_PAGE
def test_links_of_the_frame_lead_where_the_role_may_go(year: Site, who: str, address: str) -> None:
    if who == "stranger":
        return
    browser = year.as_(who)

    for link in opened(year, who, address).root.all("a", "rail-entry"):
        assert browser.get(link["href"]).status == 200


def test_files_that_pages_name_are_there(year: Site) -> None:
    seen = set()
    for who, address in PAGES:
        for node in opened(year, who, address).root.walk():
            path = urlsplit(node.get("src") or node.get("href")).path
            if path.startswith("/static/"):
                seen.add(path)
    assert len(seen) >= 6
    for path in seen:
        assert year.browser().get(path).status == 200, path


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_templates_trust_nothing_typed(path: Path) -> None:
    text = path.read_text()

    assert "|safe" not in text.replace(" ", "")
    assert "autoescape" not in text
    assert not re.search(r"<\w+[^>]*\son\w+=", text)
    assert not re.search(r"=\{\{", text), "an attribute without quotes"
    assert "javascript:" not in text
