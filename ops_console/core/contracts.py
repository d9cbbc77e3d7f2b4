"""The contract as data: its term, its time limits, its working time, and how two versions of it differ.

Not for judging tickets (`core/clocks.py`) and not for who may confirm a version (`services/contracts.py`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime, timedelta
from typing import TypeVar

from ops_console.core.errors import Refused
from ops_console.core.moments import ZONE
from ops_console.core.statutory import YearDays, parse_days

WORK, OFF = "work", "off"
Part = TypeVar("Part")
CLASSES = (WORK, OFF)
CONTRACTUAL, SUPPLEMENTARY = "合同", "补充约定"
BASES = (CONTRACTUAL, SUPPLEMENTARY)
CLOCKS = ("response", "arrival", "repair", "hotline")
START_EVENTS = ("reported", "arrived")
STOP_EVENTS = ("responded", "arrived", "restored")


@dataclass(frozen=True)
class TimeLimit:
    """One time limit of the contract (tender 二.1.⑦ and 二.3): from which event to which, for which tickets.

    `types` empty means every type not in `except_types`; `needs_onsite` None means it does not matter.
    `limit_seconds` are natural seconds. `class_rule` is `by_report_time`: the class is fixed by the report.
    """

    id: str
    clock: str
    name: str
    clause: str
    basis: str
    text: str
    start_event: str
    stop_event: str
    types: tuple[str, ...]
    except_types: tuple[str, ...]
    needs_onsite: bool | None
    classes: tuple[str, ...]
    limit_seconds: int
    class_rule: str
    pausable: bool

    def covers(self, *, type: str, needs_onsite: bool) -> bool:
        """Given a ticket's type and whether somebody must come, say whether this limit is about such tickets."""
        if self.types and type not in self.types:
            return False
        if type in self.except_types:
            return False
        return self.needs_onsite is None or self.needs_onsite == needs_onsite


@dataclass(frozen=True)
class Reading:
    """One agreed reading (口径) where the tender's text is silent, with the clause it interprets."""

    id: str
    clause: str
    basis: str
    text: str


@dataclass(frozen=True)
class DayOverride:
    """Statutory days of one year as the parties reviewed them: days or ranges `2027-01-01..2027-01-03`."""

    year: int
    holidays: tuple[str, ...]
    workdays: tuple[str, ...]

    def days(self) -> YearDays:
        """Return the override as statutory days. Raises CalendarInvalid when a day is not of the year."""
        return parse_days(self.year, self.holidays, self.workdays, "合同口径")


@dataclass(frozen=True)
class Terms:
    """All of a contract that judges: what both parties confirm as one version.

    `undeclinable` are the ticket types that the vendor may not decline (tender 一.3). A time recorded later than
    `prompt_minutes` after it is said to have happened needs proof. A restore is confirmed by silence after that many
    working days; None: never.
    """

    number: str
    name: str
    hospital: str
    vendor: str
    starts_on: date
    ends_on: date
    counts_from: date
    zone: str
    hours: tuple[tuple[str, str], ...]
    breaks: tuple[tuple[str, str], ...]
    overrides: tuple[DayOverride, ...]
    limits: tuple[TimeLimit, ...]
    readings: tuple[Reading, ...]
    undeclinable: tuple[str, ...] = ()
    prompt_minutes: int = 15
    silence_workdays: int | None = None

    def limit_for(self, clock: str, klass: str) -> TimeLimit | None:
        """Given a clock and a class, return the limit that counts, or None when the contract names none."""
        return next((limit for limit in self.limits if limit.clock == clock and klass in limit.classes), None)

    def as_json(self) -> str:
        """Return the terms as canonical JSON: sorted keys, UTF-8, dates in ISO form."""
        return json.dumps(asdict(self), ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)

    def digest(self) -> str:
        """Return the SHA-256 of the canonical JSON, in hex: what a confirmation is about."""
        return hashlib.sha256(self.as_json().encode()).hexdigest()


@dataclass(frozen=True)
class Change:
    """One place in which two versions of a contract differ; None where a side has nothing there."""

    path: str
    old: str | None
    new: str | None


def terms_from_json(text: str) -> Terms:
    """Given what `Terms.as_json` wrote, return the Terms."""
    raw = json.loads(text)
    dates = {name: date.fromisoformat(raw[name]) for name in ("starts_on", "ends_on", "counts_from")}
    spans = {name: tuple(tuple(span) for span in raw[name]) for name in ("hours", "breaks")}
    parts = {
        "limits": tuple(_build(TimeLimit, item) for item in raw["limits"]),
        "readings": tuple(_build(Reading, item) for item in raw["readings"]),
        "undeclinable": tuple(raw.get("undeclinable", ())),
        "overrides": tuple(_build(DayOverride, item) for item in raw["overrides"]),
    }
    return Terms(**{**raw, **dates, **spans, **parts})


