"""A venue's words are read by table, and a word that is in none never ends an order."""

from __future__ import annotations

import pytest

from foxtrot.model.order import OrderStatus, Side
from foxtrot.protocol.words import States, Words

SIDES = Words({Side.BUY: ("buy", "bid", "b"), Side.SELL: ("sell",)})
STATES = States({OrderStatus.OPEN: ("new", "live"), OrderStatus.CANCELED: ("gone",)})


def test_each_word_means_one_thing_and_the_first_of_a_meaning_is_sent() -> None:
    assert dict(SIDES) == {"buy": Side.BUY, "bid": Side.BUY, "b": Side.BUY, "sell": Side.SELL}
    assert SIDES.sent == {Side.BUY: "buy", Side.SELL: "sell"}
    assert SIDES.get("BUY") is None  # words are the venue's, letter by letter


def test_listed_states_are_read_without_a_reason() -> None:
    assert STATES.read("live") == (OrderStatus.OPEN, "")
    assert STATES.read("gone") == (OrderStatus.CANCELED, "")


@pytest.mark.parametrize("word", ["", "canceled", "open", "LIVE"])
def test_a_state_that_is_not_listed_is_in_doubt_and_named(word: str) -> None:
    assert STATES.read(word) == (OrderStatus.IN_DOUBT, f"the venue reports the unknown status {word!r}")
