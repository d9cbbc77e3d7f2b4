"""Releases and product versions on both databases: what they make owed, found late, corrected by both, taken down."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from ops_console.console import Console
from ops_console.core.duties import MISSED, WAIVED, state_of
from ops_console.core.errors import NotFound, Refused
from ops_console.core.people import Actor, actor_of, terminal_actor
from ops_console.core.releases import PRODUCT, UPDATE, Release, changes, checked, needs_other_side
from ops_console.core.tickets import Event
from ops_console.services import release_changes, releases
from ops_console.store import audit
from ops_console.store import duties as duty_store
from ops_console.store import releases as store
from ops_console.store.duties import DutyRow
from tests.conftest import FakeClock
from tests.duties import (
    CHIEF,
    ENGINEER,
    MANAGER,
    OFFICER,
    agree,
    done,
    paper,
    published,
    released,
    shanghai,
    the,
    without_clauses,
)
from tests.services.test_tickets import at_once

NOW = "2026-11-20 10:00"  # a Friday
AUDITOR, LEADER = actor_of("auditor", "审计员", "auditor"), actor_of("leader", "院领导", "leader")


@pytest.fixture
def clock() -> FakeClock:
    """Here it is Friday 20 November, 10 o'clock in Shanghai."""
    return FakeClock(shanghai(NOW))


def owed(console: Console, release_id: int) -> dict[str, DutyRow]:
    """What a release makes owed, by clause and task."""
    with console.read() as session:
        rows = duty_store.of_events(session, ("release", "go_live", "new_version"), [str(release_id)])
        return {f"{row.clause}/{row.task}": row for row in rows}


def dues(console: Console, release_id: int) -> dict[str, datetime]:
    return {name: row.due_at for name, row in owed(console, release_id).items() if row.waived_at is None}


def kept(console: Console, release_id: int) -> Release:
    with console.read() as session:
        return releases.find(session, console.book(session), release_id, AUDITOR, console.now()).release


def row_of(console: Console, release_id: int) -> store.ReleaseRow:
    with console.read() as session:
        row = store.one(session, release_id)
    assert row is not None
    return row


def events(console: Console, subject: str = "release") -> list[tuple[str, Event]]:
    with console.read() as session:
        assert audit.first_broken(session) is None
        return [(e.kind, e) for _seq, _id, e in reversed(audit.about(session, subject))]


def change(console: Console, release_id: int, *, reason: str = "记错了", actor: Actor = ENGINEER, **given: Any) -> bool:
    wanted = replace(kept(console, release_id), **given)
    with console.write() as session:
        return release_changes.propose(
            session, console.book(session), release_id, wanted, reason, actor=actor, now=console.now()
        )


def decide(console: Console, change_id: int, *, agreed: bool = True, answer: str = "", actor: Actor = OFFICER) -> int:
    with console.write() as session:
        return release_changes.decide(
            session, console.book(session), change_id, agreed=agreed, answer=answer, actor=actor, now=console.now()
        )


def newest_change(console: Console, release_id: int) -> store.ChangeRow:
    with console.read() as session:
        return store.changes(session, release_id)[0]


# -- registering ------------------------------------------------------------------------------------------------------


def test_an_update_makes_notes_manual_and_video_owed_in_the_same_act(console: Console, clock: FakeClock) -> None:
    agree(console)
    made = released(console)
    assert dues(console, made) == {
        "C-13/notes": clock(), "C-30/manual": shanghai("2026-11-27 23:59:59"),
        "C-30/video": shanghai("2026-11-27 23:59:59"),
    }  # fmt: skip
    (kind, said), *_ = events(console)
    assert kind == "release_registered"
    assert said.facts["duties"] == [row.id for row in owed(console, made).values()]
    assert said.facts["late_found"] is False
    assert [kind for kind, _ in events(console, "duty")] == ["duty_planned"] * 3


