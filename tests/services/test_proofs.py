"""Files that prove something else than a ticket: added, the same again, void by its own side alone."""

from __future__ import annotations

import io

import pytest

from ops_console.console import Console
from ops_console.core.attachments import MOST_PER_TICKET, NewFile
from ops_console.core.errors import NotFound, Refused
from ops_console.core.people import Actor, actor_of
from ops_console.services import proofs
from ops_console.store import audit
from ops_console.store.proofs import ProofRow, of_subjects
from tests.conftest import HOSPITAL, VENDOR, FakeClock
from tests.services.test_attachments import aged, forget
from tests.services.test_tickets import at_once

AUDITOR = actor_of("auditor", "审计", "auditor")


def keep(console: Console, content: bytes = b"a scan", name: str = "确认单.txt") -> NewFile:
    return console.files.keep_attachment(io.BytesIO(content), name)


def attach(console: Console, file: NewFile, actor: Actor = VENDOR, code: str = "E9", of: str = "1") -> str:
    with console.write() as session:
        return proofs.attach(session, "contract", of, file, actor, console.now(), code=code)


def void(console: Console, made: int, reason: str = "传错了", actor: Actor = VENDOR) -> None:
    with console.write() as session:
        proofs.void(session, made, reason, actor, console.now())


def shown(console: Console, actor: Actor = HOSPITAL, of: str = "1") -> list[ProofRow]:
    with console.read() as session:
        return list(proofs.of(session, "contract", of, actor))


def events(console: Console) -> list[tuple[str, dict[str, object]]]:
    with console.read() as session:
        assert audit.first_broken(session) is None
        found = audit.about(session, "contract")
        return [(event.kind, dict(event.facts)) for _seq, _id, event in reversed(found) if "proof" in event.facts]


def test_a_file_hangs_on_its_subject_with_what_it_proves(console: Console, clock: FakeClock) -> None:
    file = keep(console)
    assert attach(console, file) == file.digest
    (row,) = shown(console)
    assert (row.digest, row.name, row.code, row.side) == (file.digest, "确认单.txt", "E9", "vendor")
    assert (row.recorded_by, row.recorded_at, row.voided_at) == ("vendor", clock.at, None)
    ((kind, facts),) = events(console)
    assert kind == "attached"
    assert facts == {"proof": row.id, "digest": file.digest, "size": 6, "kind": "text", "code": "E9"}
    assert shown(console, of="2") == []


def test_the_same_file_twice_is_one_proof(console: Console) -> None:
    attach(console, keep(console))
    attach(console, keep(console, name="又一次.txt"), HOSPITAL)
    assert len(shown(console)) == len(events(console)) == 1


def test_the_same_file_at_once_is_one_proof(console: Console) -> None:
    file = keep(console)
    found = at_once(*[lambda: attach(console, file)] * 3)
    assert found == [file.digest] * 3
    assert len(shown(console)) == len(events(console)) == 1


def test_the_same_file_proves_another_subject_as_well(console: Console) -> None:
    for of in ("1", "2"):
        attach(console, keep(console), of=of)
    with console.read() as session:
        assert {key: len(rows) for key, rows in of_subjects(session, "contract", ["1", "2", "3"]).items()} == {
            "1": 1, "2": 1,
        }  # fmt: skip


def test_a_void_file_stays_to_be_seen_with_the_reason_and_counts_no_more(console: Console, clock: FakeClock) -> None:
    attach(console, keep(console))
    clock.forward(hours=1)
    void(console, shown(console)[0].id)
    (row,) = shown(console)
    assert (row.voided_at, row.void_reason) == (clock.at, "传错了")
    with console.read() as session:
        assert of_subjects(session, "contract", ["1"]) == {}
    assert events(console)[-1] == ("attachment_voided", {"proof": row.id, "digest": row.digest})


def test_after_it_was_voided_the_same_file_may_be_added_anew(console: Console) -> None:
    attach(console, keep(console))
    void(console, shown(console)[0].id)
    attach(console, keep(console))
    assert [row.voided_at is None for row in shown(console)] == [False, True]


def test_only_the_side_that_added_it_voids_it(console: Console) -> None:
    attach(console, keep(console))
    with pytest.raises(Refused, match="对方添加"):
        void(console, shown(console)[0].id, actor=HOSPITAL)
    assert shown(console)[0].voided_at is None


def test_voiding_twice_keeps_the_first_reason(console: Console) -> None:
    attach(console, keep(console))
    made = shown(console)[0].id
    void(console, made)
    void(console, made, "又一个原因")
    assert shown(console)[0].void_reason == "传错了"
    assert len(events(console)) == 2


@pytest.mark.parametrize("reason", ["", " ", "\x07", "长" * 501])
def test_a_reason_is_asked(console: Console, reason: str) -> None:
    attach(console, keep(console))
    with pytest.raises(Refused):
        void(console, shown(console)[0].id, reason)


def test_who_may_add_no_files_adds_and_voids_none(console: Console) -> None:
    attach(console, keep(console))
    with pytest.raises(Refused, match="没有这项权限"):
        attach(console, keep(console, b"other"), AUDITOR)
    with pytest.raises(Refused, match="没有这项权限"):
        void(console, shown(console)[0].id, actor=AUDITOR)
    assert len(shown(console, AUDITOR)) == 1


@pytest.mark.parametrize("code", ["E0", "E16", "e9", "凭证"])
def test_an_unknown_kind_of_evidence_is_refused_at_its_field(console: Console, code: str) -> None:
    with pytest.raises(Refused, match="凭证的种类") as refused:
        attach(console, keep(console), code=code)
    assert refused.value.field == "code"


def test_there_is_a_most_that_hangs_on_one_subject(console: Console) -> None:
    with console.write() as session:
        for number in range(MOST_PER_TICKET):
            file = NewFile(f"{number:064x}", 1, "a.txt", "text")
            proofs.attach(session, "contract", "1", file, VENDOR, console.now())
    with pytest.raises(Refused, match="200"):
        attach(console, keep(console))


def test_there_is_no_such_file(console: Console) -> None:
    with console.read() as session, pytest.raises(NotFound):
        proofs.find(session, 9, HOSPITAL)
    with pytest.raises(NotFound):
        void(console, 9)


def test_personal_data_in_names_and_reasons_is_masked(console: Console) -> None:
    attach(console, keep(console, name="13800138000.txt"))
    void(console, shown(console)[0].id, "写了 13800138000")
    (row,) = shown(console)
    assert "13800138000" not in row.name + row.void_reason


def test_a_file_that_proves_something_is_not_swept_from_the_disk(console: Console) -> None:
    kept, voided, gone = (keep(console, content) for content in (b"kept", b"void", b"of a refused act"))
    attach(console, kept)
    attach(console, voided)
    void(console, shown(console)[1].id)
    for file in (kept, voided, gone):
        aged(console, file, 400)
    assert forget(console) == 1
    assert console.files.attachment(voided.digest).exists()
