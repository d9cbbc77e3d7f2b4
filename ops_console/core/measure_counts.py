"""How each measure of tickets, duties and monthly entries is counted from a month's facts.

Not for their names (`core/measures.py`) nor for points (`core/scores.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta

from ops_console.core.assessment_facts import DutyFact, Entry, JudgedClock, MonthFacts, TicketFact
from ops_console.core.contract_facts import BROKEN, KEPT, UNPROVEN
from ops_console.core.judged_clocks import COUNTED
from ops_console.core.moments import ZONE
from ops_console.core.people import VENDOR
from ops_console.core.score_facts import NOTHING, VALUE, Hit, Measured, Ref
from ops_console.core.tickets import SUSPENSION_CAUSES

LONG_REPAIR = timedelta(hours=8)
HOSPITAL_CAUSE = SUSPENSION_CAUSES[0]
LATE, MISSED = "late", "missed"
Counts = Callable[[MonthFacts], Measured]
Says = Callable[[TicketFact], bool]


def entered(entry: Entry | None) -> Measured:
    """Given what was entered (None: nothing), return it measured: of `denominator` things `numerator` happened.

    Each that happened is a fact of its own. What the vendor entered against itself needs no other word; a ratio needs
    one, for it may speak for whoever entered it.
    """
    if entry is None:
        return NOTHING
    if entry.is_ratio:
        hit = Hit(Ref("entry", entry.name), two_sided=entry.two_sided)
        return Measured((), (hit,), entry.numerator, entry.denominator, unit=VALUE)
    fair = entry.two_sided or entry.side == VENDOR
    refs = [Ref("entry", f"{entry.name}/{n}") for n in range(1, max(entry.numerator, entry.denominator) + 1)]
    hits = tuple(Hit(ref, two_sided=fair) for ref in refs[: entry.numerator])
    return Measured(tuple(refs[: entry.denominator]), hits, entry.numerator, entry.denominator)


def of_duties(wanted: str, duties: Iterable[DutyFact]) -> Measured:
    """Given `late` or `missed` and one task's duties, return how many of those owed are. Waived and open: not owed.

    One told again counts as a clock does: +1 where it has become that, −1 where it was, and not in the number.
    """
    known = [duty for duty in duties if not duty.is_counted or duty.state in (KEPT, LATE, MISSED)]
    owed = tuple(Ref("duty", duty.id) for duty in known if duty.is_counted)
    changes = ((duty, (duty.state == wanted) - (duty.was == wanted)) for duty in known)
    hits = tuple(Hit(Ref("duty", duty.id), change) for duty, change in changes if change)
    return Measured(owed, hits, sum(hit.count for hit in hits), len(owed))


def _clock(kind: str, klass: str, outcome: str) -> Counts:
    def count(facts: MonthFacts) -> Measured:
        settled = [one for one in facts.judged if one.clock == kind and _is_settled(one)]
        return _changes([one for one in settled if klass in ("", one.klass)], lambda one: one == outcome)

    return count


def _is_settled(one: JudgedClock) -> bool:
    """Not one that runs still, nor one that a correction took away before any month counted it."""
    return one.was is not None or one.outcome in COUNTED


def _changes(judged: Iterable[JudgedClock], is_hit: Callable[[str], bool]) -> Measured:
    """Judged here first: counted. Told again: +1 where it has become a hit, −1 where it was one, not in the number."""
    population, hits = [], []
    for one in judged:
        ref = Ref("ticket", one.number)
        if one.was is None:
            population.append(ref)
        change = is_hit(one.outcome) - (one.was is not None and is_hit(one.was))
        if change:
            hits.append(Hit(ref, change, one.two_sided))
    return Measured(tuple(population), tuple(hits), sum(hit.count for hit in hits), len(population))


def _long_repair(facts: MonthFacts) -> Measured:
    """Past 8 hours. Of a clock told again only what has become broken counts: how long it had been was not kept."""
    settled = [one for one in facts.judged if one.clock == "repair" and _is_settled(one)]
    refs = tuple(Ref("ticket", one.number) for one in settled if one.was is None)
    hits = tuple(
        Hit(Ref("ticket", one.number), two_sided=one.two_sided) for one in settled
        if one.outcome == BROKEN and one.was != BROKEN and timedelta(seconds=one.seconds) > LONG_REPAIR
    )  # fmt: skip
    return Measured(refs, hits, len(hits), len(refs))


def _tickets(which: Says, is_hit: Says) -> Counts:
    return lambda facts: _of_tickets(filter(which, facts.tickets), is_hit)


def _of_tickets(found: Iterable[TicketFact], is_hit: Says) -> Measured:
    tickets = list(found)
    hits = tuple(Hit(Ref("ticket", ticket.number)) for ticket in tickets if is_hit(ticket))
    return Measured(tuple(Ref("ticket", ticket.number) for ticket in tickets), hits, len(hits), len(tickets))


def _rating(facts: MonthFacts) -> Measured:
    rated = [ticket for ticket in facts.tickets if ticket.rating]
    stars = sum(ticket.rating or 0 for ticket in rated)
    return Measured(tuple(Ref("ticket", ticket.number) for ticket in rated), (), stars, len(rated), unit=VALUE)


def _deliveries(facts: MonthFacts) -> Measured:
    """A demand counts in the month that its agreed day lies in, whenever it was reported."""
    due = [
        ticket for ticket in (*facts.tickets, *facts.carried)
        if ticket.agreed_on and f"{ticket.agreed_on:%Y-%m}" == facts.month and not ticket.withdrawn
    ]  # fmt: skip
    return _of_tickets(due, _is_late)


def _is_late(ticket: TicketFact) -> bool:
    """Delivered after the agreed day, or not yet; as long as the hospital itself held it up does not count."""
    if ticket.agreed_on is None or ticket.restored_at is None:
        return ticket.agreed_on is not None
    end = ticket.restored_at
    held = sum(
        (max(timedelta(), min(pause.end or end, end) - pause.start) for pause in ticket.pauses
         if pause.cause == HOSPITAL_CAUSE),
        timedelta(),
    )  # fmt: skip
    return (end - held).astimezone(ZONE).date() > ticket.agreed_on


OF_TICKETS: Mapping[str, Counts] = {
    "response_work_broken": _clock("response", "work", BROKEN),
    "response_work_unproven": _clock("response", "work", UNPROVEN),
    "response_off_broken": _clock("response", "off", BROKEN),
    "response_off_unproven": _clock("response", "off", UNPROVEN),
    "arrival_broken": _clock("arrival", "", BROKEN),
    "arrival_unproven": _clock("arrival", "", UNPROVEN),
    "repair_broken": _clock("repair", "", BROKEN),
    "repair_unproven": _clock("repair", "", UNPROVEN),
    "repair_over_8h": _long_repair,
    "hotline_broken": _clock("hotline", "", BROKEN),
    "hotline_unproven": _clock("hotline", "", UNPROVEN),
    "reopened": _tickets(lambda t: t.is_closed or bool(t.reopenings), lambda t: bool(t.reopenings)),
    "recurring": _tickets(lambda t: t.is_fault and not t.withdrawn, lambda t: t.recurs),
    "delivery_late": _deliveries,
    "late_without_proof": _tickets(lambda t: t.late_entries > 0, lambda t: t.late_bare > 0),
    "late_over_24h": _tickets(lambda t: t.late_entries > 0, lambda t: t.late_long > 0),
    "with_evidence": _tickets(lambda t: t.is_closed and t.needs_evidence, lambda t: t.has_evidence),
    "rating": _rating,
}
