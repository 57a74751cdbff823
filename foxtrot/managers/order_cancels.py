"""Cancelling orders: one, or all of a symbol in as few requests as the venue needs."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Sequence

from foxtrot import errors
from foxtrot.capabilities import Capability
from foxtrot.managers.order_commands import Commands
from foxtrot.managers.order_queries import OrderQueries
from foxtrot.managers.order_store import OrderStore
from foxtrot.managers.wiring import Wiring
from foxtrot.model.contract import Contract
from foxtrot.model.order import Order, OrderStatus
from foxtrot.protocol.answers import canceled
from foxtrot.protocol.codec import BatchCancel
from foxtrot.protocol.messages import OrderUpdate
from foxtrot.protocol.orders import Step

_LOG = logging.getLogger("foxtrot.orders")


class Canceler:
    """Cancel orders. A journal that cannot be written does not hold a cancel up."""

    def __init__(self, wiring: Wiring, store: OrderStore, queries: OrderQueries, commands: Commands) -> None:
        self._wiring = wiring
        self._store = store
        self._queries = queries
        self._commands = commands

    async def cancel(self, symbol: str, order_id: str | None, client_order_id: str | None) -> Order:
        """Cancel an order named by either id and return its state; see `OrderManager.cancel`."""
        wiring = self._wiring
        wiring.require(Capability.CANCEL_ORDER)
        contract = wiring.contract(symbol)
        venue_id, our_id = self._store.ids(symbol, order_id, client_order_id)
        known = self._store.find(symbol, venue_id, our_id)
        call = wiring.open().rest.cancel_order(contract, venue_id, our_id, self._commands.age_s(known))
        with self._commands.following([known] if known else [], Step.CANCEL_SENT, "cancel"):
            update = await wiring.call(call, command=True)
        if update.side is None and (known is None or not known.order_id):
            return await self._completed(update)
        return self._store.merge(update)

    async def cancel_all(self, symbol: str) -> list[Order]:
        """Cancel all open orders of a symbol and return them; see `OrderManager.cancel_all`."""
        wiring = self._wiring
        wiring.require(Capability.CANCEL_ALL_ORDERS)
        contract = wiring.contract(symbol)
        call = wiring.open().rest.cancel_all_orders(contract)
        if call is None:
            return await self._cancel_listed(contract)
        mine = [order for order in self._store.living() if order.symbol == symbol]
        with self._commands.following(mine, Step.CANCEL_SENT, "cancel"):
            updates = await wiring.call(call, command=True)
        ended = [self._store.merge(update) for update in updates]
        for order in mine:
            self._store.take(order, Step.ANSWERED)
        return ended

    # inside

    async def _completed(self, update: OrderUpdate) -> Order:
        """Take an accepted cancel of an order whose venue id is not known: what was filled before must be asked for."""
        symbol, venue_id, our_id = update.symbol, update.order_id, update.client_order_id
        known = self._store.find(symbol, venue_id, our_id)
        if known is not None and known.order_id:  # the stream has told it meanwhile
            return self._store.merge(update)
        try:
            return await self._queries.one(symbol, venue_id, our_id)
        except errors.FoxtrotError as error:
            if known is None:
                raise
            return self._commands.doubt(known, f"it was canceled, but what became of it is not known: {error.message}")

    async def _cancel_listed(self, contract: Contract) -> list[Order]:
        """Cancel what the venue lists as open, many by one request where it can."""
        listed = await self._queries.open(contract.symbol, urgent=True)
        batch = self._wiring.open().batch_cancel
        if batch is None:
            return await self._cancel_each(listed)
        parts = [listed[start : start + batch.most] for start in range(0, len(listed), batch.most)]
        ended = [await self._cancel_together(batch, contract, part) for part in parts]
        return list(itertools.chain.from_iterable(ended))

    async def _cancel_each(self, orders: Sequence[Order]) -> list[Order]:
        """Cancel one by one; an order that ends meanwhile is no error."""
        ended: list[Order] = []
        for order in orders:
            try:
                ended.append(await self.cancel(order.symbol, order.order_id, None))
            except errors.CancelRejected as error:
                _LOG.info("%s %s was not canceled: %s", order.symbol, order.order_id, error)
        return ended

    async def _cancel_together(self, batch: BatchCancel, contract: Contract, orders: Sequence[Order]) -> list[Order]:
        """Cancel by one request; where the venue says that these were not all open, each is asked for."""
        if len(orders) == 1:
            return await self._cancel_each(orders)
        call = batch.call(contract, [(order.order_id, self._commands.age_s(order)) for order in orders])
        with self._commands.following(orders, Step.CANCEL_SENT, "cancel"):
            count = await self._wiring.call(call, command=True)
        if count == len(orders):
            return [self._store.merge(canceled(o.symbol, o.order_id, o.client_order_id)) for o in orders]
        _LOG.info("%s: %d of %d orders were canceled; the others had ended", contract.symbol, count, len(orders))
        return [asked for order in orders if (asked := await self._asked(order)).status is OrderStatus.CANCELED]

    async def _asked(self, order: Order) -> Order:
        """Ask what became of an order that may have been canceled; one that nobody tells of is in doubt."""
        try:
            await self._queries.one(order.symbol, order.order_id, order.client_order_id)
        except errors.FoxtrotError as error:
            return self._commands.doubt(order, f"whether it was canceled is not known: {error.message}")
        return self._store.take(order, Step.ANSWERED)
