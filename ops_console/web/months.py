"""The month on one screen: figures that open their rows, the parties' words, the months before; the vendor's mirror.

Not for what the figures come to (`services/months.py`) nor for signing (`web/signatures.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, url_for

from ops_console.core.assessment_facts import DutyFact, clock_target
from ops_console.core.assessments import ItemLine
from ops_console.core.breaches import CATEGORY_NAMES, may_see
from ops_console.core.contract_facts import OUTCOME_NAMES
from ops_console.core.contracts import KIND_NAMES
from ops_console.core.duties import COUNTED_NAMES
from ops_console.core.errors import NotFound, Refused
from ops_console.core.measures import MEASURES, RATING, mean_of
from ops_console.core.moments import month_of, parse_month
from ops_console.core.money import NODE_NAMES, amount
from ops_console.core.months import ANSWERS, STATE_NAMES
from ops_console.core.people import HOSPITAL
from ops_console.core.settlements import LINE_NAMES
from ops_console.core.signatures import OUTCOME_NAMES as LOCKED_NAMES
from ops_console.services import assessments, freezes, mirrors, month_rows, months, samples
from ops_console.services.duties import IN_7, IN_15, IN_30, PASSED
from ops_console.services.month_words import Desk, may_speak
from ops_console.web import formats
from ops_console.web.database import reading, reading_anew
from ops_console.web.factors import needs_factor
from ops_console.web.formats import gettext
from ops_console.web.lists import listed, word
from ops_console.web.month_address import contract_asked, found_of
from ops_console.web.rights import needs, status_of
from ops_console.web.sign_in import console
from ops_console.web.signatures import panel_of

pages = Blueprint("months", __name__)
MIRROR_PARTS = {PASSED: "已过期", IN_7: "7 天内", IN_15: "15 天内", IN_30: "30 天内"}
WHICH_NAMES = {
    month_rows.POPULATION: "全部已有结果", "kept": "达标（计入）", month_rows.RAW: "达标（原始）",
    month_rows.ADJUSTED: "达标（扣除挂起）", "broken": "超时", "unproven": "未证实", "open": "未结",
    month_rows.CARRIED: "结转", month_rows.CORRECTED: "更正",
}  # fmt: skip


@pages.app_template_filter("yuan")
def yuan(fen: int | None) -> str:
    """Given 分, return `¥12,345.00`; a sum nobody knows is a dash."""
    return f"¥{amount(fen)}" if fen is not None else "—"


@pages.app_template_filter("points")
def points(hundredths: int | None) -> str:
    """Given hundredths of a point, return points as people write them: 91.5, 8, 0.25; nobody's are a dash."""
    if hundredths is None:
        return "—"
    whole, rest = divmod(abs(hundredths), 100)
    told = f"{whole}.{rest:02d}".rstrip("0").rstrip(".")
    return f"-{told}" if hundredths < 0 else told


@pages.app_template_filter("seconds")
def seconds(count: int) -> str:
    """Given whole seconds, return the span in words."""
    return formats.span(timedelta(seconds=count))


@pages.app_template_filter("happened")
def happened(line: ItemLine, measure: str) -> str:
    """Given an item's line and its first measure, return what happened: 2/35, of a mean the value and of how many."""
    scored = line.scored
    mean = mean_of(measure, scored.numerator, scored.denominator)
    if not mean:
        return f"{scored.numerator}/{scored.denominator}"
    return gettext("%(value)s（%(n)s 份）") % {"value": mean, "n": scored.denominator} if measure == RATING else mean


@pages.app_template_filter("measure_name")
def measure_name(name: str) -> str:
    """Given a measure's name, return what people call it, with the task it is about."""
    base, _, task = name.partition(":")
    known = MEASURES.get(base)
    title = gettext(known.title) if known else base
    return f"{title} {task}" if task else title


@pages.get("/month")
@needs("reports.read")
def index() -> Any:
    """The month asked for, else the one to settle first: the last that has ended."""
    return _page(request.args.get("month") or months.usual(g.book, g.now)[1])


@pages.get("/month/<month>")
@needs("reports.read")
def show(month: str) -> Any:
    """One month on one screen."""
    return _page(month)


