"""Doing what becomes of each month of the demo year: entered, explained, sampled, objected to, signed, paid.

Not for which steps there are (`core/demo_contract.py`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta
from random import Random

from ops_console.core import demo_contract as plan
from ops_console.core import demo_steps as acts
from ops_console.core.demo import SEED
from ops_console.core.entries import ENTERED, Value
from ops_console.core.measures import MEASURES
from ops_console.core.moments import ZONE
from ops_console.core.months import LOCKED, REJECTED
from ops_console.services import (
    assessments,
    delegations,
    entries,
    entry_forms,
    months,
    payments,
    proofs,
    sample_acts,
    samples,
    signatures,
)
from ops_console.services.delegations import NewDelegation
from ops_console.services.demo_parts import Calling, Part
from ops_console.services.month_words import Desk
from ops_console.services.samples import Which
from ops_console.services.signatures import Sign
from ops_console.store import assessments as assessment_store

OBJECTED = "2026-04"  # the month in which the vendor disputes an unproven answer
ADJUSTED, ADJUSTED_ITEM, ADJUSTED_TO = "2026-03", "A1", 150
# What the vendor says of what it did not keep, by the clock or, for a duty, by "duty".
ACCOUNTS: Mapping[str, tuple[str, ...]] = {
    "response": (
        "当时正在处理另一起故障，未能及时回复；已增设值班副手。",
        "节后集中报修，驻场一人应答不及；已安排二线节后首日到场。",
        "夜间值班手机静音，已改为双人值班。",
    ),
    "arrival": ("夜间由二线到场，路程较远；已约定由就近人员先到。",),
    "repair": ("故障定位耗时较长，需厂商配合；已补充应急切换办法。", "备件不在现场，已在机房存放常用备件。"),
    "hotline": ("晚间咨询未及时回复，已改为值班轮换并设提醒。", "消息被其他群消息淹没，已启用机器人提醒。"),
    "duty": ("负责人休假，交接遗漏；已补做并加入交接单。", "材料返工一次，晚于约定日完成。"),
}  # fmt: skip


def _enter(part: Part) -> None:
    for name, (numerator, denominator) in plan.entered(part.month).items():
        new = entries.NewEntry(part.month, MEASURES[name], Value(numerator, denominator))
        row = entries.enter(part.session, part.book, new, part.actor, part.now, last_frozen=assessments.last_frozen)
        text = f"{part.month} {MEASURES[name].title}：{numerator}／{denominator}"
        file = part.paper(f"{part.month}-{MEASURES[name].title}", text)
        proofs.attach(part.session, entries.SUBJECT, str(row.id), file, part.actor, part.now)


def _confirm_entries(part: Part) -> None:
    form = entry_forms.form(
        part.session, part.book, part.month, part.actor, part.now, last_frozen=assessments.last_frozen
    )
    waiting = [one.id for line in form.lines for one in line.versions if one.state == ENTERED]
    if waiting:
        entries.confirm(part.session, part.book, waiting, part.actor, part.now, last_frozen=assessments.last_frozen)


def _explain(part: Part) -> None:
    shown = months.screen(part.session, part.book, part.contract_id, part.month, actor=part.actor, now=part.now)
    desk = _desk(part)
    for target, kind in _kinds(shown):
        texts = ACCOUNTS[kind]
        desk.explain(target, Random(f"{SEED}/explain/{part.month}/{target}").choice(texts))  # noqa: S311 - a demo's words
    if part.month == OBJECTED:
        disputed = next((target for target, kind in _kinds(shown) if kind == "response"), None)
        if disputed is not None:
            desk.object(disputed, "当时已在群内答复，登记晚了，不应按未证实计。")


def _kinds(shown: months.Screen) -> Iterator[tuple[str, str]]:
    """What waits for the vendor's account, each with the clock it is about, or `duty`."""
    clocks = {one.target: one.clock for one in shown.month.facts.judged}
    for target in shown.unexplained:
        yield target, clocks.get(target, "duty")


def _desk(part: Part) -> Desk:
    return Desk(part.session, part.book, part.contract_id, part.month, actor=part.actor, now=part.now)