@pytest.mark.parametrize(
    ("going", "until"),
    [(None, "2026-11-20 10:30"), ("2026-11-20 23:45", "2026-11-20 23:59:59"), ("2026-11-23 00:00", "2026-11-23 00:30")],
)
def test_a_go_live_wants_its_notice_within_half_an_hour_and_the_same_day(
    console: Console, going: str | None, until: str
) -> None:
    agree(console)
    made = released(console, go_live=True, go_live_at=shanghai(going) if going else None)
    assert dues(console, made)["C-24/notice"] == shanghai(until)


def test_a_notice_switched_on_with_the_go_live_is_in_time_and_a_second_after_half_an_hour_is_not(
    console: Console, clock: FakeClock
) -> None:
    agree(console)
    first, second = released(console, go_live=True), released(console, version="3.3.0", go_live=True)
    began = clock()
    clock.forward(minutes=30)
    done(console, f"C-24/notice/go_live:{first}/1", actor=OFFICER)
    clock.forward(seconds=1)
    done(console, f"C-24/notice/go_live:{second}/1", actor=OFFICER)
    states = [state_of(duty_store.duty_of(owed(console, one)["C-24/notice"]), clock()) for one in (first, second)]
    assert states == ["kept", MISSED]
    assert began < clock()


def test_a_new_version_wants_a_reminder_and_a_plan_counted_from_its_publication(console: Console) -> None:
    agree(console)
    made = published(console, published_on=date(2026, 11, 18))
    assert dues(console, made) == {
        "C-35/reminder": shanghai("2026-11-25 23:59:59"), "C-35/plan": shanghai("2026-12-02 23:59:59"),
    }  # fmt: skip
    assert row_of(console, made).late_found is False


@pytest.mark.parametrize(
    ("day", "late"), [(date(2026, 11, 12), True), (date(2026, 11, 13), False)]
)  # five working days later: the 19th, the 20th
def test_a_version_that_the_hospital_found_after_the_reminder_was_due_is_found_late(
    console: Console, clock: FakeClock, day: date, late: bool
) -> None:
    agree(console)
    made = published(console, actor=OFFICER, published_on=day)
    reminder = owed(console, made)["C-35/reminder"]
    assert row_of(console, made).late_found is late
    assert (state_of(duty_store.duty_of(reminder), clock()) == MISSED) is late
    assert dict(events(console))["release_registered"].facts["late_found"] is late


def test_the_vendors_own_registering_is_never_found_late(console: Console) -> None:
    agree(console)
    assert row_of(console, published(console, published_on=date(2026, 11, 2))).late_found is False


def test_nothing_is_owed_for_what_was_before_go_live(console: Console) -> None:
    agree(console, date(2026, 11, 20))
    made = released(console, released_at=shanghai("2026-11-19 23:59"), go_live=True, go_live_at=shanghai(NOW))
    assert list(dues(console, made)) == ["C-24/notice"]


def test_without_clauses_a_release_is_kept_and_owes_nothing(console: Console) -> None:
    without_clauses(console)
    assert owed(console, released(console)) == {}


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"kind": "x"}, "kind"), ({"version": " "}, "version"), ({"version": "v" * 41}, "version"),
        ({"title": ""}, "title"), ({"title": "\x00"}, "title"), ({"notes": "n" * 1001}, "notes"),
        ({"ends": ("微波炉",)}, "ends"), ({"released_at": None}, "released_at"),
        ({"released_at": shanghai("2027-02-19 10:00")}, "released_at"),
        ({"go_live": True, "go_live_at": shanghai("2027-03-19 10:00")}, "go_live_at"),
        ({"kind": PRODUCT}, "published_on"), ({"kind": PRODUCT, "published_on": date(2026, 11, 21)}, "published_on"),
    ],
)  # fmt: skip
def test_what_is_missing_or_wrong_is_refused_on_its_field(given: dict[str, Any], field: str) -> None:
    now = shanghai(NOW)
    told = {"kind": UPDATE, "version": "1", "title": "t", "released_at": now, **given}
    with pytest.raises(Refused) as refused:
        checked(Release(**told), now)
    assert refused.value.field == field


