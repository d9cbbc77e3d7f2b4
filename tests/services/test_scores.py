"""The scoring sheet on both databases: proposed by one party, confirmed by the other, in force from its month on."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from ops_console.console import Console
from ops_console.core.agreements import IN_FORCE, OVER_CAP, PROPOSED, SHEET, Draft
from ops_console.core.errors import NotFound, Refused
from ops_console.core.people import ROLES, Actor, actor_of, terminal_actor
from ops_console.core.score_preset import ITEMS, PRESET
from ops_console.core.scores import Sheet
from ops_console.services import agreements, scores
from ops_console.store import audit
from ops_console.store.messages import OutboxRow
from tests.conftest import NOON, FakeClock

AGES = NOON + timedelta(days=900)
HOSPITAL = actor_of("hospital", "信息科长", "hospital", proved_until=AGES)
VENDOR = actor_of("vendor", "乙方工程师", "vendor", proved_until=AGES)
OTHER = replace(PRESET, name="第二版", items=(replace(ITEMS[0], name="响应"), *ITEMS[1:]))


def frozen(until: str):  # type: ignore[no-untyped-def]
    """The months up to that one are frozen."""
    return lambda _session, _contract: until


NEVER = frozen("")


def propose(
    console: Console, sheet: Sheet = PRESET, month: str = "2026-12", *, actor: Actor = HOSPITAL, reason: str = "约定",
    last: str = "",
) -> int:  # fmt: skip
    with console.write() as session:
        here = console.book(session).at(console.now())
        return scores.propose(
            session, here.contract_id, here.terms, sheet, month, reason, actor=actor, now=console.now(),
            last_frozen=frozen(last),
        )  # fmt: skip


def confirm(console: Console, made: int, *, actor: Actor = VENDOR, last: str = "", digest: str = "") -> None:
    with console.write() as session:
        here = console.book(session).at(console.now())
        digest = digest or scores.of_subject(session, here.contract_id, made, SHEET).digest
        scores.confirm(
            session,
            here.contract_id,
            here.terms,
            made,
            digest,
            actor=actor,
            now=console.now(),
            last_frozen=frozen(last),
        )


def in_force(console: Console, month: str) -> Sheet | None:
    with console.read() as session:
        return scores.sheet_in_force(session, console.book(session).at(console.now()).contract_id, month)


def versions(console: Console) -> tuple[scores.SheetVersion, ...]:
    with console.read() as session:
        here = console.book(session).at(console.now())
        return scores.versions(session, here.contract_id, here.terms, HOSPITAL)


def test_one_partys_word_has_no_effect(console: Console) -> None:
    assert in_force(console, "2026-12") is None
    propose(console)
    assert in_force(console, "2026-12") is None
    assert [(one.row.state, one.month, one.waits, one.is_first) for one in versions(console)] == [
        (PROPOSED, "2026-12", True, True)
    ]


@pytest.mark.parametrize(("first", "second"), [(HOSPITAL, VENDOR), (VENDOR, HOSPITAL)])
def test_both_parties_words_put_a_sheet_in_force_from_its_month(console: Console, first: Actor, second: Actor) -> None:
    confirm(console, propose(console, actor=first), actor=second)
    assert in_force(console, "2026-11") is None
    assert in_force(console, "2026-12") == in_force(console, "2027-05") == PRESET
    with console.read() as session:
        assert audit.first_broken(session) is None
        told = [(kind, subject) for subject, kind in ((s, e.kind) for s, _, e in audit.about(session, "agreement"))]
        assert [kind for kind, _ in told[::-1]] == ["agreement_proposed", "agreement_in_force"]
        kept = session.scalars(select(OutboxRow).order_by(OutboxRow.id)).all()
    told_to = [(row.audience, row.kind, json.loads(row.payload)) for row in kept if row.kind.startswith("sheet_")]
    assert told_to == [
        (second.side, "sheet_proposed", {"month": "2026-12"}), (first.side, "sheet_in_force", {"month": "2026-12"}),
    ]  # fmt: skip


def test_versions_follow_one_another_and_tell_what_they_change(console: Console) -> None:
    confirm(console, propose(console))
    confirm(console, propose(console, OTHER, "2027-02", actor=VENDOR), actor=HOSPITAL)
    assert [in_force(console, month).name for month in ("2026-12", "2027-01", "2027-02")] == [  # type: ignore[union-attr]
        "示例-100分制", "示例-100分制", "第二版",
    ]  # fmt: skip
    newest, first = versions(console)
    assert [str(change.about) for change in newest.changes] == ["评分表名称", "A1 响应 的名称"]
    assert (first.changes, first.is_first, newest.is_first) == ((), True, False)


def test_a_version_for_the_same_month_replaces_the_one_before(console: Console) -> None:
    confirm(console, propose(console))
    confirm(console, propose(console, OTHER))
    assert in_force(console, "2026-12") == OTHER
    assert [one.row.state for one in versions(console)] == [IN_FORCE, "replaced"]


def test_a_later_proposal_withdraws_the_one_that_waits(console: Console) -> None:
    first = propose(console)
    propose(console, OTHER)
    assert [one.row.state for one in versions(console)] == [PROPOSED, "withdrawn"]
    with pytest.raises(Refused):
        confirm(console, first)


def test_the_other_party_says_no_with_a_reason_or_the_first_takes_it_back(console: Console) -> None:
    made = propose(console)
    with pytest.raises(Refused) as refused, console.write() as session:
        here = console.book(session).at(console.now()).contract_id
        scores.refuse(session, here, made, " ", subject=SHEET, actor=VENDOR, now=console.now())
    assert refused.value.field == "answer"
    with console.write() as session:
        here = console.book(session).at(console.now()).contract_id
        scores.refuse(session, here, made, "A1 太严，13800001234", subject=SHEET, actor=VENDOR, now=console.now())
    (one,) = versions(console)
    assert (one.row.state, one.row.answer) == ("refused", "A1 太严，138****1234")
    again = propose(console)
    with console.write() as session:
        scores.withdraw(session, here, again, subject=SHEET, actor=HOSPITAL, now=console.now())
    assert versions(console)[0].row.state == "withdrawn"


def test_who_proposed_does_not_confirm_and_a_second_click_is_told(console: Console) -> None:
    made = propose(console)
    with pytest.raises(Refused):
        confirm(console, made, actor=HOSPITAL)
    confirm(console, made)
    with pytest.raises(Refused) as refused:
        confirm(console, made)
    assert "已处理" in str(refused.value)


def test_a_digest_that_was_not_seen_is_not_confirmed(console: Console) -> None:
    with pytest.raises(Refused) as refused:
        confirm(console, propose(console), digest="0" * 64)
    assert "不是您看到的" in str(refused.value)


@pytest.mark.parametrize("role", [role for role, (_, may) in ROLES.items() if "contracts.confirm" not in may])
def test_only_who_speaks_for_a_party_proposes(console: Console, role: str) -> None:
    for actor in (actor_of(role, role, role, proved_until=AGES), terminal_actor("root")):
        with pytest.raises(Refused) as refused:
            propose(console, actor=actor)
        assert refused.value.field == "permission"


def test_without_a_fresh_second_factor_nothing_is_said(console: Console) -> None:
    made = propose(console)
    for act in (
        lambda: propose(console, actor=replace(HOSPITAL, proved_until=None)),
        lambda: confirm(console, made, actor=replace(VENDOR, proved_until=None)),
    ):
        with pytest.raises(Refused) as refused:
            act()
        assert refused.value.field == "factor"


@pytest.mark.parametrize(
    ("month", "last", "earliest"),
    [("2024-12", "", "2025-01"), ("2026-11", "2026-09", "2026-12"), ("2026-10", "2026-10", "2026-12")],
)
def test_a_month_that_runs_or_is_settled_keeps_its_rules(
    console: Console, month: str, last: str, earliest: str
) -> None:
    with pytest.raises(Refused) as refused:
        propose(console, month=month, last=last)
    assert (refused.value.field, earliest in str(refused.value)) == ("month", True)


def test_before_any_month_was_closed_a_sheet_may_begin_earlier(console: Console) -> None:
    confirm(console, propose(console, month="2026-01"))
    assert in_force(console, "2026-01") == PRESET


@pytest.mark.parametrize("month", ["2028-01", "2026-13", "", "二月"])
def test_what_is_no_month_of_the_contract_is_refused(console: Console, month: str) -> None:
    with pytest.raises(Refused) as refused:
        propose(console, month=month)
    assert refused.value.field == "month"


def test_a_proposal_that_waited_past_its_month_is_not_confirmed(console: Console, clock: FakeClock) -> None:
    made = propose(console, month="2026-12", last="2026-10")
    clock.at = datetime(2026, 12, 31, 15, 59, 59, tzinfo=UTC)  # the last second of its first month in Shanghai
    late = propose(console, OTHER, "2027-01", last="2026-11")
    clock.at = datetime(2027, 1, 31, 16, tzinfo=UTC)
    with pytest.raises(Refused) as refused:
        confirm(console, late, last="2026-12")
    assert "已经过去" in str(refused.value)
    clock.at = datetime(2027, 1, 31, 15, 59, 59, tzinfo=UTC)
    confirm(console, late, last="2026-12")
    with pytest.raises(Refused):
        confirm(console, made, last="2026-12")


def test_nothing_changed_is_no_version(console: Console) -> None:
    confirm(console, propose(console))
    with pytest.raises(Refused) as refused:
        propose(console, month="2027-03")
    assert "没有改动" in str(refused.value)


def test_a_sheet_that_is_not_sound_is_refused_at_its_place(console: Console) -> None:
    with pytest.raises(Refused) as refused:
        propose(console, replace(PRESET, items=ITEMS[1:]))
    assert (refused.value.field, "92 分" in str(refused.value.sentence.values["told"])) == ("items", True)


def test_texts_of_a_sheet_are_masked(console: Console) -> None:
    rule = "联系 13800001234"
    confirm(console, propose(console, replace(PRESET, items=(replace(ITEMS[0], rule=rule), *ITEMS[1:]))))
    found = in_force(console, "2026-12")
    assert found is not None
    assert found.items[0].rule == "联系 138****1234"


def test_an_agreement_about_something_else_is_not_found_here(console: Console) -> None:
    with console.write() as session:
        here = console.book(session).at(console.now()).contract_id
        other = agreements.propose(session, here, Draft(OVER_CAP, "1", {"a": 1}, "x"), HOSPITAL, console.now())
    for act in (
        lambda session: scores.of_subject(session, here, other, SHEET),
        lambda session: scores.of_subject(session, here + 1, other, OVER_CAP),
        lambda session: scores.withdraw(session, here, other, subject=SHEET, actor=HOSPITAL, now=console.now()),
        lambda session: scores.refuse(session, here, 999, "x", subject=SHEET, actor=VENDOR, now=console.now()),
    ):
        with pytest.raises(NotFound), console.write() as session:
            act(session)


def test_reading_takes_the_right_to_read_contracts(console: Console) -> None:
    with pytest.raises(Refused), console.read() as session:
        here = console.book(session).at(console.now())
        scores.versions(session, here.contract_id, here.terms, actor_of("a", "a", "administrator"))
