"""Answers to the contract's questions: put before the other party, in force by both, judged by, kept by every start."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from ops_console.console import Console
from ops_console.core.errors import NotFound, Refused
from ops_console.core.people import SYSTEM, Actor, actor_of, terminal_actor
from ops_console.core.readings import conflicts
from ops_console.core.terms import Terms
from ops_console.services import contract_views, contracts, jobs, people, readings, tickets
from ops_console.services.contract_views import VersionView
from ops_console.services.readings import Answers
from ops_console.services.tickets import Move
from ops_console.store import audit
from ops_console.store import contracts as store
from ops_console.store import jobs as job_store
from ops_console.store.clocks import ClockRow
from ops_console.store.messages import OutboxRow
from ops_console.store.tickets import TicketRow
from tests.conftest import HOSPITAL as CHIEF
from tests.conftest import VENDOR as ENGINEER
from tests.conftest import FakeClock, do, log_ticket
from tests.services.test_contracts import confirm, load, states, stricter, versions
from tests.services.test_tickets import at_once

PROVED = datetime.max.replace(tzinfo=UTC)
HOSPITAL, VENDOR = (replace(actor, proved_until=PROVED) for actor in (CHIEF, ENGINEER))
TODAY, DECEMBER = date(2026, 11, 20), date(2026, 12, 1)
HOTLINE = Answers(1, {"K1": "hotline"}, date(2026, 11, 1), "双方商定按热线")


def propose(console: Console, given: Answers = HOTLINE, actor: Actor = VENDOR, locked_until: date | None = None) -> int:
    with console.write() as session:
        return readings.propose(session, given, actor, console.now(), locked_until=locked_until)


def agree(console: Console, given: Answers = HOTLINE) -> None:
    made = propose(console, given)
    confirm_one(console, made)


def confirm_one(console: Console, made: int, actor: Actor = HOSPITAL, locked_until: date | None = None) -> None:
    with console.write() as session:
        contracts.confirm(session, made, view(console, made).digest, actor, console.now(), locked_until=locked_until)


def refuse(console: Console, made: int, answer: str = "不同意按热线", actor: Actor = HOSPITAL) -> None:
    with console.write() as session:
        contracts.refuse(session, made, answer, actor, console.now())


def withdraw(console: Console, made: int, actor: Actor = VENDOR) -> None:
    with console.write() as session:
        contracts.withdraw(session, made, actor, console.now())


def view(console: Console, made: int) -> VersionView:
    return next(version for version in versions(console) if version.id == made)


def counting(console: Console, at: datetime | None = None) -> Terms:
    with console.read() as session:
        return console.book(session).at(at or console.now()).terms


def told(console: Console, kind: str) -> list[dict[str, Any]]:
    with console.read() as session:
        rows = session.scalars(select(OutboxRow).where(OutboxRow.kind == kind).order_by(OutboxRow.id))
        return [json.loads(row.payload) for row in rows]


def events(console: Console) -> list[str]:
    with console.read() as session:
        assert audit.first_broken(session) is None
        return [event.kind for _seq, _id, event in reversed(audit.about(session, "contract"))]


def run_jobs(console: Console) -> list[dict[str, Any]]:
    with console.read() as session:
        waiting = job_store.queued(session, console.now())
    for run_id in waiting:
        console.runs().execute(run_id)
    with console.read() as session:
        rows = [job_store.run(session, run_id) for run_id in waiting]
    return [json.loads(row.result or "{}") for row in rows if row and row.job == contracts.REJUDGE]


def stored(console: Console) -> list[tuple[str, int, str | None, int]]:
    with console.read() as session:
        query = select(ClockRow.limit_id, ClockRow.limit_seconds, ClockRow.result, TicketRow.contract_version_id)
        query = query.join(TicketRow, TicketRow.id == ClockRow.ticket_id).where(ClockRow.kind != "repair")
        return [tuple(row) for row in session.execute(query.order_by(ClockRow.ticket_id, ClockRow.kind))]  # type: ignore[misc]


# An act of both


def test_an_answer_counts_once_both_parties_said_yes(console: Console, clock: FakeClock) -> None:
    made = propose(console)
    shown = view(console, made)
    assert (shown.state, shown.origin, shown.proposed_side, shown.reason) == (
        "proposed", "reading", "vendor", "双方商定按热线",
    )  # fmt: skip
    assert (shown.vendor_by, shown.hospital_by) == ("vendor", None)
    assert counting(console).limits[4].except_types == ("故障",)
    clock.forward(hours=2)
    confirm_one(console, made)
    shown = view(console, made)
    assert (shown.state, shown.hospital_by, shown.hospital_at) == ("in_force", "hospital", clock.at)
    assert counting(console).limits[4].except_types == ()
    assert events(console)[-3:] == ["contract_proposed", "contract_confirmed_hospital", "contract_in_force"]


def test_either_party_may_begin_and_several_questions_are_one_version(console: Console) -> None:
    made = propose(console, Answers(1, {"K1": "hotline", "K7": "capped"}, TODAY, "一并商定"), HOSPITAL)
    shown = view(console, made)
    assert {one.question.id: (one.old.id, one.new.id) for one in shown.answers} == {
        "K1": ("tighter", "hotline"), "K7": ("no_money", "capped"),
    }  # fmt: skip
    assert "settlement.at_risk" in {change.path for change in shown.changes}
    assert not {"chosen", "ranked"} & {change.path for change in shown.changes}
    confirm_one(console, made, VENDOR)
    assert counting(console).settlement.at_risk == 1000


def test_what_was_confirmed_is_kept_beside_what_counts(console: Console) -> None:
    agree(console)
    with console.read() as session:
        version = console.book(session).at(console.now())
        row = store.version(session, version.id)
        assert row is not None
    assert version.confirmed.digest() == row.digest
    assert version.confirmed.chosen == (("K1", "hotline"),)
    assert version.confirmed.limits == console.settings.terms.limits
    assert version.terms.limits != version.confirmed.limits


def test_the_default_may_be_agreed_upon_as_well(console: Console) -> None:
    agree(console, Answers(1, {"K1": "tighter"}, TODAY, "确认默认口径"))
    assert counting(console).chosen == (("K1", "tighter"),)
    with pytest.raises(Refused, match="没有改动"):
        propose(console, Answers(1, {"K1": "tighter"}, TODAY, "再来一次"))


def test_it_counts_from_its_day_and_not_before(console: Console, clock: FakeClock) -> None:
    agree(console, replace(HOTLINE, effective_from=DECEMBER))
    last_second = datetime(2026, 11, 30, 15, 59, 59, tzinfo=UTC)
    assert counting(console, last_second).limits[4].except_types == ("故障",)
    assert counting(console, last_second + timedelta(seconds=1)).limits[4].except_types == ()


def test_a_no_carries_its_reason_and_changes_nothing(console: Console) -> None:
    made = propose(console)
    for answer in ("", " ", "\x00"):
        with pytest.raises(Refused) as refused:
            refuse(console, made, answer)
        assert refused.value.field == "answer"
    refuse(console, made)
    shown = view(console, made)
    assert (shown.state, shown.answer, shown.refused_by) == ("refused", "不同意按热线", "hospital")
    assert counting(console).limits[4].except_types == ("故障",)
    assert [one["version"] for one in told(console, "contract_refused")] == [2]
    assert events(console)[-1] == "contract_refused"


def test_only_who_proposed_takes_it_back(console: Console) -> None:
    made = propose(console)
    with pytest.raises(Refused, match="不是本方"):
        withdraw(console, made, HOSPITAL)
    withdraw(console, made)
    assert view(console, made).state == "withdrawn"


def test_who_proposed_does_not_say_the_other_side_s_word(console: Console) -> None:
    made = propose(console)
    colleague = actor_of("second", "第二人", "vendor", proved_until=PROVED)
    for actor in (VENDOR, colleague):
        confirm_one(console, made, actor)
        with pytest.raises(Refused, match="本方提出"):
            refuse(console, made, actor=actor)
    shown = view(console, made)
    assert (shown.state, shown.vendor_by, shown.hospital_by) == ("proposed", "vendor", None)


@pytest.mark.parametrize("act", [confirm_one, refuse, withdraw], ids=lambda act: act.__name__)
def test_what_is_settled_is_settled(console: Console, act: Callable[..., None]) -> None:
    made = propose(console)
    confirm_one(console, made)
    with pytest.raises(Refused, match="刷新页面"):
        act(console, made, actor=HOSPITAL if act is not withdraw else VENDOR)


@pytest.mark.parametrize("act", [propose, confirm_one, refuse, withdraw], ids=lambda act: act.__name__)
def test_no_word_without_a_fresh_second_factor(console: Console, act: Callable[..., Any]) -> None:
    made = propose(console)
    before = events(console)
    with pytest.raises(Refused, match="第二因素"):
        act(console, actor=CHIEF) if act is propose else act(console, made, actor=CHIEF)
    assert events(console) == before


@pytest.mark.parametrize("role", ["auditor", "administrator", "officer", "leader"])
def test_nobody_but_who_may_confirm_contracts_says_a_word(console: Console, role: str) -> None:
    made = propose(console)
    other = actor_of("x", "某", role, proved_until=PROVED)
    for act in (confirm_one, refuse, withdraw):
        with pytest.raises(Refused, match="没有这项权限"):
            act(console, made, actor=other)
    for actor in (other, terminal_actor("root")):
        with pytest.raises(Refused, match="没有这项权限"):
            propose(console, actor=actor)


def test_an_account_reset_within_a_day_says_no_word(console: Console, clock: FakeClock) -> None:
    console.first_accounts()
    with console.write() as session:
        ready = people.one_time(console.hasher)
        people.reset_account(session, console.policy, "vendor", ready, terminal_actor("root"), console.now())
    with pytest.raises(Refused, match="24 小时"):
        propose(console)
    clock.forward(hours=24)
    assert view(console, propose(console)).resets == {"vendor": clock.at - timedelta(hours=24)}


def test_a_double_click_proposes_once(console: Console) -> None:
    propose(console)
    with pytest.raises(Refused, match="同样的内容"):
        propose(console)
    found = at_once(*(lambda: propose(console, replace(HOTLINE, options={"K2": "all"})) for _ in range(3)))
    assert sum(isinstance(one, int) for one in found) == 1
    assert states(console).count("proposed") == 2


def test_both_saying_yes_to_two_proposals_at_once_bring_one_into_force(console: Console) -> None:
    first = propose(console)
    second = propose(console, Answers(1, {"K7": "capped"}, TODAY, "上限"), HOSPITAL)
    found = at_once(lambda: confirm_one(console, first, HOSPITAL), lambda: confirm_one(console, second, VENDOR))
    assert sorted(str(type(one).__name__) for one in found) == ["NoneType", "Refused"]
    assert sorted(states(console)) == ["in_force", "in_force", "withdrawn"]
    assert len(told(console, "contract_to_propose_again")) == 1


# What is refused


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"options": {"K1": "gone"}}, "K1"),
        ({"options": {"K99": "other"}}, "K99"),
        ({"reason": " "}, "reason"),
        ({"reason": "长" * 501}, "reason"),
        ({"effective_from": date(2024, 12, 31)}, "effective_from"),
        ({"effective_from": date(2028, 1, 1)}, "effective_from"),
        ({"options": {}}, None),
        ({"options": {}, "ranked": (("C-15", "C-99"),)}, "first"),
        ({"options": {}, "ranked": (("C-15", "C-15"),)}, "first"),
    ],
)
def test_what_cannot_be_proposed_is_refused_at_its_field(
    console: Console, given: dict[str, Any], field: str | None
) -> None:
    with pytest.raises(Refused) as refused:
        propose(console, replace(HOTLINE, **given))
    assert refused.value.field == field
    assert states(console) == ["in_force"]


def test_there_is_no_such_contract_and_no_such_version(console: Console) -> None:
    with pytest.raises(NotFound):
        propose(console, replace(HOTLINE, contract_id=9))
    for act in (refuse, withdraw):
        with pytest.raises(NotFound):
            act(console, 9)


def test_it_never_counts_from_before_the_version_in_force(console: Console) -> None:
    agree(console, replace(HOTLINE, effective_from=date(2026, 11, 10)))
    with pytest.raises(Refused, match="2026-11-10"):
        propose(console, Answers(1, {"K7": "capped"}, date(2026, 11, 9), "更早"))
    agree(console, Answers(1, {"K7": "capped"}, date(2026, 11, 10), "同日"))
    assert counting(console).chosen == (("K1", "hotline"), ("K7", "capped"))


def test_a_locked_month_is_not_reached(console: Console) -> None:
    october = date(2026, 10, 31)
    for day in (date(2026, 10, 1), october):
        with pytest.raises(Refused, match="2026-10-31") as refused:
            propose(console, replace(HOTLINE, effective_from=day), locked_until=october)
        assert refused.value.field == "effective_from"
    made = propose(console, replace(HOTLINE, effective_from=date(2026, 11, 1)), locked_until=october)
    with pytest.raises(Refused, match="2026-11-30"):  # the month was locked while it waited
        confirm_one(console, made, locked_until=date(2026, 11, 30))
    confirm_one(console, made, locked_until=october)
    assert view(console, made).state == "in_force"


def test_personal_data_in_a_reason_is_masked(console: Console) -> None:
    made = propose(console, replace(HOTLINE, reason="电话 13800138000 商定"))
    refuse(console, made, "请打 13800138000")
    shown = view(console, made)
    assert "13800138000" not in shown.reason + shown.answer


# The file and the answers


def test_the_next_start_undoes_no_answer(console: Console) -> None:
    agree(console)
    assert load(console, console.settings.terms) == "unchanged"
    assert states(console) == ["in_force", "in_force"]
    assert counting(console).chosen == (("K1", "hotline"),)


def test_a_changed_file_keeps_the_answers(console: Console) -> None:
    agree(console)
    assert load(console, stricter(console.settings.terms)) == "proposed"
    shown = versions(console)[0]
    assert (shown.terms.chosen, shown.answers) == ((("K1", "hotline"),), ())
    assert {change.path for change in shown.changes} == {"counts_from", "limits[C-15].limit_seconds"}
    confirm(console, HOSPITAL)
    confirm(console, VENDOR)
    assert load(console, stricter(console.settings.terms)) == "unchanged"
    later = counting(console, datetime(2026, 12, 2, tzinfo=UTC))
    assert (later.limits[0].limit_seconds, later.limits[4].except_types) == (1200, ())


def test_a_file_turned_back_after_an_answer_proposes_what_it_says(console: Console) -> None:
    load(console, stricter(console.settings.terms))
    confirm(console, HOSPITAL)
    confirm(console, VENDOR)
    agree(console, replace(HOTLINE, effective_from=DECEMBER))
    again = stricter(console.settings.terms, minutes=30, counts_from=date(2026, 12, 15))
    assert load(console, again) == "proposed"
    assert versions(console)[0].terms.chosen == (("K1", "hotline"),)


def test_an_answer_to_a_question_that_the_file_no_longer_asks_is_left_out(console: Console) -> None:
    agree(console)
    fewer = replace(console.settings.terms, questions=console.settings.terms.questions[1:], counts_from=DECEMBER)
    assert load(console, fewer) == "proposed"
    assert versions(console)[0].terms.chosen == ()


def test_a_file_dated_back_takes_the_answers_of_its_day(console: Console) -> None:
    agree(console)
    load(console, stricter(console.settings.terms, counts_from=date(2026, 6, 1)))
    assert versions(console)[0].terms.chosen == ()


def test_a_refused_file_is_not_proposed_again_until_it_changes(console: Console) -> None:
    load(console, stricter(console.settings.terms))
    refuse(console, versions(console)[0].id, "二十分钟太紧")
    assert load(console, stricter(console.settings.terms)) == "unchanged"
    assert states(console) == ["refused", "in_force"]
    assert load(console, stricter(console.settings.terms, minutes=25)) == "proposed"


def test_nobody_takes_the_file_s_proposal_back(console: Console) -> None:
    load(console, stricter(console.settings.terms))
    with pytest.raises(Refused, match="不是本方"):
        withdraw(console, versions(console)[0].id)


def test_when_an_answer_comes_into_force_the_file_speaks_again_with_it(console: Console) -> None:
    made = propose(console)
    load(console, stricter(console.settings.terms))
    waiting = versions(console)[0]
    confirm_one(console, waiting.id, VENDOR)
    confirm_one(console, made)
    newest = versions(console)[0]
    assert view(console, waiting.id).state == "withdrawn"
    assert (newest.state, newest.origin, newest.vendor_by) == ("proposed", "file", None)  # no word is carried over
    assert newest.terms.chosen == (("K1", "hotline"),)
    assert load(console, stricter(console.settings.terms)) == "unchanged"
    assert told(console, "contract_to_propose_again") == []


def test_when_the_file_comes_into_force_answers_that_wait_are_to_be_proposed_again(console: Console) -> None:
    made = propose(console)
    load(console, stricter(console.settings.terms))
    confirm(console, HOSPITAL)
    confirm(console, VENDOR)
    assert view(console, made).state == "withdrawn"
    assert told(console, "contract_to_propose_again") == [
        {"version": 2, "contract": "YW-2025-001", "counts_from": "2026-11-01"}
    ]


# Ranking


def unranked(console: Console) -> None:
    """Let a version come into force in which two limits claim the answer to a fault."""
    terms = console.settings.terms
    limits = (*terms.limits[:4], replace(terms.limits[4], except_types=()))
    load(console, replace(terms, limits=limits, counts_from=date(2026, 11, 1)))
    confirm(console, HOSPITAL)
    confirm(console, VENDOR)


def test_two_limits_that_both_apply_conflict_until_both_parties_ranked_them(console: Console) -> None:
    unranked(console)
    assert {one.limits for one in conflicts(counting(console))} == {("C-15", "C-38"), ("C-16", "C-38")}
    given = Answers(1, {}, TODAY, "更严者优先", (("C-15", "C-38"), ("C-16", "C-38")))
    made = propose(console, given)
    assert conflicts(counting(console)) != ()  # one party's word has no effect
    assert view(console, made).ranked == given.ranked
    confirm_one(console, made)
    assert conflicts(counting(console)) == ()
    (limit,) = counting(console).limits_for(type="故障", needs_onsite=False, klass="off")
    assert limit.id == "C-16"


def test_ranking_them_the_other_way_later_takes_the_first_rank_s_place(console: Console) -> None:
    unranked(console)
    agree(console, Answers(1, {}, TODAY, "更严者优先", (("C-15", "C-38"), ("C-16", "C-38"))))
    agree(console, Answers(1, {}, TODAY, "热线优先", (("C-38", "C-15"), ("C-38", "C-16"))))
    assert counting(console).ranked == (("C-38", "C-15"), ("C-38", "C-16"))
    (limit,) = counting(console).limits_for(type="故障", needs_onsite=False, klass="work")
    assert limit.id == "C-38"
    assert conflicts(counting(console)) == ()


def test_a_rank_outlives_a_change_of_the_file(console: Console) -> None:
    unranked(console)
    agree(console, Answers(1, {}, TODAY, "更严者优先", (("C-15", "C-38"), ("C-16", "C-38"))))
    terms = console.settings.terms
    limits = (*terms.limits[:4], replace(terms.limits[4], except_types=(), limit_seconds=3600))
    load(console, replace(terms, limits=limits, counts_from=DECEMBER))
    assert versions(console)[0].terms.ranked == (("C-15", "C-38"), ("C-16", "C-38"))


# Judged anew


def late_fault(console: Console, clock: FakeClock, at: datetime, minutes: int = 100) -> str:
    """A fault that is answered after so many minutes, later than either class allows and within the hotline's."""
    clock.at = at
    number = log_ticket(console)
    clock.forward(minutes=minutes)
    do(console, number, "responded")
    return number


