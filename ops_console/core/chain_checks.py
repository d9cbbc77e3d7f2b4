"""What verification finds in the chain, in words; and which of the kept anchors the chain still agrees with.

Not for walking through it (`services/chain_checks.py`). The offline verifier, `docs/verify_chain.py`, says the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ops_console.core.anchors import Anchor
from ops_console.core.chain import canonical
from ops_console.core.sentences import Sentence

WHOLE, EXPLAINED, BROKEN = "whole", "explained", "broken"
MOST_KEPT = 50  # findings kept of one check; what is beyond is counted
TOLD = {
    "missing": "第 %(seq)s 条缺失：其后现存的第一条是第 %(next)s 条。",
    "linked": "第 %(seq)s 条所记的前一条哈希与第 %(before)s 条现有的哈希不符：前一条被整条替换，或两条被调换。",
    "content": "第 %(seq)s 条的内容与它的哈希不符：内容、时间或人员在写入之后被改动。",
    "unreadable": "第 %(seq)s 条的内容不是规范的 JSON，读不出来：写入之后被改动。",
    "personal": "第 %(seq)s 条的个人信息 %(field)s 与它的承诺不符：文字或随机盐被改动。",
    "personal_missing": "第 %(seq)s 条的个人信息 %(field)s 整行缺失：正常清除只清空文字和盐，不删除行。",
    "personal_extra": "第 %(seq)s 条多出没有承诺的个人信息 %(field)s。",
    "anchor_cut": "链现有 %(count)s 条，而 %(day)s 的日锚已数到第 %(seq)s 条：尾部被截断，或恢复了较早的备份。",
    "anchor_other": "第 %(seq)s 条的哈希与 %(day)s 的日锚所记不符：该条及以前被整体改写，或恢复备份后另行续写。",
    "anchor_altered": "%(day)s 的日锚内容与它的摘要不符，或与前一日锚不相接：日锚被改动。",
    "anchor_lost": "日锚文件中 %(day)s 的日锚不在数据库里：日锚被删除，或恢复了较早的备份。",
    "trigger": "数据库缺少防改触发器 %(name)s：有人停用过对事件的保护。",
    "more": "另有 %(count)s 处问题没有逐条列出。",
}
GROWING = ("anchor_cut", "anchor_other")


@dataclass(frozen=True)
class Finding:
    """One thing that verification found: its kind, the entry it concerns, and the values of its sentence."""

    kind: str
    seq: int
    values: Mapping[str, object] = field(default_factory=dict)
    mark: str = ""

    @property
    def sentence(self) -> Sentence:
        """The finding in words."""
        return Sentence(TOLD[self.kind], {"seq": self.seq, **self.values})

    @property
    def fingerprint(self) -> str:
        """What makes this finding the same when it is found again; altered once more, it is another one.

        A chain cut short grows again: anchors that disagree are the same finding whatever its length by now.
        """
        told = canonical(["anchors", self.mark] if self.kind in GROWING else [self.kind, self.seq, self.mark])
        return hashlib.sha256(told.encode()).hexdigest()

    def plain(self) -> dict[str, object]:
        """Return the finding as JSON keeps it."""
        return {"kind": self.kind, "seq": self.seq, "values": dict(self.values), "mark": self.mark}


def from_plain(kept: Mapping[str, object]) -> Finding:
    """Given a finding as JSON keeps it, return it."""
    values = kept["values"]
    assert isinstance(values, Mapping)
    return Finding(str(kept["kind"]), int(str(kept["seq"])), dict(values), str(kept["mark"]))


def joint_fingerprint(findings: Iterable[Finding]) -> str:
    """Given findings, return the one fingerprint of them all, in whatever order they were found."""
    return hashlib.sha256("".join(sorted(f.fingerprint for f in findings)).encode()).hexdigest()


def against_anchors(
    anchors: Sequence[Anchor], count: int, hash_of: Callable[[int], str | None], explained: Iterable[str] = ()
) -> list[Finding]:
    """Given kept anchors, the chain's count and what gives an entry's hash, return the first anchor that disagrees.

    One finding stands for all that disagree: its mark binds them. `explained` are digests that an entry `restored`
    of the chain names: they are no finding.
    """
    known = set(explained)
    apart = [a for a in anchors if a.digest not in known and (a.seq > count or hash_of(a.seq) != a.head)]
    if not apart:
        return []
    first = min(apart, key=lambda anchor: anchor.seq)
    mark = joint_mark(apart)
    if first.seq > count:
        return [Finding("anchor_cut", first.seq, {"count": count, "day": first.day.isoformat()}, mark)]
    return [Finding("anchor_other", first.seq, {"day": first.day.isoformat()}, mark)]


def joint_mark(anchors: Iterable[Anchor]) -> str:
    """Given anchors, return one mark that binds all of them."""
    return hashlib.sha256("".join(sorted(anchor.digest for anchor in anchors)).encode()).hexdigest()


def altered(anchors: Sequence[Anchor]) -> list[Finding]:
    """Given the database's anchors in order, return those whose content, digest or link to the one before differ."""
    found, before = [], None
    for anchor in anchors:
        linked = before is None or anchor.previous == before
        if not anchor.is_sound or not linked:
            found.append(Finding("anchor_altered", anchor.seq, {"day": anchor.day.isoformat()}, anchor.digest))
        before = anchor.digest
    return found


def lost(kept: Sequence[Anchor], stored: Iterable[str], explained: Iterable[str] = ()) -> list[Finding]:
    """Given the anchors of the file and the digests of the database, return the file's that the database lacks."""
    known = {*stored, *explained}
    missing = [anchor for anchor in kept if anchor.digest not in known]
    if not missing:
        return []
    first = missing[0]
    return [Finding("anchor_lost", first.seq, {"day": first.day.isoformat()}, joint_mark(missing))]
