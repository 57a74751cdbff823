"""What goes out with a request: all text, amounts in plain notation.

Source: https://github.com/binance-us/binance-us-api-docs/blob/master/rest-api.md#new-order--trade
"""

from __future__ import annotations

import msgspec

from foxtrot import adapting as fx

_TIMED = frozenset({fx.OrderType.LIMIT, fx.OrderType.STOP_LOSS_LIMIT, fx.OrderType.TAKE_PROFIT_LIMIT})


def order_params(order: fx.Order, contract: fx.Contract) -> dict[str, str]:
    """Return the parameters of a new order."""
    params = {
        "symbol": contract.venue_symbol,
        "side": order.side.value.upper(),
        "type": order.type.value.upper(),
        "newClientOrderId": order.client_order_id,
        "newOrderRespType": "FULL",
    }
    numbers = {
        "quantity": order.quantity,
        "quoteOrderQty": order.quote_quantity,
        "price": order.price,
        "stopPrice": order.stop_price,
        "icebergQty": order.iceberg_quantity,
    }
    params |= fx.plain_amounts(numbers)
    # The other types report GTC and refuse the parameter. Anything but GTC is sent all the same: what the venue cannot
    # honour it shall refuse, rather than we leave it out.
    if order.time_in_force is not None and (order.type in _TIMED or order.time_in_force is not fx.TimeInForce.GTC):
        params["timeInForce"] = order.time_in_force.value.upper()
    if order.stp_mode:
        params["selfTradePreventionMode"] = order.stp_mode
    return params


def replace_params(
    order: fx.Order, request: fx.AmendRequest, new_client_order_id: str, contract: fx.Contract
) -> dict[str, str]:
    """Return the parameters that cancel an order and place the rest of it anew.

    What is filled already stays with the old order. An order that we believe untouched is replaced only if it is: a
    fill on its way to us would else come on top of the new quantity. For a partly filled one the venue offers no such
    check.
    """
    living = msgspec.structs.replace(
        order,
        client_order_id=new_client_order_id,
        price=order.price if request.price is None else request.price,
        quantity=order.remaining if request.quantity is None else request.quantity - order.filled,
    )
    params = order_params(living, contract) | {"cancelReplaceMode": "STOP_ON_FAILURE"}
    if not order.filled:
        params["cancelRestrictions"] = "ONLY_NEW"
    named = {"cancelOrderId": order.order_id} if order.order_id else {"cancelOrigClientOrderId": order.client_order_id}
    return params | named


def which_order(order_id: str, client_order_id: str) -> dict[str, str]:
    """Return the parameter that names an order; the venue's id is the surer one."""
    return {"orderId": order_id} if order_id else {"origClientOrderId": client_order_id}


def page_of(number: str, wanted: fx.Wanted) -> dict[str, str]:
    """Return where a page begins: at a `number`, or at a time; and its size."""
    begin = {number: wanted.after} if wanted.after else time_range(wanted)
    return {"limit": str(wanted.limit), **begin}


def time_range(wanted: fx.Wanted) -> dict[str, str]:
    """Return inclusive bounds (ns) in ms, narrowed to whole ones: nothing from outside the range comes back."""
    first = {} if wanted.start is None else {"startTime": str(-(-wanted.start // fx.NS_PER_MS))}
    return first if wanted.end is None else {**first, "endTime": str(wanted.end // fx.NS_PER_MS)}
