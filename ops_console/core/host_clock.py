"""Steps of the host's clock: when two looks at it, compared with time that really passed, show that somebody set it.

Not for reading clocks (`jobs/loops.py` does).
"""

from __future__ import annotations

from datetime import datetime, timedelta

BACK, FORWARD = timedelta(seconds=2), timedelta(seconds=60)
CLOCK_STEPPED = "clock_stepped"
SHOWN_FOR = timedelta(hours=24)


def step(before: datetime, after: datetime, passed: timedelta) -> int | None:
    """Given two readings of the wall clock and the time that passed between them, return the step in whole seconds.

    None when there was none: up to 2 s back and up to 60 s forward are no step. A step back is negative.

    >>> step(datetime(2026, 3, 2, 9), datetime(2026, 3, 2, 8), timedelta(seconds=2))
    -3602
    """
    stepped = after - before - passed
    if -BACK <= stepped <= FORWARD:
        return None
    return round(stepped / timedelta(seconds=1))
