"""Signing a month on both databases: both sides, one side, nobody; every method; what one alone cannot."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from sqlalchemy import select

from ops_console.console import Console
from ops_console.core.errors import NotFound, Refused
from ops_console.core.moments import ZONE
from ops_console.core.months import LOCKED
from ops_console.core.people import Actor, actor_of, terminal_actor
from ops_console.core.signatures import BOTH, LOGIN, OFFLINE_KEY, PAPER, WEBAUTHN, WITHOUT_VENDOR
from ops_console.core.terms import Settlement
from ops_console.services import signing, signing_keys
from ops_console.services.month_words import Desk
from ops_console.services.signatures import Sign, tell_silent
from ops_console.store import audit, month_words
from ops_console.store import signatures as store
from ops_console.store.messages import OutboxRow
from ops_console.store.people import PersonRow
from ops_console.store.roles import ADDED_TO
from tests.conftest import FakeClock
from tests.services.test_tickets import at_once
from tests.signing import (
    CHIEF,
    ENGINEER,
    MANAGER,
    MONTH,
    OCTOBER,
    OFFICER,
    SoftAuthenticator,
    add_people,
    amend,
    answer_end,
    confirm_key,
    contract,
    freeze_next,
    frozen_october,
    past_the_days,
    pen,
    register,
    row_of,
    scan,
    sign,
    signed,
    standing,
)


@pytest.fixture
def clock() -> FakeClock:
    """A workday morning in October."""
    return FakeClock(OCTOBER)


@pytest.fixture
def digest(console: Console, clock: FakeClock) -> str:
    """October frozen, nobody has signed."""
    return frozen_october(console, clock)


def events(console: Console, *kinds: str) -> list[tuple[str, dict[str, Any]]]:
    with console.read() as session:
        assert audit.first_broken(session) is None
        found = [(event.kind, dict(event.facts)) for _s, _i, event in reversed(audit.about(session, "month"))]
    return [one for one in found if not kinds or one[0] in kinds]


def outbox(console: Console, *kinds: str) -> list[tuple[str, str, dict[str, Any]]]:
    with console.read() as session:
        rows = session.scalars(select(OutboxRow).where(OutboxRow.kind.in_(kinds)).order_by(OutboxRow.id))
        return [(row.kind, row.audience, json.loads(row.payload)) for row in rows]


def withdraw(console: Console, actor: Actor, reason: str = "还要核对") -> None:
    with console.write() as session:
        pen(console, session, actor).withdraw(reason)


def refuse(console: Console, actor: Actor = MANAGER, reason: str = "扣款没有依据", seen: str = "") -> None:
    with console.write() as session:
        one = pen(console, session, actor)
        one.refuse(seen or one.signing.digest, reason)


def ask(console: Console, actor: Actor = MANAGER) -> None:
    with console.write() as session:
        pen(console, session, actor).ask()


def lock_alone(console: Console, actor: Actor = CHIEF, seen: str = "") -> str:
    with console.write() as session:
        one = pen(console, session, actor)
        return one.lock_alone(seen or one.signing.digest)


def object_to(console: Console, actor: Actor, text: str = "不同意") -> int:
    with console.write() as session:
        Desk(session, console.book(session), contract(console), MONTH, actor=actor, now=console.now()).object(
            "C-15", text
        )
    with console.read() as session:
        return month_words.of_month(session, contract(console), MONTH)[-1].id


def answer(console: Console, objection: int, actor: Actor = CHIEF) -> None:
    with console.write() as session:
        desk = Desk(session, console.book(session), contract(console), MONTH, actor=actor, now=console.now())
        desk.answer(objection, "rejected", "已核对")


# -- both sides -------------------------------------------------------------------------------------------------------


def test_both_sign_the_hash_of_the_frozen_json_and_the_month_is_locked(
    console: Console, clock: FakeClock, digest: str
) -> None:
    assert sign(console, CHIEF, reservation="对到场时间保留意见") == ""
    assert standing(console).of("vendor") is None
    clock.forward(hours=1)
    assert sign(console, MANAGER) == BOTH
    row, found = row_of(console), standing(console)
    assert (row.state, row.outcome, row.locked_at, row.digest) == (LOCKED, BOTH, clock.at, digest)
    told = [(one.side, one.name, one.account, one.method, one.reservation) for one in found.signatures]
    assert told == [
        ("hospital", "信息科长", "hospital", LOGIN, "对到场时间保留意见"),
        ("vendor", "乙方项目经理", "manager", LOGIN, ""),
    ]
    (first, facts), (second, _), (locked, ended) = events(console, "month_signed", "month_locked")
    assert (first, second, locked, ended["outcome"]) == ("month_signed", "month_signed", "month_locked", BOTH)
    assert (facts["digest"], facts["revision"], facts["method"], facts["reserved"]) == (digest, 1, LOGIN, True)
    (kind, audience, payload), (_, both, last) = outbox(console, "month_signed")
    assert (kind, audience, payload["code"], payload["outcome"]) == ("month_signed", "vendor", digest[:12], "")
    assert (both, last["outcome"]) == ("both", BOTH)


def test_a_reservation_is_masked_on_write(console: Console, digest: str) -> None:
    sign(console, CHIEF, reservation="请联系 13800001234 核对")
    assert standing(console).signatures[0].reservation == "请联系 138****1234 核对"


def test_a_locked_month_takes_no_word_signature_or_new_freezing(
    console: Console, clock: FakeClock, digest: str
) -> None:
    sign(console, CHIEF)
    sign(console, MANAGER)
    for act in (
        lambda: sign(console, CHIEF), lambda: withdraw(console, CHIEF), lambda: refuse(console),
        lambda: lock_alone(console), lambda: object_to(console, ENGINEER),
    ):  # fmt: skip
        with pytest.raises(Refused, match="已锁定"):
            act()
    with pytest.raises(Refused, match="已锁定"):
        freeze_next(console, clock, MONTH)
    assert row_of(console).digest == digest


def test_a_signed_month_is_frozen_anew_only_after_the_withdrawal(
    console: Console, clock: FakeClock, digest: str
) -> None:
    sign(console, MANAGER)
    with pytest.raises(Refused, match="已有一方签署"):
        freeze_next(console, clock, MONTH)
    with pytest.raises(Refused, match="已有一方签署"):
        object_to(console, ENGINEER)
    withdraw(console, MANAGER)
    freeze_next(console, clock, MONTH)
    assert row_of(console).revision == 2


def test_only_chief_and_manager_sign_each_for_its_own_side(console: Console, digest: str) -> None:
    for stranger in (
        OFFICER, ENGINEER, replace(actor_of("leader", "院领导", "leader"), proved_until=CHIEF.proved_until),
        replace(actor_of("auditor", "审计", "auditor"), proved_until=CHIEF.proved_until), terminal_actor("root"),
    ):  # fmt: skip
        with pytest.raises(Refused, match="信息科长、乙方项目经理") as refused:
            sign(console, stranger)
        assert refused.value.field == "permission"
    assert events(console, "month_signed") == []


def test_nobody_signs_without_a_fresh_second_factor(console: Console, clock: FakeClock, digest: str) -> None:
    for proved in (None, clock.at - timedelta(seconds=1)):
        with pytest.raises(Refused, match="第二因素"):
            sign(console, replace(CHIEF, proved_until=proved))
    assert sign(console, replace(CHIEF, proved_until=clock.at)) == ""


def test_an_account_reset_within_a_day_does_not_sign_and_is_marked_for_a_month(
    console: Console, clock: FakeClock, digest: str
) -> None:
    add_people(console, "hospital", "manager")
    with console.write() as session:
        person = session.scalars(select(PersonRow).where(PersonRow.account == "hospital")).one()
        person.reset_at = person.credential_reset_at = clock.at
    with pytest.raises(Refused, match="24 小时内由他人设置过"):
        sign(console, CHIEF)
    reset = clock.at
    clock.forward(hours=24)
    sign(console, CHIEF)
    assert standing(console).signatures[0].reset_at == reset


def test_a_side_signs_once(console: Console, digest: str) -> None:
    sign(console, CHIEF)
    with pytest.raises(Refused, match="本方已于"):
        sign(console, CHIEF)
    assert len(events(console, "month_signed")) == 1


def test_two_sides_at_the_same_instant_lock_the_month_once(console: Console, digest: str) -> None:
    results = at_once(lambda: sign(console, CHIEF), lambda: sign(console, MANAGER))
    assert sorted(map(str, results)) == ["", BOTH]
    assert row_of(console).state == LOCKED
    assert [kind for kind, _ in events(console, "month_signed", "month_locked")].count("month_locked") == 1


def test_a_double_click_signs_once(console: Console, digest: str) -> None:
    results = at_once(*[lambda: sign(console, CHIEF)] * 3)
    assert [one for one in results if one == ""] == [""]
    assert sum(isinstance(one, Refused) for one in results) == 2
    assert len(standing(console).signatures) == 1


def test_an_earlier_revision_is_refused(console: Console, clock: FakeClock, digest: str) -> None:
    object_to(console, ENGINEER)
    assert standing(console).digest != digest
    for act in (lambda: sign(console, CHIEF, digest_seen=digest), lambda: refuse(console, seen=digest)):
        with pytest.raises(Refused, match="已是第 2 版"):
            act()
    assert sign(console, CHIEF) == ""


def test_there_is_nothing_to_sign_before_the_freezing(console: Console, clock: FakeClock) -> None:
    amend(console, go_live_on=date(2026, 10, 1))
    for month in ("2026-10", "2026-09", "2030-01"):
        with pytest.raises(NotFound, match="还没有冻结"):
            sign(console, CHIEF, Sign("x"), month)
    with pytest.raises(Refused, match="不是月份"):
        sign(console, CHIEF, Sign("x"), "2026-13")


def test_withdrawn_is_withdrawn_until_the_other_has_signed(console: Console, clock: FakeClock, digest: str) -> None:
    sign(console, CHIEF)
    with pytest.raises(Refused, match="没有可以撤回"):
        withdraw(console, MANAGER)
    with pytest.raises(Refused, match="写明原因"):
        withdraw(console, CHIEF, " ")
    withdraw(console, CHIEF)
    assert standing(console).signatures == ()
    assert sign(console, MANAGER) == ""
    assert sign(console, CHIEF) == BOTH
    with console.read() as session:
        rows = store.withdrawn(session, row_of(console).id)
        assert [(row.side, row.attempt) for row in rows] == [("hospital", 0)]
    assert [kind for kind, _ in events(console, "month_signature_withdrawn")] == ["month_signature_withdrawn"]


def test_signatures_are_only_ever_added_to(console: Console, digest: str) -> None:
    sign(console, CHIEF)
    with console.read() as session:
        before = [vars(one) for one in store.of_assessment(session, row_of(console).id)]
    withdraw(console, CHIEF)
    with console.read() as session:
        after = [vars(one) for one in store.withdrawn(session, row_of(console).id)]
    drop = "_sa_instance_state"
    assert [{k: v for k, v in one.items() if k != drop} for one in before] == [
        {k: v for k, v in one.items() if k != drop} for one in after
    ]


# -- one side refuses or is silent ------------------------------------------------------------------------------------


def test_a_silent_vendor_lets_the_hospital_lock_alone_from_the_first_second_after_its_days(
    console: Console, clock: FakeClock, digest: str
) -> None:
    noticed = clock.at
    sign(console, CHIEF)
    by = answer_end(console, noticed, 3)
    clock.at = by - timedelta(seconds=1)
    with pytest.raises(Refused, match="此前不能单方认定"):
        lock_alone(console)
    assert [str(one) for one in printed(console)] == []
    clock.at = by
    assert row_of(console).state == "frozen"  # nothing locks by itself
    assert lock_alone(console) == WITHOUT_VENDOR
    row = row_of(console)
    assert (row.state, row.outcome, row.locked_at) == (LOCKED, WITHOUT_VENDOR, by)
    assert [str(one) for one in printed(console)] == ["甲方单方认定，乙方未签"]
    with pytest.raises(Refused, match="已锁定"):
        sign(console, MANAGER)


def printed(console: Console, actor: Actor = CHIEF) -> tuple[Any, ...]:
    with console.read() as session:
        book = console.book(session)
        found = signing.panel(session, book, contract(console), MONTH, actor=actor, now=console.now())
    assert found is not None
    return found.printed


def test_the_days_are_working_days_over_the_years_edge(console: Console, clock: FakeClock) -> None:
    clock.at = datetime(2026, 12, 14, 2, tzinfo=clock.at.tzinfo)
    amend(console, go_live_on=date(2026, 12, 1))
    freeze_next(console, clock, "2026-12")
    found = standing(console, "2026-12")
    assert clock.at.year == 2027
    assert found.answer_by == answer_end(console, clock.at, 3) > clock.at + timedelta(days=2)
    amend(console, settlement=Settlement(answer_workdays=1))
    assert standing(console, "2026-12").answer_by == answer_end(console, clock.at, 1)


def test_a_refusal_of_the_vendor_lets_the_hospital_lock_at_once(
    console: Console, clock: FakeClock, digest: str
) -> None:
    with pytest.raises(Refused, match="写明原因"):
        refuse(console, reason="")
    refuse(console)
    with pytest.raises(Refused, match="请先代表甲方签署"):
        lock_alone(console)
    sign(console, CHIEF)
    assert lock_alone(console) == WITHOUT_VENDOR
    assert len(printed(console)) == 2  # refused, and found alone
    ((kind, facts),) = events(console, "month_refused")
    assert facts["digest"] == digest
    assert outbox(console, "month_refused")[0][:2] == (kind, "hospital")


def test_a_vendor_that_refused_may_sign_after_all(console: Console, digest: str) -> None:
    refuse(console)
    with pytest.raises(Refused, match="已拒签"):
        refuse(console)
    sign(console, CHIEF)
    assert sign(console, MANAGER) == BOTH
    assert printed(console) == ()


def test_a_refusal_is_of_one_revision(console: Console, clock: FakeClock, digest: str) -> None:
    refuse(console)
    object_to(console, CHIEF)
    sign(console, CHIEF)
    with pytest.raises(Refused, match="此前不能单方认定"):
        lock_alone(console)


def test_the_vendor_never_locks_and_never_the_console(console: Console, clock: FakeClock, digest: str) -> None:
    sign(console, MANAGER)
    past_the_days(console, clock)
    with pytest.raises(Refused, match="由甲方办理") as refused:
        lock_alone(console, MANAGER)
    assert refused.value.field == "permission"
    with console.write() as session:
        tell_silent(session, console.book(session), clock.at)
    assert row_of(console).state == "frozen"


def test_what_the_hospital_says_gives_the_vendor_its_days_anew_and_its_own_words_do_not(
    console: Console, clock: FakeClock, digest: str
) -> None:
    first = standing(console).answer_by
    clock.forward(days=1)
    objection = object_to(console, ENGINEER)
    assert standing(console).answer_by == first
    clock.forward(days=1)
    answer(console, objection)
    assert standing(console).answer_by == answer_end(console, clock.at, 3) > first


def test_an_unanswered_objection_keeps_the_hospital_from_locking_alone(
    console: Console, clock: FakeClock, digest: str
) -> None:
    objection = object_to(console, ENGINEER)
    sign(console, CHIEF)
    past_the_days(console, clock)
    with pytest.raises(Refused, match="1 条异议还没有答复"):
        lock_alone(console)
    withdraw(console, CHIEF)
    answer(console, objection)
    sign(console, CHIEF)
    past_the_days(console, clock)
    assert lock_alone(console) == WITHOUT_VENDOR


def test_a_silent_hospital_is_said_on_the_sheet_and_asked_once_a_day(
    console: Console, clock: FakeClock, digest: str
) -> None:
    with pytest.raises(Refused, match="乙方签署之后"):
        ask(console)
    sign(console, MANAGER)
    ask(console)
    with pytest.raises(Refused, match="今天已于"):
        ask(console)
    assert printed(console) == ()
    by = past_the_days(console, clock)
    last = (by - timedelta(seconds=1)).astimezone(ZONE).date()
    assert [str(one) for one in printed(console)] == [f"甲方至 {last} 未签"]
    ask(console)
    assert [audience for _, audience, _ in outbox(console, "month_sign_asked")] == ["hospital", "hospital"]
    assert row_of(console).state == "frozen"
    with pytest.raises(Refused, match="乙方签署之后"):
        ask(console, CHIEF)
    assert sign(console, CHIEF) == BOTH
    assert printed(console) == ()


def test_the_hospital_is_told_of_a_silent_vendor_once(console: Console, clock: FakeClock, digest: str) -> None:
    def tell() -> list[str]:
        with console.write() as session:
            return tell_silent(session, console.book(session), clock.at)

    by = standing(console).answer_by
    clock.at = by - timedelta(seconds=1)
    assert tell() == []
    clock.at = by
    assert (tell(), tell()) == ([MONTH], [])
    assert [(kind, who) for kind, who, _ in outbox(console, "vendor_silent")] == [("vendor_silent", "hospital")]


# -- by a key that the party holds ------------------------------------------------------------------------------------


@pytest.fixture
def private(console: Console, digest: str) -> ed25519.Ed25519PrivateKey:
    """A key of the hospital's, confirmed by the vendor."""
    made = ed25519.Ed25519PrivateKey.generate()
    confirm_key(console, register(console, made))
    return made


