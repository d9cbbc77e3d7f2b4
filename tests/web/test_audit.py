"""The audit pages: the banner of every page, what each party sets and signs, the export, the verifier to take away."""

from __future__ import annotations

import ast
import hashlib
import json
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, select, text

from benchmarks.chain import entries as made_entries
from ops_console.console import PROJECT
from ops_console.core.people import SYSTEM, actor_of
from ops_console.services import anchors, chain_checks
from ops_console.store import audit, notices
from ops_console.store.audit import EventRow, PersonalRow
from tests.adapters.test_egress import listening
from tests.conftest import NOON, FakeClock, do, log_ticket
from tests.services.test_chain_checks import as_owner, offline, verify
from tests.web.conftest import Site, open_site
from tests.web.pages import Page
from tests.web.test_tickets import HOSTILE_TEXT, dangers

HOSTILE = "".join(HOSTILE_TEXT)
PARTIES = ("hospital", "vendor")


def banners(page: Page) -> str:
    return " ".join(node.text for node in page.root.all("div", "banner"))


def broken(site: Site) -> None:
    """Somebody with the database changed an entry, and the night's verification found it."""
    log_ticket(site.console)
    as_owner(site.console, "UPDATE event SET actor = 'x' WHERE seq = 2")
    verify(site.console)


# -- banners ----------------------------------------------------------------------------------------------------------


def test_a_failed_verification_stands_on_every_page_until_both_parties_signed(site: Site, clock: FakeClock) -> None:
    pages = {
        "hospital": ("/tickets", "/dashboard", "/contract", "/system", "/people", "/audit", "/password", "/nowhere"),
        "vendor": ("/tickets", "/tickets/new", "/import", "/audit/receivers"),
        "auditor": ("/tickets", "/audit"),
        "administrator": ("/system", "/people", "/tickets"),
    }
    for role in pages:
        assert "校验未通过" not in banners(site.as_(role).get("/system"))
    broken(site)
    for role, addresses in pages.items():
        for address in addresses:
            assert "审计链校验未通过，1 处尚未由双方签字处理" in banners(site.as_(role).get(address)), (role, address)
    assert "校验未通过" in banners(site.browser().get("/sign-in"))
    clock.forward(minutes=1)
    verify(site.console)
    for signed, role in enumerate(PARTIES):
        assert "校验未通过" in banners(site.as_("auditor").get("/tickets")), signed
        answer = site.as_(role).send("/audit/failures/1/sign-off", reason="双方查明：磁盘故障")
        assert "已代表本方签字" in answer.text
    assert "校验未通过" not in banners(site.as_("auditor").get("/tickets"))


def test_nobody_but_the_parties_signs_and_nobody_without_a_full_verification(site: Site, clock: FakeClock) -> None:
    broken(site)
    for role in ("administrator", "auditor"):
        assert site.as_(role).post("/audit/failures/1/sign-off", reason="消掉").status == 403
    refused = site.as_("vendor").post("/audit/failures/1/sign-off", reason=HOSTILE)
    assert (refused.status, dangers(refused), refused.tree.faults) == (400, [], [])
    assert "请先在发现之后完整校验一次" in refused.root.one("section", "failure").text
    assert HOSTILE in refused.root.one("textarea").text
    assert site.as_("vendor").post("/audit/failures/99/sign-off", reason="x").status == 404


def test_a_party_is_asked_for_its_receiver_until_it_acknowledged_an_anchor(site: Site, clock: FakeClock) -> None:
    asked = "还没有收到过日锚"
    for role in PARTIES:
        assert asked in banners(site.as_(role).get("/tickets"))
    assert banners(site.as_("auditor").get("/tickets")).count(asked) == 2
    assert asked not in banners(site.as_("administrator").get("/system"))
    assert asked not in banners(site.browser().get("/sign-in"))
    site.as_("hospital").send("/audit/receivers", kind="download", address="")
    assert asked in banners(site.as_("hospital").get("/tickets"))
    line = site.as_("hospital").get("/audit/anchors.jsonl").html.splitlines()[-1]
    site.as_("hospital").send("/audit/receivers/confirm", digest=json.loads(line)["digest"][:12])
    assert asked not in banners(site.as_("hospital").get("/tickets"))
    assert asked in banners(site.as_("vendor").get("/tickets"))