def test_tickets_since_the_day_are_judged_anew_and_earlier_ones_are_not(console: Console, clock: FakeClock) -> None:
    for day in (datetime(2026, 10, 30, 1, 0, tzinfo=UTC), datetime(2026, 11, 2, 1, 0, tzinfo=UTC)):
        late_fault(console, clock, day)
    clock.at = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
    agree(console)
    assert stored(console) == [("C-15", 1800, "breached", 1)] * 2
    assert run_jobs(console) == [{"judged": 1}]
    assert stored(console) == [("C-15", 1800, "breached", 1), ("C-38", 7200, "met", 2)]


def test_the_edge_of_the_day_is_the_shanghai_second(console: Console, clock: FakeClock) -> None:
    edge = datetime(2026, 10, 31, 16, 0, tzinfo=UTC)  # 2026-11-01 00:00:00 in Shanghai
    for at in (edge - timedelta(seconds=1), edge):
        late_fault(console, clock, at)
    clock.at = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
    agree(console)
    run_jobs(console)
    assert [limit for limit, *_rest in stored(console)] == ["C-16", "C-38"]


def test_what_is_stored_then_equals_a_recomputation_and_twice_changes_nothing(
    console: Console, clock: FakeClock
) -> None:
    late_fault(console, clock, datetime(2026, 11, 2, 1, 0, tzinfo=UTC))
    clock.at = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
    agree(console)
    run_jobs(console)
    with console.write() as session:
        jobs.ask(session, job=contracts.REJUDGE, key="again", params={"version": 2}, actor=SYSTEM, now=console.now())
        jobs.ask(session, job="recheck", key="check", params={}, actor=SYSTEM, now=console.now())
    with console.read() as session:
        waiting = job_store.queued(session, console.now())
    results = {}
    for run_id in waiting:
        console.runs().execute(run_id)
        with console.read() as session:
            row = job_store.run(session, run_id)
            assert row is not None
            results[row.job] = json.loads(row.result or "{}")
    assert results[contracts.REJUDGE] == {"judged": 0}
    assert (results["recheck"]["differences"], results["recheck"]["miscounted"]) == ([], [])


