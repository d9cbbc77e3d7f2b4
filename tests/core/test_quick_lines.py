"""Reading quick lines: every stated field of the lines people type, in any order, with any separators."""

from __future__ import annotations

import json
import time
import tomllib
from dataclasses import replace
from datetime import UTC, datetime
from itertools import cycle, product
from typing import Any

import pytest

from ops_console.console import PROJECT
from ops_console.core.catalogue import Module
from ops_console.core.moments import ZONE
from ops_console.core.quick_days import day_of, moment_ago
from ops_console.core.quick_lines import Guess, Lexicon, read
from ops_console.core.quick_people import learned
from tests.conftest import DATA

FILE = tomllib.loads((PROJECT / "config.toml").read_text(encoding="utf-8"))
SHIPPED = Lexicon(
    tuple(kind["name"] for kind in FILE["ticket_type"]),
    tuple(Module(m["code"], m["name"], m["group"]) for m in FILE["catalogue"]["modules"]),
)
NOW = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)  # 18:00 in Shanghai
DEPARTMENTS = """
    口腔科 东乡卫生院 急诊科 住院部 收费处 儿科门诊 中药房 公卫科 医共体办公室 西门镇卫生院 第二人民医院
    120急救中心 二楼收费窗口 老年医学科 产房护士站 城北社区卫生服务中心 门诊西药房 院感科 CT室 ICU
"""
REPORTERS = """
    王医生 李护士 张护士长 刘药师 陈主任 杨院长 黄技师 赵会计 吴干事 周收费员 徐老师 孙科长 欧阳医生 时大夫 白主管
    小陈护士 马某患者家属
"""
CHANNELS = {
    "微信群": "微信群", "群里": "微信群", "微信": "微信群", "打电话来的": "电话", "来电": "电话", "电话": "电话",
    "当面": "当面", "现场来说": "当面", "走过来": "当面",
    "QQ": "QQ", "扫码": "扫码", "后台反馈": "管理端", "管理端": "管理端",
}  # fmt: skip
ORDERS = (
    "{d} {r} {m} {c}", "{c} {d}{r} {m}", "{d}{r}，{m}，{c}", "{m} {d}{r} {c}",
    "{c}：{d}{r}：{m}", "【{d}】{r}：{m}（{c}）",
    "{d}-{r}-{m}-{c}", "{d}/{r}/{m}/{c}", "{c} {d} {r}说{m}", "{r}（{d}）{m} {c}",
    "{d}的{r} {m} {c}", "{d}、{r}、{m}、{c}",
    "{d}｜{r}｜{m}｜{c}", "{c}，{r}，{d}，{m}！", "{m}。{d} {r} {c}", "９：０５　{d}　{r}　{m}　{c}",
)  # fmt: skip


def lines(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))
    return found


def agrees(guess: Guess, expected: dict[str, Any]) -> bool:
    return all(
        getattr(guess, field) in (value if isinstance(value, list) else [value]) for field, value in expected.items()
    )


@pytest.mark.parametrize("row", lines("quick-lines") + lines("quick-lines-own"), ids=lambda row: row["line"])
def test_a_line_is_read_as_it_was_meant(row: dict[str, Any]) -> None:
    assert agrees(read(row["line"], SHIPPED), row["expect"]), read(row["line"], SHIPPED)


def test_lines_written_before_the_rules_are_read_nearly_all() -> None:
    """Never tuned to: 38 of 40 agreed when the rules first ran. Whoever tunes to these lines writes new ones."""
    missed = [
        row["line"] for row in lines("quick-lines-held-out") if not agrees(read(row["line"], SHIPPED), row["expect"])
    ]
    assert len(missed) <= 2, missed


