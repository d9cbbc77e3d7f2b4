"""The demo year for tests: the shipped texts, the contract's calendar of 2026, and hands over a test's console."""

from __future__ import annotations

from typing import Any

from ops_console.adapters.demo.texts import read_texts
from ops_console.adapters.statutory_days import StatutoryDays
from ops_console.console import PROJECT, Console
from ops_console.core.demo_year import Year
from ops_console.core.terms import VersionInForce
from ops_console.core.working_time import WorkingCalendar, working_calendar
from ops_console.services.demo import Hands
from ops_console.settings import load
from tests.conftest import FakeClock

SAMPLED = frozenset({"咨询", "对账异常", "数据提取", "数据纠错", "环境问题"})


def calendar_of_2026() -> WorkingCalendar:
    """Return the working calendar of the shipped contract."""
    return working_calendar(VersionInForce(1, 1, 1, load(PROJECT, {}).terms), [], StatutoryDays().of)


def year(scale: float = 1.0) -> Year:
    """Return what the demo year is drawn from."""
    return Year(read_texts(), calendar_of_2026(), SAMPLED, scale)


def hands_of(console: Console, clock: FakeClock, **changed: Any) -> Hands:
    """Given a console and its clock, return what building a demo in it needs."""

    def put(at: Any) -> None:
        clock.at = at

    end = clock.at
    return Hands(
        console.read, console.write, console.book, console.files.keep_attachment, console.hasher, console.policy,
        console.public_secrets, console.runs(), console.anchoring(), console.signing, put, lambda: end,
    )  # fmt: skip
