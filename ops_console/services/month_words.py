"""What the parties say about a month's lines: the vendor explains, both object and answer, the hospital adjusts.

Not for figures. Nothing said is ever changed; a later word counts instead of an earlier one of the same kind.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from ops_console.core.agreements import check_reason
from ops_console.core.errors import NotFound, Refused
from ops_console.core.moments import whole
from ops_console.core.months import (
    ADJUSTED,
    ANSWERED,
    ANSWERS,
    DRAFT,
    EXPLAINED,
    FROZEN,
    LOCKED,
    OBJECTED,
    disputes_of,
)
from ops_console.core.people import VENDOR, Actor
from ops_console.core.tickets import Event
from ops_console.services import assessments, freezes
from ops_console.services.assessments import Month
from ops_console.services.contracts import Book
from ops_console.services.resets import refuse_fresh_reset, signing_facts
from ops_console.store import assessments as frozen
from ops_console.store import audit, contracts, signatures
from ops_console.store import month_words as store
from ops_console.store.masks import masker_of

EVENTS = {
    EXPLAINED: "month_explained", ADJUSTED: "month_adjusted", OBJECTED: "month_objected", ANSWERED: "month_answered",
}  # fmt: skip
LONGEST_TARGET = 80


def may_speak(session: Session, month: Month) -> bool:
    """Given a month, say whether anything may still be said of it: it has ended, and nobody has signed it."""
    if month.state not in (DRAFT, FROZEN):
        return False
    return month.row is None or not signatures.of_assessment(session, month.row.id, month.row.digest)


class Desk:
    """Where words about one month are put down: the contract, the month, who speaks and now, checked together."""

    def __init__(
        self, session: Session, book: Book, contract_id: int, month: str, *, actor: Actor, now: datetime
    ) -> None:
        self.session, self.book, self.contract_id, self.month = session, book, contract_id, month
        self.actor, self.now = actor, now
        contracts.hold(session, contract_id)  # first: who freezes or signs meanwhile is seen in what follows
        self.state = assessments.life(session, book, contract_id, month, now).state

    def explain(self, target: str, text: str) -> None:
        """Given a line that was not kept and the vendor's account of it, note it. Raises Refused once locked."""
        self.actor.need("months.explain")
        if self.actor.side != VENDOR:
            raise Refused("这里由乙方说明未达标的原因。", field="permission")
        self._need_open()
        self._add(EXPLAINED, target, text)
        self._reissued()

    def object(self, target: str, text: str) -> None:
        """Given a line and why it is disputed, note the objection; the other party is asked for an answer."""
        self._need_speaker()
        self._need_open()
        self._add(OBJECTED, target, text)
        self._reissued()

    def answer(self, objection_id: int, outcome: str, text: str) -> None:
        """Given an objection of the other party and what is said to it, note the answer. Raises NotFound, Refused."""
        self._need_speaker()
        self._need_open()
        words = assessments.words_of(self.session, self.contract_id, self.month)
        found = next((one for one in disputes_of(words) if one.objection.id == objection_id), None)
        if found is None:
            raise NotFound("没有这一条异议。")
        if found.objection.side == self.actor.side:
            raise Refused("这是本方提出的异议，等待对方答复。")
        if outcome not in ANSWERS:
            raise Refused("请选择对异议的答复。", field="outcome")
        self._add(ANSWERED, found.objection.target, text, answers=objection_id, outcome=outcome)
        self._reissued()

    def adjust(self, item: str, deducted: int | None, reason: str) -> None:
        """Given an item of the sheet, what it deducts instead (hundredths, None: as computed) and why, note it.

        Only the hospital does, with a fresh second factor. Raises Refused past the item's weight.
        """
        self.actor.need("months.adjust")
        self.actor.need_proof(self.now)
        refuse_fresh_reset(self.session, self.actor, self.now)
        self._need_open()
        month = assessments.of_month(self.session, self.book, self.contract_id, self.month, self.actor, self.now)
        known = {line.scored.code: line.scored.weight for line in month.assessment.items}
        if item not in known:
            raise NotFound("评分表里没有 %(item)s 这一项。", item=item)
        if deducted is not None and not 0 <= deducted <= known[item]:
            raise Refused("%(item)s 最多扣 %(n)s 分，最少 0 分。", field="deducted", item=item, n=known[item] // 100)
        self._add(ADJUSTED, item, reason, deducted=deducted)
        self._reissued()

    def _need_speaker(self) -> None:
        if not (self.actor.may("months.explain") or self.actor.may("months.adjust")):
            self.actor.need("months.explain")

    def _need_open(self) -> None:
        if self.state == LOCKED:
            raise Refused("%(month)s 已锁定，不能再提出；请计入以后的月份。", month=self.month)
        if self.state not in (DRAFT, FROZEN):
            raise Refused("%(month)s 还没有结束，月末之后再提出。", month=self.month)
        row = frozen.of_month(self.session, self.contract_id, self.month)
        if row is not None and signatures.of_assessment(self.session, row.id, row.digest):
            raise Refused("已有一方签署，不能再改；请先由签署方撤回签署。")

    def _add(
        self, kind: str, target: str, text: str, *, deducted: int | None = None, answers: int | None = None,
        outcome: str = "",
    ) -> None:  # fmt: skip
        told = check_reason(text, "text")
        at, actor = whole(self.now), self.actor
        row = store.MonthWordRow(
            contract_id=self.contract_id, month=self.month, kind=kind, target=target[:LONGEST_TARGET],
            text=masker_of(self.session).text(told), deducted=deducted, answers=answers, outcome=outcome,
            side=actor.side, by=actor.account, at=at,
        )  # fmt: skip
        self.session.add(row)
        self.session.flush()
        facts: dict[str, object] = {
            "month": self.month, "word": row.id, "target": row.target, "deducted": deducted, "answers": answers,
            "outcome": outcome, **signing_facts(self.session, actor, self.now),
        }  # fmt: skip
        event = Event(EVENTS[kind], at, at, actor.account, actor.side, facts=facts, personal={"reason": told})
        audit.append(self.session, assessments.SUBJECT, f"{self.contract_id}/{self.month}", event)

    def _reissued(self) -> None:
        """What was said of a frozen month belongs to what is signed: its result is made anew."""
        row = frozen.of_month(self.session, self.contract_id, self.month, hold=True)
        if row is None:
            return
        words = assessments.words_of(self.session, self.contract_id, self.month)
        freezes.reissue(self.session, row, words, self.actor, self.now)
