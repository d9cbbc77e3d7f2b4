"""The contract's terms: its term, its clauses, its working time, its agreed readings, and how two versions differ.

Not for the kinds of clause (`core/contracts.py`), what contradicts itself (`core/contradictions.py`), judging tickets
(`core/clocks.py`) or who may confirm a version (`services/contracts.py`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from ops_console.core.contracts import CLOCKS, OCCURRENCE, Clause, TimeLimit, YearlyCap
from ops_console.core.errors import Refused
from ops_console.core.moments import ZONE
from ops_console.core.money import Fee, Node
from ops_console.core.plain import made, plain
from ops_console.core.readings import Question, standing
from ops_console.core.statutory import YearDays, parse_days

ALWAYS = {"always": True}  # written since the first version: left out, the same terms would have another digest


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
class Opening:
    """What of a cap was used in a contract year before the console counted: the clause, the year from 1, how often.

    `document` names the paper that says so, whose scan hangs on the contract's page.
    """

    clause: str
    year: int
    used: int
    document: str = ""


@dataclass(frozen=True)
class Settlement:
    """How a month is closed, each value agreed beside the contract.

    Facts are frozen on the `lock_workday`th working day of the next month (domain §2.7); a vendor silent for
    `answer_workdays` after notice is taken as not having signed. `sample_size` tickets are checked by telephone.
    A suspected security incident is told to the hospital within `security_minutes` (domain §2.2). `penalty_month_of`:
    whose month a deduction falls in: `occurrence`, `discovery` or `finding`. `limits_told` are the hospital's own
    reporting limits, (name, minutes). `at_risk` is the ceiling of deductions beside C-55 in hundredths of a per cent of
    the month's fee, 0 for none agreed.
    """

    lock_workday: int = 5
    answer_workdays: int = 3
    sample_size: int = 10
    security_minutes: int = 30
    penalty_month_of: str = OCCURRENCE
    limits_told: tuple[tuple[str, int], ...] = ()
    at_risk: int = 0
    pay_days: int = 30


@dataclass(frozen=True)
class Terms:
    """All of a contract that judges: what both parties confirm as one version.

    `undeclinable` are the ticket types that the vendor may not decline (tender 一.3). A time recorded later than
    `prompt_minutes` after it is said to have happened needs proof. A restore is confirmed by silence after that many
    working days; None: never. `chosen` are the answers to `questions` that both parties agreed upon, `ranked` the
    limits that they ranked, (the one before, the one behind); both count by `readings.effective` alone.
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
    undeclinable: tuple[str, ...] = field(default=(), metadata=ALWAYS)
    prompt_minutes: int = field(default=15, metadata=ALWAYS)
    silence_workdays: int | None = field(default=None, metadata=ALWAYS)
    clauses: tuple[Clause, ...] = ()
    questions: tuple[Question, ...] = ()
    chosen: tuple[tuple[str, str], ...] = ()
    ranked: tuple[tuple[str, str], ...] = ()
    go_live_on: date | None = None
    openings: tuple[Opening, ...] = ()
    fee: Fee | None = None
    nodes: tuple[Node, ...] = ()
    settlement: Settlement = Settlement()

    def limit_for(self, clock: str, klass: str) -> TimeLimit | None:
        """Given a clock and a class, return the limit that counts, or None when the contract names none."""
        return next((limit for limit in self.limits if limit.clock == clock and klass in limit.classes), None)

    def limits_for(self, *, type: str, needs_onsite: bool, klass: str) -> tuple[TimeLimit, ...]:
        """Given a ticket's type, whether somebody must come, and its class, return its limits, in order of clocks.

        Of two on one quantity the one that the parties ranked first; both where they ranked none (`conflicts`).
        """
        covering = [
            limit for limit in self.limits
            if klass in limit.classes and limit.covers(type=type, needs_onsite=needs_onsite)
        ]  # fmt: skip
        return tuple(sorted(standing(covering), key=lambda limit: CLOCKS.index(limit.clock)))

    def clause(self, clause_id: str) -> Clause | None:
        """Given an id such as `C-25`, return the clause, or None where the contract lists none."""
        return next((clause for clause in self.clauses if clause.id == clause_id), None)

    @property
    def caps(self) -> tuple[YearlyCap, ...]:
        """The clauses that are yearly caps, in the contract's order."""
        return tuple(clause for clause in self.clauses if isinstance(clause, YearlyCap))

    def live_on(self, clause_id: str = "") -> date:
        """Given a clause's id, return the day from which it is judged: its own, else the contract's, else its start."""
        own = self.clause(clause_id)
        return (own.go_live_on if own else None) or self.go_live_on or self.starts_on

    def as_json(self) -> str:
        """Return the terms as canonical JSON: sorted keys, UTF-8, dates in ISO form."""
        return json.dumps(plain(self), ensure_ascii=False, sort_keys=True, separators=(",", ":"))

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
    """Given what `Terms.as_json` wrote, now or before a field was added, return the Terms as agreed upon."""
    return made(Terms, json.loads(text))


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
            yield from _leaves(f"{path}[{_key(item)}]", item)
    else:
        yield path, json.dumps(value, ensure_ascii=False) if isinstance(value, list) else str(value)


def _key(item: dict[str, object]) -> object:
    """By what a part of a list is known, so that a change is told of that part alone."""
    return next((item[name] for name in ("id", "key", "year", "clause") if name in item), "")


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
    """A confirmed version of a contract: its row id, its number in the contract, and its terms as they count.

    `raw` are the terms as they were confirmed, before the answers set anything (`readings.effective`); None: the same.
    `known_on` is the Shanghai day on which the console was told of the version, None where nobody asks.
    """

    id: int
    contract_id: int
    version: int
    terms: Terms
    raw: Terms | None = None
    known_on: date | None = None

    @property
    def confirmed(self) -> Terms:
        """The terms that both parties confirmed, whose digest their word is about."""
        return self.raw or self.terms


def is_before_the_console(versions: Iterable[VersionInForce], version: VersionInForce, until: date) -> bool:
    """Given all versions, one of them and the day after a period's last one, say whether the period was over before
    anybody told the console of that contract, and no go-live day is named that would have it judged all the same.
    """
    known = [one.known_on for one in versions if one.contract_id == version.contract_id and one.known_on is not None]
    return version.terms.go_live_on is None and bool(known) and until <= min(known)


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
