"""Reading the demo year's texts from the file beside this module."""

from __future__ import annotations

import tomllib
from pathlib import Path

from ops_console.core.demo_words import Stock, Text

TEXTS = Path(__file__).with_name("texts.toml")


def read_texts() -> Stock:
    """Return the stock of texts by type of ticket."""
    raw = tomllib.loads(TEXTS.read_text(encoding="utf-8"))
    return {name: tuple(Text(tuple(modules.split()), *rest) for modules, *rest in rows) for name, rows in raw.items()}