def _page(month: str, refused: Refused | None = None) -> Any:
    session = reading_anew() if refused else reading()
    contract_id, actor = contract_asked(month), g.guest.actor
    shown = months.screen(session, g.book, contract_id, month, actor=actor, now=g.now)
    is_locked = partial(assessments.is_locked, session, contract_id)
    previous, following = months.neighbours(month)
    return render_template(
        "months/show.html", shown=shown, month=month, previous=previous, following=following, refused=refused,
        typed=request.form, state_names=STATE_NAMES, locked_names=LOCKED_NAMES, line_names=LINE_NAMES,
        outcome_names=OUTCOME_NAMES, kind_names=KIND_NAMES, duty_states=COUNTED_NAMES, answers=ANSWERS,
        worst=worst, is_open=may_speak(session, shown.month), panel=panel_of(contract_id, month), on_page=False,
        sample=samples.result(session, contract_id, month, actor, is_locked=is_locked), contract=contract_id,
        node_names=NODE_NAMES, category_names=CATEGORY_NAMES, sees_cases=may_see(actor, HOSPITAL, g.now),
    ), status_of(refused)  # fmt: skip


def worst(duties: tuple[DutyFact, ...]) -> str:
    """Given a clause's duties, return the state that its cell shows: the worst of them."""
    states = {duty.state for duty in duties if duty.is_counted}
    return next((state for state in ("missed", "late", "open", "kept", "waived") if state in states), "")


@pages.get("/month/<month>/clocks/<limit_id>/<which>")
@needs("reports.read")
def clocks(month: str, limit_id: str, which: str) -> Any:
    """Exactly the rows that a figure of a time limit counts, under its clause and rule."""
    return _clock_page(month, limit_id, which)


def _clock_page(month: str, limit_id: str, which: str, refused: Refused | None = None) -> Any:
    found = found_of(month_rows.clock_rows, month, limit_id, which, anew=refused is not None)
    return render_template(
        "months/clocks.html", found=found, month=month, which=which, which_names=WHICH_NAMES, refused=refused,
        typed=request.form, outcome_names=OUTCOME_NAMES, span=timedelta,
        is_open=may_speak(reading(), found.month),
    ), status_of(refused)  # fmt: skip


@pages.get("/month/<month>/items/<code>")
@needs("reports.read")
def item(month: str, code: str) -> Any:
    """What one item of the scoring sheet deducts for, fact by fact."""
    return _item_page(month, code)


def _item_page(month: str, code: str, refused: Refused | None = None) -> Any:
    found = found_of(month_rows.item_rows, month, code, anew=refused is not None)
    return render_template(
        "months/item.html", found=found, month=month, refused=refused, typed=request.form,
        is_open=may_speak(reading(), found.month),
    ), status_of(refused)  # fmt: skip


def say(month: str, back: Callable[[Refused], Any], act: Callable[[Desk], None], told: str, where: str) -> Any:
    """Given a month, what shows a refusal, what is put down, what to tell and where to go then, do it."""
    try:
        with console().write() as session:
            book = console().book(session)
            act(Desk(session, book, contract_asked(month), month, actor=g.guest.actor, now=console().now()))
    except NotFound:
        raise
    except Refused as refused:
        return back(refused)
    flash(told, "success")
    return redirect(where)


@pages.post("/month/<month>/explanations/<limit_id>/<which>")
@needs("months.explain")
def explain(month: str, limit_id: str, which: str) -> Any:
    """Note the vendor's account of one clock that was not kept."""
    given, contract = request.form, contract_asked(month)
    where = url_for("months.clocks", month=month, limit_id=limit_id, which=which, contract=contract)
    return say(
        month, lambda refused: _clock_page(month, limit_id, which, refused),
        lambda desk: desk.explain(clock_target(limit_id, given.get("number", "")), given.get("text", "")),
        gettext("已记下说明"), where,
    )  # fmt: skip


@pages.post("/month/<month>/objections")
@needs("months.explain", "months.adjust")
def object_to(month: str) -> Any:
    """Object to a line of the month."""
    given = request.form
    where = url_for("months.show", month=month, contract=contract_asked(month), _anchor="disputes")
    return say(
        month, lambda refused: _page(month, refused),
        lambda desk: desk.object(given.get("target", ""), given.get("text", "")), gettext("已提出异议，等待对方答复"),
        where,
    )  # fmt: skip


