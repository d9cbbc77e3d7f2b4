"""Houses whose months are assessed: one with a single month of so many tickets, one of ten years, frozen and signed.

Loaded as the other folders are (`benchmarks/load.py`), under the shipped contract with its term, its go-live and a fee
changed; duties are made, done and accepted, the scoring sheet is the preset. Not for measuring.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select

from benchmarks import bulk, history, load
from benchmarks.history import Period
from ops_console.console import Console
from ops_console.core.duties import Duty
from ops_console.core.moments import month_start, months_between, shift_month
from ops_console.core.money import Fee
from ops_console.core.people import SYSTEM, Actor, actor_of
from ops_console.core.score_preset import PRESET
from ops_console.core.terms import terms_from_json
from ops_console.jobs.schedule import registry
from ops_console.services import assessments, deliveries, duty_plans, freezes, jobs, scores, signatures
from ops_console.services.deliveries import Done
from ops_console.services.signatures import Sign
from ops_console.store import audit, contracts
from ops_console.store import duties as duty_rows
from ops_console.store.assessments import of_month
from ops_console.store.contracts import VersionRow

MONTH, SIZES = "2026-09", (250, 2_500, 25_000)
IN_TEN_YEARS = 25_000
YEARS = Period(date(2017, 1, 1), date(2026, 11, 20), history.END)
FIRST, LAST = "2017-01", "2026-10"
PROVED = datetime.max.replace(tzinfo=UTC)
CHIEF = replace(actor_of("hospital", "信息科长", "hospital"), proved_until=PROVED)
MANAGER = replace(actor_of("manager", "乙方项目经理", "manager"), proved_until=PROVED)
FEE = 93_600_000  # fen a year
MORNING = timedelta(hours=1)  # 09:00 in Shanghai, as UTC


class Clock:
    """The time that the house believes, set by whoever plays it."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at


@dataclass(frozen=True)
class House:
    """A folder, how many tickets it has, and which months of it are frozen and locked."""

    folder: Path
    count: int
    frozen: tuple[str, ...]


def a_month(count: int) -> House:
    """Given how many tickets, see that a folder is there whose one month has them, ended and not frozen."""
    folder = load.ROOT / f"month-{count}"
    if not _is_ready(folder):
        days = Period(date(2026, 9, 1), date(2026, 9, 30), datetime(2026, 10, 6, 10, tzinfo=UTC), is_done=True)
        with _made(folder, days, count, MONTH) as (console, clock):
            clock.at = month_start(MONTH) + MORNING
            _plan(console)
            _sheet(console, MONTH)
            _do_duties(console, clock, MONTH)
    return House(folder, count, ())


def a_frozen_month(count: int) -> House:
    """Given how many tickets, see that a folder is there whose one month has them and is frozen."""
    folder = load.ROOT / f"month-{count}-frozen"
    if not _is_ready(folder):
        shutil.rmtree(folder, ignore_errors=True)
        copy_of(a_month(count).folder, folder)
        clock = Clock(history.END)
        console = opened(folder, clock)
        freeze(console, clock, MONTH)
        console.close()
        _mark(folder)
    return House(folder, count, (MONTH,))


def ten_years(count: int = IN_TEN_YEARS, first: str = FIRST) -> House:
    """Given how many tickets, see that a folder is there with ten years of them: every ended month frozen and signed.

    The last one is frozen and waits for signatures, as the chief meets it.
    """
    folder = load.ROOT / f"years-{count}-{first}"
    months = months_between(first, LAST)
    if not _is_ready(folder):
        days = replace(YEARS, first_day=date.fromisoformat(f"{first}-01"))
        with _made(folder, days, count, first) as (console, clock):
            for month in months:
                clock.at = month_start(month) + MORNING
                _plan(console)
                if month == first:
                    _sheet(console, month)
                _do_duties(console, clock, month)
                freeze(console, clock, month)
                if month != months[-1]:
                    _sign(console, month)
    return House(folder, count, months)


def copy_of(folder: Path, place: Path) -> Path:
    """Given a house's folder and where to, copy it there for one run that changes it; return the copy."""
    shutil.copytree(folder, place)
    return place


def opened(folder: Path, clock: Clock) -> Console:
    """Given a folder and a clock, return the console on it, with its jobs."""
    console = load.open_console(folder, clock)
    console.jobs.update(registry(console))
    return console


# -- making -----------------------------------------------------------------------------------------------------------