def test_every_order_and_separator_of_person_place_and_channel_is_understood() -> None:
    reporters, channels = cycle(REPORTERS.split()), cycle(CHANNELS)
    for department, order in product(DEPARTMENTS.split(), ORDERS):
        reporter, channel = next(reporters), next(channels)
        line = order.format(d=department, r=reporter, m="处方流转提交报错", c=channel)
        guess = read(line, SHIPPED)
        assert (guess.department, guess.reporter, guess.channel) == (department, reporter, CHANNELS[channel]), line
        assert (guess.type, guess.module) == ("故障", "处方流转管理"), line


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ("9:05", "09:05"), ("09：05", "09:05"), ("９：０５", "09:05"), ("9:05:33", "09:05"), ("9点05", "09:05"),
        ("9点5分", "09:05"), ("9点", "09:00"), ("9点半", "09:30"), ("九点半", "09:30"), ("十点一刻", "10:15"),
        ("二十点零五", "20:05"), ("9点钟左右", "09:00"), ("下午2点", "14:00"), ("下午两点", "14:00"),
        ("下午14点", "14:00"), ("晚上8点20", "20:20"), ("中午12点半", "12:30"), ("中午1点", "13:00"),
        ("凌晨12点", "00:00"), ("上午9:05", "09:05"), ("今天上午10点05", "10:05"), ("[11:20]", "11:20"),
        ("00:00", "00:00"), ("23:59", "23:59"), ("24:00", None), ("23:60", None), ("25:70", None),
        ("9:5", None), ("昨天9:05", "09:05"), ("昨晚8点", "20:00"), ("昨日", None), ("前天下午3点", "15:00"),
        ("明天9点", None), ("周三9点", None), ("11月20日9:05", "09:05"), ("一点也不", None), ("9点的号", None),
        ("9:05的号", None), ("9点到11点", None), ("9:00-11:00", None), ("2点击", None), ("99点", None),
    ],
)  # fmt: skip
def test_only_a_leading_time_is_the_report_time(head: str, expected: str | None) -> None:
    assert read(f"{head} 药房 处方打不开 电话", SHIPPED).reported == expected


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ("昨天 21:00", "2026-11-19 21:00"), ("昨天21点", "2026-11-19 21:00"), ("昨日下午3点", "2026-11-19 15:00"),
        ("昨晚8点半", "2026-11-19 20:30"), ("昨夜十一点", "2026-11-19 23:00"), ("昨晚12点", "2026-11-20 00:00"),
        ("昨晚1点", "2026-11-20 01:00"), ("昨天凌晨1点", "2026-11-19 01:00"), ("前天 21:00", "2026-11-18 21:00"),
        ("11-19 21:00", "2026-11-19 21:00"), ("11/19 21：00", "2026-11-19 21:00"), ("11.19 21:00", "2026-11-19 21:00"),
        ("2026-11-19 21:00", "2026-11-19 21:00"), ("11月19日 21:00", "2026-11-19 21:00"),
        ("十一月十九日晚上九点", "2026-11-19 21:00"), ("11月19日周四21点05分", "2026-11-19 21:05"),
        ("19号晚上9点", "2026-11-19 21:00"), ("30号晚上9点", "2026-10-30 21:00"), ("12-31 23:00", "2026-12-31 23:00"),
        ("6-30 9:00", "2026-06-30 09:00"), ("[昨天 21:00]", "2026-11-19 21:00"), ("【昨天】21:00", "2026-11-19 21:00"),
        ("半小时前", "2026-11-20 17:30"), ("半个钟头前", "2026-11-20 17:30"), ("10分钟前", "2026-11-20 17:50"),
        ("１０ 分钟前", "2026-11-20 17:50"), ("十分钟之前", "2026-11-20 17:50"), ("大概20分前", "2026-11-20 17:40"),
        ("一刻钟前", "2026-11-20 17:45"), ("两小时前", "2026-11-20 16:00"), ("1.5小时前", "2026-11-20 16:30"),
        ("一个半小时前", "2026-11-20 16:30"), ("1小时20分钟前", "2026-11-20 16:40"), ("20小时前", "2026-11-19 22:00"),
    ],
)  # fmt: skip
def test_a_leading_day_or_distance_tells_the_moment_and_leaves_the_title(head: str, expected: str) -> None:
    guess = read(f"{head} 药房刘药师 处方打不开 电话", SHIPPED)
    assert (guess.title, guess.department, guess.reporter, guess.channel) == ("处方打不开", "药房", "刘药师", "电话")
    assert guess.when is not None
    if guess.when.minutes_ago is not None:
        assert f"{moment_ago(guess.when.minutes_ago, NOW).astimezone(ZONE):%Y-%m-%d %H:%M}" == expected
    assert f"{day_of(guess.when, NOW)}" == expected.split()[0]
    assert guess.reported in (None, expected.split()[1])


@pytest.mark.parametrize(
    "head",
    [
        "昨天", "昨日", "昨晚", "前天", "今早", "3天前", "前几天", "几分钟前", "周三 9点", "上周三", "星期一", "上周",
        "11-19", "11月19日", "02-30 21:00", "13-45 21:00", "9:5", "25:70", "24:00", "99点", "下午", "昨天25:00",
    ],
)  # fmt: skip
def test_a_leading_day_or_time_that_tells_no_moment_stays_open_and_in_the_title(head: str) -> None:
    guess = read(f"{head} 药房刘药师 处方打不开 电话", SHIPPED)
    assert guess.when is not None
    assert guess.when.is_open
    assert guess.reported is None
    assert guess.title == f"{head} 处方打不开"
    assert (guess.department, guess.reporter) == ("药房", "刘药师")


@pytest.mark.parametrize(
    "line",
    [
        "昨天的报告打不开", "昨天9:05的号取不出来", "昨天下午3点开始 报告推送延迟", "财务科 昨日对账差3笔",
        "1-2号窗口打不开", "3-5岁儿童建档失败", "11.25 元退款未到账", "9:00-11:00 号源没放出来", "明天9点 领导检查",
        "10分钟前台没人", "处方打不开 昨天21:00 药房", "今天 药房 处方打不开", "本月报表导不出来", "几天没收到推送",
    ],
)  # fmt: skip
def test_a_day_that_the_line_is_about_is_no_report_time(line: str) -> None:
    assert read(line, SHIPPED).when is None


