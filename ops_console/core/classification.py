"""The class of a ticket as both parties settle it: which category goes first, how far it is settled, what may be said.

Not for who may say it (`services/classification.py`), for folding it (`core/class_folds.py`) nor for caps
(`core/caps.py`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from ops_console.core.contracts import Clause, YearlyCap
from ops_console.core.errors import Refused
from ops_console.core.people import HOSPITAL, VENDOR
from ops_console.core.sentences import sentence
from ops_console.core.tickets import Objection, TicketFacts

BOTH = (HOSPITAL, VENDOR)
SETTLED, WAITING, RULED, OBJECTED, DIFFERED = "settled", "waiting", "ruled", "objected", "differed"
STATES = (SETTLED, WAITING, RULED, OBJECTED, DIFFERED)
STATE_NAMES = {
    SETTLED: "双方已确认", WAITING: "分类待确认", RULED: "甲方定类，待乙方表态", OBJECTED: "有异议，待答复",
    DIFFERED: "各执己见",
}  # fmt: skip
ENVIRONMENT_VISITS, ALL_VISITS = "environment_onsite", "all_onsite"
OF_VISITS = (ENVIRONMENT_VISITS, ALL_VISITS)  # readings of C-12 by which a visit, not a request, uses the cap
NEVER_LIMITED = ("directive", "defect")  # whatever the reading (domain §1.9)
UPHELD, MAINTAINED, TAKEN_BACK, CHANGED = "upheld", "maintained", "taken_back", "changed"
OUTCOMES = ("", UPHELD, MAINTAINED, TAKEN_BACK, CHANGED)
OUTCOME_NAMES = {
    "": "待答复", UPHELD: "对方采纳", MAINTAINED: "对方维持原分类", TAKEN_BACK: "已收回", CHANGED: "分类已另改",
}  # fmt: skip


@dataclass(frozen=True)
class Category:
    """One line of the order in which categories are tried (domain §1.8): the first whose question is answered yes.

    `order` is its place, shared by the two of 功能运行维护; `place` where the tender says it. `cap` is the clause of
    the yearly cap it uses, "" where it is free without number; the ticket types of a cap are those of the contract's
    clause. With `needs_order` the hospital must show or tell the superior's order. `exempt` tells what of it is no
    request and uses no cap.
    """

    order: int
    key: str
    name: str
    question: str
    clauses: tuple[str, ...]
    place: str
    types: tuple[str, ...]
    cap: str = ""
    needs_order: bool = False
    exempt: str = ""


PRECEDENCE = (
    Category(
        1, "directive", "上级指令性任务", "是上级主管部门下达的任务吗", ("C-04",), "一.3", ("指令性任务",),
        needs_order=True,
    ),
    Category(
        2, "upgrade", "核心系统升级引起的改造", "是 HIS、EMR 等核心系统升级引起的吗", ("C-03",), "一.2", ("升级改造",)
    ),
    Category(
        3, "defect", "故障、缺陷、数据纠错", "是现有功能不能用、结果错误，或数据要纠正吗", ("C-08", "C-09", "C-02"),
        "二.1.②③", ("故障", "缺陷", "数据纠错"),
    ),
    Category(
        4, "interface", "接口开放、数据上传", "是在现有系统上开放接口或上传数据吗", ("C-02",), "一.1", ("接口与上传",)
    ),
    Category(
        5, "policy", "政策性修改", "是卫生系统的规范变化引起算法或功能修改吗", ("C-29",), "二.2", ("政策性修改",),
        "C-29",
    ),
    Category(
        6, "adjustment", "功能维护性调整", "是产品与实际业务有偏差、在原有功能上调整吗", ("C-23",), "二.2",
        ("功能维护",),
    ),
    Category(
        6, "notice", "页面告知、宣传材料", "是甲方要求的页面告知或宣传材料吗", ("C-25",), "二.2", ("告知宣传",), "C-25",
        exempt="功能上线、活动开启时的首页告知是乙方的义务（C-24），不占额度",
    ),
    Category(
        7, "custom", "客户化开发", "是现有功能之外、双方商定的变更或新增吗", ("C-31",), "二.2", ("客户化开发",), "C-31"
    ),
    Category(
        8, "specialist", "专家现场诊断", "是驻场工程师之外、事先约定的专家到场吗", ("C-12",), "二.1.⑤",
        ("现场专家诊断",), "C-12",
    ),
)  # fmt: skip


def suggest(answers: Collection[str]) -> Category | None:
    """Given the keys of the categories whose question was answered yes, return the one that goes first, or None.

    >>> suggest({"custom", "directive"}).key
    'directive'
    """
    return next((category for category in PRECEDENCE if category.key in answers), None)


def cap_of(type_name: str, clauses: Iterable[Clause]) -> YearlyCap | None:
    """Given a ticket type and the contract's clauses, return the yearly cap that such tickets ask for, or None."""
    caps = (clause for clause in clauses if isinstance(clause, YearlyCap))
    return next((clause for clause in caps if type_name and type_name in clause.types), None)


