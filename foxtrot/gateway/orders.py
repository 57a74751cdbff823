"""Orders of the gateway: sent once, cancelled, and told from SUBMITTING to their end."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Coroutine

from foxtrot import errors
from foxtrot.errors import FoxtrotError, Outcome
from foxtrot.exchange import BaseExchange
from foxtrot.gateway.constants import Status
from foxtrot.gateway.mapping import order_data, refused, to_order_request, to_utc, trade_data, unsent
from foxtrot.gateway.objects import ERROR, WARNING, CancelRequest, OrderData, OrderRequest
from foxtrot.gateway.outlet import Outlet
from foxtrot.gateway.records import OrderRecords
from foxtrot.gateway.symbols import SymbolNames
from foxtrot.model import events
from foxtrot.model.order import Order, OrderStatus

_LOG = logging.getLogger("foxtrot.gateway")
_REFUSALS = (events.OrderDenied, events.OrderRejected)
_ALIVE = (OrderStatus.OPEN, OrderStatus.PARTIALLY_FILLED)


class OrderDesk:
    """Place and cancel; lives on the exchange's loop.

    What is told of one order: SUBMITTING first, then each state that the exchange's own order events bring, in their
    order. REJECTED is told only when the order was certainly not sent or certainly refused.
    """

    def __init__(self, exchange: BaseExchange, names: SymbolNames, outlet: Outlet, records: OrderRecords) -> None:
        self._exchange = exchange
        self._names = names
        self._outlet = outlet
        self._records = records
        self._placing: dict[str, asyncio.Task[None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._held: dict[str, OrderData | None] = {}  # the end of an order whose placement is about to say why
        self._to_cancel: set[str] = set()  # in doubt when they should have been cancelled
        self._closing = False

    # commands

    def send(self, req: OrderRequest, orderid: str) -> None:
        """Begin to place an order."""
        name, now = self._names.shown(req.symbol), to_utc(self._exchange.clock.time_ns())
        self._tell(unsent(req, name, self._outlet.gateway, orderid, now))
        if self._closing:
            self._not_taken(orderid, errors.StateError(f"{self._outlet.gateway} is being closed; nothing was sent."))
            return
        task = self._placing[orderid] = self.begin(self._place(req, orderid))
        task.add_done_callback(lambda _: self._placing.pop(orderid, None))

    def cancel(self, req: CancelRequest) -> None:
        """Begin to cancel an order; one whose placement is not answered yet is cancelled as soon as it is."""
        self.begin(self._cancel(str(req.orderid).removeprefix(f"{self._outlet.gateway}."), req.symbol, req.exchange))

    def begin(self, work: Coroutine[object, object, None]) -> asyncio.Task[None]:
        """Run something that `end` waits for."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def end(self, timeout_s: float) -> None:
        """Take no new orders and let the commands under way come to their end, for up to `timeout_s`.

        Those that have not are given up: what may have reached the venue is told as in doubt.
        """
        self._closing = True
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                while self._tasks:
                    await asyncio.wait(self._tasks)
        for task in self._tasks:
            task.cancel()
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def resume(self) -> None:
        """Ask for the orders that were alive when an earlier connection ended and that are not known now."""
        for data in self._records.active():
            if self._exchange.orders.get(data.orderid) is not None or data.orderid in self._placing:
                continue
            try:
                symbol = self._names.unified(data.symbol)
                await self._exchange.fetch_order_status(symbol, client_order_id=data.orderid)
            except FoxtrotError as error:
                self._outlet.log(f"Order {data.orderid} of an earlier connection cannot be shown: {error}", ERROR)

    # events

    def on_order(self, event: events.OrderEvent) -> None:
        """Tell what happened to an order."""
        order = event.order
        orderid = _id_of(order)
        name = self._names.name(order.symbol)
        offset, reference = self._records.terms(orderid)
        data = order_data(order, name, self._outlet.gateway, orderid=orderid, offset=offset, reference=reference)
        if orderid in self._held and isinstance(event, _REFUSALS):
            self._held[orderid] = data
        else:
            self._tell(data)
        if isinstance(event, events.OrderFilled):
            self._outlet.trade(trade_data(event.fill, name, self._outlet.gateway, orderid=orderid, offset=offset))
        elif isinstance(event, events.OrderInDoubt):
            self._outlet.log(f"Order {orderid} is in doubt and is being asked for: {order.reason}", WARNING)
        if orderid in self._to_cancel and (order.status in _ALIVE or order.status.done):
            self._to_cancel.discard(orderid)
            if not order.status.done:
                self.begin(self._cancel(orderid, order.symbol, self._outlet.gateway))

    # inside

    async def _place(self, req: OrderRequest, orderid: str) -> None:
        self._held[orderid] = None
        try:
            symbol = self._names.asked(req.symbol, req.exchange)
            await self._exchange.place_order(to_order_request(req, symbol, orderid))
        except FoxtrotError as error:
            self._not_taken(orderid, error)
        except asyncio.CancelledError:
            if self._exchange.orders.get(orderid) is None:  # else the exchange tells what it is
                self._not_taken(orderid, errors.StateError(f"{self._outlet.gateway} was closed; nothing was sent."))
            raise
        except Exception as error:  # noqa: BLE001 - a plug-in's or our own fault: told, and nothing is guessed
            _LOG.exception("%s: placing %s failed", self._outlet.gateway, orderid)
            self._not_taken(orderid, errors.OrderInDoubt(f"Placing failed: {type(error).__name__}: {error}"))
        finally:
            held = self._held.pop(orderid, None)
            if held is not None:
                self._tell(held)

    def _not_taken(self, orderid: str, error: FoxtrotError) -> None:
        """Tell why an order was not taken; whether the venue may have it is known to the exchange alone."""
        self._outlet.log(f"Order {orderid}: {error.message}", ERROR)
        told = self._held.pop(orderid, None) or self._records.get(orderid)
        certain = error.outcome in (Outcome.NOT_SENT, Outcome.REFUSED)
        unsettled = told is not None and told.status in (Status.SUBMITTING, Status.REJECTED)
        if told is not None and unsettled and (certain or self._exchange.orders.get(orderid) is None):
            self._tell(refused(told, error))

    async def _cancel(self, orderid: str, written: str, exchange: object) -> None:
        placing = self._placing.get(orderid)
        if placing is not None:
            await asyncio.wait({placing})
        told = self._records.get(orderid)
        order = self._exchange.orders.get(orderid)
        if (order is not None and order.status.done) or (order is None and told is not None and not told.is_active()):
            state = told.status.value if told is not None else order.status.value if order is not None else "done"
            self._outlet.log(f"Order {orderid} is not cancelled: it is {state} already.", WARNING)
            return
        try:
            symbol = self._names.asked(written, exchange)
            await self._cancel_at_venue(symbol, orderid)
        except FoxtrotError as error:
            self._not_cancelled(orderid, error)

    async def _cancel_at_venue(self, symbol: str, orderid: str) -> None:
        if self._exchange.orders.get(orderid) is None and orderid.startswith("#"):  # see `_id_of`
            await self._exchange.cancel_order(symbol, order_id=orderid[1:])
        else:
            await self._exchange.cancel_order(symbol, client_order_id=orderid)

    def _not_cancelled(self, orderid: str, error: FoxtrotError) -> None:
        order = self._exchange.orders.get(orderid)
        if order is not None and order.status is OrderStatus.IN_DOUBT and not order.order_id:
            self._to_cancel.add(orderid)
            self._outlet.log(f"Order {orderid} is in doubt; it is cancelled as soon as the venue shows it.", WARNING)
            return
        self._outlet.log(f"Order {orderid} is not cancelled: {error.message}", ERROR)

    def _tell(self, data: OrderData) -> None:
        before = self._records.get(data.orderid)
        if before is not None and before.status is data.status is Status.REJECTED:
            data.extra = {**(before.extra or {}), **(data.extra or {})}  # the private stream repeats it without details
        if self._records.take(data):
            self._outlet.order(data)


def _id_of(order: Order) -> str:
    """Return the client order id, or the venue's own behind a # for an order placed elsewhere without one."""
    return order.client_order_id or f"#{order.order_id}"
