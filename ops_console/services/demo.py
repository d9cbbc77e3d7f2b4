"""Building the demo year: its steps in the order of time, through the services, with the jobs that ran meanwhile.

Not for what happens (`core/demo_year.py`) nor for the folder it lies in (an adapter). Several steps are one
transaction; each is sealed into the chain before the next, and clocks are noticed at their own moments.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from ops_console.core.demo import FIRST
from ops_console.core.demo_contract import steps as contract_steps
from ops_console.core.demo_now import present
from ops_console.core.demo_steps import Step, Story, in_order
from ops_console.core.demo_words import Stock
from ops_console.core.demo_year import Year, begun, stories
from ops_console.core.errors import Refused
from ops_console.core.moments import ZONE, day_start, whole
from ops_console.core.people import SYSTEM
from ops_console.core.public_reports import Secrets
from ops_console.services import anchors, clocks, demo_house, detectors, duty_plans, freezes, jobs
from ops_console.services.contracts import Book, Books
from ops_console.services.demo_acts import Acts
from ops_console.services.demo_house import Key
from ops_console.services.demo_parts import KeepFile
from ops_console.services.people import Policy
from ops_console.services.ports import Now, OpenSession, PasswordHasher
from ops_console.services.signing import Hands as SigningHands
from ops_console.store import audit, catalogue
from ops_console.store import clocks as clock_store

BATCH = 100
SILENCE, ANCHOR = "confirm-by-silence", "anchor"
SETTLED = timedelta(hours=25)  # new accounts sign nothing during their first 24 hours
# The jobs that run in the demo's past: when after midnight, and which. Of the hourly one, the morning's; second looks
# on the first of each month and on the last day alone, for each looks at the month before too. Duties are made when
# their period begins, months frozen once their working day has passed: on other days those two jobs find nothing.
NIGHTLY = (
    (timedelta(minutes=5), ANCHOR),
    (timedelta(minutes=15), duty_plans.JOB),
    (timedelta(minutes=20), freezes.JOB),
    (timedelta(hours=3, minutes=30), detectors.JOB),
    (timedelta(hours=8, minutes=5), SILENCE),
)
ALL_DAYS = range(1, 32)
DAYS_OF = {detectors.JOB: (1,), duty_plans.JOB: (1,), freezes.JOB: range(6, 18)}
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Hands:
    """What building needs. `set_now` moves the clock of the house; `real_now` is the host's."""

    open_read: OpenSession
    open_write: OpenSession
    books: Books
    keep_file: KeepFile
    hasher: PasswordHasher
    policy: Policy
    house: Secrets
    runs: jobs.Runs
    anchoring: anchors.Hands
    signing: SigningHands
    set_now: Callable[[datetime], None]
    real_now: Now


@dataclass(frozen=True)
class Built:
    """What was built: up to when, how many tickets and events, the keys of the accounts."""

    until: datetime
    tickets: int
    entries: int
    keys: tuple[Key, ...]


def build(
    hands: Hands, stock: Stock, until: datetime, progress: Progress, *, scale: float = 1.0, live: bool = True
) -> Built:
    """Given an empty, prepared house, the texts and an instant, build the year up to it; tell each month's progress.

    `live` adds the tickets that are open around the instant. Raises Refused when the site's catalogue is another.
    """
    with hands.open_read() as session:
        book, modules = hands.books(session), {m.code: m.name for m in catalogue.modules(session)}
        kinds = catalogue.types(session)
    _check_catalogue(stock, modules, {kind.name for kind in kinds})
    sampled = frozenset(kind.name for kind in kinds if kind.confirm == "sample")
    year = Year(stock, book.calendars[book.at(day_start(FIRST)).id], sampled, scale)
    furnished = begun()
    ready, places = demo_house.furnish(hands.open_write, hands.hasher, hands.policy, hands.house, modules, furnished)
    hands.set_now(furnished + SETTLED)
    demo_house.receive_anchors(hands.anchoring, furnished + SETTLED)
    acts = Acts(hands.books, hands.keep_file, hands.house, modules, places, hands.signing)
    told = [*stories(year, until), *(_present(book, until) if live else ())]
    play(hands, acts, told, until, progress, tuple(contract_steps(year.calendar, until)))
    keys = demo_house.hand_keys(hands.open_read, hands.open_write, hands.hasher, hands.policy, ready, hands.real_now())
    with hands.open_read() as session:
        return Built(until, len(acts.numbers), audit.chain_head(session)[0], keys)


