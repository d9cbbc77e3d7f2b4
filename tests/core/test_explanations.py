"""Why a clock stands where it stands, as sentences that both parties can check."""

from __future__ import annotations

import pytest

from ops_console.core import tickets as core
from ops_console.core.clocks import class_of, clocks_of
from ops_console.core.explanations import Explanation, explain, rule_sentence
from ops_console.core.terms import VersionInForce
from ops_console.core.tickets import Event, TicketFacts
from ops_console.core.working_time import working_calendar
from tests.core.builders import (
    HOUR,
    LIMITS,
    MINUTE,
    REPORT,
    YEARS,
    after,
    at,
    event,
    known,
    on_site,
    reported,
    suspended,
    ticket,
    version,
)

LATE = at("2029-01-31 18:00")


def explained(
    facts: TicketFacts, kind: str, now: object = LATE, *, by: VersionInForce | None = None, years: tuple[int, ...] = ()
) -> Explanation:
    """One clock of a ticket explained as of `now`, judged by a version and the years its source knows."""
    used = by or version()
    days = working_calendar(used, (), known(*(years or YEARS)))
    klass, provisional = class_of(facts.reported_at, days), days.is_provisional(facts.reported_at)
    found = {clock.kind: clock for clock in clocks_of(facts, used.terms, klass, provisional=provisional)}
    return explain(found[kind], used, days, facts.reported_at, now)  # type: ignore[arg-type]


def answered(seconds: int, start: str = REPORT) -> TicketFacts:
    return ticket(reported(start), event(core.RESPONDED, after(seconds, start)))


def repair(*events: Event, now: object = LATE) -> Explanation:
    return explained(on_site(*events), "repair", now)


# The rule


@pytest.mark.parametrize(
    ("index", "klass", "text"),
    [
        (0, "work", "工作时间报修，从报修起应在 0:30:00内响应；合同 二.1.⑦（C-15）"),
        (1, "off", "非工作时间报修，从报修起应在 1:00:00内响应；合同 二.1.⑦（C-16）"),
        (2, "work", "工作时间报修，从报修起应在 2:00:00内到场；合同 二.1.⑦（C-17）"),
        (3, "off", "非工作时间报修，从到场起应在 4:00:00内恢复；合同 二.1.⑦（C-18）"),
        (4, "work", "工作时间报修，从报修起应在 2:00:00内响应；合同 二.3（C-38）"),
    ],
)
def test_the_headline_is_the_rule_with_its_clause(index: int, klass: str, text: str) -> None:
    assert str(rule_sentence(LIMITS[index], klass)) == text


# The class


@pytest.mark.parametrize(
    ("start", "day", "klass"),
    [
        (REPORT, "工作日", "工作时间"),
        ("2026-03-05 18:00:00", "工作日", "非工作时间"),
        ("2026-03-07 10:00:00", "周末", "非工作时间"),
        ("2026-10-05 10:00:00", "法定节假日", "非工作时间"),
        ("2026-10-10 10:00:00", "调休上班日", "工作时间"),
        ("2026-01-04 20:00:00", "调休上班日", "非工作时间"),
    ],
)
def test_the_class_is_explained_by_the_day_and_the_hours(start: str, day: str, klass: str) -> None:
    text = str(explained(answered(60, start), "response").class_why)
    assert f"当天是{day}，工作时间为工作日 08:00–18:00（前闭后开）" in text
    assert text.endswith(f"按报修时刻一次定为{klass}")


def test_breaks_are_cut_out_of_the_hours_that_the_explanation_names() -> None:
    with_break = version(breaks=(("12:00", "13:30"),))
    text = str(explained(answered(60, "2026-03-05 12:30:00"), "response", by=with_break).class_why)
    assert "工作日 08:00–12:00、13:30–18:00（前闭后开）" in text
    assert text.endswith("定为非工作时间")


def test_a_year_without_data_is_named_and_the_class_is_provisional() -> None:
    found = explained(answered(60), "response", years=(2025,))
    assert "2026 年节假日安排尚未录入，按周末规则暂定为工作时间" in str(found.class_why)
    assert str(found.version).endswith("日历：暂定（仅按周末）")


