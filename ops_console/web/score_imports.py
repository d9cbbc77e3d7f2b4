"""Importing a hospital's own annex: upload, which column is what, and the draft goes on in the editor.

Not for opening the workbook (a bounded child does). The table travels in the page: nothing is kept, nothing counts yet.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from flask import Blueprint, render_template, request

from ops_console.core import score_columns as columns
from ops_console.core.errors import ConsoleError, Refused
from ops_console.core.score_columns import Columns, Line
from ops_console.core.score_drafts import HAND, MODE_NAMES, SheetForm, form_of
from ops_console.core.score_imports import Drawn, draw
from ops_console.core.score_preset import PRESET
from ops_console.core.sentences import sentence
from ops_console.web.rights import needs
from ops_console.web.score_editor import Draft, editor
from ops_console.web.score_views import in_words, tasks
from ops_console.web.sign_in import console
from ops_console.web.uploads import takes

pages = Blueprint("score_imports", __name__)
LARGEST = 4 << 20
MOST_LINES, MOST_COLUMNS, LONGEST_CELL, SHOWN = 300, 60, 1000, 8


@pages.route("/scores/import", methods=["GET", "POST"])
@takes(LARGEST + (1 << 20))
@needs("contracts.confirm")
def index() -> Any:
    """Choose a workbook; its columns are guessed and shown."""
    if request.method == "GET":
        return _form()
    file = request.files.get("file")
    try:
        if file is None or not file.filename:
            raise Refused("请先选择要导入的文件。", field="file")
        digest = console().files.keep_upload(file.stream, LARGEST)
        lines = _bounded(console().read_table(console().files.upload(digest), name=file.filename[:200]))
    except ConsoleError as refused:
        return _form(refused)
    return _mapping(lines, columns.guess(lines), file.filename[:100])


def _bounded(found: Sequence[Line]) -> list[Line]:
    """Texts of a sheet are short; whatever is longer is cut, and what is no scoring sheet is refused."""
    lines = [Line(line.number, tuple(cell[:LONGEST_CELL] for cell in line.cells)) for line in found]
    if not lines:
        raise Refused("第一张工作表是空的；请把评分表放在第一张。", field="file")
    if len(lines) > MOST_LINES:
        raise Refused(
            "表中有 %(n)s 行，评分表最多 %(most)s 行；请只留评分表那几行，另存后再导入。", field="file", n=len(lines),
            most=MOST_LINES,
        )  # fmt: skip
    return lines


def _form(refused: ConsoleError | None = None) -> Any:
    return render_template("scores/import.html", refused=refused), 400 if refused else 200


@pages.post("/scores/import/columns")
@needs("contracts.confirm")
def choose() -> Any:
    """Say which column is what: look at what comes of it, or go on with it in the editor."""
    lines, name = _carried(), request.form.get("file_name", "")[:100]
    chosen = _chosen(columns.width(lines))
    if request.form.get("act") != "draft":
        return _mapping(lines, chosen, name)
    try:
        drawn = draw(lines, chosen, tasks())
    except Refused as refused:
        return _mapping(lines, chosen, name, refused)
    form = SheetForm(name.rpartition(".")[0] or name, drawn.items, form_of(PRESET).grades)
    by_hand = sum(item.mode == HAND for item in drawn.items)
    told = sentence(
        "已读出 %(n)s 项，其中 %(hand)s 项没有可用的事实，先按人工评分；请逐项核对，再比较和提出。", n=len(drawn.items),
        hand=by_hand,
    )  # fmt: skip
    return editor(Draft(form, {}), told=[told], left=drawn.left)


def _carried() -> list[Line]:
    """The table as the page carried it: the sender's own, and no more than a table."""
    try:
        rows = json.loads(request.form.get("lines", ""))
        return _bounded([
            Line(int(number), tuple(str(cell) for cell in cells[:MOST_COLUMNS]))
            for number, cells in rows[: MOST_LINES + 1]
        ])  # fmt: skip
    except (ValueError, TypeError, RecursionError):
        raise Refused("页面里的表格不完整；请重新选择文件。", field="file") from None


def _chosen(wide: int) -> Columns:
    given = request.form
    header = given.get("header", "")
    typed = {name: given.get(name, "") for name in columns.FIELDS}
    places = {name: int(text) for name, text in typed.items() if text.isascii() and text.isdigit() and len(text) < 4}
    return Columns(
        int(header) if header.isascii() and header.isdigit() and len(header) < 6 else 0,
        {name: place for name, place in places.items() if place < wide},
    )


def _mapping(lines: list[Line], chosen: Columns, name: str, refused: Refused | None = None) -> Any:
    drawn: Drawn | None = None
    try:
        drawn = draw(lines, chosen, tasks())
    except Refused as told:
        refused = refused or told
    heading = next((line.cells for line in lines if line.number == chosen.header), ())
    return render_template(
        "scores/columns.html", lines=lines, carried=json.dumps([[line.number, line.cells] for line in lines]),
        chosen=chosen, headers=lines[: columns.SEARCHED], fields=columns.FIELDS, titles=columns.FIELD_TITLES,
        offered=[_column(place, heading, lines) for place in range(columns.width(lines))], drawn=drawn, shown=SHOWN,
        facts=_facts(drawn), mode_names=MODE_NAMES, file_name=name, refused=refused,
    ), 400 if refused else 200  # fmt: skip


def _column(place: int, heading: Sequence[str], lines: Sequence[Line]) -> str:
    """A column as its select names it: its letter, and its heading or the first thing that stands in it."""
    letter = chr(ord("A") + place) if place < 26 else f"A{chr(ord('A') + place - 26)}"
    first = next((line.cells[place] for line in lines if place < len(line.cells) and line.cells[place].strip()), "")
    told = heading[place] if place < len(heading) and heading[place].strip() else first
    return f"{letter} {' '.join(told.split())[:20]}"


def _facts(drawn: Drawn | None) -> Mapping[str, str]:
    names = {step.measure for item in drawn.items for step in item.steps if step.measure} if drawn else set()
    return dict(in_words(sorted(names)))
