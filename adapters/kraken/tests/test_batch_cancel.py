"""Canceling many orders by one request whose answer, or which itself, is lost."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from foxtrot.errors import OrderInDoubt
from foxtrot.model.order import OrderStatus
from foxtrot.sandbox.faults import Fault
from foxtrot.testkit.scenarios.bench import Bench
from foxtrot_kraken.plugin import KRAKEN

BATCH = "POST /api.kraken.com/0/private/CancelOrderBatch"


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    made = Bench(KRAKEN, tmp_path)
    yield made
    await made.close()


@pytest.mark.parametrize(
    ("fault", "ended"), [(Fault.ANSWER_LOST, OrderStatus.CANCELED), (Fault.REQUEST_LOST, OrderStatus.OPEN)]
)
async def test_a_batch_that_is_not_answered_leaves_each_order_in_doubt_until_the_venue_tells(
    bench: Bench, fault: Fault, ended: OrderStatus
) -> None:
    desk = await bench.trading()
    orders = [await desk.rest(price) for price in ("0.8", "0.81", "0.82")]
    desk.world.muted = True
    desk.faults.next["http"] = [None, fault]  # the list of open orders comes first
    with pytest.raises(OrderInDoubt):
        await desk.run(desk.exchange.cancel_all_orders(desk.symbol))
    assert {desk.known(order).status for order in orders} == {OrderStatus.IN_DOUBT}
    await desk.clock.advance(120)
    assert {desk.known(order).status for order in orders} == {ended}
    assert desk.world.requests[BATCH] == 1


async def test_a_single_order_goes_by_the_command_that_names_one(bench: Bench) -> None:
    desk = await bench.trading()
    await desk.rest()
    (ended,) = await desk.run(desk.exchange.cancel_all_orders(desk.symbol))
    assert ended.status is OrderStatus.CANCELED
    assert desk.world.requests[BATCH] == 0
