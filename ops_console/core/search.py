"""What a search compares: texts made comparable, cut into pieces for an index, and hits found again to be marked.

Not for rows and queries (`store/search.py`). A word is found where it stands in a text, as `LIKE '%word%'` would
find it, wide and narrow forms, upper and lower case being the same.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from ops_console.core.errors import Refused
from ops_console.core.tickets import TicketFacts

LONGEST, MOST_WORDS, MOST_PIECES = 100, 8, 24
HIT_LIMIT = 1_000  # no list of hits counts or turns further than this
ID_BITS = 31  # a ticket's id, the lower part of its place; the row ids of our addresses have as many
AROUND = 24  # characters shown on either side of a hit
# Punctuation within a piece, as characters that every tokenizer and query language takes for letters.
SAFE = {code: chr(0xE000 + code) for code in range(33, 127) if not chr(code).isalnum()}


@dataclass(frozen=True)
class Text:
    """A ticket as the search knows it: everything comparable in one text, a field a line, and what is long as told."""

    comparable: str
    description: str
    process: str


@dataclass(frozen=True)
class Query:
    """What is looked for: words, all of which must be found; `pieces` of the index that each hit has.

    `unsure` are the words that a ticket may have the pieces of and yet not hold: to be looked for in its text.
    """

    words: tuple[str, ...]
    pieces: tuple[str, ...]
    unsure: tuple[str, ...]


@dataclass(frozen=True)
class Passage:
    """A part of a text to be shown: runs of characters, each a hit or not."""

    runs: tuple[tuple[str, bool], ...]

    @property
    def has_hit(self) -> bool:
        """Whether any run is a hit."""
        return any(is_hit for _, is_hit in self.runs)


@lru_cache(maxsize=8192)
def _comparable(character: str) -> str:
    """A character for itself, so that a hit is found again in the text as typed."""
    made = unicodedata.normalize("NFKC", character).lower()
    is_blank = not made or made.isspace() or any(unicodedata.category(one) in ("Cc", "Cs", "Co", "Zs") for one in made)
    return " " if is_blank else made


def comparable(text: str) -> str:
    """Given a text, return it as searches compare it: `ＨＩＳ　未到账` and `his 未到账` are the same."""
    return text.lower() if _is_plain(text) else "".join(map(_comparable, text))


def _is_plain(text: str) -> bool:
    """Whether a text is its characters compared one by one, only in lower case: most are, and it is quicker to see.

    A sigma at a word's end has a lower case of its own; what cannot be printed is a blank.
    """
    return text.isprintable() and "Σ" not in text and "İ" not in text and unicodedata.is_normalized("NFKC", text)


def text_of(facts: TicketFacts) -> Text:
    """Given what a ticket comes to, return what can be found of it: its texts as the facts tell them, no phone."""
    told = facts.personal
    description, process = told.get("description", ""), told.get("process", "")
    fields = (
        facts.number, told.get("title", ""), facts.department, told.get("reporter", ""), facts.module, facts.carrier,
        facts.handler, description, process,
    )  # fmt: skip
    return Text("\n".join(comparable(field) for field in fields), description, process)


def place_of(ticket_id: int, reported_at: datetime) -> int:
    """Given a ticket's id and when it was reported, return its place: places stand in the order of both.

    An index kept by place gives the newest hits first and need not read the others.
    """
    return int(reported_at.timestamp()) << ID_BITS | ticket_id


# -- pieces: of two characters, of three where the first is ASCII (two digits are in every ticket) ----------------


def pieces_of(text: str) -> list[str]:
    """Given a comparable text, return its pieces, each once: what a query of one, two or more characters asks for."""
    found: dict[str, None] = {}
    for run in text.split():
        for start, character in enumerate(run):
            found[character] = None
            found[run[start : start + 2]] = None
            if character.isascii():
                found[run[start : start + 3]] = None
    return [piece.translate(SAFE) for piece in found]


def _asked_pieces(word: str) -> list[str]:
    if len(word) < 3:
        return [word]
    found = []
    for start in range(len(word) - 1):
        piece = word[start : start + (3 if word[start].isascii() else 2)]
        is_covered = len(piece) == 2 and word[start].isascii() and word[start - 1].isascii()
        if not is_covered:
            found.append(piece)
    return found


def query_of(typed: str) -> Query:
    """Given what somebody typed, return what is looked for. Raises Refused, naming the field `q`, for what cannot be.

    >>> query_of("HIS未到账").pieces
    ('his', 'is未', 's未到', '未到', '到账')
    """
    words = tuple(dict.fromkeys(comparable(typed).split()))
    if not words:
        raise Refused("请输入要找的词：单号、名称，或内容中的一个字、一个词。", field="q")
    if len(typed.strip()) > LONGEST:
        raise Refused("要找的词最多 %(n)s 个字，现在有 %(now)s 个。", field="q", n=LONGEST, now=len(typed.strip()))
    if len(words) > MOST_WORDS:
        raise Refused("一次最多找 %(n)s 个词，现在有 %(now)s 个；请去掉一些。", field="q", n=MOST_WORDS, now=len(words))
    if not any(_tells(character) for word in words for character in word):
        raise Refused("只有标点，没有可找的字；请加上字、字母或数字。", field="q")
    pieces = {word: _asked_pieces(word) for word in words}
    told = dict.fromkeys(piece for found in pieces.values() for piece in _spread(found))
    unsure = tuple(word for word, found in pieces.items() if len(found) > 1)
    return Query(words, tuple(piece.translate(SAFE) for piece in told), unsure)


def _tells(character: str) -> bool:
    """Whether a character is more than punctuation, currency or a sign of arithmetic."""
    kind = unicodedata.category(character)
    return kind[0] != "P" and kind not in ("Sc", "Sk", "Sm")


def _spread(pieces: Sequence[str]) -> Sequence[str]:
    """A long word is known by some of its pieces: the text itself is compared anyhow."""
    return pieces if len(pieces) <= MOST_PIECES else pieces[:: -(-len(pieces) // MOST_PIECES)]


# -- marking -----------------------------------------------------------------------------------------------------


def spans(text: str, words: Sequence[str]) -> list[tuple[int, int]]:
    """Given a text as typed and the words of a query, return where they stand in it, overlapping ones as one."""
    whole = comparable(text)
    places = [(at, at + len(word) - 1) for word in words for at in _places(whole, word)]
    if not places:
        return []
    origin = range(len(text)) if len(whole) == len(text) else _origin(text)
    return list(_joined(sorted((origin[first], origin[last] + 1) for first, last in places)))


def _origin(text: str) -> list[int]:
    """For each character of the comparable text, the place of the one that it comes from."""
    return [place for place, character in enumerate(text) for _ in _comparable(character)]


def _places(text: str, word: str) -> Iterator[int]:
    at = text.find(word)
    while at >= 0:
        yield at
        at = text.find(word, at + 1)


def _joined(found: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    start = end = -1
    for first, last in found:
        if first > end:
            if end > start >= 0:
                yield start, end
            start, end = first, last
        end = max(end, last)
    if end > start >= 0:
        yield start, end


def marked(text: str, words: Sequence[str]) -> Passage:
    """Given a text and the words of a query, return all of it, the hits told apart."""
    return _cut(text, spans(text, words), 0, len(text))


def passage(text: str, words: Sequence[str], around: int = AROUND) -> Passage:
    """Given a long text and the words of a query, return the part about the first hit, the hits told apart."""
    found = spans(text, words)
    if not found:
        return Passage(())
    start, end = max(0, found[0][0] - around), min(len(text), found[0][1] + 3 * around)
    runs = _cut(text, found, start, end).runs
    before = ((("…", False),) if start else ()) + runs
    return Passage(before + ((("…", False),) if end < len(text) else ()))


def _cut(text: str, found: Sequence[tuple[int, int]], start: int, end: int) -> Passage:
    runs, at = [], start
    for first, last in found:
        if first >= end:
            break
        runs += [(text[at:first], False), (text[first : min(last, end)], True)]
        at = min(last, end)
    return Passage(tuple((run, is_hit) for run, is_hit in [*runs, (text[at:end], False)] if run))


def shown(fields: Mapping[str, str], words: Sequence[str]) -> tuple[str, Passage]:
    """Given a ticket's long texts by name and the words, return the first that holds a hit and the part about it."""
    for name, text in fields.items():
        found = passage(text, words)
        if found.has_hit:
            return name, found
    return "", Passage(())
