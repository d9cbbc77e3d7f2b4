"""A few days of the demo year, built through the services: facts that repeat, a sound chain, clocks, storylines."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from ops_console.adapters.demo.texts import read_texts
from ops_console.console import Console
from ops_console.core.demo_steps import Story
from ops_console.core.demo_storylines import storylines
from ops_console.core.demo_year import begun
from ops_console.core.errors import Refused
from ops_console.core.people import VENDOR, actor_of
from ops_console.core.trust import unproven
from ops_console.services import caps, demo, demo_house, flags, public_reports, tickets
from ops_console.services.demo_acts import Acts
from ops_console.services.tickets import TicketView
from ops_console.store import audit, people
from ops_console.store import tickets as store
from ops_console.store.messages import OutboxRow
from ops_console.store.tickets import TicketRow
from tests.caps import load_caps
from tests.conftest import FakeClock, copy_sqlite, make_console
from tests.demo_houses import SAMPLED, calendar_of_2026, hands_of

SHANGHAI = ZoneInfo("Asia/Shanghai")
END = datetime(2026, 1, 7, 10, 30, tzinfo=SHANGHAI)
READER = actor_of("shen.yue", "沈悦", "auditor")


def built(console: Console, clock: FakeClock, *, until: datetime = END) -> demo.Built:
    """Build a quiet first week of January."""
    hands = hands_of(console, clock)
    clock.at = begun()
    return demo.build(hands, read_texts(), until.astimezone(UTC), lambda *_: None, scale=0.5)


def views(console: Console) -> list[TicketView]:
    """Every ticket, oldest first."""
    with console.read() as session:
        numbers = sorted(row.number for row in session.query(TicketRow))
        return [tickets.view(session, console.book(session), number, READER) for number in numbers]


def facts_digest(console: Console) -> str:
    """What all tickets say, without salts and hashes: the same for the same day."""
    told = [
        [e.kind, e.occurred_at, e.recorded_at, e.actor, e.side, e.channel, e.grade, e.evidence, e.facts, e.personal]
        for seen in views(console)
        for e in seen.events
    ]
    return hashlib.sha256(json.dumps(told, default=str, ensure_ascii=False).encode()).hexdigest()


def played(console: Console, clock: FakeClock, stories: list[Story], until: datetime) -> dict[str, TicketView]:
    """Given stories, do them alone in a furnished house; return each one's ticket."""
    hands = hands_of(console, clock)
    clock.at = begun()
    with console.read() as session:
        modules = {m.code: m.name for m in demo.catalogue.modules(session)}
    _, places = demo_house.furnish(
        hands.open_write, hands.hasher, hands.policy, hands.house, modules, clock.at
    )  # fmt: skip
    demo_house.receive_anchors(hands.anchoring, begun() + demo.SETTLED)
    acts = Acts(hands.books, hands.keep_file, hands.house, modules, places, hands.signing)
    demo.play(hands, acts, stories, until.astimezone(UTC), lambda *_: None)
    with console.read() as session:
        return {key: tickets.view(session, console.book(session), n, READER) for key, n in acts.numbers.items()}


def test_a_week_is_built_through_the_services(console: Console, clock: FakeClock) -> None:
    done = built(console, clock)
    seen = views(console)
    assert done.tickets == len(seen) >= 20
    with console.read() as session:
        assert audit.first_broken(session) is None
        assert audit.chain_head(session)[0] == done.entries
    assert {s.facts.stamps["reported_at"].grade for s in seen} >= {"A", "B"}
    assert {s.facts.state for s in seen} >= {"已关闭", "待响应", "挂起", "待确认"}
    assert {s.facts.closure for s in seen if s.facts.closed_at} >= {"unasked", "signed"}
    recorded = [e.recorded_at for s in seen for e in s.events]
    assert END - timedelta(minutes=30) < max(recorded) <= END
    check_messages(console, {s.facts.number for s in seen})
    check_accounts(console, done)


def check_messages(console: Console, numbers: set[str]) -> None:
    """Clocks were noticed when their moments came, not when a transaction happened to end."""
    with console.read() as session:
        told = [m for m in session.query(OutboxRow) if m.kind in ("clock_warning", "clock_breached")]
    assert told
    for message in told:
        payload = json.loads(message.payload)
        due = datetime.fromisoformat(payload["due_at"])
        share = timedelta(seconds=payload["limit_seconds"] * (100 - payload["stage"]) / 100)
        assert abs(message.created_at - (due - share)) <= timedelta(seconds=2), payload
        assert payload["ticket"] in numbers


