"""The contract's money: the fee, what one month of it is, the payment nodes, sums in words. Whole 分 throughout.

Not for what is deducted (`core/settlements.py`).
"""

from __future__ import annotations

from dataclasses import dataclass

from ops_console.core.errors import Refused

MONTH_NODE, QUARTER_NODE, HALF_NODE, YEAR_NODE, ADVANCE, BOND = "month", "quarter", "half", "year", "advance", "bond"
NODE_NAMES = {
    MONTH_NODE: "按月", QUARTER_NODE: "按季", HALF_NODE: "按半年", YEAR_NODE: "按年", ADVANCE: "预付", BOND: "质保金",
}  # fmt: skip
DIGITS = "零壹贰叁肆伍陆柒捌玖"
PLACES = ("", "拾", "佰", "仟")
GROUPS = ("", "万", "亿", "万亿")


@dataclass(frozen=True)
class Fee:
    """What the vendor is paid for a contract year, in 分, and months agreed otherwise (`2026-01`, 分)."""

    annual: int
    months: tuple[tuple[str, int], ...] = ()

    def of_month(self, month: str, index: int) -> int:
        """Given a month such as `2026-03` and its place in the contract year (0 to 11), return its fee in 分.

        A twelfth of the year's, so cut that the twelve add up to it: 100.00 元 a year are 8.33 元, twice in three
        months, and 8.34 元. Raises Refused when it is no month of a year.
        """
        if not 0 <= index <= 11:
            raise Refused("%(month)s 不在合同年内，没有当月运维费用。", month=month)
        agreed = dict(self.months).get(month)
        if agreed is not None:
            return agreed
        return self.annual * (index + 1) // 12 - self.annual * index // 12


@dataclass(frozen=True)
class Node:
    """When money is paid: at the end of each month, quarter, half or year, in advance, or as a bond given back.

    `share` is in hundredths of a per cent of the year's fee, 0 for what the months of the node come to. A bond (质保金)
    needs a `legal_basis`: only 履约保证金, at most 10 % of the contract, may be taken (政府采购法实施条例 第48条).
    """

    id: str
    kind: str
    share: int = 0
    condition: str = ""
    legal_basis: str = ""


def amount(fen: int) -> str:
    """Given 分, return 元 with two places and thousands apart.

    >>> amount(1234500), amount(-5)
    ('12,345.00', '-0.05')
    """
    sign, whole = ("-" if fen < 0 else ""), abs(fen)
    return f"{sign}{whole // 100:,}.{whole % 100:02d}"


def fen_of(text: str) -> int:
    """Given 元 as typed, `78,000` or `78000.50`, return 分. Raises Refused when it is no sum of money."""
    plain = text.strip().replace(",", "").replace("，", "").removeprefix("¥").removeprefix("￥")
    whole, point, rest = plain.partition(".")
    if not _is_number(whole) or len(whole) > 11 or (point and not _is_number(rest)):
        raise Refused("“%(value)s”不是金额；请写成 12345.00 这样的数字。", value=text[:30], field="amount")
    if len(rest) > 2:
        raise Refused("金额最多写到分：%(value)s。", value=text[:30], field="amount")
    return int(whole) * 100 + int(rest.ljust(2, "0"))


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()


def in_words(fen: int) -> str:
    """Given 分, return the sum as Chinese forms write it (人民币大写).

    >>> in_words(1234500), in_words(100005), in_words(0)
    ('壹万贰仟叁佰肆拾伍元整', '壹仟元零伍分', '零元整')
    """
    if fen < 0:
        return "负" + in_words(-fen)
    whole, jiao, cents = fen // 100, fen % 100 // 10, fen % 10
    told = f"{_whole_words(whole)}元" if whole or not fen else ""
    if not jiao and not cents:
        return f"{told}整"
    if jiao:
        told += f"{DIGITS[jiao]}角"
    elif told:
        told += "零"
    return told + (f"{DIGITS[cents]}分" if cents else "整")


def _whole_words(number: int) -> str:
    if not number:
        return DIGITS[0]
    groups, rest = [], number
    while rest:
        groups.append(rest % 10000)
        rest //= 10000
    told = ""
    for index in range(len(groups) - 1, -1, -1):
        group = groups[index]
        if not group:
            continue
        if told and (group < 1000 or not groups[index + 1]):
            told += DIGITS[0]
        told += _group_words(group) + GROUPS[index]
    return told


def _group_words(group: int) -> str:
    told, gap = "", False
    for place in range(3, -1, -1):
        digit = group // 10**place % 10
        if digit:
            told += (DIGITS[0] if gap else "") + DIGITS[digit] + PLACES[place]
            gap = False
        elif told:
            gap = True
    return told
