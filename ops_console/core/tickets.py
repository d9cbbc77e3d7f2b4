"""A ticket's values: its events, the words of its life, and what they come to.

Not for folding events (`core/ticket_folds.py`), clocks (`core/clocks.py`) or who may do it (`core/people.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from ops_console.core.moments import whole

# What people see of a ticket's life (style rule 22: stored Chinese terms stand here alone).
WAITING, WORKING, ON_SITE, SUSPENDED = "待响应", "处理中", "已到场", "挂起"
RESTORED, CLOSED, REJECTED, CANCELLED = "待确认", "已关闭", "已驳回", "已取消"
MERGED, RETRACTED = "已合并", "已撤回"
STATES = (WAITING, WORKING, ON_SITE, SUSPENDED, RESTORED, CLOSED, REJECTED, CANCELLED, MERGED, RETRACTED)
OPEN_STATES = (WAITING, WORKING, ON_SITE, SUSPENDED, RESTORED)
CHANNELS = ("微信群", "电话", "当面", "扫码", "管理端", "QQ", "告警")
GRADE_IMPORTED = "导入"
RATINGS = (1, 2, 3, 4, 5)
# How a ticket came to be closed: a person confirmed, nobody answered in time, or its type asks nobody (`""`: open).
SIGNED, BY_SILENCE, UNASKED, BY_REPORTER = "signed", "silence", "unasked", "reporter"
CLOSURES = (SIGNED, BY_REPORTER, BY_SILENCE, UNASKED)
ASKERS = ("医", "护", "药", "患", "其他")
CAUSES = ("程序缺陷", "接口异常", "数据错误", "配置不当", "第三方系统", "网络", "硬件", "操作不当", "环境原因", "其他")
ENVIRONMENTS = ("网络", "浏览器", "手机系统", "小程序版本", "服务器", "其他")
COST_OWNERS = ("乙方承担", "变更单", "补充协议")
MODES = ("电话", "远程", "现场")
SUSPENSION_CAUSES = ("甲方原因", "第三方原因")
# What a ticket tells that is chosen from a list, by its name.
CHOICES = {"mode": MODES, "cause": CAUSES, "asker": ASKERS}
LEVELS = ("二线", "乙方项目经理", "厂商")
ROOT_CAUSE = "根因缺陷"
RELATIONS = {"相关": "相关", ROOT_CAUSE: "引起的故障", "引起的故障": ROOT_CAUSE, "重复": "重复"}  # with its inverse

# Kinds of event.
REPORTED, RESPONDED, ARRIVED, RESTORE, CONFIRMED = "reported", "responded", "arrived", "restored", "confirmed"
ONSITE_DECIDED, RESTORE_REJECTED, REOPENED = "onsite_decided", "restore_rejected", "reopened"
SUSPEND, SUSPENSION_DECIDED, RESUMED = "suspended", "suspension_decided", "resumed"
DECLINED, CANCEL, DESCRIBED, RATED = "declined", "cancelled", "described", "rated"
CORRECTION_PROPOSED, CORRECTION_DECIDED = "correction_proposed", "correction_decided"
PERSONAL_REVEALED, PERSONAL_REFUSED = "personal_revealed", "personal_reveal_refused"
PERSONAL_PURGED = "personal_purged"
PERSONAL_KINDS = (PERSONAL_REVEALED, PERSONAL_REFUSED, PERSONAL_PURGED)  # about its texts, not about its life
PURGED = "（已按保存期清除）"  # stands where a text was destroyed
ASSIGNED, ESCALATED, LINKED, RETYPED = "assigned", "escalated", "linked", "retyped"
TIMES_ACCEPTED, TAKEN_BACK = "times_accepted", "taken_back"
# What the parties say about its class (`core/classification.py`).
CLASS_CONFIRMED, CLASS_EXEMPTED, CLASS_OBJECTED = "class_confirmed", "class_exempted", "class_objected"
CLASS_ANSWERED, CLASS_RULED, ORDER_TOLD = "class_answered", "class_ruled", "order_told"
CLASSED = (CLASS_CONFIRMED, CLASS_EXEMPTED, CLASS_OBJECTED, CLASS_ANSWERED, CLASS_RULED)
TIMES = ("reported_at", "responded_at", "arrived_at", "restored_at")
# What a description may tell besides the personal texts; `minutes` are whole minutes spent.
CONTENT = ("type", "module", "channel", "carrier", "department")
DETAILS = ("handler", "mode", "cause", "environment", "asker", "minutes", "cost_owner", "fixed_version")
PERSONAL = ("reporter", "phone", "title", "description", "process")
CREDENTIAL_RESET = "credential_reset_at"
WITHOUT_ACCOUNT = "without_account"  # said on the page that asks nobody to sign in


@dataclass(frozen=True)
class Event:
    """One fact about a ticket. Instants are aware UTC whole seconds; `facts` hold text, bool, int or None.

    `facts` are what is hashed; `personal` is kept apart and bound by a salted commitment. `originals` are personal
    texts as typed, where masking changed them: in memory alone until they are sealed. `seq` is its number in the
    chain, 0 before it has one. `voided`: of its evidence, what was marked void after it; told by the fold alone.
    """

    kind: str
    occurred_at: datetime
    recorded_at: datetime
    actor: str
    side: str
    channel: str = ""
    grade: str = ""
    evidence: tuple[str, ...] = ()
    facts: Mapping[str, object] = field(default_factory=dict)
    personal: Mapping[str, str] = field(default_factory=dict)
    originals: Mapping[str, str] = field(default_factory=dict, repr=False)
    seq: int = field(default=0, compare=False)
    voided: tuple[str, ...] = field(default=(), compare=False)

    @property
    def credential_reset_at(self) -> datetime | None:
        """When somebody else had reset the account of who said this, where that was within 30 days before."""
        at = self.facts.get(CREDENTIAL_RESET)
        return datetime.fromisoformat(str(at)) if at else None


@dataclass(frozen=True)
class Stamp:
    """Where one of a ticket's times comes from: who claimed it, when it was recorded, its grade, its proof.

    `accepted` is the other party's word on it: None while nobody said anything. `voided` is the part of its evidence
    that was marked void after it was recorded and proves nothing any more. `without_account`: nobody signed in for it.
    `rejected_at`: when the hospital said that this restore was none; it counts for nothing since.
    """

    at: datetime
    recorded_at: datetime
    actor: str
    side: str
    channel: str
    grade: str
    evidence: tuple[str, ...] = ()
    accepted: bool | None = None
    voided: tuple[str, ...] = ()
    without_account: bool = False
    rejected_at: datetime | None = None

    @property
    def proof(self) -> tuple[str, ...]:
        """The evidence that still proves something."""
        return tuple(digest for digest in self.evidence if digest not in self.voided)


@dataclass(frozen=True)
class Link:
    """That a ticket has to do with another: its number, and what that other is to this one (a key of RELATIONS)."""

    number: str
    relation: str


@dataclass(frozen=True)
class Decision:
    """The other party's word on what was asked of it: who gave it, when, and why it refused, where that was told."""

    actor: str
    at: datetime
    reason: str = ""


