"""Tokens: what opens, what does not, that nobody can tell why, and that a token is never more than its owner."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from ops_console.core.errors import NotFound, Refused
from ops_console.core.people import ROLES, SYSTEM, actor_of
from ops_console.services import tokens
from ops_console.services.leavers import disable_account
from ops_console.store.people import PersonRow
from ops_console.store.tokens import TokenRow
from tests.api.conftest import ALL, TICKET, Caller, House, problem

TEXT = re.compile(r"ops_[A-Za-z0-9]{8}_[A-Za-z0-9_-]{43}")
VENDOR = actor_of("vendor", "vendor某", "vendor")


def rows(house: House) -> list[TokenRow]:
    with house.console.read() as session:
        return list(session.scalars(select(TokenRow).order_by(TokenRow.id)))


def test_a_token_opens_what_its_scopes_name_and_nothing_is_kept_that_opens(both_house: House, tmp_path: Path) -> None:
    house = both_house
    text = house.token("vendor", "tickets:read")

    me = Caller(house.app, text).get("/me")

    assert TEXT.fullmatch(text)
    assert (me["account"], me["side"], me["scopes"]) == ("vendor", "vendor", ["tickets:read"])
    assert me["permissions"] == ["tickets.read"]
    secret = text[-43:]
    assert secret not in repr([vars(row) for row in rows(house)])
    for file in (tmp_path / "data").rglob("console.db*"):
        assert secret.encode() not in file.read_bytes()


def test_making_and_revoking_are_events_and_a_revoked_token_opens_nothing(house: House) -> None:
    caller = house.caller("vendor")
    (row,) = rows(house)

    with house.console.write() as session:
        tokens.revoke(session, row.id, VENDOR, house.clock())

    problem(caller.ask("GET", "/me"), 401)
    assert [told["token"] for told in house.events("token_made")] == [row.prefix]
    assert house.events("token_revoked") == [{"account": "vendor", "token": row.prefix}]


def test_another_accounts_token_cannot_be_revoked_and_is_not_shown(house: House) -> None:
    house.token("hospital")
    (row,) = rows(house)

    with house.console.write() as session, pytest.raises(NotFound):
        tokens.revoke(session, row.id, VENDOR, house.clock())

    with house.console.read() as session:
        assert tokens.own(session, VENDOR) == []
    assert rows(house)[0].revoked_at is None


def wrong_tokens(house: House) -> dict[str, str]:
    """Given a house, return texts that open nothing, each for another reason."""
    right, expired, revoked = (house.token("vendor") for _ in range(3))
    with house.console.write() as session:
        for prefix, column in ((expired[4:12], "expires_at"), (revoked[4:12], "revoked_at")):
            session.execute(update(TokenRow).where(TokenRow.prefix == prefix).values({column: house.clock()}))
    return {
        "none": "", "nonsense": "x", "wrong secret": right[:-1] + ("A" if right[-1] != "A" else "B"),
        "unknown": "ops_" + "a" * 8 + "_" + "b" * 43, "expired": expired, "revoked": revoked, "longer": right + "a",
        "blank inside": right[:20] + " " + right[20:], "hash": rows(house)[0].secret_hash,
    }  # fmt: skip


def test_every_reason_to_refuse_a_token_has_the_same_answer(house: House) -> None:
    answers = {name: Caller(house.app, text).ask("GET", "/me") for name, text in wrong_tokens(house).items()}

    told = {(answer.text, str(sorted(answer.headers.items()))) for answer in answers.values()}
    assert len(told) == 1, {name: answer.text for name, answer in answers.items()}
    (answer, *_) = answers.values()
    problem(answer, 401)
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="ops-console"'


def test_a_refused_known_token_is_an_event_at_most_once_a_minute(house: House) -> None:
    text = house.token("vendor")
    wrong = Caller(house.app, text[:-1] + ("A" if text[-1] != "A" else "B"))
    for _ in range(3):
        wrong.ask("GET", "/me").close()
    house.clock.forward(seconds=59)
    wrong.ask("GET", "/me").close()
    assert house.events("token_refused") == [{"account": "vendor", "token": text[4:12], "why": "secret"}]
    house.clock.forward(seconds=1)
    wrong.ask("GET", "/me").close()
    house.stranger().ask("GET", "/me").close()
    assert len(house.events("token_refused")) == 2


def test_a_token_is_taken_from_the_authorization_header_alone(house: House) -> None:
    text = house.token("vendor")
    stranger = house.stranger()

    assert stranger.ask("GET", f"/me?token={text}&access_token={text}").status_code == 401
    assert stranger.ask("GET", "/me", headers={"Cookie": f"token={text}; ops={text}"}).status_code == 401
    assert stranger.ask("GET", "/me", headers={"Authorization": f"Basic {text}"}).status_code == 401
    assert stranger.ask("GET", "/me", headers={"Authorization": f"bearer  {text}"}).status_code == 200


def test_expiry_is_exact_and_a_year_is_the_most(house: House) -> None:
    caller = house.caller("vendor")
    house.clock.forward(days=30, seconds=-1)
    assert caller.ask("GET", "/me").status_code == 200
    house.clock.forward(seconds=1)
    assert caller.ask("GET", "/me").status_code == 401
    for days, is_right in ((0, False), (1, True), (365, True), (366, False)):
        with house.console.write() as session:
            if is_right:
                assert tokens.make(session, "x", ["tickets:read"], days, VENDOR, house.clock())
            else:
                with pytest.raises(Refused):
                    tokens.make(session, "x", ["tickets:read"], days, VENDOR, house.clock())


@pytest.mark.parametrize(("column", "value"), [("disabled_at", timedelta()), ("must_change", True)])
def test_a_token_dies_with_its_owner(house: House, column: str, value: object) -> None:
    caller = house.caller("vendor")
    assert caller.ask("GET", "/me").status_code == 200
    with house.console.write() as session:
        given = house.clock() if column == "disabled_at" else value
        session.execute(update(PersonRow).where(PersonRow.account == "vendor").values({column: given}))
    problem(caller.ask("GET", "/me"), 401)


def test_disabling_an_account_shuts_its_token_with_the_next_request(house: House) -> None:
    caller = house.caller("vendor")
    with house.console.write() as session:
        proved = house.clock() + timedelta(minutes=5)
        administrator = actor_of("administrator", "a", "administrator", proved_until=proved)
        disable_account(session, house.console.book(session), "vendor", administrator, house.clock())
    problem(caller.post("/tickets", **TICKET), 401)
    assert house.count() == 0


def test_all_tokens_of_a_person_can_be_ended_at_once(house: House) -> None:
    callers = [house.caller("vendor") for _ in range(3)]
    other = house.caller("hospital")
    with house.console.write() as session:
        assert tokens.revoke_all_of(session, rows(house)[0].person_id, "vendor", SYSTEM, house.clock()) == 3
    assert [caller.ask("GET", "/me").status_code for caller in callers] == [401] * 3
    assert other.ask("GET", "/me").status_code == 200
    assert len(house.events("token_revoked")) == 3


def test_scopes_beyond_ones_rights_cannot_be_had(house: House) -> None:
    for role in ROLES:
        actor = actor_of(role, "x", role)
        offered = tokens.offered(actor)
        for scope in ALL:
            with house.console.write() as session:
                if actor.may("tokens.own") and scope in offered:
                    tokens.make(session, "x", [scope], 1, actor, house.clock())
                    continue
                with pytest.raises(Refused):
                    tokens.make(session, "x", [scope], 1, actor, house.clock())
    assert "tickets:decide" not in tokens.offered(actor_of("auditor", "x", "auditor"))
    assert "tickets:write" not in tokens.offered(actor_of("auditor", "x", "auditor"))


def test_a_token_loses_what_its_owner_loses(house: House) -> None:
    caller = house.caller("vendor")
    with house.console.write() as session:
        session.execute(update(PersonRow).where(PersonRow.account == "vendor").values(role="auditor"))

    problem(caller.post("/tickets", **TICKET), 403)
    assert house.count() == 0
    assert caller.get("/me")["permissions"] == ["reports.read", "tickets.read"]


def test_a_token_without_the_scope_is_told_which_one_it_lacks(house: House) -> None:
    caller = house.caller("vendor", "catalogue:read")
    for method, path in (("GET", "/tickets"), ("GET", "/sla?from=2026-11&to=2026-11"), ("GET", "/tickets/x/clocks")):
        told = problem(caller.ask(method, path), 403)
        assert "tickets:read" in told["detail"] or "reports:read" in told["detail"]
    assert "tickets:write" in problem(caller.post("/tickets", **TICKET), 403)["detail"]
    assert caller.get("/catalogue")["types"]


def test_twenty_tokens_are_the_most_and_dead_ones_do_not_count(house: House) -> None:
    for _ in range(20):
        house.token("vendor")
    with pytest.raises(Refused):
        house.token("vendor")
    with house.console.write() as session:
        tokens.revoke(session, rows(house)[0].id, VENDOR, house.clock())
    house.token("vendor")


def test_last_use_is_written_once_a_minute(house: House) -> None:
    caller = house.caller("vendor")
    first = house.clock()
    caller.get("/me")
    house.clock.forward(seconds=59)
    caller.get("/me")
    assert rows(house)[0].used_at == first
    house.clock.forward(seconds=1)
    caller.get("/me")
    assert rows(house)[0].used_at == house.clock()


def test_a_token_has_so_many_requests_a_minute_and_others_have_their_own(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = house.app.mounts["/api"].extensions["token_limits"]
    at = [30.0]
    monkeypatch.setattr(limits, "_seconds", lambda: at[0])
    monkeypatch.setattr(limits, "_limit", 3)
    caller, other = house.caller("vendor"), house.caller("vendor")
    answers = [caller.ask("GET", "/me") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert [answer.headers["RateLimit-Remaining"] for answer in answers] == ["2", "1", "0", "0"]
    assert answers[3].headers["Retry-After"] == answers[3].headers["RateLimit-Reset"] == "30"
    problem(answers[3], 429)
    assert other.ask("GET", "/me").status_code == 200
    at[0] = 60.0
    assert caller.ask("GET", "/me").status_code == 200


def test_an_address_of_wrong_tokens_is_slowed_down_but_right_tokens_from_it_are_not(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = house.app.mounts["/api"].extensions["stranger_limits"]
    monkeypatch.setattr(limits, "_limit", 2)
    statuses = [house.stranger().ask("GET", "/me").status_code for _ in range(3)]
    assert statuses == [401, 401, 429]
    assert house.caller("vendor").ask("GET", "/me").status_code == 200
