"""The clocks of a breach case: the vendor's 30 minutes, the hospital's own limits, what is said when."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from ops_console.core.breach_acts import Account
from ops_console.core.breach_clocks import (
    COUNTDOWN,
    STATEMENT_NEAR,
    STATEMENT_OVER,
    Countdown,
    countdowns,
    hospital_knew_at,
    hospitals_own,
    internal,
    next_moment,
    reminders,
)
from ops_console.core.breaches import FILED, NOT_UPHELD, WITHDRAWN, Case
from ops_console.core.people import HOSPITAL, VENDOR
from ops_console.core.terms import Settlement
from tests.core.builders import at

KNOWN = at("2026-02-18 01:50:00")
LIMITS = Settlement(limits_told=(("区卫健局", 120), ("网信部门", 240)))


def case(**given: Any) -> Case:
    """A hospital's filed case of which the vendor knew at KNOWN."""
    raised = KNOWN + timedelta(hours=2)
    usual: dict[str, Any] = {
        "id": 1, "number": "AQ-2026-001", "contract_id": 1, "category": "told_late", "state": FILED,
        "raised_side": HOSPITAL, "raised_at": raised, "filed_at": raised, "known_at": KNOWN,
    }  # fmt: skip
    return Case(**{**usual, **given})


def clock(of: Case, hospital: Account | None = None, vendor: Account | None = None) -> Countdown | None:
    accounts = {HOSPITAL: hospital, VENDOR: vendor}
    return internal(of, {side: one for side, one in accounts.items() if one}, Settlement())


def result(of: Case, now: datetime, *said: Account | None) -> str:
    found = clock(of, *said)
    assert found is not None
    return found.result(now)


@pytest.mark.parametrize(
    ("after", "expected"),
    [(0, "met"), (1799, "met"), (1800, "met"), (1801, "breached"), (5400, "breached")],
)
def test_thirty_minutes_are_kept_to_the_second(after: int, expected: str) -> None:
    told = KNOWN + timedelta(seconds=after)
    assert result(case(reported_at=told), told, Account(reported_at=told)) == expected


def test_a_clock_runs_until_its_last_second() -> None:
    assert [result(case(), KNOWN + timedelta(seconds=after)) for after in (0, 1800, 1801)] == [
        "running", "running", "breached",
    ]  # fmt: skip
    assert clock(case(known_at=None)) is None


def test_fractions_of_a_second_count_for_nobody() -> None:
    known, told = KNOWN + timedelta(microseconds=900_000), KNOWN + timedelta(seconds=1800, microseconds=999_999)
    assert result(case(known_at=known, reported_at=told), told, Account(reported_at=told)) == "met"


def test_a_day_off_and_the_night_count_like_any_time() -> None:
    found = clock(case(known_at=at("2026-02-16 23:45:00")))
    assert found is not None
    assert found.due_at == at("2026-02-17 00:15:00")


def test_what_the_vendor_alone_says_is_unproven_and_what_it_admits_is_broken() -> None:
    soon, late = KNOWN + timedelta(minutes=10), KNOWN + timedelta(minutes=40)
    assert result(case(reported_at=soon), late, None, Account(reported_at=soon)) == "unproven"
    assert result(case(reported_at=late), late, None, Account(reported_at=late)) == "breached"
    assert result(case(reported_at=soon), late, Account(reported_at=soon), Account(reported_at=soon)) == "met"


def test_a_clue_that_the_vendor_raises_here_is_told_by_that_at_the_console_s_time() -> None:
    raised = KNOWN + timedelta(minutes=30)
    own = case(raised_side=VENDOR, raised_at=raised)
    assert result(own, raised + timedelta(hours=9)) == "met"
    assert result(case(raised_side=VENDOR, raised_at=raised + timedelta(seconds=1)), raised) == "breached"
    # an earlier telephone call that only the vendor tells of proves nothing, nor does it harm
    claimed = KNOWN + timedelta(minutes=5)
    late = case(raised_side=VENDOR, raised_at=KNOWN + timedelta(hours=1), reported_at=claimed)
    assert result(late, raised, None, Account(reported_at=claimed)) == "unproven"
    assert result(case(raised_side=VENDOR, raised_at=raised, reported_at=claimed), raised) == "met"