def test_what_is_told_is_trimmed_and_what_is_of_the_other_kind_is_left_out() -> None:
    now = shanghai(NOW)
    told = checked(
        Release(UPDATE, " 1 ", " a  b ", ("公众号", "患者端"), "x\r\ny ", now, published_on=date(2026, 1, 1)), now
    )
    assert (told.version, told.title, told.ends, told.notes) == ("1", "a b", ("患者端", "公众号"), "x\ny")
    assert (told.published_on, told.go_live_at) == (None, None)
    product = checked(Release(PRODUCT, "1", "t", released_at=now, go_live=True, published_on=date(2026, 11, 20)), now)
    assert (product.released_at, product.go_live) == (None, False)


def test_a_version_is_registered_once_whoever_is_first(console: Console) -> None:
    agree(console)
    found = at_once(lambda: released(console), lambda: released(console), lambda: released(console, actor=OFFICER))
    assert sorted(isinstance(result, Refused) for result in found) == [False, True, True]
    assert published(console, version="3.2.0")  # a product's version is another thing


@pytest.mark.parametrize("actor", [AUDITOR, LEADER, terminal_actor("root")], ids=lambda actor: actor.account)
def test_who_speaks_for_nobody_registers_and_changes_nothing(console: Console, actor: Actor) -> None:
    agree(console)
    made = released(console, go_live=True)
    before = len(events(console))
    for what in (
        lambda: released(console, version="9", actor=actor), lambda: change(console, made, title="x", actor=actor),
        lambda: take_down(console, made, actor=actor), lambda: say(console, made, actor=actor),
    ):  # fmt: skip
        with pytest.raises(Refused) as refused:
            what()
        assert refused.value.field == "permission"
    assert len(events(console)) == before


def test_numbers_of_people_are_masked(console: Console) -> None:
    agree(console)
    made = released(console, title="联系 13800001234", notes="证件 11010519491231002X")
    assert kept(console, made).title == "联系 138****1234"
    assert "11010519491231002X" not in kept(console, made).notes


# -- corrections ------------------------------------------------------------------------------------------------------


def test_words_are_corrected_by_who_registered_them(console: Console) -> None:
    agree(console)
    made = released(console)
    assert change(console, made, title="门诊缴费与退费", ends=("患者端",)) is True
    assert kept(console, made).title == "门诊缴费与退费"
    said = dict(events(console))["release_corrected"]
    assert said.facts == {"ends": {"old": [], "new": ["患者端"]}}
    assert change(console, made, title="甲方改的", actor=OFFICER) is False


@pytest.mark.parametrize(
    ("given", "is_so"),
    [({"title": "x"}, False), ({"notes": "x"}, False), ({"version": "x"}, False), ({"user_visible": False}, True),
     ({"released_at": shanghai("2026-11-21 10:00")}, True), ({"go_live": True}, True), ({"void": True}, True)],
)  # fmt: skip
def test_what_makes_something_owed_needs_the_other_side(given: dict[str, Any], is_so: bool) -> None:
    old = Release(UPDATE, "1", "t", released_at=shanghai(NOW))
    assert needs_other_side(changes(old, replace(old, **given))) is is_so


def test_a_later_release_moves_what_it_makes_owed_once_the_other_side_agreed(
    console: Console, clock: FakeClock
) -> None:
    agree(console)
    made = released(console)
    before = dues(console, made)
    later = shanghai("2026-11-24 20:00")
    assert change(console, made, released_at=later) is False
    assert dues(console, made) == before  # one's own word moves nothing
    asked = newest_change(console, made)
    for actor in (ENGINEER, MANAGER):
        with pytest.raises(Refused):
            decide(console, asked.id, actor=actor)
    decide(console, asked.id)
    assert dues(console, made) == {
        "C-13/notes": later, "C-30/manual": shanghai("2026-12-01 23:59:59"),
        "C-30/video": shanghai("2026-12-01 23:59:59"),
    }  # fmt: skip
    assert kept(console, made).released_at == later
    moved = [e for kind, e in events(console, "duty") if kind == "duty_moved"]
    assert len(moved) == 3
    assert datetime.fromisoformat(str(moved[0].facts["old_due_at"])) == before["C-13/notes"]
    assert [kind for kind, _ in events(console)] == [
        "release_registered", "release_change_proposed", "release_change_agreed", "release_corrected",
    ]  # fmt: skip
    with pytest.raises(Refused):
        decide(console, asked.id)


