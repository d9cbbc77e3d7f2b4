"""Who gets in where: every address of the console, as it stands in the app's own map, tried by everybody."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from werkzeug.routing import Rule

from ops_console.core.people import ROLES
from ops_console.services import attachments
from ops_console.web.app import create_app
from ops_console.web.sign_in import PUBLIC, WHILE_CHANGING
from tests.conftest import VENDOR, FakeClock, import_sheet, log_ticket, make_console
from tests.duties import agree, done, plan, released
from tests.sheets import row, write_sheet
from tests.web.conftest import Site, everything, open_site, person
from tests.web.pages import Browser, Page

# What needs no right: the same for everybody who is signed in, and about nobody but themselves.
OWN = ("home", "sign_in.password", "sign_in.sign_out", "account.index", "account.end_session", "factors.prove",
       "factors.enrol", "seen.session")  # fmt: skip
# What strangers may have. A view that joins these is a decision: it is written down here too.
REPORTING = (
    "public_reports.form", "public_reports.at_place", "public_reports.send", "public_reports.status",
    "public_reports.answer", "public_reports.add_photos", "public_reports.contacts",
    "public_reports.offline", "public_reports.worker",
)  # fmt: skip
STRANGERS = (
    "static", "healthz", "sign_in.sign_in", "sign_in.choose_language", "documents.verify", "identities.leave",
    "identities.come_back", *REPORTING,
)  # fmt: skip
SECRET_WORDS = ("GD-2026", "刘药师", "打不开了", "spare某", "13800001234")
# Forms that do their work where their right is there: the rest of the addresses answer to an empty one.
FORMS = {
    "tickets.move": {"kind": "responded"},
    "lists.export": {"format": "csv"},
    "tickets.new": {"type": "故障", "module": "门诊缴费", "channel": "电话", "title": "打不开了"},
    "personal.reveal": {"reason": "回电核实"},
    "people.add": {"account": "newone", "name": "新人", "role": "auditor"},
    "sign_in.choose_language": {"language": "en"},
    "hospital_devices.register": {"label": "护士站", "department": "内科"},
}


def asked() -> list[tuple[str, str, str]]:
    """Return (endpoint, method, address pattern) of everything that the app answers to."""
    with TemporaryDirectory() as folder:
        console = make_console(Path(folder), FakeClock())
        rules: list[Rule] = list(create_app(console).url_map.iter_rules())
        console.close()
    return sorted((rule.endpoint, method, rule.rule) for rule in rules for method in rule.methods or ())


EVERYTHING = asked()
ASKED = [(endpoint, method, rule) for endpoint, method, rule in EVERYTHING if method != "OPTIONS"]
POSTS = [(endpoint, rule) for endpoint, method, rule in ASKED if method == "POST"]
EVERY = pytest.mark.parametrize(("endpoint", "method", "rule"), ASKED)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[Site]:
    """A console with one of each thing: a ticket, an import, an account to spare."""
    folder = tmp_path_factory.mktemp("house")
    made = open_site(folder / "data", sqlite_template, FakeClock())
    with made.console.write() as session:
        session.add(person("spare", "vendor"))
        session.add(person("novice", "vendor", must_change=True))
    log_ticket(made.console, title="打不开了", reporter="刘药师", phone="13800001234")
    import_sheet(made.console, write_sheet(folder / "one.csv", row()), dry_run=True)
    with made.console.write() as session:
        file = made.console.files.keep_attachment(BytesIO(b"a proof"), "刘药师.txt")
        attachments.attach(session, "GD-20261120-00001", file, VENDOR, made.console.now())
    agree(made.console)
    plan(made.console)
    released(made.console, title="打不开了的修复")
    done(made.console, "C-33/inspection/2026-11-01/1")
    yield made
    made.console.close()


def address(rule: str) -> str:
    """Given an address pattern, return the address of something that exists."""
    known = {
        "<path:filename>": "console.css", "<path:number>": "GD-20261120-00001", "<id:run_id>": "1",
        "<id:version_id>": "1", "<id:token_id>": "1", "<account>": "spare", "<id:location_id>": "1",
        "<id:device_id>": "1", "<id:report_id>": "1", "<token>": "AAAAAAAAAAAAAAAAAAAAAA",
        "<id:attachment_id>": "1", "<kind>": "confirmation", "<code>": "0" * 12, "<id:failure_id>": "1",
        "<id:seq>": "3", "<id:photo_id>": "1", "<id:flag_id>": "1", "<field>": "phone", "<id:view>": "1",
        "<name>": "people", "<month>": "2026-11", "<limit_id>": "C-15", "<which>": "broken", "<owing>": "C-33",
        "<of_duties>": "every", "<of_tickets>": "late", "<by_tickets>": "C-07", "<cap>": "C-31",
        "<id:objection_id>": "1", "<id:proof_id>": "1", "<paper>": "sheet", "<span>": "2026Q4", "<id:duty_id>": "1",
        "<id:link_id>": "1", "<id:release_id>": "1", "<id:entry_id>": "1", "<id:agreement_id>": "1",
        "<id:draw>": "1", "<id:place>": "1", "<id:key_id>": "1", "<id:delegation_id>": "1",
        "<path:key>": "month/2026-11",
    }  # fmt: skip
    for place, value in known.items():
        rule = rule.replace(place, value)
    assert "<" not in rule, f"{rule}: say here what this address may hold"
    return rule


def ask(browser: Browser, endpoint: str, method: str, rule: str) -> Page:
    """Ask as that browser, forms filled and with their token."""
    if method != "POST":
        return browser.ask(method, address(rule))
    fields = FORMS.get(endpoint, {}) if endpoint != "tickets.move" else {}  # each kind asks for its own right
    return browser.post(address(rule), **fields)


def tells(answer: Page, rule: str) -> bool:
    """Say whether the answer holds anything of the house, the address that was asked apart."""
    shown = answer.html.replace(address(rule), "").replace(address(rule).rpartition("/")[0], "")
    return any(word in shown for word in SECRET_WORDS)


@EVERY
def test_stranger_sees_nothing(house: Site, endpoint: str, method: str, rule: str) -> None:
    before = everything(house.console)

    answer = ask(house.browser(), endpoint, method, rule)

    assert everything(house.console) == before
    assert not tells(answer, rule)
    if endpoint in STRANGERS:
        assert answer.status in (200, 302, 400, 404)
    elif method in ("GET", "HEAD"):
        assert answer.status == 302
        assert answer.location.startswith("/sign-in")
    else:
        assert answer.status == 401
        assert "Location" not in answer.headers


@pytest.mark.parametrize("role", ROLES)
@EVERY
def test_each_role_gets_what_the_table_of_roles_gives(
    house: Site, role: str, endpoint: str, method: str, rule: str
) -> None:
    needed = getattr(house.app.view_functions[endpoint], "needs", None)
    _, permissions = ROLES[role]

    leaves = endpoint.startswith("sign_in.")  # ends the session, or changes its language
    answer = ask(house.signed_in(role) if leaves else house.as_(role), endpoint, method, rule)

    if needed is None or needed & permissions:
        assert answer.status in (200, 204, 302, 400, 404), answer.html
    else:
        assert answer.status == 403
        assert method == "HEAD" or "没有这项权限" in answer.text
        assert not tells(answer, rule)


def test_which_methods_there_are_is_all_that_flask_itself_answers(house: Site) -> None:
    for endpoint, method, rule in EVERYTHING:
        if method == "OPTIONS":
            assert (ask(house.as_("vendor"), endpoint, method, rule).html, endpoint) == ("", endpoint)
            assert not tells(ask(house.browser(), endpoint, method, rule), rule)


def test_views_without_a_right_are_the_listed_ones(house: Site) -> None:
    without = {name for name, view in house.app.view_functions.items() if not hasattr(view, "needs")}

    assert without == {*OWN, *STRANGERS}
    assert set(PUBLIC) == set(STRANGERS)
    assert set(WHILE_CHANGING) == {*STRANGERS, "sign_in.password", "sign_in.sign_out"}


def test_every_right_that_a_view_needs_is_given_to_some_role(house: Site) -> None:
    given = {permission for _, permissions in ROLES.values() for permission in permissions}

    for view in house.app.view_functions.values():
        assert getattr(view, "needs", given) & given


@pytest.mark.parametrize("token", ["", "IjAi.nonsense", "stranger's"])
@pytest.mark.parametrize(("endpoint", "rule"), POSTS)
def test_post_without_this_sessions_token_changes_no_row(house: Site, endpoint: str, rule: str, token: str) -> None:
    needed = getattr(house.app.view_functions[endpoint], "needs", None)
    may = [role for role, (_, permissions) in ROLES.items() if needed is None or needed & permissions]
    fields = {"csrf_token": house.browser().token if token == "stranger's" else token, **FORMS.get(endpoint, {})}
    browsers = [house.as_(role) for role in may]
    before = everything(house.console)
    for browser in browsers:
        answer = browser.ask("POST", address(rule), data=fields)

        assert answer.status == 400
        assert "页面已过期" in answer.text
    assert everything(house.console) == before


@pytest.mark.parametrize(("endpoint", "rule"), POSTS)
def test_post_from_another_sites_page_changes_no_row(house: Site, endpoint: str, rule: str) -> None:
    browser = house.browser() if endpoint in STRANGERS else house.as_("hospital")
    fields = {"csrf_token": browser.token, **FORMS.get(endpoint, {})}
    before = everything(house.console)

    answer = browser.ask("POST", address(rule), data=fields, headers={"Sec-Fetch-Site": "cross-site"})

    assert answer.status == 400
    assert everything(house.console) == before


@pytest.mark.parametrize("role", ROLES)
def test_looking_at_every_page_changes_no_row(house: Site, role: str) -> None:
    browser = house.signed_in(role)
    before = everything(house.console)

    for _, method, rule in EVERYTHING:
        if method in ("GET", "HEAD", "OPTIONS"):
            for query in ("", "?month=2026-11&page=1&breached=1", "?kind=responded&approved=yes&next=/sign-out"):
                assert browser.ask(method, address(rule) + query).status < 500

    assert everything(house.console) == before
    assert not [name for name, rows in before.items() if name == "event" and not rows]  # or it compared nothing


@EVERY
def test_one_time_password_opens_the_password_page_alone(house: Site, endpoint: str, method: str, rule: str) -> None:
    leaves = endpoint.startswith("sign_in.")
    novice = house.signed_in("novice") if leaves else house.as_("novice")

    answer = ask(novice, endpoint, method, rule)

    if endpoint in WHILE_CHANGING:
        assert answer.status in (200, 302, 400, 404)
        assert not tells(answer, rule)
    else:
        assert (answer.status, answer.location) == (302, "/password")


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(("endpoint", "rule"), POSTS)
def test_links_never_act(house: Site, endpoint: str, rule: str, method: str) -> None:
    """A link that was forwarded, previewed or fetched in advance does nothing, whoever is signed in."""
    browsers = [house.as_(role) for role in ROLES]
    before = everything(house.console)
    for browser in browsers:
        browser.ask(method, address(rule), query_string=FORMS.get(endpoint))

    assert everything(house.console) == before


def test_disabled_account_is_out_with_its_next_request(house: Site) -> None:
    with house.console.write() as session:
        session.add(person("leaver", "vendor"))
    leaver = house.signed_in("leaver")
    assert leaver.get("/tickets").status == 200

    house.signed_in("administrator").post("/people/leaver/disable")

    assert leaver.get("/tickets").location.startswith("/sign-in")
    assert leaver.post("/tickets/new", **FORMS["tickets.new"]).status == 401
