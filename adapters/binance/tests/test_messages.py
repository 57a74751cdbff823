"""Each wire struct reads the payload that its docstring shows."""

from __future__ import annotations

import json

import msgspec
import pytest

from foxtrot.testkit.payloads import check_payload, structs_of
from foxtrot_binance import messages
from foxtrot_binance.messages.orders import BalanceInfo
from foxtrot_binance.messages.streams import StreamQuote


@pytest.mark.parametrize("struct", structs_of(messages), ids=lambda s: s.__name__)
def test_a_struct_reads_every_value_of_the_payload_in_its_docstring(struct: type[msgspec.Struct]) -> None:
    assert check_payload(struct) == []
    assert '"' in (struct.__doc__ or "")


@pytest.mark.parametrize("amount", ["NaN", "Infinity", "-Infinity", "sNaN"])
def test_money_that_is_no_number_is_unreadable(amount: str) -> None:
    body = json.dumps({"asset": "BTC", "free": amount, "locked": "0"})
    with pytest.raises(msgspec.ValidationError, match="free"):
        msgspec.json.decode(body, type=BalanceInfo)


@pytest.mark.parametrize("price", ["nan", "inf", "-1", "1e301"])
def test_a_price_that_is_no_amount_is_unreadable(price: str) -> None:
    body = json.dumps({"u": 1, "s": "BTCUSDT", "b": price, "B": "1", "a": "2", "A": "1"})
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(body, type=StreamQuote, strict=False)


def test_fields_from_the_future_are_tolerated() -> None:
    body = '{"asset":"BTC","free":"1.10","locked":"0","staked":"5","nested":{"a":[1]}}'
    assert str(msgspec.json.decode(body, type=BalanceInfo).free) == "1.10"