def test_a_day_and_a_later_time_of_day_are_one() -> None:
    guess = read("昨天 药房 9:05 处方打不开", SHIPPED)
    assert guess.when is not None
    assert (guess.reported, guess.when.days_ago, guess.title) == ("09:05", 1, "处方打不开")


def test_a_time_that_the_line_is_about_is_not_its_report_time() -> None:
    assert read("电话 儿科 预约9:05的号取不出来", SHIPPED).reported is None
    assert read("电话 10:15 药房 处方打不开", SHIPPED).reported == "10:15"


@pytest.mark.parametrize(
    ("line", "title"),
    [
        ("药房 处方状态点了没反应，连续三次，患者在等！微信群", "处方状态点了没反应，连续三次，患者在等！"),
        ("9:05 电话 药房刘药师 处方流转提交报错", "处方流转提交报错"),
        ("系统接口要向省平台开放 信息科杨主任 当面", "系统接口要向省平台开放"),
        ("药房处方打不开", "药房处方打不开"),  # glued to the matter: the department is guessed and the title keeps it
        ("电话", ""), ("9:05 电话 药房刘药师", ""), ("，，！！", ""), ("", ""), ("   ", ""),
        ("Ward 3 payment failed", "Ward 3 payment failed"),
        ("<b>粗</b> {{7*7}} ' OR 1=1 -- 打不开", "<b>粗</b> {{7*7}} ' OR 1=1 -- 打不开"),
    ],
)  # fmt: skip
def test_the_title_is_what_is_left_of_the_line(line: str, title: str) -> None:
    assert read(line, SHIPPED).title == title


def test_what_is_not_said_is_not_made_up() -> None:
    assert read("系统用着还行", SHIPPED) == Guess("系统用着还行")


def test_a_person_or_a_phone_that_the_matter_is_about_does_not_report() -> None:
    assert read("李医生的号源没放出来 挂号处 电话", SHIPPED).reporter is None
    assert read("电话预约不了 儿科 微信群", SHIPPED).channel == "微信群"
    assert read("王护士 联系电话号码写错了", SHIPPED).channel is None
    assert read("扫码付失败 收费处", SHIPPED).channel is None
    assert read("新增口腔科号源", SHIPPED).department is None


def test_a_renamed_module_keeps_its_words_by_its_code() -> None:
    renamed = tuple(replace(m, name="掌上缴费") if m.code == "M-02" else m for m in SHIPPED.modules)
    lexicon = replace(SHIPPED, modules=renamed)
    assert read("收费处 扫码付失败", lexicon).module == "掌上缴费"
    assert read("收费处 掌上缴费打不开", lexicon).module == "掌上缴费"


def test_a_module_or_type_that_only_this_site_has_is_known_by_its_name() -> None:
    lexicon = replace(
        SHIPPED, modules=(*SHIPPED.modules, Module("X-1", "陪诊服务", "")), types=(*SHIPPED.types, "设备借用")
    )
    assert read("导诊台 陪诊服务打不开", lexicon).module == "陪诊服务"
    assert read("导诊台 设备借用 轮椅两台", lexicon).type == "设备借用"
    assert read("药房 处方打不开", replace(SHIPPED, modules=(Module("X-1", "陪诊服务", ""),), types=())).module is None


def test_departments_and_people_of_the_site_are_known_by_name() -> None:
    known = learned(["驿站便民点", "门诊西药房"], ["王芳"], {"西药": "门诊西药房"})
    lexicon = replace(SHIPPED, known=known)
    guess = read("驿站便民点王芳 处方打不开", lexicon)
    assert (guess.department, guess.reporter) == ("驿站便民点", "王芳")
    assert read("西药 处方打不开", lexicon).department == "门诊西药房"
    assert read("西药 处方打不开", lexicon).department_word == "西药"


def test_a_taught_word_wins_where_the_rules_say_nothing_and_by_repetition_where_they_say_otherwise() -> None:
    line = "自助机报告卡纸"
    assert read("自助终端卡纸了", SHIPPED).module is None
    once = replace(SHIPPED, module_words={"自助终端": ("门诊缴费", 1)})
    assert read("自助终端卡纸了", once).module == "门诊缴费"
    assert read(line, SHIPPED).module == "报告查询"
    assert read(line, replace(SHIPPED, module_words={"自助机": ("门诊缴费", 1)})).module == "报告查询"
    assert read(line, replace(SHIPPED, module_words={"自助机": ("门诊缴费", 2)})).module == "门诊缴费"


@pytest.mark.parametrize(
    "line",
    [
        "王" * 9000,
        "a " * 5000,
        "王护士 " * 3000,
        "9:05 " * 2000,
        "导出" * 5000,
        "((" * 5000,
        "\ud800\u202e\x00药房 " * 999,
        "昨天 " * 3000,
        "十" * 5000,
    ],
    ids=range(9),
)
def test_a_hostile_line_is_read_in_bounded_time_and_loses_nothing(line: str) -> None:
    read("药房 处方打不开", SHIPPED)
    began = time.perf_counter()
    title = read(line, SHIPPED).title
    assert time.perf_counter() - began < 60  # of a quadratic search it would be hours
    assert len(title) >= len(line) - 1200
