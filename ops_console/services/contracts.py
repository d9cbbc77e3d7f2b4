"""The contract's versions: loading the file, proposing its changes, confirming by both sides, and the book in force.

Not for judging tickets by them (`services/clocks.py`), for answers to questions (`services/readings.py`), nor for what
a page shows of the versions (`services/contract_views.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cached_property
from threading import Lock
from types import MappingProxyType

from sqlalchemy.orm import Session

from ops_console.core.agreements import check_reason
from ops_console.core.errors import NotFound, Refused
from ops_console.core.moments import day_start, month_start, shift_month
from ops_console.core.people import HOSPITAL, SYSTEM, VENDOR, Actor
from ops_console.core.readings import answered
from ops_console.core.terms import Terms, VersionInForce, terms_from_json, version_at
from ops_console.core.tickets import Event
from ops_console.core.working_time import KnownYears, WorkingCalendar, missing_years, working_calendar
from ops_console.services import jobs
from ops_console.services.cap_warnings import warn_of_openings
from ops_console.services.resets import refuse_fresh_reset, signing_facts
from ops_console.store import audit, messages
from ops_console.store import contracts as store
from ops_console.store.masks import masker_of

PROPOSAL_LIFE = timedelta(days=90)
REJUDGE = "rejudge"


@dataclass(frozen=True)
class Book:
    """The contract as it counts now: every version in force with what agreed readings set, the working time of each."""

    versions: tuple[VersionInForce, ...]
    calendars: Mapping[int, WorkingCalendar]

    def at(self, reported_at: datetime) -> VersionInForce:
        """Given a report time, return the version in force then. Raises Refused when there is none."""
        return version_at(self.versions, reported_at)

    def during(self, month: str | None, now: datetime) -> tuple[VersionInForce, ...]:
        """Given a Shanghai month (None: now alone), return the versions in force at any time of it, oldest first."""
        if month is None:
            return (self.at(now),)
        first, last = self.at(month_start(month)), month_start(shift_month(month, 1))
        since = first.terms.counts_from
        others = [v for v in self.versions if v is not first and v.terms.counts_from >= since]
        later = [v for v in others if day_start(v.terms.counts_from) < last]
        return (first, *sorted(later, key=lambda v: (v.terms.counts_from, v.id)))

    def term_of(self, contract_id: int) -> Terms | None:
        """Given a contract, return its first version's terms with the last day as agreed since; None for an unknown."""
        mine = [version.terms for version in self.versions if version.contract_id == contract_id]
        if not mine:
            return None
        last = max(mine, key=lambda terms: terms.counts_from)
        return replace(mine[0], ends_on=last.ends_on)

    @cached_property
    def by_id(self) -> dict[int, VersionInForce]:
        """The versions by row id."""
        return {version.id: version for version in self.versions}

    def missing_years(self, today: date) -> tuple[int, ...]:
        """Given today in Shanghai, return the years without statutory days that people must be told of."""
        if not self.versions:
            return ()
        latest = max(self.versions, key=lambda v: (v.terms.counts_from, v.id))
        return missing_years(self.calendars[latest.id], latest.terms, today)


class Bookshelf:
    """Keeps the last Book made, so that calendars are built once for a set of versions. Safe across threads."""

    def __init__(self, known: KnownYears) -> None:
        self._known = known
        self._lock = Lock()
        self._made: tuple[tuple[int, ...], Book] | None = None

    def book(self, session: Session, ids: tuple[int, ...] | None = None) -> Book:
        """Given a session, return the Book of the versions in force: one statement, none where their ids are given."""
        ids = store.in_force_ids(session) if ids is None else ids
        with self._lock:
            if self._made is None or self._made[0] != ids:
                versions = store.in_force(session)
                calendars = {v.id: working_calendar(v, versions[::-1], self._known) for v in versions}
                self._made = (ids, Book(versions, calendars))
            return self._made[1]

    def forget(self) -> None:
        """Make the Book anew the next time, where a version's own row was changed and not only added."""
        with self._lock:
            self._made = None


def load(session: Session, terms: Terms, now: datetime, *, serving: bool = True) -> str:
    """Given the terms of the settings, keep them: `first`, `unchanged`, `proposed` or `withdrawn` (a proposal).

    The very first contract counts from its start; whatever the file says later only proposes. Only the serving
    console takes a proposal back: a command run with another file must not undo what a party confirmed.
    """
    contract = store.contract_by_number(session, terms.number)
    first = not store.any_contract(session)
    if contract is None:
        contract = store.ContractRow(
            number=terms.number, name=terms.name, starts_on=terms.starts_on, ends_on=terms.ends_on
        )
        session.add(contract)
        session.flush()
    if first:
        add(session, contract.id, Draft(terms, terms.digest()), SYSTEM, now, store.IN_FORCE)
        return "first"
    return _propose(session, contract.id, terms, now, serving=serving)


