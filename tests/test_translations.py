"""Every word people see is English when they ask for English: the catalogue is complete, and pages and terminal use it.

Not for the quality of the English. The pages' data are Latin here, so whatever is Chinese on one is a word of ours.
"""

from __future__ import annotations

import contextlib
import csv
import importlib.util
import json
import re
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from flask.testing import FlaskClient

from ops_console.adapters.translations import Translations
from ops_console.cli import commands
from ops_console.console import PROJECT, Console
from ops_console.core.errors import UnknownYear
from ops_console.core.people import actor_of
from ops_console.core.statutory import YearDays
from ops_console.core.ticket_sheets import COLUMNS
from ops_console.core.tickets import CHANNELS
from ops_console.services import contracts
from ops_console.services.people import NewPerson, add_account, one_time
from ops_console.store import jobs as job_rows
from ops_console.web.app import create_app
from tests.conftest import HOSPITAL, FakeClock, ask_import, copy_sqlite, do, import_sheet, log_ticket, make_console

ROLES = ("hospital", "vendor", "auditor", "administrator")
PASSWORD = "Quiet-Harbour-2026"
HAN = re.compile(r"[\u3400-\u9fff]")
TYPES = tomllib.loads((PROJECT / "config.toml").read_text(encoding="utf-8"))["ticket_type"]
# Chinese that is data even here: a sheet's column names and words, as they must be typed; the contract's own types.
SHEET = frozenset({*COLUMNS, "是", "否", *CHANNELS, *(kind["name"] for kind in TYPES)})
DATA = {"contract": frozenset({"故障"}), "import": SHEET, "audit": frozenset({"系统"})}


