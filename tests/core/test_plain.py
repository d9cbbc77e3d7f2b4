"""Frozen dataclasses as plain values and back: what is left out, what is an error, which subclass a kind means."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, ClassVar

import pytest

from ops_console.core.contracts import Clause, StandingDuty, Task, YearlyCap
from ops_console.core.plain import made, plain


@dataclass(frozen=True)
class Part:
    """Something inside a Whole."""

    id: str
    n: int = 1


@dataclass(frozen=True)
class Whole:
    """One of each kind of field."""

    name: str
    day: date
    at: datetime | None = None
    parts: tuple[Part, ...] = ()
    pairs: tuple[tuple[str, int], ...] = ()
    on: bool = False
    always: int = field(default=5, metadata={"always": True})
    made_up: tuple[str, ...] = field(default_factory=tuple)


@dataclass(frozen=True)
class Animal:
    """Of two kinds."""

    name: str
    kind: str = field(default="", init=False)
    KINDS: ClassVar[dict[str, type[Animal]]] = {}


@dataclass(frozen=True)
class Cat(Animal):
    """One of them."""

    lives: int = 9
    kind: str = field(default="cat", init=False)


Animal.KINDS["cat"] = Cat
DAY = date(2026, 2, 28)


def test_what_has_its_default_is_left_out_unless_it_was_always_written() -> None:
    assert plain(Whole("a", DAY)) == {"name": "a", "day": "2026-02-28", "always": 5}


def test_a_field_added_later_changes_no_stored_value() -> None:
    assert plain(Part("x")) == {"id": "x"}
    assert made(Part, {"id": "x"}) == Part("x", 1)


def test_what_was_written_is_made_again_as_it_was() -> None:
    whole = Whole(
        "a", DAY, datetime(2026, 3, 1, 1, 2, 3, tzinfo=UTC), (Part("x", 2), Part("y")), (("p", 1), ("q", 0)), True, 6,
        ("m",),
    )  # fmt: skip
    assert made(Whole, plain(whole)) == whole


def test_a_kind_is_written_always_and_names_the_class_to_make() -> None:
    assert plain(Cat("Tom")) == {"name": "Tom", "kind": "cat"}
    assert made(Animal, {"name": "Tom", "kind": "cat"}) == Cat("Tom")
    assert type(made(Animal, {"name": "Tom", "kind": "cat", "lives": 3})) is Cat


@pytest.mark.parametrize(
    ("kind", "raw", "told"),
    [
        (Part, {"id": "x", "m": 1}, "Part.m"),
        (Part, {"id": 5}, "Part.id: 5"),
        (Part, {"id": "x", "n": "1"}, "Part.n"),
        (Part, {"id": "x", "n": True}, "Part.n"),
        (Part, {}, "id"),
        (Part, ["x"], "Part"),
        (Whole, {"name": "a", "day": "28.2.2026"}, "Whole.day"),
        (Whole, {"name": "a", "day": 5}, "Whole.day"),
        (Whole, {"name": "a", "day": "2026-02-29"}, "Whole.day"),
        (Whole, {"name": "a", "day": "2026-02-28", "parts": "x"}, "Whole.parts"),
        (Whole, {"name": "a", "day": "2026-02-28", "parts": [{"id": 1}]}, r"Whole.parts\[0\].id"),
        (Whole, {"name": "a", "day": "2026-02-28", "pairs": [["p", 1, 2]]}, "argument"),
        (Animal, {"name": "Rex", "kind": "dog"}, "Animal.kind: 'dog'"),
        (Animal, {"name": "Rex"}, "Animal.kind"),
    ],
)
def test_what_does_not_fit_is_refused_by_its_place(kind: type, raw: Any, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        made(kind, raw)


@pytest.mark.parametrize("value", [1.5, (1, 2.0), {"a": 0.1}])
def test_no_float_is_ever_written(value: object) -> None:
    with pytest.raises(ValueError, match="floats"):
        plain(value)


def test_no_naive_time_is_ever_written() -> None:
    with pytest.raises(ValueError, match="naive"):
        plain(Whole("a", DAY, datetime.fromisoformat("2026-01-01T00:00")))


def test_a_clause_keeps_its_kind_and_its_tasks() -> None:
    cap = YearlyCap(
        id="C-12", section="二.1.⑤", key="现场诊断", text="每年不超过4次", bound="hospital", basis="合同", rule="4",
        signs="信息科长", limit=4, tasks=(Task("t", "走访", "合同", period="year"),),
    )  # fmt: skip
    told = plain(cap)
    assert told["kind"] == "cap"
    assert "agreement_first" not in told
    assert made(Clause, told) == cap


def test_a_field_of_another_kind_of_clause_is_refused() -> None:
    duty = StandingDuty(
        id="C-07",
        section="二.1.①",
        key="咨询",
        text="电话咨询解答",
        bound="vendor",
        basis="合同",
        rule="受理",
        signs="",
    )
    with pytest.raises(ValueError, match=r"Clause\.limit"):
        made(Clause, {**plain(duty), "limit": 4})
