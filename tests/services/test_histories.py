"""Random histories in a real console: months freeze in between, and every clock is judged exactly once over all."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import select

from ops_console.console import Console
from ops_console.core import tickets as core
from ops_console.core.clocks import standing
from ops_console.core.contract_facts import NOT_APPLICABLE, OPEN
from ops_console.core.corrections import standing_value
from ops_console.core.errors import Refused
from ops_console.core.judged_clocks import COUNTED, OUTCOMES_OF_CLOCKS
from ops_console.core.measures import measure
from ops_console.core.moments import ZONE, month_start, shift_month
from ops_console.core.people import Actor
from ops_console.core.tickets import TicketFacts, written
from ops_console.services import tickets
from ops_console.services.clocks import frozen_of, judge
from ops_console.services.corrections import Correction, Word, accept_times, propose, retype
from ops_console.services.tickets import Move, move
from ops_console.store import assessments as store
from ops_console.store.tickets import TicketRow
from tests.conftest import HOSPITAL, VENDOR, FakeClock, do, import_sheet, log_ticket
from tests.histories import NEXT, SELDOM
from tests.services.test_assessments import freeze, live_from, look, past_the_day
from tests.sheets import row as sheet_row
from tests.sheets import write_sheet

BEGIN = datetime(2026, 6, 1, 1, tzinfo=UTC)
MONTHS = ("2026-06", "2026-07", "2026-08")
WIDER = (*SELDOM, "retype", "correction", "late")
HOSPITALS = (core.CONFIRMED, core.RESTORE_REJECTED, core.REOPENED, core.SUSPENSION_DECIDED, core.CANCEL)


@pytest.fixture
def clock() -> FakeClock:
    """The morning on which the contract goes live."""
    return FakeClock(BEGIN)


class Life:
    """What happens in a console, by chance; an act that the ticket's life does not allow is refused and passed over."""

    def __init__(self, console: Console, clock: FakeClock, folder: Path, seed: int) -> None:
        self.console, self.clock, self.folder, self.random = console, clock, folder, Random(seed)
        self.numbers: list[str] = []
        self.done: Counter[str] = Counter()

    def until(self, end: datetime, bursts: int) -> None:
        """Given an instant and a number, let so many short bursts happen until then."""
        span = int((end - self.clock.at).total_seconds())
        for start in sorted(self.clock.at + timedelta(seconds=self.random.randrange(span)) for _ in range(bursts)):
            self.clock.at = max(self.clock.at, start)
            if not self.numbers or self.random.random() < 0.4:
                self.report()
            number = self.random.choice((self.numbers[-1], self.random.choice(self.numbers)))
            for _ in range(self.random.randint(1, 6)):
                self.clock.forward(seconds=self.random.choice((1, 61, 600, 1799, 3600, 7200)))
                self.act(number)
        self.clock.at = max(self.clock.at, end)

    def report(self) -> None:
        """Log a ticket, or import one of days or weeks ago."""
        if self.random.random() < 0.2:
            return self.bring()
        self.numbers.append(
            log_ticket(
                self.console,
                type=self.random.choice(("故障", "故障", "咨询")),
                needs_onsite=self.random.random() < 0.6,
                channel="扫码",
            )  # fmt: skip
        )
        self.done["reported"] += 1
        return None

    def bring(self) -> None:
        at = max(self.clock.at - timedelta(days=self.random.randint(1, 45)), BEGIN).astimezone(ZONE)
        number = f"GD-{at:%Y%m%d}-9{len(self.numbers):04d}"
        blank = dict.fromkeys(("响应时间", "到场时间", "恢复时间", "确认时间", "满意度", "处理过程", "处理方式"), "")
        told = {"单号": number, "报修时间": f"{at:%Y-%m-%d %H:%M:%S}", "录入时间": f"{at:%Y-%m-%d %H:%M:%S}"}
        answered = f"{at + timedelta(minutes=self.random.choice((5, 90))):%Y-%m-%d %H:%M:%S}"
        sheet = write_sheet(self.folder / f"{number}.csv", sheet_row(**{**blank, **told, "响应时间": answered}))
        status, result = import_sheet(self.console, sheet)
        assert status == "done", result
        self.numbers.append(number)
        self.done["imported"] += 1

    def act(self, number: str) -> None:
        """Given a ticket, let something happen to it."""
        facts = facts_of(self.console, number)
        kind = self.random.choice(NEXT.get(facts.state, WIDER) if self.random.random() < 0.75 else WIDER)
        try:
            self._act(number, facts, kind)
        except Refused:
            return
        self.done[kind] += 1

    def _act(self, number: str, facts: TicketFacts, kind: str) -> None:
        console, chance = self.console, self.random.random
        if kind == core.TAKEN_BACK:
            raise Refused("x")  # within a minute, by the same person: its own tests
        if kind == core.TIMES_ACCEPTED:
            times = {name: stamp.at for name, stamp in facts.stamps.items() if stamp.grade in ("C", "D")}
            with console.write() as session:
                word = Word(number, times, chance() < 0.7)
                accept_times(session, console.book(session), word, HOSPITAL, console.now())
        elif kind == "correction":
            self._correct(number, facts)
        elif kind == "retype":
            with console.write() as session:
                wanted = "咨询" if facts.type == "故障" else "故障"
                retype(session, console.book(session), number, wanted, "归错了类", actor=VENDOR, now=console.now())
        elif kind == "late":
            self._late(number, facts)
        else:
            told = {
                core.ONSITE_DECIDED: {"needs_onsite": not facts.needs_onsite},
                core.SUSPENSION_DECIDED: {"approved": chance() < 0.7, "reason": "x"},
                core.SUSPEND: {"reason": "等厂商", "cause": "第三方原因"},
            }.get(kind, {"reason": "x"} if kind in (core.DECLINED, core.CANCEL, *HOSPITALS[1:3]) else {})
            self._by_either(number, kind, told)

    def _by_either(self, number: str, kind: str, told: dict[str, object]) -> None:
        first: Actor = HOSPITAL if kind in HOSPITALS else VENDOR
        do(self.console, number, kind, first, **told)

    def _late(self, number: str, facts: TicketFacts) -> None:
        kind = core.RESPONDED if facts.responded_at is None else core.RESTORE
        at = max(facts.reported_at, self.clock.at - timedelta(hours=self.random.choice((1, 5, 20))))
        with self.console.write() as session:
            move(session, self.console.book(session), Move(number, kind, {}, {}, at), VENDOR, self.console.now())

    def _correct(self, number: str, facts: TicketFacts) -> None:
        name = self.random.choice(("reported_at", "reported_at", "responded_at", "restored_at", "needs_onsite"))
        old = standing_value(facts, name)
        if name == "needs_onsite":
            new = "false" if facts.needs_onsite else "true"
        elif not old:
            raise Refused("x")
        else:
            days = self.random.choice((0, 0, -25, -2, 2, 25)) if name == "reported_at" else 0
            new = written(
                datetime.fromisoformat(old) + timedelta(days=days, seconds=self.random.choice((-3600, 1, 60)))
            )
        with self.console.write() as session:
            command = Correction(number, name, new, "登记有误")
            propose(session, self.console.book(session), command, VENDOR, self.console.now())
        do(self.console, number, core.CORRECTION_DECIDED, HOSPITAL, field=name, approved=self.random.random() < 0.9)


