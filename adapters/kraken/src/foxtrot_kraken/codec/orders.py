"""Orders and executions out of the venue's REST answers."""

from __future__ import annotations

from decimal import Decimal

from foxtrot import adapting as fx
from foxtrot_kraken.mapping import SIDES, STATES, TIMES, to_type
from foxtrot_kraken.messages.orders import OrderInfo
from foxtrot_kraken.messages.private import TradeInfo


def to_update(order_id: str, info: OrderInfo, symbols: fx.SymbolTable, asked_ns: int) -> fx.OrderUpdate:
    """Return the update that an order entry states. What it says was true at `asked_ns` or later: it has no time."""
    descr, flags = info.descr, (info.oflags or "").split(",")
    in_quote, kind = "viqc" in flags, to_type(descr.ordertype, post_only="post" in flags)
    status, reason = STATES.read(info.status)
    if status is fx.OrderStatus.OPEN and info.vol_exec:
        status = fx.OrderStatus.PARTIALLY_FILLED
    price, stop = _prices(info, kind)
    return fx.OrderUpdate(
        symbol=symbols.unified(descr.pair),
        client_order_id=info.cl_ord_id or "",
        order_id=order_id,
        status=status,
        side=SIDES.get(descr.type),
        type=kind,
        quantity=None if in_quote else info.vol,
        quote_quantity=info.vol if in_quote else None,
        price=price,
        stop_price=stop,
        iceberg_quantity=info.displayvol or None,
        time_in_force=TIMES.get((info.timeinforce or "").upper()),
        stp_mode=(info.stptype or "").upper(),
        # Of an order by quote quantity `vol_exec` counts quote currency, too.
        filled=None if in_quote else info.vol_exec,
        filled_quote=info.cost,
        reason=info.reason or reason,
        ts_created=fx.seconds_ns(info.opentm),
        ts_event=max(asked_ns, fx.seconds_ns(info.opentm)),
    )


def to_fill(trade_id: str, info: TradeInfo, symbols: fx.SymbolTable) -> fx.Fill:
    """Return an execution of TradesHistory; it does not carry our id.

    Its fee is in quote currency, even where it was charged in base (`fcib`, which only other clients ask for): so says
    https://docs.kraken.com/api/docs/rest-api/get-trade-history, from memory. The private stream tells it as charged.
    """
    symbol = symbols.unified(info.pair)
    return fx.Fill(
        symbol=symbol,
        order_id=info.ordertxid,
        client_order_id="",
        trade_id=trade_id,
        side=SIDES[info.type],
        price=info.price,
        quantity=info.vol,
        quote_quantity=info.cost,
        fee=info.fee,
        fee_asset=symbols.contract(symbol).quote,
        is_maker=info.maker,
        ts_event=fx.seconds_ns(info.time),
    )


def _prices(info: OrderInfo, kind: fx.OrderType | None) -> tuple[Decimal | None, Decimal | None]:
    """Return limit price and trigger: a trigger stands in the first price, and then the limit in the second."""
    first, second = _amount(info.descr.price), _amount(info.descr.price2)
    if kind is fx.OrderType.TRAILING_STOP:
        return second, info.stopprice or None
    if kind is not None and kind.has_trigger:
        return second, first
    return first, None


def _amount(text: str) -> Decimal | None:
    """Return a price, None for none and for one that is relative to the market ("+5.0", "-2%")."""
    if not text or text[0] in "+-#" or text.endswith("%"):
        return None
    return Decimal(text) or None
