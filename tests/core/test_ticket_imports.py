"""What a sheet row does to a ticket: begins it, fills it, proposes corrections, or changes nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from ops_console.core import tickets as core
from ops_console.core.ticket_folds import fold
from ops_console.core.ticket_imports import PROPOSABLE, Left, RowPlan, Taker, plan, sheet_row_of
from ops_console.core.ticket_sheets import SheetRow
from ops_console.core.tickets import Event, TicketFacts
from tests.core.builders import actor, after, at, event, reported, sheet_row, suspended, ticket

NOW = at("2026-11-20 18:00")
TAKER = Taker(actor("vendor"), NOW)
FULL: dict[str, Any] = {
    "needs_onsite": True,
    "responded_at": "2026-03-05 09:10:00",
    "arrived_at": "2026-03-05 10:00:00",
    "restored_at": "2026-03-05 12:00:00",
    "confirmed_at": "2026-03-05 15:00:00",
    "suspended_from": "2026-03-05 10:30:00",
    "suspended_until": "2026-03-05 11:00:00",
    "suspension_reason": "等厂商",
    "suspension_approved": True,
    "handler": "何工",
    "mode": "现场",
    "process": "修改配置并验证。",
    "rating": 4,
}


class Sheet:
    """A ticket fed by sheets: keeps the events that each import appends, as the store does."""

    def __init__(self, *events: Event) -> None:
        self.events = list(events)

    @property
    def facts(self) -> TicketFacts:
        return ticket(*self.events)

    def take(self, row: SheetRow, taker: Taker = TAKER) -> RowPlan:
        """Import a row and keep what it appends."""
        made = plan(row, fold("GD-1", self.events), taker)
        self.events += made.events
        return made


def imported(**given: Any) -> Sheet:
    """A ticket that a row began."""
    sheet = Sheet()
    sheet.take(sheet_row(**given))
    return sheet


def kinds(made: RowPlan) -> list[str]:
    return [event.kind for event in made.events]


# A new ticket


def test_a_row_of_an_unknown_number_begins_a_ticket() -> None:
    made = plan(sheet_row(), None, TAKER)
    assert (made.outcome, kinds(made), made.left) == ("imported", ["reported"], ())


def test_only_the_report_is_recorded_at_the_sheet_s_own_time() -> None:
    made = plan(sheet_row(recorded_at="2026-03-05 09:30:00", responded_at="2026-03-05 09:10:00"), None, TAKER)
    told = [(e.kind, e.occurred_at, e.recorded_at) for e in made.events]
    assert told == [
        ("reported", at("2026-03-05 09:00"), at("2026-03-05 09:30")),
        ("responded", at("2026-03-05 09:10"), NOW),
    ]


def test_every_imported_event_says_who_imported_it_and_has_the_grade_of_an_import() -> None:
    made = plan(sheet_row(**FULL), None, TAKER)
    assert {(e.actor, e.side, e.grade) for e in made.events} == {("yf", "vendor", "导入")}
    assert made.events[0].channel == "电话"


def test_a_full_row_becomes_one_event_for_each_thing_that_happened() -> None:
    made = plan(sheet_row(**FULL), None, TAKER)
    assert kinds(made) == [
        "reported", "responded", "arrived", "restored", "confirmed", "suspended", "resumed", "rated",
    ]  # fmt: skip


def test_an_imported_ticket_says_again_what_its_row_said() -> None:
    row = sheet_row(**FULL)
    sheet = Sheet()
    sheet.take(row)
    assert sheet_row_of(sheet.facts) == replace(row, row=0)


def test_personal_texts_stay_out_of_the_hashed_facts() -> None:
    made = plan(sheet_row(**FULL), None, TAKER)
    hashed = str([dict(e.facts) for e in made.events])
    assert not any(text in hashed for text in ("刘药师", "0000855406", "打不开", "请处理", "修改配置"))
    assert made.events[0].personal["reporter"] == "刘药师"


def test_blank_personal_texts_are_not_kept_at_all() -> None:
    made = plan(sheet_row(reporter="", phone="", description=""), None, TAKER)
    assert made.events[0].personal == {"title": "打不开"}


@pytest.mark.parametrize("word", [None, False, True])
def test_a_suspension_keeps_the_hospital_s_word_and_blank_is_no_word(word: bool | None) -> None:
    sheet = imported(**{**FULL, "suspension_approved": word})
    assert [s.approved for s in sheet.facts.suspensions] == [word]


def test_a_reason_or_a_word_without_a_suspension_is_not_kept() -> None:
    made = plan(sheet_row(suspension_reason="等厂商", suspension_approved=True), None, TAKER)
    assert kinds(made) == ["reported"]


# The same again


@pytest.mark.parametrize("given", [{}, FULL, {"rating": 5}, {"process": "已处理"}, {"suspension_reason": "等厂商"}])
def test_the_same_row_again_changes_nothing(given: dict[str, Any]) -> None:
    made = imported(**given).take(sheet_row(**given))
    assert made == RowPlan("unchanged", (), ())


def test_a_blank_removes_nothing() -> None:
    sheet = imported(**FULL)
    blank = dict.fromkeys(("department", "reporter", "phone", "description"), "")
    made = sheet.take(sheet_row(needs_onsite=True, **blank))
    assert made == RowPlan("unchanged", (), ())
    assert sheet_row_of(sheet.facts) == sheet_row(**FULL, row=0)


@pytest.mark.parametrize("phone", ["855406", "0855406", "00000855406"])
def test_phones_compare_without_leading_zeros(phone: str) -> None:
    assert imported().take(sheet_row(phone=phone)) == RowPlan("unchanged", (), ())


# A blank now filled

FILLS = [
    ({"responded_at": "2026-03-05 09:10:00"}, "responded", {}),
    ({"arrived_at": "2026-03-05 10:00:00"}, "arrived", {}),
    ({"restored_at": "2026-03-05 12:00:00"}, "restored", {}),
    ({"confirmed_at": "2026-03-05 15:00:00"}, "confirmed", {}),
    ({"suspended_from": "2026-03-05 10:30:00"}, "suspended", {"approved": None}),
    ({"rating": 4}, "rated", {"rating": 4}),
    ({"department": "检验科"}, "described", {"department": "检验科"}),
    ({"handler": "何工"}, "described", {"handler": "何工"}),
    ({"mode": "远程"}, "described", {"mode": "远程"}),
    ({"reporter": "李护士"}, "described", {}),
    ({"phone": "0000111111"}, "described", {}),
    ({"description": "白屏"}, "described", {}),
    ({"process": "重启"}, "described", {}),
]
BLANK: dict[str, Any] = {"needs_onsite": True, "department": "", "reporter": "", "phone": "", "description": ""}


@pytest.mark.parametrize(
    ("filled", "kind", "facts"), FILLS, ids=lambda value: next(iter(value), "") if isinstance(value, dict) else value
)
def test_a_blank_now_filled_becomes_one_new_event_and_then_no_more(
    filled: dict[str, Any], kind: str, facts: dict[str, object]
) -> None:
    sheet = imported(**BLANK)
    made = sheet.take(sheet_row(**{**BLANK, **filled}))
    assert (made.outcome, kinds(made), made.left) == ("completed", [kind], ())
    assert dict(made.events[0].facts) == facts
    assert sheet_row_of(sheet.facts) == sheet_row(**{**BLANK, **filled}, row=0)
    assert sheet.take(sheet_row(**{**BLANK, **filled})) == RowPlan("unchanged", (), ())


def test_filled_personal_texts_are_in_the_personal_part() -> None:
    made = imported(**BLANK).take(sheet_row(**{**BLANK, "reporter": "李护士", "process": "重启", "mode": "远程"}))
    assert [(dict(e.facts), dict(e.personal)) for e in made.events] == [
        ({"mode": "远程"}, {"reporter": "李护士", "process": "重启"})
    ]


def test_what_is_told_with_a_restore_goes_into_that_event() -> None:
    told = {"restored_at": "2026-03-05 12:00:00", "handler": "何工", "mode": "远程", "process": "重启"}
    (made,) = imported(**BLANK).take(sheet_row(**{**BLANK, **told})).events
    assert (made.kind, dict(made.facts)) == ("restored", {"handler": "何工", "mode": "远程"})
    assert made.personal == {"process": "重启"}


def test_the_end_and_the_reason_of_a_suspension_may_come_later() -> None:
    open_one = {"suspended_from": "2026-03-05 10:30:00"}
    sheet = imported(**open_one)
    ended = {**open_one, "suspended_until": "2026-03-05 11:00:00", "suspension_reason": "等厂商"}
    made = sheet.take(sheet_row(**ended))
    assert (made.outcome, kinds(made)) == ("completed", ["resumed", "described"])
    (suspension,) = sheet.facts.suspensions
    assert (suspension.ended_at, suspension.reason) == (at("2026-03-05 11:00"), "等厂商")
    assert sheet.take(sheet_row(**ended)).outcome == "unchanged"


@pytest.mark.parametrize("word", [True, False])
def test_the_hospital_s_word_on_a_suspension_may_come_later(word: bool) -> None:
    waiting = {**FULL, "suspension_approved": None}
    sheet = imported(**waiting)
    made = sheet.take(sheet_row(**{**waiting, "suspension_approved": word}))
    assert (made.outcome, kinds(made)) == ("completed", ["suspension_decided"])
    assert [s.approved for s in sheet.facts.suspensions] == [word]
    assert sheet.take(sheet_row(**{**waiting, "suspension_approved": word})).outcome == "unchanged"


# Corrections

DIFFERENT = {
    "type": "缺陷",
    "needs_onsite": False,
    "reported_at": "2026-03-05 08:55:00",
    "recorded_at": "2026-03-05 09:01:00",
    "responded_at": "2026-03-05 09:11:00",
    "arrived_at": "2026-03-05 10:01:00",
    "restored_at": "2026-03-05 12:01:00",
    "confirmed_at": "2026-03-05 15:01:00",
    "suspended_from": "2026-03-05 10:31:00",
    "suspended_until": "2026-03-05 11:01:00",
}


def differing(name: str) -> SheetRow:
    return sheet_row(**{**FULL, name: DIFFERENT[name]})


def answer(sheet: Sheet, name: str, approved: bool, *, days: int = 1) -> None:
    """The hospital's word on the waiting correction of a field, some days after the first import."""
    when = NOW + timedelta(days=days)
    sheet.events.append(event(core.CORRECTION_DECIDED, when, side="hospital", field=name, approved=approved))