def facts_of(console: Console, number: str) -> TicketFacts:
    with console.read() as session:
        return tickets.view(session, console.book(session), number, VENDOR).facts


def documents(console: Console) -> dict[str, tuple[str, ...]]:
    """Given a console, return every frozen month's documents as they are stored."""
    with console.read() as session:
        rows = session.scalars(select(store.AssessmentRow)).all()
        return {row.month: (row.contract, row.facts, row.result, row.digest) for row in rows}


def final(console: Console) -> dict[tuple[str, str], str]:
    """Given a console, return what the clocks of each of its tickets come to now, by ticket and limit."""
    found = {}
    with console.read() as session:
        book, now = console.book(session), console.now()
        for row in session.scalars(select(TicketRow).where(TicketRow.reported_at >= month_start(MONTHS[0]))).all():
            facts = tickets.view(session, book, row.number, VENDOR).facts
            for clock in judge(facts, book, frozen_of(row)).clocks:
                found[row.number, clock.limit.id] = OUTCOMES_OF_CLOCKS[standing(clock, now)]
    return found


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_over_all_months_every_clock_is_judged_exactly_once_and_no_frozen_month_moves(
    console: Console, clock: FakeClock, tmp_path: Path, seed: int
) -> None:
    live_from(console, date(2026, 6, 1))
    life, kept = Life(console, clock, tmp_path, seed), {}
    months = [*MONTHS, shift_month(MONTHS[-1], 1)]
    for month in months:
        life.until(month_start(shift_month(month, 1)), 14 if month in MONTHS else 6)
        past_the_day(console, clock, month)
        life.until(clock.at + timedelta(hours=2), 1)
        freeze(console, month)
        kept[month] = documents(console)[month]
    assert documents(console) == kept

    told = [(month, one) for month in months for one in look(console, month).facts.judged]
    counted = Counter((one.number, one.limit) for _, one in told if one.was is None and one.outcome in COUNTED)
    last = {(one.number, one.limit): one.outcome for _, one in told}
    assert set(counted.values()) <= {1}
    for key, outcome in final(console).items():
        if outcome != OPEN and key in last:
            assert last[key] == outcome, key
            assert counted[key] == 1, key
    missing = {key for key, outcome in final(console).items() if key not in last}
    assert missing == {key for key in missing if month_of_ticket(console, key[0]) > months[-1]}
    for key in last.keys() - final(console).keys():
        assert last[key] == NOT_APPLICABLE, key
    lines = [line for month in months for line in look(console, month).assessment.limits]
    assert sum(line.population for line in lines) == len(counted)
    assert {"reported", "imported", "correction", core.RESPONDED, core.RESTORE} <= life.done.keys()