def _present(book: Book, until: datetime) -> Iterator[Story]:
    version = book.at(until)
    return present(until, version.terms, book.calendars[version.id])


def _check_catalogue(stock: Stock, modules: Mapping[str, str], types: set[str]) -> None:
    codes = {code for texts in stock.values() for text in texts for code in text.modules}
    missing = sorted({*(codes - modules.keys()), *(stock.keys() - types)})
    if missing:
        raise Refused("演示年要用 config.toml 原有的目录；缺少：%(names)s。", names="、".join(missing))


def play(
    hands: Hands, acts: Acts, told: list[Story], until: datetime, progress: Progress, besides: Sequence[Step] = ()
) -> None:
    """Given what acts, stories, steps of no story and an instant, do the steps up to it as time passes.

    Each month's progress is told.
    """
    by_key = {story.key: story for story in told}
    steps = in_order(told, until, besides)
    night = _nights(until)
    due = next(night, None)
    batch: list[Step] = []
    month = ""
    for step in steps:
        while due is not None and due[0] <= step.at:
            batch = _flush(hands, acts, by_key, batch)
            _run(hands, *due)
            due = next(night, None)
        if len(batch) == BATCH:
            batch = _flush(hands, acts, by_key, batch)
        batch.append(step)
        reached = f"{step.at.astimezone(ZONE):%Y-%m}"
        if reached != month:
            if month:
                progress(month, len(acts.numbers), len(told))
            month = reached
    _flush(hands, acts, by_key, batch)
    while due is not None:
        _run(hands, *due)
        due = next(night, None)
    with hands.open_write() as session:
        _notice(session, hands.books, until)
    progress(month, len(acts.numbers), len(told))


def _flush(hands: Hands, acts: Acts, by_key: Mapping[str, Story], batch: list[Step]) -> list[Step]:
    """One transaction of several steps. Returns an empty batch."""
    if batch:
        with hands.open_write() as session:
            for step in batch:
                _notice(session, hands.books, step.at)
                hands.set_now(step.at)
                acts.do(session, step, by_key.get(step.story))
                audit.seal(session)
    return []


def _notice(session: Session, books: Books, until: datetime) -> None:
    """Let the sweep look at every moment up to an instant when a clock changes its stage."""

    def own() -> nullcontext[Session]:
        return nullcontext(session)

    while due := clock_store.due(session, until, limit=1):
        if not clocks.sweep(own, own, books, due[0][2]):
            raise RuntimeError(f"clock={due[0][0]} not noticed at {due[0][2]}")
        audit.seal(session)


def _nights(until: datetime) -> Iterator[tuple[datetime, str]]:
    day = FIRST
    while (start := day_start(day)) <= until:
        is_last = day_start(day + timedelta(days=1)) > until
        for after, name in NIGHTLY:
            at = whole(start + after)
            if at <= until and (day.day in DAYS_OF.get(name, ALL_DAYS) or is_last):
                yield at, name
        day += timedelta(days=1)


def _run(hands: Hands, at: datetime, name: str) -> None:
    """Run a job as it would have run then, and on Mondays let both parties take the anchor away."""
    hands.set_now(at)
    if name == ANCHOR:
        _anchor(hands, at)
        return
    with hands.open_write() as session:
        run_id = jobs.ask(session, job=name, key=f"{name}@{at.isoformat()}", params={}, actor=SYSTEM, now=at)
    hands.runs.execute(run_id)


def _anchor(hands: Hands, at: datetime) -> None:
    anchors.make_today(hands.anchoring, SYSTEM, at)
    day = at.astimezone(ZONE).date()
    if day == FIRST or day.weekday() == 0:
        with hands.open_write() as session:
            demo_house.take_anchors(session, at)