def test_every_proposable_field_is_tried() -> None:
    assert set(DIFFERENT) == set(PROPOSABLE)


@pytest.mark.parametrize("name", PROPOSABLE)
def test_another_time_type_or_visit_is_proposed_once_and_waits(name: str) -> None:
    sheet = imported(**FULL)
    before = sheet_row_of(sheet.facts)
    made = sheet.take(differing(name))
    assert (made.outcome, kinds(made), made.left) == ("corrected", ["correction_proposed"], ())
    assert made.events[0].facts["field"] == name
    assert (made.events[0].occurred_at, made.events[0].recorded_at) == (NOW, NOW)
    assert sheet_row_of(sheet.facts) == before
    assert sheet.take(differing(name)) == RowPlan("unchanged", (), ())


@pytest.mark.parametrize("name", PROPOSABLE)
def test_an_accepted_correction_counts_and_the_sheet_then_agrees(name: str) -> None:
    sheet = imported(**FULL)
    sheet.take(differing(name))
    answer(sheet, name, approved=True)
    assert sheet_row_of(sheet.facts) == replace(differing(name), row=0)
    assert sheet.take(differing(name)) == RowPlan("unchanged", (), ())


@pytest.mark.parametrize("name", PROPOSABLE)
def test_a_refused_correction_is_not_asked_again(name: str) -> None:
    sheet = imported(**FULL)
    sheet.take(differing(name))
    answer(sheet, name, approved=False)
    assert sheet.take(differing(name)) == RowPlan("unchanged", (), ())
    assert sheet.take(sheet_row(**FULL)) == RowPlan("unchanged", (), ())