def check_accounts(console: Console, done: demo.Built) -> None:
    """Every account opens with the password told once."""
    assert len({key.password for key in done.keys}) == 16
    with console.read() as session:
        for key in done.keys:
            row = people.by_account(session, key.account)
            assert row is not None
            assert (row.must_change, row.waits) == (False, False)
            assert console.hasher.matches(row.password_hash, key.password)


def test_the_same_day_gives_the_same_facts(tmp_path: Path, sqlite_template: Path) -> None:
    digests = []
    for name in ("one", "other"):
        copy_sqlite(sqlite_template, tmp_path / name)
        clock = FakeClock()
        made = make_console(tmp_path / name, clock)
        built(made, clock, until=END - timedelta(days=4))
        digests.append(facts_digest(made))
        made.close()
    assert digests[0] == digests[1]


def test_the_overloaded_monday_breaches_three_answers(sqlite_console: Console, clock: FakeClock) -> None:
    told = [s for s in storylines(read_texts(), calendar_of_2026(), SAMPLED) if s.key.startswith("story/overload")]
    seen = played(sqlite_console, clock, told, datetime(2026, 3, 2, 12, tzinfo=SHANGHAI))
    assert len(seen) == 19
    answers = [c for s in seen.values() for c in s.judgement.clocks if c.kind == "response" and s.facts.type == "故障"]
    late = [c for c in answers if c.stopped_at and c.stopped_at - c.started_at > timedelta(minutes=30)]
    assert len(late) == 3


def test_april_has_two_corrected_and_two_unproven_answers(sqlite_console: Console, clock: FakeClock) -> None:
    told = [s for s in storylines(read_texts(), calendar_of_2026(), SAMPLED) if s.key.startswith("story/april")]
    seen = played(sqlite_console, clock, told, datetime(2026, 5, 1, 12, tzinfo=SHANGHAI))
    waits = sorted(s.facts.responded_at - s.facts.reported_at for s in seen.values())  # type: ignore[operator]
    assert waits == [timedelta(minutes=30)] * 2 + [timedelta(minutes=47)] * 2
    left = [s for s in seen.values() if "responded_at" in unproven(s.facts.stamps)]
    assert len(left) == 2
    assert all(s.facts.stamps["responded_at"].side == VENDOR for s in left)
    assert all(s.facts.stamps["responded_at"].grade == "D" for s in left)
    with sqlite_console.read() as session:
        flagged = flags.listing(session, "2026-04", "", "", actor=READER, page=1).flags
    assert {s.facts.number for s in left} <= {ticket.number for flag in flagged for ticket in flag.tickets}


def test_a_house_with_another_catalogue_is_told_what_is_missing(sqlite_console: Console, clock: FakeClock) -> None:
    stock = {**read_texts(), "不存在的类型": read_texts()["咨询"]}
    with pytest.raises(Refused, match="演示年要用"):
        demo.build(hands_of(sqlite_console, clock), stock, END, lambda *_: None)
    with sqlite_console.read() as session:
        assert store.total(session) == 0
        assert public_reports.store.count_waiting(session) == 0


def test_the_ninth_customisation_is_held_and_deferred_and_every_class_is_settled(
    sqlite_console: Console, clock: FakeClock
) -> None:
    load_caps(sqlite_console)
    told = [s for s in storylines(read_texts(), calendar_of_2026(), SAMPLED) if s.key.startswith("story/large")]
    seen = played(sqlite_console, clock, told, datetime(2026, 12, 31, 18, tzinfo=SHANGHAI))
    assert {s.facts.class_by for s in seen.values()} == {("hospital", "vendor")}
    assert all(s.facts.order for s in seen.values() if s.facts.type == "指令性任务")
    with sqlite_console.read() as session:
        assert caps.differences(session) == ()
        years = caps.of_year(session, sqlite_console.book(session), 1, date(2026, 12, 31))
        entries = caps.store.of_contract(session, 1)
    assert {y.clause: (y.used, y.reserved, y.held) for y in years if y.taken} == {"C-29": (5, 0, 0), "C-31": (8, 0, 0)}
    (waiting,) = [one for one in entries if one.state == "asked"]
    assert (waiting.title[:7], waiting.way, waiting.not_before) == ("医共体床位查询", "deferred", date(2027, 1, 1))
