"""The sample check on both databases: list, seed, calls, result; what the vendor learns of it, and who can cheat."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from ops_console.console import PROJECT, Console
from ops_console.core import tickets as core
from ops_console.core.chain import commitment
from ops_console.core.errors import NotFound, Refused
from ops_console.core.people import ROLES, Actor, actor_of, terminal_actor
from ops_console.core.samples import NEAR, VENDOR_ALONE
from ops_console.services import audit as trail
from ops_console.services import personal, sample_acts, sample_proofs, samples
from ops_console.services.corrections import retype
from ops_console.services.personal import Reveal
from ops_console.services.sample_acts import Heard
from ops_console.services.samples import Board, Which
from ops_console.store import audit, people
from ops_console.store import samples as store
from ops_console.store.audit import EventRow, PersonalRow
from ops_console.store.samples import SampleRow
from tests.conftest import HOSPITAL, VENDOR, FakeClock, do, log_ticket
from tests.services.test_claimed_times import CHIEF
from tests.web.conftest import everything, person

MONTH = "2026-10"
BEGAN = datetime(2026, 10, 9, 2, tzinfo=UTC)  # 10 o'clock in Shanghai, a workday: half an hour to answer
CHECKED = datetime(2026, 11, 3, 2, tzinfo=UTC)
OFFICER = actor_of("officer", "信息科员", "officer")
SEED = "骰子 4 2 6 1"
PHONE = "13800001234"
OPEN, LOCKED = (lambda month: False), (lambda month: True)


@pytest.fixture
def clock() -> FakeClock:
    """Here the month has just begun to fill."""
    return FakeClock(BEGAN)


def fill(console: Console, clock: FakeClock, n: int = 14) -> list[str]:
    """Log n tickets of October, every fourth answered near its limit; then it is November."""
    made = []
    for i in range(n):
        made.append(log_ticket(console, title=f"第{i}件", department="药房", phone=PHONE if i % 2 else ""))
        clock.forward(minutes=26 if i % 4 == 0 else 5)
        do(console, made[-1], core.RESPONDED)
        clock.forward(minutes=10)
        do(console, made[-1], core.RESTORE, personal={"process": "已处理"})
        clock.forward(minutes=5)
    clock.at = CHECKED
    return made


def contract(console: Console) -> int:
    with console.read() as session:
        return console.book(session).versions[0].contract_id


def which(console: Console, number: int = 0) -> Which:
    return Which(contract(console), MONTH, number)


def act(console: Console, do_it: Callable[..., Any], *given: Any, actor: Actor = OFFICER, lock: Any = OPEN) -> Any:
    with console.write() as session:
        return do_it(session, *given, actor=actor, now=console.now(), is_locked=lock)


def commit(console: Console, reason: str = "", *, seen: int = 0, **given: Any) -> int:
    def do_it(session: Session, *rest: Any, **told: Any) -> int:
        return sample_acts.commit(session, console.book(session), *rest, **told)

    return int(act(console, do_it, which(console, seen), reason, **given))


def digest(console: Console, number: int = 1) -> str:
    with console.read() as session:
        return next(row.digest for row in store.of_month(session, contract(console), MONTH) if row.number == number)


def draw(console: Console, seed: str = SEED, *, number: int = 1, **given: Any) -> tuple[str, ...]:
    found = act(console, sample_acts.draw, which(console, number), digest(console, number), seed, **given)
    return tuple(found)


def hear(console: Console, place: int, answer: str = "true", note: str = "", *, number: int = 1, **given: Any) -> None:
    act(console, sample_acts.answer, which(console, number), Heard(place, answer, note), **given)


def undo(console: Console, place: int, seen: str, **given: Any) -> None:
    act(console, sample_acts.undo, which(console, 1), place, seen, **given)


def finish(console: Console, **given: Any) -> None:
    act(console, sample_acts.finish, which(console, 1), **given)


def board(console: Console, viewer: Actor = OFFICER, lock: Any = OPEN) -> Board:
    with console.read() as session:
        return samples.board(session, contract(console), MONTH, viewer, console.now(), is_locked=lock)


def result(console: Console, viewer: Actor = OFFICER, lock: Any = OPEN) -> samples.Result | None:
    with console.read() as session:
        return samples.result(session, contract(console), MONTH, viewer, is_locked=lock)


def chain(console: Console) -> list[EventRow]:
    """The sample's events, the chain being whole."""
    with console.read() as session:
        assert audit.first_broken(session) is None
        return list(session.scalars(select(EventRow).where(EventRow.subject == "sample").order_by(EventRow.seq)))


