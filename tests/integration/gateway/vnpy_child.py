"""A VeighNa installation, without its windows, that trades through foxtrot; it prints what came of it as JSON.

A process of its own, because VeighNa changes the working directory and keeps files in the home of its user.
"""

from __future__ import annotations

import json
import queue
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from vnpy.event import Event
from vnpy.trader.constant import Direction, Exchange, Interval, Offset, OrderType
from vnpy.trader.engine import MainEngine
from vnpy.trader.object import HistoryRequest, OrderRequest, SubscribeRequest

from foxtrot.gateway.vnpy import FoxtrotGateway

GATEWAY, SYMBOL = "BINANCEUS", "BTCUSDT_BINANCEUS"
VT_SYMBOL = f"{SYMBOL}.GLOBAL"


class House:
    """The main engine with our gateway, and a queue of everything that its OmsEngine has taken in."""

    def __init__(self) -> None:
        self.main = MainEngine()
        self.told: queue.Queue[Event] = queue.Queue()
        self.logs: list[str] = []
        self.main.event_engine.register_general(self.told.put)  # called after the OmsEngine
        self.gateway = self.main.add_gateway(FoxtrotGateway, GATEWAY)

    def until(self, condition: Callable[[], Any]) -> Any:
        while not (found := condition()):
            event = self.told.get(timeout=20)
            if event.type == "eLog":
                self.logs.append(event.data.msg)
        return found

    def order(self, **changes: Any) -> str:
        fields = {"direction": Direction.LONG, "type": OrderType.LIMIT, "volume": 0.001, "price": 30000.0, **changes}
        request = OrderRequest(symbol=fields.pop("symbol", SYMBOL), exchange=Exchange.GLOBAL, **fields)
        return self.main.send_order(request, GATEWAY)

    def status(self, vt_orderid: str) -> str:
        order = self.main.get_order(vt_orderid)
        return order.status.name if order else ""


def main() -> None:
    house = House()
    engine, facts = house.main, dict[str, Any]()
    setting = house.gateway.get_default_setting()
    facts["setting"] = {key: value for key, value in setting.items() if key not in ("API Key", "Secret")}
    engine.connect({**setting, "Sandbox": "True"}, GATEWAY)
    contract = house.until(lambda: engine.get_contract(VT_SYMBOL))
    facts["contract"] = [
        contract.vt_symbol,
        contract.pricetick,
        contract.min_volume,
        contract.product.name,
        contract.net_position,
    ]
    account = house.until(lambda: engine.get_account(f"{GATEWAY}.USDT"))
    facts["account"] = [account.balance, account.frozen, account.available]

    engine.subscribe(SubscribeRequest(SYMBOL, Exchange.GLOBAL), GATEWAY)
    tick = house.until(lambda: engine.get_tick(VT_SYMBOL))
    facts["tick"] = tick.last_price > 0

    resting = house.order(reference="cta", offset=Offset.OPEN)
    house.until(lambda: house.status(resting) == "NOTTRADED")
    facts["active"] = [order.vt_orderid == resting for order in engine.get_all_active_orders()]
    facts["resting"] = [engine.get_order(resting).reference, engine.get_order(resting).offset.name]
    engine.cancel_order(engine.get_order(resting).create_cancel_request(), GATEWAY)
    house.until(lambda: house.status(resting) == "CANCELLED")
    facts["active_after_cancel"] = len(engine.get_all_active_orders())

    bought = house.order(type=OrderType.MARKET, price=0.0)
    house.until(lambda: house.status(bought) == "ALLTRADED" and engine.get_all_trades())
    trade = engine.get_all_trades()[0]
    facts["trade"] = [trade.vt_orderid == bought, trade.direction.name, str(trade.extra["volume"])]

    wrong = house.order(price=30000.001)
    house.until(lambda: house.status(wrong) == "REJECTED")
    facts["wrong"] = engine.get_order(wrong).extra["error"]
    facts["foreign"] = house.order(symbol="BTCUSDT")
    house.until(lambda: any("BTCUSDT.GLOBAL is no symbol of BINANCEUS" in log for log in house.logs))

    closing = OrderRequest(SYMBOL, Exchange.GLOBAL, Direction.SHORT, OrderType.LIMIT, 0.001, 90000.0, Offset.CLOSE)
    facts["converted"] = len(engine.convert_order_request(closing, GATEWAY, False))
    start = datetime.now(UTC) - timedelta(hours=2)
    bars = engine.query_history(HistoryRequest(SYMBOL, Exchange.GLOBAL, start, interval=Interval.MINUTE), GATEWAY)
    facts["bars"] = [len(bars) >= 118, bars[0].vt_symbol, bars[0].interval.name]
    ticks = engine.query_history(HistoryRequest(SYMBOL, Exchange.GLOBAL, start, interval=Interval.TICK), GATEWAY)
    house.until(lambda: any("interval must be" in log for log in house.logs))
    facts["no_bars"] = ticks

    engine.connect({"Sandbox": True}, GATEWAY)
    house.until(lambda: any("connected already" in log for log in house.logs))
    engine.close()
    facts["windows"] = [name for name in ("PySide6", "pyqtgraph") if name in sys.modules]
    sys.stdout.write(f"\n{json.dumps(facts)}\n")


if __name__ == "__main__":
    main()
