"""The quick log on both databases: a moment first, its content later, what corrections teach, drafts of a chat."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ops_console.console import Console
from ops_console.core.errors import Refused
from ops_console.core.people import terminal_actor
from ops_console.core.tickets import TicketFacts
from ops_console.services import quick_log, take_backs, tickets
from ops_console.services.quick_log import Entry, moment_of
from tests.conftest import HOSPITAL, NOON, VENDOR, FakeClock, log_ticket

LINE = "门诊收费 王护士 支付宝缴费成功但HIS未到账 "


def log(console: Console, line: str = "", actor: Any = VENDOR, **given: Any) -> TicketFacts:
    with console.write() as session:
        words = console.vocabularies.of(session, console.now())
        entry = Entry(line, given.pop("fields", {}), **given)
        number, taught = quick_log.log(session, console.book(session), words, entry, actor=actor, now=console.now())
    if taught:
        console.vocabularies.forget()
    return facts_of(console, number)


def fill(console: Console, number: str, line: str, **fields: str) -> TicketFacts:
    with console.write() as session:
        words = console.vocabularies.of(session, console.now())
        entry = Entry(line, fields)
        quick_log.fill(session, console.book(session), words, number, entry, actor=VENDOR, now=console.now())
    return facts_of(console, number)


def facts_of(console: Console, number: str) -> TicketFacts:
    with console.read() as session:
        return tickets.view(session, console.book(session), number, VENDOR).facts


def test_a_call_is_reported_and_answered_now(console: Console) -> None:
    facts = log(console, LINE + "电话")
    assert (facts.type, facts.module, facts.channel, facts.department) == ("故障", "门诊缴费", "电话", "门诊收费处")
    assert (facts.personal["reporter"], facts.personal["title"]) == ("王护士", "支付宝缴费成功但HIS未到账")
    assert facts.reported_at == facts.responded_at == NOON


def test_nothing_but_enter_stamps_a_call_and_its_content_follows_without_touching_the_times(
    console: Console, clock: FakeClock
) -> None:
    placeholder = log(console)
    assert (placeholder.channel, placeholder.blanks) == ("电话", ("type", "module", "title"))
    clock.forward(hours=2)
    filled = fill(console, placeholder.number, "药房刘药师 处方打不开")
    assert (filled.blanks, filled.type, filled.channel) == ((), "故障", "电话")
    assert filled.reported_at == filled.responded_at == NOON
    with pytest.raises(Refused) as refused:
        fill(console, placeholder.number, " ")
    assert refused.value.field == "line"


def test_a_chat_line_is_refused_until_it_is_told_when_it_was_said(console: Console) -> None:
    with pytest.raises(Refused) as refused:
        log(console, LINE + "微信群")
    assert refused.value.field == "said"
    facts = log(console, LINE + "微信群", said_minutes=10, answered=True)
    assert facts.reported_at == NOON - timedelta(minutes=10)
    assert facts.responded_at == NOON
    assert log(console, LINE + "QQ", said_minutes=5).responded_at is None
    assert log(console, "9:05 " + LINE + "微信群").reported_at == datetime(2026, 11, 20, 1, 5, tzinfo=UTC)
    assert log(console, "药房 处方打不开", said_minutes=5, chat="QQ").channel == "QQ"


@pytest.mark.parametrize(
    ("head", "ago"),
    [
        ("昨天 21:00", timedelta(hours=21)), ("昨天下午6点", timedelta(hours=24)), ("11-19 21:00", timedelta(hours=21)),
        ("半小时前", timedelta(minutes=30)), ("10分钟前", timedelta(minutes=10)), ("20小时前", timedelta(hours=20)),
    ],
)  # fmt: skip
def test_another_day_or_so_long_ago_is_the_report_time_and_a_claim(console: Console, head: str, ago: timedelta) -> None:
    facts = log(console, f"{head} 药房刘药师 处方打不开 电话")
    assert facts.reported_at == facts.responded_at == NOON - ago
    assert facts.personal["title"] == "处方打不开"
    assert facts.stamps["reported_at"].grade == ("B" if ago <= timedelta(minutes=15) else "D")


@pytest.mark.parametrize(
    ("head", "field", "told"),
    [
        ("昨天 17:59", "occurred_at", "24 小时"), ("前天 21:00", "occurred_at", "24 小时"),
        ("3000分钟前", "occurred_at", "24 小时"),
        ("11-21 9:00", "reported", "11-21 09:00 还没有到"), ("02-29 9:00", "reported", "没有“02-29 9:00”这一天"),
        ("昨天", "said", "昨天"), ("上周三", "said", "上周三"), ("9:5", "said", "9:5"),
    ],
)  # fmt: skip
def test_a_leading_time_that_cannot_be_kept_is_never_stamped_now(
    console: Console, head: str, field: str, told: str
) -> None:
    with pytest.raises(Refused) as refused:
        log(console, f"{head} 药房刘药师 处方打不开 电话")
    assert refused.value.field == field
    assert told in str(refused.value.sentence)


def test_what_a_chip_says_answers_an_open_day_and_overrules_the_line(console: Console) -> None:
    line = "昨天 药房 处方打不开"
    chip = log(console, line, said_minutes=10, chat="微信群")
    assert (chip.reported_at, chip.channel, chip.personal["title"]) == (
        NOON - timedelta(minutes=10), "", "昨天 处方打不开",
    )  # fmt: skip
    assert log(console, line, fields={"reported": "21:00"}).reported_at == NOON - timedelta(hours=21)
    now = log(console, "前天 21:00 药房 处方打不开 电话", said_minutes=0)
    assert (now.reported_at, now.personal["title"]) == (NOON, "前天 21:00 处方打不开")


def test_a_time_corrected_by_hand_is_of_the_day_that_the_line_names(console: Console) -> None:
    facts = log(console, "昨天 21:00 药房 处方打不开 电话", fields={"reported": "21:05"})
    assert facts.reported_at == NOON - timedelta(hours=20, minutes=55)


def test_the_time_is_told_as_far_as_it_was_stated(console: Console) -> None:
    with console.read() as session:
        words = console.vocabularies.of(session, NOON)
    told = [
        quick_log.guessed(entry, words, NOON)
        for entry in (
            Entry("药房 处方打不开"), Entry("半小时前 药房 处方打不开"), Entry("昨天 21:00 药房 处方打不开"),
            Entry("药房 处方打不开", said_minutes=12), Entry("9:05 药房 处方打不开", said_minutes=0),
            Entry("药房 处方打不开", said_minutes=19 * 60),
        )
    ]  # fmt: skip
    assert [(one["reported"], one["day"]) for one in told] == [
        ("", ""), ("17:30", ""), ("21:00", "11-19"), ("17:48", ""), ("18:00", ""), ("23:00", "11-19"),
    ]  # fmt: skip


def test_a_call_told_later_was_answered_when_it_came(console: Console) -> None:
    facts = log(console, "17:20 电话 药房刘药师 处方打不开")
    assert facts.reported_at == facts.responded_at == NOON - timedelta(minutes=40)


def test_who_may_not_record_opens_without_answering(console: Console) -> None:
    assert log(console, LINE + "电话", actor=HOSPITAL).responded_at is None
    assert log(console, LINE + "电话", actor=terminal_actor("root")).responded_at is None


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("18:00", datetime(2026, 11, 20, 10, 0, tzinfo=UTC)),
        ("09:05", datetime(2026, 11, 20, 1, 5, tzinfo=UTC)),
        ("00:00", datetime(2026, 11, 19, 16, 0, tzinfo=UTC)),
    ],
)
def test_a_time_of_day_is_todays(typed: str, expected: datetime) -> None:
    assert moment_of(typed, NOON) == expected


@pytest.mark.parametrize("typed", ["18:01", "23:59", "24:00", "9:5x", "昨天"])
def test_a_time_to_come_or_none_at_all_is_refused(typed: str) -> None:
    with pytest.raises(Refused) as refused:
        moment_of(typed, NOON)
    assert refused.value.field == "reported"


def test_soon_after_midnight_a_late_hour_is_of_the_evening_before() -> None:
    assert moment_of("23:50", datetime(2026, 11, 19, 16, 10, tzinfo=UTC)) == datetime(2026, 11, 19, 15, 50, tzinfo=UTC)


def test_a_correction_is_kept_as_an_event_and_reads_the_next_line(console: Console) -> None:
    first = log(console, "二楼自助区 自助机吞卡 电话", fields={"module": "门诊缴费", "department": "门诊收费处"})
    assert (first.module, first.department) == ("门诊缴费", "门诊收费处")
    again = log(console, "二楼自助区 自助机吞卡 电话")
    assert again.module == "门诊缴费"


def test_the_sites_own_departments_and_people_are_learned_from_its_tickets(console: Console, clock: FakeClock) -> None:
    log_ticket(console, department="便民驿站", reporter="王芳")
    clock.forward(minutes=6)
    facts = log(console, "便民驿站王芳 处方打不开 电话")
    assert (facts.department, facts.personal["reporter"]) == ("便民驿站", "王芳")


def test_a_long_line_keeps_all_of_it_and_one_above_the_most_is_refused(console: Console) -> None:
    facts = log(console, "电话 " + "打不开" * 100)
    assert len(facts.personal["title"]) == 200
    assert facts.personal["description"] == "打不开" * 100
    log(console, "字" * quick_log.LONGEST_LINE)
    with pytest.raises(Refused) as refused:
        log(console, "字" * (quick_log.LONGEST_LINE + 1))
    assert refused.value.field == "line"


def test_what_was_just_logged_is_taken_back(console: Console, clock: FakeClock) -> None:
    number = log(console, LINE + "电话").number
    clock.forward(seconds=60)
    with console.write() as session:
        take_backs.take_back(session, console.book(session), number, VENDOR, console.now())
    assert facts_of(console, number).state == "已撤回"


def test_pasted_chat_becomes_drafts_each_with_its_time_the_old_and_the_polite_unticked(console: Console) -> None:
    block = "王护士(门诊收费) 17:12: 扫码付失败\n李工 17:13\n收到\n"
    block += "陈医生 2026-11-19 17:59:59\n白屏\n周会计 昨天 18:00\n对账差3笔"
    with console.read() as session:
        found = quick_log.drafts(block, console.vocabularies.of(session, NOON), NOON)
    assert [(d.guess.department, d.guess.reporter, d.chatter, d.too_old) for d in found] == [
        ("门诊收费处", "王护士", False, False), (None, "李工", True, False), (None, "陈医生", False, True),
        (None, "周会计", False, False),
    ]  # fmt: skip
    assert found[0].message.said_at == NOON - timedelta(minutes=48)
