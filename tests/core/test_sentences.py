"""Sentences and the errors that carry them: filled for logs, and kept as JSON without losing anything."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from ops_console.core.errors import CalendarInvalid, ConsoleError, Refused, SettingsInvalid, UnknownYear
from ops_console.core.sentences import Sentence, from_plain, sentence, to_plain
from tests.core.builders import at


def test_a_sentence_fills_its_places() -> None:
    assert str(sentence("工单 %(number)s 已有 %(n)s 次响应。", number="GD-1", n=2)) == "工单 GD-1 已有 2 次响应。"


def test_a_sentence_in_a_sentence_is_filled_too() -> None:
    inner = sentence("挂起 %(n)s 次", n=1)
    assert str(sentence("工单 %(number)s %(state)s。", number="GD-1", state=inner)) == "工单 GD-1 挂起 1 次。"


def test_a_sentence_without_values_keeps_its_per_cent_sign() -> None:
    assert str(sentence("达标率 100%")) == "达标率 100%"


def test_a_per_cent_sign_in_a_value_stays_as_it_is() -> None:
    assert str(sentence("“%(value)s”不是月份", value="50%(x)s")) == "“50%(x)s”不是月份"


def test_a_sentence_survives_json_with_every_kind_of_value() -> None:
    whole = sentence(
        "%(text)s%(n)s%(yes)s%(none)s%(at)s%(span)s%(inner)s".replace("text", "word"),
        word="故障", n=3, yes=True, none=None, at=at("2026-03-05 09:00"), span=timedelta(minutes=30),
        inner=sentence("早于%(step)s时间", step=sentence("响应")),
    )  # fmt: skip
    assert from_plain(json.loads(json.dumps(to_plain(whole)))) == whole


def test_a_value_that_json_does_not_know_is_kept_as_its_text() -> None:
    assert to_plain(sentence("%(v)s", v=1.5)) == {"sentence": "%(v)s", "values": {"v": "1.5"}}


@pytest.mark.parametrize("value", ["text", 3, True, None])
def test_plain_values_are_left_as_they_are(value: object) -> None:
    assert from_plain(to_plain(value)) == value


def test_an_error_carries_its_sentence_and_the_field_to_blame() -> None:
    error = Refused("“%(value)s”不是月份。", field="month", value="三月")
    assert (error.sentence, error.field) == (Sentence("“%(value)s”不是月份。", {"value": "三月"}), "month")
    assert str(error) == "“三月”不是月份。"


def test_errors_may_be_caught_as_what_python_would_have_raised() -> None:
    assert isinstance(UnknownYear(2031), LookupError)
    assert isinstance(CalendarInvalid("坏"), ValueError)
    assert all(issubclass(kind, ConsoleError) for kind in (UnknownYear, CalendarInvalid, Refused, SettingsInvalid))


def test_an_unknown_year_says_which_and_what_to_do() -> None:
    assert (UnknownYear(2031).year, str(UnknownYear(2031))) == (
        2031,
        "2031 年的法定节假日安排尚未录入，请在日历中补录该年安排。",
    )


def test_all_problems_of_the_settings_are_in_one_message() -> None:
    error = SettingsInvalid("config.toml", ["server.port：应为整数", "contract：缺少这一项"])
    assert str(error) == "config.toml 有 2 处问题：\n  - server.port：应为整数\n  - contract：缺少这一项"
    assert error.problems == ["server.port：应为整数", "contract：缺少这一项"]