def test_a_go_live_left_out_by_the_vendor_is_added_and_taken_out_again(console: Console) -> None:
    agree(console)
    made = released(console)
    change(console, made, go_live=True, actor=OFFICER)
    decide(console, newest_change(console, made).id, actor=MANAGER)
    assert "C-24/notice" in dues(console, made)
    change(console, made, go_live=False, go_live_at=None)
    decide(console, newest_change(console, made).id)
    notice = owed(console, made)["C-24/notice"]
    assert (notice.waived_by, notice.waived_reason) == ("系统", "记错了")
    assert state_of(duty_store.duty_of(notice), console.now()) == WAIVED
    change(console, made, go_live=True)
    decide(console, newest_change(console, made).id)
    assert "C-24/notice" in dues(console, made)


def test_what_the_hospital_waived_itself_does_not_come_back_with_a_correction(console: Console) -> None:
    from ops_console.services import duties

    agree(console)
    made = released(console, user_visible=False)
    with console.write() as session:
        duties.waive(session, owed(console, made)["C-30/video"].id, "没有界面改动", CHIEF, console.now())
    change(console, made, released_at=shanghai("2026-11-19 10:00"))
    decide(console, newest_change(console, made).id)
    video = owed(console, made)["C-30/video"]
    assert (video.waived_by, video.due_at) == ("hospital", shanghai("2026-11-26 23:59:59"))


def test_a_release_registered_in_error_is_void_once_both_say_so_and_its_version_is_free(console: Console) -> None:
    agree(console)
    made = released(console)
    change(console, made, void=True)
    assert kept(console, made).void is False
    decide(console, newest_change(console, made).id)
    assert kept(console, made).void is True
    assert dues(console, made) == {}
    with pytest.raises(Refused):
        change(console, made, title="x")
    assert released(console) != made


def test_one_question_waits_at_a_time_and_may_be_taken_back_or_refused_with_why(console: Console) -> None:
    agree(console)
    made = released(console)
    change(console, made, user_visible=False)
    with pytest.raises(Refused, match="还没有答复"):
        change(console, made, go_live=True, actor=OFFICER)
    first = newest_change(console, made)
    change(console, made, released_at=shanghai("2026-11-19 10:00"))
    second = newest_change(console, made)
    with pytest.raises(Refused, match="已处理"):
        decide(console, first.id)
    with pytest.raises(Refused):
        decide(console, second.id, agreed=False)
    decide(console, second.id, agreed=False, answer="发布当天有记录")
    assert newest_change(console, made).answer == "发布当天有记录"
    change(console, made, user_visible=False)
    third = newest_change(console, made)
    with console.write() as session, pytest.raises(Refused):
        release_changes.withdraw(session, third.id, OFFICER, console.now())
    with console.write() as session:
        release_changes.withdraw(session, third.id, MANAGER, console.now())
    assert newest_change(console, made).state == "withdrawn"
    with pytest.raises(NotFound):
        decide(console, 99)


def test_a_change_agreed_to_after_the_words_changed_is_refused(console: Console) -> None:
    agree(console)
    made = released(console)
    change(console, made, user_visible=False, actor=OFFICER)
    asked = newest_change(console, made)
    with console.write() as session:
        row = store.one(session, made, hold=True)
        assert row is not None
        row.title = "别的"
    with pytest.raises(Refused, match="又有改动"):
        decide(console, asked.id, actor=ENGINEER)


