"""The order manager: commands to the venue, and one truth about each order from every source."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import msgspec

from foxtrot import errors
from foxtrot.capabilities import Capability
from foxtrot.engine.journal import Intent, OrderJournal
from foxtrot.errors import InvalidRequest, Outcome
from foxtrot.managers.account import AccountManager
from foxtrot.managers.contract import ContractManager
from foxtrot.managers.order_queries import OrderQueries
from foxtrot.managers.order_store import OrderStore
from foxtrot.managers.reconciler import Reconciler
from foxtrot.managers.resolver import DoubtResolver
from foxtrot.managers.wiring import Wiring
from foxtrot.model import events
from foxtrot.model.contract import Contract
from foxtrot.model.decimals import plain
from foxtrot.model.order import AmendRequest, Fill, Order, OrderRequest, OrderStatus
from foxtrot.model.times import NS_PER_MS, NS_PER_S, TimeLike
from foxtrot.protocol.client_ids import ClientIdFactory
from foxtrot.protocol.messages import AmendResult, OrderUpdate
from foxtrot.protocol.orders import Step

_LOG = logging.getLogger("foxtrot.orders")
_INTERRUPTED = "the caller stopped waiting for the answer"


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
        self._ids: ClientIdFactory | None = None
        self._intents = 0

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
        wiring = self._wiring
        self._store.journal = journal
        if self._ids is not None:
            return
        known = journal.recover(token=wiring.clock.time_ns() // NS_PER_MS)
        self._ids = ClientIdFactory(
            wiring.config.account, known.token, wiring.spec.client_id_pattern, known.last_intent
        )
        self._intents = known.last_intent
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
        await wiring.admit()
        order = self._new_order(request, contract)
        with self._under_way(order):
            await self._deny_if_illegal(order, contract)
            if request.validate_only:
                await wiring.call(rest.validate_order(order, contract), command=True)
                return order
            pending = await self._intend("place", order)
            try:
                update = await wiring.call(rest.place_order(pending, contract), command=True)
            except errors.FoxtrotError as error:
                return self._settle_failed_place(pending, error)
            except BaseException:
                self._doubt(pending, _INTERRUPTED)
                raise
        return self._store.merge(update)

    async def cancel(self, symbol: str, *, order_id: str | None = None, client_order_id: str | None = None) -> Order:
        """Cancel an order named by either id and return its state.

        Raises CancelRejected (most often: already done; ask for its status), OrderInDoubt when the venue may
        have acted. A journal that cannot be written does not hold a cancel up.
        """
        wiring = self._wiring
        wiring.require(Capability.CANCEL_ORDER)
        contract = wiring.contract(symbol)
        venue_id, our_id = self._store.ids(symbol, order_id, client_order_id)
        known = self._store.find(symbol, venue_id, our_id)
        call = wiring.open().rest.cancel_order(contract, venue_id, our_id, self._age_s(known))
        with self._command([known] if known else [], Step.CANCEL_SENT, "cancel"):
            update = await wiring.call(call, command=True)
        if update.side is None and self._store.find(symbol, venue_id, our_id) is None:
            # Of an order that nobody has told us of the answer says too little.
            return await self._queries.one(symbol, venue_id, our_id)
        return self._store.merge(update)

    async def cancel_all(self, symbol: str) -> list[Order]:
        """Cancel all open orders of a symbol and return them; an empty list when there were none.

        Raises OrderInDoubt when the venue may have acted; each order known as open is then settled by queries.
        """
        wiring = self._wiring
        wiring.require(Capability.CANCEL_ALL_ORDERS)
        contract = wiring.contract(symbol)
        call = wiring.open().rest.cancel_all_orders(contract)
        if call is None:
            return await self._cancel_each(symbol)
        mine = [order for order in self._store.living() if order.symbol == symbol]
        with self._command(mine, Step.CANCEL_SENT, "cancel"):
            updates = await wiring.call(call, command=True)
        canceled = [self._store.merge(update) for update in updates]
        for order in mine:
            self._store.take(order, Step.ANSWERED)
        return canceled

    async def _cancel_each(self, symbol: str) -> list[Order]:
        """Cancel one by one what the venue lists as open; an order that ends meanwhile is no error."""
        canceled: list[Order] = []
        for order in await self.fetch_open(symbol):
            try:
                canceled.append(await self.cancel(symbol, order_id=order.order_id))
            except errors.CancelRejected as error:
                _LOG.info("%s %s was not canceled: %s", symbol, order.order_id, error)
        return canceled

    async def amend(self, request: AmendRequest) -> Order:
        """Change an open order and return the living one, which has new ids where the venue replaces orders.

        Raises InvalidRequest without a change, OrderDenied for an illegal one, CancelRejected when the order is done,
        OrderRejected (its `order` is the canceled old one) when the old order ended but the new one was refused,
        OrderInDoubt when the venue may have acted.
        """
        wiring = self._wiring
        wiring.require(Capability.AMEND_ORDER)
        contract = wiring.contract(request.symbol)
        if request.price is None and request.quantity is None:
            raise InvalidRequest("An amend needs a new price or a new quantity.", field="price")
        await wiring.admit()
        old = await self._known(request, contract)
        if wiring.open().rest.habits.amends_in_place:
            return await self._amend_in_place(old, request, contract)
        changed = _amended(old, request, self._new_id(None, contract), wiring.clock.time_ns())
        with self._under_way(changed):
            await self._deny_if_illegal(changed, contract)
            pending = await self._intend("amend", changed)
            return await self._amend(old, pending, request, contract)

    # reads

    async def fetch_status(
        self, symbol: str, *, order_id: str | None = None, client_order_id: str | None = None
    ) -> Order:
        """Ask for one order by either id. Raises OrderNotFound."""
        return await self._queries.status(symbol, order_id=order_id, client_order_id=client_order_id)

    async def fetch_open(self, symbol: str | None = None) -> list[Order]:
        """Ask for the open orders of one symbol or of all."""
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

    def _new_id(self, given: str | None, contract: Contract) -> str:
        """Return the user's id or one of ours, used by no order before. Raises InvalidRequest."""
        ids = self._ids
        if ids is None:
            raise errors.StateError(f"{contract.exchange} is not connected; await connect() first.")
        chosen = ids.accept(given)
        while (known := self._taken(contract.symbol, chosen)) is not None:
            if given is not None:
                raise InvalidRequest(
                    f"client_order_id {given!r} was used already, by an order that is {known}; choose another.",
                    field="client_order_id",
                    exchange=contract.exchange,
                )
            chosen = ids.next()
        return chosen

    def _taken(self, symbol: str, client_order_id: str) -> str | None:
        known = self._store.find(symbol, "", client_order_id)
        if known is not None:
            return known.status.value
        return "about to be sent" if client_order_id in self._in_flight else None

    def _new_order(self, request: OrderRequest, contract: Contract) -> Order:
        client_order_id = self._new_id(request.client_order_id, contract)
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

    async def _denial(self, order: Order, contract: Contract) -> errors.OrderDenied | None:
        try:
            denial = await self._contracts.judge(order, contract)
            if denial is None and self._wiring.hooks is not None:
                self._wiring.hooks.hook.foxtrot_before_place(exchange=self._wiring.exchange, order=order)
        except errors.OrderDenied as veto:
            return veto
        return denial

    async def _deny_if_illegal(self, order: Order, contract: Contract) -> None:
        denial = await self._denial(order, contract)
        if denial is not None:
            denial.order = self._store.end(order, OrderStatus.DENIED, events.OrderDenied, denial.message)
            raise denial

    async def _intend(self, command: str, order: Order) -> Order:
        """Write the intent and announce the order. Raises JournalError; the order is then DENIED."""
        pending = self._store.put(msgspec.structs.replace(order, status=OrderStatus.PENDING))
        try:
            await self._store.journal.intend(self._intent(command, pending))
        except errors.JournalError as error:
            self._store.end(pending, OrderStatus.DENIED, events.OrderDenied, error.message)
            raise
        except BaseException:
            self._store.end(pending, OrderStatus.DENIED, events.OrderDenied, "the caller gave up before it was sent")
            raise
        self._store.announce(events.OrderSubmitted, pending)
        return pending

    def _intent(self, command: str, order: Order) -> Intent:
        # Never below the numbers in our ids, which go on from it after a restart.
        self._intents = max(self._intents + 1, self._ids.used if self._ids else 0)
        return Intent(self._intents, command, self._store.key(order), order, self._wiring.clock.time_ns())

    @contextmanager
    def _under_way(self, order: Order) -> Iterator[None]:
        """Mark a placement that is not answered yet: nobody else is to ask about it."""
        self._in_flight.add(order.client_order_id)
        try:
            yield
        finally:
            self._in_flight.discard(order.client_order_id)

    @contextmanager
    def _command(self, orders: Iterable[Order], sent: Step, name: str) -> Iterator[None]:
        """Follow a command on known orders: sent, then answered or in doubt."""
        marked = [self._store.take(order, sent) for order in orders if not order.status.done]
        try:
            yield
        except errors.FoxtrotError as error:
            if error.outcome is Outcome.UNKNOWN:
                self._raise_in_doubt(error, marked, name)
            for order in marked:
                self._store.take(order, Step.ANSWERED)
            raise
        except BaseException:
            for order in marked:
                self._doubt(order, _INTERRUPTED)
            raise

    def _raise_in_doubt(self, error: errors.FoxtrotError, orders: list[Order], name: str) -> None:
        doubtful = [self._doubt(order, error.message) for order in orders]
        raise errors.OrderInDoubt(
            f"Whether the {name} took effect is unknown: {error.message}",
            order=doubtful[0] if doubtful else None,
            exchange=error.exchange,
        ) from error

    def _settle_failed_place(self, order: Order, error: errors.FoxtrotError) -> Order:
        """Turn a failed placement into what is known: refused, never sent, or in doubt (never guessed)."""
        if error.outcome is Outcome.UNKNOWN:
            _LOG.warning("%s %s is in doubt: %s", order.symbol, order.client_order_id, error)
            return self._doubt(order, error.message)
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

    async def _known(self, request: AmendRequest, contract: Contract) -> Order:
        venue_id, our_id = self._store.ids(contract.symbol, request.order_id, request.client_order_id)
        known = self._store.find(contract.symbol, venue_id, our_id)
        if known is not None:
            return known
        return await self.fetch_status(
            contract.symbol, order_id=request.order_id, client_order_id=request.client_order_id
        )

    async def _amend(self, old: Order, pending: Order, request: AmendRequest, contract: Contract) -> Order:
        rest = self._wiring.open().rest
        call = rest.amend_order(old, request, pending.client_order_id, contract, self._age_s(old))
        marked = self._store.take(old, Step.AMEND_SENT)
        try:
            result = await self._wiring.call(call, command=True)
        except errors.FoxtrotError as error:
            self._settle_failed_amend(marked, pending, error)
            raise
        except BaseException:
            self._doubt(pending, _INTERRUPTED)
            self._doubt(marked, _INTERRUPTED)
            raise
        return self._settle_amend(marked, pending, result)

    async def _amend_in_place(self, old: Order, request: AmendRequest, contract: Contract) -> Order:
        """Change an order that stays the same one. Raises OrderDenied; the order then goes on as it was."""
        if request.quantity is not None and request.quantity <= old.filled:
            raise errors.OrderDenied(
                f"{plain(old.filled)} of the order is filled: a new quantity must be more than that, not "
                f"{plain(request.quantity)}; cancel it to keep what is filled.",
                rule="filled",
                value=request.quantity,
                order=old,
                exchange=old.exchange,
            )
        changed = msgspec.structs.replace(
            old,
            price=old.price if request.price is None else request.price,
            quantity=old.quantity if request.quantity is None else request.quantity,
        )
        if (denial := await self._denial(changed, contract)) is not None:
            denial.order = old
            raise denial
        rest = self._wiring.open().rest
        call = rest.amend_order(old, request, old.client_order_id, contract, self._age_s(old))
        with self._command([old], Step.AMEND_SENT, "amend"):
            await self._store.journal.intend(self._intent("amend", self._store.latest(old)))
            result = await self._wiring.call(call, command=True)
        if result.new is not None:
            self._store.merge(result.new)
        living = self._store.take(old, Step.ANSWERED)
        self._store.announce(events.OrderAmended, living)
        return living

    def _age_s(self, order: Order | None) -> float:
        """Return how long ago the venue took an order, 0 where it has not said: it may have waited long to be sent."""
        placed = 0 if order is None else order.ts_created
        return (self._wiring.clock.time_ns() - placed) / NS_PER_S if placed else 0.0

    def _settle_failed_amend(self, old: Order, pending: Order, error: errors.FoxtrotError) -> None:
        if error.outcome is Outcome.UNKNOWN:
            self._doubt(pending, error.message)
            self._raise_in_doubt(error, [old], "amend")
        self._store.take(old, Step.ANSWERED)
        latest = self._store.latest(pending)
        if latest.status is OrderStatus.PENDING:
            self._store.end(latest, OrderStatus.REJECTED, events.OrderRejected, error.message)

    def _settle_amend(self, old: Order, pending: Order, result: AmendResult) -> Order:
        ended = self._store.latest(old) if result.old is None else self._store.merge(result.old)
        if result.new is None:
            refused = self._store.latest(pending)
            self._store.end(refused, OrderStatus.REJECTED, events.OrderRejected, result.reason)
            rejection = errors.OrderRejected(
                f"The old order was canceled but the new one was refused: {result.reason}", exchange=pending.exchange
            )
            rejection.order = ended
            raise rejection
        living = self._store.merge(result.new)
        self._store.announce(events.OrderAmended, living)
        return living

    def _doubt(self, order: Order, reason: str) -> Order:
        """Put an order in doubt, unless the venue has spoken of a placement meanwhile, and settle it by queries."""
        latest = self._store.latest(order)
        if latest.order_id and not order.order_id:
            return latest
        doubtful = self._store.take(latest, Step.UNKNOWN, reason)
        self._resolver.begin(doubtful)
        return doubtful

    async def _query(self, order: Order) -> Order:
        return await self._queries.one(order.symbol, order.order_id, order.client_order_id)


def _amended(old: Order, request: AmendRequest, client_order_id: str, now_ns: int) -> Order:
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
        trailing_offset=old.trailing_offset,
        time_in_force=old.time_in_force,
        stp_mode=old.stp_mode,
        ts_submitted=now_ns,
    )
