#!/usr/bin/env python3
"""Computes a month of the contract's assessment again from its evidence package, without the console.

    python3 recalculate_month.py PACKAGE.zip|FOLDER [--json]

One file, Python 3.8 or newer, standard library alone. It was written from the published description
(docs/assessment-format.md, "CAF 1"), not from the console's code, and shares nothing with it: its own reading of the
files, its own clocks, its own points and money. In this order it checks

    1  that every file is what the description says: canonical JSON, closed keys, right types, no key or id twice
    2  hashes: contract and facts against the result, each line of facts, every file against the manifest, the chain
    3  that for each ticket and each quantity exactly one limit applies, and that agreed readings are in the terms
    4  clocks, caps, duties and clauses, from the facts
    5  the items of the scoring sheet, points and grade, the fee, deductions, what is payable
    6  every figure, cell by cell, against month.json
    7  that the signatures are over this very month.json

and prints a table of differences, each with its place. Exit: 0 no difference, 1 a difference, 2 cannot be read.
What it cannot know: whether a time was true when it was entered, and whether a fact was never entered.
"""

import argparse
import base64
import hashlib
import json
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from datetime import date, datetime, timedelta
from pathlib import Path

FORMAT = "ops-console/assessment/1"
LINK = b"ops-console/chain/v1\0"
WORDS = {
    "differs": "不同 differs", "hash": "哈希不符 hash differs", "missing": "缺少 missing", "extra": "多出 not expected",
    "key": "未知的键 unknown key", "type": "类型或写法不对 wrong type", "twice": "重复 twice",
    "canonical": "不是规范写法 not canonical", "conflict": "规则冲突 conflict", "undefined": "没有规则 undefined",
    "reading": "口径没有生效 reading not applied", "chain": "审计链断开 chain broken",
    "timeline": "时间不在事件中 not in the events", "signature": "签名无效 bad signature",
    "unverified": "未核验 not verified",
}  # fmt: skip

# -- shapes: every object of the format, each key with its type and, where it may be left out, its default ------------
# s text, i integer, b true/false, t instant, d day, m month, h SHA-256, * anything; T? may be null; [T] list; (T,T)
# pair; {name} an object of that name. A key without a default must be there. Keys that begin with x- are passed over.

SHAPES = """
contract  format:s number:s name:s hospital:s vendor:s main:h fee:i? money_basis:s versions:<{terms}> sheet:{sheet}?
terms     number:s name:s hospital:s vendor:s starts_on:d ends_on:d counts_from:d zone:s hours:[(s,s)] breaks:[(s,s)]
          overrides:[{override}] limits:[{limit}] readings:[{reading}] undeclinable:[s] prompt_minutes:i
          silence_workdays:i? clauses:[{clause}]=[] questions:[{question}]=[] chosen:[(s,s)]=[] ranked:[(s,s)]=[]
          go_live_on:d?=null openings:[{opening}]=[] fee:{fee}?=null nodes:[{node}]=[] settlement:{settlement}={}
override  year:i holidays:[s] workdays:[s]
limit     id:s clock:s name:s clause:s basis:s text:s start_event:s stop_event:s types:[s] except_types:[s]
          needs_onsite:b? classes:[s] limit_seconds:i class_rule:s pausable:b exception_to:[s]=[]
reading   id:s clause:s basis:s text:s
clause    kind:s id:s section:s key:s text:s bound:s basis:s rule:s signs:s evidence:[s]=[] tasks:[{task}]=[]
          duplicate_of:s="" go_live_on:d?=null responsibility:s="lead" limit:i=0 types:[s]=[] scope:s=""
          agreement_first:b=false no_refusal:b=false amount:s="none" month_of:s="occurrence" approval:[s]=[]
          outages:b=false
task      key:s name:s basis:s period:s="" event:s="" count:i=1 workdays:i=0 minutes:i=0 same_day:b=false
          grace_days:i=0 due_days:i=0 min_gap_days:i=0 evidence:[s]=[]
question  id:s clauses:[s] question:s options:[{option}] matters:s=""
option    id:s sentence:s sets:[(s,s)]=[]
opening   clause:s year:i used:i document:s=""
fee       annual:i months:[(m,i)]=[]
node      id:s kind:s share:i=0 condition:s="" legal_basis:s=""
settlement lock_workday:i=5 answer_workdays:i=3 sample_size:i=10 security_minutes:i=30
          penalty_month_of:s="occurrence" limits_told:[(s,i)]=[] at_risk:i=0 pay_days:i=30
sheet     name:s items:[{item}] grades:[{grade}] one_item_a_fact:b=true
item      code:s group:s name:s weight:i clauses:[s]=[] steps:[{step}]=[] measure:s="" compare:s="at_most"
          bands:[{band}]=[] otherwise:i=0 few:i=0 most:i=0 by_hand:b=false basis:s="补充约定" observed_by:s="both"
          zeroed_by:s="" rule:s=""
step      measure:s points:i free:i=0
band      limit:i points:i
grade     name:s points_from:i ratio:i=10000 follows:s=""

first     fact:s sha256:h month:m as_of:t chain_count:i chain_head:h counts:<i>
tickets   fact:s sha256:h number:s type:s module:s klass:s terms:h reported_at:t recorded_at:t state:s
          needs_onsite:b=false provisional:b=false cause:s="" channel:s="" mode:s="" responded_at:t?=null
          arrived_at:t?=null restorations:[t]=[] reopenings:[t]=[] pauses:[{pause}]=[] withdrawn:s=""
          withdrawn_at:t?=null closed_at:t?=null closure:s="" unproven:[s]=[] one_sided:[s]=[] grades:[(s,s)]=[]
          from_hospital:b=false rating:i?=null agreed_on:d?=null is_fault:b=false recurs:b=false late_entries:i=0
          late_bare:i=0 late_long:i=0 corrections:i=0 needs_evidence:b=false has_evidence:b=false minutes:i=0
          cost_owner:s=""
pause     start:t end:t?=null cause:s=""
earlier   fact:s sha256:h month:m number:s limit:s outcome:s clock:s klass:s counted:b=true
duties    fact:s sha256:h id:s clause:s task:s name:s state:s due_at:t delivered_at:t?=null accepted_at:t?=null
          evidence:[s]=[]
caps      fact:s sha256:h clause:s year:i limit:i opening:i used:i reserved:i asked:i held:i
cases     fact:s sha256:h number:s category:s month:m state:s upheld:b=false executed:b=false
penalties fact:s sha256:h month:m clause:s amount:i basis:s
entries   fact:s sha256:h name:s numerator:i denominator:i side:s confirmed:b=false is_ratio:b=false evidence:[s]=[]

month     format:s contract:s month:m revision:i contract_sha256:h facts_sha256:h sheet_version:i made_by:s
          adjustments:[{adjustment}] disputes:[{dispute}] sample:*? clocks:[{clock}] result:{result}
adjustment item:s deducted:i by:s at:t
dispute   id:i target:s side:s outcome:s
clock     number:s limit:s clock:s klass:s month:m outcome:s seconds:i raw_outcome:s raw_seconds:i was:s?=null
          two_sided:b=true
result    month:m as_of:t limits:[{limits}] clauses:[{line}] items:[{scoredline}] points:i? grade:s money:{money}
          conflicts:[{conflict}]=[] provisional:i=0 missing:[s]=[]
limits    limit:s clock:s population:i kept_raw:i kept_adjusted:i kept:i broken:[s]=[] unproven:[s]=[] open:[s]=[]
          carried:[s]=[] corrected:[s]=[]
line      clause:s kind:s outcome:s numerator:i denominator:i why:{why}
why       text:s values:*={}
scoredline scored:{scored} adjustment:{adjustment}? deducted:i
scored    code:s weight:i numerator:i denominator:i deductions:[{deduction}] deducted:i for_money:i empty:b
          missing:[s]=[] too_few:b=false
deduction ref:{ref} measure:s points:i count:i=1 two_sided:b=true instead:s=""
ref       kind:s id:s
money     fee:i? lines:[{moneyline}] payable:i? carried_over:i words:s
moneyline kind:s clause:s amount:i month:s basis:s
conflict  quantity:(s,s) type:s klass:s limits:[s]

signatures format:s contract:s month:m revision:i over_sha256:h state:s outcome:s locked_at:t? signatures:[{signature}]
signature party:s role:s person:s account:s method:s at:t over_sha256:h attempt:i=0 reservation:s="" delegated_by:s=""
          key:s="" proof:s="" material:*=null
manifest  format:s contract:s month:m revision:i month_sha256:h code:s files:[{file}] withheld:[{withheld}] notes:[s]
          sha256:h
file      name:s size:i sha256:h
withheld  sha256:h subject:s subject_id:s reason:s
"""
PATTERNS = {
    "t": re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d"), "d": re.compile(r"\d{4}-\d\d-\d\d"),
    "m": re.compile(r"\d{4}-(0[1-9]|1[0-2])"), "h": re.compile(r"[0-9a-f]{64}"),
}  # fmt: skip
IDENTITY = {  # by which keys a fact is known: no two lines may have the same
    "tickets": ("number",), "carried": ("number",), "earlier": ("number", "limit"), "duties": ("id",),
    "caps": ("clause", "year"), "cases": ("number",), "penalties": ("month", "clause", "basis"), "entries": ("name",),
}  # fmt: skip


