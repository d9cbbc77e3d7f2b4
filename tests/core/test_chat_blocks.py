"""Pasted group chat: every format's messages with their senders and times; lines that are no chat stay lines."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ops_console.core.chat_blocks import LONGEST, MOST, Message, is_chatter, messages
from ops_console.core.moments import ZONE

NOW = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)  # 18:00 in Shanghai


def at(day: int, hour: int, minute: int, second: int = 0, month: int = 11, year: int = 2026) -> datetime:
    return datetime(year, month, day, hour, minute, second, tzinfo=ZONE)


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        ("王护士 2026-11-20 09:12:33\n缴费失败", Message("缴费失败", "王护士", "", at(20, 9, 12, 33))),
        ("王护士 9:12\n缴费失败", Message("缴费失败", "王护士", "", at(20, 9, 12))),
        ("王护士 ９：１２\n缴费失败", Message("缴费失败", "王护士", "", at(20, 9, 12))),
        ("王护士(门诊收费) 09:12: 缴费失败", Message("缴费失败", "王护士", "门诊收费", at(20, 9, 12))),
        ("王护士（门诊收费） 09:12：缴费失败", Message("缴费失败", "王护士", "门诊收费", at(20, 9, 12))),
        ("2026/11/20 9:12 王护士 缴费失败", Message("缴费失败", "王护士", "", at(20, 9, 12))),
        ("[2026-11-20 09:12:33] 王护士: 缴费失败", Message("缴费失败", "王护士", "", at(20, 9, 12, 33))),
        ("王护士 11/20 09:12:33\n缴费失败", Message("缴费失败", "王护士", "", at(20, 9, 12, 33))),
        ("王护士 11月20日 09:12\n缴费失败", Message("缴费失败", "王护士", "", at(20, 9, 12))),
        ("王护士 昨天 09:12\n缴费失败", Message("缴费失败", "王护士", "", at(19, 9, 12))),
        ("王护士 下午 2:05\n缴费失败", Message("缴费失败", "王护士", "", at(20, 14, 5))),
        ("2026-11-20 9:12:33 王护士(10086)\n缴费失败", Message("缴费失败", "王护士", "", at(20, 9, 12, 33))),
        ("门诊收费-王护士 9:12\n缴费失败", Message("缴费失败", "王护士", "门诊收费", at(20, 9, 12))),
        ("王护士 12/31 09:12\n缴费失败", Message("缴费失败", "王护士", "", at(31, 9, 12, month=12, year=2025))),
        ("王护士 19:12\n缴费失败", Message("缴费失败", "王护士", "", at(19, 19, 12))),  # later than now: yesterday's
    ],
)
def test_a_message_is_known_by_who_when_and_what(block: str, expected: Message) -> None:
    assert messages(block, NOW) == (expected,)


def test_a_message_of_several_lines_is_one_and_a_time_inside_it_begins_none() -> None:
    told = messages("王护士 9:12\n缴费失败\n患者 9:05 预约的号取不了\n\n急\n李护士 9:13\n我也是", NOW)
    assert [m.text for m in told] == ["缴费失败\n患者 9:05 预约的号取不了\n急", "我也是"]


def test_a_line_of_a_day_tells_the_day_of_those_below() -> None:
    told = messages("—————  2026-11-18  —————\n王护士 9:12\n甲\n2026-11-19\n李护士 9:13\n乙", NOW)
    assert [m.said_at for m in told] == [at(18, 9, 12), at(19, 9, 13)]


def test_lines_without_senders_are_a_message_each_with_no_time_of_their_own() -> None:
    assert messages("药房 处方打不开\n\n9:05 儿科 李护士 白屏", NOW) == (
        Message("药房 处方打不开"), Message("9:05 儿科 李护士 白屏"),
    )  # fmt: skip


@pytest.mark.parametrize("head", ["王护士 25:00", "王护士 9:61", "王护士 2026-13-40 09:12", "王护士 2026-02-30 09:12"])
def test_a_time_that_cannot_be_begins_no_message(head: str) -> None:
    assert all(m.said_at is None for m in messages(f"{head}\n缴费失败", NOW))


@pytest.mark.parametrize(
    "text", ["收到", "好的，谢谢！", "@王护士 收到", "[图片]", "嗯嗯", "OK", "已处理", "[强][强]", "早上好"]
)
def test_pleasantries_are_chatter(text: str) -> None:
    assert is_chatter(Message(text))


@pytest.mark.parametrize(
    "text", ["好的处方打不开了", "收到的报告是空白", "在线支付失败", "可以退号吗", "1号窗口打不开", "[图片] 打不开"]
)
def test_what_tells_something_is_no_chatter(text: str) -> None:
    assert not is_chatter(Message(text))


@pytest.mark.parametrize(
    "text", ["收到，马上看", "好的，我马上处理", "@王护士 已处理，请再试一下", "我看看", "正在排查中"]
)
def test_an_answer_is_chatter_when_its_sender_is_marked_as_the_vendor(text: str) -> None:
    assert is_chatter(Message(text, "李工", "乙方"))
    assert is_chatter(Message(f"李工（乙方）：{text}"))
    assert not is_chatter(Message(text, "李工", "门诊收费"))
    (marked,) = messages(f"李工（乙方） 17:13\n{text}", NOW)
    assert is_chatter(marked)


@pytest.mark.parametrize("text", ["收到，处方打不开是吗", "药房处方打不开", "查一下处方", "看" * 39 + "x"])
def test_what_the_vendor_tells_is_no_chatter(text: str) -> None:
    assert not is_chatter(Message(text, "李工", "乙方"))


def test_no_more_than_the_most_messages_are_read() -> None:
    assert len(messages("\n".join(f"第{n}件打不开" for n in range(MOST)), NOW)) == MOST
    assert len(messages("\n".join(f"第{n}件打不开" for n in range(MOST + 1)), NOW)) == MOST
    assert len(messages("a" * (LONGEST + 1), NOW)[0].text) == LONGEST


def test_an_empty_paste_has_no_message() -> None:
    assert messages("", NOW) == messages("\n \n", NOW) == ()
