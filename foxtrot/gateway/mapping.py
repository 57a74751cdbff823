"""Between foxtrot's exact values and vn.py's: requests in, data objects out. No I/O."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal

from foxtrot.capabilities import Capability, CapabilitySet
from foxtrot.errors import FoxtrotError, InvalidRequest, OrderDenied, Outcome, UnsupportedError
from foxtrot.gateway.constants import Direction, Exchange, Interval, Offset, OrderType, Product, Status
from foxtrot.gateway.objects import (
    AccountData,
    BarData,
    ContractData,
    Extra,
    OrderData,
    OrderRequest,
    PositionData,
    TradeData,
    exact,
)
from foxtrot.model import order as core
from foxtrot.model.account import Balance, Position
from foxtrot.model.contract import Contract, ContractKind, QuantityRule
from foxtrot.model.decimals import ZERO
from foxtrot.model.events import Bar
from foxtrot.model.order import Fill, Order, OrderStatus, Side, TimeInForce
from foxtrot.model.times import NS_PER_S

_S = OrderStatus
STATUSES: Mapping[OrderStatus, Status] = {
    _S.CREATED: Status.SUBMITTING,
    _S.PENDING: Status.SUBMITTING,
    _S.IN_DOUBT: Status.SUBMITTING,  # nobody knows: certainly not refused
    _S.OPEN: Status.NOTTRADED,
    _S.PARTIALLY_FILLED: Status.PARTTRADED,
    _S.FILLED: Status.ALLTRADED,
    _S.CANCELED: Status.CANCELLED,
    _S.EXPIRED: Status.CANCELLED,
    _S.REJECTED: Status.REJECTED,
    _S.DENIED: Status.REJECTED,
}
_SIDES = {Direction.LONG: Side.BUY, Direction.SHORT: Side.SELL}
_DIRECTIONS = {side: direction for direction, side in _SIDES.items()}
_LIVES = {OrderType.LIMIT: TimeInForce.GTC, OrderType.FAK: TimeInForce.IOC, OrderType.FOK: TimeInForce.FOK}
_LIMITS = {TimeInForce.IOC: OrderType.FAK, TimeInForce.FOK: OrderType.FOK}
_PRODUCTS = {
    ContractKind.SPOT: Product.SPOT,
    ContractKind.PERPETUAL: Product.SWAP,
    ContractKind.FUTURE: Product.FUTURES,
    ContractKind.OPTION: Product.OPTION,
}
_INTERVALS = {Interval.DAILY: "1d", Interval.WEEKLY: "1w"}


def to_utc(time_ns: int) -> datetime:
    """Return ns UTC as an aware datetime, cut to microseconds."""
    return datetime.fromtimestamp(time_ns // NS_PER_S, UTC).replace(microsecond=time_ns % NS_PER_S // 1_000)


def to_order_request(req: OrderRequest, symbol: str, client_order_id: str) -> core.OrderRequest:
    """Return the order that is asked for, numbers exact.

    Raises InvalidRequest for numbers that are none and directions other than LONG and SHORT, UnsupportedError for a
    type that has no meaning here.
    """
    side = _SIDES.get(req.direction)
    if side is None:
        raise InvalidRequest(f"direction must be LONG or SHORT, not {_word(req.direction)}.", field="direction")
    if req.type in _LIVES:
        return core.OrderRequest.limit(
            symbol, side, req.volume, req.price, time_in_force=_LIVES[req.type], client_order_id=client_order_id
        )
    if req.type is OrderType.MARKET:
        return core.OrderRequest.market(symbol, side, req.volume, client_order_id=client_order_id)
    if req.type is OrderType.STOP:
        return core.OrderRequest.stop(symbol, side, req.volume, req.price, client_order_id=client_order_id)
    raise UnsupportedError(
        f"Orders of the type {_word(req.type)} are not offered; there are LIMIT, MARKET, STOP, FAK and FOK."
    )


def to_interval(interval: Interval | None) -> str:
    """Return foxtrot's name of an interval. Raises InvalidRequest for none and for ticks."""
    if interval is None or interval is Interval.TICK:
        raise InvalidRequest(
            f"interval must be the length of a candle, such as Interval.MINUTE or Interval('5m'), not {interval}.",
            field="interval",
        )
    return _INTERVALS.get(interval, str(getattr(interval, "value", interval)))


def order_data(
    order: Order, name: str, gateway: str, *, orderid: str, offset: Offset = Offset.NONE, reference: str = ""
) -> OrderData:
    """Return an order as vn.py has it; what is under way (a cancel, an amend) shows as what the order still is."""
    status = STATUSES.get(order.status) or (Status.PARTTRADED if order.filled else Status.NOTTRADED)
    price = order.price if order.price is not None else order.stop_price
    data = OrderData(
        gateway,
        name,
        Exchange(gateway),
        orderid,
        type=_type_of(order),
        direction=_DIRECTIONS[order.side],
        offset=offset,
        price=_float(price),
        volume=_float(order.quantity),
        traded=float(order.filled),
        status=status,
        datetime=to_utc(order.ts_submitted or order.ts_created or order.ts_updated),
        reference=reference,
    )
    data.extra = {
        "price": price,
        "volume": order.quantity,
        "traded": order.filled,
        "stop_price": order.stop_price,
        "average_price": order.average_price,
        "order_id": order.order_id,
        "state": order.status.value,
        **({"reason": order.reason} if order.reason else {}),
    }
    return data


