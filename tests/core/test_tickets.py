"""What a ticket's events come to: as of T, in order of happening, through corrections, in every state."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import permutations

import pytest

from ops_console.core import tickets as core
from ops_console.core.ticket_folds import fold
from ops_console.core.tickets import Decision, Event, TicketFacts, written
from ops_console.core.trust import unproven
from tests.core.builders import REPORT, after, at, event, on_site, reported, suspended, ticket

TEN, ELEVEN, NOON = "2026-03-05 10:00:00", "2026-03-05 11:00:00", "2026-03-05 12:00:00"
NIGHT = "2026-03-05 20:00:00"


def proposed(field: str, old: object, new: object, when: str = NIGHT) -> Event:
    return event(core.CORRECTION_PROPOSED, when, field=field, old=written(old), new=written(new))


def decided(field: str, approved: bool, when: str = "2026-03-05 21:00:00", **more: object) -> Event:
    return event(core.CORRECTION_DECIDED, when, side="hospital", field=field, approved=approved, **more)


def corrected(*events: Event, field: str, old: object, new: object, approved: bool = True) -> TicketFacts:
    """Events, then a correction proposed at night and decided an hour later."""
    return ticket(*events, proposed(field, old, new), decided(field, approved))


# The report


def test_a_ticket_begins_with_what_was_reported() -> None:
    facts = ticket(reported(needs_onsite=True, carrier="微信公众号"))
    assert (facts.number, facts.type, facts.module, facts.channel) == ("GD-1", "故障", "门诊缴费", "电话")
    assert (facts.needs_onsite, facts.department, facts.carrier) == (True, "药房", "微信公众号")
    assert (facts.reported_at, facts.recorded_at) == (at(REPORT), at(REPORT))
    assert facts.personal == {
        "reporter": "刘药师",
        "phone": "0000855406",
        "title": "打不开",
        "description": "请处理",
    }


def test_a_report_recorded_later_keeps_both_times() -> None:
    facts = ticket(replace(reported(), recorded_at=at(ELEVEN)))
    assert (facts.reported_at, facts.recorded_at) == (at(REPORT), at(ELEVEN))


def test_events_without_a_report_are_no_ticket() -> None:
    assert fold("GD-1", []) is None
    assert fold("GD-1", [event(core.RESPONDED, TEN)]) is None


def test_a_kind_of_event_that_only_a_later_version_knows_changes_nothing() -> None:
    assert ticket(reported(), event("sung_about", TEN)) == ticket(reported())


# As of T


def test_a_ticket_reported_after_t_does_not_exist_yet() -> None:
    assert fold("GD-1", [reported()], after(-1)) is None
    assert fold("GD-1", [reported()], after(0)) is not None


@pytest.mark.parametrize(("until", "seen"), [("2026-03-05 09:59:59", None), (TEN, at(TEN))])
def test_what_happened_after_t_is_unseen(until: str, seen: object) -> None:
    assert ticket(reported(), event(core.RESPONDED, TEN), until=until).responded_at == seen


def test_what_was_only_recorded_after_t_is_seen() -> None:
    late = replace(event(core.RESPONDED, TEN), recorded_at=at(NIGHT))
    assert ticket(reported(), late, until=ELEVEN).responded_at == at(TEN)


def test_a_pause_not_ended_by_t_is_open_at_t() -> None:
    told = (reported(), event(core.RESPONDED, REPORT), *suspended(TEN, NOON))
    assert [ticket(*told, until=t).state for t in (ELEVEN, NOON)] == ["挂起", "处理中"]


def test_a_correction_is_seen_from_its_decision_on() -> None:
    told = (reported(), event(core.RESPONDED, TEN), proposed("responded_at", at(TEN), after(60)))
    told = (*told, decided("responded_at", True))
    asked = ("2026-03-05 20:59:59", "2026-03-05 21:00:00")
    assert [ticket(*told, until=t).responded_at for t in asked] == [at(TEN), after(60)]


# Order


def test_the_order_of_recording_makes_no_difference_to_what_happened_in_order() -> None:
    life = (event(core.RESPONDED, "2026-03-05 09:10"), event(core.ARRIVED, TEN), event(core.RESTORE, ELEVEN))
    expected = ticket(reported(needs_onsite=True), *life)
    for order in permutations(life):
        assert ticket(reported(needs_onsite=True), *order) == expected


def test_events_of_one_second_count_in_the_order_they_were_recorded() -> None:
    facts = ticket(reported(), event(core.RESPONDED, TEN, handler="甲"), event(core.RESPONDED, TEN, handler="乙"))
    assert (facts.responded_at, facts.handler) == (at(TEN), "乙")


def test_the_first_response_counts_even_when_it_was_recorded_last() -> None:
    facts = ticket(reported(), event(core.RESPONDED, NOON), event(core.RESPONDED, TEN))
    assert facts.responded_at == at(TEN)


def test_the_first_arrival_counts() -> None:
    assert on_site(event(core.ARRIVED, NOON), arrived=TEN).arrived_at == at(TEN)


def test_a_second_restore_changes_nothing_while_the_first_stands() -> None:
    facts = on_site(event(core.RESTORE, ELEVEN), event(core.RESTORE, NOON, handler="何工"))
    assert (facts.restored_at, facts.restorations, facts.handler) == (at(ELEVEN), (at(ELEVEN),), "何工")


# States

ANSWERED = event(core.RESPONDED, "2026-03-05 09:10")
VISITED = event(core.ARRIVED, TEN)
RESTORED = event(core.RESTORE, ELEVEN)
CONFIRMED = event(core.CONFIRMED, NOON, side="hospital")
REOPENED = event(core.REOPENED, "2026-03-05 13:00", side="hospital")
PATHS = {
    "待响应": (),
    "处理中": (ANSWERED,),
    "已到场": (ANSWERED, VISITED),
    "挂起": (ANSWERED, *suspended("2026-03-05 09:30")),
    "待确认": (ANSWERED, VISITED, RESTORED),
    "已关闭": (ANSWERED, VISITED, RESTORED, CONFIRMED),
    "已驳回": (ANSWERED, event(core.DECLINED, TEN)),
    "已取消": (event(core.CANCEL, TEN),),
    "已合并": (
        event(core.CORRECTION_PROPOSED, TEN, field="merged_into", old="", new="GD-0"),
        event(core.CORRECTION_DECIDED, ELEVEN, side="hospital", field="merged_into", new="GD-0", approved=True),
    ),
}
LONGER_PATHS = [
    ("处理中", (ANSWERED, *suspended("2026-03-05 09:30", "2026-03-05 09:40"))),
    ("挂起", (ANSWERED, VISITED, *suspended("2026-03-05 10:30"))),
    ("已到场", (ANSWERED, VISITED, *suspended("2026-03-05 10:30", "2026-03-05 10:40"))),
    ("待确认", (ANSWERED, VISITED, *suspended("2026-03-05 10:30"), RESTORED)),
    ("待确认", (RESTORED,)),
    ("已到场", (ANSWERED, VISITED, RESTORED, event(core.RESTORE_REJECTED, NOON))),
    ("处理中", (ANSWERED, RESTORED, event(core.RESTORE_REJECTED, NOON))),
    ("已到场", (ANSWERED, VISITED, RESTORED, CONFIRMED, REOPENED)),
    ("待确认", (ANSWERED, VISITED, RESTORED, CONFIRMED, REOPENED, event(core.RESTORE, "2026-03-05 14:00"))),
    ("已到场", (ANSWERED, VISITED, *suspended("2026-03-05 10:30"), RESTORED, CONFIRMED, REOPENED)),
    ("处理中", (ANSWERED, event(core.CONFIRMED, NOON))),
    ("处理中", (ANSWERED, event(core.CONFIRMED, NOON), REOPENED)),
    ("待确认", (ANSWERED, event(core.CONFIRMED, NOON), event(core.RESTORE, NIGHT))),
    ("已关闭", (ANSWERED, event(core.CONFIRMED, NOON), event(core.RESTORE, NOON))),
    ("已取消", (ANSWERED, VISITED, event(core.CANCEL, ELEVEN), event(core.RESTORE, NOON))),
]


def test_a_report_taken_back_was_never_one() -> None:
    first = replace(reported(), seq=7)
    facts = ticket(first, replace(ANSWERED, seq=8), event(core.TAKEN_BACK, "2026-03-05 09:11", events=[7, 8]))
    assert (facts.state, facts.responded_at) == ("已撤回", None)


def test_an_act_taken_back_leaves_the_rest_and_is_seen_only_from_then_on() -> None:
    told = (reported(), replace(ANSWERED, seq=8), event(core.TAKEN_BACK, "2026-03-05 09:11", events=[8]))
    assert (ticket(*told).state, ticket(*told, until="2026-03-05 09:10:30").state) == ("待响应", "处理中")


@pytest.mark.parametrize(("state", "path"), [*PATHS.items(), *LONGER_PATHS])
def test_the_state_follows_from_the_events(state: str, path: tuple[Event, ...]) -> None:
    assert ticket(reported(needs_onsite=True), *path).state == state


def test_every_state_is_reached_by_some_path() -> None:
    assert {*PATHS, "已撤回"} == set(core.STATES)
    assert set(core.OPEN_STATES) == set(core.STATES) - {"已关闭", "已驳回", "已取消", "已合并", "已撤回"}


# Restores and reopenings


def test_a_rejected_restore_is_gone_and_its_time_is_remembered_as_taken_back() -> None:
    facts = on_site(RESTORED, event(core.RESTORE_REJECTED, NOON))
    assert (facts.restored_at, facts.restorations, facts.taken_back_at) == (None, (), at(NOON))


def test_a_reopened_ticket_keeps_its_first_restore_and_loses_its_confirmation() -> None:
    facts = on_site(RESTORED, CONFIRMED, REOPENED)
    assert (facts.restorations, facts.reopenings) == ((at(ELEVEN),), (at("2026-03-05 13:00"),))
    assert (facts.restored_at, facts.confirmed_at) == (None, None)


def test_a_restore_rejected_after_a_reopening_leaves_the_first_restore() -> None:
    again = (event(core.RESTORE, "2026-03-05 14:00"), event(core.RESTORE_REJECTED, "2026-03-05 15:00"))
    facts = on_site(RESTORED, CONFIRMED, REOPENED, *again, event(core.RESTORE, "2026-03-05 16:00"))
    assert facts.restorations == (at(ELEVEN), at("2026-03-05 16:00"))


# Suspensions


def test_the_hospital_s_word_comes_with_the_suspension_or_after_it() -> None:
    told = suspended(TEN, ELEVEN, approved=None)
    word = event(core.SUSPENSION_DECIDED, NOON, side="hospital", approved=True)
    assert [s.approved for s in ticket(reported(), *told).suspensions] == [None]
    assert [s.approved for s in ticket(reported(), *told, word).suspensions] == [True]


def test_the_hospital_s_word_is_about_the_last_suspension() -> None:
    first, second = suspended(TEN, ELEVEN, approved=False), suspended(NOON, approved=None)
    word = event(core.SUSPENSION_DECIDED, NIGHT, approved=True)
    assert [s.approved for s in ticket(reported(), *first, *second, word).suspensions] == [False, True]


def test_a_resumption_ends_a_suspension_once() -> None:
    facts = ticket(reported(), *suspended(TEN, ELEVEN), event(core.RESUMED, NOON))
    assert [s.ended_at for s in facts.suspensions] == [at(ELEVEN)]


def test_a_word_or_an_end_without_a_suspension_changes_nothing() -> None:
    strays = (event(core.RESUMED, TEN), event(core.SUSPENSION_DECIDED, TEN, approved=True))
    assert ticket(reported(), *strays) == ticket(reported())


@pytest.mark.parametrize("start", ["2026-03-05 10:30", ELEVEN])
def test_a_restore_ends_a_suspension_that_nobody_ended(start: str) -> None:
    facts = on_site(*suspended(start), RESTORED)
    assert facts.open_suspension is None
    assert (facts.suspensions[0].ended_at, facts.suspension_end(facts.suspensions[0])) == (None, at(ELEVEN))


def test_a_reopening_ends_a_suspension_told_of_after_the_restore() -> None:
    facts = on_site(RESTORED, *suspended("2026-03-05 11:30"), CONFIRMED, REOPENED)
    assert (facts.open_suspension, facts.state) == (None, "已到场")


def test_a_rejected_restore_leaves_the_suspension_open() -> None:
    facts = on_site(*suspended("2026-03-05 10:30"), RESTORED, event(core.RESTORE_REJECTED, NOON))
    assert facts.open_suspension == facts.suspensions[0]
    assert facts.state == "挂起"


def test_the_reason_of_a_suspension_may_be_told_later_and_is_not_overwritten() -> None:
    later = event(core.DESCRIBED, NIGHT, suspension_reason="等支付宝")
    assert [s.reason for s in ticket(reported(), *suspended(TEN, reason=""), later).suspensions] == ["等支付宝"]
    assert [s.reason for s in ticket(reported(), *suspended(TEN, reason="等银行"), later).suspensions] == ["等银行"]


def test_a_suspension_tells_whose_cause_who_asked_and_why_it_was_refused() -> None:
    asked = event(core.SUSPEND, TEN, cause="甲方原因", reason="等院方停机")
    word = event(core.SUSPENSION_DECIDED, NOON, side="hospital", approved=False)
    (pause,) = ticket(reported(), asked, replace(word, personal={"reason": "没有停机"})).suspensions
    assert (pause.cause, pause.asked_by, pause.asked_at) == ("甲方原因", "someone", at(TEN))
    assert (pause.decision, pause.refusal) == (Decision("someone", at(NOON), "没有停机"), "没有停机")


def test_a_rejected_restore_is_marked_so_and_asks_for_nobody_s_word_until_there_is_a_new_one() -> None:
    late = replace(event(core.RESTORE, ELEVEN), grade="D")
    rejected = (late, event(core.RESTORE_REJECTED, NOON, side="hospital"))
    facts = on_site(*rejected)
    assert (facts.stamps["restored_at"].at, facts.stamps["restored_at"].rejected_at) == (at(ELEVEN), at(NOON))
    assert (unproven(on_site(late).stamps), unproven(facts.stamps)) == (("restored_at",), ())
    again = on_site(*rejected, event(core.RESTORE, NIGHT)).stamps["restored_at"]
    assert (again.at, again.rejected_at) == (at(NIGHT), None)


def test_a_rejection_without_a_standing_restore_marks_nothing() -> None:
    facts = on_site(RESTORED, CONFIRMED, REOPENED, event(core.RESTORE_REJECTED, NIGHT))
    assert facts.stamps["restored_at"].rejected_at is None


# What is told along the way


def test_handler_mode_and_department_are_the_last_told_and_blanks_remove_nothing() -> None:
    first = event(core.RESPONDED, TEN, handler="何工", mode="远程")
    facts = ticket(reported(), first, event(core.RESTORE, ELEVEN, handler="郭工", mode=""))
    assert (facts.handler, facts.mode, facts.department) == ("郭工", "远程", "药房")


def test_personal_parts_of_all_events_are_joined_and_the_later_word_wins() -> None:
    first = replace(event(core.RESTORE, TEN), personal={"process": "重启"})
    second = replace(event(core.DESCRIBED, ELEVEN), personal={"process": "重启并验证", "phone": "0000111111"})
    personal = ticket(reported(), second, first).personal
    assert (personal["process"], personal["phone"], personal["reporter"]) == ("重启并验证", "0000111111", "刘药师")


def test_purged_personal_text_leaves_the_ticket_standing() -> None:
    facts = ticket(replace(reported(), personal={"reporter": "", "title": ""}))
    assert (facts.personal["title"], facts.state) == ("", "待响应")


def test_the_rating_is_a_number_and_the_last_one_counts() -> None:
    assert ticket(reported(), event(core.RATED, TEN, rating=3), event(core.RATED, NOON, rating="5")).rating == 5


# Corrections


def test_a_proposed_correction_waits_and_changes_nothing() -> None:
    facts = ticket(reported(), ANSWERED, proposed("responded_at", at("2026-03-05 09:10"), at(TEN)))
    assert facts.responded_at == at("2026-03-05 09:10")
    (waiting,) = facts.waiting
    assert (waiting.field, waiting.approved, waiting.proposed_by) == ("responded_at", None, "someone")
    assert (waiting.old, waiting.new) == ("2026-03-05T01:10:00+00:00", "2026-03-05T02:00:00+00:00")


def test_a_refused_correction_is_kept_and_changes_nothing() -> None:
    facts = corrected(
        reported(), ANSWERED, field="responded_at", old=at("2026-03-05 09:10"), new=at(TEN), approved=False
    )
    assert (facts.responded_at, facts.waiting) == (at("2026-03-05 09:10"), ())
    assert [p.approved for p in facts.proposals] == [False]


def test_a_correction_tells_why_it_was_asked_and_why_it_was_refused() -> None:
    asked = replace(proposed("responded_at", at("2026-03-05 09:10"), at(TEN)), personal={"reason": "登记有误"})
    word = replace(decided("responded_at", False), personal={"reason": "没有凭证"})
    facts = ticket(reported(), ANSWERED, asked, word)
    assert facts.refused == facts.proposals
    assert [(p.reason, p.refusal) for p in facts.refused] == [("登记有误", "没有凭证")]


MOVED = ("restorations", "proposals", "stamps")
LIFE = (reported(needs_onsite=True), ANSWERED, VISITED, RESTORED, CONFIRMED)


@pytest.mark.parametrize(
    ("field", "old"),
    [
        ("reported_at", REPORT),
        ("recorded_at", REPORT),
        ("responded_at", "2026-03-05 09:10"),
        ("arrived_at", TEN),
        ("restored_at", ELEVEN),
        ("confirmed_at", NOON),
    ],
)
def test_an_accepted_correction_of_a_time_counts(field: str, old: str) -> None:
    new = at(old) + timedelta(minutes=3)
    facts = corrected(*LIFE, field=field, old=at(old), new=new)
    assert getattr(facts, field) == new
    others = {name: value for name, value in vars(facts).items() if name not in (field, *MOVED)}
    assert others == {name: getattr(ticket(*LIFE), name) for name in others}


def test_an_accepted_correction_of_the_type_counts() -> None:
    assert corrected(reported(), field="type", old="故障", new="咨询").type == "咨询"


@pytest.mark.parametrize("before", [True, False])
def test_an_accepted_correction_of_the_visit_counts(before: bool) -> None:
    facts = corrected(reported(needs_onsite=before), field="needs_onsite", old=before, new=not before)
    assert facts.needs_onsite is not before


def test_an_accepted_correction_of_a_suspension_moves_the_one_it_names() -> None:
    told = (reported(), *suspended(TEN, "2026-03-05 10:30"), *suspended(ELEVEN, NOON))
    facts = corrected(*told, field="suspended_from", old=at(TEN), new=at("2026-03-05 10:05"))
    assert [s.started_at for s in facts.suspensions] == [at("2026-03-05 10:05"), at(ELEVEN)]
    facts = corrected(*told, field="suspended_until", old=at(NOON), new=at("2026-03-05 12:05"))
    assert [s.ended_at for s in facts.suspensions] == [at("2026-03-05 10:30"), at("2026-03-05 12:05")]


def test_a_correction_of_a_correction_counts() -> None:
    first = (proposed("responded_at", at(TEN), at(ELEVEN)), decided("responded_at", True))
    second = (
        proposed("responded_at", at(ELEVEN), at(NOON), "2026-03-06 08:00"),
        decided("responded_at", True, "2026-03-06 09:00"),
    )
    assert ticket(reported(), event(core.RESPONDED, TEN), *first, *second).responded_at == at(NOON)


def test_another_proposal_for_the_same_field_takes_the_waiting_one_s_place() -> None:
    facts = ticket(reported(), proposed("type", "故障", "咨询"), proposed("type", "故障", "缺陷", "2026-03-05 20:30"))
    assert [p.new for p in facts.waiting] == ["缺陷"]


def test_proposals_for_two_fields_wait_side_by_side_and_are_decided_apart() -> None:
    told = (reported(), proposed("type", "故障", "咨询"), proposed("needs_onsite", False, True))
    facts = ticket(*told, decided("type", True))
    assert (facts.type, facts.needs_onsite, [p.field for p in facts.waiting]) == ("咨询", False, ["needs_onsite"])


def test_a_word_without_a_waiting_proposal_changes_nothing() -> None:
    assert ticket(reported(), decided("type", True)) == ticket(reported())


def test_a_word_about_a_value_that_another_proposal_has_replaced_decides_nothing() -> None:
    told = (proposed("type", "故障", "咨询"), proposed("type", "故障", "缺陷", "2026-03-05 20:30"))
    facts = ticket(reported(), *told, decided("type", True, new="咨询"))
    assert (facts.type, [p.new for p in facts.waiting]) == ("故障", ["缺陷"])


# A correction is about what it names, not about what happened since


def restore_corrected(when: str = NOON) -> tuple[Event, Event]:
    return (
        proposed("restored_at", at(ELEVEN), at("2026-03-05 11:05"), when),
        decided("restored_at", True, "2026-03-05 12:30"),
    )


def test_a_corrected_restore_that_is_then_rejected_is_gone() -> None:
    facts = on_site(RESTORED, *restore_corrected(), event(core.RESTORE_REJECTED, NIGHT))
    assert (facts.restored_at, facts.state) == (None, "已到场")


def test_a_correction_accepted_after_the_restore_was_rejected_does_not_restore_the_ticket() -> None:
    late = event(core.RESTORE_REJECTED, "2026-03-05 12:10")
    assert on_site(RESTORED, *restore_corrected(), late).restored_at is None


def test_a_corrected_first_restore_leaves_the_second_alone() -> None:
    again = (event(core.REOPENED, "2026-03-05 13:00"), event(core.RESTORE, "2026-03-05 15:00"))
    confirmed = event(core.CONFIRMED, "2026-03-05 12:40")
    facts = on_site(RESTORED, *restore_corrected(), confirmed, *again)
    assert facts.restorations == (at("2026-03-05 11:05"), at("2026-03-05 15:00"))


def test_a_corrected_confirmation_does_not_outlive_a_reopening() -> None:
    fixed = (
        proposed("confirmed_at", at(NOON), at("2026-03-05 12:05"), "2026-03-05 12:20"),
        decided("confirmed_at", True, "2026-03-05 12:30"),
    )
    again = (REOPENED, event(core.RESTORE, "2026-03-05 15:00"))
    facts = on_site(RESTORED, CONFIRMED, *fixed, *again)
    assert (facts.confirmed_at, facts.state) == (None, "待确认")


def test_a_visit_decided_after_a_correction_counts() -> None:
    fixed = (proposed("needs_onsite", True, False, TEN), decided("needs_onsite", True, ELEVEN))
    facts = ticket(reported(needs_onsite=True), *fixed, event(core.ONSITE_DECIDED, NOON, needs_onsite=True))
    assert facts.needs_onsite is True


# Writing values


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (at(REPORT), "2026-03-05T01:00:00+00:00"),
        (after(0.9), "2026-03-05T01:00:00+00:00"),
        (True, "true"),
        (False, "false"),
        (None, ""),
        ("故障", "故障"),
    ],
)
def test_a_proposal_writes_values_so_that_they_can_be_read_again(value: object, text: str) -> None:
    assert written(value) == text
