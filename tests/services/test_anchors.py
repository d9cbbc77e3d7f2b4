"""Daily anchors: what they bind, that each party sets its own receiver, that deliveries arrive or are tried again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from ops_console.adapters.anchor_file import AnchorFile
from ops_console.adapters.host import tree_hash
from ops_console.console import PROJECT, Console
from ops_console.core.anchors import NO_ANCHOR, Anchor, digest_of, from_sent
from ops_console.core.errors import Refused
from ops_console.core.people import SYSTEM, Actor, actor_of, terminal_actor
from ops_console.services import anchors
from ops_console.services.anchors import BACK_OFF, MOST_ATTEMPTS, Hands
from ops_console.store import anchors as store
from ops_console.store import audit, notices
from ops_console.store.anchors import AnchorRow, DeliveryRow
from ops_console.store.audit import EventRow
from ops_console.store.messages import OutboxRow
from tests.conftest import HOSPITAL as CHIEF
from tests.conftest import NOON, FakeClock, log_ticket
from tests.conftest import VENDOR as ENGINEER
from tests.services.test_tickets import at_once

PROVED = datetime.max.replace(tzinfo=UTC)  # each gave a second factor just now
HOSPITAL, VENDOR = (replace(actor, proved_until=PROVED) for actor in (CHIEF, ENGINEER))


class Receiver:
    """A courier that remembers what it delivered, and fails while it is told to."""

    def __init__(self) -> None:
        self.folders = ("/mnt",)
        self.delivered: list[tuple[str, str, Anchor]] = []
        self.down = False

    def check(self, kind: str, address: str) -> str:
        if kind == "http" and not address.startswith("http"):
            raise Refused("这不是可用的网址", field="address")
        return "" if kind == "download" else address

    def deliver(self, kind: str, address: str, anchor: Anchor) -> str:
        if self.down:
            raise Refused("%(host)s 没有回答。", host="x")
        self.delivered.append((kind, address, anchor))
        return "200 kept"


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


@pytest.fixture
def hands(console: Console, receiver: Receiver) -> Hands:
    made = console.anchoring()
    return Hands(made.open_read, made.open_write, made.shelf, receiver, made.bound, made.contract)


def made_on(hands: Hands, clock: FakeClock, days: int = 0) -> Anchor:
    return anchors.make_today(hands, SYSTEM, clock.forward(days=days))


def test_an_anchor_binds_count_head_the_one_before_code_and_clock(
    console: Console, clock: FakeClock, hands: Hands
) -> None:
    log_ticket(console)
    with console.read() as session:
        count, head = audit.chain_head(session)
    first = made_on(hands, clock)
    second = made_on(hands, clock, days=1)
    told = json.loads(first.body)
    assert (told["count"], told["head"], told["previous"], told["contract"]) == (count, head, NO_ANCHOR, "YW-2025-001")
    assert second.previous == first.digest
    assert set(told) == {
        "format", "contract", "day", "count", "head", "previous", "at", "code", "plugins", "schema",
        "clock_synchronised", "clock_offset_microseconds",
    }  # fmt: skip
    assert told["at"] == int(NOON.timestamp()) * 1_000_000
    digest = hashlib.sha256(b"ops-console/anchor/v1\0" + first.body.encode()).hexdigest()
    assert first.digest == digest
    assert first.line == f"日锚 2026-11-20 #{count} {digest[:12]}"
    assert first.is_sound and from_sent(first.sent()) == first


def test_a_day_has_one_anchor_whoever_asks_and_however_often(console: Console, clock: FakeClock, hands: Hands) -> None:
    first = made_on(hands, clock)
    log_ticket(console)
    assert made_on(hands, clock) == first
    clock.forward(hours=6)  # still the same day in Greenwich, the next in Shanghai
    assert made_on(hands, clock).day.isoformat() == "2026-11-21"
    at_once(*(lambda: anchors.make_today(hands, SYSTEM, NOON + timedelta(days=3)) for _ in range(4)))
    with console.read() as session:
        assert [row.day.day for row in session.scalars(select(AnchorRow).order_by(AnchorRow.id))] == [20, 21, 23]
        assert session.scalars(select(EventRow.kind).where(EventRow.subject == "anchor")).all() == ["anchor_made"] * 3


@pytest.mark.parametrize(("at", "day"), [((15, 59, 59), 20), ((16, 0, 0), 21)])
def test_the_day_is_shanghais(hands: Hands, clock: FakeClock, at: tuple[int, int, int], day: int) -> None:
    clock.at = datetime(2026, 11, 20, *at, tzinfo=UTC)
    assert made_on(hands, clock).day.day == day


def test_each_party_is_told_in_the_same_transaction(console: Console, clock: FakeClock, hands: Hands) -> None:
    anchor = made_on(hands, clock)
    with console.read() as session:
        told = session.execute(select(OutboxRow.audience, OutboxRow.payload).where(OutboxRow.kind == "anchor")).all()
    assert [row.audience for row in told] == ["hospital", "vendor"]
    assert {json.loads(row.payload)["line"] for row in told} == {anchor.line}


def test_the_file_beside_the_database_holds_every_anchor_and_survives_a_torn_line(
    console: Console, clock: FakeClock, hands: Hands
) -> None:
    path = console.settings.data_folder / "anchors.jsonl"
    first = made_on(hands, clock)
    assert path.stat().st_mode & 0o077 == 0
    path.write_bytes(path.read_bytes()[:-20])  # a crash in the middle of the line
    second = made_on(hands, clock, days=1)
    assert AnchorFile(console.settings.data_folder).read() == [first, second]


def test_the_code_hash_changes_with_any_byte_and_any_name(tmp_path: Path) -> None:
    (tmp_path / "checks").mkdir()
    (tmp_path / "checks" / "a.py").write_text("1")
    seen = [tree_hash(tmp_path, ("checks/**/*",))]
    (tmp_path / "checks" / "a.py").write_text("2")
    seen.append(tree_hash(tmp_path, ("checks/**/*",)))
    (tmp_path / "checks" / "a.py").rename(tmp_path / "checks" / "b.py")
    seen.append(tree_hash(tmp_path, ("checks/**/*",)))
    (tmp_path / "checks" / "__pycache__").mkdir()
    (tmp_path / "checks" / "__pycache__" / "b.pyc").write_text("x")
    assert len(set(seen)) == 3
    assert tree_hash(tmp_path, ("checks/**/*",)) == seen[-1]
    assert tree_hash(PROJECT, ("ops_console/**/*.py",)) == tree_hash(PROJECT, ("ops_console/**/*.py",))


# -- receivers --------------------------------------------------------------------------------------------------------


def receives(console: Console) -> tuple[bool, bool]:
    with console.read() as session:
        told = notices.of_now(session)
    return told.hospital_receives, told.vendor_receives


def test_a_receiver_gets_todays_anchor_at_once_and_proves_itself_by_it(
    console: Console, clock: FakeClock, hands: Hands, receiver: Receiver
) -> None:
    anchors.set_receiver(hands, "http", "http://10.0.0.5/anchors", HOSPITAL, clock())
    assert receives(console) == (False, False)  # set, but nothing arrived yet
    assert anchors.deliver_due(hands, clock()) == 1
    assert receives(console) == (True, False)
    (kind, address, anchor), = receiver.delivered  # fmt: skip
    assert (kind, address, anchor.day.day) == ("http", "http://10.0.0.5/anchors", 20)
    made_on(hands, clock, days=1)
    assert anchors.deliver_due(hands, clock()) == 1
    assert anchors.deliver_due(hands, clock()) == 0
    with console.read() as session:
        kinds = session.scalars(select(EventRow.kind).where(EventRow.subject == "anchor").order_by(EventRow.seq)).all()
    assert kinds == ["receiver_set", "anchor_made", "anchor_received", "anchor_made", "anchor_received"]


def test_each_party_sets_its_own_and_nobody_else_sets_any(console: Console, clock: FakeClock, hands: Hands) -> None:
    anchors.set_receiver(hands, "http", "http://10.0.0.5/a?key=k1", HOSPITAL, clock())
    anchors.set_receiver(hands, "http", "http://10.0.0.6/a?key=k2", VENDOR, clock())
    outsiders: list[Actor] = [
        actor_of("a", "审计员", "auditor"), actor_of("s", "管理员", "administrator"), terminal_actor("root"), SYSTEM,
    ]  # fmt: skip
    with pytest.raises(Refused, match="第二因素"):  # a stolen cookie does not lead the anchors elsewhere
        anchors.set_receiver(hands, "http", "http://10.0.0.7/", CHIEF, clock())
    for actor in outsiders:
        with pytest.raises(Refused, match="权限"):
            anchors.set_receiver(hands, "http", "http://10.0.0.7/", actor, clock())
    with console.read() as session:
        seen = {one.side: one.address for one in anchors.receiving(session, HOSPITAL)}
        facts = session.scalars(select(EventRow.facts).where(EventRow.kind == "receiver_set")).all()
    assert seen == {"hospital": "http://10.0.0.5/a?key=k1", "vendor": "10.0.0.6"}
    assert not [text for text in facts if "key" in text]


def test_a_place_of_the_other_party_is_no_place_of_ones_own(clock: FakeClock, hands: Hands) -> None:
    anchors.set_receiver(hands, "http", "http://10.0.0.5/a", HOSPITAL, clock())
    with pytest.raises(Refused) as refused:
        anchors.set_receiver(hands, "http", "http://10.0.0.5/b", VENDOR, clock())
    assert refused.value.field == "address"
    anchors.set_receiver(hands, "http", "http://10.0.0.5/b", HOSPITAL, clock())  # one's own may be set anew


@pytest.mark.parametrize(
    ("kind", "address", "field"),
    [("post", "http://x/", "kind"), ("http", "gopher:", "address"), ("http", "h" * 501, "address")],
)
def test_a_wrong_receiver_is_refused_beside_its_field(
    clock: FakeClock, hands: Hands, kind: str, address: str, field: str
) -> None:
    with pytest.raises(Refused) as refused:
        anchors.set_receiver(hands, kind, address, HOSPITAL, clock())
    assert refused.value.field == field


def test_another_receiver_has_to_prove_itself_again(console: Console, clock: FakeClock, hands: Hands) -> None:
    anchors.set_receiver(hands, "http", "http://10.0.0.5/a", HOSPITAL, clock())
    anchors.deliver_due(hands, clock())
    anchors.set_receiver(hands, "folder", "/mnt/h", HOSPITAL, clock())
    assert receives(console) == (False, False)
    assert anchors.deliver_due(hands, clock()) == 1
    assert receives(console) == (True, False)


# -- deliveries -------------------------------------------------------------------------------------------------------


def delivery(console: Console) -> DeliveryRow:
    with console.read() as session:
        return session.scalars(select(DeliveryRow)).one()


def test_a_delivery_that_fails_is_tried_again_ever_later_and_arrives(
    console: Console, clock: FakeClock, hands: Hands, receiver: Receiver
) -> None:
    receiver.down = True
    anchors.set_receiver(hands, "http", "http://10.0.0.5/a", HOSPITAL, clock())
    waited: list[timedelta] = []
    for _attempt in range(8):
        assert anchors.deliver_due(hands, clock()) == 0
        row = delivery(console)
        assert row.next_try_at is not None
        waited.append(row.next_try_at - clock())
        assert anchors.deliver_due(hands, row.next_try_at - timedelta(seconds=1)) == 0
        assert delivery(console).attempts == len(waited)
        clock.at = row.next_try_at
    assert waited == [*BACK_OFF, BACK_OFF[-1], BACK_OFF[-1]]
    assert "没有回答" in delivery(console).answer
    receiver.down = False
    assert anchors.deliver_due(hands, clock()) == 1
    assert (delivery(console).state, delivery(console).answer) == ("received", "200 kept")


def test_a_receiver_that_never_answers_is_given_up_loudly(
    console: Console, clock: FakeClock, hands: Hands, receiver: Receiver
) -> None:
    receiver.down = True
    anchors.set_receiver(hands, "http", "http://10.0.0.5/a", HOSPITAL, clock())
    for _attempt in range(MOST_ATTEMPTS):
        anchors.deliver_due(hands, clock())
        clock.forward(hours=7)
    assert (delivery(console).state, delivery(console).next_try_at) == ("given_up", None)
    with console.read() as session:
        assert session.scalars(select(EventRow.kind).where(EventRow.kind == "anchor_given_up")).all()


def test_two_processes_do_not_deliver_the_same_twice(
    console: Console, clock: FakeClock, hands: Hands, receiver: Receiver
) -> None:
    anchors.set_receiver(hands, "http", "http://10.0.0.5/a", HOSPITAL, clock())
    at_once(*(lambda: anchors.deliver_due(hands, clock()) for _ in range(4)))
    assert len(receiver.delivered) == 1


def test_a_process_that_died_while_sending_leaves_the_delivery_to_be_tried_again(
    console: Console, clock: FakeClock, hands: Hands, receiver: Receiver
) -> None:
    anchors.set_receiver(hands, "http", "http://10.0.0.5/a", HOSPITAL, clock())
    with console.write() as session:
        store.take_due(session, clock(), clock() + anchors.LEASE)
    assert anchors.deliver_due(hands, clock()) == 0
    assert anchors.deliver_due(hands, clock.forward(minutes=5)) == 1


def confirm(console: Console, digest: str, actor: Actor, now: datetime) -> None:
    with console.write() as session:
        anchors.confirm_download(session, digest, actor, now)


def test_a_download_is_confirmed_by_the_digest_that_was_taken_away(
    console: Console, clock: FakeClock, hands: Hands
) -> None:
    anchors.set_receiver(hands, "download", "", HOSPITAL, clock())
    assert anchors.deliver_due(hands, clock()) == 0
    with console.read() as session:
        (line,) = anchors.file_of(session, HOSPITAL).splitlines()
    digest = from_sent(line).digest
    wrong: list[Callable[[], None]] = [
        lambda: confirm(console, digest[:11], HOSPITAL, clock()),
        lambda: confirm(console, "0" * 12, HOSPITAL, clock()),
        lambda: confirm(console, "%" * 12, HOSPITAL, clock()),
        lambda: confirm(console, digest + "0", HOSPITAL, clock()),
        lambda: confirm(console, digest[:12], VENDOR, clock()),  # not the vendor's to confirm
    ]
    for act in wrong:
        with pytest.raises(Refused) as refused:
            act()
        assert refused.value.field == "digest"
    assert receives(console) == (False, False)
    confirm(console, f" {digest[:12].upper()} ", HOSPITAL, clock())
    assert receives(console) == (True, False)


def test_an_altered_line_is_no_sound_anchor(clock: FakeClock, hands: Hands) -> None:
    anchor = made_on(hands, clock)
    other = anchor.body.replace(f'"count":{anchor.seq}', f'"count":{anchor.seq - 1}')
    assert not Anchor(anchor.day, anchor.seq - 1, anchor.head, anchor.previous, other, anchor.digest).is_sound
    assert not Anchor(anchor.day, anchor.seq - 1, anchor.head, anchor.previous, anchor.body, anchor.digest).is_sound
    assert not Anchor(anchor.day, anchor.seq, anchor.head, anchor.previous, "no json", digest_of("no json")).is_sound
    for line in ("", "{}", "[]", "1", '{"anchor":{},"digest":""}', '{"anchor":{"day":"x"},"digest":""}'):
        with pytest.raises(ValueError):  # noqa: PT011 - json's own is one too
            from_sent(line)