def recipe() -> str:
    """Given nothing, return a digest of what these houses are made by: with another, they are made anew."""
    digest = hashlib.sha256(load.schema().encode())
    for source in (bulk, history, load):
        digest.update(Path(source.__file__).read_bytes())
    return digest.hexdigest() + hashlib.sha256(Path(__file__).read_bytes()).hexdigest()


def _is_ready(folder: Path) -> bool:
    mark = folder / "house.json"
    return mark.exists() and json.loads(mark.read_text()) == recipe()


def _mark(folder: Path) -> None:
    (folder / "house.json").write_text(json.dumps(recipe()))


@contextmanager
def _made(folder: Path, days: Period, count: int, live: str) -> Iterator[tuple[Console, Clock]]:
    """An empty folder with the tickets of a period, its contract live from a month on; marked when all ends well."""
    shutil.rmtree(folder, ignore_errors=True)
    clock = Clock(month_start(live))
    console = load.open_console(folder, clock)
    _amend(console, date.fromisoformat(f"{live}-01"))
    with console.read() as session:
        book, head = console.book(session), audit.chain_head(session)
    console.close()
    bulk.fill(folder / "console.db", count, book, head, days)
    console = opened(folder, clock)
    try:
        yield console, clock
    finally:
        console.close()
    _mark(folder)


def _amend(console: Console, live: date) -> None:
    """The shipped contract with a term that holds all of the house's months."""
    with console.write() as session:
        row = session.scalars(select(VersionRow)).one()
        terms = terms_from_json(row.terms)
        starts = min(terms.starts_on, live)
        terms = replace(terms, starts_on=starts, counts_from=starts, go_live_on=live, fee=Fee(FEE))
        row.terms, row.digest, row.counts_from = terms.as_json(), terms.digest(), starts
        contracts.all_contracts(session)[0].starts_on = starts
    console.shelf.forget()


def _plan(console: Console) -> None:
    with console.write() as session:
        key = f"{duty_plans.JOB}@{console.now().isoformat()}"
        run_id = jobs.ask(session, job=duty_plans.JOB, key=key, params={}, actor=CHIEF, now=console.now())
    console.runs().execute(run_id)


def _sheet(console: Console, month: str) -> None:
    """The preset, put forward by one party and confirmed by the other before the month begins to count."""
    with console.write() as session:
        here = console.book(session).at(console.now())
        given: dict[str, Any] = {"now": console.now(), "last_frozen": assessments.last_frozen}
        made = scores.propose(session, here.contract_id, here.terms, PRESET, month, "约定", actor=CHIEF, **given)
        digest = scores.of_subject(session, here.contract_id, made, "sheet").digest
        scores.confirm(session, here.contract_id, here.terms, made, digest, actor=MANAGER, **given)


def _do_duties(console: Console, clock: Clock, month: str) -> None:
    """The hospital saw each of them done the day before it was due."""
    with console.read() as session:
        owed = [duty_rows.duty_of(row) for row in duty_rows.due_within(session, _span(month)) if not row.delivered_at]
    for duty in owed:
        clock.at = _day_before(duty)
        with console.write() as session:
            deliveries.deliver(session, console.book(session), duty.id, Done(), CHIEF, clock.at)


def _span(month: str) -> duty_rows.Wanted:
    return duty_rows.Wanted(month_start(month), month_start(shift_month(month, 1)))


def _day_before(duty: Duty) -> datetime:
    return max(duty.begins_at, duty.due_at - timedelta(days=1))


def freeze(console: Console, clock: Clock, month: str) -> None:
    """Given a console and its clock, move past the month's day and freeze it."""
    contract_id = contract_of(console)
    with console.read() as session:
        clock.at = assessments.life(session, console.book(session), contract_id, month, clock.at).freezes_at
    clock.at += timedelta(minutes=20)
    with console.write() as session:
        freezes.freeze_month(session, console.book(session), contract_id, month, actor=SYSTEM, now=clock.at)


def contract_of(console: Console) -> int:
    """Given a console, return its contract."""
    with console.read() as session:
        return console.book(session).versions[0].contract_id


def _sign(console: Console, month: str) -> None:
    for actor in (MANAGER, CHIEF):
        with console.write() as session:
            row = of_month(session, contract_of(console), month)
            assert row is not None
            _by(console, session, actor, month, row.digest)


def _by(console: Console, session: Any, actor: Actor, month: str, digest: str) -> None:
    book, contract_id = console.book(session), contract_of(console)
    given: dict[str, Any] = {"actor": actor, "now": console.now()}
    signatures.sign(session, book, console.signing, contract_id, month, Sign(digest), **given)
