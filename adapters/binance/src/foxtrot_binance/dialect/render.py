"""The venue's truth in the venue's JSON: pure functions.

Source: https://github.com/binance-us/binance-us-api-docs/blob/master/rest-api.md and user-data-stream.md
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from foxtrot.model.decimals import ZERO
from foxtrot.model.intervals import next_open
from foxtrot.model.order import OrderType, Side, TimeInForce
from foxtrot.model.times import NS_PER_MS
from foxtrot.sandbox.types import (
    Candle,
    DayStatistics,
    Execution,
    OrderReport,
    PublicTrade,
    ReportKind,
    VenueOrder,
    VenueStatus,
)

Json = dict[str, Any]
Levels = list[tuple[Decimal, Decimal]]
WORDS = frozenset(word.value.upper() for words in (VenueStatus, ReportKind, OrderType, TimeInForce) for word in words)


def number(value: Decimal, decimals: int = 8) -> str:
    """Write a number with the venue's fixed decimals; more digits are kept, never cut."""
    fixed = f"{value:.{decimals}f}"
    return fixed if Decimal(fixed) == value else f"{value.normalize():f}"


def ms(time_ns: int) -> int:
    """Return ms of ns."""
    return time_ns // NS_PER_MS


def word(value: OrderType | Side | TimeInForce | VenueStatus) -> str:
    """Write an enum as the venue does: upper case."""
    return str(value.value).upper()


def depth(update_id: int, bids: Levels, asks: Levels) -> Json:
    """Render a depth snapshot."""
    return {"lastUpdateId": update_id, "bids": levels(bids), "asks": levels(asks)}


def levels(side: Levels) -> list[list[str]]:
    """Render price levels."""
    return [[number(price), number(quantity)] for price, quantity in side]


def public_trade(trade: PublicTrade) -> Json:
    """Render a trade of /trades and /historicalTrades."""
    return {
        "id": trade.trade_id,
        "price": number(trade.price),
        "qty": number(trade.quantity),
        "quoteQty": number(trade.price * trade.quantity),
        "time": ms(trade.time_ns),
        "isBuyerMaker": trade.taker_side is Side.SELL,
        "isBestMatch": True,
    }


def aggregate_trade(trade: PublicTrade) -> Json:
    """Render a trade as an aggregate of one."""
    return {
        "a": trade.trade_id,
        "p": number(trade.price),
        "q": number(trade.quantity),
        "f": trade.trade_id,
        "l": trade.trade_id,
        "T": ms(trade.time_ns),
        "m": trade.taker_side is Side.SELL,
        "M": True,
    }


def kline(candle: Candle, interval: str) -> list[Any]:
    """Render a row of /klines."""
    return [
        ms(candle.open_ns),
        number(candle.open),
        number(candle.high),
        number(candle.low),
        number(candle.close),
        number(candle.volume),
        ms(next_open(candle.open_ns, interval)) - 1,
        number(candle.quote_volume),
        candle.trades,
        number(candle.taker_buy_base),
        number(candle.taker_buy_quote),
        "0",
    ]


def kline_event(symbol: str, candle: Candle, interval: str, now_ms: int) -> Json:
    """Render a kline stream event."""
    close_ms = ms(next_open(candle.open_ns, interval)) - 1
    return {
        "e": "kline",
        "E": now_ms,
        "s": symbol,
        "k": {
            "t": ms(candle.open_ns),
            "T": close_ms,
            "s": symbol,
            "i": interval,
            "f": candle.first_trade_id,
            "L": candle.last_trade_id,
            "o": number(candle.open),
            "c": number(candle.close),
            "h": number(candle.high),
            "l": number(candle.low),
            "v": number(candle.volume),
            "n": candle.trades,
            "x": now_ms > close_ms,
            "q": number(candle.quote_volume),
            "V": number(candle.taker_buy_base),
            "Q": number(candle.taker_buy_quote),
            "B": "0",
        },
    }


Best = tuple[Decimal, Decimal] | None


def day_ticker(symbol: str, day: DayStatistics, bid: Best, ask: Best, *, mini: bool = False) -> Json:
    """Render /ticker/24hr, FULL or MINI."""
    common = {
        "symbol": symbol,
        "openPrice": number(day.open),
        "highPrice": number(day.high),
        "lowPrice": number(day.low),
        "lastPrice": number(day.last),
        "volume": number(day.volume),
        "quoteVolume": number(day.quote_volume),
        "openTime": ms(day.open_ns),
        "closeTime": ms(day.close_ns),
        "firstId": day.first_id,
        "lastId": day.last_id,
        "count": day.count,
    }
    if mini:
        return common
    change = day.last - day.open
    return common | {
        "priceChange": number(change),
        "priceChangePercent": f"{change / day.open * 100:.3f}",
        "weightedAvgPrice": f"{day.weighted_average:.8f}",
        "prevClosePrice": number(day.previous_close),
        "lastQty": number(day.last_quantity),
        **book_ticker(symbol, bid, ask),
    }


