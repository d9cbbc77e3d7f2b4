"""Frauds of the four kinds that the detectors are to find, seeded into the year's sheet: same seed, same frauds.

Each kind has several tactics; some leave a trace, some none that anybody could see, and those count against recall all
the same. Not for measuring (`detectors.py`) nor for the month made through the services (`months.py`).
"""

from __future__ import annotations

import csv
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

from ops_console.core.detectors import BACKDATED, LATE_REPORT, NO_EVIDENCE, RETYPE
from ops_console.core.moments import ZONE
from ops_console.core.working_time import WorkingCalendar

Row = dict[str, str]
REPORTED, TOLD, ANSWERED, CAME, RESTORED = "报修时间", "录入时间", "响应时间", "到场时间", "恢复时间"
EACH = 8  # frauds of each tactic
BEGAN = ("{0:%H:%M} 就不行了", "从 {0:%H:%M} 开始", "{0:%-H}点{0:%M}分反映过", "大概 {0:%H:%M} 发现的", "（{0:%H:%M}）")
TIMES = (REPORTED, ANSWERED, CAME, RESTORED, "确认时间")
FORMAT = "%Y-%m-%d %H:%M:%S"


@dataclass
class Seeded:
    """A sheet with frauds in it: its rows, and which tickets are one, by (detector, tactic)."""

    rows: list[Row]
    frauds: dict[tuple[str, str], set[str]] = field(default_factory=lambda: defaultdict(set))


def sheet_of(source: Path) -> list[Row]:
    """Given the sheet's file, return its rows."""
    with source.open(encoding="utf-8-sig", newline="") as lines:
        return list(csv.DictReader(lines))


