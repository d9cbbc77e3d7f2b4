"""Reports without an account, on both databases: what becomes of them, whose evidence they are, what abuse gets."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, text

from ops_console.console import Console
from ops_console.core import tickets as core
from ops_console.core.clocks import breaks_at
from ops_console.core.devices import counted_address
from ops_console.core.errors import NotFound, Refused, TooMany
from ops_console.core.people import Actor, actor_of
from ops_console.core.public_reports import CODE_TRIES, PER_BROWSER, PER_DAY, PER_PLACE
from ops_console.core.trust import is_proven
from ops_console.services import corrections, devices, documents, locations, public_answers, public_reports, tickets
from ops_console.services.public_answers import Answer, Reported, Said, Status
from ops_console.services.public_reports import Received, Report
from ops_console.store import audit
from ops_console.store import locations as locations_store
from ops_console.store import tickets as ticket_store
from ops_console.store.audit import EventRow, PersonalRow
from ops_console.store.base import Base
from ops_console.store.people import PersonRow
from ops_console.store.public_reports import PublicReportRow
from ops_console.store.tickets import TicketRow
from tests.conftest import HOSPITAL, VENDOR, FakeClock, do
from tests.services.test_claimed_times import claim, facts_of

NETWORK = ["10.20.0.0/16", "2001:db8:20::/48"]
INSIDE, OUTSIDE = "10.20.3.4", "192.0.2.7"
MODULE = "门诊缴费"


@pytest.fixture
def tokens(console: Console) -> list[str]:
    """The tokens of two stickers."""
    lines = f"门诊收费处,门诊收费处 3 号窗口,{MODULE}\n药房"
    with console.write() as session:
        rows = locations.add(session, lines, {MODULE}, console.public_secrets, actor=HOSPITAL, now=console.now())
        made = locations.stickers(session, [r.id for r in rows], console.public_secrets, HOSPITAL, console.now())
    return [sticker.token for sticker in sorted(made, key=lambda s: s.mark)]


def send(
    console: Console, token: str = "", *, key: str = "k", browser: str = "phone", address: str = OUTSIDE, **given: Any
) -> Received:
    wanted = {"kind": "broken", "module": MODULE, "title": "打不开", **given}
    with console.write() as session:
        place = public_reports.place_of(session, token) if token else None
        sent = public_reports.sender(session, browser, address, NETWORK, place)
        book = console.book(session)
        return public_reports.receive(
            session, book, Report(key=key, **wanted), sent, console.public_secrets, console.now()
        )


def answer(console: Console, made: Received, *, browser: str = "phone", address: str = OUTSIDE, **given: Any) -> None:
    with console.read() as session:
        sent = public_reports.sender(session, browser, address, NETWORK, None)
    public_answers.answer(
        console.write, console.book, console.public_secrets, token=made.status_token,
        said=Answer(**{"is_restored": True, **given}), sent=sent, now=console.now(),
    )  # fmt: skip


def events(console: Console, kind: str) -> list[EventRow]:
    with console.read() as session:
        return list(session.scalars(select(EventRow).where(EventRow.kind == kind).order_by(EventRow.seq)))


def register(console: Console, browser: str) -> None:
    with console.write() as session:
        devices.register(session, browser, "护士站 1 号机", "心内科", HOSPITAL, console.now())


def restored(console: Console, made: Received, clock: FakeClock) -> Received:
    """The vendor answers and restores."""
    clock.forward(minutes=1)
    do(console, made.number, core.RESPONDED)
    clock.forward(minutes=1)
    do(console, made.number, core.RESTORE)
    clock.forward(minutes=1)
    return made


def state(console: Console, made: Received) -> str:
    with console.read() as session:
        return session.scalars(select(TicketRow.state).where(TicketRow.number == made.number)).one()


def test_a_report_by_a_sticker_is_a_ticket_of_that_place(console: Console, tokens: list[str]) -> None:
    made = send(console, tokens[0], phone="8120", reporter="王护士")
    with console.read() as session:
        row = session.scalars(select(TicketRow)).one()
        mark = public_reports.mark(session, made.report_id)
    (event,) = events(console, core.REPORTED)
    assert (row.number, row.type, row.department, row.channel) == (made.number, "故障", "门诊收费处", "扫码")
    assert (event.actor, event.side, event.grade) == ("扫码/门诊收费处 3 号窗口", "hospital", "B")
    assert mark == event.hash[:12]
    assert len(made.code) == 4


@pytest.mark.parametrize(("kind", "type_"), [("broken", "故障"), ("question", "咨询"), ("other", "咨询")])
def test_one_tap_says_which_type(console: Console, tokens: list[str], kind: str, type_: str) -> None:
    send(console, tokens[0], kind=kind, title="")
    with console.read() as session:
        assert session.scalars(select(TicketRow.type)).one() == type_


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"kind": "x"}, "kind"),
        ({"module": "没有的"}, "module"),
        ({"title": "x" * 201}, "title"),
        ({"phone": "a\x00"}, "phone"),
        ({"phone": "abc"}, "phone"),
        ({"phone": "12"}, "phone"),
    ],
)
def test_what_is_not_right_is_refused_by_its_field(
    console: Console, tokens: list[str], given: dict[str, str], field: str
) -> None:
    with pytest.raises(Refused) as refused:
        send(console, tokens[0], **given)
    assert refused.value.field == field


# -- whose evidence it is ---------------------------------------------------------------------------------------------


def grade(console: Console) -> str:
    return events(console, core.REPORTED)[-1].grade


def test_grade_a_only_from_a_registered_browser_or_the_hospitals_network(console: Console, tokens: list[str]) -> None:
    send(console, tokens[0], browser="stranger")
    assert grade(console) == "B"
    send(console, tokens[0], key="2", browser="stranger", address=INSIDE)
    assert grade(console) == "A"
    register(console, "nurse")
    send(console, key="3", browser="nurse")
    assert grade(console) == "A"


def test_where_the_vendor_signed_in_nothing_is_grade_a(console: Console, tokens: list[str]) -> None:
    register(console, "nurse")
    with console.write() as session:
        devices.used(session, "nurse", VENDOR.side, VENDOR, console.now())
        devices.used(session, "own phone", VENDOR.side, VENDOR, console.now())
    for key, browser in (("1", "nurse"), ("2", "own phone")):
        for address in (INSIDE, OUTSIDE):
            send(console, tokens[0], key=key + address, browser=browser, address=address)
            assert grade(console) == "B"


def test_cleared_cookies_do_not_make_the_vendors_machine_the_hospitals(console: Console, tokens: list[str]) -> None:
    with console.write() as session:
        session.execute(
            text(
                "INSERT INTO person (account, name, role, password_hash, must_change, created_at)"
                " VALUES ('v', 'v', 'vendor', '', :no, '2026-01-01 00:00:00')"
            ),
            {"no": False},
        )
        locations.came_from(session, "v", INSIDE, console.now())
    send(console, tokens[0], browser="brand new", address=INSIDE)
    assert grade(console) == "B"
    send(console, tokens[0], key="2", browser="another", address="10.20.3.5")
    assert grade(console) == "A"


def test_an_administrator_held_by_the_vendor_leaves_the_vendors_address(console: Console, tokens: list[str]) -> None:
    with console.write() as session:
        session.add(
            PersonRow(
                account="a", name="a", role="administrator", holder="vendor", password_hash="", must_change=False,
                created_at=console.now(),
            )
        )  # fmt: skip
        session.flush()
        locations.came_from(session, "a", INSIDE, console.now())
    send(console, tokens[0], browser="brand new", address=INSIDE)
    assert grade(console) == "B"


def test_a_hospitals_ipv6_network_is_known_and_its_vendors_house_is_not(console: Console, tokens: list[str]) -> None:
    send(console, tokens[0], address="2001:db8:20:1::7")
    assert grade(console) == "A"
    with console.write() as session:
        locations_store.note_vendor_address(session, counted_address("2001:db8:20:1::99"), console.now())
    send(console, tokens[0], key="2", browser="other", address="2001:db8:20:1::8")
    assert grade(console) == "B"
    with console.read() as session:
        counted = session.scalars(select(PublicReportRow.address)).all()
    assert counted == ["2001:0db8:0020:0001::/64"] * 2


def test_a_strangers_device_time_moves_no_clock_until_the_vendor_accepts_it(
    console: Console, clock: FakeClock, tokens: list[str]
) -> None:
    before = clock()
    clock.forward(hours=23)
    made = send(console, device_at=before)
    (event,) = events(console, core.REPORTED)
    assert (event.occurred_at, event.recorded_at) == (clock(), clock())
    assert breached(console, made) == []
    (asked,) = facts_of(console, made.number).waiting
    assert (asked.field, asked.new, asked.side) == ("reported_at", core.written(before), "hospital")
    with pytest.raises(Refused):
        do(console, made.number, core.CORRECTION_DECIDED, actor=HOSPITAL, field="reported_at", approved=True)
    do(console, made.number, core.CORRECTION_DECIDED, actor=VENDOR, field="reported_at", approved=True)
    assert facts_of(console, made.number).reported_at == before
    assert breached(console, made) == ["response"]


@pytest.mark.parametrize("ahead", [{"hours": 0}, {"hours": 1}, {"hours": -25}])
def test_a_device_time_that_says_nothing_asks_for_nothing(
    console: Console, clock: FakeClock, tokens: list[str], ahead: dict[str, int]
) -> None:
    made = send(console, tokens[0], address=INSIDE, device_at=clock() + timedelta(**ahead))
    assert (grade(console), facts_of(console, made.number).waiting) == ("A", ())


def test_a_waiting_drafts_device_time_is_asked_for_when_it_is_accepted(
    console: Console, clock: FakeClock, tokens: list[str]
) -> None:
    before = clock()
    clock.forward(hours=3)
    came = clock()
    for n in range(PER_BROWSER):
        send(console, tokens[0], key=str(n))
    held = send(console, tokens[0], key="held", device_at=before)
    clock.forward(hours=1)
    with console.write() as session:
        number = public_reports.accept(session, console.book(session), held.report_id, VENDOR, console.now())
    facts = facts_of(console, number)
    assert (facts.reported_at, [asked.new for asked in facts.waiting]) == (came, [core.written(before)])


def breached(console: Console, made: Received) -> list[str]:
    with console.read() as session:
        clocks = tickets.view(session, console.book(session), made.number, VENDOR).judgement.clocks
    return [clock.kind for clock in clocks if breaks_at(clock) is not None and breaks_at(clock) <= console.now()]


# -- confirming -------------------------------------------------------------------------------------------------------


def test_the_browser_that_reported_confirms_without_a_code(
    console: Console, clock: FakeClock, tokens: list[str]
) -> None:
    made = restored(console, send(console, tokens[0], address=INSIDE), clock)
    answer(console, made, address=INSIDE, stars=4)
    (event,) = events(console, core.CONFIRMED)
    assert (event.side, event.actor, event.grade) == ("hospital", "扫码/报修人", "A")
    assert json.loads(event.facts) == {"rating": 4, "without_account": True}
    assert state(console, made) == core.CLOSED


def test_an_unsigned_word_proves_no_late_restore_and_is_no_signature_of_the_hospital(
    console: Console, clock: FakeClock, tokens: list[str]
) -> None:
    """The vendor's own phone in the hospital's network, never signed in: it reports, and says that all is well."""
    made = send(console, tokens[0], address=INSIDE)
    clock.forward(minutes=5)
    do(console, made.number, core.RESPONDED)
    clock.forward(hours=20)
    claim(console, made.number, core.RESTORE, 60 * 19)
    answer(console, made, address=INSIDE)
    facts = facts_of(console, made.number)
    assert (state(console, made), facts.closure) == (core.CLOSED, core.BY_REPORTER)
    assert (facts.stamps["restored_at"].grade, facts.stamps["restored_at"].accepted) == ("D", None)
    assert not is_proven("restored_at", facts.stamps["restored_at"])
    with console.read() as session:
        assert documents.form(session, console.book(session), made.number, HOSPITAL).closure == "reporter"
        row = session.scalars(select(TicketRow)).one()
        assert (row.closure, row.unproven, row.from_hospital) == ("reporter", 1, True)
    word = corrections.Word(made.number, {"restored_at": facts.stamps["restored_at"].at}, approved=True)
    with console.write() as session:
        corrections.accept_times(session, console.book(session), word, HOSPITAL, console.now())
    assert is_proven("restored_at", facts_of(console, made.number).stamps["restored_at"])


def test_a_report_from_anywhere_is_not_counted_as_the_hospitals(console: Console, tokens: list[str]) -> None:
    outside = send(console, tokens[0])
    inside = send(console, tokens[0], key="2", browser="other", address=INSIDE)
    with console.read() as session:
        counted = dict(session.execute(select(TicketRow.number, TicketRow.from_hospital)).all())
        month = session.scalars(select(TicketRow.month)).first()
        assert counted == {outside.number: False, inside.number: True}
        assert ticket_store.count_from_hospital(session, month) == 1


def test_the_code_confirms_from_elsewhere_as_grade_b(console: Console, clock: FakeClock, tokens: list[str]) -> None:
    made = restored(console, send(console, tokens[0]), clock)
    answer(console, made, browser="other", address=INSIDE, code=made.code)
    assert events(console, core.CONFIRMED)[0].grade == "B"
    assert state(console, made) == core.CLOSED


def test_not_repaired_takes_a_reason_and_reopens_the_clock(
    console: Console, clock: FakeClock, tokens: list[str]
) -> None:
    made = restored(console, send(console, tokens[0]), clock)
    with pytest.raises(Refused) as refused:
        answer(console, made, is_restored=False)
    assert refused.value.field == "reason"
    answer(console, made, is_restored=False, reason="还是打不开")
    assert state(console, made) == core.WORKING


def wrong(code: str, step: int = 1) -> str:
    return f"{(int(code) + step) % 10000:04d}"


def test_after_five_wrong_codes_the_right_one_is_refused_too(
    console: Console, clock: FakeClock, tokens: list[str]
) -> None:
    made = restored(console, send(console, tokens[0]), clock)
    for step in range(1, CODE_TRIES + 1):
        with pytest.raises(Refused, match="确认码"):
            answer(console, made, browser=f"b{step}", code=wrong(made.code, step))
    with pytest.raises(Refused, match="确认码"):
        answer(console, made, browser="other", code=made.code)
    assert state(console, made) == core.RESTORED
    assert len(events(console, "code_refused")) == CODE_TRIES
    answer(console, made)  # the browser that reported still may
    assert state(console, made) == core.CLOSED


def test_the_right_code_after_four_wrong_ones_opens(console: Console, clock: FakeClock, tokens: list[str]) -> None:
    made = restored(console, send(console, tokens[0]), clock)
    for step in range(1, CODE_TRIES):
        with pytest.raises(Refused):
            answer(console, made, browser="other", code=wrong(made.code, step))
    answer(console, made, browser="other", code=made.code)
    assert state(console, made) == core.CLOSED


@pytest.mark.parametrize("code", ["１２３４", "12345", "abcd", "-001"])
def test_what_is_no_code_opens_nothing(console: Console, clock: FakeClock, tokens: list[str], code: str) -> None:
    made = restored(console, send(console, tokens[0]), clock)
    with pytest.raises(Refused):
        answer(console, made, browser="other", code=code)
    assert state(console, made) == core.RESTORED
    assert tries(console) == 1


@pytest.mark.parametrize("code", ["", " " * 4])
def test_no_code_at_all_opens_nothing_and_counts_no_try(
    console: Console, clock: FakeClock, tokens: list[str], code: str
) -> None:
    made = restored(console, send(console, tokens[0]), clock)
    with pytest.raises(Refused, match="4 位确认码") as refused:
        answer(console, made, browser="other", code=code)
    assert (refused.value.field, tries(console), state(console, made)) == ("code", 0, core.RESTORED)
    assert events(console, "code_refused") == []


def tries(console: Console) -> int:
    with console.read() as session:
        return session.scalars(select(PublicReportRow.code_tries)).one()


def test_the_status_keeps_what_the_reporter_said_last(console: Console, clock: FakeClock, tokens: list[str]) -> None:
    made = restored(console, send(console, tokens[0]), clock)
    assert status(console, made).said is None
    answer(console, made, is_restored=False, reason="还是打不开 13800001234")
    rejected = status(console, made).said
    assert rejected == Said(False, console.now(), 0, "还是打不开 138****1234")
    clock.forward(minutes=5)
    do(console, made.number, core.RESTORE)
    assert status(console, made).said == rejected
    answer(console, made, stars=5)
    assert status(console, made).said == Said(True, console.now(), 5, "")


def test_the_status_tells_what_was_reported_until_and_after_it_is_a_ticket(console: Console, tokens: list[str]) -> None:
    title = "13800001234 打不开，" + "试" * 30
    for n in range(PER_BROWSER + 1):
        held = send(console, tokens[0], key=str(n), title=title, phone="8150")
    wanted = Reported(MODULE, "门诊收费处 3 号窗口", "138****1234 打不开，试试试试…")
    assert status(console, held).reported == wanted
    with console.write() as session:
        public_reports.accept(session, console.book(session), held.report_id, HOSPITAL, console.now())
    assert status(console, held).reported == wanted
    open_page = send(console, key="x", browser="other", department="药房")
    assert status(console, open_page).reported == Reported(MODULE, "药房", "打不开")


def status(console: Console, made: Received) -> Status:
    with console.read() as session:
        return public_answers.status(session, console.book(session), made.status_token, "", console.now())


def test_a_code_is_in_no_column_of_the_database(console: Console, tokens: list[str]) -> None:
    made = send(console, tokens[0])
    with console.read() as session:
        for table in Base.metadata.sorted_tables:
            for row in session.execute(select(table)):
                assert made.code not in [str(value) for value in row], table.name
                assert made.status_token not in repr(row), table.name
                assert tokens[0] not in repr(row), table.name


def test_answering_before_the_restore_is_refused(console: Console, tokens: list[str]) -> None:
    made = send(console, tokens[0])
    with pytest.raises(Refused):
        answer(console, made)
    assert events(console, core.CONFIRMED) == []


# -- abuse loses nothing ----------------------------------------------------------------------------------------------


def test_a_form_sent_twice_is_one_report(console: Console, tokens: list[str]) -> None:
    first, second = send(console, tokens[0]), send(console, tokens[0])
    assert (second.number, second.code, second.is_repeat) == (first.number, "", True)
    with pytest.raises(Refused):
        send(console, tokens[0], browser="somebody else")
    assert len(events(console, core.REPORTED)) == 1


def test_a_flood_hides_nothing_and_loses_nothing(console: Console, tokens: list[str]) -> None:
    flood = 300
    made = [
        send(console, tokens[0], key=str(n), browser=f"b{n}", address=f"192.0.2.{n % 2}", title=f"垃圾 {n}")
        for n in range(flood)
    ]
    real = send(console, tokens[1], key="real", browser="nurse", title="取药窗口打不开")
    assert sum(bool(one.number) for one in made) == PER_PLACE
    assert real.number
    with console.read() as session:
        waiting, count = public_reports.waiting(session, VENDOR, per_page=1000)
        assert count == flood - PER_PLACE
        assert {one.form["title"] for one in waiting} == {f"垃圾 {n}" for n in range(PER_PLACE, flood)}
        assert session.scalar(select(func.count()).select_from(TicketRow)) == PER_PLACE + 1
        assert audit.first_broken(session) is None


def test_one_address_fills_no_disk_and_holds_up_no_registered_browser(
    console: Console, clock: FakeClock, tokens: list[str]
) -> None:
    first = send(console, tokens[0], key="0", browser="b0")
    with console.write() as session:
        row = session.get_one(PublicReportRow, first.report_id)
        kept = {c.name: getattr(row, c.name) for c in PublicReportRow.__table__.c if c.name != "id"}
        for n in range(1, PER_DAY):
            session.add(PublicReportRow(**kept | {"key_hash": f"k{n}", "status_hash": f"s{n}"}))
    with pytest.raises(TooMany, match="服务热线"):
        send(console, tokens[1], key="more", browser="b1")
    assert send(console, tokens[0], key="0", browser="b0").is_repeat  # what was kept is still answered
    assert send(console, tokens[1], key="elsewhere", browser="b1", address="198.51.100.9").number
    register(console, "nurse")
    assert send(console, key="nurse", browser="nurse").number
    clock.forward(hours=24)
    assert send(console, tokens[1], key="next day", browser="b1").number


def test_one_browser_is_held_up_before_its_sticker_is(console: Console, tokens: list[str]) -> None:
    made = [send(console, tokens[0], key=str(n)) for n in range(PER_BROWSER + 1)]
    assert [bool(one.number) for one in made] == [True] * PER_BROWSER + [False]
    assert send(console, tokens[0], key="x", browser="other").number


def test_a_waiting_report_becomes_a_ticket_of_when_it_came(
    console: Console, clock: FakeClock, tokens: list[str]
) -> None:
    came = clock()
    for n in range(PER_BROWSER):
        send(console, tokens[0], key=str(n), address=INSIDE)
    held = send(console, tokens[0], key="held", address=INSIDE, title="真的坏了", phone="8120")
    with console.read() as session:
        before = public_reports.mark(session, held.report_id)
    clock.forward(hours=30)
    with console.write() as session:
        number = public_reports.accept(session, console.book(session), held.report_id, VENDOR, console.now())
    event = events(console, core.REPORTED)[-1]
    assert (event.occurred_at, event.grade) == (came, "A")
    assert events(console, "received")[0].hash.startswith(before)
    assert events(console, "accepted")[0].actor == VENDOR.account
    with console.read() as session:
        row = session.get(PublicReportRow, held.report_id)
        assert row is not None
        assert (row.state, row.form) == ("ticket", "")
        assert session.scalars(select(TicketRow.title).where(TicketRow.number == number)).one() == "真的坏了"
        assert session.scalars(
            select(PersonalRow.text).where(PersonalRow.seq == event.seq, PersonalRow.field == "phone")
        ).one()
    with console.write() as session, pytest.raises(Refused):
        public_reports.accept(session, console.book(session), held.report_id, VENDOR, console.now())


def test_only_the_hospital_says_that_a_report_is_none(console: Console, tokens: list[str]) -> None:
    for n in range(PER_BROWSER + 1):
        held = send(console, tokens[0], key=str(n))
    with console.write() as session, pytest.raises(Refused):
        public_reports.reject(session, held.report_id, "假的", VENDOR, console.now())
    with console.write() as session, pytest.raises(Refused) as refused:
        public_reports.reject(session, held.report_id, " ", HOSPITAL, console.now())
    assert refused.value.field == "reason"
    with console.write() as session:
        public_reports.reject(session, held.report_id, "恶作剧", HOSPITAL, console.now())
    with console.read() as session:
        row = session.get(PublicReportRow, held.report_id)
        assert row is not None
        assert row.state == "rejected"
        assert "打不开" in row.form  # what was typed stays


def test_what_waits_is_masked_and_its_ticket_still_has_the_original(console: Console, tokens: list[str]) -> None:
    phone = "13800001234"
    for n in range(PER_BROWSER + 2):
        held = send(console, tokens[0], key=str(n), phone=phone)
    with console.read() as session:
        waiting, _ = public_reports.waiting(session, VENDOR)
        forms = session.scalars(select(PublicReportRow.form)).all()
    assert [one.form["phone"] for one in waiting] == ["138****1234"] * 2
    assert not [form for form in forms if phone in form]
    with console.write() as session:
        public_reports.reject(session, held.report_id, "重复", HOSPITAL, console.now())
        number = public_reports.accept(session, console.book(session), held.report_id - 1, HOSPITAL, console.now())
    with console.read() as session:
        turned_away = session.get_one(PublicReportRow, held.report_id)
        part = next(
            p for p in session.scalars(select(PersonalRow).order_by(PersonalRow.seq.desc())) if p.field == "phone"
        )
        seq = session.scalar(select(func.max(EventRow.seq)).where(EventRow.subject_id == number))
    opened = console.sealer("personal").open(part.sealed or b"", table="event_personal", row=part.seq, field="phone")
    assert (part.seq, opened.endswith(phone.encode())) == (seq, True)
    assert "sealed" not in turned_away.form


# -- stickers ---------------------------------------------------------------------------------------------------------


def test_a_renewed_sticker_makes_the_old_one_worthless(console: Console, tokens: list[str]) -> None:
    with console.write() as session:
        fresh = locations.renew(session, 1, console.public_secrets, HOSPITAL, console.now())
    assert fresh.token != tokens[0]
    with console.read() as session:
        with pytest.raises(NotFound):
            public_reports.place_of(session, tokens[0])
        assert public_reports.place_of(session, fresh.token).id == 1


def test_a_retired_sticker_opens_nothing_and_is_not_printed(console: Console, tokens: list[str]) -> None:
    with console.write() as session:
        locations.retire(session, 1, HOSPITAL, console.now())
    with console.read() as session, pytest.raises(NotFound):
        public_reports.place_of(session, tokens[0])
    with console.write() as session, pytest.raises(Refused):
        locations.stickers(session, [1], console.public_secrets, HOSPITAL, console.now())


def test_stickers_of_a_lost_key_are_made_anew(console: Console, tokens: list[str]) -> None:
    other = type(console.public_secrets)(b"another key of the house" * 2)
    with console.write() as session:
        (sticker,) = locations.stickers(session, [1], other, HOSPITAL, console.now())
    with console.read() as session:
        assert public_reports.place_of(session, sticker.token).generation == 2


@pytest.mark.parametrize(
    "actor",
    [VENDOR, actor_of("a", "a", "auditor"), actor_of("a", "a", "administrator"),
     Actor("v", "v", "vendor", frozenset({"locations.manage"}))],
)  # fmt: skip
def test_nobody_but_the_hospital_has_a_hand_in_places(console: Console, tokens: list[str], actor: Actor) -> None:
    acts = (
        lambda s: locations.add(s, "x", set(), console.public_secrets, actor=actor, now=console.now()),
        lambda s: locations.stickers(s, [1], console.public_secrets, actor, console.now()),
        lambda s: locations.renew(s, 1, console.public_secrets, actor, console.now()),
        lambda s: locations.retire(s, 1, actor, console.now()),
    )
    for act in acts:
        with console.write() as session, pytest.raises(Refused):
            act(session)


@pytest.mark.parametrize("lines", ["", "a,b,没有的模块", "a,b,c,d", ",b", "x" * 61, "药房", "新,重\n新,重", "甲\x07"])
def test_lines_that_are_not_right_add_no_place(console: Console, tokens: list[str], lines: str) -> None:
    with console.write() as session, pytest.raises(Refused) as refused:
        locations.add(session, lines, {MODULE}, console.public_secrets, actor=HOSPITAL, now=console.now())
    assert refused.value.field == "lines"
    with console.read() as session:
        assert len(locations.listing(session, HOSPITAL)) == 2
