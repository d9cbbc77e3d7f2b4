"""Who may sign when, what locks a month, what is printed of it: each rule kept, broken, and at its boundary second."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from ops_console.core import signatures as core
from ops_console.core.errors import Refused
from ops_console.core.people import HOSPITAL, VENDOR
from ops_console.core.signatures import Note, Signature, Signing
from tests.core.builders import at

NOTICED = at("2026-11-07 00:10")
BY = at("2026-11-12 00:00")
DIGEST = "ab12cd34ef56" + "0" * 52
OPEN = Signing("2026-10", 2, DIGEST, False, "", NOTICED, BY, 3)
CHIEF = Signature(1, HOSPITAL, "科长", "chief", core.LOGIN, at("2026-11-08 09:00"))
MANAGER = Signature(2, VENDOR, "经理", "manager", core.LOGIN, at("2026-11-08 10:00"))
LOCKED = replace(OPEN, locked=True, outcome=core.BOTH, signatures=(CHIEF, MANAGER))


def with_(*signatures: Signature, **given: object) -> Signing:
    return replace(OPEN, signatures=signatures, **given)  # type: ignore[arg-type]


def refusal(side: str = VENDOR) -> Note:
    return Note(core.REFUSED, side, "经理", "扣款没有依据", at("2026-11-09 09:00"))


def test_every_method_is_named_by_its_strength() -> None:
    assert core.STRENGTHS[core.LOGIN] == "登录确认（主机管理员有能力伪造）"
    assert core.STRENGTHS[core.OFFLINE_KEY] == "硬件密钥签名（私钥在签署方手中，主机管理员不能伪造）"
    assert core.STRENGTHS[core.WEBAUTHN] == core.STRENGTHS[core.OFFLINE_KEY]
    assert core.STRENGTHS[core.PAPER] == "纸质盖章（以纸面为准）"
    assert set(core.STRENGTHS) == set(core.METHOD_NAMES) == set(core.METHODS)


def test_a_side_signs_the_revision_it_saw_and_once() -> None:
    core.check_signing(OPEN, HOSPITAL, DIGEST)
    with pytest.raises(Refused, match="已是第 2 版"):
        core.check_signing(OPEN, HOSPITAL, "f" * 64)
    with pytest.raises(Refused, match="本方已于"):
        core.check_signing(with_(CHIEF), HOSPITAL, DIGEST)
    core.check_signing(with_(CHIEF), VENDOR, DIGEST)


def test_nothing_moves_once_a_month_is_locked() -> None:
    for rule in (
        lambda: core.check_signing(LOCKED, HOSPITAL, DIGEST), lambda: core.check_withdrawing(LOCKED, HOSPITAL),
        lambda: core.check_refusing(LOCKED, VENDOR, DIGEST), lambda: core.check_alone(LOCKED, DIGEST, BY),
        lambda: core.check_asking(LOCKED, VENDOR, BY),
    ):  # fmt: skip
        with pytest.raises(Refused, match="已锁定"):
            rule()
    assert core.offers(LOCKED, HOSPITAL, BY) == ()


def test_the_third_working_days_last_second_is_still_in_time() -> None:
    last = BY - timedelta(seconds=1)
    assert not with_(CHIEF).is_silent(VENDOR, last)
    with pytest.raises(Refused, match="此前不能单方认定"):
        core.check_alone(with_(CHIEF), DIGEST, last)
    assert with_(CHIEF).is_silent(VENDOR, BY)
    core.check_alone(with_(CHIEF), DIGEST, BY)


def test_the_hospital_signs_before_it_locks_alone() -> None:
    with pytest.raises(Refused, match="请先代表甲方签署"):
        core.check_alone(OPEN, DIGEST, BY)


def test_a_refusal_lets_the_hospital_lock_at_once() -> None:
    core.check_alone(with_(CHIEF, notes=(refusal(),)), DIGEST, NOTICED)


def test_an_objection_without_an_answer_is_no_silence() -> None:
    with pytest.raises(Refused, match="2 条异议还没有答复"):
        core.check_alone(with_(CHIEF, objections=2), DIGEST, BY)
    core.check_alone(with_(CHIEF, objections=2, notes=(refusal(),)), DIGEST, BY)


def test_a_refusal_falls_with_a_signature_and_stays_gone_after_its_withdrawal() -> None:
    assert with_(notes=(refusal(),)).refusal_of(VENDOR) == refusal()
    assert with_(MANAGER, notes=(refusal(),)).refusal_of(VENDOR) is None
    taken_back = Note(core.WITHDRAWN, VENDOR, "经理", "再看看", at("2026-11-10 09:00"))
    assert with_(notes=(refusal(), taken_back)).refusal_of(VENDOR) is None
    assert with_(notes=(refusal(), taken_back, refusal())).refusal_of(VENDOR) is not None


def test_a_party_that_signed_withdraws_before_it_refuses() -> None:
    assert core.check_withdrawing(with_(CHIEF), HOSPITAL) == CHIEF
    with pytest.raises(Refused, match="没有可以撤回"):
        core.check_withdrawing(with_(CHIEF), VENDOR)
    with pytest.raises(Refused, match="先撤回签署"):
        core.check_refusing(with_(MANAGER), VENDOR, DIGEST)
    with pytest.raises(Refused, match="已拒签这一版"):
        core.check_refusing(with_(notes=(refusal(),)), VENDOR, DIGEST)


def test_the_vendor_asks_once_a_shanghai_day() -> None:
    with pytest.raises(Refused, match="乙方签署之后"):
        core.check_asking(OPEN, VENDOR, BY)
    with pytest.raises(Refused, match="乙方签署之后"):
        core.check_asking(with_(MANAGER), HOSPITAL, BY)
    asked = Note(core.ASKED, VENDOR, "经理", "", at("2026-11-12 23:59"))
    core.check_asking(with_(MANAGER), VENDOR, at("2026-11-12 23:59"))
    with pytest.raises(Refused, match="今天已于"):
        core.check_asking(with_(MANAGER, notes=(asked,)), VENDOR, at("2026-11-12 23:59:59"))
    core.check_asking(with_(MANAGER, notes=(asked,)), VENDOR, at("2026-11-13 00:00"))


def test_a_page_offers_exactly_what_the_rules_let_pass() -> None:
    assert core.offers(OPEN, HOSPITAL, NOTICED) == (core.SIGN, core.REFUSE)
    assert core.offers(with_(CHIEF), HOSPITAL, NOTICED) == (core.WITHDRAW,)
    assert core.offers(with_(CHIEF), HOSPITAL, BY) == (core.WITHDRAW, core.ALONE)
    assert core.offers(with_(CHIEF), VENDOR, BY) == (core.SIGN, core.REFUSE)
    assert core.offers(with_(MANAGER), VENDOR, NOTICED) == (core.WITHDRAW, core.ASK)


def said(found: Signing, now: object = BY) -> list[str]:
    return [str(one) for one in core.printed(found, now)]  # type: ignore[arg-type]


def test_the_sheet_says_who_did_not_sign() -> None:
    alone = with_(CHIEF, locked=True, outcome=core.WITHOUT_VENDOR)
    assert said(alone) == ["甲方单方认定，乙方未签"]
    assert said(with_(MANAGER), BY - timedelta(seconds=1)) == []
    assert said(with_(MANAGER)) == ["甲方至 2026-11-11 未签"]
    assert said(OPEN) == []
    (told,) = said(with_(MANAGER, notes=(refusal(HOSPITAL),)))
    assert told.startswith("甲方于") and told.endswith("拒签")
    assert said(LOCKED) == []


def test_what_is_next_is_one_sentence_in_every_case() -> None:
    cases = {
        "等待双方签署；乙方的答复期到 2026-11-11 为止。": (OPEN, NOTICED),
        "乙方已签署，等待甲方。": (with_(MANAGER), BY),
        "甲方已签署，等待乙方；答复期到 2026-11-11 为止。": (with_(CHIEF), NOTICED),
        "甲方已签署；乙方至 2026-11-11 未签，甲方可以单方认定。": (with_(CHIEF), BY),
        "甲方已签署；乙方有 1 条异议等待答复。": (with_(CHIEF, objections=1), BY),
        "甲方已签署，乙方拒签；甲方可以单方认定。": (with_(CHIEF, notes=(refusal(),)), NOTICED),
        "乙方已拒签；甲方签署后可以单方认定。": (with_(notes=(refusal(),)), NOTICED),
        "双方已签署": (LOCKED, BY),
    }
    for told, (found, now) in cases.items():
        assert str(core.next_step(found, now)) == told


@pytest.mark.parametrize("typed", ["ab12cd34ef56", " AB12-CD34-EF56 ", "ab12 cd34 ef56", "ａｂ１２ｃｄ３４ｅｆ５６"])
def test_the_code_is_read_from_paper_as_people_write_it(typed: str) -> None:
    core.check_code(OPEN, typed)


@pytest.mark.parametrize("typed", ["", "ab12cd34ef5", "ab12cd34ef560", "ab12cd34ef57", DIGEST])
def test_another_code_is_refused(typed: str) -> None:
    with pytest.raises(Refused, match="不符"):
        core.check_code(OPEN, typed)


def test_what_a_key_signs_is_for_one_revision_of_one_month_of_one_side_and_once() -> None:
    base = core.challenge("YW-1", OPEN, HOSPITAL, 0)
    others = {
        core.challenge("YW-2", OPEN, HOSPITAL, 0), core.challenge("YW-1", replace(OPEN, month="2026-09"), HOSPITAL, 0),
        core.challenge("YW-1", replace(OPEN, revision=3), HOSPITAL, 0), core.challenge("YW-1", OPEN, VENDOR, 0),
        core.challenge("YW-1", replace(OPEN, digest="f" * 64), HOSPITAL, 0), core.challenge("YW-1", OPEN, HOSPITAL, 1),
    }  # fmt: skip
    assert len(base) == 32 and len(others) == 6 and base not in others
    assert base == core.challenge("YW-1", OPEN, HOSPITAL, 0)


@pytest.mark.parametrize("text", ["a" * 501, "坏\x00字", "坏\x1b字"])
def test_a_reservation_that_cannot_be_kept_is_refused(text: str) -> None:
    with pytest.raises(Refused, match="保留意见"):
        core.check_reservation(text)
    assert core.check_reservation(" 对 A1 有保留 ") == "对 A1 有保留"
    assert core.check_reservation("a" * 500) == "a" * 500


@pytest.mark.parametrize("text", ["", " ", "a" * 61, "坏\x00字"])
def test_who_stamped_has_a_name(text: str) -> None:
    with pytest.raises(Refused, match="由谁签字盖章"):
        core.check_stamper(text)