def claims(cap: YearlyCap, type_name: str) -> bool:
    """Given a cap and a ticket's type, say whether such tickets may use it: those of its types; of a cap that the
    parties read as one of every visit (K2), all but what is never limited: directives, faults, defects.
    """
    if type_name in cap.types:
        return bool(type_name)
    never = {name for category in PRECEDENCE if category.key in NEVER_LIMITED for name in category.types}
    return cap.scope == ALL_VISITS and bool(type_name) and type_name not in never


def category_of(type_name: str, clauses: Iterable[Clause] = ()) -> Category | None:
    """Given a ticket type and the contract's clauses, return its category; None for what is no change."""
    cap = cap_of(type_name, clauses)
    if cap is not None:
        return next((category for category in PRECEDENCE if category.cap == cap.id), None)
    return next((category for category in PRECEDENCE if type_name in category.types), None)


def types_of(category: Category, clauses: Iterable[Clause]) -> tuple[str, ...]:
    """Given a category and the contract's clauses, return its ticket types: a cap's own, where it names them."""
    found = next((clause for clause in clauses if clause.id == category.cap), None)
    return found.types if isinstance(found, YearlyCap) and found.types else category.types


def is_in_cap(facts: TicketFacts, clauses: Iterable[Clause]) -> YearlyCap | None:
    """Given a ticket and the contract's clauses, return the cap it uses once both parties said so; None otherwise.

    Where the parties read a cap as one of visits (K2), only a ticket for which somebody must come uses it.
    """
    cap = cap_of(facts.type, clauses)
    if cap is None or facts.withdrawn or set(facts.class_by) != set(BOTH):
        return None
    if cap.scope in OF_VISITS and not facts.needs_onsite:
        return None
    return None if is_exempt(facts, (cap,)) else cap


def settled_types(agreed: Collection[str], clauses: Iterable[Clause]) -> frozenset[str]:
    """Given the types that the site says both settle and the contract's clauses, return them with those of its caps."""
    caps = (clause for clause in clauses if isinstance(clause, YearlyCap))
    return frozenset(agreed).union(*(cap.types for cap in caps))


def is_exempt(facts: TicketFacts, clauses: Iterable[Clause]) -> bool:
    """Given a ticket and the contract's clauses, say whether it was told exempt and is of a class that can be."""
    category = category_of(facts.type, clauses)
    return facts.exempt and category is not None and bool(category.exempt)


@dataclass(frozen=True)
class Standing:
    """How far a ticket's class is settled: its state, the sides whose word is waited for, whether an order lacks."""

    state: str
    waits_for: tuple[str, ...] = ()
    lacks_order: bool = False