def refused(data: OrderData, error: FoxtrotError) -> OrderData:
    """Return an order that was certainly not taken, with the reason."""
    twin = copy.copy(data)  # what was told stays as it was
    twin.status = Status.REJECTED
    state = OrderStatus.DENIED if error.outcome is Outcome.NOT_SENT else OrderStatus.REJECTED
    twin.extra = {**(data.extra or {}), "state": state.value, **reason_of(error)}
    return twin


def reason_of(error: FoxtrotError) -> Extra:
    """Return an error for `extra`: its text, its type, and of a broken rule its name and the nearest legal value."""
    told: Extra = {"reason": error.message, "error": type(error).__name__}
    if isinstance(error, OrderDenied):
        told |= {"rule": error.rule, "nearest": error.nearest}
    return told


def trade_data(fill: Fill, name: str, gateway: str, *, orderid: str, offset: Offset) -> TradeData:
    """Return one execution as vn.py has it."""
    data = TradeData(
        gateway,
        name,
        Exchange(gateway),
        orderid,
        fill.trade_id,
        direction=_DIRECTIONS[fill.side],
        offset=offset,
        price=float(fill.price),
        volume=float(fill.quantity),
        datetime=to_utc(fill.ts_event),
    )
    data.extra = {
        "price": fill.price,
        "volume": fill.quantity,
        "fee": fill.fee,
        "fee_asset": fill.fee_asset,
        "is_maker": fill.is_maker,
        "order_id": fill.order_id,
    }
    return data


def account_data(balance: Balance, gateway: str) -> AccountData:
    """Return the balance of one asset as vn.py has it."""
    data = AccountData(gateway, balance.asset, balance=float(balance.total), frozen=float(balance.locked))
    data.available = float(balance.free)  # not by floats: 0.3 - 0.1 is not 0.2 there
    data.extra = {"balance": balance.total, "frozen": balance.locked, "available": balance.free}
    return data


def position_data(position: Position, name: str, gateway: str) -> PositionData:
    """Return a derivatives position as vn.py has it."""
    data = PositionData(
        gateway,
        name,
        Exchange(gateway),
        _DIRECTIONS[position.side],
        volume=float(position.quantity),
        price=float(position.entry_price),
        pnl=float(position.unrealized_pnl),
    )
    data.extra = {"volume": position.quantity, "price": position.entry_price, "pnl": position.unrealized_pnl}
    return data


def contract_data(contract: Contract, name: str, gateway: str, capabilities: CapabilitySet) -> ContractData:
    """Return a contract as vn.py has it; volumes there are multiples of `min_volume`, so that is the grid's step."""
    largest = next((r.maximum for r in contract.rules if isinstance(r, QuantityRule) and not r.market_only), Decimal(0))
    step = contract.quantity_step or contract.min_quantity or Decimal(1).scaleb(-contract.base_precision)
    tick = contract.price_tick or Decimal(1).scaleb(-contract.quote_precision)
    data = ContractData(
        gateway,
        name,
        Exchange(gateway),
        contract.symbol,
        _PRODUCTS[contract.kind],
        size=1,
        pricetick=float(tick),
        min_volume=float(step),
        max_volume=float(largest) if largest else None,
        stop_supported=core.OrderType.STOP_LOSS in contract.order_types,
        net_position=True,
        history_data=capabilities[Capability.FETCH_OHLCV].support.usable,
    )
    data.extra = {
        "pricetick": tick,
        "min_volume": step,
        "min_quantity": contract.min_quantity,
        "min_notional": contract.min_notional,
        "status": contract.status.value,
        "base": contract.base,
        "quote": contract.quote,
        "venue_symbol": contract.venue_symbol,
    }
    return data


def bar_data(bar: Bar, name: str, gateway: str, interval: Interval | None) -> BarData:
    """Return a candle as vn.py has it."""
    return BarData(
        gateway,
        name,
        Exchange(gateway),
        to_utc(bar.open_time),
        interval=interval,
        volume=known(bar.volume),
        turnover=known(bar.quote_volume),
        open_price=bar.open,
        high_price=bar.high,
        low_price=bar.low,
        close_price=bar.close,
    )


def known(number: float) -> float:
    """Return a number of market data, 0 (vn.py's "unknown") where there is none."""
    return 0.0 if math.isnan(number) else number


def unsent(req: OrderRequest, name: str, gateway: str, orderid: str, now: datetime) -> OrderData:
    """Return the order as it is at the moment of the request."""
    data = req.create_order_data(orderid, gateway)
    data.symbol, data.exchange, data.datetime = name, Exchange(gateway), now
    data.extra = {
        "price": exact(req.price),
        "volume": exact(req.volume),
        "traded": ZERO,
        "stop_price": None,
        "average_price": None,
        "order_id": "",
        "state": OrderStatus.CREATED.value,
    }
    return data


def _type_of(order: Order) -> OrderType:
    if order.type.has_trigger:
        return OrderType.STOP
    if order.type is core.OrderType.MARKET:
        return OrderType.MARKET
    return OrderType.LIMIT if order.time_in_force is None else _LIMITS.get(order.time_in_force, OrderType.LIMIT)


def _float(number: Decimal | None) -> float:
    return 0.0 if number is None else float(number)


def _word(word: object) -> str:
    return str(getattr(word, "value", repr(word)))
