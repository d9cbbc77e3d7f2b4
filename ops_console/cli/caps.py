"""`caps list`: the yearly caps of a contract year and their entries, to be read. Approving is for the page alone."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from ops_console.core.caps import STATE_NAMES, CapEntry, CapYear, local_day
from ops_console.core.errors import Refused
from ops_console.services import caps


def add_commands(verbs: Any, terminal: Any) -> None:
    """Given the parser's verbs, add `caps list`."""
    verb = verbs.add_parser("caps", help=terminal.say("年度额度：caps list"))
    found = verb.add_subparsers(required=True, metavar="list").add_parser(
        "list", help=terminal.say("各条额度的使用与明细")
    )
    found.add_argument("--year", type=int, metavar="N", help=terminal.say("第几合同年（从 1 起），或起始年份如 2026"))
    found.add_argument("--json", action="store_true")
    found.set_defaults(act=list_caps)


def list_caps(terminal: Any, given: Any) -> int:
    """Print every cap of the year with its entries."""
    console, now = terminal.console, terminal.console.now()
    with console.read() as session:
        book = console.book(session)
        year = _year(caps.years(book), given.year, now)
        found = caps.overview(session, book, year, "", "", actor=terminal.actor, today=local_day(now), page=1)
    if given.json:
        print(json.dumps(_plain(found), ensure_ascii=False, indent=1))
        return 0
    print(terminal.say(
        "%(contract)s 第 %(n)s 合同年（%(first)s 至 %(last)s）", contract=year.contract, n=year.number,
        first=year.first.isoformat(), last=year.last.isoformat(),
    ))  # fmt: skip
    for cap in found.caps:
        print(_line(terminal, cap))
        for entry in cap.entries:
            print(f"  #{entry.id}  {terminal.say(STATE_NAMES[entry.state])}  {entry.title}  {entry.ticket}".rstrip())
    if not found.caps:
        print(terminal.say("这份合同没有年度额度条款。"))
    return 0


def _year(years: tuple[caps.YearChoice, ...], wanted: int | None, now: datetime) -> caps.YearChoice:
    today = local_day(now)
    if wanted is None:
        found = [year for year in years if year.first <= today <= year.last] or list(years)
    else:
        found = [year for year in years if wanted in (year.number, year.first.year)]
    if not found:
        raise Refused("没有第 %(n)s 合同年；请用 caps list 看本合同年。", n=wanted)
    return found[-1]


def _line(terminal: Any, cap: CapYear) -> str:
    return str(terminal.say(
        "%(clause)s %(name)s  %(taken)s/%(limit)s  期初 %(opening)s  已核销 %(used)s  已占用 %(reserved)s  "
        "拟占用 %(asked)s  超额待商定 %(held)s",
        clause=cap.clause, name=terminal.say(cap.name), taken=cap.taken, limit=cap.limit, opening=cap.opening,
        used=cap.used, reserved=cap.reserved, asked=cap.asked, held=cap.held,
    ))  # fmt: skip


def _plain(found: caps.Overview) -> dict[str, Any]:
    return {
        "contract": found.year.contract, "year": found.year.number, "first": found.year.first.isoformat(),
        "last": found.year.last.isoformat(), "caps": [_cap(cap) for cap in found.caps],
    }  # fmt: skip


def _cap(cap: CapYear) -> dict[str, Any]:
    counts = ("clause", "name", "limit", "taken", "opening", "used", "reserved", "asked", "held", "beside", "stage")
    on = cap.forecast.on
    return {
        **{name: getattr(cap, name) for name in counts}, "runs_out_on": on.isoformat() if on else None,
        "entries": [_entry(entry) for entry in cap.entries],
    }  # fmt: skip


def _entry(entry: CapEntry) -> dict[str, Any]:
    moments = ("requested_at", "held_at", "approved_at", "accepted_at", "returned_at")
    times = {name: at.isoformat() if (at := getattr(entry, name)) else None for name in moments}
    plain = ("id", "clause", "title", "state", "ticket", "side", "why", "way", "document", "fee")
    return {**{name: getattr(entry, name) for name in plain}, **times}
