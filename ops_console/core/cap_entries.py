"""The life of a cap's entry: its events, what they come to, and what may happen next.

Not for counting (`core/caps.py`) and not for who may do it (`services/cap_entries.py`, `services/cap_agreements.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from ops_console.core.caps import (
    ASKED,
    DEFERRED,
    GOODWILL,
    HELD,
    LIVE,
    ORDER,
    RESERVED,
    RETURNED,
    STATE_NAMES,
    USED,
    CapEntry,
)
from ops_console.core.errors import Refused
from ops_console.core.people import HOSPITAL, VENDOR, Actor, Permission
from ops_console.core.sentences import sentence
from ops_console.core.sheet_text import has_forbidden
from ops_console.core.tickets import Event

SUBJECT = "cap"
CAP_ASKED, CAP_SHEET_AGREED, CAP_HELD, CAP_APPROVED = "cap_asked", "cap_sheet_agreed", "cap_held", "cap_approved"
CAP_DEFERRED, CAP_BESIDE, CAP_ACCEPTED, CAP_RETURNED = "cap_deferred", "cap_beside", "cap_accepted", "cap_returned"
CAP_RENAMED = "cap_renamed"
EVENT_NAMES = {
    CAP_ASKED: "提出额度需求", CAP_SHEET_AGREED: "双方确认需求单", CAP_HELD: "超额待商定", CAP_APPROVED: "甲方批准开工",
    CAP_DEFERRED: "推迟到下一合同年", CAP_BESIDE: "超额商定，额度外开工", CAP_ACCEPTED: "甲方验收核销",
    CAP_RETURNED: "退回，不再计入", CAP_RENAMED: "拆分后改名",
}  # fmt: skip
# What both parties agree upon about an entry: the act of a proposal's payload.
SHEET_ACT, RETYPE_ACT, RETURN_ACT, SPLIT_ACT, MERGE_ACT = "sheet", "retype", "return", "split", "merge"
ACTS = (SHEET_ACT, ORDER, GOODWILL, DEFERRED, RETYPE_ACT, RETURN_ACT, SPLIT_ACT, MERGE_ACT)
ACT_NAMES = {
    SHEET_ACT: "确认需求单", ORDER: "变更单或补充协议", GOODWILL: "乙方自愿免费", DEFERRED: "推迟到下一合同年",
    RETYPE_ACT: "改归别类", RETURN_ACT: "退回占用", SPLIT_ACT: "拆成两项", MERGE_ACT: "并入另一项",
}  # fmt: skip
OVER_ACTS = (ORDER, GOODWILL, DEFERRED, RETYPE_ACT)
LONGEST_TITLE, LONGEST_NAME, LONGEST_DOCUMENT = 200, 100, 80
# What commits a party to money or to a scope is its head's word (domain §1.2 C-31, §1.9): chief and project manager.
HEADS: Mapping[str, Permission] = {HOSPITAL: "caps.decide", VENDOR: "months.sign"}
SPOKESMEN: Mapping[str, Permission] = {HOSPITAL: "caps.decide", VENDOR: "caps.record"}


def fold(entry_id: int, events: Iterable[Event]) -> CapEntry:
    """Given an entry's events in the order they were recorded, return what they come to. The first asks for it."""
    entry: CapEntry | None = None
    for event in events:
        entry = _asked(entry_id, event) if entry is None else APPLY.get(event.kind, _unchanged)(entry, event)
    assert entry is not None
    return entry


def _asked(entry_id: int, event: Event) -> CapEntry:
    given = event.facts
    return CapEntry(
        entry_id, int(str(given["contract"])), str(given["clause"]), int(str(given["year"])),
        event.personal.get("title", ""), event.personal.get("requester", ""), str(given["side"]), event.occurred_at,
        event.recorded_at, event.actor, str(given.get("ticket") or ""),
    )  # fmt: skip


def _unchanged(entry: CapEntry, event: Event) -> CapEntry:
    return entry


def _sheet_agreed(entry: CapEntry, event: Event) -> CapEntry:
    return replace(entry, sheet_on=date.fromisoformat(str(event.facts["agreed_on"])))


def _held(entry: CapEntry, event: Event) -> CapEntry:
    return replace(entry, state=HELD, held_at=event.occurred_at, year=int(str(event.facts["year"])))


def _approved(entry: CapEntry, event: Event) -> CapEntry:
    return replace(
        entry, state=RESERVED, approved_at=event.occurred_at, approved_by=event.actor,
        year=int(str(event.facts["year"])),
    )  # fmt: skip


def _deferred(entry: CapEntry, event: Event) -> CapEntry:
    return replace(
        entry, state=ASKED, way=DEFERRED, deferred_at=event.occurred_at, year=int(str(event.facts["year"])),
        not_before=date.fromisoformat(str(event.facts["not_before"])),
    )  # fmt: skip


def _beside(entry: CapEntry, event: Event) -> CapEntry:
    fee = event.facts.get("fee")
    return replace(
        _approved(entry, event), way=str(event.facts["way"]), document=str(event.facts.get("document") or ""),
        fee=int(str(fee)) if fee is not None else None,
    )  # fmt: skip


def _accepted(entry: CapEntry, event: Event) -> CapEntry:
    return replace(entry, state=USED, accepted_at=event.occurred_at, accepted_by=event.actor)


def _returned(entry: CapEntry, event: Event) -> CapEntry:
    into = event.facts.get("into")
    return replace(
        entry, state=RETURNED, returned_at=event.occurred_at, why=str(event.facts["why"]),
        into=int(str(into)) if into is not None else None,
    )  # fmt: skip


