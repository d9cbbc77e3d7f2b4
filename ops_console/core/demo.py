"""How much happens when in the demo year: volumes, days, hours (domain §6.1 to §6.3). The same seed, the same year.

Not for what becomes of a report (`core/demo_lives.py`) nor for scripted events (`core/demo_storylines.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from math import exp
from random import Random

from ops_console.core.moments import ZONE, day_start
from ops_console.core.working_time import OPEN_DAYS, WorkingCalendar

FIRST, LAST = date(2026, 1, 1), date(2026, 12, 31)
SEED = "demo-2026"
CHANNELS = ("微信群", "电话", "当面", "扫码", "管理端", "QQ")
RECKONED = ("对账异常", "数据提取")  # twice as much at the turn of a month


@dataclass(frozen=True)
class Volume:
    """One type of ticket: how many a year, the modules it mostly concerns (codes), its channels' shares in percent."""

    type: str
    per_year: int
    modules: tuple[str, ...]
    channels: tuple[int, ...]


VOLUMES = (
    Volume("咨询", 1180, ("M-01", "M-02", "M-04", "M-09"), (48, 27, 10, 8, 5, 2)),
    Volume("故障", 300, ("M-02", "M-01", "M-17", "M-10", "M-09"), (40, 30, 8, 15, 5, 2)),
    Volume("对账异常", 240, ("M-02", "M-17"), (20, 15, 15, 0, 50, 0)),
    Volume("配置变更", 210, ("M-15", "M-01", "M-11"), (40, 20, 20, 5, 13, 2)),
    Volume("数据提取", 190, ("M-15", "M-08", "M-16"), (30, 15, 35, 0, 20, 0)),
    Volume("数据纠错", 170, ("M-03", "M-08", "M-10"), (45, 25, 10, 10, 10, 0)),
    Volume("缺陷", 130, ("M-09", "M-10", "M-15"), (40, 15, 10, 10, 25, 0)),
    Volume("环境问题", 70, ("M-01", "M-07"), (40, 35, 15, 10, 0, 0)),
    Volume("功能维护", 48, ("M-15", "M-09", "M-12"), (30, 10, 40, 0, 20, 0)),
    Volume("告知宣传", 18, ("M-12", "M-06"), (30, 10, 40, 0, 20, 0)),
    Volume("接口与上传", 14, ("M-17",), (40, 20, 20, 0, 20, 0)),
    Volume("升级发布", 14, ("M-15", "M-02", "M-01"), (20, 0, 40, 0, 40, 0)),
    Volume("性能优化", 10, ("M-01", "M-17"), (20, 10, 50, 0, 20, 0)),
)
TYPES = tuple(volume.type for volume in VOLUMES)
WEEKDAYS = (1.30, 1.12, 1.05, 1.00, 0.98, 0.60, 0.42)
MONTHS = (1.06, 0.90, 1.14, 1.00, 0.98, 1.00, 1.04, 1.00, 1.03, 0.96, 1.02, 1.14)
HOLIDAY, SPRING, SPRING_CORE, MAKEUP = 0.42, 0.32, 0.18, 0.85
SPRING_DAYS, CORE_DAYS = (date(2026, 2, 15), date(2026, 2, 23)), (date(2026, 2, 16), date(2026, 2, 18))
AFTER_BREAK, LONG_BREAK = (1.35, 1.20, 1.10), 5
RELEASES = tuple(
    date(2026, month, day)
    for month, day in ((1, 15), (2, 5), (3, 19), (4, 16), (5, 21), (5, 28), (6, 11), (7, 16), (8, 20), (9, 10), (9, 17),
                       (10, 22), (11, 19), (12, 17))
)  # fmt: skip
AFTER_RELEASE = (1.5, 1.25, 1.25)
WORKDAY_HOURS = (
    0.4, 0.3, 0.2, 0.2, 0.2, 0.3, 1.0, 3.5, 12.0, 14.0, 13.0, 9.0, 4.0, 4.5, 10.0, 9.8, 8.0, 4.5, 2.0, 1.6, 1.5, 1.2,
    0.9, 0.6,
)  # fmt: skip
FREE_HOURS = (
    1.2, 0.8, 0.6, 0.5, 0.5, 0.8, 2.5, 6, 10, 11, 10, 7.5, 5.5, 5, 6, 6, 5.5, 5, 4.5, 4, 3.5, 3, 2.2, 1.6
)  # fmt: skip


@dataclass(frozen=True)
class Report:
    """That something is reported: when (aware), of which type, through which channel; its key names it for good."""

    key: str
    at: datetime
    type: str
    channel: str


def days() -> Iterator[date]:
    """Return the days of the contract year, in order."""
    return (FIRST + timedelta(days=n) for n in range((LAST - FIRST).days + 1))


def is_open(day: date, calendar: WorkingCalendar) -> bool:
    """Given a day and the working calendar, say whether it is a working day."""
    return calendar.day_kind(day_start(day)) in OPEN_DAYS


