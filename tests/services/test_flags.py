"""Flags on both databases: seeded cases are found and honest ones not, kept once, explained, reviewed, in the chain."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from ops_console.console import Console
from ops_console.core import tickets as core
from ops_console.core.detectors import BACKDATED, LATE_REPORT, NO_EVIDENCE, RETYPE
from ops_console.core.errors import NotFound, Refused
from ops_console.core.flags import DOUBTFUL, EXPLAINED, LAPSED, SETTLED, WAITING
from ops_console.core.people import Actor, actor_of, terminal_actor
from ops_console.core.tickets import Event
from ops_console.services import attachments, flags, jobs
from ops_console.services.corrections import retype
from ops_console.services.tickets import Move, move
from ops_console.store import audit
from tests.conftest import HOSPITAL, VENDOR, FakeClock, do, import_sheet, log_ticket
from tests.services.test_claimed_times import CHIEF
from tests.sheets import row, write_sheet

MORNING = datetime(2026, 11, 20, 2, tzinfo=UTC)  # 10 o'clock in Shanghai, a workday: half an hour to answer


@pytest.fixture
def clock() -> FakeClock:
    """Here it is morning."""
    return FakeClock(MORNING)


def claim(console: Console, number: str, kind: str, at: datetime, *, process: str = "") -> None:
    personal = {"process": process} if process else {}
    with console.write() as session:
        move(session, console.book(session), Move(number, kind, {}, personal, at), VENDOR, console.now())


def look(console: Console, month: str = "2026-11") -> dict[str, object]:
    """Run the job for that month, here and now."""
    with console.write() as session:
        key = f"find-flags/{uuid4()}"
        run = jobs.ask(session, job="find-flags", key=key, params={"month": month}, actor=VENDOR, now=console.now())
    console.runs().execute(run)
    with console.read() as session:
        status, told, error = jobs.outcome(session, run)
    assert status == "done", error
    return dict(told or {})


def listed(console: Console, state: str = "", actor: Actor = HOSPITAL) -> list[flags.Shown]:
    with console.read() as session:
        return list(flags.listing(session, "", "", state, actor=actor, page=1).flags)


def events(console: Console) -> list[tuple[str, str, Event]]:
    with console.read() as session:
        assert audit.first_broken(session) is None
        return [(s, e.kind, e) for _, s, e in reversed(audit.about(session, "flag"))]


def backdated(console: Console, clock: FakeClock) -> str:
    """An answer of minute 28, told at minute 40."""
    began = clock.at
    number = log_ticket(console, channel="微信群")
    clock.forward(minutes=40)
    claim(console, number, core.RESPONDED, began + timedelta(minutes=28))
    return number


def test_each_seeded_case_is_found_and_honest_tickets_are_not(console: Console, clock: FakeClock) -> None:
    wanted = {BACKDATED: backdated(console, clock)}
    log_ticket(console, actor=CHIEF, channel="扫码", title="收费处打不开", department="收费处")
    clock.forward(minutes=40)
    wanted[LATE_REPORT] = log_ticket(console, channel="微信群", title="收费处说打不开", department="收费处")
    do(console, wanted[LATE_REPORT], core.RESPONDED)
    wanted[RETYPE] = log_ticket(console, channel="微信群", module="报告查询")
    clock.forward(minutes=25)
    with console.write() as session:
        book = console.book(session)
        assert retype(session, book, wanted[RETYPE], "咨询", "选错", actor=VENDOR, now=clock())
    clock.forward(minutes=25)
    do(console, wanted[RETYPE], core.RESPONDED)
    wanted[NO_EVIDENCE] = log_ticket(console, channel="电话", module="健康教育", answered=True)
    clock.forward(minutes=2)
    do(console, wanted[NO_EVIDENCE], core.RESTORE, personal={"process": "已处理。"})
    honest(console, clock)

    assert look(console)["new"] == 4

    found = listed(console)
    assert {flag.row.detector: [t.number for t in flag.tickets] for flag in found} == {
        detector: [number] for detector, number in wanted.items()
    }
    again = look(console)
    assert (again["new"], again["known"], again["lapsed"]) == (0, 4, 0)


def honest(console: Console, clock: FakeClock) -> None:
    """A prompt answer, one forgotten and told with proof, a question that waited, a fault told and shown."""
    for title in ("白屏", "怎么操作", "退款查询"):
        began = clock.at
        number = log_ticket(
            console, channel="微信群", module="处方流转管理", title=title, type="故障" if title == "白屏" else "咨询"
        )
        clock.forward(minutes=50)
        claim(console, number, core.RESPONDED, began + timedelta(minutes=6))
        do(console, number, core.RESTORE, personal={"process": "重启支付服务后恢复。"})


def test_the_nightly_run_looks_at_two_months_and_at_patterns_of_the_one_that_is_over(
    console: Console, clock: FakeClock
) -> None:
    for n in range(8):
        clock.at = datetime(2026, 10, 12 + n % 5, 2, tzinfo=UTC)
        number = log_ticket(console, channel="微信群", title=f"打不开{n}")
        clock.forward(minutes=27 if n < 6 else 4)
        do(console, number, core.RESPONDED, handler="李工")
    clock.at = datetime(2026, 10, 30, tzinfo=UTC)
    assert look(console, "2026-10")["new"] == 0  # the month is not over
    clock.at = MORNING
    with console.write() as session:
        run = jobs.ask(session, job="find-flags", key="night", params={}, actor=VENDOR, now=clock())
    console.runs().execute(run)
    with console.read() as session:
        _, told, _ = jobs.outcome(session, run)
    assert told == {"months": ["2026-10", "2026-11"], "looked_at": 8, "new": 1, "known": 0, "lapsed": 0}
    (flag,) = listed(console)
    assert str(flag.why) == "8 件中 6 件的响应用时在 0:25:00 至 0:30:00 之间，刚好在时限之内"
    assert len(flag.tickets) == 6


def test_a_sheet_s_tickets_are_asked_only_what_a_sheet_can_tell(console: Console, tmp_path) -> None:  # type: ignore[no-untyped-def]
    told = {"报修时间": "2026-11-02 09:00:00", "录入时间": "2026-11-02 09:00:00", "响应时间": "2026-11-02 09:29:00"}
    quick = {"需到场": "否", "到场时间": "", "恢复时间": "2026-11-02 09:31:00", "确认时间": "", "满意度": ""}
    lines = [
        row(单号="GD-20261102-00001", 处理过程="", **told, **quick),
        row(单号="GD-20261102-00002", **told, **quick, 处理过程="重启支付服务后恢复。"),
    ]
    import_sheet(console, write_sheet(tmp_path / "two.csv", *lines))
    look(console)
    assert [(f.row.detector, [t.number for t in f.tickets]) for f in listed(console)] == [
        (NO_EVIDENCE, ["GD-20261102-00001"])
    ]
    assert str(listed(console)[0].why).startswith("登记恢复时没有写处理过程；")


def test_a_reviewed_flag_is_not_opened_again_by_the_same_facts(console: Console, clock: FakeClock) -> None:
    backdated(console, clock)
    look(console)
    (flag,) = listed(console)
    with console.write() as session:
        flags.explain(session, flag.row.id, " 电话里已答复，13800001234 可查 ", VENDOR, clock())
    (told,) = listed(console)
    assert (told.row.state, told.row.explanation) == (EXPLAINED, "电话里已答复，138****1234 可查")
    with console.write() as session:
        flags.review(session, flag.row.id, SETTLED, "详单相符", actor=HOSPITAL, now=clock())
    look(console)

    assert listed(console) == []
    (settled,) = listed(console, SETTLED)
    assert (settled.row.reason, settled.row.reviewed_by) == ("详单相符", "hospital")
    said = events(console)
    assert [kind for _, kind, _ in said] == ["flag_found", "flag_explained", "flag_reviewed"]
    assert {subject for subject, _, _ in said} == {str(flag.row.id)}
    assert (said[0][2].actor, said[1][2].side, said[2][2].facts["verdict"]) == ("系统", "vendor", SETTLED)
    with pytest.raises(Refused), console.write() as session:  # reviewed: the vendor's account stands as it was
        flags.explain(session, flag.row.id, "再说一次", VENDOR, clock())


def test_a_flag_whose_facts_are_gone_lapses_and_waits_again_when_they_are_back(
    console: Console, clock: FakeClock
) -> None:
    number = log_ticket(console, channel="电话", answered=True)
    clock.forward(minutes=2)
    do(console, number, core.RESTORE)
    look(console)
    file = console.files.keep_attachment(io.BytesIO(b"a curve"), "a.txt")
    with console.write() as session:
        made = attachments.attach(session, number, file, VENDOR, clock())
    assert look(console)["lapsed"] == 1
    (lapsed,) = listed(console, LAPSED)
    with pytest.raises(Refused), console.write() as session:
        flags.review(session, lapsed.row.id, DOUBTFUL, "没有凭证", actor=HOSPITAL, now=clock())
    with console.write() as session:
        book = console.book(session)
        attachments.void(session, book, number, made, "传错了", actor=VENDOR, now=clock())
    assert look(console)["new"] == 1
    assert [flag.row.state for flag in listed(console)] == [WAITING]
    assert [kind for _, kind, _ in events(console)] == ["flag_found", "flag_lapsed", "flag_found"]


def test_the_vendor_alone_makes_no_open_flag_go_away(console: Console, clock: FakeClock) -> None:
    number = log_ticket(console, channel="微信群", module="报告查询")
    clock.forward(minutes=10)

    def change(type_name: str) -> None:
        with console.write() as session:
            assert retype(session, console.book(session), number, type_name, "选错", actor=VENDOR, now=clock())

    change("咨询")
    clock.forward(minutes=10)
    change("配置变更")
    clock.forward(minutes=30)
    do(console, number, core.RESPONDED)
    assert look(console)["new"] == 1
    (flag,) = listed(console)
    assert (flag.row.detector, flag.tickets[0].number) == (RETYPE, number)
    with console.write() as session:
        standing = flags.keep(session, flag.row.month, [], clock())  # as if the facts were gone by the vendor's act
    assert standing["lapsed"] == 0
    clock.forward(minutes=1)
    do(console, number, core.RESTORE)
    do(console, number, core.CONFIRMED, HOSPITAL)
    with console.write() as session:
        assert flags.keep(session, flag.row.month, [], clock())["lapsed"] == 1


@pytest.mark.parametrize("role", ["vendor", "manager", "leader", "auditor", "administrator"])
def test_only_the_hospital_reviews(console: Console, clock: FakeClock, role: str) -> None:
    backdated(console, clock)
    look(console)
    for actor in (actor_of(role, role, role), terminal_actor("root")):
        with pytest.raises(Refused) as refused, console.write() as session:
            flags.review(session, 1, DOUBTFUL, "不像", actor=actor, now=clock())
        assert refused.value.field == "permission"
    assert [flag.row.state for flag in listed(console)] == [WAITING]


def test_only_the_vendor_explains_and_a_word_needs_its_reason(console: Console, clock: FakeClock) -> None:
    backdated(console, clock)
    look(console)
    with pytest.raises(Refused), console.write() as session:
        flags.explain(session, 1, "当时很忙", HOSPITAL, clock())
    for text in ("", "  ", "字" * 501, "a\x00b"):
        with pytest.raises(Refused), console.write() as session:
            flags.explain(session, 1, text, VENDOR, clock())
        with pytest.raises(Refused), console.write() as session:
            flags.review(session, 1, DOUBTFUL, text, actor=HOSPITAL, now=clock())
    with pytest.raises(Refused) as refused, console.write() as session:
        flags.review(session, 1, "guilty", "不像", actor=HOSPITAL, now=clock())
    assert refused.value.field == "verdict"
    with pytest.raises(NotFound), console.write() as session:
        flags.review(session, 99, DOUBTFUL, "不像", actor=HOSPITAL, now=clock())
    assert [kind for _, kind, _ in events(console)] == ["flag_found"]


def test_both_parties_and_the_auditor_see_the_same_and_administrators_nothing(
    console: Console, clock: FakeClock
) -> None:
    number = backdated(console, clock)
    look(console)
    seen = [
        [flag.row.id for flag in listed(console, actor=actor_of(r, r, r))] for r in ("hospital", "vendor", "auditor")
    ]
    assert seen == [[1]] * 3
    with pytest.raises(Refused):
        listed(console, actor=actor_of("a", "a", "administrator"))
    with console.read() as session:
        assert [flag.row.id for flag in flags.about(session, number, VENDOR)] == [1]
        assert flags.about(session, number, actor_of("a", "a", "administrator")) == ()
        assert (flags.waiting(session, "2026-11", HOSPITAL), flags.waiting(session, "2026-10", HOSPITAL)) == (1, 0)
