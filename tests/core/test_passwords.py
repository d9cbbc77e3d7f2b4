"""Which passwords pass, by both presets."""

from __future__ import annotations

import pytest

from ops_console.core.errors import Refused
from ops_console.core.passwords import CLASSES, LONGEST, READABLE, check_password


def refusal(password: str, rules: str = "gb22239", own: tuple[str, ...] = ()) -> str:
    with pytest.raises(Refused) as caught:
        check_password(password, rules, own)
    assert caught.value.field == "new_password"
    return str(caught.value.sentence)


@pytest.mark.parametrize(
    "password", ["Yellow-tram-42", "Yellowtram42", "yellow-tram-42", "YELLOW tram !", "黄色电车 Ab 42 走过"]
)
def test_three_of_four_kinds_of_character_pass(password: str) -> None:
    check_password(password, "gb22239", ("yf", "杨帆"))


@pytest.mark.parametrize("password", ["yellowtramcar", "yellow-tram-car", "823471902345", "YELLOWTRAM42"])
def test_fewer_kinds_are_refused_by_gb22239_and_not_by_asvs(password: str) -> None:
    assert "至少三类" in refusal(password)
    check_password(password, "asvs")


@pytest.mark.parametrize("rules", ["gb22239", "asvs"])
def test_length_is_bounded_at_both_ends(rules: str) -> None:
    assert refusal("Yellow-tr-4", rules) == "新密码至少 12 个字符。"
    check_password("Yellow-tr-42", rules)
    check_password(("Yellow-tram-42" * 10)[:LONGEST], rules)
    assert refusal(("Yellow-tram-42" * 10)[: LONGEST + 1], rules) == "新密码最多 128 个字符。"


@pytest.mark.parametrize("rules", ["gb22239", "asvs"])
@pytest.mark.parametrize(
    "password", ["Aa1!Aa1!Aa1!", "Password1234!", "Admin-123456", "Hospital@2026", "aaaaaaaaaaaaA1", "Qwerty123456!"]
)
def test_what_is_easily_guessed_is_refused_by_both(password: str, rules: str) -> None:
    assert "太容易猜到" in refusal(password, rules)


def test_words_of_the_owner_count_as_guessable_whatever_their_case() -> None:
    assert "太容易猜到" in refusal("WangXiaoming-1", own=("wangxiaoming",))
    check_password("WangXiaoming-1", "gb22239", ("zhang",))


def test_an_owner_s_word_of_two_letters_is_no_reason_to_refuse() -> None:
    check_password("yfyfYellow-42", "gb22239", ("yf",))


def test_one_time_passwords_use_no_characters_that_are_misread() -> None:
    assert not set(READABLE) & set("0O1lIi")
    assert len(CLASSES) == 4