def texts(console: Console, seq: int) -> dict[str, PersonalRow]:
    with console.read() as session:
        return {row.field: row for row in session.scalars(select(PersonalRow).where(PersonalRow.seq == seq))}


@pytest.fixture
def numbers(console: Console, clock: FakeClock) -> list[str]:
    return fill(console, clock)


@pytest.fixture
def drawn(console: Console, numbers: list[str]) -> tuple[str, ...]:
    commit(console)
    return draw(console)


# -- list and seed ----------------------------------------------------------------------------------------------------


def test_the_list_holds_every_candidate_and_its_digest_goes_into_the_chain(console: Console, clock: FakeClock) -> None:
    numbers = fill(console, clock)
    clock.at = BEGAN + timedelta(days=5)
    gone = log_ticket(console, department="药房")
    do(console, gone, core.CANCEL, HOSPITAL, reason="误报")
    log_ticket(console, title="没有人可问")
    clock.at = CHECKED
    other_month = log_ticket(console, department="药房")

    assert commit(console) == 1

    with console.read() as session:
        (row,) = store.of_month(session, contract(console), MONTH)
        listed = json.loads(store.listed(session, row.id))
    assert [number for number, _ in listed["candidates"]] == sorted(numbers)
    assert other_month not in {number for number, _ in listed["candidates"]}
    assert (row.candidates, row.near, row.vendor_alone, row.others, row.left_out) == (14, 4, 14, 0, 1)
    assert [strata for _, strata in listed["candidates"]][:2] == [[NEAR, VENDOR_ALONE], [VENDOR_ALONE]]
    (event,) = chain(console)
    assert (event.kind, event.subject_id) == ("sample_committed", f"{MONTH}/{contract(console)}")
    assert json.loads(event.facts) == {
        "draw": 1, "month": MONTH, "list": row.digest, "size": 10, "candidates": 14, "near": 4, "vendor_alone": 14,
        "others": 0, "left_out": 1,
    }  # fmt: skip


def test_the_seed_draws_ten_of_the_list_and_a_salted_commitment_binds_it(
    console: Console, drawn: tuple[str, ...]
) -> None:
    assert len(set(drawn)) == 10
    newest = board(console).newest
    assert newest is not None
    assert tuple(one.number for one in newest.tickets) == drawn
    assert [one.place for one in newest.tickets] == list(range(1, 11))
    event = chain(console)[-1]
    assert (event.kind, json.loads(event.facts)) == (
        "sample_drawn", {"draw": 1, "list": newest.row.digest, "n": 10},
    )  # fmt: skip
    kept = texts(console, event.seq)
    assert (kept["seed"].text, kept["drawn"].text) == (SEED, "\n".join(drawn))
    assert kept["seed"].salt is not None
    assert json.loads(event.commitments)["seed"] == commitment(kept["seed"].salt, SEED)


def test_fewer_candidates_than_the_size_are_all_drawn(console: Console, clock: FakeClock) -> None:
    numbers = fill(console, clock, 3)
    commit(console)
    assert set(draw(console)) == set(numbers)


@pytest.mark.parametrize(
    ("at", "told"),
    [
        (datetime(2026, 10, 31, 15, 59, 59, tzinfo=UTC), "还没有结束"),  # the last second of October in Shanghai
        (datetime(2026, 10, 31, 16, tzinfo=UTC), ""),
    ],
)
def test_a_month_is_checked_once_it_is_over(
    console: Console, clock: FakeClock, numbers: list[str], at: datetime, told: str
) -> None:
    clock.at = at
    if not told:
        assert commit(console) == 1
        return
    with pytest.raises(Refused, match=told):
        commit(console)


def test_an_empty_month_and_a_month_that_is_locked_are_refused(console: Console, clock: FakeClock) -> None:
    clock.at = CHECKED
    with pytest.raises(Refused, match="没有可以回访的工单"):
        commit(console)
    clock.at = BEGAN
    fill(console, clock, 2)
    with pytest.raises(Refused, match="已锁定"):
        commit(console, lock=LOCKED)
    assert chain(console) == []


