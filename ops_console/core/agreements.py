"""What both parties agree to besides the contract's versions: its states, and who has still to say a word.

Not for what an agreement sets (each noun reads what is in force) nor for storing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from ops_console.core.errors import Refused
from ops_console.core.sheet_text import has_forbidden

PROPOSED, IN_FORCE, REFUSED, TAKEN_BACK, REPLACED = "proposed", "in_force", "refused", "withdrawn", "replaced"
STATES = (PROPOSED, IN_FORCE, REFUSED, TAKEN_BACK, REPLACED)
STATE_NAMES = {
    PROPOSED: "待对方确认", IN_FORCE: "双方已确认", REFUSED: "对方未同意", TAKEN_BACK: "已撤回", REPLACED: "已被替代",
}  # fmt: skip
# What is agreed upon: the subject of an agreement.
SHEET, OVER_CAP, LEGAL_BASIS, CAP_SPLIT = "sheet", "over_cap", "legal_basis", "cap_split"
CAP_SHEET, CAP_RETURN = "cap_sheet", "cap_return"
SUBJECT_NAMES = {
    SHEET: "评分表", OVER_CAP: "超额商定", LEGAL_BASIS: "金额依据", CAP_SPLIT: "额度拆分或合并", CAP_SHEET: "需求单",
    CAP_RETURN: "退回占用",
}  # fmt: skip
LONGEST_REASON = 500


@dataclass(frozen=True)
class Draft:
    """What one party puts before the other: of which subject, about which key, what it sets, from when, and why.

    `payload` holds texts, numbers, lists and further mappings, no floats. `proof` is the hash of a scan, or "".
    """

    subject: str
    key: str
    payload: Mapping[str, object]
    reason: str
    effective_from: date | None = None
    proof: str = ""
    facts: Mapping[str, object] = field(default_factory=dict)


def check_reason(text: str, name: str = "reason") -> str:
    """Given a reason as typed and its field, return it trimmed. Raises Refused for none or one that cannot be kept."""
    told = text.strip()
    if not told:
        raise Refused("请写明原因。", field=name)
    if len(told) > LONGEST_REASON or has_forbidden(told):
        raise Refused("原因最多 %(n)s 个字，不能含控制字符。", field=name, n=LONGEST_REASON)
    return told
