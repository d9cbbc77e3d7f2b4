"""The quick log: a line, or nothing but the moment, becomes a ticket at once; the content follows any time that day.

Not for reading lines (`core/quick_lines.py`) nor for what a ticket may be (`services/tickets.py`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from threading import Lock
from typing import Any

from sqlalchemy.orm import Session

from ops_console.core import chat_blocks, quick_lessons
from ops_console.core.attachments import NewFile
from ops_console.core.catalogue import Module
from ops_console.core.errors import Refused
from ops_console.core.moments import ZONE
from ops_console.core.people import Actor
from ops_console.core.quick_days import When, day_of, moment_ago
from ops_console.core.quick_lines import Guess, Lexicon, read
from ops_console.core.quick_people import learned
from ops_console.core.tickets import Event
from ops_console.core.trust import LATEST_BACKFILL
from ops_console.services import attachments
from ops_console.services.contracts import Book
from ops_console.services.descriptions import CompleteTicket, complete
from ops_console.services.tickets import ANSWERED_AT_ONCE, OpenTicket, open_ticket, view
from ops_console.store import audit
from ops_console.store import quick_log as store

FIELDS = ("type", "module", "channel", "department", "reporter", "reported")
CHATS = ("微信群", "QQ")  # somebody wrote there and nobody answered by that alone: when it was said has to be told
CALL = "电话"  # the bare Enter: the phone rang
SAID_MINUTES = (0, 5, 10, 30)
OPEN = "开头的“%(words)s”读不出是几点，请选是什么时候说的，或把时间写全，例如“昨天 21:00”。"
REFRESH = timedelta(minutes=5)
USUAL_MODULES, USUAL_TYPES, USUAL_REPORTERS = 8, 6, 8
LONGEST_TITLE, LONGEST_LINE = 200, 4000


@dataclass(frozen=True)
class Vocabulary:
    """What lines are read by just now, and what recent tickets are mostly about, the most frequent first."""

    lexicon: Lexicon
    modules: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    departments: tuple[str, ...] = ()
    reporters: tuple[str, ...] = ()


@dataclass(frozen=True)
class Entry:
    """The command of one quick entry: the line as typed, the fields that a person set, and when it was said.

    `fields` by names of FIELDS; one that is not there is guessed. `inherited` are those of the entry before, which the
    line overrules: 同上, but by phone. `said_minutes` ago, or `said_at` (aware), as told by
    a chip or by the chat itself; `chat` is the channel of the chip, where the line names none. `answered` counts for
    chats alone: a call taken is answered, anything else is not. `files` were kept just now: they are attached to the
    ticket in the same act, and to a new one they prove the report time.
    """

    line: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    said_minutes: int | None = None
    said_at: datetime | None = None
    chat: str = ""
    answered: bool = False
    files: tuple[NewFile, ...] = ()
    inherited: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Draft:
    """A message of a pasted chat: what it seems to say, when it was said, and why it is not ticked."""

    message: chat_blocks.Message
    guess: Guess
    too_old: bool
    chatter: bool


class Vocabularies:
    """Keeps the Vocabulary of this process for a few minutes, or until something new is taught. Safe across threads."""

    def __init__(self, types: Sequence[str], modules: Sequence[Module]) -> None:
        self.shipped = Vocabulary(Lexicon(tuple(types), tuple(modules)))
        self._lock = Lock()
        self._made: tuple[datetime, Vocabulary] | None = None

    def of(self, session: Session, now: datetime) -> Vocabulary:
        """Given a session and now, return what lines are read by. No statement, or two where it has grown old."""
        with self._lock:
            if self._made is None or not timedelta() <= now - self._made[0] < REFRESH:
                self._made = (now, _vocabulary(session, self.shipped.lexicon))
            return self._made[1]

    def forget(self) -> None:
        """Read anew the next time: something was taught."""
        with self._lock:
            self._made = None


def _vocabulary(session: Session, shipped: Lexicon) -> Vocabulary:
    recent, taught = store.recent(session), store.aliases(session)
    departments, reporters = _frequent(recent, "department"), _frequent(recent, "reporter")
    places = {row.word: row.meaning for row in taught if row.kind == quick_lessons.DEPARTMENT}
    words = {row.word: (row.meaning, row.times) for row in taught if row.kind == quick_lessons.MODULE}
    lexicon = Lexicon(shipped.types, shipped.modules, learned(departments, reporters, places), words)
    names = {module.name for module in shipped.modules}
    modules = [name for name in _frequent(recent, "module") if name in names]
    types = [name for name in _frequent(recent, "type") if name in shipped.types]
    return Vocabulary(
        lexicon, tuple(modules[:USUAL_MODULES]), tuple(types[:USUAL_TYPES]), departments, reporters[:USUAL_REPORTERS]
    )


def _frequent(rows: Sequence[Any], column: str) -> tuple[str, ...]:
    counted = Counter(value for row in rows if (value := getattr(row, column).strip()))
    return tuple(value for value, _ in counted.most_common())


def guessed(entry: Entry, vocabulary: Vocabulary, now: datetime) -> dict[str, str]:
    """Given an entry and now, return its fields by name: what a person set, else what the line says.

    Beside FIELDS `title`, and `day`: MM-DD of the report time where it is of another day than today.
    Raises Refused when the line names a day that the year has not.
    """
    guess = read(entry.line, vocabulary.lexicon)
    told = {name: str(getattr(guess, name) or "") for name in FIELDS}
    passed_on = {} if told["department"] or told["reporter"] else entry.inherited  # somebody else, somewhere else
    passed_on = {**passed_on, "channel": entry.inherited.get("channel", "")}
    told |= {name: value for name, value in passed_on.items() if not told[name]} | dict(entry.fields)
    if not told["channel"]:  # a chip that answers what the line's own time left open says nothing of a chat
        chat = entry.chat if guess.when is None else ""
        told["channel"] = chat or ("" if entry.line.strip() else CALL)
    return {**told, **_time_told(entry, guess, now), "title": _title_of(entry, guess)}


def _time_told(entry: Entry, guess: Guess, now: datetime) -> dict[str, str]:
    """The report time as it is shown: HH:MM as far as it was stated, and the day where it is not today's."""
    at = _said(entry, now)
    if at is None and guess.when and guess.when.minutes_ago is not None and "reported" not in entry.fields:
        at = moment_ago(guess.when.minutes_ago, now)
    clock = at.astimezone(ZONE).strftime("%H:%M") if at else entry.fields.get("reported", guess.reported or "")
    day = at.astimezone(ZONE).date() if at else _day_of(guess.when, now)
    is_other = day is not None and day != now.astimezone(ZONE).date()
    return {"reported": clock, "day": day.strftime("%m-%d") if day and is_other and clock else ""}


