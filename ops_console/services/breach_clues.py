"""What may be a clue, from a month's tickets and flags: for the hospital to look at, never filed by itself.

Not for raising one (`services/breach_accounts.py`) nor for the rules (`core/breach_clues.py`).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy.orm import Session

from ops_console.core.breach_clues import FLAGGED, WITHIN, Proposal, Report, proposals
from ops_console.core.detectors import LATE_REPORT
from ops_console.core.errors import NotFound
from ops_console.core.flags import DOUBTFUL, EXPLAINED, WAITING
from ops_console.core.moments import month_start, parse_month, shift_month
from ops_console.core.people import HOSPITAL, Actor
from ops_console.core.sentences import Sentence, from_plain
from ops_console.services.closing import proving_types
from ops_console.services.contracts import Book
from ops_console.store import breach_lists as store

ASKED = (WAITING, EXPLAINED, DOUBTFUL)


def found(session: Session, book: Book, month: str, actor: Actor) -> tuple[Proposal, ...]:
    """Given a month and somebody of the hospital, return what may be clues in it, flags first. Two statements.

    Faults alone are looked at; what a case names already is left out. For the vendor there is no such page.
    """
    if actor.side != HOSPITAL or not actor.may("breaches.record"):
        raise NotFound("没有这一页；请检查网址，或从左侧菜单进入。")
    start, end = month_start(parse_month(month)), month_start(shift_month(month, 1))
    terms = book.at(end - timedelta(seconds=1)).terms
    rows = store.faults(session, proving_types(terms), start - WITHIN, end)
    made = proposals((Report(*row) for row in rows), timedelta(minutes=terms.settlement.security_minutes))
    return (*_flagged(session, month), *(one for one in made if start <= one.at < end))


def _flagged(session: Session, month: str) -> Sequence[Proposal]:
    by_flag: dict[int, Proposal] = {}
    for row in store.flagged(session, LATE_REPORT, ASKED, month):
        why = from_plain(json.loads(row.why))
        assert isinstance(why, Sentence)
        before = by_flag[row.id].numbers if row.id in by_flag else ()
        by_flag[row.id] = Proposal(FLAGGED, (*before, row.number), row.found_at, why, row.id)
    return tuple(by_flag.values())
