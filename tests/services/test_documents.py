"""Papers about tickets: what they say, what is recorded of them, what a signature is bound to, what a check tells."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from ops_console.console import Console
from ops_console.core.attachments import NewFile
from ops_console.core.documents import masked_phone, week_of, week_span
from ops_console.core.errors import NotFound, Refused
from ops_console.core.moments import ZONE
from ops_console.core.people import Actor, actor_of, terminal_actor
from ops_console.services import attachments, documents, tickets
from ops_console.services.documents import Form, SignOff
from ops_console.store import audit
from tests.conftest import HOSPITAL, VENDOR, FakeClock, do, import_sheet, log_ticket
from tests.pictures import picture
from tests.sheets import row, write_sheet


def form(console: Console, number: str, actor: Actor = VENDOR) -> Form:
    with console.read() as session:
        return documents.form(session, console.book(session), number, actor)


def print_out(console: Console, number: str, kind: str = "confirmation", actor: Actor = VENDOR) -> Form:
    with console.write() as session:
        made = documents.form(session, console.book(session), number, actor)
        documents.note_printed(session, number, kind, made, actor, console.now())
    return made


def sign(console: Console, number: str, actor: Actor = VENDOR, shown: str = "", **given: object) -> None:
    drawn = console.files.keep_attachment(io.BytesIO(picture("PNG", (640, 240))), "signature.png")
    wanted = {"picture": drawn, "signer": "王护士", "device_time": "2026-11-20T10:00:00Z", **given}
    command = SignOff(number, shown=shown or form(console, number).sheet.digest, **wanted)  # type: ignore[arg-type]
    with console.write() as session:
        documents.sign_off(session, console.book(session), command, actor, console.now())


def agreed(console: Console, number: str, code: str) -> documents.Agreed | None:
    with console.read() as session:
        return documents.verify(session, number, code)


def test_a_sheet_says_what_is_known_and_shows_no_whole_phone_number(console: Console, clock: FakeClock) -> None:
    number = log_ticket(console, department="药房", reporter="刘药师", phone="13800001234", needs_onsite=True)
    for minutes, kind in ((5, "responded"), (30, "arrived"), (90, "restored")):
        do(console, number, kind, at=clock() + timedelta(minutes=minutes))

    fields = form(console, number).sheet.fields

    assert fields["reporter"] == "刘药师 *******1234"
    assert (fields["result"], fields["stay"], fields["department"]) == ("已解决", timedelta(hours=1), "药房")
    assert masked_phone("123") == "123"


def test_a_printed_paper_agrees_until_more_happens_and_then_says_so(console: Console, clock: FakeClock) -> None:
    number = log_ticket(console)
    made = print_out(console, number)

    found = agreed(console, number, made.code)
    assert found is not None
    assert (found.number, found.seq, found.printed_at, found.outdated) == (number, made.seq, clock(), False)

    print_out(console, number)  # printing again is nothing new about the ticket
    assert not agreed(console, number, made.code).outdated  # type: ignore[union-attr]
    do(console, number, "responded", at=clock.forward(minutes=5))
    assert agreed(console, number, made.code).outdated  # type: ignore[union-attr]


def test_a_paper_that_was_never_printed_agrees_with_nothing(console: Console) -> None:
    number, other = log_ticket(console), log_ticket(console)
    code = form(console, number).code
    assert agreed(console, number, code) is None  # the hash is right, but nobody printed a paper
    print_out(console, number)

    wrong = (
        "%" * 12,
        "_" * 12,
        code.upper() if code.upper() != code else "X" * 12,
        code[:11],
        code + "0",
        "",
        "0" * 12,
    )
    for given in wrong:
        assert agreed(console, number, given) is None
    assert agreed(console, other, code) is None
    assert agreed(console, "GD-0", code) is None


def test_printing_is_an_event_and_needs_the_right(console: Console) -> None:
    number = log_ticket(console)
    for actor in (terminal_actor("root"), actor_of("a", "a", "administrator")):
        with pytest.raises(Refused):
            print_out(console, number, actor=actor)
    with pytest.raises(Refused, match="没有现场服务单"):
        print_out(console, number, "onsite")
    with pytest.raises(NotFound):
        print_out(console, number, "invoice")

    made = print_out(console, number, actor=HOSPITAL)

    with console.read() as session:
        event = tickets.view(session, console.book(session), number, VENDOR).events[-1]
        assert audit.first_broken(session) is None
    assert event.facts == {"document": "confirmation", "of": made.code, "shown": made.sheet.digest}
    assert (event.kind, event.side) == ("printed", "hospital")


def test_a_signature_is_bound_to_what_was_shown(console: Console, clock: FakeClock) -> None:
    number = log_ticket(console)
    do(console, number, "responded", at=clock.forward(minutes=1))
    sign(console, number)

    signed = form(console, number).signature

    assert signed is not None
    assert (signed.signer, signed.side, signed.still_same, signed.at) == ("王护士", "vendor", True, clock())
    do(console, number, "restored", at=clock.forward(minutes=9), personal={"process": "重启"})
    changed = form(console, number).signature
    assert changed is not None
    assert not changed.still_same


def test_signing_what_has_changed_meanwhile_is_refused(console: Console, clock: FakeClock) -> None:
    number = log_ticket(console)
    shown = form(console, number).sheet.digest
    do(console, number, "responded", at=clock.forward(minutes=1))

    with pytest.raises(Refused, match="有了变化"):
        sign(console, number, shown=shown)

    assert form(console, number).signature is None


@pytest.mark.parametrize(
    ("actor", "grade"), [(VENDOR, "B"), (HOSPITAL, "B"), (replace(HOSPITAL, on_clean_device=True), "A")]
)
def test_a_signature_by_hand_has_its_devices_grade_and_is_no_confirmation_by_the_hospital(
    console: Console, clock: FakeClock, actor: Actor, grade: str
) -> None:
    number = log_ticket(console)
    do(console, number, "responded", at=clock.forward(minutes=1))
    do(console, number, "restored", at=clock.forward(minutes=1))

    sign(console, number, actor)

    with console.read() as session:
        seen = tickets.view(session, console.book(session), number, VENDOR)
    assert (seen.events[-1].kind, seen.events[-1].grade) == ("signed_off", grade)
    assert (seen.facts.state, seen.facts.confirmed_at) == ("待确认", None)
    assert form(console, number).closure == ""


def test_how_a_ticket_was_closed_is_not_passed_off_as_the_hospitals_word(console: Console, tmp_path: Path) -> None:
    import_sheet(console, write_sheet(tmp_path / "one.csv", row()), actor=VENDOR)
    assert form(console, row()["单号"]).closure == "imported"

    number = log_ticket(console)
    for kind, actor in (("responded", VENDOR), ("restored", VENDOR), ("confirmed", HOSPITAL)):
        do(console, number, kind, actor)
    assert form(console, number).closure == "signed"


@pytest.mark.parametrize("actor", [actor_of("a", "a", "auditor"), terminal_actor("root")])
def test_only_the_parties_take_signatures(console: Console, actor: Actor) -> None:
    number = log_ticket(console)
    with pytest.raises(Refused):
        sign(console, number, actor)
    assert form(console, number).signature is None


@pytest.mark.parametrize(
    "given",
    [{"signer": " "}, {"signer": "字" * 41}, {"signer": "a\0b"}, {"picture": NewFile("0" * 64, 1, "a.txt", "text")},
     {"picture": NewFile("0" * 64, 1, "a.png", "png", 2001, 10)}],
)  # fmt: skip
def test_a_nameless_or_foreign_signature_is_refused(console: Console, given: dict[str, object]) -> None:
    number = log_ticket(console)
    with pytest.raises(Refused):
        sign(console, number, **given)
    assert form(console, number).signature is None


def test_evidence_added_after_signing_is_told_and_the_signature_itself_is_not(console: Console) -> None:
    number = log_ticket(console)
    sign(console, number)
    assert form(console, number).signature.still_same  # type: ignore[union-attr]
    file = console.files.keep_attachment(io.BytesIO(b"text"), "a.txt")
    with console.write() as session:
        attachments.attach(session, number, file, VENDOR, console.now())

    assert not form(console, number).signature.still_same  # type: ignore[union-attr]


def test_a_week_is_half_open_in_shanghai(console: Console, clock: FakeClock) -> None:
    start, end = week_span("2026-W47")
    assert (start.isoformat(), end.isoformat()) == ("2026-11-16T00:00:00+08:00", "2026-11-23T00:00:00+08:00")
    assert week_of(start) == "2026-W47" == week_of(end - timedelta(seconds=1))
    assert week_of(end) == "2026-W48"
    assert start.tzinfo == ZONE
    inside = [log_ticket(console, department="药房", at=at) for at in (start, end - timedelta(seconds=1))]
    log_ticket(console, department="药房", at=start - timedelta(seconds=1))
    log_ticket(console, department="药房", at=end)
    log_ticket(console, department="儿科", at=start)

    with console.read() as session:
        week = documents.weekly(session, "药房", "2026-W47", VENDOR)
        assert documents.departments(session, VENDOR) == sorted(["儿科", "药房"], key=lambda name: name.encode())

    assert [row.number for row in week.rows] == inside


@pytest.mark.parametrize(
    "week", ["", "2026-W54", "2026-W00", "2026-47", "9999-W53", "0000-W01", "2026-W4７", "x" * 900]
)
def test_what_is_no_week_is_refused(week: str) -> None:
    with pytest.raises(Refused):
        week_span(week)


def test_blank_slips_never_share_a_number(console: Console) -> None:
    seen: list[str] = []
    for pages in (1, 2, 20):
        with console.write() as session:
            seen += documents.slips(session, pages, VENDOR, console.now())

    assert len(seen) == len(set(seen)) == 230
    assert (seen[0], seen[-1]) == ("KD-000001", "KD-000230")
    for pages in (0, 21, -1):
        with console.write() as session, pytest.raises(Refused):
            documents.slips(session, pages, VENDOR, console.now())
