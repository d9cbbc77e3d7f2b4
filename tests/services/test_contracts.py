"""The contract's versions: the file proposes, both parties confirm, tickets keep the version of their report."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from ops_console.console import Console
from ops_console.core.errors import NotFound, Refused
from ops_console.core.people import Actor, actor_of, terminal_actor
from ops_console.core.terms import DayOverride, Terms, terms_from_json
from ops_console.services import contract_views, contracts, people
from ops_console.services.contract_views import VersionView
from ops_console.store import audit
from ops_console.store import contracts as store
from ops_console.store.audit import EventRow
from ops_console.store.clocks import ClockRow
from ops_console.store.messages import OutboxRow
from ops_console.store.tickets import TicketRow
from tests.conftest import DATA, FakeClock, do, log_ticket, make_console
from tests.conftest import HOSPITAL as CHIEF
from tests.conftest import VENDOR as ENGINEER
from tests.services.test_tickets import at_once

FROM_DECEMBER = date(2026, 12, 1)

PROVED = datetime.max.replace(tzinfo=UTC)  # each gave a second factor just now
HOSPITAL, VENDOR = (replace(actor, proved_until=PROVED) for actor in (CHIEF, ENGINEER))


def stricter(terms: Terms, minutes: int = 20, **changed: Any) -> Terms:
    """The same contract with so many minutes to respond in working time, counting from December."""
    limits = tuple(replace(x, limit_seconds=minutes * 60) if x.id == "C-15" else x for x in terms.limits)
    return replace(terms, **{"limits": limits, "counts_from": FROM_DECEMBER, **changed})


def load(console: Console, terms: Terms) -> str:
    with console.write() as session:
        return contracts.load(session, terms, console.now())


def versions(console: Console) -> tuple[VersionView, ...]:
    with console.read() as session:
        return contract_views.overview(session, HOSPITAL)


def states(console: Console) -> list[str]:
    return [version.state for version in versions(console)]


def confirm(console: Console, actor: Actor, digest: str | None = None) -> None:
    newest = versions(console)[0]
    with console.write() as session:
        contracts.confirm(session, newest.id, digest or newest.digest, actor, console.now())


def proposals_told(console: Console) -> list[dict[str, Any]]:
    with console.read() as session:
        rows = session.scalars(select(OutboxRow).where(OutboxRow.kind == "contract_proposed").order_by(OutboxRow.id))
        return [json.loads(row.payload) for row in rows]


def events(console: Console) -> list[tuple[str, str]]:
    with console.read() as session:
        return [(event.kind, event.side) for _seq, _id, event in reversed(audit.about(session, "contract"))]


def test_a_house_of_an_earlier_version_keeps_its_digest_and_proposes_nothing(
    tmp_path: Path, clock: FakeClock, migrated_url: str
) -> None:
    """Neither its rows, written before clauses were data, nor its file, which has none, say anything new."""
    kept = (DATA / "terms-0015.json").read_text(encoding="utf-8")
    older = {"OPS_CONFIG": str(DATA / "config-0015.toml")}
    house = make_console(tmp_path / "data", clock, migrated_url, **older)
    with house.write() as session:
        (row,) = store.versions(session)
        assert (row.terms, row.digest) == (kept, hashlib.sha256(kept.encode()).hexdigest())
        assert terms_from_json(row.terms).as_json() == kept
        assert terms_from_json(row.terms).digest() == row.digest
    house.prepare()
    assert load(house, house.settings.terms) == "unchanged"
    assert states(house) == ["in_force"]
    assert proposals_told(house) == []
    house.close()


def test_the_first_contract_is_in_force_from_its_start(console: Console) -> None:
    (version,) = versions(console)
    assert (version.state, version.version, version.counts_from) == ("in_force", 1, date(2025, 1, 1))
    assert version.changes == ()
    assert events(console) == [("contract_loaded", "neutral")]
    with console.read() as session:
        assert console.book(session).at(datetime(2025, 1, 1, tzinfo=UTC)).version == 1


def test_an_unchanged_file_changes_nothing(console: Console) -> None:
    assert load(console, console.settings.terms) == "unchanged"
    console.prepare()
    assert states(console) == ["in_force"]
    assert len(events(console)) == 1


def test_a_changed_file_is_a_proposal_shown_to_both_with_its_difference(console: Console) -> None:
    assert load(console, stricter(console.settings.terms)) == "proposed"
    newest = versions(console)[0]
    assert (newest.state, newest.version) == ("proposed", 2)
    changes = {change.path: (change.old, change.new) for change in newest.changes}
    assert changes == {
        "counts_from": ("2025-01-01", "2026-12-01"),
        "limits[C-15].limit_seconds": ("1800", "1200"),
    }
    assert proposals_told(console) == [{"version": 2, "contract": "YW-2025-001", "counts_from": "2026-12-01"}]
    assert load(console, stricter(console.settings.terms)) == "unchanged"
    assert len(proposals_told(console)) == 1


@pytest.mark.parametrize("actor", [HOSPITAL, VENDOR])
def test_the_word_of_one_side_is_not_enough(console: Console, clock: FakeClock, actor: Actor) -> None:
    load(console, stricter(console.settings.terms))
    confirm(console, actor)
    confirm(console, actor)
    confirm(console, actor_of("second", "第二人", actor.side, proved_until=PROVED))
    assert states(console) == ["proposed", "in_force"]
    clock.at = datetime(2026, 12, 10, 1, 0, tzinfo=UTC)
    log_ticket(console)
    assert limits(console) == [1800]


def limits(console: Console) -> list[int]:
    with console.read() as session:
        return list(session.scalars(select(ClockRow.limit_seconds).order_by(ClockRow.ticket_id)))


def test_confirmed_by_both_it_counts_from_its_date_and_older_tickets_keep_theirs(
    console: Console, clock: FakeClock
) -> None:
    clock.at = datetime(2026, 11, 30, 1, 0, tzinfo=UTC)
    log_ticket(console)
    load(console, stricter(console.settings.terms))
    confirm(console, VENDOR)
    confirm(console, HOSPITAL)
    assert states(console) == ["in_force", "in_force"]
    clock.at = datetime(2026, 11, 30, 15, 59, 59, tzinfo=UTC)  # the last second of November in Shanghai
    log_ticket(console)
    clock.at = datetime(2026, 12, 1, 1, 0, tzinfo=UTC)
    log_ticket(console)
    with console.read() as session:
        kept = session.scalars(select(TicketRow.contract_version_id).order_by(TicketRow.id)).all()
    assert kept == [1, 1, 2]
    assert limits(console) == [1800, 3600, 1200]
    assert [kind for kind, _ in events(console)] == [
        "contract_loaded", "contract_proposed", "contract_confirmed_vendor", "contract_confirmed_hospital",
        "contract_in_force",
    ]  # fmt: skip


def test_a_version_dated_back_leaves_judged_tickets_alone(console: Console, clock: FakeClock) -> None:
    clock.at = datetime(2026, 11, 30, 1, 0, tzinfo=UTC)
    number = log_ticket(console)
    load(console, stricter(console.settings.terms, counts_from=date(2026, 11, 1)))
    confirm(console, VENDOR)
    confirm(console, HOSPITAL)
    clock.forward(minutes=25)
    do(console, number, "responded")
    assert limits(console) == [1800]
    with console.read() as session:
        assert session.scalars(select(ClockRow.result)).one() == "met"


def test_another_text_than_the_one_shown_is_not_confirmed(console: Console) -> None:
    load(console, stricter(console.settings.terms))
    with pytest.raises(Refused, match="刷新"):
        confirm(console, HOSPITAL, digest="0" * 64)
    shown = versions(console)[0]
    load(console, stricter(console.settings.terms, minutes=10))
    with console.write() as session, pytest.raises(Refused, match="刷新"):
        contracts.confirm(session, shown.id, shown.digest, HOSPITAL, console.now())
    assert states(console) == ["proposed", "withdrawn", "in_force"]


@pytest.mark.parametrize(
    "actor",
    [
        terminal_actor("root"),
        actor_of("auditor", "审计员", "auditor"),
        actor_of("sysadmin", "系统管理员", "administrator"),
        actor_of("ghost", "无名", "nobody"),
    ],
)
def test_nobody_but_a_party_confirms(console: Console, actor: Actor) -> None:
    load(console, stricter(console.settings.terms))
    before = events(console)
    with pytest.raises(Refused, match="没有这项权限"):
        confirm(console, actor)
    assert events(console) == before


def test_an_account_reset_within_a_day_does_not_confirm(console: Console, clock: FakeClock) -> None:
    console.first_accounts()
    load(console, stricter(console.settings.terms))
    with console.write() as session:
        ready = people.one_time(console.hasher)
        people.reset_account(session, console.policy, "hospital", ready, terminal_actor("root"), console.now())
    for passed in (timedelta(0), timedelta(hours=23, minutes=59, seconds=59)):
        clock.at = clock.at + passed
        with pytest.raises(Refused, match="24 小时"):
            confirm(console, HOSPITAL)
    clock.forward(seconds=1)
    confirm(console, HOSPITAL)
    confirm(console, VENDOR)
    assert states(console)[0] == "in_force"


def test_an_account_added_at_the_terminal_does_not_confirm_within_a_day(console: Console, clock: FakeClock) -> None:
    load(console, stricter(console.settings.terms))
    with console.write() as session:
        ready = people.one_time(console.hasher)
        chief_of_it = people.NewPerson("chief", "科长", "hospital")
        people.add_account(session, console.policy, chief_of_it, ready, terminal_actor("root"), console.now())
    chief = actor_of("chief", "科长", "hospital", proved_until=PROVED)
    with pytest.raises(Refused, match="24 小时"):
        confirm(console, chief)
    clock.forward(hours=24)
    confirm(console, chief)
    assert versions(console)[0].hospital_by == "chief"


def test_another_contract_later_is_a_proposal_and_not_in_force_by_itself(console: Console) -> None:
    renewal = stricter(
        console.settings.terms, number="YW-2028-001", starts_on=date(2028, 1, 1), ends_on=date(2030, 12, 31),
        counts_from=date(2028, 1, 1),
    )  # fmt: skip
    assert load(console, renewal) == "proposed"
    newest = versions(console)[0]
    assert (newest.terms.number, newest.version, newest.state) == ("YW-2028-001", 1, "proposed")
    confirm(console, HOSPITAL)
    confirm(console, VENDOR)
    with console.read() as session:
        book = console.book(session)
        assert book.at(datetime(2027, 12, 31, 1, 0, tzinfo=UTC)).terms.number == "YW-2025-001"
        assert book.at(datetime(2028, 1, 2, 1, 0, tzinfo=UTC)).terms.number == "YW-2028-001"


def test_a_file_turned_back_withdraws_its_proposal_and_words_already_given_are_lost(console: Console) -> None:
    load(console, stricter(console.settings.terms))
    confirm(console, HOSPITAL)
    assert load(console, console.settings.terms) == "withdrawn"
    assert states(console) == ["withdrawn", "in_force"]
    assert load(console, stricter(console.settings.terms)) == "proposed"
    newest = versions(console)[0]
    assert (newest.version, newest.hospital_by, newest.vendor_by) == (3, None, None)
    confirm(console, VENDOR)
    assert states(console) == ["proposed", "withdrawn", "in_force"]


def test_a_refused_confirmation_leaves_no_event(console: Console) -> None:
    load(console, stricter(console.settings.terms))
    with console.read() as session:
        before = session.scalar(select(func.count()).select_from(EventRow))
    for version, digest in ((2, "x"), (99, "x")):
        with pytest.raises((Refused, NotFound)), console.write() as session:
            contracts.confirm(session, version, digest, HOSPITAL, console.now())
    with console.read() as session:
        assert session.scalar(select(func.count()).select_from(EventRow)) == before


def test_both_sides_confirming_at_once_put_it_in_force_once(console: Console) -> None:
    load(console, stricter(console.settings.terms))
    found = at_once(lambda: confirm(console, HOSPITAL), lambda: confirm(console, VENDOR))
    assert found == [None, None]
    assert states(console)[0] == "in_force"
    assert [kind for kind, _ in events(console)].count("contract_in_force") == 1


def test_words_are_kept_with_who_gave_them_and_when(console: Console, clock: FakeClock) -> None:
    load(console, stricter(console.settings.terms))
    first = clock.at
    confirm(console, HOSPITAL)
    clock.forward(hours=1)
    confirm(console, VENDOR)
    newest = versions(console)[0]
    assert (newest.hospital_by, newest.hospital_at) == ("hospital", first)
    assert (newest.vendor_by, newest.vendor_at) == ("vendor", clock.at)


def test_a_calendar_confirmed_later_settles_a_year_of_an_older_version(console: Console, clock: FakeClock) -> None:
    clock.at = datetime(2027, 1, 4, 1, 0, tzinfo=UTC)
    log_ticket(console)
    terms = console.settings.terms
    with_days = replace(
        terms, overrides=(DayOverride(2027, ("2027-01-01..2027-01-04",), ()),), counts_from=date(2027, 2, 1)
    )
    load(console, with_days)
    confirm(console, HOSPITAL)
    confirm(console, VENDOR)
    with console.read() as session:
        book = console.book(session)
        old = next(v for v in book.versions if v.version == 1)
        assert not book.calendars[old.id].is_provisional(clock.at)
        assert not book.calendars[old.id].is_working(clock.at)