def read_shapes():
    """Return name -> {key: (type, default as JSON or None)} of the table above."""
    found, name = {}, ""
    for line in SHAPES.splitlines():
        words = line.split()
        if words and not line.startswith(" "):
            name, words = words[0], words[1:]
            found[name] = {}
        for word in words:
            key, _, rest = word.partition(":")
            kind, _, default = rest.partition("=")
            found[name][key] = (kind, default or None)
    return dict(found, carried=found["tickets"])


SHAPE = read_shapes()


class Unreadable(Exception):
    """Why nothing can be said of the package at all."""


class Odd(str):
    """A number with a fraction: it stands in no file of this format."""


class Repeated(dict):
    """An object in which a key stood twice."""


class Report:
    """The differences found, each with its kind, place and both values; and what could not be verified."""

    def __init__(self):
        self.rows, self.notes, self.stop = [], [], False

    def add(self, kind, place, stored="", computed="", stop=False):
        self.rows.append({"place": place, "kind": kind, "stored": stored, "computed": computed})
        self.stop = self.stop or stop  # computing would be in vain

    def note(self, place, why):
        self.notes.append({"place": place, "kind": "unverified", "why": why})


# -- 1: reading the files ---------------------------------------------------------------------------------------------


class Package:
    """The files of a package, in a zip or a folder."""

    def __init__(self, path):
        self.path, self.zip = Path(path), None
        try:
            if self.path.is_dir():
                self.names = [one.relative_to(path).as_posix() for one in self.path.rglob("*") if one.is_file()]
            else:
                self.zip = zipfile.ZipFile(self.path)
                self.names = [one.filename for one in self.zip.infolist() if not one.is_dir()]
        except (OSError, zipfile.BadZipFile) as why:
            raise Unreadable(str(why)) from why
        for name in ("contract.json", "facts.jsonl", "month.json"):
            if self.names.count(name) != 1:
                raise Unreadable(f"{name}: {self.names.count(name)}")

    def digest(self, name):
        """Given a name, return the size and SHA-256 of the file; one that cannot be read has none."""
        made, size = hashlib.sha256(), 0
        try:
            with self.zip.open(name) if self.zip else (self.path / name).open("rb") as stream:
                for piece in iter(lambda: stream.read(1 << 20), b""):
                    made.update(piece)
                    size += len(piece)
        except (OSError, KeyError, zipfile.BadZipFile):
            return 0, ""
        return size, made.hexdigest()

    def content(self, name):
        """Given a name, return the file's bytes. Raises Unreadable."""
        try:
            return self.zip.read(name) if self.zip else (self.path / name).read_bytes()
        except (OSError, KeyError, zipfile.BadZipFile) as why:
            raise Unreadable(f"{name}: {why}") from why

    def text(self, name):
        """Given a name, return the file's text. Raises Unreadable."""
        try:
            return self.content(name).decode("utf-8")
        except UnicodeDecodeError as why:
            raise Unreadable(f"{name}: {why}") from why


def sha256(text):
    """Given a text, return the SHA-256 of its UTF-8 bytes."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def canonical(value):
    """Given plain values, return canonical JSON: sorted keys, no blanks, UTF-8 as it is."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def parse(report, place, text):
    """Given a text, return its JSON, marked where it is not strict, or None where it is none."""

    def pairs(found):
        made = dict(found)
        return made if len(made) == len(found) else Repeated(made)

    try:
        made = json.loads(text, parse_float=Odd, parse_constant=Odd, object_pairs_hook=pairs)
    except ValueError as why:
        report.add("type", place, str(why), "JSON", stop=True)
        return None
    if canonical(made) != text:
        report.add("canonical", place)
    return made


def document(package, report, name, shape):
    """Given a file's name and its shape, return it checked, with defaults filled in."""
    raw = parse(report, name, package.text(name))
    return None if raw is None else checked(report, "{" + shape + "}", raw, name)


def without_hash(raw):
    """Given an object that names its own hash, return the hash that it has without it."""
    return sha256(canonical({key: value for key, value in raw.items() if key != "sha256"}))


def checked(report, kind, value, place):
    """Given a type of the shapes and a value, return the value with defaults filled in; what is wrong is noted."""
    first, inner = kind[0], kind[1:-1]
    if kind.endswith("?"):
        return None if value is None else checked(report, kind[:-1], value, place)
    if first == "{" and isinstance(value, dict):
        return filled(report, inner, value, place)
    if first == "<" and isinstance(value, dict):
        return {key: checked(report, inner, one, f"{place}.{key[:12]}") for key, one in value.items()}
    if first == "[" and isinstance(value, list):
        return [checked(report, inner, one, f"{place}[{known_as(one) or n}]") for n, one in enumerate(value)]
    if first == "(" and isinstance(value, list) and len(value) == len(inner.split(",")):
        return [checked(report, part, one, place) for part, one in zip(inner.split(","), value)]
    if not is_plain(first, value):
        report.add("type", place, value, kind, stop=True)
    return value


def is_plain(kind, value):
    """Given a type of one letter and a value, say whether it is one."""
    if kind in "ib":
        return isinstance(value, int) and isinstance(value, bool) == (kind == "b")
    is_text = isinstance(value, str) and not isinstance(value, Odd)
    return kind == "*" or kind in "stdmh" and is_text and (kind == "s" or bool(PATTERNS[kind].fullmatch(value)))


def filled(report, shape, value, place):
    """Given a shape's name and an object, return it with its defaults; unknown and missing keys are noted."""
    if isinstance(value, Repeated):
        report.add("twice", place, stop=True)
    for key in value:
        if key not in SHAPE[shape] and not key.startswith("x-"):
            report.add("key", f"{place}.{key}", value[key])
    made = {}
    for key, (kind, default) in SHAPE[shape].items():
        if key in value or (default == "{}" and kind[0] == "{"):
            made[key] = checked(report, kind, value.get(key, {}), f"{place}.{key}")
        elif default is None:
            report.add("missing", f"{place}.{key}", stop=True)
        else:
            made[key] = json.loads(default)
    return made


