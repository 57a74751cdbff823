"""What goes out with a command: all text, amounts in plain notation.

Source: https://docs.kraken.com/api/docs/rest-api/add-order and amend-order
"""

from __future__ import annotations

from foxtrot.model.contract import Contract
from foxtrot.model.decimals import plain
from foxtrot.model.order import AmendRequest, Order, OrderType, TimeInForce
from foxtrot_kraken.mapping import WORDS


def order_params(order: Order, contract: Contract) -> dict[str, str]:
    """Return a placement's parameters; the fee is always asked for in quote currency, so that it is known."""
    volume = order.quantity if order.quote_quantity is None else order.quote_quantity
    flags = ["fciq"]
    if order.quote_quantity is not None:
        flags.append("viqc")
    if order.type is OrderType.LIMIT_MAKER:
        flags.append("post")
    params = {
        "pair": contract.venue_symbol,
        "type": order.side.value,
        "ordertype": "iceberg" if order.iceberg_quantity is not None else WORDS[order.type],
        "volume": "" if volume is None else plain(volume),
        "oflags": ",".join(flags),
        "cl_ord_id": order.client_order_id,
    }
    # A trigger stands in `price`, and then the limit in `price2`; a trailing offset is relative to the market.
    prices = [order.stop_price] if order.stop_price is not None else []
    prices += [order.price] if order.price is not None else []
    params |= dict(zip(("price", "price2"), map(plain, prices), strict=False))
    if order.trailing_offset is not None:
        params["price"] = f"+{plain(order.trailing_offset)}"
    if order.iceberg_quantity is not None:
        params["displayvol"] = plain(order.iceberg_quantity)
    if order.time_in_force is not None and order.time_in_force is not TimeInForce.GTC:
        params["timeinforce"] = order.time_in_force.value.upper()
    if order.stp_mode:
        params["stptype"] = order.stp_mode.lower()
    return params


def amend_params(order: Order, request: AmendRequest) -> dict[str, str]:
    """Return the parameters that change an order in place; `order_qty` is the whole quantity, filled part included."""
    params = which_order(order.order_id, order.client_order_id)
    if request.quantity is not None:
        params["order_qty"] = plain(request.quantity)
    if request.price is not None:
        params["limit_price"] = plain(request.price)
    if order.type is OrderType.LIMIT_MAKER:
        params["post_only"] = "true"
    return params


def which_order(order_id: str, client_order_id: str) -> dict[str, str]:
    """Return the parameter that names an order; the venue's id is the surer one."""
    return {"txid": order_id} if order_id else {"cl_ord_id": client_order_id}
