"""What a report is made of: chapters of paragraphs, facts, tables and bars, as plain values before any language.

Not for what it says (`services/month_reports.py`) nor for setting it (`adapters/documents/reports.py`). A title is a
Chinese message or a Sentence; values keep their kind, so that a workbook gets real numbers and times.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ops_console.core.sentences import Sentence

LEFT, RIGHT = "left", "right"


@dataclass(frozen=True)
class Yuan:
    """A sum of money in 分."""

    fen: int


@dataclass(frozen=True)
class Points:
    """Points of a scoring sheet, in hundredths."""

    hundredths: int


@dataclass(frozen=True)
class Share:
    """n of N. Without N no percentage (look: 本月无发生)."""

    part: int
    whole: int


@dataclass(frozen=True)
class Word:
    """A stored term that is a message of the console: shown in the reader's language."""

    text: str


@dataclass(frozen=True)
class Column:
    """A table's column: its title (a message), how wide against the others, whether figures stand on the right."""

    title: str
    width: int = 2
    align: str = LEFT


def head(widths: str, *titles: str) -> tuple[Column, ...]:
    """Given widths such as `2 6 >2` (`>`: figures, on the right) and as many titles, return a table's columns."""
    found = []
    for width, title in zip(widths.split(), titles, strict=True):
        align = RIGHT if width.startswith(">") else LEFT
        found.append(Column(title, int(width.removeprefix(">")), align))
    return tuple(found)


@dataclass(frozen=True)
class Table:
    """Rows under a head that is repeated on every page. `name` is the workbook's sheet; `empty` stands for no rows."""

    name: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[object, ...], ...]
    empty: Sentence
    note: Sentence | None = None


@dataclass(frozen=True)
class Paragraph:
    """One paragraph."""

    text: Sentence
    strong: bool = False


@dataclass(frozen=True)
class Facts:
    """Names (messages) and values, side by side."""

    pairs: tuple[tuple[str, object], ...]


@dataclass(frozen=True)
class Bars:
    """A bar chart from zero: labels, one or two series of whole numbers, their names (messages)."""

    name: str
    labels: tuple[str, ...]
    series: tuple[tuple[str, tuple[int, ...]], ...]


@dataclass(frozen=True)
class Signatures:
    """Boxes to be signed or stamped, each with its title (a message) and what was already signed in the console."""

    boxes: tuple[tuple[str, str], ...]


Block = Paragraph | Facts | Table | Bars | Signatures


@dataclass(frozen=True)
class Chapter:
    """A chapter: its title (a message) and its blocks, in order."""

    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Report:
    """A whole report. `code` and `digest` are those of the frozen month, "" for a draft, which every page then says.

    `reading` names the version of the agreed readings, `head` the chain's head; both stand on every page.
    """

    title: Sentence
    subtitle: Sentence
    cover: Facts
    chapters: tuple[Chapter, ...]
    code: str = ""
    digest: str = ""
    reading: Sentence | None = None
    head: str = ""
    file_name: str = "report"
    tables: tuple[Table, ...] = field(default=())  # for the workbook alone: whole lists that the paper does not hold