@pytest.mark.parametrize("seed", ["", "abc", "x" * 101, "4\n2\n6\n1"])
def test_a_poor_seed_draws_nothing(console: Console, numbers: list[str], seed: str) -> None:
    commit(console)
    with pytest.raises(Refused, match="种子"):
        draw(console, seed)
    assert [event.kind for event in chain(console)] == ["sample_committed"]


def test_a_seed_that_masking_would_change_is_refused_for_nobody_could_repeat_it(
    console: Console, numbers: list[str]
) -> None:
    commit(console)
    with pytest.raises(Refused, match="会被遮盖"):
        draw(console, f"骰子 {PHONE}")


def test_a_second_draw_needs_a_reason_and_the_first_stays(console: Console, drawn: tuple[str, ...]) -> None:
    hear(console, 1, "false")
    with pytest.raises(Refused, match="写明理由") as refused:
        commit(console, " ", seen=1)
    assert refused.value.field == "reason"

    assert commit(console, "第一次只打通了一半", seen=1) == 2
    with pytest.raises(Refused, match="已停止"):
        hear(console, 2)
    second = draw(console, "另一个种子", number=2)

    found = board(console).samples
    assert [one.row.number for one in found] == [2, 1]
    assert tuple(one.number for one in found[1].tickets) == drawn
    assert found[1].tickets[0].answer == "false"
    assert found[0].row.reason == "第一次只打通了一半"
    assert tuple(one.number for one in found[0].tickets) == second
    told = result(console)
    assert told is not None
    assert (told.number, told.earlier, told.true, told.false) == (2, 1, 0, 0)
    event = next(e for e in chain(console) if e.kind == "sample_committed" and json.loads(e.facts)["draw"] == 2)
    assert texts(console, event.seq)["reason"].text == "第一次只打通了一半"


def test_a_seed_is_typed_once(console: Console, drawn: tuple[str, ...]) -> None:
    with pytest.raises(Refused, match="种子不能再改"):
        draw(console, "另一个种子")


# -- fraud ------------------------------------------------------------------------------------------------------------


def test_what_the_vendor_does_after_the_list_changes_no_draw(
    console: Console, clock: FakeClock, numbers: list[str]
) -> None:
    commit(console)
    before = digest(console)
    number = log_ticket(console, title="补登的", department="药房")
    make_inquiry(console, numbers[1])
    assert digest(console) == before
    assert number not in draw(console)
    commit(console, "登记了新工单", seen=1)
    assert digest(console, 2) != before


def test_a_list_altered_in_the_database_draws_nothing(console: Console, numbers: list[str]) -> None:
    commit(console)
    with console.read() as session:
        (row,) = store.of_month(session, contract(console), MONTH)
        listed = json.loads(store.listed(session, row.id))
    text = json.dumps({**listed, "candidates": listed["candidates"][1:]}, sort_keys=True, separators=(",", ":"))
    for changed in ({"listed": text}, {"listed": text, "digest": hashlib.sha256(text.encode()).hexdigest()}):
        with console.write() as session:
            session.execute(update(SampleRow).values(changed))
        with pytest.raises(Refused, match="不符"):
            draw(console)


def test_a_list_that_is_not_the_one_seen_draws_nothing(console: Console, numbers: list[str]) -> None:
    commit(console)
    with pytest.raises(Refused, match="已不是您看到的"):
        act(console, sample_acts.draw, which(console, 1), "0" * 64, SEED)


def test_the_same_candidates_make_another_list_each_time_so_that_no_seed_can_be_tried_out(
    console: Console, numbers: list[str]
) -> None:
    commit(console)
    commit(console, "再来", seen=1)
    assert digest(console, 1) != digest(console, 2)
    with console.read() as session, pytest.raises(NotFound):  # nor does anybody get the nonce before the draw
        sample_proofs.proof(session, which(console, 2), OFFICER, is_locked=OPEN)


def test_an_account_that_somebody_else_reset_today_neither_acts_nor_looks(
    console: Console, clock: FakeClock, drawn: tuple[str, ...]
) -> None:
    with console.write() as session:
        session.add(person("officer", "officer"))
        session.flush()
        session.execute(update(people.PersonRow).values(reset_at=clock(), credential_reset_at=clock()))
    for attempt in (lambda: hear(console, 1), lambda: board(console)):
        with pytest.raises(Refused, match="24 小时内由他人设置过"):
            attempt()
    clock.forward(hours=24)
    hear(console, 1)
    event = chain(console)[-1]
    assert "credential_reset_at" in json.loads(event.facts)  # marked for 30 days


