"""`report sla` and `sla explain`: compliance as JSON or a table, and why a ticket's clocks stand where they stand."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from ops_console.adapters.translations import duration, full_time, percent
from ops_console.cli import month_reports
from ops_console.core.errors import NotFound, Refused
from ops_console.core.explanations import CLASS_NAMES, CLOCK_NAMES, RESULT_NAMES
from ops_console.core.moments import month_of, whole
from ops_console.core.sentences import sentence
from ops_console.services import clocks, reports


def add_commands(verbs: Any, terminal: Any) -> None:
    """Given the parser's verbs, add `report sla` and `sla explain`."""
    report = verbs.add_parser(
        "report", help=terminal.say("报表：report sla --from 2026-01 --to 2026-11，report month 2026-09")
    )
    kinds = report.add_subparsers(required=True, metavar="sla|month|…")
    month_reports.add_kinds(kinds, terminal)
    kind = kinds.add_parser("sla", help=terminal.say("时限达标情况"))
    kind.add_argument("--from", dest="first", metavar="YYYY-MM")
    kind.add_argument("--to", dest="last", metavar="YYYY-MM")
    kind.add_argument("--as-of", dest="as_of", metavar="ISO 8601")
    kind.add_argument("--json", action="store_true")
    kind.set_defaults(act=sla)
    verb = verbs.add_parser("sla", help=terminal.say("时限说明：sla explain 单号"))
    explain = verb.add_subparsers(required=True, metavar="explain").add_parser("explain")
    explain.add_argument("number")
    explain.add_argument("--as-of", dest="as_of", metavar="ISO 8601")
    explain.add_argument("--json", action="store_true")
    explain.set_defaults(act=explain_ticket)


def parse_instant(text: str | None) -> datetime | None:
    """Given an ISO 8601 instant with an offset, return it. Raises Refused without one."""
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError as exc:
        raise Refused("“%(value)s”不是时刻；请写成 2026-11-20T18:00:00+08:00。", value=text) from exc
    if at.tzinfo is None:
        raise Refused("时刻“%(value)s”没有时区；请写成 2026-11-20T18:00:00+08:00。", value=text)
    return at


def sla(terminal: Any, given: Any) -> int:
    """Given the arguments, print the compliance of the months."""
    console, now = terminal.console, whole(terminal.console.now())
    as_of = parse_instant(given.as_of)
    last = given.last or month_of(as_of or now)
    first = given.first or last
    with console.read() as session:
        found = reports.sla(session, console.book(session), first, last, terminal.actor, now=now, as_of=as_of)
        unsure = reports.provisional(session, first, last)
    for month, n in sorted(unsure.items()):
        terminal.tell("%(month)s 有 %(n)s 个时限按暂定日历计算：该年节假日安排尚未录入。", month=month, n=n)
    if given.json:
        plain = {m: {c: {k: n.as_json() for k, n in cs.items()} for c, cs in ms.items()} for m, ms in found.items()}
        print(json.dumps(plain, ensure_ascii=False, indent=1, sort_keys=True))
    else:
        _print_table(terminal, found, first, last, as_of or now)
    return 0


def _print_table(terminal: Any, found: reports.Summary, first: str, last: str, at: datetime) -> None:
    say = terminal.say
    print(
        say(
            "报修于 %(first)s 至 %(last)s 的工单，截至 %(at)s；数字为时钟个数，百分比为达标／（达标＋超时＋未证实）。",
            first=first,
            last=last,
            at=full_time(at),
        )
    )
    if not found:
        print(say("这段时间没有需要计时的工单。"))
    for month, kinds in found.items():
        for kind, classes in kinds.items():
            for klass, count in classes.items():
                name = f"{say(CLOCK_NAMES[kind])}·{say(CLASS_NAMES[klass])}"
                broken, running = say("超时 %(n)s", n=count.breached), say("进行中 %(n)s", n=count.running)
                unsure = "  " + say("未证实 %(n)s", n=count.unproven) if count.unproven else ""
                print(f"{month}  {_padded(name, 16)}  {rate(count):>20}  {broken}  {running}{unsure}")


def _padded(text: str, width: int) -> str:
    return text + " " * max(0, width - sum(2 if ord(c) > 0x2E80 else 1 for c in text))


def rate(count: reports.Count) -> str:
    """Given a count, return `98.5% (66/67)`, or only n/N when nothing is judged yet: no percentage of nothing."""
    if not count.judged:
        return f"0/0 ({count.total})"
    return f"{percent(count.met, count.judged)} ({count.met}/{count.judged})"


def explain_ticket(terminal: Any, given: Any) -> int:
    """Given a number, print every clock of the ticket with its intervals and why each counts."""
    console = terminal.console
    at = parse_instant(given.as_of) or console.now()
    terminal.actor.need("reports.read")
    with console.read() as session:
        found = clocks.explanations(session, console.book(session), given.number, at)
        if not found and not clocks.exists(session, given.number):
            raise NotFound("没有编号为 %(number)s 的工单。", number=given.number)
    show = lambda value: terminal.translations.render(value, terminal.language)  # noqa: E731
    if given.json:
        print(json.dumps([_plain(item, show) for item in found], ensure_ascii=False, indent=1))
        return 0
    for item in found:
        _print_explanation(terminal, item, show)
    return 0


def _print_explanation(terminal: Any, item: Any, show: Any) -> None:
    print(f"{terminal.say(CLOCK_NAMES[item.clock.kind])}  {show(item.headline)}")
    print(f"  {show(item.class_why)}\n  {show(item.version)}")
    for line in item.lines:
        counted = terminal.say("计时") if line.interval.counted else terminal.say("不计")
        span = f"{full_time(line.interval.start)} → {full_time(line.interval.end)}"
        print(f"    {span}  {counted}  {duration(line.total_seconds, terminal.language)}  {show(line.why)}")
    print(f"  {show(item.verdict)}")


def _plain(item: Any, show: Any) -> dict[str, Any]:
    limit = item.clock.limit
    return {
        "clock": item.clock.kind, "class": item.clock.klass, "limit": limit.id, "clause": limit.clause,
        "limit_seconds": limit.limit_seconds, "active_seconds": item.active_seconds, "raw_seconds": item.raw_seconds,
        "result": item.result, "raw_result": item.raw_result, "provisional": item.clock.provisional,
        "deadline": item.deadline.isoformat() if item.deadline else None, "verdict": show(item.verdict),
        "result_name": show(sentence(RESULT_NAMES[item.result])),
        "intervals": [
            {"start": line.interval.start.isoformat(), "end": line.interval.end.isoformat(),
             "counted": line.interval.counted, "why": show(line.why)}
            for line in item.lines
        ],
    }  # fmt: skip