def test_a_different_proposal_is_asked_and_takes_the_waiting_one_s_place() -> None:
    sheet = imported(**FULL)
    sheet.take(differing("responded_at"))
    made = sheet.take(sheet_row(**{**FULL, "responded_at": "2026-03-05 09:12:00"}))
    assert made.outcome == "corrected"
    assert [p.new for p in sheet.facts.waiting] == ["2026-03-05T01:12:00+00:00"]


def test_a_different_proposal_is_asked_after_a_refusal() -> None:
    sheet = imported(**FULL)
    sheet.take(differing("type"))
    answer(sheet, "type", approved=False)
    assert sheet.take(sheet_row(**{**FULL, "type": "咨询"})).outcome == "corrected"


def test_a_value_that_was_accepted_once_and_gave_way_is_a_new_question() -> None:
    sheet = imported(**FULL)
    for days, type in enumerate(("缺陷", "故障")):
        sheet.take(sheet_row(**{**FULL, "type": type}), Taker(TAKER.actor, NOW + timedelta(days=2 * days)))
        answer(sheet, "type", approved=True, days=2 * days + 1)
        assert sheet.facts.type == type
    later = Taker(TAKER.actor, NOW + timedelta(days=4))
    assert sheet.take(differing("type"), later).outcome == "corrected"


def test_several_differences_are_several_proposals_of_one_row() -> None:
    made = imported(**FULL).take(sheet_row(**{**FULL, "type": "缺陷", "restored_at": "2026-03-05 12:01:00"}))
    assert (made.outcome, [e.facts["field"] for e in made.events]) == ("corrected", ["type", "restored_at"])


