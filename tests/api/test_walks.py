"""Walking the list by cursor: each ticket once, whatever is added meanwhile; cursors that are none are refused."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from threading import Event, Thread

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ops_console.core.cursors import Place, read_cursor, write_cursor
from ops_console.core.errors import Refused
from ops_console.core.ticket_lists import Filter
from tests.api.conftest import TICKET, Caller, House, problem
from tests.conftest import log_ticket


def walk(caller: Caller, **query: object) -> list[str]:
    """Walk to the end and return every number met."""
    met: list[str] = []
    cursor = ""
    while True:
        page = caller.get("/tickets", cursor=cursor, **query)
        met += [row["number"] for row in page["items"]]
        if page["next"] is None:
            return met
        assert len(page["items"]) == int(str(query["limit"]))
        cursor = page["next"]


@pytest.mark.parametrize("order", ["desc", "asc"])
@pytest.mark.parametrize("limit", [1, 3, 7, 200])
def test_a_walk_meets_every_ticket_once_in_order(both_house: House, order: str, limit: int) -> None:
    caller = both_house.caller("vendor")
    numbers = []
    for seconds in (0, 0, 5, 5, 5, 60, 60):  # several at the same instant: the row decides
        both_house.clock.forward(seconds=seconds)
        numbers.append(log_ticket(both_house.console))
    assert walk(caller, order=order, limit=limit) == (numbers[::-1] if order == "desc" else numbers)


def test_while_others_insert_every_ticket_that_was_there_is_met_once(both_house: House) -> None:
    reader, writer = both_house.caller("vendor"), both_house.caller("hospital")
    there = [log_ticket(both_house.console) for _ in range(25)]
    stop, added = Event(), []

    def insert() -> None:
        while not stop.is_set() and len(added) < 200:
            answer = writer.post("/tickets", **TICKET)
            assert answer.status_code == 201, answer.text
            added.append(answer.json["number"])  # type: ignore[index]

    for order in ("desc", "asc"):
        stop.clear()
        before = there + added
        thread = Thread(target=insert)
        thread.start()
        met = walk(reader, order=order, limit=4)
        stop.set()
        thread.join()
        assert len(met) == len(set(met))
        assert set(before) <= set(met)


@pytest.fixture(scope="module")
def chosen() -> Filter:
    """A filter as callers send one."""
    return Filter(types=("故障",), open=True)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.datetimes(datetime(1970, 1, 1), datetime(2999, 1, 1)), row=st.integers(0, 2**62), down=st.booleans())  # noqa: DTZ001
def test_a_cursor_comes_back_as_the_place(chosen: Filter, at: datetime, row: int, down: bool) -> None:
    place = Place(at.replace(tzinfo=UTC), row)
    text = write_cursor(place, chosen, descending=down)
    assert read_cursor(text, chosen, descending=down) == place
    for other, order in ((chosen, not down), (Filter(types=("咨询",), open=True), down)):
        with pytest.raises(Refused):
            read_cursor(text, other, descending=order)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60) | st.binary(max_size=60).map(lambda raw: base64.urlsafe_b64encode(raw).decode()))
def test_what_is_no_cursor_is_refused_never_a_crash(text: str) -> None:
    with pytest.raises(Refused):
        read_cursor(text, Filter(), descending=True)


@pytest.mark.parametrize(
    "plain",
    [[], [1, 2], [1.5, 2, "x"], [True, 2, "x"], [-1, 2, "x"], [10**30, 2, "x"], [1, 2**63, "x"], {"a": 1}, None, "x"],
)
def test_a_forged_cursor_is_refused(house: House, plain: object) -> None:
    forged = base64.urlsafe_b64encode(json.dumps(plain).encode()).decode()
    told = problem(house.caller("vendor").ask("GET", "/tickets", query_string={"cursor": forged}), 422)
    assert told["errors"][0]["field"] == "cursor"


def test_a_cursor_with_another_filter_says_so(house: House) -> None:
    caller = house.caller("vendor")
    for _ in range(3):
        log_ticket(house.console)
        house.clock.at += timedelta(seconds=1)
    cursor = caller.get("/tickets", limit="1")["next"]
    assert len(caller.get("/tickets", limit="200", cursor=cursor)["items"]) == 2, "the page's length may change"
    problem(caller.ask("GET", "/tickets", query_string={"cursor": cursor, "type": "咨询"}), 422)
    problem(caller.ask("GET", "/tickets", query_string={"cursor": cursor, "order": "asc"}), 422)
