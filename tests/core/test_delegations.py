"""Delegation: who to whom, for how long."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from ops_console.core import delegations as core
from ops_console.core.errors import Refused
from ops_console.core.people import HOSPITAL, NEUTRAL, ROLES, VENDOR

TODAY = date(2026, 12, 30)


def test_the_chief_delegates_to_officer_or_leader_and_the_manager_to_an_engineer() -> None:
    for giver in ROLES:
        for taker in ROLES:
            allowed = (giver, taker) in {("hospital", "officer"), ("hospital", "leader"), ("manager", "vendor")}
            if allowed:
                core.check_pair(giver, taker)
                continue
            with pytest.raises(Refused):
                core.check_pair(giver, taker)


def test_sixty_days_are_the_most_and_the_first_is_today_at_the_earliest() -> None:
    assert core.check_period(TODAY, TODAY, TODAY) == (TODAY, TODAY)
    assert core.check_period(TODAY, TODAY + timedelta(days=59), TODAY)  # over the year's edge
    with pytest.raises(Refused, match="最多委托 60 天"):
        core.check_period(TODAY, TODAY + timedelta(days=60), TODAY)
    with pytest.raises(Refused, match="过去"):
        core.check_period(TODAY - timedelta(days=1), TODAY, TODAY)
    with pytest.raises(Refused, match="早于"):
        core.check_period(TODAY + timedelta(days=2), TODAY + timedelta(days=1), TODAY)
    for first, last in ((None, TODAY), (TODAY, None)):
        with pytest.raises(Refused, match="起止日期"):
            core.check_period(first, last, TODAY)
    leap = date(2028, 2, 29)
    assert core.check_period(leap, leap, leap) == (leap, leap)


def test_only_what_signing_needs_is_lent() -> None:
    assert core.lent_to(HOSPITAL) == {"months.sign", "months.adjust", "payments.read"}
    assert core.lent_to(VENDOR) == {"months.sign", "payments.read"}
    assert core.lent_to(NEUTRAL) == frozenset()
