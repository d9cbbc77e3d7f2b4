"""Two months laid beside one another, and what another answer makes of caps and duties, without any database."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from ops_console.core.caps import HELD, RESERVED, USED, CapEntry, count, last_instant, local_day
from ops_console.core.duties import Duty
from ops_console.core.readings import answered, effective
from ops_console.core.terms import Terms
from ops_console.core.what_if import Pair
from ops_console.core.what_if_caps import Tickets, differ, newly_counted, recounted
from ops_console.core.what_if_duties import Owed, rearranged
from tests.duties import shanghai
from tests.months import contract_terms

AT = shanghai("2026-06-30 23:59")
OLD = effective(contract_terms())


def other(**answers: str) -> Terms:
    return effective(answered(contract_terms(), answers))


def entry(id: int, clause: str, **given: object) -> CapEntry:
    asked = AT - timedelta(days=40 - id)
    known = {"state": RESERVED, "approved_at": asked, "year": 2, **given}
    return CapEntry(
        id, 1, clause, title="t", requester="", side="hospital", requested_at=asked, recorded_at=asked, **known
    )  # type: ignore[arg-type]


def taken(terms: Terms, entries: list[CapEntry]) -> dict[str, tuple[int, int]]:
    day = local_day(AT)
    return {year.clause: (year.taken - year.opening, year.held) for year in count(terms, entries, day, day)}


def test_only_answers_about_caps_count_them_anew() -> None:
    assert [name for name in ("K1", "K2", "K3", "K4", "K5", "K6", "K7", "K8", "K9", "K10") if _touches(name)] == [
        "K2", "K3", "K4",
    ]  # fmt: skip


def _touches(name: str) -> bool:
    question = next(one for one in OLD.questions if one.id == name)
    return any(differ(OLD, other(**{name: option.id})) for option in question.options[1:])


def test_the_same_answers_change_no_entry() -> None:
    entries = [entry(1, "C-29"), entry(2, "C-31", state=USED, accepted_at=AT), entry(3, "C-25")]
    assert recounted(OLD, OLD, entries, Tickets(1, {}), last_instant(local_day(AT))) == entries


def test_the_later_ones_are_held_and_what_is_beside_the_cap_is_not() -> None:
    entries = [entry(n, "C-29" if n % 2 else "C-31") for n in range(1, 9)] + [entry(9, "C-29", way="goodwill")]
    new = other(K4="together")
    opening = next(one.used for one in new.openings if (one.clause, one.year) == ("C-31", 2))
    found = recounted(OLD, new, entries, Tickets(1, {}), last_instant(local_day(AT)))
    left = 8 - opening
    assert taken(new, found)["C-31"] == (left, 8 - left)
    assert taken(new, found)["C-29"] == (0, 0)
    assert [one.id for one in found if one.state == HELD] == list(range(left + 1, 9))
    assert [one.is_beside for one in found if one.id == 9] == [True]


def test_what_another_answer_counts_newly() -> None:
    assert newly_counted(OLD, other(K2="environment")) == (frozenset({"环境问题"}), False)
    assert newly_counted(OLD, other(K2="all")) == (frozenset(), True)
    assert newly_counted(OLD, other(K3="whole")) == (frozenset({"功能维护"}), False)
    assert newly_counted(OLD, other(K4="together")) == (frozenset(), False)
    assert newly_counted(other(K2="all"), other(K2="all")) == (frozenset(), False)


def duty(key: str, task: str, **given: object) -> Duty:
    due = shanghai("2026-06-30 23:59")
    return Duty(key, "C-27", task, task, "补充约定", due, due, **{"period_start": due.date(), **given})  # type: ignore[arg-type]


def test_what_was_done_for_a_task_that_is_owed_no_more_counts_once() -> None:
    a, b, c = duty("a", "x"), duty("b", "y"), duty("c", "z", delivered_at=AT, accepted_at=AT)
    owed = Owed({one.key: one for one in (a, b, c)}, {one.key: one for one in (a, b)})
    found = rearranged("2026-06", (a, b, c), owed, {one.key: one for one in (a, b, c)})
    assert [(one.key, one.delivered_at) for one in found] == [("a", AT), ("b", None)]
    waived = replace(a, waived_at=AT)
    found = rearranged("2026-06", (waived, c), owed, {"a": waived, "c": c})
    assert [(one.key, one.delivered_at) for one in found] == [("a", None)]


def test_a_duty_that_moves_into_another_month_leaves_this_one() -> None:
    a = duty("a", "x")
    later = replace(a, due_at=a.due_at + timedelta(days=31), grace_until=a.grace_until + timedelta(days=31))
    owed = Owed({"a": a}, {"a": later})
    assert rearranged("2026-06", (a,), owed, {"a": a}) == ()
    (moved,) = rearranged("2026-07", (), owed, {"a": replace(a, id=7, delivered_at=AT)})
    assert (moved.id, moved.delivered_at, moved.due_at) == (7, AT, later.due_at)


def test_a_line_differs_where_its_sides_do() -> None:
    assert not Pair("fee", 1, 1).differs
    assert Pair("fee", 1, None).differs
