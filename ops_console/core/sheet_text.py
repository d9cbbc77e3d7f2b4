"""Text of sheet cells: blanks, codes, forbidden characters, and the apostrophe of our own CSV export.

Not for what a column means: that is `ticket_sheets`.
"""

from __future__ import annotations

import re
import unicodedata

# What a person cannot see at the ends of a cell: blanks, byte order mark, zero-width and direction marks.
BLANKS = (
    " \t\r\n\v\f\x85\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u200b\u200c\u200d\u200e\u200f\u2028\u2029\u202f\u205f\u2060\u3000\ufeff"
)

# Control characters, and the lone surrogates that stand for bytes no encoding could read.
_FORBIDDEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_LEADING = "[ \u00a0\u2000-\u200f\u202f\u205f\u2060\u3000\ufeff]*"
_FORMULA = rf"'*{_LEADING}[=+\-@＝＋－＠\t"
_BREAK = r"\r\n|\r(?!\n)|\n"
_GUARDABLE = re.compile(rf"(\A)(?={_FORMULA}\r\n])|({_BREAK})(?={_FORMULA}])")
_GUARDED = re.compile(rf"(\A)'(?={_FORMULA}\r\n])|({_BREAK})'(?={_FORMULA}])")


def trim(text: str) -> str:
    """Given a text, return it with `\\n` as its only line break and without blanks, visible or not, at either end."""
    return text.replace("\r\n", "\n").replace("\r", "\n").strip(BLANKS)


def as_code(text: str) -> str:
    """Given a text that serves as a code, return it in compatibility form (full-width becomes half-width), trimmed."""
    return trim(unicodedata.normalize("NFKC", text))


def as_heading(text: str) -> str:
    """Given a header cell, return the name to look it up by: a code without blanks inside, as wrapped headers have."""
    return "".join(character for character in as_code(text) if character not in BLANKS)


def has_forbidden(text: str) -> bool:
    """Given a text, return whether it holds a control character (but newline and tab) or an unreadable byte."""
    return _FORBIDDEN.search(text) is not None


def visible(text: str) -> str:
    """Given any text, return it safe to store and show: control characters as pictures, unreadable bytes as U+FFFD."""
    return _FORBIDDEN.sub(_picture, text.replace("\r\n", "\n"))


def guard(text: str) -> str:
    """Given a text for a CSV cell, return it with `'` before each line a spreadsheet would take for a formula.

    >>> guard("=1+1")
    "'=1+1"
    """
    return _GUARDABLE.sub(r"\1\2'", text)


def unguard(text: str) -> str:
    """Given a CSV cell, return it without the `'` that `guard` put there, and without touching any other."""
    return _GUARDED.sub(r"\1\2", text) if "'" in text else text


def _picture(match: re.Match[str]) -> str:
    code = ord(match.group())
    if code < 0x20:
        return chr(0x2400 + code)
    return "\u2421" if code == 0x7F else "\ufffd"
