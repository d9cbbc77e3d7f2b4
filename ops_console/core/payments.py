"""What is paid when: the contract's payment nodes over signed months, their deductions, the sum, the day it is due.

Not for what a month comes to (`core/settlements.py`) nor for storing. A node with an unsigned month is not payable; a
quality bond (质保金) counts only on a recorded legal basis. Whole 分.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from ops_console.core.moments import ZONE, day_start, month_of, shift_month
from ops_console.core.money import (
    ADVANCE,
    BOND,
    HALF_NODE,
    MONTH_NODE,
    QUARTER_NODE,
    YEAR_NODE,
    Node,
    amount,
    in_words,
)
from ops_console.core.months import AHEAD, HISTORY, LOCKED, RUNNING, year_and_place
from ops_console.core.sentences import Sentence, sentence
from ops_console.core.settlements import Money, MoneyLine
from ops_console.core.terms import Terms, contract_years

LENGTHS = {MONTH_NODE: 1, QUARTER_NODE: 3, HALF_NODE: 6, YEAR_NODE: 12}
WHOLE = 10_000  # hundredths of a per cent
LARGEST_BOND = 1_000  # of the contract's sum, in hundredths of a per cent: 政府采购法实施条例 第48条
USUAL = (Node("month", MONTH_NODE),)  # what counts where the contract names no node
OFF, NOT_YET, BLOCKED, WAITING, OVERDUE, PAID = "off", "not_yet", "blocked", "waiting", "overdue", "paid"
NOTHING = "nothing"  # signed, and nothing is left to be paid
STATUS_NAMES = {
    OFF: "不计入付款", NOT_YET: "未到", BLOCKED: "待签署", WAITING: "待付款", OVERDUE: "已过付款日", PAID: "已付款",
    NOTHING: "应付为零，不用付款",
}  # fmt: skip


@dataclass(frozen=True)
class MonthMoney:
    """One month of the contract: where it stands and, once locked, what it came to, when and under which code."""

    month: str
    state: str
    fee: int | None
    money: Money | None = None
    locked_at: datetime | None = None
    outcome: str = ""
    code: str = ""

    @property
    def deducted(self) -> int:
        """What was taken off its fee, in 分."""
        money = self.money
        return money.fee - money.payable if money and money.fee is not None and money.payable is not None else 0


@dataclass(frozen=True)
class Payment:
    """One payment of one node: which months, what they come to, what is taken off and by which clause, until when.

    `history` are months before go-live: nobody assessed them, so they are not in the sum. `missing` are those that hold
    it up. `brought` could not be deducted from the payment before; `short` could not from this one; `offset` is of the
    advance. `payable` is None while it is not payable.
    """

    key: str
    node: Node
    months: tuple[MonthMoney, ...]
    gross: int | None
    history: tuple[str, ...] = ()
    missing: tuple[MonthMoney, ...] = ()
    lines: tuple[MoneyLine, ...] = ()
    deducted: int = 0
    brought: int = 0
    offset: int = 0
    short: int = 0
    payable: int | None = None
    due_on: date | None = None
    warnings: tuple[Sentence, ...] = ()

    @property
    def words(self) -> str:
        """The sum in words (大写), "" while it is not payable."""
        return in_words(self.payable) if self.payable is not None else ""

    def status(self, today: date, paid_on: date | None) -> str:
        """Given today in Shanghai and the day it was paid, return where it stands."""
        if paid_on is not None:
            return PAID
        if self.payable == 0:
            return NOTHING
        if self.payable is not None:
            return OVERDUE if self.due_on is not None and self.due_on < today else WAITING
        if not self.missing:
            return OFF
        return NOT_YET if self.missing[-1].state in (AHEAD, RUNNING) else BLOCKED


def nodes_of(terms: Terms) -> tuple[Node, ...]:
    """Given the contract, return its payment nodes; month by month where it names none."""
    return terms.nodes or USUAL


def months_of_year(terms: Terms, year: int) -> tuple[str, ...]:
    """Given the contract and one of its years from 1, return that year's months in order, at most twelve."""
    first, last = contract_years(terms)[year - 1]
    month, found = month_of(day_start(first)), []
    while month <= month_of(day_start(last)):
        if year_and_place(terms, month)[0] == year:
            found.append(month)
        month = shift_month(month, 1)
    return tuple(found)