def offline(console: Console, private: Any, *, data: bytes | None = None, actor: Actor = CHIEF, **given: Any) -> str:
    content = row_of(console).result.encode() if data is None else data
    made = given.pop("signature", None) or signed(private, content)
    return sign(console, actor, method=OFFLINE_KEY, signature=made, **given)


def test_an_offline_signature_over_the_exact_bytes_is_kept_and_can_be_checked_again(
    console: Console, private: Any, digest: str
) -> None:
    made = signed(private, row_of(console).result.encode())
    offline(console, private, signature=base64.b64encode(made) + b"\n")
    (one,) = standing(console).signatures
    assert one.method == OFFLINE_KEY and len(one.key) == 64
    with console.read() as session:
        (told,) = signing.told(session, row_of(console).id)
    assert (base64.b64decode(told.material), told.digest) == (made, digest)
    private.public_key().verify(base64.b64decode(told.material), row_of(console).result.encode())
    ((_, facts),) = events(console, "month_signed")
    assert (facts["method"], facts["fingerprint"]) == (OFFLINE_KEY, one.key)
    assert checked(console) == {one.id: True}


def checked(console: Console) -> dict[int, bool]:
    with console.read() as session:
        book = console.book(session)
        found = signing.sheet(session, book, console.signing, contract(console), MONTH, actor=CHIEF, now=console.now())
    assert found is not None and found.sound
    return dict(found.checked)


