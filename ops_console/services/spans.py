"""Several months of one contract: a quarter, a contract year. Each month as frozen, else as of now.

Not for what is reported of them (`services/long_reports.py`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.orm import Session

from ops_console.core.errors import NotFound, Refused
from ops_console.core.moments import day_start, month_of
from ops_console.core.months import assessed_months
from ops_console.core.people import Actor
from ops_console.core.sentences import Sentence
from ops_console.core.terms import Terms, contract_years
from ops_console.services import months
from ops_console.services.contracts import Book
from ops_console.services.months import Screen

QUARTER = re.compile(r"(\d{4})Q([1-4])")


@dataclass(frozen=True)
class Span:
    """Months one after another of one contract, each as the screen shows it, and what the report is called."""

    title: Sentence
    contract_id: int
    screens: tuple[Screen, ...]

    @property
    def terms(self) -> Terms:
        """The contract's terms in the last of the months."""
        return self.screens[-1].month.basis.terms

    @property
    def names(self) -> tuple[str, ...]:
        """The months."""
        return tuple(screen.month.life.month for screen in self.screens)


def quarter_months(text: str) -> tuple[str, ...]:
    """Given `2026Q3`, return its three months. Raises Refused for what is no quarter."""
    found = QUARTER.fullmatch(text.upper())
    if found is None:
        raise Refused("“%(value)s”不是季度；请写成 2026Q3。", value=text[:20])
    year, first = int(found[1]), int(found[2]) * 3 - 2
    return tuple(f"{year:04d}-{number:02d}" for number in range(first, first + 3))


def span(
    session: Session, book: Book, contract_id: int, wanted: Sequence[str], title: Sentence, *, actor: Actor,
    now: datetime,
) -> Span:  # fmt: skip
    """Given a contract and months, return those that are assessed by now. Raises NotFound where none is."""
    actor.need("reports.read")
    term = book.term_of(contract_id)
    known = set(assessed_months(term, now)) if term else set()
    screens = tuple(
        months.screen(session, book, contract_id, month, actor=actor, now=now) for month in wanted if month in known
    )
    if not screens:
        raise NotFound("这段时间没有考核的月份。")
    return Span(title, contract_id, screens)


def year_months(terms: Terms, year: str) -> tuple[str, ...]:
    """Given a contract and a year such as `2026`, return the months of the contract year that begins in it."""
    if not (year.isascii() and year.isdigit() and len(year) == 4):
        raise Refused("“%(value)s”不是年份；请写成 2026。", value=year[:20])
    for first, last in contract_years(terms):
        if first.year == int(year):
            return _months(first, last)
    raise NotFound("没有从 %(year)s 年开始的合同年。", year=year)


def _months(first: date, last: date) -> tuple[str, ...]:
    month, end = month_of(day_start(first)), month_of(day_start(last))
    found = [month]
    while found[-1] < end:
        year, number = (int(part) for part in found[-1].split("-"))
        found.append(f"{year + number // 12:04d}-{number % 12 + 1:02d}")
    return tuple(found)


def year_span(
    session: Session, book: Book, contract_id: int, year: str, title: Sentence, *, actor: Actor, now: datetime
) -> Span:
    """Given a contract and a year, return its months of the contract year that begins in it. Raises NotFound."""
    version = next((one for one in book.versions if one.contract_id == contract_id), None)
    if version is None:
        raise NotFound("没有这份合同。")
    return span(session, book, contract_id, year_months(version.terms, year), title, actor=actor, now=now)
