"""Answers to the contract's questions and ranks of its limits: put before the other party, and judged by once agreed.

Not for confirming or refusing them: each is a version of the contract (`services/contracts.py`). Not for what another
answer would change (`services/what_if.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from ops_console.core.agreements import check_reason
from ops_console.core.errors import NotFound, Refused
from ops_console.core.moments import day_start, month_of
from ops_console.core.people import Actor
from ops_console.core.readings import answered
from ops_console.core.terms import Terms, terms_from_json
from ops_console.core.ticket_folds import fold
from ops_console.services.clocks import clock_columns, judge, ticket_columns
from ops_console.services.contracts import Book, Books, Draft, add, check_day, newest_of
from ops_console.services.jobs import Run
from ops_console.services.ports import OpenSession
from ops_console.services.resets import refuse_fresh_reset
from ops_console.store import audit, clocks, tickets
from ops_console.store import contracts as store

BATCH = 500


@dataclass(frozen=True)
class Answers:
    """What a party puts before the other: an option for each question, limits ranked, from which day, and why.

    `ranked` are (the limit that goes before, the one behind it).
    """

    contract_id: int
    options: Mapping[str, str]
    effective_from: date
    reason: str
    ranked: tuple[tuple[str, str], ...] = ()


def propose(session: Session, given: Answers, actor: Actor, now: datetime, *, locked_until: date | None = None) -> int:
    """Given answers, put the contract's next version with them before the other party and return its id.

    Proposing is one's own word. Raises Refused without the right, a fresh second factor or a reason, within a day of
    a reset, for a day outside the contract, in a locked month or before the version in force, and where nothing would
    change.
    """
    actor.need("contracts.confirm")
    actor.need_proof(now)
    refuse_fresh_reset(session, actor, now)
    reason = check_reason(given.reason)
    store.hold(session, given.contract_id)
    rows = [row for row in store.versions(session) if row.contract_id == given.contract_id]
    newest = newest_of(rows)
    if newest is None:
        raise NotFound("没有这份合同。")
    agreed = terms_from_json(newest.terms)
    _check_from(given.effective_from, agreed, locked_until)
    terms = _with_answers(agreed, given)
    if any(row.digest == terms.digest() for row in rows if row.state == store.PROPOSED):
        raise Refused("同样的内容已经提出，正在等待对方答复。")
    return add(session, given.contract_id, Draft(terms, newest.file_digest, store.READING, reason), actor, now).id


def _check_from(day: date, agreed: Terms, locked_until: date | None) -> None:
    if not agreed.starts_on <= day <= agreed.ends_on:
        raise Refused(
            "起计日须在合同期 %(first)s 至 %(last)s 内。", field="effective_from", first=agreed.starts_on.isoformat(),
            last=agreed.ends_on.isoformat(),
        )  # fmt: skip
    if day < agreed.counts_from:
        raise Refused(
            "现行版本自 %(day)s 起计，新的口径不能早于这一天。", field="effective_from",
            day=agreed.counts_from.isoformat(),
        )  # fmt: skip
    check_day(day, locked_until)


def _with_answers(agreed: Terms, given: Answers) -> Terms:
    known = {question.id: {option.id for option in question.options} for question in agreed.questions}
    for name, option in given.options.items():
        if option not in known.get(name, ()):
            raise Refused("请为问题 %(name)s 选一个答案。", field=name[:20], name=name[:20])
    ids = {limit.id for limit in agreed.limits}
    for first, behind in given.ranked:
        if not {first, behind} <= ids or first == behind:
            raise Refused("请选择哪一项时限优先。", field="first")
    pairs = {frozenset(pair) for pair in given.ranked}
    ranked = (*(pair for pair in agreed.ranked if frozenset(pair) not in pairs), *given.ranked)
    terms = replace(answered(agreed, given.options), ranked=ranked)
    if (terms.chosen, terms.ranked) == (agreed.chosen, agreed.ranked):
        raise Refused("没有改动：所选的与现行口径相同。")
    return replace(terms, counts_from=given.effective_from)


def rejudge(run: Run, open_read: OpenSession, open_write: OpenSession, books: Books, now: datetime) -> dict[str, Any]:
    """Given a run (params version), judge anew the tickets that this version counts for since its day.

    So that stored clocks equal a recomputation. Its day lies after every locked month (`contracts.check_day`). Doing
    it twice changes nothing the second time. Returns how many were `judged`.
    """
    version_id, after, judged = int(run.params["version"]), 0, 0
    with open_read() as session:
        version = books(session).by_id[version_id]
    first, last = month_of(day_start(version.terms.counts_from)), month_of(now)
    while True:
        with open_read() as session:
            ids = [row.id for row in tickets.reported_between(session, first, last, after, BATCH)]
        if not ids:
            return {"judged": judged}
        with open_write() as session:
            judged += _rejudge_batch(session, books(session), ids, version_id, now)
        after = ids[-1]
        run.progress(judged, 0)


def _rejudge_batch(session: Session, book: Book, ids: list[int], version_id: int, now: datetime) -> int:
    rows = tickets.lock_ids(session, ids)  # first, so that no move comes between the events and the clocks read here
    events = audit.of_tickets(session, rows)
    changed = {}
    for ticket_id, row in rows.items():
        facts = fold(row.number, events[ticket_id])
        if facts is not None and row.contract_version_id != version_id:
            anew = judge(facts, book)
            if anew.version.id == version_id:
                changed[ticket_id] = anew
    unnoticed = clocks.unnoticed(session, changed, now)
    tickets.store(session, [{"id": ticket_id, **ticket_columns(anew)} for ticket_id, anew in changed.items()])
    columns = [c for ticket_id, anew in changed.items() for c in clock_columns(anew, ticket_id, now, unnoticed)]
    clocks.replace(session, changed, columns)
    return len(changed)
