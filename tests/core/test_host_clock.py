"""What counts as a step of the host's clock, at the second."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ops_console.core.host_clock import step

AT = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("moved", "passed", "found"),
    [
        (2, 2, None),
        (0, 2, None),  # exactly 2 s back
        (-1, 2, -3),
        (-3600, 0, -3600),
        (62, 2, None),  # exactly 60 s forward
        (63, 2, 61),
        (86400 + 2, 2, 86400),
        (28_800, 28_800, None),  # asleep for eight hours: the time did pass
    ],
)
def test_a_step_is_what_the_wall_clock_moved_beyond_the_time_that_passed(
    moved: int, passed: int, found: int | None
) -> None:
    assert step(AT, AT + timedelta(seconds=moved), timedelta(seconds=passed)) == found
