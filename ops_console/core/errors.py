"""Every error the console raises on purpose.

Not for programming mistakes: those stay plain Python exceptions and reach the log.
"""

from __future__ import annotations

from ops_console.core.sentences import Sentence


class ConsoleError(Exception):
    """An error with a sentence for people: what happened, to which thing, what to do."""

    def __init__(self, text: str, **values: object) -> None:
        self.sentence = Sentence(text, values)
        super().__init__(str(self.sentence))


class Refused(ConsoleError):
    """A rule says no. `field` names the form field to blame, or None."""

    def __init__(self, text: str, *, field: str | None = None, **values: object) -> None:
        super().__init__(text, **values)
        self.field = field


class TooLarge(Refused):
    """What was sent is longer than is taken."""


class TooMany(Refused):
    """More was sent from one place than is kept."""


class NotTaken(Refused):
    """A file of a kind that is not taken."""


class NoRoom(Refused):
    """The disk does not take it."""


class NotFound(ConsoleError):
    """The thing does not exist, or the asker may not know that it does."""


class Unsealable(ConsoleError):
    """Something sealed that does not open: changed, moved from its place, or its key is not here."""


class CalendarInvalid(ConsoleError, ValueError):
    """A calendar that cannot be reckoned with: overlapping spans, no hours at all, a bad zone or time."""


class CalendarSearchExceeded(ConsoleError):
    """A search through a calendar met its bound without finding the moment asked for."""


class UnknownYear(ConsoleError, LookupError):
    """The source of statutory days has no data for the year asked for."""

    def __init__(self, year: int) -> None:
        super().__init__("%(year)s 年的法定节假日安排尚未录入，请在日历中补录该年安排。", year=year)
        self.year = year


class SheetUnreadable(ConsoleError):
    """A file that is not a ticket sheet this console can read at all."""


class SettingsInvalid(ConsoleError):
    """config.toml or the environment is wrong; `problems` lists all of them, each with its path."""

    def __init__(self, source: str, problems: list[str]) -> None:
        self.problems = problems
        super().__init__(
            "%(source)s 有 %(count)s 处问题：\n%(problems)s",
            source=source,
            count=len(problems),
            problems="\n".join(f"  - {p}" for p in problems),
        )