def _answer_objections(part: Part) -> None:
    shown = months.screen(part.session, part.book, part.contract_id, part.month, actor=part.actor, now=part.now)
    desk = _desk(part)
    for dispute in shown.disputes:
        if dispute.answer is None:
            text = "群聊记录里没有该时刻的答复，双方看过原始记录，仍按未证实计。"
            desk.answer(dispute.objection.id, REJECTED, text)


def _adjust(part: Part) -> None:
    if part.month != ADJUSTED:
        return
    shown = months.screen(part.session, part.book, part.contract_id, part.month, actor=part.actor, now=part.now)
    line = next((one for one in shown.month.assessment.items if one.scored.code == ADJUSTED_ITEM), None)
    if line is not None and line.scored.deducted > ADJUSTED_TO:
        reason = "3 月 2 日节后首日集中报修 19 件，驻场已尽力，酌减"
        _desk(part).adjust(ADJUSTED_ITEM, ADJUSTED_TO, reason)


def _list(part: Part) -> None:
    by = Calling(actor=part.actor, now=part.now, is_locked=part.is_locked)
    sample_acts.commit(part.session, part.book, Which(part.contract_id, part.month, 0), "", **by)


def _draw(part: Part) -> None:
    which = Which(part.contract_id, part.month, 1)
    found = samples.one(part.session, which, part.actor)
    assert found is not None, part.month
    by = Calling(actor=part.actor, now=part.now, is_locked=part.is_locked)
    sample_acts.draw(part.session, which, found.row.digest, part.told("seed"), **by)


def _hear(part: Part) -> None:
    which = Which(part.contract_id, part.month, 1)
    found = samples.one(part.session, which, part.actor)
    place = int(part.told("place"))
    if found is None or place > len(found.tickets):
        return
    heard = sample_acts.Heard(place, part.told("answer"))
    by = Calling(actor=part.actor, now=part.now, is_locked=part.is_locked)
    sample_acts.answer(part.session, which, heard, **by)


def _delegate(part: Part) -> None:
    first = part.now.astimezone(ZONE).date() + timedelta(days=1)
    wanted = NewDelegation(part.told("taker"), first, first + timedelta(days=6), "外出参加区域平台会议一周")
    delegations.delegate(part.session, wanted, part.actor, part.now)


def _sign(part: Part) -> None:
    row = assessment_store.heading(part.session, part.contract_id, part.month)
    if row is None or row.state == LOCKED:
        return
    wanted = Sign(row.digest)
    signatures.sign(
        part.session, part.book, part.signing, part.contract_id, part.month, wanted, actor=part.actor, now=part.now
    )


def _pay(part: Part) -> None:
    """What the signed months make payable and nobody has paid yet."""
    finance = payments.of_year(part.session, part.book, part.contract_id, None, actor=part.actor, now=part.now)
    due = next((one for one in finance.dues if one.payment.payable and one.note is None), None)
    if due is None:
        return
    assert due.payment.payable is not None
    digest = hashlib.sha256(due.key.encode()).hexdigest()
    paid = payments.Paid(
        due.key, f"0310{int(digest[:8], 16) % 10**8:08}", date.fromisoformat(part.told("paid_on")),
        f"{due.payment.payable // 100}.{due.payment.payable % 100:02}",
    )  # fmt: skip
    payments.record(part.session, part.book, part.contract_id, finance.year, paid, actor=part.actor, now=part.now)


ACTS: Mapping[str, Callable[[Part], None]] = {
    acts.ENTRIES_MADE: _enter, acts.ENTRIES_CONFIRMED: _confirm_entries, acts.MONTH_EXPLAINED: _explain,
    acts.MONTH_ANSWERED: _answer_objections, acts.MONTH_ADJUSTED: _adjust, acts.SAMPLE_LISTED: _list,
    acts.SAMPLE_DRAWN: _draw, acts.SAMPLE_ANSWERED: _hear, acts.DELEGATED: _delegate, acts.MONTH_SIGNED: _sign,
    acts.MONTH_PAID: _pay,
}  # fmt: skip
