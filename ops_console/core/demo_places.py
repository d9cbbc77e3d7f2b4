"""The invented hospital of the demo year: its departments, who speaks for them, the people of both parties.

Not for accounts (`services/demo_house.py`). Nobody here exists; a name is a surname and a calling.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from ops_console.core.money import Fee

MARK = "demo.json"  # stands in a data folder that holds a demo, and in no other
CONTRACT, CONTRACT_NAME = "演示-2026", "城乡一体化大健康管理远程服务平台运维服务合同（演示）"
HOSPITAL_NAME, VENDOR_NAME = "青禾县人民医院（演示）", "云桥信息技术（演示）"
ENDS_ON = date(2027, 12, 31)  # a second contract year, so that what is one too many can wait for it (storyline 9)
FEE = Fee(12_000_000)  # 120,000.00 元 a year: as invented as the parties


@dataclass(frozen=True)
class Department:
    """A department: its name, its place with a sticker, the module preset there (code), its extension, who reports."""

    name: str
    place: str
    module: str
    phone: str
    reporters: tuple[str, ...]


DEPARTMENTS = (
    Department("门诊收费处", "门诊一楼收费窗口", "M-02", "8101", ("王护士", "李会计", "赵收费员")),
    Department("挂号处", "门诊一楼挂号窗口", "M-01", "8102", ("孙护士", "钱登记员")),
    Department("门诊药房", "门诊一楼西药房", "M-10", "8110", ("周药师", "吴药师")),
    Department("检验科", "门诊二楼采血窗口", "M-04", "8121", ("郑技师", "冯技师")),
    Department("放射科", "影像楼一楼登记台", "M-04", "8125", ("陈技师", "褚医生")),
    Department("慢病门诊", "门诊三楼慢病诊室", "M-16", "8133", ("卫医生", "蒋护士")),
    Department("儿科", "门诊二楼儿科分诊台", "M-01", "8140", ("沈护士", "韩医生")),
    Department("妇产科", "门诊三楼妇产科护士站", "M-04", "8145", ("杨护士", "朱医生")),
    Department("内科门诊", "门诊三楼内科诊区", "M-09", "8150", ("秦医生", "尤护士")),
    Department("体检中心", "体检楼前台", "M-08", "8160", ("许护士", "何主任")),
    Department("公卫科", "行政楼二楼公卫科", "M-08", "8171", ("吕医生", "施科员")),
    Department("医共体办公室", "行政楼三楼医共体办", "M-14", "8172", ("张主任", "孔科员")),
    Department("医务科", "行政楼二楼医务科", "M-15", "8175", ("曹科员", "严主任")),
    Department("财务科", "行政楼一楼财务科", "M-02", "8180", ("华会计", "金会计")),
    Department("门诊导诊台", "门诊大厅导诊台", "M-07", "8199", ("魏护士", "陶护士")),
    Department("城关镇卫生院", "城关镇卫生院收费处", "M-02", "8301", ("姜院长", "戚医生")),
    Department("青石镇卫生院", "青石镇卫生院全科诊室", "M-09", "8302", ("谢医生", "邹护士")),
    Department("柳河镇卫生院", "柳河镇卫生院药房", "M-10", "8303", ("喻药师", "柏医生")),
    Department("大桥乡卫生院", "大桥乡卫生院公卫室", "M-16", "8304", ("水医生", "窦护士")),
    Department("东岭乡卫生院", "东岭乡卫生院挂号台", "M-01", "8305", ("章护士", "云医生")),
)


@dataclass(frozen=True)
class Person:
    """Somebody with an account: its name, theirs, the role, whose person an administrator is, their department."""

    account: str
    name: str
    role: str
    department: str = ""
    holder: str | None = None


CHIEF, ENGINEER, SUBSTITUTE, MANAGER = "zhou.min", "li.wei", "sun.yang", "zhao.lei"
OFFICERS = ("chen.li", "wu.qian", "zheng.hao")
SECOND_LINE = ("he.jing", "luo.qiang", "xie.tao")  # in turn on the telephone at night
# The security administrator comes last: while the house has none, no role waits for one.
PEOPLE = (
    Person("sysadmin", "系统管理员", "administrator", "云桥信息技术", "vendor"),
    Person(CHIEF, "周敏", "hospital", "信息科"),
    Person("chen.li", "陈立", "officer", "信息科"),
    Person("wu.qian", "吴倩", "officer", "信息科"),
    Person("zheng.hao", "郑浩", "officer", "信息科"),
    Person("liu.fang", "刘芳", "leader", "财务科"),
    Person("gao.jianguo", "高建国", "leader", "院领导"),
    Person("shen.yue", "沈悦", "auditor", "审计科"),
    Person(ENGINEER, "李伟", "vendor", "驻场"),
    Person(SUBSTITUTE, "孙洋", "vendor", "驻场替补"),
    Person("he.jing", "何静", "vendor", "二线"),
    Person("luo.qiang", "罗强", "vendor", "二线"),
    Person("xie.tao", "谢涛", "vendor", "二线"),
    Person(MANAGER, "赵磊", "manager", "项目部"),
    Person("auditadmin", "审计管理员", "audit_administrator", "审计科", "hospital"),
    Person("secadmin", "安全管理员", "security", "信息科", "hospital"),
)
NAMES = {person.account: person.name for person in PEOPLE}