def test_a_row_that_fills_and_corrects_counts_as_corrected_and_does_both() -> None:
    sheet = imported(**BLANK)
    made = sheet.take(sheet_row(**{**BLANK, "type": "缺陷", "responded_at": "2026-03-05 09:10:00"}))
    assert (made.outcome, kinds(made)) == ("corrected", ["responded", "correction_proposed"])


# Cells left alone

OTHERS = {
    "module": ("报告查询", "系统模块"),
    "channel": ("微信群", "渠道"),
    "department": ("检验科", "报修科室"),
    "reporter": ("李护士", "报修人"),
    "phone": ("0000999999", "联系电话"),
    "title": ("很慢", "标题"),
    "description": ("慢", "问题描述"),
    "suspension_reason": ("等银行", "挂起原因"),
    "handler": ("郭工", "处理人"),
    "mode": ("电话", "处理方式"),
    "process": ("重启", "处理过程"),
}


@pytest.mark.parametrize("name", OTHERS)
def test_any_other_differing_cell_is_reported_and_left(name: str) -> None:
    sheet, (given, column) = imported(**FULL), OTHERS[name]
    known = getattr(sheet_row_of(sheet.facts), name)
    made = sheet.take(sheet_row(**{**FULL, name: given}, row=7))
    assert made == RowPlan("unchanged", (), (Left(7, column, known, given),))


def test_another_rating_and_another_word_on_a_suspension_are_left_too() -> None:
    made = imported(**FULL).take(sheet_row(**{**FULL, "rating": 5, "suspension_approved": False}))
    assert made.outcome == "unchanged"
    assert {(left.column, left.known, left.given) for left in made.left} == {
        ("满意度", "4", "5"),
        ("挂起批准", "是", "否"),
    }


# Tickets that went on living in the console

REJECTED = event(core.RESTORE_REJECTED, "2026-03-05 13:00", side="hospital")
REOPENED = event(core.REOPENED, "2026-03-06 09:00", side="hospital")
AGAIN = event(core.RESTORE, "2026-03-06 11:00")


@pytest.mark.parametrize("life", [(REOPENED,), (REOPENED, AGAIN), (REJECTED,)], ids=["reopened", "again", "rejected"])
def test_the_same_row_adds_nothing_to_a_ticket_whose_restore_was_taken_back(life: tuple[Event, ...]) -> None:
    given = {**FULL, "confirmed_at": None} if life == (REJECTED,) else FULL
    sheet = imported(**given)
    sheet.events += life
    made = sheet.take(sheet_row(**given))
    assert (made.outcome, made.events) == ("unchanged", ())
    assert "恢复时间" in {left.column for left in made.left}


def test_a_restore_given_for_the_very_second_it_was_taken_back_is_not_a_new_one() -> None:
    sheet = imported(**{**FULL, "confirmed_at": None})
    sheet.events.append(REJECTED)
    made = sheet.take(sheet_row(**{**FULL, "restored_at": "2026-03-05 13:00:00", "confirmed_at": None}))
    assert (made.outcome, made.events, [left.column for left in made.left]) == ("unchanged", (), ["恢复时间"])


def test_the_cells_left_say_what_stands_now_as_a_sheet_writes_it() -> None:
    sheet = imported(**FULL)
    sheet.events += [REOPENED, AGAIN]
    assert sheet.take(sheet_row(**FULL)).left == (
        Left(2, "恢复时间", "2026-03-06 11:00:00", "2026-03-05 12:00:00"),
        Left(2, "确认时间", "", "2026-03-05 15:00:00"),
    )


def test_a_restore_after_the_one_taken_back_is_filled() -> None:
    sheet = imported(**FULL)
    sheet.events.append(REOPENED)
    made = sheet.take(sheet_row(**{**FULL, "restored_at": "2026-03-06 10:00:00", "confirmed_at": None}))
    assert (made.outcome, kinds(made)) == ("completed", ["restored"])
    assert sheet.facts.restorations == (at("2026-03-05 12:00"), at("2026-03-06 10:00"))


def test_a_sheet_s_suspension_is_compared_with_the_one_that_began_then() -> None:
    sheet = imported(**{**FULL, "restored_at": None, "confirmed_at": None, "rating": None})
    sheet.events += suspended("2026-03-05 13:00", "2026-03-05 14:00", approved=None, reason="等银行")
    made = sheet.take(sheet_row(**{**FULL, "restored_at": None, "confirmed_at": None, "rating": None}))
    assert made == RowPlan("unchanged", (), ())


def test_a_ticket_logged_in_the_console_is_filled_by_a_sheet() -> None:
    sheet = Sheet(reported())
    made = sheet.take(sheet_row(responded_at="2026-03-05 09:10:00"))
    assert (made.outcome, kinds(made)) == ("completed", ["responded"])
    assert sheet.facts.responded_at == after(600)
