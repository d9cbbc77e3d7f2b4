"""Yearly caps as they are used: asked for, approved or held over the cap, accepted, returned; never by one alone."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from ops_console.console import PROJECT, Console
from ops_console.core import caps as rules
from ops_console.core.caps import HELD, RESERVED, RETURNED, USED, CapEntry
from ops_console.core.errors import NotFound, Refused
from ops_console.core.people import Actor, actor_of, terminal_actor
from ops_console.core.terms import Opening
from ops_console.services import cap_agreements, cap_entries, caps, people, proofs
from ops_console.services.cap_agreements import Way
from ops_console.store import agreements as agreement_rows
from ops_console.store import audit
from ops_console.store.audit import EventRow
from ops_console.store.caps import CapRow
from ops_console.store.messages import OutboxRow
from tests.caps import (
    CHIEF,
    ENGINEER,
    MANAGER,
    OFFICER,
    accept,
    approve,
    ask,
    fill,
    load_caps,
    load_without_caps,
    year_of,
)
from tests.conftest import FakeClock, make_console
from tests.services.test_tickets import at_once


def entry(console: Console, entry_id: int) -> CapEntry:
    with console.read() as session:
        return caps.view(session, console.book(session), entry_id, CHIEF, console.now()).entry


def propose(console: Console, entry_id: int, act: str, actor: Actor, **given: Any) -> int:
    with console.write() as session:
        way = Way(entry_id, act, **{"reason": "双方商定", **given})
        return cap_agreements.propose(session, console.book(session), way, actor, console.now())


def confirm(console: Console, agreement_id: int, actor: Actor, digest: str | None = None) -> CapEntry:
    with console.write() as session:
        row = agreement_rows.one(session, agreement_id)
        assert row is not None
        return cap_agreements.confirm(
            session, console.book(session), agreement_id, digest or row.digest, actor, console.now()
        )


def told(console: Console, kind: str) -> list[dict[str, Any]]:
    with console.read() as session:
        rows = session.scalars(select(OutboxRow).where(OutboxRow.kind == kind).order_by(OutboxRow.id))
        return [{**json.loads(row.payload), "audience": row.audience} for row in rows]


def kinds(console: Console, entry_id: int) -> list[str]:
    with console.read() as session:
        return [event.kind for event in audit.of_things(session, "cap")[str(entry_id)]]


def held_one(console: Console) -> int:
    """The ninth of C-29: approved, and held over the cap."""
    fill(console, "C-29", 8)
    made = ask(console, title="第 9 项")
    assert approve(console, made) == HELD
    return made


@pytest.fixture
def contract(console: Console) -> int:
    """The contract of a console that has the four caps."""
    return load_caps(console)


# -- one 次 -----------------------------------------------------------------------------------------------------------


def test_one_is_asked_for_approved_and_accepted_and_its_row_is_what_its_events_come_to(
    console: Console, clock: FakeClock, contract: int
) -> None:
    made = ask(console, actor=OFFICER, requester="医务科 王老师")
    assert entry(console, made).state == rules.ASKED
    assert (year_of(console, "C-29").asked, year_of(console, "C-29").taken) == (1, 0)
    clock.forward(days=1)
    assert approve(console, made) == RESERVED
    clock.forward(days=9)
    assert accept(console, made) == USED
    found = entry(console, made)
    assert (found.approved_by, found.accepted_by, found.year) == ("hospital", "hospital", 2)
    assert kinds(console, made) == ["cap_asked", "cap_approved", "cap_accepted"]
    assert (year_of(console, "C-29").used, year_of(console, "C-29").taken) == (1, 1)
    with console.read() as session:
        assert caps.differences(session) == ()


def test_a_row_changed_behind_the_events_is_found(console: Console, contract: int) -> None:
    first, second = fill(console, "C-29", 2)
    with console.write() as session:
        session.execute(update(CapRow).where(CapRow.id == second).values(state=RETURNED))
    with console.read() as session:
        assert caps.differences(session) == (second,)
    assert first != second


def test_a_form_sent_twice_asks_once_also_at_the_same_moment(console: Console, contract: int) -> None:
    assert ask(console, key="the-same-form-0001") == ask(console, key="the-same-form-0001")
    both = at_once(*[lambda: ask(console, key="the-same-form-0002")] * 2)
    assert len(set(both)) == 1
    with console.read() as session:
        assert len(session.scalars(select(CapRow.id)).all()) == 2


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"clause": "C-15"}, "clause"), ({"clause": ""}, "clause"), ({"title": " "}, "title"),
        ({"title": "长" * 201}, "title"), ({"title": "\x00"}, "title"), ({"requester": "人" * 101}, "requester"),
        ({"side": "neutral"}, "side"), ({"ticket": "GD-0"}, "ticket"), ({"asked_on": date(2026, 11, 21)}, "asked_on"),
        ({"asked_on": date(2024, 12, 31)}, "asked_on"), ({"is_notice": True, "clause": "C-25"}, "is_notice"),
        ({"key": "short"}, None),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_for_is_refused_naming_the_field(
    console: Console, contract: int, given: dict[str, Any], field: str | None
) -> None:
    with pytest.raises(Refused) as refused:
        ask(console, **{"clause": "C-29", **given})
    assert refused.value.field == field


def test_the_longest_title_is_taken_and_its_personal_numbers_are_masked(console: Console, contract: int) -> None:
    made = ask(console, title="回电 13800001234 " + "长" * 180, requester="医务科 13800001234")
    found = entry(console, made)
    assert "13800001234" not in found.title + found.requester
    with console.read() as session:
        assert "13800001234" not in " ".join(session.scalars(select(EventRow.facts)))
        assert caps.differences(session) == ()


def test_a_go_live_notice_is_no_request_and_is_told_why(console: Console, contract: int) -> None:
    with pytest.raises(Refused, match="C-24"):
        ask(console, "C-25", is_notice=True)


def test_a_contract_without_caps_has_nothing_to_ask_for(console: Console) -> None:
    load_without_caps(console)
    with pytest.raises(Refused) as refused:
        ask(console)
    assert refused.value.field == "clause"
    with console.read() as session:
        assert caps.of_year(session, console.book(session), 1, date(2026, 11, 20)) == ()


def test_outside_the_contracts_term_nothing_is_asked_or_approved(
    console: Console, clock: FakeClock, contract: int
) -> None:
    made = ask(console)
    clock.at = datetime(2027, 12, 31, 16, 0, tzinfo=UTC)  # the first second after the term in Shanghai
    for act in (lambda: ask(console), lambda: approve(console, made)):
        with pytest.raises(Refused, match="合同期内"):
            act()
    clock.forward(seconds=-1)
    assert approve(console, made) == RESERVED


# -- the contract year ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("moment", "year"),
    [("2026-12-31T15:59:59+00:00", 2), ("2026-12-31T16:00:00+00:00", 3), ("2025-12-31T16:00:00+00:00", 2)],
)
def test_it_counts_in_the_contract_year_of_the_approval(
    console: Console, clock: FakeClock, contract: int, moment: str, year: int
) -> None:
    clock.at = datetime(2025, 12, 1, tzinfo=UTC)
    made = ask(console)
    clock.at = datetime.fromisoformat(moment)
    assert approve(console, made) == RESERVED
    found = entry(console, made)
    assert found.year == year
    with console.read() as session:
        book = console.book(session)
        counted = {
            n: next(y.taken for y in caps.of_year(session, book, contract, day) if y.clause == "C-29")
            for n, day in ((2, date(2026, 12, 31)), (3, date(2027, 12, 31)))
        }
    assert counted == {2: int(year == 2), 3: 1 if year == 3 else 0}


def test_a_new_contract_year_has_its_whole_cap_and_nothing_of_the_old_one(
    console: Console, clock: FakeClock, contract: int
) -> None:
    waiting = held_one(console)
    clock.at = datetime(2027, 1, 1, 1, tzinfo=UTC)
    assert (year_of(console, "C-29").taken, year_of(console, "C-29").left) == (0, 8)
    assert approve(console, waiting) == RESERVED  # there is room now
    assert year_of(console, "C-29").taken == 1


def test_what_happened_in_a_month_is_told_with_its_dates(console: Console, clock: FakeClock, contract: int) -> None:
    first, second = fill(console, "C-29", 2)
    clock.at = datetime(2026, 12, 1, 1, tzinfo=UTC)
    accept(console, first)
    with console.read() as session:
        november, december = (caps.of_month(session, contract, month) for month in ("2026-11", "2026-12"))
        assert caps.of_month(session, contract, "2026-10") == ()
    assert [one.id for one in november] == [first, second]
    assert [(one.id, one.state, one.title) for one in december] == [(first, USED, "第 1 项")]


def test_before_the_go_live_nothing_is_counted_for_the_opening_balance_tells_it(
    console: Console, clock: FakeClock
) -> None:
    load_caps(console, Opening("C-29", 2, 5, "会签单"), go_live_on=date(2026, 11, 21))
    made = ask(console)
    with pytest.raises(Refused, match="2026-11-21"):
        approve(console, made)
    clock.forward(hours=6)  # the first second of the 21st in Shanghai
    assert approve(console, made) == RESERVED
    assert year_of(console, "C-29").taken == 6


# -- over the cap -----------------------------------------------------------------------------------------------------


def test_one_over_the_cap_is_held_and_both_are_told(console: Console, contract: int) -> None:
    made = held_one(console)
    year = year_of(console, "C-29")
    assert (year.taken, year.held, year.stage) == (8, 1, rules.FULL)
    (message,) = told(console, "cap_held")
    assert (message["entry"], message["cap"], message["audience"]) == (made, "政策性修改", "both")
    with pytest.raises(Refused, match="仍已用满"):
        approve(console, made)
    with pytest.raises(Refused, match="超额待商定"):
        accept(console, made)


def test_both_are_warned_once_at_two_below_and_at_the_cap(console: Console, clock: FakeClock, contract: int) -> None:
    made = fill(console, "C-29", 6)
    assert [(m["taken"], m["limit"], m["audience"]) for m in told(console, "cap_warning")] == [(6, 8, "both")]
    returned(console, made[0])
    fill(console, "C-29", 1)
    assert len(told(console, "cap_warning")) == 1
    fill(console, "C-29", 2)
    assert [m["taken"] for m in told(console, "cap_warning")] == [6, 8]
    clock.at = datetime(2027, 3, 1, tzinfo=UTC)
    fill(console, "C-29", 6)
    assert [m["taken"] for m in told(console, "cap_warning")] == [6, 8, 6]  # another year, another warning


def test_an_opening_balance_counts_in_the_warning(console: Console) -> None:
    load_caps(console, Opening("C-29", 2, 7, "会签单"))
    fill(console, "C-29", 1)
    assert [(m["taken"], m["limit"]) for m in told(console, "cap_warning")] == [(7, 8), (8, 8)]
    assert approve(console, ask(console)) == HELD


@pytest.mark.parametrize(
    ("used", "warned"), [(5, []), (6, [6]), (7, [7]), (8, [8])]
)  # fmt: skip
def test_an_opening_balance_warns_once_when_the_contract_is_loaded(
    console: Console, used: int, warned: list[int]
) -> None:
    load_caps(console, Opening("C-29", 2, used, "会签单"), Opening("C-12", 1, 4, "去年的不再提"))
    for _ in range(2):
        console.prepare()
        assert [(m["clause"], m["taken"], m["audience"]) for m in told(console, "cap_warning")] == [
            ("C-29", taken, "both") for taken in warned
        ]


def test_a_contract_that_begins_with_seven_of_eight_warns_at_its_first_start(
    tmp_path: Path, clock: FakeClock, migrated_url: str
) -> None:
    text = (PROJECT / "config.toml").read_text(encoding="utf-8")
    opening = '[[contract.opening]]\nclause = "C-31"\nyear = 2\nused = 7\ndocument = "额度核对单"\n'
    text = text.replace("[contract.settlement] ", opening + "[contract.settlement] ", 1)
    (tmp_path / "config.toml").write_text(text, encoding="utf-8")
    made = make_console(tmp_path / "data", clock, migrated_url, OPS_CONFIG=str(tmp_path / "config.toml"))
    made.prepare()
    assert [(m["clause"], m["taken"], m["limit"]) for m in told(made, "cap_warning")] == [("C-31", 7, 8)]
    made.close()


def test_of_an_opening_balance_at_five_the_sixth_is_warned_of(console: Console) -> None:
    load_caps(console, Opening("C-29", 2, 5, "会签单"))
    fill(console, "C-29", 3)
    assert [m["taken"] for m in told(console, "cap_warning")] == [6, 8]


def returned(console: Console, entry_id: int) -> CapEntry:
    return confirm(console, propose(console, entry_id, "return", CHIEF), ENGINEER)


def test_when_a_place_is_free_again_the_held_one_can_be_approved(console: Console, contract: int) -> None:
    waiting = held_one(console)
    with console.read() as session:
        first = session.scalars(select(CapRow.id).order_by(CapRow.id)).first()
    assert first is not None
    assert returned(console, first).state == RETURNED
    assert approve(console, waiting) == RESERVED
    assert year_of(console, "C-29").taken == 8


@pytest.mark.parametrize("fee", ["0", "1,200.50"])
def test_a_change_order_settles_it_beside_the_cap(console: Console, contract: int, fee: str) -> None:
    made = held_one(console)
    agreed = propose(console, made, "order", MANAGER, document="BG-2026-03", amount=fee)
    assert entry(console, made).state == HELD  # one party's word has no effect
    found = confirm(console, agreed, CHIEF)
    assert (found.state, found.way, found.document) == (RESERVED, "order", "BG-2026-03")
    assert found.fee == (0 if fee == "0" else 120050)
    year = year_of(console, "C-29")
    assert (year.taken, year.held, year.beside) == (8, 0, 1)
    assert accept(console, made) == USED
    with console.read() as session:
        assert caps.differences(session) == ()


def test_goodwill_is_offered_by_the_vendor_alone_and_acknowledged(console: Console, contract: int) -> None:
    made = held_one(console)
    with pytest.raises(Refused, match="只能由乙方提出"):
        propose(console, made, "goodwill", CHIEF)
    found = confirm(console, propose(console, made, "goodwill", ENGINEER), CHIEF)
    assert (found.state, found.way, year_of(console, "C-29").taken) == (RESERVED, "goodwill", 8)


def test_deferred_it_waits_for_the_next_contract_year(console: Console, clock: FakeClock, contract: int) -> None:
    made = held_one(console)
    found = confirm(console, propose(console, made, "deferred", ENGINEER), CHIEF)
    assert (found.state, found.year, found.not_before) == (rules.ASKED, 3, date(2027, 1, 1))
    assert (year_of(console, "C-29").held, year_of(console, "C-29").asked) == (0, 0)
    with pytest.raises(Refused, match="2027-01-01"):
        approve(console, made)
    clock.at = datetime(2026, 12, 31, 16, 0, tzinfo=UTC)
    assert approve(console, made) == RESERVED
    assert (year_of(console, "C-29").taken, entry(console, made).year) == (1, 3)


def test_in_the_last_contract_year_nothing_is_deferred(console: Console, clock: FakeClock, contract: int) -> None:
    clock.at = datetime(2027, 6, 1, tzinfo=UTC)
    made = held_one(console)
    with pytest.raises(Refused, match="没有下一合同年"):
        propose(console, made, "deferred", ENGINEER)


def test_without_a_ticket_it_is_retyped_by_both(console: Console, contract: int) -> None:
    made = held_one(console)
    with pytest.raises(Refused) as refused:
        propose(console, made, "retype", ENGINEER, clause="C-29")
    assert refused.value.field == "clause"
    found = confirm(console, propose(console, made, "retype", ENGINEER, clause="C-31"), CHIEF)
    assert (found.state, found.why) == (RETURNED, rules.RETYPED)
    year = year_of(console, "C-31")
    assert [(one.title, one.state) for one in year.entries] == [("第 9 项", rules.ASKED)]
    other = ask(console)
    assert approve(console, other) == HELD
    assert confirm(console, propose(console, other, "retype", CHIEF, clause="none"), ENGINEER).state == RETURNED
    assert year_of(console, "C-29").held == 0


def test_the_asking_side_withdraws_alone_what_is_not_begun(console: Console, contract: int) -> None:
    made = held_one(console)
    with console.write() as session, pytest.raises(Refused, match="只有提出方"):
        cap_entries.withdraw(session, made, "不要了", ENGINEER, console.now())
    with console.write() as session, pytest.raises(Refused) as refused:
        cap_entries.withdraw(session, made, " ", OFFICER, console.now())
    assert refused.value.field == "reason"
    with console.write() as session:
        found = cap_entries.withdraw(session, made, "科室不要了", OFFICER, console.now())
    assert (found.state, found.why) == (RETURNED, rules.WITHDRAWN)
    with console.write() as session, pytest.raises(Refused):
        cap_entries.withdraw(session, made, "科室不要了", OFFICER, console.now())


def test_the_hospital_alone_gives_back_no_place_that_the_vendor_worked_on(console: Console, contract: int) -> None:
    (made,) = fill(console, "C-29", 1)
    with console.write() as session, pytest.raises(Refused, match="双方一起退回"):
        cap_entries.withdraw(session, made, "不要了", CHIEF, console.now())
    agreed = propose(console, made, "return", CHIEF)
    with pytest.raises(Refused, match="等待对方"):
        confirm(console, agreed, CHIEF)
    assert year_of(console, "C-29").taken == 1
    assert confirm(console, agreed, ENGINEER).why == rules.GIVEN_BACK
    assert year_of(console, "C-29").taken == 0


# -- both parties -----------------------------------------------------------------------------------------------------


def paper(console: Console, entry_id: int) -> str:
    with console.write() as session:
        file = console.files.keep_attachment(io.BytesIO(b"%PDF-1.4 a sheet"), "需求单.pdf")
        return proofs.attach(session, "cap", str(entry_id), file, CHIEF, console.now(), code="E9")


def test_customisation_begins_only_once_both_agreed_on_the_sheet_with_its_paper(
    console: Console, contract: int
) -> None:
    made = ask(console, "C-31")
    with pytest.raises(Refused, match="双方确认需求单"):
        approve(console, made)
    with pytest.raises(Refused) as refused:
        propose(console, made, "sheet", CHIEF, agreed_on=date(2026, 11, 20))
    assert refused.value.field == "proof"
    digest = paper(console, made)
    for day in (None, date(2026, 11, 21), date(2026, 11, 19)):
        with pytest.raises(Refused) as refused:
            propose(console, made, "sheet", CHIEF, agreed_on=day, proof=digest)
        assert refused.value.field == "agreed_on"
    agreed = propose(console, made, "sheet", CHIEF, agreed_on=date(2026, 11, 20), proof=digest)
    with pytest.raises(Refused, match="双方确认需求单"):
        approve(console, made)
    with pytest.raises(Refused, match="项目经理"):
        confirm(console, agreed, ENGINEER)
    assert confirm(console, agreed, MANAGER).sheet_on == date(2026, 11, 20)
    assert approve(console, made) == RESERVED


def test_one_is_split_into_two_that_each_count_once_approved(console: Console, contract: int) -> None:
    (made,) = fill(console, "C-29", 1)
    agreed = propose(console, made, "split", ENGINEER, titles=("问诊模板", "续方提醒"))
    found = confirm(console, agreed, CHIEF)
    assert (found.title, found.state) == ("问诊模板", RESERVED)
    year = year_of(console, "C-29")
    assert (year.taken, year.asked, [one.title for one in year.entries]) == (1, 1, ["问诊模板", "续方提醒"])
    with pytest.raises(Refused):
        confirm(console, agreed, CHIEF)
    assert kinds(console, made)[-1] == "cap_renamed"


def test_two_are_merged_into_one_that_counts_once(console: Console, contract: int) -> None:
    first, second = fill(console, "C-29", 2)
    for into in ("", "0", str(second), "99", "x"):
        with pytest.raises(Refused) as refused:
            propose(console, second, "merge", ENGINEER, into=into)
        assert refused.value.field == "into"
    found = confirm(console, propose(console, second, "merge", ENGINEER, into=str(first)), CHIEF)
    assert (found.state, found.why, found.into) == (RETURNED, rules.MERGED, first)
    assert year_of(console, "C-29").taken == 1


def test_what_was_agreed_is_refused_once_the_entry_is_another(console: Console, contract: int) -> None:
    made = held_one(console)
    agreed = propose(console, made, "goodwill", ENGINEER)
    with console.write() as session:
        cap_entries.withdraw(session, made, "不要了", CHIEF, console.now())
    with pytest.raises(Refused, match="情况已变"):
        confirm(console, agreed, CHIEF)
    with console.read() as session:
        row = agreement_rows.one(session, agreed)
        assert row is not None and row.state == "proposed"


def test_another_text_than_the_one_seen_is_not_confirmed(console: Console, contract: int) -> None:
    agreed = propose(console, held_one(console), "goodwill", ENGINEER)
    with pytest.raises(Refused, match="不是您看到的"):
        confirm(console, agreed, CHIEF, digest="0" * 64)


def test_the_other_side_refuses_with_a_reason_and_the_proposer_takes_back(console: Console, contract: int) -> None:
    made = held_one(console)
    first = propose(console, made, "goodwill", ENGINEER)
    with console.write() as session, pytest.raises(Refused) as refused:
        cap_agreements.refuse(session, first, " ", CHIEF, console.now())
    assert refused.value.field == "answer"
    with console.write() as session:
        assert cap_agreements.refuse(session, first, "改走变更单", CHIEF, console.now()) == made
    second = propose(console, made, "deferred", CHIEF)
    with console.write() as session:
        assert cap_agreements.withdraw(session, second, CHIEF, console.now()) == made
    assert entry(console, made).state == HELD
    with console.write() as session, pytest.raises(NotFound):
        cap_agreements.withdraw(session, 999, CHIEF, console.now())


WITHOUT_FACTOR = [replace(one, proved_until=None) for one in (CHIEF, MANAGER)]
LATE = replace(CHIEF, proved_until=datetime(2026, 11, 20, 9, 59, 59, tzinfo=UTC))


NOBODY = [terminal_actor("root"), actor_of("a", "审计员", "auditor"), actor_of("l", "领导", "leader")]


@pytest.mark.parametrize("actor", [OFFICER, ENGINEER, MANAGER, *NOBODY, WITHOUT_FACTOR[0], LATE])
def test_only_the_chief_with_a_fresh_factor_approves_and_accepts(console: Console, contract: int, actor: Actor) -> None:
    (begun,), waiting = fill(console, "C-29", 1), ask(console)
    for act in (lambda: approve(console, waiting, actor), lambda: accept(console, begun, actor)):
        with pytest.raises(Refused):
            act()
    assert [entry(console, one).state for one in (begun, waiting)] == [RESERVED, rules.ASKED]


@pytest.mark.parametrize(
    "actor", [terminal_actor("root"), actor_of("a", "审计员", "auditor"), actor_of("l", "领导", "leader")]
)
def test_nobody_without_a_partys_right_asks(console: Console, contract: int, actor: Actor) -> None:
    with pytest.raises(Refused, match="没有这项权限"):
        ask(console, actor=actor)


@pytest.mark.parametrize("actor", [*WITHOUT_FACTOR, OFFICER])
def test_nobody_agrees_for_a_party_without_right_and_factor(console: Console, contract: int, actor: Actor) -> None:
    made = held_one(console)
    with pytest.raises(Refused):
        propose(console, made, "order", actor, document="BG-1", amount="0")
    agreed = propose(console, made, "order", MANAGER, document="BG-1", amount="0")
    with pytest.raises(Refused):
        confirm(console, agreed, actor)


def test_an_account_reset_within_a_day_does_not_approve(console: Console, clock: FakeClock, contract: int) -> None:
    console.first_accounts()
    made = ask(console)
    with console.write() as session:
        ready = people.one_time(console.hasher)
        people.reset_account(session, console.policy, "hospital", ready, terminal_actor("root"), console.now())
    with pytest.raises(Refused, match="24 小时"):
        approve(console, made)
    clock.forward(hours=24)
    assert approve(console, made) == RESERVED
    with console.read() as session:
        (event,) = [e for e in audit.of_things(session, "cap", str(made))[str(made)] if e.kind == "cap_approved"]
    assert event.credential_reset_at is not None


def test_an_unknown_entry_is_not_found(console: Console, contract: int) -> None:
    for act in (lambda: approve(console, 99), lambda: accept(console, 99), lambda: entry(console, 99)):
        with pytest.raises(NotFound):
            act()


# -- at the same moment -----------------------------------------------------------------------------------------------


def test_a_double_click_approves_and_accepts_once(console: Console, contract: int) -> None:
    made = ask(console)
    results = at_once(*[lambda: approve(console, made)] * 2)
    assert sorted(type(one).__name__ for one in results) == ["Refused", "str"]
    assert year_of(console, "C-29").taken == 1
    assert sorted(type(one).__name__ for one in at_once(*[lambda: accept(console, made)] * 2)) == ["Refused", "str"]
    assert kinds(console, made) == ["cap_asked", "cap_approved", "cap_accepted"]


def test_an_agreement_confirmed_twice_at_once_has_its_effect_once(console: Console, contract: int) -> None:
    (made,) = fill(console, "C-29", 1)
    agreed = propose(console, made, "split", ENGINEER, titles=("甲", "乙"))
    results = at_once(*[lambda: confirm(console, agreed, CHIEF)] * 2)
    assert sorted(type(one).__name__ for one in results) == ["CapEntry", "Refused"], results
    assert len(year_of(console, "C-29").entries) == 2


APPROVE = """
import sys, time
from datetime import datetime, timezone
from pathlib import Path
from ops_console.main import open_console
from ops_console.services import cap_entries
from tests.caps import CHIEF
entry, ready, go = int(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3])
console = open_console()
ready.touch()
while not go.exists():
    time.sleep(0.005)
