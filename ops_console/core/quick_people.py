"""Who speaks and from where, in the words of a quick line: departments and reporters at the head of a piece of it.

Not for what the line is about (`core/quick_words.py`). Everything here looks at text in half-width lower-case form.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

DEPARTMENTS = """
    门诊收费处 住院收费处 收费处 挂号处 药房 西药房 中药房 门诊药房 住院药房 药剂科 药库 检验科 化验室 放射科
    影像科 超声科 彩超室 心电图室 内镜室 病理科 输血科 核医学科 CT室 信息科 信息中心 财务科 公卫科 医务科 医教科
    护理部 院办 办公室 党办 总务科 后勤科 设备科 人事科 宣传科 质控科 医保科 医保办 病案室 统计室 审计科
    医共体办公室 体检中心 导诊台 服务台 分诊台 护士站 急诊科 急诊 急诊室 住院部 门诊部 门诊 儿科 儿科门诊
    新生儿科 内科 外科 妇科 产科 妇产科 口腔科 眼科 耳鼻喉科 五官科 皮肤科 中医科 骨科 神经内科 神经外科 心内科
    心血管内科 呼吸内科 消化内科 内分泌科 肾内科 血液科 肿瘤科 感染科 发热门诊 肛肠科 泌尿外科 普外科 胸外科
    烧伤科 康复科 理疗科 疼痛科 麻醉科 手术室 供应室 血透室 重症医学科 ICU 老年科 全科 全科医学科 精神科 心理科
    慢病门诊 预防接种门诊 接种门诊 疾控科 保健科 妇保科 儿保科 营养科 药学部 客服中心 远程会诊中心
"""
SUFFIXES = (
    "社区卫生服务中心|社区卫生服务站|卫生服务中心|卫生服务站|卫生院|卫生室|卫生所|医院|分院|院区|办公室|服务台|分诊台|导诊台|护士台|咨询台|"
    "护士站|工作站|窗口|药房|病房|病区|门诊|中心|住院部|门诊部|急诊部|医务部|护理部|药学部|体检部|科|处|室|部|办"
)
ENDING = rf"[一-龥0-9a-z]{{1,10}}(?:{SUFFIXES})"
# What ends like a department and is none.
NO_DEPARTMENT = re.compile(
    r"(互联网|在线|网上|线上|电子|个人|用户|支付|消息|数据|控制|帮助|多|一|此|哪|到|好|坏|用|全|内|外|分|本|百|各|按|学)"
    r"(门诊|医院|中心|处|部|科|室|窗口)|.*(平台|新增|增加|修改|调整|关闭|查询|打不|怎么|如何|显示|导出|提取|统计|的|了|不|问|说)"
)
SURNAMES = """
    王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖萧田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟
    谭陆汪范金石廖贾夏韦付傅方白邹孟熊秦邱江尹薛闫阎段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤温康施文牛樊葛邢安
    齐易乔伍庞颜倪庄聂章鲁岳翟殷詹申欧耿关兰焦俞左柳甘祝包宁尚符舒阮柯纪梅童凌毕单季裴霍涂成苗谷盛曲翁冉骆蓝路游辛靳
    管柴蒙鲍华喻祁蒲房滕屈饶解牟艾尤阳时穆农司卓古吉缪简车项连芦麦褚娄窦戚岑景党宫费卜冷晏席卫米柏宗瞿桂佟应臧闵苟邬
    边卞姬师仇栾隋刁沙荣巫寇桑郎甄丛仲虞敖巩明佘池查麻苑迟邝官封谈匡鞠惠荆乐冀郁胥南班储原栗燕楚鄢劳谌奚皮粟冼蔺楼盘
    闻厉伊仝区郜海阚花帅屠豆朴盖练廉禹祖漆巴丰卿狄晋容敬扈晁芮阙浦戈伏鹿薄邸雍辜羊阿乌母裘亓修邰赫杭况宿鲜印逯隆战慕
    危玉亢嵇宾戎於呼尉冶阴
"""
COMPOUND_SURNAMES = "欧阳|上官|司马|诸葛|司徒|皇甫|东方|令狐|慕容|尉迟|夏侯|端木|公孙|轩辕"
TITLES = (
    "副主任医师|主任医师|主治医师|住院医师|副主任护师|主任护师|主管护师|主管药师|护士长|总护士长|副主任|副院长|副科长|副处长|收费员|挂号员|"
    "操作员|管理员|值班员|统计员|档案员|资料员|导医|客服|检验师|技师|技士|医师|医生|大夫|护师|护士|药剂师|药师|药剂员|主任|院长|书记|"
    "会计|出纳|干事|老师|科长|处长|部长|局长|站长|所长|组长|班长|主管|经理|科员|师傅|同志|工程师|先生|女士|阿姨|大爷|大妈|大叔|奶奶|爷爷|工"
)
LAYMEN = "患者家属|病人家属|患儿家长|患儿家属|患者|病人|家属|家长|群众|居民|村民|市民"
SPEAKS = (
    "说|问|反映|反馈|报修|报|要求|要|来电|来说|来问|打电话|打来|称|咨询|讲|提出|提|那边|这边|发|请|想|找|留言|投诉|"
    "走过来|过来"
)
NOT_SPOKEN_BY = re.compile(
    r"的|号|排班|停诊|出诊|坐诊|职称|账号|简介|介绍|照片|头像|端|站|台|工作站|权限|名字|姓名|信息|列表"
)
DUTY = "值班|当班|夜班|白班|在班|带班|责任|今天的|今日"
HONORIFIC = "小老大阿"


# Two letters that stand for a department by themselves; others of two letters (挂号, 检验) are what lines are about.
SHORT_FORMS = """
    公卫 财务 信息 医务 护理 病案 药剂 放射 医保 设备 宣传 后勤 总务 人事 导诊 体检
