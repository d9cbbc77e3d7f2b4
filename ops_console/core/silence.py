"""When a restore that nobody answers counts as confirmed by silence (domain §1.7: after three working days).

Not for writing that it did (`services/silences.py`).
"""

from __future__ import annotations

from datetime import datetime, timedelta

from ops_console.core.moments import day_start
from ops_console.core.working_time import WorkingCalendar


def silence_ends(restored_at: datetime, workdays: int, calendar: WorkingCalendar) -> datetime:
    """Given when the restore was recorded, a number of working days and the calendar, return when silence confirms.

    The day itself does not count; the last of the working days is waited for to its end (Shanghai midnight). Restored
    on a Thursday, with three days: the midnight that ends the next Tuesday.
    """
    day = restored_at.astimezone(calendar.zone).date()
    for _ in range(workdays):
        day = calendar.next_workday(day)
    return day_start(day + timedelta(days=1))
