"""The demo year's figures against what domain §6 asks for: volumes, working time, answers, grades, storylines."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from ops_console.console import PROJECT
from ops_console.core.demo import VOLUMES, days, expected, reports
from ops_console.core.demo_now import SCENES, present
from ops_console.core.demo_steps import OPEN, PROPOSE, PUBLIC, Story, in_order
from ops_console.core.demo_storylines import LATE_ANSWERS
from ops_console.core.demo_year import Year, moment_of, stories
from ops_console.core.tickets import CONFIRMED, CORRECTION_DECIDED, REOPENED, RESPONDED, RESTORE_REJECTED
from ops_console.settings import load
from tests.demo_houses import year

SHANGHAI = ZoneInfo("Asia/Shanghai")
END = datetime(2026, 12, 31, 23, 59, 59, tzinfo=SHANGHAI)
# domain §6.2, expected monthly totals without events
MONTHS = (227, 149, 254, 208, 201, 214, 233, 219, 222, 192, 218, 257)


@pytest.fixture(scope="module")
def drawn() -> Year:
    return year()


@pytest.fixture(scope="module")
def told(drawn: Year) -> list[Story]:
    return stories(drawn, END)


def first(story: Story) -> datetime:
    """When it was reported, as it is claimed."""
    return story.steps[0].claimed_at or story.steps[0].at


def test_expected_monthly_totals_are_those_asked_for(drawn: Year) -> None:
    totals: Counter[int] = Counter()
    for (day, _type), mean in expected(drawn.calendar).items():
        totals[day.month] += mean  # type: ignore[assignment]
    for month, wanted in enumerate(MONTHS, 1):
        assert totals[month] == pytest.approx(wanted, rel=0.03), month
    assert sum(totals.values()) == pytest.approx(sum(v.per_year for v in VOLUMES))


def test_the_quietest_day_is_in_the_spring_festival(drawn: Year) -> None:
    means = expected(drawn.calendar)
    totals = {day: sum(means[day, v.type] for v in VOLUMES) for day in days()}
    assert date(2026, 2, 16) <= min(totals, key=lambda day: totals[day]) <= date(2026, 2, 18)
    assert max(totals.values()) > 6 * min(totals.values())


def test_a_drawn_year_is_near_its_expectation_and_scales(drawn: Year, told: list[Story]) -> None:
    assert 2400 < len(told) < 2850
    means = expected(drawn.calendar)
    quiet = sum(len(reports(day, drawn.calendar, means, 0.6)) for day in days())
    assert 1450 < quiet < 1700


def test_seven_of_ten_reports_come_in_working_time(drawn: Year, told: list[Story]) -> None:
    for kind in ("故障", "咨询"):
        own = [story for story in told if story.type == kind]
        share = sum(drawn.calendar.is_working(first(story)) for story in own) / len(own)
        assert share == pytest.approx(0.73, abs=0.05), kind


def test_who_enters_and_how_late_gives_the_grades_asked_for(told: list[Story]) -> None:
    grades: Counter[str] = Counter()
    for story in told:
        opened = story.steps[0]
        late = opened.at - first(story)
        hospital = opened.act == PUBLIC or opened.who in ("chen.li", "wu.qian", "zheng.hao")
        prompt = late <= timedelta(minutes=15)
        grades["A" if hospital else "B" if prompt else "C" if opened.proved else "D"] += 1
    shares = {grade: count / len(told) for grade, count in grades.items()}
    assert shares["A"] == pytest.approx(0.22, abs=0.025)
    assert shares["B"] == pytest.approx(0.62, abs=0.035)
    assert shares["C"] == pytest.approx(0.135, abs=0.025)
    assert shares["D"] == pytest.approx(0.025, abs=0.012)


def test_most_restores_are_left_without_a_word_and_some_come_back(told: list[Story]) -> None:
    spoken = sum(any(s.act in (CONFIRMED, "public_answer") for s in story.steps) for story in told)
    again = sum(any(s.act in (REOPENED, RESTORE_REJECTED) for s in story.steps) for story in told)
    assert 0.2 < spoken / len(told) < 0.45
    assert again / len(told) == pytest.approx(0.035, abs=0.015)


def test_some_fault_answers_are_late_and_most_are_not(drawn: Year, told: list[Story]) -> None:
    late = total = 0
    for story in told:
        answered = next((s for s in story.steps if s.act == RESPONDED), None)
        if story.type != "故障" or answered is None:
            continue
        limit = timedelta(minutes=30 if drawn.calendar.is_working(first(story)) else 60)
        late += (answered.claimed_at or answered.at) - first(story) > limit
        total += 1
    assert 8 <= late <= 30
    assert total > 150


def test_the_first_monday_after_the_holiday_is_overloaded(told: list[Story]) -> None:
    eleven = datetime(2026, 3, 2, 11, tzinfo=SHANGHAI)
    morning = [s for s in told if first(s).astimezone(SHANGHAI).date() == date(2026, 3, 2) and first(s) < eleven]
    assert len(morning) == 19
    faults = [s for s in morning if s.type == "故障"]
    waits = sorted(
        ((a.claimed_at or a.at) - first(s)) / timedelta(minutes=1)
        for s in faults
        for a in s.steps
        if a.act == RESPONDED
    )
    assert [round(w) for w in waits if w > 30] == sorted(round(m) for m in LATE_ANSWERS)


def test_in_april_four_answers_stand_exactly_at_their_limit_and_were_told_five_hours_later(told: list[Story]) -> None:
    own = [story for story in told if story.key.startswith("story/april")]
    assert len(own) == 4
    for story in own:
        opened, answered = story.steps[0], next(s for s in story.steps if s.act == RESPONDED)
        assert opened.act == OPEN
        assert opened.at - first(story) == timedelta(hours=5)
        assert answered.claimed_at is not None
        assert answered.claimed_at - first(story) == timedelta(minutes=30)
    assert sum(any(s.act == PROPOSE for s in story.steps) for story in own) == 2
    assert sum(any(s.act == CORRECTION_DECIDED for s in story.steps) for story in own) == 2


def test_the_same_day_gives_the_same_steps_and_a_longer_year_the_same_past(drawn: Year, told: list[Story]) -> None:
    until = datetime(2026, 1, 20, 12, tzinfo=SHANGHAI)
    short = stories(year(), until)
    assert in_order(short, until) == in_order(told, until)


@pytest.mark.parametrize(
    ("today", "wanted"),
    [
        (date(2026, 2, 18), datetime(2026, 2, 18, 10, 30, tzinfo=SHANGHAI)),
        (date(2027, 1, 15), END),
        (date(2025, 5, 1), datetime(2026, 1, 1, 10, 30, tzinfo=SHANGHAI)),
        (None, datetime(2026, 11, 26, 16, 0, tzinfo=SHANGHAI)),
    ],
)
def test_the_year_is_built_up_to_the_day_and_never_past_its_end(today: date | None, wanted: datetime) -> None:
    assert moment_of(today, datetime(2026, 11, 26, 8, 0, 0, 5, tzinfo=UTC)) == wanted


@pytest.mark.parametrize(("hour", "minute"), [(2, 20), (8, 20), (18, 20), (23, 20)])
def test_open_tickets_around_now_have_come_as_far_as_they_should(drawn: Year, hour: int, minute: int) -> None:
    now = datetime(2026, 11, 26, hour, minute, tzinfo=UTC)
    found = {story.key: story for story in present(now, load(PROJECT, {}).terms, drawn.calendar)}
    assert len(found) == len(SCENES)
    for key, share in (("now/half", 0.52), ("now/most", 0.83), ("now/passed", 1.07)):
        at = first(found[key])
        limit = 30 if drawn.calendar.is_working(at) else 60
        assert (now - at) / timedelta(minutes=limit) == pytest.approx(share, abs=0.01)
    assert all(step.at <= now for story in found.values() for step in story.steps)


def test_just_after_hours_what_should_be_late_is_late_and_nothing_else(drawn: Year) -> None:
    now = datetime(2026, 11, 26, 10, 50, tzinfo=UTC)  # 18:50: no off-hours answer can be late yet
    found = {story.key: story for story in present(now, load(PROJECT, {}).terms, drawn.calendar)}
    late = set()
    for key in ("now/half", "now/most", "now/passed"):
        at = first(found[key])
        limit = timedelta(minutes=30 if drawn.calendar.is_working(at) else 60)
        late |= {key} if now - at > limit else set()
    assert late == {"now/passed"}
