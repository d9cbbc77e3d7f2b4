"""Signing in by a provider of identities, against a real one that keeps the rules, and against liars of every kind."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from joserfc.jwk import RSAKey
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from ops_console.adapters import identity_provider
from ops_console.console import PROJECT
from ops_console.core.identities import Identity
from ops_console.core.people import actor_of
from ops_console.services import identities
from ops_console.services.sign_in import OIDC, Beginning, SignInFailed
from ops_console.store.audit import EventRow
from ops_console.store.factors import FactorRow
from ops_console.store.identities import IdentityRow
from ops_console.store.messages import OutboxRow
from ops_console.store.people import PersonRow, SessionRow
from tests.conftest import FakeClock
from tests.oidc_provider import SECRET, Provider, providing
from tests.web.conftest import Site, open_site, person
from tests.web.pages import Browser, Page

SECTION = """
[oidc]
issuer = "{issuer}"
client_id = "ops-console"
client_secret = "env:OIDC_SECRET"
button = "医院统一身份登录"
account_claim = "employee"
party = "hospital"
roles = ["hospital", "officer"]
"""


@pytest.fixture
def provider(clock: FakeClock) -> Iterator[Provider]:
    with providing(clock) as made:
        yield made


@pytest.fixture
def house(tmp_path: Path, sqlite_template: Path, clock: FakeClock, provider: Provider) -> Iterator[Site]:
    """A console registered with the provider, the hospital's account linked."""
    config = tmp_path / "config.toml"
    shipped = (PROJECT / "config.toml").read_text(encoding="utf-8")
    config.write_text(shipped + SECTION.format(issuer=provider.issuer), encoding="utf-8")
    made = open_site(
        tmp_path / "data", sqlite_template, clock, OPS_CONFIG=str(config), OIDC_SECRET=SECRET,
        OPS_NETWORK__ALLOW=provider.issuer.removeprefix("http://"),
    )  # fmt: skip
    answer = made.as_("security").post("/people/identities", account="hospital", name="100234")
    assert answer.location == "/people/identities", answer.text
    yield made
    made.console.close()


def at_provider(address: str) -> str:
    """Go where the console sends a browser, and return where the provider sends it back to."""
    parts = urlsplit(address)
    connection = HTTPConnection(parts.netloc, timeout=5)
    connection.request("GET", f"{parts.path}?{parts.query}")
    back = connection.getresponse().headers["Location"]
    connection.close()
    return str(back).removeprefix("http://127.0.0.1:8000")


def sign_in(browser: Browser, wanted: str = "") -> Page:
    left = browser.get("/sign-in/oidc", **({"next": wanted} if wanted else {}))
    return come_back(browser, at_provider(left.headers["Location"]))


def come_back(browser: Browser, back: str) -> Page:
    """Bring the provider's answer to the console; refused, return the page that tells why."""
    answer = browser.get(back)
    assert answer.status == 302, answer.text
    return browser.get(answer.location) if answer.location == "/sign-in" else answer


def sessions(site: Site, account: str = "hospital") -> list[SessionRow]:
    with site.console.read() as session:
        query = select(SessionRow).join(PersonRow, PersonRow.id == SessionRow.person_id)
        return list(session.scalars(query.where(PersonRow.account == account)))


def told(site: Site, kind: str) -> list[dict[str, object]]:
    with site.console.read() as session:
        rows = session.scalars(select(EventRow).where(EventRow.kind == kind).order_by(EventRow.seq))
        return [json.loads(row.facts) | {"who": row.subject_id} for row in rows]


def test_a_linked_identity_signs_in_and_goes_where_it_was_going(house: Site, provider: Provider) -> None:
    browser = house.browser()
    button = browser.get("/sign-in", next="/contract").main.all("a")[0]
    assert (button.text, button["href"]) == ("医院统一身份登录", "/sign-in/oidc?next=/contract")

    answer = sign_in(browser, "/contract")

    assert (answer.status, answer.location) == (302, "/contract")
    assert browser.get("/contract").status == 200
    (kept,) = sessions(house)
    assert (kept.via, kept.factor_at) == ("oidc", None)  # the provider's own second factor counts for nothing
    assert told(house, "signed_in")[-1] | {"source": ""} == {"who": "hospital", "via": "oidc", "source": ""}
    assert "统一身份" in house.as_("administrator").get("/people").main.all("table")[1].text
    assert provider.asked.count("/token") == 1


