"""The venue's own hand: legal prices and quantities, orders from elsewhere, the market's orders."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from foxtrot.model.contract import Contract
from foxtrot.model.decimals import ceil_to, floor_to
from foxtrot.model.order import Order, OrderRequest, OrderType, Side, TimeInForce
from foxtrot.sandbox.dialect import Dialect
from foxtrot.sandbox.types import NewOrder, VenueOrder
from foxtrot.sandbox.venue import Venue


class VenueHand:
    """Act on a sandbox's venue directly; `symbol` is the one meant wherever none is named."""

    def __init__(self, venue: Venue, dialect: Dialect, symbol: str) -> None:
        self._venue, self._dialect = venue, dialect
        self._contracts: dict[str, Contract] = dict(venue.contracts)  # as they were in the beginning
        self.symbol = symbol

    @property
    def account(self) -> str:
        """Return whose the exchange's key is, at the venue."""
        return self._dialect.account

    @property
    def _contract(self) -> Contract:
        return self._contracts[self.symbol]

    def price(self, times: str | Decimal, side: Side = Side.BUY) -> Decimal:
        """Return a legal price: the last one, times a factor."""
        tick = self._contract.price_tick
        price = self._venue.last_price(self.symbol) * Decimal(times)
        return floor_to(price, tick) if side is Side.BUY else ceil_to(price, tick)

    def quantity(self, value: int | Decimal) -> Decimal:
        """Return a legal quantity that is worth so much in the quote asset."""
        return floor_to(value / self._venue.last_price(self.symbol), self._contract.quantity_step)

    def buy(self, price: Decimal | str = "0.8", value: int = 600, **more: Any) -> OrderRequest:
        """Return a limit order to buy; a price given as text is a factor of the last one."""
        chosen = self.price(price) if isinstance(price, str) else price
        return OrderRequest.limit(self.symbol, Side.BUY, self.quantity(value), chosen, **more)

    def truth_of(self, order: Order) -> VenueOrder:
        """Return what the venue has of an order."""
        named = self._dialect.order_id
        for theirs in self._venue.orders(self.account, order.symbol):
            if named(theirs.order_id) == order.order_id:
                return theirs
        raise AssertionError(f"the venue has no order {order.order_id} ({order.client_order_id})")

    def at_venue(self) -> list[tuple[str, Decimal]]:
        """Return (client order id, price) of the open orders at the venue."""
        orders = self._venue.open_orders(self.account)
        return [(order.client_order_id, order.price) for order in orders]

    def elsewhere(self, price: Decimal | str, name: str, value: int = 1_200) -> VenueOrder:
        """Let another client of the account place an order to buy."""
        chosen = self.price(price) if isinstance(price, str) else price
        return self._venue.place(
            NewOrder(
                account=self.account,
                symbol=self.symbol,
                side=Side.BUY,
                type=OrderType.LIMIT,
                quantity=self.quantity(value),
                price=chosen,
                time_in_force=TimeInForce.GTC,
                client_order_id=name,
            )
        )

    def sell_to_us(self, price: Decimal | str, quantity: Decimal) -> None:
        """Let the market sell at a price."""
        chosen = self.price(price, Side.SELL) if isinstance(price, str) else price
        self._venue.place_agent(self.symbol, Side.SELL, chosen, quantity)

    def end_by_venue(self, order: Order) -> None:
        """Let the account cancel an order by another client."""
        self._venue.cancel(self.account, order.symbol, order_id=self.truth_of(order).order_id)
