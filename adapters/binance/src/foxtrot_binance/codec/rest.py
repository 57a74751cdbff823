"""Every REST operation as a `Call`.

Source: https://github.com/binance-us/binance-us-api-docs/blob/master/rest-api.md
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import msgspec

from foxtrot.errors import Outcome, UnsupportedError, VenueError
from foxtrot.model.account import Balance, FeeRate
from foxtrot.model.contract import Contract
from foxtrot.model.events import Bar, Ticker, Trade
from foxtrot.model.order import AmendRequest, Fill, Order, Side
from foxtrot.model.orderbook import OrderBook
from foxtrot.model.times import NS_PER_MS
from foxtrot.protocol.calls import Call, Lane, RawResponse
from foxtrot.protocol.codec import NextSeq, Page, RequestHabits
from foxtrot.protocol.messages import AmendResult, BookSnapshot, Listing, OrderUpdate
from foxtrot.protocol.ratelimit import Usage
from foxtrot.protocol.symbols import SymbolTable
from foxtrot_binance.codec.errors import NOTHING_TO_CANCEL, classify
from foxtrot_binance.codec.orders import read_canceled, read_replaced, to_fill, to_update
from foxtrot_binance.codec.params import order_params, replace_params, time_range, which_order
from foxtrot_binance.codec.weights import depth_operation, tickers_operation, weight_of
from foxtrot_binance.mapping import to_contracts, to_limits, to_usage
from foxtrot_binance.messages import market, orders
from foxtrot_binance.servers import Server

_REPLACE = "privatePostOrderCancelReplace"
_CANCEL_ALL = "privateDeleteOpenOrders"
_MOST_DEPTH = 5_000
T = TypeVar("T")


class BinanceRestCodec:
    """Build and read the family's REST requests. Endpoints are ccxt's implicit methods."""

    habits = RequestHabits()

    def __init__(self, server: Server, symbols: SymbolTable, next_seq: NextSeq, *, recv_window_ms: int) -> None:
        self._server = server
        self._symbols = symbols
        self._next_seq = next_seq
        self._window = {"recvWindow": str(recv_window_ms)}

    # public

    def fetch_markets(self) -> Call[Listing]:
        """Ask for every contract and limit."""

        def decode(body: bytes) -> Listing:
            info = msgspec.json.decode(body, type=market.ExchangeInfo)
            return Listing(to_contracts(info, self._server.name), to_limits(info.limits))

        return self._public("publicGetExchangeInfo", {}, decode, "exchangeInfo")

    def fetch_server_time(self) -> Call[int]:
        """Ask for the venue's time (ns)."""
        return self._public(
            "publicGetTime", {}, lambda b: msgspec.json.decode(b, type=market.ServerTime).at * NS_PER_MS, "time"
        )

    def fetch_order_book(self, contract: Contract, depth: int) -> Call[OrderBook]:
        """Ask for the best levels."""

        def decode(body: bytes) -> OrderBook:
            info = _depth(body)
            return OrderBook(self._server.name, contract.symbol, 0, info.last_id, tuple(info.bids), tuple(info.asks))

        return self._depth_call(contract, depth, decode)

    def fetch_book_snapshot(self, contract: Contract) -> Call[BookSnapshot]:
        """Ask for the snapshot under a kept book."""

        def decode(body: bytes) -> BookSnapshot:
            info = _depth(body)
            return BookSnapshot(contract.symbol, 0, info.last_id, info.bids, info.asks)

        return self._depth_call(contract, self._server.snapshot_depth, decode)

    def fetch_trades(self, contract: Contract, limit: int, from_id: str) -> Call[list[Trade]]:
        """Ask for the latest trades, or (with a key) for those from an id on."""

        def decode(body: bytes) -> list[Trade]:
            return [self._trade(t, contract.symbol) for t in _decode(body, list[market.TradeInfo])]

        params = {"symbol": contract.venue_symbol, "limit": str(limit)}
        if not from_id:
            return self._public("publicGetTrades", params, decode, "trades")
        call = self._public("publicGetHistoricalTrades", params | {"fromId": from_id}, decode, "historicalTrades")
        return msgspec.structs.replace(call, signed=True)

    def fetch_bars(
        self, contract: Contract, interval: str, start: int | None, end: int | None, limit: int
    ) -> Call[list[Bar]]:
        """Ask for one page of candles; they come with closed=True and are judged by the clock later."""

        def decode(body: bytes) -> list[Bar]:
            return [self._bar(row, contract.symbol, interval) for row in _decode(body, list[market.KlineRow])]

        params = {"symbol": contract.venue_symbol, "interval": interval, "limit": str(limit)}
        return self._public("publicGetKlines", params | time_range(start, end), decode, "klines")

    def fetch_tickers(self, contracts: Sequence[Contract]) -> Call[list[Ticker]]:
        """Ask for 24-hour statistics."""
        names = [contract.venue_symbol for contract in contracts]

        def decode(body: bytes) -> list[Ticker]:
            kind = market.TickerInfo | list[market.TickerInfo]
            found = msgspec.json.decode(body, type=kind, strict=False)
            return [self._ticker(t) for t in (found if isinstance(found, list) else [found])]

        single = len(names) == 1
        params = {"symbol": names[0]} if single else {"symbols": msgspec.json.encode(names).decode()}
        return self._public("publicGetTicker24hr", params, decode, tickers_operation(len(names)))

    def fetch_average_price(self, contract: Contract) -> Call[str]:
        """Ask for the average price that the filters use."""
        return self._public(
            "publicGetAvgPrice",
            {"symbol": contract.venue_symbol},
            lambda b: msgspec.json.decode(b, type=market.AveragePrice).price,
            "avgPrice",
        )

    # account

    def fetch_balances(self) -> Call[list[Balance]]:
        """Ask for all balances that are not zero."""

        def decode(body: bytes) -> list[Balance]:
            held = msgspec.json.decode(body, type=orders.AccountInfo).balances
            return [Balance(b.asset, b.free, b.locked) for b in held if b.free or b.locked]

        return self._signed("privateGetAccount", {}, decode, "account", lane=Lane.RECONCILE)

    def fetch_fees(self, contract: Contract | None) -> Call[list[FeeRate]]:
        """Ask for fee rates; symbols that are not listed any more are left out."""

        def decode(body: bytes) -> list[FeeRate]:
            found = msgspec.json.decode(body, type=list[orders.FeeInfo])
            known = {c.venue_symbol: c.symbol for c in self._symbols.contracts()}
            return [FeeRate(known[f.symbol], f.maker, f.taker) for f in found if f.symbol in known]

        params = {} if contract is None else {"symbol": contract.venue_symbol}
        return self._signed(self._server.fees_endpoint, params, decode, "fees")

    def fetch_my_trades(
        self, contract: Contract | None, start: int | None, end: int | None, after: str, limit: int
    ) -> Call[Page[Fill]]:
        """Ask for one page of a symbol's executions. Raises UnsupportedError for all symbols at once."""
        if contract is None:
            raise UnsupportedError("Executions are asked for symbol by symbol.", exchange=self._server.name)

        def decode(body: bytes) -> Page[Fill]:
            fills = [to_fill(t, self._symbols) for t in msgspec.json.decode(body, type=list[orders.MyTradeInfo])]
            return _page(fills, limit, lambda fill: fill.trade_id)

        params = {"symbol": contract.venue_symbol, "limit": str(limit)} | _from("fromId", after, start, end)
        return self._signed("privateGetMyTrades", params, decode, "myTrades", lane=Lane.RECONCILE)

    # orders

    def place_order(self, order: Order, contract: Contract) -> Call[OrderUpdate]:
        """Place an order; the reply lists what it took."""
        return self._command("privatePostOrder", order_params(order, contract), self._placed, orders=1)

    def validate_order(self, order: Order, contract: Contract) -> Call[None]:
        """Let the venue check an order without placing it."""
        params = order_params(order, contract)
        return self._command("privatePostOrderTest", params, lambda _: None, lane=Lane.PLACE)

    def amend_order(
        self, order: Order, request: AmendRequest, new_client_order_id: str, contract: Contract, age_s: float
    ) -> Call[AmendResult]:
        """Cancel and replace; the new one is not attempted when the cancel fails."""
        params = replace_params(order, request, new_client_order_id, contract)
        return self._command(_REPLACE, params, self._replaced, orders=1)

    def cancel_order(self, contract: Contract, order_id: str, client_order_id: str, age_s: float) -> Call[OrderUpdate]:
        """Cancel one order."""
        params = {"symbol": contract.venue_symbol} | which_order(order_id, client_order_id)
        return self._command("privateDeleteOrder", params, self._one, lane=Lane.CANCEL)

    def cancel_all_orders(self, contract: Contract) -> Call[list[OrderUpdate]]:
        """Cancel all orders of a symbol."""
        params = {"symbol": contract.venue_symbol}
        return self._command(_CANCEL_ALL, params, self._canceled, lane=Lane.CANCEL)

    def fetch_order(self, contract: Contract, order_id: str, client_order_id: str) -> Call[OrderUpdate]:
        """Ask for one order."""
        params = {"symbol": contract.venue_symbol} | which_order(order_id, client_order_id)
        return self._signed("privateGetOrder", params, self._one, "queryOrder", lane=Lane.RECONCILE)

    def fetch_open_orders(self, contract: Contract | None) -> Call[list[OrderUpdate]]:
        """Ask for open orders of one symbol or of all."""
        params = {} if contract is None else {"symbol": contract.venue_symbol}
        operation = "allOpenOrders" if contract is None else "openOrders"
        return self._signed("privateGetOpenOrders", params, self._many, operation, lane=Lane.RECONCILE)

    def fetch_orders(
        self, contract: Contract, start: int | None, end: int | None, after: str, limit: int
    ) -> Call[Page[OrderUpdate]]:
        """Ask for one page of all orders."""

        def decode(body: bytes) -> Page[OrderUpdate]:
            return _page(self._many(body), limit, lambda update: update.order_id)

        params = {"symbol": contract.venue_symbol, "limit": str(limit)} | _from("orderId", after, start, end)
        return self._signed("privateGetAllOrders", params, decode, "allOrders", lane=Lane.RECONCILE)

    # answers

    def classify(self, call: Call[object], response: RawResponse) -> VenueError | None:
        """Return the typed error of an answer, None for a success.

        None as well where the decoder has more to tell than an error could: for a replace whose cancel took effect and
        whose new order was definitely refused, and for "cancel all" where nothing was open.
        """
        error = classify(call, response, self._server.name)
        if error is None:
            return None
        half_done = call.endpoint == _REPLACE and error.code == "-2021" and error.outcome is Outcome.REFUSED
        nothing_open = call.endpoint == _CANCEL_ALL and error.venue_message.startswith(NOTHING_TO_CANCEL)
        return None if half_done or nothing_open else error

    def usage(self, response: RawResponse) -> list[Usage]:
        """Return what the headers say of the venue's counters."""
        return list(to_usage(response.headers))

    # inside

    def _public(self, endpoint: str, params: dict[str, str], decode: Any, operation: str) -> Call[Any]:
        return Call(endpoint=endpoint, params=params, decode=decode, weight=self._weight(operation))

    def _signed(
        self, endpoint: str, params: dict[str, str], decode: Any, operation: str, lane: Lane = Lane.HISTORY
    ) -> Call[Any]:
        return Call(
            endpoint=endpoint,
            params=params | self._window,
            decode=decode,
            weight=self._weight(operation),
            lane=lane,
            signed=True,
        )

    def _command(
        self, endpoint: str, params: dict[str, str], decode: Any, *, orders: int = 0, lane: Lane = Lane.PLACE
    ) -> Call[Any]:
        return Call(
            endpoint=endpoint,
            params=params | self._window,
            decode=decode,
            weight=self._weight("order"),
            orders=orders,
            lane=lane,
            idempotent=False,
            signed=True,
        )

    def _weight(self, operation: str) -> int:
        return weight_of(operation, us=self._server.us_weights)

    def _depth_call(self, contract: Contract, depth: int, decode: Any) -> Call[Any]:
        limit = min(depth, _MOST_DEPTH)
        params = {"symbol": contract.venue_symbol, "limit": str(limit)}
        return self._public("publicGetDepth", params, decode, depth_operation(limit))

    def _one(self, body: bytes) -> OrderUpdate:
        return to_update(msgspec.json.decode(body, type=orders.OrderInfo), self._symbols)

    def _placed(self, body: bytes) -> OrderUpdate:
        return to_update(msgspec.json.decode(body, type=orders.OrderInfo), self._symbols, placed=True)

    def _many(self, body: bytes) -> list[OrderUpdate]:
        return [to_update(info, self._symbols) for info in msgspec.json.decode(body, type=list[orders.OrderInfo])]

    def _canceled(self, body: bytes) -> list[OrderUpdate]:
        return read_canceled(body, self._symbols)

    def _replaced(self, body: bytes) -> AmendResult:
        return read_replaced(body, self._symbols)

    def _trade(self, info: market.TradeInfo, symbol: str) -> Trade:
        side = Side.SELL if info.buyer_is_maker else Side.BUY
        return Trade(
            self._server.name,
            symbol,
            info.time * NS_PER_MS,
            0,
            self._next_seq(),
            info.trade_id,
            info.price,
            info.quantity,
            side,
        )

    def _bar(self, row: market.KlineRow, symbol: str, interval: str) -> Bar:
        return Bar(
            self._server.name,
            symbol,
            row.close_time * NS_PER_MS,
            0,
            self._next_seq(),
            interval,
            row.open_time * NS_PER_MS,
            row.open,
            row.high,
            row.low,
            row.close,
            row.volume,
            row.quote_volume,
            row.trades,
            True,
        )

    def _ticker(self, info: market.TickerInfo) -> Ticker:
        return Ticker(
            self._server.name,
            self._symbols.unified(info.symbol),
            info.close_time * NS_PER_MS,
            0,
            self._next_seq(),
            info.last,
            info.last_quantity,
            info.bid,
            info.bid_quantity,
            info.ask,
            info.ask_quantity,
            info.open,
            info.high,
            info.low,
            info.volume,
            info.quote_volume,
            info.change_percent,
            info.trades,
        )


def _decode(body: bytes, kind: Any) -> Any:
    return msgspec.json.decode(body, type=kind, strict=False)


def _from(name: str, after: str, start: int | None, end: int | None) -> dict[str, str]:
    """Return where a page begins: at a number, or at a time."""
    return {name: after} if after else time_range(start, end)


def _page(items: list[T], limit: int, number: Callable[[T], str]) -> Page[T]:
    """Return a page; after a full one the next begins behind its last number."""
    return Page(items, str(int(number(items[-1])) + 1) if len(items) == limit else "")


def _depth(body: bytes) -> market.DepthInfo:
    return msgspec.json.decode(body, type=market.DepthInfo, strict=False)