def known_as(row):
    """Given a row of a list, return what tells it from the others, "" where only its place does."""
    row = row.get("scored", row) if isinstance(row, dict) else {}
    if "ref" in row:
        return f"{row['ref']['kind']}/{row['ref']['id']}/{row['measure']}"
    if "number" in row and "limit" in row:
        return f"{row['number']}/{row['limit']}"
    names = ("id", "code", "clause", "limit", "number", "item", "name")
    return "" if "amount" in row else next((str(row[name]) for name in names if name in row), "")


def read_facts(package, report):
    """Return the first line, and the other facts by kind: each checked against its own hash, none told twice."""
    first, facts, seen = None, {kind: [] for kind in IDENTITY}, set()
    for number, line in enumerate(package.text("facts.jsonl").splitlines(), 1):
        raw = parse(report, f"facts.jsonl:{number}", line)
        kind = raw.get("fact") if isinstance(raw, dict) else None
        place = f"facts.jsonl:{number} {kind} {known_as(raw)}"
        if (kind == "month") != (number == 1) or kind not in ("month", *IDENTITY):
            report.add("type", place, line[:40], "fact", stop=True)
            continue
        if raw.get("sha256") != without_hash(raw):
            report.add("hash", place, raw.get("sha256"), without_hash(raw))
        made = filled(report, "first" if kind == "month" else kind, raw, place)
        if kind == "month":
            first = made
            continue
        identity = ("tickets" if kind == "carried" else kind, *(made.get(key) for key in IDENTITY[kind]))
        if identity in seen:
            report.add("twice", place)
        seen.add(identity)
        facts[kind].append(made)
    if first is None:
        report.add("missing", "facts.jsonl:1 month", stop=True)
    for kind in IDENTITY if first else ():
        if first["counts"].get(kind, 0) != len(facts[kind]):
            report.add("differs", f"facts.jsonl counts.{kind}", first["counts"].get(kind), len(facts[kind]))
    return first, facts


# -- 2: hashes --------------------------------------------------------------------------------------------------------


def check_hashes(package, report, contract, month):
    """Compare every hash that the documents name with what is there."""
    for name, key in (("contract.json", "contract_sha256"), ("facts.jsonl", "facts_sha256")):
        found = package.digest(name)[1]
        if month[key] != found:
            report.add("hash", f"month.json {key}", month[key], found)
    for digest, terms in json.loads(package.text("contract.json"))["versions"].items():
        if digest != sha256(canonical(terms)):
            report.add("hash", f"contract.json versions.{digest[:12]}", digest, sha256(canonical(terms)))
    if "manifest.json" in package.names:
        made = document(package, report, "manifest.json", "manifest")
        if not report.stop:
            check_manifest(package, report, made)
    else:
        report.note("manifest.json", "not in the package")


def check_manifest(package, report, made):
    """Compare every file with the manifest, both ways, and the manifest with its own hash."""
    found = without_hash(json.loads(package.text("manifest.json")))
    if made["sha256"] != found:
        report.add("hash", "manifest.json", made["sha256"], found)
    if made["month_sha256"] != package.digest("month.json")[1]:
        report.add("hash", "manifest.json month_sha256", made["month_sha256"], package.digest("month.json")[1])
    listed = {file["name"]: file for file in made["files"]}
    for name in sorted(package.names):
        if name not in listed and name != "manifest.json" or package.names.count(name) > 1:
            report.add("extra", name)
    for name, file in listed.items():
        size, found = package.digest(name)
        if name not in package.names:
            report.add("missing", name)
        elif (size, found) != (file["size"], file["sha256"]):
            report.add("hash", name, file["sha256"], found)


def chain_line(report, place, line):
    """Given a line of a chain's export, return (body, hash, prev) where its content has that hash, else None."""
    try:
        told = json.loads(line)
        content = LINK + told["prev"].encode() + b"\0" + canonical(told["body"]).encode("utf-8")
        if set(told) == {"body", "hash", "prev"} and hashlib.sha256(content).hexdigest() == told["hash"]:
            return told["body"], told["hash"], told["prev"]
    except (ValueError, KeyError, TypeError, AttributeError):
        pass
    report.add("chain", place)
    return None


def check_chain(package, report, first):
    """Check the slice of the audit chain: whole, and ending where the facts say. Return hashes by number."""
    if "chain.jsonl" not in package.names:
        report.note("chain.jsonl", "not in the package")
        return {}
    head, *lines = package.text("chain.jsonl").splitlines()
    header, hashes = parse(report, "chain.jsonl:1", head) or {}, {}
    before, seq = header.get("before"), header.get("first", 1) - 1
    for number, line in enumerate(lines, 2):
        found = chain_line(report, f"chain.jsonl:{number}", line)
        if found is not None and (found[2] != before or found[0]["seq"] != seq + 1):
            report.add("chain", f"chain.jsonl:{number}", found[2], before)
        if found is None or found[2] != before:
            return hashes
        before, seq = found[1], seq + 1
        hashes[seq] = before
    if (seq, before, header.get("head")) != (first["chain_count"], first["chain_head"], before):
        report.add("chain", "chain.jsonl end", f"{seq} {before}", f"{first['chain_count']} {first['chain_head']}")
    return hashes


