"""Every operation that a capability guards, to be called on any exchange."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from decimal import Decimal
from typing import Any

from foxtrot.capabilities import Capability
from foxtrot.exchange import BaseExchange
from foxtrot.model.order import AmendRequest, OrderRequest

Operation = Callable[[BaseExchange, str], Coroutine[Any, Any, object]]  # of an exchange, on a symbol


OPERATIONS: dict[Capability, Operation] = {
    Capability.FETCH_MARKETS: lambda x, symbol: x.fetch_markets(),
    Capability.FETCH_BALANCE: lambda x, symbol: x.fetch_balance(),
    Capability.FETCH_POSITIONS: lambda x, symbol: x.fetch_positions(),
    Capability.FETCH_FEES: lambda x, symbol: x.fetch_fees(),
    Capability.PLACE_ORDER: lambda x, symbol: x.place_order(OrderRequest.limit(symbol, "buy", 1, 1)),
    Capability.VALIDATE_ORDER: lambda x, symbol: x.place_order(
        OrderRequest.limit(symbol, "buy", 1, 1, validate_only=True)
    ),
    Capability.AMEND_ORDER: lambda x, symbol: x.amend_order(
        AmendRequest(symbol=symbol, order_id="1", price=Decimal(1))
    ),
    Capability.CANCEL_ORDER: lambda x, symbol: x.cancel_order(symbol, order_id="1"),
    Capability.CANCEL_ALL_ORDERS: lambda x, symbol: x.cancel_all_orders(symbol),
    Capability.FETCH_ORDER_STATUS: lambda x, symbol: x.fetch_order_status(symbol, order_id="1"),
    Capability.FETCH_OPEN_ORDERS: lambda x, symbol: x.fetch_open_orders(),
    Capability.FETCH_ORDERS: lambda x, symbol: x.fetch_orders(symbol),
    Capability.FETCH_MY_TRADES: lambda x, symbol: x.fetch_my_trades(symbol),
    Capability.FETCH_OHLCV: lambda x, symbol: x.fetch_ohlcv(symbol),
    Capability.FETCH_TICKER: lambda x, symbol: x.fetch_ticker(symbol),
    Capability.FETCH_ORDER_BOOK: lambda x, symbol: x.fetch_order_book(symbol),
    Capability.FETCH_TRADES: lambda x, symbol: x.fetch_trades(symbol),
    Capability.SUBSCRIBE_TICKER: lambda x, symbol: x.subscribe_ticker(symbol),
    Capability.SUBSCRIBE_QUOTES: lambda x, symbol: x.subscribe_quotes(symbol),
    Capability.SUBSCRIBE_TRADES: lambda x, symbol: x.subscribe_trades(symbol),
    Capability.SUBSCRIBE_ORDER_BOOK: lambda x, symbol: x.subscribe_order_book(symbol),
    Capability.SUBSCRIBE_OHLCV: lambda x, symbol: x.subscribe_ohlcv(symbol),
    Capability.DEAD_MAN_SWITCH: lambda x, symbol: x.dead_man_switch.arm(10),
}