def _load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("translations_script", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


script = _load(PROJECT / "scripts" / "translations.py")


# -- the catalogue ----------------------------------------------------------------------------------------------------


def test_catalogue_is_complete_and_every_string_goes_through_it() -> None:
    assert script.problems() == []


def test_compiled_catalogue_is_what_the_console_reads() -> None:
    translations = Translations(PROJECT / "ops_console" / "translations")
    assert translations.text("工单 %(number)s 还没有确认关闭，不用重开。", "en").startswith("Ticket %(number)s")
    assert translations.text("没有这一条", "en") == "没有这一条"
    assert translations.text("工单", "zh") == "工单"


def test_every_exemption_is_still_needed() -> None:
    said = {(script._named(p), text) for p in script._templates() for _, text in _unwrapped(p)}
    assert said >= script.TEMPLATE_WORDS
    for name, words in script.EXEMPT.items():
        source = (PROJECT / name).read_text(encoding="utf-8")
        assert words is None or any(f'"{word}"' in source for word in words), name


def _unwrapped(path: Path) -> list[tuple[int, str]]:
    return list(script.unwrapped(path.read_text(encoding="utf-8")))


def test_templates_write_no_full_width_sign_of_their_own() -> None:
    found = {
        f"{script._named(p)}:{line}: {text}"
        for p in sorted(script._templates())
        for line, text in script.unwrapped(p.read_text(encoding="utf-8"), script.FULL_WIDTH)
    }
    assert found == set()


@pytest.mark.parametrize(
    ("template", "found"),
    [
        ("<p>工单</p>", ["<p>工单</p>"]),
        ('<p title="工单">{{ _("工单") }}</p>', ['<p title="工单">']),
        ('{{ "工单" }}', ["工单"]),
        ('{{ name or "工单" }}', ["工单"]),
        ('{{ _("%(a)s 件", a="工单") }}', ["工单"]),
        ('{{ {"a": "工单"}[name] }}', ["工单"]),
        ('{% set word = "工单" %}', ["工单"]),
        ('{% macro m(a="工单") %}{% endmacro %}', ["工单"]),
        ('{# 工单 #}{{ _("工单") }}{{ _("%(a)s", a=_("工单")) }}', []),
        ('{{ {"待响应": "waiting"}[word] }}{{ _("工单") if x else _(y) }}', []),
    ],
)
def test_an_unwrapped_string_in_a_template_is_found(template: str, found: list[str]) -> None:
    assert [text for _line, text in script.unwrapped(template)] == found


def test_messages_of_a_template_are_collected() -> None:
    template = '<p title="{{ _(\'甲\') }}">{{ _("乙 %(n)s", n=_("丙")) }}{{ _(value) }}{{ _(a if b else "x") }}</p>'
    assert set(script.of_template(template)) == {"甲", "乙 %(n)s", "丙"}


def test_messages_of_python_are_collected() -> None:
    source = '"""甲"""\nA = {"k": "乙"}\ndef f(x):\n    """丙"""\n    x.say("、")\n    return "；".join(f"丁{x}")\n'
    assert set(script.of_python(source, "x.py")) == {"乙", "、"}
    assert list(script.of_python('A = "单号"', "ops_console/core/sheet_order.py")) == []
    assert list(script.of_python('A = "server.host：不对"', "x.py")) == []


def test_an_f_string_that_composes_chinese_is_found() -> None:
    assert script.composed('a = f"{b}"\nc = f"共 {b} 行"\n') == [2]


@pytest.mark.parametrize(
    ("message", "english", "fault"),
    [
        ("工单", "", "untranslated"),
        ("工单", "  ", "untranslated"),
        ("工单 %(n)s", "Ticket", "unlike places"),
        ("工单", "Ticket %(n)s", "unlike places"),
        ("工单", "100% ticket", "unlike places"),
        ("工单", "Ticket 单", "Chinese in the English"),
        ("工单", "Ticket，", "Chinese in the English"),
        ("工单", 'the "工单" page', "Chinese in the English"),
        ("工单", "the hospital’s ticket", "Chinese in the English"),
        ("工单", "Ticket!", "exclamation mark"),
        ("请写工单。", "Write the ticket", "no full stop"),
    ],
)
def test_a_faulty_translation_is_found(message: str, english: str, fault: str) -> None:
    assert list(script.faults(message, english)) == [fault]


def test_a_sound_translation_passes() -> None:
    assert list(script.faults("“需到场”为否：%(n)s。", '"需到场" is "否": %(n)s.')) == []


# -- pages ------------------------------------------------------------------------------------------------------------


class Visible(HTMLParser):
    """What a page says: its texts, and the attributes that people are shown or told; with the links it offers."""

    SHOWN = ("title", "aria-label", "placeholder", "alt", "label", "content", "data-confirm", "data-over",
             "data-left-word", "data-name")  # fmt: skip
    VOID = ("meta", "link", "input", "br", "hr", "img", "col", "wbr")

    def __init__(self, page: str) -> None:
        super().__init__()
        self.said: list[str] = []
        self.links: list[str] = []
        self._open: list[tuple[str, bool]] = []  # each open element, and whether it is in Chinese by declaration
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        chinese = given.get("lang", "").startswith("zh") or any(declared for _, declared in self._open)
        self.said += [] if chinese else [given[name] for name in self.SHOWN if name in given]
        self.links += [given[name] for name in ("href", "data-href") if tag in ("a", "tr") and name in given]
        if tag not in self.VOID:
            self._open.append((tag, chinese))

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        if not any(chinese for _, chinese in self._open):
            values = self._open and self._open[-1][0] == "script" and data.strip()
            self.said += _strings(json.loads(data)) if values else [data]


def _strings(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for item in value.values() for text in _strings(item)]
    if isinstance(value, list):
        return [text for item in value for text in _strings(item)]
    return [value] if isinstance(value, str) else []


def chinese_in(page: str, data: frozenset[str] = frozenset()) -> list[str]:
    """Given a page and the Chinese data it may show, return what else it says in Chinese."""
    return [" ".join(text.split()) for text in Visible(page).said if HAN.search(_without(text, data))]


def _without(text: str, data: frozenset[str]) -> str:
    for word in sorted(data, key=len, reverse=True):
        text = text.replace(word, "")
    return text


@pytest.mark.parametrize(
    ("page", "found"),
    [
        ("<p>工单</p>", ["工单"]),
        ("<p title='工单'>Tickets</p>", ["工单"]),
        ("<form data-confirm='继续吗？'><input placeholder='单号'></form>", ["继续吗？", "单号"]),
        ('<script type="application/json">{"a": [["超时"]]}</script>', ["超时"]),
        ("<option value='故障'>Fault</option><button lang='zh-CN'>中文</button><p>x</p>", []),
        ("<td>故障</td>", []),
    ],
)
def test_a_chinese_word_on_an_english_page_is_found(page: str, found: list[str]) -> None:
    assert chinese_in(page, frozenset({"故障"})) == found


@dataclass
class Site:
    """A console with a bit of everything in it, its data Latin, and a signed-in English client per role."""

    console: Console
    clients: dict[str, FlaskClient]
    stranger: FlaskClient
    runs: dict[str, int]


def latin_config(folder: Path) -> Path:
    """Given a folder, write the shipped config there with Latin data; types and bases stay, they are words of ours."""
    words: dict[str, str] = {}
    lines, section = [], ""
    for line in (PROJECT / "config.toml").read_text(encoding="utf-8").splitlines():
        line = line.split("#")[0]
        section = line.strip() if line.startswith("[") else section
        if section != "[[ticket_type]]" and not re.match(r"""(basis|types|except_types|"[\w.-]*types")""", line):
            line = re.sub(r'"([^"]*)"', lambda m: f'"{_latin(m[1], words)}"', line)
        lines.append(line)
    path = folder / "config.toml"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def _latin(text: str, words: dict[str, str]) -> str:
    return words.setdefault(text, f"word {len(words)}") if HAN.search(text) else text


def known_years(year: int) -> YearDays:
    """A source that knows 2026 alone: 2025 is provisional, 2027 is asked for."""
    if year != 2026:
        raise UnknownYear(year)
    return YearDays(2026, frozenset(), frozenset(), "test")


@pytest.fixture
def site(tmp_path: Path, sqlite_template: Path) -> Iterator[Site]:
    """The site, and its console closed after."""
    clock = FakeClock()
    copy_sqlite(sqlite_template, tmp_path / "data")
    console = make_console(tmp_path / "data", clock, known_years=known_years, OPS_CONFIG=str(latin_config(tmp_path)))
    _log_tickets(console, clock)
    runs = _import_sheets(console, tmp_path)
    _propose_and_beat(console, clock)
    app = create_app(console)
    app.config["WTF_CSRF_ENABLED"] = False
    stranger = app.test_client()
    stranger.set_cookie("lang", "en")
    yield Site(console, {role: _sign_in(console, app, role) for role in ROLES}, stranger, runs)
    console.close()


def _sign_in(console: Console, app: Any, role: str) -> FlaskClient:
    with console.write() as session:
        administrator = actor_of("root", "Root", "administrator", proved_until=datetime.max.replace(tzinfo=UTC))
        person = NewPerson(role, f"Person {role}", role, "hospital" if role == "administrator" else None)
        made = add_account(session, console.policy, person, one_time(console.hasher), administrator, console.now())
    client: FlaskClient = app.test_client()
    client.set_cookie("lang", "en")
    client.post("/sign-in", data={"account": role, "password": made.password})
    _no_chinese("/password of a new account", client.get("/password").text)
    given = {"current_password": made.password, "new_password": PASSWORD, "repeated": PASSWORD}
    assert client.post("/password", data=given).status_code == 302
    return client


def _log_tickets(console: Console, clock: FakeClock) -> None:
    """Tickets in every state, with every kind of event a person can add."""
    module = console.settings.modules[0].name
    now = clock()

    def logged(hours: float, **given: object) -> str:
        wanted = {"module": module, "title": "Printer", "department": "Lab", "reporter": "Wang", **given}
        return log_ticket(console, at=now - timedelta(hours=hours), **wanted)

    def done(number: str, *steps: tuple[Any, ...]) -> None:
        for kind, actor, hours, facts in steps:
            extra = {} if actor is None else {"actor": actor}
            do(console, number, kind, at=now - timedelta(hours=hours), **extra, **facts)

    logged(0.1)
    logged(30)
    logged(1.5, type="咨询", channel="微信群")
    done(logged(9, type="数据提取"), ("responded", None, 8, {}), ("declined", None, 7, {"reason": "twice"}))
    done(logged(9, channel="扫码"), ("cancelled", HOSPITAL, 8, {"reason": "solved"}))
    onsite = logged(9, needs_onsite=True)
    done(onsite, ("responded", None, 8.9, {"handler": "He"}), ("arrived", None, 8, {}),
         ("suspended", None, 7.5, {"reason": "vendor of HIS"}), ("suspension_decided", HOSPITAL, 7, {"approved": True}),
         ("resumed", None, 6, {}), ("restored", None, 5, {"handler": "He"}),
         ("restore_rejected", HOSPITAL, 4.5, {"reason": "still broken"}), ("restored", None, 4, {}),
         ("confirmed", HOSPITAL, 3, {}), ("reopened", HOSPITAL, 2, {"reason": "again"}))  # fmt: skip
    asked = logged(9, needs_onsite=True)
    done(asked, ("responded", None, 8.9, {}), ("arrived", None, 8, {}), ("suspended", None, 7.5, {"reason": "power"}))
    decided = logged(9)
    done(decided, ("responded", None, 8.9, {}), ("onsite_decided", None, 8.8, {"needs_onsite": True}),
         ("suspended", None, 7.5, {"reason": "power"}), ("suspension_decided", HOSPITAL, 7, {"approved": False}),
         ("resumed", None, 6, {}))  # fmt: skip
    done(logged(9), ("responded", None, 8.9, {}), ("restored", None, 5, {}), ("confirmed", HOSPITAL, 3, {}))
    done(logged(9), ("responded", None, 8.9, {}), ("restored", None, 5, {}))
    done(logged(9, needs_onsite=True), ("responded", None, 8.9, {}), ("arrived", None, 8, {}))


def _import_sheets(console: Console, folder: Path) -> dict[str, int]:
    """A sheet with a provisional ticket, the same with changes to decide, one with faults, and a preview."""
    module = console.settings.modules[0].name
    row = {
        "单号": "T-1", "类型": "故障", "系统模块": module, "渠道": "电话", "标题": "Screen", "报修科室": "Lab",
        "报修时间": "2026-11-02 09:00", "录入时间": "2026-11-02 09:05", "响应时间": "2026-11-02 09:10", "需到场": "是",
        "到场时间": "2026-11-02 09:30", "恢复时间": "2026-11-02 10:30", "确认时间": "2026-11-02 12:00",
        "处理方式": "现场", "处理人": "He", "处理过程": "changed a cable", "满意度": "5", "Colour": "blue",
    }  # fmt: skip
    earlier = {"单号": "T-2", "报修时间": "2025-12-01 09:00", "录入时间": "2025-12-01 09:00"}
    times = {"响应时间": "", "到场时间": "", "恢复时间": "", "确认时间": "", "需到场": "否", "满意度": ""}
    paused = {"单号": "T-3", "挂起开始": "2026-11-02 09:40", "挂起结束": "2026-11-02 10:00", "挂起原因": "power"}
    first = _sheet(folder / "first.csv", [row, {**row, **earlier, **times}, {**row, **paused, "挂起批准": "是"}])
    changed = {"响应时间": "2026-11-02 09:40", "类型": "缺陷", "标题": "Display", "渠道": "QQ"}
    second = _sheet(folder / "second.csv", [{**row, **changed}])
    faulty = _sheet(folder / "faulty.csv", [
        {**row, "单号": "F-1", "类型": "unknown"}, {**row, "单号": "F-2", "报修时间": "yesterday"},
        {**row, "单号": "F-3", "响应时间": "2026-11-02 08:00"}, {**row, "单号": "F-4", "需到场": "否"},
        {**row, "单号": "F-5", "标题": ""}, {**row, "单号": "F-5"}, {**row, "单号": "F-6", "满意度": "9"},
        {**row, "单号": "F-7", "需到场": "maybe"}, {**row, "单号": "F-8", "确认时间": "2027-01-01 09:00"},
        {**row, "单号": "F-9", "挂起结束": "2026-11-02 10:00"}, {**row, "单号": "F-10", "报修科室": "x" * 200},
        {**row, "单号": "F-11"},
    ])  # fmt: skip
    for path in (first, second):
        assert import_sheet(console, path)[0] == "done"
    runs = {}
    for name, path, params in (
        ("faulty preview", faulty, {"dry_run": True, "skip_bad": True}), ("faulty", faulty, {}),
        ("headless", _sheet(folder / "headless.csv", [{"单号": "H-1", "类型": "故障"}]), {}),
        ("not a sheet", _text(folder / "page.csv", "<!doctype html><html></html>"), {}),
        ("preview", first, {"dry_run": True}),
    ):  # fmt: skip
        runs[name] = ask_import(console, path, **params)
        console.runs().execute(runs[name])
    runs["waiting"] = ask_import(console, first)
    return runs


def _sheet(path: Path, rows: list[dict[str, str]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, [*COLUMNS, "Colour"] if len(rows[0]) > 5 else list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def _text(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def _propose_and_beat(console: Console, clock: FakeClock) -> None:
    terms = replace(console.settings.terms, name="Other name", counts_from=clock().date() + timedelta(days=30))
    with console.write() as session:
        contracts.load(session, terms, clock())
        job_rows.beat(session, "due", "here", clock() - timedelta(minutes=5), "")
        job_rows.beat(session, "unsent", "here", clock(), "")


def _no_chinese(what: str, page: str) -> None:
    assert '<html lang="en">' in page, what
    path = urlsplit(what).path
    assert chinese_in(page, DATA.get(path.split("/")[1], frozenset())) == [], what


ALIKE = {"/tickets/*": 20, "/import/*": 20}  # how many pages of a kind to look at; of the others two
LEAST = {"hospital": 20, "vendor": 20, "auditor": 15, "administrator": 4}  # kinds of pages a role finds at least
EXTRA = (
    "/nowhere", "/tickets/none", "/tickets?type=故障&state=挂起&hour=9&open=1&waiting=1&provisional=1&breached=1",
    "/tickets?channel=电话&module=x", "/tickets?number=zzz", "/tickets?sort=number&order=asc", "/tickets?hour=9",
    "/tickets?clock=repair&class=off&result=running&reading=raw", "/tickets?provisional=1", "/dashboard?month=2026-1",
    "/dashboard?month=2024-01", "/dashboard?month=2025-12", "/import", "/import/99", "/tickets/new", "/people",
    "/password", "/system", "/contract", "/contract/clauses", "/contract/readings",
)  # fmt: skip


@pytest.mark.parametrize("role", ROLES)
def test_pages_say_no_chinese_in_english(site: Site, role: str) -> None:
    """Follow the links from the first page on, those of filtered pages excepted: they only combine the filters."""
    client, asked, seen = site.clients[role], ["/", *EXTRA], dict[tuple[Any, ...], set[str]]()
    while asked:
        address = asked.pop(0)
        link = urlsplit(address)
        names = sorted({name for name, _value in parse_qsl(link.query)})
        alike = seen.setdefault((re.sub(r"[^/]*\d[^/]*", "*", link.path), *names), set())
        if address in alike or len(alike) >= ALIKE.get(re.sub(r"[^/]*\d[^/]*", "*", link.path), 2):
            continue
        alike.add(address)
        answer = client.get(address, follow_redirects=True)
        if answer.mimetype == "text/html":
            _no_chinese(answer.request.path, answer.text)
            asked += [] if link.query else [found for found in Visible(answer.text).links if found.startswith("/")]
    assert len(seen) >= LEAST[role], sorted(seen)


def test_import_pages_say_no_chinese_in_english(site: Site) -> None:
    for name, run in site.runs.items():
        answer = site.clients["vendor"].get(f"/import/{run}")
        assert answer.status_code == 200, name
        _no_chinese(f"/import/{run}", answer.text)
    polled = site.clients["vendor"].get(f"/import/{site.runs['waiting']}", headers={"HX-Trigger-Name": "poll"})
    assert chinese_in(polled.text) == []


def test_refusals_and_notes_say_no_chinese_in_english(site: Site) -> None:
    vendor, hospital, administrator = (site.clients[role] for role in ("vendor", "hospital", "administrator"))
    number = log_ticket(site.console, module=site.console.settings.modules[0].name, title="Screen")
    moves = f"/tickets/{number}/moves"
    posts: list[tuple[FlaskClient, str, dict[str, str]]] = [
        (vendor, "/tickets/new", {}),
        (vendor, "/tickets/new", {"type": "x"}),
        (vendor, "/tickets/new", {"type": "故障", "module": "x"}),
        (vendor, moves, {"kind": "arrived"}),
        (vendor, moves, {"kind": "restored"}),
        (vendor, moves, {"kind": "confirmed"}),
        (vendor, moves, {"kind": "declined"}),
        (vendor, moves, {"kind": "nothing"}),
        (vendor, moves, {"kind": "responded"}),
        (vendor, moves, {"kind": "responded"}),
        (hospital, moves, {"kind": "confirmed"}),
        (hospital, moves, {"kind": "reopened", "reason": "x"}),
        (hospital, moves, {"kind": "cancelled", "reason": "x"}),
        (vendor, moves, {"kind": "arrived"}),
        (vendor, "/import", {}),
        (vendor, f"/import/{site.runs['faulty']}/apply", {}),
        (vendor, "/people", {}),
        (vendor, "/contract/1/confirm", {}),
        (vendor, "/password", {}),
        (vendor, "/password", {"current_password": "a", "new_password": "b", "repeated": "c"}),
        (vendor, "/password", {"current_password": PASSWORD, "new_password": PASSWORD, "repeated": PASSWORD}),
        (vendor, "/password", {"current_password": PASSWORD, "new_password": "short", "repeated": "short"}),
        (administrator, "/people", {"account": "A"}),
        (administrator, "/people", {"account": "vendor", "name": "V", "role": "vendor"}),
        (administrator, "/people", {"account": "other", "name": "O", "role": "vendor"}),
        (administrator, "/people/other/reset", {}),
        (administrator, "/people/other/disable", {}),
        (administrator, "/people/administrator/disable", {}),
        (site.stranger, "/sign-in", {}),
        (site.stranger, "/system/none", {}),
        (site.stranger, "/tickets/new", {}),
    ]
    for client, address, given in posts:
        answer = client.post(address, data=given, follow_redirects=True)
        _no_chinese(address, answer.text)
    _no_chinese("/sign-in", site.stranger.get("/sign-in").text)


# -- the terminal -----------------------------------------------------------------------------------------------------


@pytest.fixture
def terminal(
    tmp_path: Path, sqlite_template: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., str]:
    """What runs a command in English, over one console of Latin data, and returns all it printed."""
    clock, config = FakeClock(), str(latin_config(tmp_path))
    copy_sqlite(sqlite_template, tmp_path / "data")
    monkeypatch.setenv("OPS_LANG", "en")

    def opened(**_: object) -> Console:
        return make_console(tmp_path / "data", clock, known_years=known_years, OPS_CONFIG=config)

    console = opened()
    _log_tickets(console, clock)
    console.close()

    def run(*arguments: str) -> str:
        with contextlib.suppress(SystemExit):  # argparse ends so
            commands.run(list(arguments), open_console=opened, serve=lambda: 0)
        printed = capsys.readouterr()
        return printed.out + printed.err

    return run


def test_terminal_says_no_chinese_in_english(terminal: Callable[..., str], tmp_path: Path) -> None:
    number = "GD-20261120-00001"
    faulty = _sheet(tmp_path / "faulty.csv", [dict.fromkeys(COLUMNS, "x") | {"Colour": "x"}])
    sheets = ("import tickets none.csv", f"import tickets --dry-run {faulty}", f"import tickets {faulty}",
              f"import tickets --json {faulty}", "jobs list")  # fmt: skip
    others = (
        "--help", "import --help", "import tickets --help", "report sla --help", f"sla explain {number} --as-of x",
        "report sla --from 2026-11 --to 2026-11", "report sla --from 2024-01 --to 2024-01", "report sla --from x",
        f"sla explain {number}", f"sla explain {number} --json", "sla explain none", "contract show", "jobs run none",
        "jobs run tidy", "users add guest Guest auditor", "users add guest Guest auditor", "users list",
        "users rights --on x", "users rights --on 2020-01-01", "demo --today x", "demo --host x", "doctor",
        "duties list", "duties list --month x",
    )  # fmt: skip
    for line, data in [*((line, SHEET | {"系统"}) for line in sheets), *((line, frozenset()) for line in others)]:
        assert not HAN.search(_without(terminal(*line.split()), data)), line
