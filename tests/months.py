"""Months of all kinds for tests of what is frozen: the tender's contract in two versions, random facts, a random sheet.

Not for tickets' lives (`tests/histories.py`).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from random import Random

from ops_console.core.assessment_facts import CapFact, CaseFact, DutyFact, Entry, Penalty
from ops_console.core.assessments import Adjustment
from ops_console.core.measures import FROM_ENTRY, MEASURES
from ops_console.core.moments import month_start, shift_month
from ops_console.core.money import Fee
from ops_console.core.months import year_and_place
from ops_console.core.readings import answered, effective
from ops_console.core.scores import AT_LEAST, AT_MOST, FULL, OBSERVERS, Band, Grade, Item, Sheet, Step
from ops_console.core.terms import Opening, Settlement, Terms, VersionInForce
from ops_console.settings import load
from tests.histories import FIRST_MONTH, MONTHS, Extra, Frozen, House, house

PROJECT = Path(__file__).parents[1]
GO_LIVE = date(2026, 1, 10)


@cache
def contract_terms() -> Terms:
    """The shipped contract, live from a day in January, with a fee, an opening balance and a ceiling of deductions."""
    shipped = load(PROJECT, {"OPS_DATA": "/nowhere"}).terms
    return replace(
        shipped, go_live_on=GO_LIVE, fee=Fee(93_600_007, (("2026-03", 7_000_001),)),
        settlement=Settlement(at_risk=1000),
        openings=(Opening("C-31", 1, 5, "盘点表"), Opening("C-31", 2, 2), Opening("C-12", 2, 1)),
    )  # fmt: skip


@cache
def versions() -> tuple[VersionInForce, ...]:
    """Two versions: from the middle of February other answers to some questions, and one limit an hour shorter."""
    first = contract_terms()
    limits = tuple(
        replace(one, limit_seconds=one.limit_seconds - 600) if one.id == "C-18" else one for one in first.limits
    )
    second = replace(answered(first, {"K1": "hotline", "K4": "together"}), limits=limits, counts_from=date(2026, 2, 15))
    return (VersionInForce(1, 1, 1, effective(first)), VersionInForce(2, 1, 2, effective(second)))


def sheet(random: Random) -> Sheet:
    """A sheet of random items over every measure there is; some by band, some by hand, some with free hits."""
    names = [
        f"{name}:{random.choice(('inspection', 'reconcile'))}" if measure.takes else name
        for name, measure in MEASURES.items()
    ]  # fmt: skip
    random.shuffle(names)
    items = []
    for number in range(12):
        mine = [names[n % len(names)] for n in range(number * 3, number * 3 + random.randint(1, 3))]
        steps = tuple(Step(name, random.choice((25, 50, 100, 150)), random.choice((0, 0, 1, 2))) for name in mine)
        item = Item(
            f"A{number + 1}", "组", f"项目{number + 1}", FULL // 12, ("C-15",), steps, most=random.choice((0, 0, 300))
        )
        kind = random.random()
        if kind < 0.25:
            compare = random.choice((AT_MOST, AT_LEAST))
            limits = (1500, 4000, 8000) if compare == AT_MOST else (9500, 8000, 400)
            bands = tuple(Band(limit, n * 100) for n, limit in enumerate(limits))
            item = replace(
                item, measure=mine[0], bands=bands, compare=compare, otherwise=500, few=random.choice((0, 3))
            )
        elif kind < 0.35:
            item = replace(item, by_hand=True, steps=())
        zeroed_by = random.choice(("", "", "", "falsified", "complaints"))
        items.append(replace(item, zeroed_by=zeroed_by, observed_by=random.choice((*OBSERVERS, "both", "both"))))
    items[-1] = replace(items[-1], weight=FULL - sum(item.weight for item in items[:-1]))
    grades = (Grade("优秀", 9500), Grade("良好", 8500, 9500), Grade("合格", 6000, 8765))
    return Sheet("示例", tuple(items), grades[: random.randint(0, 3)], one_item_a_fact=random.random() < 0.8)


def month_fee(terms: Terms, month: str) -> int:
    """Given terms and a month, return its fee, 0 outside the contract."""
    year, place = year_and_place(terms, month)
    return terms.fee.of_month(month, place) if terms.fee and year else 0


def extra(random: Random, terms: Terms, month: str) -> Extra:
    """What a month has besides tickets, by chance."""
    end = month_start(shift_month(month, 1))
    tasks = [(clause.id, task) for clause in terms.clauses for task in clause.tasks]
    duties = tuple(
        DutyFact(
            str(number), clause, random.choice((task.key, "inspection", "reconcile")), task.name,
            random.choice(("kept", "kept", "late", "missed", "waived", "open")), end - timedelta(days=number % 5),
            end - timedelta(days=6) if number % 2 else None, end if number % 3 else None, ("ab" * 32,) * (number % 2),
            *random.choice(((), (), ("kept", shift_month(month, -1)), ("missed", shift_month(month, -2)))),
        )
        for number, (clause, task) in enumerate(tasks) if random.random() < 0.6
    )  # fmt: skip
    year = year_and_place(terms, month)[0]
    opened = {one.clause: one.used for one in terms.openings if one.year == year}
    caps = tuple(
        CapFact(
            cap.id, year, cap.limit, opened.get(cap.id, 0), *(random.randint(0, most) for most in (4, 2, 2)),
            random.choice((0, 0, 0, 1)),
        )
        for cap in terms.caps if random.random() < 0.8
    )  # fmt: skip
    cases = tuple(
        CaseFact(
            f"AQ-{number}", "网络泄密", random.choice((month, shift_month(month, -1))),
            random.choice(("open", "closed", "found")), random.random() < 0.5, random.random() < 0.4,
        )
        for number in range(random.randint(0, 3))
    )  # fmt: skip
    penalties = tuple(
        Penalty(of, "C-55", random.choice((0, 1, month_fee(terms, of))), f"AQ-{number}")
        for number, of in enumerate((month, shift_month(month, -1))) if random.random() < 0.3
    )  # fmt: skip
    entries = tuple(
        Entry(
            name, random.randint(0, 3), random.randint(0, 9), random.choice(("hospital", "vendor")),
            random.random() < 0.5, name == "availability", (),
        )
        for name, measure in MEASURES.items() if measure.source == FROM_ENTRY and random.random() < 0.7
    )  # fmt: skip
    scored = sheet(random) if random.random() < 0.85 else None
    adjustments = tuple(
        Adjustment(item.code, random.randint(0, item.weight), "chief", end)
        for item in (scored.items if scored else ()) if item.by_hand or random.random() < 0.1
    )  # fmt: skip
    basis = random.choice(("", "补充协议第 3 条")) if scored else ""
    return Extra(duties, caps, cases, penalties, entries, scored, basis, adjustments)


def months(seed: int, bursts: int = 20) -> tuple[Frozen, ...]:
    """Given a seed, return the months of a house under the tender's contract, each with all that a month may have."""
    made: House = house(seed, versions())
    month = FIRST_MONTH
    for turn in range(MONTHS + 1):
        until = month_start(shift_month(month, 1)) + timedelta(days=made.random.choice((0, 4)))
        made.live(max(until, made.now + timedelta(hours=1)), bursts if turn < MONTHS else 4)
        made.freeze(month, extra(made.random, made.version_of(month).terms, month))
        month = shift_month(month, 1)
    return tuple(made.months)


def write_package(frozen: Frozen, folder: Path) -> Path:
    """Given a frozen month and a folder, write its three documents there and return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    documents = frozen.documents
    for name, text in (
        ("contract.json", documents.contract), ("facts.jsonl", documents.facts), ("month.json", documents.result),
    ):  # fmt: skip
        (folder / name).write_text(text, encoding="utf-8")
    return folder
