"""Notes that the hospital keeps for itself: written and read by its own people, no fact of the ticket."""

from __future__ import annotations

import pytest

from ops_console.console import Console
from ops_console.core.errors import NotFound, Refused
from ops_console.core.people import ROLES, actor_of
from ops_console.services import notes, tickets
from ops_console.store import audit
from tests.conftest import HOSPITAL, VENDOR, log_ticket

SECRET = "怀疑响应时间是补的，抽查回访"


def note(console: Console, number: str, text: str = SECRET, actor=HOSPITAL) -> None:  # type: ignore[no-untyped-def]
    with console.write() as session:
        notes.note(session, number, text, actor, console.now())


def test_a_note_is_kept_for_the_hospital_and_is_no_event_of_the_ticket(console: Console) -> None:
    number = log_ticket(console)
    with console.read() as session:
        before = tickets.view(session, console.book(session), number, VENDOR)
    note(console, number)
    with console.read() as session:
        (kept,) = notes.notes(session, number, HOSPITAL)
        after = tickets.view(session, console.book(session), number, VENDOR)
        assert audit.first_broken(session) is None
    assert (kept.personal["note"], kept.actor, kept.facts["visible_to"]) == (SECRET, "hospital", "hospital")
    assert (after.facts, after.events) == (before.facts, before.events)


@pytest.mark.parametrize("role", ROLES)
def test_only_the_hospitals_people_read_and_write_notes(sqlite_console: Console, role: str) -> None:
    number, actor = log_ticket(sqlite_console), actor_of("somebody", "某人", role)
    may = ROLES[role][0] == "hospital"
    for act in (lambda: note(sqlite_console, number, actor=actor), lambda: read(sqlite_console, number, actor)):
        if may:
            act()
            continue
        with pytest.raises(Refused, match="没有这项权限"):
            act()


def read(console: Console, number: str, actor) -> None:  # type: ignore[no-untyped-def]
    with console.read() as session:
        assert notes.notes(session, number, actor)


@pytest.mark.parametrize(("text", "passes"), [("", False), ("  ", False), ("长" * 2000, True), ("长" * 2001, False)])
def test_a_note_says_something_and_not_too_much(sqlite_console: Console, text: str, passes: bool) -> None:
    number = log_ticket(sqlite_console)
    if passes:
        note(sqlite_console, number, text)
        return
    with pytest.raises(Refused) as refused:
        note(sqlite_console, number, text)
    assert refused.value.field == "note"


def test_a_note_on_no_ticket_is_not_found(sqlite_console: Console) -> None:
    with pytest.raises(NotFound):
        note(sqlite_console, "GD-none")