@dataclass(frozen=True)
class Suspension:
    """One suspension: from, until (None while open), why, and the hospital's word (None: not given yet).

    `cause` is whose it is, one of SUSPENSION_CAUSES where it was told.
    """

    started_at: datetime
    ended_at: datetime | None
    approved: bool | None
    reason: str
    cause: str = ""
    asked_by: str = ""
    asked_at: datetime | None = None
    decision: Decision | None = None

    @property
    def refusal(self) -> str:
        """Why the hospital did not approve it, where that was told."""
        return self.decision.reason if self.decision is not None and self.approved is False else ""


@dataclass(frozen=True)
class Proposal:
    """What one party asks of the other: one field, the old and the proposed value; None until the other decides.

    `reason` is why it is asked; `text` what was typed with it: the title of the ticket to be split off.
    """

    field: str
    old: str
    new: str
    approved: bool | None
    proposed_by: str
    proposed_at: datetime
    side: str = ""
    text: str = ""
    reason: str = ""
    decision: Decision | None = None

    @property
    def refusal(self) -> str:
        """Why the other party did not approve it, where that was told."""
        return self.decision.reason if self.decision is not None and self.approved is False else ""


@dataclass(frozen=True)
class Objection:
    """That one party does not hold with the class the other gave: to which type, why, and what it should be, if told.

    `outcome` is one of `core.classification.OUTCOMES`, `""` while it is open; `decision` is the word that ended it.
    """

    type: str
    side: str
    actor: str
    at: datetime
    reason: str
    wished: str = ""
    outcome: str = ""
    decision: Decision | None = None


