"""One contract, one order, and the codecs around them."""

from __future__ import annotations

import itertools
from decimal import Decimal as D

import pytest

from foxtrot.model.contract import Contract
from foxtrot.model.order import Order, OrderType, Side, TimeInForce
from foxtrot.protocol.symbols import SymbolTable
from foxtrot_binance.codec.rest import BinanceRestCodec
from foxtrot_binance.servers import BINANCEUS


@pytest.fixture
def contract() -> Contract:
    return Contract(exchange="binanceus", symbol="BTC/USDT", venue_symbol="BTCUSDT", base="BTC", quote="USDT")


@pytest.fixture
def order() -> Order:
    return Order(
        exchange="binanceus",
        symbol="BTC/USDT",
        client_order_id="mine",
        side=Side.BUY,
        type=OrderType.LIMIT,
        quantity=D("0.00001"),
        price=D("1E+5"),
        time_in_force=TimeInForce.IOC,
    )


@pytest.fixture
def symbols(contract: Contract) -> SymbolTable:
    table = SymbolTable("binanceus")
    table.load([contract])
    return table


@pytest.fixture
def rest(symbols: SymbolTable) -> BinanceRestCodec:
    return BinanceRestCodec(BINANCEUS, symbols, itertools.count(1).__next__, recv_window_ms=5_000)
