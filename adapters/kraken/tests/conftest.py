"""One contract, one order, and the codecs around them."""

from __future__ import annotations

import itertools
from decimal import Decimal as D
from typing import Any

import msgspec
import pytest

from foxtrot.model.contract import Contract
from foxtrot.model.order import Order, OrderType, Side, TimeInForce
from foxtrot.protocol.symbols import SymbolTable
from foxtrot_kraken.codec.rest import KrakenRestCodec
from foxtrot_kraken.codec.rpc import KrakenRpcCodec
from foxtrot_kraken.codec.stream import KrakenStreamCodec
from foxtrot_kraken.mapping import Names, to_contracts
from foxtrot_kraken.messages.market import PairInfo

NOW_MS = 1_800_000_000_000
LISTED: dict[str, dict[str, Any]] = {
    "XXBTZUSD": {
        "altname": "XBTUSD", "wsname": "XBT/USD", "base": "XXBT", "quote": "ZUSD", "cost_decimals": 5,
        "pair_decimals": 1, "lot_decimals": 8, "ordermin": "0.00005", "costmin": "0.5", "tick_size": "0.1",
        "status": "online",
    },
    "XETHXXBT": {
        "altname": "ETHXBT", "wsname": "ETH/XBT", "base": "XETH", "quote": "XXBT", "cost_decimals": 10,
        "pair_decimals": 5, "lot_decimals": 8, "ordermin": "0.001", "costmin": "0.00002", "tick_size": "0.00001",
        "status": "online",
    },
}  # fmt: skip


@pytest.fixture
def names() -> Names:
    return Names()


@pytest.fixture
def symbols(names: Names) -> SymbolTable:
    table = SymbolTable("kraken")
    table.load(to_contracts(msgspec.convert(LISTED, dict[str, PairInfo], strict=False), "kraken", names))
    return table


@pytest.fixture
def contract(symbols: SymbolTable) -> Contract:
    return symbols.contract("BTC/USD")


@pytest.fixture
def order() -> Order:
    return Order(
        exchange="kraken",
        symbol="BTC/USD",
        client_order_id="mine",
        side=Side.BUY,
        type=OrderType.LIMIT,
        quantity=D("0.00005"),
        price=D("1E+5"),
        time_in_force=TimeInForce.GTC,
    )


@pytest.fixture
def rest(symbols: SymbolTable, names: Names) -> KrakenRestCodec:
    return KrakenRestCodec("kraken", symbols, names, itertools.count(1).__next__, lambda: NOW_MS, tier="pro")


@pytest.fixture
def rpc(symbols: SymbolTable) -> KrakenRpcCodec:
    return KrakenRpcCodec(symbols)


@pytest.fixture
def stream(symbols: SymbolTable, names: Names) -> KrakenStreamCodec:
    return KrakenStreamCodec("kraken", symbols, names, itertools.count(1).__next__, book_depth=10)
