"""What others do with the account: their orders can be canceled, and none of them holds up ours."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal as D
from pathlib import Path

import msgspec
import pytest

from foxtrot.errors import OrderDenied
from foxtrot.model.events import AdapterState, OrderFilled, ProtocolErrorSeen
from foxtrot.model.order import AmendRequest, OrderStatus, OrderType, Side, TimeInForce
from foxtrot.sandbox.faults import Fault
from foxtrot.sandbox.types import FeeIn, NewOrder
from foxtrot.testkit.scenarios.bench import Bench
from foxtrot_kraken.plugin import KRAKEN


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    made = Bench(KRAKEN, tmp_path)
    yield made
    await made.close()


@pytest.mark.parametrize("way", ["rest", "ws"])
async def test_an_order_that_nobody_told_us_of_can_be_canceled(bench: Bench, way: str) -> None:
    desk = await bench.trading(way)
    desk.cut()
    theirs = desk.elsewhere("0.7", "elsewhere")
    assert desk.exchange.orders.get("elsewhere") is None
    order = await desk.run(desk.exchange.cancel_order(desk.symbol, client_order_id="elsewhere"))
    assert (order.status, order.price, order.external) == (OrderStatus.CANCELED, theirs.price, True)
    assert desk.at_venue() == []


async def test_an_order_of_a_type_that_nobody_knows_holds_up_none_of_the_others(bench: Bench) -> None:
    desk = bench.make()
    strange, other = desk.elsewhere("0.7", "strange"), desk.elsewhere("0.8", "other")
    register = desk.world.dialect._desk.register  # type: ignore[attr-defined]
    entry = register.of(strange.order_id)
    entry.ticket = msgspec.structs.replace(entry.ticket, kind="hologram")
    await desk.run(desk.exchange.connect())
    assert desk.exchange.state is AdapterState.READY
    assert [order.client_order_id for order in desk.exchange.orders.open()] == ["other"]
    assert [order.price for order in await desk.run(desk.exchange.fetch_open_orders())] == [other.price]
    told = [event.reason for event in desk.heard if isinstance(event, ProtocolErrorSeen)]
    assert told
    assert all("says neither side nor type" in reason for reason in told)


async def test_an_amend_to_less_than_what_is_filled_is_not_sent(bench: Bench) -> None:
    desk = await bench.trading()
    order = await desk.rest("0.9")
    desk.sell_to_us("0.9", desk.quantity(200))
    await desk.clock.advance(1)
    filled = desk.known(order).filled
    request = AmendRequest(symbol=desk.symbol, client_order_id=order.client_order_id, quantity=filled)
    with pytest.raises(OrderDenied, match="is filled") as denied:
        await desk.run(desk.exchange.amend_order(request))
    assert (denied.value.rule, denied.value.value) == ("filled", filled)
    assert (desk.known(order).status, desk.truth_of(order).quantity) == (OrderStatus.PARTIALLY_FILLED, order.quantity)


@pytest.mark.parametrize("way", ["rest", "ws"])
async def test_a_canceled_order_whose_placement_was_not_answered_gets_the_venues_id(bench: Bench, way: str) -> None:
    desk = await bench.trading(way)
    desk.world.muted = True
    desk.faults.next["command" if way == "ws" else "http"] = [Fault.ANSWER_LOST]
    order = await desk.rest("0.8")
    assert (order.status, order.order_id) == (OrderStatus.IN_DOUBT, "")
    ended = await desk.run(desk.exchange.cancel_order(desk.symbol, client_order_id=order.client_order_id))
    assert (ended.status, bool(ended.order_id)) == (OrderStatus.CANCELED, True)


async def test_a_fee_that_another_client_asked_for_in_base_is_told_as_charged_and_by_rest_in_quote(
    bench: Bench,
) -> None:
    desk = await bench.desk()
    desk.sell_to_us("1", D(1))
    new = NewOrder(
        account=desk.account,
        symbol=desk.symbol,
        side=Side.BUY,
        type=OrderType.LIMIT,
        quantity=D("0.1"),
        price=desk.price("1"),
        time_in_force=TimeInForce.GTC,
        client_order_id="theirs",
        fee_in=FeeIn.BASE,
    )
    desk.world.venue.place(new)
    await desk.clock.advance(5)
    (charged,) = desk.world.venue.executions(desk.account, desk.symbol)
    assert charged.fee_asset == "BTC"
    (told,) = [event.fill for event in desk.heard if isinstance(event, OrderFilled)]
    assert (told.fee, told.fee_asset) == (charged.fee, "BTC")
    (read,) = await desk.run(desk.exchange.fetch_my_trades(desk.symbol))
    assert (read.fee, read.fee_asset) == (charged.fee * charged.price, "USD")
