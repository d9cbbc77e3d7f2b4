"""A month's entries: the facts that no module counts, entered by one party, confirmed or objected to by the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from sqlalchemy.orm import Session

from ops_console.core import entries as core
from ops_console.core.entry_sheets import COLUMNS
from ops_console.core.errors import ConsoleError, NotFound, Refused
from ops_console.core.measures import MEASURES
from ops_console.core.moments import MONTH, month_of, months_between
from ops_console.core.score_facts import VALUE
from ops_console.core.ticket_sheets import CellFault
from ops_console.services import assessments, entries, entry_forms, entry_imports, proofs
from ops_console.web import formats
from ops_console.web.database import reading, reading_anew
from ops_console.web.factors import needs_factor
from ops_console.web.lists import listed, word
from ops_console.web.proofs import kept_files
from ops_console.web.rights import needs, status_of
from ops_console.web.sign_in import console
from ops_console.web.uploads import LARGEST_FORM, takes

pages = Blueprint("entries", __name__)
SHOWN_MONTHS = 18


@pages.get("/entries")
@needs("reports.read")
def now() -> Any:
    """Go to the entries of the month chosen, else of this one."""
    asked = request.args.get("month", "")
    return redirect(url_for("entries.index", month=asked if MONTH.fullmatch(asked) else month_of(g.now)))


@pages.get("/months/<month>/entries")
@needs("reports.read")
def index(month: str) -> Any:
    """The month's form: what the sheet in force needs, what was entered, what waits for a word."""
    return _page(month)


def _page(
    month: str, refused: ConsoleError | None = None, about: str = "", *, faults: tuple[CellFault, ...] = (),
    wrong: Mapping[str, Refused] | None = None,
) -> Any:  # fmt: skip
    session = reading_anew() if refused or faults else reading()
    found = entry_forms.form(session, g.book, month, g.guest.actor, g.now, last_frozen=assessments.last_frozen)
    side = g.guest.actor.side
    status = 400 if faults or not isinstance(refused, Refused | None) else status_of(refused)
    return render_template(
        "entries/index.html", found=found, refused=refused, about=about, faults=faults, typed=request.form,
        wrong=wrong or {}, empty=[line for line in found.lines if line.in_sheet and not line.versions],
        waiting=[line for line in found.lines if line.waits_for(side)], months=_months(month), columns=COLUMNS,
        state_names=core.STATE_NAMES, source_names=core.SOURCE_NAMES, in_words=core.value_in_words, VALUE=VALUE,
        may=g.guest.actor.may("months.enter") and not found.is_frozen,
    ), status  # fmt: skip


def _months(month: str) -> list[str]:
    """The months to choose from, newest first, the one shown among them."""
    terms = g.book.at(g.now).terms
    known = months_between(f"{terms.live_on():%Y-%m}", max(month_of(g.now), f"{terms.live_on():%Y-%m}"))
    return sorted({*known[-SHOWN_MONTHS:], month}, reverse=True)


@listed(
    "entries", "月度录入", "reports.read", "月份", "事实", "次数或数值", "总数", "来源", "录入方", "谁", "录入时间",
    "状态", "对方", "说明", "异议",
)  # fmt: skip
def _entries() -> Iterator[tuple[object, ...]]:
    month = request.args.get("month", "") or month_of(g.now)
    found = entry_forms.form(reading(), g.book, month, g.guest.actor, g.now, last_frozen=assessments.last_frozen)
    for line in found.lines:
        one = line.counting
        if one is None:
            yield month, word(line.measure.title), None, None, "", "", "", None, word("尚未录入"), "", "", ""
            continue
        value = one.value
        count = Decimal(value.numerator) / 100 if value.is_ratio else value.numerator
        yield (
            month, word(line.measure.title), count, None if value.is_ratio else value.denominator,
            word(core.SOURCE_NAMES[one.source]), word(formats.SIDE_NAMES[one.side]), one.by, one.at,
            word(core.STATE_NAMES[one.state]), one.answered_by, one.reason, one.answer,
        )  # fmt: skip


@pages.post("/months/<month>/entries")
@needs("months.enter")
def enter_all(month: str) -> Any:
    """Enter at once whatever was filled in of what nobody entered yet: all of it, or nothing."""
    at, given = console(), request.form
    filled = [name for name in given.getlist("measure") if name in MEASURES and given.get(f"{name}.n", "").strip()]
    wrong: dict[str, Refused] = {}
    new = []
    for name in dict.fromkeys(filled):
        measure = MEASURES[name]
        try:
            value = core.read_value(measure, given.get(f"{name}.n", ""), given.get(f"{name}.of", ""))
            new.append(entries.NewEntry(month, core.entered_measure(name), value))
        except Refused as refused:
            wrong[name] = refused
    try:
        if not filled:
            raise Refused("请至少填写一项。")
        if wrong:
            raise Refused("有 %(n)s 项需要改正，什么也没有录入。", n=len(wrong))
        with at.write() as session:
            book = at.book(session)
            for one in new:
                entries.enter(session, book, one, g.guest.actor, at.now(), last_frozen=assessments.last_frozen)
    except Refused as refused:
        return _page(month, refused, "many", wrong=wrong)
    flash(formats.gettext("已录入 %(n)s 项，等待对方确认。") % {"n": len(new)}, "success")
    return redirect(url_for("entries.index", month=month))


