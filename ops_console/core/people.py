"""Who may do what: sides, roles, and the one table that maps roles to permissions.

Not for signing in (`services/people.py`). An administrator has no business rights; an auditor only reads.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from ops_console.core.errors import Refused

HOSPITAL, VENDOR, NEUTRAL = "hospital", "vendor", "neutral"

Permission = Literal[
    "tickets.read",
    "tickets.open",
    "tickets.record",
    "tickets.import",
    "tickets.confirm",
    "suspensions.decide",
    "corrections.decide",
    "reports.read",
    "contracts.read",
    "contracts.confirm",
    "jobs.read",
    "people.read",
    "people.manage",
    "audit.read",
    "anchors.keep",
    "tickets.attach",
    "tickets.export",
    "personal.reveal",
    "notes.hospital",
    "flags.review",
    "locations.manage",
    "tokens.own",
    "people.grant",
    "factors.reset",
    "duties.record",
    "duties.accept",
    "caps.record",
    "caps.decide",
    "breaches.record",
    "breaches.find",
    "breaches.approve",
    "months.enter",
    "months.explain",
    "months.adjust",
    "months.sample",
    "months.sign",
    "payments.read",
    "payments.record",
]

# role -> side, permissions. Every page, endpoint and use case asks this table and nothing else.
ROLES: dict[str, tuple[str, frozenset[Permission]]] = {
    "hospital": (
        HOSPITAL,
        frozenset(
            {
                "tickets.read", "tickets.open", "tickets.confirm", "tickets.import", "suspensions.decide",
                "corrections.decide", "reports.read", "contracts.read", "contracts.confirm", "jobs.read",
                "people.read", "audit.read", "tickets.attach", "tickets.export", "personal.reveal", "notes.hospital",
                "anchors.keep", "flags.review", "locations.manage", "tokens.own", "factors.reset",
                "duties.accept", "caps.record", "caps.decide", "breaches.record", "breaches.find", "months.enter",
                "months.adjust", "months.sample", "months.sign", "payments.read", "payments.record",
            }
        ),
    ),
    # What the contract's column of signatures leaves to an officer: no contract versions, no changed times.
    "officer": (
        HOSPITAL,
        frozenset(
            {
                "tickets.read", "tickets.open", "tickets.confirm", "tickets.import", "suspensions.decide",
                "reports.read", "contracts.read", "jobs.read", "people.read", "audit.read", "tickets.attach",
                "tickets.export", "personal.reveal", "notes.hospital", "flags.review", "locations.manage", "tokens.own",
                "duties.accept", "caps.record", "breaches.record", "months.enter", "months.sample",
            }
        ),
    ),
    "leader": (
        HOSPITAL,
        frozenset(
            {
                "tickets.read", "reports.read", "contracts.read", "jobs.read", "people.read", "audit.read",
                "tickets.export", "notes.hospital", "breaches.approve", "payments.read", "payments.record",
            }
        ),
    ),
    "vendor": (
        VENDOR,
        frozenset(
            {
                "tickets.read", "tickets.open", "tickets.record", "tickets.import", "reports.read", "contracts.read",
                "contracts.confirm", "jobs.read", "corrections.decide", "people.read", "audit.read", "tickets.attach",
                "anchors.keep", "tickets.export", "personal.reveal", "tokens.own", "duties.record", "caps.record",
                "breaches.record", "months.enter", "months.explain",
            }
        ),
    ),
    "manager": (
        VENDOR,
        frozenset(
            {
                "tickets.read", "tickets.open", "tickets.record", "tickets.import", "reports.read", "contracts.read",
                "contracts.confirm", "jobs.read", "corrections.decide", "people.read", "audit.read", "tickets.attach",
                "anchors.keep", "tickets.export", "personal.reveal", "tokens.own", "duties.record", "caps.record",
                "breaches.record", "months.enter", "months.explain", "months.sign", "payments.read",
            }
        ),
    ),
    "auditor": (
        NEUTRAL,
        frozenset(
            {
                "tickets.read", "reports.read", "contracts.read", "jobs.read", "people.read", "audit.read",
                "tickets.export", "tokens.own", "payments.read",
            }
        ),
    ),
    "administrator": (NEUTRAL, frozenset({"people.read", "people.manage", "factors.reset", "jobs.read"})),
    "security": (NEUTRAL, frozenset({"people.read", "people.grant", "factors.reset"})),
    "audit_administrator": (NEUTRAL, frozenset({"people.read", "audit.read"})),
}  # fmt: skip

# The three duties of GB/T 22239 8.1.5: an account has one role, so none holds two of them or a business right.
DUTIES = ("administrator", "security", "audit_administrator")
KEPT_BY_HOSPITAL = ("security", "audit_administrator")
THIRD = "third"
HOLDERS = (HOSPITAL, VENDOR, THIRD)
ROLE_NAMES = {
    "hospital": "信息科长", "officer": "信息科员", "leader": "院领导", "vendor": "驻场工程师",
    "manager": "乙方项目经理", "auditor": "审计员", "administrator": "系统管理员", "security": "安全管理员",
    "audit_administrator": "审计管理员",
}  # fmt: skip
PERMISSION_NAMES: dict[Permission, str] = {
    "tickets.read": "查看工单", "tickets.open": "登记工单", "tickets.record": "记录响应、到场与恢复",
    "tickets.import": "导入台账", "tickets.attach": "上传附件", "tickets.export": "导出工单",
    "tickets.confirm": "确认恢复", "suspensions.decide": "批复挂起", "corrections.decide": "批复更正",
    "flags.review": "复核疑点",
    "notes.hospital": "查看和填写医院备注", "personal.reveal": "查看个人信息原文", "reports.read": "查看时限达标",
    "contracts.read": "查看合同版本", "contracts.confirm": "确认合同版本", "jobs.read": "查看运行状况",
    "audit.read": "查看审计记录",
    "anchors.keep": "设定本方的锚点接收处",
    "locations.manage": "管理报修点与医院设备", "tokens.own": "使用自己的接口令牌",
    "people.read": "查看账号与权限", "people.manage": "管理账号（建立、重置、停用）", "people.grant": "确认和变更角色",
    "factors.reset": "参与清除他人的第二因素",
    "duties.record": "登记发布与义务的完成", "duties.accept": "验收、豁免义务", "caps.record": "登记额度需求",
    "caps.decide": "批准占用与验收额度需求", "breaches.record": "登记违约线索与陈述", "breaches.find": "认定违约",
    "breaches.approve": "院内审批扣款", "months.enter": "录入月度事实", "months.explain": "说明未达标项",
    "months.adjust": "调整评分项", "months.sample": "抽查回访", "months.sign": "签署月度考核",
    "payments.read": "查看付款", "payments.record": "登记发票与付款",
}  # fmt: skip


@dataclass(frozen=True)
class Actor:
    """Who acts: an account of a person, or the console itself (`系统`), with what it may do.

    `on_clean_device`: the browser in use is known, and the vendor never signed in on it. Without it nothing that the
    actor enters may count as seen by the hospital's side first. `proved_until`: how long the second factor given in
    this session counts as fresh; None when none was given. Without `has_account` nobody signed in: the side is where
    the word came in, not who is known to have said it. `delegated_by`: the name of whose signing it does meanwhile.
    """

    account: str
    name: str
    side: str
    permissions: frozenset[Permission]
    on_clean_device: bool = False
    proved_until: datetime | None = None
    has_account: bool = True
    delegated_by: str = ""

    def may(self, permission: Permission) -> bool:
        """Given a permission, say whether the actor has it."""
        return permission in self.permissions

    def need(self, permission: Permission) -> None:
        """Given a permission, let the actor pass. Raises Refused when the role does not have it."""
        if not self.may(permission):
            raise Refused("您的角色没有这项权限；如需办理，请联系有权限的人员。", field="permission")

    def need_proof(self, now: datetime) -> None:
        """Given now, let the actor pass whose second factor is fresh. Raises Refused on the field `factor`."""
        if self.proved_until is None or now > self.proved_until:
            raise Refused("办理这一事项前请先验证第二因素（动态口令或码卡）。", field="factor")


def actor_of(
    account: str, name: str, role: str, *, on_clean_device: bool = False, proved_until: datetime | None = None
) -> Actor:
    """Given an account, its person's name and its role, return the Actor. An unknown role may do nothing."""
    side, permissions = ROLES.get(role, (NEUTRAL, frozenset()))
    return Actor(account, name, side, permissions, on_clean_device, proved_until)