@pytest.mark.parametrize(("passed", "shown"), [(timedelta(hours=24), True), (timedelta(hours=24, seconds=1), False)])
def test_a_step_of_the_clock_is_told_to_overseers_for_a_day(
    site: Site, clock: FakeClock, passed: timedelta, shown: bool
) -> None:
    from ops_console.services import host_clock

    host_clock.look(site.console.write, NOON + timedelta(hours=1), NOON, timedelta(0), "host")
    clock.at = NOON + passed
    for role, told in (("administrator", shown), ("auditor", shown), ("vendor", False), ("hospital", False)):
        assert ("主机时钟在 24 小时内被调整过" in banners(site.signed_in(role).get("/system"))) is told, role
    assert "主机时钟被调整" in site.signed_in("vendor").get("/audit").main.text


def test_notices_that_cannot_be_read_are_themselves_told(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = site.as_("vendor")

    def fail(_session: object) -> None:
        raise RuntimeError("no database")

    monkeypatch.setattr(notices, "of_now", fail)
    page = browser.get("/tickets")
    assert page.status == 200
    assert "审计链的状态现在读不出来" in banners(page)


# -- the page ---------------------------------------------------------------------------------------------------------


def test_the_page_says_where_the_chain_stands_and_what_it_cannot_prove(site: Site) -> None:
    log_ticket(site.console)
    page = site.as_("auditor").get("/audit")
    with site.console.read() as session:
        count, head = audit.chain_head(session)
    assert f"共 {count} 条，末条哈希 {head[:16]}" in page.main.text
    assert "还没有完整校验过" in page.main.text
    assert "链与锚点能证明事后改动，不能证明录入时的真实，也不能防止主机管理员读取正在使用的口令。" in page.main.text
    assert "还没有日锚" in page.main.text


def test_a_verification_is_asked_for_and_its_outcome_shown(site: Site) -> None:
    answer = site.as_("auditor").send("/audit/verify")
    assert "已开始完整校验" in answer.text
    site.run_jobs()
    assert "上次完整校验 2026-11-20 18:00：完整" in site.as_("auditor").get("/audit").main.text


def test_entries_are_narrowed_by_subject_kind_actor_and_day(site: Site, clock: FakeClock) -> None:
    number = log_ticket(site.console)
    clock.forward(days=1)
    site.as_("hospital").get("/tickets")
    log_ticket(site.console, actor=actor_of("hospital", "信息科长", "hospital"))
    vendor = site.as_("vendor")

    def shown(**query: str) -> list[str]:
        tables = vendor.get("/audit", **query).main.all("table")
        return [row.all("td")[3].text for row in tables[-1].one("tbody").all("tr")] if tables else []

    assert shown(subject="ticket") == ["报修", "报修"]
    assert shown(subject="ticket", actor="hospital") == ["报修"]
    assert shown(subject_id=number) == ["报修"]
    assert set(shown(kind="signed_in")) == {"登录"}
    assert shown(subject="ticket", to="2026-11-20") == ["报修"]
    assert shown(subject="ticket", **{"from": "2026-11-21"}) == ["报修"]
    assert shown(subject="ticket", **{"from": "2026-11-22"}) == []
    for wrong in ("2026-13-01", "x", "9999-12-31", "0001-01-01"):
        assert len(shown(subject="ticket", to=wrong)) == 2
    assert vendor.get("/audit", before="0").status == vendor.get("/audit", before="x").status == 200
    assert vendor.get("/audit", before="9" * 30).status == 200


def test_older_entries_are_reached_page_by_page_without_a_gap(site: Site) -> None:
    for _ in range(60):
        log_ticket(site.console)
    browser, seen, address = site.as_("vendor"), [], "/audit"
    while address:
        page = browser.get(address)
        rows = page.main.all("table")[-1].one("tbody").all("tr")
        seen += [int(row.all("td")[0].text) for row in rows]
        older = [link for link in page.main.all("a", "btn") if "条以前的" in link.text]
        address = older[0]["href"] if older else ""
    assert seen == sorted(seen, reverse=True)
    assert set(seen) == set(range(1, max(seen) + 1))


def test_hostile_texts_of_the_chain_stay_texts(site: Site) -> None:
    log_ticket(site.console, title=HOSTILE)
    for query in ({}, {"actor": HOSTILE[:80]}, {"subject": HOSTILE[:80]}, {"kind": "' OR 1=1"}):
        page = site.as_("vendor").get("/audit", **query)
        assert (page.status, dangers(page), page.tree.faults) == (200, [], [])


def test_statements_of_the_page_are_few_and_stay_so_on_a_long_chain(site: Site) -> None:
    def said() -> int:
        browser = site.as_("auditor")
        browser.get("/audit")
        with site.statements() as found:
            assert browser.get("/audit", kind="restored", **{"from": "2020-01-01", "to": "2026-11-20"}).status == 200
        return len(found)

    few = said()
    with site.console.write() as session:
        seq, head = audit.chain_head(session)
        rows, parts = zip(*made_entries(seq, seq + 25_000, head), strict=True)
        session.execute(insert(EventRow), rows)
        session.execute(insert(PersonalRow), [part for one in parts for part in one])
    assert few <= said() <= few + 1 <= 15  # whether older ones can match is asked only where there are older ones


# -- export, verifier, receivers --------------------------------------------------------------------------------------


def test_the_export_is_an_event_holds_no_personal_text_and_verifies(site: Site, tmp_path: Path) -> None:
    log_ticket(site.console, title="标题甲", reporter="刘药师")
    answer = site.as_("auditor").post("/audit/export")
    assert answer.status == 200
    assert 'attachment; filename="audit-20261120-180000.jsonl"' in answer.headers["Content-Disposition"]
    assert "标题甲" not in answer.html and "刘药师" not in answer.html
    path = tmp_path / "a.jsonl"
    path.write_text(answer.html, encoding="utf-8")
    assert offline(path)[0] == 0
    with site.console.read() as session:
        event = session.execute(select(EventRow.actor).where(EventRow.kind == "audit_exported")).all()
    assert [row.actor for row in event] == ["auditor"]


def test_the_verifier_is_given_away_as_it_is_with_its_hash_on_the_page(site: Site) -> None:
    answer = site.as_("auditor").get("/audit/verify_chain.py")
    ast.parse(answer.html)
    content = (PROJECT / "docs" / "verify_chain.py").read_bytes()
    assert answer.html.encode() == content
    assert hashlib.sha256(content).hexdigest() in site.as_("auditor").get("/audit").main.text
    assert "attachment" in answer.headers["Content-Disposition"]


def test_a_receiver_set_on_the_page_gets_todays_anchor_by_http(
    tmp_path: Path, sqlite_template: Path, clock: FakeClock
) -> None:
    with listening() as listener:
        site = open_site(tmp_path / "data", sqlite_template, clock, OPS_NETWORK__ALLOW=f"127.0.0.1:{listener.port}")
        try:
            answer = site.as_("hospital").send("/audit/receivers", kind="http", address=listener.url)
            assert "已设置本方的接收处" in answer.text
            assert listener.url in answer.main.text
            other = site.as_("vendor").get("/audit/receivers").main.text
            assert "secret-key" not in other and f"127.0.0.1:{listener.port}" in other
            assert anchors.deliver_due(site.console.anchoring(), clock()) == 1
            table = site.as_("hospital").get("/audit").main.all("table")[0].one("tbody").text
            assert "已接收" in table and "没有接收处" in table
            assert json.loads(listener.got[0][2])["anchor"]["day"] == "2026-11-20"
        finally:
            site.console.close()


@pytest.mark.parametrize(
    ("kind", "address", "words"),
    [
        ("http", "http://127.0.0.1:5432/", "不能访问"),
        ("http", "http://169.254.169.254/latest", "不能访问"),
        ("http", "javascript:alert(1)", "不是可用的网址"),
        ("http", HOSTILE, "不是可用的网址"),
        ("folder", "/etc", "不在"),
        ("mail", "x@example.com", "请选择一种接收方式"),
    ],
)
def test_a_wrong_receiver_is_told_beside_the_field_and_kept(site: Site, kind: str, address: str, words: str) -> None:
    page = site.as_("vendor").post("/audit/receivers", kind=kind, address=address)
    assert (page.status, dangers(page), page.tree.faults) == (400, [], [])
    assert words in page.main.text
    assert page.root.one("input", id="address").get("value") == address
    assert "还没有设置接收处" in site.as_("vendor").get("/audit/receivers").main.text


def test_an_anchor_that_disagrees_is_marked_on_the_page(site: Site) -> None:
    log_ticket(site.console)
    anchors.make_today(site.console.anchoring(), SYSTEM, site.clock())
    assert "相符" in site.as_("auditor").get("/audit").main.all("table")[0].text
    with site.console.write() as session:
        session.execute(text("DROP TRIGGER event_no_update"))
        session.execute(text("UPDATE event SET hash = 'x' WHERE seq = (SELECT seq FROM anchor)"))
    assert "不符" in site.as_("auditor").get("/audit").main.all("table")[0].text
    assert chain_checks.compare(site.console.checking())[0].kind == "anchor_other"


def test_a_ticket_restored_and_a_backup_restored_have_names_of_their_own(site: Site) -> None:
    number = log_ticket(site.console)
    for kind in ("responded", "restored"):
        do(site.console, number, kind)
    vendor = site.as_("vendor")
    assert "业务恢复" in vendor.get("/audit", subject="ticket").main.one("tbody").text
    assert "登记恢复备份" not in vendor.get("/audit", subject="ticket").main.one("tbody").text
