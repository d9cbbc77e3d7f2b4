"""What a ticket may be about: its types, the platform's modules and the carriers they run on.

Rows that a site may extend in config.toml; not the tender's clauses (`core/contracts.py`).
"""

from __future__ import annotations

from dataclasses import dataclass

EACH, SAMPLE = "each", "sample"
CONFIRMS = (EACH, SAMPLE)


@dataclass(frozen=True)
class TicketType:
    """A kind of ticket; `declinable` is False where the tender leaves no right to decline (一.3).

    `confirm`: whether each restore is put to the reporting side, or only samples and the weekly sheet are. `agreed`:
    what is of this type is settled by both parties (domain §1.8), so it is never changed by one alone.
    """

    name: str
    declinable: bool
    confirm: str = EACH
    agreed: bool = False


@dataclass(frozen=True)
class Module:
    """One of the platform's modules (tender 一), such as M-02 门诊缴费."""

    code: str
    name: str
    group: str


@dataclass(frozen=True)
class Carrier:
    """Where the modules run: the internet hospital, the Alipay mini-program, the WeChat account."""

    code: str
    name: str
