"""A report's values as texts in one language: times in Shanghai, money, points, n of N. For paper and Word alike."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

from ops_console.adapters.translations import Translations, duration, full_time, percent
from ops_console.core.money import amount
from ops_console.core.report_blocks import (
    Bars,
    Block,
    Facts,
    Paragraph,
    Points,
    Report,
    Share,
    Signatures,
    Table,
    Word,
    Yuan,
)
from ops_console.core.sentences import Sentence

Tell = Callable[[object], str]


class Words:
    """Says a report's values in one language."""

    def __init__(self, translations: Translations, language: str) -> None:
        self._translations, self._language = translations, language

    def title(self, message: str) -> str:
        """Given a message of the console, return it in the language."""
        return self._translations.text(message, self._language)

    def value(self, value: object) -> str:
        """Given a value of a report, return its text."""
        if isinstance(value, Word):
            return self.title(value.text)
        if isinstance(value, Yuan):
            return amount(value.fen)
        if isinstance(value, Points):
            return points(value.hundredths)
        if isinstance(value, Share):
            return f"{value.part}/{value.whole} {percent(value.part, value.whole)}" if value.whole else self.title("无")
        if isinstance(value, Sentence):
            return self.sentence(value)
        if isinstance(value, datetime):
            return full_time(value)[:16]
        if isinstance(value, timedelta):
            return duration(int(value.total_seconds()), self._language)
        return value.isoformat() if isinstance(value, date) else str(value)

    def sentence(self, said: Sentence) -> str:
        """Given a Sentence, return it filled, its values as this report says them."""
        filled = {name: self.value(item) for name, item in said.values.items()}
        text = self._translations.text(said.text, self._language)
        return text % filled if filled else text


def points(hundredths: int) -> str:
    """Given hundredths of a point, return points as people write them: 91.5, 8, 0.25.

    >>> points(9150), points(800), points(25), points(-50)
    ('91.5', '8', '0.25', '-0.5')
    """
    whole, rest = divmod(abs(hundredths), 100)
    told = f"{whole}.{rest:02d}".rstrip("0").rstrip(".")
    return f"-{told}" if hundredths < 0 else told


def plain_report(report: Report, words: Words) -> dict[str, Any]:
    """Given a report and a language's words, return it as texts that a template lays out."""
    return {
        "title": words.sentence(report.title), "subtitle": words.sentence(report.subtitle), "code": report.code,
        "digest": report.digest, "head": report.head,
        "reading": words.sentence(report.reading) if report.reading else "",
        "draft": "" if report.code else words.title("草稿"),
        "cover": [[words.title(name), words.value(value)] for name, value in report.cover.pairs],
        "chapters": [
            {"title": words.title(chapter.title), "blocks": [_block(block, words) for block in chapter.blocks]}
            for chapter in report.chapters
        ],
        "labels": {
            "code": words.title("校验码"), "head": words.title("链首"), "none": words.title("无"),
            "seam": words.title("骑缝章"), "date": words.title("　　　年　　月　　日"),
        },
    }  # fmt: skip


def _block(block: Block, words: Words) -> dict[str, Any]:
    if isinstance(block, Paragraph):
        return {"kind": "paragraph", "text": words.sentence(block.text), "strong": block.strong}
    if isinstance(block, Facts):
        return {"kind": "facts", "pairs": [[words.title(name), words.value(value)] for name, value in block.pairs]}
    if isinstance(block, Signatures):
        return {"kind": "signatures", "boxes": [[words.title(title), said] for title, said in block.boxes]}
    if isinstance(block, Bars):
        return _bars(block, words)
    return _table(block, words)


def _bars(block: Bars, words: Words) -> dict[str, Any]:
    most = max((n for _, values in block.series for n in values), default=0)
    return {
        "kind": "bars", "name": words.title(block.name), "labels": [words.title(label) for label in block.labels],
        "series": [[words.title(name), list(values)] for name, values in block.series], "most": most,
    }  # fmt: skip


def _table(block: Table, words: Words) -> dict[str, Any]:
    return {
        "kind": "table", "name": words.title(block.name), "empty": words.sentence(block.empty),
        "note": words.sentence(block.note) if block.note else "",
        "columns": [[words.title(column.title), column.width, column.align] for column in block.columns],
        "rows": [[words.value(cell) for cell in row] for row in block.rows],
    }  # fmt: skip
