"""Fills and balances: each execution once, and money to the last digit."""

from __future__ import annotations

import asyncio
from decimal import Decimal as D

from foxtrot.capabilities import Capability
from foxtrot.model import events
from foxtrot.model.account import Balance
from foxtrot.model.order import OrderRequest, OrderStatus, Side
from foxtrot.testkit.desk import Desk
from foxtrot.testkit.scenarios.bench import Bench
from foxtrot.testkit.scenarios.claims import equal, sure
from foxtrot.testkit.scenarios.registry import scenario
from foxtrot.testkit.ways import ways

_FILLS = (Capability.PLACE_ORDER, Capability.CANCEL_ORDER, Capability.FETCH_MY_TRADES, Capability.FETCH_BALANCE)


@scenario(*_FILLS, cases=ways)
async def every_fill_is_told_once_and_balances_follow_to_the_last_digit(bench: Bench, way: str) -> None:
    """Fills are told once each, with their order's id and fee; what they say is what the balances have become."""
    desk = await bench.trading(way)
    exchange, contract = desk.exchange, desk.exchange.contracts.get(desk.symbol)
    before = exchange.account.balances
    desk.sell_to_us("1", D(1))
    orders = [await desk.place(OrderRequest.market(desk.symbol, Side.BUY, desk.quantity(value))) for value in (300, 90)]
    desk.world.venue.place_agent(desk.symbol, Side.BUY, desk.price("0.99"), D(1))
    orders.append(await desk.place(OrderRequest.market(desk.symbol, Side.SELL, desk.quantity(120))))
    await desk.clock.advance(1)
    equal([desk.known(order).status for order in orders], [OrderStatus.FILLED] * 3, "the orders")
    fills = await desk.run(exchange.fetch_my_trades(desk.symbol))
    told = [e.fill.trade_id for e in desk.heard if isinstance(e, events.OrderFilled)]
    equal(sorted(told), sorted(fill.trade_id for fill in fills), "the fills told")
    equal({f.client_order_id for f in fills}, {o.client_order_id for o in orders}, "the orders of the fills")
    after = await desk.run(exchange.fetch_balance())
    base = sum((f.quantity if f.side is Side.BUY else -f.quantity for f in fills), D(0))
    quote = sum((-f.quote_quantity if f.side is Side.BUY else f.quote_quantity for f in fills), D(0))
    fees = {a: sum((f.fee for f in fills if f.fee_asset == a), D(0)) for a in (contract.base, contract.quote)}
    sure(any(fees.values()), "no fee was told")
    for asset, change in ((contract.base, base), (contract.quote, quote)):
        equal(after[asset].total, before[asset].total + change - fees[asset], f"the balance of {asset}")
    _are_the_venues(desk)


@scenario(Capability.PLACE_ORDER, Capability.CANCEL_ORDER, Capability.USER_STREAM, cases=ways)
async def balances_follow_what_is_locked_and_what_comes_from_outside(bench: Bench, way: str) -> None:
    """An open order locks its funds, a cancel frees them, and a deposit shows, without being asked for; where the
    private stream tells totals only, what is locked shows when it is asked for."""
    desk = await bench.trading(way)
    quote = desk.exchange.contracts.get(desk.symbol).quote
    order = await desk.rest()
    await desk.clock.advance(2)
    if not bench.traits.tells_locked:
        await desk.run(desk.exchange.fetch_balance())
    _are_the_venues(desk)
    await desk.cancel(order)
    desk.world.venue.deposit(desk.account, quote, D("12.5"))
    await desk.clock.advance(2)
    free, locked = desk.world.venue.balances(desk.account)[quote]
    equal(desk.exchange.account.balances[quote].total, free + locked, f"all of {quote}")
    if not bench.traits.tells_locked:
        await desk.run(desk.exchange.fetch_balance())
    _are_the_venues(desk)


@scenario(Capability.FETCH_BALANCE)
async def balances_asked_for_twice_at_once_are_right_whichever_answer_comes_first(bench: Bench) -> None:
    """A balance that was read before a deposit never covers one that was read, or told, after it."""
    desk = await bench.desk()
    exchange, venue = desk.exchange, desk.world.venue
    quote = exchange.contracts.get(desk.symbol).quote

    async def deposited_meanwhile() -> None:
        await desk.clock.sleep(0.05)
        venue.deposit(desk.account, quote, D(1))

    async def ask_twice() -> None:
        await asyncio.gather(exchange.fetch_balance(), exchange.fetch_balance(), deposited_meanwhile())

    for _ in range(300):
        await desk.run(ask_twice())
        await desk.clock.advance(1)
        free, locked = venue.balances(desk.account)[quote]
        equal(exchange.account.balances[quote], Balance(quote, free, locked), f"the balance of {quote}")


@scenario(Capability.FETCH_FEES)
async def fees_are_the_venues(bench: Bench) -> None:
    """Maker and taker rates are those that the venue takes."""
    desk = await bench.desk()
    (fee,) = await desk.run(desk.exchange.fetch_fees(desk.symbol))
    venue = desk.world.venue
    equal((fee.symbol, fee.maker, fee.taker), (desk.symbol, venue.maker_fee, venue.taker_fee), "the fees")


def _are_the_venues(desk: Desk) -> None:
    known = desk.exchange.account.balances
    for asset, (free, locked) in desk.world.venue.balances(desk.account).items():
        if free or locked:
            equal(known.get(asset), Balance(asset, free, locked), f"the balance of {asset}")