def test_the_version_and_the_calendar_are_named() -> None:
    assert (
        str(explained(answered(60), "response").version) == "合同第 1 版（自 2025-01-01 起计），日历：2026 年（test）"
    )


# Intervals


def test_every_interval_has_a_reason_and_a_running_total() -> None:
    found = repair(*suspended("2026-03-05 11:00", "2026-03-05 12:00"), event(core.RESTORE, "2026-03-05 13:00"))
    assert [(line.interval.seconds, line.total_seconds, str(line.why)) for line in found.lines] == [
        (HOUR, HOUR, "连续计时（自然时间）"),
        (HOUR, HOUR, "医院批准的挂起，不计时：等厂商"),
        (HOUR, 2 * HOUR, "连续计时（自然时间）"),
    ]
    assert (found.active_seconds, found.raw_seconds) == (2 * HOUR, 3 * HOUR)


def test_solved_time_is_an_interval_of_its_own() -> None:
    done = (event(core.RESTORE, "2026-03-05 11:00"), event(core.CONFIRMED, "2026-03-05 12:00"))
    found = repair(*done, event(core.REOPENED, "2026-03-05 13:00"), event(core.RESTORE, "2026-03-05 14:00"))
    assert [str(line.why) for line in found.lines][1] == "已恢复并确认，不计时"
    assert found.active_seconds == found.raw_seconds == 2 * HOUR


def test_overlapping_pauses_are_one_interval_with_both_reasons() -> None:
    first = suspended("2026-03-05 11:00", "2026-03-05 12:00", reason="等支付宝")
    second = suspended("2026-03-05 12:00", "2026-03-05 13:00", reason="等银行")
    other = suspended("2026-03-05 13:30", "2026-03-05 13:40", reason="等运营商")
    found = repair(*first, *second, *other, event(core.RESTORE, "2026-03-05 14:00"))
    paused = [str(line.why) for line in found.lines if not line.interval.counted]
    assert paused == ["医院批准的挂起，不计时：等支付宝；等银行", "医院批准的挂起，不计时：等运营商"]


@pytest.mark.parametrize("word", [None, False])
def test_pauses_that_do_not_count_are_listed_apart(word: bool | None) -> None:
    found = repair(*suspended("2026-03-05 11:00", "2026-03-05 12:00", approved=word), now=at("2026-03-05 13:00"))
    assert [(s.started_at, s.approved) for s in found.refused_pauses] == [(at("2026-03-05 11:00"), word)]
    assert [line.interval.counted for line in found.lines] == [True]


# Verdicts


def test_a_kept_clock_says_how_much_it_used() -> None:
    found = explained(answered(30 * MINUTE), "response")
    assert (found.result, str(found.verdict)) == ("met", "用时 0:30:00，未超过 0:30:00：达标")
    assert found.deadline == after(30 * MINUTE)


def test_a_broken_clock_says_by_how_much() -> None:
    found = explained(answered(30 * MINUTE + 1), "response")
    assert (found.result, str(found.verdict)) == ("breached", "用时 0:30:01，比时限 0:30:00多用 0:00:01：超时")


def test_a_running_clock_says_what_is_left_as_of_t() -> None:
    found = explained(ticket(reported()), "response", after(10 * MINUTE))
    assert (found.result, str(found.verdict)) == ("running", "已用 0:10:00，时限 0:30:00，还剩 0:20:00")


def test_a_paused_clock_has_no_deadline_and_keeps_what_is_left() -> None:
    found = repair(*suspended("2026-03-05 11:00"), now=at("2026-03-06 11:00"))
    assert (found.deadline, found.result) == (None, "running")
    assert str(found.verdict) == "已用 1:00:00，时限 4:00:00，还剩 3:00:00"


def test_the_raw_reading_stands_beside_the_adjusted_one() -> None:
    found = repair(*suspended("2026-03-05 11:00", "2026-03-05 16:00"), event(core.RESTORE, "2026-03-05 17:00"))
    assert (found.result, found.raw_result) == ("met", "breached")
    assert (found.active_seconds, found.raw_seconds) == (2 * HOUR, 7 * HOUR)