def test_an_answer_from_a_day_to_come_asks_for_no_run(console: Console) -> None:
    agree(console, replace(HOTLINE, effective_from=DECEMBER))
    assert run_jobs(console) == []


def test_what_happens_to_a_ticket_afterwards_is_judged_by_the_new_version(console: Console, clock: FakeClock) -> None:
    clock.at = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)
    number = log_ticket(console)
    agree(console)
    run_jobs(console)
    clock.forward(minutes=119)
    with console.write() as session:
        tickets.move(session, console.book(session), Move(number, "responded", {}), VENDOR, console.now())
    assert stored(console) == [("C-38", 7200, "met", 2)]


# Contracts that follow one another


def follow_up(console: Console, **given: Any) -> Terms:
    """Another vendor's contract from 2028 on."""
    return replace(
        console.settings.terms, number="YW-2028-001", vendor="丙公司", starts_on=date(2028, 1, 1),
        ends_on=date(2030, 12, 31), counts_from=date(2028, 1, 1), **given,
    )  # fmt: skip


def test_contracts_follow_one_another_and_each_ticket_has_that_of_its_day(console: Console, clock: FakeClock) -> None:
    load(console, follow_up(console))
    confirm(console, HOSPITAL)
    confirm(console, VENDOR)
    numbers = {}
    for at in (datetime(2027, 12, 31, 15, 59, 59, tzinfo=UTC), datetime(2027, 12, 31, 16, 0, tzinfo=UTC)):
        clock.at = at
        numbers[log_ticket(console)] = at
    with console.read() as session:
        kept = session.execute(select(TicketRow.contract_id, TicketRow.month).order_by(TicketRow.id)).all()
    assert [tuple(row) for row in kept] == [(1, "2027-12"), (2, "2028-01")]
    with console.read() as session:
        shown = contract_views.sequence(contract_views.overview(session, HOSPITAL))
    assert [(one.number, one.vendor, one.version) for one in shown] == [
        ("YW-2025-001", "乙方公司", 1), ("YW-2028-001", "丙公司", 1),
    ]  # fmt: skip


