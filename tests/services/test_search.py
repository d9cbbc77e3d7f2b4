"""The search finds exactly what a LIKE scan over the same fields finds, newest first, on both databases."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text

from ops_console.console import Console
from ops_console.core.errors import Refused
from ops_console.core.people import SYSTEM
from ops_console.core.search import HIT_LIMIT, query_of
from ops_console.core.ticket_folds import fold
from ops_console.core.ticket_lists import Filter
from ops_console.core.tickets import CORRECTION_DECIDED, CORRECTION_PROPOSED, RESPONDED, RESTORE, Event, TicketFacts
from ops_console.services import search
from ops_console.services.jobs import ask
from ops_console.services.ticket_rows import write
from ops_console.store import audit, ticket_lists, tickets
from ops_console.store import search as store
from ops_console.store.search import TextRow
from ops_console.store.tickets import TicketRow
from tests.conftest import HOSPITAL, NOON, VENDOR, FakeClock, do, log_ticket

ANYTHING = st.text("卡纸机打印门诊 aA1-2.Ｈ\n\"'%_\\(*^é😀", max_size=12)
WORDS = (
    "门诊", "打印机", "卡纸", "病历", "缴费", "HIS", "未到账", "M-02", "系统", "无法", "登录", "报表", "数据", "ip",
    "10.1.20", "重启", "纸", "慢", "🙂",
)  # fmt: skip


def scan(console: Console, typed: str, chosen: Filter | None = None) -> list[int]:
    """The truth: every text compared by LIKE, newest first."""
    query = select(TextRow.ticket_id).join(TicketRow, TicketRow.id == TextRow.ticket_id)
    for word in query_of(typed).words:
        query = query.where(TextRow.text.contains(word, autoescape=True))
    query = ticket_lists.narrowed(query, chosen or Filter(), console.now())
    with console.read() as session:
        return list(session.scalars(query.order_by(TicketRow.reported_at.desc(), TicketRow.id.desc())))


def found(console: Console, typed: str, chosen: Filter | None = None, *, descending: bool = True) -> list[int]:
    """What the search finds."""
    wanted = replace(chosen or Filter(), q=typed)
    with console.read() as session:
        return search.found_ids(session, wanted, VENDOR, now=console.now(), descending=descending)


def facts_of(console: Console, ids: Sequence[int] | None = None) -> dict[int, TicketFacts]:
    """What tickets come to, by id."""
    with console.read() as session:
        numbers = dict(session.execute(select(TicketRow.id, TicketRow.number)).all())
        events = audit.of_tickets(session, numbers if ids is None else ids)
    return {ticket_id: made for ticket_id, told in events.items() if (made := fold(numbers[ticket_id], told))}


def fill(console: Console, count: int, seed: int = 7) -> None:
    """Tickets with random texts, reported in no order, several in one second."""
    random = Random(seed)

    def told(least: int, most: int) -> str:
        return "".join(
            random.choice(WORDS) + random.choice(("", "", " ", "，")) for _ in range(random.randint(least, most))
        )

    for start in range(0, count, 500):
        made = {}
        for place in range(start, min(start + 500, count)):
            at = NOON - timedelta(minutes=random.randint(1, max(2, count // 3)))
            facts = {"type": random.choice(("故障", "咨询")), "module": "门诊缴费", "department": told(1, 1)}
            texts = {"title": told(1, 4), "description": told(0, 20), "reporter": "某"}
            event = Event("reported", at, NOON, "vendor", "vendor", "电话", "B", (), facts, texts)
            made[f"GD-{at:%Y%m%d}-{place:05d}"] = [event]
        with console.write() as session:
            write(session, console.book(session), made, {}, NOON)


def test_a_logged_ticket_is_found_by_every_field(console: Console) -> None:
    number = log_ticket(
        console, title="自助机ＨＩＳ未到账", department="门诊二楼", reporter="王护士", phone="13800001111",
        description="扣款成功\n未到账 M-02",
    )  # fmt: skip
    do(console, number, RESPONDED)
    do(console, number, RESTORE, handler="李工", personal={"process": "重启了接口"})
    (wanted,) = facts_of(console)
    asked = (
        "his未到账", "HIS", "账", "机h", number, number[5:], "20261120", "门诊缴费", "诊二", "王护士", "m-02",
        "M-02 账", "李工", "接口",
    )  # fmt: skip
    assert {typed: found(console, typed) for typed in asked} == {typed: [wanted] for typed in asked}
    assert found(console, "13800001111") == found(console, "到款") == found(console, "账 没有") == []
    assert found(console, "成功 未到") == [wanted]


def test_what_is_found_is_what_a_scan_finds(console: Console) -> None:
    for at in range(12):
        log_ticket(console, at=NOON - timedelta(minutes=at % 4))
    facts = facts_of(console)

    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        st.dictionaries(st.sampled_from(sorted(facts)), st.tuples(ANYTHING, ANYTHING)), st.lists(ANYTHING, max_size=6)
    )
    def same(told: dict[int, tuple[str, str]], asked: list[str]) -> None:
        changed = {
            i: replace(facts[i], personal={"title": title, "description": more}) for i, (title, more) in told.items()
        }
        with console.write() as session:
            search.keep(session, changed)
        from_texts = [part for texts in told.values() for whole in texts for part in (whole, whole[1:4], whole[2:])]
        for typed in [*asked, *from_texts]:
            try:
                query_of(typed)
            except Refused:
                continue
            assert found(console, typed) == scan(console, typed), typed

    same()


def compare(console: Console, count: int, asked: int) -> None:
    """Random words and parts of texts find what a scan finds, alone, with others, with filters, both ways round."""
    fill(console, count)
    random = Random(11)
    with console.read() as session:
        texts = list(session.scalars(select(TextRow.text).order_by(TextRow.place).limit(400)))
    filters = (
        Filter(),
        Filter(types=("故障",)),
        Filter(first_month="2026-11", last_month="2026-11"),
        Filter(open=True),
    )
    for turn in range(asked):
        part = random.choice(random.choice(texts).split())
        start = random.randrange(len(part))
        typed = part[start : start + random.choice((1, 2, 2, 3, 4, 4, 8, 17))]
        typed += random.choice(("", "", " " + random.choice(WORDS)))
        try:
            query_of(typed)
        except Refused:
            continue
        chosen = filters[turn % len(filters)]
        truth = scan(console, typed, chosen)
        assert truth or " " in typed
        assert found(console, typed, chosen) == truth[: HIT_LIMIT + 1], typed
        assert found(console, typed, chosen, descending=False) == truth[::-1][: HIT_LIMIT + 1], typed


def test_five_thousand_tickets_are_found_as_a_scan_finds_them(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "FEW", 1_000)  # so that a narrowed list goes both ways
    compare(console, 5_000, 120)


@pytest.mark.long
def test_fifty_thousand_tickets_are_found_as_a_scan_finds_them(console: Console) -> None:
    compare(console, 50_000, 400)


def test_hits_come_newest_first_and_a_page_at_a_time(console: Console) -> None:
    numbers = [log_ticket(console, at=NOON - timedelta(minutes=at)) for at in (3, 1, 2, 1)]
    with console.read() as session:
        pages = [
            search.find(session, Filter(q="打不开"), VENDOR, now=console.now(), page=page, per_page=3)
            for page in (1, 2, 3)
        ]
    assert [[row.number for row in page.rows] for page in pages] == [
        [numbers[3], numbers[1], numbers[2]], [numbers[0]], [],
    ]  # fmt: skip
    assert {page.count for page in pages} == {4}


def test_a_corrected_report_time_moves_the_ticket_among_the_hits(console: Console, clock: FakeClock) -> None:
    first, second = (log_ticket(console, at=NOON - timedelta(minutes=at)) for at in (9, 5))
    old, new = NOON - timedelta(minutes=9), NOON - timedelta(minutes=1)
    facts = {"field": "reported_at", "old": old.isoformat(), "new": new.isoformat()}
    with console.write() as session:
        row = tickets.lock(session, first)
        assert row is not None
        events = audit.of_tickets(session, [row.id])[row.id]
        proposed = Event(CORRECTION_PROPOSED, clock(), clock(), "vendor", "vendor", facts=facts)
        write(session, console.book(session), {first: [*events, proposed]}, {first: row}, clock(), new=1)
    do(console, first, CORRECTION_DECIDED, HOSPITAL, field="reported_at", new=new.isoformat(), approved=True)
    with console.read() as session:
        hits = search.find(session, Filter(q="打不开"), VENDOR, now=clock(), page=1, per_page=9)
    assert [row.number for row in hits.rows] == [first, second]


def test_a_purged_text_is_found_no_more_once_reindexed(console: Console) -> None:
    log_ticket(console, title="张三丰的电脑", reporter="张三丰")
    (ticket,) = found(console, "张三丰")
    with console.write() as session:
        session.execute(text("UPDATE event_personal SET text = NULL, salt = NULL WHERE field IN ('title', 'reporter')"))
        assert search.reindex(session, [ticket]) == 1
    for typed in ("张三丰", "张三", "张", "丰的", "电脑"):
        assert found(console, typed) == [], typed
    with console.read() as session:
        (row,) = session.execute(select(TextRow.text, TextRow.description, TextRow.process)).all()
    assert "张" not in repr(row)
    assert found(console, "门诊缴费") == [ticket]


def test_a_move_that_changes_no_text_leaves_the_index_alone(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    number = log_ticket(console)
    written: list[object] = []
    monkeypatch.setattr(store, "add", lambda _session, rows: written.extend(rows))
    do(console, number, RESPONDED)
    do(console, number, RESTORE)
    assert written == []


def test_the_run_goes_on_where_an_earlier_attempt_stopped(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(console, 30)
    with console.write() as session:
        store.remove(session, list(store.known(session, range(1, 31)).values()))
        run_id = ask(session, job=search.JOB, key=search.FIRST_RUN, params={}, actor=SYSTEM, now=console.now())
    monkeypatch.setattr(search, "BATCH", 7)
    assert found(console, "GD") == []
    runs = console.runs()

    def break_off(session: object, ids: list[int]) -> int:
        if ids[0] > 14:
            raise RuntimeError("power cut")
        return reindex(session, ids)  # type: ignore[arg-type]

    reindex = search.reindex
    monkeypatch.setattr(search, "reindex", break_off)
    job = console.jobs[search.JOB]
    console.jobs[search.JOB] = replace(job, work=lambda run: search.index_tickets(run, console.read, console.write, 7))
    runs.execute(run_id)
    with console.read() as session:
        assert search.progress(session) == search.Progress(14, 30, is_stuck=True)
    assert len(found(console, "GD")) == 14
    with console.write() as session:
        session.execute(text("UPDATE job_run SET status = 'queued' WHERE id = :id"), {"id": run_id})
    monkeypatch.setattr(search, "reindex", reindex)
    runs.execute(run_id)
    with console.read() as session:
        assert search.progress(session) is None
        row = session.execute(text("SELECT result, done, total FROM job_run WHERE id = :id"), {"id": run_id}).one()
    assert (json.loads(row.result), row.done, row.total) == ({"tickets": 30}, 30, 30)
    assert found(console, "GD") == scan(console, "GD")


def test_a_number_is_known_as_typed_and_in_capitals(console: Console) -> None:
    number = log_ticket(console)
    with console.read() as session:
        assert search.number_of(session, f" {number.lower()} ", VENDOR) == number
        assert search.number_of(session, number[:-1], VENDOR) is None
        assert search.number_of(session, "", VENDOR) is None


def test_who_may_not_read_tickets_finds_none(console: Console) -> None:
    number = log_ticket(console)
    with console.read() as session, pytest.raises(Refused):
        search.find(session, Filter(q="打不开"), SYSTEM, now=console.now(), page=1, per_page=9)
    with console.read() as session, pytest.raises(Refused):
        search.number_of(session, number, SYSTEM)


def test_the_index_is_read_in_order_and_no_further_than_the_limit(sqlite_console: Console) -> None:
    """No sorting of all hits: it is what keeps a page as quick at a million tickets. PostgreSQL decides by its
    statistics.
    """
    fill(sqlite_console, 20)
    with sqlite_console.read() as session:
        for typed, chosen in (("门诊", Filter()), ("打印机卡", Filter()), ("打印机卡", Filter(types=("故障",)))):
            plan = _plan(session, typed, chosen)
            assert "ticket_pieces VIRTUAL TABLE" in plan[0], plan
            assert not any("TEMP B-TREE" in line for line in plan), plan
            assert all("VIRTUAL TABLE" in line or "SEARCH" in line for line in plan), plan


def _plan(session, typed: str, chosen: Filter) -> list[str]:  # type: ignore[no-untyped-def]
    query = store._indexed(session, query_of(typed), chosen, NOON).order_by(store._place(session).desc()).limit(50)
    made = query.compile(session.get_bind(), compile_kwargs={"literal_binds": True})
    return [row[-1] for row in session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {made}")]