def book_ticker(symbol: str, bid: Best, ask: Best) -> Json:
    """Render /ticker/bookTicker; an empty side is all zeros."""
    return {
        "symbol": symbol,
        "bidPrice": number(bid[0] if bid else ZERO),
        "bidQty": number(bid[1] if bid else ZERO),
        "askPrice": number(ask[0] if ask else ZERO),
        "askQty": number(ask[1] if ask else ZERO),
    }


def window_ticker(symbol: str, window: DayStatistics, *, mini: bool = False) -> Json:
    """Render /ticker over a rolling window, FULL or MINI."""
    full = day_ticker(symbol, window, None, None, mini=mini)
    for name in ("prevClosePrice", "lastQty", "bidPrice", "bidQty", "askPrice", "askQty"):
        full.pop(name, None)
    return full


_TICKER_KEYS = {
    "p": "priceChange", "P": "priceChangePercent", "w": "weightedAvgPrice", "c": "lastPrice", "o": "openPrice",
    "h": "highPrice", "l": "lowPrice", "v": "volume", "q": "quoteVolume", "O": "openTime", "C": "closeTime",
    "F": "firstId", "L": "lastId", "n": "count",
}  # fmt: skip
_DAY_KEYS = {
    "x": "prevClosePrice", "Q": "lastQty", "b": "bidPrice", "B": "bidQty", "a": "askPrice", "A": "askQty",
}  # fmt: skip


def ticker_event(symbol: str, day: DayStatistics, bid: Best, ask: Best, now_ms: int) -> Json:
    """Render a 24hrTicker stream event."""
    full, keys = day_ticker(symbol, day, bid, ask), _TICKER_KEYS | _DAY_KEYS
    return {"e": "24hrTicker", "E": now_ms, "s": symbol} | {key: full[name] for key, name in keys.items()}


def window_event(symbol: str, window: DayStatistics, size: str, now_ms: int) -> Json:
    """Render a 1hTicker, 4hTicker or 1dTicker stream event."""
    full = window_ticker(symbol, window)
    return {"e": f"{size}Ticker", "E": now_ms, "s": symbol} | {key: full[name] for key, name in _TICKER_KEYS.items()}


def average_event(symbol: str, price: Decimal, traded_ms: int, now_ms: int) -> Json:
    """Render an avgPrice stream event of the last 5 minutes."""
    return {"e": "avgPrice", "E": now_ms, "s": symbol, "i": "5m", "w": f"{price:.8f}", "T": traded_ms}


def mini_ticker_event(symbol: str, day: DayStatistics, now_ms: int) -> Json:
    """Render a 24hrMiniTicker stream event."""
    return {
        "e": "24hrMiniTicker",
        "E": now_ms,
        "s": symbol,
        "c": number(day.last),
        "o": number(day.open),
        "h": number(day.high),
        "l": number(day.low),
        "v": number(day.volume),
        "q": number(day.quote_volume),
    }


def order(found: VenueOrder, symbol: str) -> Json:
    """Render an order of a query."""
    rendered = {
        "symbol": symbol,
        "orderId": found.order_id,
        "orderListId": -1,
        "clientOrderId": found.client_order_id,
        "price": number(found.price),
        "origQty": number(found.quantity),
        "executedQty": number(found.filled),
        "cummulativeQuoteQty": number(found.filled_quote),
        "status": word(found.status),
        "timeInForce": word(found.time_in_force),
        "type": word(found.type),
        "side": word(found.side),
        "stopPrice": number(found.stop_price),
        "icebergQty": number(found.iceberg_quantity),
        "time": ms(found.created_ns),
        "updateTime": ms(found.updated_ns),
        "isWorking": found.working_ns > 0,
        "workingTime": ms(found.working_ns) if found.working_ns else -1,
        "origQuoteOrderQty": number(found.quote_quantity),
        "selfTradePreventionMode": found.stp.name,
    }
    return rendered | _prevented(found)


def placed(new: VenueOrder, symbol: str, response: str, *, current: bool = True) -> Json:
    """Render the reply to a placement: ACK, RESULT or FULL."""
    ack = {
        "symbol": symbol,
        "orderId": new.order_id,
        "orderListId": -1,
        "clientOrderId": new.client_order_id,
        "transactTime": ms(new.updated_ns),
    }
    if response == "ACK":
        return ack
    result = ack | {
        "price": number(new.price),
        "origQty": number(new.quantity),
        "executedQty": number(new.filled),
        "cummulativeQuoteQty": number(new.filled_quote),
        "status": word(new.status),
        "timeInForce": word(new.time_in_force),
        "type": word(new.type),
        "side": word(new.side),
        "workingTime": ms(new.working_ns) if new.working_ns else -1,
        "selfTradePreventionMode": new.stp.name,
    }
    if current:
        result["origQuoteOrderQty"] = number(new.quote_quantity)
    if new.stop_price:
        result["stopPrice"] = number(new.stop_price)
    if new.iceberg_quantity:
        result["icebergQty"] = number(new.iceberg_quantity)
    result |= _prevented(new)
    return result if response == "RESULT" else result | {"fills": [_fill(e) for e in new.executions]}


