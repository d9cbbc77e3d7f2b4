"""Filling the texts of the demo year: which text a report has, which department says it, the places in it.

Not for the texts themselves (a file, read by an adapter). Numbers of patients are of ranges that nobody has.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random

from ops_console.core.demo_places import DEPARTMENTS, Department

CLINICS = (
    "心内科", "骨科", "儿科", "眼科", "口腔科", "妇科", "消化内科", "呼吸内科", "内分泌科", "中医科", "皮肤科",
)  # fmt: skip
WHO = ("患者", "家属", "一位患者", "老人家属", "复诊患者", "孕妇家属")
DAYS = ("昨日", "前日", "周末", "上周五", "本周一")
FEATURES = ("线上退号", "报告分享", "医保移动支付", "检查预约", "用药提醒", "家庭医生签约")
SEASONS = ("冬季", "冬季", "春季", "春季", "春季", "夏季", "夏季", "夏季", "秋季", "秋季", "秋季", "冬季")
SURNAMES = "刘唐宋罗梁谢于董"
WITH_NUMBERS = 0.55  # of the texts that ask for a patient; with OTHERS about 6 % of all
OTHERS = 0.022


@dataclass(frozen=True)
class Text:
    """One kind of thing that happens: the modules it concerns (codes), title, description, what was done, its cause."""

    modules: tuple[str, ...]
    title: str
    description: str
    process: str
    cause: str
    mode: str


Stock = Mapping[str, Sequence[Text]]


@dataclass(frozen=True)
class Said:
    """What is said in one report: by whom of which department, about which module (a code), in which words."""

    department: Department
    reporter: str
    module: str
    text: Text


def said(stock: Stock, type_name: str, modules: Sequence[str], month: int, random: Random) -> Said:
    """Given the stock, a type, the modules it mostly concerns and the month, return what a report says."""
    texts = stock[type_name]
    [text] = random.choices(texts, [3 if set(text.modules) & set(modules) else 1 for text in texts])
    module = random.choice(text.modules)
    [department] = random.choices(DEPARTMENTS, [_fits(d, module, type_name) for d in DEPARTMENTS])
    return Said(department, random.choice(department.reporters), module, fill(text, department, month, random))


def _fits(department: Department, module: str, type_name: str) -> int:
    if type_name == "对账异常":
        return {"财务科": 12, "门诊收费处": 4}.get(department.name, 0) or int(department.module == module)
    return 5 if department.module == module else 1


def fill(text: Text, department: Department, month: int, random: Random) -> Text:
    """Given a text and who says it, return it with its places filled."""
    hospitals = [d.name for d in DEPARTMENTS if "卫生院" in d.name]
    places = {
        "n": str(random.randint(2, 9)),
        "amt": f"{random.randint(8, 460)}.{random.choice(('00', '50', '80', '20'))}",
        "tail": f"{random.randrange(10_000):04d}",
        "ver": f"V3.{month}.{random.randint(0, 6)}",
        "who": random.choice(WHO),
        "day": random.choice(DAYS),
        "dept": department.name,
        "dept2": random.choice(CLINICS),
        "hos": department.name if department.name in hospitals else random.choice(hospitals),
        "season": SEASONS[month - 1],
        "feature": random.choice(FEATURES),
        "patient": patient(random) if random.random() < WITH_NUMBERS else "信息已在窗口核对",
    }
    description = text.description.format(**places)
    if "{patient}" not in text.description and random.random() < OTHERS:
        description += f"联系{patient(random)}。"
    return Text(
        text.modules, text.title.format(**places), description, text.process.format(**places), text.cause, text.mode
    )


def patient(random: Random) -> str:
    """Return how a patient is named who does not exist: no such card, no such telephone."""
    name, tail = random.choice(SURNAMES), random.randrange(10_000)
    if random.random() < 0.5:
        return f"患者{name}某，就诊卡号 9900{tail:04d}"
    return f"患者{name}某，电话 1990000{tail:04d}"