def _renamed(entry: CapEntry, event: Event) -> CapEntry:
    return replace(entry, title=event.personal.get("title", entry.title))


APPLY: Mapping[str, Callable[[CapEntry, Event], CapEntry]] = {
    CAP_SHEET_AGREED: _sheet_agreed,
    CAP_HELD: _held,
    CAP_APPROVED: _approved,
    CAP_DEFERRED: _deferred,
    CAP_BESIDE: _beside,
    CAP_ACCEPTED: _accepted,
    CAP_RETURNED: _returned,
    CAP_RENAMED: _renamed,
}


# -- what may happen --------------------------------------------------------------------------------------------------


def _known(entry: CapEntry) -> dict[str, Any]:
    return {"title": entry.title, "state": sentence(STATE_NAMES[entry.state])}


def check_state(entry: CapEntry, *states: str) -> None:
    """Given an entry and the states in which an act can be, let it pass. Raises Refused telling its state."""
    if entry.state not in states:
        raise Refused("“%(title)s”现在是%(state)s，不能这样办理；请刷新页面。", **_known(entry))


def check_start(entry: CapEntry, today: date, *, agreement_first: bool) -> None:
    """Given an entry whose start is to be approved on a Shanghai day, let it pass. Raises Refused.

    With `agreement_first` (C-31) both parties have to have agreed on the requirement sheet.
    """
    check_state(entry, ASKED, HELD)
    if entry.not_before is not None and today < entry.not_before:
        raise Refused(
            "“%(title)s”已推迟，%(day)s 起才能批准开工。", day=entry.not_before.isoformat(), title=entry.title
        )
    if agreement_first and entry.sheet_on is None:
        raise Refused("“%(title)s”要先由双方确认需求单（C-31：双方沟通达成协议后），才能批准开工。", title=entry.title)


def may_withdraw(entry: CapEntry, actor: Actor) -> bool:
    """Given an entry and who acts, say whether they take it back alone: the asking side, before its start.

    Once the start is approved the other party may have worked on it: both then return it together.
    """
    if entry.state not in (ASKED, HELD):
        return False
    return (actor.may("caps.record") and actor.side == entry.side) or actor.may("caps.decide")


def acts_open(entry: CapEntry, *, agreement_first: bool) -> tuple[str, ...]:
    """Given an entry and whether its clause wants an agreement first, return what both parties can agree upon now."""
    acts: list[str] = []
    if agreement_first and entry.sheet_on is None and entry.state in (ASKED, HELD):
        acts.append(SHEET_ACT)
    if entry.state == HELD:
        acts += [ORDER, GOODWILL, DEFERRED]
    if entry.state in (ASKED, HELD, RESERVED) and not entry.ticket:
        acts.append(RETYPE_ACT)
    if entry.state == RESERVED:
        acts.append(RETURN_ACT)
    if entry.state in (ASKED, HELD, RESERVED):
        acts += [SPLIT_ACT, MERGE_ACT]
    return tuple(acts)


def needed(act: str) -> Mapping[str, Permission]:
    """Given an act of both parties, return by side the right that speaks for it."""
    return HEADS if act in (SHEET_ACT, ORDER) else SPOKESMEN


def may_speak(act: str, actor: Actor, *, proposes: bool) -> bool:
    """Given an act of both parties and who would say it, say whether they may; only the vendor offers goodwill."""
    right = needed(act).get(actor.side)
    return right is not None and actor.may(right) and not (act == GOODWILL and proposes and actor.side != VENDOR)


def check_speaker(act: str, actor: Actor, *, proposes: bool) -> None:
    """Given an act of both parties and who says it, let them pass. Raises Refused telling whose word is wanted."""
    if may_speak(act, actor, proposes=proposes):
        return
    if act == GOODWILL and proposes:
        raise Refused("自愿免费只能由乙方提出，甲方确认收到。", field="permission")
    told = "“%(act)s”由甲方信息科长和乙方人员双方商定，您的角色不能办理。"
    if needed(act) is HEADS:
        told = "“%(act)s”由甲方信息科长和乙方项目经理双方商定，您的角色不能办理。"
    raise Refused(told, field="permission", act=sentence(ACT_NAMES[act]))


def check_merge(entry: CapEntry, into: CapEntry | None) -> None:
    """Given an entry and the one it is to become part of (None: there is none), let it pass. Raises Refused."""
    if into is None or into.id == entry.id or into.contract_id != entry.contract_id:
        raise Refused("没有编号如此的另一项额度需求，请检查编号。", field="into")
    if into.clause != entry.clause:
        raise Refused("只能并入同一条款的额度需求。", field="into")
    if into.state not in (ASKED, HELD, RESERVED):
        raise Refused("“%(title)s”现在是%(state)s，不能这样办理；请刷新页面。", field="into", **_known(into))


def is_live(entry: CapEntry) -> bool:
    """Given an entry, say whether it was not returned."""
    return entry.state in LIVE


def check_title(text: str, name: str = "title") -> None:
    """Given a title as typed and its field, let it pass. Raises Refused for none or one that cannot be kept."""
    if not text.strip():
        raise Refused("请用一句话写明需求。", field=name)
    check_text(text, name, LONGEST_TITLE)


def check_text(text: str, name: str, longest: int) -> None:
    """Given a text as typed, its field and its longest length, let it pass. Raises Refused."""
    if len(text.strip()) > longest or has_forbidden(text):
        raise Refused("这一栏最多 %(n)s 个字，不能含控制字符。", field=name, n=longest)
