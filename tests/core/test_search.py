"""What a search compares, the pieces that stand for a word, and hits found again in the text as typed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops_console.core.errors import Refused
from ops_console.core.search import (
    HIT_LIMIT,
    LONGEST,
    MOST_WORDS,
    Passage,
    comparable,
    marked,
    passage,
    pieces_of,
    place_of,
    query_of,
    shown,
    spans,
    text_of,
)
from ops_console.core.ticket_folds import fold
from ops_console.core.tickets import REPORTED, Event

AT = datetime(2026, 3, 5, 1, 12, tzinfo=UTC)
FEW_CHARACTERS = st.text("卡纸机打印 aA1-.Ｈ\n\"'%_\\é", max_size=12)


@pytest.mark.parametrize(
    ("typed", "compared"),
    [
        ("ＨＩＳ　未到账", "his 未到账"),
        ("M－02", "m-02"),
        ("㎡ ①", "m2 1"),
        ("İ", "i̇"),
        ("a\x00b\x1fc", "a b c"),
        ("\ud800x", " x"),
        ("\ue02d", " "),
    ],
)
def test_wide_and_narrow_upper_and_lower_case_are_the_same(typed: str, compared: str) -> None:
    assert comparable(typed) == compared


@given(st.lists(FEW_CHARACTERS, max_size=4), FEW_CHARACTERS)
def test_a_text_that_holds_a_word_has_all_its_pieces(texts: list[str], typed: str) -> None:
    try:
        query = query_of(typed)
    except Refused:
        return
    text = "\n".join(comparable(one) for one in texts)
    if all(word in text for word in query.words):
        assert set(query.pieces) <= set(pieces_of(text))


@given(st.lists(FEW_CHARACTERS, max_size=4), FEW_CHARACTERS)
def test_a_text_that_has_the_pieces_holds_the_words_that_are_not_unsure(texts: list[str], typed: str) -> None:
    try:
        query = query_of(typed)
    except Refused:
        return
    text = "\n".join(comparable(one) for one in texts)
    if set(query.pieces) <= set(pieces_of(text)):
        assert all(word in text for word in query.words if word not in query.unsure)


@given(st.text(max_size=60))
def test_pieces_are_letters_and_digits_to_every_tokenizer(text: str) -> None:
    for piece in pieces_of(comparable(text)):
        assert piece == piece.strip()
        assert piece != ""
        assert all(ord(c) > 127 or (c.isalnum() and not c.isupper()) for c in piece)


def test_two_digits_alone_do_not_stand_for_a_number() -> None:
    assert query_of("0305-00014").pieces == ("030", "305", "05\ue02d", "5\ue02d0", "\ue02d00", "000", "001", "014")
    assert query_of("卡纸").pieces == ("卡纸",)
    assert query_of("纸").pieces == ("纸",)
    assert query_of("未ab").pieces == ("未a", "ab")


def test_one_piece_is_sure_and_several_are_not() -> None:
    assert query_of("卡纸 pc 纸 his").unsure == ()
    assert query_of("打印机 M-02").unsure == ("打印机", "m-02")


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("", "请输入要找的词"),
        (" \t　", "请输入要找的词"),
        ("-", "只有标点"),
        ("。，", "只有标点"),
        ("% _ '", "只有标点"),
    ],
)
def test_what_cannot_be_looked_for_is_refused_with_advice(typed: str, told: str) -> None:
    with pytest.raises(Refused, match=told) as refused:
        query_of(typed)
    assert refused.value.field == "q"


def test_the_longest_query_is_taken_and_one_character_more_is_not() -> None:
    assert query_of("卡" * LONGEST).words == ("卡" * LONGEST,)
    with pytest.raises(Refused, match=str(LONGEST + 1)):
        query_of("卡" * (LONGEST + 1))
    assert len(query_of(" ".join(map(str, range(MOST_WORDS)))).words) == MOST_WORDS
    with pytest.raises(Refused, match=str(MOST_WORDS)):
        query_of(" ".join(map(str, range(MOST_WORDS + 1))))


def test_places_stand_in_the_order_of_reports_and_then_of_ids() -> None:
    most = 2**31 - 1
    places = [
        place_of(most, datetime(1960, 1, 1, tzinfo=UTC)), place_of(7, AT), place_of(8, AT), place_of(most, AT),
        place_of(1, AT + timedelta(seconds=1)), place_of(most, datetime(2100, 1, 1, tzinfo=UTC)),
    ]  # fmt: skip
    assert places == sorted(places)
    assert [place & most for place in places] == [most, 7, 8, most, 1, most]
    assert max(places) < 2**63


def test_the_text_of_a_ticket_has_every_field_but_the_phone() -> None:
    told = {"title": "T", "reporter": "R", "phone": "13800001111", "description": "D：\n二", "process": "P"}
    event = Event(
        REPORTED, AT, AT, "x", "vendor", "电话", personal=told,
        facts={"type": "故障", "module": "M", "department": "W", "carrier": "C"},
    )  # fmt: skip
    facts = fold("GD-1", [event])
    assert facts is not None
    made = text_of(facts)
    assert made.comparable.split("\n") == ["gd-1", "t", "w", "r", "m", "c", "", "d: 二", "p"]
    assert (made.description, made.process) == ("D：\n二", "P")


@given(FEW_CHARACTERS, FEW_CHARACTERS)
def test_every_hit_is_marked_where_it_stands(text: str, typed: str) -> None:
    try:
        words = query_of(typed).words
    except Refused:
        return
    found = spans(text, words)
    assert found == sorted(found)
    assert all(end <= start for (_, end), (start, _) in zip(found, found[1:], strict=False))
    assert bool(found) == any(word in comparable(text) for word in words)
    assert "".join(run for run, _ in marked(text, words).runs) == text


def test_a_hit_is_marked_as_it_was_typed() -> None:
    assert marked("挂号ＨＩＳ未到账", ("his未",)).runs == (("挂号", False), ("ＨＩＳ未", True), ("到账", False))
    assert marked("啊啊啊", ("啊啊",)).runs == (("啊啊啊", True),)
    assert marked("abc", ("x",)).runs == (("abc", False),)


def test_a_passage_is_about_its_first_hit_and_says_where_it_was_cut() -> None:
    text = "前" * 100 + "卡纸" + "后" * 100
    runs = passage(text, ("卡纸",), around=5).runs
    assert runs == (("…", False), ("前" * 5, False), ("卡纸", True), ("后" * 15, False), ("…", False))
    assert passage("卡纸", ("卡纸",)).runs == (("卡纸", True),)
    assert passage(text, ("没有",)) == Passage(())


def test_the_first_field_with_a_hit_is_shown() -> None:
    fields = {"description": "打不开", "process": "换了打印机"}
    assert shown(fields, ("打印机",))[0] == "process"
    assert shown(fields, ("打",))[0] == "description"
    assert shown(fields, ("x",)) == ("", Passage(()))


def test_a_list_of_hits_turns_whole_pages() -> None:
    assert HIT_LIMIT % 50 == HIT_LIMIT % 20 == 0


@given(st.text(max_size=30))
def test_the_quick_way_to_compare_gives_what_characters_one_by_one_give(text: str) -> None:
    assert comparable(text) == "".join(comparable(character) for character in text)
