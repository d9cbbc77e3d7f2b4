"""Sentences in people's language: a standard-library gettext catalogue, and values in Shanghai time.

Chinese is the source language: its sentences are the message ids. English is complete beside it.
"""

from __future__ import annotations

import gettext
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path

from ops_console.core.moments import ZONE
from ops_console.core.sentences import Sentence

LANGUAGES = ("zh", "en")
DOMAIN = "console"


class Translations:
    """The catalogues of a folder, one compiled file a language."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._load = cache(self._open)

    def _open(self, language: str) -> gettext.NullTranslations:
        return gettext.translation(DOMAIN, self._folder, languages=[language], fallback=True)

    def text(self, message: str, language: str) -> str:
        """Given a Chinese message and a language, return it in that language, places not yet filled."""
        if language == "zh":
            return message
        return self._load(language).gettext(message) if message else ""

    def knows(self, message: str) -> bool:
        """Given a text, say whether it is one of the console's own messages (English has them all)."""
        return self._load("en").gettext(message) != message

    def render(self, value: object, language: str) -> str:
        """Given a Sentence or one of its values, return it as text in that language."""
        if isinstance(value, Sentence):
            filled = {name: self.render(item, language) for name, item in value.values.items()}
            text = self.text(value.text, language)
            return text % filled if filled else text
        if isinstance(value, datetime):
            return full_time(value)
        if isinstance(value, timedelta):
            return duration(int(value.total_seconds()), language)
        return value.isoformat() if isinstance(value, date) else str(value)


def full_time(at: datetime) -> str:
    """Given an aware instant, return it in Shanghai: `2026-03-05 09:12`, with seconds where it has any."""
    local = at.astimezone(UTC).astimezone(ZONE)
    return local.strftime("%Y-%m-%d %H:%M:%S" if local.second else "%Y-%m-%d %H:%M")


def duration(seconds: int, language: str = "zh") -> str:
    """Given seconds, return `3 小时 12 分`, `45 分 10 秒`, or `3 h 12 min`; a zero part is left out."""
    names = {"zh": (" 天", " 小时", " 分", " 秒"), "en": (" d", " h", " min", " s")}[language]
    days, rest = divmod(abs(seconds), 86400)
    hours, rest = divmod(rest, 3600)
    minutes, rest = divmod(rest, 60)
    if not days and not hours and not minutes:
        parts = [(rest, names[3])]
    elif not rest:
        parts = [(days, names[0]), (hours, names[1]), (minutes, names[2])]
    else:
        parts = [(days, names[0]), (hours, names[1]), (minutes, names[2]), (rest, names[3])]
    return ("-" if seconds < 0 else "") + " ".join(f"{n}{name}" for n, name in parts if n or len(parts) == 1)


def percent(part: int, whole: int) -> str:
    """Given part and whole, return `66.7%`, rounded; only all is 100.0%, whatever rounding says; "" of nothing."""
    if not whole:
        return ""
    tenths = (part * 2000 + whole) // (2 * whole)
    return f"{min(tenths, 999 if part < whole else 1000) / 10:.1f}%"
