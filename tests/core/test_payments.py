"""Payment nodes over signed months: periods, shares, advances, bonds, what blocks one, what is taken off once."""

from __future__ import annotations

from datetime import date

from ops_console.core import payments as core
from ops_console.core.money import ADVANCE, BOND, HALF_NODE, MONTH_NODE, QUARTER_NODE, YEAR_NODE, Fee, Node, in_words
from ops_console.core.months import AHEAD, DRAFT, FROZEN, HISTORY, LOCKED, RUNNING
from ops_console.core.payments import MonthMoney, Payment
from ops_console.core.settlements import PENALTY_LINE, Money, MoneyLine, settle
from ops_console.core.terms import Settlement, Terms
from tests.core.builders import at, terms

FEE = 93_600_000  # 936,000.00 元 a year, 78,000.00 a month
MONTHLY = FEE // 12
C55 = MoneyLine(PENALTY_LINE, "C-55", MONTHLY, "2026-09", "case/1")


def contract(*nodes: Node, **given: object) -> Terms:
    values = {"starts_on": date(2026, 1, 1), "ends_on": date(2026, 12, 31), "counts_from": date(2026, 1, 1)}
    return terms(**{**values, "fee": Fee(FEE), "nodes": nodes, **given})


def months(
    wanted: Terms, *, state: str = LOCKED, lines: dict[str, tuple[MoneyLine, ...]] | None = None, year: int = 1,
    **other: str,
) -> dict[str, MonthMoney]:  # fmt: skip
    """Every month of a year in that state, but for `m03=RUNNING`; each signed on the 10th of the next month."""
    found = {}
    for index, month in enumerate(core.months_of_year(wanted, year)):
        now = other.get(f"m{month[5:]}", state)
        fee = wanted.fee.of_month(month, index) if wanted.fee else None
        if now != LOCKED:
            found[month] = MonthMoney(month, now, fee)
            continue
        number = int(month[5:])
        signed = at(f"{int(month[:4]) + number // 12}-{number % 12 + 1:02d}-10 15:00")
        money = settle(fee, (lines or {}).get(month, ()))
        found[month] = MonthMoney(month, LOCKED, fee, money, signed, "both", "ab12cd34ef56")
    return found


def paid(wanted: Terms, **given: object) -> tuple[Payment, ...]:
    return core.payments_of(wanted, 1, months(wanted, **given))  # type: ignore[arg-type]


def test_without_nodes_each_month_is_paid_by_itself() -> None:
    found = paid(contract())
    assert [one.key for one in found][:2] == ["month/2026-01", "month/2026-02"]
    assert len(found) == 12 and {one.payable for one in found} == {MONTHLY}
    assert sum(one.payable or 0 for one in found) == FEE
    assert core.share_warnings(found) == ()


