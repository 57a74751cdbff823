"""Orders and executions out of the venue's answers."""

from __future__ import annotations

import msgspec

from foxtrot.model.order import Fill, OrderStatus, Side
from foxtrot.model.times import NS_PER_MS
from foxtrot.protocol.messages import AmendResult, OrderUpdate
from foxtrot.protocol.symbols import SymbolTable
from foxtrot_binance.codec.errors import NOTHING_TO_CANCEL
from foxtrot_binance.mapping import SIDES, TIMES, TYPES, to_status
from foxtrot_binance.messages import orders as wire
from foxtrot_binance.messages.orders import FillInfo, MyTradeInfo, OrderInfo


def to_update(info: OrderInfo, symbols: SymbolTable, *, placed: bool = False) -> OrderUpdate:
    """Return the update that an order object states; one that was just `placed` is open where an ACK does not say."""
    symbol = symbols.unified(info.symbol)
    # A cancel's reply names the order in origClientOrderId and itself in clientOrderId.
    client_order_id = info.original_client_order_id or info.client_order_id
    status, reason = (OrderStatus.OPEN, "") if placed and not info.status else to_status(info.status)
    at = max(info.transacted, info.updated, info.created)
    return OrderUpdate(
        symbol=symbol,
        client_order_id=client_order_id,
        order_id=str(info.order_id),
        status=status,
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
        reason=info.expiry_reason if status is OrderStatus.EXPIRED and info.expiry_reason else reason,
        ts_created=info.created * NS_PER_MS,
        ts_event=at * NS_PER_MS,
    )


def read_canceled(body: bytes, symbols: SymbolTable) -> list[OrderUpdate]:
    """Read the answer to "cancel all": orders, and order lists with a report for each leg; nothing open is no error."""
    found = msgspec.json.decode(body, type=wire.ErrorInfo | list[msgspec.Raw])
    if isinstance(found, wire.ErrorInfo):
        if not found.text.startswith(NOTHING_TO_CANCEL):
            raise ValueError(f"an error in place of the canceled orders: {found.code} {found.text}")
        return []
    return [to_update(info, symbols) for raw in found for info in _canceled(raw)]


def read_replaced(body: bytes, symbols: SymbolTable) -> AmendResult:
    """Read both halves of a cancelReplace whose cancel took effect; the new order may have been refused."""
    halves = msgspec.json.decode(body, type=wire.PartialReplace).data
    if halves is None:
        halves = msgspec.json.decode(body, type=wire.ReplaceInfo)
    if halves.cancel_result != "SUCCESS":
        raise ValueError(f"the cancel is {halves.cancel_result} but the new order is {halves.new_result}")
    old = to_update(msgspec.json.decode(halves.cancel, type=OrderInfo), symbols)
    if halves.new_result == "SUCCESS":
        return AmendResult(old, to_update(msgspec.json.decode(halves.new, type=OrderInfo), symbols, placed=True))
    refusal = msgspec.json.decode(halves.new, type=wire.ErrorInfo)
    return AmendResult(old, None, f"{refusal.code} {refusal.text}")


def _canceled(raw: msgspec.Raw) -> list[OrderInfo]:
    return msgspec.json.decode(raw, type=wire.OrderListInfo).reports or [msgspec.json.decode(raw, type=OrderInfo)]


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
