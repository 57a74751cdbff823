"""Each wire struct reads the payload that its docstring shows."""

from __future__ import annotations

import inspect
import json
import re
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from foxtrot_binance import messages as wire

STRUCTS = [
    struct
    for _, struct in inspect.getmembers(wire, inspect.isclass)
    if issubclass(struct, msgspec.Struct) and struct is not wire.Money
]


def payloads(doc: str) -> list[str]:
    """Return the payloads of a docstring's first paragraph: joined lines, alternatives after "or"."""
    return re.split(r"\s+or\s+(?=\{)", re.sub(r"\s*\n\s*", "", doc.split("\n\n")[0]).replace("or{", "or {"))


@pytest.mark.parametrize("struct", STRUCTS, ids=lambda s: s.__name__)
def test_a_struct_reads_every_value_of_the_payload_in_its_docstring(struct: type[msgspec.Struct]) -> None:
    for text in payloads(struct.__doc__ or ""):
        payload = json.loads(text)
        decoded = msgspec.json.decode(text, type=struct, strict=False)
        names = zip(struct.__struct_fields__, struct.__struct_encode_fields__, strict=True)
        read = {sent: getattr(decoded, ours) for ours, sent in names}
        sent = dict(zip(read, payload, strict=False)) if isinstance(payload, list) else payload
        shared = read.keys() & sent.keys()
        assert shared
        for name in shared:
            assert same(read[name], sent[name]), name


def same(read: Any, sent: Any) -> bool:
    if isinstance(read, Decimal):
        return f"{read:f}" == sent
    if isinstance(read, float):
        return read == float(sent)
    if isinstance(read, msgspec.Raw):
        return bool(json.loads(bytes(read)) == sent)
    if isinstance(read, msgspec.Struct):
        return isinstance(sent, dict)  # its own docstring is read by its own test
    if isinstance(read, list):
        return len(read) == len(sent)
    return bool(read == sent)


@pytest.mark.parametrize("amount", ["NaN", "Infinity", "-Infinity", "sNaN"])
def test_money_that_is_no_number_is_unreadable(amount: str) -> None:
    body = json.dumps({"asset": "BTC", "free": amount, "locked": "0"})
    with pytest.raises(msgspec.ValidationError, match="free"):
        msgspec.json.decode(body, type=wire.BalanceInfo)


@pytest.mark.parametrize("price", ["nan", "inf", "-1", "1e301"])
def test_a_price_that_is_no_amount_is_unreadable(price: str) -> None:
    body = json.dumps({"u": 1, "s": "BTCUSDT", "b": price, "B": "1", "a": "2", "A": "1"})
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(body, type=wire.StreamQuote, strict=False)


def test_fields_from_the_future_are_tolerated() -> None:
    body = '{"asset":"BTC","free":"1.10","locked":"0","staked":"5","nested":{"a":[1]}}'
    assert str(msgspec.json.decode(body, type=wire.BalanceInfo).free) == "1.10"
