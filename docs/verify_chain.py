#!/usr/bin/env python3
"""Checks an exported audit chain, and the anchors a party received, without the console: one file, Python 3.8 or newer.

    python3 verify_chain.py EXPORT.jsonl [--anchors ANCHORS.jsonl] [--allow-restored] [--part] [--lang zh|en] [--json]

Names the first broken entry. `--part`: the file ends before the chain does, as an evidence package's with the freeze,
so that later anchors count entries it cannot have. Exit: 0 nothing wrong, 1 something is broken or disagrees, 2 wrong
usage or no such file.
It reads line by line: memory does not grow with the file. Formats: docs/audit-chain.md of the console.
"""

import argparse
import hashlib
import json
import sys
from pathlib import Path

EXPORT, ANCHOR = "ops-console/audit-export/v1", "ops-console/anchor/v1"
LINK, COMMITMENT = b"ops-console/chain/v1\0", b"ops-console/commitment/v1\0"
SEALED = ".original"  # a commitment to a text that stands sealed in the console: never in an export
ALGORITHM, GENESIS = "sha256-v1", "0" * 64
KEYS = [
    "actor", "algorithm", "channel", "commitments", "evidence", "facts", "grade", "kind", "occurred_at", "recorded_at",
    "seq", "side", "subject", "subject_id",
]  # fmt: skip
WORDS = {
    "header": ("第 1 行不是导出文件的开头，或格式版本不是 {expected}", "line 1 is no export header of {expected}"),
    "json": ("第 {seq} 条读不出来：{why}", "entry {seq} cannot be read: {why}"),
    "missing": ("第 {seq} 条缺失：这里是第 {found} 条", "entry {seq} is missing: entry {found} stands here"),
    "shape": ("第 {seq} 条的栏目不对", "entry {seq} has other keys than an entry has"),
    "content": (
        "第 {seq} 条的内容与它的哈希不符：写入之后被改动",
        "the content of entry {seq} does not match its hash: it was changed after it was written",
    ),
    "linked": (
        "第 {seq} 条所记的前一条哈希与第 {before} 条不符：前一条被替换，或两条被调换",
        "entry {seq} names another hash for entry {before}: that entry was replaced, or two were swapped",
    ),
    "personal": (
        "第 {seq} 条的个人信息 {field} 与它的承诺不符：文字或盐被改动",
        "the personal text {field} of entry {seq} does not match its commitment: text or salt was changed",
    ),
    "tail": (
        "文件到第 {seq} 条为止，而开头写着到第 {last} 条：尾部缺失",
        "the file ends with entry {seq}, its header says {last}: the tail is missing",
    ),
    "head": ("最后一条的哈希与文件开头所记不符", "the hash of the last entry is not the one the header names"),
    "anchor_json": ("日锚文件第 {line} 行读不出来", "line {line} of the anchors cannot be read"),
    "anchor_digest": ("{day} 的日锚内容与摘要不符", "the anchor of {day} does not match its digest"),
    "anchor_linked": (
        "{day} 的日锚不接前一份日锚：中间有缺失，或日锚被另行续写",
        "the anchor of {day} does not follow the one before: some are missing, or they were continued apart",
    ),
    "anchor_cut": (
        "{day} 的日锚数到第 {seq} 条，链只有 {last} 条：尾部被截断，或恢复了较早的备份",
        "the anchor of {day} counts {seq} entries, the chain has {last}: cut off, or an older backup was restored",
    ),
    "anchor_other": (
        "{day} 的日锚所记第 {seq} 条的哈希与链不符：第 {seq} 条及以前被改写",
        "the anchor of {day} names another hash for entry {seq}: the chain up to there was rewritten",
    ),
    "ok": (
        "链完整：第 {first} 至 {last} 条，共 {count} 条；清除过的个人信息 {purged} 处，末条哈希 {head}",
        "the chain is whole: entries {first} to {last}, {count} in all; {purged} personal texts purged; head {head}",
    ),
    "anchors_ok": ("{count} 份日锚都与链相符", "all {count} anchors agree with the chain"),
    "anchors_early": (
        "{count} 份日锚早于本文件的第一条，未能核对",
        "{count} anchors are older than the first entry of this file and were not compared",
    ),
    "anchors_late": (
        "{count} 份日锚晚于本文件的末条，未能核对",
        "{count} anchors are newer than the last entry of this file and were not compared",
    ),
    "restored": (
        "{day} 的日锚对不上，链中第 {by} 条登记为恢复备份：请与双方核对原因",
        "the anchor of {day} disagrees; entry {by} of the chain says a backup was restored: ask both parties why",
    ),
    "no_file": ("打不开 {path}：{why}", "cannot open {path}: {why}"),
    "broken": ("发现问题：", "broken: "),
}


