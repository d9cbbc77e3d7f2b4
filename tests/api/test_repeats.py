"""Idempotency-Key: a repeated request, a concurrent double and a crash never make two tickets."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from sqlalchemy import func, select

from ops_console.console import PROJECT
from ops_console.services import repeats
from ops_console.store.repeats import RepeatRow
from tests.api.conftest import TICKET, House, problem


def kept(house: House) -> int:
    with house.console.read() as session:
        return session.scalar(select(func.count()).select_from(RepeatRow)) or 0


def test_a_repeat_is_answered_alike_and_does_nothing(both_house: House) -> None:
    caller = both_house.caller("vendor")

    first, second = (caller.post("/tickets", "key-1", **TICKET) for _ in range(2))

    assert (first.status_code, first.text, first.headers["Location"]) == (
        second.status_code, second.text, second.headers["Location"],
    )  # fmt: skip
    assert (first.headers.get("Idempotent-Replayed"), second.headers["Idempotent-Replayed"]) == (None, "true")
    assert both_house.count() == 1


def test_the_same_key_for_another_body_is_refused(both_house: House) -> None:
    caller = both_house.caller("vendor")
    caller.post("/tickets", "key-1", **TICKET)

    told = problem(caller.post("/tickets", "key-1", **{**TICKET, "title": "别的"}), 422)

    assert told["errors"][0]["field"] == "Idempotency-Key"
    assert both_house.count() == 1


def test_a_key_is_the_tokens_and_the_routes_own(house: House) -> None:
    mine, colleague, other = house.caller("vendor"), house.caller("vendor"), house.caller("hospital")
    numbers = {c.post("/tickets", "same", **TICKET).json["number"] for c in (mine, colleague, other)}  # type: ignore[index]
    assert len(numbers) == house.count() == 3
    (number, *_) = sorted(numbers)
    assert mine.post(f"/tickets/{number}/events", "same", kind="responded").status_code == 201
    again = mine.post(f"/tickets/{number}/events", "same", kind="responded")
    assert again.status_code == 201, "the kept answer, not a second response"


def test_a_refusal_is_not_kept(house: House) -> None:
    caller = house.caller("vendor")
    problem(caller.post("/tickets", "key-1", **{**TICKET, "module": "没有的"}), 422)
    assert kept(house) == 0
    assert caller.post("/tickets", "key-1", **TICKET).status_code == 201


def test_an_answer_is_kept_for_a_day(house: House) -> None:
    caller = house.caller("vendor")
    caller.post("/tickets", "key-1", **TICKET)
    house.clock.forward(hours=24, seconds=-1)
    caller.post("/tickets", "key-1", **TICKET)
    assert house.count() == 1
    house.clock.forward(seconds=1)
    caller.post("/tickets", "key-1", **TICKET)
    assert house.count() == 2
    with house.console.write() as session:
        repeats.tidy(session, house.clock() + timedelta(hours=24))
    assert kept(house) == 0


def test_what_is_kept_holds_nothing_that_a_person_typed(house: House) -> None:
    house.caller("vendor").post("/tickets", "key-1", **TICKET, reporter="刘药师", phone="13800000000")
    with house.console.read() as session:
        (row,) = session.scalars(select(RepeatRow)).all()
    assert "刘药师" not in row.answer
    assert "打不开" not in row.answer
    assert "13800000000" not in row.answer


@pytest.mark.parametrize("key", ["", "a" * 201, "有汉字", "a b"])
def test_a_key_of_another_shape_is_refused(house: House, key: str) -> None:
    answer = house.caller("vendor").ask(
        "POST", "/tickets", json=TICKET, headers={"Idempotency-Key": key.encode().decode("latin-1")}
    )
    problem(answer, 422)
    assert house.count() == 0


def test_of_a_request_sent_many_times_at_once_one_is_done(both_house: House) -> None:
    caller, together = both_house.caller("vendor"), Barrier(8)

    def send(_n: int) -> tuple[int, str]:
        together.wait()
        answer = caller.post("/tickets", "key-1", **TICKET)
        return answer.status_code, answer.text

    for _round in range(3):
        with ThreadPoolExecutor(8) as pool:
            answers = set(pool.map(send, range(8)))
        assert len(answers) == 1, answers
        assert both_house.count() == 1


KILLED = """
import os, signal, sys
from pathlib import Path
from sqlalchemy import event
from tests.api.conftest import ORIGIN, TICKET
from tests.conftest import FakeClock, make_console
from ops_console.main import application
from ops_console.store import repeats
from werkzeug.test import Client

folder, url, token, moment = sys.argv[1:]
console = make_console(Path(folder), FakeClock(), url)
die = lambda *_a, **_k: os.kill(os.getpid(), signal.SIGKILL)
if moment == "after the ticket":
    repeats.keep = die
if moment == "before the commit":
    event.listen(console.database.engine, "commit", die)
if moment == "after the commit":
    event.listen(console.database.writing, "after_commit", die)
headers = {"Authorization": "Bearer " + token, "Idempotency-Key": "key-1"}
Client(application(console)).post("/api/v1/tickets", json=TICKET, base_url=ORIGIN, headers=headers)
"""


@pytest.mark.parametrize("moment", ["after the ticket", "before the commit", "after the commit"])
def test_killed_in_the_middle_and_asked_again_there_is_one_ticket(
    both_house: House, moment: str, migrated_url: str
) -> None:
    caller = both_house.caller("vendor")
    caller.get("/me")  # the last use is written: the first transaction of the other process is the ticket's
    folder = both_house.console.settings.data_folder
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(folder), migrated_url, caller.token, moment], cwd=PROJECT,
        env={**os.environ, "PYTHONPATH": str(PROJECT)}, capture_output=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    assert both_house.count() == kept(both_house) == (1 if moment == "after the commit" else 0)

    answers = [caller.post("/tickets", "key-1", **TICKET) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [201, 201]
    assert both_house.count() == kept(both_house) == 1
