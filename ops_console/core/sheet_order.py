"""What the cells of one ticket row must come to together: the order of its times, its pause, its visit.

Not for single cells: only readable values arrive here, by column name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from ops_console.core.sentences import Sentence

CHAIN = ("报修时间", "响应时间", "到场时间", "恢复时间", "确认时间")
Problem = tuple[str, Sentence]
Times = Mapping[str, datetime]


def order_faults(
    values: Mapping[str, object], *, given: frozenset[str], unreadable: frozenset[str], now: datetime
) -> Iterator[Problem]:
    """Given a row's readable values by column (stored ones included), the columns this sheet itself gives, those it
    gives unreadably, and the aware present moment, return the problems as pairs of column and sentence.

    Only given columns are blamed; a column may be named more than once, the first counts.
    """
    times = {column: value for column, value in values.items() if isinstance(value, datetime)}
    yield from _visit_faults(values, given)
    yield from _future_faults(times, given, now)
    yield from _pair_faults(times, given, CHAIN)
    yield from _pair_faults(times, given, ("报修时间", "录入时间"))
    yield from _pair_faults(times, given, ("挂起开始", "挂起结束"))
    if "挂起结束" in given and "挂起开始" not in times and "挂起开始" not in unreadable:
        yield "挂起结束", Sentence("有挂起结束却没有挂起开始，请补填挂起开始或清空此格")


def _visit_faults(values: Mapping[str, object], given: frozenset[str]) -> Iterator[Problem]:
    if values.get("需到场") is not False or values.get("到场时间") is None:
        return
    if "到场时间" in given:
        yield "到场时间", Sentence("“需到场”为否，不应有到场时间；请清空此格，或把“需到场”改为是")
    elif "需到场" in given:
        yield "需到场", Sentence("此工单已登记到场时间，“需到场”不能改为否；请改回是")


def _future_faults(times: Times, given: frozenset[str], now: datetime) -> Iterator[Problem]:
    for column, moment in times.items():
        if column in given and moment > now:
            yield column, Sentence("晚于现在（%(now)s），请填写已经发生的时间", {"now": now})


def _pair_faults(times: Times, given: frozenset[str], columns: tuple[str, ...]) -> Iterator[Problem]:
    """Compare each time with the nearest earlier one there is; of a pair the later column is blamed, if given here."""
    present = [column for column in columns if column in times]
    for earlier, later in zip(present, present[1:], strict=False):
        if times[later] >= times[earlier]:
            continue
        if later in given:
            values = {"other": earlier, "moment": times[earlier]}
            yield later, Sentence("早于“%(other)s”（%(moment)s），请核对这两个时间", values)
        elif earlier in given:
            values = {"other": later, "moment": times[later]}
            yield earlier, Sentence("晚于已登记的“%(other)s”（%(moment)s），请核对这两个时间", values)
