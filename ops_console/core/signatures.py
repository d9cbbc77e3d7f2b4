"""Signing a month: the methods by their strength, who may sign when, what locks it, and what is printed of it.

Not for checking a cryptographic signature (an adapter) nor for storing. What is signed is the SHA-256 of the frozen
result's bytes (`core/frozen_months.py`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from ops_console.core.agreements import LONGEST_REASON
from ops_console.core.chain import canonical
from ops_console.core.errors import Refused
from ops_console.core.frozen_months import CODE_LENGTH
from ops_console.core.moments import ZONE
from ops_console.core.people import HOSPITAL, VENDOR
from ops_console.core.sentences import Sentence, sentence
from ops_console.core.sheet_text import as_code, has_forbidden

LOGIN, OFFLINE_KEY, WEBAUTHN, PAPER = "login", "offline_key", "webauthn", "paper"
METHODS = (LOGIN, OFFLINE_KEY, WEBAUTHN, PAPER)
METHOD_NAMES = {LOGIN: "登录确认", OFFLINE_KEY: "硬件密钥签名", WEBAUTHN: "硬件密钥签名", PAPER: "纸质盖章"}
BY_KEY = "硬件密钥签名（私钥在签署方手中，主机管理员不能伪造）"
STRENGTHS = {
    LOGIN: "登录确认（主机管理员有能力伪造）", OFFLINE_KEY: BY_KEY, WEBAUTHN: BY_KEY, PAPER: "纸质盖章（以纸面为准）",
}  # fmt: skip
# How a month was locked.
BOTH, WITHOUT_VENDOR = "both", "without_vendor"
OUTCOME_NAMES = {BOTH: "双方已签署", WITHOUT_VENDOR: "甲方单方认定，乙方未签"}
# What a party does besides signing.
REFUSED, ASKED, WITHDRAWN = "refused", "asked", "withdrawn"
NOTES = (REFUSED, ASKED, WITHDRAWN)
# What a page may offer: each is guarded by a rule below.
SIGN, WITHDRAW, REFUSE, ALONE, ASK = "sign", "withdraw", "refuse", "alone", "ask"
REFUSALS = {HOSPITAL: "甲方于 %(at)s 拒签", VENDOR: "乙方于 %(at)s 拒签"}
CHALLENGE = "ops-console/month-signature/1"
LONGEST_NAME = 60


@dataclass(frozen=True)
class Signature:
    """One standing signature: whose, by which method, when, what was reserved, for whom it was given.

    `name` is who signed, on paper who stamped; `account` whose session brought it in. `key` is the fingerprint of the
    key, `proof` the SHA-256 of the scan. `reset_at`: the account's credentials had been set by somebody else within 30
    days before.
    """

    id: int
    side: str
    name: str
    account: str
    method: str
    at: datetime
    reservation: str = ""
    key: str = ""
    proof: str = ""
    delegated_by: str = ""
    reset_at: datetime | None = None


@dataclass(frozen=True)
class Note:
    """What a party noted about signing one revision: a refusal with its reason, or that it asked the other to sign."""

    kind: str
    side: str
    name: str
    text: str
    at: datetime


@dataclass(frozen=True)
class Signing:
    """Where the signing of a frozen month stands: its revision, who signed it, what was noted, until when to answer.

    `answer_by` is the end of the last of the agreed working days after the notice of this revision; `objections` how
    many of the vendor's nobody answered.
    """

    month: str
    revision: int
    digest: str
    locked: bool
    outcome: str
    notified_at: datetime
    answer_by: datetime
    answer_workdays: int
    signatures: tuple[Signature, ...] = ()
    notes: tuple[Note, ...] = ()
    objections: int = 0

    @property
    def code(self) -> str:
        """The short code that people compare and that stands on paper."""
        return self.digest[:CODE_LENGTH]

    def of(self, side: str) -> Signature | None:
        """Given a side, return its signature, or None."""
        return next((one for one in self.signatures if one.side == side), None)

    def refusal_of(self, side: str) -> Note | None:
        """Given a side, return its refusal of this revision, None where it gave none or signed after all."""
        said = [one for one in self.notes if one.side == side and one.kind in (REFUSED, WITHDRAWN)]
        return said[-1] if said and said[-1].kind == REFUSED and self.of(side) is None else None

    def asked_at(self) -> datetime | None:
        """When the vendor last noted that it asked the hospital to sign."""
        return next((one.at for one in self.notes[::-1] if one.kind == ASKED), None)

    def is_complete(self) -> bool:
        """Say whether both parties signed."""
        return self.of(HOSPITAL) is not None and self.of(VENDOR) is not None

    def is_silent(self, side: str, now: datetime) -> bool:
        """Given a side and now, say whether its days have passed and it neither signed nor refused.

        The third working day's last second is still in time; the next one is not.
        """
        return now >= self.answer_by and self.of(side) is None and self.refusal_of(side) is None


# -- who may do what, when --------------------------------------------------------------------------------------------


def check_signing(signing: Signing, side: str, digest_seen: str) -> None:
    """Given where signing stands, a side and the digest that the person saw, let it sign. Raises Refused otherwise."""
    _need_open(signing)
    check_seen(signing, digest_seen)
    own = signing.of(side)
    if own is not None:
        raise Refused("本方已于 %(at)s 由 %(name)s 签署；要改签，请先撤回。", at=own.at, name=own.name)


def check_seen(signing: Signing, digest_seen: str) -> None:
    """Given where signing stands and what the person saw, let it pass. Raises Refused for an earlier revision."""
    if digest_seen != signing.digest:
        raise Refused(
            "%(month)s 已是第 %(n)s 版，不是您看到的那一版；请重新核对后再签署。", field="digest",
            month=signing.month, n=signing.revision,
        )  # fmt: skip


def check_withdrawing(signing: Signing, side: str) -> Signature:
    """Given where signing stands and a side, return the signature it may withdraw. Raises Refused once locked."""
    _need_open(signing)
    own = signing.of(side)
    if own is None:
        raise Refused("本方还没有签署，没有可以撤回的。")
    return own


def check_refusing(signing: Signing, side: str, digest_seen: str) -> None:
    """Given where signing stands, a side and what it saw, let it refuse to sign. Raises Refused otherwise."""
    _need_open(signing)
    check_seen(signing, digest_seen)
    if signing.of(side) is not None:
        raise Refused("本方已签署；要拒签，请先撤回签署。")
    if signing.refusal_of(side) is not None:
        raise Refused("本方已拒签这一版；改变主意时直接签署即可。")


def check_alone(signing: Signing, digest_seen: str, now: datetime) -> None:
    """Given where signing stands and now, let the hospital lock the month without the vendor.

    It must have signed, and the vendor have refused, or have been silent past its days with no objection unanswered.
    Raises Refused otherwise, saying until when to wait.
    """
    _need_open(signing)
    check_seen(signing, digest_seen)
    if signing.of(HOSPITAL) is None:
        raise Refused("请先代表甲方签署，再按单方认定锁定。")
    if signing.refusal_of(VENDOR) is not None:
        return
    if signing.objections:
        raise Refused(
            "乙方有 %(n)s 条异议还没有答复，不算沉默；请先答复，答复后重新起算 %(days)s 个工作日。",
            n=signing.objections, days=signing.answer_workdays,
        )  # fmt: skip
    if now < signing.answer_by:
        raise Refused("乙方的答复期到 %(at)s 为止，此前不能单方认定。", at=signing.answer_by)


def check_asking(signing: Signing, side: str, now: datetime) -> None:
    """Given where signing stands, a side and now, let the vendor note that it asks the hospital, once a day."""
    _need_open(signing)
    if side != VENDOR or signing.of(VENDOR) is None:
        raise Refused("乙方签署之后才能催请甲方签署。")
    asked = signing.asked_at()
    if asked is not None and asked.astimezone(ZONE).date() == now.astimezone(ZONE).date():
        raise Refused("今天已于 %(at)s 催请过，明天可以再催。", at=asked)


def _need_open(signing: Signing) -> None:
    if signing.locked:
        raise Refused("%(month)s 已锁定，签署不能再变；更正计入以后的月份。", month=signing.month)


def offers(signing: Signing, side: str, now: datetime) -> tuple[str, ...]:
    """Given where signing stands, whose signer looks and now, return what that signer may do next."""
    seen = signing.digest
    rules: dict[str, Callable[[], object]] = {
        SIGN: lambda: check_signing(signing, side, seen), WITHDRAW: lambda: check_withdrawing(signing, side),
        REFUSE: lambda: check_refusing(signing, side, seen), ASK: lambda: check_asking(signing, side, now),
        ALONE: lambda: check_alone(signing, seen, now),
    }  # fmt: skip
    return tuple(act for act, rule in rules.items() if (act != ALONE or side == HOSPITAL) and _passes(rule))


def _passes(rule: Callable[[], object]) -> bool:
    try:
        rule()
    except Refused:
        return False
    return True


# -- what is said and printed -----------------------------------------------------------------------------------------


def printed(signing: Signing, now: datetime) -> tuple[Sentence, ...]:
    """Given where signing stands and now, return what stands on the sheet besides the signatures themselves."""
    refusals = ((text, signing.refusal_of(side)) for side, text in REFUSALS.items())
    told = [sentence(text, at=refusal.at) for text, refusal in refusals if refusal is not None]
    if signing.outcome == WITHOUT_VENDOR:
        told.append(sentence(OUTCOME_NAMES[WITHOUT_VENDOR]))
    elif signing.of(VENDOR) is not None and signing.is_silent(HOSPITAL, now):
        told.append(sentence("甲方至 %(day)s 未签", day=last_day(signing.answer_by)))
    return tuple(told)


def last_day(answer_by: datetime) -> str:
    """Given the end of the last working day to answer, return that day, such as `2026-02-12`."""
    return (answer_by - timedelta(seconds=1)).astimezone(ZONE).date().isoformat()


def next_step(signing: Signing, now: datetime) -> Sentence:
    """Given where signing stands and now, return in one sentence what is next."""
    if signing.locked:
        return sentence(OUTCOME_NAMES[signing.outcome])
    if not signing.signatures and signing.refusal_of(VENDOR) is None:
        return sentence("等待双方签署；乙方的答复期到 %(day)s 为止。", day=last_day(signing.answer_by))
    if signing.of(HOSPITAL) is None and signing.of(VENDOR) is None:
        return sentence("乙方已拒签；甲方签署后可以单方认定。")
    if signing.of(HOSPITAL) is None:
        return sentence("乙方已签署，等待甲方。")
    return _without_vendor(signing, now)


def _without_vendor(signing: Signing, now: datetime) -> Sentence:
    if signing.refusal_of(VENDOR) is not None:
        return sentence("甲方已签署，乙方拒签；甲方可以单方认定。")
    if signing.objections:
        return sentence("甲方已签署；乙方有 %(n)s 条异议等待答复。", n=signing.objections)
    if now >= signing.answer_by:
        return sentence("甲方已签署；乙方至 %(day)s 未签，甲方可以单方认定。", day=last_day(signing.answer_by))
    return sentence("甲方已签署，等待乙方；答复期到 %(day)s 为止。", day=last_day(signing.answer_by))


# -- what is given with a signature -----------------------------------------------------------------------------------


def check_reservation(text: str) -> str:
    """Given a reservation as typed, return it trimmed, "" for none. Raises Refused for one that cannot be kept."""
    told = text.strip()
    if len(told) > LONGEST_REASON or has_forbidden(told):
        raise Refused("保留意见最多 %(n)s 个字，不能含控制字符。", field="reservation", n=LONGEST_REASON)
    return told


def check_stamper(text: str) -> str:
    """Given who stamped the paper as typed, return the name. Raises Refused for none or one that cannot be kept."""
    told = text.strip()
    if not told or len(told) > LONGEST_NAME or has_forbidden(told):
        raise Refused("请写明纸面上由谁签字盖章，最多 %(n)s 个字。", field="stamped_by", n=LONGEST_NAME)
    return told


def check_code(signing: Signing, typed: str) -> None:
    """Given where signing stands and the code as read from the paper, let it pass. Raises Refused for another one.

    Blanks, hyphens and capitals do not count: `AB12 CD34-EF56` is `ab12cd34ef56`.
    """
    plain = "".join(char for char in as_code(typed).lower() if char.isalnum())
    if plain != signing.code:
        raise Refused(
            "纸面上的校验码与现在这一版（第 %(n)s 版）不符：盖章的不是这一版，或抄写有误。", field="code",
            n=signing.revision,
        )  # fmt: skip


def challenge(contract: str, signing: Signing, side: str, attempt: int) -> bytes:
    """Given the contract's number, where signing stands, a side and how often it withdrew, return what a key signs.

    SHA-256 over the canonical JSON of these six, so that an assertion is for one revision of one month, and one given
    before a withdrawal is no use after it.
    """
    bound = {
        "format": CHALLENGE, "contract": contract, "month": signing.month, "revision": signing.revision,
        "digest": signing.digest, "side": side, "attempt": attempt,
    }  # fmt: skip
    return hashlib.sha256(canonical(bound).encode("utf-8")).digest()
