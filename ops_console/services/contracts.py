"""The contract's versions: loading the file, proposing its changes, confirming by both sides, and the book in force.

Not for judging tickets by them (`services/clocks.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cached_property
from threading import Lock

from sqlalchemy.orm import Session

from ops_console.core.errors import NotFound, Refused
from ops_console.core.moments import day_start, month_start, shift_month
from ops_console.core.people import HOSPITAL, SYSTEM, VENDOR, Actor
from ops_console.core.readings import effective
from ops_console.core.terms import Change, Terms, VersionInForce, differences, terms_from_json, version_at
from ops_console.core.tickets import Event
from ops_console.core.working_time import KnownYears, WorkingCalendar, missing_years, working_calendar
from ops_console.services.resets import refuse_fresh_reset, signing_facts
from ops_console.store import audit, messages
from ops_console.store import contracts as store

PROPOSAL_LIFE = timedelta(days=90)


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
                versions = tuple(replace(v, terms=effective(v.terms)) for v in store.in_force(session))
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
        _add(session, contract.id, terms, now, store.IN_FORCE)
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
    digest = terms.digest()
    open_ones = list(store.versions(session, store.PROPOSED, lock=True))
    if any(row.digest == digest for row in open_ones) or (open_ones and not serving):
        return "unchanged"
    for row in open_ones:
        row.state = store.WITHDRAWN
        _note(session, row, "withdrawn", SYSTEM, now)
    newest = next((row for row in store.versions(session, store.IN_FORCE)), None)
    if newest is not None and newest.digest == digest:
        return "withdrawn" if open_ones else "unchanged"
    _add(session, contract_id, terms, now, store.PROPOSED)
    return "proposed"


def _add(session: Session, contract_id: int, terms: Terms, now: datetime, state: str) -> None:
    row = store.VersionRow(
        contract_id=contract_id, version=store.last_version(session, contract_id) + 1, terms=terms.as_json(),
        digest=terms.digest(), counts_from=terms.counts_from, state=state, proposed_at=now, proposed_by=SYSTEM.account,
    )  # fmt: skip
    session.add(row)
    session.flush()
    _note(session, row, "loaded" if state == store.IN_FORCE else "proposed", SYSTEM, now)
    if state == store.PROPOSED:
        messages.put(
            session, dedup_key=f"contract_version/{row.id}", audience="both", kind="contract_proposed",
            payload={"version": row.version, "contract": terms.number, "counts_from": terms.counts_from.isoformat()},
            created_at=now, expires_at=now + PROPOSAL_LIFE,
        )  # fmt: skip


def _note(session: Session, row: store.VersionRow, kind: str, actor: Actor, now: datetime, **marks: object) -> None:
    facts = {"version": row.version, "digest": row.digest, "counts_from": row.counts_from.isoformat()}
    event = Event(f"contract_{kind}", now, now, actor.account, actor.side, facts={**facts, **marks})
    audit.append(session, "contract", str(row.contract_id), event)


def confirm(session: Session, version_id: int, digest: str, actor: Actor, now: datetime) -> None:
    """Given a proposed version, the digest the person saw and the person, note that this side confirms it.

    Once a hospital and a vendor account have confirmed, the version is in force and counts from its date.
    Raises Refused for anybody else, without a fresh second factor, for a version no longer proposed, and for an
    account reset within a day.
    """
    actor.need("contracts.confirm")
    actor.need_proof(now)
    row = store.version(session, version_id, lock=True)
    if row is None:
        raise NotFound("没有这一合同版本。")
    if row.state != store.PROPOSED or row.digest != digest:
        raise Refused("这一合同版本已不是您看到的待确认版本，请刷新页面后再确认。")
    refuse_fresh_reset(session, actor, now)
    if actor.side == HOSPITAL:
        row.hospital_by, row.hospital_at = row.hospital_by or actor.account, row.hospital_at or now
    if actor.side == VENDOR:
        row.vendor_by, row.vendor_at = row.vendor_by or actor.account, row.vendor_at or now
    _note(session, row, f"confirmed_{actor.side}", actor, now, **signing_facts(session, actor, now))
    if row.hospital_at and row.vendor_at:
        row.state = store.IN_FORCE
        _note(session, row, "in_force", SYSTEM, now)


@dataclass(frozen=True)
class VersionView:
    """A contract version as a page shows it, with its difference from the version in force before it.

    `resets`: side -> when the password of who confirmed for it had been reset by somebody else, within 30 days before.
    """

    id: int
    version: int
    state: str
    digest: str
    terms: Terms
    counts_from: date
    proposed_at: datetime
    hospital_by: str | None
    hospital_at: datetime | None
    vendor_by: str | None
    vendor_at: datetime | None
    changes: tuple[Change, ...]
    resets: Mapping[str, datetime]


def overview(session: Session, actor: Actor) -> tuple[VersionView, ...]:
    """Given who asks, return every version, newest first, each with what it changes."""
    actor.need("contracts.read")
    rows = store.versions(session)
    resets = _resets(session)
    return tuple(_view(row, _before(row, rows), resets.get((row.contract_id, row.version), {})) for row in rows)


def _resets(session: Session) -> dict[tuple[int, int], dict[str, datetime]]:
    found: dict[tuple[int, int], dict[str, datetime]] = {}
    kinds = ("contract_confirmed_hospital", "contract_confirmed_vendor")
    for contract, event in audit.of_subject(session, "contract", kinds):
        if event.credential_reset_at is not None:
            of_version = found.setdefault((int(contract), int(str(event.facts["version"]))), {})
            of_version.setdefault(event.side, event.credential_reset_at)  # the first one is whose name stands there
    return found


def _before(row: store.VersionRow, rows) -> store.VersionRow | None:  # type: ignore[no-untyped-def]
    return next((other for other in rows if other.id < row.id and other.state == store.IN_FORCE), None)


def _view(row: store.VersionRow, before: store.VersionRow | None, resets: Mapping[str, datetime]) -> VersionView:
    terms = terms_from_json(row.terms)
    changes = differences(terms_from_json(before.terms), terms) if before else ()
    return VersionView(
        row.id, row.version, row.state, row.digest, terms, row.counts_from, row.proposed_at,
        row.hospital_by, row.hospital_at, row.vendor_by, row.vendor_at, changes,
        resets,
    )  # fmt: skip


Books = Callable[[Session], Book]
