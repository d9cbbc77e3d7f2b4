"""The mark beside a party's word whose password somebody else had reset: on the ticket, the contract, the paper."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import update

from ops_console.core import tickets as core
from ops_console.services import contracts, documents
from ops_console.store.people import PersonRow
from tests.conftest import VENDOR, do, log_ticket
from tests.web.conftest import Site
from tests.web.pages import Page

MARK = "凭据或角色由他人重置"


def marks(page: Page) -> list[str]:
    return [node.text for node in page.main.all("span", "mark-reset")]


def reset(site: Site, account: str) -> None:
    earlier = site.console.now() - timedelta(days=2)
    with site.console.write() as session:
        given = update(PersonRow).where(PersonRow.account == account)
        session.execute(given.values(reset_at=earlier, credential_reset_at=earlier))


def confirmed(site: Site) -> str:
    number = log_ticket(site.console)
    do(site.console, number, core.RESPONDED, VENDOR)
    do(site.console, number, core.RESTORE, VENDOR)
    assert site.as_("hospital").post(f"/tickets/{number}/moves", kind="confirmed").status == 302
    return number


def test_a_ticket_confirmed_after_a_reset_tells_it_at_its_head_and_beside_the_event(site: Site) -> None:
    assert marks(site.as_("vendor").get(f"/tickets/{confirmed(site)}")) == []
    reset(site, "hospital")
    number = confirmed(site)
    for role in ("vendor", "hospital", "auditor"):
        head, event = marks(site.as_(role).get(f"/tickets/{number}"))
        assert head == event
        assert head.startswith(MARK)
    with site.console.read() as session:
        paper = documents.form(session, site.console.book(session), number, VENDOR)
    assert paper.reset_at == site.console.now() - timedelta(days=2)


def test_a_contract_version_confirmed_after_a_reset_tells_it_beside_that_party(site: Site) -> None:
    with site.console.write() as session:
        contracts.load(session, replace(site.console.settings.terms, name="新名称"), site.console.now())
    reset(site, "hospital")
    vendor = site.as_("vendor")
    proposed = next(form for form in vendor.get("/contract").main.all("form") if form.all("input", name="digest"))
    digest = proposed.one("input", name="digest")["value"]
    vendor.post(proposed["action"], digest=digest)
    assert marks(site.as_("auditor").get("/contract")) == []
    assert site.as_("hospital").post(proposed["action"], digest=digest).status == 302
    (told,) = marks(site.as_("auditor").get("/contract"))
    assert told.startswith(MARK)