def test_a_finding_settles_when_it_was_told() -> None:
    told = KNOWN + timedelta(minutes=31)
    found = case(raised_side=VENDOR, raised_at=KNOWN + timedelta(minutes=29), found_at=told, reported_at=told)
    assert result(found, told) == "breached"


def test_told_before_it_was_known_is_no_negative_time() -> None:
    found = clock(case(reported_at=KNOWN - timedelta(minutes=1)), Account(reported_at=KNOWN - timedelta(minutes=1)))
    assert found is not None
    assert found.stopped_at == KNOWN


# -- the hospital's own -----------------------------------------------------------------------------------------------


def test_the_hospital_s_limits_run_from_when_it_first_knew() -> None:
    of = case()
    found = of.raised_at - timedelta(minutes=20)
    told = of.raised_at - timedelta(minutes=50)
    assert hospital_knew_at(of, {}) == of.raised_at
    assert hospital_knew_at(of, {HOSPITAL: Account(discovered_at=found)}) == found
    assert hospital_knew_at(of, {HOSPITAL: Account(discovered_at=found, reported_at=told)}) == told
    of_vendor = case(raised_side=VENDOR)
    assert hospital_knew_at(of_vendor, {VENDOR: Account(discovered_at=found)}) == of_vendor.raised_at


def test_without_configured_limits_there_are_none() -> None:
    assert hospitals_own(case(), {}, Settlement(), {}) == ()


def test_each_limit_stops_with_the_report_to_its_receiver() -> None:
    of = case()
    sent = {"区卫健局": of.raised_at + timedelta(minutes=120), "别处": of.raised_at}
    first, second = hospitals_own(of, {}, LIMITS, sent)
    now = of.raised_at + timedelta(minutes=241)
    assert (first.name, first.result(now), second.result(now)) == ("区卫健局", "met", "breached")
    late = {"区卫健局": of.raised_at + timedelta(minutes=120, seconds=1)}
    assert hospitals_own(of, {}, LIMITS, late)[0].result(now) == "breached"


@pytest.mark.parametrize("state", [WITHDRAWN, NOT_UPHELD])
def test_of_a_case_that_came_to_nothing_no_clock_runs_on(state: str) -> None:
    sent = {"区卫健局": KNOWN + timedelta(hours=3)}
    assert [one.name for one in countdowns(case(state=state), {}, LIMITS, sent)] == ["区卫健局"]


# -- what is said -----------------------------------------------------------------------------------------------------


def test_half_four_fifths_and_the_second_after_are_said_while_a_clock_runs() -> None:
    of = case(raised_at=KNOWN + timedelta(minutes=1))
    said = [one for one in reminders(of, countdowns(of, {}, Settlement(), {})) if one.kind == COUNTDOWN]
    assert [(one.stage, one.at - KNOWN) for one in said] == [
        (50, timedelta(minutes=15)), (80, timedelta(minutes=24)), (100, timedelta(minutes=30, seconds=1)),
    ]  # fmt: skip
    assert next_moment(said, KNOWN + timedelta(minutes=15)) == KNOWN + timedelta(minutes=24)
    assert next_moment(said, KNOWN + timedelta(hours=1)) is None
    told = case(reported_at=KNOWN)
    assert reminders(told, countdowns(told, {}, Settlement(), {})) == ()


def test_the_statement_is_asked_for_a_day_before_its_time_ends_and_at_its_end() -> None:
    due = at("2026-02-27 00:00:00")
    of = case(known_at=None, statement_due_at=due)
    assert [(one.kind, one.at) for one in reminders(of, ())] == [
        (STATEMENT_NEAR, due - timedelta(days=1)), (STATEMENT_OVER, due),
    ]  # fmt: skip
    assert reminders(case(known_at=None, statement_due_at=due, state="heard"), ()) == ()