def check_timelines(package, report, facts, hashes):
    """Check that every instant of a ticket's fact stands in one of its events, and that these are the chain's."""
    if "timelines.jsonl" not in package.names:
        report.note("timelines.jsonl", "not in the package")
        return
    known = {}
    for number, line in enumerate(package.text("timelines.jsonl").splitlines(), 1):
        found = chain_line(report, f"timelines.jsonl:{number}", line)
        if found is None:
            continue
        body = found[0]
        if hashes.get(body["seq"], found[1]) != found[1]:
            report.add("chain", f"timelines.jsonl:{number}", found[1], hashes[body["seq"]])
        told = {instant(text) for text in body["facts"].values() if is_plain("t", text)}
        told |= {body["occurred_at"] // 1000000, body["recorded_at"] // 1000000}
        known.setdefault(body["subject_id"], set()).update(told)
    for ticket in facts["tickets"] + facts["carried"]:
        for name in ("reported_at", "recorded_at", "responded_at", "arrived_at", "restorations", "reopenings",
                     "pauses", "withdrawn_at", "closed_at"):  # fmt: skip
            for text in set(re.findall(PATTERNS["t"].pattern, canonical(ticket[name]))):
                if instant(text) not in known.get(ticket["number"], ()):
                    report.add("timeline", f"{ticket['number']} {name}", text)


# -- 3: rules ---------------------------------------------------------------------------------------------------------

CLOCKS = ("response", "arrival", "repair", "hotline")
REPORT = ("reported", "responded")


def instant(text):
    """Given an instant, return whole seconds since 1970 UTC."""
    return int(datetime.fromisoformat(text).timestamp())


def shanghai_day(seconds):
    """Given seconds since 1970 UTC, return the day in Shanghai, UTC+8 throughout, as 2026-03-05."""
    return (date(1970, 1, 1) + timedelta(days=(seconds + 8 * 3600) // 86400)).isoformat()


def day_of(text):
    """Given an instant, return its day in Shanghai."""
    return shanghai_day(instant(text))


def quantity(limit):
    """Given a limit, return what it measures."""
    return (limit["start_event"], limit["stop_event"])


def covering(terms, kind, needs_onsite, klass):
    """Given terms and what a ticket is, return the limits about such tickets that none of them goes before."""
    found = [
        limit for limit in terms["limits"]
        if klass in limit["classes"] and (kind in limit["types"] or not limit["types"])
        and kind not in limit["except_types"] and limit["needs_onsite"] in (None, needs_onsite)
    ]  # fmt: skip
    ids = {limit["id"]: quantity(limit) for limit in found}
    behind = {other for limit in found for other in limit["exception_to"] if ids.get(other) == quantity(limit)}
    return [limit for limit in found if limit["id"] not in behind]


def claims(terms, kind, needs_onsite, klass):
    """Given terms and what a ticket is, return each quantity that is not claimed by exactly one limit, with the ids."""
    found = {REPORT: []}
    for limit in covering(terms, kind, needs_onsite, klass):
        found.setdefault(quantity(limit), []).append(limit["id"])
    return [(asked, ids) for asked, ids in found.items() if len(ids) != 1]


def conflicts(terms):
    """Given terms, return what would collide or be missing for a ticket of any type and class."""
    named = {kind for limit in terms["limits"] for kind in limit["types"] + limit["except_types"]}
    return [
        {"quantity": list(asked), "type": kind, "klass": klass, "limits": ids}
        for kind in sorted(named) + ["其他类型"] for klass in ("work", "off")
        for asked, ids in claims(terms, kind, True, klass)
    ]  # fmt: skip


def check_rules(report, contract, facts):
    """For each ticket and quantity exactly one limit; what agreed readings set stands in the terms."""
    for digest, terms in contract["versions"].items():
        check_readings(report, digest, terms)
        for found in conflicts(terms):
            place = f"contract.json {found['type']} {found['klass']} {'-'.join(found['quantity'])}"
            report.add("conflict" if found["limits"] else "undefined", place, " ".join(found["limits"]))
    for ticket in facts["tickets"] + facts["carried"]:
        terms = contract["versions"].get(ticket["terms"])
        if terms is None:
            report.add("missing", f"{ticket['number']} terms", ticket["terms"], stop=True)
            continue
        for asked, ids in claims(terms, ticket["type"], ticket["needs_onsite"], ticket["klass"]):
            report.add("conflict" if ids else "undefined", f"{ticket['number']} {'-'.join(asked)}", " ".join(ids))


def check_readings(report, digest, terms):
    """Given terms, compare what the chosen answers set, and how limits were ranked, with what stands there."""
    chosen, wanted = dict(terms["chosen"]), {}
    for question in terms["questions"]:
        options = {option["id"]: option for option in question["options"]}
        option = options.get(chosen.get(question["id"]), question["options"][0])
        wanted.update((place, (question["id"], json.loads(text))) for place, text in option["sets"])
    for first, behind in terms["ranked"]:
        for limit in terms["limits"]:
            place = limit["id"] + ".exception_to"
            told = wanted.get(place, ("", limit["exception_to"]))[1]
            others = [one for one in told if {limit["id"], one} != {first, behind}]
            wanted[place] = (f"{first}>{behind}", others + [behind] if limit["id"] == first else others)
    for place, (asked, value) in wanted.items():
        found = value_at(terms, *place.split("."))
        if found != value:
            report.add("reading", f"contract.json {digest[:12]} {asked} {place}", canonical(found), canonical(value))


def value_at(terms, part, field, *rest):
    """Given terms and a place such as C-38.except_types or C-24.tasks.notice.minutes, return what stands there."""
    if part == "settlement":
        return terms["settlement"].get(field)
    for one in terms["limits"] + terms["readings"] + terms["clauses"]:
        if one["id"] == part and field in one:
            tasks = {task["key"]: task for task in one["tasks"]} if rest else {}
            return tasks.get(rest[0], {}).get(rest[1]) if rest else one[field]
    return None


# -- 4: clocks --------------------------------------------------------------------------------------------------------


def live_on(terms, clause_id=""):
    """Given terms and a clause's id, return the day from which it is judged."""
    own = [one["go_live_on"] for one in terms["clauses"] if one["id"] == clause_id]
    return (own[0] if own else None) or terms["go_live_on"] or terms["starts_on"]


def runs_of(limit, ticket):
    """Given a limit and a ticket's fact, return the clock's runs as (start, stop or None); none if it never began."""
    start, stop = ticket[limit["start_event"] + "_at"], limit["stop_event"]
    if start is None:
        return []
    start = instant(start)
    if stop != "restored":
        return [(start, instant(ticket[stop + "_at"]) if ticket[stop + "_at"] else None)]
    begun = [start] + [max(instant(one), start) for one in ticket["reopenings"]]
    ended = [max(instant(one), start) for one in ticket["restorations"]]
    return [(low, ended[n] if n < len(ended) else None) for n, low in enumerate(begun)]


def active(runs, pauses, at):
    """Given runs, pauses and an instant, return the seconds that count by then: runs less the pauses inside them."""
    total = 0
    for start, stop in runs:
        end = at if stop is None else min(stop, at)
        total += max(0, end - start)
        for low, high in sorted((max(low, start), end if high is None else min(high, end)) for low, high in pauses):
            total -= max(0, high - max(low, start))
            start = max(start, high)
    return total


def outcome(limit, runs, pauses, at):
    """Given a limit, runs, pauses and an instant, return kept, broken or open; the limit itself is kept."""
    if active(runs, pauses, at) > limit["limit_seconds"]:
        return "broken"
    return "open" if runs[-1][1] is None else "kept"


def clocks_of(ticket, terms, at):
    """Given a ticket's fact, its terms and the cut-off, return its clocks judged."""
    day, found = day_of(ticket["reported_at"]), []
    if ticket["withdrawn"] == "已撤回" or day < live_on(terms):
        return []
    for limit in covering(terms, ticket["type"], ticket["needs_onsite"], ticket["klass"]):
        runs = runs_of(limit, ticket)
        if day < live_on(terms, limit["id"]) or not runs:
            continue
        pauses = [(instant(p["start"]), instant(p["end"]) if p["end"] else None) for p in ticket["pauses"]]
        pauses = pauses if limit["pausable"] else []
        if ticket["withdrawn_at"]:
            gone = instant(ticket["withdrawn_at"])
            answers = ticket["withdrawn"] == "已驳回" and limit["stop_event"] == "responded"
            if outcome(limit, runs, pauses, gone) == "open" and not answers:
                continue
            runs[-1] = (runs[-1][0], gone if runs[-1][1] is None else runs[-1][1])
        found.append(clock_of(ticket, limit, runs, pauses, at))
    return found


def clock_of(ticket, limit, runs, pauses, at):
    """Given a ticket, a limit and its runs and pauses, return the clock as month.json tells it."""
    ends = {name + "_at" for name in quantity(limit)}
    told = {name for name in ends if name == "restored_at" or ticket[name]}
    result = outcome(limit, runs, pauses, at)
    return {
        "number": ticket["number"], "limit": limit["id"], "clock": limit["clock"], "klass": ticket["klass"],
        "month": day_of(ticket["reported_at"])[:7], "seconds": active(runs, pauses, at),
        "outcome": "unproven" if result == "kept" and told & set(ticket["unproven"]) else result,
        "raw_outcome": outcome(limit, runs, [], at), "raw_seconds": active(runs, [], at), "was": None,
        "two_sided": not ends & set(ticket["one_sided"]),
    }  # fmt: skip


COUNTED = ("kept", "broken", "unproven")
GONE = {
    "outcome": "not_applicable", "seconds": 0, "raw_outcome": "not_applicable", "raw_seconds": 0, "two_sided": True
}  # fmt: skip


def judge(facts, versions, at):
    """Given facts, contract versions and the cut-off, return every clock that the month tells of."""
    found = [one for ticket in facts["tickets"] for one in clocks_of(ticket, versions[ticket["terms"]], at)]
    earlier = {}
    for one in facts["earlier"]:
        earlier.setdefault(one["number"], {})[one["limit"]] = one
    for ticket in facts["carried"]:
        said = earlier.get(ticket["number"], {})
        now = {one["limit"]: one for one in clocks_of(ticket, versions[ticket["terms"]], at)}
        found += [one for name, one in now.items() if name not in said]
        for name, before in said.items():
            one = now.get(name) or dict(GONE, number=before["number"], limit=name, clock=before["clock"])
            if one["outcome"] != before["outcome"] and not (one["outcome"] == "open" and before["counted"]):
                was = before["outcome"] if before["counted"] else None
                found.append(dict(one, month=before["month"], klass=before["klass"], was=was))
    return sorted(found, key=lambda one: (one["month"], one["number"], one["limit"]))


def limit_lines(terms, month, clocks):
    """Given terms, the month and its clocks, return one line for each limit: the terms', then older versions'."""
    kinds = {limit["id"]: limit["clock"] for limit in terms["limits"]}
    kinds.update((n, kind) for n, kind in sorted((one["limit"], one["clock"]) for one in clocks) if n not in kinds)
    lines = []
    for limit, kind in kinds.items():
        mine = [one for one in clocks if one["limit"] == limit]
        fresh = [one for one in mine if one["was"] is None and one["outcome"] in COUNTED]
        line = {
            "limit": limit, "clock": kind, "population": len(fresh),
            "kept_raw": sum(one["raw_outcome"] == "kept" for one in fresh),
            "kept_adjusted": sum(one["outcome"] != "broken" for one in fresh),
            "kept": sum(one["outcome"] == "kept" for one in fresh),
            "carried": [one["number"] for one in fresh if one["month"] != month],
            "corrected": [one["number"] for one in mine if one["was"] is not None],
        }  # fmt: skip
        for name, rows in (("broken", fresh), ("unproven", fresh), ("open", mine)):
            line[name] = [one["number"] for one in rows if one["outcome"] == name]
        lines.append(line)
    return lines


# -- 4: clauses -------------------------------------------------------------------------------------------------------


def verdict(outcome, numerator, denominator, **values):
    """Return a clause's verdict: its outcome, how many of how many, and the counts that its sentence names."""
    return {"outcome": outcome, "numerator": numerator, "denominator": denominator, "why": {"values": values}}


NOTHING = verdict("not_applicable", 0, 0)


def of_limit(line):
    """Given a limit's line, return the verdict on its clause: the worst of its clocks."""
    if line is None or not (line["population"] or line["open"]):
        return NOTHING
    counts = {name: len(line[name]) for name in ("broken", "unproven", "open")}
    worst = next((name for name in counts if counts[name]), "kept")
    return verdict(worst, line["kept"], line["population"], n=line["population"], **counts)


def of_cap(clause, facts):
    """Given a yearly cap, return its verdict: low use is kept; more than was agreed is open."""
    used = next((one for one in facts["caps"] if one["clause"] == clause["id"]), None)
    taken = used["opening"] + used["used"] + used["reserved"] if used else 0
    if used and used["held"]:
        return verdict("open", taken, clause["limit"], n=used["held"])
    return verdict("kept", taken, clause["limit"], n=taken, limit=clause["limit"])


def of_duties(duties):
    """Given a clause's duties, return their verdict: late and missed break it, waived ones leave the number."""
    states = [one["state"] for one in duties]
    kept, late, missed, due = (states.count(state) for state in ("kept", "late", "missed", "open"))
    owed = kept + late + missed
    if late or missed:
        return verdict("broken", kept, owed, n=owed, late=late, missed=missed)
    if due:
        return verdict("open", kept, owed + due, n=due)
    return verdict("kept", kept, owed, n=owed) if owed else NOTHING


def of_orders(found, bad, breaks):
    """Given orders, how many of them were bad, and whether that breaks the clause, return the verdict."""
    if not found:
        return NOTHING
    whole, good = len(found), len(found) - bad
    return verdict("broken", good, whole, n=bad) if bad and breaks else verdict("kept", good, whole, n=whole)


def clause_verdict(clause, facts, month, lines):
    """Given a clause, return its verdict by its kind."""
    kind, asked = clause["kind"], [one for one in facts["tickets"] if one["type"] in clause["types"]]
    if kind == "time_limit":
        return of_limit(lines.get(clause["id"]))
    if kind == "cap":
        return of_cap(clause, facts)
    if clause["tasks"]:
        return of_duties([one for one in facts["duties"] if one["clause"] == clause["id"]])
    if kind == "standing_duty":
        return of_orders(asked, sum(one["withdrawn"] == "已驳回" for one in asked), clause["no_refusal"])
    if kind == "cost_rule":
        orders = [one for one in asked if not one["withdrawn"]]
        return of_orders(orders, sum(one["cost_owner"] not in ("", "乙方承担") for one in orders), True)
    if kind == "penalty" and clause["amount"] != "none":
        mine = [one for one in facts["cases"] if one["month"] == month]
        executed = sum(one["executed"] for one in mine)
        waiting = sum(not one["executed"] and one["state"] != "closed" for one in mine)
        if executed or waiting:
            return verdict("broken" if executed else "open", 0, executed or waiting, n=executed or waiting)
    return NOTHING


def clause_lines(terms, facts, month, limits):
    """Given terms, facts and the limits' lines, return one line for each clause; one that repeats another has its."""
    lines = {line["limit"]: line for line in limits}
    found = {one["id"]: clause_verdict(one, facts, month, lines) for one in terms["clauses"]}
    for one in terms["clauses"]:
        found[one["id"]] = found.get(one["duplicate_of"], found[one["id"]])
    return [dict(found[one["id"]], clause=one["id"], kind=one["kind"]) for one in terms["clauses"]]


def check_caps(report, terms, facts, month):
    """Compare what the facts say of caps with the contract: limit, contract year, opening balance."""
    year = contract_year(terms, month)[0]
    limits = {one["id"]: one["limit"] for one in terms["clauses"] if one["kind"] == "cap"}
    for cap in facts["caps"]:
        opened = sum(o["used"] for o in terms["openings"] if (o["clause"], o["year"]) == (cap["clause"], year))
        for name, value in (("year", year), ("limit", limits.get(cap["clause"])), ("opening", opened)):
            if cap[name] != value:
                report.add("differs", f"facts.jsonl caps {cap['clause']}.{name}", cap[name], value)


# -- 5: points --------------------------------------------------------------------------------------------------------
# A measure is (population, hits, numerator, denominator): refs (kind, id), and hits (ref, count, two_sided). How bands
# read the ratio: as a per cent, or as the value itself (VALUES).

NEVER = ([], [], 0, 0)
VALUES = ("rating", "availability")


def counted(population, hits, denominator=None):
    """Given refs and hits, return the measure that counts them."""
    return population, hits, sum(hit[1] for hit in hits), len(population) if denominator is None else denominator


def of_clocks(kind, klass, wanted):
    """Return the measure of clocks of a kind and class that came out so: corrections count +1 and −1."""

    def count(month):
        found = [
            one for one in month["clocks"]
            if one["clock"] == kind and klass in ("", one["klass"]) and (one["was"] or one["outcome"] in COUNTED)
        ]  # fmt: skip
        changes = [(one, (one["outcome"] == wanted) - (one["was"] == wanted)) for one in found]
        hits = [(("ticket", one["number"]), change, one["two_sided"]) for one, change in changes if change]
        return counted([("ticket", one["number"]) for one in found if one["was"] is None], hits)

    return count


def long_repairs(month):
    """Repairs that took more than 8 hours and broke their limit; of those told again only what has become broken."""
    found = [one for one in month["clocks"] if one["clock"] == "repair" and (one["was"] or one["outcome"] in COUNTED)]
    long = [one for one in found if one["outcome"] == "broken" != one["was"] and one["seconds"] > 8 * 3600]
    hits = [(("ticket", one["number"]), 1, one["two_sided"]) for one in long]
    return counted([("ticket", one["number"]) for one in found if one["was"] is None], hits)


def of_tickets(which, is_hit):
    """Return the measure of the month's tickets: of those that `which` takes, those that `is_hit`."""

    def count(month):
        found = [one for one in month["facts"]["tickets"] if which(one)]
        hits = [(("ticket", one["number"]), 1, True) for one in found if is_hit(one)]
        return counted([("ticket", one["number"]) for one in found], hits)

    return count


def ratings(month):
    """The stars that were given, over how many gave some."""
    found = [one for one in month["facts"]["tickets"] if one["rating"]]
    return [("ticket", one["number"]) for one in found], [], sum(one["rating"] for one in found), len(found)


def deliveries(month):
    """Demands whose agreed day lies in the month; those delivered after it, or not yet, are late."""
    found = [
        one for one in month["facts"]["tickets"] + month["facts"]["carried"]
        if (one["agreed_on"] or "")[:7] == month["month"] and not one["withdrawn"]
    ]  # fmt: skip
    hits = [(("ticket", one["number"]), 1, True) for one in found if is_late(one)]
    return counted([("ticket", one["number"]) for one in found], hits)


def is_late(ticket):
    """Given a ticket with an agreed day, say whether it came later; what the hospital itself held up does not count."""
    if len(ticket["restorations"]) <= len(ticket["reopenings"]):
        return True
    end, held = instant(ticket["restorations"][-1]), 0
    for pause in ticket["pauses"]:
        if pause["cause"] == "甲方原因":
            held += max(0, min(instant(pause["end"]) if pause["end"] else end, end) - instant(pause["start"]))
    return shanghai_day(end - held) > ticket["agreed_on"]


MEASURES = {
    "response_work_broken": of_clocks("response", "work", "broken"),
    "response_work_unproven": of_clocks("response", "work", "unproven"),
    "response_off_broken": of_clocks("response", "off", "broken"),
    "response_off_unproven": of_clocks("response", "off", "unproven"),
    "arrival_broken": of_clocks("arrival", "", "broken"), "arrival_unproven": of_clocks("arrival", "", "unproven"),
    "repair_broken": of_clocks("repair", "", "broken"), "repair_unproven": of_clocks("repair", "", "unproven"),
    "hotline_broken": of_clocks("hotline", "", "broken"), "hotline_unproven": of_clocks("hotline", "", "unproven"),
    "repair_over_8h": long_repairs,
    "reopened": of_tickets(lambda t: t["closed_at"] or t["reopenings"], lambda t: t["reopenings"]),
    "recurring": of_tickets(lambda t: t["is_fault"] and not t["withdrawn"], lambda t: t["recurs"]),
    "delivery_late": deliveries,
    "late_without_proof": of_tickets(lambda t: t["late_entries"], lambda t: t["late_bare"]),
    "late_over_24h": of_tickets(lambda t: t["late_entries"], lambda t: t["late_long"]),
    "with_evidence": of_tickets(lambda t: t["closed_at"] and t["needs_evidence"], lambda t: t["has_evidence"]),
    "rating": ratings,
}  # fmt: skip
DUTIES = {"duty_missed": "missed", "duty_late": "late"}


def measured(name, month):
    """Given a measure's name, return what it came to, or None where nobody could tell."""
    base, _, task = name.partition(":")
    if bool(task) != (base in DUTIES):
        return None
    if base in MEASURES:
        return MEASURES[base](month)
    if base in DUTIES:
        owed = [one for one in month["facts"]["duties"] if one["task"] == task]
        owed = [one for one in owed if one["state"] in ("kept", "late", "missed")]
        hits = [(("duty", one["id"]), 1, True) for one in owed if one["state"] == DUTIES[base]]
        return counted([("duty", one["id"]) for one in owed], hits)
    entry = next((one for one in month["facts"]["entries"] if one["name"] == base), None)
    return entered(entry) if entry else None


def entered(entry):
    """Given what was entered for the month, return its measure: each thing that happened is a fact of its own."""
    happened, among, fair = entry["numerator"], entry["denominator"], entry["confirmed"]
    if entry["is_ratio"]:
        return [], [(("entry", entry["name"]), 1, fair)], happened, among
    refs = [("entry", f"{entry['name']}/{n + 1}") for n in range(max(happened, among))]
    hits = [(ref, 1, fair or entry["side"] == "vendor") for ref in refs[:happened]]
    return counted(refs[:among], hits, among)


def measures_of(item):
    """Given an item, return the measures that it looks at, each once: the one it is shown by first."""
    named = [item["measure"], *(step["measure"] for step in item["steps"]), item["zeroed_by"]]
    return [] if item["by_hand"] else list(dict.fromkeys(name for name in named if name))


def ceiling(item):
    """Given an item, return the most that it may deduct."""
    return min(item["most"] or item["weight"], item["weight"])


def is_too_few(item, whole):
    """Given an item and its measure, say whether its bands ask for more facts than there are."""
    return bool(item["bands"]) and len(whole[0]) < item["few"]


def deduction(ref, measure, points, count, fair):
    """Return one deduction as month.json tells it."""
    told = {"kind": ref[0], "id": ref[1]}
    return {"ref": told, "measure": measure, "points": points, "count": count, "two_sided": fair, "instead": ""}


def key_of(one):
    """Given a deduction, return what it is one of: a fact costs once, and is given back once."""
    return one["ref"]["kind"], one["ref"]["id"], one["points"] > 0


def deductions_of(item, known):
    """Given an item and measures by name, return its deductions, each fact once: whole, by band, or step by step."""
    if item["by_hand"]:
        return []
    zeroing = [hit for hit in (known.get(item["zeroed_by"]) or NEVER)[1] if hit[1] > 0]
    if zeroing:
        fair = all(hit[2] for hit in zeroing)
        return [deduction(("zero", item["code"]), item["zeroed_by"], ceiling(item), 1, fair)]
    whole, found = known.get(item["measure"]) or NEVER, {}
    if item["bands"] and not is_too_few(item, whole):
        return banded(item, whole)
    for step in item["steps"]:
        free = step["free"]
        for ref, count, fair in sorted((known.get(step["measure"]) or NEVER)[1], key=lambda hit: hit[0]):
            if count > 0 and free > 0:
                free -= 1
                continue
            one = deduction(ref, step["measure"], step["points"] * count, count, fair)
            if key_of(one) not in found or abs(one["points"]) > abs(found[key_of(one)]["points"]):
                found[key_of(one)] = one
    return list(found.values())


def banded(item, whole):
    """Given an item with bands and its measure, return the deduction of the first band that the ratio reaches."""
    if not whole[3]:
        return []
    left, points = whole[2] * (100 if item["measure"] in VALUES else 10000), item["otherwise"]
    for band in item["bands"]:
        right = band["limit"] * whole[3]
        if left <= right if item["compare"] == "at_most" else left >= right:
            points = band["points"]
            break
    fair = all(hit[2] for hit in whole[1])
    return [deduction(("ratio", item["code"]), item["measure"], points, 1, fair)] if points else []


def score(sheet, month):
    """Given the sheet and the month, return every item as computed."""
    known = {name: measured(name, month) for item in sheet["items"] for name in measures_of(item)}
    drafts = [deductions_of(item, known) for item in sheet["items"]]
    if sheet["one_item_a_fact"]:
        drafts = once(sheet, drafts)
    return [scored(item, draft, known) for item, draft in zip(sheet["items"], drafts)]


def once(sheet, drafts):
    """Leave each fact where it costs most; the first item on a tie. Elsewhere it costs nothing and says where."""
    best = {}
    for item, draft in zip(sheet["items"], drafts):
        for one in draft:
            if key_of(one) not in best or abs(one["points"]) > best[key_of(one)][0]:
                best[key_of(one)] = (abs(one["points"]), item["code"])
    return [
        [one if best[key_of(one)][1] == item["code"] else dict(one, points=0, instead=best[key_of(one)][1])
         for one in draft]
        for item, draft in zip(sheet["items"], drafts)
    ]  # fmt: skip


def scored(item, draft, known):
    """Given an item, its deductions and the measures, return it as month.json tells it."""
    names = measures_of(item)
    main = (known[names[0]] if names else None) or NEVER
    missing, total = [name for name in names if known[name] is None], sum(one["points"] for one in draft)
    fair = sum(one["points"] for one in draft if one["two_sided"]) * (item["observed_by"] in ("both", "machine"))
    counts = counted_facts(item, known)
    happened = any(one[0] or one[1] or one[3] for one in (known[name] or NEVER for name in names))
    return {
        "code": item["code"], "weight": item["weight"], "numerator": counts[0], "denominator": counts[1],
        "deductions": draft, "deducted": max(0, min(total, ceiling(item))),
        "for_money": max(0, min(fair, ceiling(item))),
        "empty": not item["by_hand"] and not missing and not happened, "missing": missing,
        "too_few": bool(main[0] or main[1] or main[3]) and is_too_few(item, main),
    }  # fmt: skip


def counted_facts(item, known):
    """Given an item and the measures, return numerator and denominator: of its measure, else of its steps' facts."""
    if item["by_hand"]:
        return 0, 0
    if item["measure"]:
        return (known[item["measure"]] or NEVER)[2:4]
    mine = [known[step["measure"]] or NEVER for step in item["steps"]]
    hits = {hit[0] for one in mine for hit in one[1] if hit[1] > 0}
    return len(hits), len({fact for one in mine for fact in one[0]} | hits)


def points_of(sheet, deducted):
    """Given the sheet and what each item deducts, return the points in hundredths, never below 0."""
    return max(0, sum(item["weight"] - min(deducted[item["code"]], item["weight"]) for item in sheet["items"]))


def grade_of(sheet, points):
    """Given the sheet and points, return the first grade that they reach, or None."""
    return next((grade for grade in sheet["grades"] if points >= grade["points_from"]), None)


# -- 5: money ---------------------------------------------------------------------------------------------------------


def contract_year(terms, month):
    """Given terms and a month, return its contract year from 1 and its place in it from 0; (0, -1) outside."""
    start, end = date.fromisoformat(terms["starts_on"]), date.fromisoformat(terms["ends_on"])
    year, number = (int(part) for part in month.split("-"))
    last, first, count = date(year + number // 12, number % 12 + 1, 1) - timedelta(days=1), start, 0
    while first <= end:
        count += 1
        leaps = (start.month, start.day) == (2, 29) and not is_leap(start.year + count)
        following = date(start.year + count, 3, 1) if leaps else start.replace(year=start.year + count)
        finish = min(following - timedelta(days=1), end)
        place = (year - first.year) * 12 + number - first.month
        if first <= last and first.isoformat()[:7] <= month <= finish.isoformat()[:7] and place <= 11:
            return count, place
        first = following
    return 0, -1


def is_leap(year):
    """Given a year, say whether it has a 29 February."""
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def fee_of(terms, month):
    """Given terms and a month, return the month's fee in 分: a twelfth, so cut that twelve make the year's."""
    year, place = contract_year(terms, month)
    if terms["fee"] is None or not year:
        return None
    annual = terms["fee"]["annual"]
    return dict(terms["fee"]["months"]).get(month, annual * (place + 1) // 12 - annual * place // 12)


def money(contract, facts, month, items):
    """Given the contract, facts and items, return the month's sheet of money."""
    fee, sheet, main = contract["fee"], contract["sheet"], contract["versions"][contract["main"]]
    lines = [
        dict({key: due[key] for key in ("clause", "amount", "month", "basis")},
             kind="penalty" if due["month"] == month else "earlier")
        for due in facts["penalties"]
    ]  # fmt: skip
    if fee and contract["money_basis"] and sheet:
        fair = {one["scored"]["code"]: min(one["deducted"], one["scored"]["for_money"]) for one in items}
        grade = grade_of(sheet, points_of(sheet, fair))
        if grade:
            wanted = min(10000 - grade["ratio"], main["settlement"]["at_risk"] or 10000)
            amount, basis = (fee * wanted * 2 + 10000) // 20000, contract["money_basis"]
            lines.append({"kind": "score", "clause": "C-54", "amount": amount, "month": "", "basis": basis})
    lines = [line for line in lines if line["amount"] > 0]
    if fee is None:
        return {"fee": None, "lines": lines, "payable": None, "carried_over": 0, "words": ""}
    left = fee - sum(line["amount"] for line in lines)
    told = {"payable": max(0, left), "carried_over": max(0, -left), "words": in_words(max(0, left))}
    return dict(told, fee=fee, lines=lines)


def in_words(fen):
    """Given 分, return the sum as Chinese forms write it (人民币大写): by groups of four digits, one 零 for a gap."""
    digits, yuan, jiao, cents, told = "零壹贰叁肆伍陆柒捌玖", fen // 100, fen % 100 // 10, fen % 10, ""
    text = str(yuan).zfill(-(-len(str(yuan)) // 4) * 4)
    for place in range(0, len(text), 4):
        pairs = zip(text[place : place + 4], ("仟", "佰", "拾", ""))
        words = re.sub("零+", "零", "".join(digits[int(digit)] + unit * (digit != "0") for digit, unit in pairs))
        words = words.rstrip("零")
        told += words + ("", "万", "亿", "万亿")[(len(text) - place) // 4 - 1] if words else "零"
    told = re.sub("零+", "零", told).strip("零") + "元" if yuan else "" if fen else "零元"
    if not jiao and not cents:
        return told + "整"
    told += digits[jiao] + "角" if jiao else "零" if told else ""
    return told + (digits[cents] + "分" if cents else "整")


def check_money(report, contract, terms, facts, month):
    """Compare the fee with the contract's, and see that no month's fee is deducted more than once."""
    if contract["fee"] != fee_of(terms, month):
        report.add("differs", "contract.json fee", contract["fee"], fee_of(terms, month))
    for of in sorted({due["month"] for due in facts["penalties"]}):
        amount, most = sum(due["amount"] for due in facts["penalties"] if due["month"] == of), fee_of(terms, of)
        if most is not None and amount > most:
            report.add("differs", f"facts.jsonl penalties {of}", amount, most)


# -- 6: comparison ----------------------------------------------------------------------------------------------------


def recomputed(contract, first, facts, adjustments):
    """Given contract, facts and adjustments, return the clocks and the result that month.json should have."""
    month, terms, sheet = first["month"], contract["versions"][contract["main"]], contract["sheet"]
    clocks = judge(facts, contract["versions"], instant(first["as_of"]))
    limits = limit_lines(terms, month, clocks)
    changes, items = {one["item"]: one for one in adjustments}, []
    for one in score(sheet, {"month": month, "clocks": clocks, "facts": facts}) if sheet else []:
        change = changes.get(one["code"])
        items.append({"scored": one, "adjustment": change, "deducted": (change or one)["deducted"]})
    points = points_of(sheet, {one["scored"]["code"]: one["deducted"] for one in items}) if sheet else None
    grade = grade_of(sheet, points) if sheet else None
    return {"clocks": clocks, "contract": contract["number"], "month": month, "result": {
        "month": month, "as_of": first["as_of"], "limits": limits, "clauses": clause_lines(terms, facts, month, limits),
        "items": items, "points": points, "grade": grade["name"] if grade else "",
        "money": money(contract, facts, month, items),
        "conflicts": [one for version in contract["versions"].values() for one in conflicts(version)],
        "provisional": sum(one["provisional"] for one in facts["tickets"] + facts["carried"]),
        "missing": list(dict.fromkeys(name for one in items for name in one["scored"]["missing"])),
    }}  # fmt: skip


def compare(report, place, stored, computed):
    """Given what is stored and what was computed, note every cell that is not the same."""
    if isinstance(stored, dict) and isinstance(computed, dict):
        for key in list(computed) + [key for key in stored if place.endswith(".values") and key not in computed]:
            compare(report, f"{place}.{key}", stored.get(key), computed.get(key))
    elif isinstance(stored, list) and any(isinstance(one, dict) for one in stored + computed):
        left, right = ({known_as(one) or str(n): one for n, one in enumerate(rows)} for rows in (stored, computed))
        for key in [*right, *(key for key in left if key not in right)]:
            if key in left and key in right:
                compare(report, f"{place}[{key}]", left[key], right[key])
            else:
                kind = "missing" if key in right else "extra"
                report.add(kind, f"{place}[{key}]", left.get(key, ""), right.get(key, ""))
        if len(left) != len(stored) or [key for key in left if key in right] != [key for key in right if key in left]:
            report.add("differs", f"{place} order", " ".join(left), " ".join(right))
    elif stored != computed or isinstance(stored, bool) != isinstance(computed, bool):
        report.add("differs", place, stored, computed)


# -- 7: signatures ----------------------------------------------------------------------------------------------------


def check_signatures(package, report, month):
    """Check that each signature is over this month.json; one made with a key by openssl, where there is one."""
    if "signatures.json" not in package.names:
        report.note("signatures.json", "not in the package")
        return
    made, digest = document(package, report, "signatures.json", "signatures"), package.digest("month.json")[1]
    if report.stop:
        return
    for name in ("contract", "month", "revision"):
        compare(report, f"signatures.json {name}", made[name], month[name])
    if made["over_sha256"] != digest:
        report.add("hash", "signatures.json over_sha256", made["over_sha256"], digest)
    for number, one in enumerate(made["signatures"]):
        place = f"signatures.json[{number}] {one['party']}"
        if one["over_sha256"] != digest:
            report.add("hash", place, one["over_sha256"], digest)
        if one["method"] == "paper":
            if not one["proof"] or not any(name.startswith("files/" + one["proof"]) for name in package.names):
                report.note(place, f"scan {one['proof'][:12]} not in the package")
        elif one["method"] != "login":
            check_key(package, report, place, made, one)
    wanted = {"both": {"hospital", "vendor"}, "without_vendor": {"hospital"}}.get(made["outcome"], set())
    for party in sorted(wanted - {one["party"] for one in made["signatures"]}):
        report.add("missing", f"signatures.json {party}")


def check_key(package, report, place, made, signature):
    """Given a signature made with a key, verify it: an offline one over month.json, an authenticator's (WebAuthn) over
    what it was asked to sign for this very month.
    """
    told, message, openssl = signature["material"] or {}, package.content("month.json"), shutil.which("openssl")
    try:
        key = base64.b64decode("".join(told["public_key"].splitlines()[1:-1]))
        if signature["method"] == "webauthn":
            client, beside = decoded(told["client_data"]), decoded(told["authenticator_data"])
            asked = {
                "format": "ops-console/month-signature/1",
                "side": signature["party"],
                "digest": made["over_sha256"],
            }
            asked.update(attempt=signature["attempt"], **{key: made[key] for key in ("contract", "month", "revision")})
            wanted, given = hashlib.sha256(canonical(asked).encode("utf-8")).digest(), json.loads(client)
            is_asked = given["type"] == "webauthn.get" and decoded(given["challenge"]) == wanted
            is_theirs = beside[:32] == hashlib.sha256(told["rp_id"].encode()).digest() and beside[32] & 5 == 5
            message = beside + hashlib.sha256(client).digest() if is_asked and is_theirs else b""
        parts = (told["public_key"].encode("ascii"), message, decoded(told["signature"]))
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as why:
        report.add("signature", place, f"{type(why).__name__} {why}", "material")
        return
    if hashlib.sha256(key).hexdigest() != signature["key"]:
        report.add("hash", f"{place} key", signature["key"], hashlib.sha256(key).hexdigest())
    if openssl is None:
        report.note(place, "no openssl on this machine")
    elif not is_signed(openssl, told.get("algorithm"), parts):
        report.add("signature", place, told["signature"], signature["key"])


def decoded(text):
    """Given base64 of either alphabet, with or without its end, return the bytes."""
    return base64.b64decode(text.replace("-", "+").replace("_", "/") + "=" * (-len(text) % 4))


def is_signed(openssl, algorithm, parts):
    """Given openssl, an algorithm and (public key, message, signature), say whether they belong together."""
    with tempfile.TemporaryDirectory() as folder:
        key, message, made = names = [str(Path(folder) / name) for name in ("key.pem", "message", "signature")]
        for name, content in zip(names, parts):
            Path(name).write_bytes(content)
        asked = ["dgst", "-sha256", "-verify", key, "-signature", made, message]
        if algorithm == "ed25519":
            asked = ["pkeyutl", "-verify", "-pubin", "-inkey", key, "-rawin", "-in", message, "-sigfile", made]
        return subprocess.run([openssl, *asked], capture_output=True, check=False).returncode == 0  # noqa: S603


# -- the whole --------------------------------------------------------------------------------------------------------


def recalculate(path):
    """Given a package, return the Report. Raises Unreadable."""
    package, report = Package(path), Report()
    contract = document(package, report, "contract.json", "contract")
    month = document(package, report, "month.json", "month")
    first, facts = read_facts(package, report)
    if report.stop:
        return report
    for name, found in (("contract.json", contract), ("month.json", month)):
        if found["format"] != FORMAT:
            report.add("differs", f"{name} format", found["format"], FORMAT)
    check_hashes(package, report, contract, month)
    check_timelines(package, report, facts, check_chain(package, report, first))
    terms = contract["versions"].get(contract["main"])
    if terms is None:
        report.add("missing", "contract.json versions.main", contract["main"], stop=True)
    check_rules(report, contract, facts)
    if report.stop:
        return report
    check_caps(report, terms, facts, first["month"])
    check_money(report, contract, terms, facts, first["month"])
    compare(report, "month.json", month, recomputed(contract, first, facts, month["adjustments"]))
    check_signatures(package, report, month)
    return report


def shown(value):
    """Given a value, return it short enough for a table."""
    text = value if isinstance(value, str) else canonical(value)
    return text if len(text) <= 80 else text[:77] + "..."


def main():
    """Recalculate the package that was named, say what came of it, and return the exit code."""
    parser = argparse.ArgumentParser(description="Recompute a month from its evidence package. 用证据包重算一个月。")
    parser.add_argument("package", help="PACKAGE.zip or folder / 证据包，或解开后的文件夹")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    try:
        report = recalculate(asked.package)
    except Unreadable as why:
        print(f"无法读取 cannot read: {why}", file=sys.stderr)
        return 2
    if asked.json:
        told = {"equal": not report.rows, "differences": report.rows, "not_verified": report.notes}
        print(json.dumps(told, ensure_ascii=False, indent=1))
        return 1 if report.rows else 0
    for row in report.rows:
        print(f"{row['place']} | {WORDS[row['kind']]} | {shown(row['stored'])} → {shown(row['computed'])}")
    for note in report.notes:
        print(f"{note['place']} | {WORDS['unverified']} | {note['why']}")
    equal = "一致 EQUAL: 逐项重算，与 month.json 相同 / every figure recomputed is the one in month.json"
    print(f"不一致 DIFFERENT: {len(report.rows)}" if report.rows else equal)
    return 1 if report.rows else 0


if __name__ == "__main__":
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    sys.exit(main())