def test_what_was_signed_with_a_strange_key_or_over_something_else_is_refused(
    console: Console, clock: FakeClock, private: Any
) -> None:
    stranger = ed25519.Ed25519PrivateKey.generate()
    result = row_of(console).result.encode()
    other = result.replace(b'"2026-10"', b'"2026-09"')
    for made in (
        signed(stranger, result), signed(private, other), signed(private, result)[:-1], b"\0" * 64,
        signed(private, row_of(console).digest.encode()),
    ):  # fmt: skip
        with pytest.raises(Refused, match="都不相符") as refused:
            offline(console, private, signature=made)
        assert refused.value.field == "signature"
    with pytest.raises(Refused, match="超过 16 KiB"):
        offline(console, private, signature=b"a" * (16 * 1024 + 1))
    with pytest.raises(Refused, match="请选择文件"):
        sign(console, CHIEF, method=OFFLINE_KEY)
    assert standing(console).signatures == ()


def test_a_signature_of_an_earlier_revision_is_refused(console: Console, private: Any) -> None:
    before = row_of(console).result.encode()
    object_to(console, ENGINEER)
    with pytest.raises(Refused, match="都不相符"):
        offline(console, private, data=before)


def test_a_key_signs_for_its_own_party_alone(console: Console, private: Any) -> None:
    with pytest.raises(Refused, match="本方还没有双方确认的离线密钥"):
        offline(console, private, actor=MANAGER)


