"""Where a case may begin: reports of the hospital long before the vendor's word, faults told late. Only questions."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from ops_console.core.breach_clues import EARLIER, LATE, Report, proposals
from tests.core.builders import at

LIMIT = timedelta(minutes=30)
SEEN = at("2026-02-18 02:05:00")


def report(number: str, when: int = 0, told: int | None = None, **given: Any) -> Report:
    """A vendor's fault about the payment callback, reported and entered so many seconds after SEEN."""
    usual: dict[str, Any] = {
        "module": "门诊缴费", "channel": "微信群", "title": "支付回调中断", "from_hospital": False,
        "reported_at": SEEN + timedelta(seconds=when),
        "recorded_at": SEEN + timedelta(seconds=when if told is None else told),
    }  # fmt: skip
    return Report(number, **{**usual, **given})


def found(*reports: Report) -> list[tuple[str, tuple[str, ...]]]:
    return [(one.kind, one.numbers) for one in proposals(reports, LIMIT)]


def test_nothing_to_ask_about() -> None:
    assert found() == []
    assert found(report("GD-1"), report("GD-2", 60, 600)) == []


@pytest.mark.parametrize(("told", "asked"), [(1800, []), (1801, [(LATE, ("GD-1",))])])
def test_a_fault_entered_later_than_the_limit_is_asked_about(told: int, asked: list[Any]) -> None:
    assert found(report("GD-1", 0, told)) == asked


@pytest.mark.parametrize(("told", "asked"), [(1800, []), (1801, [(EARLIER, ("GD-2", "GD-1"))])])
def test_the_hospital_s_own_report_well_before_the_vendor_s_is_asked_about(told: int, asked: list[Any]) -> None:
    assert found(report("GD-1", from_hospital=True), report("GD-2", told)) == asked


@pytest.mark.parametrize("channel", ["告警", "扫码", "管理端"])
def test_an_alarm_and_a_public_report_count_as_the_hospital_s(channel: str) -> None:
    assert found(report("GD-1", channel=channel), report("GD-2", 4500)) == [(EARLIER, ("GD-2", "GD-1"))]


def test_another_matter_another_module_or_another_day_is_no_earlier_report() -> None:
    own = report("GD-2", 90_000)
    assert found(report("GD-1", from_hospital=True), own) == []
    own = report("GD-2", 4500)
    assert found(report("GD-1", from_hospital=True, title="打印机卡纸"), own) == []
    assert found(report("GD-1", from_hospital=True, module="报告查询"), own) == []


def test_a_ticket_is_asked_about_once_and_the_hospital_never() -> None:
    assert found(report("GD-1", from_hospital=True), report("GD-2", 60, 4500)) == [(EARLIER, ("GD-2", "GD-1"))]
    assert found(report("GD-1", 0, 9000, from_hospital=True)) == []
    assert "才登记" in str(proposals([report("GD-1", 0, 4500)], LIMIT)[0].why)
