"""A pair that REST lists, and that the WebSocket does not take under that name."""

from __future__ import annotations

from pathlib import Path

import pytest

from foxtrot.errors import OrderRejected
from foxtrot.model.order import OrderRequest, OrderStatus
from foxtrot.testkit.scenarios.bench import Bench
from foxtrot_kraken.plugin import KRAKEN


async def test_an_order_on_a_pair_that_the_socket_does_not_know_is_rejected_at_once(tmp_path: Path) -> None:
    bench = Bench(KRAKEN, tmp_path)
    desk = await bench.desk(symbols=("XBT/USD",))
    with pytest.raises(OrderRejected, match="Currency pair not supported BTC/USD") as refused:
        await desk.place(OrderRequest.limit("BTC/USD", "buy", "0.1", desk.price("0.8")))
    assert refused.value.order is not None
    assert refused.value.order.status is OrderStatus.REJECTED
    await bench.close()
