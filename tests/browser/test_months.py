"""The month in a real browser: five tiles in one row on a desk, nothing wider than a phone, two pages of paper."""

from __future__ import annotations

import pytest

from tests.browser.conftest import Visit
from tests.browser.served import DESKTOP, PHONE

PAGES = (
    "/month/2026-11", "/month/2026-11/clocks/C-15/population", "/month/2026-11/duties/C-33/every",
    "/month/2026-11/tickets/reports", "/month/2026-11/caps/C-31", "/month/2026-11/money", "/month/2026-11/unexplained",
    "/months", "/mirror",
)  # fmt: skip
TOPS = "() => [...document.querySelectorAll('.tiles-five .tile')].map(tile => tile.getBoundingClientRect().top)"
WIDTH = "() => document.documentElement.scrollWidth"


def test_the_five_tiles_stand_in_one_row_on_a_desk(visit_as_vendor: Visit) -> None:
    vendor = visit_as_vendor(width=DESKTOP)
    vendor.page.goto("/month/2026-11")
    tops = vendor.page.evaluate(TOPS)
    assert len(tops) == 5 and len(set(tops)) == 1


@pytest.mark.parametrize("language", ["zh", "en"])
def test_no_page_of_the_month_is_wider_than_a_phone(visit_as_vendor: Visit, language: str) -> None:
    vendor = visit_as_vendor(width=PHONE)
    vendor.speak(language)
    for path in PAGES:
        vendor.page.goto(path)
        assert vendor.page.evaluate(WIDTH) <= PHONE, path


def test_the_month_fits_two_pages_of_paper(visit_as_vendor: Visit) -> None:
    vendor = visit_as_vendor(width=DESKTOP)
    vendor.page.goto("/month/2026-11")
    paper = vendor.page.pdf(prefer_css_page_size=True)
    assert 1 <= paper.count(b"/Type /Page\n") + paper.count(b"/Type /Page ") + paper.count(b"/Type /Page/") <= 2