@pytest.mark.parametrize(("given", "told"), [({}, "没有改动"), ({"title": "x", "reason": " "}, "原因")])
def test_nothing_changed_or_no_reason_is_refused(console: Console, given: dict[str, Any], told: str) -> None:
    agree(console)
    made = released(console)
    with pytest.raises(Refused, match=told):
        change(console, made, **given)


def test_of_two_yeses_at_once_one_counts(console: Console) -> None:
    agree(console)
    made = released(console)
    change(console, made, released_at=shanghai("2026-11-19 10:00"))
    asked = newest_change(console, made)
    found = at_once(lambda: decide(console, asked.id), lambda: decide(console, asked.id, actor=CHIEF))
    assert sorted(isinstance(result, Refused) for result in found) == [False, True]
    assert [kind for kind, _ in events(console, "duty")].count("duty_moved") == 3


# -- afterwards -------------------------------------------------------------------------------------------------------


def take_down(
    console: Console, release_id: int, at: datetime | None = None, *, actor: Actor = ENGINEER, files: Any = ()
) -> None:
    with console.write() as session:
        releases.notice_off(session, release_id, at, files, actor=actor, now=console.now())


def test_the_notice_is_taken_down_once_with_its_picture(console: Console, clock: FakeClock) -> None:
    agree(console)
    made, plain = released(console, go_live=True), released(console, version="3.2.1")
    clock.forward(days=10)
    for wrong in (clock() + timedelta(seconds=1), shanghai("2026-11-20 09:59")):
        with pytest.raises(Refused) as refused:
            take_down(console, made, wrong)
        assert refused.value.field == "at"
    take_down(console, made, shanghai("2026-11-27 18:00"), files=[paper(console)])
    assert row_of(console, made).notice_off_at == shanghai("2026-11-27 18:00")
    with console.read() as session:
        view = releases.find(session, console.book(session), made, AUDITOR, clock())
        assert [proof.code for proof in view.proofs] == ["E6"]
        assert view.notice is not None
    for other in (made, plain):
        with pytest.raises(Refused):
            take_down(console, other)


def say(console: Console, release_id: int, decision: str = "later", *, actor: Actor = OFFICER) -> None:
    with console.write() as session:
        releases.decide(session, release_id, decision, "年底封网", actor=actor, now=console.now())


def test_the_hospital_says_what_it_does_about_a_version(console: Console) -> None:
    agree(console)
    made, update = published(console), released(console)
    say(console, made)
    say(console, made, "upgrade")
    assert (row_of(console, made).decision, row_of(console, made).decision_reason) == ("upgrade", "年底封网")
    for wrong in ((made, "maybe"), (update, "later")):
        with pytest.raises(Refused):
            say(console, *wrong)
    with pytest.raises(Refused) as refused:
        say(console, made, actor=MANAGER)
    assert refused.value.field == "permission"


def test_the_list_shows_what_each_still_lacks_in_the_same_number_of_statements(console: Console) -> None:
    agree(console)
    made = released(console, go_live=True)
    done(console, f"C-30/video/release:{made}/1")
    published(console)
    with console.read() as session:
        found = releases.listing(session, "", page=1, actor=AUDITOR, now=console.now())
        assert [one.row.id for one in found.releases][0] == made  # later in the day than a publication
        assert found.counts == {UPDATE: 1, PRODUCT: 1}
        shown = {a.duty.task: (a.state, a.proofs) for a in found.releases[0].artefacts}
        assert shown["video"] == ("delivered", 1)
        assert set(shown) == {"notes", "manual", "video", "notice"}
        assert len(releases.listing(session, PRODUCT, page=1, actor=AUDITOR, now=console.now()).releases) == 1
        with pytest.raises(NotFound):
            releases.find(session, console.book(session), 99, AUDITOR, console.now())


def test_facts_in_the_chain_hold_no_words(console: Console) -> None:
    agree(console)
    released(console, title="张三的需求", notes="李四说的")
    facts = json.dumps(dict(dict(events(console))["release_registered"].facts), ensure_ascii=False)
    assert "张三" not in facts
    assert "李四" not in facts
    assert the(console, "C-30/manual/release:1/1").event == "release"
