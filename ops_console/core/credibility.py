"""How far a month's times can be believed: which tickets each figure counts, and the figures themselves.

Not for showing the rows behind a figure (`services/month_figures.py`): they are chosen by the same COUNTS.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ops_console.core.assessment_facts import Pause, TicketFact
from ops_console.core.tickets import BY_SILENCE, SUSPENSION_CAUSES, UNASKED

HOSPITAL_CAUSE = SUSPENSION_CAUSES[0]


def was_awaited(ticket: TicketFact) -> bool:
    """Given a ticket, say whether the hospital was asked to confirm its restore and that came, or its time passed."""
    return ticket.closed_at is not None and bool(ticket.restorations) and ticket.closure != UNASKED


def held_up(ticket: TicketFact) -> tuple[Pause, ...]:
    """Given a ticket, return its approved suspensions for reasons on the hospital's side."""
    return tuple(pause for pause in ticket.pauses if pause.cause == HOSPITAL_CAUSE)


COUNTS: Mapping[str, Callable[[TicketFact], bool]] = {
    "reports": lambda ticket: True,
    "from_hospital": lambda ticket: ticket.from_hospital,
    "unproven": lambda ticket: bool(ticket.unproven),
    "late": lambda ticket: ticket.late_entries > 0,
    "late_bare": lambda ticket: ticket.late_bare > 0,
    "corrections": lambda ticket: ticket.corrections > 0,
    "closed": lambda ticket: ticket.is_closed,
    "by_silence": lambda ticket: ticket.is_closed and ticket.closure == BY_SILENCE,
    "held": lambda ticket: bool(held_up(ticket)),
    "awaited": was_awaited,
    "provisional": lambda ticket: ticket.provisional,
}


@dataclass(frozen=True)
class Credibility:
    """How far the month's times can be believed: n of N reported from the hospital's side, and what is weak.

    Tickets, but `corrections`: so many were agreed on.
    """

    reports: int
    from_hospital: int
    unproven: int
    late: int
    late_bare: int
    corrections: int
    by_silence: int
    closed: int


def credibility(tickets: Sequence[TicketFact]) -> Credibility:
    """Given a month's tickets, return its figures."""
    counted = ("reports", "from_hospital", "unproven", "late", "late_bare", "by_silence", "closed")
    return Credibility(
        **{name: sum(map(COUNTS[name], tickets)) for name in counted},
        corrections=sum(ticket.corrections for ticket in tickets),
    )