def _build(kind: type[Part], raw: Mapping[str, object]) -> Part:
    values = {f.name: raw[f.name] for f in fields(kind)}  # type: ignore[arg-type]
    return kind(**{name: tuple(value) if isinstance(value, list) else value for name, value in values.items()})


def check_terms(terms: Terms) -> list[str]:
    """Given terms read from a file, return what contradicts itself, one sentence each; empty when sound."""
    problems = []
    if terms.ends_on <= terms.starts_on:
        problems.append("contract.ends_on：合同终止日必须晚于起始日")
    if not terms.starts_on <= terms.counts_from <= terms.ends_on:
        problems.append("contract.counts_from：生效日必须在合同期内")
    problems += _twice("contract.time_limit：时限编号", [limit.id for limit in terms.limits])
    problems += _twice("contract.reading：口径编号", [reading.id for reading in terms.readings])
    problems += _twice("working_time.override：年份", [str(override.year) for override in terms.overrides])
    for clock in CLOCKS:
        problems += _class_problems(clock, [limit for limit in terms.limits if limit.clock == clock])
    return problems


def _twice(what: str, keys: Sequence[str]) -> list[str]:
    """What bears the same key twice would hide its change from the parties: `differences` goes by key."""
    return [f"{what} {key} 重复" for key in sorted(set(keys)) if keys.count(key) > 1]


def _class_problems(clock: str, limits: Sequence[TimeLimit]) -> list[str]:
    named = [klass for limit in limits for klass in limit.classes]
    missing = [klass for klass in CLASSES if klass not in named]
    twice = sorted({klass for klass in named if named.count(klass) > 1})
    problems = [f"contract.time_limit：时限 {clock} 缺少 {klass} 类别" for klass in missing]
    return problems + [f"contract.time_limit：时限 {clock} 的 {klass} 类别重复" for klass in twice]


def differences(old: Terms, new: Terms) -> tuple[Change, ...]:
    """Given two versions, return every place where they differ, by path, in a stable order."""
    before, after = dict(_leaves("", json.loads(old.as_json()))), dict(_leaves("", json.loads(new.as_json())))
    paths = sorted(before.keys() | after.keys())
    return tuple(Change(p, before.get(p), after.get(p)) for p in paths if before.get(p) != after.get(p))


def _leaves(path: str, value: object) -> Iterable[tuple[str, str]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _leaves(f"{path}.{key}" if path else key, item)
    elif isinstance(value, list) and any(isinstance(item, dict) for item in value):
        for item in value:
            yield from _leaves(f"{path}[{item.get('id', item.get('year'))}]", item)
    else:
        yield path, json.dumps(value, ensure_ascii=False) if isinstance(value, list) else str(value)


def contract_years(terms: Terms) -> tuple[tuple[date, date], ...]:
    """Given terms, return the contract years as (first day, last day), counted from the contract's start."""
    years: list[tuple[date, date]] = []
    first = terms.starts_on
    while first <= terms.ends_on:
        following = _anniversary(terms.starts_on, len(years) + 1)
        years.append((first, min(following - timedelta(days=1), terms.ends_on)))
        first = following
    return tuple(years)


def _anniversary(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year + years)
    except ValueError:  # 29 February: the year begins on 1 March
        return date(day.year + years, 3, 1)


def is_within(terms: Terms, at: datetime) -> bool:
    """Given terms and an aware instant, say whether its Shanghai day lies in the contract's term."""
    return terms.starts_on <= at.astimezone(ZONE).date() <= terms.ends_on


@dataclass(frozen=True)
class VersionInForce:
    """A confirmed version of a contract: its row id, its number in the contract, and its terms."""

    id: int
    contract_id: int
    version: int
    terms: Terms


def version_at(versions: Iterable[VersionInForce], at: datetime) -> VersionInForce:
    """Given confirmed versions and a report time, return the version in force then.

    The latest version whose date has come counts; before any date, the first. Raises Refused when there is none.
    """
    ordered = sorted(versions, key=lambda v: (v.terms.counts_from, v.contract_id, v.version))
    if not ordered:
        raise Refused("还没有生效的合同版本；请先在“合同版本”页由双方确认。")
    day = at.astimezone(ZONE).date()
    begun = [version for version in ordered if version.terms.counts_from <= day]
    return begun[-1] if begun else ordered[0]
