"""What a subscription tells."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from foxtrot.gateway import Exchange, SubscribeRequest, TickData
from foxtrot.model.order import Side

SUBSCRIBE = SubscribeRequest("BTCUSDT", Exchange.BINANCE)


def ticks(desk: Any) -> list[TickData]:
    return [event.data for event in desk.heard if event.type == "eTick."]


def test_a_tick_joins_statistics_and_the_best_five_levels(desk: Any, venue: Any) -> None:
    desk.adapter.subscribe(SUBSCRIBE)
    desk.wait(lambda: ticks(desk) and ticks(desk)[-1].bid_price_5)
    tick = ticks(desk)[-1]
    bids, asks = venue.look(lambda s: s.venue.depth("BTC/USDT", 5)[1:])
    told = [(getattr(tick, f"bid_price_{n}"), getattr(tick, f"bid_volume_{n}")) for n in range(1, 6)]
    assert told == [(float(price), float(quantity)) for price, quantity in bids]
    assert tick.ask_price_1 == float(asks[0][0])
    assert tick.low_price <= tick.last_price <= tick.high_price
    assert (tick.vt_symbol, tick.name) == ("BTCUSDT.BINANCE", "BTC/USDT")
    assert "eTick.BTCUSDT.BINANCE" in {event.type for event in desk.heard}


def test_a_change_of_the_book_is_a_new_tick_and_the_old_one_stays_as_it_was(desk: Any, venue: Any) -> None:
    desk.adapter.subscribe(SUBSCRIBE)
    desk.wait(lambda: ticks(desk) and ticks(desk)[-1].bid_price_1)
    before = ticks(desk)[-1]
    price = Decimal(str(before.bid_price_1)) + Decimal("0.01")
    venue.look(lambda s: s.venue.place_agent("BTC/USDT", Side.BUY, price, Decimal("0.5")))
    desk.wait(lambda: ticks(desk)[-1].bid_price_1 == float(price))
    assert before.bid_price_1 < float(price)


def test_subscribing_twice_is_subscribing_once(desk: Any, venue: Any) -> None:
    desk.adapter.subscribe(SUBSCRIBE)
    desk.adapter.subscribe(SUBSCRIBE)
    desk.wait(lambda: ticks(desk) and ticks(desk)[-1].bid_price_1)
    price = Decimal(str(ticks(desk)[-1].bid_price_1)) + Decimal("0.01")
    venue.look(lambda s: s.venue.place_agent("BTC/USDT", Side.BUY, price, Decimal("0.5")))
    desk.wait(lambda: ticks(desk)[-1].bid_price_1 == float(price))
    times = [tick.localtime for tick in ticks(desk) if tick.bid_price_1 == float(price)]
    assert len(set(times)) == len(times)


def test_while_the_book_is_not_the_venues_no_levels_are_shown(desk: Any, venue: Any) -> None:
    desk.adapter.subscribe(SUBSCRIBE)
    desk.wait(lambda: ticks(desk) and ticks(desk)[-1].bid_price_1)
    price = Decimal(str(ticks(desk)[-1].bid_price_1)) + Decimal("0.01")
    venue.look(lambda s: s.venue.place_agent("BTC/USDT", Side.BUY, price, Decimal("0.5")))
    desk.wait(lambda: ticks(desk)[-1].bid_price_1 == float(price))  # by the stream
    before = len(ticks(desk))
    venue.fault("cut")
    venue.look(lambda s: s.venue.place_agent("BTC/USDT", Side.BUY, price, Decimal("0.5")))
    desk.wait(lambda: any(tick.bid_price_1 == tick.ask_price_1 == 0 for tick in ticks(desk)[before:]))

    def shown_again() -> bool:
        venue.look(lambda s: s.venue.place_agent("BTC/USDT", Side.BUY, price, Decimal("0.5")))  # a market that moves
        return bool(ticks(desk)[-1].bid_price_1 == float(price))

    desk.wait(shown_again)
