"""Every main page, on a desk and on a phone, in both languages, without a serious finding of axe."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.browser.conftest import House, Visit
from tests.browser.served import DESKTOP, PHONE, Visitor

pytestmark = pytest.mark.browser
AXE = (Path(__file__).parents[1] / "vendor" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
PAGES = (
    "/tickets", "/tickets?q=缴费", "/tickets?q=龘", "/tickets/new", "/tickets/GD-20261120-02344", "/search",
    "/search?q=缴费", "/dashboard", "/import", "/contract", "/system", "/people", "/password",
    "/scores", "/scores/edit?from=preset", "/scores/import", "/scores/money", "/months/2026-11/entries",
    "/search?q=缴费", "/dashboard", "/import", "/contract", "/contract/clauses", "/contract/readings",
    "/system", "/people", "/password",
    "/log", "/closing", "/flags", "/audit", "/account", "/account/tokens", "/people/roles", "/reports/pending",
    "/breaches", "/breaches/new",
    "/duties", "/releases", "/releases/new",
    "/month/2026-11", "/month/2026-11/clocks/C-15/population", "/month/2026-11/duties/C-33/every",
    "/month/2026-11/tickets/reports", "/month/2026-11/caps/C-31", "/month/2026-11/money", "/month/2026-11/unexplained",
    "/month/2026-11/clauses/C-07", "/months", "/mirror",
)  # fmt: skip
RUN = """() => axe.run(document, {resultTypes: ["violations"]}).then(found => found.violations
    .filter(one => one.impact === "serious" || one.impact === "critical")
    .map(one => one.id + ": " + one.nodes.slice(0, 3).map(node => node.html.slice(0, 160)).join(" | ")))"""


def findings(visitor: Visitor, path: str) -> list[str]:
    """What axe finds serious on a page; it is run by the test, past the page's own policy."""
    visitor.page.goto(path)
    visitor.page.evaluate(AXE)
    return [f"{path} {visitor.width}: {found}" for found in visitor.page.evaluate(RUN)]


LONG = pytest.mark.long  # each language and each width once is enough between two long runs


@pytest.mark.parametrize(
    ("width", "language"),
    [(DESKTOP, "zh"), (PHONE, "en"), pytest.param(DESKTOP, "en", marks=LONG), pytest.param(PHONE, "zh", marks=LONG)],
)
def test_no_page_has_a_serious_finding(visit_as_vendor: Visit, width: int, language: str) -> None:
    vendor = visit_as_vendor(width=width)
    vendor.speak(language)
    assert [found for path in PAGES for found in findings(vendor, path)] == []


@pytest.mark.parametrize("width", [DESKTOP, PHONE])
def test_the_sign_in_page_has_none(visit: Visit, year: House, width: int) -> None:
    assert findings(visit(year.served, width=width), "/sign-in") == []


def test_the_map_of_keys_has_none(visit_as_vendor: Visit) -> None:
    vendor = visit_as_vendor(width=DESKTOP)
    vendor.page.goto("/tickets")
    vendor.page.keyboard.press("Shift+?")
    vendor.page.evaluate(AXE)
    assert vendor.page.evaluate(RUN) == []