def refuse_other_house(session: Session, demo: str, *, is_demo: bool) -> None:
    """Given the number of the demo's contract and whether this is to be a demo, let the house pass.

    Raises Refused for a demo's database served as a real console, or a real one served as a demo.
    """
    if store.any_contract(session) and (store.contract_by_number(session, demo) is not None) != is_demo:
        raise Refused(
            "数据目录里的数据库是真实的，却带有演示标记 demo.json；请移走该文件。"
            if is_demo
            else "数据目录里是演示数据，不能当作真实控制台；演示请用 python3 run.py demo。"
        )


def _propose(session: Session, contract_id: int, terms: Terms, now: datetime, *, serving: bool) -> str:
    """What the file said is compared with what it said before, so that no start undoes what the parties agreed upon."""
    store.hold(session, contract_id)
    said = terms.digest()
    open_ones = [row for row in store.versions(session, store.PROPOSED, lock=True) if row.origin == store.FILE]
    if any(row.file_digest == said for row in open_ones) or (open_ones and not serving):
        return "unchanged"
    for row in open_ones:
        _withdraw(session, row, SYSTEM, now)
    ours = [row for row in store.versions(session) if row.contract_id == contract_id]
    if any(row.file_digest == said for row in ours[:1] if row.refused_by):
        return "unchanged"  # it was refused, and nothing has changed since
    newest = newest_of(ours)
    if newest is not None and newest.file_digest == said:
        return "withdrawn" if open_ones else "unchanged"
    add(session, contract_id, Draft(kept(terms, ours), said), SYSTEM, now)
    return "proposed"


def newest_of(rows: Sequence[store.VersionRow]) -> store.VersionRow | None:
    """Given a contract's versions, return the one in force that counts last, or None where none is."""
    counting = [row for row in rows if row.state == store.IN_FORCE]
    return max(counting, key=lambda row: (row.counts_from, row.version), default=None)


def kept(terms: Terms, rows: Sequence[store.VersionRow]) -> Terms:
    """Given what the file says and the contract's versions, return it with what the parties agreed by its day."""
    before = [row for row in rows if row.state == store.IN_FORCE and row.counts_from <= terms.counts_from]
    row = newest_of(before) or newest_of(rows)
    if row is None:
        return terms
    agreed, limits = terms_from_json(row.terms), {limit.id for limit in terms.limits}
    ranked = tuple(pair for pair in agreed.ranked if set(pair) <= limits)
    return replace(answered(terms, dict(agreed.chosen)), ranked=ranked)


@dataclass(frozen=True)
class Draft:
    """A version about to be put before the parties: its terms, the digest of what the file said, whence, and why."""

    terms: Terms
    file_digest: str
    origin: str = store.FILE
    reason: str = ""


def add(
    session: Session, contract_id: int, draft: Draft, actor: Actor, now: datetime, state: str = store.PROPOSED
) -> store.VersionRow:
    """Given a contract and a draft, keep it as the contract's next version and tell both parties; returns its row.

    A party that proposes it has said its word with that.
    """
    terms = draft.terms
    row = store.VersionRow(
        contract_id=contract_id, version=store.last_version(session, contract_id) + 1, terms=terms.as_json(),
        digest=terms.digest(), counts_from=terms.counts_from, state=state, proposed_at=now, proposed_by=actor.account,
        origin=draft.origin, file_digest=draft.file_digest, proposed_side=actor.side,
        reason=masker_of(session).text(draft.reason), answer="",
    )  # fmt: skip
    session.add(row)
    _say_yes(row, actor, now)
    session.flush()
    marks = signing_facts(session, actor, now) if actor is not SYSTEM else {}
    _note(session, row, "loaded" if state == store.IN_FORCE else "proposed", actor, now, draft.reason, marks)
    if state == store.PROPOSED:
        _tell(session, row, "contract_proposed", now)
    else:
        warn_of_openings(session, contract_id, terms, now)
    return row


def _say_yes(row: store.VersionRow, actor: Actor, now: datetime) -> None:
    if actor.side == HOSPITAL:
        row.hospital_by, row.hospital_at = row.hospital_by or actor.account, row.hospital_at or now
    if actor.side == VENDOR:
        row.vendor_by, row.vendor_at = row.vendor_by or actor.account, row.vendor_at or now


def _tell(session: Session, row: store.VersionRow, kind: str, now: datetime) -> None:
    key = f"contract_version/{row.id}" if kind == "contract_proposed" else f"{kind}/{row.id}"
    payload: dict[str, object] = {
        "version": row.version, "contract": terms_from_json(row.terms).number,
        "counts_from": row.counts_from.isoformat(),
    }  # fmt: skip
    messages.put(
        session, dedup_key=key, audience="both", kind=kind, payload=payload, created_at=now,
        expires_at=now + PROPOSAL_LIFE,
    )  # fmt: skip


def _note(
    session: Session, row: store.VersionRow, kind: str, actor: Actor, now: datetime, reason: str = "",
    marks: Mapping[str, object] = MappingProxyType({}),
) -> None:  # fmt: skip
    facts: dict[str, object] = {
        "version": row.version, "digest": row.digest, "counts_from": row.counts_from.isoformat(),
    }  # fmt: skip
    if row.origin != store.FILE:
        facts["origin"] = row.origin
    personal = {"reason": reason} if reason else {}
    event = Event(f"contract_{kind}", now, now, actor.account, actor.side, facts={**facts, **marks}, personal=personal)
    audit.append(session, "contract", str(row.contract_id), event)


