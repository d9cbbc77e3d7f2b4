"""What becomes of flags: kept once, explained by the vendor, reviewed by the hospital; each word an event.

Not for finding them (`services/detectors.py`). A flag is a question and counts in no figure.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from ops_console.core.detectors import DETECTORS, Flag
from ops_console.core.errors import NotFound, Refused
from ops_console.core.flags import (
    EXPLAINED,
    FOUND,
    GONE,
    LAPSED,
    OPEN,
    REVIEWED,
    STATES,
    TOLD,
    VERDICTS,
    WAITING,
    check_text,
    may_answer,
)
from ops_console.core.moments import whole
from ops_console.core.people import SYSTEM, VENDOR, Actor
from ops_console.core.sentences import Sentence, from_plain, to_plain
from ops_console.core.tickets import Event
from ops_console.services.resets import refuse_fresh_reset, signing_facts
from ops_console.store import audit, tickets
from ops_console.store import flags as store
from ops_console.store.masks import masker_of

PAGE = 50


def keep(session: Session, month: str, found: Iterable[Flag], now: datetime) -> dict[str, int]:
    """Given a month and what was found in it, keep what is new; return how many are `new`, `known` and `lapsed`.

    The same facts again are the same flag, reviewed or not. One whose facts are gone and that nobody reviewed lapses
    if the hospital had a word in it since (a time was corrected) or a missing file was added; found again, it waits
    again. What the vendor changed alone answers no question about the vendor.
    """
    wanted = {flag.fingerprint: flag for flag in found}
    standing = store.of_month(session, month)
    counts = {"new": 0, "known": 0, "lapsed": 0}
    for fingerprint, flag in wanted.items():
        row = standing.get(fingerprint)
        if row is not None and row.state != LAPSED:
            counts["known"] += 1
        elif _wait(session, month, flag, row, now):
            counts["new"] += 1
    for fingerprint, row in standing.items():
        if fingerprint not in wanted and row.state in OPEN and _is_answered(session, row):
            store.change(session, row.id, state=LAPSED)
            _note(session, row.id, GONE, SYSTEM, now, {"fingerprint": fingerprint})
            counts["lapsed"] += 1
    return counts


def _is_answered(session: Session, row: store.FlagRow) -> bool:
    """Say whether a ticket of the flag has an event since that may answer it."""
    events = audit.of_tickets(session, store.ticket_ids(session, row.id)).values()
    return any(
        may_answer(event, row.detector)
        for of_ticket in events
        for event in of_ticket
        if event.recorded_at >= row.found_at
    )


def _wait(session: Session, month: str, flag: Flag, row: store.FlagRow | None, now: datetime) -> bool:
    at = whole(now)
    if row is not None:
        store.change(session, row.id, state=WAITING, found_at=at)
        made: int | None = row.id
    else:
        ids = tickets.by_numbers(session, flag.numbers)
        columns = {"fingerprint": flag.fingerprint, "detector": flag.detector, "month": month, "found_at": at}
        why = json.dumps(to_plain(flag.why), ensure_ascii=False)
        made = store.add(session, {**store.NEW, **columns, "why": why}, ids.values())
    if made is None:
        return False
    told = {"fingerprint": flag.fingerprint, "detector": flag.detector, "tickets": list(flag.numbers)}
    _note(session, made, FOUND, SYSTEM, now, {**told, "month": month, "why": str(flag.why)})
    return True


def _note(
    session: Session, flag_id: int, kind: str, actor: Actor, now: datetime, facts: Mapping[str, object], text: str = ""
) -> None:
    at = whole(now)
    personal = {"reason": text} if text else {}
    event = Event(kind, at, at, actor.account, actor.side, facts=facts, personal=personal)
    audit.append(session, "flag", str(flag_id), event)


def explain(session: Session, flag_id: int, text: str, actor: Actor, now: datetime) -> None:
    """Given a flag that nobody reviewed and the vendor's account of it, note it. Raises Refused, NotFound."""
    actor.need("tickets.record")
    row, plain = _known(session, flag_id), check_text(text, "explanation")
    if actor.side != VENDOR:
        raise Refused("这里由乙方说明情况；医院的意见请写在复核里。", field="permission")
    if row.state not in OPEN:
        raise Refused("这一处已由医院复核或依据已变，不能再改说明。")
    kept = masker_of(session).text(plain)
    at = whole(now)
    store.change(session, row.id, state=EXPLAINED, explanation=kept, explained_by=actor.account, explained_at=at)
    _note(session, row.id, TOLD, actor, now, {"fingerprint": row.fingerprint}, plain)