def test_a_contract_that_follows_begins_without_the_answers_of_the_other(console: Console) -> None:
    agree(console)
    load(console, follow_up(console))
    newest = versions(console)[0]
    assert (newest.terms.chosen, newest.version) == ((), 1)


def test_an_answer_to_one_contract_leaves_the_proposals_of_another_alone(console: Console) -> None:
    made = propose(console)
    load(console, follow_up(console))
    confirm_one(console, made)
    assert [view.state for view in versions(console)] == ["proposed", "in_force", "in_force"]


def test_the_file_of_the_first_contract_again_proposes_nothing_of_the_second(console: Console) -> None:
    load(console, follow_up(console))
    confirm(console, HOSPITAL)
    confirm(console, VENDOR)
    assert load(console, console.settings.terms) == "unchanged"


def test_a_renewal_between_the_same_parties_is_one_more_contract_with_its_own_go_live(
    console: Console, clock: FakeClock
) -> None:
    load(console, follow_up(console, go_live_on=date(2028, 3, 1)))
    confirm(console, HOSPITAL)
    confirm(console, VENDOR)
    clock.at = datetime(2028, 2, 29, 15, 59, 59, tzinfo=UTC)  # the last second of a leap February
    log_ticket(console)
    clock.forward(seconds=1)
    log_ticket(console)
    assert [(limit, version) for limit, _n, _r, version in stored(console)] == [("C-16", 2)]