def _withdraw(session: Session, row: store.VersionRow, actor: Actor, now: datetime) -> None:
    row.state = store.WITHDRAWN
    _note(session, row, "withdrawn", actor, now)


def check_day(counts_from: date, locked_until: date | None) -> None:
    """Given a version's day and the last day of the last locked month (None: none is), let it pass.

    Raises Refused where it would change a month that is locked: a locked month never moves.
    """
    if locked_until is not None and counts_from <= locked_until:
        raise Refused(
            "%(day)s 及之前的月份已签字锁定，不能改动；起计日请写在 %(day)s 之后。", field="effective_from",
            day=locked_until.isoformat(),
        )  # fmt: skip


def confirm(
    session: Session, version_id: int, digest: str, actor: Actor, now: datetime, *, locked_until: date | None = None
) -> None:
    """Given a proposed version, the digest the person saw and the person, note that this side confirms it.

    Once a hospital and a vendor account have confirmed, the version is in force and counts from its date; what else
    waits for a word on this contract is withdrawn, for it was compared with terms that count no more. Raises Refused
    for anybody else, without a fresh second factor, for a version no longer proposed, for one that would change a
    locked month, and for an account reset within a day.
    """
    row = proposed(session, version_id, actor, now)
    if row.state != store.PROPOSED or row.digest != digest:
        raise Refused("这一合同版本已不是您看到的待确认版本，请刷新页面后再确认。")
    check_day(row.counts_from, locked_until)
    _say_yes(row, actor, now)
    _note(session, row, f"confirmed_{actor.side}", actor, now, marks=signing_facts(session, actor, now))
    if row.hospital_at and row.vendor_at:
        _bring_into_force(session, row, now)


def proposed(session: Session, version_id: int, actor: Actor, now: datetime) -> store.VersionRow:
    """Given a version's id and who speaks for a party, return its row, held. Raises NotFound, Refused as `confirm`."""
    actor.need("contracts.confirm")
    actor.need_proof(now)
    found = store.version(session, version_id)
    if found is None:
        raise NotFound("没有这一合同版本。")
    refuse_fresh_reset(session, actor, now)
    store.hold(session, found.contract_id)  # first: two proposals confirmed at once would wait for each other's row
    row = store.version(session, version_id, lock=True)
    assert row is not None
    return row


def _bring_into_force(session: Session, row: store.VersionRow, now: datetime) -> None:
    row.state = store.IN_FORCE
    _note(session, row, "in_force", SYSTEM, now)
    warn_of_openings(session, row.contract_id, terms_from_json(row.terms), now)
    for other in store.versions(session, store.PROPOSED, lock=True):
        if other.contract_id == row.contract_id:
            _withdraw(session, other, SYSTEM, now)
            _propose_anew(session, other, now)
    if row.origin == store.READING and day_start(row.counts_from) <= now:
        jobs.ask(session, job=REJUDGE, key=f"{REJUDGE}/{row.id}", params={"version": row.id}, actor=SYSTEM, now=now)


def _propose_anew(session: Session, other: store.VersionRow, now: datetime) -> None:
    """The file speaks again at once, with what was agreed now; a party is told that it may."""
    if other.origin != store.FILE:
        _tell(session, other, "contract_to_propose_again", now)
        return
    rows = [row for row in store.versions(session) if row.contract_id == other.contract_id]
    terms = kept(replace(terms_from_json(other.terms), chosen=(), ranked=()), rows)
    add(session, other.contract_id, Draft(terms, other.file_digest), SYSTEM, now)


def refuse(session: Session, version_id: int, answer: str, actor: Actor, now: datetime) -> None:
    """Given a proposed version and why not, note this party's no. Raises Refused for one's own, and as `confirm`."""
    row = proposed(session, version_id, actor, now)
    if row.state != store.PROPOSED:
        raise Refused("这一合同版本已处理，请刷新页面。")
    if row.proposed_side == actor.side:
        raise Refused("这是本方提出的；如需收回请选“撤回”。")
    told = check_reason(answer, "answer")
    row.state, row.answer = store.WITHDRAWN, masker_of(session).text(told)
    row.refused_by, row.refused_at = actor.account, now
    _note(session, row, "refused", actor, now, told, signing_facts(session, actor, now))
    _tell(session, row, "contract_refused", now)


def withdraw(session: Session, version_id: int, actor: Actor, now: datetime) -> None:
    """Given one's own party's proposal that still waits, take it back. Raises Refused as `confirm` does."""
    row = proposed(session, version_id, actor, now)
    if row.state != store.PROPOSED:
        raise Refused("这一合同版本已处理，请刷新页面。")
    if row.proposed_side != actor.side:
        raise Refused("这不是本方提出的；不同意请选“不同意”并写明原因。")
    _withdraw(session, row, actor, now)


Books = Callable[[Session], Book]