def test_signing_still_asks_for_the_consoles_own_factor(house: Site, clock: FakeClock) -> None:
    browser = house.browser()
    sign_in(browser)
    with house.console.write() as session:
        session.execute(update(PersonRow).values(reset_at=None))
    asked = browser.post("/contract/1/confirm", digest="x")
    assert asked.main.one("input", name="factor_code")


def test_a_one_time_password_nobody_typed_has_not_to_be_changed_first(house: Site) -> None:
    with house.console.write() as session:
        session.execute(update(PersonRow).where(PersonRow.account == "hospital").values(must_change=True))
    browser = house.browser()
    sign_in(browser)
    assert browser.get("/tickets").status == 200


def test_identities_without_a_link_make_no_account_and_no_session(house: Site, provider: Provider) -> None:
    provider.user = {"sub": "u-2", "employee": "100999"}
    with house.console.read() as session:
        before = session.scalar(select(func.count()).select_from(PersonRow))
    browser = house.browser()
    answer = sign_in(browser)
    assert "“100999”还没有与控制台账号关联" in answer.text
    assert browser.get("/tickets").location.startswith("/sign-in")
    with house.console.read() as session:
        assert session.scalar(select(func.count()).select_from(PersonRow)) == before
        assert session.scalar(select(func.count()).select_from(SessionRow).where(SessionRow.via == "oidc")) == 0
    provider.user = {"sub": "u-3", "employee": "13800001234"}
    sign_in(house.browser())
    sign_in(house.browser())
    refused = told(house, "oidc_refused")
    assert [fact["why"] for fact in refused] == ["not_linked"] * 3
    first, second, again = (str(fact["who"]) for fact in refused)
    assert (second == again, first == second, len(first)) == (True, False, 16)  # known again, yet no name is kept
    assert not any(name in str(refused) for name in ("100999", "138", "1234"))


def test_a_name_given_to_somebody_else_signs_in_no_more(house: Site, provider: Provider) -> None:
    assert sign_in(house.browser()).status == 302
    provider.user = {"sub": "u-new", "employee": "100234"}
    answer = sign_in(house.browser())
    assert "已换了人" in answer.text
    assert len(sessions(house)) == 1


def test_the_same_user_under_a_new_name_is_refused_with_a_sentence_and_recorded(
    house: Site, provider: Provider
) -> None:
    assert sign_in(house.browser()).status == 302
    house.as_("security").post("/people/identities", account="officer", name="200555")
    provider.user = {**provider.user, "employee": "200555"}
    for _ in range(2):
        assert "“200555”背后的用户已与另一账号关联" in sign_in(house.browser()).text
    refused = told(house, "oidc_refused")
    assert [(fact["who"], fact["why"]) for fact in refused] == [("officer", "subject_of_another")] * 2
    assert sessions(house, "officer") == []


@pytest.mark.parametrize(("meanwhile", "why"), [("unlinked", "not_linked"), ("disabled", "disabled")])
def test_what_ends_a_link_while_its_identity_signs_in_leaves_no_session(
    house: Site, clock: FakeClock, meanwhile: str, why: str
) -> None:
    sign_in(house.browser())
    console, rule = house.console, house.console.identity_rule
    assert rule is not None
    actor = actor_of("security", "安全管理员", "security", proved_until=clock() + timedelta(minutes=5))

    @contextmanager
    def read_then_ended() -> Iterator[Session]:
        with console.read() as session:
            yield session
        with console.write() as session:
            if meanwhile == "unlinked":
                identities.unlink(session, rule, "hospital", actor, clock())
            else:
                session.execute(update(PersonRow).where(PersonRow.account == "hospital").values(disabled_at=clock()))
                session.execute(delete(SessionRow))

    identity = Identity(rule.issuer, "u-1", "100234")
    with pytest.raises(SignInFailed):
        identities.sign_in_as(
            read_then_ended, console.write, rule, identity, Beginning("here", via=OIDC), clock(), mark_key=b"k"
        )
    assert sessions(house) == []
    assert [fact["why"] for fact in told(house, "oidc_refused")] == [why]


def test_a_disabled_account_and_a_role_out_of_the_rule_are_told_so(house: Site) -> None:
    with house.console.write() as session:
        session.execute(update(PersonRow).where(PersonRow.account == "hospital").values(role="leader"))
    assert "不能用统一身份登录" in sign_in(house.browser()).text
    with house.console.write() as session:
        session.execute(
            update(PersonRow).where(PersonRow.account == "hospital").values(disabled_at=house.console.now())
        )
    answer = sign_in(house.browser())
    assert "账号“hospital”已停用" in answer.text
    assert sessions(house) == []
    assert [fact["why"] for fact in told(house, "oidc_refused")] == ["not_admitted", "disabled"]


