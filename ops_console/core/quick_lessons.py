"""What a correction teaches: the word of the line that meant a department or a module, for the next line.

Not for reading lines (`core/quick_lines.py`). Types teach nothing: which class of ticket a symptom is, is a judgement.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ops_console.core.quick_lines import Guess, Lexicon, heaviest_place
from ops_console.core.quick_marks import PIECE, half_width
from ops_console.core.quick_people import learned, reporter_at

DEPARTMENT, MODULE = "department", "module"
WORD = re.compile(r"[一-龥a-z]{2,10}")
# Where the matter's subject ends and what is said of it begins.
PREDICATE = re.compile(
    "[的了又还也都就不没未无已在是被把给让有要想能会怎如请帮说问和跟]|打开|显示|提交|登录|点击|报错|老是|总是|一直"
)


@dataclass(frozen=True)
class Lesson:
    """That a word of quick lines means a department or a module of the catalogue."""

    kind: str
    word: str
    meaning: str


def lessons(line: str, guess: Guess, *, department: str, module: str, lexicon: Lexicon) -> tuple[Lesson, ...]:
    """Given a line, what was guessed, and the department and module that the person left standing, return the lessons.

    Nothing is learned from what was guessed right, left empty, or names no word that could mean it again.
    """
    found = []
    if department and department != guess.department and (word := _place_word(line, guess, department)):
        found.append(Lesson(DEPARTMENT, word, department))
    if module and module != guess.module and (word := _subject(guess.title)):
        found.append(Lesson(MODULE, word, module))
    return tuple(lesson for lesson in found if _may_be_kept(lesson, lexicon))


def _place_word(line: str, guess: Guess, department: str) -> str:
    """What was taken for a department, else the piece of the line that shares most with the one it is."""
    if guess.department_word:
        return guess.department_word
    meant = half_width(department)
    pieces = [piece[0] for piece in PIECE.finditer(half_width(line)) if len(piece[0]) <= 10]
    shared = {piece: len(set(piece) & set(meant)) for piece in pieces}
    best = max(shared, key=lambda piece: shared[piece], default="")
    return best if best and shared[best] >= 2 else ""


def _subject(title: str) -> str:
    """The subject of the matter: 刷卡机 of 刷卡机读不出来. Without one, nothing."""
    matter = half_width(title)
    piece = PIECE.search(matter)
    if piece is None:
        return ""
    ends = [found.start() for found in PREDICATE.finditer(piece[0])] + [heaviest_place(piece[0]), len(piece[0])]
    return piece[0][: min(end for end in ends if end >= 2)]


def _may_be_kept(lesson: Lesson, lexicon: Lexicon) -> bool:
    """A word of two to ten letters that is no person's name and not already what it is to mean."""
    is_word = WORD.fullmatch(lesson.word) is not None and lesson.word != half_width(lesson.meaning)
    return is_word and reporter_at(lesson.word, learned((), lexicon.known.reporters, {})) is None
