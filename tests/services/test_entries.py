"""Monthly entries on both databases: entered by one party, confirmed or objected to by the other, until frozen."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from datetime import UTC, datetime
from threading import Thread

import pytest
from sqlalchemy import select

from ops_console.console import Console
from ops_console.core.assessment_facts import Entry
from ops_console.core.entries import CONFIRMED, ENTERED, IMPORT, OBJECTED, WITHDRAWN, Value
from ops_console.core.errors import NotFound, Refused
from ops_console.core.measures import MEASURES
from ops_console.core.people import ROLES, Actor, actor_of, terminal_actor
from ops_console.services import entries, entry_forms, entry_imports, proofs
from ops_console.store import audit
from ops_console.store import entries as store
from ops_console.store.messages import OutboxRow
from tests.conftest import FakeClock
from tests.services.test_scores import AGES, HOSPITAL, VENDOR, confirm, frozen, propose
from tests.sheets import ROW

MONTH = "2026-11"
OFFICER = actor_of("officer", "科员", "officer", proved_until=AGES)


def enter(
    console: Console, count: int = 2, of: int = 3, *, actor: Actor = HOSPITAL, name: str = "complaints",
    reason: str = "", source: str = "form", month: str = MONTH, last: str = "",
) -> int:  # fmt: skip
    value = Value(count, 100, True) if name == "availability" else Value(count, of)
    new = entries.NewEntry(month, MEASURES[name], value, reason, source)
    with console.write() as session:
        row = entries.enter(session, console.book(session), new, actor, console.now(), last_frozen=frozen(last))
        return row.id


def agree(console: Console, *ids: int, actor: Actor = VENDOR, last: str = "") -> int:
    with console.write() as session:
        return entries.confirm(session, console.book(session), ids, actor, console.now(), last_frozen=frozen(last))


def disagree(console: Console, made: int, answer: str = "只有一起", *, actor: Actor = VENDOR, last: str = "") -> None:
    with console.write() as session:
        entries.object_to(
            session, console.book(session), made, answer, actor, console.now(), last_frozen=frozen(last)
        )  # fmt: skip


def take_back(console: Console, made: int, *, actor: Actor = HOSPITAL, last: str = "") -> None:
    with console.write() as session:
        entries.withdraw(session, console.book(session), made, actor, console.now(), last_frozen=frozen(last))


def of_month(console: Console, month: str = MONTH) -> tuple[Entry, ...]:
    with console.read() as session:
        return entries.of_month(session, console.book(session).at(console.now()).contract_id, month)


def rows(console: Console) -> list[tuple[int, str, str]]:
    with console.read() as session:
        found = session.scalars(select(store.EntryRow).order_by(store.EntryRow.id)).all()
        return [(row.number, row.side, row.state) for row in found]


def test_what_is_entered_is_a_fact_of_its_month_one_sided_until_the_other_confirms(console: Console) -> None:
    assert of_month(console) == ()
    made = enter(console)
    assert of_month(console) == (Entry("complaints", 2, 3, "hospital"),)
    assert of_month(console, "2026-10") == ()
    assert agree(console, made) == 1
    assert of_month(console) == (Entry("complaints", 2, 3, "hospital", confirmed=True),)
    with console.read() as session:
        assert audit.first_broken(session) is None
        told = [(event.kind, event.actor, event.facts["numerator"]) for _, _, event in audit.about(session, "entry")]
    assert told[::-1] == [("entry_made", "hospital", 2), ("entry_confirmed", "vendor", 2)]


def test_the_other_party_is_told_once_a_day(console: Console, clock: FakeClock) -> None:
    enter(console)
    enter(console, name="falsified")
    clock.forward(days=1)
    enter(console, name="change_failed", month="2026-11")
    with console.read() as session:
        kept = session.scalars(select(OutboxRow).where(OutboxRow.kind == "entries_wait").order_by(OutboxRow.id)).all()
    assert [(row.audience, json.loads(row.payload)) for row in kept] == [
        ("vendor", {"month": MONTH, "by": "hospital"})
    ] * 2


def test_a_later_entry_replaces_and_needs_a_reason(console: Console) -> None:
    agree(console, enter(console))
    with pytest.raises(Refused) as refused:
        enter(console, 1)
    assert refused.value.field == "reason"
    enter(console, 1, reason="查实一起，13800001234")
    assert of_month(console) == (Entry("complaints", 1, 3, "hospital"),)
    assert rows(console) == [(1, "hospital", CONFIRMED), (2, "hospital", ENTERED)]
    with console.read() as session:
        assert [row.reason for row in store.of_month(session, 1, MONTH)] == ["", "查实一起，138****1234"]


def test_the_same_again_is_told(console: Console) -> None:
    made = enter(console)
    with pytest.raises(Refused) as refused:
        enter(console)
    assert (refused.value.field, rows(console)) == ("numerator", [(1, "hospital", ENTERED)])
    disagree(console, made)
    enter(console, reason="坚持")  # objected to, one may say it again


def test_the_vendor_alone_does_not_undo_what_the_hospital_or_both_said(console: Console) -> None:
    agree(console, enter(console))
    waits = enter(console, 0, 3, actor=VENDOR)
    assert of_month(console)[0].numerator == 2
    agree(console, waits, actor=OFFICER)
    assert of_month(console) == (Entry("complaints", 0, 3, "vendor", confirmed=True),)


def test_an_objection_stays_beside_the_entry_and_keeps_it_one_sided(console: Console) -> None:
    made = enter(console)
    with pytest.raises(Refused) as refused:
        disagree(console, made, " ")
    assert refused.value.field == "answer"
    disagree(console, made)
    assert of_month(console) == (Entry("complaints", 2, 3, "hospital"),)
    assert rows(console) == [(1, "hospital", OBJECTED)]
    for act in (lambda: agree(console, made), lambda: disagree(console, made)):
        with pytest.raises(Refused) as refused:
            act()
        assert "已处理" in str(refused.value)


def test_ones_own_entry_is_taken_back_while_nobody_confirmed_it(console: Console) -> None:
    made = enter(console)
    with pytest.raises(Refused):
        take_back(console, made, actor=VENDOR)
    take_back(console, made)
    assert (of_month(console), rows(console)) == ((), [(1, "hospital", WITHDRAWN)])
    with pytest.raises(Refused):
        take_back(console, made)
    again = enter(console)
    agree(console, again)
    with pytest.raises(Refused):
        take_back(console, again)


def test_nobody_confirms_their_own_and_not_without_a_factor(console: Console) -> None:
    made = enter(console)
    for actor in (HOSPITAL, OFFICER):
        with pytest.raises(Refused) as refused:
            agree(console, made, actor=actor)
        assert "本方录入" in str(refused.value)
    with pytest.raises(Refused) as refused:
        agree(console, made, actor=replace(VENDOR, proved_until=None))
    assert refused.value.field == "factor"
    with pytest.raises(Refused) as refused:
        agree(console)
    assert refused.value.field == "entry"


def test_of_several_either_all_are_confirmed_or_none(console: Console) -> None:
    first, second = enter(console), enter(console, 0, 0, name="falsified", actor=VENDOR)
    with pytest.raises(Refused):
        agree(console, first, second)
    assert [state for _, _, state in rows(console)] == [ENTERED, ENTERED]
    assert agree(console, first, first) == 1


@pytest.mark.parametrize("role", [role for role, (_, may) in ROLES.items() if "months.enter" not in may])
def test_who_may_not_enter_may_not_answer_either(console: Console, role: str) -> None:
    made = enter(console)
    for actor in (actor_of(role, role, role, proved_until=AGES), terminal_actor("root")):
        for act in (
            lambda actor=actor: enter(console, name="falsified", actor=actor),
            lambda actor=actor: agree(console, made, actor=actor),
            lambda actor=actor: disagree(console, made, actor=actor),
            lambda actor=actor: take_back(console, made, actor=actor),
        ):
            with pytest.raises(Refused) as refused:
                act()
            assert refused.value.field == "permission"


@pytest.mark.parametrize(("last", "closed"), [("", False), ("2026-10", False), ("2026-11", True), ("2026-12", True)])
def test_once_the_facts_are_frozen_nothing_is_said_any_more(console: Console, last: str, closed: bool) -> None:
    first, second, third = enter(console), enter(console, name="falsified"), enter(console, name="change_failed")
    acts = (
        lambda: enter(console, 1, reason="改", last=last), lambda: agree(console, second, last=last),
        lambda: disagree(console, third, last=last),
    )  # fmt: skip
    for act in acts:
        if closed:
            with pytest.raises(Refused) as refused:
                act()
            assert "已经冻结" in str(refused.value)
        else:
            act()
    if closed:
        with pytest.raises(Refused):
            take_back(console, first, last=last)


@pytest.mark.parametrize(
    ("now", "month", "there"),
    [
        (datetime(2026, 11, 30, 15, 59, 59, tzinfo=UTC), "2026-12", False),
        (datetime(2026, 11, 30, 16, tzinfo=UTC), "2026-12", True),
        (datetime(2028, 2, 29, tzinfo=UTC), "2028-02", False),
        (datetime(2026, 11, 20, tzinfo=UTC), "2024-12", False), (datetime(2026, 11, 20, tzinfo=UTC), "2025-01", True),
        (datetime(2026, 11, 20, tzinfo=UTC), "2026-13", False),
    ],
)  # fmt: skip
def test_only_months_of_the_contract_that_have_begun(
    console: Console, clock: FakeClock, now: datetime, month: str, there: bool
) -> None:
    clock.at = now
    if there:
        enter(console, month=month)
    else:
        with pytest.raises(NotFound):
            enter(console, month=month)


def test_an_import_counts_before_the_form(console: Console) -> None:
    enter(console, 1)
    made = enter(console, 2, actor=VENDOR, source=IMPORT)
    assert of_month(console) == (Entry("complaints", 2, 3, "vendor"),)
    take_back(console, made, actor=VENDOR)
    assert of_month(console)[0].numerator == 1


def test_proofs_of_the_entry_that_counts_go_with_it(console: Console) -> None:
    made = enter(console)
    file = console.files.keep_attachment(io.BytesIO(b"letter"), "投诉信.txt")
    with console.write() as session:
        proofs.attach(session, entries.SUBJECT, str(made), file, HOSPITAL, console.now())
    assert of_month(console)[0].evidence == (file.digest,)
    enter(console, 1, reason="改")
    assert of_month(console)[0].evidence == ()


def test_an_unknown_entry_is_not_found(console: Console) -> None:
    for act in (lambda: agree(console, 99), lambda: disagree(console, 99), lambda: take_back(console, 99)):
        with pytest.raises(NotFound):
            act()


def test_two_who_enter_at_once_have_their_numbers(console: Console) -> None:
    wrong: list[BaseException] = []

    def one(actor: Actor, count: int) -> None:
        try:
            enter(console, count, 9, actor=actor)
        except BaseException as exc:  # noqa: BLE001 - told by the test
            wrong.append(exc)

    threads = [Thread(target=one, args=(actor, n)) for n, actor in enumerate((HOSPITAL, VENDOR) * 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert sorted(number for number, _, _ in rows(console)) == [1, 2]


# -- the month's form -------------------------------------------------------------------------------------------------


def form(console: Console, month: str = MONTH, last: str = "", actor: Actor = HOSPITAL) -> entry_forms.MonthForm:
    with console.read() as session:
        return entry_forms.form(
            session, console.book(session), month, actor, console.now(), last_frozen=frozen(last)
        )  # fmt: skip


def test_the_form_lists_what_the_sheet_in_force_needs(console: Console) -> None:
    enter(console)
    bare = form(console)
    assert (bare.has_sheet, bare.missing, [line.measure.name for line in bare.lines]) == (False, 0, ["complaints"])
    confirm(console, propose(console, month="2026-11"))
    found = form(console)
    assert (found.has_sheet, found.missing, len(found.lines), found.is_frozen) == (True, 11, 12, False)
    assert found.lines[0].measure.name == "spot_check_failed"
    line = next(line for line in found.lines if line.measure.name == "complaints")
    assert (line.in_sheet, line.waits_for("vendor"), line.waits_for("hospital")) == (True, True, False)
    assert form(console, last="2026-11").is_frozen
    with pytest.raises(Refused):
        form(console, actor=actor_of("a", "a", "administrator"))


# -- sheets -----------------------------------------------------------------------------------------------------------


def take(console: Console, text: str, actor: Actor = VENDOR) -> tuple[int, int]:
    file = console.files.keep_attachment(io.BytesIO(text.encode()), "月报.csv")
    found = entry_imports.read(console.read_sheet, console.files.attachment(file.digest), file.name)
    assert found.faults == ()
    with console.write() as session:
        book = console.book(session)
        count = entry_imports.enter_all(
            session, book, MONTH, found.rows, file, actor=actor, now=console.now(), last_frozen=frozen("")
        )
    return count, len(found.rows)


def test_a_sheet_is_entered_and_proves_itself(console: Console) -> None:
    text = "事实,次数,总数,说明\n有效投诉,2,3,两起\n关键模块可用率（%）,99.95,,\n"
    assert take(console, text) == (2, 2)
    assert take(console, text) == (0, 2)  # again: nothing new
    assert take(console, text.replace("2,3", "1,3")) == (1, 2)
    found = of_month(console)
    assert [(one.name, one.numerator, one.is_ratio, len(one.evidence)) for one in found] == [
        ("availability", 9995, True, 1), ("complaints", 1, False, 1),
    ]  # fmt: skip


def test_one_fault_lets_nothing_in(console: Console) -> None:
    file = console.files.keep_attachment(io.BytesIO("事实,次数\n有效投诉,2\n没有,1\n".encode()), "x.csv")
    found = entry_imports.read(console.read_sheet, console.files.attachment(file.digest), "x.csv")
    assert [(fault.row, fault.column) for fault in found.faults] == [(3, "事实")]


@pytest.mark.parametrize(
    ("text", "told"),
    [("事实,次数\n", "没有可导入的行"), ("事实,次数\n" + "有效投诉,1\n" * 101, "一次最多导入 100 行")],
)
def test_empty_and_endless_sheets_are_refused(console: Console, text: str, told: str) -> None:
    file = console.files.keep_attachment(io.BytesIO(text.encode()), "x.csv")
    with pytest.raises(Refused) as refused:
        entry_imports.read(console.read_sheet, console.files.attachment(file.digest), "x.csv")
    assert told in str(refused.value)


def test_a_sheet_of_something_else_tells_what_is_missing(console: Console) -> None:
    file = console.files.keep_attachment(io.BytesIO((",".join(ROW) + "\n").encode()), "x.csv")
    found = entry_imports.read(console.read_sheet, console.files.attachment(file.digest), "x.csv")
    assert len(found.faults) == 1
    assert "次数" in str(found.faults[0].sentence)
