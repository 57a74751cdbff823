"""Whatever comes over the wire, no codec raises: it is read, or kept as unknown."""

from __future__ import annotations

import contextlib
import itertools
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foxtrot.errors import FoxtrotError
from foxtrot.model.events import Event
from foxtrot.protocol.calls import RawResponse
from foxtrot.protocol.messages import Message
from foxtrot.protocol.symbols import SymbolTable
from foxtrot_kraken.codec.rest import KrakenRestCodec
from foxtrot_kraken.codec.rpc import KrakenRpcCodec
from foxtrot_kraken.codec.stream import KrakenStreamCodec
from foxtrot_kraken.codec.user import UserReader
from foxtrot_kraken.mapping import Names, to_contracts
from foxtrot_kraken.messages.market import PairInfo

NAMES, SYMBOLS = Names(), SymbolTable("kraken")
SYMBOLS.load(
    to_contracts({"XXBTZUSD": PairInfo("XBTUSD", "XXBT", "ZUSD", "XBT/USD", 5, 1, 8, status="online")}, "kraken", NAMES)
)
CONTRACT = SYMBOLS.contract("BTC/USD")
REST = KrakenRestCodec("kraken", SYMBOLS, NAMES, itertools.count(1).__next__, lambda: 0, tier="pro")
odd = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=5),
    st.just([]), st.just({}),
)  # fmt: skip


def entry(*fields: tuple[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Return entries whose fields are right, odd, or missing."""
    return st.fixed_dictionaries({}, optional={name: st.one_of(st.just(right), odd) for name, right in fields})


LEVELS = [{"price": 5.0, "qty": 1.0}]
AT = "2026-01-01T00:00:00.000000Z"
PUBLIC = entry(
    ("symbol", "BTC/USD"), ("bid", 1.0), ("bid_qty", 1.0), ("ask", 2.0), ("ask_qty", 1.0), ("last", 1.5),
    ("volume", 5.0), ("vwap", 1.5), ("low", 1.0), ("high", 2.0), ("change", 0.5), ("change_pct", 0.1),
    ("side", "buy"), ("price", 5.0), ("qty", 1.0), ("trade_id", 5), ("timestamp", AT), ("bids", LEVELS),
    ("asks", LEVELS), ("checksum", 5), ("open", 1.0), ("close", 1.0), ("trades", 5), ("interval_begin", AT),
    ("interval", 1), ("system", "online"),
)  # fmt: skip
PRIVATE = entry(
    ("order_id", "O"), ("order_status", "new"), ("exec_type", "trade"), ("timestamp", AT), ("cl_ord_id", "mine"),
    ("symbol", "BTC/USD"), ("side", "buy"), ("order_type", "limit"), ("order_qty", 1.5), ("limit_price", 5.0),
    ("triggers", {"price": 5.0, "price_type": "static"}), ("cum_qty", 0.5), ("cum_cost", 2.5), ("exec_id", "T"),
    ("last_qty", 0.5), ("last_price", 5.0), ("cost", 2.5), ("fees", [{"asset": "USD", "qty": 0.1}]),
    ("asset", "USD"), ("amount", -1.0),
)  # fmt: skip
CHANNELS = ["ticker", "trade", "book", "ohlc", "status", "heartbeat", "executions", "balances", "level3"]


def frames(entries: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[bytes]:
    made = st.fixed_dictionaries(
        {},
        optional={
            "channel": st.one_of(st.sampled_from(CHANNELS), odd),
            "type": st.one_of(st.sampled_from(["snapshot", "update"]), odd),
            "data": st.one_of(st.lists(entries, max_size=3), odd),
            "sequence": odd,
            "method": st.one_of(st.sampled_from(["subscribe", "add_order", "pong"]), odd),
            "req_id": odd,
            "success": odd,
            "error": odd,
            "Error": odd,
            "symbol": odd,
            "result": st.one_of(st.fixed_dictionaries({"order_id": odd, "symbol": odd}), odd),
            "timestamp": st.one_of(st.just(AT), odd),
        },
    )
    return made.map(lambda frame: json.dumps(frame).encode())


anything = st.one_of(st.binary(max_size=60), st.text(max_size=60).map(str.encode))


@given(st.lists(st.one_of(anything, frames(PUBLIC)), min_size=1, max_size=4))
def test_the_public_codec_raises_for_nothing(datas: list[bytes]) -> None:
    codec = KrakenStreamCodec("kraken", SYMBOLS, NAMES, itertools.count(1).__next__, book_depth=10)
    for data in datas:
        told: list[Message] = []
        codec.decode(data, 1, told.append)
        assert all(isinstance(m, Event) or type(m).__module__ == "foxtrot.protocol.messages" for m in told)


@given(st.lists(st.one_of(anything, frames(PRIVATE)), min_size=1, max_size=4))
def test_the_private_reader_raises_for_nothing(datas: list[bytes]) -> None:
    reader = UserReader(SYMBOLS)
    for data in datas:
        told: list[Message] = []
        reader.read(data, 1, told.append)
        assert all(type(m).__module__ == "foxtrot.protocol.messages" for m in told)


@given(st.lists(PRIVATE, min_size=1, max_size=4))
def test_each_entry_of_a_private_frame_is_told(entries: list[dict[str, Any]]) -> None:
    told: list[Message] = []
    frame = {"channel": "executions", "type": "update", "data": entries, "sequence": 1}
    UserReader(SYMBOLS).read(json.dumps(frame).encode(), 1, told.append)
    assert len(told) == len(entries)


@given(st.one_of(anything, frames(PRIVATE)))
def test_the_codec_of_commands_raises_for_nothing(data: bytes) -> None:
    found = KrakenRpcCodec(SYMBOLS).decode(data)
    if found is not None:
        number, raw = found
        assert raw.status == (0 if number is None and raw.body == data else 200)


CALLS = [
    REST.fetch_markets(),
    REST.fetch_balances(),
    REST.fetch_fees(None),
    REST.fetch_open_orders(None),
    REST.fetch_my_trades(None, None, None, "", 10),
    REST.fetch_bars(CONTRACT, "1m", None, None, 10),
    REST.fetch_trades(CONTRACT, 10, ""),
    REST.fetch_order_book(CONTRACT, 10),
    REST.fetch_tickers([CONTRACT]),
    REST.cancel_order(CONTRACT, "O", "", 0.0),
]


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.endpoint)
@given(data=st.data())
def test_an_answer_that_cannot_be_read_raises_what_is_promised_and_nothing_else(call: Any, data: st.DataObject) -> None:
    keys = st.sampled_from(["XXBTZUSD", "last", "open", "trades", "fees", "count", "GONE"])
    values = st.one_of(
        odd, st.lists(st.lists(odd, max_size=8), max_size=2), PUBLIC, st.dictionaries(st.just("O"), PRIVATE)
    )
    result = st.one_of(odd, st.dictionaries(keys, values, max_size=3))
    answer = st.fixed_dictionaries({}, optional={"error": st.one_of(st.just([]), odd), "result": result})
    body = data.draw(st.one_of(anything, answer.map(lambda a: json.dumps(a).encode())))
    raw = RawResponse(200, {}, body)
    if REST.classify(call, raw) is None:
        with contextlib.suppress(ValueError, KeyError, ArithmeticError, FoxtrotError):
            call.decode(body)
