"""The compliance dashboard: one month in tiles, twelve in a trend, breaches by module and hour: links to their rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask import Blueprint, flash, g, render_template, request

from ops_console.core.errors import Refused
from ops_console.core.explanations import CLOCK_NAMES, rule_sentence
from ops_console.core.moments import day_start, month_of, month_start, parse_month, shift_month
from ops_console.core.sentences import Sentence
from ops_console.core.terms import VersionInForce
from ops_console.core.ticket_lists import COUNT_LIMIT
from ops_console.services import flags, reports
from ops_console.web import formats
from ops_console.web.database import reading
from ops_console.web.lists import listed, word
from ops_console.web.rights import needs

pages = Blueprint("reports", __name__)


@pages.get("/dashboard")
@needs("reports.read")
def dashboard() -> Any:
    """The month asked for, else the newest month that has tickets."""
    known = reports.month_list(reading())
    month = _month(known[0] if known else month_of(g.now))
    shown = reports.dashboard(reading(), month, g.guest.actor, now=g.now)
    versions = g.book.during(month, g.now)
    rules = {(tile.clock, tile.klass): _rules(versions, tile.clock, tile.klass) for tile in shown.tiles}
    return render_template(
        "reports/dashboard.html", shown=shown, limit=COUNT_LIMIT, rules=rules, known=known,
        previous=shift_month(month, -1), following=shift_month(month, 1), chart=_chart(shown), versions=versions,
        flags=flags.waiting(reading(), month, g.guest.actor), **_live(month, versions[-1]),
    )  # fmt: skip


def _live(month: str, version: VersionInForce) -> dict[str, Any]:
    """Whether a month is history, before the contract was judged, or was in part, and from which day it is."""
    live = version.terms.live_on()
    first, following = month_start(month), month_start(shift_month(month, 1))
    return {"live": live, "history": following <= day_start(live), "partly": first < day_start(live) < following}


@listed("months", "时限达标", "reports.read", "月份", "时限", "达标", "超时", "未证实", "进行中", "已有结果")
def _months() -> Iterator[tuple[object, ...]]:
    known = reports.month_list(reading())
    shown = reports.dashboard(reading(), _month(known[0] if known else month_of(g.now)), g.guest.actor, now=g.now)
    for kind, months in shown.trend.items():
        for month in shown.months:
            n = months[month]
            yield month, word(CLOCK_NAMES[kind]), n.met, n.breached, n.unproven, n.running, n.judged


def _rules(versions: tuple[VersionInForce, ...], kind: str, klass: str) -> list[Sentence]:
    """The rules that a tile's clocks were judged by: one, or several where the contract changed within the month."""
    limits = dict.fromkeys(v.terms.limit_for(kind, klass) for v in versions)
    return [rule_sentence(limit, klass) for limit in limits if limit is not None]


def _month(usual: str) -> str:
    asked = request.args.get("month", "")
    if not asked:
        return usual
    try:
        return parse_month(asked)
    except Refused as refused:
        flash(formats.render_sentence(refused.sentence), "warning")
        return usual


def _chart(shown: reports.Dashboard) -> dict[str, Any]:
    """What the charts draw, as plain values; the tables beside them say the same."""
    return {
        "months": list(shown.months),
        "clocks": [
            {
                "name": formats.gettext(formats.CLOCK_NAMES[kind]),
                "breached": [shown.trend[kind][m].breached for m in shown.months],
                "judged": [shown.trend[kind][m].judged for m in shown.months],
            }
            for kind in shown.trend
        ],
        "hours": [[hour, n] for hour, n in shown.by_hour],
        "modules": [[name, n] for name, n in shown.by_module],
        "words": {"breached": formats.gettext("超时"), "hour": formats.gettext("时")},
    }