@pages.post("/month/<month>/objections/<id:objection_id>")
@needs("months.explain", "months.adjust")
def answer(month: str, objection_id: int) -> Any:
    """Answer an objection of the other party."""
    given = request.form
    where = url_for("months.show", month=month, contract=contract_asked(month), _anchor="disputes")
    return say(
        month, lambda refused: _page(month, refused),
        lambda desk: desk.answer(objection_id, given.get("outcome", ""), given.get("text", "")),
        gettext("已答复"), where,
    )  # fmt: skip


@pages.post("/month/<month>/items/<code>")
@needs("months.adjust")
@needs_factor
def adjust(month: str, code: str) -> Any:
    """Let an item deduct something else than was computed, with the reason."""
    given = request.form
    where = url_for("months.item", month=month, code=code, contract=contract_asked(month))
    return say(
        month, lambda refused: _item_page(month, code, refused),
        lambda desk: desk.adjust(code, _points_typed(given.get("deducted", "")), given.get("text", "")),
        gettext("已记下调整，与计算值并列显示"), where,
    )  # fmt: skip


def _points_typed(text: str) -> int | None:
    """Points as typed, in hundredths; nothing typed takes an adjustment back. Raises Refused for what is no number."""
    plain = text.strip()
    if not plain:
        return None
    whole, point, rest = plain.partition(".")
    if not (whole.isascii() and whole.isdigit()) or len(whole) > 3 or (point and not rest.isdigit()) or len(rest) > 2:
        raise Refused("分数请写成 1 或 0.5 这样的数字，最多两位小数。", field="deducted")
    return int(whole) * 100 + int(rest.ljust(2, "0") or "0")


@pages.post("/month/<month>/freeze")
@needs("months.adjust")
@needs_factor
def freeze(month: str) -> Any:
    """Freeze the month's facts, or freeze them anew before anybody signed, with the reason."""
    contract_id = contract_asked(month)
    try:
        with console().write() as session:
            freezes.freeze_month(
                session, console().book(session), contract_id, month, actor=g.guest.actor, now=console().now(),
                reason=request.form.get("text", ""),
            )  # fmt: skip
    except NotFound:
        raise
    except Refused as refused:
        return _page(month, refused)
    flash(gettext("%(month)s 的事实已冻结") % {"month": month}, "success")
    return redirect(url_for("months.show", month=month, contract=contract_id))


@listed(
    "month-clocks", "时限明细", "reports.read", "单号", "标题", "科室", "报修月份", "类别", "结果", "计入用时（秒）",
    "原始用时（秒）", "原结果", "乙方说明",
)  # fmt: skip
def _clocks() -> Iterator[tuple[object, ...]]:
    given = request.args
    month = parse_month(given["month"]) if "month" in given else months.usual(g.book, g.now)[1]
    limit = given.get("limit") or g.book.at(g.now).terms.limits[0].id
    found = month_rows.clock_rows(
        reading(), g.book, contract_asked(month), month, limit, given.get("which", month_rows.POPULATION),
        actor=g.guest.actor, now=g.now,
    )  # fmt: skip
    for row in found.rows:
        one = row.clock
        yield (
            one.number, row.title, row.department, one.month, word(formats.CLASS_NAMES[one.klass]),
            word(OUTCOME_NAMES[one.outcome]), one.seconds, one.raw_seconds,
            word(OUTCOME_NAMES[one.was]) if one.was else "", row.explanation.text if row.explanation else "",
        )  # fmt: skip


@pages.get("/mirror")
@needs("months.explain")
def mirror() -> Any:
    """What the vendor's manager has before it: duties, explanations, free work, the hospital's delay."""
    contract_id, month = months.usual(g.book, g.now)
    month = month_of(g.now) if request.args.get("month") == "now" else month
    found = mirrors.mirror(reading(), g.book, contract_id, month, actor=g.guest.actor, now=g.now)
    return render_template(
        "months/mirror.html", found=found, month=month, contract=contract_id, now=month_of(g.now), parts=MIRROR_PARTS
    )


@pages.get("/months")
@needs("reports.read")
def past() -> Any:
    """Every assessed month of a contract."""
    contract_id = contract_asked(months.usual(g.book, g.now)[1])
    found = months.past(reading(), g.book, contract_id, g.guest.actor, g.now)
    return render_template(
        "months/past.html", found=found, contract_id=contract_id, state_names=STATE_NAMES, locked_names=LOCKED_NAMES
    )