def test_quarters_halves_and_the_year_add_up_their_months() -> None:
    for kind, count in ((QUARTER_NODE, 4), (HALF_NODE, 2), (YEAR_NODE, 1)):
        found = paid(contract(Node("n", kind)))
        assert len(found) == count
        assert [one.payable for one in found] == [FEE // count] * count
        assert [month.month for month in found[0].months] == [f"2026-{n:02d}" for n in range(1, 12 // count + 1)]
    assert found[0].words == in_words(FEE) == "玖拾叁万陆仟元整"


def test_a_deduction_is_taken_off_where_its_month_is_paid_and_named_by_its_clause() -> None:
    first, second, third, fourth = paid(contract(Node("q", QUARTER_NODE)), lines={"2026-09": (C55,)})
    assert [one.payable for one in (first, second, fourth)] == [3 * MONTHLY] * 3
    assert (third.gross, third.deducted, third.payable) == (3 * MONTHLY, MONTHLY, 2 * MONTHLY)
    assert core.by_clause(third.lines) == ((PENALTY_LINE, "C-55", MONTHLY),)


def test_an_unsigned_month_holds_its_node_up_by_name() -> None:
    first, second, *_ = paid(contract(Node("q", QUARTER_NODE)), m05=FROZEN, m06=RUNNING)
    assert first.payable is not None
    assert second.payable is None and [one.month for one in second.missing] == ["2026-05", "2026-06"]
    assert second.status(date(2026, 6, 20), None) == core.NOT_YET
    blocked = paid(contract(Node("q", QUARTER_NODE)), m05=FROZEN)[1]
    assert blocked.status(date(2026, 7, 20), None) == core.BLOCKED
    assert paid(contract(Node("q", QUARTER_NODE)), state=AHEAD)[3].status(date(2026, 1, 1), None) == core.NOT_YET
    assert paid(contract(), m05=DRAFT)[4].status(date(2026, 6, 3), None) == core.BLOCKED


def test_a_month_whose_whole_fee_is_deducted_leaves_nothing_to_be_paid() -> None:
    ninth = paid(contract(), lines={"2026-09": (C55,)})[8]
    assert ninth.payable == 0
    assert ninth.status(date(2027, 1, 1), None) == core.NOTHING


def test_it_is_due_so_many_days_after_the_last_signature() -> None:
    first, *_, last = paid(contract(Node("q", QUARTER_NODE)))
    assert first.due_on == date(2026, 5, 10)  # signed on 10 April, 30 natural days
    assert last.due_on == date(2027, 2, 9)  # signed in the next year
    assert first.status(date(2026, 5, 10), None) == core.WAITING
    assert first.status(date(2026, 5, 11), None) == core.OVERDUE
    assert first.status(date(2026, 5, 11), date(2026, 5, 9)) == core.PAID
    quick = contract(Node("q", QUARTER_NODE), settlement=Settlement(pay_days=0))
    assert paid(quick)[0].due_on == date(2026, 4, 10)


def test_months_before_go_live_are_not_in_the_sum_and_hold_nothing_up() -> None:
    first, second, *_ = paid(contract(Node("q", QUARTER_NODE)), m01=HISTORY, m02=HISTORY)
    assert first.history == ("2026-01", "2026-02")
    assert (first.gross, first.payable) == (MONTHLY, MONTHLY)
    assert second.payable == 3 * MONTHLY
    gone = paid(contract(), m01=HISTORY)[0]
    assert (gone.payable, gone.status(date(2026, 6, 1), None)) == (None, core.OFF)


def test_shares_are_cut_so_that_they_add_up_to_the_whole() -> None:
    odd = contract(Node("q", QUARTER_NODE, share=2500), fee=Fee(10_000_003))
    found = paid(odd)
    assert sum(one.gross or 0 for one in found) == 10_000_003
    assert core.share_warnings(found) == ()
    thirds = contract(Node("m", MONTH_NODE, share=833))
    assert str(core.share_warnings(paid(thirds))[0]) == "各付款节点合计为合同年费用的 99.96%，其余没有写何时支付。"
    much = contract(Node("y", YEAR_NODE, share=10000), Node("h", HALF_NODE, share=500))
    assert "110%，超过 100%" in str(core.share_warnings(paid(much))[0])


def test_an_advance_is_taken_back_from_the_payments_after_it() -> None:
    wanted = contract(Node("a", ADVANCE, share=3000), Node("q", QUARTER_NODE))
    advance, first, second, third, fourth = paid(wanted)
    assert (advance.payable, advance.due_on) == (28_080_000, date(2026, 1, 31))
    assert (first.offset, first.payable) == (23_400_000, 0)
    assert (second.offset, second.payable) == (4_680_000, 18_720_000)
    assert (third.offset, fourth.offset) == (0, 0)
    assert sum(one.payable or 0 for one in (advance, first, second, third, fourth)) == FEE
    assert core.share_warnings(paid(wanted)) == ()


def test_an_advance_that_is_part_of_the_whole_is_not_taken_back() -> None:
    wanted = contract(Node("a", ADVANCE, share=3000), Node("y", YEAR_NODE, share=7000))
    advance, rest = paid(wanted)
    assert (rest.offset, rest.payable) == (0, FEE * 7 // 10)
    assert (advance.payable or 0) + (rest.payable or 0) == FEE


def test_what_a_payment_cannot_bear_is_brought_to_the_next() -> None:
    wanted = contract(Node("q", QUARTER_NODE, share=500), Node("y", YEAR_NODE, share=8000))
    found = paid(wanted, lines={"2026-01": (C55,)})
    first, second = found[:2]
    assert (first.gross, first.deducted, first.payable, first.short) == (4_680_000, MONTHLY, 0, 3_120_000)
    assert (second.brought, second.payable) == (3_120_000, 1_560_000)
    assert found[-1].node.id == "y" and found[-1].deducted == 0  # the year takes nothing off twice
    assert sum(one.payable or 0 for one in found) == FEE - MONTHLY


def test_a_month_whose_deductions_exceed_its_fee_is_told_of() -> None:
    more = MoneyLine(PENALTY_LINE, "C-55", MONTHLY, "2026-08", "case/2")
    found = paid(contract(), lines={"2026-09": (C55, more)})[8]
    assert (found.payable, found.deducted) == (0, MONTHLY)
    assert "78,000.00 元未扣足" in str(found.warnings[0])


def test_a_deduction_without_a_clause_is_told_of() -> None:
    bare = MoneyLine(PENALTY_LINE, "", 100, "2026-09", "")
    assert str(paid(contract(), lines={"2026-09": (bare,)})[8].warnings[0]) == "2026-09 有扣款没有写条款依据。"


def test_a_quality_bond_is_off_without_a_legal_basis() -> None:
    (*_, bond) = paid(contract(Node("y", YEAR_NODE), Node("b", BOND, share=500)))
    assert (bond.payable, bond.due_on, bond.status(date(2027, 2, 1), None)) == (None, None, core.OFF)
    assert "政府采购法实施条例第48条" in str(bond.warnings[0]) and "%%" not in str(bond.warnings[0])
    assert core.share_warnings(paid(contract(Node("y", YEAR_NODE), Node("b", BOND, share=500)))) == ()


def test_a_bond_with_its_basis_comes_back_after_the_contracts_end() -> None:
    node = Node("b", BOND, share=1000, legal_basis="补充协议 2026-3")
    (*_, bond) = paid(contract(Node("y", YEAR_NODE), node))
    assert (bond.payable, bond.due_on, bond.warnings) == (9_360_000, date(2027, 1, 30), ())
    (*_, held_up) = paid(contract(Node("y", YEAR_NODE), node), m12=FROZEN)
    assert held_up.payable is None and [one.month for one in held_up.missing] == ["2026-12"]


def test_a_bond_above_a_tenth_of_the_contract_is_told_of_by_the_rules_name() -> None:
    node = Node("b", BOND, share=1001, legal_basis="补充协议")
    (*_, bond) = paid(contract(Node("y", YEAR_NODE), node))
    assert str(bond.warnings[0]) == (
        "保证金 93,693.60 元超过合同金额的 10%（93,600.00 元），违反政府采购法实施条例第48条。"
    )
    three = contract(Node("y", YEAR_NODE), Node("b", BOND, share=3000, legal_basis="x"), ends_on=date(2028, 12, 31))
    assert [one.node.kind for one in core.payments_of(three, 1, months(three))] == [YEAR_NODE]
    last = core.payments_of(three, 3, months(three, year=3))[-1]
    assert (last.gross, last.warnings) == (28_080_000, ())  # a tenth of three years' fees, exactly


def test_a_contract_without_a_fee_pays_nothing_and_fails_nothing() -> None:
    found = paid(contract(Node("q", QUARTER_NODE), Node("a", ADVANCE, share=3000), fee=None))
    assert {one.payable for one in found} == {None}


def test_a_contract_that_begins_within_a_month_has_its_own_quarters() -> None:
    odd = contract(Node("q", QUARTER_NODE), starts_on=date(2026, 3, 15), ends_on=date(2027, 3, 14))
    assert core.months_of_year(odd, 1) == (*(f"2026-{n:02d}" for n in range(3, 13)), "2027-01", "2027-02")
    first, *_ = core.payments_of(odd, 1, months(odd))
    assert [one.month for one in first.months] == ["2026-03", "2026-04", "2026-05"]
    leap = contract(Node("q", QUARTER_NODE), starts_on=date(2028, 2, 29), ends_on=date(2029, 2, 27))
    assert len(core.months_of_year(leap, 1)) == 12


def test_a_short_contract_has_fewer_payments() -> None:
    short = contract(Node("q", QUARTER_NODE), ends_on=date(2026, 5, 31))
    found = core.payments_of(short, 1, months(short))
    assert [len(one.months) for one in found] == [3, 2]


def test_money_of_a_month_without_a_fee_deducts_nothing() -> None:
    assert MonthMoney("2026-01", LOCKED, None, Money(None, (), None, 0, "")).deducted == 0