def test_a_key_that_waits_or_was_revoked_signs_nothing_and_what_it_signed_stands(
    console: Console, clock: FakeClock, private: Any
) -> None:
    new = ec.generate_private_key(ec.SECP256R1())
    waiting = register(console, new)
    with pytest.raises(Refused, match="还没有经对方核对"):
        offline(console, new)
    offline(console, private)
    with console.write() as session:
        key = signing_keys.listing(session, contract(console), CHIEF, clock.at).rows[-1]
        signing_keys.revoke(session, key.id, "U 盘遗失", CHIEF, clock.at)
    assert standing(console).signatures[0].method == OFFLINE_KEY
    assert list(checked(console).values()) == [True]
    withdraw(console, CHIEF)
    confirm_key(console, waiting)
    with pytest.raises(Refused, match="吊销"):
        offline(console, private)
    offline(console, new)


def test_a_changed_row_is_found_when_the_page_checks_the_signature(console: Console, private: Any, digest: str) -> None:
    offline(console, private)
    with console.write() as session:
        row = session.get(type(row_of(console)), row_of(console).id)
        assert row is not None
        row.result = row.result.replace('"2026-10"', '"2026-11"')
    with console.read() as session:
        found = signing.sheet(
            session, console.book(session), console.signing, contract(console), MONTH, actor=CHIEF, now=console.now()
        )
    assert found is not None
    assert not found.sound and list(found.checked.values()) == [False]