@pages.post("/months/<month>/entries/<name>")
@takes(LARGEST_FORM)
@needs("months.enter")
def enter(month: str, name: str) -> Any:
    """Enter one fact of the month, with its evidence."""
    given, at = request.form, console()
    measure = MEASURES.get(name)
    if measure is None or not measure.meaning:
        raise NotFound("月度录入里没有这一事实。")
    try:
        value = core.read_value(measure, given.get("numerator", ""), given.get("denominator", ""))
        files = kept_files()
        with at.write() as session:
            new = entries.NewEntry(month, measure, value, given.get("reason", ""))
            row = entries.enter(
                session, at.book(session), new, g.guest.actor, at.now(), last_frozen=assessments.last_frozen
            )
            for file in files:
                proofs.attach(session, entries.SUBJECT, str(row.id), file, g.guest.actor, at.now())
    except Refused as refused:
        return _page(month, refused, name)
    told = "已录入“%(fact)s”，等待对方确认" if row.side != "vendor" or value.is_ratio else "已录入“%(fact)s”"
    flash(formats.gettext(told) % {"fact": formats.gettext(measure.title)}, "success")
    return redirect(url_for("entries.index", month=month, _anchor=name))


@pages.post("/months/<month>/entries-confirmed")
@needs("months.enter")
@needs_factor
def confirm(month: str) -> Any:
    """Confirm the other party's entries that were ticked."""
    at = console()
    ids = [int(text) for text in request.form.getlist("entry") if text.isascii() and text.isdigit() and len(text) < 10]
    try:
        with at.write() as session:
            count = entries.confirm(
                session, at.book(session), ids, g.guest.actor, at.now(), last_frozen=assessments.last_frozen
            )  # fmt: skip
    except Refused as refused:
        return _page(month, refused, "confirm")
    flash(formats.gettext("已代表本方确认 %(n)s 项录入。") % {"n": count}, "success")
    return redirect(url_for("entries.index", month=month))


def _act(month: str, entry_id: int, act: Any, done: str) -> Any:
    at = console()
    try:
        with at.write() as session:
            act(session, at.book(session))
    except Refused as refused:
        return _page(month, refused, f"entry-{entry_id}")
    flash(formats.gettext(done), "success")
    return redirect(url_for("entries.index", month=month))


@pages.post("/months/<month>/entries-objected/<id:entry_id>")
@needs("months.enter")
def object_to(month: str, entry_id: int) -> Any:
    """Say why one does not agree to the other party's entry."""
    at, answer = console(), request.form.get("answer", "")

    def act(session: Session, book: Any) -> None:
        entries.object_to(session, book, entry_id, answer, g.guest.actor, at.now(), last_frozen=assessments.last_frozen)

    return _act(month, entry_id, act, "已记下本方的异议；这一项不影响金额。")


@pages.post("/months/<month>/entries-withdrawn/<id:entry_id>")
@needs("months.enter")
def withdraw(month: str, entry_id: int) -> Any:
    """Take one's own entry back while the other party has not confirmed it."""
    at = console()

    def act(session: Session, book: Any) -> None:
        entries.withdraw(session, book, entry_id, g.guest.actor, at.now(), last_frozen=assessments.last_frozen)

    return _act(month, entry_id, act, "已撤回本方的录入。")


@pages.post("/months/<month>/entries-imported")
@takes(LARGEST_FORM)
@needs("months.enter")
def import_sheet(month: str) -> Any:
    """Enter a sheet of facts: all of it, or nothing and every fault is told."""
    at = console()
    try:
        files = kept_files()
        if not files:
            raise Refused("请先选择要导入的文件。", field="file")
        found = entry_imports.read(at.read_sheet, at.files.attachment(files[0].digest), files[0].name)
        if found.faults:
            return _page(month, faults=found.faults)
        with at.write() as session:
            count = entry_imports.enter_all(
                session, at.book(session), month, found.rows, files[0], actor=g.guest.actor, now=at.now(),
                last_frozen=assessments.last_frozen,
            )  # fmt: skip
    except NotFound:
        raise
    except ConsoleError as refused:
        return _page(month, refused, "import")
    told: Mapping[str, int] = {"n": count, "same": len(found.rows) - count}
    flash(formats.gettext("已导入 %(n)s 项；%(same)s 项与本方已录入的相同，没有变化。") % told, "success")
    return redirect(url_for("entries.index", month=month))
