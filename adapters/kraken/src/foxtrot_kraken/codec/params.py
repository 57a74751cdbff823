"""What goes out with a command: all text, amounts in plain notation.

Source: https://docs.kraken.com/api/docs/rest-api/add-order and amend-order
"""

from __future__ import annotations

from foxtrot import adapting as fx
from foxtrot_kraken.mapping import WORDS


def order_params(order: fx.Order, contract: fx.Contract) -> dict[str, str]:
    """Return a placement's parameters; the fee is always asked for in quote currency, so that it is known."""
    by_quote, post_only = order.quote_quantity is not None, order.type is fx.OrderType.LIMIT_MAKER
    flags = {"fciq": True, "viqc": by_quote, "post": post_only}
    # A trigger stands in `price`, and then the limit in `price2`; a trailing offset is relative to the market.
    prices = [price for price in (order.stop_price, order.price) if price is not None]
    amounts = {
        "volume": order.quote_quantity if by_quote else order.quantity,
        "displayvol": order.iceberg_quantity,
        **dict(zip(("price", "price2"), prices, strict=False)),
    }
    params = {
        "pair": contract.venue_symbol,
        "type": order.side.value,
        "ordertype": "iceberg" if order.iceberg_quantity is not None else WORDS[order.type],
        "oflags": ",".join(flag for flag, holds in flags.items() if holds),
        "cl_ord_id": order.client_order_id,
        **fx.plain_amounts(amounts),
    }
    if order.trailing_offset is not None:
        params["price"] = f"+{fx.plain(order.trailing_offset)}"
    if order.time_in_force is not None and order.time_in_force is not fx.TimeInForce.GTC:
        params["timeinforce"] = order.time_in_force.value.upper()
    if order.stp_mode:
        params["stptype"] = order.stp_mode.lower()
    return params


def amend_params(order: fx.Order, request: fx.AmendRequest) -> dict[str, str]:
    """Return the parameters that change an order in place; `order_qty` is the whole quantity, filled part included."""
    params = which_order(order.order_id, order.client_order_id)
    params |= fx.plain_amounts({"order_qty": request.quantity, "limit_price": request.price})
    if order.type is fx.OrderType.LIMIT_MAKER:
        params["post_only"] = "true"
    return params


def which_order(order_id: str, client_order_id: str) -> dict[str, str]:
    """Return the parameter that names an order; the venue's id is the surer one."""
    return {"txid": order_id} if order_id else {"cl_ord_id": client_order_id}