def side_of(role: str, holder: str | None) -> str:
    """Given an account's role and its duty's holder, return whose person it is; an unknown role is nobody's.

    >>> side_of("administrator", "vendor"), side_of("vendor", None)
    ('vendor', 'vendor')
    """
    return holder or ROLES.get(role, (NEUTRAL, frozenset()))[0]


def check_holder(role: str, holder: str | None, duties: str) -> None:
    """Given a role, who holds its duty and the preset of duties (`hospital` or `any`), let them pass.

    Raises Refused when a duty has no holder, another role has one, or the preset leaves the duty with the hospital.
    """
    if role not in DUTIES:
        if holder is not None:
            raise Refused("只有三类管理员需要写归属。", field="holder")
        return
    if holder not in HOLDERS:
        raise Refused("请选择该管理员的归属：甲方、乙方或第三方。", field="holder")
    if role in KEPT_BY_HOSPITAL and duties == HOSPITAL and holder != HOSPITAL:
        raise Refused(
            "安全管理员和审计管理员须由甲方人员担任；如双方另有约定，请修改 [security] duties。", field="holder"
        )


def check_change(role: str, wished: str) -> None:
    """Given the role an account has and the one it is to have, let it pass: same side, and neither is a duty.

    Raises Refused otherwise: who changes sides or takes a duty gets another account.
    """
    if wished not in ROLES:
        raise Refused("没有“%(role)s”这一角色。", field="role", role=wished)
    if role == wished:
        raise Refused("该账号已经是这一角色。", field="role")
    if {role, wished} & set(DUTIES):
        raise Refused("管理员职责不能与其他角色互换；请另建账号。", field="role")
    if ROLES[role][0] != ROLES[wished][0]:
        raise Refused("账号不能换到另一方；请停用后另建账号。", field="role")


def may_work(role: str) -> bool:
    """Given a role, say whether its people work on tickets, so that one can be handed to them."""
    return "tickets.record" in ROLES.get(role, (NEUTRAL, frozenset()))[1]


def terminal_actor(user: str) -> Actor:
    """Given an operating-system user, return the actor of the terminal: records, never acts for a party.

    Nobody asks it for a second factor, for it could read the seeds; what it does to accounts is told to both parties.
    """
    return Actor(
        f"系统/{user}", f"系统/{user}", NEUTRAL,
        frozenset(
            {
                "tickets.read", "tickets.open", "tickets.import", "reports.read", "contracts.read", "jobs.read",
                "people.read", "people.manage", "audit.read",
            }
        ),
        proved_until=datetime.max.replace(tzinfo=UTC),
    )  # fmt: skip


SYSTEM = Actor("系统", "系统", NEUTRAL, frozenset())
