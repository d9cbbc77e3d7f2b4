"""What each endpoint answers: shapes, problems, hosts, headers, languages; and what it never tells whom."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from werkzeug.test import Client

from ops_console.adapters.answers import HEADERS
from ops_console.core.people import ROLES, actor_of
from ops_console.services import attachments, notes
from tests.api.conftest import ORIGIN, TICKET, House, problem
from tests.conftest import VENDOR, do, log_ticket

HOSTILE = (
    "<script>alert(1)</script>",
    "100%",
    "%(n)s",
    "{{ 7*7 }}",
    "'; DROP TABLE ticket; --",
    "𝒳 مرحبا \u202e",
    "，。",
)


def test_the_answer_to_a_ticket_holds_its_times_and_their_grades_without_the_right_to_read(house: House) -> None:
    vendor = house.caller("vendor", "tickets:write")
    late = vendor.post("/tickets", **TICKET, reported_at="2026-11-20T17:00:00+08:00", answered=True)
    told = late.json["times"]  # type: ignore[index]
    assert {name: (time["at"][11:16], time["grade"]) for name, time in told.items()} == {
        "reported_at": ("17:00", "D"), "responded_at": ("17:00", "D"),
    }  # fmt: skip
    assert vendor.ask("GET", late.headers["Location"]).status_code == 403


def test_a_ticket_is_logged_read_moved_and_explained(both_house: House) -> None:
    vendor, hospital = both_house.caller("vendor"), both_house.caller("hospital")
    answer = vendor.post("/tickets", **{**TICKET, "department": "药剂科", "reporter": "刘药师", "phone": "8001"})
    assert answer.headers["Location"] == "/api/v1/tickets/GD-20261120-00001"
    assert answer.json == {
        "number": "GD-20261120-00001", "state": "待响应", "reported_at": "2026-11-20T18:00:00+08:00",
        "recorded_at": "2026-11-20T18:00:00+08:00",
        "times": {
            "reported_at": {
                "at": "2026-11-20T18:00:00+08:00", "recorded_at": "2026-11-20T18:00:00+08:00", "grade": "B"
            },
        },
    }  # fmt: skip
    where = answer.headers["Location"]
    both_house.clock.forward(minutes=20)
    for caller, kind, state in (
        (vendor, "responded", "处理中"),
        (vendor, "restored", "待确认"),
        (hospital, "confirmed", "已关闭"),
    ):
        moved = caller.post(f"{where}/events", kind=kind, **({"mode": "远程"} if kind == "restored" else {}))
        assert (moved.status_code, moved.json["state"]) == (201, state), moved.text  # type: ignore[index]
    ticket, events, clocks = (vendor.get(where + part) for part in ("", "/events", "/clocks"))
    assert (ticket["state"], ticket["reporter"], ticket["handler"]) == ("已关闭", "刘药师", "vendor某")
    assert [event["kind"] for event in events["items"]] == ["reported", "responded", "restored", "confirmed"]
    assert {event["recorded_at"] for event in events["items"][1:]} == {"2026-11-20T18:20:00+08:00"}
    response = next(clock for clock in clocks["items"] if clock["clock"] == "response")
    assert (response["result"], response["active_seconds"], response["deadline"]) == (
        "met", 1200, "2026-11-20T19:00:00+08:00",
    )  # fmt: skip
    assert response["intervals"] == [
        {
            "start": "2026-11-20T18:00:00+08:00", "end": "2026-11-20T18:20:00+08:00", "counted": True,
            "why": "连续计时（自然时间）", "total_seconds": 1200,
        }
    ]  # fmt: skip


def test_no_answer_tells_the_vendor_a_note_of_the_hospital(house: House) -> None:
    vendor = house.caller("vendor")
    number = vendor.log()
    with house.console.write() as session:
        hospital = actor_of("hospital", "科长", "hospital")
        notes.note(session, number, "患者家属 13800001234 投诉乙方", hospital, house.console.now())
    for part in ("", "/events", "/clocks", "/attachments"):
        assert "投诉" not in vendor.ask("GET", f"/tickets/{number}{part}").text
    assert [event["kind"] for event in vendor.get(f"/tickets/{number}/events")["items"]] == ["reported"]


def test_a_late_answer_names_files_of_the_ticket_as_its_proof(house: House) -> None:
    vendor = house.caller("vendor")
    number = vendor.log()
    kept = house.console.files.keep_attachment(io.BytesIO(b"call list"), "a.txt")
    with house.console.write() as session:
        attachments.attach(session, number, kept, VENDOR, house.clock())
    house.clock.forward(hours=2)
    told = {"kind": "responded", "occurred_at": "2026-11-20T18:10:00+08:00"}

    for made_up, field in (("no hash", "evidence.0"), ("ab" * 32, "evidence")):
        refused = problem(vendor.post(f"/tickets/{number}/events", **told, evidence=[made_up]), 422)
        assert [fault["field"] for fault in refused["errors"]] == [field]
    assert vendor.post(f"/tickets/{number}/events", **told, evidence=[kept.digest]).status_code == 201

    answered = vendor.get(f"/tickets/{number}")["times"]["responded_at"]
    assert (answered["grade"], answered["evidence"], answered["voided"]) == ("C", [kept.digest], [])


def test_the_summary_counts_what_the_pages_count(house: House) -> None:
    caller = house.caller("auditor")
    late = log_ticket(house.console)
    house.clock.forward(hours=2)
    do(house.console, late, "responded")
    log_ticket(house.console)

    found = caller.get("/sla", **{"from": "2026-11", "to": "2026-11"})

    rows = {(row["clock"], row["class"]): row for row in found["items"]}
    counts = {name: rows["response", "off"][name] for name in ("total", "met", "breached", "running")}
    assert counts == {"total": 2, "met": 0, "breached": 1, "running": 1}
    before = caller.get("/sla", **{"from": "2026-11", "to": "2026-11", "as_of": "2026-11-20T18:30:00+08:00"})
    (row,) = [row for row in before["items"] if row["clock"] == "response"]
    assert (row["total"], row["running"], before["as_of"]) == (1, 1, "2026-11-20T18:30:00+08:00")
    assert before == caller.get("/sla", **{"from": "2026-11", "to": "2026-11", "as_of": "2026-11-20T10:30:00Z"})


def test_the_list_takes_the_filters_of_the_pages(house: House) -> None:
    caller = house.caller("vendor")
    faults = [caller.log(), caller.log(channel="QQ")]
    question = caller.log(type="咨询")
    do(house.console, question, "responded")
    asked: list[tuple[dict[str, Any], set[str]]] = [
        ({}, {*faults, question}),
        ({"type": "故障"}, set(faults)),
        ({"type": ["故障", "咨询"]}, {*faults, question}),
        ({"channel": "QQ"}, {faults[1]}),
        ({"state": "处理中"}, {question}),
        ({"open": "true", "month": "2026-11", "hour": "18"}, {*faults, question}),
        ({"month": "2026-10"}, set()),
        ({"breached": "true"}, set()),
        ({"clock": "response", "class": "off", "result": "running"}, set(faults)),
    ]
    for query, expected in asked:
        assert {row["number"] for row in caller.get("/tickets", **query)["items"]} == expected, query
    house.clock.forward(hours=3)
    assert {row["number"] for row in caller.get("/tickets", breached="true")["items"]} == set(faults)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing", 404),
        ("GET", "/tickets/GD-0", 404),
        ("GET", "/tickets/%00", 404),
        ("GET", "/tickets/%ED%A0%80/events", 404),
        ("GET", "/tickets/" + "9" * 41, 404),
        ("GET", "/tickets/..%2F..%2Fetc/clocks", 404),
        ("PUT", "/tickets", 405),
        ("DELETE", "/me", 405),
        ("GET", "/sla", 422),
        ("GET", "/sla?from=2026-11&to=2026-13", 422),
        ("GET", "/sla?from=2026-12&to=2026-11", 422),
        ("GET", "/sla?from=2026-11&to=2026-11&as_of=2026-11-20T18:00:00", 422),
        ("GET", "/sla?from=2026-11&to=2026-11&as_of=1790000000", 422),
        ("GET", "/sla?from=2026-11&to=2026-11&as_of=0001-01-01T00:00:00%2B14:00", 422),
        ("GET", "/sla?from=2024-01&to=2026-01&as_of=2026-11-20T18:00:00Z", 422),
        ("GET", "/tickets?limit=0", 422),
        ("GET", "/tickets?limit=201", 422),
        ("GET", "/tickets?limit=1e2", 422),
        ("GET", "/tickets?limit=1&limit=2", 422),
        ("GET", "/tickets?unknown=1", 422),
        ("GET", "/tickets?breached=1", 422),
        ("GET", "/tickets?type=%00", 422),
        ("GET", "/tickets?cursor=x", 422),
        ("GET", "/tickets?cursor=" + "a" * 201, 422),
        ("GET", "/tickets?hour=24", 422),
    ],
)
def test_every_fault_is_a_problem(both_house: House, method: str, path: str, status: int) -> None:
    answer = both_house.caller("vendor").ask(method, path)

    told = problem(answer, status)

    if status == 405:
        assert answer.headers["Allow"]
    if status == 422:
        assert told["errors"] and all(set(fault) == {"field", "detail"} for fault in told["errors"])


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{", "application/json", 400),
        (b"", "application/json", 400),
        (b"\xff", "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b"[]", "application/json", 422),
        (b"null", "application/json", 422),
        (b"{}", "text/plain", 415),
        (b"type=x", "application/x-www-form-urlencoded", 415),
        (b'{"title":"' + b"a" * (1 << 20) + b'"}', "application/json", 413),
    ],
)
def test_a_body_that_is_no_ticket_is_a_problem_and_logs_nothing(
    house: House, body: bytes, kind: str, status: int
) -> None:
    answer = house.caller("vendor").ask("POST", "/tickets", data=body, content_type=kind)
    problem(answer, status)
    assert house.count() == 0


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"type": "没有"}, "type"),
        ({"module": ""}, "module"),
        ({"channel": "传真"}, "channel"),
        ({"title": ""}, "title"),
        ({"title": "   "}, "title"),
        ({"title": "a" * 201}, "title"),
        ({"title": "a\x00b"}, "title"),
        ({"description": "a" * 4001}, "description"),
        ({"needs_onsite": "yes"}, "needs_onsite"),
        ({"title": 5}, "title"),
        ({"state": "已关闭"}, "state"),
        ({"side": "hospital"}, "side"),
        ({"carrier": "没有"}, "carrier"),
    ],
)
def test_the_field_to_blame_is_named(house: House, given: dict[str, Any], field: str) -> None:
    told = problem(house.caller("vendor").post("/tickets", **{**TICKET, **given}), 422)
    assert [fault["field"] for fault in told["errors"]] == [field]
    assert house.count() == 0


def test_a_text_at_its_limit_and_a_hostile_one_come_back_as_typed(house: House) -> None:
    caller = house.caller("vendor")
    for title in ("字" * 200, *HOSTILE):
        number = caller.log(title=title, description=title)
        ticket = caller.get(f"/tickets/{number}")
        assert (ticket["title"], ticket["description"]) == (title, title)


def test_faults_are_told_in_the_language_asked_for(house: House) -> None:
    caller = house.caller("vendor")
    chinese = caller.ask("GET", "/tickets/GD-0")
    english = caller.ask("GET", "/tickets/GD-0", headers={"Accept-Language": "en-GB, zh;q=0.5"})
    assert (chinese.headers["Content-Language"], english.headers["Content-Language"]) == ("zh-CN", "en")
    assert problem(chinese, 404)["detail"] == "没有编号为 GD-0 的工单。"
    assert "GD-0" in problem(english, 404)["detail"]
    assert "没有" not in problem(english, 404)["detail"]


def test_a_crash_tells_a_number_and_nothing_else(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_given: object, **_more: object) -> None:
        raise RuntimeError("the password is swordfish")

    monkeypatch.setattr("ops_console.services.tickets.view", broken)
    told = problem(house.caller("vendor").ask("GET", "/tickets/x"), 500)
    assert told["id"] in told["detail"]
    assert "swordfish" not in json.dumps(told)
    assert told["id"] in caplog.text


def test_nothing_is_saved_when_the_event_cannot_be(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    caller = house.caller("vendor")
    caller.get("/me")

    def broken(*_given: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("ops_console.store.audit.link", broken)
    problem(caller.post("/tickets", "key-1", **TICKET), 500)
    monkeypatch.undo()
    assert house.count() == 0
    assert caller.post("/tickets", "key-1", **TICKET).status_code == 201


@pytest.mark.parametrize("path", ["/me", "/docs", "/openapi.json", "/nothing", "/tickets/GD-0", "/sla"])
def test_every_answer_carries_the_headers_and_none_sets_a_cookie(house: House, path: str) -> None:
    for caller in (house.stranger(), house.caller("vendor")):
        headers = dict(caller.ask("GET", path).headers)
        assert HEADERS.items() <= headers.items()
        assert headers["Cache-Control"] == "no-store"
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert "Set-Cookie" not in headers
        assert "Access-Control-Allow-Origin" not in headers


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "[::2]", "["])
def test_another_host_is_refused(house: House, host: str) -> None:
    answer = house.caller("vendor").ask("GET", "/me", headers={"Host": host})
    problem(answer, 400)


def test_strangers_read_the_document_and_nothing_else(house: House) -> None:
    number = log_ticket(house.console, title="打不开了", reporter="刘药师")
    document = house.stranger().get("/openapi.json")
    for path, methods in document["paths"].items():
        for method in methods:
            answer = house.stranger().ask(method.upper(), path.replace("{number}", number), json=TICKET)
            assert "打不开了" not in problem(answer, 401)["detail"]
    shown = json.dumps(document, ensure_ascii=False) + house.stranger().ask("GET", "/docs").text
    for secret in ("打不开了", "刘药师", number, house.console.settings.terms.name, "门诊缴费"):
        assert secret not in shown
    assert house.count() == 1


@pytest.mark.parametrize("role", [role for role, (_, may) in ROLES.items() if "tokens.own" in may])
def test_each_role_does_by_token_what_it_may_and_no_more(house: House, role: str) -> None:
    _, permissions = ROLES[role]
    number = log_ticket(house.console)
    caller = house.caller(role)
    asked = {
        "tickets.read": caller.ask("GET", f"/tickets/{number}"),
        "reports.read": caller.ask("GET", "/sla?from=2026-11&to=2026-11"),
        "tickets.open": caller.post("/tickets", **TICKET),
        "tickets.record": caller.post(f"/tickets/{number}/events", kind="responded"),
    }
    for permission, answer in asked.items():
        assert (answer.status_code < 400) == (permission in permissions), (permission, answer.text)
        if permission not in permissions:
            problem(answer, 403)


def test_the_vendor_cannot_speak_for_the_hospital(house: House) -> None:
    vendor = house.caller("vendor")
    number = vendor.log(needs_onsite=True)
    for body in (
        {"kind": "confirmed"},
        {"kind": "cancelled", "reason": "x"},
        {"kind": "suspension_decided", "approved": True},
        {"kind": "onsite_decided", "needs_onsite": False},
    ):
        problem(vendor.post(f"/tickets/{number}/events", **body), 403)
    told = problem(vendor.post(f"/tickets/{number}/events", kind="responded", approved=True), 422)
    assert told["errors"][0]["field"] == "approved"
    assert [event["kind"] for event in vendor.get(f"/tickets/{number}/events")["items"]] == ["reported"]


def test_a_hospital_token_decides_only_with_the_scope_for_it(house: House) -> None:
    number = log_ticket(house.console)
    for kind in ("responded", "restored"):
        do(house.console, number, kind)
    plain = house.caller("hospital", "tickets:read", "tickets:write")
    assert "tickets:decide" in problem(plain.post(f"/tickets/{number}/events", kind="confirmed"), 403)["detail"]
    assert "confirmed" not in plain.get(f"/tickets/{number}")["possible"]
    full = house.caller("hospital")
    assert full.post(f"/tickets/{number}/events", kind="confirmed").json["state"] == "已关闭"  # type: ignore[index]


def test_pages_and_api_do_not_get_into_each_others_way(house: House) -> None:
    stranger = house.stranger()
    assert stranger.ask("GET", "/api/../tickets").status_code in (302, 404)
    assert stranger.ask("GET", "/apix").status_code == 404
    assert stranger.ask("GET", "/api/v1").status_code == 308
    assert stranger.ask("GET", "/api/v1/").headers["Location"] == "/api/v1/docs"
    token = {"Authorization": f"Bearer {house.token('vendor')}"}
    answer = Client(house.app).get("/tickets", base_url=ORIGIN, headers=token)
    assert answer.status_code == 302, "a token opens no page"
