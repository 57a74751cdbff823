"""What all commands on orders have in common: ids, intents before anything is sent, and what is known afterwards."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import msgspec

from foxtrot import errors
from foxtrot.engine.journal import Intent, OrderJournal
from foxtrot.engine.journal.records import Recovered
from foxtrot.errors import InvalidRequest, Outcome
from foxtrot.managers.contract import ContractManager
from foxtrot.managers.order_store import OrderStore
from foxtrot.managers.resolver import DoubtResolver
from foxtrot.managers.wiring import Wiring
from foxtrot.model import events
from foxtrot.model.contract import Contract
from foxtrot.model.order import Order, OrderStatus
from foxtrot.model.times import NS_PER_MS, NS_PER_S
from foxtrot.protocol.client_ids import ClientIdFactory
from foxtrot.protocol.orders import Step

INTERRUPTED = "the caller stopped waiting for the answer"


class Commands:
    """Announce, journal and follow commands. `in_flight` holds the ids of placements that are not answered yet."""

    def __init__(
        self,
        wiring: Wiring,
        store: OrderStore,
        contracts: ContractManager,
        resolver: DoubtResolver,
        in_flight: set[str],
    ) -> None:
        self._wiring = wiring
        self._store = store
        self._contracts = contracts
        self._resolver = resolver
        self._in_flight = in_flight
        self._ids: ClientIdFactory | None = None
        self._intents = 0

    def recover(self, journal: OrderJournal) -> Recovered | None:
        """Go on with the ids of an earlier run and return what it left; None when this instance knows better.

        Raises JournalCorrupt.
        """
        wiring = self._wiring
        self._store.journal = journal
        if self._ids is not None:
            return None
        known = journal.recover(token=wiring.clock.time_ns() // NS_PER_MS)
        self._ids = ClientIdFactory(
            wiring.config.account, known.token, wiring.spec.client_id_pattern, known.last_intent
        )
        self._intents = known.last_intent
        return known

    def new_id(self, given: str | None, contract: Contract) -> str:
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

    async def denial(self, order: Order, contract: Contract) -> errors.OrderDenied | None:
        """Return why an order may not be sent, None for a legal one."""
        try:
            denial = await self._contracts.judge(order, contract)
            hooks = self._wiring.hooks
            if denial is None and hooks is not None:
                before_place = hooks.hook.foxtrot_before_place
                if before_place.get_hookimpls():  # a call costs as much as all rules together
                    before_place(exchange=self._wiring.exchange, order=order)
        except errors.OrderDenied as veto:
            return veto
        return denial

    async def deny_if_illegal(self, order: Order, contract: Contract) -> None:
        """End an order that may not be sent as DENIED. Raises OrderDenied."""
        denial = await self.denial(order, contract)
        if denial is not None:
            denial.order = self._store.end(order, OrderStatus.DENIED, events.OrderDenied, denial.message)
            raise denial

    async def intend(self, command: str, order: Order) -> Order:
        """Write the intent and announce the order. Raises JournalError; the order is then DENIED."""
        pending = self._store.put(msgspec.structs.replace(order, status=OrderStatus.PENDING))
        try:
            await self._store.journal.intend(self.intent(command, pending))
        except errors.JournalError as error:
            self._store.end(pending, OrderStatus.DENIED, events.OrderDenied, error.message)
            raise
        except BaseException:
            self._store.end(pending, OrderStatus.DENIED, events.OrderDenied, "the caller gave up before it was sent")
            raise
        self._store.announce(events.OrderSubmitted, pending)
        return pending

    def intent(self, command: str, order: Order) -> Intent:
        """Return the next intent."""
        # Never below the numbers in our ids, which go on from it after a restart.
        self._intents = max(self._intents + 1, self._ids.used if self._ids else 0)
        return Intent(self._intents, command, self._store.key(order), order, self._wiring.clock.time_ns())

    def under_way(self, order: Order) -> _UnderWay:
        """Mark a placement that is not answered yet: nobody else is to ask about it."""
        return _UnderWay(self._in_flight, order.client_order_id)

    @contextmanager
    def following(self, orders: Iterable[Order], sent: Step, name: str) -> Iterator[None]:
        """Follow a command on known orders: sent, then answered or in doubt."""
        marked = [self._store.take(order, sent) for order in orders if not order.status.done]
        try:
            yield
        except errors.FoxtrotError as error:
            if error.outcome is Outcome.UNKNOWN:
                self.raise_in_doubt(error, marked, name)
            for order in marked:
                self._store.take(order, Step.ANSWERED)
            raise
        except BaseException:
            for order in marked:
                self.doubt(order, INTERRUPTED)
            raise

    def raise_in_doubt(self, error: errors.FoxtrotError, orders: list[Order], name: str) -> None:
        """Put orders in doubt whose command was not answered. Raises OrderInDoubt."""
        doubtful = [self.doubt(order, error.message) for order in orders]
        raise errors.OrderInDoubt(
            f"Whether the {name} took effect is unknown: {error.message}",
            order=doubtful[0] if doubtful else None,
            exchange=error.exchange,
        ) from error

    def age_s(self, order: Order | None) -> float:
        """Return how long ago the venue took an order, 0 where it has not said: it may have waited long to be sent."""
        placed = 0 if order is None else order.ts_created
        return (self._wiring.clock.time_ns() - placed) / NS_PER_S if placed else 0.0

    def doubt(self, order: Order, reason: str) -> Order:
        """Put an order in doubt, unless the venue has spoken of a placement meanwhile, and settle it by queries."""
        latest = self._store.latest(order)
        if latest.order_id and not order.order_id:
            return latest
        doubtful = self._store.take(latest, Step.UNKNOWN, reason)
        self._resolver.begin(doubtful)
        return doubtful


class _UnderWay:
    """Keep an id among those under way; made of two methods, since a generator costs each order twice as much."""

    __slots__ = ("_id", "_ids")

    def __init__(self, ids: set[str], client_order_id: str) -> None:
        self._ids = ids
        self._id = client_order_id

    def __enter__(self) -> None:
        self._ids.add(self._id)

    def __exit__(self, *_: object) -> None:
        self._ids.discard(self._id)
