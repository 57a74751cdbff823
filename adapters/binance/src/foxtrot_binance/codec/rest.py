"""Every REST operation as a `Call`.

Source: https://github.com/binance-us/binance-us-api-docs/blob/master/rest-api.md
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import msgspec

from foxtrot import adapting as fx
from foxtrot_binance.codec.errors import NOTHING_TO_CANCEL, classify
from foxtrot_binance.codec.orders import read_canceled, read_replaced, to_fill, to_update
from foxtrot_binance.codec.params import order_params, page_of, replace_params, time_range, which_order
from foxtrot_binance.codec.weights import depth_operation, tickers_operation, weight_of
from foxtrot_binance.mapping import to_contracts, to_limits, to_usage
from foxtrot_binance.messages import market, orders
from foxtrot_binance.servers import Server

_REPLACE = "privatePostOrderCancelReplace"
_CANCEL_ALL = "privateDeleteOpenOrders"
T = TypeVar("T")


class BinanceRestCodec(fx.RestBase):
    """Build and read the family's REST requests. Endpoints are ccxt's implicit methods."""

    habits = fx.RequestHabits()
    most_depth = 5_000

    def __init__(self, server: Server, symbols: fx.SymbolTable, next_seq: fx.NextSeq, *, recv_window_ms: int) -> None:
        super().__init__(server.name, symbols, next_seq)
        self._server = server
        self.snapshot_depth = server.snapshot_depth
        self.intervals = server.intervals
        self._window = {"recvWindow": str(recv_window_ms)}

    # public

    def fetch_markets(self) -> fx.Call[fx.Listing]:
        """Ask for every contract and limit."""

        def decode(body: bytes) -> fx.Listing:
            info = msgspec.json.decode(body, type=market.ExchangeInfo)
            return fx.Listing(to_contracts(info, self.exchange), to_limits(info.limits))

        return self._public("publicGetExchangeInfo", {}, decode, "exchangeInfo")

    def fetch_server_time(self) -> fx.Call[int]:
        """Ask for the venue's time (ns)."""
        return self._public(
            "publicGetTime", {}, lambda b: msgspec.json.decode(b, type=market.ServerTime).at * fx.NS_PER_MS, "time"
        )

    def book(self, contract: fx.Contract, depth: int) -> fx.Call[fx.BookSnapshot]:
        """Ask for the best levels, from which a stream may go on."""

        def decode(body: bytes) -> fx.BookSnapshot:
            info = _decode(body, market.DepthInfo)
            return fx.BookSnapshot(contract.symbol, 0, info.last_id, info.bids, info.asks)

        params = {"symbol": contract.venue_symbol, "limit": str(depth)}
        return self._public("publicGetDepth", params, decode, depth_operation(depth))

    def fetch_trades(self, contract: fx.Contract, limit: int, from_id: str) -> fx.Call[list[fx.Trade]]:
        """Ask for the latest trades, or (with a key) for those from an id on."""

        def decode(body: bytes) -> list[fx.Trade]:
            return [self._trade(t, contract.symbol) for t in _decode(body, list[market.TradeInfo])]

        params = {"symbol": contract.venue_symbol, "limit": str(limit)}
        if not from_id:
            return self._public("publicGetTrades", params, decode, "trades")
        call = self._public("publicGetHistoricalTrades", params | {"fromId": from_id}, decode, "historicalTrades")
        return msgspec.structs.replace(call, signed=True)

    def candles(self, contract: fx.Contract, interval: str, wanted: fx.Wanted) -> fx.Call[list[fx.Bar]]:
        """Ask for one page of candles; they come with closed=True and are judged by the clock later."""

        def decode(body: bytes) -> list[fx.Bar]:
            return [self._bar(row, contract.symbol, interval) for row in _decode(body, list[market.KlineRow])]

        params = {"symbol": contract.venue_symbol, "interval": interval, "limit": str(wanted.limit)}
        return self._public("publicGetKlines", params | time_range(wanted), decode, "klines")

    def fetch_tickers(self, contracts: Sequence[fx.Contract]) -> fx.Call[list[fx.Ticker]]:
        """Ask for 24-hour statistics."""
        names = [contract.venue_symbol for contract in contracts]

        def decode(body: bytes) -> list[fx.Ticker]:
            kind = market.TickerInfo | list[market.TickerInfo]
            found = msgspec.json.decode(body, type=kind, strict=False)
            return [self._ticker(t) for t in (found if isinstance(found, list) else [found])]

        single = len(names) == 1
        params = {"symbol": names[0]} if single else {"symbols": msgspec.json.encode(names).decode()}
        return self._public("publicGetTicker24hr", params, decode, tickers_operation(len(names)))

    def fetch_average_price(self, contract: fx.Contract) -> fx.Call[str]:
        """Ask for the average price that the filters use."""
        return self._public(
            "publicGetAvgPrice",
            {"symbol": contract.venue_symbol},
            lambda b: msgspec.json.decode(b, type=market.AveragePrice).price,
            "avgPrice",
        )

    # account

    def fetch_balances(self) -> fx.Call[list[fx.Balance]]:
        """Ask for all balances that are not zero."""

        def decode(body: bytes) -> list[fx.Balance]:
            held = msgspec.json.decode(body, type=orders.AccountInfo).balances
            return [fx.Balance(b.asset, b.free, b.locked) for b in held if b.free or b.locked]

        return self._signed("privateGetAccount", {}, decode, "account", lane=fx.Lane.RECONCILE)

    def fetch_fees(self, contract: fx.Contract | None) -> fx.Call[list[fx.FeeRate]]:
        """Ask for fee rates; symbols that are not listed any more are left out."""

        def decode(body: bytes) -> list[fx.FeeRate]:
            found = msgspec.json.decode(body, type=list[orders.FeeInfo])
            known = {c.venue_symbol: c.symbol for c in self.symbols.contracts()}
            return [fx.FeeRate(known[f.symbol], f.maker, f.taker) for f in found if f.symbol in known]

        params = {} if contract is None else {"symbol": contract.venue_symbol}
        return self._signed(self._server.fees_endpoint, params, decode, "fees")

    def executions(self, contract: fx.Contract | None, wanted: fx.Wanted) -> fx.Call[fx.Page[fx.Fill]]:
        """Ask for one page of a symbol's executions. Raises UnsupportedError for all symbols at once."""
        if contract is None:
            raise fx.UnsupportedError("Executions are asked for symbol by symbol.", exchange=self.exchange)

        def decode(body: bytes) -> fx.Page[fx.Fill]:
            fills = [to_fill(t, self.symbols) for t in msgspec.json.decode(body, type=list[orders.MyTradeInfo])]
            return fx.numbered_page(fills, wanted.limit, lambda fill: fill.trade_id)

        params = {"symbol": contract.venue_symbol} | page_of("fromId", wanted)
        return self._signed("privateGetMyTrades", params, decode, "myTrades", lane=fx.Lane.RECONCILE)

    # orders

    def place_order(self, order: fx.Order, contract: fx.Contract) -> fx.Call[fx.OrderUpdate]:
        """Place an order; the reply lists what it took."""
        return self._command("privatePostOrder", order_params(order, contract), self._placed, orders=1)

    def validate_order(self, order: fx.Order, contract: fx.Contract) -> fx.Call[None]:
        """Let the venue check an order without placing it."""
        params = order_params(order, contract)
        return self._command("privatePostOrderTest", params, lambda _: None)

    def amend_order(
        self, order: fx.Order, request: fx.AmendRequest, new_client_order_id: str, contract: fx.Contract, age_s: float
    ) -> fx.Call[fx.AmendResult]:
        """Cancel and replace; the new one is not attempted when the cancel fails."""
        params = replace_params(order, request, new_client_order_id, contract)
        return self._command(_REPLACE, params, self._replaced, orders=1)

    def cancel_order(
        self, contract: fx.Contract, order_id: str, client_order_id: str, age_s: float
    ) -> fx.Call[fx.OrderUpdate]:
        """Cancel one order."""
        params = {"symbol": contract.venue_symbol} | which_order(order_id, client_order_id)
        return self._command("privateDeleteOrder", params, self._one, lane=fx.Lane.CANCEL)

    def cancel_all_orders(self, contract: fx.Contract) -> fx.Call[list[fx.OrderUpdate]]:
        """Cancel all orders of a symbol."""
        params = {"symbol": contract.venue_symbol}
        return self._command(_CANCEL_ALL, params, self._canceled, lane=fx.Lane.CANCEL)

    def fetch_order(self, contract: fx.Contract, order_id: str, client_order_id: str) -> fx.Call[fx.OrderUpdate]:
        """Ask for one order."""
        params = {"symbol": contract.venue_symbol} | which_order(order_id, client_order_id)
        return self._signed("privateGetOrder", params, self._one, "queryOrder", lane=fx.Lane.RECONCILE)

    def fetch_open_orders(self, contract: fx.Contract | None) -> fx.Call[list[fx.OrderUpdate]]:
        """Ask for open orders of one symbol or of all."""
        params = {} if contract is None else {"symbol": contract.venue_symbol}
        operation = "allOpenOrders" if contract is None else "openOrders"
        return self._signed("privateGetOpenOrders", params, self._many, operation, lane=fx.Lane.RECONCILE)

    def past_orders(self, contract: fx.Contract, wanted: fx.Wanted) -> fx.Call[fx.Page[fx.OrderUpdate]]:
        """Ask for one page of all orders."""

        def decode(body: bytes) -> fx.Page[fx.OrderUpdate]:
            return fx.numbered_page(self._many(body), wanted.limit, lambda update: update.order_id)

        params = {"symbol": contract.venue_symbol} | page_of("orderId", wanted)
        return self._signed("privateGetAllOrders", params, decode, "allOrders", lane=fx.Lane.RECONCILE)

    # answers

    def classify(self, call: fx.Call[object], response: fx.RawResponse) -> fx.VenueError | None:
        """Return the typed error of an answer, None for a success.

        None as well where the decoder has more to tell than an error could: for a replace whose cancel took effect and
        whose new order was definitely refused, and for "cancel all" where nothing was open.
        """
        error = classify(call, response, self.exchange)
        if error is None:
            return None
        half_done = call.endpoint == _REPLACE and error.code == "-2021" and error.outcome is fx.Outcome.REFUSED
        nothing_open = call.endpoint == _CANCEL_ALL and error.venue_message.startswith(NOTHING_TO_CANCEL)
        return None if half_done or nothing_open else error

    def usage(self, response: fx.RawResponse) -> list[fx.Usage]:
        """Return what the headers say of the venue's counters."""
        return list(to_usage(response.headers))

    # inside

    def _public(self, endpoint: str, params: dict[str, str], decode: Any, operation: str) -> fx.Call[Any]:
        return fx.Call(endpoint=endpoint, params=params, decode=decode, weight=self._weight(operation))

    def _signed(
        self, endpoint: str, params: dict[str, str], decode: Any, operation: str, lane: fx.Lane = fx.Lane.HISTORY
    ) -> fx.Call[Any]:
        params, weight = params | self._window, self._weight(operation)
        return fx.Call(endpoint=endpoint, params=params, decode=decode, weight=weight, lane=lane, signed=True)

    def _command(
        self, endpoint: str, params: dict[str, str], decode: Any, *, orders: int = 0, lane: fx.Lane = fx.Lane.PLACE
    ) -> fx.Call[Any]:
        return fx.Call(
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

    def _one(self, body: bytes) -> fx.OrderUpdate:
        return to_update(msgspec.json.decode(body, type=orders.OrderInfo), self.symbols)

    def _placed(self, body: bytes) -> fx.OrderUpdate:
        return to_update(msgspec.json.decode(body, type=orders.OrderInfo), self.symbols, placed=True)

    def _many(self, body: bytes) -> list[fx.OrderUpdate]:
        return [to_update(info, self.symbols) for info in msgspec.json.decode(body, type=list[orders.OrderInfo])]

    def _canceled(self, body: bytes) -> list[fx.OrderUpdate]:
        return read_canceled(body, self.symbols)

    def _replaced(self, body: bytes) -> fx.AmendResult:
        return read_replaced(body, self.symbols)

    def _trade(self, info: market.TradeInfo, symbol: str) -> fx.Trade:
        side = fx.Side.SELL if info.buyer_is_maker else fx.Side.BUY
        stamp = self.stamp(symbol, info.time * fx.NS_PER_MS)
        return fx.Trade(*stamp, info.trade_id, info.price, info.quantity, side)

    def _bar(self, row: market.KlineRow, symbol: str, interval: str) -> fx.Bar:
        stamp, opened = self.stamp(symbol, row.close_time * fx.NS_PER_MS), row.open_time * fx.NS_PER_MS
        prices, traded = (row.open, row.high, row.low, row.close), (row.volume, row.quote_volume)
        return fx.Bar(*stamp, interval, opened, *prices, *traded, row.trades, True)

    def _ticker(self, info: market.TickerInfo) -> fx.Ticker:
        stamp = self.stamp(self.symbols.unified(info.symbol), info.close_time * fx.NS_PER_MS)
        last, best = (info.last, info.last_quantity), (info.bid, info.bid_quantity, info.ask, info.ask_quantity)
        day = info.open, info.high, info.low, info.volume, info.quote_volume, info.change_percent
        return fx.Ticker(*stamp, *last, *best, *day, info.trades)


def _decode(body: bytes, kind: type[T]) -> T:
    return msgspec.json.decode(body, type=kind, strict=False)