# -- by an authenticator ----------------------------------------------------------------------------------------------


SECRET = b"s" * 32


@pytest.fixture
def device(console: Console, digest: str) -> SoftAuthenticator:
    """The chief's own authenticator, confirmed by the vendor."""
    at_localhost(console)
    made = SoftAuthenticator()
    confirm_key(console, enrol(console, made))
    return made


def at_localhost(console: Console) -> None:
    server = replace(console.settings.server, public_url="http://localhost:8000")
    console.settings = replace(console.settings, server=server)


def enrol(console: Console, device: SoftAuthenticator, actor: Actor = CHIEF, secret: bytes = SECRET) -> int:
    asked = signing_keys.new_challenge(SECRET, actor, console.now())
    with console.write() as session:
        return signing_keys.register_authenticator(
            session, console.signing, secret, contract(console), asked.hex(), device.register(asked), "科长的钥匙",
            actor=actor, now=console.now(),
        )  # fmt: skip


def challenge(console: Console, actor: Actor = CHIEF) -> bytes:
    with console.write() as session:
        return pen(console, session, actor).challenge()


def by_device(console: Console, device: SoftAuthenticator, *, signed: bytes = b"", actor: Actor = CHIEF) -> str:
    return sign(console, actor, method=WEBAUTHN, answer=device.sign(signed or challenge(console, actor)))


