"""The order manager: commands to the venue, and one truth about each order from every source."""

from __future__ import annotations

import logging

from foxtrot import errors
from foxtrot.capabilities import Capability
from foxtrot.engine.journal import OrderJournal
from foxtrot.errors import Outcome
from foxtrot.managers.account import AccountManager
from foxtrot.managers.contract import ContractManager
from foxtrot.managers.order_amends import Amender
from foxtrot.managers.order_cancels import Canceler
from foxtrot.managers.order_commands import INTERRUPTED, Commands
from foxtrot.managers.order_queries import OrderQueries
from foxtrot.managers.order_store import OrderStore
from foxtrot.managers.reconciler import Reconciler
from foxtrot.managers.resolver import DoubtResolver
from foxtrot.managers.wiring import Wiring
from foxtrot.model import events
from foxtrot.model.contract import Contract
from foxtrot.model.order import AmendRequest, Fill, Order, OrderRequest, OrderStatus
from foxtrot.model.times import TimeLike
from foxtrot.protocol.messages import OrderUpdate
from foxtrot.protocol.orders import Step

_LOG = logging.getLogger("foxtrot.orders")


class OrderManager:
    """Place, amend, cancel and follow orders.

    What every command promises: it is sent at most once, and a new order only after its intent is in the journal; a
    definite refusal raises a VenueError and the order is REJECTED; what never left this machine raises a NetworkError
    or JournalError and the order is DENIED; when the venue may have acted, the order is returned as IN_DOUBT,
    OrderInDoubt is published, and queries for its client order id settle it (`DoubtResolver`).
    """

    def __init__(self, wiring: Wiring, contracts: ContractManager, account: AccountManager) -> None:
        self._wiring = wiring
        self._contracts = contracts
        self._store = OrderStore(wiring)
        self._queries = OrderQueries(wiring, self._store, contracts)
        self._in_flight: set[str] = set()
        self._reconciler = Reconciler(wiring, self._store, self._queries, account, self._in_flight)
        self._resolver = DoubtResolver(wiring, self._store, self._query, self._reconciler.prove_absent)
        self._reconciler.resolver = self._resolver
        self._store.on_gap = self._reconciler.watch_gap
        self._store.on_doubt = self._resolver.begin
        self._commands = Commands(wiring, self._store, contracts, self._resolver, self._in_flight)
        self._canceler = Canceler(wiring, self._store, self._queries, self._commands)
        self._amender = Amender(wiring, self._store, self._commands, self._queries.one)

    def get(self, client_order_id: str) -> Order | None:
        """Return the last known state of an order by our id, None when unknown."""
        return self._store.get(client_order_id)

    def open(self) -> list[Order]:
        """Return the orders that are not done as last known, oldest first; no I/O."""
        return self._store.living()

    @property
    def in_doubt(self) -> list[Order]:
        """Return the orders of which the venue may or may not have acted on the last command."""
        return [order for order in self._store.living() if order.status is OrderStatus.IN_DOUBT]

    @property
    def journal(self) -> OrderJournal:
        """Return where intents and orders are kept."""
        return self._store.journal

    def recover(self, journal: OrderJournal) -> None:
        """Take up what an earlier run left: its living orders, with every unanswered command in doubt.

        When this very instance connects again it knows its orders better than any file. Raises JournalCorrupt.
        """
        known = self._commands.recover(journal)
        if known is None:
            return
        self._reconciler.recover(known.cursors)
        for order in known.orders.values():
            self._store.put(order)
            if order.status in (OrderStatus.PENDING, OrderStatus.PENDING_CANCEL, OrderStatus.PENDING_AMEND):
                self._store.take(order, Step.UNKNOWN, "the process ended before the answer came")

    # commands

    async def place(self, request: OrderRequest) -> Order:
        """Check an order locally, announce it, send it once and return what the venue says.

        Raises UnsupportedError (before any I/O), OrderDenied (nothing was sent), OrderRejected and other VenueErrors
        (definitely refused), NetworkError and JournalError (never sent), StateError (closing, or not synchronised in
        time). Returns an IN_DOUBT order when the venue may have acted. With `validate_only` the venue checks the order
        without placing it and the order returned is CREATED.
        """
        wiring = self._wiring
        wiring.require(Capability.VALIDATE_ORDER if request.validate_only else Capability.PLACE_ORDER)
        contract = self._contracts.require_supported(request)
        rest = wiring.open().rest
        if wiring.state is not events.AdapterState.READY:
            await wiring.admit()
        order = self._new_order(request, contract)
        with self._commands.under_way(order):
            await self._commands.deny_if_illegal(order, contract)
            if request.validate_only:
                await wiring.call(rest.validate_order(order, contract), command=True)
                return order
            pending = await self._commands.intend("place", order)
            try:
                update = await wiring.call(rest.place_order(pending, contract), command=True)
            except errors.FoxtrotError as error:
                return self._settle_failed_place(pending, error)
            except BaseException:
                self._commands.doubt(pending, INTERRUPTED)
                raise
        return self._store.merge(update)

    async def cancel(self, symbol: str, *, order_id: str | None = None, client_order_id: str | None = None) -> Order:
        """Cancel an order named by either id and return its state.

        Raises CancelRejected (most often: already done; ask for its status), OrderInDoubt when the venue may
        have acted. A journal that cannot be written does not hold a cancel up.
        """
        return await self._canceler.cancel(symbol, order_id, client_order_id)

    async def cancel_all(self, symbol: str) -> list[Order]:
        """Cancel all open orders of a symbol and return them; an empty list when there were none.

        Raises OrderInDoubt when the venue may have acted; each order known as open is then settled by queries.
        """
        return await self._canceler.cancel_all(symbol)

    async def amend(self, request: AmendRequest) -> Order:
        """Change an open order and return the living one, which has new ids where the venue replaces orders.

        Raises InvalidRequest without a change, OrderDenied for an illegal one, CancelRejected when the order is done,
        OrderRejected (its `order` is the canceled old one) when the old order ended but the new one was refused,
        OrderInDoubt when the venue may have acted.
        """
        return await self._amender.amend(request)

    async def fetch_status(
        self, symbol: str, *, order_id: str | None = None, client_order_id: str | None = None
    ) -> Order:
        """Ask for one order by either id. Raises OrderNotFound."""
        return await self._queries.status(symbol, order_id=order_id, client_order_id=client_order_id)

    async def fetch_open(self, symbol: str | None = None) -> list[Order]:
        """Ask for the open orders of one symbol or of all, oldest first."""
        return await self._queries.open(symbol)

    async def fetch_history(
        self, symbol: str, *, start: TimeLike | None = None, end: TimeLike | None = None, limit: int = 500
    ) -> list[Order]:
        """Ask for past and open orders of a symbol, oldest first, paged as needed."""
        return await self._queries.history(symbol, start, end, limit)

    async def fetch_fills(
        self, symbol: str, *, start: TimeLike | None = None, end: TimeLike | None = None, limit: int = 500
    ) -> list[Fill]:
        """Ask for executions of our orders, oldest first, paged as needed."""
        return await self._queries.fills(symbol, start, end, limit)

    def on_update(self, update: OrderUpdate) -> None:
        """Take a report of the user stream; orders placed elsewhere are adopted."""
        self._store.merge_listed(update)

    @property
    def untold(self) -> int:
        """Return how many changes of orders the last comparison found of which the user stream had not told."""
        return self._reconciler.untold

    async def reconcile(self, reason: str) -> None:
        """Compare orders, fills and balances with the venue; see `Reconciler`."""
        await self._reconciler.run(reason)

    # inside

    def _new_order(self, request: OrderRequest, contract: Contract) -> Order:
        client_order_id = self._commands.new_id(request.client_order_id, contract)
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
            trailing_offset=request.trailing_offset,
            time_in_force=request.time_in_force,
            stp_mode=(request.stp_mode or "").upper(),
            ts_submitted=self._wiring.clock.time_ns(),
        )

    def _settle_failed_place(self, order: Order, error: errors.FoxtrotError) -> Order:
        """Turn a failed placement into what is known: refused, never sent, or in doubt (never guessed)."""
        if error.outcome is Outcome.UNKNOWN:
            _LOG.warning("%s %s is in doubt: %s", order.symbol, order.client_order_id, error)
            return self._commands.doubt(order, error.message)
        latest = self._store.latest(order)
        if latest.status is not OrderStatus.PENDING:
            _LOG.error("%s refused %s, but had reported it before: %s", order.exchange, order.client_order_id, error)
            return latest
        if error.outcome is Outcome.REFUSED:
            ended = self._store.end(latest, OrderStatus.REJECTED, events.OrderRejected, error.message)
            if type(error) is errors.OrderRejected:  # for a reason that is not the account's
                self._contracts.doubt()
            if isinstance(error, errors.VenueError):
                error.order = ended
        else:
            self._store.end(latest, OrderStatus.DENIED, events.OrderDenied, error.message)
        raise error

    async def _query(self, order: Order) -> Order:
        return await self._queries.one(order.symbol, order.order_id, order.client_order_id)
