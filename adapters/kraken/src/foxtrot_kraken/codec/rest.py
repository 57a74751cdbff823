"""Every REST operation as a `Call`.

Source: https://docs.kraken.com/api/docs/category/rest-api/spot-rest-api
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from foxtrot import adapting as fx
from foxtrot_kraken.codec.calls import private_call, public_call
from foxtrot_kraken.codec.errors import classify
from foxtrot_kraken.codec.orders import to_fill, to_update
from foxtrot_kraken.codec.params import amend_params, order_params, which_order
from foxtrot_kraken.codec.weights import ADD, amend_cost, cancel_cost, limits_of
from foxtrot_kraken.mapping import INTERVALS, Names, to_contracts
from foxtrot_kraken.messages import market, orders, private

_MOST_TRADES = 1_000
_PAGE = 50
_FEE_PERCENT = 100
T = TypeVar("T")
Millis = Callable[[], int]
ByPair = dict[str, T | int | str]  # what is asked of one pair, beside which "last" may stand


class KrakenRestCodec(fx.RestBase):
    """Build and read the venue's REST requests. Endpoints are ccxt's implicit methods; `venue_ms` dates what is read.

    Answers tell of no order when it changed last. So what they say counts as of the time of asking.
    """

    habits = fx.RequestHabits(
        numbered_fills=False,
        account_wide_fills=True,
        amends_in_place=True,
        streamed_holds=False,
        open_orders_apart=True,
    )
    most_depth = snapshot_depth = 500
    intervals = INTERVALS

    def __init__(
        self, exchange: str, symbols: fx.SymbolTable, names: Names, next_seq: fx.NextSeq, venue_ms: Millis, *, tier: str
    ) -> None:
        super().__init__(exchange, symbols, next_seq)
        self._names = names
        self._venue_ms = venue_ms
        self._tier = tier
        self._unlisted = fx.Unlisted(symbols)

    # public

    def fetch_markets(self) -> fx.Call[fx.Listing]:
        """Ask for every pair; limits are the tier's."""

        def read(pairs: dict[str, market.PairInfo]) -> fx.Listing:
            return fx.Listing(to_contracts(pairs, self.exchange, self._names), limits_of(self._tier))

        return public_call("AssetPairs", {}, dict[str, market.PairInfo], read)

    def fetch_server_time(self) -> fx.Call[int]:
        """Ask for the venue's time (ns), which comes in whole seconds: the middle of the second is the best guess."""
        return public_call("Time", {}, market.ServerTime, lambda t: t.unixtime * fx.NS_PER_S + fx.NS_PER_S // 2)

    def book(self, contract: fx.Contract, depth: int) -> fx.Call[fx.BookSnapshot]:
        """Ask for the best levels; no stream goes on from them."""

        def read(found: ByPair[market.DepthInfo]) -> fx.BookSnapshot:
            info = _only(found)
            bids, asks = ([(price, quantity) for price, quantity, _ in side] for side in (info.bids, info.asks))
            return fx.BookSnapshot(contract.symbol, 0, 0, bids, asks, standalone=True)

        params = {"pair": contract.venue_symbol, "count": str(depth)}
        return public_call("Depth", params, ByPair[market.DepthInfo], read)

    def fetch_trades(self, contract: fx.Contract, limit: int, from_id: str) -> fx.Call[list[fx.Trade]]:
        """Ask for the latest trades, or, as long as these are among the newest 1,000, for those from an id on.

        Reading raises VenueError for an older id.
        """

        def read(page: fx.Page[fx.Trade]) -> list[fx.Trade]:
            trades = fx.trades_from(page.items, from_id)
            return trades[:limit] if from_id else trades[-limit:]

        return self._trade_page(contract, count=str(_MOST_TRADES if from_id else min(limit, _MOST_TRADES))).then(read)

    def fetch_trades_since(self, contract: fx.Contract, since: str) -> fx.Call[fx.Page[fx.Trade]]:
        """Ask for the first 1,000 trades after a time in ns; the answer says what asks for the next ones."""
        return self._trade_page(contract, count=str(_MOST_TRADES), since=since)

    def _trade_page(self, contract: fx.Contract, **params: str) -> fx.Call[fx.Page[fx.Trade]]:
        def read(found: ByPair[list[market.TradeRow]]) -> fx.Page[fx.Trade]:
            trades = [self._trade(row, contract.symbol) for row in _only(found)]
            return fx.Page(trades, str(found["last"]) if len(trades) == _MOST_TRADES else "")

        return public_call("Trades", {"pair": contract.venue_symbol} | params, ByPair[list[market.TradeRow]], read)

    def candles(self, contract: fx.Contract, interval: str, wanted: fx.Wanted) -> fx.Call[list[fx.Bar]]:
        """Ask for one page of candles: of the newest 720 those that open in the range."""

        def read(found: ByPair[list[market.Candle]]) -> list[fx.Bar]:
            bars = [self._bar(row, contract.symbol, interval) for row in _only(found)]
            return wanted.part(bars, lambda bar: bar.open_time)

        params = {"pair": contract.venue_symbol, "interval": str(INTERVALS[interval])}
        if wanted.start is not None:
            params["since"] = str(wanted.start // fx.NS_PER_S - 1)
        return public_call("OHLC", params, ByPair[list[market.Candle]], read)

    def fetch_tickers(self, contracts: Sequence[fx.Contract]) -> fx.Call[list[fx.Ticker]]:
        """Ask for 24-hour statistics."""

        def read(found: dict[str, market.TickerInfo]) -> list[fx.Ticker]:
            return [self._ticker(info, self.symbols.unified(key)) for key, info in found.items()]

        pairs = ",".join(contract.venue_symbol for contract in contracts)
        return public_call("Ticker", {"pair": pairs}, dict[str, market.TickerInfo], read)

    # account

    def fetch_balances(self) -> fx.Call[list[fx.Balance]]:
        """Ask for all balances that are not zero."""

        def read(held: dict[str, private.BalanceInfo]) -> list[fx.Balance]:
            found = [
                fx.Balance(self._names.asset(code), b.balance + b.credit - b.credit_used - b.hold_trade, b.hold_trade)
                for code, b in held.items()
            ]
            return [balance for balance in found if balance.free or balance.locked]

        return private_call("BalanceEx", {}, dict[str, private.BalanceInfo], read)

    def fetch_fees(self, contract: fx.Contract | None) -> fx.Call[list[fx.FeeRate]]:
        """Ask for fee rates; a pair without maker fees has the same for all."""

        def read(found: private.Fees) -> list[fx.FeeRate]:
            makers, unified = found.fees_maker, self.symbols.unified
            return [
                fx.FeeRate(unified(key), makers.get(key, taker).fee / _FEE_PERCENT, taker.fee / _FEE_PERCENT)
                for key, taker in found.fees.items()
                if not self._unlisted.passes(key, contract)
            ]

        chosen = self.symbols.contracts() if contract is None else [contract]
        return private_call("TradeVolume", {"pair": ",".join(c.venue_symbol for c in chosen)}, private.Fees, read)

    def executions(self, contract: fx.Contract | None, wanted: fx.Wanted) -> fx.Call[fx.Page[fx.Fill]]:
        """Ask for one page of executions of all symbols, newest first."""

        def read(found: private.TradesHistory) -> fx.Page[fx.Fill]:
            trades = self._unlisted.of(found.trades, contract, lambda trade: trade.pair)
            fills = [to_fill(trade_id, info, self.symbols) for trade_id, info in trades.items()]
            return _page(wanted, fills, lambda fill: fill.ts_event, len(found.trades))

        return private_call("TradesHistory", _range(wanted), private.TradesHistory, read)

    # orders

    def place_order(self, order: fx.Order, contract: fx.Contract) -> fx.Call[fx.OrderUpdate]:
        """Place an order; the answer says no more than the venue's id."""

        def read(placed: orders.Placed) -> fx.OrderUpdate:
            return fx.acknowledged(order, placed.order_id or "".join(placed.txid[:1]))

        params = order_params(order, contract)
        return private_call("AddOrder", params, orders.Placed, read, orders=1, **_command(contract, ADD))

    def validate_order(self, order: fx.Order, contract: fx.Contract) -> fx.Call[None]:
        """Let the venue check an order without placing it."""
        params = order_params(order, contract) | {"validate": "true"}
        return private_call("AddOrder", params, dict[str, Any], lambda _: None, **_command(contract, ADD))

    def amend_order(
        self, order: fx.Order, request: fx.AmendRequest, new_client_order_id: str, contract: fx.Contract, age_s: float
    ) -> fx.Call[fx.AmendResult]:
        """Change an order in place."""
        params, done, cost = amend_params(order, request), fx.amended(order, request), amend_cost(age_s)
        return private_call("AmendOrder", params, orders.Amended, lambda _: done, **_command(contract, cost))

    def cancel_order(
        self, contract: fx.Contract, order_id: str, client_order_id: str, age_s: float
    ) -> fx.Call[fx.OrderUpdate]:
        """Cancel one order. Reading raises CancelRejected where nothing was canceled."""

        def read(answer: orders.Canceled) -> fx.OrderUpdate:
            if not (answer.pending or answer.count or answer.order_id or answer.cl_ord_id):
                raise fx.CancelRejected("The venue canceled no order.")
            return fx.canceled(contract.symbol, order_id, client_order_id, pending=answer.pending)

        params, cost = which_order(order_id, client_order_id), cancel_cost(age_s)
        return private_call("CancelOrder", params, orders.Canceled, read, **_command(contract, cost, fx.Lane.CANCEL))

    def cancel_orders(self, contract: fx.Contract, aged: Sequence[tuple[str, float]]) -> fx.Call[int]:
        """Cancel up to 50 orders; what each adds to the counter is taken to be what it adds alone: it is not stated.

        Source: https://docs.kraken.com/api/docs/rest-api/cancel-order-batch
        """
        params, cost = {"orders": [order_id for order_id, _ in aged]}, sum(cancel_cost(age_s) for _, age_s in aged)
        command = _command(contract, cost, fx.Lane.CANCEL)
        return private_call("CancelOrderBatch", params, orders.Canceled, lambda done: done.count, **command)

    def cancel_after(self, seconds: float) -> fx.Call[None]:
        """Set the venue's dead-man switch to so many seconds, or take it back (0)."""
        params = {"timeout": str(math.ceil(seconds))}
        return private_call("CancelAllOrdersAfter", params, dict[str, Any], lambda _: None, lane=fx.Lane.CANCEL)

    def fetch_order(self, contract: fx.Contract, order_id: str, client_order_id: str) -> fx.Call[fx.OrderUpdate] | None:
        """Ask for one order by the venue's id; by ours there is no way."""

        def read(found: list[fx.OrderUpdate]) -> fx.OrderUpdate:
            if not found:
                raise fx.OrderNotFound(f"The venue knows no order {order_id}.")
            return found[0]

        return self.query_orders([order_id]).then(read) if order_id else None

    def query_orders(self, order_ids: Sequence[str]) -> fx.Call[list[fx.OrderUpdate]]:
        """Ask for up to 50 orders by the venue's ids."""
        asked = self._now_ns()

        def read(found: dict[str, orders.OrderInfo]) -> list[fx.OrderUpdate]:
            return [to_update(order_id, info, self.symbols, asked) for order_id, info in found.items()]

        return private_call("QueryOrders", {"txid": ",".join(order_ids)}, dict[str, orders.OrderInfo], read)

    def fetch_open_orders(self, contract: fx.Contract | None) -> fx.Call[list[fx.OrderUpdate]]:
        """Ask for open orders of one symbol or of all."""
        asked = self._now_ns()
        return private_call("OpenOrders", {}, orders.OpenOrders, lambda o: self._updates(o.open, contract, asked))

    def past_orders(self, contract: fx.Contract, wanted: fx.Wanted) -> fx.Call[fx.Page[fx.OrderUpdate]]:
        """Ask for one page of orders that are closed, of all symbols, newest first."""
        asked = self._now_ns()

        def read(found: orders.ClosedOrders) -> fx.Page[fx.OrderUpdate]:
            updates = self._updates(found.closed, contract, asked)
            return _page(wanted, updates, lambda update: update.ts_created, len(found.closed))

        return private_call("ClosedOrders", _range(wanted) | {"closetime": "open"}, orders.ClosedOrders, read)

    def classify(self, call: fx.Call[object], response: fx.RawResponse) -> fx.VenueError | None:
        """Return the typed error of an answer, None for a success."""
        return classify(call, response, self.exchange)

    # inside

    def _now_ns(self) -> int:
        return self._venue_ms() * fx.NS_PER_MS

    def _updates(
        self, found: dict[str, orders.OrderInfo], contract: fx.Contract | None, asked_ns: int
    ) -> list[fx.OrderUpdate]:
        chosen = self._unlisted.of(found, contract, lambda info: info.descr.pair, lambda info: info.cl_ord_id)
        return [to_update(order_id, info, self.symbols, asked_ns) for order_id, info in chosen.items()]

    def _trade(self, row: market.TradeRow, symbol: str) -> fx.Trade:
        side = fx.Side.BUY if row.side == "b" else fx.Side.SELL
        return fx.Trade(*self.stamp(symbol, fx.seconds_ns(row.time)), row.trade_id, row.price, row.volume, side)

    def _bar(self, row: market.Candle, symbol: str, interval: str) -> fx.Bar:
        opened = row.time * fx.NS_PER_S
        stamp, prices = self.stamp(symbol, fx.next_open(opened, interval) - 1), (row.open, row.high, row.low, row.close)
        return fx.Bar(*stamp, interval, opened, *prices, row.volume, row.vwap * row.volume, row.count, True)

    def _ticker(self, info: market.TickerInfo, symbol: str) -> fx.Ticker:
        last, size, opened = info.c[0], info.c[1], info.o
        best = info.b[0], info.b[2], info.a[0], info.a[2]
        traded = info.v[1], info.v[1] * info.p[1]  # in 24 hours; the opening is that of the day
        change = (last - opened) / opened * 100 if opened else 0.0
        day = opened, info.h[1], info.l[1], *traded, change
        return fx.Ticker(*self.stamp(symbol, 0), last, size, *best, *day, info.t[1])


def _command(contract: fx.Contract, trading: float, lane: fx.Lane = fx.Lane.PLACE) -> dict[str, Any]:
    return {"lane": lane, "trading": trading, "market": contract.symbol, "idempotent": False}


def _only(found: ByPair[T]) -> T:
    """Return what is told of the one pair asked for. Raises ValueError for nothing."""
    for told in found.values():
        if not isinstance(told, int | str):
            return told
    raise ValueError("the answer is about no pair")


def _range(wanted: fx.Wanted) -> dict[str, str]:
    """Return bounds in s (the start is exclusive) and the offset of a page."""
    params = {} if wanted.start is None else {"start": str(wanted.start // fx.NS_PER_S - 1)}
    params |= {} if wanted.end is None else {"end": str(-(-wanted.end // fx.NS_PER_S))}
    return params | {"ofs": wanted.after or "0"}


def _page(wanted: fx.Wanted, items: list[T], time: Callable[[T], int], got: int) -> fx.Page[T]:
    return fx.offset_page(wanted.within(items, time), wanted.after, got, _PAGE)
