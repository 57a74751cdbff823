"""Changing open orders: in place, or by an order that takes the old one's place."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec

from foxtrot import errors
from foxtrot.capabilities import Capability
from foxtrot.errors import InvalidRequest, Outcome
from foxtrot.managers.order_commands import INTERRUPTED, Commands
from foxtrot.managers.order_store import OrderStore
from foxtrot.managers.wiring import Wiring
from foxtrot.model import events
from foxtrot.model.contract import Contract
from foxtrot.model.decimals import plain
from foxtrot.model.order import AmendRequest, Order, OrderStatus
from foxtrot.protocol.messages import AmendResult
from foxtrot.protocol.orders import Step

Ask = Callable[[str, str, str], Awaitable[Order]]  # by symbol, the venue's id, ours


class Amender:
    """Amend orders; `ask` asks the venue for one that is not known."""

    def __init__(self, wiring: Wiring, store: OrderStore, commands: Commands, ask: Ask) -> None:
        self._wiring = wiring
        self._store = store
        self._commands = commands
        self._ask = ask

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
        changed = _amended(old, request, self._commands.new_id(None, contract), wiring.clock.time_ns())
        with self._commands.under_way(changed):
            await self._commands.deny_if_illegal(changed, contract)
            pending = await self._commands.intend("amend", changed)
            return await self._amend(old, pending, request, contract)

    async def _known(self, request: AmendRequest, contract: Contract) -> Order:
        venue_id, our_id = self._store.ids(contract.symbol, request.order_id, request.client_order_id)
        known = self._store.find(contract.symbol, venue_id, our_id)
        if known is not None:
            return known
        self._wiring.require(Capability.FETCH_ORDER_STATUS)
        return await self._ask(contract.symbol, venue_id, our_id)

    async def _amend(self, old: Order, pending: Order, request: AmendRequest, contract: Contract) -> Order:
        rest = self._wiring.open().rest
        call = rest.amend_order(old, request, pending.client_order_id, contract, self._commands.age_s(old))
        marked = self._store.take(old, Step.AMEND_SENT)
        try:
            result = await self._wiring.call(call, command=True)
        except errors.FoxtrotError as error:
            self._settle_failed_amend(marked, pending, error)
            raise
        except BaseException:
            self._commands.doubt(pending, INTERRUPTED)
            self._commands.doubt(marked, INTERRUPTED)
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
        if (denial := await self._commands.denial(changed, contract)) is not None:
            denial.order = old
            raise denial
        rest = self._wiring.open().rest
        call = rest.amend_order(old, request, old.client_order_id, contract, self._commands.age_s(old))
        with self._commands.following([old], Step.AMEND_SENT, "amend"):
            await self._store.journal.intend(self._commands.intent("amend", self._store.latest(old)))
            result = await self._wiring.call(call, command=True)
        if result.new is not None:
            self._store.merge(result.new)
        living = self._store.take(old, Step.ANSWERED)
        self._store.announce(events.OrderAmended, living)
        return living

    def _settle_failed_amend(self, old: Order, pending: Order, error: errors.FoxtrotError) -> None:
        if error.outcome is Outcome.UNKNOWN:
            self._commands.doubt(pending, error.message)
            self._commands.raise_in_doubt(error, [old], "amend")
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