@pytest.mark.filterwarnings("ignore:Key size")
def test_every_token_that_is_not_right_to_the_letter_is_refused(house: Site, provider: Provider) -> None:
    seconds = int(house.console.now().timestamp())
    stranger = RSAKey.generate_key(2048, {"kid": "k1"})
    weak = RSAKey.generate_key(1024, {"kid": "weak", "use": "sig"})
    claims = {
        "nonce": {"nonce": "another"}, "no nonce": {"nonce": None}, "aud": {"aud": "another"},
        "azp": {"azp": "another"}, "two audiences": {"aud": ["ops-console", "another"]}, "iss": {"iss": "https://x.test"},
        "expired": {"exp": seconds - 61}, "no exp": {"exp": None}, "future": {"iat": seconds + 120},
        "old": {"iat": seconds - 3600}, "no sub": {"sub": None}, "no claim": {"employee": None},
        "odd claim": {"employee": ["100234"]}, "empty claim": {"employee": " "},
    }  # fmt: skip
    signers = {
        "none": provider.unsigned, "public key as secret": provider.signed_with_the_public_key,
        "stranger's key": lambda given: provider.signed(given, stranger),
        "unknown key": lambda given: provider.signed(given, kid="k9"),
        "weak key": lambda given: provider.signed(given, weak),
        "changed": lambda given: provider.signed(given)[:-8] + "AAAAAAAA",
        "no token": lambda given: "a.b.c",
    }  # fmt: skip
    provider.keys.insert(0, weak)
    why = {}
    for name, broken in claims.items():
        provider.break_claims = broken
        why[name] = _refusal(house)
    provider.break_claims = {}
    for name, sign in signers.items():
        provider.sign = sign
        why[name] = _refusal(house)
    assert why == {
        "nonce": "nonce", "no nonce": "nonce", "aud": "aud", "azp": "azp", "two audiences": "azp", "iss": "iss",
        "expired": "exp", "no exp": "exp", "future": "iat", "old": "iat", "no sub": "sub", "no claim": "employee",
        "odd claim": "employee", "empty claim": "employee", "none": "unsupported_algorithm",
        "public key as secret": "unsupported_algorithm",
        "stranger's key": "bad_signature", "unknown key": "kid", "weak key": "key", "changed": "bad_signature",
        "no token": "decode_error",
    }  # fmt: skip
    assert sessions(house) == []
    provider.sign = provider.signed
    assert sign_in(house.browser()).status == 302


def _refusal(house: Site) -> str:
    answer = sign_in(house.browser())
    return answer.text.partition("没有通过核对（")[2].partition("）")[0]


def test_an_answer_of_another_issuer_or_with_an_error_is_refused(house: Site, provider: Provider) -> None:
    for returned, said in (
        ({"iss": "https://other.example"}, "没有通过核对（iss）"),
        ({"iss": ""}, "没有通过核对（iss）"),  # promised, yet not there
        ({"error": "access_denied"}, "没有完成登录（access_denied）"),
        ({"error": "<svg onload=alert(1)>"}, "没有完成登录（error）"),
        ({"code": ""}, "没有完成登录（code）"),
        ({"code": "guessed"}, "没有完成登录（invalid_grant）"),
    ):
        provider.returned = returned
        answer = sign_in(house.browser())
        assert said in answer.text
    assert sessions(house) == []


def test_an_answer_counts_once_and_only_in_the_browser_that_asked_within_ten_minutes(
    house: Site, clock: FakeClock
) -> None:
    mine, other = house.browser(), house.browser()
    back = at_provider(mine.get("/sign-in/oidc").headers["Location"])
    assert "不是从这个浏览器开始" in come_back(other, back).text  # a stranger's answer, slipped to somebody
    other.get("/sign-in/oidc")
    assert "不是从这个浏览器开始" in come_back(other, back).text
    assert come_back(mine, back).location == "/"
    assert "不是从这个浏览器开始" in come_back(house.browser(), back).text
    late = at_provider(other.get("/sign-in/oidc").headers["Location"])
    clock.forward(minutes=10, seconds=1)
    assert "已过期" in come_back(other, late).text
    assert len(sessions(house)) == 1


@pytest.mark.parametrize("wanted", ["//evil.example", "https://evil.example", "/\\evil.example"])
def test_nobody_is_sent_to_another_host_afterwards(house: Site, wanted: str) -> None:
    assert sign_in(house.browser(), wanted).headers["Location"] == "/"


