"""Which passwords a person may choose, and how one-time passwords are made of characters that read well.

Two presets, because the two standards disagree: 等保 (GB/T 22239) asks for classes, ASVS forbids asking for them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ops_console.core.errors import Refused

SHORTEST, LONGEST = 12, 128
CLASSES = (r"[a-z]", r"[A-Z]", r"[0-9]", r"[^A-Za-z0-9]")
READABLE = "abcdefghjkmnpqrstuvwxyzABCDEFGHJKMNPQRSTUVWXYZ23456789"
COMMON = (
    "password", "admin", "123456", "qwerty", "letmein", "iloveyou", "welcome", "yunwei", "yiyuan", "hospital",
    "vendor", "ops-console", "opsconsole", "1q2w3e", "abc123", "zaq12wsx", "qazwsx", "111111", "000000", "88888888",
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
    left = lowered
    for word in (*COMMON, *(w.lower() for w in own_words if len(w) >= 3)):
        left = left.replace(word, "")
    return len(left) < 6