class Broken(Exception):
    """The first thing that is wrong: its kind and the values of its sentence."""

    def __init__(self, kind, **values):
        super().__init__(kind)
        self.kind, self.values_of = kind, values


def refuse_float(text):
    """Given a number with a fraction, refuse it: two machines could write it differently."""
    raise ValueError("not a whole number: " + text)


def refuse_repeats(pairs):
    """Given the pairs of an object, return them as one; a key that stands twice is refused."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


STRICT = json.JSONDecoder(
    parse_float=refuse_float, parse_constant=refuse_float, object_pairs_hook=refuse_repeats
).decode
CANONICAL = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode


def link(previous, body):
    """Given the hash before and the canonical body, return the entry's hash."""
    return hashlib.sha256(LINK + previous.encode() + b"\0" + body.encode("utf-8")).hexdigest()


def commitment(salt, text):
    """Given a salt in hexadecimal and a text, return the commitment that stands for it in the body."""
    return hashlib.sha256(COMMITMENT + bytes.fromhex(salt) + text.encode("utf-8")).hexdigest()


def read_header(line):
    """Given the first line, return it. Raises Broken when it is no header of ours."""
    try:
        header = STRICT(line)
        if header["format"] == EXPORT:
            return header
    except (ValueError, KeyError, TypeError):
        pass
    raise Broken("header", expected=EXPORT)


class Chain:
    """What was read so far: the number and hash of the last entry, what anchors ask for, what was purged."""

    def __init__(self, header, wanted):
        self.first, self.last, self.head = header["first"], header["first"] - 1, header["before"]
        self.header, self.purged, self.wanted, self.hashes, self.restored = header, 0, wanted, {}, {}
        if header["first"] == 1 and header["before"] != GENESIS:
            raise Broken("linked", seq=1, before=0)

    def take(self, line):
        """Given the next line, check it and go on to it. Raises Broken when something is wrong."""
        seq = self.last + 1
        try:
            told = STRICT(line)
            body = told["body"]
            text = CANONICAL(body)
            found, kept_hash, before = body["seq"], told["hash"], told["prev"]
        except (ValueError, KeyError, TypeError) as why:
            raise Broken("json", seq=seq, why=why) from why
        if found != seq:
            raise Broken("missing", seq=seq, found=found)
        if sorted(body) != KEYS or body["algorithm"] != ALGORITHM:
            raise Broken("shape", seq=seq)
        if link(before, text) != kept_hash or not line.startswith('{"body":' + text + ","):
            raise Broken("content", seq=seq)
        if before != self.head:
            raise Broken("linked", seq=seq, before=self.last)
        self.check_personal(seq, body["commitments"], told.get("personal", {}))
        self.remember(seq, kept_hash, body)

    def check_personal(self, seq, promised, kept):
        """Given commitments and the personal texts beside them, compare. A text that was purged is counted."""
        for name in kept:
            try:
                agrees = commitment(kept[name]["salt"], kept[name]["text"]) == promised.get(name)
            except (ValueError, KeyError, TypeError, AttributeError):
                agrees = False
            if not agrees:
                raise Broken("personal", seq=seq, field=name)
        if self.header.get("personal"):
            self.purged += len([name for name in promised if name not in kept and not name.endswith(SEALED)])

    def remember(self, seq, kept_hash, body):
        """Given a checked entry, go on to it, and keep what anchors are compared with."""
        self.last, self.head = seq, kept_hash
        if seq in self.wanted:
            self.hashes[seq] = kept_hash
        if body["subject"] == "chain" and body["kind"] == "restored":
            for digest in body["facts"].get("anchors", []):
                self.restored[digest] = seq


def check_chain(path, wanted):
    """Given an export and the numbers that anchors ask for, return the whole Chain. Raises Broken."""
    with Path(path).open(encoding="utf-8", newline="\n") as lines:
        chain = Chain(read_header(lines.readline()), wanted)
        for line in lines:
            chain.take(line)
    if chain.last != chain.header["last"]:
        raise Broken("tail", seq=chain.last, last=chain.header["last"])
    if chain.head != chain.header["head"]:
        raise Broken("head")
    return chain


def read_anchors(path):
    """Given a file of anchors, one a line as they were received, return them. Raises Broken for one that is altered."""
    found = []
    with Path(path).open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                found.append(read_anchor(number, line))
    return found


