"""The accounts page: adding, resetting, disabling; one-time passwords shown once."""

from __future__ import annotations

import re

import pytest

from ops_console.core.people import ROLES
from tests.web.conftest import Site, everything
from tests.web.test_tickets import HOSTILE_TEXT, dangers

ONE_TIME = re.compile(r"[A-Za-z0-9]{5}(-[A-Za-z0-9]{5}){3}")


@pytest.mark.parametrize("role", ["administrator", "auditor"])
def test_every_account_is_listed(site: Site, role: str) -> None:
    page = site.as_(role).get("/people")

    assert sorted(tr.all("td")[0].text for tr in page.root.all("tbody")[0].all("tr")) == sorted(ROLES)
    changing = [form for form in page.main.all("form") if not form["action"].startswith("/lists/")]
    assert bool(changing) == (role == "administrator")


def test_new_account_gets_a_password_that_is_shown_once(site: Site) -> None:
    administrator = site.as_("administrator")

    made = administrator.post("/people", account=" NewOne ", name=" 新人 ", role="auditor")

    password = made.root.one("code", "secret").text
    assert made.status == 200
    assert ONE_TIME.fullmatch(password)
    line = next(tr for tr in made.root.all("tbody")[0].all("tr") if tr.all("td")[0].text == "newone")
    assert [cell.text for cell in line.all("td")[1:5]] == ["新人", "审计员", "", "等待安全管理员确认角色"]
    assert password not in administrator.get("/people").html
    assert not any(password in row for rows in everything(site.console).values() for row in rows)
    assert site.browser().sign_in("newone", password).location == "/password"


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("account", "vendor", "账号“vendor”已经有了"),
        ("account", "", "账号须以小写字母开头"),
        ("account", "9lives", "账号须以小写字母开头"),
        ("account", "a/b", "账号须以小写字母开头"),
        ("account", "x" * 40, "账号须以小写字母开头"),
        ("account", "系统", "账号须以小写字母开头"),
        ("name", "  ", "请写姓名"),
        ("name", "长" * 61, "请写姓名"),
        ("role", "root", "没有“root”这一角色"),
        ("role", "", "没有“”这一角色"),
    ],
)
def test_refused_account_keeps_what_was_typed(site: Site, field: str, value: str, told: str) -> None:
    typed = {"account": "newone", "name": "新人", "role": "auditor", field: value}
    administrator = site.as_("administrator")
    before = everything(site.console)

    answer = administrator.post("/people", **typed)

    assert answer.status == 400
    assert told in answer.root.one("p", "fault", id=f"fault-{field}").text
    assert answer.root.one("input", name="account").get("value") == typed["account"]
    assert answer.root.one("input", name="name").get("value") == typed["name"]
    assert everything(site.console) == before


def test_reset_ends_every_session_of_the_account(site: Site) -> None:
    vendor = site.signed_in("vendor")

    made = site.as_("administrator").post("/people/vendor/reset")

    assert vendor.get("/tickets").status == 302
    assert site.browser().sign_in("vendor").status == 401
    assert site.browser().sign_in("vendor", made.root.one("code", "secret").text).location == "/password"


def test_disabled_account_is_shown_so_and_signs_in_no_more(site: Site) -> None:
    page = site.as_("administrator").send("/people/vendor/disable")

    assert "账号 vendor 已停用。" in page.notes
    line = next(tr for tr in page.root.all("tbody")[0].all("tr") if tr.all("td")[0].text == "vendor")
    assert "停用 11-20 18:00" in line.text
    assert "停用账号" not in line.text
    assert site.browser().sign_in("vendor").status == 401


def test_last_administrator_stays(site: Site) -> None:
    administrator = site.as_("administrator")

    answer = administrator.post("/people/administrator/disable")

    assert answer.status == 400
    assert any("这是最后一个系统管理员账号" in note for note in answer.notes)
    assert administrator.get("/people").status == 200
    own = next(tr for tr in answer.root.all("tbody")[0].all("tr") if tr.all("td")[0].text == "administrator")
    assert "停用账号" not in own.text


@pytest.mark.parametrize("account", ["nobody", "系统", "%00", "%ED%A0%80", "x" * 2000, "%3Csvg%20onload=x%3E"])
@pytest.mark.parametrize("act", ["reset", "disable"])
def test_account_that_is_not_there_is_not_found(site: Site, account: str, act: str) -> None:
    answer = site.as_("administrator").post(f"/people/{account}/{act}")

    assert answer.status == 404
    assert not dangers(answer)


def test_dangerous_buttons_name_the_account(site: Site) -> None:
    page = site.as_("administrator").get("/people")

    for form in page.root.all("td", "row-actions")[0].all("form"):
        assert page.root.all("tbody")[0].all("tr")[0].all("td")[0].text in form["data-confirm"]


@pytest.mark.parametrize("text", HOSTILE_TEXT)
def test_hostile_names_are_shown_as_texts(site: Site, text: str) -> None:
    administrator = site.as_("administrator")
    made = administrator.post("/people", account="hostile", name=text, role="vendor")
    password, new = made.root.one("code", "secret").text, "Another-Long-2-secret"
    browser = site.browser()
    browser.sign_in("hostile", password)
    browser.post("/password", current_password=password, new_password=new, repeated=new)
    browser.forget_token()

    for page in (made, administrator.get("/people"), browser.get("/tickets"), browser.get("/password")):
        assert text in page.text
        assert not dangers(page)
        assert not page.tree.faults


@pytest.mark.parametrize("role", ["vendor", "hospital", "auditor"])
def test_others_manage_no_accounts(site: Site, role: str) -> None:
    browser = site.as_(role)
    before = everything(site.console)

    for address in ("/people", "/people/vendor/reset", "/people/administrator/disable"):
        assert browser.post(address, account="mine", name="我的", role="administrator").status == 403

    assert everything(site.console) == before