with console.write() as session:
    now = datetime(2026, 11, 20, 10, tzinfo=timezone.utc)
    print(cap_entries.approve(session, console.book(session), entry, CHIEF, now).state)
console.close()
"""


def test_of_two_processes_that_approve_the_last_at_once_one_has_it_and_the_other_is_held(
    console: Console, contract: int, tmp_path: Path
) -> None:
    fill(console, "C-29", 7)
    waiting = [ask(console, title="甲"), ask(console, title="乙")]
    url = console.database.engine.url.render_as_string(hide_password=False)
    environment = {
        **os.environ, "OPS_DATA": str(tmp_path / "data"), "PYTHONPATH": str(PROJECT),
        "OPS_DATABASE__URL": "" if console.database.is_sqlite else url,
    }  # fmt: skip
    go, marks = tmp_path / "go", [tmp_path / f"ready-{n}" for n in range(2)]
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", APPROVE, str(entry_id), str(mark), str(go)], cwd=PROJECT, env=environment,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for entry_id, mark in zip(waiting, marks, strict=True)
    ]  # fmt: skip
    until = time.monotonic() + 60
    while not all(mark.exists() for mark in marks) and time.monotonic() < until:
        time.sleep(0.02)
    go.touch()
    answers = [process.communicate(timeout=60) for process in processes]
    assert sorted(out.strip() for out, _ in answers) == [HELD, RESERVED], answers
    assert sorted(entry(console, one).state for one in waiting) == [HELD, RESERVED]
    year = year_of(console, "C-29")
    assert (year.taken, year.held) == (8, 1)
    assert clockless(console) == 1


def clockless(console: Console) -> int:
    """How many warnings at the cap itself were given."""
    return sum(message["taken"] == message["limit"] for message in told(console, "cap_warning"))


def test_of_many_that_ask_at_once_exactly_the_cap_is_given(console: Console, contract: int) -> None:
    waiting = [ask(console, "C-12", title=f"第 {n} 次") for n in range(6)]
    states = at_once(*[lambda one=one: approve(console, one) for one in waiting])  # type: ignore[misc]
    assert sorted(map(str, states)) == [HELD] * 2 + [RESERVED] * 4
