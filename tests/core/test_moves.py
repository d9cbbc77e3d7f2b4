"""What may happen to a ticket next: every refusal and what lets the same move pass."""

from __future__ import annotations

import pytest

from ops_console.core import tickets as core
from ops_console.core.errors import Refused
from ops_console.core.moves import GUARDS, check_move
from ops_console.core.tickets import Event, TicketFacts
from tests.core.builders import REPORT, after, at, event, on_site, reported, suspended, ticket

NOW = "2026-03-05 17:00:00"
ANSWERED = event(core.RESPONDED, "2026-03-05 09:10")
RESTORED = event(core.RESTORE, "2026-03-05 11:00")
CONFIRMED = event(core.CONFIRMED, "2026-03-05 12:00")
REJECTED = event(core.RESTORE_REJECTED, "2026-03-05 13:00")
REOPENED = event(core.REOPENED, "2026-03-05 13:00")
DECLINED, CANCELLED = event(core.DECLINED, "2026-03-05 10:30"), event(core.CANCEL, "2026-03-05 10:30")
UNDECIDED = suspended("2026-03-05 10:10", "2026-03-05 10:20", approved=None)
DECIDED = suspended("2026-03-05 10:10", "2026-03-05 10:20", approved=False)
OPEN = suspended("2026-03-05 10:10")

NEW = ticket(reported())
WORKING = ticket(reported(), ANSWERED)
WANTED = ticket(reported(needs_onsite=True), ANSWERED)
VISITED = on_site()
DONE = on_site(RESTORED)
CLOSED = on_site(RESTORED, CONFIRMED)
NOT_RESTORED = on_site(RESTORED, REJECTED)
AGAIN = on_site(RESTORED, CONFIRMED, REOPENED)
CONFIRMED_TOO_EARLY = ticket(reported(), ANSWERED, CONFIRMED, event(core.RESTORE, "2026-03-05 14:00"))
CONFIRMED_BUT_NOT_RESTORED = ticket(reported(), ANSWERED, CONFIRMED)

PASSES = [
    (NEW, core.ASSIGNED),
    (NEW, core.ESCALATED),
    (NEW, core.RESPONDED),
    (NEW, core.ONSITE_DECIDED),
    (NEW, core.DECLINED),
    (NEW, core.CANCEL),
    (NEW, core.DESCRIBED),
    (NEW, core.RATED),
    (NEW, core.CORRECTION_PROPOSED),
    (WORKING, core.RESTORE),
    (WORKING, core.SUSPEND),
    (WORKING, core.ONSITE_DECIDED),
    (WORKING, core.DECLINED),
    (WANTED, core.ARRIVED),
    (WANTED, core.ONSITE_DECIDED),
    (VISITED, core.RESTORE),
    (VISITED, core.SUSPEND),
    (VISITED, core.CANCEL),
    (DONE, core.CONFIRMED),
    (DONE, core.RESTORE_REJECTED),
    (CONFIRMED_TOO_EARLY, core.CONFIRMED),
    (CLOSED, core.REOPENED),
    (CLOSED, core.CORRECTION_DECIDED),
    (AGAIN, core.RESTORE),
    (AGAIN, core.SUSPEND),
    (on_site(*OPEN), core.RESUMED),
    (on_site(*OPEN), core.RESTORE),
    (on_site(*DECIDED), core.SUSPEND),
    (on_site(*UNDECIDED), core.SUSPENSION_DECIDED),
    (on_site(*UNDECIDED, RESTORED, CONFIRMED), core.SUSPENSION_DECIDED),
]
REFUSALS = [
    (CLOSED, core.ASSIGNED, "不能再转派或提升"),
    (CLOSED, core.ESCALATED, "不能再转派或提升"),
    (ticket(reported(), DECLINED), core.RESPONDED, "已驳回，不能再登记"),
    (ticket(reported(), CANCELLED), core.DESCRIBED, "已取消，不能再登记"),
    (ticket(reported(), CANCELLED), core.CANCEL, "已取消，不能再登记"),
    (WORKING, core.RESPONDED, "已有响应"),
    (WORKING, core.ARRIVED, "未判定需到场"),
    (VISITED, core.ARRIVED, "已签到到场"),
    (ticket(reported(needs_onsite=True)), core.ARRIVED, "还没有响应"),
    (ticket(reported(needs_onsite=True), ANSWERED, RESTORED), core.ARRIVED, "已登记恢复，不能再签到"),
    (DONE, core.RESTORE, "已登记恢复"),
    (CLOSED, core.RESTORE, "已登记恢复"),
    (WANTED, core.RESTORE, "需到场但还没有签到"),
    (NEW, core.RESTORE, "还没有响应"),
    (VISITED, core.CONFIRMED, "还没有恢复"),
    (VISITED, core.RESTORE_REJECTED, "还没有恢复"),
    (CLOSED, core.CONFIRMED, "已确认关闭"),
    (CLOSED, core.RESTORE_REJECTED, "已确认关闭"),
    (NEW, core.SUSPEND, "还没有响应"),
    (DONE, core.SUSPEND, "不能再挂起"),
    (CLOSED, core.SUSPEND, "不能再挂起"),
    (on_site(*OPEN), core.SUSPEND, "已在挂起中"),
    (on_site(*UNDECIDED), core.SUSPEND, "还在等医院批复"),
    (VISITED, core.RESUMED, "没有在挂起"),
    (on_site(*OPEN, RESTORED), core.RESUMED, "没有在挂起"),
    (VISITED, core.SUSPENSION_DECIDED, "没有等待批准的挂起"),
    (on_site(*DECIDED), core.SUSPENSION_DECIDED, "没有等待批准的挂起"),
    (VISITED, core.ONSITE_DECIDED, "不能再改判是否需到场"),
    (ticket(reported(), ANSWERED, RESTORED), core.ONSITE_DECIDED, "不能再改判是否需到场"),
    (DONE, core.REOPENED, "还没有确认关闭"),
    (NEW, core.REOPENED, "还没有确认关闭"),
    (CONFIRMED_BUT_NOT_RESTORED, core.REOPENED, "还没有确认关闭"),
    (CONFIRMED_TOO_EARLY, core.REOPENED, "还没有确认关闭"),
    (DONE, core.DECLINED, "不能再驳回或取消"),
    (DONE, core.CANCEL, "不能再驳回或取消"),
]