def _said(entry: Entry, now: datetime) -> datetime | None:
    """The moment that the chat itself or a chip tells; neither leaves room for what the line says."""
    if entry.said_at is not None or entry.said_minutes is None:
        return entry.said_at
    return moment_ago(entry.said_minutes, now)


def _title_of(entry: Entry, guess: Guess) -> str:
    """What is left of the line; with its leading time where another one counts: then that is part of the matter."""
    if guess.when is None or guess.when.is_open or (entry.said_at is None and entry.said_minutes is None):
        return guess.title
    return f"{guess.when.words} {guess.title}".strip()


def log(
    session: Session, book: Book, vocabulary: Vocabulary, entry: Entry, *, actor: Actor, now: datetime
) -> tuple[str, bool]:
    """Given an entry, log the ticket; return its number and whether the entry taught a word.

    Raises Refused naming the field: `said` when a chat's message has no time of its own.
    """
    _check_length(entry)
    told = guessed(entry, vocabulary, now)
    reported_at = _reported_at(entry, told, read(entry.line, vocabulary.lexicon).when, now)
    answers = told["channel"] in ANSWERED_AT_ONCE or (told["channel"] in CHATS and entry.answered)
    command = OpenTicket(
        type=told["type"], module=told["module"], channel=told["channel"], title=_title(told["title"]),
        department=told["department"], reporter=told["reporter"], description=_description(told["title"]),
        reported_at=reported_at, answered=answers and actor.may("tickets.record"), incomplete=True,
        files=entry.files,
    )  # fmt: skip
    number = open_ticket(session, book, command, actor, now)
    return number, _learn(session, vocabulary, entry, actor, now)


def fill(
    session: Session, book: Book, vocabulary: Vocabulary, number: str, entry: Entry, *, actor: Actor, now: datetime
) -> bool:
    """Given a placeholder's number and the entry that tells its content, fill it; say whether a word was taught.

    What the ticket knows stays unless the person set it; its times are not touched.
    """
    _check_length(entry)
    if not entry.line.strip() and not any(entry.fields.values()):
        raise Refused("请写内容：一句话说明是什么事。", field="line")
    facts = view(session, book, number, actor).facts
    told = guessed(entry, vocabulary, now)
    known = {name: getattr(facts, name) for name in ("type", "module", "channel", "department")}
    wanted = {name: told[name] for name in known if name in entry.fields or not known[name]}
    command = CompleteTicket(
        number, **wanted, reporter=told["reporter"], title=_title(told["title"]),
        description=_description(told["title"]),
    )  # fmt: skip
    complete(session, book, command, actor, now)
    for file in entry.files:
        attachments.attach(session, number, file, actor, now)
    return _learn(session, vocabulary, entry, actor, now)


