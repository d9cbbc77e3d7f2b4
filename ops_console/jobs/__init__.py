"""Time: the due and unsent loops, the schedule, and the runs that work is done in."""
