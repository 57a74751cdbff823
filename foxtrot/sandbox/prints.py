"""Trades of a replayed market: they happened elsewhere, and clients' resting orders take part in them."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from foxtrot.model.decimals import ZERO
from foxtrot.model.order import OrderType, Side
from foxtrot.sandbox.matching import Resting
from foxtrot.sandbox.types import MARKET_ACCOUNT, PublicTrade, VenueOrder

if TYPE_CHECKING:
    from foxtrot.sandbox.market import Market

PRINTED = 0  # the order id of those who traded in a recording


def print_trade(market: Market, price: Decimal, quantity: Decimal, taker_side: Side) -> None:
    """Publish a trade that happened elsewhere; it fills the clients' resting orders that it would have reached.

    At better prices than its own it fills clients whatever is queued before them: it went through. At its own price
    it first uses up the market's quantity before them, which joins the end of the queue again, because recorded
    levels alone say how large a level is.
    """
    side = market.book.side(taker_side.opposite)
    printed = as_taker(market.contract.symbol, quantity, taker_side)
    queued = ZERO
    for level_price in list(side.prices(price)):
        for resting in side.queue(level_price):
            left = printed.remaining - queued
            if resting.order.account != MARKET_ACCOUNT:
                _fill(market, printed, resting, left, once=level_price == price)
            elif level_price == price and left and _client_waits_behind(market, resting):
                used = min(left, resting.visible)
                queued += used
                market.take_off(resting.order, used)
    if printed.remaining:
        publish_print(market, price, printed.remaining, taker_side)
    if queued:
        market.venue.place_agent(market.contract.symbol, taker_side.opposite, price, queued)
    market.run_due()


def publish_print(market: Market, price: Decimal, quantity: Decimal, taker_side: Side) -> None:
    """Publish a trade between others."""
    market.publish(
        PublicTrade(
            symbol=market.contract.symbol,
            trade_id=market.next_trade_id(),
            price=price,
            quantity=quantity,
            taker_side=taker_side,
            buyer_order_id=PRINTED,
            seller_order_id=PRINTED,
            time_ns=market.venue.clock(),
        )
    )


def _fill(market: Market, printed: VenueOrder, resting: Resting, left: Decimal, *, once: bool) -> None:
    while left and resting.order.status.open:
        quantity = min(left, resting.visible)
        market.trade(printed, resting, quantity)
        left -= quantity
        if once:
            break


def _client_waits_behind(market: Market, resting: Resting) -> bool:
    queue = market.book.side(resting.order.side).queue(resting.order.price)
    return any(other.order.account != MARKET_ACCOUNT for other in queue[queue.index(resting) + 1 :])


def as_taker(symbol: str, quantity: Decimal, side: Side) -> VenueOrder:
    """Return a market order of the agents that no book knows."""
    return VenueOrder(
        order_id=PRINTED,
        account=MARKET_ACCOUNT,
        client_order_id="",
        symbol=symbol,
        side=side,
        type=OrderType.MARKET,
        quantity=quantity,
    )
