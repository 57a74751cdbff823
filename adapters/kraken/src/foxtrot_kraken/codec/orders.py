"""Orders and executions out of the venue's REST answers."""

from __future__ import annotations

from decimal import Decimal

from foxtrot.errors import CancelRejected, OrderNotFound
from foxtrot.model.order import Fill, Order, OrderStatus, OrderType
from foxtrot.protocol.messages import AmendResult, OrderUpdate
from foxtrot.protocol.symbols import SymbolTable
from foxtrot_kraken.mapping import SIDES, TIMES, seconds_to_ns, to_status, to_type
from foxtrot_kraken.messages.orders import Canceled, OrderInfo, Placed
from foxtrot_kraken.messages.private import TradeInfo


def to_update(order_id: str, info: OrderInfo, symbols: SymbolTable, asked_ns: int) -> OrderUpdate:
    """Return the update that an order entry states. What it says was true at `asked_ns` or later: it has no time."""
    descr, flags = info.descr, (info.oflags or "").split(",")
    in_quote, kind = "viqc" in flags, to_type(descr.ordertype, post_only="post" in flags)
    status, reason = to_status(info.status)
    if status is OrderStatus.OPEN and info.vol_exec:
        status = OrderStatus.PARTIALLY_FILLED
    price, stop = _prices(info, kind)
    return OrderUpdate(
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
        ts_created=seconds_to_ns(info.opentm),
        ts_event=max(asked_ns, seconds_to_ns(info.opentm)),
    )


def one_of(orders: dict[str, OrderInfo], order_id: str) -> OrderInfo:
    """Return the order asked for. Raises OrderNotFound."""
    if order_id not in orders:
        raise OrderNotFound(f"The venue knows no order {order_id}.")
    return orders[order_id]


def read_placed(placed: Placed, order: Order) -> OrderUpdate:
    """Return what the acknowledgement of a placement says: no more than the venue's id. Raises ValueError without."""
    order_id = placed.order_id or (placed.txid[0] if placed.txid else "")
    if not order_id:
        raise ValueError("the answer names no order")
    return OrderUpdate(
        symbol=order.symbol,
        client_order_id=order.client_order_id,
        order_id=order_id,
        status=OrderStatus.OPEN,
        side=order.side,
        type=order.type,
    )


def amended(order: Order, quantity: Decimal | None, price: Decimal | None) -> AmendResult:
    """Return what an accepted amend means: the same order under new terms, later than all that is known of them."""
    update = OrderUpdate(
        symbol=order.symbol,
        client_order_id=order.client_order_id,
        order_id=order.order_id,
        status=OrderStatus.OPEN,
        quantity=quantity,
        price=price,
        ts_event=max(*order.ts_terms, order.ts_updated) + 1,
    )
    return AmendResult(None, update)


def canceled(answer: Canceled, symbol: str, order_id: str, client_order_id: str) -> OrderUpdate:
    """Return what an accepted cancel means; how much was filled before is told elsewhere.

    A pending cancel has not ended the order yet. Raises CancelRejected where nothing was canceled.
    """
    if not (answer.pending or answer.count or answer.order_id or answer.cl_ord_id):
        raise CancelRejected("The venue canceled no order.")
    status = OrderStatus.PENDING_CANCEL if answer.pending else OrderStatus.CANCELED
    return OrderUpdate(symbol=symbol, client_order_id=client_order_id, order_id=order_id, status=status)


def to_fill(trade_id: str, info: TradeInfo, symbols: SymbolTable) -> Fill:
    """Return an execution of TradesHistory, whose fees are in quote currency; it does not carry our id."""
    symbol = symbols.unified(info.pair)
    return Fill(
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
        ts_event=seconds_to_ns(info.time),
    )


def _prices(info: OrderInfo, kind: OrderType | None) -> tuple[Decimal | None, Decimal | None]:
    """Return limit price and trigger: a trigger stands in the first price, and then the limit in the second."""
    first, second = _amount(info.descr.price), _amount(info.descr.price2)
    if kind is OrderType.TRAILING_STOP:
        return second, info.stopprice or None
    if kind is not None and kind.has_trigger:
        return second, first
    return first, None


def _amount(text: str) -> Decimal | None:
    """Return a price, None for none and for one that is relative to the market ("+5.0", "-2%")."""
    if not text or text[0] in "+-#" or text.endswith("%"):
        return None
    return Decimal(text) or None