@pytest.mark.parametrize("role", [role for role, (_, may) in ROLES.items() if "months.sample" not in may])
def test_nobody_but_the_hospitals_callers_acts(console: Console, drawn: tuple[str, ...], role: str) -> None:
    actor = actor_of(role, role, role)
    for attempt in (
        lambda: commit(console, "x", seen=1, actor=actor), lambda: hear(console, 1, actor=actor),
        lambda: undo(console, 1, "true", actor=actor), lambda: finish(console, actor=actor),
        lambda: draw(console, actor=actor),
    ):  # fmt: skip
        with pytest.raises(Refused, match="没有这项权限"):
            attempt()
    with pytest.raises(Refused):
        commit(console, "x", seen=1, actor=terminal_actor("root"))


def make_inquiry(console: Console, number: str) -> None:
    """Let the vendor ask for another type, which the hospital approves."""
    with console.write() as session:
        retype(session, console.book(session), number, "咨询", "选错", actor=VENDOR, now=console.now())
    do(console, number, core.CORRECTION_DECIDED, HOSPITAL, field="type", new="咨询", approved=True)


# -- the calls --------------------------------------------------------------------------------------------------------


def test_three_answers_are_noted_and_come_to_a_result_with_its_interval(
    console: Console, clock: FakeClock, drawn: tuple[str, ...]
) -> None:
    for place in range(1, 11):
        clock.forward(seconds=15)
        hear(console, place, "false" if place == 8 else "unreachable" if place > 8 else "true", "没接" * (place > 8))
    finish(console)

    told = result(console)
    assert told is not None
    assert (told.n, told.true, told.false, told.unreachable) == (10, 7, 1, 2)
    assert (told.share, told.low, told.high) == (8750, 5291, 9776)
    assert str(told.sentence) == "抽 10 件，打通 8 件，属实 7 件（87.5%，区间 52.9%–97.8%）"
    assert (told.seed, told.list_digest, told.callers) == (SEED, digest(console), ("officer",))
    assert (told.drawn_by, told.finished_at, told.earlier) == ("officer", clock(), 0)
    newest = board(console).newest
    assert newest is not None and newest.seconds == 150
    event = chain(console)[-1]
    assert event.kind == "sample_finished"
    assert json.loads(texts(console, event.seq)["result"].text or "") == {
        "n": 10, "true": 7, "false": 1, "unreachable": 2, "share": 8750, "low": 5291, "high": 9776,
    }  # fmt: skip


def test_a_double_click_is_one_answer(console: Console, drawn: tuple[str, ...]) -> None:
    hear(console, 1, "true", "记得")
    hear(console, 1, "true", "记得")
    assert [event.kind for event in chain(console)].count("sample_answered") == 1


def test_a_colleagues_other_answer_is_not_written_over(console: Console, drawn: tuple[str, ...]) -> None:
    hear(console, 1, "true")
    with pytest.raises(Refused, match="第 1 件已由 officer 记为“属实”"):
        hear(console, 1, "false", actor=HOSPITAL)
    undo(console, 1, "true", actor=HOSPITAL)
    hear(console, 1, "false", actor=HOSPITAL)
    newest = board(console).newest
    assert newest is not None
    assert (newest.tickets[0].answer, newest.tickets[0].answered_by) == ("false", "hospital")
    kinds = [event.kind for event in chain(console)][2:]
    assert kinds == ["sample_answered", "sample_undone", "sample_answered"]


def test_undoing_twice_is_once_and_what_changed_meanwhile_is_not_undone(
    console: Console, drawn: tuple[str, ...]
) -> None:
    hear(console, 3, "unreachable")
    undo(console, 3, "unreachable")
    undo(console, 3, "unreachable")
    assert [event.kind for event in chain(console)].count("sample_undone") == 1
    hear(console, 3, "true")
    with pytest.raises(Refused, match="已不是您看到的"):
        undo(console, 3, "unreachable")