def payments_of(terms: Terms, year: int, known: Mapping[str, MonthMoney]) -> tuple[Payment, ...]:
    """Given the contract, one of its years and what is known of that year's months, return its payments in order.

    Four quarters of 25 % of 936,000.00 元 are 234,000.00 each; what a month was deducted is taken off once, from the
    first payment that covers it.
    """
    months = [known[month] for month in months_of_year(terms, year)]
    if not months:
        return ()
    drafts: list[Payment] = []
    for node in nodes_of(terms):
        if node.kind in LENGTHS:
            drafts += _period_payments(terms, node, months)
        elif node.kind == ADVANCE:
            drafts.append(_advance(terms, node, year, months))
        elif year == len(contract_years(terms)):
            drafts.append(_bond(terms, node, months))
    ordered = sorted(drafts, key=lambda one: (one.node.kind == BOND, one.months[-1].month if one.months else ""))
    return tuple(_settled(terms, ordered))


def _period_payments(terms: Terms, node: Node, months: Sequence[MonthMoney]) -> Iterable[Payment]:
    size = LENGTHS[node.kind]
    for index in range(0, len(months), size):
        covered = tuple(months[index : index + size])
        assessed = tuple(one for one in covered if one.state != HISTORY)
        yield Payment(
            f"{node.id}/{covered[0].month}", node, assessed or covered,
            _share(terms, node, index // size) if node.share else _fees(assessed),
            history=tuple(one.month for one in covered if one.state == HISTORY),
            missing=tuple(one for one in assessed if one.state != LOCKED),
        )  # fmt: skip


def _fees(months: Sequence[MonthMoney]) -> int | None:
    fees = [one.fee for one in months]
    return sum(fee for fee in fees if fee is not None) if fees and None not in fees else None


def _share(terms: Terms, node: Node, index: int = 0) -> int | None:
    """The share of the year's fee, so cut that the payments of one node add up to the whole."""
    if terms.fee is None:
        return None
    whole = terms.fee.annual * node.share
    return whole * (index + 1) // WHOLE - whole * index // WHOLE


def _advance(terms: Terms, node: Node, year: int, months: Sequence[MonthMoney]) -> Payment:
    first = contract_years(terms)[year - 1][0]
    gross = _share(terms, node)
    due = first + timedelta(days=terms.settlement.pay_days)
    return Payment(f"{node.id}/{months[0].month}", node, (), gross, payable=gross or None, due_on=due)


def _bond(terms: Terms, node: Node, months: Sequence[MonthMoney]) -> Payment:
    """Money given back after the contract's end: off without a legal basis, told of past a tenth of the contract."""
    found = Payment(f"{node.id}/{months[-1].month}", node, (), _share(terms, node))
    if not node.legal_basis:
        told = sentence(
            "没有记录收取质保金的法律依据，不计入付款：政府采购只可收取履约保证金，不超过合同金额的 10%"
            "（政府采购法实施条例第48条）。"
        )
        return replace(found, warnings=(told,))
    missing = tuple(one for one in months if one.state not in (LOCKED, HISTORY))
    due = terms.ends_on + timedelta(days=terms.settlement.pay_days)
    payable, large = None if missing else found.gross, _bond_warnings(terms, found)
    return replace(found, missing=missing, payable=payable, due_on=due, warnings=large)


def _bond_warnings(terms: Terms, found: Payment) -> tuple[Sentence, ...]:
    years = len(contract_years(terms))
    most = terms.fee.annual * years * LARGEST_BOND // WHOLE if terms.fee else 0
    if found.gross is None or found.gross <= most:
        return ()
    return (
        sentence(
            "保证金 %(sum)s 元超过合同金额的 10%%（%(most)s 元），违反政府采购法实施条例第48条。",
            sum=amount(found.gross), most=amount(most),
        ),
    )  # fmt: skip


def _settled(terms: Terms, drafts: Sequence[Payment]) -> Iterable[Payment]:
    taken: set[str] = set()
    brought, advance = 0, _to_take_back(terms, drafts)
    for draft in drafts:
        if draft.node.kind in (ADVANCE, BOND) or draft.gross is None:
            yield draft
            continue
        fresh = [one for one in draft.months if one.month not in taken]
        taken |= {one.month for one in fresh}
        lines = tuple(line for one in fresh if one.money for line in one.money.lines)
        deducted = sum(one.deducted for one in fresh)
        if draft.missing or not any(one.state == LOCKED for one in draft.months):
            yield replace(draft, lines=lines, deducted=deducted)
            continue
        left = draft.gross - deducted - brought
        offset = min(max(left, 0), advance)
        payable, short = max(left - offset, 0), max(-left, 0)
        yield replace(
            draft, lines=lines, deducted=deducted, brought=brought, offset=offset, payable=payable, short=short,
            due_on=_due_on(terms, draft), warnings=_line_warnings(fresh),
        )  # fmt: skip
        brought, advance = short, advance - offset


def _due_on(terms: Terms, draft: Payment) -> date | None:
    """So many natural days after the last of its months was signed."""
    signed = [one.locked_at for one in draft.months if one.locked_at is not None]
    if not signed:
        return None
    return max(signed).astimezone(ZONE).date() + timedelta(days=terms.settlement.pay_days)


def _line_warnings(months: Iterable[MonthMoney]) -> tuple[Sentence, ...]:
    told = []
    for one in months:
        if one.money and any(not line.clause for line in one.money.lines):
            told.append(sentence("%(month)s 有扣款没有写条款依据。", month=one.month))
        if one.money and one.money.carried_over:
            over = amount(one.money.carried_over)
            told.append(
                sentence("%(month)s 的扣款超过当月费用，%(sum)s 元未扣足，须另行结转。", month=one.month, sum=over)
            )
    return tuple(told)


def _to_take_back(terms: Terms, drafts: Sequence[Payment]) -> int:
    """What of the advance is taken off later payments: as far as all shares together exceed the year's fee."""
    if terms.fee is None:
        return 0
    ahead = sum(one.node.share for one in drafts if one.node.kind == ADVANCE)
    return terms.fee.annual * min(ahead, max(0, shares(drafts) - WHOLE)) // WHOLE


def shares(payments: Iterable[Payment]) -> int:
    """Given a year's payments, return what they come to of the year's fee, in hundredths of a per cent, bonds apart.

    A node without a share pays what its months come to: the whole.
    """
    counted = [one.node for one in payments if one.node.kind != BOND]
    return sum(node.share for node in counted) + WHOLE * len({node.id for node in counted if not node.share})


def share_warnings(payments: Sequence[Payment]) -> tuple[Sentence, ...]:
    """Given a year's payments, return what is odd about their shares: more or less than the year's fee in all."""
    total = shares(payments)
    ahead = sum(one.node.share for one in payments if one.node.kind == ADVANCE)
    total -= min(ahead, max(0, total - WHOLE))
    if total == WHOLE:
        return ()
    told = f"{total // 100}.{total % 100:02d}".removesuffix(".00")
    if total > WHOLE:
        return (sentence("各付款节点合计为合同年费用的 %(n)s%%，超过 100%%。", n=told),)
    return (sentence("各付款节点合计为合同年费用的 %(n)s%%，其余没有写何时支付。", n=told),)


def by_clause(lines: Iterable[MoneyLine]) -> tuple[tuple[str, str, int], ...]:
    """Given deductions, return (kind, clause, 分) added up, in order of clauses."""
    found: dict[tuple[str, str], int] = {}
    for line in lines:
        found[line.kind, line.clause] = found.get((line.kind, line.clause), 0) + line.amount
    return tuple((kind, clause, found[kind, clause]) for kind, clause in sorted(found, key=lambda key: key[::-1]))