def test_an_authenticator_signs_the_revision_and_can_be_checked_again(
    console: Console, device: SoftAuthenticator
) -> None:
    by_device(console, device)
    (one,) = standing(console).signatures
    assert one.method == WEBAUTHN and len(one.key) == 64
    assert checked(console) == {one.id: True}
    assert sign(console, MANAGER) == BOTH


def test_an_assertion_given_before_a_withdrawal_or_a_new_revision_is_no_use_after_it(
    console: Console, device: SoftAuthenticator
) -> None:
    first = challenge(console)
    by_device(console, device)
    withdraw(console, CHIEF)
    assert challenge(console) != first
    with pytest.raises(Refused, match="签名无效"):
        by_device(console, device, signed=first)
    second = challenge(console)
    object_to(console, ENGINEER)
    with pytest.raises(Refused, match="签名无效"):
        by_device(console, device, signed=second)
    by_device(console, device)


def test_an_authenticator_is_its_owners_and_counts_once_confirmed(
    console: Console, clock: FakeClock, device: SoftAuthenticator
) -> None:
    second_chief = replace(CHIEF, account="deputy", name="副科长")
    with pytest.raises(Refused, match="不是您本人登记的"):
        by_device(console, device, actor=second_chief)
    with pytest.raises(Refused, match="不是您本人登记的"):
        by_device(console, device, actor=MANAGER)
    other = SoftAuthenticator(id=b"another credential")
    enrol(console, other)
    with pytest.raises(Refused, match="没有经对方核对指纹"):
        by_device(console, other)
    copied = replace(device, count=-1)
    by_device(console, device)
    withdraw(console, CHIEF)
    with pytest.raises(Refused, match="签名无效"):
        by_device(console, replace(copied, count=0))


