"""Yearly caps under other answers: which entries and visits of a contract year would use which cap.

Not for counting (`core/caps.py`) nor for finding entries and tickets (`services/what_if_months.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from ops_console.core.caps import HELD, RESERVED, USED, CapEntry, count, local_day, year_at
from ops_console.core.classification import ALL_VISITS, OF_VISITS, cap_of, claims, is_exempt
from ops_console.core.contracts import YearlyCap
from ops_console.core.people import HOSPITAL
from ops_console.core.terms import Terms
from ops_console.core.tickets import TicketFacts

VISITS = ("planned_visit", *OF_VISITS)


@dataclass(frozen=True)
class Tickets:
    """The tickets of a contract year that a cap may be about, and the contract they are of."""

    contract_id: int
    facts: Mapping[str, TicketFacts]


def differ(old: Terms, new: Terms) -> bool:
    """Given the terms now and under other answers, say whether some cap counts otherwise."""
    return [_counting(cap) for cap in old.caps] != [_counting(cap) for cap in new.caps]


def _counting(cap: YearlyCap) -> tuple[object, ...]:
    return cap.id, cap.limit, cap.types, cap.scope


def newly_counted(old: Terms, new: Terms) -> tuple[frozenset[str], bool]:
    """Given the terms now and under other answers, return the ticket types that a cap counts only then, and whether
    one counts every visit.
    """
    before = {(cap.id, type_name) for cap in old.caps for type_name in cap.types}
    types = {
        type_name for cap in new.caps for type_name in cap.types
        if (cap.id, type_name) not in before and not any((other.id, type_name) in before for other in old.caps)
    }  # fmt: skip
    return frozenset(types), any(_counts_all_visits(cap) and not _all_before(old, cap) for cap in new.caps)


def _counts_all_visits(cap: YearlyCap) -> bool:
    return cap.scope == ALL_VISITS


def _all_before(old: Terms, cap: YearlyCap) -> bool:
    before = old.clause(cap.id)
    return isinstance(before, YearlyCap) and _counts_all_visits(before)


def recounted(old: Terms, new: Terms, entries: Iterable[CapEntry], tickets: Tickets, at: datetime) -> list[CapEntry]:
    """Given the terms now and under other answers, a contract's entries, its tickets and an instant, return the
    entries as they would count then: each under the clause that would claim it, and one more for each ticket that
    only the other answers count. Over the cap, the later ones stand as 超额待商定.
    """
    known = [entry for entry in entries if entry.state_at(at) is not None]
    moved = [one for entry in known if (one := _moved(old, new, entry, tickets.facts)) is not None]
    live = {(entry.clause, entry.ticket) for entry in moved if entry.ticket and entry.returned_at is None}
    made = [
        _made(cap, facts, tickets.contract_id, at)
        for number, facts in sorted(tickets.facts.items())
        for cap in new.caps if (cap.id, number) not in live and _counts_newly(cap, facts, old, new)
    ]  # fmt: skip
    return _held_over(new, [*moved, *made], at)


def _moved(old: Terms, new: Terms, entry: CapEntry, facts: Mapping[str, TicketFacts]) -> CapEntry | None:
    """The entry where it counts: in its clause while that counts as before, else in the one that claims its type.

    Its ticket's type, or where it has none the types of its clause. None: no cap claims it any more. A visit is no
    request of another clause.
    """
    before, after, ticket = old.clause(entry.clause), new.clause(entry.clause), facts.get(entry.ticket)
    if not isinstance(before, YearlyCap) or not isinstance(after, YearlyCap) or _counting(before) == _counting(after):
        return entry
    types = (ticket.type,) if ticket is not None else before.types
    if any(claims(after, name) for name in types):
        return entry
    claiming = next((cap for name in types if (cap := cap_of(name, new.caps)) is not None), None)
    if claiming is not None and before.scope not in VISITS:
        return replace(entry, clause=claiming.id)
    return None if ticket is not None and after.types else entry


def _counts_newly(cap: YearlyCap, facts: TicketFacts, old: Terms, new: Terms) -> bool:
    """Whether such a ticket uses this cap under the new terms alone, by its type as it stands, whoever said it.

    What another cap counts as a request now has its entry, and is asked for once.
    """
    if facts.withdrawn or local_day(facts.reported_at) < new.live_on(cap.id) or not _uses(cap, facts):
        return False
    before = old.clause(cap.id)
    if isinstance(before, YearlyCap) and _uses(before, facts):
        return False
    return cap.scope in OF_VISITS or (cap_of(facts.type, old.caps) is None and not is_exempt(facts, (cap,)))


def _uses(cap: YearlyCap, facts: TicketFacts) -> bool:
    return claims(cap, facts.type) and (facts.needs_onsite or cap.scope not in OF_VISITS)


def _made(cap: YearlyCap, facts: TicketFacts, contract_id: int, at: datetime) -> CapEntry:
    """A visit counts once somebody came, a request once it was done."""
    done = facts.arrived_at if cap.scope in OF_VISITS else facts.restored_at
    asked = CapEntry(
        0, contract_id, cap.id, 0, facts.personal.get("title", ""), "", HOSPITAL, facts.reported_at, facts.reported_at,
        ticket=facts.number,
    )  # fmt: skip
    if done is None or done > at:
        return asked
    return replace(asked, state=USED, approved_at=done, accepted_at=done)


def _held_over(terms: Terms, entries: Sequence[CapEntry], at: datetime) -> list[CapEntry]:
    """In each cap and year the first ones approved count; those beyond the cap would have been held (domain §1.9)."""
    years = {year.clause: year for year in count(terms, (), local_day(at), local_day(at))}
    taken = {clause: year.opening for clause, year in years.items()}
    found = []
    for entry in sorted(entries, key=lambda one: (one.approved_at or at, one.id, one.ticket)):
        year = years.get(entry.clause)
        if year is not None and _counts(entry, at) and year_at(terms, entry, at) == year.year:
            if taken[entry.clause] >= year.limit:
                found.append(_as_held(entry))
                continue
            taken[entry.clause] += 1
        found.append(entry)
    return found


def _counts(entry: CapEntry, at: datetime) -> bool:
    return entry.state_at(at) in (RESERVED, USED) and not entry.is_beside


def _as_held(entry: CapEntry) -> CapEntry:
    return replace(entry, state=HELD, held_at=entry.approved_at, approved_at=None, accepted_at=None, returned_at=None)
