"""The console's own address: where it is printed it is the one people open, within a page it is not said at all."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest

from ops_console.core.addresses import address_of, here_alone, opens_here_alone
from tests.web.conftest import Site
from tests.web.test_public_reports import report, token  # noqa: F401 - a fixture

HERE_ALONE = "只在这台电脑上能打开"


@pytest.mark.parametrize(
    ("url", "is_so"),
    [
        ("http://127.0.0.1:8000", True), ("http://127.0.0.9", True), ("http://[::1]:8000", True),
        ("http://localhost:8000", True), ("https://ops.hospital.local:8443", False), ("http://10.20.3.4:8000", False),
    ],
)  # fmt: skip
def test_a_loopback_address_opens_here_alone(url: str, is_so: bool) -> None:
    assert opens_here_alone(url) is is_so
    assert (here_alone(url, is_demo=False) is not None) is is_so


def test_a_wildcard_is_no_address_to_open() -> None:
    assert [address_of(host, 8000) for host in ("0.0.0.0", "::")] == ["http://127.0.0.1:8000", "http://[::1]:8000"]


def test_a_demo_is_told_its_own_way_onto_the_network() -> None:
    told = here_alone("http://127.0.0.1:8000", is_demo=True)
    assert told is not None
    assert "demo --host" in str(told) and "expose" not in str(told)


def move_to(site: Site, url: str) -> None:
    """Let people open the console at that address, and here as before."""
    server = replace(site.console.settings.server, public_url=url)
    site.console.settings = replace(site.console.settings, server=server)


def test_stickers_are_offered_with_a_warning_while_nobody_else_can_open_them(site: Site) -> None:
    page = site.as_("hospital").get("/locations")
    assert HERE_ALONE in page.text and "docs/service.md" in page.text
    move_to(site, "https://ops.hospital.local:8443")
    assert HERE_ALONE not in site.as_("hospital").get("/locations").text


def test_slips_are_printed_with_a_warning_while_nobody_else_can_open_them(site: Site) -> None:
    admin = site.as_("administrator")
    assert HERE_ALONE in admin.get("/people/import").text
    sheet = "姓名,账号,角色\n王科员,wang,信息科员\n".encode()
    slips = admin.post("/people/import", file=(io.BytesIO(sheet), "people.csv"))
    assert "首次登录单" in slips.text and HERE_ALONE in slips.text
    move_to(site, "https://ops.hospital.local:8443")
    assert HERE_ALONE not in admin.get("/people/import").text


def test_a_receipt_leads_on_where_the_reporter_is(site: Site, token: str) -> None:  # noqa: F811
    move_to(site, "https://ops.hospital.local:8443")
    receipt = report(site.browser(), token)
    assert 'href="/s/' in receipt.html
    assert "ops.hospital.local" not in receipt.html