def write_sheet(rows: list[Row], target: Path) -> Path:
    """Given rows, write them as a sheet and return its path."""
    with target.open("w", encoding="utf-8-sig", newline="") as lines:
        writer = csv.DictWriter(lines, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return target


def seeded(rows: list[Row], calendar: WorkingCalendar, seed: int) -> Seeded:
    """Given the honest rows, the contract's calendar and a seed, return a copy of the sheet with frauds in it."""
    draw = Random(seed)
    made = Seeded([dict(row) for row in rows])
    for tactic in (_near, _round, _spread):
        for row in _victims(made, draw, faults=True, one_person=tactic is not _spread):
            tactic(row, _limit(row, calendar), draw)
            made.frauds[BACKDATED, tactic.__name__[1:]].add(row["单号"])
    for row in _victims(made, draw):
        _mention(row, draw)
        made.frauds[LATE_REPORT, "named in the text"].add(row["单号"])
    for row in _victims(made, draw, faults=True):
        made.frauds[LATE_REPORT, "hospital reported before"].add(_doubled(made, row, draw))
    for row in _victims(made, draw, faults=True):
        _move(row, REPORTED, timedelta(minutes=draw.randint(15, 90)))
        made.frauds[LATE_REPORT, "no trace"].add(row["单号"])
    for tactic, title in (("own words", ""), ("reworded", "咨询业务怎么办理")):
        for row in _victims(made, draw, faults=True):
            row["类型"], row["标题"] = "咨询", title or row["标题"]
            row["需到场"], row[CAME] = "否", ""
            row[ANSWERED] = _plus(row[REPORTED], timedelta(minutes=draw.randint(65, 115)))
            row[RESTORED] = max(row[RESTORED], _plus(row[ANSWERED], timedelta(minutes=10)))
            row["确认时间"] = max(row["确认时间"], row[RESTORED])
            made.frauds[RETYPE, tactic].add(row["单号"])
    for tactic in ("quick", "poor rating", "no trace"):
        for row in _victims(made, draw, faults=True):
            _closed(row, tactic, draw)
            made.frauds[NO_EVIDENCE, tactic].add(row["单号"])
    return made


def _victims(made: Seeded, draw: Random, *, faults: bool = False, one_person: bool = False) -> list[Row]:
    """Rows that nobody has touched: of one person within one month where the tactic is a habit."""
    taken = set().union(*made.frauds.values()) if made.frauds else set()
    free = [
        row
        for row in made.rows
        if row["单号"] not in taken and row[ANSWERED] and row[RESTORED] and row["确认时间"] and not row["挂起开始"]
        and (row["类型"] == "故障") is faults and row["渠道"] not in ("扫码", "管理端")
        and row[REPORTED] < "2026-11"
    ]  # fmt: skip
    if one_person:
        groups: dict[tuple[str, str], list[Row]] = defaultdict(list)
        for row in free:
            groups[row[REPORTED][:7], row["处理人"]].append(row)
        month, person = draw.choice(sorted(key for key, rows in groups.items() if len(rows) >= EACH - 2))
        free = groups[month, person]
    return draw.sample(free, min(EACH, len(free)))


def _at(text: str) -> datetime:
    return datetime.strptime(text, FORMAT).replace(tzinfo=ZONE)


def _plus(text: str, span: timedelta) -> str:
    return (_at(text) + span).strftime(FORMAT)


def _move(row: Row, name: str, span: timedelta) -> None:
    """Let a ticket be reported later, not past its answer: what a shrunken clock looks like."""
    latest = _at(row[ANSWERED]) - timedelta(minutes=1)
    row[name] = max(_at(row[name]), min(_at(row[name]) + span, latest)).strftime(FORMAT)
    row[TOLD] = max(row[TOLD], row[name])


def _limit(row: Row, calendar: WorkingCalendar) -> timedelta:
    return timedelta(minutes=30 if calendar.is_working(_at(row[REPORTED])) else 60)


def _answer(row: Row, span: timedelta) -> None:
    row[ANSWERED] = _plus(row[REPORTED], span)
    for earlier, later in ((ANSWERED, CAME), (CAME, RESTORED), (ANSWERED, RESTORED), (RESTORED, "确认时间")):
        if row[earlier] and row[later]:
            row[later] = max(row[earlier], row[later])


def _near(row: Row, limit: timedelta, draw: Random) -> None:
    _answer(row, limit * draw.uniform(0.85, 1))


def _round(row: Row, limit: timedelta, draw: Random) -> None:
    """The full or half hour after the report, where that is in time; else near the limit."""
    at = _at(row[REPORTED])
    full = (at + timedelta(minutes=30)).replace(minute=at.minute // 30 * 30, second=0) + timedelta(minutes=0)
    full = full if full > at else full + timedelta(minutes=30)
    _answer(row, full - at if full - at <= limit else limit * draw.uniform(0.85, 1))


def _spread(row: Row, limit: timedelta, draw: Random) -> None:
    _answer(row, min(timedelta(minutes=draw.lognormvariate(1.8, 0.9)), limit))


def _mention(row: Row, draw: Random) -> None:
    began = _at(row[REPORTED])
    _move(row, REPORTED, timedelta(minutes=draw.randint(25, 120)))
    if _at(row[REPORTED]) - began < timedelta(minutes=12):  # the answer was too quick: the whole ticket moves
        span = timedelta(minutes=draw.randint(25, 120))
        for name in (REPORTED, TOLD, ANSWERED, CAME, RESTORED, "确认时间"):
            row[name] = _plus(row[name], span) if row[name] else ""
    told = draw.choice(
        ("{0:%H:%M} 就不行了", "从 {0:%H:%M} 开始", "{0:%-H}点{0:%M}分反映过", "大概 {0:%H:%M} 发现的", "({0:%H:%M})")
    )
    row["问题描述"] += told.format(began)


def _doubled(made: Seeded, row: Row, draw: Random) -> str:
    """The hospital's own report stands; the vendor logs the same matter again, later, and answers that one."""
    again = dict(row)
    row["渠道"] = draw.choice(("扫码", "管理端"))
    again["单号"] = row["单号"][:-5] + str(90_000 + len(made.rows))
    for name in (REPORTED, TOLD, ANSWERED, CAME, RESTORED, "确认时间"):
        again[name] = _plus(again[name], timedelta(minutes=draw.randint(20, 100))) if again[name] else ""
    times = sorted(again[name] for name in (REPORTED, ANSWERED, CAME, RESTORED, "确认时间") if again[name])
    for name, time in zip(
        [n for n in (REPORTED, ANSWERED, CAME, RESTORED, "确认时间") if again[n]], times, strict=True
    ):
        again[name] = time
    again[TOLD] = max(again[TOLD], again[REPORTED])
    if draw.random() < 0.5:
        again["标题"] = again["标题"].replace("打不开", "还是打不开") + "（已电话）"
    made.rows.append(again)
    return again["单号"]


def _closed(row: Row, tactic: str, draw: Random) -> None:
    row["处理过程"] = draw.choice(("", "已处理。", "问题已解决", "好了", "系统已恢复正常使用"))
    if tactic == "quick":
        row[RESTORED] = _plus(row[CAME] or row[ANSWERED], timedelta(minutes=draw.randint(1, 4)))
    if tactic == "poor rating":
        row["满意度"] = str(draw.randint(1, 2))
    else:
        row["满意度"] = row["满意度"] if row["满意度"] not in ("1", "2") else ""
