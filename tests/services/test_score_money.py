"""Points cut money only by a supplementary agreement that both parties recorded, and no longer once they ended it."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from ops_console.console import Console
from ops_console.core.agreements import LEGAL_BASIS
from ops_console.core.errors import Refused
from ops_console.core.money import Fee
from ops_console.core.people import Actor
from ops_console.core.score_preset import PRESET
from ops_console.core.terms import Settlement, Terms
from ops_console.services import score_money, scores
from tests.conftest import FakeClock
from tests.core.builders import terms
from tests.services.test_scores import HOSPITAL, VENDOR, frozen

ON = score_money.NewBasis("补充协议〔2026〕3号", "2026-11-20", "2026-12", True, "双方约定按得分支付")
OFF = replace(ON, document="补充协议〔2027〕1号", month="2027-03", cuts=False, reason="双方约定停止")


def propose(
    console: Console,
    new: score_money.NewBasis = ON,
    *,
    actor: Actor = HOSPITAL,
    scan: bytes = b"a scan",
    last: str = "",
) -> int:
    files = [console.files.keep_attachment(io.BytesIO(scan), "协议.txt")] if scan else []
    with console.write() as session:
        here = console.book(session).at(console.now())
        return score_money.propose(
            session, here.contract_id, here.terms, new, files, actor=actor, now=console.now(), last_frozen=frozen(last)
        )


def confirm(console: Console, made: int, *, actor: Actor = VENDOR, last: str = "") -> None:
    with console.write() as session:
        here = console.book(session).at(console.now()).contract_id
        digest = scores.of_subject(session, here, made, LEGAL_BASIS).digest
        score_money.confirm(
            session, here, made, digest, actor=actor, now=console.now(), last_frozen=frozen(last)
        )  # fmt: skip


def basis(console: Console, month: str) -> str:
    with console.read() as session:
        return scores.money_basis(session, console.book(session).at(console.now()).contract_id, month)


def test_points_cut_no_money_by_themselves(console: Console) -> None:
    assert basis(console, "2026-12") == ""
    propose(console)
    assert basis(console, "2026-12") == ""


def test_a_recorded_agreement_counts_from_its_month_until_a_further_one_ends_it(console: Console) -> None:
    confirm(console, propose(console))
    assert [basis(console, month) for month in ("2026-11", "2026-12", "2027-06")] == [
        "", "补充协议〔2026〕3号 2026-11-20", "补充协议〔2026〕3号 2026-11-20",
    ]  # fmt: skip
    confirm(console, propose(console, OFF, actor=VENDOR), actor=HOSPITAL)
    assert [bool(basis(console, month)) for month in ("2027-02", "2027-03", "2027-12")] == [True, False, False]
    with console.read() as session:
        here = console.book(session).at(console.now()).contract_id
        found = score_money.history(session, here, VENDOR)
    assert [(one.cuts, one.month, one.waits, len(one.proofs)) for one in found] == [
        (False, "2027-03", False, 1), (True, "2026-12", False, 1),
    ]  # fmt: skip
    assert found[0].row.proof == found[0].proofs[0].digest


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"document": " "}, "document"), ({"document": "协" * 61}, "document"), ({"document": "a\x07"}, "document"),
        ({"signed_on": ""}, "signed_on"), ({"signed_on": "2026-11-21"}, "signed_on"),
        ({"signed_on": "1999-12-31"}, "signed_on"),
        ({"month": "2024-01"}, "month"), ({"reason": ""}, "reason"), ({"cuts": False}, "cuts"),
    ],
)  # fmt: skip
def test_what_is_missing_is_told_beside_its_field(console: Console, changed: dict[str, object], field: str) -> None:
    with pytest.raises(Refused) as refused:
        propose(console, replace(ON, **changed))  # type: ignore[arg-type]
    assert refused.value.field == field


def test_there_is_no_basis_without_a_scan(console: Console) -> None:
    with pytest.raises(Refused) as refused:
        propose(console, scan=b"")
    assert refused.value.field == "file"


def test_today_is_shanghais_today(console: Console, clock: FakeClock) -> None:
    clock.at = datetime(2026, 11, 20, 16, tzinfo=UTC)  # midnight in Shanghai: the 21st has begun
    propose(console, replace(ON, signed_on="2026-11-21"))


def test_neither_party_alone_nor_without_a_factor(console: Console) -> None:
    made = propose(console)
    for actor, field in ((HOSPITAL, None), (replace(VENDOR, proved_until=None), "factor")):
        with pytest.raises(Refused) as refused:
            confirm(console, made, actor=actor)
        assert refused.value.field == field
    with pytest.raises(Refused) as refused:
        propose(console, actor=replace(HOSPITAL, proved_until=None))
    assert refused.value.field == "factor"


def test_a_settled_month_is_not_reached_and_a_late_word_is_refused(console: Console, clock: FakeClock) -> None:
    with pytest.raises(Refused) as refused:
        propose(console, replace(ON, month="2026-11"), last="2026-10")
    assert refused.value.field == "month"
    made = propose(console, last="2026-10")
    clock.at = datetime(2026, 12, 31, 16, tzinfo=UTC)
    with pytest.raises(Refused):
        confirm(console, made, last="2026-11")


def priced(**given: object) -> Terms:
    return terms(fee=Fee(93_600_000), **given)


def test_what_each_grade_would_cost_is_shown_before_anybody_agrees() -> None:
    found = score_money.examples(priced(), PRESET, "2026-12")
    assert [(one.grade.name, one.deduction) for one in found] == [
        ("优秀", 0), ("良好", 390_000), ("合格", 780_000), ("基本合格", 1_560_000), ("不合格", 1_560_000),
    ]  # fmt: skip
    capped = score_money.examples(priced(settlement=Settlement(at_risk=1_000)), PRESET, "2026-12")
    assert [one.deduction for one in capped] == [0, 390_000, 780_000, 780_000, 780_000]
    assert score_money.examples(terms(), PRESET, "2026-12") == ()
    assert score_money.examples(priced(), None, "2026-12") == ()
    assert score_money.examples(priced(), PRESET, "2030-01") == ()
