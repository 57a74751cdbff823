"""Every REST operation as a `Call`.

Source: https://docs.kraken.com/api/docs/category/rest-api/spot-rest-api
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import msgspec

from foxtrot.errors import UnknownSymbol, UnsupportedError, VenueError
from foxtrot.model.account import Balance, FeeRate
from foxtrot.model.contract import Contract
from foxtrot.model.events import Bar, Ticker, Trade
from foxtrot.model.intervals import next_open
from foxtrot.model.order import AmendRequest, Fill, Order, Side
from foxtrot.model.orderbook import Level, OrderBook
from foxtrot.model.times import NS_PER_MS, NS_PER_S
from foxtrot.protocol.calls import Call, Lane, RawResponse
from foxtrot.protocol.codec import NextSeq, Page, RequestHabits
from foxtrot.protocol.messages import AmendResult, BookSnapshot, Listing, OrderUpdate
from foxtrot.protocol.ratelimit import Usage
from foxtrot.protocol.symbols import SymbolTable
from foxtrot_kraken.codec.calls import private_call, public_call
from foxtrot_kraken.codec.errors import classify
from foxtrot_kraken.codec.orders import amended, canceled, one_of, read_placed, to_fill, to_update
from foxtrot_kraken.codec.params import amend_params, order_params, which_order
from foxtrot_kraken.codec.weights import ADD, amend_cost, cancel_cost, limits_of
from foxtrot_kraken.mapping import INTERVALS, Names, seconds_to_ns, to_contracts
from foxtrot_kraken.messages import market, orders, private

_MOST_DEPTH = 500
_MOST_TRADES = 1_000
_PAGE = 50
_FIRST_CLOSED = "0"
_FEE_PERCENT = 100
T = TypeVar("T")


class KrakenRestCodec:
    """Build and read the venue's REST requests. Endpoints are ccxt's implicit methods; `venue_ms` dates what is read.

    Answers tell of no order when it changed last. So what they say counts as of the time of asking.
    """

    habits = RequestHabits(numbered_fills=False, account_wide_fills=True, amends_in_place=True, streamed_holds=False)

    def __init__(
        self,
        exchange: str,
        symbols: SymbolTable,
        names: Names,
        next_seq: NextSeq,
        venue_ms: Callable[[], int],
        *,
        tier: str,
    ) -> None:
        self._exchange = exchange
        self._symbols = symbols
        self._names = names
        self._next_seq = next_seq
        self._venue_ms = venue_ms
        self._tier = tier
        self._foreign: set[str] = set()  # pairs that the account uses and the listing does not have

    # public

    def fetch_markets(self) -> Call[Listing]:
        """Ask for every pair; limits are the tier's."""

        def read(pairs: dict[str, market.PairInfo]) -> Listing:
            return Listing(to_contracts(pairs, self._exchange, self._names), limits_of(self._tier))

        return public_call("AssetPairs", {}, dict[str, market.PairInfo], read)

    def fetch_server_time(self) -> Call[int]:
        """Ask for the venue's time (ns), which comes in whole seconds: the middle of the second is the best guess."""
        return public_call("Time", {}, market.ServerTime, lambda t: t.unixtime * NS_PER_S + NS_PER_S // 2)

    def fetch_order_book(self, contract: Contract, depth: int) -> Call[OrderBook]:
        """Ask for the best levels."""

        def read(found: dict[str, market.DepthInfo]) -> OrderBook:
            bids, asks = _sides(found)
            return OrderBook(self._exchange, contract.symbol, 0, 0, tuple(bids), tuple(asks))

        return self._depth(contract, depth, read)

    def fetch_book_snapshot(self, contract: Contract) -> Call[BookSnapshot]:
        """Ask for a book that stands in for a stream; no stream goes on from it."""

        def read(found: dict[str, market.DepthInfo]) -> BookSnapshot:
            return BookSnapshot(contract.symbol, 0, 0, *_sides(found), standalone=True)

        return self._depth(contract, _MOST_DEPTH, read)

    def fetch_trades(self, contract: Contract, limit: int, from_id: str) -> Call[list[Trade]]:
        """Ask for the latest trades; for those from an id on, which must be among the newest 1,000.

        Reading raises VenueError for an older id: past trades can be asked for by time only.
        """

        def read(found: dict[str, Any]) -> list[Trade]:
            rows = msgspec.convert(_only(found), list[market.TradeRow], strict=False)
            if from_id and rows and rows[0].trade_id > int(from_id):
                raise VenueError(
                    f"{self._exchange} shows the newest {len(rows)} trades of {contract.symbol}, from "
                    f"{rows[0].trade_id} on; {from_id} is older.",
                    exchange=self._exchange,
                )
            trades = [self._trade(row, contract.symbol) for row in rows if not from_id or row.trade_id >= int(from_id)]
            return trades[:limit] if from_id else trades[-limit:]

        count = _MOST_TRADES if from_id else min(limit, _MOST_TRADES)
        return public_call("Trades", {"pair": contract.venue_symbol, "count": str(count)}, dict[str, Any], read)

    def fetch_bars(
        self, contract: Contract, interval: str, start: int | None, end: int | None, limit: int
    ) -> Call[list[Bar]]:
        """Ask for one page of candles: of the newest 720 those that open in the range.

        Raises UnsupportedError for an interval that the venue does not have.
        """
        if interval not in INTERVALS:
            listed = ", ".join(INTERVALS)
            raise UnsupportedError(f"{self._exchange} has no candles of {interval}; it has {listed}.")

        def read(found: dict[str, Any]) -> list[Bar]:
            rows = msgspec.convert(_only(found), list[market.Candle], strict=False)
            bars = [self._bar(row, contract.symbol, interval) for row in rows]
            chosen = [b for b in bars if (start or 0) <= b.open_time <= (b.open_time if end is None else end)]
            return chosen[:limit] if start is not None else chosen[-limit:]

        params = {"pair": contract.venue_symbol, "interval": str(INTERVALS[interval])}
        if start is not None:
            params["since"] = str(start // NS_PER_S - 1)
        return public_call("OHLC", params, dict[str, Any], read)

    def fetch_tickers(self, contracts: Sequence[Contract]) -> Call[list[Ticker]]:
        """Ask for 24-hour statistics."""

        def read(found: dict[str, market.TickerInfo]) -> list[Ticker]:
            return [self._ticker(self._symbols.unified(key), info) for key, info in found.items()]

        pairs = ",".join(contract.venue_symbol for contract in contracts)
        return public_call("Ticker", {"pair": pairs}, dict[str, market.TickerInfo], read)

    def fetch_average_price(self, contract: Contract) -> Call[str]:
        """Raise UnsupportedError: no rule of the venue needs it."""
        raise UnsupportedError("The venue publishes no average price.", exchange=self._exchange)

    # account

    def fetch_balances(self) -> Call[list[Balance]]:
        """Ask for all balances that are not zero."""

        def read(held: dict[str, private.BalanceInfo]) -> list[Balance]:
            found = [
                Balance(self._names.asset(code), b.balance + b.credit - b.credit_used - b.hold_trade, b.hold_trade)
                for code, b in held.items()
            ]
            return [balance for balance in found if balance.free or balance.locked]

        return private_call("BalanceEx", {}, dict[str, private.BalanceInfo], read)

    def fetch_fees(self, contract: Contract | None) -> Call[list[FeeRate]]:
        """Ask for fee rates."""

        def read(found: private.Fees) -> list[FeeRate]:
            makers = found.fees_maker  # a pair without maker fees has the same for all
            return [
                FeeRate(self._symbols.unified(key), makers.get(key, taker).fee / _FEE_PERCENT, taker.fee / _FEE_PERCENT)
                for key, taker in found.fees.items()
                if not self._is_foreign(key, contract)
            ]

        chosen = self._symbols.contracts() if contract is None else [contract]
        return private_call("TradeVolume", {"pair": ",".join(c.venue_symbol for c in chosen)}, private.Fees, read)

    def fetch_my_trades(
        self, contract: Contract | None, start: int | None, end: int | None, after: str, limit: int
    ) -> Call[Page[Fill]]:
        """Ask for one page of executions of all symbols, newest first."""

        def read(found: private.TradesHistory) -> Page[Fill]:
            listed = {k: t for k, t in found.trades.items() if not self._is_foreign(t.pair, contract)}
            fills = [to_fill(key, info, self._symbols) for key, info in listed.items()]
            chosen = [f for f in fills if contract is None or f.symbol == contract.symbol]
            return _page([f for f in chosen if f.ts_event >= (start or 0)], after, len(found.trades))

        return private_call("TradesHistory", _range(start, end, after), private.TradesHistory, read)

    # orders

    def place_order(self, order: Order, contract: Contract) -> Call[OrderUpdate]:
        """Place an order."""
        params = order_params(order, contract)
        return self._command(
            "AddOrder", params, contract, orders.Placed, lambda p: read_placed(p, order), ADD, orders=1
        )

    def validate_order(self, order: Order, contract: Contract) -> Call[None]:
        """Let the venue check an order without placing it."""
        params = order_params(order, contract) | {"validate": "true"}
        return self._command("AddOrder", params, contract, dict[str, Any], lambda _: None, ADD)

    def amend_order(
        self, order: Order, request: AmendRequest, new_client_order_id: str, contract: Contract, age_s: float
    ) -> Call[AmendResult]:
        """Change an order in place."""
        params = amend_params(order, request)
        done = amended(order, request.quantity, request.price)
        return self._command("AmendOrder", params, contract, orders.Amended, lambda _: done, amend_cost(age_s))

    def cancel_order(self, contract: Contract, order_id: str, client_order_id: str, age_s: float) -> Call[OrderUpdate]:
        """Cancel one order."""
        params, cost = which_order(order_id, client_order_id), cancel_cost(age_s)

        def read(answer: orders.Canceled) -> OrderUpdate:
            return canceled(answer, contract.symbol, order_id, client_order_id)

        return self._command("CancelOrder", params, contract, orders.Canceled, read, cost, lane=Lane.CANCEL)

    def cancel_all_orders(self, contract: Contract) -> None:
        """Return None: the venue cancels all orders of the account or single ones."""

    def cancel_after(self, seconds: float) -> Call[None]:
        """Set the venue's dead-man switch to so many seconds, or take it back (0)."""
        params = {"timeout": str(math.ceil(seconds))}
        return private_call("CancelAllOrdersAfter", params, dict[str, Any], lambda _: None, lane=Lane.CANCEL)

    def fetch_order(self, contract: Contract, order_id: str, client_order_id: str) -> Call[OrderUpdate] | None:
        """Ask for one order by the venue's id; by ours there is no way."""
        if not order_id:
            return None
        asked = self._now_ns()

        def read(found: dict[str, orders.OrderInfo]) -> OrderUpdate:
            return to_update(order_id, one_of(found, order_id), self._symbols, asked)

        return private_call("QueryOrders", {"txid": order_id}, dict[str, orders.OrderInfo], read)

    def fetch_open_orders(self, contract: Contract | None) -> Call[list[OrderUpdate]]:
        """Ask for open orders of one symbol or of all."""
        asked = self._now_ns()

        def read(found: orders.OpenOrders) -> list[OrderUpdate]:
            return self._updates(found.open, contract, asked)

        return private_call("OpenOrders", {}, orders.OpenOrders, read)

    def fetch_orders(
        self, contract: Contract, start: int | None, end: int | None, after: str, limit: int
    ) -> Call[Page[OrderUpdate]]:
        """Ask for one page of orders: first the open ones, then the closed ones of all symbols, newest first."""
        asked = self._now_ns()

        def chosen(orders: dict[str, orders.OrderInfo]) -> list[OrderUpdate]:
            found = self._updates(orders, contract, asked)
            return [u for u in found if (start or 0) <= u.ts_created <= (u.ts_created if end is None else end)]

        if not after:
            return private_call(
                "OpenOrders", {}, orders.OpenOrders, lambda o: Page(chosen(o.open), _FIRST_CLOSED, newest_first=True)
            )
        return private_call(
            "ClosedOrders",
            _range(start, end, after) | {"closetime": "open"},
            orders.ClosedOrders,
            lambda c: _page(chosen(c.closed), after, len(c.closed)),
        )

    # answers

    def classify(self, call: Call[object], response: RawResponse) -> VenueError | None:
        """Return the typed error of an answer, None for a success."""
        return classify(call, response, self._exchange)

    def usage(self, response: RawResponse) -> list[Usage]:
        """Return nothing: answers do not tell the counters."""
        return []

    # inside

    def _now_ns(self) -> int:
        return self._venue_ms() * NS_PER_MS

    def _command(
        self,
        operation: str,
        params: dict[str, str],
        contract: Contract,
        kind: Any,
        read: Callable[[Any], T],
        trading: float,
        **more: Any,
    ) -> Call[T]:
        fields = {"lane": Lane.PLACE, "trading": trading, "market": contract.symbol, "idempotent": False} | more
        return private_call(operation, params, kind, read, **fields)

    def _depth(self, contract: Contract, depth: int, read: Callable[[Any], T]) -> Call[T]:
        params = {"pair": contract.venue_symbol, "count": str(min(depth, _MOST_DEPTH))}
        return public_call("Depth", params, dict[str, market.DepthInfo], read)

    def _updates(
        self, orders: dict[str, orders.OrderInfo], contract: Contract | None, asked_ns: int
    ) -> list[OrderUpdate]:
        found = [
            to_update(key, info, self._symbols, asked_ns)
            for key, info in orders.items()
            if not self._is_foreign(info.descr.pair, contract, info.cl_ord_id)
        ]
        return [update for update in found if contract is None or update.symbol == contract.symbol]

    def _is_foreign(self, pair: str, wanted: Contract | None, client_order_id: str | None = None) -> bool:
        """Tell whether a pair is none of the listing, as those of tokenised shares: what is on it is passed over.

        Raises UnknownSymbol where it may be ours, and once where all symbols are asked for: it may be new.
        """
        try:
            self._symbols.unified(pair)
        except UnknownSymbol:
            if client_order_id or (wanted is None and pair not in self._foreign):
                self._foreign.add(pair)
                raise
            return True
        return False

    def _trade(self, row: market.TradeRow, symbol: str) -> Trade:
        side, at = Side.BUY if row.side == "b" else Side.SELL, seconds_to_ns(row.time)
        return Trade(self._exchange, symbol, at, 0, self._next_seq(), row.trade_id, row.price, row.volume, side)

    def _bar(self, row: market.Candle, symbol: str, interval: str) -> Bar:
        opened = row.time * NS_PER_S
        last = next_open(opened, interval) - 1
        values = row.open, row.high, row.low, row.close, row.volume, row.vwap * row.volume, row.count
        return Bar(self._exchange, symbol, last, 0, self._next_seq(), interval, opened, *values, True)

    def _ticker(self, symbol: str, info: market.TickerInfo) -> Ticker:
        last, size, opened = info.c[0], info.c[1], info.o
        best = info.b[0], info.b[2], info.a[0], info.a[2]
        traded = info.v[1], info.v[1] * info.p[1]  # in 24 hours; the opening is that of the day
        change = (last - opened) / opened * 100 if opened else 0.0
        day = opened, info.h[1], info.l[1], *traded, change
        return Ticker(self._exchange, symbol, 0, 0, self._next_seq(), last, size, *best, *day, info.t[1])


def _only(found: dict[str, Any]) -> Any:
    """Return what is told of the one pair asked for; "last" may stand beside it. Raises ValueError for nothing."""
    for key, told in found.items():
        if key != "last":
            return told
    raise ValueError("the answer is about no pair")


def _sides(found: dict[str, market.DepthInfo]) -> tuple[list[Level], list[Level]]:
    info: market.DepthInfo = _only(found)
    return [(p, q) for p, q, _ in info.bids], [(p, q) for p, q, _ in info.asks]


def _range(start: int | None, end: int | None, after: str) -> dict[str, str]:
    """Return bounds in s (the start is exclusive) and the offset of a page."""
    params = {} if start is None else {"start": str(start // NS_PER_S - 1)}
    params |= {} if end is None else {"end": str(-(-end // NS_PER_S))}
    return params | {"ofs": after or "0"}


def _page(items: list[T], after: str, got: int) -> Page[T]:
    """Return a page; after a full one more may follow. What is new meanwhile moves the rest back: twice, never lost."""
    return Page(items, str(int(after or "0") + got) if got >= _PAGE else "", newest_first=True)
