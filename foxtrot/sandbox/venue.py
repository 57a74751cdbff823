"""The venue's truth: contracts, books, accounts, orders, trades, candles, and the clock they share."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Container, Sequence
from decimal import Decimal

from foxtrot.model.contract import Contract
from foxtrot.model.decimals import ZERO
from foxtrot.model.order import OrderType, Side
from foxtrot.sandbox.candles import CandleBook
from foxtrot.sandbox.exact import exactly
from foxtrot.sandbox.ledger import FEE_ACCOUNT, Ledger
from foxtrot.sandbox.market import Market
from foxtrot.sandbox.orders import OrderStore, amended, copy_of, history_of
from foxtrot.sandbox.rules import check_account, check_admission, check_form, check_values
from foxtrot.sandbox.tape import DAY_MINUTES, Tape
from foxtrot.sandbox.types import (
    MARKET_ACCOUNT,
    Amendment,
    BalanceReport,
    CancelRestriction,
    Candle,
    DayStatistics,
    Execution,
    FeeIn,
    NewOrder,
    OrderReport,
    PublicTrade,
    Reason,
    Refused,
    ReplaceResult,
    ReportKind,
    Stp,
    VenueEvent,
    VenueOrder,
    VenueStatus,
)

MarketFactory = Callable[[Contract, Decimal, "Venue"], Market]
BookLevels = list[tuple[Decimal, Decimal]]


class Venue:
    """One exchange: it matches, books and remembers. Single-threaded; every method is synchronous and atomic.

    `clock` returns ns UTC, `steady` ns of a clock that nobody sets (by default the same one). `listeners` are called
    synchronously with every event, in order; they may read, not order.
    `prices` are the starting prices by symbol; candles before the start are made up from `seed`. `market` makes each
    symbol's market. `born_ns` is when the venue first began, for ids that must not come again: by default now.
    """

    def __init__(
        self,
        contracts: Sequence[Contract],
        clock: Callable[[], int],
        *,
        maker_fee: Decimal,
        taker_fee: Decimal,
        prices: dict[str, Decimal] | None = None,
        seed: int = 0,
        history_days: int = 0,
        first_order_id: int = 1,
        born_ns: int = 0,
        market: MarketFactory = Market,
        steady: Callable[[], int] | None = None,
    ) -> None:
        self.clock = clock
        self.steady = steady or clock
        self._hidden_ns = 0  # how long queries and lists do not show an order that was just accepted
        self.maker_fee, self.taker_fee = maker_fee, taker_fee
        self.default_fee_in = FeeIn.RECEIVED
        self.listeners: list[Callable[[VenueEvent], None]] = []
        self.contracts: dict[str, Contract] = {c.symbol: c for c in contracts}
        self.ledger = Ledger()
        self._order_ids = itertools.count(first_order_id)
        self._store = OrderStore()
        start = clock()
        self.born_ns = born_ns or start
        self._tapes: dict[str, Tape] = {}
        self._markets: dict[str, Market] = {}
        for symbol, contract in self.contracts.items():
            price = (prices or {}).get(symbol, Decimal(10))
            current = functools.partial(self.contracts.__getitem__, symbol)
            self._tapes[symbol] = Tape(symbol, current, clock, CandleBook(start, price), seed, history_days)
            self._markets[symbol] = market(contract, price, self)
        self.ledger.open(MARKET_ACCOUNT)
        self.ledger.open(FEE_ACCOUNT)

    # accounts

    @exactly
    def open_account(self, account: str, balances: dict[str, Decimal]) -> None:
        """Open an account with free balances."""
        self.ledger.open(account)
        for asset, amount in balances.items():
            self.ledger.deposit(account, asset, amount)

    def balances(self, account: str) -> dict[str, tuple[Decimal, Decimal]]:
        """Return (free, locked) by asset."""
        return self.ledger.balances(account)

    @exactly
    def deposit(self, account: str, asset: str, amount: Decimal) -> None:
        """Add free funds from outside (a negative amount takes them) and report it. Raises Refused."""
        self.ledger.deposit(account, asset, amount)
        self.report_balances(account, (asset,), {asset: amount})

    # orders; symbols unified; all raise Refused

    @exactly
    def check(self, new: NewOrder) -> None:
        """Run every check of `place` without placing."""
        self._check(new)

    @exactly
    def place(self, new: NewOrder) -> VenueOrder:
        """Take an order, run it, and return a copy of it as it is then. Raises Refused; then nothing has changed."""
        self._check(new)
        return copy_of(self._accept(new))

    def place_agent(
        self, symbol: str, side: Side, price: Decimal, quantity: Decimal, stp: Stp = Stp.NONE
    ) -> VenueOrder:
        """Run a limit order of the agents, unchecked."""
        kind, account = OrderType.LIMIT, MARKET_ACCOUNT
        return self._accept(
            NewOrder(account=account, symbol=symbol, side=side, type=kind, quantity=quantity, price=price, stp=stp)
        )

    @exactly
    def cancel(
        self,
        account: str,
        symbol: str,
        *,
        order_id: int | None = None,
        client_order_id: str | None = None,
        cancel_client_order_id: str = "",
        restriction: CancelRestriction = CancelRestriction.NONE,
    ) -> VenueOrder:
        """End an open order. Raises Refused(CANCEL_UNKNOWN), Refused(CANCEL_RESTRICTED)."""
        order = self._open_order(account, symbol, order_id, client_order_id)
        wanted = {
            CancelRestriction.ONLY_NEW: VenueStatus.NEW,
            CancelRestriction.ONLY_PARTIALLY_FILLED: VenueStatus.PARTIALLY_FILLED,
        }.get(restriction, order.status)
        if order.status is not wanted:
            raise Refused(Reason.CANCEL_RESTRICTED)
        self._markets[symbol].end(order, VenueStatus.CANCELED, ReportKind.CANCELED, cancel_client_order_id)
        return copy_of(order)

    @exactly
    def restore(self, orders: Sequence[VenueOrder]) -> None:
        """Take up the orders of an earlier run with their executions, by order id ascending.

        Listeners hear of them as if they came now, for they may keep books of their own; balances are not told.
        """
        for order in orders:
            self._store.add(order)
            for report in history_of(order):
                self.emit(report)
            if order.status.open:
                self._markets[order.symbol].resume(order)
            else:
                self._store.finish(order)
        for execution in sorted((e for o in orders for e in o.executions), key=lambda e: e.trade_id):
            self._store.record(execution)

    def cancel_all(self, account: str, symbol: str) -> list[VenueOrder]:
        """End all open orders of a symbol. Raises Refused(CANCEL_UNKNOWN) when there are none."""
        self._contract(symbol)
        mine = [o for o in self._store.open(account) if o.symbol == symbol]
        if not mine:
            raise Refused(Reason.CANCEL_UNKNOWN)
        return [self.cancel(account, symbol, order_id=order.order_id) for order in mine]

    @exactly
    def expire(self, account: str, symbol: str, order_id: int) -> None:
        """End an open order by the venue's own rules. Raises Refused(CANCEL_UNKNOWN)."""
        order = self._open_order(account, symbol, order_id, None)
        self._markets[symbol].end(order, VenueStatus.EXPIRED, ReportKind.EXPIRED, "")

    @exactly
    def expire_due(self) -> None:
        """End the orders whose time is over."""
        for order in self._store.expired(self.clock()):
            self._markets[order.symbol].end(order, VenueStatus.EXPIRED, ReportKind.EXPIRED)

    @exactly
    def amend(self, account: str, symbol: str, change: Amendment, *, order_id: int) -> VenueOrder:
        """Change an open order, which keeps its id; a quantity that is filled already ends it. Raises Refused."""
        order = self._open_order(account, symbol, order_id, None)
        if change.quantity is not None and change.quantity <= order.quantity - order.remaining:
            self._markets[symbol].end(order, VenueStatus.CANCELED, ReportKind.CANCELED)
            return copy_of(order)
        new = amended(order, change)
        contract, market = self.contracts[symbol], self._markets[symbol]
        check_form(new, contract)
        check_values(new, contract, lambda minutes: self.average_price(symbol, minutes))
        check_admission(new, (), trading=market.trading)
        market.amend(order, new)
        return copy_of(order)

    @exactly
    def cancel_replace(
        self,
        account: str,
        symbol: str,
        new: NewOrder,
        *,
        order_id: int | None = None,
        client_order_id: str | None = None,
        stop_on_failure: bool = True,
        cancel_client_order_id: str = "",
        restriction: CancelRestriction = CancelRestriction.NONE,
    ) -> ReplaceResult:
        """Cancel one order and place another; the new one's values are checked before the cancel. Raises Refused."""
        contract = self._contract(symbol)
        if not contract.replace_allowed:
            raise Refused(Reason.REPLACE_UNSUPPORTED)
        check_form(new, contract)
        check_values(new, contract, lambda minutes: self.average_price(symbol, minutes))
        canceled: VenueOrder | Refused
        try:
            canceled = self.cancel(
                account,
                symbol,
                order_id=order_id,
                client_order_id=client_order_id,
                cancel_client_order_id=cancel_client_order_id,
                restriction=restriction,
            )
        except Refused as refusal:
            canceled = refusal
            if stop_on_failure:
                return ReplaceResult(canceled=canceled, new=None)
        placed: VenueOrder | Refused
        try:
            placed = self.place(new)
        except Refused as refusal:
            placed = refusal
        return ReplaceResult(canceled=canceled, new=placed)

    def order(
        self, account: str, symbol: str, *, order_id: int | None = None, client_order_id: str | None = None
    ) -> VenueOrder:
        """Return a copy of an order; of several with one client id the latest. Raises Refused(NO_SUCH_ORDER)."""
        self._contract(symbol)
        found = self._store.find(account, symbol, order_id, client_order_id)
        if found is None or not self._shown(found):
            raise Refused(Reason.NO_SUCH_ORDER)
        return copy_of(found)

    def open_orders(self, account: str, symbol: str | None = None) -> list[VenueOrder]:
        """Return copies of the open orders, oldest first."""
        return [copy_of(o) for o in self._store.open(account) if symbol in (None, o.symbol) and self._shown(o)]

    def open_ids(self, account: str) -> Container[int]:
        """Return the ids of the account's open orders (a live view)."""
        return self._store.open_ids(account)

    def orders(self, account: str, symbol: str) -> list[VenueOrder]:
        """Return copies of all orders ever, by order id ascending."""
        return [copy_of(o) for o in self._store.all(account) if o.symbol == symbol and self._shown(o)]

    def executions(self, account: str, symbol: str) -> list[Execution]:
        """Return all executions of an account, oldest first."""
        return self._store.executions(account, symbol)

    # market data

    def depth(self, symbol: str, limit: int) -> tuple[int, BookLevels, BookLevels]:
        """Return (update id, bids descending, asks ascending)."""
        book = self._market(symbol).book
        return book.update_id, book.bids.levels(limit), book.asks.levels(limit)

    def best(self, symbol: str, side: Side) -> tuple[Decimal, Decimal] | None:
        """Return the best level of a side as (price, quantity), None when it is empty."""
        levels = self._market(symbol).book.side(side).levels(1)
        return levels[0] if levels else None

    def last_price(self, symbol: str) -> Decimal:
        """Return the price of the last trade, the starting price before the first."""
        return self._market(symbol).last_price

    def average_price(self, symbol: str, minutes: int) -> Decimal:
        """Return the volume-weighted price of the last `minutes`, the last price when nothing traded."""
        average = self._tape(symbol).average_price(minutes)
        return self.last_price(symbol) if average is None else average

    def trades(self, symbol: str) -> Sequence[PublicTrade]:
        """Return the kept public trades, oldest first."""
        return self._tape(symbol).trades

    def minutes(self, symbol: str, start_ns: int, end_ns: int) -> list[Candle]:
        """Return the 1-minute candles that open in start_ns..end_ns, the running one included, no minute missing."""
        return self._tape(symbol).minutes(start_ns, end_ns)

    def give_history(self, symbol: str, candles: list[Candle]) -> None:
        """Let a symbol have had these 1-minute candles, none missing, right before its first one."""
        self._tape(symbol).give_past(candles)

    def first_minute_ns(self, symbol: str) -> int:
        """Return when the oldest 1-minute candle opens."""
        return self._tape(symbol).first_minute_ns

    def day_statistics(self, symbol: str) -> DayStatistics:
        """Return the statistics of the last 24 hours."""
        return self.statistics(symbol, DAY_MINUTES)

    def statistics(self, symbol: str, minutes: int) -> DayStatistics:
        """Return the statistics of the last so many minutes."""
        return self._tape(symbol).statistics(minutes, self.last_price(symbol))

    def set_status(self, symbol: str, trading: bool) -> None:
        """Halt or resume a symbol; open orders stay."""
        self._market(symbol).trading = trading

    def change_contract(self, contract: Contract) -> None:
        """Let a symbol have other rules from now on; open orders stay."""
        self._market(contract.symbol).contract = contract
        self.contracts[contract.symbol] = contract

    def trading(self, symbol: str) -> bool:
        """Tell whether the symbol takes orders."""
        return self._market(symbol).trading

    def hide(self, age_ns: int) -> None:
        """Keep orders that were accepted less than that ago out of queries and lists, until told otherwise."""
        self._hidden_ns = age_ns

    def _shown(self, order: VenueOrder) -> bool:
        return not self._hidden_ns or self.clock() - order.created_ns >= self._hidden_ns

    # for the markets

    def emit(self, event: VenueEvent) -> None:
        """Tell every listener."""
        if isinstance(event, PublicTrade):
            self._tapes[event.symbol].add(event)
        for listener in self.listeners:
            listener(event)

    def executed(self, execution: Execution) -> None:
        """Remember an execution of a client's order."""
        self._store.record(execution)

    def finished(self, order: VenueOrder) -> None:
        """Forget an order as open; agents' orders are forgotten wholly."""
        self._store.finish(order)

    def report_balances(self, account: str, assets: Sequence[str], transfers: dict[str, Decimal] | None = None) -> None:
        """Tell an account its new balances, and what came from outside."""
        changed = {asset: self.ledger.held(account, asset) for asset in assets}
        now = self.clock()
        self.emit(BalanceReport(account=account, balances=changed, time_ns=now, transfers=transfers or {}))

    def report_order(
        self, kind: ReportKind, order: VenueOrder, execution: Execution | None, cancel_id: str, prevented: Decimal
    ) -> None:
        """Tell an account what happened to its order."""
        self.emit(
            OrderReport(
                kind=kind,
                order=copy_of(order),
                execution=execution,
                cancel_client_order_id=cancel_id,
                last_prevented=prevented,
                time_ns=self.clock(),
            )
        )

    # inside

    def market(self, symbol: str) -> Market:
        """Return the market of a symbol. Raises Refused(UNKNOWN_SYMBOL)."""
        return self._market(symbol)

    def _contract(self, symbol: str) -> Contract:
        try:
            return self.contracts[symbol]
        except KeyError:
            raise Refused(Reason.UNKNOWN_SYMBOL, symbol) from None

    def _tape(self, symbol: str) -> Tape:
        self._contract(symbol)
        return self._tapes[symbol]

    def _open_order(self, account: str, symbol: str, order_id: int | None, client_order_id: str | None) -> VenueOrder:
        self._contract(symbol)
        order = self._store.find(account, symbol, order_id, client_order_id)
        if order is None or not order.status.open:
            raise Refused(Reason.CANCEL_UNKNOWN)
        return order

    def _market(self, symbol: str) -> Market:
        self._contract(symbol)
        return self._markets[symbol]

    def _check(self, new: NewOrder) -> None:
        contract, market = self._contract(new.symbol), self._market(new.symbol)
        if new.account == MARKET_ACCOUNT:
            check_admission(new, (), trading=market.trading)
            return
        check_form(new, contract)
        check_values(new, contract, lambda minutes: self.average_price(new.symbol, minutes))
        mine, stp = self._store.open(new.account), self._stp(new)
        check_admission(new, mine, trading=market.trading)
        market.check_price(new)
        quantity = market.plan(new, stp).available if new.quantity is None else new.quantity
        check_account(new, contract, mine, sum(self.ledger.held(new.account, contract.base), ZERO), quantity)
        market.check_funds(new, stp)

    def _stp(self, new: NewOrder) -> Stp:
        by_default = self.contracts[new.symbol].default_stp_mode
        if new.stp is not None or new.account == MARKET_ACCOUNT or not by_default:
            return new.stp or Stp.NONE
        return Stp[by_default]

    def _accept(self, new: NewOrder) -> VenueOrder:
        now, stp, market = self.clock(), self._stp(new), self._market(new.symbol)
        order_id = next(self._order_ids)
        order = VenueOrder(
            order_id=order_id,
            account=new.account,
            client_order_id=new.client_order_id or f"{order_id:022d}",
            symbol=new.symbol,
            side=new.side,
            type=new.type,
            quantity=market.plan(new, stp).quantity if new.quantity is None else new.quantity,
            quote_quantity=new.quote_quantity or ZERO,
            price=new.price or ZERO,
            stop_price=market.first_stop(new),
            iceberg_quantity=new.iceberg_quantity or ZERO,
            time_in_force=new.time_in_force,
            stp=stp,
            created_ns=now,
            updated_ns=now,
            trailing_offset=new.trailing_offset or ZERO,
            trailing_percent=new.trailing_percent or ZERO,
            peak_price=market.last_price,
            expire_ns=new.expire_ns,
            fee_in=new.fee_in or self.default_fee_in,
        )
        self._store.add(order)
        market.run(order)
        return order
