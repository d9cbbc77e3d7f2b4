"""The document held against the application: requests made from it by schemathesis, in the suite and at length."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.config import SchemathesisConfig

from tests.api.conftest import House
from tests.conftest import FakeClock, copy_sqlite, do, log_ticket, make_console

# Well-formed and yet refused: a name that the site's catalogue does not have, a month before the other, bytes that are
# no file of a kind that is taken.
HOST = {"Host": "127.0.0.1:8000"}
CONFIG = """
[checks]
positive_data_acceptance.expected-statuses = ["2xx", "401", "403", "404", "409", "415", "422", "429"]
"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[House]:
    """A house with some tickets whose tokens may ask as often as they like."""
    folder = tmp_path_factory.mktemp("schemathesis")
    copy_sqlite(sqlite_template, folder / "data")
    console = make_console(folder / "data", FakeClock(), OPS_SERVER__API_REQUESTS_PER_MINUTE="1000000")
    made = House(console, console.now)
    made.app.mounts["/api"].extensions["stranger_limits"]._limit = 1_000_000
    numbers = [log_ticket(console, title="打不开") for _ in range(3)]
    do(console, numbers[0], "responded")
    yield made
    console.close()


def run(served: House, examples: int) -> int:
    """Ask every operation with so many made requests, half of them about tickets that exist; return how many."""
    schema = schemathesis.openapi.from_wsgi(
        "/api/v1/openapi.json", served.app, config=SchemathesisConfig.from_str(CONFIG), headers=HOST
    )
    caller = served.caller("hospital")
    numbers = [row["number"] for row in caller.get("/tickets")["items"]]
    headers = {"Authorization": f"Bearer {caller.token}", **HOST}
    return sum(_ask(found.ok(), numbers, headers, examples) for found in schema.get_all_operations())


def _ask(operation: Any, numbers: list[str], headers: dict[str, str], examples: int) -> int:
    answered = 0
    wrong = operation.as_strategy(generation_mode=schemathesis.GenerationMode.NEGATIVE)

    @settings(
        max_examples=examples, deadline=None, database=None, derandomize=True, phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=operation.as_strategy() | wrong, number=st.sampled_from(numbers), is_known=st.booleans())
    def ask(case: Any, number: str, is_known: bool) -> None:
        nonlocal answered
        if is_known and "number" in case.path_parameters:
            case.path_parameters["number"] = number
        case.call_and_validate(headers=headers)
        answered += 1

    ask()
    return answered


def test_schemathesis_finds_nothing(served: House) -> None:
    assert run(served, 40) > 300


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_schemathesis_finds_nothing_in_a_long_run(served: House) -> None:
    assert run(served, 1000) > 5000