def read_anchor(number, line):
    """Given one line, return its anchor with its digest. Raises Broken when body and digest do not agree."""
    try:
        told = STRICT(line)
        anchor, digest = told["anchor"], told["digest"]
        text, day = CANONICAL(anchor), anchor["day"]
        anchor["count"], anchor["head"], anchor["previous"]
    except (ValueError, KeyError, TypeError):
        raise Broken("anchor_json", line=number) from None
    if hashlib.sha256(ANCHOR.encode() + b"\0" + text.encode("utf-8")).hexdigest() != digest:
        raise Broken("anchor_digest", day=day)
    return dict(anchor, digest=digest)


def check_anchors(chain, anchors, is_part):
    """Given a whole chain, anchors and whether the file is a part, return (disagreeing, restored, not compared).

    The first two are kinds with the values of each, the last is how many anchors by the kind that says so.
    """
    wrong, restored, outside, before = [], [], {"anchors_early": 0, "anchors_late": 0}, None
    for anchor in anchors:
        seq, values = anchor["count"], {"day": anchor["day"], "seq": anchor["count"], "last": chain.last}
        kind = None
        if seq < chain.first and seq != chain.first - 1:
            outside["anchors_early"] += 1
        elif seq > chain.last and is_part:
            outside["anchors_late"] += 1
        elif seq > chain.last:
            kind = "anchor_cut"
        elif (chain.header["before"] if seq == chain.first - 1 else chain.hashes[seq]) != anchor["head"]:
            kind = "anchor_other"
        elif before is not None and anchor["previous"] != before:
            kind = "anchor_linked"
        before = anchor["digest"]
        if kind is not None and anchor["digest"] in chain.restored:
            restored.append(("restored", dict(values, by=chain.restored[anchor["digest"]])))
        elif kind is not None:
            wrong.append((kind, values))
    return wrong, restored, outside


def arguments():
    """Return what was asked for."""
    parser = argparse.ArgumentParser(description="Check an exported audit chain. 校验导出的审计链。")
    parser.add_argument("export")
    parser.add_argument("--anchors", help="anchors as a party received them, one a line / 本方收到的日锚，一行一份")
    parser.add_argument(
        "--allow-restored", action="store_true", help="a restored backup named in the chain is no fault"
    )
    parser.add_argument(
        "--part", action="store_true", help="the file ends before the chain does / 本文件只到冻结时为止"
    )
    parser.add_argument("--lang", choices=["zh", "en"], default="zh")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def main():
    """Check what was asked for, say it, and return the exit code."""
    asked = arguments()
    told, code = [], 1
    try:
        anchors = read_anchors(asked.anchors) if asked.anchors else []
        chain = check_chain(asked.export, {anchor["count"] for anchor in anchors})
        code = tell(asked, chain, anchors, told)
    except Broken as broken:
        told.append((broken.kind, broken.values_of))
    except (OSError, UnicodeDecodeError) as why:
        told.append(("no_file", {"path": asked.export, "why": why}))
        code = 2 if isinstance(why, OSError) else 1
    say(asked, told, code)
    return code


def tell(asked, chain, anchors, told):
    """Given a whole chain, add what is to be said of it and of the anchors; return the exit code."""
    wrong, restored, outside = check_anchors(chain, anchors, asked.part)
    values = {"first": chain.first, "last": chain.last, "count": chain.last - chain.first + 1, "head": chain.head}
    told.append(("ok", dict(values, purged=chain.purged)))
    told += wrong + restored
    told += [(kind, {"count": count}) for kind, count in outside.items() if count]
    compared = len(anchors) - sum(outside.values())
    if not wrong and not restored and compared:
        told.append(("anchors_ok", {"count": compared}))
    return 1 if wrong or (restored and not asked.allow_restored) else 0


def _plain(value):
    return value if isinstance(value, int) else str(value)


def say(asked, told, code):
    """Given what is to be said, print it in the language asked for, or as JSON."""
    if asked.json:
        plain = [
            dict(((k, v if isinstance(v, int) else str(v)) for k, v in values.items()), kind=kind)
            for kind, values in told
        ]
        print(json.dumps({"whole": code == 0, "told": plain}, ensure_ascii=False, indent=1))
        return
    language = 0 if asked.lang == "zh" else 1
    for kind, values in told:
        good = kind in ("ok", "anchors_ok", "anchors_early", "anchors_late")
        print(("" if good else WORDS["broken"][language]) + WORDS[kind][language].format(**values))


if __name__ == "__main__":
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(encoding="utf-8", errors="replace")
    sys.exit(main())