def review(session: Session, flag_id: int, verdict: str, reason: str, *, actor: Actor, now: datetime) -> None:
    """Given a flag, the hospital's verdict (one of VERDICTS) and why, note them. Raises Refused, NotFound.

    It may be reviewed again: every word stands in the chain.
    """
    actor.need("flags.review")
    refuse_fresh_reset(session, actor, now)
    row, plain = _known(session, flag_id), check_text(reason, "reason")
    if verdict not in VERDICTS:
        raise Refused("请选择复核结论。", field="verdict")
    if row.state == LAPSED:
        raise Refused("这一处的依据已变，不用再复核。")
    kept = masker_of(session).text(plain)
    store.change(session, row.id, state=verdict, reason=kept, reviewed_by=actor.account, reviewed_at=whole(now))
    told = {"fingerprint": row.fingerprint, "verdict": verdict, **signing_facts(session, actor, now)}
    _note(session, row.id, REVIEWED, actor, now, told, plain)


def _known(session: Session, flag_id: int) -> store.FlagRow:
    row = store.one(session, flag_id)
    if row is None:
        raise NotFound("没有这一处疑点。")
    return row


@dataclass(frozen=True)
class Shown:
    """A flag as people see it, with its tickets (number, type, title, reported_at)."""

    row: store.FlagRow
    why: Sentence
    tickets: Sequence[Any] = ()


@dataclass(frozen=True)
class Listing:
    """A page of flags, and what the tabs and the filter count: of the month chosen, by state and by detector."""

    flags: Sequence[Shown]
    by_state: Mapping[str, int]
    by_detector: Mapping[str, int]
    months: Sequence[str]
    count: int

    @property
    def waiting(self) -> int:
        """How many of the month and detector chosen wait for the hospital."""
        return sum(self.by_state[state] for state in OPEN)


def listing(session: Session, month: str, detector: str, state: str, *, actor: Actor, page: int) -> Listing:
    """Given what is asked for ("": every one; of states, those that wait) and a page from 1, return it."""
    actor.need("reports.read")
    states = (state,) if state in STATES else OPEN
    counted = store.counts(session, month)
    by_state = {s: sum(n for (d, t), n in counted.items() if t == s and detector in ("", d)) for s in STATES}
    by_detector = {d: sum(n for (e, s), n in counted.items() if d == e and s in states) for d in DETECTORS}
    rows = store.page(session, month, detector, states, limit=PAGE, offset=(page - 1) * PAGE)
    about = store.tickets_of(session, [row.id for row in rows])
    shown = [Shown(row, _why(row), about.get(row.id, ())) for row in rows]
    return Listing(shown, by_state, by_detector, store.months(session), sum(by_state[s] for s in states))


def _why(row: store.FlagRow) -> Sentence:
    made = from_plain(json.loads(row.why))
    assert isinstance(made, Sentence)
    return made


def about(session: Session, number: str, actor: Actor) -> Sequence[Shown]:
    """Given a ticket's number and who looks, return the flags about it that stand; none for who sees no reports."""
    if not actor.may("reports.read"):
        return ()
    return [Shown(row, _why(row)) for row in store.of_ticket(session, number) if row.state != LAPSED]


def waiting(session: Session, month: str, actor: Actor) -> int:
    """Given a month and who asks, return how many of its flags wait for the hospital."""
    actor.need("reports.read")
    return store.waiting(session, month)