def test_an_unverified_person_or_another_origin_does_not_sign(console: Console, device: SoftAuthenticator) -> None:
    for wrong in (replace(device, verified=False), replace(device, origin="http://localhost:9000")):
        with pytest.raises(Refused, match="签名无效"):
            by_device(console, wrong)


def test_where_browsers_refuse_authenticators_the_console_says_why(console: Console, device: SoftAuthenticator) -> None:
    server = replace(console.settings.server, public_url="http://127.0.0.1:8000")
    console.settings = replace(console.settings, server=server)
    with pytest.raises(Refused, match="https 和主机名"):
        by_device(console, device)
    with pytest.raises(Refused, match="https 和主机名"):
        enrol(console, SoftAuthenticator(id=b"x"))


def test_a_registration_is_of_ones_own_page_and_recent(console: Console, clock: FakeClock, digest: str) -> None:
    at_localhost(console)
    asked = signing_keys.new_challenge(SECRET, CHIEF, clock.at)

    def send(actor: Actor, told: str, secret: bytes = SECRET) -> int:
        with console.write() as session:
            return signing_keys.register_authenticator(
                session, console.signing, secret, contract(console), told, SoftAuthenticator().register(asked), "钥匙",
                actor=actor, now=clock.at,
            )  # fmt: skip

    for actor, told, secret in (
        (MANAGER, asked.hex(), SECRET), (CHIEF, "zz", SECRET), (CHIEF, "", SECRET), (CHIEF, asked.hex(), b"t" * 32)
    ):  # fmt: skip
        with pytest.raises(Refused, match="已过期"):
            send(actor, told, secret)
    clock.forward(minutes=10, seconds=1)
    with pytest.raises(Refused, match="已过期"):
        send(CHIEF, asked.hex())
    clock.forward(seconds=-1)
    assert send(CHIEF, asked.hex())


# -- on paper ---------------------------------------------------------------------------------------------------------


def on_paper(console: Console, actor: Actor = CHIEF, **given: Any) -> str:
    found = standing(console)
    wanted = {"code": found.code, "stamped_by": "王科长", "scan": scan(console), **given}
    return sign(console, actor, method=PAPER, **wanted)


def test_a_stamped_paper_counts_by_its_code_with_its_scan(console: Console, digest: str) -> None:
    assert on_paper(console) == ""
    (one,) = standing(console).signatures
    assert (one.method, one.name, one.account) == (PAPER, "王科长", "hospital")
    with console.read() as session:
        book = console.book(session)
        found = signing.panel(session, book, contract(console), MONTH, actor=MANAGER, now=console.now())
    assert found is not None and found.scans[one.proof].name == "盖章页.pdf"  # the other side sees it
    assert sign(console, MANAGER) == BOTH


def test_a_paper_of_another_revision_or_without_its_scan_is_refused(console: Console, digest: str) -> None:
    object_to(console, ENGINEER)
    for told, given in (
        ("不符", {"code": digest[:12]}), ("不符", {"code": ""}), ("由谁签字盖章", {"stamped_by": ""}),
        ("扫描件", {"scan": None}), ("扫描件", {"scan": scan(console, b"just text", "a.txt")}),
    ):  # fmt: skip
        with pytest.raises(Refused, match=told):
            on_paper(console, **given)
    assert standing(console).signatures == ()


def test_an_unknown_method_is_refused(console: Console, digest: str) -> None:
    with pytest.raises(Refused, match="签署方式"):
        sign(console, CHIEF, method="seal")


def test_the_role_that_serves_the_console_adds_signatures_and_changes_none() -> None:
    assert {"signature", "signing_note", "payment"} <= set(ADDED_TO)
