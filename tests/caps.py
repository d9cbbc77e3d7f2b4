"""The four yearly caps of the tender as clauses, and a console whose contract has them; nothing for other clauses."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from typing import Any

from ops_console.console import Console
from ops_console.core.contracts import YearlyCap
from ops_console.core.people import Actor, actor_of
from ops_console.core.terms import Opening, Terms
from ops_console.services import cap_entries, cap_requests, caps, contracts
from ops_console.services.cap_requests import NewEntry
from ops_console.store import contracts as rows

PROVED = datetime.max.replace(tzinfo=UTC)  # a second factor was given just now
CHIEF = actor_of("hospital", "信息科长", "hospital", proved_until=PROVED)
OFFICER = actor_of("officer", "信息科员", "officer", proved_until=PROVED)
ENGINEER = actor_of("vendor", "乙方工程师", "vendor", proved_until=PROVED)
MANAGER = actor_of("manager", "乙方项目经理", "manager", proved_until=PROVED)
KEYS = count(1)


def cap(id: str, limit: int, *types: str, **given: Any) -> YearlyCap:
    """Given a clause's id, its limit and its ticket types, return the cap."""
    values: dict[str, Any] = {
        "section": "二.2", "key": (types or ("现场诊断",))[0], "text": f"每年不超过{limit}次", "bound": "hospital",
        "basis": "合同", "rule": f"每合同年不超过 {limit} 次", "signs": "信息科长",
    }  # fmt: skip
    return YearlyCap(id=id, limit=limit, types=types, **{**values, **given})


CAPS = (
    cap("C-12", 4), cap("C-25", 8, "告知宣传"), cap("C-29", 8, "政策性修改"),
    cap("C-31", 8, "客户化开发", agreement_first=True),
)  # fmt: skip


def with_caps(terms: Terms, *openings: Opening, **given: Any) -> Terms:
    """Given terms, opening balances and what else differs, return the terms with the four caps."""
    return replace(terms, **{"clauses": CAPS, "questions": (), "chosen": (), "openings": openings, **given})


def load_caps(console: Console, *openings: Opening, **given: Any) -> int:
    """Given a console, let its contract have the caps from the first day, confirmed by both; return its id."""
    with console.write() as session:
        terms = with_caps(console.settings.terms, *openings, **given)
        contracts.load(session, terms, console.now())
        newest = rows.versions(session)[0]
        for actor in (CHIEF, ENGINEER):
            contracts.confirm(session, newest.id, newest.digest, actor, console.now())
        return newest.contract_id


def load_without_caps(console: Console) -> None:
    """Given a console, see that its contract lists no clauses at all, as those of older files."""
    if console.settings.terms.clauses:
        load_caps(console, clauses=())


def ask(console: Console, clause: str = "C-29", *, actor: Actor = CHIEF, **given: Any) -> int:
    """Given a clause and what differs, ask for one 次 of it and return the entry's id."""
    wanted = {"title": "问诊模板按新规调整", "key": f"form-of-the-test-{next(KEYS):05d}", **given}
    with console.write() as session:
        return cap_requests.register(session, console.book(session), NewEntry(clause, **wanted), actor, console.now())


def approve(console: Console, entry_id: int, actor: Actor = CHIEF) -> str:
    """Given an entry, let the hospital approve its start; return the state it comes to."""
    with console.write() as session:
        return cap_entries.approve(session, console.book(session), entry_id, actor, console.now()).state


def accept(console: Console, entry_id: int, actor: Actor = CHIEF) -> str:
    """Given an entry, let the hospital accept it; return the state it comes to."""
    with console.write() as session:
        return cap_entries.accept(session, entry_id, "", actor, console.now()).state


def fill(console: Console, clause: str, n: int) -> list[int]:
    """Given a clause and how many, ask for so many and approve them all; return their ids."""
    made = [ask(console, clause, title=f"第 {i + 1} 项") for i in range(n)]
    assert [approve(console, one) for one in made] == ["reserved"] * n
    return made


def year_of(console: Console, clause: str, contract_id: int = 1) -> caps.CapYear:
    """Given a clause, return its cap's year as of the console's day."""
    with console.read() as session:
        day = caps.local_day(console.now())
        years = caps.of_year(session, console.book(session), contract_id, day)
    return next(year for year in years if year.clause == clause)
