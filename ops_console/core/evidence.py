"""An evidence package (证据包): what stands in it, its manifest, and the signatures as a document of their own.

Published form: `docs/assessment-format.md`. Not for a month's own documents (`core/frozen_months.py`), for its lists
(`core/evidence_lists.py`) nor for writing the file (an adapter).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ops_console.core.attachments import KINDS
from ops_console.core.chain import canonical
from ops_console.core.frozen_months import CODE_LENGTH, sha256
from ops_console.core.plain import plain

MANIFEST_FORMAT, SIGNATURES_FORMAT = "ops-console/evidence/1", "ops-console/signatures/1"
CONTRACT, FACTS, MONTH = "contract.json", "facts.jsonl", "month.json"
SIGNATURES, MANIFEST, README, VIEWER = "signatures.json", "manifest.json", "README.txt", "index.html"
CHAIN, TIMELINES, LISTS, FILES = "chain.jsonl", "timelines.jsonl", "lists/", "files/"
# Given away with every package, from `docs/`: name there -> name here.
TOOLS = {
    "recalculate_month.py": "recalculate_month.py", "verify_chain.py": "verify_chain.py",
    "assessment-format.md": "assessment-format.md", "assessment.schema.json": "assessment.schema.json",
}  # fmt: skip
PATIENT, MISSING, CHANGED = "patient", "missing", "changed"
WITHHELD = {PATIENT: "含患者信息，未放入", MISSING: "文件不在数据目录中", CHANGED: "文件内容与登记的哈希不符"}
MOST_CHAIN = 300_000  # entries of the chain that a package holds; past it the chain is to be exported by itself
CHAIN_LEFT_OUT = "chain left out: {count} entries; take it with `audit export`"


@dataclass(frozen=True)
class Packed:
    """A file that lies in the package: its name there, size in bytes and SHA-256."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, order=True)
class Evidence:
    """A file that proves something of the month: its hash and kind, and of whom (`ticket` GD-…, `duty` 17, `month`).

    `patient`: marked as holding patients' data. `purpose` is what it is for; `code` what it proves (E1 to E15).
    """

    subject: str
    subject_id: str
    digest: str
    kind: str = ""
    size: int = 0
    purpose: str = ""
    code: str = ""
    side: str = ""
    recorded_at: datetime | None = None
    patient: bool = False
    voided_at: datetime | None = None

    @property
    def name(self) -> str:
        """Its name in the package: the hash, with a suffix that fits what it is."""
        suffix = KINDS[self.kind].suffixes[0] if self.kind in KINDS else "bin"
        return f"{FILES}{self.digest}.{suffix}"


@dataclass(frozen=True)
class Withheld:
    """A file that the package does not hold, and why, one of WITHHELD."""

    sha256: str
    subject: str
    subject_id: str
    reason: str


@dataclass(frozen=True)
class Head:
    """Which month of which contract a package is about: its revision and the SHA-256 of its result."""

    contract: str
    month: str
    revision: int
    digest: str


@dataclass(frozen=True)
class SignatureLine:
    """One signature as the package tells it. `attempt` counts what the party withdrew before; `key` is a fingerprint.

    `material` is what proves one made with a key, in plain values; `proof` the SHA-256 of a stamped paper's scan.
    """

    party: str
    role: str
    person: str
    account: str
    method: str
    at: datetime
    over_sha256: str
    attempt: int = 0
    reservation: str = ""
    delegated_by: str = ""
    key: str = ""
    proof: str = ""
    material: Any = None


def signatures_document(
    head: Head, state: str, outcome: str, locked_at: datetime | None, lines: Iterable[SignatureLine]
) -> str:
    """Given a month, how it stands and its signatures, return `signatures.json`."""
    return canonical({
        "format": SIGNATURES_FORMAT, "contract": head.contract, "month": head.month, "revision": head.revision,
        "over_sha256": head.digest, "state": state, "outcome": outcome, "locked_at": plain(locked_at),
        "signatures": [plain(line) for line in lines],
    })  # fmt: skip


