"""Delegation: a party's signer lets a named colleague sign for a while; what is lent, to whom, for how long.

Not for storing. A delegate cannot delegate: only who signs by the own role may.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from ops_console.core.errors import Refused
from ops_console.core.people import HOSPITAL, ROLES, VENDOR, Permission

# The role that signs for its party -> the roles that may stand in for it.
DELEGATES = {"hospital": ("officer", "leader"), "manager": ("vendor",)}
LENT: dict[str, frozenset[Permission]] = {
    HOSPITAL: frozenset({"months.sign", "months.adjust", "payments.read"}),
    VENDOR: frozenset({"months.sign", "payments.read"}),
}
LONGEST_DAYS = 60


@dataclass(frozen=True)
class Delegate:
    """An account that signs: by its own role, or for another's while `delegated_by` (that one's name) is away."""

    role: str
    account: str
    name: str
    delegated_by: str = ""
    delegator: str = ""


def lent_to(side: str) -> frozenset[Permission]:
    """Given a side, return the permissions that its delegates get besides their own."""
    return LENT.get(side, frozenset())


def check_pair(giver_role: str, taker_role: str) -> None:
    """Given who delegates and to whom, by role, let it pass. Raises Refused for who may not, or not to them."""
    if giver_role not in DELEGATES:
        raise Refused("只有信息科长和乙方项目经理可以委托他人签署；受托人不能再委托。", field="permission")
    if taker_role not in DELEGATES[giver_role]:
        side = ROLES[giver_role][0]
        raise Refused(
            "请选择本院的信息科员或院领导。" if side == HOSPITAL else "请选择乙方的驻场工程师。", field="account"
        )


def check_period(first: date | None, last: date | None, today: date) -> tuple[date, date]:
    """Given the first and last Shanghai day of a delegation and today, return them. Raises Refused otherwise."""
    if first is None or last is None:
        raise Refused("请填写委托的起止日期。", field="first")
    if first < today:
        raise Refused("委托不能从过去的日期开始；最早从今天起。", field="first")
    if last < first:
        raise Refused("截止日期早于起始日期。", field="last")
    if (last - first).days + 1 > LONGEST_DAYS:
        raise Refused("一次最多委托 %(n)s 天；更长的请另行任命。", field="last", n=LONGEST_DAYS)
    return first, last