def month_of_ticket(console: Console, number: str) -> str:
    with console.read() as session:
        return str(session.scalar(select(TicketRow.month).where(TicketRow.number == number)))


# -- the single roads, one by one -------------------------------------------------------------------------------------


def month_is_over(console: Console, clock: FakeClock, month: str) -> None:
    past_the_day(console, clock, month)
    freeze(console, month)


def correct(console: Console, number: str, name: str, new: str) -> None:
    with console.write() as session:
        propose(session, console.book(session), Correction(number, name, new, "登记有误"), VENDOR, console.now())
    do(console, number, core.CORRECTION_DECIDED, HOSPITAL, field=name, approved=True)


def outcomes(console: Console, month: str) -> list[tuple[str, str, str | None]]:
    return [(one.limit, one.outcome, one.was) for one in look(console, month).facts.judged]


def test_a_kept_clock_that_runs_again_is_told_of_when_it_breaks_although_nobody_touched_it(
    console: Console, clock: FakeClock
) -> None:
    live_from(console, date(2026, 6, 1))
    clock.at = datetime(2026, 6, 30, 2, tzinfo=UTC)
    number = log_ticket(console, needs_onsite=True)
    for kind in (core.RESPONDED, core.ARRIVED, core.RESTORE):
        do(console, number, kind)
    month_is_over(console, clock, "2026-06")
    past_the_day(console, clock, "2026-07")
    do(console, number, core.CONFIRMED, HOSPITAL)
    do(console, number, core.REOPENED, HOSPITAL, reason="又坏了")
    freeze(console, "2026-07")
    assert outcomes(console, "2026-07") == []  # it runs: what June said stands

    month_is_over(console, clock, "2026-08")

    assert outcomes(console, "2026-08") == [("C-18", "broken", "kept")]


def test_a_ticket_brought_in_for_a_frozen_month_is_taken_by_the_next_one(
    console: Console, clock: FakeClock, tmp_path: Path
) -> None:
    live_from(console, date(2026, 6, 1))
    month_is_over(console, clock, "2026-06")
    past_the_day(console, clock, "2026-07")
    answered = {"报修时间": "2026-06-11 09:00:00", "录入时间": "2026-06-11 09:00:00", "响应时间": "2026-06-11 09:31:00"}
    blank = dict.fromkeys(("到场时间", "恢复时间", "确认时间", "满意度", "处理过程", "处理方式"), "")
    sheet = sheet_row(**{**blank, **answered, "单号": "GD-20260611-00001", "需到场": "否"})
    assert import_sheet(console, write_sheet(tmp_path / "late.csv", sheet))[0] == "done"
    assert outcomes(console, "2026-06") == []

    found = look(console, "2026-07")

    assert [ticket.number for ticket in found.facts.tickets] == ["GD-20260611-00001"]
    assert [(one.limit, one.outcome, one.month) for one in found.facts.judged] == [("C-15", "broken", "2026-06")]
    assert next(line for line in found.assessment.limits if line.limit == "C-15").carried == ("GD-20260611-00001",)
    freeze(console, "2026-07")
    assert outcomes(console, "2026-08") == []