def _check_length(entry: Entry) -> None:
    if len(entry.line) > LONGEST_LINE:
        raise Refused("这一栏最多 %(n)s 个字，现在有 %(now)s 个。", field="line", n=LONGEST_LINE, now=len(entry.line))


def _title(title: str) -> str:
    return " ".join(title.split())[:LONGEST_TITLE]


def _description(title: str) -> str:
    """The whole matter, where the title cannot hold it."""
    return title if len(title) > LONGEST_TITLE or "\n" in title else ""


def _reported_at(entry: Entry, told: Mapping[str, str], when: When | None, now: datetime) -> datetime | None:
    if entry.said_at is None and entry.said_minutes == 0:
        return None  # now, by the console's own clock
    said = _said(entry, now)
    if said is not None:
        return said
    if when is not None and when.minutes_ago is not None and "reported" not in entry.fields:
        return moment_ago(when.minutes_ago, now)
    if told["reported"]:
        return moment_of(told["reported"], now, _day_of(when, now))
    if when is not None and when.is_open:
        raise Refused(OPEN, field="said", words=when.words)
    if told["channel"] in CHATS:
        raise Refused("群里的消息请选是什么时候说的，报修时间才不会和响应时间混为一个。", field="said")
    return None


def _day_of(when: When | None, now: datetime) -> date | None:
    try:
        return day_of(when, now)
    except ValueError as exc:
        words = when.words if when else ""
        raise Refused("没有“%(value)s”这一天，请改正时间。", field="reported", value=words) from exc


def moment_of(clock: str, now: datetime, day: date | None = None) -> datetime:
    """Given HH:MM and now, return that moment of the Shanghai day; soon after midnight, of the evening before.

    With a `day`, of that day. Raises Refused when it is no time of day, or has not come yet.
    """
    try:
        at = datetime.combine(day or now.astimezone(ZONE).date(), time.fromisoformat(clock), tzinfo=ZONE)
    except ValueError as exc:
        raise Refused("“%(value)s”不是时刻；请写成 9:05 这样的时分。", field="reported", value=clock) from exc
    if day is None and at > now and at - timedelta(days=1) >= now - timedelta(hours=12):
        at -= timedelta(days=1)
    if at > now:
        shown = clock if day is None else f"{day:%m-%d} {clock}"
        raise Refused("报修时间 %(time)s 还没有到，请改正时间。", field="reported", time=shown)
    return at


def _learn(session: Session, vocabulary: Vocabulary, entry: Entry, actor: Actor, now: datetime) -> bool:
    """Keep what the person's corrections of the guess teach, each with its event."""
    set_by_hand = {name: entry.fields.get(name, "").strip() for name in ("department", "module")}
    guess = read(entry.line, vocabulary.lexicon)
    found = quick_lessons.lessons(entry.line, guess, lexicon=vocabulary.lexicon, **set_by_hand)
    for lesson in found:
        store.teach(session, kind=lesson.kind, word=lesson.word, meaning=lesson.meaning, by=actor.account, at=now)
        facts = {"kind": lesson.kind, "word": lesson.word, "meaning": lesson.meaning}
        audit.append(session, "alias", lesson.word, Event("taught", now, now, actor.account, actor.side, facts=facts))
    return bool(found)


def drafts(block: str, vocabulary: Vocabulary, now: datetime) -> tuple[Draft, ...]:
    """Given a pasted block of chat, return its messages as drafts, with their own times."""
    return tuple(_draft(message, vocabulary, now) for message in chat_blocks.messages(block, now))


def _draft(message: chat_blocks.Message, vocabulary: Vocabulary, now: datetime) -> Draft:
    told_by_name = read(f"{message.department} {message.sender}", vocabulary.lexicon)
    guess = read(message.text, vocabulary.lexicon)
    guess = replace(
        guess,
        department=guess.department or told_by_name.department,
        reporter=guess.reporter or message.sender or None,
        reported=_time_told(Entry(), guess, now)["reported"] or None,
    )
    too_old = message.said_at is not None and now - message.said_at > LATEST_BACKFILL
    return Draft(message, guess, too_old, chat_blocks.is_chatter(message))