def day_weight(day: date, calendar: WorkingCalendar) -> float:
    """Given a day, return how busy it is beside others, without events: by weekday, holiday and month."""
    return _by_kind(day, calendar) * MONTHS[day.month - 1] * _after_break(day, calendar)


def _by_kind(day: date, calendar: WorkingCalendar) -> float:
    kind = calendar.day_kind(day_start(day))
    if kind == "makeup":
        return MAKEUP
    if is_open(day, calendar) or not _in_break(day, calendar):
        return WEEKDAYS[day.weekday()]
    if CORE_DAYS[0] <= day <= CORE_DAYS[1]:
        return SPRING_CORE
    return SPRING if SPRING_DAYS[0] <= day <= SPRING_DAYS[1] else HOLIDAY


def _in_break(day: date, calendar: WorkingCalendar) -> bool:
    return any(calendar.day_kind(day_start(d)) == "holiday" for d in _closed_run(day, calendar))


def _closed_run(day: date, calendar: WorkingCalendar) -> list[date]:
    """The closed days next to each other of which this is one."""
    first = last = day
    while not is_open(first - timedelta(days=1), calendar):
        first -= timedelta(days=1)
    while not is_open(last + timedelta(days=1), calendar):
        last += timedelta(days=1)
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def _after_break(day: date, calendar: WorkingCalendar) -> float:
    if not is_open(day, calendar):
        return 1.0
    earlier, past = day, 0
    while past < len(AFTER_BREAK):
        earlier -= timedelta(days=1)
        if is_open(earlier, calendar):
            past += 1
        elif len(_closed_run(earlier, calendar)) >= LONG_BREAK:
            return AFTER_BREAK[past]
        else:
            earlier = _closed_run(earlier, calendar)[0]
    return 1.0


def event_factor(day: date) -> float:
    """Given a day, return by how much a release of that day, or just before, adds to it."""
    return max((AFTER_RELEASE[n] for n in range(3) if day - timedelta(days=n) in RELEASES), default=1.0)


def _month_turn(day: date, calendar: WorkingCalendar) -> float:
    """Twice as much to reckon on the last two and the first three working days of a month."""
    if not is_open(day, calendar):
        return 1.0
    month = [d for d in days() if (d.year, d.month) == (day.year, day.month) and is_open(d, calendar)]
    return 2.0 if day in (*month[:3], *month[-2:]) else 1.0


Means = Mapping[tuple[date, str], float]


def expected(calendar: WorkingCalendar) -> Means:
    """Given the calendar, return how many tickets of each type each day expects, without events."""
    base = {day: day_weight(day, calendar) for day in days()}
    turned = {day: weight * _month_turn(day, calendar) for day, weight in base.items()}
    found: dict[tuple[date, str], float] = {}
    for volume in VOLUMES:
        weights = turned if volume.type in RECKONED else base
        total = sum(weights.values())
        found.update({(day, volume.type): volume.per_year * w / total for day, w in weights.items()})
    return found


def reports(day: date, calendar: WorkingCalendar, means: Means, scale: float = 1.0) -> list[Report]:
    """Given a day of the year and what `expected` says, return its reports in order.

    `scale` 0.6 to 1.6 makes a quieter or busier house.
    """
    random = Random(f"{SEED}/{day}")  # noqa: S311 - figures of a demo, no secrets
    hours = WORKDAY_HOURS if is_open(day, calendar) else FREE_HOURS
    found = []
    for volume in VOLUMES:
        mean = means[day, volume.type] * event_factor(day) * scale
        for _ in range(_poisson(random, mean)):
            [hour] = random.choices(range(24), hours)
            [channel] = random.choices(CHANNELS, volume.channels)
            at = datetime.combine(day, time(hour, random.randrange(60), random.randrange(60)), tzinfo=ZONE)
            found.append((at, volume.type, channel))
    return [Report(f"{day}/{n}", *rest) for n, rest in enumerate(sorted(found))]


def _poisson(random: Random, mean: float) -> int:
    count, product, floor = 0, random.random(), exp(-mean)
    while product > floor:
        count, product = count + 1, product * random.random()
    return count


def shifted(at: datetime, minutes: float) -> datetime:
    """Given an instant and minutes, return the instant that much later, in whole seconds."""
    return at + timedelta(seconds=round(minutes * 60))


def next_opening(at: datetime, calendar: WorkingCalendar, random: Random) -> datetime:
    """Given an instant, return it when it lies in working time, else a moment of the next working morning."""
    if calendar.is_working(at):
        return at
    day = at.astimezone(ZONE).date()
    opens = datetime.combine(day, time(8, 10), tzinfo=ZONE)
    while not is_open(day, calendar) or opens < at:
        day += timedelta(days=1)
        opens = datetime.combine(day, time(8, 10), tzinfo=ZONE)
    return shifted(opens, random.uniform(0, 110))


def on_duty(at: datetime, calendar: WorkingCalendar, people: Sequence[str]) -> str:
    """Given an instant and who takes turns (in working time the first), return whose turn it is."""
    day = at.astimezone(ZONE).date()
    return people[0] if calendar.is_working(at) else people[1 + day.toordinal() % (len(people) - 1)]