def refusal(facts: TicketFacts, kind: str, when: str = NOW, *, declinable: bool = True) -> Refused:
    """The refusal of a move; a move that passes fails the test."""
    with pytest.raises(Refused) as caught:
        check_move(facts, kind, at(when), declinable=declinable)
    return caught.value


def ids(value: object) -> str:
    return value.state if isinstance(value, TicketFacts) else str(value)


@pytest.mark.parametrize(("facts", "kind"), PASSES, ids=ids)
def test_a_move_that_the_ticket_s_life_allows_passes(facts: TicketFacts, kind: str) -> None:
    check_move(facts, kind, at(NOW))


@pytest.mark.parametrize(("facts", "kind", "words"), REFUSALS, ids=ids)
def test_a_move_that_it_does_not_allow_is_refused_and_says_why(facts: TicketFacts, kind: str, words: str) -> None:
    assert words in str(refusal(facts, kind).sentence)


@pytest.mark.parametrize(("facts", "kind", "words"), REFUSALS, ids=ids)
def test_a_refusal_is_a_whole_chinese_sentence_that_names_the_ticket(facts: TicketFacts, kind: str, words: str) -> None:
    text = str(refusal(facts, kind).sentence)
    assert text.startswith("工单 GD-1 ")
    assert text.endswith("。")
    assert "%(" not in text


def test_every_guard_refuses_somewhere_and_passes_somewhere() -> None:
    assert {kind for _, kind, _ in REFUSALS} >= set(GUARDS)
    assert {kind for _, kind in PASSES} >= set(GUARDS)


# Times


EARLIEST = [
    (NEW, core.RESPONDED, REPORT, "报修"),
    (WANTED, core.ARRIVED, "2026-03-05 09:10:00", "响应"),
    (WORKING, core.RESTORE, "2026-03-05 09:10:00", "响应"),
    (VISITED, core.RESTORE, "2026-03-05 10:00:00", "到场"),
    (AGAIN, core.RESTORE, "2026-03-05 13:00:00", "重开"),
    (NOT_RESTORED, core.RESTORE, "2026-03-05 13:00:00", "登记未恢复"),
    (DONE, core.CONFIRMED, "2026-03-05 11:00:00", "恢复"),
    (DONE, core.RESTORE_REJECTED, "2026-03-05 11:00:00", "恢复"),
    (WORKING, core.SUSPEND, "2026-03-05 09:10:00", "响应"),
    (on_site(*OPEN), core.RESUMED, "2026-03-05 10:10:00", "挂起"),
    (CLOSED, core.REOPENED, "2026-03-05 12:00:00", "确认"),
]


@pytest.mark.parametrize(("facts", "kind", "earliest", "step"), EARLIEST, ids=ids)
def test_a_move_before_the_one_it_follows_is_refused_at_its_time(
    facts: TicketFacts, kind: str, earliest: str, step: str
) -> None:
    check_move(facts, kind, at(earliest))
    with pytest.raises(Refused) as caught:
        check_move(facts, kind, after(-1, earliest))
    assert f"早于{step}时间" in str(caught.value.sentence)
    assert caught.value.field == "occurred_at"


@pytest.mark.parametrize(
    ("when", "passes"), [("2026-03-12 12:00:00", True), ("2026-03-12 12:00:01", False), ("2026-03-05 12:00:00", True)]
)
def test_a_ticket_may_be_reopened_within_seven_days_to_the_second(when: str, passes: bool) -> None:
    if passes:
        check_move(CLOSED, core.REOPENED, at(when))
    else:
        assert "超过 7 天" in str(refusal(CLOSED, core.REOPENED, when).sentence)


# Directives


@pytest.mark.parametrize("events", [(), (ANSWERED,), (ANSWERED, *OPEN)])
def test_a_directive_cannot_be_declined_whatever_its_state(events: tuple[Event, ...]) -> None:
    directive = ticket(reported(REPORT, "指令性任务"), *events)
    assert "指令性任务，乙方不得驳回（合同 一.3）" in str(refusal(directive, core.DECLINED, declinable=False).sentence)


def test_a_directive_may_still_be_cancelled_by_the_hospital() -> None:
    check_move(ticket(reported(REPORT, "指令性任务")), core.CANCEL, at(NOW), declinable=False)
