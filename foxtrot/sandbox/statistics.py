"""The statistics of one symbol over a window of time, summed up from its minutes."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from foxtrot.model.decimals import ZERO
from foxtrot.sandbox.types import Candle, DayStatistics


def sum_up(
    minutes: Sequence[Candle], first_ns: int, now_ns: int, last_price: Decimal, last_quantity: Decimal
) -> DayStatistics:
    """Sum up minutes, at least one. Made-up minutes have trades that count, but no ids."""
    traded = [candle for candle in minutes if candle.trades]
    volume = sum((candle.volume for candle in traded), ZERO)
    quote_volume = sum((candle.quote_volume for candle in traded), ZERO)
    return DayStatistics(
        open=minutes[0].open,
        high=max(candle.high for candle in minutes),
        low=min(candle.low for candle in minutes),
        last=last_price,
        last_quantity=last_quantity,
        previous_close=minutes[0].open,
        volume=volume,
        quote_volume=quote_volume,
        weighted_average=quote_volume / volume if volume else last_price,
        open_ns=first_ns,
        close_ns=now_ns,
        first_id=next((candle.first_trade_id for candle in traded if candle.first_trade_id >= 0), -1),
        last_id=max((candle.last_trade_id for candle in traded), default=-1),
        count=sum(candle.trades for candle in traded),
    )