def test_it_is_finished_at_any_time_and_then_stands(console: Console, drawn: tuple[str, ...]) -> None:
    with pytest.raises(Refused, match="还没有回访过一件"):
        finish(console)
    hear(console, 1)
    finish(console)
    finish(console)
    assert [event.kind for event in chain(console)].count("sample_finished") == 1
    for attempt in (lambda: hear(console, 2), lambda: undo(console, 1, "true")):
        with pytest.raises(Refused, match="已结束"):
            attempt()
    told = result(console)
    assert told is not None
    assert str(told.sentence) == "抽 10 件，回访 1 件，打通 1 件，属实 1 件（100%，区间 20.7%–100%）"


def test_once_locked_nothing_is_changed(console: Console, drawn: tuple[str, ...]) -> None:
    hear(console, 1)
    for attempt in (
        lambda: hear(console, 2, lock=LOCKED), lambda: undo(console, 1, "true", lock=LOCKED),
        lambda: finish(console, lock=LOCKED), lambda: commit(console, "x", seen=1, lock=LOCKED),
    ):  # fmt: skip
        with pytest.raises(Refused, match="已锁定"):
            attempt()


@pytest.mark.parametrize(("place", "answer"), [(11, "true"), (0, "true"), (1, ""), (1, "TRUE"), (1, "maybe")])
def test_what_was_not_drawn_or_is_no_answer_is_refused(
    console: Console, drawn: tuple[str, ...], place: int, answer: str
) -> None:
    with pytest.raises((Refused, NotFound)):
        hear(console, place, answer)


def test_a_note_is_masked_and_of_bounded_length(console: Console, drawn: tuple[str, ...]) -> None:
    with pytest.raises(Refused) as refused:
        hear(console, 1, "true", "长" * 501)
    assert refused.value.field == "note"
    hear(console, 1, "true", f"回拨 {PHONE}")
    newest = board(console).newest
    assert newest is not None and newest.tickets[0].note == "回拨 138****1234"
    assert PHONE not in str(everything(console)["sample_ticket"]) + str(everything(console)["event_personal"])


