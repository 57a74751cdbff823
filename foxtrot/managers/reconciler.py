"""Comparing orders, fills and balances with the venue, and telling every difference."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Iterable

from foxtrot import errors
from foxtrot.capabilities import Capability
from foxtrot.engine.journal import Cursor
from foxtrot.managers.account import AccountManager
from foxtrot.managers.order_queries import ALL, MARGIN_NS, PAGE, OrderQueries, following
from foxtrot.managers.order_store import OrderStore
from foxtrot.managers.resolver import DoubtResolver
from foxtrot.managers.shared_reading import SharedReading
from foxtrot.managers.wiring import Wiring
from foxtrot.model import events
from foxtrot.model.order import Fill, Order, OrderStatus
from foxtrot.protocol.backoff import backoff_s
from foxtrot.protocol.codec import RequestHabits

_LOG = logging.getLogger("foxtrot.orders")
_STREAM_S = 1.0  # how long the user stream may take to bring the fills that a query told of
_GAP_ATTEMPTS = 8
_FILLS, _BALANCE = "fills", "balance"
_ONE_BY_ONE = 5  # of more unknown orders than that the list of past ones is read


class Reconciler:
    """Make what is known equal to what the venue has.

    Fills are read from a cursor on: the last trade id up to which everything was read, or its time where executions
    have no growing numbers. It moves only by reading on, never by what the user stream brought, and is written together
    with the fills, so no window is missed. Where the venue is asked for all symbols at once there is one cursor; else
    the symbols looked at are those with an order or a cursor of ours, those that the venue lists open orders of, and
    those between two assets whose balances are not what was known: there somebody else has traded.
    """

    def __init__(
        self,
        wiring: Wiring,
        store: OrderStore,
        queries: OrderQueries,
        account: AccountManager,
        in_flight: set[str],
    ) -> None:
        self._wiring = wiring
        self._store = store
        self._queries = queries
        self._account = account
        self._in_flight = in_flight  # keys of orders whose placement has not been answered
        self._cursors: dict[str, str] = {}
        self._totals: dict[str, str] = {}  # balances by asset, as of the last comparison
        self._since_ns = 0
        self._gaps: set[str] = set()
        self._reading: SharedReading[None, None] = SharedReading(wiring.spawn, self._read_fills)
        self.resolver: DoubtResolver | None = None
        self.differences = 0
        self.untold = 0  # of them, what the user stream should have told

    def recover(self, cursors: Iterable[Cursor]) -> None:
        """Go on from where an earlier run stopped."""
        for cursor in cursors:
            (self._cursors if cursor.name == _FILLS else self._totals)[cursor.symbol] = cursor.value
        self._since_ns = self._wiring.clock.time_ns()

    async def run(self, reason: str) -> None:
        """Compare everything. Raises FoxtrotError when the venue does not let us; what was read until then counts."""
        self.differences = self.untold = 0
        wiring = self._wiring
        now = wiring.clock.time_ns()
        wiring.publish(events.ReconcileStarted(wiring.exchange, "", 0, now, wiring.next_seq(), reason))
        failure = "it was interrupted"
        try:
            await self._orders()
            looked_at = [""] if self._habits.account_wide_fills else self._symbols()
            for symbol in looked_at:
                await self.fills(symbol)
            await self._balances()
            if not self._habits.account_wide_fills:
                moved = self._moved() if self._totals else set()
                for symbol in sorted(self._between(moved) - set(looked_at)):
                    await self.fills(symbol)
            self._keep_totals()
            failure = ""
        except errors.FoxtrotError as error:
            failure = error.message
            raise
        finally:
            now, seq = wiring.clock.time_ns(), wiring.next_seq()
            wiring.publish(events.ReconcileFinished(wiring.exchange, "", 0, now, seq, self.differences, failure))

    async def fills(self, symbol: str) -> None:
        """Read the executions of a symbol from its cursor on; of all symbols where that is the way.

        Who asks at the same time shares the reading.
        """
        if self._wiring.capabilities[Capability.FETCH_MY_TRADES].support.usable:
            await self._reading.ask("" if self._habits.account_wide_fills else symbol, None)

    async def _read_fills(self, scope: str, wishes: list[None]) -> None:
        if self._habits.numbered_fills:
            await self._fills_by_number(scope)
        else:
            await self._fills_by_time(scope)

    async def _fills_by_number(self, symbol: str) -> None:
        while True:
            known = self._cursors.get(symbol)
            start = self._start_ns(symbol) if known is None else None
            from_id = "" if known is None else following(known)
            got = await self._queries.fills(symbol, start, None, PAGE, from_id=from_id)
            if got:
                await self._take(symbol, got)
            if len(got) < PAGE:
                return

    async def _fills_by_time(self, scope: str) -> None:
        known = self._cursors.get(scope)
        # From a margin before the cursor on: an execution may be shown late. What is known already counts once.
        start = self._start_ns(scope) if known is None else int(known) - MARGIN_NS
        got = await self._queries.fills(scope, start, None, ALL)
        if got:
            await self._take(scope, got)

    def watch_gap(self, symbol: str) -> None:
        """Fetch the fills of a symbol soon, unless the user stream brings them first."""
        if symbol not in self._gaps and self._wiring.transports is not None:
            self._gaps.add(symbol)
            self._wiring.spawn(self._close_gap(symbol))

    async def prove_absent(self, order: Order) -> bool:
        """Return True when neither open orders, nor past ones since the intent, nor trades show the order."""
        update = await self._queries.trace(order)
        if update is not None:
            self._store.merge(update)
            return False
        await self.fills(order.symbol)
        latest = self._store.latest(order)
        return latest.status is OrderStatus.IN_DOUBT and not latest.order_id

    # inside

    async def _orders(self) -> None:
        asked_ns = self._wiring.clock.time_ns()
        listed: set[str] = set()
        for update in await self._queries.open_updates():
            listed.add(self._store.key(update))
            before = self._store.find(update.symbol, update.order_id, update.client_order_id)
            if (after := self._store.merge_listed(update)) is not None:
                self._compare(before, after)
        await self._ask_for([o for o in self._store.living() if self._store.key(o) not in listed], asked_ns)
        for order in self._store.living():
            if order.status is OrderStatus.IN_DOUBT and self.resolver is not None:
                self.resolver.begin(order)

    async def _ask_for(self, orders: list[Order], asked_ns: int) -> None:
        """Ask for orders that were not listed as open. Those that only lists can show share these."""
        sent = [o for o in orders if o.status is not OrderStatus.CREATED and o.ts_submitted <= asked_ns]
        sent = [o for o in sent if self._store.key(o) not in self._in_flight]
        by_id: list[Order] = []
        by_lists: list[Order] = []
        for order in sent:
            (by_lists if self._queries.only_listed(order) else by_id).append(order)
        found = await self._queries.together([o.order_id for o in by_id]) or {}
        for order in by_id:
            if order.order_id in found:
                self._compare(order, found[order.order_id])
            else:
                await self._ask(order)
        outcomes = await asyncio.gather(*map(self._ask, by_lists), return_exceptions=True)
        for failure in outcomes:
            if failure is not None:
                raise failure

    async def _ask(self, order: Order) -> None:
        """Ask for an order that the venue does not list as open."""
        try:
            after = await self._queries.one(order.symbol, order.order_id, order.client_order_id)
        except errors.OrderNotFound:
            # Not listed and not found proves nothing yet: the venue may show it late.
            _LOG.warning("%s does not show order %s (yet)", order.exchange, order.client_order_id)
        else:
            self._compare(order, after)

    async def _take(self, scope: str, fills: list[Fill]) -> None:
        """Merge a page of fills and move the cursor, in one transaction."""
        await self._adopt_orders_of(fills)
        last = fills[-1]
        cursor = Cursor(scope, _FILLS, last.trade_id if self._habits.numbered_fills else str(last.ts_event))
        with self._store.together([cursor]):
            for fill in fills:
                known = self._store.find(fill.symbol, fill.order_id, "")
                if known is not None and all(fill.trade_id != one.trade_id for one in known.fills):
                    self._store.merge_fill(fill)
                    self._differ("fill", fill.symbol, f"fill {fill.trade_id} of order {fill.order_id}")
        self._cursors[scope] = cursor.value

    async def _adopt_orders_of(self, fills: list[Fill]) -> None:
        """Learn the orders that nobody has told us of, many by few requests where the venue can."""
        unknown = {fill.order_id: fill for fill in self._unknown(fills)}
        if await self._queries.together(list(unknown)) is None and len(unknown) > _ONE_BY_ONE:
            await self._read_past(unknown.values())
        for fill in unknown.values():
            adopted = self._store.find(fill.symbol, fill.order_id, "")
            self._compare(None, adopted or await self._queries.one(fill.symbol, fill.order_id, ""))

    async def _read_past(self, fills: Collection[Fill]) -> None:
        """Read the lists of past orders that were filled so."""
        if not self._wiring.capabilities[Capability.FETCH_ORDERS].support.usable:
            return
        for symbol in {fill.symbol for fill in fills}:
            first = min(fill.ts_event for fill in fills if fill.symbol == symbol)
            await self._queries.history(symbol, first - MARGIN_NS, None, ALL)

    def _unknown(self, fills: list[Fill]) -> list[Fill]:
        return [fill for fill in fills if self._store.find(fill.symbol, fill.order_id, "") is None]

    async def _balances(self) -> None:
        before = self._account.balances
        after = await self._account.fetch_balance()
        for asset in sorted(before.keys() | after.keys()) if before else ():
            if before.get(asset) != after.get(asset):
                self._differ("balance", "", f"{asset}: {before.get(asset)} was known, the venue has {after.get(asset)}")

    def _moved(self) -> set[str]:
        """Return the assets that have not the totals of the last comparison, which may be an earlier process's."""
        now = {asset: str(balance.total) for asset, balance in self._account.balances.items()}
        return {asset for asset in now.keys() | self._totals.keys() if now.get(asset) != self._totals.get(asset)}

    def _keep_totals(self) -> None:
        totals = {asset: str(balance.total) for asset, balance in self._account.balances.items()}
        self._store.journal.note([], [Cursor(a, _BALANCE, t) for a, t in totals.items() if self._totals.get(a) != t])
        self._totals = totals

    def _between(self, assets: set[str]) -> set[str]:
        return {c.symbol for c in self._wiring.symbols.contracts() if {c.base, c.quote} <= assets}

    def _symbols(self) -> list[str]:
        known = {order.symbol for order in self._store.all()} | self._cursors.keys()
        return sorted(symbol for symbol in known if symbol in self._wiring.symbols)

    def _start_ns(self, scope: str) -> int:
        """Return from when on fills concern us, where nothing was read before."""
        times = [
            order.ts_submitted or order.ts_created or self._since_ns
            for order in self._store.all()
            if order.symbol == scope or not scope
        ]
        return min([*times, self._since_ns]) - MARGIN_NS

    @property
    def _habits(self) -> RequestHabits:
        return self._wiring.open().rest.habits

    async def _close_gap(self, symbol: str) -> None:
        clock = self._wiring.clock
        try:
            for attempt in range(1, _GAP_ATTEMPTS + 1):
                await clock.sleep(backoff_s(attempt, 1.0, initial_s=_STREAM_S, max_s=30.0))
                if not any(o.fills_missing for o in self._store.all() if o.symbol == symbol):
                    return
                try:
                    await self.fills(symbol)
                except (errors.AuthenticationError, errors.StateError) as error:
                    _LOG.error("the fills of %s cannot be read: %s", symbol, error)
                    return
                except errors.FoxtrotError as error:
                    _LOG.warning("the fills of %s cannot be read yet: %s", symbol, error)
        finally:
            self._gaps.discard(symbol)

    def _compare(self, before: Order | None, after: Order) -> None:
        if before is None:
            self._differ("external order", after.symbol, f"order {after.order_id} ({after.status.value}) is adopted")
        elif (before.status, before.filled) != (after.status, after.filled):
            self._differ(
                "order",
                after.symbol,
                f"order {after.client_order_id or after.order_id} was known as {before.status.value} with "
                f"{before.filled} filled; the venue says {after.status.value} with {after.filled}",
            )

    def _differ(self, what: str, symbol: str, detail: str) -> None:
        self.differences += 1
        self.untold += what != "balance"
        wiring = self._wiring
        now = wiring.clock.time_ns()
        wiring.publish(events.ReconcileDifference(wiring.exchange, symbol, 0, now, wiring.next_seq(), what, detail))