def test_new_keys_of_the_provider_are_fetched(house: Site, provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    assert sign_in(house.browser()).status == 302
    provider.rotate()
    assert "（kid）" in sign_in(house.browser()).text  # fetched a moment ago: not for every unknown key anew
    monkeypatch.setattr(identity_provider, "ANEW_SECONDS", 0.0)
    assert sign_in(house.browser()).status == 302


def test_addresses_of_another_host_and_redirects_are_not_followed(house: Site, provider: Provider) -> None:
    provider.document = {"token_endpoint": "http://127.0.0.1:1/token"}
    assert "没有通过核对（token_endpoint）" in sign_in(house.browser()).text
    assert "/token" not in provider.asked


def test_a_provider_that_redirects_is_not_followed(house: Site, provider: Provider, clock: FakeClock) -> None:
    with providing(clock) as elsewhere:
        provider.moved = elsewhere.issuer
        assert "现在没有回答" in come_back(house.browser(), "/sign-in/oidc").text
        assert elsewhere.asked == []


def test_another_issuers_document_is_refused(house: Site, provider: Provider) -> None:
    provider.document = {"issuer": "https://other.example"}
    assert "没有通过核对（issuer）" in come_back(house.browser(), "/sign-in/oidc").text


def test_while_the_provider_is_away_passwords_still_sign_in(house: Site, provider: Provider) -> None:
    provider.server.shutdown()
    provider.server.server_close()
    browser = house.browser()
    answer = come_back(browser, "/sign-in/oidc")
    assert "身份提供方现在没有回答" in answer.text
    assert answer.main.one("input", id="password")
    assert browser.sign_in("hospital").location == "/"


def test_only_the_security_administrator_links_and_never_the_other_party(house: Site) -> None:
    for role in ("administrator", "hospital", "vendor", "audit_administrator"):
        assert house.as_(role).post("/people/identities", account="officer", name="7").status == 403
        assert house.as_(role).post("/people/identities/end", account="hospital").status == 403
    security = house.as_("security")
    for account, name, said in (
        ("vendor", "7", "不在 [oidc] 允许的范围内"),
        ("auditor", "7", "不在 [oidc] 允许的范围内"),
        ("security", "7", "不能为自己"),
        ("officer", "100234", "已与另一账号关联"),
        ("hospital", "7", "已有关联"),
        ("officer", " ", "请写身份提供方对此人的标识"),
        ("officer", "7\n8", "请写身份提供方对此人的标识"),
    ):
        answer = security.post("/people/identities", account=account, name=name)
        assert (answer.status, said in answer.text) == (400, True), (account, answer.text)
    with house.console.read() as session:
        assert session.scalar(select(func.count()).select_from(IdentityRow)) == 1


def test_linking_asks_for_a_fresh_factor(house: Site) -> None:
    with house.console.write() as session:
        session.add(person("second", "security"))
        session.flush()
        second = session.scalars(select(PersonRow.id).where(PersonRow.account == "second")).one()
        session.add(FactorRow(person_id=second, kind="totp", sealed=b"x", last_counter=0, failures=0))
    browser = house.signed_in("second")
    with house.console.write() as session:
        stale = house.console.now() - timedelta(minutes=6)
        session.execute(update(SessionRow).where(SessionRow.person_id == second).values(factor_at=stale))
    asked = browser.post("/people/identities", account="officer", name="7")
    assert asked.main.one("input", name="factor_code")


def test_a_link_is_told_to_both_signs_nothing_that_day_and_ends_with_its_sessions(house: Site) -> None:
    with house.console.read() as session:
        (message,) = session.scalars(select(OutboxRow).where(OutboxRow.kind == "oidc_linked"))
        assert message.audience == "both"
        linked = session.scalars(select(PersonRow).where(PersonRow.account == "hospital")).one()
        assert linked.reset_at == linked.credential_reset_at == house.console.now()
    browser = house.browser()
    sign_in(browser)
    page = house.as_("auditor").get("/people/identities")
    assert "已登录过" in page.main.text
    assert page.main.all("form") == []
    house.as_("security").post("/people/identities/end", account="hospital")
    assert sessions(house) == []
    assert "还没有与控制台账号关联" in sign_in(house.browser()).text
    acts = house.as_("vendor").get("/people").text
    assert "关联统一身份" in acts
    assert "解除统一身份" in acts


def test_without_the_section_there_is_no_button_and_no_door(site: Site) -> None:
    browser = site.browser()
    assert "统一身份" not in browser.get("/sign-in").text
    for address in ("/sign-in/oidc", "/sign-in/oidc/return?code=x&state=y"):
        assert browser.get(address).status == 404