def manifest(head: Head, files: Iterable[Packed], withheld: Iterable[Withheld], notes: Iterable[str] = ()) -> str:
    """Given a month and what lies in its package, return `manifest.json`: every file, and its own hash."""
    told: dict[str, Any] = {
        "format": MANIFEST_FORMAT, "contract": head.contract, "month": head.month, "revision": head.revision,
        "month_sha256": head.digest, "code": head.digest[:CODE_LENGTH],
        "files": [plain(file) for file in sorted(files, key=lambda file: file.name)],
        "withheld": [plain(one) for one in withheld], "notes": list(notes),
    }  # fmt: skip
    return canonical({**told, "sha256": sha256(canonical(told))})


def readme(head: Head, counts: Mapping[str, int]) -> str:
    """Given a month and how many files and withheld files there are, return `README.txt` in Chinese and English."""
    return README_TEXT.format(
        contract=head.contract, month=head.month, revision=head.revision, digest=head.digest,
        code=head.digest[:CODE_LENGTH], **counts,
    )  # fmt: skip


README_TEXT = """\
{month} 月度考核证据包    合同 {contract}    第 {revision} 稿
结果文件 month.json 的 SHA-256（双方签署的就是它）：
{digest}
短码（印在每页纸上）：{code}

怎样核对
1  双击 index.html：离线查看本月；点数字看明细，再点单号看事件。不连网络。
2  python3 recalculate_month.py .    用包内的事实独立重算每一个数字，逐格与 month.json 比较；
   同时核对每个文件的哈希、审计链和签署。0 = 一致，1 = 有不同（逐条列出），2 = 读不出来。
3  python3 verify_chain.py chain.jsonl --part --anchors 本方收到的日锚.jsonl    与本方自己保存的日锚核对；
   包里的链到冻结时为止，之前和之后的日锚不在核对之列。
4  把上面的 SHA-256 与本方签署时记下的、或纸面上的短码比较。

里面有什么
contract.json   合同、口径、评分表            facts.jsonl   本月的事实，一行一件
month.json      结果                          signatures.json   签署
timelines.jsonl 每件工单的事件（审计链的原条）  chain.jsonl   审计链从本月第一件到冻结时为止
lists/          清单（CSV，Excel 可直接打开）   files/        凭证文件 {files} 个，按哈希命名
assessment-format.md、assessment.schema.json   格式说明：凭它可以另写一个重算程序
报修人、电话、标题、描述、处理过程、说明和原因这些填写的文字不在包里；标为含患者信息等的文件 {withheld} 个没有放入，
列在 manifest.json 的 withheld。

--------------------------------------------------------------------------------------------------------------

Evidence package of {month}    contract {contract}    revision {revision}
SHA-256 of month.json (this is what both parties sign):
{digest}
short code (stands on every printed page): {code}

How to check
1  Open index.html: the month, offline. Click a figure for its rows, a ticket for its events. No network.
2  python3 recalculate_month.py .    computes every figure again from the facts in here and compares it, cell by
   cell, with month.json; checks the hash of every file, the audit chain and the signatures too.
   0 = equal, 1 = different (each place is named), 2 = cannot be read.
3  python3 verify_chain.py chain.jsonl --part --anchors ANCHORS.jsonl    against the anchors that you received yourself;
   the chain in here ends with the freeze, so that earlier and later anchors are not compared.
4  Compare the SHA-256 above with what you noted when you signed, or with the short code on paper.

What is in here
contract.json   contract, readings, sheet      facts.jsonl   the month's facts, one a line
month.json      the result                     signatures.json   who signed
timelines.jsonl each ticket's events, as they stand in the audit chain
chain.jsonl     the audit chain from the month's first ticket to the freeze
lists/          lists (CSV)                    files/        {files} files of evidence, named by their hash
assessment-format.md, assessment.schema.json   the format: enough to write another such program
Reporters, telephone numbers, titles, descriptions, what was done and reasons are not in here; {withheld} files are
withheld (patients' data and the like), see `withheld` in manifest.json.
"""
