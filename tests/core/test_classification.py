"""A ticket's class: which category goes first, who said it, what waits for whom, objections, rulings, orders."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from ops_console.core import tickets as core
from ops_console.core.classification import (
    CHANGED,
    DIFFERED,
    MAINTAINED,
    OBJECTED,
    PRECEDENCE,
    RULED,
    SETTLED,
    TAKEN_BACK,
    UPHELD,
    WAITING,
    cap_of,
    category_of,
    check_confirm,
    check_exempt,
    check_objection,
    check_ruling,
    is_in_cap,
    standing,
    suggest,
    types_of,
)
from ops_console.core.errors import Refused
from ops_console.core.tickets import GRADE_IMPORTED, Event, TicketFacts
from tests.caps import CAPS, cap
from tests.core.builders import event, reported, ticket

AGREED = frozenset({"告知宣传", "接口与上传", "政策性修改", "客户化开发", "指令性任务"})
LATER = "2026-03-05 10:00:00"


def said(kind: str, side: str, *, reason: str = "", **facts: Any) -> Event:
    made = event(kind, LATER, side=side, **facts)
    return replace(made, personal={"reason": reason} if reason else {})


def classed(type: str = "客户化开发", *events: Event, side: str = "vendor", **given: Any) -> TicketFacts:
    return ticket(replace(reported(type=type, **given), side=side), *events)


def state(facts: TicketFacts) -> tuple[str, tuple[str, ...]] | None:
    found = standing(facts, AGREED)
    return (found.state, found.waits_for) if found else None


CONFIRMED = said(core.CLASS_CONFIRMED, "hospital", type="客户化开发")
OBJECTION = said(core.CLASS_OBJECTED, "hospital", type="客户化开发", wished="缺陷", reason="规格里就有")


# -- the order --------------------------------------------------------------------------------------------------------


def test_the_first_category_whose_question_is_answered_yes_goes_first_whatever_else_is() -> None:
    keys = [category.key for category in PRECEDENCE]
    assert [category.order for category in PRECEDENCE] == [1, 2, 3, 4, 5, 6, 6, 7, 8]
    for first, second in product(keys, keys):
        found = suggest({first, second})
        assert found is not None and found.key == min(first, second, key=keys.index)
    assert suggest(()) is None
    assert suggest({"nonsense"}) is None


def test_rows_one_to_four_and_adjustments_use_no_cap_the_others_each_their_own() -> None:
    assert {category.key: category.cap for category in PRECEDENCE if category.cap} == {
        "policy": "C-29", "notice": "C-25", "custom": "C-31", "specialist": "C-12",
    }  # fmt: skip
    assert [category.key for category in PRECEDENCE if category.needs_order] == ["directive"]


def test_a_types_cap_and_category_follow_the_contracts_clauses() -> None:
    own = cap("C-12", 4, "上门诊断")
    assert cap_of("上门诊断", (own,)) == own
    found = category_of("上门诊断", (own,))
    assert found is not None and found.key == "specialist"
    assert types_of(found, (own,)) == ("上门诊断",)
    assert types_of(found, ()) == ("现场专家诊断",)
    assert cap_of("", CAPS) is None
    assert cap_of("故障", CAPS) is None
    assert category_of("咨询") is None


# -- who said it ------------------------------------------------------------------------------------------------------


def test_a_class_given_at_the_report_waits_for_the_other_side() -> None:
    assert state(classed()) == (WAITING, ("hospital",))
    assert state(classed(side="hospital")) == (WAITING, ("vendor",))
    assert state(classed(side="neutral")) == (WAITING, ("hospital", "vendor"))
    assert state(classed("故障")) is None


def test_confirmed_by_the_other_side_it_is_settled_and_by_the_same_side_it_is_not() -> None:
    assert state(classed("客户化开发", CONFIRMED)) == (SETTLED, ())
    assert state(classed("客户化开发", replace(CONFIRMED, side="vendor"))) == (WAITING, ("hospital",))
    assert state(classed("客户化开发", said(core.CLASS_CONFIRMED, "hospital", type="缺陷"))) == (WAITING, ("hospital",))


def test_whoever_reports_without_an_account_binds_nobody() -> None:
    facts = classed(side="hospital", without_account=True)
    assert state(facts) == (WAITING, ("hospital", "vendor"))


def test_an_approved_proposal_is_both_parties_word_and_so_is_a_sheet_and_a_split() -> None:
    asked = said(core.CORRECTION_PROPOSED, "vendor", field="type", old="故障", new="客户化开发")
    yes = said(core.CORRECTION_DECIDED, "hospital", field="type", new="客户化开发", approved=True)
    assert state(classed("故障", asked, yes)) == (SETTLED, ())
    assert state(classed("故障", asked)) is None
    assert state(ticket(replace(reported(type="客户化开发"), grade=GRADE_IMPORTED))) == (SETTLED, ())
    assert state(classed(split_from="GD-0")) == (SETTLED, ())


def test_retyped_alone_it_waits_again() -> None:
    again = said(core.RETYPED, "hospital", old="客户化开发", type="政策性修改")
    assert state(classed("客户化开发", CONFIRMED, again)) == (WAITING, ("vendor",))


def test_what_is_withdrawn_waits_for_nobody() -> None:
    assert state(classed("客户化开发", said(core.CANCEL, "hospital", reason="不要了"))) is None


# -- objections -------------------------------------------------------------------------------------------------------


def test_an_objection_is_open_until_the_other_side_answers() -> None:
    facts = classed("客户化开发", OBJECTION)
    assert state(facts) == (OBJECTED, ("vendor",))
    assert facts.type == "客户化开发"


@pytest.mark.parametrize(
    ("answer", "type", "outcome", "came_to"),
    [
        (said(core.CLASS_ANSWERED, "vendor", upheld=True, type="缺陷"), "缺陷", UPHELD, None),
        (said(core.CLASS_ANSWERED, "vendor", upheld=True, type="政策性修改"), "政策性修改", UPHELD, (SETTLED, ())),
        (said(core.CLASS_ANSWERED, "vendor", upheld=False, reason="新增"), "客户化开发", MAINTAINED, (DIFFERED, ())),
        (CONFIRMED, "客户化开发", TAKEN_BACK, (SETTLED, ())),
        (said(core.CLASS_RULED, "hospital", type="指令性任务"), "指令性任务", CHANGED, (RULED, ("hospital", "vendor"))),
    ],
)
def test_an_objection_ends_upheld_maintained_taken_back_or_with_the_class(
    answer: Event, type: str, outcome: str, came_to: Any
) -> None:
    facts = classed("客户化开发", OBJECTION, answer)
    assert (facts.type, [one.outcome for one in facts.objections]) == (type, [outcome])
    assert facts.objections[0].decision is not None
    assert state(facts) == came_to


def test_the_hospital_rules_at_once_and_the_vendor_may_object() -> None:
    ruled = classed("客户化开发", CONFIRMED, said(core.CLASS_RULED, "hospital", type="缺陷"))
    assert (ruled.type, ruled.class_by, state(ruled)) == ("缺陷", ("hospital",), (RULED, ("vendor",)))
    check_objection(ruled, "vendor", "客户化开发", AGREED)
    agreed = classed(
        "客户化开发", CONFIRMED, said(core.CLASS_RULED, "hospital", type="缺陷"),
        said(core.CLASS_CONFIRMED, "vendor", type="缺陷"),
    )  # fmt: skip
    assert state(agreed) == (SETTLED, ())


# -- what may be said -------------------------------------------------------------------------------------------------


def test_nobody_confirms_or_objects_to_their_own_class_or_a_settled_one() -> None:
    for side, facts in (
        ("vendor", classed()),
        ("hospital", classed("客户化开发", CONFIRMED)),
        ("hospital", classed("故障")),
    ):
        with pytest.raises(Refused):
            check_confirm(facts, side, AGREED)
        with pytest.raises(Refused):
            check_objection(facts, side, "缺陷", AGREED)
    check_confirm(classed(), "hospital", AGREED)
    check_objection(classed(), "hospital", "缺陷", AGREED)


def test_an_objection_wants_another_class_and_is_raised_once() -> None:
    with pytest.raises(Refused) as refused:
        check_objection(classed(), "hospital", "客户化开发", AGREED)
    assert refused.value.field == "wished"
    with pytest.raises(Refused, match="已在等待"):
        check_objection(classed("客户化开发", OBJECTION), "hospital", "缺陷", AGREED)


def test_a_ruling_is_for_what_both_settle_alone() -> None:
    check_ruling(classed(), "缺陷", AGREED)
    check_ruling(classed("故障"), "指令性任务", AGREED)
    for facts, type in ((classed("故障"), "咨询"), (classed(), "客户化开发")):
        with pytest.raises(Refused) as refused:
            check_ruling(facts, type, AGREED)
        assert refused.value.field == "type"


def test_a_directive_is_confirmed_only_once_its_order_is_told_or_attached() -> None:
    facts = classed("指令性任务", side="hospital")
    found = standing(facts, AGREED)
    assert found is not None and (found.lacks_order, found.waits_for) == (True, ("hospital", "vendor"))
    with pytest.raises(Refused, match="上级文件"):
        check_confirm(facts, "vendor", AGREED)
    told = replace(event(core.ORDER_TOLD, LATER, side="hospital"), personal={"order": "省卫健委〔2026〕8 号"})
    shown = replace(event(core.ORDER_TOLD, LATER, side="hospital"), evidence=("a" * 64,))
    for order in (told, shown):
        check_confirm(classed("指令性任务", order, side="hospital"), "vendor", AGREED)
    void = event("attachment_voided", "2026-03-05 11:00:00", digest="a" * 64)
    with pytest.raises(Refused, match="上级文件"):
        check_confirm(classed("指令性任务", shown, void, side="hospital"), "vendor", AGREED)


# -- what uses a cap --------------------------------------------------------------------------------------------------


def test_only_what_both_settled_is_in_a_cap() -> None:
    assert is_in_cap(classed(), CAPS) is None
    found = is_in_cap(classed("客户化开发", CONFIRMED), CAPS)
    assert found is not None and found.id == "C-31"
    assert is_in_cap(classed("客户化开发", CONFIRMED), ()) is None
    assert is_in_cap(classed("客户化开发", CONFIRMED, said(core.CANCEL, "hospital", reason="不要")), CAPS) is None


def test_a_go_live_notice_is_exempt_once_both_said_so() -> None:
    exempt = said(core.CLASS_EXEMPTED, "hospital", exempt=True)
    facts = classed("告知宣传", exempt)
    assert (facts.class_by, state(facts)) == (("hospital",), (WAITING, ("vendor",)))
    both = classed("告知宣传", exempt, said(core.CLASS_CONFIRMED, "vendor", type="告知宣传", exempt=True))
    assert (state(both), is_in_cap(both, CAPS)) == ((SETTLED, ()), None)
    asked = classed("告知宣传", said(core.CLASS_CONFIRMED, "hospital", type="告知宣传"))
    assert is_in_cap(asked, CAPS) is not None


def test_exempt_is_said_of_notices_alone_and_only_before_both_settled_it() -> None:
    check_exempt(classed("告知宣传"), CAPS, AGREED)
    for facts in (classed(), classed("告知宣传", said(core.CLASS_CONFIRMED, "hospital", type="告知宣传"))):
        with pytest.raises(Refused):
            check_exempt(facts, CAPS, AGREED)


def test_another_type_is_exempt_from_nothing() -> None:
    facts = classed(
        "告知宣传", said(core.CLASS_EXEMPTED, "hospital", exempt=True),
        said(core.RETYPED, "vendor", old="告知宣传", type="客户化开发"),
    )  # fmt: skip
    assert facts.exempt is False


def test_a_correction_of_the_exemption_is_both_parties_word() -> None:
    both = classed(
        "告知宣传", said(core.CLASS_CONFIRMED, "hospital", type="告知宣传"),
        said(core.CORRECTION_PROPOSED, "vendor", field="exempt", old="false", new="true"),
        said(core.CORRECTION_DECIDED, "hospital", field="exempt", new="true", approved=True),
    )  # fmt: skip
    assert (both.exempt, state(both)) == (True, (SETTLED, ()))
