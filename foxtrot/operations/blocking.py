"""`OrderOperations` for scripts without an event loop: the same calls, which wait."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from decimal import Decimal
from types import TracebackType
from typing import Any, Self, TypeVar

from foxtrot.errors import FoxtrotError, StateError
from foxtrot.model.decimals import Number
from foxtrot.model.order import Side
from foxtrot.model.times import TimeLike
from foxtrot.operations.connection import running_loop
from foxtrot.operations.orders import OrderOperations
from foxtrot.operations.rows import OrderRow

T = TypeVar("T")


class BlockingOrderOperations:
    """Run `OrderOperations` on a loop of its own, in a thread of its own; it is connected when it has been made.

    Each method waits for its answer and raises what its twin raises; any thread may call it. Raises StateError inside a
    running event loop (use the awaited twin there) and after `close`. Use it in a `with` statement, or close it.
    """

    def __init__(self, make: Callable[[], OrderOperations]) -> None:
        _require_no_loop()
        self._closed = False
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._serve, name="foxtrot operations", daemon=True)
        self._thread.start()
        try:
            self._operations = self._run(_connected(make))
        except BaseException:
            self._end()
            raise

    def __repr__(self) -> str:
        return f"<Blocking{repr(self._operations).lstrip('<')}"

    def close(self) -> None:
        """Disconnect and end the thread; active orders stay at the venue. Repeating is harmless."""
        if self._closed:
            return
        try:
            self._run(self._operations.close())
        finally:
            self._end()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # creating

    def create_limit_buy(self, price: Number, quantity: Number) -> OrderRow | None:
        """Place a limit order to buy."""
        return self._run(self._operations.create_limit_buy(price, quantity))

    def create_limit_sell(self, price: Number, quantity: Number) -> OrderRow | None:
        """Place a limit order to sell."""
        return self._run(self._operations.create_limit_sell(price, quantity))

    def create_market_buy(self, quantity: Number | None = None, *, cost: Number | None = None) -> OrderRow | None:
        """Buy at the market by base `quantity` or by `cost`."""
        return self._run(self._operations.create_market_buy(quantity, cost=cost))

    def create_market_sell(self, quantity: Number) -> OrderRow | None:
        """Sell at the market."""
        return self._run(self._operations.create_market_sell(quantity))

    def create_stop_loss(
        self, stop_price: Number, quantity: Number, *, price: Number | None = None, side: Side | str = Side.SELL
    ) -> OrderRow | None:
        """Place a stop-loss."""
        return self._run(self._operations.create_stop_loss(stop_price, quantity, price=price, side=side))

    def create_take_profit(
        self, stop_price: Number, quantity: Number, *, price: Number | None = None, side: Side | str = Side.SELL
    ) -> OrderRow | None:
        """Place a take-profit."""
        return self._run(self._operations.create_take_profit(stop_price, quantity, price=price, side=side))

    def sell_all_assets(self) -> OrderRow | None:
        """Sell all of the symbol's base asset that is free."""
        return self._run(self._operations.sell_all_assets())

    # canceling

    def cancel_order(self, id: str) -> OrderRow:  # noqa: A002 - as its users know it
        """Cancel an order by the venue's id or ours."""
        return self._run(self._operations.cancel_order(id))

    def cancel_all_buy_orders(self) -> list[OrderRow]:
        """Cancel all open orders to buy."""
        return self._run(self._operations.cancel_all_buy_orders())

    def cancel_all_sell_orders(self) -> list[OrderRow]:
        """Cancel all open orders to sell."""
        return self._run(self._operations.cancel_all_sell_orders())

    # reading

    @property
    def active_orders(self) -> list[OrderRow]:
        """Return the orders of ours that are not done."""
        return self._run(self._active())

    @property
    def last_error(self) -> FoxtrotError | None:
        """Return why the last creation that failed did so."""
        return self._operations.last_error

    def fetch_open_orders(self) -> list[OrderRow]:
        """Ask for the symbol's open orders."""
        return self._run(self._operations.fetch_open_orders())

    def fetch_all_orders(self, start_time: TimeLike | None = None, end_time: TimeLike | None = None) -> list[OrderRow]:
        """Ask for the symbol's orders of a range."""
        return self._run(self._operations.fetch_all_orders(start_time, end_time))

    def poll_order_status(self, id: str, *, timeout_s: float = 60.0, interval_s: float = 1.0) -> OrderRow:  # noqa: A002
        """Return an order once it is done, or as it is after `timeout_s`."""
        return self._run(self._operations.poll_order_status(id, timeout_s=timeout_s, interval_s=interval_s))

    def get_usdt_balance(self) -> Decimal:
        """Ask for the free USDT."""
        return self._run(self._operations.get_usdt_balance())

    def get_base_asset_balance(self, base_asset: str | None = None) -> Decimal:
        """Ask for what is free of an asset."""
        return self._run(self._operations.get_base_asset_balance(base_asset))

    # inside

    async def _active(self) -> list[OrderRow]:
        return self._operations.active_orders

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        try:
            _require_no_loop()
            if self._closed:
                raise StateError("These blocking operations were closed; make others.")
        except StateError:
            work.close()
            raise
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()  # the caller was interrupted: what is under way ends, and is settled like any lost answer
            raise

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    def _end(self) -> None:
        self._closed = True
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.close()


async def _connected(make: Callable[[], OrderOperations]) -> OrderOperations:
    made = make()
    await made.connect()
    return made


def _require_no_loop() -> None:
    if running_loop() is not None:
        raise StateError("Blocking operations would hold up the event loop that runs here; await OrderOperations.")
