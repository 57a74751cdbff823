"""The order manager: commands to the venue, and one truth about each order from every source."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TypeVar

import msgspec

from foxtrot import errors
from foxtrot.capabilities import Capability
from foxtrot.errors import InvalidRequest, Outcome
from foxtrot.managers.contract import ContractManager
from foxtrot.managers.order_store import OrderStore
from foxtrot.managers.resolver import DoubtResolver
from foxtrot.managers.wiring import Wiring
from foxtrot.model import events
from foxtrot.model.contract import Contract
from foxtrot.model.order import AmendRequest, Fill, Order, OrderRequest, OrderStatus
from foxtrot.model.times import NS_PER_MS, TimeLike, to_ns
from foxtrot.protocol.calls import Call
from foxtrot.protocol.client_ids import ClientIdFactory
from foxtrot.protocol.messages import AmendResult, OrderUpdate

_LOG = logging.getLogger("foxtrot.orders")
PAGE = 1_000
T = TypeVar("T")
Page = Callable[[int | None, int | None, str, int], Call[list[T]]]


class OrderManager:
    """Place, amend, cancel and follow orders.

    What every command promises: it is sent at most once; a definite refusal raises a VenueError and the order is
    REJECTED; what never left this machine raises a NetworkError and the order is DENIED; when the venue may have acted,
    the order is returned as IN_DOUBT, OrderInDoubt is published, and queries for its client order id settle it
    (`DoubtResolver`).
    """

    def __init__(self, wiring: Wiring, contracts: ContractManager) -> None:
        self._wiring = wiring
        self._contracts = contracts
        self._store = OrderStore(wiring)
        self._resolver = DoubtResolver(wiring, self._store, self._query)
        self._ids = ClientIdFactory(
            wiring.config.account, wiring.clock.time_ns() // NS_PER_MS, wiring.spec.client_id_pattern
        )

    def get(self, client_order_id: str) -> Order | None:
        """Return the last known state of an order by our id, None when unknown."""
        return self._store.get(client_order_id)

    def open(self) -> list[Order]:
        """Return the orders that are not done as last known, oldest first; no I/O."""
        return [order for order in self._store.all() if not order.status.done]

    # commands

    async def place(self, request: OrderRequest) -> Order:
        """Check an order locally, announce it, send it once and return what the venue says.

        Raises UnsupportedError (before any I/O), OrderDenied (nothing was sent), OrderRejected and other VenueErrors
        (definitely refused), NetworkError (never sent). Returns an IN_DOUBT order when the venue may have acted.
        With `validate_only` the venue checks the order without placing it and the order returned is CREATED.
        """
        wiring = self._wiring
        wiring.require(Capability.VALIDATE_ORDER if request.validate_only else Capability.PLACE_ORDER)
        contract = self._contracts.require_supported(request)
        rest = wiring.open().rest
        order = self._new_order(request, contract)
        await self._deny_if_illegal(order, contract)
        if request.validate_only:
            await wiring.call(rest.validate_order(order, contract), command=True)
            return order
        self._store.put(pending := msgspec.structs.replace(order, status=OrderStatus.PENDING))
        self._store.announce(events.OrderSubmitted, pending)
        try:
            update = await wiring.call(rest.place_order(pending, contract), command=True)
        except errors.FoxtrotError as error:
            return self._settle_failed_place(pending, error)
        return self._store.merge(update)

    async def cancel(self, symbol: str, *, order_id: str | None = None, client_order_id: str | None = None) -> Order:
        """Cancel an order named by either id and return its state.

        Raises CancelRejected (most often: already done; ask for its status), OrderInDoubt when the venue may
        have acted.
        """
        wiring = self._wiring
        wiring.require(Capability.CANCEL_ORDER)
        contract = wiring.contract(symbol)
        venue_id, our_id = self._store.ids(symbol, order_id, client_order_id)
        try:
            update = await wiring.call(wiring.open().rest.cancel_order(contract, venue_id, our_id), command=True)
        except errors.FoxtrotError as error:
            self._raise_in_doubt(error, self._store.find(symbol, venue_id, our_id), "cancel")
            raise
        return self._store.merge(update)

    async def cancel_all(self, symbol: str) -> list[Order]:
        """Cancel all open orders of a symbol and return them; an empty list when there were none."""
        wiring = self._wiring
        wiring.require(Capability.CANCEL_ALL_ORDERS)
        contract = wiring.contract(symbol)
        updates = await wiring.call(wiring.open().rest.cancel_all_orders(contract), command=True)
        return [self._store.merge(update) for update in updates]

    async def amend(self, request: AmendRequest) -> Order:
        """Change an open order and return the living one, which has a new id where the venue replaces orders.

        Raises InvalidRequest without a change, OrderDenied for an illegal one, CancelRejected when the order is done,
        OrderRejected (its `order` is the canceled old one) when the old order ended but the new one was refused.
        """
        wiring = self._wiring
        wiring.require(Capability.AMEND_ORDER)
        contract = wiring.contract(request.symbol)
        if request.price is None and request.quantity is None:
            raise InvalidRequest("An amend needs a new price or a new quantity.", field="price")
        old = await self._known(request, contract)
        changed = _amended(old, request, self._ids.next())
        await self._deny_if_illegal(changed, contract)
        call = wiring.open().rest.amend_order(old, request, changed.client_order_id, contract)
        try:
            result = await wiring.call(call, command=True)
        except errors.FoxtrotError as error:
            self._settle_failed_amend(old, changed, error)
            raise
        return self._settle_amend(changed, result)

    # reads

    async def fetch_status(
        self, symbol: str, *, order_id: str | None = None, client_order_id: str | None = None
    ) -> Order:
        """Ask for one order by either id. Raises OrderNotFound."""
        wiring = self._wiring
        wiring.require(Capability.FETCH_ORDER_STATUS)
        contract = wiring.contract(symbol)
        venue_id, our_id = self._store.ids(symbol, order_id, client_order_id)
        return self._store.merge(await wiring.call(wiring.open().rest.fetch_order(contract, venue_id, our_id)))

    async def fetch_open(self, symbol: str | None = None) -> list[Order]:
        """Ask for the open orders of one symbol or of all."""
        wiring = self._wiring
        wiring.require(Capability.FETCH_OPEN_ORDERS)
        contract = None if symbol is None else wiring.contract(symbol)
        updates = await wiring.call(wiring.open().rest.fetch_open_orders(contract))
        return [self._store.merge(update) for update in updates]

    async def fetch_history(
        self, symbol: str, *, start: TimeLike | None = None, end: TimeLike | None = None, limit: int = 500
    ) -> list[Order]:
        """Ask for past and open orders of a symbol, oldest first, paged as needed."""
        wiring = self._wiring
        wiring.require(Capability.FETCH_ORDERS)
        contract = wiring.contract(symbol)
        first, last = _bounds(start, end, limit)
        rest = wiring.open().rest

        def page(start: int | None, end: int | None, after: str, size: int) -> Call[list[OrderUpdate]]:
            return rest.fetch_orders(contract, start, end, after, size)

        updates = await self._pages(page, first, last, limit, lambda u: (u.ts_created, u.order_id))
        return [self._store.merge(update) for update in updates]

    async def fetch_fills(
        self, symbol: str, *, start: TimeLike | None = None, end: TimeLike | None = None, limit: int = 500
    ) -> list[Fill]:
        """Ask for executions of our orders, oldest first, paged as needed."""
        wiring = self._wiring
        wiring.require(Capability.FETCH_MY_TRADES)
        contract = wiring.contract(symbol)
        first, last = _bounds(start, end, limit)
        rest = wiring.open().rest

        def page(start: int | None, end: int | None, after: str, size: int) -> Call[list[Fill]]:
            return rest.fetch_my_trades(contract, start, end, after, size)

        fills = await self._pages(page, first, last, limit, lambda f: (f.ts_event, f.trade_id))
        return [self._store.named(fill) for fill in fills]

    def on_update(self, update: OrderUpdate) -> None:
        """Take a report of the user stream; orders placed elsewhere are adopted."""
        self._store.merge(update)

    async def synchronise(self) -> None:
        """Compare with the venue: merge its open orders, and ask for each of ours that it no longer lists as open."""
        listed = {order.client_order_id for order in await self.fetch_open()}
        for order in self.open():
            if order.client_order_id not in listed and order.status is not OrderStatus.CREATED:
                await self._ask(order)

    # inside

    async def _pages(
        self, page: Page[T], first: int | None, last: int | None, limit: int, place: Callable[[T], tuple[int, str]]
    ) -> list[T]:
        """Read pages of things that have a time and a growing number until the range or the limit is reached.

        The end goes to the venue only without a start: some bound how far apart the two may lie.
        """
        size = min(limit, PAGE)
        got = await self._wiring.call(page(first, last if first is None else None, "", size))
        found = list(got)
        while first is not None and len(got) == size and len(found) < limit:
            when, number = place(got[-1])
            if last is not None and when > last:
                break
            got = await self._wiring.call(page(None, None, str(int(number) + 1), size))
            found += got
        return [one for one in found if last is None or place(one)[0] <= last][:limit]

    def _new_order(self, request: OrderRequest, contract: Contract) -> Order:
        client_order_id = self._ids.accept(request.client_order_id)
        known = self._store.get(client_order_id)
        if known is not None and not known.status.done:
            raise InvalidRequest(
                f"client_order_id {client_order_id!r} belongs to an order that is {known.status.value}; "
                "choose another.",
                field="client_order_id",
                exchange=contract.exchange,
            )
        return Order(
            exchange=contract.exchange,
            symbol=contract.symbol,
            client_order_id=client_order_id,
            side=request.side,
            type=request.type,
            quantity=request.quantity,
            quote_quantity=request.quote_quantity,
            price=request.price,
            stop_price=request.stop_price,
            iceberg_quantity=request.iceberg_quantity,
            time_in_force=request.time_in_force,
            stp_mode=(request.stp_mode or "").upper(),
        )

    async def _deny_if_illegal(self, order: Order, contract: Contract) -> None:
        try:
            denial = await self._contracts.judge(order, contract)
            if denial is None and self._wiring.hooks is not None:
                self._wiring.hooks.hook.foxtrot_before_place(exchange=self._wiring.exchange, order=order)
        except errors.OrderDenied as veto:
            denial = veto
        if denial is not None:
            denial.order = self._store.end(order, OrderStatus.DENIED, events.OrderDenied, denial.message)
            raise denial

    def _settle_failed_place(self, order: Order, error: errors.FoxtrotError) -> Order:
        """Turn a failed placement into what is known: refused, never sent, or in doubt (never guessed)."""
        if error.outcome is Outcome.REFUSED:
            ended = self._store.end(order, OrderStatus.REJECTED, events.OrderRejected, error.message)
            if isinstance(error, errors.VenueError):
                error.order = ended
            raise error
        if error.outcome is Outcome.NOT_SENT:
            self._store.end(order, OrderStatus.DENIED, events.OrderDenied, error.message)
            raise error
        _LOG.warning("%s %s is in doubt: %s", order.symbol, order.client_order_id, error)
        return self._doubt(order, error.message)

    def _raise_in_doubt(self, error: errors.FoxtrotError, order: Order | None, command: str) -> None:
        if error.outcome is not Outcome.UNKNOWN:
            return
        if order is not None:
            order = self._doubt(order, error.message)
        raise errors.OrderInDoubt(
            f"Whether the {command} took effect is unknown: {error.message}", order=order, exchange=error.exchange
        ) from error

    async def _known(self, request: AmendRequest, contract: Contract) -> Order:
        venue_id, our_id = self._store.ids(contract.symbol, request.order_id, request.client_order_id)
        known = self._store.find(contract.symbol, venue_id, our_id)
        if known is not None:
            return known
        return await self.fetch_status(
            contract.symbol, order_id=request.order_id, client_order_id=request.client_order_id
        )

    def _settle_failed_amend(self, old: Order, changed: Order, error: errors.FoxtrotError) -> None:
        if error.outcome is Outcome.UNKNOWN:
            self._doubt(changed, error.message)
            self._raise_in_doubt(error, old, "amend")
        self._store.end(changed, OrderStatus.REJECTED, events.OrderRejected, error.message)

    def _settle_amend(self, changed: Order, result: AmendResult) -> Order:
        ended = None if result.old is None else self._store.merge(result.old)
        if result.new is None:
            self._store.end(changed, OrderStatus.REJECTED, events.OrderRejected, result.reason)
            rejection = errors.OrderRejected(
                f"The old order was canceled but the new one was refused: {result.reason}", exchange=changed.exchange
            )
            rejection.order = ended
            raise rejection
        living = self._store.merge(result.new)
        self._store.announce(events.OrderAmended, living)
        return living

    def _doubt(self, order: Order, reason: str) -> Order:
        doubtful = self._store.doubt(order, reason)
        self._resolver.begin(doubtful)
        return doubtful

    async def _query(self, order: Order) -> Order:
        return await self.fetch_status(order.symbol, client_order_id=order.client_order_id)

    async def _ask(self, order: Order) -> None:
        try:
            await self._query(order)
        except errors.OrderNotFound:
            # Not listed and not found proves nothing yet: the venue may show it late.
            _LOG.warning("%s does not show order %s (yet)", order.exchange, order.client_order_id)


def _amended(old: Order, request: AmendRequest, client_order_id: str) -> Order:
    """Return the order that the amend asks for: what is filled already stays with the old one."""
    quantity = old.remaining if request.quantity is None else request.quantity - old.filled
    return Order(
        exchange=old.exchange,
        symbol=old.symbol,
        client_order_id=client_order_id,
        side=old.side,
        type=old.type,
        quantity=quantity,
        price=request.price if request.price is not None else old.price,
        stop_price=old.stop_price,
        iceberg_quantity=old.iceberg_quantity,
        time_in_force=old.time_in_force,
        stp_mode=old.stp_mode,
    )


def _bounds(start: TimeLike | None, end: TimeLike | None, limit: int) -> tuple[int | None, int | None]:
    if limit < 1:
        raise InvalidRequest(f"limit must be at least 1, not {limit}.", field="limit")
    return None if start is None else to_ns(start, "start"), None if end is None else to_ns(end, "end")
