"""Tickets as a busy house would have them, told as events, the same for the same seed: reports from 2025-01 to 2026-11,
or of another period.

Shares of types, modules, channels, texts and delays are those of `tests/data/tickets-2026.csv`. Not for storing.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate
from pathlib import Path
from random import Random

from ops_console.console import PROJECT
from ops_console.core import tickets as core
from ops_console.core.moments import ZONE
from ops_console.core.people import HOSPITAL, VENDOR
from ops_console.core.tickets import Event

SHEET = PROJECT / "tests" / "data" / "tickets-2026.csv"
SEED = 2026
FIRST_DAY, LAST_DAY = date(2025, 1, 1), date(2026, 11, 20)
END = datetime(2026, 11, 20, 10, tzinfo=UTC)  # 18:00 in Shanghai: nothing happens later, the tickets are loaded then
OPEN_TICKETS, OPEN_DAYS = 30, 3
LATE_SHARE = 0.015  # on top of the sheet's own breaches: about 5 % of the tickets break a limit
BATCH = 2_000


@dataclass(frozen=True)
class Period:
    """From which day to which tickets are reported, and the instant at which they are loaded: nothing happens later.

    `is_done`: every ticket has all its events by then; else some of the last days are still open.
    """

    first_day: date
    last_day: date
    end: datetime
    is_done: bool = False

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.last_day - self.first_day).days + 1


WHOLE = Period(FIRST_DAY, LAST_DAY, END)


@dataclass(frozen=True)
class Pattern:
    """One row of the sheet: what was asked, and how long after the report each thing happened."""

    cells: dict[str, str]
    second_of_day: int
    is_weekend: bool
    responded: timedelta
    arrived: timedelta | None
    restored: timedelta
    confirmed: timedelta


@dataclass(frozen=True)
class Batch:
    """Some consecutive days: for each the day, how many tickets it has, and the index of its first."""

    index: int
    days: tuple[tuple[date, int, int], ...]


def patterns(sheet: Path = SHEET) -> tuple[Pattern, ...]:
    """Given the sheet, return its finished rows."""
    with sheet.open(encoding="utf-8-sig", newline="") as lines:
        rows = [row for row in csv.DictReader(lines) if row["响应时间"] and row["恢复时间"] and row["确认时间"]]
    return tuple(_pattern(row) for row in rows)


def _pattern(row: dict[str, str]) -> Pattern:
    at = {name: datetime.fromisoformat(row[f"{name}时间"]) for name in ("报修", "响应", "恢复", "确认")}
    reported = at["报修"]
    arrived = datetime.fromisoformat(row["到场时间"]) - reported if row["到场时间"] else None
    second = reported.hour * 3600 + reported.minute * 60 + reported.second
    return Pattern(
        row, second, reported.weekday() >= 5, at["响应"] - reported, arrived, at["恢复"] - reported,
        at["确认"] - reported,
    )  # fmt: skip


def batches(count: int, known: Sequence[Pattern], period: Period = WHOLE) -> Iterator[Batch]:
    """Given how many tickets in all, return the days with their shares (weekends have fewer), some days a batch."""
    weekend = sum(p.is_weekend for p in known) / len(known)
    days = [period.first_day + timedelta(days=n) for n in range(period.days)]
    weights = list(accumulate((weekend / 2) if day.weekday() >= 5 else (1 - weekend) / 5 for day in days))
    edges = [round(count * weight / weights[-1]) for weight in weights]
    found: list[tuple[date, int, int]] = []
    index = 0
    for day, first, last in zip(days, [0, *edges], edges, strict=False):
        found.append((day, last - first, first))
        if sum(n for _, n, _ in found) >= BATCH or day == period.last_day:
            yield Batch(index, tuple(found))
            found, index = [], index + 1


def tell(
    batch: Batch, count: int, known: Sequence[Pattern], period: Period = WHOLE, seed: int = SEED
) -> Iterator[tuple[int, str, list[Event]]]:
    """Given a batch of a history of `count` tickets, return (id, number, events) of each ticket, in order of report."""
    random = Random(f"{seed}/{count}/{batch.index}")
    groups = {flag: [p for p in known if p.is_weekend == flag] for flag in (True, False)}
    for day, n, first in batch.days:
        chosen = [_report(day, random.choice(groups[day.weekday() >= 5]), random, period.end) for _ in range(n)]
        for serial, (reported, pattern) in enumerate(sorted(chosen, key=lambda pair: pair[0]), start=1):
            ticket = first + serial
            told = _events(pattern, reported, random, period.end)
            yield ticket, f"GD-{day:%Y%m%d}-{serial:05d}", told[: _known_of(ticket, count, period)]


def _report(day: date, pattern: Pattern, random: Random, end: datetime) -> tuple[datetime, Pattern]:
    at = datetime(day.year, day.month, day.day, tzinfo=ZONE) + timedelta(
        seconds=min(86399, pattern.second_of_day + random.randrange(600))
    )
    return min(at.astimezone(UTC), end - timedelta(seconds=random.randrange(3600))), pattern


def _known_of(ticket: int, count: int, period: Period) -> int | None:
    """How many events of a ticket are known at the end: all, but for OPEN_TICKETS spread over the last days."""
    if period.is_done:
        return None
    recent = max(OPEN_TICKETS, count * OPEN_DAYS // period.days)
    place = ticket - (count - recent) - 1
    is_open = place >= 0 and place * OPEN_TICKETS // recent != (place - 1) * OPEN_TICKETS // recent
    return 1 + ticket % 4 if is_open else None  # reported, answered, on site or described, restored


def _events(pattern: Pattern, reported: datetime, random: Random, end: datetime) -> list[Event]:
    responded, arrived, restored, confirmed = _moments(pattern, reported, random, end)
    row, handler = pattern.cells, pattern.cells["处理人"]
    onsite = row["需到场"] == "是"
    facts = {"type": row["类型"], "module": row["系统模块"], "department": row["报修科室"], "carrier": ""}
    texts = {"reporter": row["报修人"], "phone": row["联系电话"], "title": row["标题"], "description": row["问题描述"]}
    middle = {} if onsite else {"mode": row["处理方式"]}
    return [
        _event(core.REPORTED, reported, VENDOR, {**facts, "needs_onsite": onsite}, texts, row["渠道"]),
        _event(core.RESPONDED, responded, VENDOR, {"handler": handler}),
        _event(core.ARRIVED if onsite else core.DESCRIBED, arrived, VENDOR, middle),
        _event(core.RESTORE, restored, VENDOR, {"handler": handler}, {"process": row["处理过程"]}),
        _event(core.CONFIRMED, confirmed, HOSPITAL, {}),
    ]


def _moments(pattern: Pattern, reported: datetime, random: Random, end: datetime) -> list[datetime]:
    """When each thing happened, in order and not after the end: what would be later is drawn together before it."""
    late = timedelta(minutes=random.randrange(125, 300)) if random.random() < LATE_SHARE else timedelta()
    responded = max(pattern.responded, late)
    arrived = max(responded, pattern.arrived or (responded + (pattern.restored - responded) / 2))
    restored = max(arrived, pattern.restored)
    delays = (responded, arrived, restored, max(restored, pattern.confirmed))
    share = min(1.0, (end - reported) / delays[-1]) if delays[-1] else 1.0
    return [reported + timedelta(seconds=int(delay.total_seconds() * share)) for delay in delays]


def _event(
    kind: str, at: datetime, side: str, facts: dict[str, object], personal: dict[str, str] | None = None,
    channel: str = "",
) -> Event:  # fmt: skip
    """An event as `services/tickets.py` makes it: recorded when it happened, by the first account of its side."""
    return Event(kind, at, at, side, side, channel, "B", (), facts, {k: v for k, v in (personal or {}).items() if v})
