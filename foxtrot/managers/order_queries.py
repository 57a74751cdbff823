"""Reading orders and executions from the venue; what is read is merged into what is known."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import TypeVar

import msgspec

from foxtrot.capabilities import Capability
from foxtrot.errors import InvalidRequest, OrderNotFound, ProtocolError, UnknownSymbol
from foxtrot.managers.contract import ContractManager
from foxtrot.managers.order_store import OrderStore
from foxtrot.managers.shared_reading import SharedReading
from foxtrot.managers.wiring import Wiring
from foxtrot.model.order import Fill, Order
from foxtrot.model.times import NS_PER_S, TimeLike, to_ns
from foxtrot.protocol.calls import Call, Lane
from foxtrot.protocol.codec import Page
from foxtrot.protocol.messages import OrderUpdate
from foxtrot.protocol.pages import Wanted

PAGE = 1_000
MARGIN_NS = 60 * NS_PER_S  # clocks differ, and venues cut times to ms or s
ALL = 1_000_000
_LISTED = 100  # past orders to look through for one of which we do not know when it was sent
T = TypeVar("T")
PageCall = Callable[[int | None, int | None, str, int], Call[Page[T]]]


class _Sought(msgspec.Struct, frozen=True):
    """Name an order by our id that was sent at some time or later, None where that is not known."""

    client_order_id: str
    since_ns: int | None


class OrderQueries:
    """Ask for single orders, open orders, past orders and executions."""

    def __init__(self, wiring: Wiring, store: OrderStore, contracts: ContractManager) -> None:
        self._wiring = wiring
        self._store = store
        self._contracts = contracts
        self._lists: SharedReading[_Sought, dict[str, OrderUpdate]] = SharedReading(wiring.spawn, self._look_for)

    async def status(self, symbol: str, *, order_id: str | None = None, client_order_id: str | None = None) -> Order:
        """Ask for one order by either id. Raises OrderNotFound."""
        self._wiring.require(Capability.FETCH_ORDER_STATUS)
        venue_id, our_id = self._store.ids(symbol, order_id, client_order_id)
        return await self.one(symbol, venue_id, our_id)

    async def one(self, symbol: str, order_id: str, client_order_id: str) -> Order:
        """Ask for one order by the venue's id, by ours where that is not known. Raises OrderNotFound."""
        wiring = self._wiring
        call = wiring.open().rest.fetch_order(wiring.contract(symbol), order_id, client_order_id)
        if call is None:
            return await self._listed(symbol, client_order_id)
        return self._store.merge(await wiring.call(call))

    async def together(self, order_ids: Sequence[str]) -> dict[str, Order] | None:
        """Ask for orders by the venue's ids, many by one request; return those found, None where that is not possible.

        A venue may refuse to answer for the others where it does not know one of them.
        """
        batch = self._wiring.open().batch_query
        if batch is None or len(order_ids) < 2:
            return None
        updates: list[OrderUpdate] = []
        for start in range(0, len(order_ids), batch.most):
            try:
                updates += await self._wiring.call(batch.call(order_ids[start : start + batch.most]))
            except OrderNotFound:
                return None
        return {update.order_id: self._store.merge(update) for update in updates}

    def only_listed(self, order: Order) -> bool:
        """Tell whether the venue cannot be asked for this very order by what is known of it, but through lists."""
        wiring = self._wiring
        contract = wiring.contract(order.symbol)
        return wiring.open().rest.fetch_order(contract, order.order_id, order.client_order_id) is None

    async def _listed(self, symbol: str, client_order_id: str) -> Order:
        """Look for an order by our id among the open and the past ones. Raises OrderNotFound."""
        known = self._store.find(symbol, "", client_order_id)
        if known is not None and known.ts_submitted:
            update = await self.trace(known)
        else:
            found = await self._look_for(symbol, [_Sought(client_order_id, None)])
            update = found.get(client_order_id)
        if update is None:
            raise OrderNotFound(
                f"{self._wiring.exchange} lists no order {client_order_id} of {symbol}.", exchange=self._wiring.exchange
            )
        return self._store.merge(update)

    async def trace(self, order: Order) -> OrderUpdate | None:
        """Return what the lists of open and past orders say of an order that was sent with our id, None for nothing.

        Who asks at the same time shares the lists.
        """
        sought = _Sought(order.client_order_id, order.ts_submitted - MARGIN_NS)
        return (await self._lists.ask(order.symbol, sought)).get(order.client_order_id)

    async def _look_for(self, symbol: str, sought: list[_Sought]) -> dict[str, OrderUpdate]:
        """Read the open orders, and the past ones if they are not all found; what ends meanwhile is in the second."""
        ids = {one.client_order_id for one in sought}
        found = _by_our_id(await self.open_updates(symbol), ids)
        rest = [one for one in sought if one.client_order_id not in found]
        if rest and self._wiring.capabilities[Capability.FETCH_ORDERS].support.usable:
            since = min((one.since_ns for one in rest if one.since_ns is not None), default=None)
            past = await self._past(symbol, since, None, _LISTED if since is None else ALL)
            found |= _by_our_id(past, ids)
        return found

    async def open(self, symbol: str | None = None, *, urgent: bool = False) -> list[Order]:
        """Ask for the open orders of one symbol or of all, oldest first; `urgent` is what a cancel waits for."""
        updates = await self.open_updates(symbol, urgent=urgent)
        return self._merged(sorted(updates, key=lambda update: update.ts_created))

    async def open_updates(self, symbol: str | None = None, *, urgent: bool = False) -> list[OrderUpdate]:
        """Ask for the open orders without merging them; one on a symbol that is new makes us learn the symbol."""
        wiring = self._wiring
        wiring.require(Capability.FETCH_OPEN_ORDERS)
        contract = None if symbol is None else wiring.contract(symbol)
        call = wiring.open().rest.fetch_open_orders(contract)
        if urgent:
            call = call.in_lane(Lane.CANCEL)
        try:
            return await wiring.call(call)
        except ProtocolError as error:
            if not isinstance(error.__cause__, UnknownSymbol):
                raise
        await self._contracts.load()
        return await wiring.call(call)

    async def history(self, symbol: str, start: TimeLike | None, end: TimeLike | None, limit: int) -> list[Order]:
        """Ask for past and open orders of a symbol, oldest first, paged as needed."""
        self._wiring.require(Capability.FETCH_ORDERS)
        first, last = _bounds(start, end, limit)
        living: list[OrderUpdate] = []
        if self._wiring.open().rest.habits.open_orders_apart:  # first: what ends meanwhile is in the other list, too
            living = await self.open_updates(symbol)
        fitting = Wanted(first, last, limit).within(living, lambda update: update.ts_created)
        return self._merged(await self._past(symbol, first, last, limit, fitting))

    def _merged(self, updates: list[OrderUpdate]) -> list[Order]:
        return [order for update in updates if (order := self._store.merge_listed(update)) is not None]

    async def _past(
        self, symbol: str, first: int | None, last: int | None, limit: int, known: Iterable[OrderUpdate] = ()
    ) -> list[OrderUpdate]:
        wiring = self._wiring
        contract, rest = wiring.contract(symbol), wiring.open().rest

        def page(start: int | None, end: int | None, after: str, size: int) -> Call[Page[OrderUpdate]]:
            return rest.fetch_orders(contract, start, end, after, size)

        return await self._pages(page, first, last, "", limit, lambda u: (u.ts_created, u.order_id), known)

    async def fills(
        self, symbol: str, start: TimeLike | None, end: TimeLike | None, limit: int, *, from_id: str = ""
    ) -> list[Fill]:
        """Ask for executions of our orders, oldest first, paged as needed; `from_id` is the first trade id wanted.

        Of all symbols with a symbol of "", where the venue can be asked so.
        """
        wiring = self._wiring
        wiring.require(Capability.FETCH_MY_TRADES)
        contract = wiring.contract(symbol) if symbol else None
        first, last = _bounds(start, end, limit)
        rest = wiring.open().rest

        def page(start: int | None, end: int | None, after: str, size: int) -> Call[Page[Fill]]:
            return rest.fetch_my_trades(contract, start, end, after, size)

        fills = await self._pages(page, first, last, from_id, limit, lambda f: (f.ts_event, f.trade_id))
        return [self._store.named(fill) for fill in fills]

    async def _pages(
        self,
        page: PageCall[T],
        first: int | None,
        last: int | None,
        after: str,
        limit: int,
        place: Callable[[T], tuple[int, str]],
        known: Iterable[T] = (),
    ) -> list[T]:
        """Read pages until the range or the limit is reached: the oldest `limit` from `first` on, else the newest.

        `known` are more of them, which the pages leave out. The end goes to the venue only without a start: some bound
        how far apart the two may lie.
        """
        size = min(limit, PAGE)
        found: dict[tuple[int, str], T] = {}
        oldest_first = first is not None or bool(after)
        while True:
            got = await self._wiring.call(page(first, None if oldest_first else last, after, size))
            found.update({place(one): one for one in got.items})
            complete = len(found) >= limit and not (got.newest_first and oldest_first)
            beyond = last is not None and not got.newest_first and got.items and place(got.items[-1])[0] > last
            # Without a start a venue that begins with the oldest has given its newest at once.
            if complete or beyond or not got.next or not (oldest_first or got.newest_first):
                break
            after = got.next
        found = {place(one): one for one in known} | found
        ordered = sorted(found, key=lambda at: (at[0], len(at[1]), at[1]))
        chosen = [at for at in ordered if last is None or at[0] <= last]
        return [found[at] for at in (chosen[:limit] if oldest_first else chosen[-limit:])]


def following(number: str) -> str:
    """Return the id after a venue's growing number."""
    return str(int(number) + 1)


def _by_our_id(updates: Iterable[OrderUpdate], ids: Collection[str]) -> dict[str, OrderUpdate]:
    """Return the last update of each of these orders."""
    return {update.client_order_id: update for update in updates if update.client_order_id in ids}


def _bounds(start: TimeLike | None, end: TimeLike | None, limit: int) -> tuple[int | None, int | None]:
    if limit < 1:
        raise InvalidRequest(f"limit must be at least 1, not {limit}.", field="limit")
    return None if start is None else to_ns(start, "start"), None if end is None else to_ns(end, "end")
