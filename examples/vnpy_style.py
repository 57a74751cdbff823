"""A small strategy as people write them for vn.py: an event engine, handlers, orders by vt_orderid.

It buys a little below the market, moves the order when the market has moved away, and stops after three trades or
eight seconds. Run it as it stands: `python examples/vnpy_style.py` trades on an embedded venue, without keys.
"""

from __future__ import annotations

import queue
import time
from decimal import ROUND_FLOOR, Decimal

from foxtrot.gateway import (
    EVENT_CONTRACT,
    EVENT_LOG,
    EVENT_ORDER,
    EVENT_TICK,
    EVENT_TRADE,
    BinanceAdapter,
    ContractData,
    Direction,
    Event,
    EventEngine,
    Exchange,
    LogData,
    OrderData,
    OrderRequest,
    OrderType,
    SubscribeRequest,
    TickData,
    TradeData,
)

SYMBOL, MARKET = "BTCUSDT", Exchange.BINANCE
WARNING, SECONDS, TRADES = 30, 8.0, 3


class Follower:
    """Keep one buy order just below the best bid. Everything here is called by the engine's one thread."""

    def __init__(self, engine: EventEngine, adapter: BinanceAdapter) -> None:
        self.adapter = adapter
        self.done: queue.Queue[str] = queue.Queue()
        self.contract: ContractData | None = None
        self.order: OrderData | None = None
        self.vt_orderid = ""
        self.trades = 0
        engine.register(EVENT_CONTRACT, self.on_contract)
        engine.register(EVENT_TICK + f"{SYMBOL}.{MARKET.value}", self.on_tick)
        engine.register(EVENT_ORDER, self.on_order)
        engine.register(EVENT_TRADE, self.on_trade)
        engine.register(EVENT_LOG, self.on_log)

    def on_contract(self, event: Event) -> None:
        contract: ContractData = event.data
        if contract.symbol == SYMBOL:
            self.contract = contract

    def on_tick(self, event: Event) -> None:
        tick: TickData = event.data
        if not tick.bid_price_1 or self.contract is None:
            return
        price = self.below(tick.bid_price_1)
        if not self.vt_orderid:
            # Exact numbers go in as they are; a float would do, if it has no more decimals than the price grid.
            self.vt_orderid = self.adapter.send_order(
                OrderRequest(SYMBOL, MARKET, Direction.LONG, OrderType.LIMIT, Decimal("0.001"), price)
            )
        elif self.order is not None and self.order.is_active() and self.order.extra["price"] < price - 20:
            self.adapter.cancel_order(self.order.create_cancel_request())

    def below(self, bid: float) -> Decimal:
        grid: Decimal = self.contract.extra["pricetick"]
        return (Decimal(repr(bid)) / grid).to_integral_value(ROUND_FLOOR) * grid - grid

    def on_order(self, event: Event) -> None:
        order: OrderData = event.data
        if order.vt_orderid != self.vt_orderid:
            return
        self.order = order
        print(f"{order.status.name:10} {order.traded:g}/{order.volume:g} at {order.price:g}")
        if not order.is_active():
            self.order, self.vt_orderid = None, ""  # the next tick sends a new one

    def on_trade(self, event: Event) -> None:
        trade: TradeData = event.data
        self.trades += 1
        print(f"TRADE      {trade.volume:g} at {trade.price:g}, fee {trade.extra['fee']} {trade.extra['fee_asset']}")
        if self.trades == TRADES:
            self.done.put("enough trades")

    def on_log(self, event: Event) -> None:
        log: LogData = event.data
        if log.level >= WARNING:
            print(f"LOG        {log.msg}")


def main() -> None:
    engine = EventEngine()
    engine.start()
    with BinanceAdapter(engine, MARKET.value) as adapter:
        follower = Follower(engine, adapter)
        if adapter.connect({"Sandbox": True}):
            adapter.subscribe(SubscribeRequest(SYMBOL, MARKET))
            begin = time.monotonic()
            try:
                print(f"Stopped: {follower.done.get(timeout=SECONDS)}")
            except queue.Empty:
                print(f"Stopped after {time.monotonic() - begin:.0f} s")
    engine.stop()


if __name__ == "__main__":
    main()
