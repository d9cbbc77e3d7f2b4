"""The hospital's notes: on its own people's page of the ticket, and nowhere else for anybody else."""

from __future__ import annotations

import pytest

from ops_console.core.people import ROLES
from tests.conftest import log_ticket
from tests.web.conftest import Site
from tests.web.test_rights import ASKED, address
from tests.web.test_tickets import HOSTILE_TEXT, dangers

TEXT = "抽查回访后再签字"
OUTSIDERS = [role for role, (side, _) in ROLES.items() if side != "hospital"]


@pytest.fixture
def noted(site: Site) -> tuple[Site, str]:
    """A console with a ticket that has a note."""
    number = log_ticket(site.console)
    assert site.as_("hospital").post(f"/tickets/{number}/notes", note=TEXT).status == 302
    return site, number


@pytest.mark.parametrize("role", ["hospital", "officer", "leader"])
def test_the_hospitals_people_see_the_note(noted: tuple[Site, str], role: str) -> None:
    site, number = noted

    assert TEXT in site.as_(role).get(f"/tickets/{number}").text


@pytest.mark.parametrize("role", OUTSIDERS)
def test_no_page_tells_anybody_else(noted: tuple[Site, str], role: str) -> None:
    site, number = noted
    browser = site.as_(role)
    pages = [browser.get(f"/tickets/{number}"), browser.get("/tickets"), browser.get("/tickets", q="回访")]
    pages += [browser.ask("GET", address(rule)) for _, method, rule in ASKED if method == "GET"]

    assert not [page.html for page in pages if TEXT in page.html]
    assert browser.post(f"/tickets/{number}/notes", note="x").status == 403


@pytest.mark.parametrize("text", HOSTILE_TEXT)
def test_hostile_notes_are_shown_as_texts(noted: tuple[Site, str], text: str) -> None:
    site, number = noted
    chief = site.as_("hospital")
    chief.post(f"/tickets/{number}/notes", note=text)

    page = chief.get(f"/tickets/{number}")

    assert " ".join(text.split()) in page.text
    assert not dangers(page)
    assert not page.tree.faults