def standing(facts: TicketFacts, agreed: Collection[str]) -> Standing | None:
    """Given a ticket and the types that both parties settle, return how far its class is; None where one says it."""
    if facts.withdrawn or not (facts.type in agreed or facts.ruled or open_objections(facts)):
        return None
    missing = tuple(side for side in BOTH if side not in facts.class_by)
    if not missing:
        return Standing(SETTLED)
    lacks_order = needs_order(facts)
    about = [one for one in facts.objections if one.type == facts.type]
    if open_objections(facts):
        asked = tuple(_other(one.side) for one in open_objections(facts))
        return Standing(OBJECTED, asked, lacks_order)
    if any(one.outcome == MAINTAINED and one.side in missing for one in about):
        return Standing(DIFFERED, (), lacks_order)
    waits = tuple(side for side in BOTH if side in missing or (lacks_order and side == HOSPITAL))
    return Standing(RULED if facts.ruled else WAITING, waits, lacks_order)


def open_objections(facts: TicketFacts) -> tuple[Objection, ...]:
    """Given a ticket, return the objections to its class that nobody answered yet."""
    return tuple(one for one in facts.objections if not one.outcome)


def needs_order(facts: TicketFacts) -> bool:
    """Given a ticket, say whether its class wants a superior's order that is neither told nor attached (C-04)."""
    category = category_of(facts.type)
    return category is not None and category.needs_order and not (facts.order or facts.order_files)


def _other(side: str) -> str:
    return VENDOR if side == HOSPITAL else HOSPITAL


# -- what may be said -------------------------------------------------------------------------------------------------


def check_confirm(facts: TicketFacts, side: str, agreed: Collection[str]) -> None:
    """Given a ticket, the side that confirms its class and the types both settle, let it pass. Raises Refused."""
    found = standing(facts, agreed)
    if found is None or found.state == SETTLED:
        raise Refused("工单 %(number)s 的分类不用确认。", number=facts.number)
    if side in facts.class_by:
        raise Refused("这是本方给的分类，等待对方确认。")
    if found.lacks_order:
        raise Refused("“%(type)s”要先由甲方附上或写明上级文件，才能确认。", type=sentence(facts.type))


def check_exempt(facts: TicketFacts, clauses: Iterable[Clause], agreed: Collection[str]) -> None:
    """Given a ticket to be told exempt (or not) by one side, let it pass while both have not settled it yet."""
    category = category_of(facts.type, clauses)
    if category is None or not category.exempt:
        raise Refused("“%(type)s”没有不占额度的情形。", type=sentence(facts.type))
    found = standing(facts, agreed)
    if found is None or found.state == SETTLED:
        raise Refused("分类已由双方确认；要改是否占额度，请提出更正由对方批复。")


def check_objection(facts: TicketFacts, side: str, wished: str, agreed: Collection[str]) -> None:
    """Given a ticket, the side that objects to its class and what it should be, let it pass. Raises Refused."""
    found = standing(facts, agreed)
    if found is None or found.state == SETTLED:
        raise Refused("工单 %(number)s 的分类已定；要改请提出改类型由对方批复。", number=facts.number)
    if side in facts.class_by:
        raise Refused("这是本方给的分类；要改请提出改类型。")
    if any(one.side == side for one in open_objections(facts)):
        raise Refused("本方的异议已在等待对方答复。")
    if wished == facts.type:
        raise Refused("请选择您认为正确的分类，不能与现在的相同。", field="wished")


def check_ruling(facts: TicketFacts, type_name: str, agreed: Collection[str]) -> None:
    """Given a ticket and the type that the hospital sets alone, let it pass. Raises Refused.

    Only what both parties settle is ruled; anything else is retyped as ever.
    """
    if facts.withdrawn:
        raise Refused("工单 %(number)s %(state)s，不能再更正。", number=facts.number, state=sentence(facts.state))
    if type_name == facts.type:
        raise Refused("新值与现在的相同，不用更正。", field="type")
    if not {facts.type, type_name} & set(agreed) and not facts.ruled:
        raise Refused("这两类不需要双方归类，请直接改类型。", field="type")
