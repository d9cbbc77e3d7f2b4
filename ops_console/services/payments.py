"""The finance sheet: what each payment node comes to from signed months, what was invoiced and paid, what is due.

Not for how it is reckoned (`core/payments.py`). Only locked months count; their frozen results are read, not computed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from ops_console.core.errors import NotFound, Refused
from ops_console.core.frozen_months import CODE_LENGTH
from ops_console.core.moments import ZONE, whole
from ops_console.core.money import amount, fen_of
from ops_console.core.months import LOCKED, final_month, life_of
from ops_console.core.payments import (
    OVERDUE,
    WAITING,
    MonthMoney,
    Payment,
    months_of_year,
    payments_of,
    share_warnings,
)
from ops_console.core.people import HOSPITAL, SYSTEM, Actor
from ops_console.core.plain import made
from ops_console.core.sentences import Sentence, sentence
from ops_console.core.settlements import Money
from ops_console.core.terms import VersionInForce, contract_years
from ops_console.core.tickets import Event
from ops_console.services.assessments import fee_of
from ops_console.services.contracts import Book
from ops_console.services.month_facts import version_of
from ops_console.store import assessments, audit, contracts, messages
from ops_console.store import payments as store
from ops_console.store.masks import masker_of

SUBJECT = "payment"
INVOICE = re.compile(r"[0-9A-Za-z][0-9A-Za-z\-/]{0,29}")
SOON = timedelta(days=7)
NOTICE = timedelta(days=30)


@dataclass(frozen=True)
class Due:
    """One payment with what was noted about it: its status today, the last note, the notes before."""

    payment: Payment
    status: str
    note: store.PaymentRow | None
    earlier: tuple[store.PaymentRow, ...]

    @property
    def key(self) -> str:
        """By which it is known: node and first month."""
        return self.payment.key


@dataclass(frozen=True)
class Finance:
    """A contract year's payments, what is odd about its nodes, and the contract as its last version has it."""

    contract_id: int
    version: VersionInForce
    year: int
    years: tuple[tuple[date, date], ...]
    dues: tuple[Due, ...]
    warnings: tuple[Sentence, ...]


def of_year(
    session: Session, book: Book, contract_id: int, year: int | None, *, actor: Actor, now: datetime
) -> Finance:
    """Given a contract, one of its years from 1 (None: the one of now), who asks and now, return its payments.

    Raises NotFound for no such contract or year, Refused without the right. Four statements.
    """
    actor.need("payments.read")
    version = _version(book, contract_id, now)
    terms, today = version.terms, now.astimezone(ZONE).date()
    years = contract_years(terms)
    number = year if year is not None else _year_of(years, today)
    if not 1 <= number <= len(years):
        raise NotFound("合同没有第 %(n)s 年。", n=number)
    months = months_of_year(terms, number)
    wanted = (*months, final_month(terms)) if number == len(years) else months
    rows = {row.month: row for row in assessments.results(session, contract_id, wanted)}
    known = {month: _month_money(book, contract_id, month, rows.get(month), now) for month in months}
    payments = payments_of(terms, number, known)
    notes = _by_key(store.of_contract(session, contract_id))
    warnings = share_warnings(payments)
    if terms.fee is None:
        warnings = (sentence("合同数据里没有年费用，算不出应付金额；请在合同设置里补上。"), *warnings)
    warnings = (*warnings, *_of_final(rows.get(final_month(terms))))
    return Finance(
        contract_id, version, number, years,
        tuple(_due(payment, notes.get(payment.key, ()), today) for payment in payments), warnings,
    )  # fmt: skip


def _version(book: Book, contract_id: int, now: datetime) -> VersionInForce:
    """The contract's version now; its last one once another contract has followed."""
    mine = [version for version in book.versions if version.contract_id == contract_id]
    if not mine:
        raise NotFound("没有这份合同。")
    return Book(tuple(mine), book.calendars).at(now)


def _year_of(years: Sequence[tuple[date, date]], today: date) -> int:
    return sum(first <= today for first, _last in years) or 1


def _month_money(
    book: Book, contract_id: int, month: str, row: assessments.AssessmentRow | None, now: datetime
) -> MonthMoney:
    version = version_of(book, contract_id, month)
    where = life_of(month, version.terms, book.calendars[version.id], row.state if row else "", now)
    fee = fee_of(version, month)
    if row is None or row.state != LOCKED:
        return MonthMoney(month, where.state, fee)
    money = made(Money, json.loads(row.result)["result"]["money"])
    return MonthMoney(
        month, where.state, money.fee, money, row.locked_at, row.outcome, row.digest[:CODE_LENGTH]
    )  # fmt: skip


def _of_final(row: assessments.AssessmentRow | None) -> Iterable[Sentence]:
    """What the contract's final settlement takes, once it is frozen: no payment of a month bears it."""
    if row is None:
        return
    deducted = sum(line.amount for line in made(Money, json.loads(row.result)["result"]["money"]).lines)
    if deducted:
        yield sentence(
            "合同终期结算（%(month)s）应扣 %(sum)s 元，从尚未支付的款项中扣除或由乙方退还，没有计入上面的付款。",
            month=row.month, sum=amount(deducted),
        )  # fmt: skip


