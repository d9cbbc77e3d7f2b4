"""Yearly caps over the API: the numbers of the page, for those who read reports."""

from __future__ import annotations

import pytest

from ops_console.core.terms import Opening
from tests.api.conftest import House
from tests.caps import accept, approve, ask, fill, load_caps


def test_a_contract_years_caps_are_told_with_their_entries(both_house: House) -> None:
    console = both_house.console
    load_caps(console, Opening("C-31", 2, 5))
    accept(console, fill(console, "C-29", 8)[0])
    approve(console, ask(console, title="第 9 项"))
    found = both_house.caller("auditor").get("/caps")
    assert [(one["clause"], one["taken"], one["limit"], one["held"]) for one in found["items"]] == [
        ("C-12", 0, 4, 0), ("C-25", 0, 8, 0), ("C-29", 8, 8, 1), ("C-31", 5, 8, 0),
    ]  # fmt: skip
    first, *_rest, last = next(one for one in found["items"] if one["clause"] == "C-29")["entries"]
    assert (first["state"], first["accepted_at"]) == ("used", "2026-11-20T18:00:00+08:00")
    assert (last["state"], last["title"], last["approved_at"], last["fee"]) == ("held", "第 9 项", None, None)
    assert (found["on"], found["contract_id"]) == ("2026-11-20", 1)


def test_another_day_tells_another_year_and_as_of_its_end(house: House) -> None:
    load_caps(house.console)
    fill(house.console, "C-29", 2)
    caller = house.caller("vendor")
    for day, taken in (("2026-11-20", 2), ("2026-11-19", 0), ("2025-06-01", 0), ("2027-01-01", 0)):
        found = next(one for one in caller.get("/caps", on=day)["items"] if one["clause"] == "C-29")
        assert found["taken"] == taken, day
    assert caller.get("/caps", on="2030-01-01")["items"] == []


@pytest.mark.parametrize(
    ("path", "status"), [("/caps?on=2026-13-01", 422), ("/caps?on=2026-02-30", 422), ("/caps?x=1", 422)]
)
def test_what_is_no_day_is_refused(house: House, path: str, status: int) -> None:
    assert house.caller("vendor").ask("GET", path).status_code == status


def test_only_tokens_that_read_reports_read_caps(house: House) -> None:
    assert house.caller("vendor", "tickets:read").ask("GET", "/caps").status_code == 403
    assert house.stranger().ask("GET", "/caps").status_code == 401
