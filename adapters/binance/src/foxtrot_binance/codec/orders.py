"""Orders and executions out of the venue's answers."""

from __future__ import annotations

import msgspec

from foxtrot import adapting as fx
from foxtrot_binance.codec.errors import NOTHING_TO_CANCEL
from foxtrot_binance.mapping import SIDES, TIMES, TYPES, to_status
from foxtrot_binance.messages.orders import (
    ErrorInfo,
    MyTradeInfo,
    OrderInfo,
    OrderListInfo,
    PartialReplace,
    ReplaceInfo,
)
from foxtrot_binance.messages.private import ExecutionReport

State = tuple[fx.OrderStatus, str]  # and the reason for it


def described(
    info: OrderInfo | ExecutionReport, symbols: fx.SymbolTable, state: State, at_ms: int, ts_recv: int = 0
) -> fx.OrderUpdate:
    """Return what an order object and a report state alike: zeros stand for what an order does not have.

    A cancel's reply or report names the order in the original client order id, and itself in the other.
    """
    status, reason = state
    return fx.OrderUpdate(
        symbol=symbols.unified(info.symbol),
        client_order_id=info.original_client_order_id or info.client_order_id,
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
        reason=info.expiry_reason if status is fx.OrderStatus.EXPIRED and info.expiry_reason else reason,
        ts_created=info.created * fx.NS_PER_MS,
        ts_event=at_ms * fx.NS_PER_MS,
        ts_recv=ts_recv,
    )


def to_update(info: OrderInfo, symbols: fx.SymbolTable, *, placed: bool = False) -> fx.OrderUpdate:
    """Return the update that an order object states; one that was just `placed` is open where an ACK does not say."""
    state = (fx.OrderStatus.OPEN, "") if placed and not info.status else to_status(info.status)
    update = described(info, symbols, state, max(info.transacted, info.updated, info.created))
    for fill in info.fills:  # a placement's reply lists only what the order took
        trade_id, quote = str(fill.trade_id), fill.price * fill.quantity
        update = fx.executed(
            update, trade_id, fill.price, fill.quantity, quote, fill.fee, fill.fee_asset, is_maker=False
        )
    return update


def read_canceled(body: bytes, symbols: fx.SymbolTable) -> list[fx.OrderUpdate]:
    """Read the answer to "cancel all": orders, and order lists with a report for each leg; nothing open is no error."""
    found = msgspec.json.decode(body, type=ErrorInfo | list[msgspec.Raw])
    if isinstance(found, ErrorInfo):
        if not found.text.startswith(NOTHING_TO_CANCEL):
            raise ValueError(f"an error in place of the canceled orders: {found.code} {found.text}")
        return []
    return [to_update(info, symbols) for raw in found for info in _canceled(raw)]


def read_replaced(body: bytes, symbols: fx.SymbolTable) -> fx.AmendResult:
    """Read both halves of a cancelReplace whose cancel took effect; the new order may have been refused."""
    halves = msgspec.json.decode(body, type=PartialReplace).data
    if halves is None:
        halves = msgspec.json.decode(body, type=ReplaceInfo)
    if halves.cancel_result != "SUCCESS":
        raise ValueError(f"the cancel is {halves.cancel_result} but the new order is {halves.new_result}")
    old = to_update(msgspec.json.decode(halves.cancel, type=OrderInfo), symbols)
    if halves.new_result == "SUCCESS":
        return fx.AmendResult(old, to_update(msgspec.json.decode(halves.new, type=OrderInfo), symbols, placed=True))
    refusal = msgspec.json.decode(halves.new, type=ErrorInfo)
    return fx.AmendResult(old, None, f"{refusal.code} {refusal.text}")


def _canceled(raw: msgspec.Raw) -> list[OrderInfo]:
    return msgspec.json.decode(raw, type=OrderListInfo).reports or [msgspec.json.decode(raw, type=OrderInfo)]


def to_fill(info: MyTradeInfo, symbols: fx.SymbolTable) -> fx.Fill:
    """Return an execution of /myTrades; it does not carry our id."""
    return fx.Fill(
        symbol=symbols.unified(info.symbol),
        order_id=str(info.order_id),
        client_order_id="",
        trade_id=str(info.trade_id),
        side=fx.Side.BUY if info.is_buyer else fx.Side.SELL,
        price=info.price,
        quantity=info.quantity,
        quote_quantity=info.quote_quantity,
        fee=info.fee,
        fee_asset=info.fee_asset,
        is_maker=info.is_maker,
        ts_event=info.time * fx.NS_PER_MS,
    )
