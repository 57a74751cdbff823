"""The order socket's own limit: the venue refuses a message for rate without saying which one."""

from __future__ import annotations

import asyncio
from pathlib import Path

from foxtrot.model.order import Order, OrderStatus
from foxtrot.testkit.scenarios.bench import Bench
from foxtrot_kraken.plugin import KRAKEN


async def test_a_refusal_without_an_id_leaves_orders_in_doubt_and_holds_up_what_follows(tmp_path: Path) -> None:
    bench = Bench(KRAKEN, tmp_path)
    desk = await bench.trading("ws", dialect={"messages_per_second": 3})
    await desk.clock.advance(2)

    place = desk.exchange.place_order
    burst = [asyncio.ensure_future(place(desk.buy("0.8", 50))) for _ in range(8)]
    await desk.clock.advance(0.5)
    said = desk.world.commands
    later = asyncio.ensure_future(place(desk.buy("0.81", 50)))
    await desk.clock.advance(4)
    assert desk.world.commands == said  # the venue was told to be asked too much
    placed: list[Order] = await desk.run(asyncio.wait_for(asyncio.gather(*burst), None))
    taken = {name for name, _ in desk.at_venue()}
    assert 0 < len(taken) < 8
    for order in placed:
        assert order.status is (OrderStatus.OPEN if order.client_order_id in taken else OrderStatus.IN_DOUBT)
    assert (await desk.run(asyncio.wait_for(later, None))).status is OrderStatus.OPEN
    await desk.clock.advance(240)
    known = [desk.known(order) for order in placed]
    assert {order.client_order_id for order in known if order.status is OrderStatus.OPEN} == taken
    assert {order.status for order in known if order.client_order_id not in taken} == {OrderStatus.DENIED}
    await bench.close()
