"""A month's papers as plain reports that any face or printer can set; that one left the console is recorded.

Not for their chapters (`services/month_chapters.py`), nor for longer spans (`services/long_reports.py`).
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from ops_console.core.attachments import PRINTED
from ops_console.core.errors import NotFound
from ops_console.core.moments import whole
from ops_console.core.months import STATE_NAMES
from ops_console.core.people import Actor
from ops_console.core.report_blocks import Chapter, Facts, Report, Word
from ops_console.core.sentences import Sentence, sentence
from ops_console.core.tickets import Event
from ops_console.services import months
from ops_console.services.contracts import Book
from ops_console.services.month_chapters import MONTH, PAPERS, chain_head
from ops_console.services.months import Screen
from ops_console.services.report_tables import Source, clock_list, ticket_list
from ops_console.store import assessments as store
from ops_console.store import audit


def month_report(
    session: Session, book: Book, contract_id: int, month: str, *, actor: Actor, now: datetime, paper: str = MONTH
) -> Report:
    """Given a contract, a month, who asks, now and one of PAPERS, return it: of the frozen month, else of the draft.

    Raises NotFound for an unknown paper, Refused without the right.
    """
    actor.need("reports.read")
    if paper not in PAPERS:
        raise NotFound("没有这一种单据。")
    title, chapters = PAPERS[paper]
    screen = months.screen(session, book, contract_id, month, actor=actor, now=now)
    numbers = [one.number for one in (*screen.month.facts.tickets, *screen.month.facts.carried)]
    source = Source(screen, store.shown(session, numbers))
    terms, row = screen.month.basis.terms, screen.month.row
    return Report(
        title=sentence(
            "%(month)s 合同终期结算 %(paper)s" if screen.month.life.is_final else "%(month)s %(paper)s", month=month,
            paper=sentence(title),
        ),
        subtitle=sentence("%(name)s（%(number)s）", name=terms.name, number=terms.number), cover=_cover(screen),
        chapters=tuple(Chapter(name, tuple(make(source))) for name, make in chapters),
        code=row.digest[:12] if row else "", digest=row.digest if row else "", reading=reading_of(screen),
        head=chain_head(screen), file_name=f"{terms.number}-{month}-{paper}",
        tables=(ticket_list(source), clock_list(source)) if paper == MONTH else (),
    )  # fmt: skip


def reading_of(screen: Screen) -> Sentence:
    """Given a month's screen, return which version of the agreed readings its figures are by."""
    version = screen.month.version
    day = version.terms.counts_from.isoformat()
    return sentence("合同第 %(n)s 版口径，自 %(day)s 起计", n=version.version, day=day)


def _cover(screen: Screen) -> Facts:
    month, terms = screen.month, screen.month.basis.terms
    return Facts((
        ("甲方", terms.hospital), ("乙方", terms.vendor), ("考核月份", month.life.month),
        ("状态", Word(STATE_NAMES[month.state])), ("数据截至", month.assessment.as_of),
        ("校验码", month.row.digest[:12] if month.row else "—"),
    ))  # fmt: skip


def note_made(session: Session, month: str, paper: str, kind: str, actor: Actor, now: datetime) -> None:
    """Given a month's report about to leave the console as a file, append that. Raises Refused without the right."""
    actor.need("tickets.export")
    at = whole(now)
    facts: dict[str, object] = {"document": paper, "month": month, "format": kind}
    audit.append(session, "export", "month", Event(PRINTED, at, at, actor.account, actor.side, facts=facts))