def test_what_a_correction_adds_is_judged_and_what_it_takes_away_is_taken_back(
    console: Console, clock: FakeClock
) -> None:
    live_from(console, date(2026, 6, 1))
    number = log_ticket(console)
    clock.forward(minutes=31)
    do(console, number, core.RESPONDED)
    month_is_over(console, clock, "2026-06")
    assert outcomes(console, "2026-06") == [("C-15", "broken", None)]

    correct(console, number, "type", "咨询")
    correct(console, number, "reported_at", "2026-05-31T23:45:00+00:00")  # 07:45 in Shanghai: of the other class now

    assert outcomes(console, "2026-07") == [("C-15", "not_applicable", "broken"), ("C-38", "kept", None)]
    july = look(console, "2026-07").facts
    assert measure("response_work_broken", july).numerator == -1
    assert (measure("hotline_broken", july).numerator, measure("hotline_broken", july).denominator) == (0, 1)
    assert [ticket.number for ticket in july.tickets] == []  # June took it: nothing else of it is counted twice
    past_the_day(console, clock, "2026-07")
    freeze(console, "2026-07")
    assert outcomes(console, "2026-08") == []


def test_an_open_clock_that_a_correction_took_away_was_never_counted(console: Console, clock: FakeClock) -> None:
    live_from(console, date(2026, 6, 1))
    clock.at = datetime(2026, 6, 30, 2, tzinfo=UTC)
    number = log_ticket(console, needs_onsite=True)
    do(console, number, core.RESPONDED)
    do(console, number, core.ARRIVED)
    do(console, number, core.SUSPEND, reason="等厂商")
    do(console, number, core.SUSPENSION_DECIDED, HOSPITAL, approved=True)
    month_is_over(console, clock, "2026-06")
    assert ("C-18", "open", None) in outcomes(console, "2026-06")

    correct(console, number, "needs_onsite", "false")

    july = look(console, "2026-07")
    assert outcomes(console, "2026-07") == [
        ("C-17", "not_applicable", "kept"), ("C-18", "not_applicable", None),
    ]  # fmt: skip
    assert sum(line.population for line in july.assessment.limits) == 0
    assert measure("repair_broken", july.facts).denominator == 0


def test_an_event_recorded_by_a_clock_that_ran_ahead_is_not_lost(console: Console, clock: FakeClock) -> None:
    live_from(console, date(2026, 6, 1))
    number = log_ticket(console)
    past_the_day(console, clock, "2026-06")
    clock.forward(minutes=5)
    correct(console, number, "type", "咨询")  # stands in the chain before the freeze, with a later time
    clock.forward(minutes=-5)
    freeze(console, "2026-06")
    assert outcomes(console, "2026-06") == [("C-15", "broken", None)]
    clock.forward(minutes=10)

    assert ("C-15", "not_applicable", "broken") in outcomes(console, "2026-07")


def test_a_demand_is_counted_in_the_month_of_its_agreed_day_whatever_month_took_it(
    console: Console, clock: FakeClock
) -> None:
    live_from(console, date(2026, 6, 1))
    clock.at = datetime(2026, 6, 24, 2, tzinfo=UTC)
    number = log_ticket(console, type="缺陷")
    do(console, number, core.RESPONDED)
    correct(console, number, "agreed_on", "2026-07-20")
    do(console, number, core.RESTORE)
    do(console, number, core.CONFIRMED, HOSPITAL)
    month_is_over(console, clock, "2026-06")
    assert measure("delivery_late", look(console, "2026-06").facts).denominator == 0

    july = look(console, "2026-07").facts

    assert [ticket.number for ticket in july.carried] == [number]
    assert (july.judged, measure("delivery_late", july).denominator, measure("delivery_late", july).numerator) == (
        (), 1, 0,
    )  # fmt: skip
    assert look(console, "2026-08").facts.carried == ()
