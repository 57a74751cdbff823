"""Reading orders and executions from the venue; what is read is merged into what is known."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from foxtrot.capabilities import Capability
from foxtrot.errors import InvalidRequest, ProtocolError, UnknownSymbol
from foxtrot.managers.contract import ContractManager
from foxtrot.managers.order_store import OrderStore
from foxtrot.managers.wiring import Wiring
from foxtrot.model.order import Fill, Order
from foxtrot.model.times import TimeLike, to_ns
from foxtrot.protocol.calls import Call
from foxtrot.protocol.messages import OrderUpdate

PAGE = 1_000
T = TypeVar("T")
Page = Callable[[int | None, int | None, str, int], Call[list[T]]]


class OrderQueries:
    """Ask for single orders, open orders, past orders and executions."""

    def __init__(self, wiring: Wiring, store: OrderStore, contracts: ContractManager) -> None:
        self._wiring = wiring
        self._store = store
        self._contracts = contracts

    async def status(self, symbol: str, *, order_id: str | None = None, client_order_id: str | None = None) -> Order:
        """Ask for one order by either id. Raises OrderNotFound."""
        self._wiring.require(Capability.FETCH_ORDER_STATUS)
        venue_id, our_id = self._store.ids(symbol, order_id, client_order_id)
        return await self.one(symbol, venue_id, our_id)

    async def one(self, symbol: str, order_id: str, client_order_id: str) -> Order:
        """Ask for one order by the venue's id, by ours where that is not known. Raises OrderNotFound."""
        wiring = self._wiring
        call = wiring.open().rest.fetch_order(wiring.contract(symbol), order_id, client_order_id)
        return self._store.merge(await wiring.call(call))

    async def open(self, symbol: str | None = None) -> list[Order]:
        """Ask for the open orders of one symbol or of all."""
        return [self._store.merge(update) for update in await self.open_updates(symbol)]

    async def open_updates(self, symbol: str | None = None) -> list[OrderUpdate]:
        """Ask for the open orders without merging them; one on a symbol that is new makes us learn the symbol."""
        wiring = self._wiring
        wiring.require(Capability.FETCH_OPEN_ORDERS)
        contract = None if symbol is None else wiring.contract(symbol)
        call = wiring.open().rest.fetch_open_orders(contract)
        try:
            return await wiring.call(call)
        except ProtocolError as error:
            if not isinstance(error.__cause__, UnknownSymbol):
                raise
        await self._contracts.load()
        return await wiring.call(call)

    async def history(self, symbol: str, start: TimeLike | None, end: TimeLike | None, limit: int) -> list[Order]:
        """Ask for past and open orders of a symbol, oldest first, paged as needed."""
        wiring = self._wiring
        wiring.require(Capability.FETCH_ORDERS)
        contract = wiring.contract(symbol)
        first, last = _bounds(start, end, limit)
        rest = wiring.open().rest

        def page(start: int | None, end: int | None, after: str, size: int) -> Call[list[OrderUpdate]]:
            return rest.fetch_orders(contract, start, end, after, size)

        updates = await self._pages(page, first, last, "", limit, lambda u: (u.ts_created, u.order_id))
        return [self._store.merge(update) for update in updates]

    async def fills(
        self, symbol: str, start: TimeLike | None, end: TimeLike | None, limit: int, *, from_id: str = ""
    ) -> list[Fill]:
        """Ask for executions of our orders, oldest first, paged as needed; `from_id` is the first trade id wanted."""
        wiring = self._wiring
        wiring.require(Capability.FETCH_MY_TRADES)
        contract = wiring.contract(symbol)
        first, last = _bounds(start, end, limit)
        rest = wiring.open().rest

        def page(start: int | None, end: int | None, after: str, size: int) -> Call[list[Fill]]:
            return rest.fetch_my_trades(contract, start, end, after, size)

        fills = await self._pages(page, first, last, from_id, limit, lambda f: (f.ts_event, f.trade_id))
        return [self._store.named(fill) for fill in fills]

    async def _pages(
        self,
        page: Page[T],
        first: int | None,
        last: int | None,
        from_id: str,
        limit: int,
        place: Callable[[T], tuple[int, str]],
    ) -> list[T]:
        """Read pages of things that have a time and a growing number until the range or the limit is reached.

        The end goes to the venue only without a start: some bound how far apart the two may lie.
        """
        size = min(limit, PAGE)
        got = await self._wiring.call(page(first, last if first is None else None, from_id, size))
        found = list(got)
        while (first is not None or from_id) and len(got) == size and len(found) < limit:
            when, number = place(got[-1])
            if last is not None and when > last:
                break
            got = await self._wiring.call(page(None, None, following(number), size))
            found += got
        return [one for one in found if last is None or place(one)[0] <= last][:limit]


def following(number: str) -> str:
    """Return the id after a venue's growing number."""
    return str(int(number) + 1)


def _bounds(start: TimeLike | None, end: TimeLike | None, limit: int) -> tuple[int | None, int | None]:
    if limit < 1:
        raise InvalidRequest(f"limit must be at least 1, not {limit}.", field="limit")
    return None if start is None else to_ns(start, "start"), None if end is None else to_ns(end, "end")
