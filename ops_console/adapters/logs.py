"""Log lines: one event a line, whatever was typed; secrets struck out and personal numbers masked.

Not for auditing: that is a table, not a log.
"""

from __future__ import annotations

import logging
import re
import sys

from ops_console.core.personal_data import Masker
from ops_console.core.secrets import struck_out

FORM = "%(asctime)s %(levelname)s %(name)s %(message)s"
CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]")


class SafeFormatter(logging.Formatter):
    """Writes a record so that nothing in it can forge a line, and nothing secret or personal is in it."""

    def __init__(self, masker: Masker | None = None) -> None:
        super().__init__(FORM)
        self.masker = masker or Masker()

    def format(self, record: logging.LogRecord) -> str:
        """Given a record, return its line; what follows the first line of a traceback is set in."""
        return self.masker.text(struck_out(CONTROL.sub(_escaped, super().format(record)))).replace("\n", "\n    ")


def _escaped(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode("ascii")


def install(level: str) -> None:
    """Given the least level, write the process's log to standard error, safely."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(SafeFormatter())
    logging.basicConfig(level=level, handlers=[handler])


def use(masker: Masker) -> None:
    """Given the site's way of masking, let the log use it from now on."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler.formatter, SafeFormatter):
            handler.formatter.masker = masker