@dataclass(frozen=True)
class TicketFacts:
    """What a ticket's events come to at an instant.

    `taken_back_at` is when the hospital last took a restore back: by rejecting it or by reopening the ticket.
    `imported`: all but its corrections was taken over from sheets, nothing of its life happened in the console.
    `class_by` are the sides that said the type it has, and whether it is `exempt` from its type's cap; `ruled`: the
    hospital set the type alone. `order` is what the hospital told of a superior's order, `order_files` its scans.
    """

    number: str
    type: str
    module: str
    channel: str
    needs_onsite: bool
    reported_at: datetime
    recorded_at: datetime
    department: str = ""
    carrier: str = ""
    responded_at: datetime | None = None
    arrived_at: datetime | None = None
    restorations: tuple[datetime, ...] = ()
    reopenings: tuple[datetime, ...] = ()
    confirmed_at: datetime | None = None
    taken_back_at: datetime | None = None
    suspensions: tuple[Suspension, ...] = ()
    proposals: tuple[Proposal, ...] = ()
    withdrawn: str = ""
    withdrawn_at: datetime | None = None
    rating: int | None = None
    imported: bool = False
    closure: str = ""
    stamps: Mapping[str, Stamp] = field(default_factory=dict)
    details: Mapping[str, str] = field(default_factory=dict)
    assignee: str = ""
    escalated_to: str = ""
    links: tuple[Link, ...] = ()
    merged_into: str = ""
    agreed_on: str = ""
    personal: Mapping[str, str] = field(default_factory=dict)
    class_by: tuple[str, ...] = ()
    ruled: bool = False
    exempt: bool = False
    objections: tuple[Objection, ...] = ()
    order: str = ""
    order_files: tuple[str, ...] = ()

    @property
    def restored_at(self) -> datetime | None:
        """When the service was restored for good, or None while it is not."""
        return self.restorations[-1] if len(self.restorations) > len(self.reopenings) else None

    @property
    def closed_at(self) -> datetime | None:
        """When the restore that stands was confirmed, or None: a word given before it is not about it.

        Where nobody is asked, the restore itself closes.
        """
        if self.restored_at is not None and self.closure == UNASKED:
            return self.restored_at
        if self.restored_at is None or self.confirmed_at is None or self.confirmed_at < self.restored_at:
            return None
        return self.confirmed_at

    @property
    def open_suspension(self) -> Suspension | None:
        """The suspension that has not ended, or None."""
        return next((s for s in self.suspensions if self.suspension_end(s) is None), None)

    def suspension_end(self, suspension: Suspension) -> datetime | None:
        """Given a suspension of this ticket, return when it ended, or None while it is open.

        One that nobody ended ends with the restore (or the reopening) after it: it outlives no work that it held up.
        """
        later = (at for at in (*self.restorations, *self.reopenings) if at >= suspension.started_at)
        return suspension.ended_at or min(later, default=None)

    @property
    def waiting(self) -> tuple[Proposal, ...]:
        """The corrections that wait for the hospital."""
        return tuple(p for p in self.proposals if p.approved is None)

    @property
    def refused(self) -> tuple[Proposal, ...]:
        """The corrections that the other party did not approve."""
        return tuple(p for p in self.proposals if p.approved is False)

    @property
    def refused_suspensions(self) -> tuple[Suspension, ...]:
        """The suspensions that the hospital did not approve."""
        return tuple(s for s in self.suspensions if s.approved is False)

    @property
    def handler(self) -> str:
        """Who handled it, by name, or nothing."""
        return self.details.get("handler", "")

    @property
    def mode(self) -> str:
        """How it was handled, one of MODES where it was told."""
        return self.details.get("mode", "")

    @property
    def blanks(self) -> tuple[str, ...]:
        """What a placeholder still lacks: type, module, channel, title."""
        given = {"type": self.type, "module": self.module, "channel": self.channel}
        return tuple(n for n, v in {**given, "title": self.personal.get("title", "")}.items() if not v)

    def moment(self, event: str) -> datetime | None:
        """Given the name of a clock's start or stop event, return when it happened, or None."""
        return {"reported": self.reported_at, "responded": self.responded_at, "arrived": self.arrived_at}[event]

    @property
    def state(self) -> str:
        """The ticket's state, one of STATES."""
        if self.withdrawn:
            return self.withdrawn
        if self.restored_at is not None:
            return CLOSED if self.closed_at is not None else RESTORED
        if self.open_suspension is not None:
            return SUSPENDED
        if self.arrived_at is not None:
            return ON_SITE
        return WORKING if self.responded_at is not None else WAITING


def written(value: object) -> str:
    """Given a correctable value, return how a proposal writes it: ISO instants in UTC, `true`/`false`, text."""
    if isinstance(value, datetime):
        return whole(value).isoformat()
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
