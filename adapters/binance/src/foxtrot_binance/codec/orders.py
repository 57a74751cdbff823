"""Orders and executions out of the venue's answers."""

from __future__ import annotations

from foxtrot.model.order import Fill, OrderStatus, Side
from foxtrot.model.times import NS_PER_MS
from foxtrot.protocol.messages import OrderUpdate
from foxtrot.protocol.symbols import SymbolTable
from foxtrot_binance.mapping import SIDES, TIMES, TYPES, to_status
from foxtrot_binance.messages import FillInfo, MyTradeInfo, OrderInfo


def to_update(info: OrderInfo, symbols: SymbolTable, *, status: OrderStatus | None = None) -> OrderUpdate:
    """Return the update that an order object states; `status` where the object (an ACK) does not say."""
    symbol = symbols.unified(info.symbol)
    # A cancel's reply names the order in origClientOrderId and itself in clientOrderId.
    client_order_id = info.original_client_order_id or info.client_order_id
    stated, reason = to_status(info.status)
    at = max(info.transacted, info.updated, info.created)
    return OrderUpdate(
        symbol=symbol,
        client_order_id=client_order_id,
        order_id=str(info.order_id),
        status=status or stated,
        side=SIDES.get(info.side),
        type=TYPES.get(info.type),
        quantity=info.quantity or None,
        quote_quantity=info.quote_quantity or None,
        price=info.price or None,
        stop_price=info.stop_price or None,
        iceberg_quantity=info.iceberg_quantity or None,
        time_in_force=TIMES.get(info.time_in_force),
        stp_mode=info.stp_mode,
        filled=info.filled,
        # Negative in old orders, where the venue does not know the amount any more.
        filled_quote=None if info.filled_quote is None or info.filled_quote < 0 else info.filled_quote,
        fills=tuple(_fill(fill, info, symbol, at) for fill in info.fills),
        reason=reason,
        ts_created=info.created * NS_PER_MS,
        ts_event=at * NS_PER_MS,
    )


def to_fill(info: MyTradeInfo, symbols: SymbolTable) -> Fill:
    """Return an execution of /myTrades; it does not carry our id."""
    return Fill(
        symbol=symbols.unified(info.symbol),
        order_id=str(info.order_id),
        client_order_id="",
        trade_id=str(info.trade_id),
        side=Side.BUY if info.is_buyer else Side.SELL,
        price=info.price,
        quantity=info.quantity,
        quote_quantity=info.quote_quantity,
        fee=info.fee,
        fee_asset=info.fee_asset,
        is_maker=info.is_maker,
        ts_event=info.time * NS_PER_MS,
    )


def _fill(fill: FillInfo, info: OrderInfo, symbol: str, at: int) -> Fill:
    return Fill(
        symbol=symbol,
        order_id=str(info.order_id),
        client_order_id=info.client_order_id,
        trade_id=str(fill.trade_id),
        side=SIDES[info.side],
        price=fill.price,
        quantity=fill.quantity,
        quote_quantity=fill.price * fill.quantity,
        fee=fill.fee,
        fee_asset=fill.fee_asset,
        is_maker=False,  # a placement's reply lists only what the order took
        ts_event=at * NS_PER_MS,
    )