def canceled(ended: VenueOrder, symbol: str, cancel_id: str, *, current: bool = True) -> Json:
    """Render the reply to a cancel; the older generation does not state its time."""
    rendered = {
        "symbol": symbol,
        "origClientOrderId": ended.client_order_id,
        "orderId": ended.order_id,
        "orderListId": -1,
        "clientOrderId": cancel_id,
        "price": number(ended.price),
        "origQty": number(ended.quantity),
        "executedQty": number(ended.filled),
        "cummulativeQuoteQty": number(ended.filled_quote),
        "status": word(ended.status),
        "timeInForce": word(ended.time_in_force),
        "type": word(ended.type),
        "side": word(ended.side),
        "selfTradePreventionMode": ended.stp.name,
    }
    if current:
        rendered |= {"transactTime": ms(ended.updated_ns), "origQuoteOrderQty": number(ended.quote_quantity)}
    return rendered


def my_trade(execution: Execution, symbol: str) -> Json:
    """Render an execution of /myTrades."""
    return {
        "symbol": symbol,
        "id": execution.trade_id,
        "orderId": execution.order_id,
        "orderListId": -1,
        "price": number(execution.price),
        "qty": number(execution.quantity),
        "quoteQty": number(execution.quote_quantity),
        "commission": number(execution.fee),
        "commissionAsset": execution.fee_asset,
        "time": ms(execution.time_ns),
        "isBuyer": execution.side is Side.BUY,
        "isMaker": execution.is_maker,
        "isBestMatch": True,
    }


def execution_report(report: OrderReport, symbol: str) -> Json:
    """Render an executionReport event with every documented key."""
    found, fill = report.order, report.execution
    canceled_by_user = report.kind is ReportKind.CANCELED
    kind = {ReportKind.TRIGGERED: "NEW"}.get(report.kind, report.kind.value.upper())
    rendered = {
        "e": "executionReport",
        "E": ms(report.time_ns),
        "s": symbol,
        "c": (report.cancel_client_order_id or found.client_order_id) if canceled_by_user else found.client_order_id,
        "S": word(found.side),
        "o": word(found.type),
        "f": word(found.time_in_force),
        "q": number(found.quantity),
        "p": number(found.price),
        "P": number(found.stop_price),
        "F": number(found.iceberg_quantity),
        "g": -1,
        "C": found.client_order_id if canceled_by_user else "",
        "x": "TRADE" if fill else kind,
        "X": word(found.status),
        "r": "NONE",
        "i": found.order_id,
        "l": number(fill.quantity if fill else ZERO),
        "z": number(found.filled),
        "L": number(fill.price if fill else ZERO),
        "n": number(fill.fee if fill else ZERO),
        "N": fill.fee_asset if fill else None,
        "T": ms(report.time_ns),
        "t": fill.trade_id if fill else -1,
        "I": found.order_id * 1_000 + len(found.executions),
        "w": found.working_ns > 0 and found.status.open,
        "m": fill.is_maker if fill else False,
        "M": fill is not None,
        "O": ms(found.created_ns),
        "Z": number(found.filled_quote),
        "Y": number(fill.quote_quantity if fill else ZERO),
        "Q": number(found.quote_quantity),
        "V": found.stp.name,
    }
    if found.working_ns:
        rendered["W"] = ms(found.working_ns)
    if report.kind is ReportKind.TRADE_PREVENTION:
        rendered |= {
            "v": found.prevented_match_id,
            "A": number(found.prevented_quantity),
            "B": number(report.last_prevented),
            "u": -1,  # one account, no trade group
            "U": found.prevented_with,
        }
    return rendered


def account_position(balances: dict[str, tuple[Decimal, Decimal]], now_ms: int) -> Json:
    """Render an outboundAccountPosition event."""
    held = [{"a": asset, "f": number(free), "l": number(locked)} for asset, (free, locked) in balances.items()]
    return {"e": "outboundAccountPosition", "E": now_ms, "u": now_ms, "B": held}


def balance_update(asset: str, delta: Decimal, now_ms: int) -> Json:
    """Render a balanceUpdate event: a deposit, or with a minus a withdrawal."""
    return {"e": "balanceUpdate", "E": now_ms, "a": asset, "d": number(delta), "T": now_ms}


def _fill(execution: Execution) -> Json:
    return {
        "price": number(execution.price),
        "qty": number(execution.quantity),
        "commission": number(execution.fee),
        "commissionAsset": execution.fee_asset,
        "tradeId": execution.trade_id,
    }


def _prevented(found: VenueOrder) -> Json:
    if not found.prevented_match_id:
        return {}
    return {"preventedMatchId": found.prevented_match_id, "preventedQuantity": number(found.prevented_quantity)}
