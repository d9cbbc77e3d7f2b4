"""Which passwords a person may choose, and how one-time passwords are made of characters that read well.

Two presets, because the two standards disagree: 等保 (GB/T 22239) asks for classes, ASVS forbids asking for them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from ops_console.core.errors import Refused

SHORTEST, LONGEST = 12, 128
CLASSES = (r"[a-z]", r"[A-Z]", r"[0-9]", r"[^A-Za-z0-9]")
READABLE = "abcdefghjkmnpqrstuvwxyzABCDEFGHJKMNPQRSTUVWXYZ23456789"
EXPIRY = {"gb22239": timedelta(days=90), "asvs": None}  # 等保 asks for it, ASVS forbids it
WARNED = timedelta(days=7)
KEPT = {"gb22239": 5, "asvs": 1}  # how many passwords, the current one among them, may not be taken again
COMMON = (
    "password", "admin", "123456", "qwerty", "letmein", "iloveyou", "welcome", "yunwei", "yiyuan", "hospital",
    "vendor", "console", "kongzhitai", "ops-console", "opsconsole", "1q2w3e", "abc123", "zaq12wsx", "qazwsx", "111111",
    "000000", "88888888",
)  # fmt: skip


def check_password(password: str, rules: str, own_words: Sequence[str] = ()) -> None:
    """Given a wished password, the preset (`gb22239` or `asvs`) and words of its owner, let it pass.

    Raises Refused naming the one thing to change.
    """
    if len(password) < SHORTEST:
        raise Refused("新密码至少 %(n)s 个字符。", field="new_password", n=SHORTEST)
    if len(password) > LONGEST:
        raise Refused("新密码最多 %(n)s 个字符。", field="new_password", n=LONGEST)
    if rules == "gb22239" and sum(bool(re.search(c, password)) for c in CLASSES) < 3:
        raise Refused("新密码须含大写字母、小写字母、数字、符号中的至少三类。", field="new_password")
    if _is_guessable(password, own_words):
        raise Refused("新密码太容易猜到；请不要用常见口令、账号或重复的字符。", field="new_password")


def _is_guessable(password: str, own_words: Sequence[str]) -> bool:
    lowered = password.lower()
    if len(set(lowered)) < 5:
        return True
    left, words = lowered, {*COMMON, *(w.lower() for w in own_words if len(w) >= 3)}
    for word in sorted(words, key=len, reverse=True):
        left = left.replace(word, "")
    letters = "".join(c for c in left if c.isalnum())  # vendor-vendor-1234 is the word and a row of digits
    return left != lowered and (len(letters) < 6 or letters.isdigit())


def ends_at(changed_at: datetime | None, rules: str) -> datetime | None:
    """Given when a password was chosen and the preset, return when it has to be changed, or None for never."""
    life = EXPIRY[rules]
    return changed_at + life if changed_at and life else None
