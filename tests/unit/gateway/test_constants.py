"""The words are open: what nobody has heard of is a word too."""

from __future__ import annotations

import copy
import pickle
from concurrent.futures import ThreadPoolExecutor

import pytest

from foxtrot.gateway import Direction, Exchange, Interval, Status


def test_an_exchange_is_any_name_however_it_is_written() -> None:
    assert Exchange("SOMEWHERE") is Exchange.SOMEWHERE
    assert (Exchange.SOMEWHERE.value, Exchange.SOMEWHERE.name) == ("SOMEWHERE", "SOMEWHERE")
    assert Exchange.SOMEWHERE is not Exchange.ELSEWHERE


def test_a_word_that_nobody_has_heard_of_is_equal_to_itself_everywhere() -> None:
    word = Status("FROZEN")
    assert word is Status("FROZEN")
    assert pickle.loads(pickle.dumps(word)) is word
    assert copy.deepcopy(word) is word
    assert word not in (Status.REJECTED, Direction("FROZEN"))
    assert {Interval("5m"): 1}[Interval("5m")] == 1


def test_known_words_are_found_by_their_value() -> None:
    assert Interval("1m") is Interval.MINUTE
    assert Interval("d") is Interval.DAILY


def test_two_threads_that_invent_the_same_word_get_the_same_one() -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda number: Exchange(f"NEW{number // 8}"), range(8_000)))
    assert all(word is Exchange(word.value) for word in made)


def test_a_misspelt_name_of_a_closed_list_is_an_error_not_a_word() -> None:
    with pytest.raises(AttributeError):
        Direction.LNOG  # type: ignore[attr-defined]  # noqa: B018
    with pytest.raises(AttributeError, match="capitals"):
        Exchange.binance_us  # type: ignore[attr-defined]  # noqa: B018


@pytest.mark.parametrize("value", ["", None, 5])
def test_what_is_no_text_is_no_word(value: object) -> None:
    with pytest.raises(ValueError, match="Exchange"):
        Exchange(value)