def together(*acts: Callable[[], object]) -> list[BaseException | None]:
    """Do the acts at one moment in threads of their own; return what each raised."""
    barrier, raised = Barrier(len(acts)), [None] * len(acts)  # type: list[BaseException | None]

    def run(place: int) -> None:
        barrier.wait()
        try:
            acts[place]()
        except Refused as refused:
            raised[place] = refused

    threads = [Thread(target=run, args=(place,)) for place in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


def test_two_officers_at_once_make_one_list_one_draw_and_one_answer(console: Console, numbers: list[str]) -> None:
    two = together(lambda: commit(console), lambda: commit(console, actor=HOSPITAL))
    assert [one is None for one in two].count(True) == 1
    two = together(lambda: draw(console, "第一个种子"), lambda: draw(console, "第二个种子", actor=HOSPITAL))
    assert [one is None for one in two].count(True) == 1
    two = together(lambda: hear(console, 1, "true"), lambda: hear(console, 1, "false", actor=HOSPITAL))
    assert [one is None for one in two].count(True) == 1
    assert [event.kind for event in chain(console)] == ["sample_committed", "sample_drawn", "sample_answered"]


# -- the card ---------------------------------------------------------------------------------------------------------


def card(console: Console, place: int = 1, viewer: Actor = OFFICER) -> samples.Card:
    with console.read() as session:
        found = samples.board(session, contract(console), MONTH, viewer, console.now(), is_locked=OPEN).newest
        assert found is not None
        drawn = found.at(place)
        assert drawn is not None
        return samples.card(session, found, drawn, viewer)


def test_the_card_shows_the_ticket_as_it_stood_when_the_list_was_made(
    console: Console, clock: FakeClock, drawn: tuple[str, ...]
) -> None:
    clock.forward(minutes=5)
    make_inquiry(console, drawn[0])
    do(console, drawn[0], core.RESTORE_REJECTED, HOSPITAL, reason="没修好")
    do(console, drawn[1], core.RESTORE_REJECTED, HOSPITAL, reason="没修好")
    do(console, drawn[1], core.CANCEL, HOSPITAL, reason="误报")

    first, second = card(console), card(console, 2)

    assert (first.facts.type, first.changed) == ("故障", ("type", "restored_at"))
    assert first.facts.restored_at is not None
    assert second.facts.withdrawn == ""
    assert "withdrawn" in second.changed
    assert card(console, 3).changed == ()
    hear(console, 2)  # it was drawn, so it may be asked about


def test_only_a_number_that_stands_whole_can_be_dialled(console: Console, clock: FakeClock) -> None:
    fill(console, clock, 2)  # the first with a mobile, which is masked, the second without a number
    clock.at = BEGAN
    extension = log_ticket(console, phone="8021")
    clock.at = CHECKED
    commit(console)
    by_number = {card(console, place).drawn.number: card(console, place) for place, _ in enumerate(draw(console), 1)}
    assert by_number.pop(extension).dialled == "8021"
    assert [one.dialled for one in by_number.values()] == ["", ""]
    purged = replace(next(iter(by_number.values())), phone=None)
    for told in (core.PURGED, "138****1234"):
        assert replace(purged, facts=replace(purged.facts, personal={"phone": told})).dialled == ""


def phone_place(console: Console, drawn: tuple[str, ...]) -> int:
    return next(place for place in range(1, 11) if card(console, place).phone is not None)


def test_a_masked_number_is_shown_by_the_rules_of_reveals_but_recorded_at_the_sample(
    console: Console, clock: FakeClock, drawn: tuple[str, ...]
) -> None:
    with console.write() as session:
        session.add(person("officer", "officer"))
    place = phone_place(console, drawn)
    masked = card(console, place).phone
    assert masked is not None and masked.text == "138****1234"
    proved = replace(OFFICER, proved_until=clock())
    sealer = console.sealer("personal")
    reveal = partial(sample_acts.reveal_phone, console.write, sealer, which(console, 1), place, is_locked=OPEN)

    with pytest.raises(Refused, match="第二因素"):
        reveal("抽查回访", actor=OFFICER, now=clock())
    with pytest.raises(Refused, match="查看原文的原因"):
        reveal(" ", actor=proved, now=clock())
    with pytest.raises(Refused, match="没有这项权限"):
        reveal("看看", actor=replace(VENDOR, proved_until=clock()), now=clock())
    with pytest.raises(Refused, match="已锁定"):
        sample_acts.reveal_phone(
            console.write, sealer, which(console, 1), place, "x", actor=proved, now=clock(), is_locked=LOCKED
        )
    reveal("抽查回访", actor=proved, now=clock())

    with console.read() as session:
        there = Reveal(masked.number, masked.seq, "phone", "")
        assert personal.shown(session, sealer, there, proved, clock()).original == PHONE
    event = chain(console)[-1]
    assert (event.kind, json.loads(event.facts)) == ("personal_revealed", {"draw": 1})
    assert event.subject_id == f"{MONTH}/{contract(console)}"
    assert {name: row.text for name, row in texts(console, event.seq).items()} == {
        "number": masked.number, "field": "phone", "of": str(masked.seq), "reason": "抽查回访",
    }  # fmt: skip


def test_reveals_of_a_sample_count_towards_the_hours_limit(
    console: Console, clock: FakeClock, drawn: tuple[str, ...]
) -> None:
    with console.write() as session:
        session.add(person("officer", "officer"))
    place, proved = phone_place(console, drawn), replace(OFFICER, proved_until=clock())
    reveal = partial(
        sample_acts.reveal_phone, console.write, console.sealer("personal"), which(console, 1), place, "抽查回访",
        actor=proved, now=clock(), is_locked=OPEN,
    )  # fmt: skip
    for _ in range(personal.PER_HOUR):
        reveal()
    with pytest.raises(Refused, match="达到上限"):
        reveal()
    assert chain(console)[-1].kind == "personal_reveal_refused"


# -- what others learn ------------------------------------------------------------------------------------------------


def test_before_the_lock_nothing_but_the_samples_own_rows_tells_what_was_drawn(
    console: Console, clock: FakeClock, numbers: list[str]
) -> None:
    """Whatever the vendor reads comes from other tables: no row of them is touched, and the chain tells no number."""
    with console.write() as session:
        session.add(person("officer", "officer"))
    commit(console)
    before = everything(console)
    drawn = draw(console)
    hear(console, 1, "true", "王护士说没错")
    hear(console, 2, "false")
    undo(console, 2, "false")
    hear(console, 2, "unreachable")
    place = phone_place(console, drawn)
    sample_acts.reveal_phone(
        console.write, console.sealer("personal"), which(console, 1), place, "抽查回访",
        actor=replace(OFFICER, proved_until=clock()), now=clock(), is_locked=OPEN,
    )  # fmt: skip
    finish(console)
    after = everything(console)

    changed = {name for name in after if after[name] != before[name]}
    assert changed == {"sample", "sample_ticket", "event", "event_personal", "personal_reveal"}
    for event in chain(console):
        hashed = audit.body(event.__dict__)
        assert not [number for number in numbers if number in hashed]
        for told in (SEED, "王护士", "unreachable", "false", '"true"', PHONE):
            assert told not in hashed, event.kind
    lines = list(trail.export(console.read, VENDOR, "YW"))
    assert sum('"subject":"sample"' in line for line in lines) == len(chain(console))
    for line in lines:
        if '"subject":"sample"' in line:
            assert not [number for number in numbers if number in line]
            assert "personal" not in json.loads(line)


@pytest.mark.parametrize("role", ["vendor", "manager", "auditor", "leader"])
def test_the_page_is_unknown_to_others_until_the_month_is_locked(
    console: Console, drawn: tuple[str, ...], role: str
) -> None:
    viewer = actor_of(role, role, role)
    hear(console, 1, "true", "只给医院看")
    with console.read() as session:
        for attempt in (lambda: board(console, viewer), lambda: sample_proofs.proof(
            session, which(console, 1), viewer, is_locked=OPEN
        )):  # fmt: skip
            with pytest.raises(NotFound, match="没有这一页"):
                attempt()
    assert result(console, viewer) is None

    seen = board(console, viewer, LOCKED)
    assert not seen.is_open
    assert seen.newest is not None
    assert tuple(one.number for one in seen.newest.tickets) == drawn
    assert seen.newest.tickets[0].answer == "true"
    assert seen.newest.tickets[0].note == ("只给医院看" if role == "leader" else "")
    told = result(console, viewer, LOCKED)
    assert told is not None and told.seed == SEED
    with console.read() as session, pytest.raises(Refused):
        samples.card(session, seen.newest, seen.newest.tickets[0], viewer)


@pytest.mark.parametrize("role", ["administrator", "security", "audit_administrator"])
def test_administrators_see_no_sample_locked_or_not(console: Console, drawn: tuple[str, ...], role: str) -> None:
    with pytest.raises(NotFound):
        board(console, actor_of(role, role, role), LOCKED)


def test_nothing_drawn_is_no_result(console: Console, numbers: list[str]) -> None:
    assert result(console) is None
    commit(console)
    assert result(console) is None
    assert result(console, VENDOR, LOCKED) is None


def test_a_stranger_repeats_the_draw_with_the_published_program_and_checks_the_commitments(
    console: Console, tmp_path: Path, drawn: tuple[str, ...]
) -> None:
    hear(console, 1, "true")
    finish(console)
    with console.read() as session:
        told = sample_proofs.proof(session, which(console, 1), VENDOR, is_locked=LOCKED)
    (tmp_path / "proof.json").write_text(json.dumps(told, ensure_ascii=False), encoding="utf-8")
    program = (PROJECT / "docs" / "sample-check.md").read_text(encoding="utf-8").split("```python\n")[1].split("```")[0]

    done = subprocess.run(
        [sys.executable, "-I", "-c", program, str(tmp_path / "proof.json")], capture_output=True, text=True, check=True
    )

    first, *opened = done.stdout.splitlines()
    assert first == "list True draw True"
    hashed = {event.seq: json.loads(event.commitments) for event in chain(console)}
    assert len(opened) == 4  # seed and numbers, one answer, the result
    for line in opened:
        seq, field, digest_of = line.split()
        assert hashed[int(seq)][field] == digest_of
    assert tuple(told["drawn"]) == drawn
    assert told["answers"] == ["true", *[""] * 9]


def test_a_hospital_entry_is_weighed_as_another_stratum(console: Console, clock: FakeClock) -> None:
    log_ticket(console, actor=CHIEF, channel="扫码", department="收费处")
    number = log_ticket(console, department="药房")
    do(console, number, core.RESPONDED)
    clock.at = CHECKED
    commit(console)
    with console.read() as session:
        (row,) = store.of_month(session, contract(console), MONTH)
        strata = dict(json.loads(store.listed(session, row.id))["candidates"])
    assert strata[number] == [VENDOR_ALONE]
    assert [s for n, s in strata.items() if n != number] == [[NEAR]]  # nobody ever answered it
