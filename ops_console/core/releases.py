"""Releases and product versions: what is told of one, what it makes owed, and what one party may not change alone.

Not for the duties it makes (`core/duties.py`) nor for rows (`store/releases.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from datetime import date, datetime, timedelta
from typing import Any

from ops_console.core.contracts import GO_LIVE, NEW_VERSION, RELEASE
from ops_console.core.duties import Trigger
from ops_console.core.errors import Refused
from ops_console.core.moments import day_start, whole
from ops_console.core.sheet_text import has_forbidden
from ops_console.core.tickets import Event

UPDATE, PRODUCT = "update", "version"
KINDS = (UPDATE, PRODUCT)
KIND_NAMES = {UPDATE: "更新发布", PRODUCT: "产品新版本"}
EVENTS = (RELEASE, GO_LIVE, NEW_VERSION)
# On which ends it is out (stored Chinese terms stand here alone).
ENDS = ("患者端", "医生端", "管理端", "小程序", "公众号")
# What the hospital says to a new version of the product.
UPGRADE, LATER, NOT = "upgrade", "later", "not"
DECISION_NAMES = {UPGRADE: "升级", LATER: "暂缓", NOT: "不升级"}
# What becomes of a change that the other party has a word in.
PROPOSED, AGREED, REFUSED, TAKEN_BACK = "proposed", "agreed", "refused", "withdrawn"
REGISTERED, CORRECTED = "release_registered", "release_corrected"
CHANGE_STATES = (PROPOSED, AGREED, REFUSED, TAKEN_BACK)
FIELD_NAMES = {
    "version": "版本号", "title": "标题", "ends": "涉及的端", "notes": "说明", "released_at": "发布时间",
    "user_visible": "用户可见", "go_live": "有功能上线或活动", "go_live_at": "上线时间", "published_on": "厂商发布日",
    "void": "作废",
}  # fmt: skip
WORDS = ("version", "title", "ends", "notes")  # nothing is owed by them
LONGEST = {"version": 40, "title": 100, "notes": 1000}
FURTHEST_AHEAD = timedelta(days=90)
PERSONAL = ("title", "notes")  # typed freely: masked in rows, committed to in events


@dataclass(frozen=True)
class Release:
    """What is told of a release (`released_at`, perhaps a go-live) or of a product version (`published_on`)."""

    kind: str
    version: str
    title: str
    ends: tuple[str, ...] = ()
    notes: str = ""
    released_at: datetime | None = None
    user_visible: bool = True
    go_live: bool = False
    go_live_at: datetime | None = None
    published_on: date | None = None
    void: bool = False


def checked(told: Release, now: datetime) -> Release:
    """Given what somebody tells of a release, return it trimmed. Raises Refused on the field that is wrong."""
    if told.kind not in KINDS:
        raise Refused("请选择登记的是更新发布还是产品新版本。", field="kind")
    version, title = (" ".join(text.split()) for text in (told.version, told.title))
    notes = told.notes.replace("\r\n", "\n").strip()
    for name, text in (("version", version), ("title", title), ("notes", notes)):
        if len(text) > LONGEST[name] or has_forbidden(text):
            raise Refused(
                "“%(name)s”最多 %(n)s 个字，不能含控制字符。", field=name, name=FIELD_NAMES[name], n=LONGEST[name]
            )
    if not version:
        raise Refused("请填写版本号。", field="version")
    if not title:
        raise Refused("请填写标题。", field="title")
    if any(end not in ENDS for end in told.ends):
        raise Refused("请从列表中选择涉及的端。", field="ends")
    ends = tuple(end for end in ENDS if end in told.ends)
    return _checked_times(replace(told, version=version, title=title, notes=notes, ends=ends), now)


def _checked_times(told: Release, now: datetime) -> Release:
    if told.kind == PRODUCT:
        if told.published_on is None:
            raise Refused("请填写厂商发布这一版本的日期。", field="published_on")
        if day_start(told.published_on) > now:
            raise Refused("厂商发布日不能晚于今天。", field="published_on")
        return replace(told, released_at=None, go_live=False, go_live_at=None, user_visible=True)
    if told.released_at is None:
        raise Refused("请填写发布时间。", field="released_at")
    going = (told.go_live_at or told.released_at) if told.go_live else None
    for name, at in (("released_at", told.released_at), ("go_live_at", going)):
        if at is not None and at > now + FURTHEST_AHEAD:
            raise Refused("时间最多比今天晚 %(n)s 天，请核对。", field=name, n=FURTHEST_AHEAD.days)
    return replace(told, published_on=None, go_live_at=going)


def triggers(told: Release, ref: str) -> Iterator[tuple[str, Trigger | None]]:
    """Given a release and its reference, yield each kind of event with what it begins, None where it begins nothing."""
    published = day_start(told.published_on) if told.published_on else None
    for kind, at in ((RELEASE, told.released_at), (GO_LIVE, told.go_live_at), (NEW_VERSION, published)):
        yield kind, Trigger(kind, ref, at) if at is not None and not told.void else None


def changes(old: Release, new: Release) -> dict[str, tuple[object, object]]:
    """Given a release as it is and as it is to be, return what differs by field: (old, new) as plain values."""
    names = [f.name for f in fields(Release) if f.name != "kind"]
    return {
        name: (_plain(getattr(old, name)), _plain(getattr(new, name)))
        for name in names
        if getattr(old, name) != getattr(new, name)
    }


def _plain(value: object) -> object:
    if isinstance(value, tuple):
        return list(value)
    return value.isoformat() if isinstance(value, date) else value


def needs_other_side(changed: Mapping[str, object]) -> bool:
    """Given the fields that change, say whether the other party has a word in it: whatever makes something owed."""
    return any(name not in WORDS for name in changed)


# -- what events tell -------------------------------------------------------------------------------------------------


def fold(events: Iterable[Event]) -> Release | None:
    """Given a release's events in the order recorded, return what they come to; None where none registered it."""
    told: Release | None = None
    for event in events:
        if event.kind == REGISTERED:
            told = _registered(event)
        elif event.kind == CORRECTED and told is not None:
            told = replace(told, **_corrected(event))
    return told


def _registered(event: Event) -> Release:
    given = {name: _told(name, event.facts.get(name)) for name in FIELD_NAMES if name in event.facts}
    texts = {name: event.personal.get(name, "") for name in PERSONAL}
    return Release(**{"kind": str(event.facts["kind"]), **given, **texts})  # type: ignore[arg-type]


def _corrected(event: Event) -> dict[str, Any]:
    changed = {
        name: _told(name, value["new"])
        for name, value in event.facts.items()
        if name in FIELD_NAMES and isinstance(value, dict)
    }
    for name in PERSONAL:
        if f"{name}_old" in event.personal or f"{name}_new" in event.personal:
            changed[name] = event.personal.get(f"{name}_new", "")
    return changed


def _told(name: str, value: object) -> object:
    """What `_plain` made of a field, as the field again; an empty text of an event is not among its texts."""
    if name in ("released_at", "go_live_at"):
        return whole(datetime.fromisoformat(str(value))) if value else None
    if name == "published_on":
        return date.fromisoformat(str(value)) if value else None
    return tuple(value) if isinstance(value, list) else value
