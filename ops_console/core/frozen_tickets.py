"""What a ticket's events came to, as the fact that a month is computed from: without names and texts.

Not for folding events (`core/ticket_folds.py`) nor for judging the ticket's clocks (`core/judged_clocks.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from ops_console.core.assessment_facts import Pause, TicketFact
from ops_console.core.people import HOSPITAL, VENDOR
from ops_console.core.tickets import GRADE_IMPORTED, TIMES, Stamp, TicketFacts
from ops_console.core.trust import GRADE_BARE, GRADE_PROVED, LATEST_BACKFILL, is_from_hospital, unproven


@dataclass(frozen=True)
class JudgedBy:
    """What judges a ticket: the digest of its contract version, its class, and how late a time is still prompt."""

    terms: str
    klass: str
    provisional: bool
    prompt_at: Callable[[datetime], timedelta]


def ticket_fact(
    facts: TicketFacts, by: JudgedBy, *, is_fault: bool, recurs: bool, needs_evidence: bool, has_evidence: bool
) -> TicketFact:
    """Given a ticket's facts, what judges it and what its rows tell, return the fact that a month freezes."""
    late = [stamp for name in TIMES if (stamp := facts.stamps.get(name)) is not None and _is_late(stamp, by.prompt_at)]
    return TicketFact(
        number=facts.number, type=facts.type, module=facts.module, klass=by.klass, terms=by.terms,
        reported_at=facts.reported_at, recorded_at=facts.recorded_at, state=facts.state,
        needs_onsite=facts.needs_onsite, provisional=by.provisional, cause=facts.details.get("cause", ""),
        channel=facts.channel, mode=facts.mode, responded_at=facts.responded_at, arrived_at=facts.arrived_at,
        restorations=facts.restorations, reopenings=facts.reopenings, pauses=_pauses(facts),
        withdrawn=facts.withdrawn, withdrawn_at=facts.withdrawn_at, closed_at=facts.closed_at, closure=facts.closure,
        unproven=tuple(sorted(unproven(facts.stamps))), one_sided=_one_sided(facts),
        grades=tuple((name, facts.stamps[name].grade) for name in TIMES if name in facts.stamps),
        from_hospital=is_from_hospital(facts.stamps["reported_at"]), rating=facts.rating,
        agreed_on=_day(facts.agreed_on), is_fault=is_fault, recurs=recurs, late_entries=len(late),
        late_bare=sum(stamp.grade == GRADE_BARE for stamp in late),
        late_long=sum(stamp.recorded_at - stamp.at > LATEST_BACKFILL for stamp in late),
        corrections=sum(p.approved is True for p in facts.proposals), needs_evidence=needs_evidence,
        has_evidence=has_evidence, minutes=_minutes(facts), cost_owner=facts.details.get("cost_owner", ""),
    )  # fmt: skip


def _is_late(stamp: Stamp, prompt_at: Callable[[datetime], timedelta]) -> bool:
    is_claimed = stamp.side == VENDOR and stamp.grade != GRADE_IMPORTED
    return is_claimed and stamp.recorded_at - stamp.at > prompt_at(stamp.at)


def _pauses(facts: TicketFacts) -> tuple[Pause, ...]:
    return tuple(Pause(s.started_at, facts.suspension_end(s), s.cause) for s in facts.suspensions if s.approved)


def _one_sided(facts: TicketFacts) -> tuple[str, ...]:
    late = (GRADE_PROVED, GRADE_BARE)
    return tuple(
        sorted(n for n, s in facts.stamps.items() if s.side == HOSPITAL and s.grade in late and not s.accepted)
    )


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


def _minutes(facts: TicketFacts) -> int:
    told = facts.details.get("minutes", "")
    return int(told) if str(told).isdigit() else 0
