"""`OrderOperations`: everything a bot does with the orders of one symbol, live or as a dry run."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from foxtrot.errors import (
    CancelRejected,
    FoxtrotError,
    InvalidRequest,
    StateError,
)
from foxtrot.exchange import BaseExchange
from foxtrot.model.contract import Contract
from foxtrot.model.decimals import ZERO, Number
from foxtrot.model.events import AdapterState
from foxtrot.model.order import Order, OrderRequest, Side
from foxtrot.model.times import TimeLike
from foxtrot.operations.connection import ExchangeConnection, running_loop
from foxtrot.operations.funds import require_funds
from foxtrot.operations.polling import until_done
from foxtrot.operations.rows import OrderRow, to_row
from foxtrot.operations.source import open_exchange

if TYPE_CHECKING:
    from foxtrot.operations.blocking import BlockingOrderOperations

_LOG = logging.getLogger("foxtrot.operations")
_PAGE = 10_000
_OPEN = (AdapterState.READY, AdapterState.DEGRADED, AdapterState.SYNCING)


class OrderOperations:
    """Place, follow and cancel orders of one symbol; use it as an async context manager, or `connect` and `close`.

    `exchange` is a BaseExchange, an ExchangeConnection, or a venue's name with `config` as `get_exchange` takes it.
    What is not connected yet is connected by `connect` and ended by `close`. With `dry_run` nothing is ever sent: the
    orders run against the real market by the venue's own rules (`foxtrot.sandbox.paper`), with `balances` (1000 USDT).
    `journal` is the file by which active orders survive the process; an exchange that is given has its own.

    A creation that fails returns None, and leaves its typed error in `last_error` and in the log "foxtrot.operations";
    with `raise_errors` it raises. An order that may or may not have arrived is a row with status "in_doubt", never
    None. Everything else raises. `debug` logs each call and its answer at INFO instead of DEBUG.
    """

    def __init__(
        self,
        exchange: BaseExchange | ExchangeConnection | str,
        symbol: str,
        dry_run: bool = False,
        debug: bool = False,
        *,
        balances: Mapping[str, Number] | None = None,
        journal: Path | str | None = None,
        raise_errors: bool = False,
        config: Mapping[str, Any] | None = None,
    ) -> None:
        if not isinstance(symbol, str) or not symbol.strip():
            raise InvalidRequest(f"symbol must be text such as BTC/USDT, not {symbol!r}.", field="symbol")
        self.symbol = symbol
        self.dry_run = dry_run
        self.raise_errors = raise_errors
        self.last_error: FoxtrotError | None = None
        self._level = logging.INFO if debug else logging.DEBUG
        self._exchange = open_exchange(
            exchange, symbol, dry_run=dry_run, balances=balances, journal=journal, config=config
        )
        self._owned = False
        self._closed = False
        self._loop: asyncio.AbstractEventLoop | None = None

    @classmethod
    def blocking(
        cls,
        exchange: BaseExchange | str,
        symbol: str,
        dry_run: bool = False,
        debug: bool = False,
        **settings: Any,
    ) -> BlockingOrderOperations:
        """Return the connected twin whose methods wait, for scripts without an event loop; see its class."""
        from foxtrot.operations.blocking import BlockingOrderOperations

        return BlockingOrderOperations(lambda: cls(exchange, symbol, dry_run, debug, **settings))

    def __repr__(self) -> str:
        how = " dry run" if self.dry_run else ""
        return f"<OrderOperations {self.symbol} on {self._exchange.name}{how}: {self._exchange.state.value}>"

    @property
    def exchange(self) -> BaseExchange:
        """Return the exchange behind it; of a dry run the one that trades on paper."""
        return self._exchange

    # life

    async def connect(self, timeout_s: float | None = None) -> None:
        """Connect where that is needed and compare active orders with the venue.

        Raises StateError when that was done already, UnknownSymbol with close names, and what the exchange's `connect`
        raises; then nothing is left open.
        """
        if self._closed or self._loop is not None:
            raise StateError(f"{self!r} was {'closed' if self._closed else 'connected'} already; make another one.")
        if self._exchange.state is AdapterState.DISCONNECTED:
            await self._exchange.connect(timeout_s)
            self._owned = True
        try:
            self._exchange.contracts.get(self.symbol)
        except FoxtrotError:
            await self._disconnect()
            raise
        self._loop = asyncio.get_running_loop()
        for row in self.active_orders:
            _LOG.info("%s: goes on with %s %s of %s", self.symbol, row["side"], row["id"], row["quantity"])

    async def close(self) -> None:
        """End what `connect` began; active orders stay at the venue. Repeating is harmless."""
        self._require_own_loop()
        self._closed = True
        await self._disconnect()

    async def __aenter__(self) -> Self:
        await self.connect()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    # creating

    async def create_limit_buy(self, price: Number, quantity: Number) -> OrderRow | None:
        """Place a limit order to buy."""
        return await self._create(lambda: OrderRequest.limit(self.symbol, Side.BUY, quantity, price))

    async def create_limit_sell(self, price: Number, quantity: Number) -> OrderRow | None:
        """Place a limit order to sell."""
        return await self._create(lambda: OrderRequest.limit(self.symbol, Side.SELL, quantity, price))

    async def create_market_buy(self, quantity: Number | None = None, *, cost: Number | None = None) -> OrderRow | None:
        """Buy at the market: `quantity` of the base asset, or for `cost` of the quote asset."""
        return await self._create(lambda: OrderRequest.market(self.symbol, Side.BUY, quantity, quote_quantity=cost))

    async def create_market_sell(self, quantity: Number) -> OrderRow | None:
        """Sell at the market."""
        return await self._create(lambda: OrderRequest.market(self.symbol, Side.SELL, quantity))

    async def create_stop_loss(
        self, stop_price: Number, quantity: Number, *, price: Number | None = None, side: Side | str = Side.SELL
    ) -> OrderRow | None:
        """Place a stop-loss: at the market once `stop_price` is reached, with `price` as a limit order."""
        return await self._create(lambda: OrderRequest.stop(self.symbol, side, quantity, stop_price, price=price))

    async def create_take_profit(
        self, stop_price: Number, quantity: Number, *, price: Number | None = None, side: Side | str = Side.SELL
    ) -> OrderRow | None:
        """Place a take-profit: at the market once `stop_price` is reached, with `price` as a limit order."""
        return await self._create(
            lambda: OrderRequest.stop(self.symbol, side, quantity, stop_price, price=price, take_profit=True)
        )

    async def sell_all_assets(self) -> OrderRow | None:
        """Sell all of the symbol's base asset that is free, rounded down to the venue's step, at the market.

        What is less than the venue's minimum is denied like any other order; what open orders hold stays held.
        """
        contract = self._require_open()
        free = await self.get_base_asset_balance(contract.base)
        quantity = self._exchange.contracts.round_quantity(self.symbol, free)
        return await self.create_market_sell(quantity if quantity else free)

    # canceling

    async def cancel_order(self, id: str) -> OrderRow:  # noqa: A002 - as its users know it
        """Cancel an order by the venue's id or ours.

        Raises OrderNotFound, CancelRejected when it is done already, OrderInDoubt when the venue may have acted.
        """
        self._require_open()
        order = await self._find(id)
        if order.status.done:
            raise CancelRejected(
                f"Order {id} is {order.status.value} already; there is nothing to cancel.", exchange=self._exchange.name
            )
        return await self._told("cancel_order", self._cancel(order))

    async def cancel_all_buy_orders(self) -> list[OrderRow]:
        """Cancel all open orders to buy, whoever placed them; see `cancel_all_sell_orders`."""
        return await self._cancel_side(Side.BUY)

    async def cancel_all_sell_orders(self) -> list[OrderRow]:
        """Cancel all open orders to sell, whoever placed them, and return those that were canceled.

        One that is done meanwhile is passed over. When a cancel fails the others are still tried, and then the first
        error is raised.
        """
        return await self._cancel_side(Side.SELL)

    # reading

    @property
    def active_orders(self) -> list[OrderRow]:
        """Return the orders of ours that are not done, oldest first, also those of earlier runs; no I/O."""
        return [to_row(o) for o in self._exchange.orders.open() if o.symbol == self.symbol and not o.external]

    async def fetch_open_orders(self) -> list[OrderRow]:
        """Ask for the symbol's open orders, whoever placed them, oldest first."""
        self._require_open()
        return [to_row(order) for order in await self._exchange.fetch_open_orders(self.symbol)]

    async def fetch_all_orders(
        self, start_time: TimeLike | None = None, end_time: TimeLike | None = None
    ) -> list[OrderRow]:
        """Ask for the symbol's orders of a range, open and done, oldest first."""
        self._require_open()
        found = await self._exchange.fetch_orders(self.symbol, start=start_time, end=end_time, limit=_PAGE)
        return [to_row(order) for order in found]

    async def poll_order_status(self, id: str, *, timeout_s: float = 60.0, interval_s: float = 1.0) -> OrderRow:  # noqa: A002
        """Return an order once it is done, or as it is after `timeout_s`; its `status` tells which.

        The venue is asked at once and each `interval_s`; what the private stream brings counts at once. Raises
        OrderNotFound, InvalidRequest.
        """
        self._require_open()
        order = await self._find(id)
        return to_row(await until_done(self._exchange, order, timeout_s=timeout_s, interval_s=interval_s))

    async def get_usdt_balance(self) -> Decimal:
        """Ask for the free USDT."""
        self._require_open()
        return await self._free("USDT")

    async def get_base_asset_balance(self, base_asset: str | None = None) -> Decimal:
        """Ask for what is free of an asset, by default of the symbol's base. Raises InvalidRequest for a wrong name."""
        contract = self._require_open()
        return await self._free(contract.base if base_asset is None else base_asset)

    # inside

    async def _create(self, build: Callable[[], OrderRequest]) -> OrderRow | None:
        contract = self._require_open()
        try:
            request = build()
            await require_funds(self._exchange, request, contract)
            return await self._told(f"{request.side.value} {request.type.value}", self._exchange.place_order(request))
        except FoxtrotError as error:
            self.last_error = error
            _LOG.error("%s: no order was created: %s: %s", self.symbol, type(error).__name__, error)
            if self.raise_errors:
                raise
            return None

    async def _told(self, what: str, work: Awaitable[Order]) -> OrderRow:
        row = to_row(await work)
        _LOG.log(self._level, "%s: %s -> %s", self.symbol, what, row)
        return row

    async def _find(self, number: str) -> Order:
        """Return an order as known here, or as the venue says. Raises InvalidRequest, OrderNotFound."""
        if not isinstance(number, str) or not number:
            raise InvalidRequest(f"id must be an order's id as text, not {number!r}.", field="id")
        known = [o for o in self._exchange.orders.open() if number in (o.order_id, o.client_order_id)]
        known = [order for order in known if order.symbol == self.symbol]
        ours = self._exchange.orders.get(number)
        if known:
            return known[0]
        if ours is not None and ours.symbol == self.symbol:
            return ours
        return await self._exchange.fetch_order_status(self.symbol, order_id=number)

    async def _cancel(self, order: Order) -> Order:
        if order.order_id:
            return await self._exchange.cancel_order(self.symbol, order_id=order.order_id)
        return await self._exchange.cancel_order(self.symbol, client_order_id=order.client_order_id)

    async def _cancel_side(self, side: Side) -> list[OrderRow]:
        self._require_open()
        canceled, failures = [], []
        for order in await self._exchange.fetch_open_orders(self.symbol):
            if order.side is not side:
                continue
            try:
                canceled.append(await self._told("cancel", self._cancel(order)))
            except CancelRejected as error:
                _LOG.info("%s: %s was not canceled: %s", self.symbol, order.order_id, error)
            except FoxtrotError as error:
                _LOG.error("%s: %s was not canceled: %s", self.symbol, order.order_id, error)
                failures.append(error)
        if failures:
            self.last_error = failures[0]
            raise failures[0]
        return canceled

    async def _free(self, asset: str) -> Decimal:
        found = (await self._exchange.fetch_balance()).get(asset)
        if found is not None:
            return found.free
        known = {part for contract in self._exchange.contracts.all() for part in (contract.base, contract.quote)}
        if asset not in known:
            raise InvalidRequest(f"{self._exchange.name} trades no asset {asset!r}.", field="base_asset")
        return ZERO

    def _require_open(self) -> Contract:
        if self._closed or self._loop is None or self._exchange.state not in _OPEN:
            how = "was closed" if self._closed else "is not connected; await connect() first"
            raise StateError(f"{self!r} {how}.", exchange=self._exchange.name)
        self._require_own_loop()
        return self._exchange.contracts.get(self.symbol)

    def _require_own_loop(self) -> None:
        if self._loop is not None and running_loop() is not self._loop:
            raise StateError(
                f"{self!r} belongs to the event loop in which it was connected; use it there, or "
                "OrderOperations.blocking(...) from threads.",
                exchange=self._exchange.name,
            )

    async def _disconnect(self) -> None:
        if self._owned:
            self._owned = False
            await self._exchange.disconnect()