def _by_key(rows: Sequence[store.PaymentRow]) -> Mapping[str, tuple[store.PaymentRow, ...]]:
    found: dict[str, list[store.PaymentRow]] = {}
    for row in rows:
        found.setdefault(row.key, []).append(row)
    return {key: tuple(notes) for key, notes in found.items()}


def _due(payment: Payment, notes: Sequence[store.PaymentRow], today: date) -> Due:
    last = notes[-1] if notes else None
    return Due(payment, payment.status(today, last.paid_on if last else None), last, tuple(notes[:-1]))


def one(finance: Finance, key: str) -> Due:
    """Given a year's payments and a key, return that payment. Raises NotFound for none such."""
    found = next((due for due in finance.dues if due.key == key), None)
    if found is None:
        raise NotFound("没有这一付款节点。")
    return found


@dataclass(frozen=True)
class Paid:
    """What is noted about a payment: the invoice's number, the day it was paid, the sum in 元, each as typed."""

    key: str
    invoice: str = ""
    paid_on: date | None = None
    amount: str = ""


def record(
    session: Session, book: Book, contract_id: int, year: int, wanted: Paid, *, actor: Actor, now: datetime
) -> None:
    """Given a payment and what is noted about it, keep that; it counts instead of an earlier note, which stays.

    Raises Refused for anybody but the hospital, for a day ahead, and for a payment that unsigned months hold up.
    """
    actor.need("payments.record")
    if actor.side != HOSPITAL:
        raise Refused("发票和付款由甲方登记。", field="permission")
    contracts.hold(session, contract_id)
    due = one(of_year(session, book, contract_id, year, actor=actor, now=now), wanted.key)
    invoice = _checked_invoice(session, wanted.invoice)
    paid, amount = _checked_paid(due, wanted, now)
    if not invoice and paid is None:
        raise Refused("请填写发票号码或付款日期。", field="invoice")
    row = store.PaymentRow(
        contract_id=contract_id, key=wanted.key, invoice=invoice, paid_on=paid, amount=amount, account=actor.account,
        at=whole(now),
    )  # fmt: skip
    session.add(row)
    session.flush()
    facts: dict[str, object] = {
        "contract": contract_id, "node": due.payment.node.id, "months": [one.month for one in due.payment.months],
        "payable": due.payment.payable, "invoice": invoice, "paid_on": paid.isoformat() if paid else None,
        "amount": amount,
    }  # fmt: skip
    at = whole(now)
    event = Event("payment_recorded", at, at, actor.account, actor.side, facts=facts)
    audit.append(session, SUBJECT, f"{contract_id}/{wanted.key}", event)


def _checked_invoice(session: Session, text: str) -> str:
    told = text.strip()
    if told and (not INVOICE.fullmatch(told) or masker_of(session).text(told) != told):
        raise Refused("发票号码只能有数字、字母和短横线，最多 30 位，不能是证件号或电话。", field="invoice")
    return told


def _checked_paid(due: Due, wanted: Paid, now: datetime) -> tuple[date | None, int | None]:
    if wanted.paid_on is None:
        return None, None
    missing = due.payment.missing
    if due.payment.payable is None:
        raise Refused(
            "还不能付款：%(months)s 没有签署锁定。" if missing else "这一节点不计入付款。", field="paid_on",
            months="、".join(one.month for one in missing),
        )  # fmt: skip
    if wanted.paid_on > now.astimezone(ZONE).date():
        raise Refused("付款日期不能晚于今天。", field="paid_on")
    return wanted.paid_on, fen_of(wanted.amount) if wanted.amount.strip() else due.payment.payable


def tell_due(session: Session, book: Book, now: datetime) -> list[str]:
    """Given the book and now, tell the hospital of payments due within 7 days and of those past their day.

    Each once for either, of this contract year and the one before. Return their keys.
    """
    told = []
    reader = Actor(SYSTEM.account, SYSTEM.name, SYSTEM.side, frozenset({"payments.read"}))
    today = now.astimezone(ZONE).date()
    for contract_id in dict.fromkeys(version.contract_id for version in book.versions):
        years = contract_years(_version(book, contract_id, now).terms)
        for year in range(max(1, _year_of(years, today) - 1), _year_of(years, today) + 1):
            finance = of_year(session, book, contract_id, year, actor=reader, now=now)
            told += [due.key for due in finance.dues if _tell(session, contract_id, due, today, now)]
    return told


def _tell(session: Session, contract_id: int, due: Due, today: date, now: datetime) -> bool:
    day = due.payment.due_on
    if day is None or due.status not in (WAITING, OVERDUE) or day - today > SOON:
        return False
    payload: dict[str, Any] = {
        "node": due.payment.node.id, "months": [one.month for one in due.payment.months], "due_on": day.isoformat(),
        "payable": due.payment.payable, "overdue": due.status == OVERDUE,
    }  # fmt: skip
    return messages.put(
        session, dedup_key=f"payment_due/{contract_id}/{due.key}/{due.status}", audience=HOSPITAL, kind="payment_due",
        payload=payload, created_at=now, expires_at=now + NOTICE,
    )  # fmt: skip