"""


@dataclass(frozen=True)
class Known:
    """What a site's own departments and reporters are called, longest first, and what else they go by."""

    departments: tuple[str, ...] = ()
    reporters: tuple[str, ...] = ()
    aliases: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Found:
    """A department or a reporter at the head of a text: its name, and how many letters of the text it took.

    Not `sure`: 患者问… may be the matter itself.
    """

    name: str
    length: int
    sure: bool = True


@cache
def _shipped() -> tuple[str, ...]:
    return tuple(sorted({d.lower() for d in DEPARTMENTS.split()}, key=len, reverse=True))


@cache
def _written() -> dict[str, str]:
    return {d.lower(): d for d in DEPARTMENTS.split()}


@cache
def _reporter_rules() -> tuple[re.Pattern[str], ...]:
    name = f"(?:{COMPOUND_SURNAMES}|[{''.join(SURNAMES.split())}])"
    duty = f"(?:{DUTY})?"
    return (
        re.compile(f"{duty}(?:{TITLES})?[{HONORIFIC}]?{name}[一-龥]{{0,2}}?(?:{TITLES})"),
        re.compile(f"[{HONORIFIC}]?{name}某{{0,2}}(?:{LAYMEN})"),
        re.compile(f"{duty}(?:{TITLES}){name}[一-龥某]{{1,2}}(?=$|说|问|反映|反馈)"),
        re.compile(f"[{HONORIFIC}]{name}(?=$|说|问|反映|反馈|打|来)"),
    )


@cache
def _bare_rules() -> tuple[re.Pattern[str], ...]:
    bare = f"(?:{DUTY})?(?:{LAYMEN}|{TITLES.removesuffix('|工')})"
    return re.compile(f"{bare}$"), re.compile(f"{bare}(?={SPEAKS})")


def department_at(text: str, known: Known, *, whole: bool = False) -> Found | None:
    """Given the beginning of a piece, return the department that stands there, or None; `whole`: it is all of it.

    Known names win over shipped ones, longer over shorter; a whole piece may also be a department by its ending.
    """
    aliases = known.aliases or {}
    for word in sorted(aliases, key=len, reverse=True):
        if text == word if whole else text.startswith(word):
            return Found(aliases[word], len(word))
    for name in known.departments:
        if text == name.lower() if whole else text.startswith(name.lower()):
            return Found(name, len(name))
    if not whole:
        place = re.match(r"[一-龥]{1,6}?(?:社区卫生服务中心|社区卫生服务站|卫生院|卫生室|分院)", text)
        if place and not NO_DEPARTMENT.match(place[0]):
            return Found(place[0], place.end())
    for name in _shipped():
        if text == name if whole else text.startswith(name):
            return Found(_written()[name], len(name))
    return _by_ending(text, known) if whole else None


def department_before_reporter(text: str, known: Known) -> Found | None:
    """Given the beginning of a piece, return the department that its ending and the person behind it give away."""
    for end in range(min(len(text) - 1, 13), 1, -1):
        place = _by_ending(text[:end], known)
        person = reporter_at(text[end:].removeprefix("的"), known) if place else None
        if place and person and person.sure:
            return place
    return None


def _by_ending(text: str, known: Known) -> Found | None:
    """A whole piece that ends like a department, or is one less its last letters (门诊收费, 公卫, 医共体办)."""
    if re.fullmatch(ENDING, text) and not NO_DEPARTMENT.match(text):
        return Found(text.upper(), len(text))
    shortened = 3 if text not in SHORT_FORMS.split() else 2
    if len(text) >= shortened:
        for name in (*known.departments, *_written().values()):
            if name.lower().startswith(text) and len(text) < len(name) <= len(text) + 2:
                return Found(name, len(text))
    return None


def reporter_at(text: str, known: Known) -> Found | None:
    """Given the beginning of a piece, return the person that stands there, or None.

    Somebody whom the rest is about (李医生的号) is not who reports.
    """
    for name in known.reporters:
        if text.startswith(name.lower()) and not NOT_SPOKEN_BY.match(text[len(name) :]):
            return Found(name, len(name))
    for rule in _reporter_rules():
        found = rule.match(text)
        if found and not NOT_SPOKEN_BY.match(text[found.end() :]):
            return Found(found[0], found.end())
    for rule in _bare_rules():
        found = rule.match(text)
        if found:
            return Found(found[0], found.end(), found.end() == len(text))
    return None


def name_after_department(text: str) -> Found | None:
    """Given a whole piece that follows a department, return it as a person's bare name (张伟), or None."""
    name = f"(?:(?:{COMPOUND_SURNAMES})[一-龥]{{1,2}}|[{''.join(SURNAMES.split())}][一-龥]{{1,2}})"
    return Found(text, len(text)) if re.fullmatch(name, text) else None


def spoken(text: str) -> int:
    """Given what follows a reporter, return how many letters only tell that they speak (说, 那边反映)."""
    found = re.match(r"(?:那边|这边|刚才|刚刚)?(?:说是|说|反映|反馈|称|讲|来说|报修|打电话来说)?(?:[：:,，])?", text)
    return found.end() if found else 0


def learned(departments: Sequence[str], reporters: Sequence[str], aliases: Mapping[str, str]) -> Known:
    """Given what the site's tickets call departments and reporters, return it in the order it is tried."""
    return Known(
        tuple(sorted({d for d in departments if 2 <= len(d) <= 20}, key=len, reverse=True)),
        tuple(sorted({r for r in reporters if 2 <= len(r) <= 10}, key=len, reverse=True)),
        {word.lower(): name for word, name in aliases.items()},
    )
